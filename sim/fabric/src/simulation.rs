//! The event loop that ties hosts, ports and traffic together.

mod counted;
mod events;
mod prefetch;
pub(crate) mod sink;

use crate::arena::Arena;
use crate::event::{Event, EventClass, EventOrder, HostTimer, Scheduler};
use crate::faults::Faults;
use crate::framing::Framing;
use crate::host::{Host, HostModel};
use crate::packet::Message;
use crate::switch::{Balancer, LoadBalancing, Port, QueueDiscipline, Switch};
use crate::traffic::{Submission, Traffic};
use crate::transport::{PACKET_CLASSES, Transport};
pub(crate) use counted::Tiers;
use homa_engine::{EventKey, Streams};
use homa_topologies::{HostId, Routes, Topology};
use homa_units::{Priority, Time};
use prefetch::PREFETCH_LINKS;
use rand_chacha::ChaCha8Rng;
use sink::EventSink;
use slab::Slab;

/// Choices that belong to the network rather than to the topology.
#[derive(Debug, Clone)]
pub struct FabricConfig {
    /// How a switch chooses among equally short paths.
    pub load_balancing: LoadBalancing,
    /// What goes wrong.
    pub faults: Faults,
    /// The run's randomness.
    pub streams: Streams,
    /// What a frame takes of a link besides its own bytes.
    pub framing: Framing,
    /// In which order ports serve packets.
    pub discipline: QueueDiscipline,
    /// What the hosts' software costs; none for the fixed delays of the topology.
    pub host_model: Option<HostModel>,
}

impl FabricConfig {
    /// An Ethernet with strict priorities in which nothing goes wrong.
    #[must_use]
    pub const fn new(load_balancing: LoadBalancing, streams: Streams) -> Self {
        let (framing, discipline) = (Framing::ETHERNET, QueueDiscipline::StrictPriority);
        Self { load_balancing, faults: Faults::NONE, streams, framing, discipline, host_model: None }
    }
}

/// Why a call of [`Simulation::run_until`] came back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Advanced {
    /// All events before the given instant have happened.
    Reached,
    /// Nothing is left to happen.
    Idle,
}

/// A source of messages, and how far it is.
#[derive(Debug)]
struct Generator {
    /// The next message; none at the end.
    pending: Option<Submission>,
    /// How many messages may be outstanding.
    max_outstanding: u32,
    outstanding: u32,
    /// The next message is due, and waits until an outstanding one has ended.
    is_blocked: bool,
}

/// A network of hosts that run the transport `T`, under the traffic `S`, watched by `O`.
// Partitions that several threads simulate lie beside each other in memory, and must not share
// cache lines.
#[repr(align(128))]
pub struct Simulation<T: Transport, S, O> {
    pub(crate) now: Time,
    pub(crate) scheduler: Scheduler,
    pub(crate) ports: Vec<Port>,
    pub(crate) arena: Arena<T::Header>,
    routes: Routes,
    pub(crate) switches: Vec<Switch>,
    load_balancing: LoadBalancing,
    host_model: HostModel,
    framing: Framing,
    pub(crate) hosts: Vec<Host<T>>,
    /// Messages in flight, by source host; slots are used again.
    pub(crate) messages: Vec<Slab<Message>>,
    traffic: S,
    generators: Vec<Generator>,
    faults: Faults,
    /// For each host, which packets are lost; empty if none ever is.
    loss: Vec<ChaCha8Rng>,
    pub(crate) lost_packets: u64,
    /// Hosts that push their packets are those below this number: all or none.
    pushing_hosts: u32,
    pub(crate) observer: O,
    measured_since: Time,
    pub(crate) received_wire_bytes: [[u64; Priority::LEVELS]; PACKET_CLASSES],
    pub(crate) events: u64,
    tiers: Tiers,
    /// Whether what events need is brought into the cache before their turn.
    prefetches: bool,
    /// Reused: ports to which the packets of the next arrivals go.
    next_ports: Vec<u32>,
}

