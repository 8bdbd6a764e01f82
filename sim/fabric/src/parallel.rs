//! One run on several threads.
//!
//! The network is divided between racks or pods ([`Partitioning`]). Each partition is a
//! [`Simulation`] of its own, with its own event queue and thread. A packet that crosses to another
//! partition takes at least the *lookahead* to get there. So each partition can simulate a window
//! of that length without the others. Then all wait at a barrier and exchange what crosses. This is
//! conservative synchronisation as by Chandy, Misra and Bryant, with windows instead of null
//! messages.
//!
//! The result is that of one thread, to the last bit:
//! * events have a total order that doesn't depend on who scheduled what first;
//! * each random stream belongs to a component of one partition;
//! * what happens to messages is deferred, merged in the order of one thread and told to the
//!   [`Observer`] some windows later. Only messages that one generator gives for hosts of several
//!   partitions at the very same instant may be told in another order.
//!
//! An observer must not influence the run. Traffic with a [bound on outstanding
//! messages](Traffic::max_outstanding) can't be divided, as the end of a message anywhere may let
//! the next one begin at once.

pub(crate) mod deferred;
mod exchange;
mod merge;
mod partition;
mod share;

pub use partition::{Indivisible, Partitioning};

use crate::packet::Message;
use crate::simulation::{Advanced, FabricConfig, Simulation, Tiers};
use crate::statistics::FabricStatistics;
use crate::traffic::{Observer, Traffic};
use crate::transport::Transport;
use deferred::PartitionSink;
use exchange::{AnotherPanicked, Exchange, Status};
use homa_topologies::{HostId, TierId, Topology};
use homa_units::Time;
use merge::Whole;
use share::Share;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration as WallDuration;

type SimulationOf<T, S> = Simulation<T, Share<S>, PartitionSink<<T as Transport>::Header>>;

/// A [`Simulation`] in partitions, each on a thread of its own.
pub struct Partitions<T: Transport, S, O> {
    partitions: Vec<SimulationOf<T, S>>,
    partitioning: Arc<Partitioning>,
    whole: Whole<O>,
    exchange: Exchange<T::Header>,
    now: Time,
    measured_since: Time,
    tiers: Tiers,
    clock: fn() -> WallDuration,
    helpers_busy: WallDuration,
}

/// How many deferred events are merged at a time. With few, slots of ended messages are used again
/// while they are in the cache; with many, the time in which all threads but one wait doesn't
/// count.
const DEFERRED_MAX: usize = 512;

