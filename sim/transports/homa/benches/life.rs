//! What a message costs in its life: between two hosts on one switch, without any other.
//!
//! `cargo bench -p homa-linux`. `sigcomm18` sends messages one way, `homa` echoes them. A sample is
//! 100 messages, one after the other; an item is a packet-hop: a packet put on a link, grants and
//! acknowledgements too.

use divan::Bencher;
use divan::counter::ItemsCount;
use homa_engine::Streams;
use homa_fabric::{FabricConfig, LoadBalancing, Message, Observer, Simulation, Submission, Traffic, Transport};
use homa_linux as homa;
use homa_sigcomm18 as sigcomm18;
use homa_topologies::{Delays, HostId, SingleSwitch, Topology, TopologySpec};
use homa_units::{BitRate, Bytes, Duration, Time};
use std::sync::Arc;

const MESSAGES: u64 = 100;
/// From one message to the next: longer than an echo of the longest takes.
const SPACING: Duration = Duration::from_us(300);

fn main() {
    divan::main();
}

/// Messages of one size, at equal distances.
struct Regular {
    sent: u64,
    size: u64,
}

impl Traffic for Regular {
    fn generators(&self) -> u32 {
        1
    }

    fn next(&mut self, _: u32) -> Option<Submission> {
        let at = Time::ZERO + SPACING * self.sent;
        self.sent += 1;
        let message = Submission { at, source: HostId(0), destination: HostId(1), size: Bytes::new(self.size) };
        (self.sent <= MESSAGES).then_some(message)
    }
}

/// Counts what has completed.
struct Completed(u64);

impl Observer for Completed {
    fn created(&mut self, _: &Message) {}

    fn completed(&mut self, _: Time, _: &Message) {
        self.0 += 1;
    }
}

fn two_hosts() -> Topology {
    let ns = Duration::from_ns;
    let delays =
        Delays { software_send: ns(500), software_receive: ns(500), nic: ns(500), switch: ns(250), link: ns(0) };
    let spec = SingleSwitch { hosts: 2, host_rate: BitRate::from_gbps(10), delays };
    TopologySpec::SingleSwitch(spec).build("pair").expect("a plain switch")
}

fn lives<T: Transport>(bencher: Bencher<'_, '_>, size: u64, transport: impl Fn(HostId) -> T) {
    let topology = two_hosts();
    let simulation = || {
        let streams = Streams::new(1);
        let fabric = FabricConfig::new(LoadBalancing::First, streams);
        Simulation::new(&topology, fabric, &transport, Regular { sent: 0, size }, Completed(0))
    };
    let end = Time::ZERO + SPACING * (MESSAGES + 1);
    let mut once = simulation();
    once.run_until(end);
    assert_eq!(once.observer().0, MESSAGES, "each message completes before the next one begins");
    let hops = once.statistics().packet_hops;
    bencher.counter(ItemsCount::new(hops)).with_inputs(simulation).bench_local_values(|mut simulation| {
        simulation.run_until(end);
        simulation
    });
}

#[divan::bench(args = [100, 100_000])]
fn sigcomm18_message(bencher: Bencher<'_, '_>, size: u64) {
    let cutoffs = Some(vec![433, 2_339, 6_756]);
    let parameters = sigcomm18::Parameters { scheduled_levels: Some(4), cutoffs, ..sigcomm18::Parameters::default() };
    let config = Arc::new(parameters.complete(sigcomm18::Network::ORIGINAL, None, &[]).expect("the setting of W3"));
    lives(bencher, size, |host| sigcomm18::Sigcomm18::new(Arc::clone(&config), host));
}

#[divan::bench(args = [100, 100_000])]
fn homa_echo(bencher: Bencher<'_, '_>, size: u64) {
    let config = Arc::new(homa::Parameters::default().complete().expect("what Linux has by default"));
    lives(bencher, size, |host| homa::Homa::new(Arc::clone(&config), host, Duration::from_us(10)));
}
