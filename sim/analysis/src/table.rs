//! Tables for people.

use crate::summary::Decile;
use std::fmt::Write;

/// A size as people read it: `46`, `1.4K`, `15M`; powers of ten.
#[must_use]
pub fn human_bytes(bytes: u64) -> String {
    const UNITS: [(u64, &str); 3] = [(1_000_000_000, "G"), (1_000_000, "M"), (1_000, "K")];
    for (unit, name) in UNITS {
        if bytes >= unit {
            let value = bytes as f64 / unit as f64;
            return if value < 10.0 { format!("{value:.1}{name}") } else { format!("{value:.0}{name}") };
        }
    }
    bytes.to_string()
}

/// Slowdown by tenth of messages as an aligned table.
#[must_use]
pub fn slowdown_table(deciles: &[Decile]) -> String {
    let mut text = format!(
        "{:>23}  {:>10}  {:>8}  {:>8}  {:>8}  {:>10}\n",
        "size (bytes)", "messages", "p50", "p99", "mean", "unfinished"
    );
    for row in deciles {
        let size = format!("{} - {}", row.size_min, row.size_max);
        let _ = writeln!(
            text,
            "{size:>23}  {:>10}  {:>8}  {:>8}  {:>8}  {:>10}",
            row.count,
            slowdown(row.p50),
            slowdown(row.p99),
            slowdown(row.mean),
            row.unfinished
        );
    }
    text
}

fn slowdown(value: f64) -> String {
    if value.is_finite() { format!("{value:.3}") } else { "inf".to_owned() }
}
