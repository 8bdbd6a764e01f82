//! A network in partitions, each on a thread of its own, does what it does as a whole: every packet
//! arrives at the same instant, the observer hears the same in the same order, and what is counted
//! is the same.

use homa_engine::Streams;
use homa_fabric::{
    Advanced, FabricConfig, FabricStatistics, Faults, Framing, Indivisible, LoadBalancing, Marks, Message, MessageEnd,
    MessageRef, NoTraffic, Observer, Packet, Partitioning, Partitions, Simulation, Submission, Traffic, Transport,
};
use homa_topologies::{Delays, FatTree, HostId, Topology, TopologySpec, preset};
use homa_units::{BitRate, Bytes, Duration, Priority, Time};
use proptest::prelude::*;
use std::collections::{BTreeMap, VecDeque};
use std::time::Duration as WallDuration;

#[derive(Debug, Clone, Copy)]
struct Header {
    message: MessageRef,
    size: u64,
    is_answer: bool,
}

/// Sends each message at once, and answers one that has arrived some time later, by a timer.
struct Answering {
    host: HostId,
    ready: VecDeque<Packet<Header>>,
    arrived_bytes: BTreeMap<MessageRef, u64>,
    ended: VecDeque<MessageEnd>,
    answers: VecDeque<(Time, Packet<Header>)>,
    /// Each packet that came: when, from where, of which message, how long.
    seen: Vec<(u64, u32, u32, u16)>,
    panics_at: Option<Time>,
}

impl Answering {
    fn new(host: HostId) -> Self {
        Self {
            host,
            ready: VecDeque::new(),
            arrived_bytes: BTreeMap::new(),
            ended: VecDeque::new(),
            answers: VecDeque::new(),
            seen: Vec::new(),
            panics_at: None,
        }
    }
}

const ANSWER_DELAY: Duration = Duration::from_us(1);

impl Transport for Answering {
    type Header = Header;

    fn submit(&mut self, _: Time, message: MessageRef, &Message { destination, size, .. }: &Message) {
        let header = Header { message, size: size.get(), is_answer: false };
        let mut left = size.get();
        while left > 0 {
            let frame_bytes = left.min(1_518) as u16;
            left -= u64::from(frame_bytes);
            let priority = Priority::new((left % 8) as u8);
            let frame_bytes = frame_bytes.max(64);
            self.ready.push_back(Packet {
                header,
                source: self.host,
                destination,
                frame_bytes,
                priority,
                marks: Marks::NONE,
            });
        }
    }

    fn handle_packet(&mut self, now: Time, packet: &Packet<Header>) {
        let Header { message, size, is_answer } = packet.header;
        self.seen.push((now.as_ps(), packet.source.0, message.sequence, packet.frame_bytes));
        assert!(self.panics_at.is_none_or(|at| now < at), "the transport was told to panic");
        if is_answer {
            return;
        }
        let arrived = self.arrived_bytes.entry(message).or_default();
        *arrived += u64::from(packet.frame_bytes);
        if *arrived >= size {
            self.arrived_bytes.remove(&message);
            self.ended.push_back(MessageEnd { message, failed: false, may_repeat: true });
            let header = Header { is_answer: true, ..packet.header };
            let answer = Packet { header, source: self.host, destination: packet.source, frame_bytes: 64, ..*packet };
            self.answers.push_back((now + ANSWER_DELAY, answer));
        }
    }

    fn handle_timeout(&mut self, now: Time) {
        if self.answers.front().is_some_and(|(at, _)| *at <= now) {
            self.ready.extend(self.answers.pop_front().map(|(_, answer)| answer));
        }
    }

    fn has_packet(&self) -> bool {
        !self.ready.is_empty()
    }

    fn poll_transmit(&mut self, _: Time) -> Option<Packet<Header>> {
        self.ready.pop_front()
    }

    fn poll_completion(&mut self) -> Option<MessageEnd> {
        self.ended.pop_front()
    }

    fn poll_timeout(&self) -> Option<Time> {
        self.answers.front().map(|(at, _)| *at)
    }

    fn class(header: &Header) -> usize {
        usize::from(header.is_answer)
    }
}

