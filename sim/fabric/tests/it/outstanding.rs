//! A generator never has more messages under way than its max_outstanding, creates late ones as
//! soon as one has ended, in their order, and catches up; a max_outstanding that is never reached
//! changes nothing.

use crate::common::{Net, Sent, Setting, bare_switch, frame_ps, plain, run, run_with, sent, shipped, wire_ps};
use homa_fabric::{Faults, Message};
use homa_topologies::HostId;
use homa_units::Time;
use proptest::prelude::*;

fn limited(max_outstanding: u32) -> Setting {
    Setting { per_host: true, max_outstanding: Some(max_outstanding), ..plain() }
}

/// The most messages that a host ever had under way. At one instant messages end before others are
/// created.
fn most_under_way(net: &Net, host: u32) -> i32 {
    let log = net.observer();
    let mine = |message: &Message| message.source == HostId(host);
    let began = log.created.iter().filter(|message| mine(message)).map(|message| (message.created, 1));
    let ended = log.completed.iter().filter(|(_, message)| mine(message)).map(|(at, _)| (*at, -1));
    let mut changes: Vec<_> = began.chain(ended).collect();
    changes.sort_unstable();
    let outstanding = changes.iter().scan(0, |outstanding, (_, change)| {
        *outstanding += change;
        Some(*outstanding)
    });
    outstanding.max().unwrap_or(0)
}

#[test]
fn with_one_at_a_time_each_begins_when_the_one_before_has_ended() {
    let messages: Vec<_> = (0..5).map(|turn| sent(100 * turn, 0, 1, &[(1_000, 0)])).collect();
    let (net, _) = run_with(&bare_switch(2), limited(1), &messages);
    let created: Vec<_> = net.observer().created.iter().map(|message| message.created.as_ps()).collect();
    let takes = 2 * frame_ps(1_000);
    assert_eq!(created, [0, takes, 2 * takes, 3 * takes, 4 * takes]);
}

#[test]
fn a_generator_that_was_late_is_on_time_again_when_it_has_caught_up() {
    let late = (0..3).map(|turn| sent(turn, 0, 1, &[(1_000, 0)]));
    let takes = 2 * frame_ps(1_000);
    let messages: Vec<_> = late.chain([sent(10 * takes, 0, 1, &[(500, 0)])]).collect();
    let (net, _) = run_with(&bare_switch(2), limited(1), &messages);
    let created: Vec<_> = net.observer().created.iter().map(|message| message.created.as_ps()).collect();
    assert_eq!(created, [0, takes, 2 * takes, 10 * takes]);
}

#[test]
fn what_was_abandoned_is_under_way_no_more() {
    let mut faults = Faults::default();
    faults.host_failures = vec![(HostId(0), Time::from_ps(10))];
    // Of one generator: host 0's message never ends, its second one is skipped, and host 2's can
    // begin at the failure.
    let messages = [sent(0, 0, 1, &[(1_000, 0)]), sent(1, 2, 1, &[(500, 0)]), sent(5, 0, 1, &[(1_000, 0)])];
    let setting = Setting { faults, per_host: false, ..limited(1) };
    let (net, _) = run_with(&bare_switch(3), setting, &messages);
    let created: Vec<_> =
        net.observer().created.iter().map(|message| (message.source.0, message.created.as_ps())).collect();
    assert_eq!(created, [(0, 0), (2, 10)]);
    assert_eq!((net.observer().abandoned.len(), net.observer().completed.len()), (1, 1));
}

#[test]
fn generators_wait_for_their_own_messages_only() {
    let messages: Vec<_> = (0..4).map(|turn| sent(turn, turn as u32 % 2, 2, &[(1_000, 0)])).collect();
    let (net, _) = run_with(&bare_switch(3), limited(1), &messages);
    // Host 1's first message waits at the switch behind host 0's, so its second begins later than
    // host 0's.
    let created: Vec<_> =
        net.observer().created.iter().map(|message| (message.source.0, message.created.as_ps())).collect();
    let first = 2 * frame_ps(1_000);
    assert_eq!(created, [(0, 0), (1, 1), (0, first), (1, first + wire_ps(1_000))]);
}

fn messages() -> impl Strategy<Value = Vec<Sent>> {
    let message = (0..5_000_000_u64, 0..16_u32, 1..16_u32, prop::collection::vec((64..=1_518_u16, 0..8_u8), 1..6));
    let message = message.prop_map(|(at, source, step, packets)| sent(at, source, (source + step) % 16, &packets));
    prop::collection::vec(message, 1..120)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn under_any_messages_the_limit_holds_and_all_complete(messages in messages(), max_outstanding in 1..4_u32, pushes: bool) {
        let (net, _) = run_with(&shipped("sigcomm18-16"), Setting { pushes, ..limited(max_outstanding) }, &messages);
        prop_assert_eq!(net.observer().completed.len(), messages.len());
        for host in 0..16 {
            prop_assert!(most_under_way(&net, host) <= max_outstanding as i32);
            let of_host = net.observer().created.iter().filter(|message| message.source.0 == host);
            let sizes: Vec<_> = of_host.map(|message| message.size.get()).collect();
            let mut scripted: Vec<_> = messages.iter().filter(|sent| sent.source == host).collect();
            scripted.sort_by_key(|sent| sent.at_ps);
            prop_assert_eq!(sizes, scripted.iter().map(|sent| sent.bytes()).collect::<Vec<_>>(), "the order is kept");
        }
    }

    #[test]
    fn a_limit_that_is_not_reached_changes_nothing(messages in messages()) {
        let (limited, _) = run_with(&shipped("sigcomm18-16"), limited(120), &messages);
        let (free, _) = run(&shipped("sigcomm18-16"), &messages);
        let of = |(at, message): &(Time, Message)| (*at, message.source, message.sequence);
        let ends = |net: &Net| net.observer().completed.iter().map(of).collect::<Vec<_>>();
        prop_assert_eq!(ends(&limited), ends(&free));
    }
}
