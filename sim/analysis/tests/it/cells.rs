//! The statistic of the published curves: histograms of 100 cells up to the largest of the first 10 000 samples.

use homa_analysis::{BinRow, SizeBins, SlowdownRecorder, SlowdownSummary};
use homa_units::Bytes;

fn recorder(slowdowns: impl IntoIterator<Item = f64>) -> SlowdownRecorder {
    let mut recorder = SlowdownRecorder::new(SizeBins::with_edges(&[Bytes::new(100)]), usize::MAX);
    for slowdown in slowdowns {
        recorder.record(Bytes::new(50), slowdown);
    }
    recorder
}

fn row(recorders: Vec<SlowdownRecorder>) -> BinRow {
    SlowdownSummary::pool(recorders).bins().remove(0)
}

fn close(value: f64, expected: f64) {
    assert!((value - expected).abs() < 1e-12, "{value} instead of {expected}");
}

#[test]
fn a_quantile_is_the_lower_edge_of_its_cell() {
    // The range is 10, so a cell is 0.1 wide. The median 3.17 is in the cell from 3.1, rank 4 of 4 in the one above all.
    let row = row(vec![recorder([10.0, 1.04, 3.17, 5.55])]);
    assert_eq!(row.p50, 3.17);
    close(row.p50_cell, 3.1);
    close(row.p99_cell, 10.0);
}

#[test]
fn a_tail_within_the_range_has_the_lower_edge_too() {
    // 999 samples of 2.25 and one of 20: both quantiles are in the cell from 2.2, whose width is 0.2; 2 is the smallest.
    let slowdowns = [20.0, 2.0].into_iter().chain(std::iter::repeat_n(2.25, 998));
    let row = row(vec![recorder(slowdowns)]);
    close(row.p50_cell, 2.2);
    close(row.p99_cell, 2.2);
    assert_eq!((row.p50, row.p99), (2.25, 2.25));
}

#[test]
fn no_quantile_is_below_the_smallest_sample() {
    // Cells are 0.5 wide: the lower edge of the first one with samples is 1.0, which no message had.
    let row = row(vec![recorder([50.0, 1.3, 1.3, 1.35])]);
    assert_eq!(row.p50_cell, 1.3);
}

#[test]
fn the_99th_percentile_is_capped_at_the_largest_of_the_first_ten_thousand() {
    let first = (0..10_000).map(|sample| if sample == 9_999 { 4.0 } else { 2.0 });
    let late = std::iter::repeat_n(30.0, 1_000);
    let row = row(vec![recorder(first.chain(late))]);
    assert_eq!((row.p99, row.p99_cell), (30.0, 4.0));
}

#[test]
fn the_sample_after_the_first_ten_thousand_is_not_in_the_range() {
    let first = std::iter::repeat_n(2.0, 10_000);
    let row = row(vec![recorder(first.chain(std::iter::repeat_n(4.0, 1_000)))]);
    assert_eq!((row.p99, row.p99_cell), (4.0, 2.0));
}

#[test]
fn two_pooled_runs_equal_one_long_run() {
    // The largest of the second run come before and after its 4000th sample, the last that counts for the range.
    let slowdown = |sample: u32| match sample {
        8_000 => 9.0,
        10_500.. => 25.0,
        _ => 1.0 + f64::from(sample * 7 % 1_000) / 250.0,
    };
    let whole = row(vec![recorder((0..12_000).map(slowdown))]);
    let parts = row(vec![recorder((0..6_000).map(slowdown)), recorder((6_000..12_000).map(slowdown))]);
    // Confidence comes from time blocks, of which two runs have two and one run has one.
    let apart = |row: BinRow| BinRow { p99_low: 0.0, p99_high: 0.0, ..row };
    let (parts, whole) = (apart(parts), apart(whole));
    assert_eq!(parts, whole);
    assert_eq!(parts.p99_cell, 9.0);
    assert_eq!(parts.p99, 25.0);
}

#[test]
fn unfinished_messages_are_in_no_histogram() {
    let mut with_unfinished = recorder([10.0, 1.04, 3.17, 5.55]);
    with_unfinished.record_unfinished(Bytes::new(50));
    let with_unfinished = row(vec![with_unfinished]);
    close(with_unfinished.p50_cell, 3.1);
    close(with_unfinished.p99_cell, 10.0);
    let mut none_finished = recorder([]);
    none_finished.record_unfinished(Bytes::new(50));
    let none_finished = row(vec![none_finished]);
    assert_eq!((none_finished.p50_cell, none_finished.p99_cell), (f64::INFINITY, f64::INFINITY));
}
