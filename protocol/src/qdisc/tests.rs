//! What passes the qdisc at once, what waits, and in which order what waits goes out.

extern crate std;

mod any_traffic;

use super::*;
use std::vec::Vec;

/// A full DATA frame at MTU 1500 and IPv4: 1424 bytes of the message.
const FULL: u32 = 1_514;

fn ns(ns: u64) -> Time {
    Time::ZERO + Duration::from_ns(ns)
}

fn params() -> QdiscParams {
    QdiscParams {
        link_mbps: 25_000,
        backlog: Duration::from_us(5),
        max_nic_queue_usecs: Some(40),
        fifo_fraction: 50,
        defer_min_bytes: 1_000,
        homa_share: 50,
        max_link_usage: 99,
        weight_wraps: true,
    }
}

/// Packets are named by the key of their RPC, or the number of their queue, and a number.
type Name = (u32, u32);

/// The unit at `offset` of a message.
fn data(key: u32, init_time: Time, message_length: u32, offset: u32) -> HomaUnit {
    let unit_bytes = (message_length - offset).min(1_424);
    HomaUnit {
        key,
        init_time,
        is_data: true,
        message_length,
        unit_offset: offset,
        unit_bytes,
        packet_len: unit_bytes + 90,
    }
}

fn control(packet_len: u32) -> HomaUnit {
    HomaUnit { is_data: false, packet_len, ..data(0, Time::ZERO, 1, 0) }
}

/// All units of a message arrive from `offset` on; tells how many passed.
fn message(qdisc: &mut Qdisc<Name>, now: Time, key: u32, length: u32, from: u32) -> usize {
    let units = (from..length).step_by(1_424).enumerate();
    let verdicts =
        units.map(|(number, offset)| qdisc.enqueue_homa(now, &data(key, now, length, offset), (key, number as u32)));
    verdicts.filter(|&verdict| verdict == Verdict::Pass).count()
}

/// A qdisc whose link is promised so much at time 0 that the next packet has to wait.
fn busy(params: &QdiscParams) -> Qdisc<Name> {
    let mut qdisc = Qdisc::new(params);
    for number in 0..11 {
        assert_eq!(qdisc.enqueue_homa(ns(0), &control(FULL), (0, number)), Verdict::Pass);
    }
    qdisc
}

/// What the pacer sends when it runs whenever it wants to, at most `count` packets.
fn sends(qdisc: &mut Qdisc<Name>, count: usize) -> Vec<Name> {
    (0..count).map_while(|_| qdisc.wake_time().map(|at| qdisc.poll(at).expect("it is ready then"))).collect()
}

#[test]
fn case_79_eleven_frames_pass_and_the_rest_of_the_message_waits_with_its_short_tail() {
    let mut qdisc = Qdisc::new(&params());
    assert_eq!((qdisc.settings.ns_per_mebibyte, qdisc.settings.max_nic_queue_bytes), (338_933, Some(125_000)));
    assert_eq!(qdisc.settings.link_time(FULL), Duration::from_ns(497));
    assert_eq!(message(&mut qdisc, ns(0), 1, 20_000, 0), 11);
    assert_eq!(qdisc.link_idle_time, ns(11 * 497));
    assert_eq!(qdisc.deferred_tx_left(1), Some(20_000 - 11 * 1_424));

    // A message of 999 bytes and a GRANT pass all the same, and their time counts; one of 1000 bytes waits.
    assert_eq!(qdisc.enqueue_homa(ns(0), &data(2, ns(0), 999, 0), (2, 0)), Verdict::Pass);
    assert_eq!(qdisc.enqueue_homa(ns(0), &control(67), (1, 99)), Verdict::Pass);
    let idle = ns(11 * 497 + 359 + 29);
    assert_eq!(qdisc.link_idle_time, idle);
    assert_eq!(qdisc.enqueue_homa(ns(0), &data(3, ns(0), 1_000, 0), (3, 0)), Verdict::Deferred);
    assert_eq!(qdisc.flush(3), 1);

    let first = ns(11 * 497 + 359 + 29 - 5_000);
    assert_eq!(qdisc.wake_time(), Some(first));
    assert_eq!(qdisc.poll(Time::from_ps(first.as_ps() - 1)), None);
    assert_eq!(qdisc.poll(first), Some((1, 11)));
    assert_eq!(qdisc.poll(first), None);
    assert_eq!(qdisc.deferred_tx_left(1), Some(2_912));
    assert_eq!(sends(&mut qdisc, 9), [(1, 12), (1, 13), (1, 14)]);
    assert_eq!(qdisc.link_idle_time, idle + Duration::from_ns(3 * 497 + ((338_933 * (154 + 24)) >> 20)));
    assert_eq!((qdisc.deferred_tx_left(1), qdisc.wake_time(), qdisc.has_deferred()), (None, None, false));
}

