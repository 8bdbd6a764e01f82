//! A host that dies creates, sends and takes nothing from then on: its messages are abandoned, what
//! is on the wire arrives, what waits in its NIC's queue doesn't, and its generators' other
//! messages go on.

use crate::common::{Sent, Setting, bare_switch, frame_ps, network_with, plain, run_with, sent, wire_ps};
use homa_fabric::{Advanced, Faults};
use homa_topologies::HostId;
use homa_units::Time;

fn failing(host: u32, at_ps: u64, pushes: bool) -> Setting {
    let mut faults = Faults::default();
    faults.host_failures = vec![(HostId(host), Time::from_ps(at_ps))];
    assert!(!faults.is_none());
    Setting { faults, pushes, ..plain() }
}

/// Ten frames, one after another, from host 0.
fn train() -> Sent {
    sent(0, 0, 1, &[(1_000, 0); 10])
}

#[test]
fn the_frames_that_left_before_arrive_and_no_others() {
    for pushes in [false, true] {
        // Three frames have begun: at 0, 1 and 2 wire times.
        let failure = 2 * wire_ps(1_000) + 1;
        let (net, notes) = run_with(&bare_switch(2), failing(0, failure, pushes), &[train()]);
        assert_eq!(notes.arrived.len(), 3, "pushes: {pushes}");
        assert_eq!(net.packets_in_network(), 0);
        let log = net.observer();
        assert_eq!((log.created.len(), log.completed.len()), (1, 0));
        assert_eq!(log.abandoned, [(Time::from_ps(failure), log.created[0])]);
        assert_eq!(net.unfinished().count(), 0);
    }
}

#[test]
fn a_failed_host_takes_nothing() {
    let first = frame_ps(1_000) * 2;
    let failure = first + wire_ps(1_000) / 2;
    let (net, notes) = run_with(&bare_switch(2), failing(1, failure, false), &[train()]);
    assert_eq!(notes.arrived.len(), 1);
    assert_eq!(net.statistics().lost_packets, 9);
    assert_eq!((net.observer().completed.len(), net.observer().abandoned.len()), (0, 0));
    // Plain transports don't give up, so the message is under way for ever.
    assert_eq!(net.unfinished().count(), 1);
}

#[test]
fn a_host_that_fails_at_an_instant_has_done_what_happens_at_it() {
    let (_, notes) = run_with(&bare_switch(2), failing(0, 0, false), &[train()]);
    assert_eq!(notes.arrived.len(), 1);
    let arrival = 2 * frame_ps(1_000);
    let (_, notes) = run_with(&bare_switch(2), failing(1, arrival, false), &[train()]);
    assert_eq!(notes.arrived.len(), 1);
}

#[test]
fn messages_of_a_failed_host_are_skipped_and_those_of_others_are_not() {
    let turns = (0..6).map(|turn: u64| sent(turn * 10_000_000, [0, 2][turn as usize % 2], 1, &[(500, 0)]));
    let messages: Vec<_> = turns.collect();
    for per_host in [false, true] {
        let setting = Setting { per_host, ..failing(0, 15_000_000, false) };
        let (mut net, _) = network_with(&bare_switch(3), setting, &messages);
        assert_eq!(net.run_until(Time::MAX), Advanced::Idle);
        let completed: Vec<_> = net.observer().completed.iter().map(|(_, message)| message.source.0).collect();
        assert_eq!(completed, [0, 2, 2, 2]);
        assert_eq!(net.observer().created.len(), 4);
    }
}

#[test]
fn a_message_whose_last_packet_is_on_the_wire_when_its_host_fails_is_abandoned_once() {
    let (net, notes) = run_with(&bare_switch(2), failing(0, 1, false), &[sent(0, 0, 1, &[(1_000, 0)])]);
    assert_eq!(notes.arrived.len(), 1);
    assert_eq!((net.observer().completed.len(), net.observer().abandoned.len()), (0, 1));
}
