//! A comparison as CSV.

use super::result::{ComparedValue, Comparison, Quantity};
use std::fmt::Write as _;

const COLUMNS: [&str; 13] = [
    "size_min",
    "size_max",
    "count_a",
    "count_b",
    "unfinished_a",
    "unfinished_b",
    "statistic",
    "a",
    "b",
    "ratio",
    "ratio_low",
    "ratio_high",
    "significant",
];

/// A line for each group of sizes and statistic, after lines that begin with `#` and say all else:
/// what the sides are, in what they are unlike, their warnings, notes.
pub(super) fn comparison_csv(comparison: &Comparison) -> Vec<u8> {
    let mut writer = csv::Writer::from_writer(head(comparison).into_bytes());
    let mut write = |record: &[String]| writer.write_record(record).expect("writing into memory does not fail");
    write(&COLUMNS.map(str::to_owned));
    for row in &comparison.rows {
        let sizes = [cell(row.size_min), row.size_max.to_string()];
        let counts = row.count.into_iter().chain(row.unfinished).map(cell);
        let first: Vec<String> = sizes.into_iter().chain(counts).collect();
        for (statistic, value) in [("p50", &row.p50), ("p99", &row.p99)] {
            write(&[&first[..], &[statistic.to_owned()], &cells(value)].concat());
        }
    }
    writer.into_inner().expect("writing into memory does not fail")
}

fn head(comparison: &Comparison) -> String {
    let mut text = String::new();
    for unlike in &comparison.unlike {
        let _ = writeln!(text, "# unlike: {unlike}");
    }
    let _ = match comparison.quantity {
        Quantity::Slowdown => writeln!(text, "# slowdown, relative to {}", comparison.a.denominator),
        Quantity::Latency => writeln!(text, "# latency in us"),
    };
    for (letter, side) in [("A", &comparison.a), ("B", &comparison.b)] {
        let _ = writeln!(text, "# {letter}: {}", side.what);
        for warning in &side.warnings {
            let _ = writeln!(text, "# warning: {letter}: {warning}");
        }
    }
    for note in &comparison.notes {
        let _ = writeln!(text, "# note: {note}");
    }
    text
}

fn cell<T: ToString>(value: Option<T>) -> String {
    value.map_or_else(String::new, |value| value.to_string())
}

/// Of a value, its ratio and the ends of that.
fn cells(value: &ComparedValue) -> [String; 6] {
    let end = |place: usize| match value.interval {
        None => String::new(),
        Some(ends) => cell(ends[place].or(Some(f64::INFINITY))),
    };
    let word = |number: Option<f64>| number.map_or_else(|| "unfinished".to_owned(), |number| number.to_string());
    [word(value.a), word(value.b), cell(value.ratio), end(0), end(1), cell(value.significant)]
}
