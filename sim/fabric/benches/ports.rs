//! What a packet costs in ports and on links, without a protocol: through one switch at low and at
//! high load.
//!
//! `cargo bench -p homa-fabric`. Hosts send messages of one packet at random times to random
//! others, at random priorities. At low load nearly every packet finds its port idle; at high load
//! most wait, and are fetched at the end of a frame. An item is a packet-hop: a packet put on a
//! link.

use divan::Bencher;
use divan::counter::ItemsCount;
use homa_engine::Streams;
use homa_fabric::{
    FabricConfig, LoadBalancing, Marks, Message, MessageEnd, MessageRef, Observer, Packet, Simulation, Submission,
    Traffic, Transport,
};
use homa_topologies::{Delays, HostId, SingleSwitch, Topology, TopologySpec};
use homa_units::{BitRate, Bytes, Duration, Priority, Time};
use rand::Rng;
use rand_chacha::ChaCha8Rng;
use std::collections::VecDeque;

const HOSTS: u32 = 16;
const FRAME_BYTES: u16 = 1_000;
/// Of a frame with preamble and gap at 10 Gbps.
const WIRE_PS: u64 = 1_020 * 800;
/// Simulated time of a sample.
const SPAN: Duration = Duration::from_us(500);

fn main() {
    divan::main();
}

/// Sends each message as one packet, first come first served.
#[derive(Default)]
struct OnePacket {
    ready: VecDeque<Packet<MessageRef>>,
    completed: Option<MessageRef>,
}

impl Transport for OnePacket {
    type Header = MessageRef;

    fn submit(&mut self, _: Time, reference: MessageRef, message: &Message) {
        self.ready.push_back(Packet {
            header: reference,
            source: message.source,
            destination: message.destination,
            frame_bytes: FRAME_BYTES,
            priority: Priority::new((message.sequence % 8) as u8),
            marks: Marks::NONE,
        });
    }

    fn handle_packet(&mut self, _: Time, packet: &Packet<MessageRef>) {
        self.completed = Some(packet.header);
    }

    fn handle_timeout(&mut self, _: Time) {}

    fn has_packet(&self) -> bool {
        !self.ready.is_empty()
    }

    fn poll_transmit(&mut self, _: Time) -> Option<Packet<MessageRef>> {
        self.ready.pop_front()
    }

    fn poll_completion(&mut self) -> Option<MessageEnd> {
        self.completed.take().map(MessageEnd::arrived)
    }

    fn poll_timeout(&self) -> Option<Time> {
        None
    }

    fn class(_: &MessageRef) -> usize {
        0
    }
}

/// Each host sends after gaps that are uniform from nothing to twice the mean.
struct Uniform {
    hosts: Vec<(Time, ChaCha8Rng)>,
    gap_ps_max: u64,
}

impl Traffic for Uniform {
    fn generators(&self) -> u32 {
        HOSTS
    }

    fn next(&mut self, source: u32) -> Option<Submission> {
        let (at, generator) = &mut self.hosts[source as usize];
        *at += Duration::from_ps(generator.next_u64() % self.gap_ps_max);
        let step = 1 + (generator.next_u64() % u64::from(HOSTS - 1)) as u32;
        let destination = HostId((source + step) % HOSTS);
        Some(Submission { at: *at, source: HostId(source), destination, size: Bytes::new(u64::from(FRAME_BYTES)) })
    }
}

struct Nothing;

impl Observer for Nothing {
    fn created(&mut self, _: &Message) {}

    fn completed(&mut self, _: Time, _: &Message) {}
}

fn one_switch() -> Topology {
    let ns = Duration::from_ns;
    let delays =
        Delays { software_send: ns(500), software_receive: ns(500), nic: ns(500), switch: ns(250), link: ns(0) };
    let spec = SingleSwitch { hosts: HOSTS, host_rate: BitRate::from_gbps(10), delays };
    TopologySpec::SingleSwitch(spec).build("switch").expect("a plain switch")
}

fn simulation(topology: &Topology, load_percent: u64) -> Simulation<OnePacket, Uniform, Nothing> {
    let streams = Streams::new(1);
    let hosts = (0..HOSTS).map(|host| (Time::ZERO, streams.stream("traffic", host))).collect();
    let traffic = Uniform { hosts, gap_ps_max: 2 * WIRE_PS * 100 / load_percent };
    let fabric = FabricConfig::new(LoadBalancing::First, streams);
    Simulation::new(topology, fabric, |_| OnePacket::default(), traffic, Nothing)
}

#[divan::bench(args = [5, 95])]
fn one_switch_at_load_percent(bencher: Bencher<'_, '_>, load_percent: u64) {
    let topology = one_switch();
    let mut once = simulation(&topology, load_percent);
    once.run_until(Time::ZERO + SPAN);
    let hops = once.statistics().packet_hops;
    bencher.counter(ItemsCount::new(hops)).with_inputs(|| simulation(&topology, load_percent)).bench_local_values(
        |mut simulation| {
            simulation.run_until(Time::ZERO + SPAN);
            simulation
        },
    );
}
