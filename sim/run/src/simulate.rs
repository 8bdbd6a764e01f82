//! One run: one configuration with one seed, on one thread or several.

use crate::denominator::Lone;
use crate::measurement::Measurement;
use crate::model::Counted;
use crate::network::Network;
use crate::queues::{self, Queues};
use crate::record::{Backlog, Counters, RunRecord, RunTiming};
use crate::spec::RunSpec;
use crate::traffic::RunTraffic;
use cpu_time::ThreadTime;
use homa_engine::Streams;
use homa_fabric::{
    Advanced, EventOrder, FabricConfig, Indivisible, LoadBalancing, Partitioning, Partitions, Simulation, linux,
};
use homa_topologies::{HostId, LinkId};
use homa_units::{Duration, Time};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration as WallDuration, Instant};

#[expect(clippy::disallowed_methods, reason = "how long a case takes on the wall is reported apart from its results")]
fn wall_clock() -> Instant {
    Instant::now()
}

/// One part of a run between two looks at [`Control::interrupted`].
const SLICES: u64 = 100;
/// A part of a long run is not longer than this, so that who ends it need not wait: 10 ms.
const SLICE_PS_MAX: u64 = 10_000_000_000;
/// A run ends at the first multiple of this after the end of its window at which all measured
/// messages have ended, or when nothing is left to happen. Much shorter, and starting threads for
/// each would take longer than what they do.
const DRAIN_STEP: Duration = Duration::from_us(50);
/// How often the backlog is looked at in the window.
const BACKLOG_SAMPLES: u64 = 100;

/// Lets the caller follow a run and end it.
pub struct Control<'a> {
    /// Set to end all runs soon.
    pub interrupted: &'a AtomicBool,
    /// Called now and then with the number of the run within its case and the simulated time it has
    /// reached.
    pub progress: &'a (dyn Fn(usize, Time) + Sync),
    /// On how many threads each run is simulated, if its network can be divided. It makes no
    /// difference to the result.
    pub threads: u32,
}

/// The user ended the run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Interrupted;

/// How the network of a run is divided if it is simulated on `threads` threads; not at all with a
/// single one.
///
/// # Errors
/// If it can't be divided; such a run is simulated on one thread.
pub fn division(spec: &RunSpec, threads: u32) -> Result<Option<Partitioning>, Indivisible> {
    if threads < 2 {
        return Ok(None);
    }
    if spec.client.max_outstanding.is_some() {
        return Err(Indivisible::LimitedTraffic);
    }
    let traits = spec.transport.traits();
    if let Some(reason) = traits.indivisible {
        return Err(Indivisible::Transport(reason));
    }
    Partitioning::new(&spec.topology, traits.framing, threads).map(Some)
}

/// One run: the run `number` of its case, with `seed`.
///
/// # Errors
/// If the user interrupted.
pub fn run(
    spec: &RunSpec,
    number: usize,
    seed: u64,
    control: &Control<'_>,
) -> Result<(RunRecord, RunTiming), Interrupted> {
    match spec.transport.carry_out(Purpose::Measure { spec, number, seed, control }) {
        Ran(Ended::Measured(result)) => *result,
        Ran(Ended::IdleTime(_)) => unreachable!("a run was asked for"),
    }
}

/// A run that wants to be given its hosts.
pub struct Run<'a> {
    pub(crate) purpose: Purpose<'a>,
    /// What Linux hosts cost, if it has such.
    pub(crate) linux: Option<&'a linux::Parameters>,
}

/// What Linux hosts of a run share.
#[derive(Debug, Clone)]
pub struct LinuxHosts {
    /// Parameters, and what follows from them.
    pub model: Arc<linux::Model>,
    /// The random streams of the hosts.
    pub streams: Streams,
}

/// A run that has been simulated.
pub struct Ran(pub(crate) Ended);

/// What a run is for.
#[derive(Clone, Copy)]
pub(crate) enum Purpose<'a> {
    /// To be measured.
    Measure {
        spec: &'a RunSpec,
        /// Its number in the case.
        number: usize,
        seed: u64,
        control: &'a Control<'a>,
    },
    /// To find the completion time of a lone message.
    IdleTime(Lone<'a>),
}