/// Messages from one generator, or from one of each host.
#[derive(Debug, Clone)]
struct Script {
    generators: Vec<std::vec::IntoIter<Submission>>,
    max_outstanding: Option<u32>,
}

impl Script {
    fn new(topology: &Topology, messages: Vec<Submission>, of_each_host: bool) -> Self {
        let of = |host| messages.iter().copied().filter(move |message| message.source == HostId(host));
        let generators = match of_each_host {
            true => (0..topology.hosts).map(|host| of(host).collect::<Vec<_>>().into_iter()).collect(),
            false => vec![messages.into_iter()],
        };
        Self { generators, max_outstanding: None }
    }
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

    fn source(&self, generator: u32) -> Option<HostId> {
        (self.generators.len() > 1).then_some(HostId(generator))
    }
}

/// What the observer is told, in this order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Heard(Vec<(&'static str, u64, Message)>);

impl Heard {
    /// With messages that were created at one instant by source: that order is open if one
    /// generator made them.
    fn sorted(mut self) -> Self {
        let one_instant = |first: &(&str, u64, _), second: &(&str, u64, _)| {
            first.0 == "created" && (first.0, first.1) == (second.0, second.1)
        };
        let created = self.0.chunk_by_mut(one_instant);
        created.for_each(|messages| messages.sort_by_key(|(_, _, message)| message.source));
        self
    }
}

impl Observer for Heard {
    fn created(&mut self, message: &Message) {
        self.0.push(("created", message.created.as_ps(), *message));
    }

    fn completed(&mut self, at: Time, message: &Message) {
        self.0.push(("completed", at.as_ps(), *message));
    }

    fn abandoned(&mut self, at: Time, message: &Message) {
        self.0.push(("abandoned", at.as_ps(), *message));
    }
}

#[derive(Debug, Clone)]
struct Scene {
    topology: Topology,
    messages: Vec<Submission>,
    of_each_host: bool,
    load_balancing: LoadBalancing,
    faults: Faults,
    seed: u64,
    /// Small networks don't by themselves.
    prefetches: bool,
    /// Where calls of `run_until` end, and after how many of them no more messages are sent.
    ends_ns: Vec<u64>,
    stops_after: usize,
}

/// All that can be seen.
type Outcomes = (Vec<Advanced>, Time, Heard, FabricStatistics, Vec<Vec<(u64, u32, u32, u16)>>, Vec<(u64, u32, u32)>);

macro_rules! outcomes {
    ($scene:expr, $network:expr) => {{
        let mut network = $network;
        network.set_prefetch($scene.prefetches);
        let mut outcomes = Vec::new();
        for end_ns in &$scene.ends_ns {
            let end = (Time::ZERO + Duration::from_ns(*end_ns)).max(network.now());
            outcomes.push(network.run_until(end));
            if outcomes.len() == 1 {
                network.restart_queue_statistics();
            }
            if outcomes.len() == $scene.stops_after {
                network.stop_traffic();
            }
        }
        outcomes.push(network.run_until(Time::MAX));
        let seen = network.transports().map(|host| host.seen.clone()).collect();
        let identity = |message: &Message| (message.created.as_ps(), message.source.0, message.sequence);
        let mut unfinished: Vec<_> = network.unfinished().map(identity).collect();
        unfinished.sort_unstable();
        (outcomes, network.now(), network.observer().clone().sorted(), network.statistics(), seen, unfinished)
    }};
}

impl Scene {
    fn config(&self) -> FabricConfig {
        let (load_balancing, faults) = (self.load_balancing, self.faults.clone());
        FabricConfig { faults, ..FabricConfig::new(load_balancing, Streams::new(self.seed)) }
    }

    fn script(&self) -> Script {
        Script::new(&self.topology, self.messages.clone(), self.of_each_host)
    }

    fn as_a_whole(&self) -> Outcomes {
        let whole = Simulation::new(&self.topology, self.config(), Answering::new, self.script(), Heard::default());
        outcomes!(self, whole)
    }

