//! Packets take exactly the time that frames, preambles, gaps and fixed delays add up to, and the
//! NIC asks for each one a software delay before it goes on the wire.

use crate::common::{bare_switch, frame_ps, run, sent, shipped, wire_ps};

/// From the transport to the NIC, in the presets.
const SOFTWARE: u64 = 500_000;

/// All fixed delays between two transports of one rack: software, NIC, switch, software.
const NEAR: u64 = 500_000 + 500_000 + 250_000 + 500_000;

/// The same between two racks: two switches more.
const FAR: u64 = NEAR + 2 * 250_000;

/// Frame and preamble at 40 Gbps, in picoseconds.
fn uplink_ps(frame: u16) -> u64 {
    (u64::from(frame) + 8) * 200
}

#[test]
fn one_packet_takes_two_serialisations_inside_a_rack_and_four_between_racks() {
    for (name, far) in [("sigcomm18-16", 15), ("sigcomm18", 143)] {
        for frame in [64, 65, 500, 1_000, 1_518] {
            let inside = NEAR + 2 * frame_ps(frame);
            let between = FAR + 2 * frame_ps(frame) + 2 * uplink_ps(frame);
            for (destination, expected) in [(1, inside), (far, between)] {
                let (net, notes) = run(&shipped(name), &[sent(123, 0, destination, &[(frame, 2)])]);
                assert_eq!(notes.arrivals(), [(123 + expected, 0)], "{name}, {frame} B to {destination}");
                assert_eq!(net.observer().completed[0].0.as_ps(), 123 + expected);
            }
        }
    }
}

#[test]
fn packets_in_a_row_are_spaced_by_frame_preamble_and_gap() {
    for destination in [1, 15] {
        let (_, notes) = run(&shipped("sigcomm18-16"), &[sent(0, 0, destination, &[(1_000, 3); 20])]);
        for pair in notes.arrived.windows(2) {
            assert_eq!(pair[1].at_ps - pair[0].at_ps, wire_ps(1_000));
        }
        assert_eq!(notes.arrived.len(), 20);
    }
}

#[test]
fn the_nic_asks_for_each_packet_when_the_wire_time_of_the_one_before_is_over() {
    let frames = [(1_518, 3), (64, 3), (700, 3), (64, 3), (900, 3)];
    let (_, notes) = run(&shipped("sigcomm18-16"), &[sent(77, 0, 1, &frames)]);
    let mut at = 77;
    for (seen, (frame, _)) in notes.pulled.iter().zip(frames) {
        assert_eq!((seen.at_ps, seen.packet.frame_bytes), (at, frame));
        at += wire_ps(frame);
    }
    assert_eq!(notes.pulled.len(), frames.len());
}

#[test]
fn a_packet_is_on_the_wire_half_a_microsecond_after_the_nic_asked_for_it() {
    let (_, notes) = run(&shipped("sigcomm18-16"), &[sent(0, 0, 1, &[(1_000, 3), (1_000, 3)])]);
    for (pulled, arrived) in notes.pulled.iter().zip(&notes.arrived) {
        let on_the_wire = arrived.at_ps - (NEAR - SOFTWARE) - 2 * frame_ps(1_000);
        assert_eq!(on_the_wire, pulled.at_ps + SOFTWARE);
    }
}

/// Instants and priorities of the packets that host 0 hands out when an urgent message follows two
/// packets on priority 0.
fn pulled_with_urgent_at(at_ps: u64) -> Vec<(u64, u8)> {
    let messages = [sent(0, 0, 1, &[(1_000, 0); 3]), sent(at_ps, 0, 1, &[(64, 7)])];
    let (_, notes) = run(&shipped("sigcomm18-16"), &messages);
    notes.pulled.iter().map(|seen| (seen.at_ps, seen.packet.priority.get())).collect()
}

#[test]
fn a_message_takes_part_in_the_choice_if_it_comes_before_the_nic_asks() {
    let next = wire_ps(1_000);
    let after_urgent = next + wire_ps(64);
    assert_eq!(pulled_with_urgent_at(next - 1)[..3], [(0, 0), (next, 7), (after_urgent, 0)]);
}

#[test]
fn a_message_of_the_instant_at_which_the_nic_asks_comes_too_late_for_that_choice() {
    let next = wire_ps(1_000);
    assert_eq!(pulled_with_urgent_at(next)[..3], [(0, 0), (next, 0), (2 * next, 7)]);
}

/// The link is not free before 500 ns more have passed, but what goes next on it is settled.
#[test]
fn a_message_that_comes_before_the_wire_is_free_does_not_overtake_what_the_nic_has_taken() {
    let next = wire_ps(1_000);
    assert_eq!(pulled_with_urgent_at(next + SOFTWARE - 1)[..3], [(0, 0), (next, 0), (2 * next, 7)]);
}

#[test]
fn an_idle_nic_takes_the_first_packet_at_once_and_the_next_after_its_wire_time() {
    let idle_since = wire_ps(1_000);
    let messages = [
        sent(0, 0, 1, &[(1_000, 0)]),
        sent(idle_since + 50, 0, 1, &[(1_000, 0)]),
        sent(idle_since + 60, 0, 1, &[(64, 7)]),
        sent(idle_since + 50 + wire_ps(1_000) + wire_ps(64), 0, 1, &[(64, 1)]),
    ];
    let (_, notes) = run(&shipped("sigcomm18-16"), &messages);
    let pulled: Vec<_> = notes.pulled.iter().map(|seen| seen.at_ps).collect();
    let second = idle_since + 50;
    assert_eq!(pulled, [0, second, second + wire_ps(1_000), second + wire_ps(1_000) + wire_ps(64)]);
}

#[test]
fn utilisation_counts_frame_and_preamble_but_no_gap() {
    let frames = [(1_000, 3), (64, 3), (700, 3)];
    let (net, _) = run(&bare_switch(4), &[sent(0, 0, 1, &frames)]);
    let busy: u64 = frames.iter().map(|(frame, _)| frame_ps(*frame)).sum();
    let now = net.now().as_ps();
    let statistics = net.statistics();
    assert_eq!(statistics.tiers.iter().map(|tier| tier.tier.as_str()).collect::<Vec<_>>(), ["host-tor", "tor-host"]);
    for tier in statistics.tiers {
        assert_eq!(tier.ports, 4);
        let expected = busy as f64 / now as f64 / 4.0;
        assert!((tier.utilisation - expected).abs() < 1e-15, "{} is not {expected}", tier.utilisation);
    }
}

#[test]
fn a_faster_link_is_used_for_a_smaller_share_of_the_time() {
    let (net, _) = run(&shipped("sigcomm18-16"), &[sent(0, 0, 15, &[(1_000, 3); 8])]);
    let now = net.now().as_ps() as f64;
    let expected = [
        frame_ps(1_000) as f64 / 16.0,
        uplink_ps(1_000) as f64 / 4.0,
        uplink_ps(1_000) as f64 / 4.0,
        frame_ps(1_000) as f64 / 16.0,
    ];
    for (tier, busy) in net.statistics().tiers.iter().zip(expected) {
        assert!((tier.utilisation - 8.0 * busy / now).abs() < 1e-15, "{}", tier.tier);
    }
}