#[test]
fn case_80_the_first_choice_and_every_twentieth_after_it_is_the_oldest() {
    let mut qdisc = busy(&params());
    assert_eq!(message(&mut qdisc, ns(0), 1, 900_000, 0), 0);
    assert_eq!(message(&mut qdisc, ns(1), 2, 99_680, 0), 0);
    assert_eq!(sends(&mut qdisc, 1), [(1, 0)]);
    assert_eq!(qdisc.srpt_bytes, 28_766);
    let keys: Vec<u32> = sends(&mut qdisc, 60).into_iter().map(|(key, _)| key).collect();
    assert_eq!(keys, (1..=60).map(|choice| if choice % 20 == 0 { 1 } else { 2 }).collect::<Vec<_>>());
    let full = u64::from(FULL);
    let counters = QdiscCounters {
        pacer_homa_packets: 61,
        pacer_homa_bytes: 61 * full,
        pacer_fifo_bytes: 4 * full,
        ..QdiscCounters::default()
    };
    assert_eq!(qdisc.counters, counters);
}

#[test]
fn case_81_homa_and_tcp_alternate_at_equal_shares() {
    let mut qdisc = busy(&params());
    message(&mut qdisc, ns(0), 1, 14_240, 0);
    for number in 0..10 {
        assert_eq!(qdisc.enqueue_other(ns(0), 0, FULL, false, (9, number)), Verdict::Deferred);
    }
    qdisc.homa_credit = 1;
    let keys: Vec<u32> = sends(&mut qdisc, 99).into_iter().map(|(key, _)| key).collect();
    assert_eq!(keys, [1, 9].repeat(10));
    let counters = qdisc.counters;
    assert_eq!((counters.pacer_tcp_packets, counters.pacer_tcp_bytes), (10, 15_140));
    assert_eq!((counters.qdisc_tcp_packets, counters.pacer_homa_packets), (10, 10));
}

#[test]
fn case_81_with_the_whole_share_homa_goes_first_and_without_any_it_goes_last() {
    for (homa_share, first) in [(100, 1), (0, 9), (u32::MAX, 1)] {
        let mut qdisc = busy(&QdiscParams { homa_share, ..params() });
        message(&mut qdisc, ns(0), 1, 14_240, 0);
        for number in 0..10 {
            qdisc.enqueue_other(ns(0), 0, FULL, false, (9, number));
        }
        qdisc.homa_credit = i64::from(first == 1);
        let keys: Vec<u32> = sends(&mut qdisc, 99).into_iter().map(|(key, _)| key).collect();
        assert_eq!(keys, [[first; 10], [10 - first; 10]].concat(), "share {homa_share}");
    }
}

#[test]
fn fewest_bytes_left_go_first_then_the_older_message_then_the_smaller_key() {
    let mut qdisc = busy(&QdiscParams { fifo_fraction: 0, ..params() });
    for (key, at, length) in [(7, 2, 3_000), (6, 2, 3_000), (8, 1, 3_000), (9, 3, 2_000), (5, 0, 9_000)] {
        assert_eq!(message(&mut qdisc, ns(at), key, length, 0), 0);
    }
    let expected = [9, 9, 8, 8, 8, 6, 6, 6, 7, 7, 7, 5, 5, 5, 5, 5, 5, 5];
    assert_eq!(sends(&mut qdisc, 99).into_iter().map(|(key, _)| key).collect::<Vec<_>>(), expected);
    assert_eq!(qdisc.counters.pacer_fifo_bytes, 0);
}

#[test]
fn an_rpc_moves_up_when_a_choice_by_age_leaves_it_less() {
    let mut qdisc = busy(&QdiscParams { fifo_fraction: 50, ..params() });
    message(&mut qdisc, ns(0), 1, 6_000, 0);
    message(&mut qdisc, ns(1), 2, 5_000, 0);
    // The first choice is the oldest and leaves it 4576 bytes.
    assert_eq!(sends(&mut qdisc, 2), [(1, 0), (1, 1)]);
}

#[test]
fn other_queues_take_turns_in_the_order_in_which_they_were_deferred() {
    let mut qdisc = busy(&params());
    for (queue, number) in [(5, 0), (5, 1), (5, 2), (0, 0), (300, 0), (300, 1)] {
        assert_eq!(qdisc.enqueue_other(ns(0), queue, FULL, false, (queue.into(), number)), Verdict::Deferred);
    }
    assert_eq!(sends(&mut qdisc, 99), [(5, 0), (0, 0), (300, 0), (5, 1), (300, 1), (5, 2)]);
}

