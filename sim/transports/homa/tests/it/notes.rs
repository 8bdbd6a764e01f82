//! What parameters cost in an idle network is told before a run.

use homa_linux::Parameters;
use homa_run::{Context, Denominator, IdealTimes, TransportConfig, TransportKind};
use homa_topologies::{Delays, HostId, SingleSwitch, Topology, TopologySpec};
use homa_units::{BitRate, Bytes, Duration};
use std::sync::Arc;

/// Two hosts on one switch.
fn switch(gbps: u64) -> (Topology, BitRate) {
    let [software_send, software_receive, nic] = [Duration::from_ns(500); 3];
    let delays = Delays { software_send, software_receive, nic, switch: Duration::from_ns(250), link: Duration::ZERO };
    let spec = TopologySpec::SingleSwitch(SingleSwitch { hosts: 2, host_rate: BitRate::from_gbps(gbps), delays });
    (spec.build("switch").unwrap(), spec.host_rate())
}

const SIZES: [(Bytes, f64); 3] = [(Bytes::new(100), 0.5), (Bytes::new(20_000), 0.9), (Bytes::new(1_000_000), 1.0)];

fn context((topology, host_rate): &(Topology, BitRate)) -> Context<'_> {
    Context { topology, host_rate: *host_rate, workload: "", sizes: &SIZES }
}

fn complete(network: &(Topology, BitRate), parameters: &str) -> TransportConfig {
    TransportKind::of::<Parameters>().complete(parameters.parse().unwrap(), &context(network)).unwrap()
}

/// The notes about parameters with some text in them.
fn notes(gbps: u64, parameters: &str, about: &str) -> Vec<String> {
    let network = switch(gbps);
    let all = complete(&network, parameters).notes(&context(&network));
    all.into_iter().filter(|note| note.contains(about)).collect()
}

/// How long a message of 1 MB takes in an idle network.
fn idle_ps(network: &(Topology, BitRate), parameters: &str) -> f64 {
    let topology = Arc::new(network.0.clone());
    let mut ideal = IdealTimes::new(Denominator::Simulated, topology, complete(network, parameters));
    ideal.ideal_ps(HostId(0), HostId(1), Bytes::new(1_000_000)) as f64
}

#[test]
fn a_window_below_the_round_trip_is_noted_with_about_what_it_costs() {
    assert_eq!(notes(10, "", "in flight"), [""; 0]);
    assert_eq!(notes(25, "", "in flight"), [""; 0]);
    for (gbps, parameters, key) in [
        (25, "sysctl.max_incoming = 10000", "max_incoming = 10000"),
        (100, "sysctl.window = 9000", "window = 9000"),
        (400, "sysctl.max_incoming = 30000", "max_incoming = 30000"),
    ] {
        let told = notes(gbps, parameters, "in flight");
        assert!(told.len() == 1 && told[0].contains(key), "{gbps} {parameters}: {told:?}");
        let words: Vec<&str> = told[0].split(' ').collect();
        let at = words.iter().position(|word| *word == "times").unwrap();
        let times: f64 = words[at - 1].parse().unwrap();
        let network = switch(gbps);
        let measured = idle_ps(&network, parameters) / idle_ps(&network, "sysctl.max_incoming = 10000000");
        // What is told is the most: unscheduled bytes and the last window are not slowed down.
        assert!(measured > 1.2 && (0.6..1.1).contains(&(measured / times)), "{gbps}: {measured} of {times}");
    }
}

#[test]
fn a_window_that_may_never_grant_is_noted() {
    for bytes in [0, 1, 1_000] {
        let told = notes(25, &format!("sysctl.max_incoming = {bytes}"), "never finish");
        assert_eq!(told.len(), 1, "{bytes}");
    }
    assert_eq!(notes(25, "sysctl.max_incoming = 3000", "never finish"), [""; 0]);
    // Messages that need no grants don't care.
    assert_eq!(notes(25, "sysctl.max_incoming = 0\nsysctl.unsched_bytes = 1000000", "never finish"), [""; 0]);
}

#[test]
fn unscheduled_bytes_below_the_round_trip_are_noted() {
    assert_eq!(notes(10, "", "unsched_bytes"), [""; 0]);
    for (gbps, parameters) in [(10, "sysctl.unsched_bytes = 2000"), (400, "")] {
        let told = notes(gbps, parameters, "first grant");
        assert!(told.len() == 1 && told[0].contains("transport.homa.sysctl.unsched_bytes"), "{told:?}");
    }
}

#[test]
fn who_is_told_a_wrong_rate_of_the_link_is_noted() {
    assert_eq!(notes(25, "", "told that"), [""; 0]);
    assert!(notes(10, "", "told that")[0].contains("FIFO grants are told that links have 25000 Mbps"));
    assert_eq!(notes(10, "sysctl.grant_fifo_fraction = 0", "told that"), [""; 0]);
    let paced = "transmit = \"qdisc\"\nsysctl.grant_fifo_fraction = 0";
    assert!(notes(10, paced, "told that")[0].starts_with("the pacer is told"));
}

#[test]
fn levels_that_the_cutoffs_leave_empty_are_noted() {
    for levels in [2, 4] {
        let told = notes(25, &format!("sysctl.num_priorities = {levels}"), "worse than a single level");
        assert!(told.len() == 1 && told[0].contains("go on level 0"), "{levels}: {told:?}");
    }
    for fine in [
        "",
        "sysctl.num_priorities = 1",
        "sysctl.num_priorities = 8",
        "sysctl.num_priorities = 4\nsysctl.unsched_cutoffs = [0, 0, 1000000, 5000, 0, 0, 0, 0]",
    ] {
        assert_eq!(notes(25, fine, "single level"), [""; 0], "{fine}");
    }
}

#[test]
fn a_nic_queue_below_a_packet_is_noted() {
    assert_eq!(notes(1, "transmit = \"qdisc\"", "max_nic_queue_usecs"), [""; 0]);
    let told = notes(1, "transmit = \"qdisc\"\nsysctl.max_nic_queue_usecs = 5", "max_nic_queue_usecs");
    assert!(told.len() == 1 && told[0].contains("less than a full packet takes"), "{told:?}");
}