impl<T, S, O> Partitions<T, S, O>
where
    T: Transport<Header: Send> + Send,
    S: Traffic + Send,
    O: Observer,
{
    /// An empty network at time zero; `transport` makes each host's end, and `traffic` the same
    /// messages for each partition. `clock` says how long the calling thread has been busy.
    ///
    /// # Errors
    /// If the number of outstanding messages is bounded.
    pub fn new(
        topology: &Topology,
        partitioning: Partitioning,
        config: &FabricConfig,
        mut transport: impl FnMut(HostId) -> T,
        mut traffic: impl FnMut() -> S,
        observer: O,
        clock: fn() -> WallDuration,
    ) -> Result<Self, Indivisible> {
        let partitioning = Arc::new(partitioning);
        let mut partition = |number: u32| {
            let hosts = partitioning.hosts(number);
            let mut config = config.clone();
            config.faults.host_failures.retain(|(HostId(host), _)| hosts.contains(host));
            let share = Share { traffic: traffic(), hosts };
            if (0..share.generators()).any(|generator| share.max_outstanding(generator).is_some()) {
                return Err(Indivisible::LimitedTraffic);
            }
            Ok(Simulation::build(topology, config, &mut transport, share, PartitionSink::new(number, &partitioning)))
        };
        let partitions: Vec<_> = (0..partitioning.partitions()).map(&mut partition).collect::<Result<_, _>>()?;
        let whole = Whole { observer, packets_max: 0, failed_hosts: vec![false; topology.hosts as usize] };
        Ok(Self {
            exchange: Exchange::new(partitions.len()),
            partitions,
            partitioning,
            whole,
            now: Time::ZERO,
            measured_since: Time::ZERO,
            tiers: Tiers::new(topology, config.framing),
            clock,
            helpers_busy: WallDuration::ZERO,
        })
    }

    /// As [`Simulation::run_until`], on as many threads as there are partitions, this one included.
    ///
    /// # Panics
    /// If `end` is in the past, or where [`Simulation::run_until`] would.
    pub fn run_until(&mut self, end: Time) -> Advanced {
        assert!(end >= self.now, "time never runs backwards");
        let clock = self.clock;
        let Self { partitions, partitioning, whole, exchange, helpers_busy, .. } = self;
        for (number, partition) in partitions.iter().enumerate() {
            exchange.post_status(0, number, status(partition, Time::ZERO));
        }
        let packets_max = AtomicI64::new(whole.packets_max);
        let partitions_of_threads: Vec<_> = partitions.iter_mut().map(Mutex::new).collect();
        let run = Run { partitions: &partitions_of_threads, partitioning, exchange, packets_max: &packets_max, end };
        std::thread::scope(|scope| {
            // Also if a thread can't be started those that were must not wait for it.
            let _presence = exchange.panic_guard();
            let start = |number| {
                scope.spawn(move || {
                    let begin = clock();
                    run.work(number, || {});
                    clock() - begin
                })
            };
            let helpers: Vec<_> = (1..partitions_of_threads.len()).map(start).collect();
            let own = catch_unwind(AssertUnwindSafe(|| run.work(0, || run.merge(whole))));
            let mut panics: Vec<_> = own.err().into_iter().collect();
            for helper in helpers {
                match helper.join() {
                    Ok(busy) => *helpers_busy += busy,
                    Err(panic) => panics.push(panic),
                }
            }
            if let Some(first) = panics.into_iter().find(|panic| !panic.is::<AnotherPanicked>()) {
                resume_unwind(first);
            }
        });
        run.merge(whole);
        self.partitions.iter_mut().for_each(|partition| partition.catch_up_before(end));
        if self.partitions.iter().all(|partition| partition.scheduler.queue.is_empty()) {
            self.now = self.partitions.iter().map(|partition| partition.now).max().expect("there are partitions");
            return Advanced::Idle;
        }
        self.now = end;
        Advanced::Reached
    }
}

fn status<T: Transport, S>(partition: &Simulation<T, S, PartitionSink<T::Header>>, not_before: Time) -> Status {
    let earliest = partition.scheduler.queue.earliest().map_or(Time::MAX, |earliest| earliest.max(not_before));
    let PartitionSink { deferred, packets, .. } = &partition.observer;
    Status { earliest, deferred: deferred.len(), packets_max: packets.max }
}

/// What the threads have in common while time goes on.
struct Run<'a, T: Transport, S> {
    partitions: &'a [Mutex<&'a mut SimulationOf<T, S>>],
    partitioning: &'a Partitioning,
    exchange: &'a Exchange<T::Header>,
    /// The most packets that were in the network until now.
    packets_max: &'a AtomicI64,
    end: Time,
}

impl<T: Transport, S> Clone for Run<'_, T, S> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T: Transport, S> Copy for Run<'_, T, S> {}

impl<'a, T: Transport, S: Traffic> Run<'a, T, S> {
    fn partition(&self, number: usize) -> MutexGuard<'a, &'a mut SimulationOf<T, S>> {
        // A thread that panics while it holds this ends the run anyway.
        self.partitions[number].lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Simulates a partition up to the end. `merge` is called when all partitions are at rest.
    fn work(&self, number: usize, mut merge: impl FnMut()) {
        let exchange = self.exchange;
        let _presence = exchange.panic_guard();
        let mut partition = self.partition(number);
        let mut side = 0;
        loop {
            exchange.wait();
            for from in (0..self.partitions.len()).filter(|from| *from != number) {
                partition.take_in(exchange.mailbox(side, from, number).drain(..));
            }
            let Status { earliest, deferred, packets_max } = exchange.status(side);
            if deferred >= DEFERRED_MAX || packets_max > self.packets_max.load(Ordering::Relaxed) {
                drop(partition);
                exchange.wait();
                merge();
                exchange.wait();
                partition = self.partition(number);
            }
            if earliest >= self.end {
                return;
            }
            // In a longer window a packet could reach another partition.
            let until = (earliest + self.partitioning.lookahead()).min(self.end);
            partition.run_window(until);
            side = 1 - side;
            let mut status = status(&partition, until);
            for to in (0..self.partitions.len()).filter(|to| *to != number) {
                let leaving = &mut partition.observer.leaving[to];
                // Arrivals on different links are in no order.
                let first = leaving.iter().map(|crossing| crossing.arrival()).min();
                status.earliest = status.earliest.min(first.unwrap_or(Time::MAX));
                std::mem::swap(leaving, &mut *exchange.mailbox(side, number, to));
            }
            exchange.post_status(side, number, status);
        }
    }

    fn merge<O: Observer>(&self, whole: &mut Whole<O>) {
        let mut partitions: Vec<_> = (0..self.partitions.len()).map(|number| self.partition(number)).collect();
        let mut partitions: Vec<&mut SimulationOf<T, S>> =
            partitions.iter_mut().map(|partition| &mut ***partition).collect();
        whole.merge(self.partitioning, &mut partitions);
        self.packets_max.store(whole.packets_max, Ordering::Relaxed);
    }
}

impl<T: Transport, S, O> Partitions<T, S, O> {
    /// As [`Simulation::now`].
    pub const fn now(&self) -> Time {
        self.now
    }