#[test]
fn a_queue_that_is_deferred_later_comes_after_all_others() {
    let mut qdisc = busy(&params());
    let defer = |qdisc: &mut Qdisc<Name>, queue: u16, number| {
        assert_eq!(qdisc.enqueue_other(ns(0), queue, FULL, false, (queue.into(), number)), Verdict::Deferred);
    };
    for (queue, number) in [(0, 0), (0, 1), (1, 0), (1, 1), (1, 2)] {
        defer(&mut qdisc, queue, number);
    }
    assert_eq!(sends(&mut qdisc, 1), [(0, 0)]);
    defer(&mut qdisc, 2, 0);
    assert_eq!(sends(&mut qdisc, 4), [(1, 0), (2, 0), (0, 1), (1, 1)]);
    // Queue 1 was the last, so its turn is next, also before a queue that is added now.
    defer(&mut qdisc, 2, 1);
    assert_eq!(sends(&mut qdisc, 9), [(1, 2), (2, 1)]);
}

#[test]
fn the_weight_of_a_long_unit_at_a_small_fraction_wraps_as_the_kernels_does() {
    for (fifo_fraction, weight_wraps, expected) in
        [(16, true, 4_030_464), (15, true, 109_184), (15, false, 4_303_488), (5, false, 13_041_664), (5, true, 458_752)]
    {
        let settings = Settings::new(&QdiscParams { fifo_fraction, weight_wraps, ..params() });
        let weight = settings.fifo_weight.expect("the fraction is above 0");
        assert_eq!(settings.weighted(65_536, weight), expected, "{fifo_fraction} {weight_wraps}");
    }
}

#[test]
fn short_packets_of_other_traffic_pass_unless_they_would_overtake_their_own() {
    let mut qdisc = busy(&params());
    let idle = qdisc.link_idle_time;
    assert_eq!(qdisc.enqueue_other(ns(0), 1, 999, false, (1, 0)), Verdict::Pass);
    assert_eq!(qdisc.link_idle_time, idle + qdisc.settings.link_time(999), "its time on the link is counted");
    assert_eq!(qdisc.enqueue_other(ns(0), 1, 1_000, true, (1, 1)), Verdict::Deferred);
    assert_eq!(qdisc.enqueue_other(ns(0), 1, 66, false, (1, 2)), Verdict::Deferred);
    assert_eq!(qdisc.enqueue_other(ns(0), 1, 66, true, (1, 3)), Verdict::Pass);
    assert_eq!(qdisc.enqueue_other(ns(0), 2, 66, false, (2, 0)), Verdict::Pass);
    assert_eq!(qdisc.counters.qdisc_tcp_packets, 5);
    assert_eq!(sends(&mut qdisc, 99), [(1, 1), (1, 2)]);
}

#[test]
fn nothing_passes_what_is_deferred_even_on_an_idle_link() {
    let mut qdisc = busy(&params());
    message(&mut qdisc, ns(0), 1, 2_000, 0);
    let late = ns(1_000_000);
    assert_eq!(message(&mut qdisc, late, 2, 2_000, 0), 0);
    assert_eq!(qdisc.enqueue_other(late, 0, FULL, true, (9, 0)), Verdict::Deferred);
    let mut out = Vec::new();
    out.extend(core::iter::from_fn(|| qdisc.poll(late)));
    assert_eq!(out, [(9, 0), (1, 0), (1, 1), (2, 0), (2, 1)]);
    assert_eq!(message(&mut qdisc, late, 3, 2_000, 0), 2);
}

#[test]
fn a_full_nic_defers_and_only_its_completions_end_that() {
    let mut qdisc = Qdisc::new(&params());
    qdisc.nic_accept(125_000);
    assert_eq!(message(&mut qdisc, ns(0), 1, 1_424, 0), 1, "at the limit it isn't full");
    qdisc.nic_accept(FULL);
    assert_eq!(message(&mut qdisc, ns(0), 2, 1_424, 0), 0);
    assert_eq!((qdisc.wake_time(), qdisc.poll(ns(1_000_000))), (None, None));
    qdisc.nic_complete(1_513);
    assert_eq!(qdisc.wake_time(), None);
    qdisc.nic_complete(1);
    assert_eq!(qdisc.wake_time(), Some(Time::ZERO));
    assert_eq!(qdisc.poll(ns(0)), Some((2, 0)));
    // Completions of what was handed over before anyone counted.
    qdisc.nic_complete(u64::MAX);
    assert_eq!(qdisc.total_nic_queue, 0);
}