#[expect(private_bounds, reason = "which sinks of events there are is this crate's own business")]
impl<T: Transport, S: Traffic, O: EventSink<T::Header>> Simulation<T, S, O> {
    /// An empty network at time zero.
    pub(crate) fn build(
        topology: &Topology,
        config: FabricConfig,
        transport: impl FnMut(HostId) -> T,
        traffic: S,
        observer: O,
    ) -> Self {
        let generators = (0..traffic.generators()).map(|generator| Generator {
            pending: None,
            max_outstanding: traffic.max_outstanding(generator).unwrap_or(u32::MAX),
            outstanding: 0,
            is_blocked: false,
        });
        let generators = generators.collect();
        let hosts: Vec<Host<T>> = (0..topology.hosts).map(HostId).map(transport).map(Host::new).collect();
        let pushing_hosts = hosts.iter().filter(|host| host.transport.pushes()).count() as u32;
        assert!(pushing_hosts == 0 || pushing_hosts == topology.hosts, "either all hosts push or none does");
        // A stream is a third of a kilobyte: networks without loss do without.
        let lossy_hosts = if config.faults.loss_threshold > 0 { topology.hosts } else { 0 };
        let QueueDiscipline::StrictPriority = config.discipline;
        let host_model = config.host_model.unwrap_or(HostModel::FixedDelays(topology.software));
        let port = |link| Port::new(link, config.framing, &host_model);
        let switch = |number| Switch::new(Balancer::new(config.streams.stream("spraying", number)));
        let mut simulation = Self {
            now: Time::ZERO,
            scheduler: Scheduler::new(),
            arena: Arena::new(),
            ports: topology.links.iter().map(port).collect(),
            routes: topology.routes.clone(),
            switches: (0..topology.switches).map(switch).collect(),
            load_balancing: config.load_balancing,
            host_model,
            framing: config.framing,
            hosts,
            messages: (0..topology.hosts).map(|_| Slab::new()).collect(),
            traffic,
            generators,
            loss: (0..lossy_hosts).map(|host| config.streams.stream("loss", host)).collect(),
            lost_packets: 0,
            pushing_hosts,
            faults: config.faults,
            observer,
            measured_since: Time::ZERO,
            received_wire_bytes: Default::default(),
            events: 0,
            tiers: Tiers::new(topology, config.framing),
            prefetches: false,
            next_ports: Vec::new(),
        };
        simulation.ask_for_dequeue_events();
        simulation.set_prefetch(topology.links.len() >= PREFETCH_LINKS);
        for host in 0..pushing_hosts {
            simulation.ports[host as usize].delay_by(host_model.send_delay());
        }
        for generator in 0..simulation.traffic.generators() {
            simulation.next_submission(generator, Time::ZERO);
        }
        for (HostId(host), at) in simulation.faults.host_failures.clone() {
            assert!(host < topology.hosts, "only hosts of the network fail");
            simulation.scheduler.schedule(T::ORDER, at, Event::new(EventClass::HostFailure, host));
        }
        simulation
    }

    /// Ports ask for an event at each dequeue where what they send has to be known at once: by a
    /// tap, by a transport that pushes, by other partitions; and where the order of events depends
    /// on what was scheduled first.
    fn ask_for_dequeue_events(&mut self) {
        let all = O::HAS_TAP || T::ORDER != EventOrder::ByComponent;
        for (link, port) in (0..).zip(&mut self.ports) {
            if all || link < self.pushing_hosts || self.observer.is_crossing(port.tier) {
                port.set_dequeue_events();
            }
        }
    }

    /// Lets everything happen that happens before `end`. Ports catch up when something else happens
    /// to them.
    #[inline]
    pub(crate) fn advance(&mut self, end: Time) {
        if self.prefetches {
            return self.advance_prefetching(end);
        }
        loop {
            while let Some(event) = self.scheduler.queue.pop_listed_before(end) {
                self.happen(event);
            }
            let Some(event) = self.scheduler.queue.pop_before(end) else { break };
            self.happen_apart(event);
        }
    }

