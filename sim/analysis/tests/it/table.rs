//! The table people read is aligned, has three decimals, `inf` where messages did not finish, and a total.

use homa_analysis::{Decile, human_bytes, slowdown_table};

#[test]
fn rows_are_aligned_and_end_with_a_total() {
    let row = |size_min, size_max, count, p50, p99, mean, unfinished| Decile {
        size_min,
        size_max,
        count,
        p50,
        p99,
        mean,
        unfinished,
        p50_low: f64::NAN,
        p50_high: f64::NAN,
        p99_low: f64::NAN,
        p99_high: f64::NAN,
    };
    let table = slowdown_table(&[
        row(1, 32, 1_040_865, 1.459, 2.207_34, 1.475_06, 0),
        row(33, 1_402, 98_000, 12.5, 1_234.567_89, 20.0, 0),
        row(1_403, 5_114_695, 291, 5.796_5, f64::INFINITY, 5.887_7, 23),
        row(5_114_696, 20_000_000, 9, f64::INFINITY, f64::INFINITY, f64::NAN, 9),
    ]);
    insta::assert_snapshot!(table, @r"
      message size       count        p50        p99       mean  unfinished
          1 - 32 B     1040865      1.459      2.207      1.475           0
       33 - 1402 B       98000     12.500   1234.568     20.000           0
    1403 B - 5.1MB         291      5.796        inf      5.888          23
      5.1MB - 20MB           9        inf        inf          -           9
   all: 1 B - 20MB     1139165          -          -      3.070          32
    ");
}

#[test]
fn no_groups_are_a_heading_only() {
    assert_eq!(slowdown_table(&[]).lines().count(), 1);
}

#[test]
fn sizes_are_short_for_people() {
    let sizes = [
        (0, "0"),
        (46, "46"),
        (999, "999"),
        (1_000, "1.0K"),
        (1_442, "1.4K"),
        (9_949, "9.9K"),
        (9_960, "10K"),
        (15_000_000, "15M"),
        (999_499, "999K"),
        (999_500, "1.0M"),
        (2_000_000_000, "2.0G"),
    ];
    for (bytes, text) in sizes {
        assert_eq!(human_bytes(bytes), text);
    }
}