/// What a run gave.
pub(crate) enum Ended {
    Measured(Box<Result<(RunRecord, RunTiming), Interrupted>>),
    /// In picoseconds.
    IdleTime(u64),
}

impl Run<'_> {
    /// The named random streams of the run; none in an idle network, where nothing is left to
    /// chance.
    #[must_use]
    pub fn streams(&self) -> Option<Streams> {
        match self.purpose {
            Purpose::Measure { seed, .. } => Some(Streams::new(seed)),
            Purpose::IdleTime(_) => None,
        }
    }

    /// What its Linux hosts share, if it has such, for a protocol whose units have at most
    /// `unit_bytes` of data. In an idle network nothing is left to chance: work takes its mean time
    /// there, and nothing stops.
    #[must_use]
    pub fn linux_hosts(&self, unit_bytes: u32) -> Option<LinuxHosts> {
        let mut parameters = self.linux?.clone();
        let (topology, traits_framing) = match self.purpose {
            Purpose::Measure { spec, .. } => (&*spec.topology, spec.transport.traits().framing),
            Purpose::IdleTime(lone) => (lone.topology(), lone.framing()),
        };
        let streams = self.streams().unwrap_or_else(|| {
            (parameters.cv, parameters.gap_rate, parameters.smi_period) = (0.0, 0.0, None);
            Streams::new(0)
        });
        let host_rate = topology.link(LinkId(0)).rate;
        let model = linux::Model::new(parameters, unit_bytes, host_rate, traits_framing, streams);
        Some(LinuxHosts { model: Arc::new(model), streams })
    }

    /// Simulates the run with the ends that `host` makes. It is called for each host, in a network
    /// that is simulated more than once also more than once.
    pub fn hosts<T: Counted>(self, mut host: impl FnMut(HostId) -> T) -> Ran {
        self.hosts_sharing(|| (), |(), id| host(id))
    }

    /// As [`Self::hosts`], where all hosts share what `shared` makes for each network that is
    /// simulated.
    pub fn hosts_sharing<T: Counted, S>(self, shared: impl Fn() -> S, mut host: impl FnMut(&S, HostId) -> T) -> Ran {
        Ran(match self.purpose {
            Purpose::Measure { spec, number, seed, control } => {
                let shared = shared();
                let measured = Measured { spec, number, seed, control }.carry_out(|id| host(&shared, id));
                Ended::Measured(Box::new(measured))
            }
            Purpose::IdleTime(lone) => Ended::IdleTime(lone.completion_ps(shared, host)),
        })
    }
}

/// A run that is measured.
struct Measured<'a> {
    spec: &'a RunSpec,
    number: usize,
    seed: u64,
    control: &'a Control<'a>,
}