    fn partitions(
        &self,
        partitions: u32,
        transport: impl FnMut(HostId) -> Answering,
    ) -> Partitions<Answering, Script, Heard> {
        let partitioning = Partitioning::new(&self.topology, Framing::ETHERNET, partitions).unwrap();
        let (config, script) = (self.config(), || self.script());
        Partitions::new(&self.topology, partitioning, &config, transport, script, Heard::default(), no_clock).unwrap()
    }

    fn in_parts(&self, partitions: u32) -> Outcomes {
        outcomes!(self, self.partitions(partitions, Answering::new))
    }
}

const fn no_clock() -> WallDuration {
    WallDuration::ZERO
}

fn shipped(name: &str) -> Topology {
    preset(name).unwrap().build(name).unwrap()
}

/// Four pods of two racks of two hosts.
fn fat_tree() -> Topology {
    let rate = BitRate::from_gbps(10);
    let ns = Duration::from_ns;
    let delays =
        Delays { software_send: ns(500), software_receive: ns(500), nic: ns(500), switch: ns(250), link: ns(0) };
    TopologySpec::FatTree(FatTree { k: 4, host_rate: rate, uplink_rate: rate, core_rate: None, delays })
        .build("fat-tree")
        .unwrap()
}

/// Messages at few instants, so that many things happen at once, between all hosts.
fn messages(hosts: u32) -> impl Strategy<Value = Vec<Submission>> {
    let message =
        (0..12_u64, 0..hosts, 1..hosts, 1..6_000_u64).prop_map(move |(at, source, offset, bytes)| Submission {
            at: Time::ZERO + Duration::from_ns(at * 700),
            source: HostId(source),
            destination: HostId((source + offset) % hosts),
            size: Bytes::new(bytes / 1_000 * 1_000 + 64),
        });
    prop::collection::vec(message, 1..120).prop_map(|mut messages| {
        messages.sort_by_key(|message| message.at);
        messages
    })
}

