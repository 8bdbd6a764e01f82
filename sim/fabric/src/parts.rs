//! One run on several threads.
//!
//! The network is divided between racks or pods ([`Partition`]), and each part is a [`Simulation`] of its own with its own
//! event queue. A packet that crosses to another part takes at least the *look-ahead* until it is there: so each part can
//! simulate a window of that length without looking at the others, then all meet and hand over what crosses
//! (conservative synchronisation, as by Chandy, Misra and Bryant, with windows instead of null messages).
//!
//! Everything comes out as on one thread, to the last bit: events have a total order that doesn't depend on who scheduled what
//! first, each random stream belongs to a component of one part, and the [`Observer`] is told what happened in
//! the order of one thread, if some windows later. (Only messages that one generator gives for hosts of several parts at the
//! very same instant may be told of in another order.) What it must not do is influence the run; and a source of messages with a
//! [limit](Traffic::limit) can't be divided, as an end anywhere may let it go on at once.

mod meeting;
pub(crate) mod part;
mod partition;
mod settling;
mod share;

pub use partition::{Indivisible, Partition};

use crate::packet::Message;
use crate::simulation::{FabricConfig, Outcome, Simulation};
use crate::statistics::FabricStatistics;
use crate::traffic::{Observer, Traffic};
use crate::transport::Transport;
use homa_topologies::{HostId, Tier, Topology};
use homa_units::Time;
use meeting::{AnotherPanicked, Meeting, Notices};
use part::Part;
use settling::Whole;
use share::Share;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration as WallDuration;

type PartOf<T, S> = Simulation<T, Share<S>, Part<<T as Transport>::Header>>;

/// A [`Simulation`] in parts, each on a thread of its own.
pub struct Parts<T: Transport, S, O> {
    parts: Vec<PartOf<T, S>>,
    partition: Arc<Partition>,
    whole: Whole<O>,
    meeting: Meeting<T::Header>,
    now: Time,
    measured_since: Time,
    clock: fn() -> WallDuration,
    helpers_busy: WallDuration,
}

/// So many notes are settled at a time: few enough that the slots of messages that have ended are used again while they
/// are in the cache, and many enough that it doesn't count that all but one thread wait.
const HAPPENINGS: usize = 512;

