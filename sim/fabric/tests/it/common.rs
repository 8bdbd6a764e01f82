//! The plainest transport there is, under scripted messages, with notes of every pull, arrival and
//! completion.

use homa_engine::Streams;
use homa_fabric::{
    FabricConfig, Faults, LoadBalancing, Marks, Message, MessageEnd, MessageRef, Observer, Packet, Simulation,
    Submission, Traffic, Transport,
};
use homa_topologies::{Delays, HostId, SingleSwitch, Topology, TopologySpec, preset};
use homa_units::{BitRate, Bytes, Duration, Priority, Time};
use std::cell::RefCell;
use std::cmp::Reverse;
use std::collections::{BTreeMap, VecDeque};
use std::rc::Rc;

/// A message and the packets it is sent as: frame bytes and priority of each. Its size is the sum
/// of its frames.
#[derive(Debug, Clone)]
pub(crate) struct Sent {
    pub(crate) at_ps: u64,
    pub(crate) source: u32,
    pub(crate) destination: u32,
    pub(crate) packets: Vec<(u16, u8)>,
}

impl Sent {
    pub(crate) fn bytes(&self) -> u64 {
        self.packets.iter().map(|(frame, _)| u64::from(*frame)).sum()
    }
}

pub(crate) fn sent(at_ps: u64, source: u32, destination: u32, packets: &[(u16, u8)]) -> Sent {
    Sent { at_ps, source, destination, packets: packets.to_vec() }
}

/// Which packet of which message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Header {
    slot: u32,
    size: u64,
    /// Counts the messages of the sending host.
    pub(crate) message: u32,
    /// Counts the packets of the message.
    pub(crate) packet: u32,
}

/// A packet seen at a transport: when, and which one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Seen {
    pub(crate) at_ps: u64,
    pub(crate) packet: Packet<Header>,
}

#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(crate) struct Notes {
    pub(crate) pulled: Vec<Seen>,
    pub(crate) arrived: Vec<Seen>,
    /// What a NIC that is pushed reports: host, instant at which a frame will have left, frame
    /// bytes.
    pub(crate) left: Vec<(u32, u64, u16)>,
}

impl Notes {
    /// Instant and source of each arrival.
    pub(crate) fn arrivals(&self) -> Vec<(u64, u32)> {
        self.arrived.iter().map(|seen| (seen.at_ps, seen.packet.source.0)).collect()
    }
}

/// Sends what it has at once, the highest priority first, and completes a message when all its
/// bytes have arrived.
pub(crate) struct Plain {
    host: HostId,
    pushes: bool,
    plans: VecDeque<Vec<(u16, u8)>>,
    submitted: u32,
    queued: u32,
    ready: BTreeMap<(Reverse<Priority>, u32), Packet<Header>>,
    arrived_bytes: BTreeMap<MessageRef, u64>,
    completed: Option<MessageRef>,
    notes: Rc<RefCell<Notes>>,
}

impl Transport for Plain {
    type Header = Header;

    fn submit(&mut self, _: Time, reference: MessageRef, message: &Message) {
        let plan = self.plans.pop_front().expect("each message has a plan");
        for (number, (frame_bytes, priority)) in plan.into_iter().enumerate() {
            let header = Header {
                slot: reference.slot,
                size: message.size.get(),
                message: self.submitted,
                packet: number as u32,
            };
            let priority = Priority::new(priority);
            let packet = Packet {
                header,
                source: self.host,
                destination: message.destination,
                frame_bytes,
                priority,
                marks: Marks::NONE,
            };
            self.ready.insert((Reverse(priority), self.queued), packet);
            self.queued += 1;
        }
        self.submitted += 1;
    }

    fn handle_packet(&mut self, now: Time, packet: &Packet<Header>) {
        self.notes.borrow_mut().arrived.push(Seen { at_ps: now.as_ps(), packet: *packet });
        let message = MessageRef { source: packet.source, slot: packet.header.slot, sequence: packet.header.message };
        let arrived = self.arrived_bytes.entry(message).or_default();
        *arrived += u64::from(packet.frame_bytes);
        if *arrived == packet.header.size {
            self.arrived_bytes.remove(&message);
            self.completed = Some(message);
        }
    }

    fn handle_timeout(&mut self, _: Time) {}

    fn has_packet(&self) -> bool {
        !self.ready.is_empty()
    }

    fn poll_transmit(&mut self, now: Time) -> Option<Packet<Header>> {
        let (_, packet) = self.ready.pop_first()?;
        self.notes.borrow_mut().pulled.push(Seen { at_ps: now.as_ps(), packet });
        Some(packet)
    }

    fn poll_completion(&mut self) -> Option<MessageEnd> {
        self.completed.take().map(MessageEnd::arrived)
    }

    fn poll_timeout(&self) -> Option<Time> {
        None
    }

    fn pushes(&self) -> bool {
        self.pushes
    }

    fn handle_nic_completion(&mut self, end: Time, frame_bytes: u16) {
        self.notes.borrow_mut().left.push((self.host.0, end.as_ps(), frame_bytes));
    }

    fn class(_: &Header) -> usize {
        0
    }
}

/// Scripted messages of several generators, each in order of time, with one bound on outstanding
/// messages.
pub(crate) struct Script {
    generators: Vec<std::vec::IntoIter<Submission>>,
    max_outstanding: Option<u32>,
}

impl Traffic for Script {
    fn generators(&self) -> u32 {
        self.generators.len() as u32
    }

    fn next(&mut self, generator: u32) -> Option<Submission> {
        self.generators[generator as usize].next()
    }

    fn max_outstanding(&self, _: u32) -> Option<u32> {
        self.max_outstanding
    }
}

