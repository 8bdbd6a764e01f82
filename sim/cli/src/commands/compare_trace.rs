//! `homasim compare --trace`.

use crate::args::CompareArguments;
use anyhow::{Context, bail};
use homa_lab::{TraceComparison, compare_with_trace};
use serde::{Deserialize, Serialize};
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::Path;
use std::process::ExitCode;

/// How far a tier's mean queue may be off, relatively.
const QUEUE_TOLERANCE: f64 = 0.10;

/// Mean queues of a tier, ours and theirs.
#[derive(Debug, Serialize)]
struct ComparedQueue {
    tier: String,
    ours_mean_bytes: f64,
    theirs_mean_bytes: f64,
    breach: bool,
}

#[derive(Debug, Deserialize)]
struct QueueRow {
    tier: String,
    queue_mean_bytes: f64,
}

#[derive(Debug, Serialize)]
struct Compared<'a> {
    #[serde(flatten)]
    comparison: &'a TraceComparison,
    queues: &'a [ComparedQueue],
    within_tolerance: bool,
}

pub(crate) fn execute(arguments: &CompareArguments, folder: &Path, trace: &Path) -> anyhow::Result<ExitCode> {
    let comparison = compare_with_trace(folder, trace)?;
    let queues = match &arguments.queues {
        Some(theirs) => compare_queues(&folder.join("queues.csv"), theirs)?,
        None => Vec::new(),
    };
    let within = comparison.deciles.iter().all(|decile| decile.breaches().is_empty())
        && queues.iter().all(|queue| !queue.breach);
    if arguments.json {
        println!(
            "{}",
            serde_json::to_string(&Compared { comparison: &comparison, queues: &queues, within_tolerance: within })?
        );
    } else {
        write!(std::io::stdout(), "{}", table(&comparison, &queues, within))?;
    }
    Ok(if within { ExitCode::SUCCESS } else { ExitCode::from(1) })
}

fn read_queues(path: &Path) -> anyhow::Result<Vec<QueueRow>> {
    let mut reader = csv::Reader::from_path(path).with_context(|| format!("cannot read {}", path.display()))?;
    let rows: Result<Vec<_>, _> = reader.deserialize().collect();
    rows.with_context(|| format!("{}: needs the columns tier and queue_mean_bytes", path.display()))
}

fn compare_queues(ours: &Path, theirs: &Path) -> anyhow::Result<Vec<ComparedQueue>> {
    let ours_rows = read_queues(ours)?;
    let mut compared = Vec::new();
    for QueueRow { tier, queue_mean_bytes: theirs_mean_bytes } in read_queues(theirs)? {
        let Some(row) = ours_rows.iter().find(|row| row.tier == tier) else {
            bail!("{} has no tier {tier}, which {} has", ours.display(), theirs.display());
        };
        let ours_mean_bytes = row.queue_mean_bytes;
        let breach = (ours_mean_bytes - theirs_mean_bytes).abs() > QUEUE_TOLERANCE * theirs_mean_bytes;
        compared.push(ComparedQueue { tier, ours_mean_bytes, theirs_mean_bytes, breach });
    }
    Ok(compared)
}

fn table(comparison: &TraceComparison, queues: &[ComparedQueue], within: bool) -> String {
    let mut text = String::new();
    for warning in &comparison.warnings {
        let _ = writeln!(text, "warning: ours: {warning}");
    }
    let _ = writeln!(text, "{} messages; ours / theirs (ratio)", comparison.messages);
    let number = |value: f64| if value.is_finite() { format!("{value:.3}") } else { "unfinished".to_owned() };
    let pair = |[ours, theirs]: [f64; 2]| {
        let ratio = if ours == theirs { 1.0 } else { ours / theirs };
        let ratio = match (ours.is_finite(), theirs.is_finite()) {
            (true, true) => format!("{ratio:.4}"),
            (false, false) => "both unfinished".to_owned(),
            _ => "-".to_owned(),
        };
        format!("{} / {} ({ratio})", number(ours), number(theirs))
    };
    let _ = writeln!(
        text,
        "{:>22}  {:>7}  {:>24}  {:>24}  {:>24}  {:>13}  verdict",
        "bytes", "count", "p50", "p99", "mean", "latency ratio"
    );
    for decile in &comparison.deciles {
        let breaches = decile.breaches();
        let verdict = if breaches.is_empty() { "within".to_owned() } else { format!("OFF: {}", breaches.join(", ")) };
        let _ = writeln!(
            text,
            "{:>22}  {:>7}  {:>24}  {:>24}  {:>24}  {:>13.5}  {verdict}",
            format!("{} - {}", decile.size_min, decile.size_max),
            decile.count,
            pair(decile.p50),
            pair(decile.p99),
            pair(decile.mean),
            decile.latency_ratio_median,
        );
    }
    for queue in queues {
        let verdict = if queue.breach { "OFF" } else { "within" };
        let values = pair([queue.ours_mean_bytes, queue.theirs_mean_bytes]);
        let _ = writeln!(text, "mean queue {:<10} {values}  {verdict}", queue.tier);
    }
    let _ = writeln!(
        text,
        "{} (tolerances: p50 1 %, p99 3 %, mean 1.5 %, mean queues 10 %)",
        if within { "within tolerance" } else { "NOT within tolerance" }
    );
    text
}
