//! `homasim check` as typed.

use super::{ExperimentArguments, ThreadArguments};
use clap::Args;
use std::path::PathBuf;

/// What `check --help` ends with.
pub(super) const EXAMPLES: &str = "\
Examples:
  homasim check experiments/ci/tail-latency.toml
  homasim check experiments/ci/tail-latency.toml --set transport.sigcomm18.overcommitment=1 --all
  homasim check experiments/ci/tail-latency.toml --github --junit check.xml
  homasim check experiments/ci/tail-latency.toml --update \"grants follow deadlines: shorter tails of large messages\"

[check] of the experiment: p50_within and p99_within, percentages of the baseline's value (5 and 10), and digest = true, which
forbids any change; --set check.p99_within=5 replaces them as any key. docs/ci.md has a workflow, and how often a check fails
by chance.
Exit code: 0 nothing is worse, 1 something is (or a digest changed, with --exact), 2 could not run or compare.";

#[derive(Debug, Args)]
pub(crate) struct CheckArguments {
    #[command(flatten)]
    pub(crate) experiment: ExperimentArguments,
    /// The baseline [default: results/baselines/EXPERIMENT.json]
    #[arg(long, value_name = "FILE")]
    pub(crate) baseline: Option<PathBuf>,
    /// Make what comes out the baseline, for this reason
    #[arg(long, value_name = "REASON", value_parser = clap::builder::NonEmptyStringValueParser::new())]
    #[arg(conflicts_with_all = ["exact", "json", "github", "junit"])]
    pub(crate) update: Option<String>,
    /// Fail if any digest changed, as `digest = true` in the section check
    #[arg(long)]
    pub(crate) exact: bool,
    /// Show every number that was judged, not only those that moved
    #[arg(long, visible_alias = "verbose", conflicts_with_all = ["json", "quiet"])]
    pub(crate) all: bool,
    #[command(flatten)]
    pub(crate) threads: ThreadArguments,
    /// Keep the results in this folder, and use the runs that are in it already [default: none are
    /// kept]
    #[arg(long, value_name = "DIR")]
    pub(crate) out: Option<PathBuf>,
    /// Replace what that folder has of other settings, seeds or experiments
    #[arg(long, requires = "out")]
    pub(crate) replace: bool,
    /// Print one JSON object with every number instead of text
    #[arg(long, conflicts_with = "github")]
    pub(crate) json: bool,
    /// Also print annotations for GitHub Actions: error for what fails, warning for what is better,
    /// notice for what moved
    #[arg(long)]
    pub(crate) github: bool,
    /// Also write a JUnit XML file, with a test for each number
    #[arg(long, value_name = "FILE")]
    pub(crate) junit: Option<PathBuf>,
    /// Print nothing but failures, errors and what --json and --github ask for
    #[arg(long, short)]
    pub(crate) quiet: bool,
}