impl Measured<'_> {
    fn carry_out<T: Counted>(&self, transport: impl FnMut(HostId) -> T) -> Result<(RunRecord, RunTiming), Interrupted> {
        let (begin, cpu) = (wall_clock(), ThreadTime::now());
        let spec = self.spec;
        let (window_begin, window_end, _) = spec.times.window();
        let measurement = Measurement::new(window_begin..window_end, spec, self.seed);
        let streams = Streams::new(self.seed);
        let traits = spec.transport.traits();
        let fabric = FabricConfig {
            faults: spec.faults.clone(),
            framing: traits.framing,
            discipline: traits.discipline,
            ..FabricConfig::new(LoadBalancing::RandomSpraying, streams)
        };
        let source = || RunTraffic::new(spec, streams);
        let (record, helpers_busy) = match division(spec, self.control.threads) {
            Ok(Some(partitioning)) => {
                assert!(T::ORDER == EventOrder::ByComponent, "the model says that its events need one thread");
                let clock = || ThreadTime::now().as_duration();
                let partitions =
                    Partitions::new(&spec.topology, partitioning, &fabric, transport, source, measurement, clock);
                self.simulate(partitions.expect("limits were asked for"))?
            }
            Ok(None) | Err(_) => {
                self.simulate(Simulation::new(&spec.topology, fabric, transport, source(), measurement))?
            }
        };
        let cpu_s = (cpu.elapsed() + helpers_busy).as_secs_f64();
        Ok((record, RunTiming { wall_s: begin.elapsed().as_secs_f64(), cpu_s }))
    }

    /// Gives what came out, and how long threads besides the calling one were busy with it.
    fn simulate<T: Counted>(
        &self,
        mut network: impl Network<T, Measurement>,
    ) -> Result<(RunRecord, WallDuration), Interrupted> {
        let Self { spec, control, .. } = self;
        let (window_begin, _, limit) = spec.times.window();
        self.advance(&mut network, window_begin)?;
        network.restart_queue_statistics();
        let (mut backlog, mut queues) = (Backlog::default(), Queues::default());
        let samples = queues::samples(network.waiting_bytes().count());
        for sample in 1..=samples {
            let into = u128::from(spec.times.window.as_ps()) * u128::from(sample) / u128::from(samples);
            self.advance(&mut network, window_begin + Duration::from_ps(into as u64))?;
            queues.look(network.waiting_bytes(), &spec.topology.tiers);
            if sample.is_multiple_of(samples / BACKLOG_SAMPLES) {
                backlog.bytes.push(network.observer().backlog_bytes);
                backlog.messages.push(network.observer().counts.in_flight());
            }
        }
        if spec.times.stops_after_window {
            network.stop_traffic();
        }
        network.observer_mut().draining = true;
        // Where a run ends doesn't depend on when exactly its last message does: several threads
        // only know that later.
        while !network.observer().is_over() && network.now() < limit {
            let until = (network.now() + DRAIN_STEP).min(limit);
            if self.advance(&mut network, until)? == Advanced::Idle {
                break;
            }
        }
        (control.progress)(self.number, limit);
        let helpers_busy = network.helpers_busy();
        Ok((self.record(network, backlog, queues), helpers_busy))
    }

    fn advance<T: Counted>(
        &self,
        network: &mut impl Network<T, Measurement>,
        until: Time,
    ) -> Result<Advanced, Interrupted> {
        let (_, window_end, limit) = self.spec.times.window();
        let longer = window_end.since(Time::ZERO).max(limit.since(window_end));
        let slice = Duration::from_ps((longer.as_ps() / SLICES).clamp(1, SLICE_PS_MAX));
        loop {
            if self.control.interrupted.load(Ordering::Relaxed) {
                return Err(Interrupted);
            }
            (self.control.progress)(self.number, network.now());
            let next = (network.now() + slice).min(until);
            let outcome = network.run_until(next);
            if outcome != Advanced::Reached || next == until {
                return Ok(outcome);
            }
        }
    }

    fn record<T: Counted>(&self, network: impl Network<T, Measurement>, backlog: Backlog, queues: Queues) -> RunRecord {
        let statistics = network.statistics();
        let simulated = network.now().since(Time::ZERO);
        let mut counters = Counters::default();
        network.transports().for_each(|host| host.count(&mut counters));
        let records = || network.transports().map(|host| host.records_max() as u64);
        let records_max = [records().sum(), records().max().unwrap_or(0)];
        let mut unfinished: Vec<_> =
            network.unfinished().copied().filter(|message| network.observer().measures(message)).collect();
        unfinished.sort_unstable_by_key(|message| (message.source, message.sequence));
        let mut measurement = network.into_observer();
        assert!(measurement.outstanding == unfinished.len() as u64, "each message is finished or unfinished");
        unfinished.iter().for_each(|message| measurement.unfinished(message));
        let Measurement { recorder, short, latencies, mut records, digest, counts, .. } = measurement;
        if let Some(records) = &mut records {
            records.sort_by_key(|record| (record.message.created, record.message.source, record.message.sequence));
        }
        RunRecord {
            seed: self.seed,
            recorder,
            short,
            latencies,
            queues,
            records,
            statistics,
            counts,
            digest: digest.finish(),
            simulated,
            counters,
            records_max,
            backlog,
        }
    }
}