#[test]
fn without_the_nic_limit_only_the_link_counts() {
    let mut qdisc = Qdisc::new(&QdiscParams { max_nic_queue_usecs: None, ..params() });
    qdisc.nic_accept(u32::MAX);
    assert_eq!(message(&mut qdisc, ns(0), 1, 20_000, 0), 11);
    assert_eq!(sends(&mut qdisc, 99).len(), 4);
}

#[test]
fn a_retransmission_does_not_raise_what_is_left_until_the_rpc_is_flushed() {
    for (flushed, left) in [(false, 0), (true, 20_000)] {
        let mut qdisc = busy(&params());
        message(&mut qdisc, ns(0), 1, 20_000, 0);
        assert_eq!(sends(&mut qdisc, 99).len(), 15);
        if flushed {
            assert_eq!(qdisc.flush(1), 0);
        }
        // The link is still promised 5 µs ahead of the time of the last packet.
        let now = Time::from_ps(qdisc.link_idle_time.as_ps() - 5_000_001);
        assert_eq!(message(&mut qdisc, now, 1, 20_000, 0), 0);
        assert_eq!(qdisc.deferred_tx_left(1), Some(left));
    }
}

#[test]
fn a_flushed_rpc_sends_nothing_and_its_room_is_used_again() {
    let mut qdisc = busy(&params());
    message(&mut qdisc, ns(0), 1, 50_000, 0);
    message(&mut qdisc, ns(0), 2, 50_000, 0);
    let room = qdisc.lists.len();
    for _ in 0..50 {
        assert_eq!(qdisc.flush(1), 36);
        assert_eq!((qdisc.flush(1), qdisc.deferred_tx_left(1)), (0, None));
        message(&mut qdisc, ns(0), 1, 50_000, 0);
    }
    assert_eq!(qdisc.lists.len(), room);
    qdisc.flush(1);
    assert!(sends(&mut qdisc, 99).into_iter().eq((0..36).map(|number| (2, number))));
    assert_eq!(qdisc.flush(77), 0);
}

#[test]
fn new_parameters_hold_from_now_on_and_the_next_choice_is_by_age() {
    let mut qdisc = busy(&params());
    message(&mut qdisc, ns(0), 1, 900_000, 0);
    message(&mut qdisc, ns(1), 2, 20_000, 0);
    assert_eq!(sends(&mut qdisc, 3), [(1, 0), (2, 0), (2, 1)]);
    qdisc.reconfigure(&QdiscParams { link_mbps: 100_000, backlog: Duration::from_us(9), ..params() });
    let before = qdisc.link_idle_time;
    assert_eq!(qdisc.wake_time(), Some(Time::from_ps(before.as_ps().saturating_sub(9_000_000))));
    assert_eq!(sends(&mut qdisc, 2), [(1, 1), (2, 2)]);
    assert_eq!(qdisc.link_idle_time, before + Duration::from_ns(2 * 124));
}

#[test]
fn parameters_outside_their_ranges_count_as_the_nearest_inside() {
    let settings = |link_mbps, fifo_fraction, max_link_usage| {
        let settings = Settings::new(&QdiscParams { link_mbps, fifo_fraction, max_link_usage, ..params() });
        (settings.ns_per_mebibyte, settings.fifo_weight)
    };
    assert_eq!(settings(25_000, 50, 99), (338_933, Some(19_456)));
    assert_eq!(settings(0, 0, 0), settings(1, 0, 5));
    assert_eq!(settings(1, 0, 5), (167_772_160_000, None));
    assert_eq!(settings(25_000, u32::MAX, u32::MAX), (335_544, Some(0)));
}

#[test]
fn absurdly_long_packets_do_not_overflow_the_time() {
    let mut qdisc = Qdisc::new(&QdiscParams { link_mbps: 1, max_link_usage: 5, ..params() });
    for number in 0..100 {
        qdisc.enqueue_homa(ns(0), &control(u32::MAX), (0, number));
    }
    assert_eq!(qdisc.enqueue_other(ns(0), 0, u32::MAX, false, (1, 0)), Verdict::Deferred);
    assert_eq!(qdisc.poll(ns(0)), None);
    assert_eq!(qdisc.link_idle_time, Time::MAX);
}

#[test]
#[should_panic(expected = "the payload is inside the message")]
fn a_unit_beyond_its_message_is_refused() {
    let unit = HomaUnit { unit_bytes: 1_001, ..data(1, ns(0), 2_000, 1_000) };
    busy(&params()).enqueue_homa(ns(0), &unit, (1, 0));
}
