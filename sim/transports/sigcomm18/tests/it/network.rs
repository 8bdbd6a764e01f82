//! The model in networks other than the original's: grants are paced at the rate of the receiver's
//! link, and defaults follow from the round trip, so that one message fills an idle link at every
//! rate.

use homa_fabric::Framing;
use homa_run::{Context, Denominator, FrameBytes, IdealTimes, TransportConfig, TransportKind};
use homa_sigcomm18::{Parameters, wire};
use homa_topologies::{Delays, HostId, SingleSwitch, Topology, TopologySpec, preset};
use homa_units::{BitRate, Bytes, Duration};
use std::sync::Arc;

const FRAMES: FrameBytes =
    FrameBytes { data: wire::unscheduled_frame(wire::UNSCHEDULED_DATA_MAX), control: wire::GRANT_FRAME };
const MEGABYTE: u64 = 1_000_000;

fn shipped(name: &str) -> (Topology, BitRate) {
    let spec = preset(name).unwrap();
    (spec.build(name).unwrap(), spec.host_rate())
}

/// Two hosts on one switch, with the delays of the original.
fn switch(gbps: u64) -> (Topology, BitRate) {
    let [software_send, software_receive, nic] = [Duration::from_ns(500); 3];
    let delays = Delays { software_send, software_receive, nic, switch: Duration::from_ns(250), link: Duration::ZERO };
    let spec = TopologySpec::SingleSwitch(SingleSwitch { hosts: 2, host_rate: BitRate::from_gbps(gbps), delays });
    (spec.build("switch").unwrap(), spec.host_rate())
}

const SIZES: [(Bytes, f64); 1] = [(Bytes::new(1_000), 1.0)];

fn context((topology, host_rate): &(Topology, BitRate)) -> Context<'_> {
    Context { topology, host_rate: *host_rate, workload: "w3", sizes: &SIZES }
}

fn complete(network: &(Topology, BitRate), parameters: &str) -> TransportConfig {
    TransportKind::of::<Parameters>().complete(parameters.parse().unwrap(), &context(network)).unwrap()
}

/// How long one message of 1 MB takes in an idle network, over what its wire bytes take of the
/// host's link.
fn idle_ratio(network: &(Topology, BitRate), parameters: &str) -> f64 {
    let transport = complete(network, parameters);
    let topology = Arc::new(network.0.clone());
    let last = HostId(topology.hosts - 1);
    let mut ideal = IdealTimes::new(Denominator::Simulated, topology, transport);
    let wire_ps = wire::scheduled_wire_bytes(MEGABYTE as u32) as f64 * 8e12 / network.1.as_bps() as f64;
    ideal.ideal_ps(HostId(0), last, Bytes::new(MEGABYTE)) as f64 / wire_ps
}

#[test]
fn the_default_window_is_the_original_one_in_its_network_and_follows_the_rate_in_others() {
    let bytes = |network: (Topology, BitRate)| context(&network).round_trip_bytes(FRAMES, Framing::ETHERNET).get();
    assert_eq!(bytes(shipped("sigcomm18")), 10_000);
    assert_eq!(bytes(shipped("sigcomm18-16")), 10_000);
    assert!(bytes(shipped("fat-tree-8192")) > 15_000);
    let [slow, fast] = [10, 100].map(|gbps| bytes(switch(gbps)));
    assert!(fast > 5 * slow, "{slow} and {fast} bytes");
    assert_eq!(wire::unscheduled_payload(Bytes::new(10_000)).get(), 9_328);
    for wire_bytes in [1, 84, 1_538, 1_600, 10_000, 47_000] {
        let payload = wire::unscheduled_payload(Bytes::new(wire_bytes)).get() as u32;
        assert!(payload == 1 || wire::unscheduled_wire_bytes(payload) <= wire_bytes);
        assert!(wire::unscheduled_wire_bytes(payload + 1) > wire_bytes);
    }
}

#[test]
fn one_message_fills_an_idle_link_at_every_rate() {
    for gbps in [10, 25, 100, 400] {
        let ratio = idle_ratio(&switch(gbps), "");
        // What is more than 1 is the round trip before the last byte: microseconds of a message
        // that takes 845 to 21.
        assert!(ratio < 1.0 + 0.3 * gbps as f64 / 400.0 + 0.01, "{gbps} Gbps: {ratio}");
        let wide = idle_ratio(&switch(gbps), "rtt_bytes = \"500KB\"");
        assert!(wide <= ratio, "{gbps} Gbps: a larger window makes it slower, {wide} against {ratio}");
    }
    assert!(idle_ratio(&shipped("fat-tree-8192"), "") < 1.03);
}

#[test]
fn a_window_below_the_round_trip_is_noted_with_what_it_costs() {
    let network = switch(100);
    let notes = |parameters| complete(&network, parameters).notes(&context(&network));
    assert!(notes("").is_empty());
    assert!(notes("rtt_bytes = \"1MB\"").is_empty());
    let narrow = notes("rtt_bytes = \"10KB\"");
    assert!(narrow[0].contains("transport.sigcomm18.rtt_bytes = \"10KB\"") && narrow[0].contains("times as long"));
    assert!(notes("unscheduled_bytes = \"1KB\"")[0].contains("waits for its first grant"));
}
