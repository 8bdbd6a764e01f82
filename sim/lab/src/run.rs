//! One run: one case with one seed, on one thread; and a case's runs pooled.

use crate::case::{Arrivals, Case};
use crate::denominator::IdealTimes;
use crate::measurement::{Counts, Measurement, MessageRecord};
use crate::summary::{CaseSummary, Timing};
use cpu_time::ThreadTime;
use homa_analysis::{SlowdownRecorder, SlowdownSummary};
use homa_engine::Streams;
use homa_fabric::{FabricConfig, FabricStatistics, Faults, LoadBalancing, Outcome, Simulation, Submission, Traffic};
use homa_topologies::HostId;
use homa_transports::sigcomm18::{ReceiverUsage, Sigcomm18};
use homa_units::{Duration, Time};
use homa_workloads::{LoadArithmetic, MessageStream, SizeDistribution, StreamRngs, TraceRow};
use rand_chacha::ChaCha8Rng;
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
    #[error("{case}: measure.window = \"{window}\": no message was created in it; give a longer window, or more load")]
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
    pub(crate) records: Option<Vec<MessageRecord>>,
    pub(crate) statistics: FabricStatistics,
    pub(crate) counts: Counts,
    pub(crate) digest: u64,
    pub(crate) simulated: Duration,
    pub(crate) receivers: Vec<ReceiverUsage>,
    /// Bytes created and not completed, at equidistant instants of the window.
    pub(crate) backlog_bytes: Vec<u64>,
    pub(crate) cpu_s: f64,
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
    if runs.iter().all(|run| run.counts.window_messages == 0) {
        return Err(RunError::NoMessages { case: case.name.clone(), window: case.measure().window });
    }
    let pooling = ThreadTime::now();
    let messages = runs.iter_mut().flat_map(|run| run.records.take().unwrap_or_default()).collect();
    let recorders = runs.iter_mut().map(|run| run.recorder.take().expect("taken once")).collect();
    let summary = CaseSummary::new(case, &SlowdownSummary::pool(recorders), &runs);
    let cpu_s: f64 = runs.iter().map(|run| run.cpu_s).sum();
    let cpu_s = cpu_s + pooling.elapsed().as_secs_f64();
    let timing = Timing::new(&summary, begin.elapsed().as_secs_f64(), cpu_s);
    Ok((summary, messages, timing))
}

/// One part of a run between two looks at [`Control::interrupted`].
const SLICES: u64 = 400;
/// How often the backlog is looked at in the window.
const BACKLOG_SAMPLES: u64 = 100;

fn run_seed(case: &Case, number: usize, seed: u64, control: &Control<'_>) -> Result<RunRecord, RunError> {
    let cpu = ThreadTime::now();
    let (window_begin, window_end, limit) = case.window();
    let ideal = IdealTimes::new(case.denominator(), Arc::clone(&case.topology), Arc::clone(&case.transport));
    let exact = usize::try_from(case.measure().exact_samples).unwrap_or(usize::MAX);
    let recorder = SlowdownRecorder::new(case.bins.clone(), exact);
    let measurement = Measurement::new(window_begin..window_end, ideal, recorder, case.measure().messages);
    let streams = Streams::new(seed);
    let fabric = FabricConfig { load_balancing: LoadBalancing::RandomSpraying, faults: Faults::default(), streams };
    let transport = |host| Sigcomm18::new(Arc::clone(&case.transport), host);
    let source = Source::new(case, streams);
    let mut simulation = Simulation::new(&case.topology, fabric, transport, source, measurement);

    let longer = window_end.since(Time::ZERO).max(limit.since(window_end));
    let slice = Duration::from_ps((longer.as_ps() / SLICES).max(1));
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
    let mut backlog_bytes = Vec::new();
    for sample in 1..=BACKLOG_SAMPLES {
        let into = u128::from(case.measure().window.as_ps()) * u128::from(sample) / u128::from(BACKLOG_SAMPLES);
        advance(&mut simulation, window_begin + Duration::from_ps(into as u64))?;
        backlog_bytes.push(simulation.observer().backlog_bytes);
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
    let receivers = simulation.transports().map(|transport| transport.receiver_usage().clone()).collect();
    let unfinished: Vec<_> =
        simulation.unfinished().copied().filter(|message| simulation.observer().measures(message)).collect();
    let mut measurement = simulation.into_observer();
    assert!(measurement.outstanding == unfinished.len() as u64, "each message is finished or unfinished");
    unfinished.iter().for_each(|message| measurement.unfinished(message));
    let Measurement { recorder, mut records, digest, counts, .. } = measurement;
    if let Some(records) = &mut records {
        records.sort_by_key(|record| (record.message.created, record.message.source, record.message.sequence));
    }
    let cpu_s = cpu.elapsed().as_secs_f64();
    let (recorder, digest) = (Some(recorder), digest.finish());
    Ok(RunRecord { recorder, records, statistics, counts, digest, simulated, receivers, backlog_bytes, cpu_s })
}

/// A case's messages as the fabric wants them.
struct Source {
    /// Generator 0, if there is a trace.
    trace: Option<TraceRows>,
    /// One generator for each host.
    streams: Vec<MessageStream<ChaCha8Rng>>,
    /// When the streams begin.
    offset: Duration,
}

/// The rows of a shared trace.
struct TraceRows {
    rows: Arc<Vec<TraceRow>>,
    next: usize,
}

impl Iterator for TraceRows {
    type Item = TraceRow;

    fn next(&mut self) -> Option<TraceRow> {
        let row = self.rows.get(self.next).copied();
        self.next += 1;
        row
    }
}

impl Source {
    fn new(case: &Case, streams: Streams) -> Self {
        let hosts = case.topology.hosts;
        let stream = |sizes: &Arc<SizeDistribution>, mean_gap, host| {
            let rngs = StreamRngs {
                gap: streams.stream("gap", host),
                size: streams.stream("size", host),
                destination: streams.stream("destination", host),
            };
            MessageStream::new(host, hosts, Arc::clone(sizes), mean_gap, rngs)
                .expect("a topology has at least two hosts")
        };
        let all = |sizes, arithmetic: &LoadArithmetic| {
            (0..hosts).map(|host| stream(sizes, arithmetic.mean_gap, host)).collect()
        };
        match &case.arrivals {
            Arrivals::Poisson { sizes, arithmetic } => {
                Self { trace: None, streams: all(sizes, arithmetic), offset: Duration::ZERO }
            }
            Arrivals::Trace { rows, afterwards } => Self {
                trace: Some(TraceRows { rows: Arc::clone(rows), next: 0 }),
                streams: afterwards.as_ref().map(|(sizes, arithmetic)| all(sizes, arithmetic)).unwrap_or_default(),
                offset: rows[rows.len() - 1].at.since(Time::ZERO),
            },
        }
    }
}

impl Traffic for Source {
    fn generators(&self) -> u32 {
        (self.streams.len() + usize::from(self.trace.is_some())) as u32
    }

    fn next(&mut self, generator: u32) -> Option<Submission> {
        let stream = match &mut self.trace {
            Some(trace) if generator == 0 => {
                let row = trace.next()?;
                let (source, destination) = (HostId(row.source), HostId(row.destination));
                return Some(Submission { at: row.at, source, destination, size: row.size });
            }
            Some(_) => generator - 1,
            None => generator,
        };
        let arrival = self.streams[stream as usize].next_arrival();
        let (source, destination) = (HostId(arrival.source), HostId(arrival.destination));
        Some(Submission { at: arrival.at + self.offset, source, destination, size: arrival.size })
    }
}
