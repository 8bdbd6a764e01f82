//! What is told before a run is what the run then does: packets, messages, a full packet's time.

use crate::homa::support::{ECHO, Lab, run};
use homa_lab::{control_load, paths, work};
use homa_units::Duration;

/// Relative difference of the packets of a run from those expected, for the messages that came.
fn off(set: &[&str]) -> f64 {
    // No size is so rare that a few messages more or less make a difference.
    let lab = Lab::new(&ECHO.replace("\"w3-kernel\"", "\"three.csv\""));
    lab.write("three.csv", "size_bytes,cum_prob\n300,0.5\n30000,0.8\n120000,1\n");
    let case = lab.case(&[&["measure.window=10ms", "workload.gaps=constant"], set].concat());
    let expected = work(&case);
    let (summary, _) = run(&case);
    assert_eq!(summary.unfinished, 0);
    let messages = summary.messages as f64 / expected.messages;
    assert!((messages - 1.0).abs() < 0.02, "{messages} of the expected messages");
    summary.packet_hops as f64 / expected.packet_hops - 1.0
}

#[test]
fn packets_are_within_a_tenth_of_what_is_expected() {
    for set in [
        &[][..],
        &["transport.homa.quirks=fixed"],
        &["transport.homa.mtu=3000"],
        &["transport.homa.response=one-way", "transport.homa.completes=request"],
        &["workload.clients=6", "workload.servers=4"],
        &["run.seeds=[1, 2]", "workload.payload_load=0.3"],
        &["topology.preset=sigcomm18-16", "transport.homa.sysctl.link_mbps=10000"],
    ] {
        let off = off(set);
        assert!(off.abs() < 0.1, "{set:?}: {:.1} % off", 100.0 * off);
    }
}

#[test]
fn a_full_packet_takes_what_the_closed_form_says() {
    let path = &paths(&Lab::new(ECHO).case(&[]))[0];
    assert_eq!((path.links, path.choices, path.share), (2, 1, 1.0));
    assert_eq!(path.fixed, Duration::from_ps(7_370_720));
    assert_eq!(path.full_packet, Duration::from_ps(7_370_720 + 2 * 1_526 * 320));
    assert_eq!(path.round_trip, Duration::from_ps(2 * 7_370_720 + 2 * (1_526 + 79) * 320));
}

#[test]
fn grants_take_a_frame_of_71_bytes_for_each_packet_but_the_last() {
    let lab = Lab::new(&ECHO.replace("\"w3-kernel\"", "100000"));
    // 72 packets; requests and responses.
    let all = control_load(&lab.case(&[]));
    assert!((all / (0.5 * 71.0 * 91.0 / 100_000.0) - 1.0).abs() < 1e-9, "{all}");
    assert_eq!(control_load(&lab.case(&["workload.sizes=40000"])), 0.0);
    // Of servers apart that are as busy, each direction has those of one kind of message.
    let apart = control_load(&lab.case(&["workload.clients=6", "workload.servers=4"]));
    assert!((apart / all - 1.0).abs() < 1e-9, "{apart}");
}
