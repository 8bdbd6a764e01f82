//! What the runs of a case give together.

use super::summarise::summarise;
use super::summary::CaseSummary;
use super::tables::{LatencyRow, QueueCdfRow, SeriesRow, latency_rows, queue_cdf_rows, series_rows};
use super::timing::Timing;
use super::warnings::seed_warning;
use cpu_time::ThreadTime;
use homa_analysis::{SlowdownRecorder, SlowdownSummary};
use homa_experiment::Case;
use homa_run::{Interrupted, MessageRecord, RunRecord, RunTiming};
use homa_units::Duration;
use thiserror::Error;

/// Why a case has no result.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum RunError {
    /// The user ended the run.
    #[error("interrupted")]
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
    /// Every measured message, if `measure.messages` asks for them, in the order of seed, creation,
    /// source.
    pub messages: Vec<MessageRecord>,
    /// How long it took.
    pub timing: Timing,
    pub(crate) series: Vec<SeriesRow>,
    pub(crate) queue_cdf: Vec<QueueCdfRow>,
    pub(crate) latencies: Vec<LatencyRow>,
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
    let mut summary = summarise(case, &slowdown, &short, &runs);
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
