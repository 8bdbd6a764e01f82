//! `homasim compare --reference`.

use crate::args::CompareArguments;
use homa_lab::{Pair, ReferenceComparison, compare_with_reference, write_overlay};
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::Path;
use std::process::ExitCode;

pub(crate) fn execute(arguments: &CompareArguments, folder: &Path, reference: &str) -> anyhow::Result<ExitCode> {
    let own = [arguments.p50_within, arguments.p99_within].map(|within| within.or(arguments.within));
    let comparison = compare_with_reference(folder, reference, &arguments.system, arguments.unlike)?;
    let comparison = comparison.judged_within(own[0], own[1]);
    let figures = write_overlay(folder, &comparison)?;
    if arguments.json {
        writeln!(std::io::stdout(), "{}", serde_json::to_string(&comparison)?)?;
    } else {
        write!(std::io::stdout(), "{}", table(&comparison, own))?;
        for figure in figures {
            writeln!(std::io::stdout(), "drew {}", figure.display())?;
        }
    }
    Ok(if comparison.within_tolerance { ExitCode::SUCCESS } else { ExitCode::from(1) })
}

fn table(comparison: &ReferenceComparison, own: [Option<f64>; 2]) -> String {
    let usual = [
        "up to the 95th percentile of messages 3 %, above 15 %",
        "up to the 95th percentile of messages 6 %, above 15 %",
    ];
    let [p50, p99] = [0, 1]
        .map(|number: usize| own[number].map_or_else(|| usual[number].to_owned(), |own| format!("{} %", 100.0 * own)));
    let mut text = String::new();
    for unlike in &comparison.unlike {
        let _ = writeln!(text, "UNLIKE: {unlike}, A being ours and B the published one");
    }
    for warning in &comparison.warnings {
        let _ = writeln!(text, "warning: ours: {warning}");
    }
    let _ = writeln!(
        text,
        "{} at wire load {}: ours / published {} (ratio), published statistic: lower edges of histogram cells",
        comparison.workload, comparison.load, comparison.system
    );
    let _ = writeln!(
        text,
        "{:>9}  {:>9}  {:>9}  {:>23}  {:>23}  {:>23}  {:>17}  verdict",
        "messages", "bytes up", "count", "p50", "p99", "mean", "p99 95 % conf."
    );
    for row in &comparison.rows {
        let _ = writeln!(
            text,
            "{:>7} %  {:>9}  {:>9}  {:>23}  {:>23}  {:>23}  {:>17}  {}",
            row.percentile,
            row.size_bytes,
            row.count,
            pair(&row.p50),
            pair(&row.p99),
            pair(&row.mean),
            confidence(row.p99_low, row.p99_high),
            verdict(&[("p50", &row.p50), ("p99", &row.p99)])
        );
    }
    let _ = writeln!(
        text,
        "{} (tolerances: p50 {p50}; p99 {p99}; the confidence is that of our exact p99)",
        if comparison.within_tolerance { "within tolerance" } else { "NOT within tolerance" }
    );
    text
}

fn confidence(low: Option<f64>, high: Option<f64>) -> String {
    match (low, high) {
        (Some(low), Some(high)) => format!("{low:.3} - {high:.3}"),
        (Some(low), None) => format!("over {low:.3}"),
        (None, _) => "-".to_owned(),
    }
}

fn pair(pair: &Pair) -> String {
    let number =
        |value: Option<f64>, without: &str| value.map_or_else(|| without.to_owned(), |value| format!("{value:.3}"));
    let ratio = number(pair.ratio, "-");
    format!("{} / {} ({ratio})", number(pair.ours, "unfinished"), number(pair.theirs, "-"))
}

fn verdict(pairs: &[(&str, &Pair)]) -> String {
    let off: Vec<_> = pairs.iter().filter(|(_, pair)| pair.within == Some(false)).map(|(name, _)| *name).collect();
    if off.is_empty() { "within".to_owned() } else { format!("OFF: {}", off.join(", ")) }
}