    #[inline(never)]
    fn advance_prefetching(&mut self, end: Time) {
        loop {
            self.prefetch(end);
            let Some(event) = self.scheduler.queue.pop_before(end) else { break };
            self.happen_apart(event);
        }
    }

    // Once is enough to have all of it: it is inlined into the other loop.
    #[inline(never)]
    fn happen_apart(&mut self, event: EventKey) {
        self.happen(event);
    }

    #[inline(always)]
    fn happen(&mut self, event: EventKey) {
        self.now = event.at();
        self.events += 1;
        self.observer.begin(event);
        let Event { class, component, counter } = T::ORDER.event(event);
        // Four of five events are arrivals.
        if class == EventClass::Arrival {
            return self.arrival(component, event);
        }
        match class {
            EventClass::Arrival => {}
            EventClass::Dequeue => self.dequeue(component),
            EventClass::HostTimer => self.host_timer(component, HostTimer::from_counter(counter)),
            EventClass::Submission => self.submission(component),
            EventClass::HostFailure => self.host_failure(component),
        }
    }
}

#[expect(private_bounds, reason = "observers, with a tap or without, and partitions of this crate")]
impl<T: Transport, S: Traffic, O: EventSink<T::Header>> Simulation<T, S, O> {
    /// An empty network at time zero, watched by an [`Observer`](crate::Observer) or a
    /// [`Tapped`](crate::Tapped) one; `transport` makes each host's end.
    pub fn new(
        topology: &Topology,
        config: FabricConfig,
        transport: impl FnMut(HostId) -> T,
        traffic: S,
        observer: O,
    ) -> Self {
        Self::build(topology, config, transport, traffic, observer)
    }

    /// Lets everything happen that happens before `end`.
    ///
    /// # Panics
    /// If `end` is in the past.
    pub fn run_until(&mut self, end: Time) -> Advanced {
        assert!(end >= self.now, "time never runs backwards");
        self.advance(end);
        self.catch_up_before(end);
        if self.scheduler.queue.is_empty() {
            return Advanced::Idle;
        }
        self.now = end;
        Advanced::Reached
    }
}

impl<T: Transport, S, O> Simulation<T, S, O> {
    /// Lets all ports catch up on what was due before `end`, so that they can be looked at.
    pub(crate) fn catch_up_before(&mut self, end: Time) {
        let Some(last) = end.as_ps().checked_sub(1).map(Time::from_ps) else { return };
        self.ports.iter_mut().for_each(|port| port.catch_up(&mut self.arena, last));
    }

    /// The current instant.
    pub fn now(&self) -> Time {
        self.now
    }

    /// The one who takes notes.
    pub fn observer(&self) -> &O {
        &self.observer
    }

    /// The one who takes notes, to be told something.
    pub fn observer_mut(&mut self) -> &mut O {
        &mut self.observer
    }

    /// The one who takes notes, given back with the rest dropped.
    pub fn into_observer(self) -> O {
        self.observer
    }

    /// Ends all generators: no message is created any more.
    pub fn stop_traffic(&mut self) {
        for generator in &mut self.generators {
            generator.pending = None;
            generator.is_blocked = false;
        }
        // As if they had never been scheduled: how many there are would depend on how the network
        // is divided.
        self.scheduler.queue.retain(|event| T::ORDER.event(event).class != EventClass::Submission);
    }

    /// Begins the averages and maxima of queues anew.
    pub fn restart_queue_statistics(&mut self) {
        self.measured_since = self.now;
        for port in &mut self.ports {
            port.restart_queue_statistics(self.now);
        }
    }

    /// All messages that were created and have not completed, by source host and slot.
    pub fn unfinished(&self) -> impl Iterator<Item = &Message> {
        self.messages.iter().flat_map(|messages| messages.iter().map(|(_, message)| message))
    }

    /// Each host's transport.
    pub fn transports(&self) -> impl Iterator<Item = &T> {
        self.hosts.iter().map(|host| &host.transport)
    }

    /// How many packets wait in ports or are in flight on links.
    pub fn packets_in_network(&self) -> usize {
        self.arena.len()
    }
}
