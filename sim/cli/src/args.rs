//! The command line as typed.

use clap::{Args, Parser, Subcommand};
use homa_lab::Override;
use std::path::PathBuf;

/// Simulate the Homa transport protocol on a datacenter network.
///
/// A run is a pure function of experiment file and seed: the same bytes on every machine, whatever --jobs.
#[derive(Debug, Parser)]
#[command(version, after_help = "Begin with: homasim run experiments/quickstart.toml")]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run an experiment file and write its results
    #[command(after_help = "\
Examples:
  homasim run experiments/quickstart.toml
  homasim run experiments/sigcomm18-slowdown.toml --set workload.sizes=w2 --set workload.load=0.5 --json

Results go to results/out/EXPERIMENT/CASE/: experiment.toml (every value used), summary.json (all that was measured),
timing.json, slowdown.csv, queues.csv, priorities.csv, slowdown.svg and, on request, messages.csv.
Exit code: 0 all cases ran, 2 something could not be run or written, 130 interrupted.")]
    Run(RunArguments),
    /// Compare a result with the latencies recorded in a trace
    #[command(after_help = "\
Examples:
  homasim run experiments/original-w3-trace.toml
  homasim compare results/out/original-w3-trace/w3-0.8-W3_0.8_4ms --trace results/reference/original-simulator/W3_0.8_4ms.csv.gz

Exit code: 0 every tenth of messages within tolerance, 1 some not, 2 could not compare.")]
    Compare(CompareArguments),
}

#[derive(Debug, Args)]
pub(crate) struct RunArguments {
    /// The experiment file
    pub(crate) file: PathBuf,
    /// Replace a key of the file; may be given several times
    #[arg(long, value_name = "KEY=VALUE")]
    pub(crate) set: Vec<Override>,
    /// Runs at a time [default: one for each core]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    pub(crate) jobs: Option<u16>,
    /// Folder for the results [default: results/out/EXPERIMENT]
    #[arg(long, value_name = "DIR")]
    pub(crate) out: Option<PathBuf>,
    /// Print one JSON object for each case to standard output, in the order of the cases
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct CompareArguments {
    /// Folder of a case's results, with messages.csv
    pub(crate) result: PathBuf,
    /// The trace that the result replays, with a column latency_ns
    #[arg(long, value_name = "FILE")]
    pub(crate) trace: PathBuf,
    /// CSV file with the columns tier and queue_mean_bytes to compare mean queues with
    #[arg(long, value_name = "FILE")]
    pub(crate) queues: Option<PathBuf>,
    /// Print a JSON object instead of the table
    #[arg(long)]
    pub(crate) json: bool,
}
