//! The runs of a case, and what they give together.

use crate::series::{LatencyRow, QueueCdfRow, SeriesRow, latency_rows, queue_cdf_rows, series_rows};
use crate::summary::{CaseSummary, Timing};
use crate::warnings::seed_warning;
use cpu_time::ThreadTime;
use homa_analysis::{SlowdownRecorder, SlowdownSummary};
use homa_experiment::Case;
use homa_fabric::{Indivisible, Partitioning};
use homa_run::{Control, Interrupted, MessageRecord, RunRecord, RunTiming};
use homa_units::Duration;
use rayon::prelude::*;
use thiserror::Error;

/// Why a case has no result.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum RunError {
    /// The user ended the run.
    #[error("interrupted; what has finished is kept, and the same command goes on from there")]
    Interrupted,
    /// There is nothing to measure.
    #[error(
        "{case}: measure.window = \"{window}\": no message was created in it by a host that lived on; give a longer window, more load, or later faults.deaths"
    )]
    NoMessages {
        /// The case.
        case: String,
        /// Its window.
        window: Duration,
    },
}

impl From<Interrupted> for RunError {
    fn from(Interrupted: Interrupted) -> Self {
        Self::Interrupted
    }
}

/// What the runs of a case gave together.
#[derive(Debug, Clone)]
pub struct Pooled {
    /// All that was measured.
    pub summary: CaseSummary,
    /// Every measured message, if `measure.messages` asks for them, in the order of seed, creation, source.
    pub messages: Vec<MessageRecord>,
    /// How long it took.
    pub timing: Timing,
    pub(crate) series: Vec<SeriesRow>,
    pub(crate) queue_cdf: Vec<QueueCdfRow>,
    pub(crate) latencies: Vec<LatencyRow>,
}

/// How the network of a case is divided if each of its runs is simulated on `threads` threads; not at all with a single one.
///
/// # Errors
/// If it can't be divided; such a case is simulated on one thread.
pub fn division(case: &Case, threads: u32) -> Result<Option<Partitioning>, Indivisible> {
    homa_run::division(&case.spec(), threads)
}

/// One run of a case, without pooling: the run `number` of it, with `seed`.
///
/// # Errors
/// If the user interrupted.
pub fn run_seed(
    case: &Case,
    number: usize,
    seed: u64,
    control: &Control<'_>,
) -> Result<(RunRecord, RunTiming), RunError> {
    Ok(homa_run::run(&case.spec(), number, seed, control)?)
}

/// Runs all seeds of a case, in parallel on the current thread pool, and pools them in the order of the seeds.
///
/// # Errors
/// If the user interrupted, or no message was created in the window.
pub fn run_case(case: &Case, control: &Control<'_>) -> Result<Pooled, RunError> {
    let seeds: Vec<_> = case.run().seeds.iter().copied().enumerate().collect();
    let runs: Vec<_> =
        seeds.into_par_iter().map(|(number, seed)| run_seed(case, number, seed, control)).collect::<Result<_, _>>()?;
    pool_runs(case, runs)
}

/// Pools the runs of a case, which are in the order of its seeds.
///
/// # Errors
/// If no message was created in the window.
pub fn pool_runs(case: &Case, runs: Vec<(RunRecord, RunTiming)>) -> Result<Pooled, RunError> {
    if !runs.iter().any(|(run, _)| run.measured()) {
        return Err(RunError::NoMessages { case: case.name.clone(), window: case.measure().window });
    }
    let pooling = ThreadTime::now();
    let (mut runs, timings): (Vec<_>, Vec<_>) = runs.into_iter().unzip();
    let messages = runs.iter_mut().flat_map(|run| run.records.take().unwrap_or_default()).collect();
    let seed_warning = seed_warning(&runs);
    let mut take = |part: fn(&mut RunRecord) -> &mut SlowdownRecorder| {
        SlowdownSummary::pool(runs.iter_mut().map(|run| part(run).take()).collect())
    };
    let (slowdown, short) = (take(|run| &mut run.recorder), take(|run| &mut run.short));
    let mut summary = CaseSummary::new(case, &slowdown, &short, &runs);
    summary.warnings.extend(seed_warning);
    let window_ms = case.measure().window.as_secs_f64() * 1e3;
    let queues = || runs.iter().map(|run| &run.queues);
    let (series, queue_cdf) = (series_rows(queues(), window_ms), queue_cdf_rows(queues()));
    let latencies = |group: usize| runs.iter().map(move |run| &run.latencies[group]);
    let latencies = latency_rows(latencies(0), latencies(1));
    let events = runs.iter().map(|run| run.statistics().events).sum();
    let timing = Timing::new(&summary, events, &timings, pooling.elapsed().as_secs_f64());
    Ok(Pooled { summary, messages, timing, series, queue_cdf, latencies })
}
