//! A port serves strictly by priority, first come first served inside a priority, never interrupts
//! a frame, and takes its next packet at the end of a frame: one gap before that can start.

use crate::common::{BYTE, Sent, at_port, bare_switch, frame_ps, run, wire_ps};
use proptest::prelude::*;
use proptest::sample::select;

/// The gap between frames, in picoseconds.
const GAP: u64 = 12 * BYTE;
/// Late enough for any frame to reach the port by then.
const BASE: u64 = 5_000_000;

/// Sources in the order in which their packets leave the port to host 0.
fn order(messages: &[Sent]) -> Vec<u32> {
    let hosts = messages.iter().map(|sent| sent.source).max().unwrap() + 1;
    run(&bare_switch(hosts), messages).1.arrivals().into_iter().map(|(_, source)| source).collect()
}

#[test]
fn higher_levels_go_first_and_equals_in_order_of_arrival() {
    let priorities = [(2, 3), (3, 0), (4, 7), (5, 3), (6, 5), (7, 7), (8, 0), (9, 3)];
    let mut messages = vec![at_port(BASE, 1, 0, 1_500, 4)];
    messages.extend(
        priorities.map(|(source, priority)| at_port(BASE + u64::from(source) * 10_000, source, 0, 200, priority)),
    );
    assert_eq!(order(&messages), [1, 4, 7, 6, 2, 5, 9, 3, 8]);
}

#[test]
fn all_eight_levels_are_told_apart() {
    let mut messages = vec![at_port(BASE, 1, 0, 1_500, 0)];
    messages.extend((0..8).map(|priority| at_port(BASE + 10_000, u32::from(priority) + 2, 0, 100, priority)));
    assert_eq!(order(&messages), [1, 9, 8, 7, 6, 5, 4, 3, 2]);
}

#[test]
fn packets_of_one_instant_count_in_the_order_of_their_links() {
    let mut messages: Vec<_> = (1..5).rev().map(|source| at_port(BASE, source, 0, 100, 3)).collect();
    assert_eq!(order(&messages), [1, 2, 3, 4]);
    // An idle port takes the first at once, even if a better one comes at the same instant.
    messages[0].packets[0].1 = 7;
    assert_eq!(order(&messages), [1, 4, 2, 3]);
}

#[test]
fn a_frame_under_way_is_not_interrupted() {
    let urgent_at = BASE + 1;
    let messages = [at_port(BASE, 1, 0, 1_500, 0), at_port(urgent_at, 2, 0, 64, 7)];
    let (_, notes) = run(&bare_switch(3), &messages);
    let end = BASE + frame_ps(1_500);
    assert_eq!(notes.arrivals(), [(end, 1), (end + GAP + frame_ps(64), 2)]);
}

/// A port busy with host 1's frame, host 2's packet waiting on priority 0, host 3's on priority 7
/// coming `after_end` picoseconds after the end of the frame.
fn who_is_second(after_end: i64) -> u32 {
    let end = BASE + frame_ps(1_000);
    let urgent_at = end.checked_add_signed(after_end).unwrap();
    order(&[at_port(BASE, 1, 0, 1_000, 0), at_port(BASE + 10, 2, 0, 1_000, 0), at_port(urgent_at, 3, 0, 64, 7)])[1]
}

#[test]
fn a_packet_that_comes_just_before_the_fetch_overtakes() {
    assert_eq!(who_is_second(-1), 3);
}

#[test]
fn a_packet_that_comes_at_the_instant_of_the_fetch_is_too_late() {
    assert_eq!(who_is_second(0), 2);
}

#[test]
fn a_packet_that_comes_in_the_gap_cannot_overtake_the_fetched_one() {
    for after_end in [1, GAP as i64 / 2, GAP as i64 - 1, GAP as i64] {
        assert_eq!(who_is_second(after_end), 2);
    }
}

#[test]
fn the_first_packet_in_the_gap_of_an_empty_port_is_taken_at_once_and_starts_after_the_gap() {
    let end = BASE + frame_ps(1_000);
    let (first, urgent) = (at_port(end + 100, 2, 0, 500, 0), at_port(end + 200, 3, 0, 64, 7));
    let (_, notes) = run(&bare_switch(4), &[at_port(BASE, 1, 0, 1_000, 0), first, urgent]);
    let second = end + GAP + frame_ps(500);
    assert_eq!(notes.arrivals(), [(end, 1), (second, 2), (second + GAP + frame_ps(64), 3)]);
}

#[test]
fn a_packet_that_comes_when_the_gap_is_over_starts_at_once() {
    let later = BASE + wire_ps(1_000) + 1;
    let (_, notes) = run(&bare_switch(3), &[at_port(BASE, 1, 0, 1_000, 0), at_port(later, 2, 0, 500, 0)]);
    assert_eq!(notes.arrivals(), [(BASE + frame_ps(1_000), 1), (later + frame_ps(500), 2)]);
}

/// A packet of the plain model below: arrival at the port, source, frame bytes, priority.
type Offered = (u64, u32, u16, u8);

/// What a port should do, written down without events: gives instant of the last bit and source, in
/// order.
fn plain_port(mut coming: Vec<Offered>) -> Vec<(u64, u32)> {
    coming.sort_unstable();
    let (mut coming, mut waiting) = (coming.into_iter().peekable(), Vec::<Offered>::new());
    let (mut end, mut may_start) = (0, 0);
    let mut left = Vec::new();
    loop {
        while let Some(packet) = coming.next_if(|packet| packet.0 < end) {
            waiting.push(packet);
        }
        let best = waiting.iter().map(|packet| packet.3).max();
        let packet = match best {
            Some(priority) => waiting.remove(waiting.iter().position(|packet| packet.3 == priority).unwrap()),
            None => match coming.next() {
                Some(packet) => packet,
                None => return left,
            },
        };
        end = packet.0.max(may_start) + frame_ps(packet.2);
        may_start = end + GAP;
        left.push((end, packet.1));
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

    /// All instants are multiples of a byte's time and frames are few, so that arrivals often meet
    /// a fetch.
    #[test]
    fn a_port_under_random_arrivals_does_what_the_plain_model_does(
        packets in prop::collection::vec((0..2_500_u64, select(vec![64_u16, 72, 100, 150]), 0..8_u8), 1..24)
    ) {
        let offered: Vec<Offered> = (1..)
            .zip(&packets)
            .map(|(source, (bytes, frame, priority))| (BASE + bytes * BYTE, source, *frame, *priority))
            .collect();
        let messages = offered.iter().map(|(at, source, frame, priority)| at_port(*at, *source, 0, *frame, *priority));
        let (_, notes) = run(&bare_switch(packets.len() as u32 + 1), &messages.collect::<Vec<_>>());
        prop_assert_eq!(notes.arrivals(), plain_port(offered));
    }
}