impl<T, S, O> Parts<T, S, O>
where
    T: Transport<Header: Send> + Send,
    S: Traffic + Send,
    O: Observer,
{
    /// An empty network at time zero; `transport` makes each host's end, and `traffic` the same messages for each part. `clock`
    /// says how long the calling thread has been busy.
    ///
    /// # Errors
    /// If the number of messages under way is limited.
    pub fn new(
        topology: &Topology,
        partition: Partition,
        config: &FabricConfig,
        mut transport: impl FnMut(HostId) -> T,
        mut traffic: impl FnMut() -> S,
        observer: O,
        clock: fn() -> WallDuration,
    ) -> Result<Self, Indivisible> {
        let partition = Arc::new(partition);
        let mut part = |number: u32| {
            let hosts = partition.hosts(number);
            let mut config = config.clone();
            config.faults.deaths.retain(|(HostId(host), _)| hosts.contains(host));
            let share = Share { traffic: traffic(), hosts };
            if (0..share.generators()).any(|generator| share.limit(generator).is_some()) {
                return Err(Indivisible::LimitedTraffic);
            }
            Ok(Simulation::build(topology, config, &mut transport, share, Part::new(number, &partition)))
        };
        let parts: Vec<_> = (0..partition.parts()).map(&mut part).collect::<Result<_, _>>()?;
        let whole = Whole { observer, packets_max: 0, dead: vec![false; topology.hosts as usize] };
        Ok(Self {
            meeting: Meeting::new(parts.len()),
            parts,
            partition,
            whole,
            now: Time::ZERO,
            measured_since: Time::ZERO,
            clock,
            helpers_busy: WallDuration::ZERO,
        })
    }

    /// As [`Simulation::run_until`], on as many threads as there are parts, this one included.
    ///
    /// # Panics
    /// If `end` is in the past, or where [`Simulation::run_until`] would.
    pub fn run_until(&mut self, end: Time) -> Outcome {
        assert!(end >= self.now, "time never runs backwards");
        let clock = self.clock;
        let Self { parts, partition, whole, meeting, helpers_busy, .. } = self;
        for (number, part) in parts.iter().enumerate() {
            meeting.notify(0, number, notices(part, Time::ZERO));
        }
        let packets_max = AtomicI64::new(whole.packets_max);
        let parts_of_threads: Vec<_> = parts.iter_mut().map(Mutex::new).collect();
        let run = Run { parts: &parts_of_threads, partition, meeting, packets_max: &packets_max, end };
        std::thread::scope(|scope| {
            // Also if a thread can't be started those that were must not wait for it.
            let _presence = meeting.presence();
            let start = |number| {
                scope.spawn(move || {
                    let begin = clock();
                    run.work(number, || {});
                    clock() - begin
                })
            };
            let helpers: Vec<_> = (1..parts_of_threads.len()).map(start).collect();
            let own = catch_unwind(AssertUnwindSafe(|| run.work(0, || run.settle(whole))));
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
        run.settle(whole);
        if self.parts.iter().all(|part| part.queue.is_empty()) {
            self.now = self.parts.iter().map(|part| part.now).max().expect("there are parts");
            return Outcome::Idle;
        }
        self.now = end;
        Outcome::Reached
    }
}

fn notices<T: Transport, S>(part: &Simulation<T, S, Part<T::Header>>, not_before: Time) -> Notices {
    let earliest = part.queue.earliest().map_or(Time::MAX, |earliest| earliest.max(not_before));
    let Part { happenings, packets, .. } = &part.observer;
    Notices { earliest, happenings: happenings.len(), packets_max: packets.max }
}

/// What the threads have in common while time goes on.
struct Run<'a, T: Transport, S> {
    parts: &'a [Mutex<&'a mut PartOf<T, S>>],
    partition: &'a Partition,
    meeting: &'a Meeting<T::Header>,
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
    fn part(&self, number: usize) -> MutexGuard<'a, &'a mut PartOf<T, S>> {
        // A thread that panics while it holds this ends the run anyway.
        self.parts[number].lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Simulates a part up to the end. `settle` is called when all parts are at rest.
    fn work(&self, number: usize, mut settle: impl FnMut()) {
        let meeting = self.meeting;
        let _presence = meeting.presence();
        let mut part = self.part(number);
        let mut side = 0;
        loop {
            meeting.meet();
            for from in (0..self.parts.len()).filter(|from| *from != number) {
                part.take_in(meeting.mail(side, from, number).drain(..));
            }
            let Notices { earliest, happenings, packets_max } = meeting.notices(side);
            if happenings >= HAPPENINGS || packets_max > self.packets_max.load(Ordering::Relaxed) {
                drop(part);
                meeting.meet();
                settle();
                meeting.meet();
                part = self.part(number);
            }
            if earliest >= self.end {
                return;
            }
            // In a longer window a packet could reach another part.
            let until = (earliest + self.partition.look_ahead()).min(self.end);
            part.run_window(until);
            side = 1 - side;
            let mut notices = notices(&part, until);
            for to in (0..self.parts.len()).filter(|to| *to != number) {
                let leaving = &mut part.observer.leaving[to];
                // Arrivals on different links are in no order.
                let first = leaving.iter().map(|crossing| crossing.arrival()).min();
                notices.earliest = notices.earliest.min(first.unwrap_or(Time::MAX));
                std::mem::swap(leaving, &mut *meeting.mail(side, number, to));
            }
            meeting.notify(side, number, notices);
        }
    }

    fn settle<O: Observer>(&self, whole: &mut Whole<O>) {
        let mut parts: Vec<_> = (0..self.parts.len()).map(|number| self.part(number)).collect();
        let mut parts: Vec<&mut PartOf<T, S>> = parts.iter_mut().map(|part| &mut ***part).collect();
        whole.settle(self.partition, &mut parts);
        self.packets_max.store(whole.packets_max, Ordering::Relaxed);
    }
}

impl<T: Transport, S, O> Parts<T, S, O> {
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
        self.parts.iter_mut().for_each(Simulation::stop_traffic);
    }

    /// As [`Simulation::set_look_ahead`].
    pub fn set_look_ahead(&mut self, looks_ahead: bool) {
        self.parts.iter_mut().for_each(|part| part.set_look_ahead(looks_ahead));
    }

    /// As [`Simulation::restart_queue_statistics`].
    pub fn restart_queue_statistics(&mut self) {
        self.measured_since = self.now;
        for part in &mut self.parts {
            part.now = self.now;
            part.restart_queue_statistics();
        }
    }

    /// As [`Simulation::unfinished`], if those of a host in another order.
    pub fn unfinished(&self) -> impl Iterator<Item = &Message> {
        self.by_host().flat_map(|(host, part)| part.messages[host].iter().map(|(_, message)| message))
    }

    /// As [`Simulation::transports`].
    pub fn transports(&self) -> impl Iterator<Item = &T> {
        self.by_host().map(|(host, part)| &part.hosts[host].transport)
    }

    /// As [`Simulation::waiting_bytes`].
    pub fn waiting_bytes(&self) -> impl Iterator<Item = (Tier, u64)> {
        self.ports().map(|port| (port.tier, port.waiting_bytes()))
    }

    /// As [`Simulation::statistics`].
    #[must_use]
    pub fn statistics(&self) -> FabricStatistics {
        let mut received_wire_bytes = <[[u64; _]; _]>::default();
        for part in &self.parts {
            let sums = received_wire_bytes.as_flattened_mut().iter_mut();
            sums.zip(part.received_wire_bytes.as_flattened()).for_each(|(sum, bytes)| *sum += bytes);
        }
        let sum = |count: fn(&PartOf<T, S>) -> u64| self.parts.iter().map(count).sum();
        FabricStatistics {
            tiers: crate::simulation::tier_statistics(|| self.ports(), self.now, self.measured_since),
            received_wire_bytes,
            packet_hops: self.ports().map(|port| port.counters.frames).sum(),
            packets_in_network_max: self.whole.packets_max as u64,
            lost_packets: sum(|part| part.lost_packets),
            events: sum(|part| part.events),
        }
    }

    /// How long the threads besides the one that calls [`Self::run_until`] have been busy.
    pub const fn helpers_busy(&self) -> WallDuration {
        self.helpers_busy
    }

    /// Each host with the part that has it.
    fn by_host(&self) -> impl Iterator<Item = (usize, &PartOf<T, S>)> {
        self.partition.part_of_host.iter().enumerate().map(|(host, part)| (host, &self.parts[*part as usize]))
    }

    fn ports(&self) -> impl Iterator<Item = &crate::port::Port> {
        self.partition.part_of_link.iter().enumerate().map(|(link, part)| &self.parts[*part as usize].ports[link])
    }
}