/// Every creation, completion and abandoned message.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(crate) struct Log {
    pub(crate) created: Vec<Message>,
    pub(crate) completed: Vec<(Time, Message)>,
    pub(crate) abandoned: Vec<(Time, Message)>,
}

impl Observer for Log {
    fn created(&mut self, message: &Message) {
        self.created.push(*message);
    }

    fn completed(&mut self, at: Time, message: &Message) {
        self.completed.push((at, *message));
    }

    fn abandoned(&mut self, at: Time, message: &Message) {
        self.abandoned.push((at, *message));
    }
}

pub(crate) type Net = Simulation<Plain, Script, Log>;

/// What a network is put together from, besides its topology and messages.
#[derive(Debug, Clone)]
pub(crate) struct Setting {
    pub(crate) load_balancing: LoadBalancing,
    pub(crate) seed: u64,
    pub(crate) faults: Faults,
    pub(crate) pushes: bool,
    /// Each host's messages have a generator of their own; otherwise all have the same.
    pub(crate) per_host: bool,
    pub(crate) max_outstanding: Option<u32>,
}

/// Pulling NICs, nothing goes wrong, no limits.
pub(crate) fn plain() -> Setting {
    Setting {
        load_balancing: LoadBalancing::First,
        seed: 1,
        faults: Faults::default(),
        pushes: false,
        per_host: false,
        max_outstanding: None,
    }
}

/// A network under the given messages, and the notes its hosts take.
pub(crate) fn network(
    topology: &Topology,
    load_balancing: LoadBalancing,
    seed: u64,
    messages: &[Sent],
) -> (Net, Rc<RefCell<Notes>>) {
    network_with(topology, Setting { load_balancing, seed, ..plain() }, messages)
}

/// As [`network`], with everything that can be chosen.
pub(crate) fn network_with(topology: &Topology, setting: Setting, messages: &[Sent]) -> (Net, Rc<RefCell<Notes>>) {
    let mut messages = messages.to_vec();
    messages.sort_by_key(|message| message.at_ps);
    let notes = Rc::new(RefCell::new(Notes::default()));
    let transport = |host: HostId| Plain {
        host,
        pushes: setting.pushes,
        plans: messages.iter().filter(|sent| sent.source == host.0).map(|sent| sent.packets.clone()).collect(),
        submitted: 0,
        queued: 0,
        ready: BTreeMap::new(),
        arrived_bytes: BTreeMap::new(),
        completed: None,
        notes: Rc::clone(&notes),
    };
    let submission = |sent: &Sent| Submission {
        at: Time::from_ps(sent.at_ps),
        source: HostId(sent.source),
        destination: HostId(sent.destination),
        size: Bytes::new(sent.bytes()),
    };
    let of = |host| messages.iter().filter(move |sent| !setting.per_host || sent.source == host);
    let hosts = if setting.per_host { topology.hosts } else { 1 };
    let generators = (0..hosts).map(|host| of(host).map(submission).collect::<Vec<_>>().into_iter()).collect();
    let traffic = Script { generators, max_outstanding: setting.max_outstanding };
    let streams = Streams::new(setting.seed);
    let config = FabricConfig { faults: setting.faults, ..FabricConfig::new(setting.load_balancing, streams) };
    (Simulation::new(topology, config, transport, traffic, Log::default()), notes)
}

/// Runs the messages until nothing is left to happen.
pub(crate) fn run(topology: &Topology, messages: &[Sent]) -> (Net, Notes) {
    run_with(topology, plain(), messages)
}

/// As [`run`], with everything that can be chosen.
pub(crate) fn run_with(topology: &Topology, setting: Setting, messages: &[Sent]) -> (Net, Notes) {
    let (mut net, notes) = network_with(topology, setting, messages);
    net.run_until(Time::MAX);
    let notes = notes.borrow().clone();
    (net, notes)
}

pub(crate) fn shipped(name: &str) -> Topology {
    preset(name).unwrap().build(name).unwrap()
}

/// Hosts on one switch at 10 Gbps, no fixed delays: a byte takes 800 ps, and a frame is at the
/// switch's port when it has left its host.
pub(crate) fn bare_switch(hosts: u32) -> Topology {
    let none = Duration::ZERO;
    let delays = Delays { software_send: none, software_receive: none, nic: none, switch: none, link: none };
    let spec = SingleSwitch { hosts, host_rate: BitRate::from_gbps(10), delays };
    TopologySpec::SingleSwitch(spec).build("bare").unwrap()
}

/// What a byte takes at 10 Gbps, in picoseconds.
pub(crate) const BYTE: u64 = 800;

/// Frame and preamble at 10 Gbps, in picoseconds.
pub(crate) fn frame_ps(frame: u16) -> u64 {
    (u64::from(frame) + 8) * BYTE
}

/// Frame, preamble and gap at 10 Gbps, in picoseconds.
pub(crate) fn wire_ps(frame: u16) -> u64 {
    (u64::from(frame) + 20) * BYTE
}

/// A one-packet message that reaches the port to `destination` of a [`bare_switch`] at the instant
/// `at_ps`.
pub(crate) fn at_port(at_ps: u64, source: u32, destination: u32, frame: u16, priority: u8) -> Sent {
    sent(at_ps - frame_ps(frame), source, destination, &[(frame, priority)])
}

/// Frames and frame bytes by tier.
pub(crate) fn carried(net: &mut Net) -> BTreeMap<String, (u64, u64)> {
    net.statistics().tiers.iter().map(|tier| (tier.tier.clone(), (tier.frames, tier.frame_bytes))).collect()
}
