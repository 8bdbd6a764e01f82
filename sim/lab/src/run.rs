//! One run: one case with one seed, on one thread; and a case's runs pooled.

use crate::case::Case;
use crate::measurement::{Counts, Measurement, MessageRecord};
use crate::source::Source;
use crate::summary::{CaseSummary, Timing};
use crate::transport::{Counted, HostCounts, TransportConfig};
use cpu_time::ThreadTime;
use homa_analysis::{SlowdownRecorder, SlowdownSummary};
use homa_engine::Streams;
use homa_fabric::{FabricConfig, FabricStatistics, LoadBalancing, Outcome, Simulation};
use homa_topologies::HostId;
use homa_transports::homa::Homa;
use homa_transports::sigcomm18::Sigcomm18;
use homa_units::{Duration, Time};
use rand::Rng;
use rayon::prelude::*;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;
use thiserror::Error;

/// Lets the caller follow a run and end it.
pub struct Control<'a> {
    /// Set to end all runs soon.
    pub interrupted: &'a AtomicBool,
    /// Called now and then with the number of the run within its case and the simulated time it has reached.
    pub progress: &'a (dyn Fn(usize, Time) + Sync),
}

/// Why a case has no result.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum RunError {
    /// The user ended the run.
    #[error("interrupted; nothing was written for the unfinished case")]
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

/// What one run gave.
#[derive(Debug)]
pub struct RunRecord {
    pub(crate) recorder: Option<SlowdownRecorder>,
    pub(crate) short: Option<SlowdownRecorder>,
    pub(crate) records: Option<Vec<MessageRecord>>,
    pub(crate) statistics: FabricStatistics,
    pub(crate) counts: Counts,
    pub(crate) digest: u64,
    pub(crate) simulated: Duration,
    /// By host.
    pub(crate) hosts: Vec<HostCounts>,
    /// By host, see [`Counted::records_max`].
    pub(crate) records_max: Vec<u64>,
    pub(crate) backlog: Backlog,
    pub(crate) cpu_s: f64,
}

/// What was created and had not ended, at equidistant instants of the window.
#[derive(Debug, Default)]
pub(crate) struct Backlog {
    pub(crate) bytes: Vec<u64>,
    pub(crate) messages: Vec<u64>,
}

impl RunRecord {
    /// What the network counted.
    #[must_use]
    pub const fn statistics(&self) -> &FabricStatistics {
        &self.statistics
    }

    /// The simulated time, warm-up and drain included.
    #[must_use]
    pub const fn simulated(&self) -> Duration {
        self.simulated
    }

    /// Seconds that the run's thread was busy with it, the building of the network included.
    #[must_use]
    pub const fn cpu_s(&self) -> f64 {
        self.cpu_s
    }

    /// Messages created and not ended, mean over the window.
    #[must_use]
    pub fn messages_in_flight_mean(&self) -> f64 {
        let messages = &self.backlog.messages;
        messages.iter().sum::<u64>() as f64 / messages.len() as f64
    }
}

#[expect(clippy::disallowed_methods, reason = "how long a case takes on the wall is reported apart from its results")]
fn wall_clock() -> Instant {
    Instant::now()
}

/// Runs all seeds of a case, in parallel on the current thread pool, and pools them in the order of the seeds.
///
/// # Errors
/// If the user interrupted, or no message was created in the window.
pub fn run_case(case: &Case, control: &Control<'_>) -> Result<(CaseSummary, Vec<MessageRecord>, Timing), RunError> {
    let begin = wall_clock();
    let seeds: Vec<_> = case.run().seeds.iter().copied().enumerate().collect();
    let mut runs: Vec<RunRecord> =
        seeds.into_par_iter().map(|(number, seed)| run_seed(case, number, seed, control)).collect::<Result<_, _>>()?;
    if runs.iter().all(|run| run.counts.window_messages == run.counts.window_abandoned) {
        return Err(RunError::NoMessages { case: case.name.clone(), window: case.measure().window });
    }
    let pooling = ThreadTime::now();
    let messages = runs.iter_mut().flat_map(|run| run.records.take().unwrap_or_default()).collect();
    let recorders = runs.iter_mut().map(|run| run.recorder.take().expect("taken once")).collect();
    let short = runs.iter_mut().map(|run| run.short.take().expect("taken once")).collect();
    let summary = CaseSummary::new(case, &SlowdownSummary::pool(recorders), &SlowdownSummary::pool(short), &runs);
    let cpu_s: f64 = runs.iter().map(|run| run.cpu_s).sum();
    let cpu_s = cpu_s + pooling.elapsed().as_secs_f64();
    let timing = Timing::new(&summary, begin.elapsed().as_secs_f64(), cpu_s);
    Ok((summary, messages, timing))
}

