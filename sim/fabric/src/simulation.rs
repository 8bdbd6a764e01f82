//! The event loop that ties hosts, ports and traffic together.

mod ahead;
mod counted;

use crate::arena::Arena;
use crate::balancer::{Balancer, LoadBalancing};
use crate::faults::Faults;
use crate::host::{Host, HostTimer};
use crate::packet::{Message, MessageRef, Packet, PacketClass};
use crate::port::{Port, Schedule};
use crate::traffic::{Observer, Submission, Traffic};
use crate::transport::{MessageEnd, Timeout, Transport};
use ahead::LOOK_AHEAD_LINKS;
use homa_engine::{EventKey, EventQueue, Streams};
use homa_topologies::{HostId, LinkId, Node, Routes, SoftwareDelay, SwitchId, Topology};
use homa_units::{Duration, Priority, Time};
use rand::Rng;
use rand_chacha::ChaCha8Rng;
use slab::Slab;

/// Event classes in the order in which they happen at one instant.
mod class {
    pub(super) const FETCH: u8 = 0;
    pub(super) const HOST_TIMER: u8 = 1;
    pub(super) const ARRIVAL: u8 = 2;
    pub(super) const SUBMISSION: u8 = 3;
    pub(super) const DEATH: u8 = 4;
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
    /// The observer asked to stop.
    Stopped,
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
pub struct Simulation<T: Transport, S, O> {
    now: Time,
    queue: EventQueue,
    ports: Vec<Port>,
    arena: Arena<T::Header>,
    routes: Routes,
    balancers: Vec<Balancer>,
    load_balancing: LoadBalancing,
    software: SoftwareDelay,
    hosts: Vec<Host<T>>,
    /// Messages in flight, by source host; slots are used again.
    messages: Vec<Slab<Message>>,
    traffic: S,
    generators: Vec<Generator>,
    faults: Faults,
    /// For each host, which packets are lost; empty if none ever is.
    loss: Vec<ChaCha8Rng>,
    lost_packets: u64,
    /// Hosts that push their packets are those below this number: all or none.
    pushing_hosts: u32,
    observer: O,
    stopped: bool,
    measured_since: Time,
    received_wire_bytes: [[u64; Priority::LEVELS]; PacketClass::ALL.len()],
    events: u64,
    /// Whether what events need is brought into the cache before their turn.
    looks_ahead: bool,
    /// Reused: ports to which the packets of the next arrivals go.
    next_ports: Vec<u32>,
}

impl<T: Transport, S: Traffic, O: Observer> Simulation<T, S, O> {
    /// An empty network at time zero; `transport` makes each host's end.
    pub fn new(
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
            queue: EventQueue::new(2 * topology.links.len(), QUEUE_HORIZON),
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
            stopped: false,
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
    ///
    /// # Panics
    /// If `end` is in the past.
    pub fn run_until(&mut self, end: Time) -> Outcome {
        assert!(end >= self.now, "time never runs backwards");
        self.stopped = false;
        loop {
            if self.looks_ahead {
                self.look_ahead(end);
            }
            let Some(event) = self.queue.pop_before(end) else { break };
            self.now = event.at();
            self.events += 1;
            match event.class() {
                class::FETCH => self.fetch(event.component()),
                class::HOST_TIMER => self.host_timer(event.component(), HostTimer::from_counter(event.counter())),
                class::ARRIVAL => self.arrival(event.component()),
                class::SUBMISSION => self.submission(event.component()),
                _ => self.death(event.component()),
            }
            if self.stopped {
                return Outcome::Stopped;
            }
        }
        if self.queue.is_empty() {
            return Outcome::Idle;
        }
        self.now = end;
        Outcome::Reached
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
        }
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

    fn host_timer(&mut self, host: u32, timer: HostTimer) {
        let entry = &mut self.hosts[host as usize];
        if entry.dead {
            return;
        }
        match timer {
            HostTimer::Pull(_) => {
                entry.pull_armed = false;
                if entry.transport.has_packet() {
                    self.pull(host);
                }
            }
            HostTimer::Timeout(pulls) => {
                let fired = Timeout { at: self.now, pulls };
                if entry
                    .timeout_armed
                    .is_some_and(|armed| armed.at == fired.at && armed.pulls & (u32::MAX >> 1) == pulls)
                {
                    entry.timeout_armed = None;
                }
                entry.transport.handle_timeout(self.now);
                self.after_transport_call(host);
            }
        }
    }

    fn fetch(&mut self, port: u32) {
        if port >= self.pushing_hosts {
            let schedule = self.ports[port as usize].fetch(&mut self.arena, self.now);
            self.apply(port, schedule);
        } else if !self.hosts[port as usize].dead {
            let schedule = self.ports[port as usize].fetch(&mut self.arena, self.now);
            self.apply(port, schedule);
            self.frame_begun(port);
            self.after_transport_call(port);
        }
    }

    fn arrival(&mut self, link: u32) {
        let port = &mut self.ports[link as usize];
        let (id, next) = port.arrive(&self.arena, self.now);
        let to = port.to;
        if let Some(at) = next {
            self.queue.push(EventKey::new(at, class::ARRIVAL, link, 0));
        }
        match to {
            Node::Switch(switch) => {
                let LinkId(out) = self.route(switch, self.arena.get(id).destination);
                let schedule = self.ports[out as usize].offer(&mut self.arena, self.now, id);
                self.apply(out, schedule);
            }
            Node::Host(HostId(host)) => {
                let packet = self.arena.remove(id);
                if self.is_lost(host) {
                    self.lost_packets += 1;
                    return;
                }
                let class = T::class(&packet.header) as usize;
                self.received_wire_bytes[class][packet.priority.index()] += packet.wire_bytes().get();
                self.hosts[host as usize].transport.handle_packet(self.now, &packet);
                self.after_transport_call(host);
            }
        }
    }

    fn submission(&mut self, generator: u32) {
        let state = &mut self.generators[generator as usize];
        // The generator may have been stopped after this event was scheduled.
        let Some(Submission { source, destination, size, .. }) = state.pending else { return };
        if self.hosts[source.0 as usize].dead {
            self.next_submission(generator);
            return;
        }
        state.waits = state.under_way >= state.limit;
        if state.waits {
            return;
        }
        state.under_way += 1;
        assert!(
            source != destination && size.get() > 0,
            "a message has at least one byte and another host as destination"
        );
        let host = &mut self.hosts[source.0 as usize];
        let message = Message { created: self.now, source, destination, sequence: host.messages, generator, size };
        host.messages += 1;
        self.observer.created(&message);
        let slot = u32::try_from(self.messages[source.0 as usize].insert(message)).expect("fewer than 2^32 messages");
        host.transport.submit(self.now, MessageRef { source, slot }, &message);
        self.after_transport_call(source.0);
        self.next_submission(generator);
    }

    fn next_submission(&mut self, generator: u32) {
        let state = &mut self.generators[generator as usize];
        let before = state.pending.take().map_or(Time::ZERO, |submission| submission.at);
        state.pending = self.traffic.next(generator);
        assert!(
            state.pending.is_none_or(|submission| submission.at >= before),
            "a generator gives its messages in order of time"
        );
        self.schedule_submission(generator);
    }

    /// A generator that had to wait is late, and catches up.
    fn schedule_submission(&mut self, generator: u32) {
        if let Some(submission) = &self.generators[generator as usize].pending {
            let at = submission.at.max(self.now);
            self.queue.push(EventKey::new(at, class::SUBMISSION, generator, 0));
        }
    }

    fn is_lost(&mut self, host: u32) -> bool {
        let threshold = self.faults.loss_threshold;
        self.hosts[host as usize].dead || (threshold > 0 && self.loss[host as usize].next_u64() < threshold)
    }

    /// From now on the host does nothing, and nobody waits for what it has begun.
    fn death(&mut self, host: u32) {
        self.hosts[host as usize].dead = true;
        self.ports[host as usize].discard_waiting(&mut self.arena, self.now);
        for message in core::mem::take(&mut self.messages[host as usize]).drain() {
            self.has_ended(&message);
            self.stopped |= self.observer.abandoned(self.now, &message).is_break();
        }
    }

    /// A message is under way no more.
    fn has_ended(&mut self, message: &Message) {
        let generator = &mut self.generators[message.generator as usize];
        generator.under_way -= 1;
        if core::mem::take(&mut generator.waits) {
            self.queue.push(EventKey::new(self.now, class::SUBMISSION, message.generator, 0));
        }
    }

    /// Does what a transport's contract asks for after each call.
    #[inline]
    fn after_transport_call(&mut self, host: u32) {
        while let Some(end) = self.hosts[host as usize].transport.poll_completion() {
            let MessageEnd { message: MessageRef { source, slot }, sequence, failed } = end;
            let messages = &mut self.messages[source.0 as usize];
            let expected = |message: &Message| sequence.is_none_or(|sequence| message.sequence == sequence);
            let is_late = sequence.is_some() && !messages.get(slot as usize).is_some_and(expected);
            if is_late || self.hosts[source.0 as usize].dead {
                continue;
            }
            let message = messages.remove(slot as usize);
            assert!(
                message.destination == HostId(host) || (sequence.is_some() && message.source == HostId(host)),
                "a message ends at its destination or, where there is an answer, at its source"
            );
            self.has_ended(&message);
            let flow = if failed {
                self.observer.failed(self.now, &message)
            } else {
                self.observer.completed(self.now, &message)
            };
            self.stopped |= flow.is_break();
        }
        if host < self.pushing_hosts {
            self.push(host);
        }
        let entry = &mut self.hosts[host as usize];
        if let Some(Timeout { at, pulls }) = entry.timeout_to_arm() {
            self.queue.push(EventKey::new(at, class::HOST_TIMER, host, HostTimer::Timeout(pulls).counter()));
        }
        if !entry.pull_armed && entry.transport.has_packet() {
            if self.now >= entry.next_pull {
                self.pull(host);
            } else {
                self.arm_pull(host);
            }
        }
    }

    /// Puts everything that a transport has into the queue of the host's NIC.
    fn push(&mut self, host: u32) {
        while self.hosts[host as usize].transport.has_packet() {
            let packet = self.hosts[host as usize].transport.poll_transmit(self.now);
            let id = self.arena.insert(packet.expect("the transport said it has a packet"));
            let port = &mut self.ports[host as usize];
            let frames = port.counters.frames;
            let schedule = port.offer_at(&mut self.arena, self.now, id, Priority::HIGHEST);
            let begun = port.counters.frames > frames;
            self.apply(host, schedule);
            if begun {
                self.frame_begun(host);
            }
        }
    }

    /// Tells a transport that pushes when the frame that its NIC has begun will have left.
    fn frame_begun(&mut self, host: u32) {
        let (end, frame_bytes) = self.ports[host as usize].last_frame(&self.arena);
        self.hosts[host as usize].transport.handle_nic_completion(end, frame_bytes);
    }

    /// Takes a packet from a transport that has one and puts it on the host's link.
    #[inline]
    fn pull(&mut self, host: u32) {
        let entry = &mut self.hosts[host as usize];
        let port = &mut self.ports[host as usize];
        let packet: Packet<_> = entry.transport.poll_transmit(self.now).expect("the transport said it has a packet");
        entry.pulls += 1;
        entry.next_pull = self.now + port.serialization(packet.wire_bytes().get());
        port.counters.pass(u64::from(packet.frame_bytes));
        let id = self.arena.insert(packet);
        let arrival = port.transmit(&mut self.arena, self.now + self.software.send, id);
        let more = entry.transport.has_packet();
        self.apply(host, Schedule { fetch: None, arrival });
        if more {
            self.arm_pull(host);
        }
    }

    fn arm_pull(&mut self, host: u32) {
        let entry = &mut self.hosts[host as usize];
        entry.pull_armed = true;
        let counter = HostTimer::Pull(entry.pulls).counter();
        self.queue.push(EventKey::new(entry.next_pull, class::HOST_TIMER, host, counter));
    }

    #[inline]
    fn route(&mut self, switch: SwitchId, destination: HostId) -> LinkId {
        let choices = self.routes.choices(switch, destination);
        if let [only] = choices {
            return *only;
        }
        let choice = self.balancers[switch.0 as usize].choose(self.load_balancing, choices.len() as u32);
        choices[choice as usize]
    }

    #[inline]
    fn apply(&mut self, port: u32, schedule: Schedule) {
        if let Some(at) = schedule.fetch {
            self.queue.push(EventKey::new(at, class::FETCH, port, 0));
        }
        if let Some(at) = schedule.arrival {
            self.queue.push(EventKey::new(at, class::ARRIVAL, port, 0));
        }
    }
}
