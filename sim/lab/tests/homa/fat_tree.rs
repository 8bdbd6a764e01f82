//! In a fat-tree a message is measured against an idle one on a path of the same kind: within a rack, between racks of a
//! pod, between pods.

use crate::support::{ECHO, Lab, run, trace};
use homa_lab::paths;

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
    // One at a time: within the rack, between racks, between pods.
    lab.write("three.csv", &trace(&[(100, 0, 1, 1_000), (500_000, 0, 2, 1_000), (1_000_000, 0, 15, 1_000)]));
    let text = ECHO
        .replace("preset = \"linux-cluster-10\"", "file = \"k4.toml\"")
        .replace("kind = \"homa\"", &format!("kind = \"{kind}\""))
        .replace("payload_load = 0.5", "trace = \"three.csv\"");
    lab.write("lab.toml", &text);
    lab
}

#[test]
fn lone_messages_have_a_slowdown_of_one_on_every_kind_of_path() {
    for (kind, denominators) in [("homa", &["simulated"][..]), ("sigcomm18", &["simulated", "sigcomm18-mended"])] {
        for denominator in denominators {
            let (_, records) = run(&lab(kind).case(&[&format!("measure.denominator={denominator}")]));
            let latencies: Vec<_> = records.iter().map(|record| record.latency.unwrap()).collect();
            assert!(
                latencies.is_sorted() && latencies[0] < latencies[1] && latencies[1] < latencies[2],
                "{latencies:?}"
            );
            // Homa's first contact costs its first response a frame of CUTOFFS; the formula of the paper has other headers.
            let slack = if *denominator == "simulated" { 0.03 } else { 0.05 };
            for record in &records {
                let slowdown = record.slowdown.unwrap();
                assert!((1.0 - slack..1.0 + slack).contains(&slowdown), "{kind}, {denominator}: {slowdown}");
            }
        }
    }
}

#[test]
fn the_kinds_of_path_are_described_with_their_shares_and_numbers() {
    let kinds: Vec<_> = paths(&lab("sigcomm18").case(&[]))
        .into_iter()
        .map(|kind| (kind.name, kind.links, kind.choices, (kind.share * 15.0).round()))
        .collect();
    assert_eq!(kinds, [("within a rack", 2, 1, 1.0), ("between racks", 4, 2, 2.0), ("between pods", 6, 4, 12.0)]);
}