/// One part of a run between two looks at [`Control::interrupted`].
const SLICES: u64 = 400;
/// A part of a long run is not longer than this, so that who ends it need not wait: 10 ms.
const SLICE_PS_MAX: u64 = 10_000_000_000;
/// How often the backlog is looked at in the window.
const BACKLOG_SAMPLES: u64 = 100;

/// One run of a case on the current thread, without pooling: the run `number` of it, with `seed`.
///
/// # Errors
/// If the user interrupted.
pub fn run_seed(case: &Case, number: usize, seed: u64, control: &Control<'_>) -> Result<RunRecord, RunError> {
    let streams = Streams::new(seed);
    match &case.transport {
        TransportConfig::Sigcomm18(config) => {
            run_with(case, number, streams, control, |host| Sigcomm18::new(Arc::clone(config), host))
        }
        TransportConfig::Homa(config) => {
            let transport = |host| Homa::new(Arc::clone(config), host, tick_phase(streams, host));
            run_with(case, number, streams, control, transport)
        }
    }
}

/// When in a millisecond a host's timer ticks: anywhere, as on machines that were started at some time or other.
fn tick_phase(streams: Streams, host: HostId) -> Duration {
    const PS_PER_MS: u128 = 1_000_000_000;
    let draw = u128::from(streams.stream("tick-phase", host.0).next_u64());
    Duration::from_ps(((draw * PS_PER_MS) >> 64) as u64)
}

fn run_with<T: Counted>(
    case: &Case,
    number: usize,
    streams: Streams,
    control: &Control<'_>,
    transport: impl FnMut(HostId) -> T,
) -> Result<RunRecord, RunError> {
    let cpu = ThreadTime::now();
    let (window_begin, window_end, limit) = case.window();
    let measurement = Measurement::new(window_begin..window_end, case);
    let faults = case.faults.clone();
    let fabric = FabricConfig { load_balancing: LoadBalancing::RandomSpraying, faults, streams };
    let source = Source::new(case, streams);
    let mut simulation = Simulation::new(&case.topology, fabric, transport, source, measurement);

    let longer = window_end.since(Time::ZERO).max(limit.since(window_end));
    let slice = Duration::from_ps((longer.as_ps() / SLICES).clamp(1, SLICE_PS_MAX));
    let advance = |simulation: &mut Simulation<_, _, _>, until: Time| loop {
        if control.interrupted.load(Ordering::Relaxed) {
            return Err(RunError::Interrupted);
        }
        (control.progress)(number, simulation.now());
        let next = (simulation.now() + slice).min(until);
        let outcome = simulation.run_until(next);
        if outcome != Outcome::Reached || next == until {
            return Ok(outcome);
        }
    };
    advance(&mut simulation, window_begin)?;
    simulation.restart_queue_statistics();
    let mut backlog = Backlog::default();
    for sample in 1..=BACKLOG_SAMPLES {
        let into = u128::from(case.measure().window.as_ps()) * u128::from(sample) / u128::from(BACKLOG_SAMPLES);
        advance(&mut simulation, window_begin + Duration::from_ps(into as u64))?;
        backlog.bytes.push(simulation.observer().backlog_bytes);
        backlog.messages.push(simulation.observer().counts.in_flight());
    }
    if case.stops_after_window() {
        simulation.stop_traffic();
    }
    simulation.observer_mut().draining = true;
    if simulation.observer().outstanding > 0 {
        advance(&mut simulation, limit)?;
    }
    (control.progress)(number, limit);

    let statistics = simulation.statistics();
    let simulated = simulation.now().since(Time::ZERO);
    let hosts = simulation.transports().map(Counted::counts).collect();
    let records_max = simulation.transports().map(|host| host.records_max() as u64).collect();
    let unfinished: Vec<_> =
        simulation.unfinished().copied().filter(|message| simulation.observer().measures(message)).collect();
    let mut measurement = simulation.into_observer();
    assert!(measurement.outstanding == unfinished.len() as u64, "each message is finished or unfinished");
    unfinished.iter().for_each(|message| measurement.unfinished(message));
    let Measurement { recorder, short, mut records, digest, counts, .. } = measurement;
    if let Some(records) = &mut records {
        records.sort_by_key(|record| (record.message.created, record.message.source, record.message.sequence));
    }
    let cpu_s = cpu.elapsed().as_secs_f64();
    let (recorder, short, digest) = (Some(recorder), Some(short), digest.finish());
    Ok(RunRecord {
        recorder,
        short,
        records,
        statistics,
        counts,
        digest,
        simulated,
        hosts,
        records_max,
        backlog,
        cpu_s,
    })
}
