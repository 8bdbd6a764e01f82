//! One run: one case with one seed, on one thread; and a case's runs pooled.

use crate::case::Case;
use crate::measurement::{Measurement, MessageRecord};
use crate::record::{Backlog, RunRecord, RunTiming, TransportCounts};
use crate::series::{self, LatencyRow, QueueCdfRow, Queues, SeriesRow, latency_rows, queue_cdf_rows, series_rows};
use crate::source::Source;
use crate::summary::{CaseSummary, Timing};
use crate::transport::{Counted, TransportConfig};
use crate::warnings::seed_warning;
use cpu_time::ThreadTime;
use homa_analysis::{SlowdownRecorder, SlowdownSummary};
use homa_engine::Streams;
use homa_fabric::{FabricConfig, LoadBalancing, Outcome, Simulation};
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

#[expect(clippy::disallowed_methods, reason = "how long a case takes on the wall is reported apart from its results")]
fn wall_clock() -> Instant {
    Instant::now()
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
    let wall_s = timings.iter().map(|timing| timing.wall_s).sum();
    let cpu_s = timings.iter().map(|timing| timing.cpu_s).sum::<f64>() + pooling.elapsed().as_secs_f64();
    let timing = Timing::new(&summary, wall_s, cpu_s);
    Ok(Pooled { summary, messages, timing, series, queue_cdf, latencies })
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
pub fn run_seed(
    case: &Case,
    number: usize,
    seed: u64,
    control: &Control<'_>,
) -> Result<(RunRecord, RunTiming), RunError> {
    let streams = Streams::new(seed);
    match &case.transport {
        TransportConfig::Sigcomm18(config) => {
            run_with(case, (number, seed), streams, control, |host| Sigcomm18::new(Arc::clone(config), host))
        }
        TransportConfig::Homa(config) => {
            let transport = |host| Homa::new(Arc::clone(config), host, tick_phase(streams, host));
            run_with(case, (number, seed), streams, control, transport)
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
    (number, seed): (usize, u64),
    streams: Streams,
    control: &Control<'_>,
    transport: impl FnMut(HostId) -> T,
) -> Result<(RunRecord, RunTiming), RunError> {
    let (begin, cpu) = (wall_clock(), ThreadTime::now());
    let (window_begin, window_end, limit) = case.window();
    let measurement = Measurement::new(window_begin..window_end, case, seed);
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
    let (mut backlog, mut queues) = (Backlog::default(), Queues::default());
    let samples = series::samples(simulation.waiting_bytes().count());
    for sample in 1..=samples {
        let into = u128::from(case.measure().window.as_ps()) * u128::from(sample) / u128::from(samples);
        advance(&mut simulation, window_begin + Duration::from_ps(into as u64))?;
        queues.look(simulation.waiting_bytes());
        if !sample.is_multiple_of(samples / BACKLOG_SAMPLES) {
            continue;
        }
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
    let transport = TransportCounts::of(simulation.transports().map(Counted::counts), case.transport.quirk_q15());
    let records = || simulation.transports().map(|host| host.records_max() as u64);
    let records_max = [records().sum(), records().max().unwrap_or(0)];
    let unfinished: Vec<_> =
        simulation.unfinished().copied().filter(|message| simulation.observer().measures(message)).collect();
    let mut measurement = simulation.into_observer();
    assert!(measurement.outstanding == unfinished.len() as u64, "each message is finished or unfinished");
    unfinished.iter().for_each(|message| measurement.unfinished(message));
    let Measurement { recorder, short, latencies, mut records, digest, counts, .. } = measurement;
    if let Some(records) = &mut records {
        records.sort_by_key(|record| (record.message.created, record.message.source, record.message.sequence));
    }
    let timing = RunTiming { wall_s: begin.elapsed().as_secs_f64(), cpu_s: cpu.elapsed().as_secs_f64() };
    let digest = digest.finish();
    let record = RunRecord {
        seed,
        recorder,
        short,
        latencies,
        queues,
        records,
        statistics,
        counts,
        digest,
        simulated,
        transport,
        records_max,
        backlog,
    };
    Ok((record, timing))
}
