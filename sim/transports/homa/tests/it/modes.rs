//! In the three modes that push packets into the NIC's queue, single packets take exactly as long
//! as with a pulling NIC, and long messages exactly as much longer as the pacer's estimate of the
//! link makes them.

use crate::idle::latencies;
use crate::model::Path;
use crate::support::{parameters, shipped, switch_25g};
use homa_linux::{Completes, Parameters};
use homa_protocol::{Quirks, TransmitMode};
use homa_topologies::Topology;
use homa_units::Duration;

/// The networks: one within and between racks at 10 Gbps, two at 25 Gbps without and with a pause
/// for the first grant.
fn networks() -> [(Topology, u32, &'static [u32]); 3] {
    [
        (shipped("sigcomm18-16"), 10, &[1, 15]),
        (switch_25g(2, Duration::ZERO), 25, &[1]),
        (switch_25g(2, Duration::from_ns(2_600)), 25, &[1]),
    ]
}

/// What each message takes, and how much longer that is than with a pulling NIC.
fn compare(parameters: &Parameters, topology: &Topology, to: &[u32], mut check: impl FnMut(u32, u32, u64, u64)) {
    for completes in [Completes::Request, Completes::Response] {
        for (to, size, took) in latencies(topology, &Parameters { completes, ..parameters.clone() }, to) {
            let (there, back) = (Path::new(topology, 0, to), Path::new(topology, to, 0));
            let messages = if completes == Completes::Request { 1 } else { 2 };
            // Both directions of a path are alike.
            assert_eq!(took % messages, 0);
            check(to, size, took / messages, there.pulled(&back, size));
        }
    }
}

#[test]
fn immediate_packets_take_exactly_as_long_as_pulled_ones() {
    for (topology, gbps, to) in networks() {
        compare(&parameters(TransmitMode::Immediate, gbps), &topology, to, |to, size, took, pulled| {
            assert_eq!(took, pulled, "{size} B to {to} of {}", topology.name);
        });
    }
}

#[test]
fn the_old_pacer_of_a_module_that_nobody_has_configured_holds_nothing_back() {
    let (topology, gbps, to) = &networks()[0];
    let parameters = Parameters { quirks: Quirks::linux(), ..parameters(TransmitMode::OldPacer, *gbps) };
    compare(&parameters, topology, to, |to, size, took, pulled| assert_eq!(took, pulled, "{size} B to {to}"));
}

/// An estimate of `per_mille` above the link's time uses up the 5 µs that the queue is ahead: at 10
/// Gbps after some 340 packets with the old pacer (1245 ns for 1230.4) and 430 with the qdisc (1242
/// ns), at 25 Gbps after more than a message has.
fn a_pacer_adds_what_its_estimate_adds(mode: TransmitMode, per_mille: u64) {
    for (topology, gbps, to) in networks() {
        let mut slower = 0;
        compare(&parameters(mode, gbps), &topology, to, |to, size, took, pulled| {
            let (there, back) = (Path::new(&topology, 0, to), Path::new(&topology, to, 0));
            let expected = there.paced(&back, size, mode, 1_000 * u64::from(gbps));
            assert_eq!(took, expected, "{size} B to {to} of {}", topology.name);
            assert!(took >= pulled && (took - pulled) * 1_000 <= per_mille * pulled, "{took} ps, pulled {pulled} ps");
            assert!(size > 1_424 || took == pulled, "a single packet waits for nothing");
            slower += u64::from(took > pulled);
        });
        assert_eq!(slower > 0, gbps == 10, "only the longest messages at 10 Gbps show the pacer");
    }
}

#[test]
fn the_old_pacer_adds_exactly_what_its_estimate_of_the_link_adds() {
    a_pacer_adds_what_its_estimate_adds(TransmitMode::OldPacer, 13);
}

#[test]
fn the_queueing_discipline_adds_exactly_what_its_estimate_of_the_link_adds() {
    a_pacer_adds_what_its_estimate_adds(TransmitMode::Qdisc, 11);
}