    /// As [`Simulation::observer`].
    pub const fn observer(&self) -> &O {
        &self.whole.observer
    }

    /// As [`Simulation::observer_mut`].
    pub const fn observer_mut(&mut self) -> &mut O {
        &mut self.whole.observer
    }

    /// As [`Simulation::into_observer`].
    pub fn into_observer(self) -> O {
        self.whole.observer
    }

    /// As [`Simulation::stop_traffic`].
    pub fn stop_traffic(&mut self) {
        self.partitions.iter_mut().for_each(Simulation::stop_traffic);
    }

    /// As [`Simulation::set_prefetch`].
    pub fn set_prefetch(&mut self, prefetches: bool) {
        self.partitions.iter_mut().for_each(|partition| partition.set_prefetch(prefetches));
    }

    /// As [`Simulation::restart_queue_statistics`].
    pub fn restart_queue_statistics(&mut self) {
        self.measured_since = self.now;
        for partition in &mut self.partitions {
            partition.now = self.now;
            partition.restart_queue_statistics();
        }
    }

    /// As [`Simulation::unfinished`], if those of a host in another order.
    pub fn unfinished(&self) -> impl Iterator<Item = &Message> {
        self.by_host().flat_map(|(host, partition)| partition.messages[host].iter().map(|(_, message)| message))
    }

    /// As [`Simulation::transports`].
    pub fn transports(&self) -> impl Iterator<Item = &T> {
        self.by_host().map(|(host, partition)| &partition.hosts[host].transport)
    }

    /// As [`Simulation::waiting_bytes`].
    pub fn waiting_bytes(&self) -> impl Iterator<Item = (TierId, u64)> {
        self.ports().map(|port| (port.tier, port.waiting_bytes()))
    }

    /// As [`Simulation::statistics`].
    #[must_use]
    pub fn statistics(&self) -> FabricStatistics {
        let mut received_wire_bytes = <[[u64; _]; _]>::default();
        for partition in &self.partitions {
            let sums = received_wire_bytes.as_flattened_mut().iter_mut();
            sums.zip(partition.received_wire_bytes.as_flattened()).for_each(|(sum, bytes)| *sum += bytes);
        }
        let sum = |count: fn(&SimulationOf<T, S>) -> u64| self.partitions.iter().map(count).sum();
        FabricStatistics {
            tiers: self.tiers.statistics(|| self.ports(), self.now, self.measured_since),
            received_wire_bytes,
            packet_hops: self.ports().map(|port| port.counters.frames).sum(),
            packets_in_network_max: self.whole.packets_max as u64,
            lost_packets: sum(|partition| partition.lost_packets),
            events: sum(|partition| partition.events),
        }
    }

    /// How long the threads besides the one that calls [`Self::run_until`] have been busy.
    pub const fn helpers_busy(&self) -> WallDuration {
        self.helpers_busy
    }

    /// Each host with the partition that has it.
    fn by_host(&self) -> impl Iterator<Item = (usize, &SimulationOf<T, S>)> {
        self.partitioning
            .partition_of_host
            .iter()
            .enumerate()
            .map(|(host, partition)| (host, &self.partitions[*partition as usize]))
    }

    fn ports(&self) -> impl Iterator<Item = &crate::switch::Port> {
        self.partitioning
            .partition_of_link
            .iter()
            .enumerate()
            .map(|(link, partition)| &self.partitions[*partition as usize].ports[link])
    }
}
