//! Tables for people.

use crate::rows::Decile;
use std::fmt::Write;

/// A number of bytes as people read it, in three or four characters: `46`, `1.4K`, `15M`; K, M and
/// G are powers of ten.
#[must_use]
pub fn human_bytes(bytes: u64) -> String {
    const UNITS: [(f64, &str); 3] = [(1e9, "G"), (1e6, "M"), (1e3, "K")];
    if bytes < 1000 {
        return bytes.to_string();
    }
    // What rounds to 1000 of a unit is 1 of the next: 999600 is 1.0M.
    let larger = UNITS.into_iter().find(|(unit, _)| bytes as f64 / unit >= 0.9995);
    let (unit, name) = larger.expect("it is at least 1000");
    let value = bytes as f64 / unit;
    if value < 9.95 { format!("{value:.1}{name}") } else { format!("{value:.0}{name}") }
}

/// Slowdown by tenth of messages as an aligned table with a line for their total.
///
/// Sizes under 10000 bytes are exact. Infinite slowdowns, those of unfinished messages, print as
/// `inf`; a mean of no finished message, and the total's quantiles, which don't follow from those
/// of the rows, as `-`.
#[must_use]
pub fn slowdown_table(deciles: &[Decile]) -> String {
    let mut text = line(["message size", "count", "p50", "p99", "mean", "unfinished"]);
    for row in deciles {
        text += &line([
            &sizes(row.size_min, row.size_max),
            &row.count.to_string(),
            &slowdown(row.p50),
            &slowdown(row.p99),
            &slowdown(row.mean),
            &row.unfinished.to_string(),
        ]);
    }
    if let (Some(first), Some(last)) = (deciles.first(), deciles.last()) {
        let (mut count, mut unfinished, mut sum) = (0, 0, 0.0);
        for row in deciles {
            count += row.count;
            unfinished += row.unfinished;
            // A group without finished messages has no mean.
            if row.count > row.unfinished {
                sum += row.mean * (row.count - row.unfinished) as f64;
            }
        }
        text += &line([
            &format!("all: {}", sizes(first.size_min, last.size_max)),
            &count.to_string(),
            "-",
            "-",
            &slowdown(sum / (count - unfinished) as f64),
            &unfinished.to_string(),
        ]);
    }
    text
}

fn line([size, count, p50, p99, mean, unfinished]: [&str; 6]) -> String {
    let mut line = String::new();
    let _ = writeln!(line, "{size:>20}  {count:>10}  {p50:>9}  {p99:>9}  {mean:>9}  {unfinished:>10}");
    line
}

fn sizes(min: u64, max: u64) -> String {
    let exact = |bytes| bytes < 10_000;
    let human = |bytes| if exact(bytes) { format!("{bytes} B") } else { human_bytes(bytes) + "B" };
    if min == max {
        human(max)
    } else if exact(max) {
        format!("{min} - {max} B")
    } else {
        format!("{} - {}", human(min), human(max))
    }
}

fn slowdown(value: f64) -> String {
    if value.is_nan() {
        "-".to_owned()
    } else if value.is_infinite() {
        "inf".to_owned()
    } else {
        format!("{value:.3}")
    }
}
