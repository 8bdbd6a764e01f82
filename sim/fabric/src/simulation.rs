//! The event loop that ties hosts, ports and traffic together.

mod ahead;
mod counted;
mod events;
pub(crate) mod notes;

use crate::arena::Arena;
use crate::balancer::{Balancer, LoadBalancing};
use crate::faults::Faults;
use crate::host::{Host, HostTimer};
use crate::packet::Message;
use crate::port::Port;
use crate::traffic::{Observer, Submission, Traffic};
use crate::transport::{PACKET_CLASSES, Transport};
use ahead::LOOK_AHEAD_LINKS;
pub(crate) use counted::tier_statistics;
use homa_engine::{EventKey, EventQueue, Streams};
use homa_topologies::{HostId, Routes, SoftwareDelay, Topology};
use homa_units::{Duration, Priority, Time};
use notes::Notes;
use rand_chacha::ChaCha8Rng;
use slab::Slab;

/// Event classes in the order in which they happen at one instant.
pub(crate) mod class {
    pub(crate) const FETCH: u8 = 0;
    pub(crate) const HOST_TIMER: u8 = 1;
    pub(crate) const ARRIVAL: u8 = 2;
    pub(crate) const SUBMISSION: u8 = 3;
    pub(crate) const DEATH: u8 = 4;
}

/// Choices that belong to the network rather than to the topology.
#[derive(Debug, Clone)]
pub struct FabricConfig {
    /// How a switch chooses among equally short paths.
    pub load_balancing: LoadBalancing,
    /// What goes wrong.
    pub faults: Faults,
    /// The run's randomness.
    pub streams: Streams,
}

/// Why a call of [`Simulation::run_until`] came back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// All events before the given instant have happened.
    Reached,
    /// Nothing is left to happen.
    Idle,
}

/// Most events are due within it: the time of a full frame at 10 Gbps and delays of microseconds.
const QUEUE_HORIZON: Duration = Duration::from_us(8);

/// A source of messages, and how far it is.
#[derive(Debug)]
struct Generator {
    /// The next message; none at the end.
    pending: Option<Submission>,
    /// How many messages may be under way.
    limit: u32,
    under_way: u32,
    /// The next message is due, and waits until one that is under way has ended.
    waits: bool,
}

/// A network of hosts that run the transport `T`, under the traffic `S`, watched by `O`.
// Parts of a run that several threads simulate lie beside each other in memory, and must not share cache lines.
#[repr(align(128))]
pub struct Simulation<T: Transport, S, O> {
    pub(crate) now: Time,
    pub(crate) queue: EventQueue,
    pub(crate) ports: Vec<Port>,
    pub(crate) arena: Arena<T::Header>,
    routes: Routes,
    balancers: Vec<Balancer>,
    load_balancing: LoadBalancing,
    software: SoftwareDelay,
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
    /// Whether what events need is brought into the cache before their turn.
    looks_ahead: bool,
    /// Reused: ports to which the packets of the next arrivals go.
    next_ports: Vec<u32>,
}

#[expect(private_bounds, reason = "which kinds of notes there are is this crate's own business")]
impl<T: Transport, S: Traffic, O: Notes<T::Header>> Simulation<T, S, O> {
    /// An empty network at time zero.
    pub(crate) fn build(
        topology: &Topology,
        config: FabricConfig,
        transport: impl FnMut(HostId) -> T,
        mut traffic: S,
        observer: O,
    ) -> Self {
        let generators = (0..traffic.generators()).map(|generator| Generator {
            pending: traffic.next(generator),
            limit: traffic.limit(generator).unwrap_or(u32::MAX),
            under_way: 0,
            waits: false,
        });
        let generators = generators.collect();
        let hosts: Vec<Host<T>> = (0..topology.hosts).map(HostId).map(transport).map(Host::new).collect();
        let pushing_hosts = hosts.iter().filter(|host| host.transport.pushes()).count() as u32;
        assert!(pushing_hosts == 0 || pushing_hosts == topology.hosts, "either all hosts push or none does");
        // A stream is a third of a kilobyte: networks without loss do without.
        let lossy_hosts = if config.faults.loss_threshold > 0 { topology.hosts } else { 0 };
        let balancer = |switch| Balancer::new(config.streams.stream("spraying", switch));
        let mut simulation = Self {
            now: Time::ZERO,
            queue: EventQueue::new(2 * topology.links.len() / observer.parts(), QUEUE_HORIZON),
            arena: Arena::new(),
            ports: topology.links.iter().map(|link| Port::new(link, &topology.software)).collect(),
            routes: topology.routes.clone(),
            balancers: (0..topology.switches).map(balancer).collect(),
            load_balancing: config.load_balancing,
            software: topology.software,
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
            looks_ahead: topology.links.len() >= LOOK_AHEAD_LINKS,
            next_ports: Vec::new(),
        };
        for host in 0..pushing_hosts {
            simulation.ports[host as usize].delay_by(topology.software.send);
        }
        for generator in 0..simulation.traffic.generators() {
            simulation.schedule_submission(generator);
        }
        for (HostId(host), at) in &simulation.faults.deaths {
            assert!(*host < topology.hosts, "only hosts of the network die");
            simulation.queue.push(EventKey::new(*at, class::DEATH, *host, 0));
        }
        simulation
    }

    /// Lets everything happen that happens before `end`.
    #[inline]
    pub(crate) fn advance(&mut self, end: Time) {
        loop {
            if self.looks_ahead {
                self.look_ahead(end);
            }
            let Some(event) = self.queue.pop_before(end) else { break };
            self.now = event.at();
            self.events += 1;
            self.observer.begin(event);
            match event.class() {
                class::FETCH => self.fetch(event.component()),
                class::HOST_TIMER => self.host_timer(event.component(), HostTimer::from_counter(event.counter())),
                class::ARRIVAL => self.arrival(event.component()),
                class::SUBMISSION => self.submission(event.component()),
                _ => self.death(event.component()),
            }
        }
    }
}

impl<T: Transport, S: Traffic, O: Observer> Simulation<T, S, O> {
    /// An empty network at time zero; `transport` makes each host's end.
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
    pub fn run_until(&mut self, end: Time) -> Outcome {
        assert!(end >= self.now, "time never runs backwards");
        self.advance(end);
        if self.queue.is_empty() {
            return Outcome::Idle;
        }
        self.now = end;
        Outcome::Reached
    }
}

impl<T: Transport, S, O> Simulation<T, S, O> {
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
            generator.waits = false;
        }
        // As if they had never been scheduled: how many there are would depend on how the network is divided.
        self.queue.retain(|event| event.class() != class::SUBMISSION);
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
