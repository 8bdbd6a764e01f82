//! In a fat-tree a message is measured against an idle one on a path of the same kind: within a
//! rack, between racks of a pod, between pods.

use crate::homa::support::{ECHO, Lab, of_trace, run, trace};
use homa_lab::{Denominator, IdealTimes, paths};
use homa_topologies::HostId;
use homa_units::Bytes;
use std::sync::Arc;

const K4: &str = r#"
[fat-tree]
k = 4
host_rate = "10Gbps"
uplink_rate = "10Gbps"
[fat-tree.delays]
software_send = "500ns"
software_receive = "500ns"
nic = "500ns"
switch = "250ns"
link = "0ps"
"#;

fn lab(kind: &str) -> Lab {
    let lab = Lab::new(ECHO);
    lab.write("k4.toml", K4);
    // One at a time, within the rack, between racks and between pods, and all of it again.
    let row = |number: u64, to| (100 + 200_000 * number, 0, to, 1_000);
    let rows: Vec<_> = (0..).zip([1, 2, 15, 1, 2, 15]).map(|(number, to)| row(number, to)).collect();
    lab.write("six.csv", &trace(&rows));
    let text = of_trace("six.csv")
        .replace("preset = \"linux-cluster-10\"", "file = \"k4.toml\"")
        .replace("kind = \"homa\"", &format!("kind = \"{kind}\""));
    lab.write("lab.toml", &text);
    lab
}

#[test]
fn a_lone_message_has_a_slowdown_of_exactly_one_on_every_kind_of_path() {
    for kind in ["homa", "sigcomm18"] {
        let (_, records) = run(&lab(kind).case(&["measure.denominator=simulated"]));
        // The first message to each host makes Homa's hosts known to each other.
        let known: Vec<_> = records.iter().skip(3).collect();
        let latencies: Vec<_> = known.iter().map(|record| record.latency.unwrap()).collect();
        assert!(latencies[0] < latencies[1] && latencies[1] < latencies[2], "{latencies:?}");
        let slowdowns: Vec<_> = known.iter().map(|record| record.slowdown.unwrap()).collect();
        assert_eq!(slowdowns, [1.0; 3], "{kind}");
    }
}

#[test]
fn each_pair_of_further_links_adds_two_switches_and_two_first_frames_to_the_formula() {
    let case = lab("sigcomm18").case(&[]);
    let (topology, transport) = (Arc::clone(&case.topology), case.transport.clone());
    let mut ideal = IdealTimes::new(Denominator::Sigcomm18Mended, topology, transport);
    let times = [1, 2, 15].map(|host| ideal.ideal_ps(HostId(0), HostId(host), Bytes::new(1_000)));
    // 1000 bytes are a frame of 1066 with everything, at 0.8 ns each; a switch takes 250 ns.
    let further = 2 * (1_066 * 800 + 250_000);
    assert_eq!([times[1] - times[0], times[2] - times[1]], [further, further]);
}

#[test]
fn the_kinds_of_path_are_described_with_their_shares_and_numbers() {
    let kinds: Vec<_> = paths(&lab("sigcomm18").case(&[]))
        .into_iter()
        .map(|kind| (kind.name, kind.links, kind.choices, (kind.share * 15.0).round()))
        .collect();
    let expected = [("within a rack", 2, 1, 1.0), ("between racks", 4, 2, 2.0), ("between pods", 6, 4, 12.0)];
    assert_eq!(kinds, expected.map(|(name, links, choices, others)| (name.to_owned(), links, choices, others)));
}
