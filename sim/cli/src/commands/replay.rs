//! `homasim replay`.

use crate::args::ReplayArguments;
use homa_replay::{Bounds, Options, Report};
use homa_units::Duration;
use std::io::Write as _;
use std::process::ExitCode;

/// Something is missing, extra or differing.
const EXIT_DIFFERENT: u8 = 1;

const PS_PER_MS: f64 = 1e9;

pub(crate) fn execute(arguments: &ReplayArguments) -> anyhow::Result<ExitCode> {
    let options = Options {
        node: arguments.node,
        bounds: Bounds {
            processing: duration(arguments.processing_ms),
            batch: usize::from(arguments.batch),
            shortest_tick: duration(arguments.tick_min_ms),
            longest_tick: duration(arguments.tick_max_ms),
            unrecorded_loss: arguments.unrecorded_loss,
            ..Bounds::default()
        },
        ..Options::default()
    };
    anyhow::ensure!(
        arguments.tick_min_ms <= arguments.tick_max_ms,
        "--tick-min-ms {} is more than --tick-max-ms {}",
        arguments.tick_min_ms,
        arguments.tick_max_ms
    );
    let mut stdout = std::io::stdout().lock();
    let mut all_match = true;
    for path in &arguments.captures {
        let report = homa_replay::replay(path, &options)?;
        all_match &= report.is_match();
        stdout.write_all(text(&report, arguments.json)?.as_bytes())?;
    }
    Ok(if all_match { ExitCode::SUCCESS } else { ExitCode::from(EXIT_DIFFERENT) })
}

fn duration(ms: f64) -> Duration {
    Duration::from_ps((ms * PS_PER_MS) as u64)
}

fn text(report: &Report, json: bool) -> anyhow::Result<String> {
    if !json {
        return Ok(format!("{report}\n"));
    }
    let mut text = String::new();
    for node in &report.nodes {
        let mut object = serde_json::to_value(node)?;
        object["bounds"] = serde_json::to_value(&report.bounds)?;
        text.push_str(&serde_json::to_string(&object)?);
        text.push('\n');
    }
    Ok(text)
}