fn scenes() -> impl Strategy<Value = Scene> {
    let topology = prop_oneof![Just(shipped("sigcomm18-16")), Just(fat_tree()), Just(shipped("sigcomm18"))];
    let load_balancing =
        prop_oneof![Just(LoadBalancing::RandomSpraying), Just(LoadBalancing::RoundRobin), Just(LoadBalancing::First)];
    let faults =
        (0..3_u8, prop::collection::vec((0..16_u32, 0..20_000_u64), 0..3)).prop_map(|(loss, host_failures)| {
            let mut faults = Faults::default().with_loss(f64::from(loss) * 0.1).unwrap();
            faults.host_failures = host_failures
                .into_iter()
                .map(|(host, at)| (HostId(host), Time::ZERO + Duration::from_ns(at)))
                .collect();
            faults
        });
    let ends_ns = prop::collection::vec(0..30_000_u64, 0..6).prop_map(|mut ends| {
        ends.sort_unstable();
        ends
    });
    (topology, load_balancing, faults, (ends_ns, 0..8_usize), any::<[bool; 2]>(), any::<u64>()).prop_flat_map(
        |(topology, load_balancing, faults, (ends_ns, stops_after), [of_each_host, prefetches], seed)| {
            messages(topology.hosts).prop_map(move |messages| Scene {
                topology: topology.clone(),
                messages,
                of_each_host,
                load_balancing,
                faults: faults.clone(),
                seed,
                prefetches,
                ends_ns: ends_ns.clone(),
                stops_after,
            })
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn parts_do_what_the_whole_does(scene in scenes(), partitions in 2..5_u32) {
        prop_assert_eq!(scene.in_parts(partitions), scene.as_a_whole());
    }
}

/// Every host of the fat-tree sends to one, and to one in the next pod.
fn burst() -> Scene {
    let at = Time::ZERO;
    let pairs = (1..16).flat_map(|host| [(host, 0), (host, (host + 4) % 16)]);
    let messages = pairs.map(|(source, destination)| Submission {
        at,
        source: HostId(source),
        destination: HostId(destination),
        size: Bytes::new(30_000),
    });
    Scene {
        topology: fat_tree(),
        messages: messages.collect(),
        of_each_host: true,
        load_balancing: LoadBalancing::RandomSpraying,
        faults: Faults::default(),
        seed: 1,
        prefetches: false,
        ends_ns: Vec::new(),
        stops_after: 0,
    }
}

#[test]
fn the_most_packets_at_a_time_are_counted_over_all_parts() {
    let (_, _, heard, statistics, ..) = burst().in_parts(4);
    assert_eq!(heard.0.len(), 60);
    let (_, _, _, whole, ..) = burst().as_a_whole();
    assert_eq!(statistics.packets_in_network_max, whole.packets_in_network_max);
    assert!(statistics.packets_in_network_max > 200, "{}", statistics.packets_in_network_max);
}

#[test]
fn a_panic_in_one_part_ends_the_run() {
    let transport = |host: HostId| {
        let panics_at = (host == HostId(15)).then_some(Time::ZERO + Duration::from_us(20));
        Answering { panics_at, ..Answering::new(host) }
    };
    let mut partitions = burst().partitions(4, transport);
    let run = std::panic::AssertUnwindSafe(|| partitions.run_until(Time::MAX));
    let panic = std::panic::catch_unwind(run).unwrap_err();
    assert_eq!(panic.downcast_ref::<&str>(), Some(&"the transport was told to panic"));
}

#[test]
fn parts_have_whole_racks_or_pods_and_as_equally_many_as_can_be() {
    let hosts = |topology: &Topology, partitions| {
        let partitioning = Partitioning::new(topology, Framing::ETHERNET, partitions).unwrap();
        (0..partitioning.partitions()).map(|partition| partitioning.hosts(partition)).collect::<Vec<_>>()
    };
    assert_eq!(hosts(&shipped("sigcomm18"), 2), [0..80, 80..144]);
    assert_eq!(hosts(&shipped("sigcomm18"), 4), [0..48, 48..80, 80..112, 112..144]);
    assert_eq!(hosts(&fat_tree(), 3), [0..8, 8..12, 12..16]);
    assert_eq!(hosts(&fat_tree(), 64), [0..4, 4..8, 8..12, 12..16]);
}

/// The shortest frame takes 72 bytes of a link of 40 Gbps, then 250 ns to the other end.
#[test]
fn the_lookahead_is_the_shortest_time_in_which_a_packet_crosses() {
    let partitioning = Partitioning::new(&shipped("sigcomm18"), Framing::ETHERNET, 2).unwrap();
    assert_eq!(partitioning.lookahead(), Duration::from_ps(14_400 + 250_000));
}

#[test]
fn what_has_no_lookahead_is_not_divided() {
    assert_eq!(Partitioning::new(&shipped("linux-cluster"), Framing::ETHERNET, 2).unwrap_err(), Indivisible::OneSwitch);
    let one_rack = preset("sigcomm18-16").map(|spec| match spec {
        TopologySpec::LeafSpine(spec) => TopologySpec::LeafSpine(homa_topologies::LeafSpine { racks: 1, ..spec }),
        _ => unreachable!("it is a leaf-spine"),
    });
    let one_rack = one_rack.unwrap().build("one rack").unwrap();
    assert_eq!(Partitioning::new(&one_rack, Framing::ETHERNET, 2).unwrap_err(), Indivisible::OneUnit("rack"));

    let scene = burst();
    let partitioning = Partitioning::new(&scene.topology, Framing::ETHERNET, 2).unwrap();
    let limited = || Script { max_outstanding: Some(1), ..scene.script() };
    let partitions = Partitions::new(
        &scene.topology,
        partitioning,
        &scene.config(),
        Answering::new,
        limited,
        Heard::default(),
        no_clock,
    );
    assert_eq!(partitions.err(), Some(Indivisible::LimitedTraffic));
}

#[test]
fn a_network_without_messages_is_idle_at_once() {
    let topology = fat_tree();
    let partitioning = Partitioning::new(&topology, Framing::ETHERNET, 2).unwrap();
    let config = burst().config();
    let partitions =
        Partitions::new(&topology, partitioning, &config, Answering::new, || NoTraffic, Heard::default(), no_clock);
    let mut partitions = partitions.unwrap();
    assert_eq!(partitions.run_until(Time::MAX), Advanced::Idle);
    assert_eq!((partitions.now(), partitions.statistics().events), (Time::ZERO, 0));
}
