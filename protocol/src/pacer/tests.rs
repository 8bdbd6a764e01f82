//! The old pacer's pace, and whom it chooses.

extern crate std;

use super::*;
use proptest::prelude::*;
use std::collections::BTreeMap;

fn ns(ns: u64) -> Time {
    Time::ZERO + Duration::from_ns(ns)
}

fn ns_per_million_bytes(link_mbps: u32) -> u64 {
    crate::Sysctls { link_mbps, ..crate::Sysctls::default() }.old_pacer_ns_per_1e6_bytes()
}

fn at_25_gbps(fifo_fraction: u32) -> PacerParams {
    PacerParams { ns_per_million_bytes: ns_per_million_bytes(25_000), backlog: Duration::from_us(5), fifo_fraction }
}

/// Holds back an RPC; `left` has what each RPC has left now.
fn throttle(pacer: &mut OldPacer, left: &mut BTreeMap<u32, u32>, key: u32, bytes_left: u32, init_time: Time) {
    left.insert(key, bytes_left);
    pacer.throttle(key, bytes_left, init_time, |other| left[&other]);
}

/// A message of which `next` bytes are sent; a unit is up to 1424 bytes and counts 118 bytes more (spec 2.9, IPv4).
#[derive(Clone, Copy)]
struct Message {
    length: u32,
    next: u32,
    init_time: Time,
}

/// A sender that runs the transmit procedure of 7.1 for messages without grants.
struct Sender {
    pacer: OldPacer,
    messages: BTreeMap<u32, Message>,
    sent: Vec<(Time, u32)>,
}

impl Sender {
    fn new(params: PacerParams) -> Self {
        Self { pacer: OldPacer::new(params), messages: BTreeMap::new(), sent: Vec::new() }
    }

    fn start(&mut self, now: Time, key: u32, length: u32) {
        self.messages.insert(key, Message { length, next: 0, init_time: now });
        self.transmit(now, key, false);
    }

    fn transmit(&mut self, now: Time, key: u32, mut force: bool) {
        let mut message = self.messages[&key];
        while message.next < message.length {
            let left = message.length - message.next;
            let unit = left.min(1_424);
            if left > 1_000 && !self.pacer.nic_check(now, unit + 118, force, false) {
                let left_of = |other| self.messages[&other].length - self.messages[&other].next;
                self.pacer.throttle(key, left, message.init_time, left_of);
                return;
            }
            message.next += unit;
            self.messages.insert(key, message);
            self.sent.push((now, key));
            force = false;
        }
    }

    fn pace(&mut self, now: Time) {
        while let Some(key) = self.pacer.select(now) {
            self.transmit(now, key, true);
            if self.messages[&key].next == self.messages[&key].length {
                assert!(self.pacer.remove(key));
            }
        }
    }

    /// Runs the pacer whenever it wants to.
    fn pace_to_the_end(&mut self) {
        while let Some(at) = self.pacer.wake_time() {
            let before = self.sent.len();
            self.pace(at);
            assert!(self.sent.len() > before, "the pacer sends at its wake time {at}");
        }
    }
}

#[test]
fn case_77_the_backlog_limit_holds_back_the_rest_of_a_message() {
    let mut sender = Sender::new(at_25_gbps(50));
    sender.start(ns(0), 1, 20_000);
    assert_eq!(sender.sent.len(), 11);
    assert_eq!(sender.pacer.link_idle_time, ns(5_478));
    assert!(sender.pacer.is_throttled(1));
    assert_eq!(sender.pacer.select(ns(478)), None);
    assert_eq!(sender.pacer.wake_time(), Some(Time::from_ps(478_001)));
    sender.pace(Time::from_ps(478_001));
    assert_eq!(sender.sent.len(), 12);
    assert_eq!(sender.pacer.wake_time(), Some(Time::from_ps(478_001 + 498_000)));
    sender.pace_to_the_end();
    // Fourteen full units and one of 64 bytes that goes with the one before and isn't counted.
    let after_wakes: Vec<u64> = sender.sent[11..].iter().map(|(at, _)| at.as_ps()).collect();
    assert_eq!(after_wakes, [478_001, 976_001, 1_474_001, 1_474_001]);
    assert_eq!(sender.pacer.link_idle_time, ns(14 * 498));
    assert!(!sender.pacer.is_throttled(1));
}

#[test]
fn case_78_the_fewest_bytes_left_go_first_and_every_twentieth_choice_is_the_oldest() {
    let mut pacer = OldPacer::new(at_25_gbps(50));
    let mut left = BTreeMap::new();
    throttle(&mut pacer, &mut left, 7, 50_000, ns(1));
    throttle(&mut pacer, &mut left, 8, 20_000, ns(2));
    throttle(&mut pacer, &mut left, 9, 20_000, ns(3));
    let choices: Vec<u32> = (0..60).map_while(|_| pacer.select(ns(0))).collect();
    let expected: Vec<u32> = (1..=60).map(|choice| if choice % 20 == 0 { 7 } else { 8 }).collect();
    assert_eq!(choices, expected);
    let mut order = Vec::new();
    while let Some(key) = pacer.select(ns(0)) {
        assert!(pacer.remove(key));
        order.push(key);
    }
    assert_eq!(order, [8, 9, 7]);
}

#[test]
fn a_throttled_rpc_keeps_its_place_however_little_is_left() {
    let mut pacer = OldPacer::new(at_25_gbps(0));
    let mut left = BTreeMap::new();
    throttle(&mut pacer, &mut left, 1, 20_000, ns(0));
    throttle(&mut pacer, &mut left, 2, 30_000, ns(0));
    throttle(&mut pacer, &mut left, 2, 10_000, ns(0));
    assert_eq!(pacer.select(ns(0)), Some(1));
    assert!(pacer.remove(2));
    assert!(!pacer.remove(2));
    throttle(&mut pacer, &mut left, 2, 10_000, ns(0));
    assert_eq!(pacer.select(ns(0)), Some(2));
}

#[test]
fn a_new_rpc_goes_before_the_first_that_has_more_left_now() {
    let mut pacer = OldPacer::new(at_25_gbps(0));
    let mut left = BTreeMap::new();
    throttle(&mut pacer, &mut left, 1, 200_000, ns(0));
    // D1: of the first message 150 full packets have left meanwhile.
    left.insert(1, 71_200);
    throttle(&mut pacer, &mut left, 2, 142_400, ns(1));
    throttle(&mut pacer, &mut left, 3, 100_000, ns(2));
    let order: Vec<_> =
        core::iter::from_fn(|| pacer.select(ns(0)).inspect(|key| assert!(pacer.remove(*key)))).collect();
    assert_eq!(order, [1, 3, 2]);
}

#[test]
fn the_oldest_of_equally_old_rpcs_is_the_first_in_the_list() {
    let mut pacer = OldPacer::new(at_25_gbps(1_000));
    let mut left = BTreeMap::new();
    throttle(&mut pacer, &mut left, 1, 30_000, ns(5));
    throttle(&mut pacer, &mut left, 2, 20_000, ns(5));
    throttle(&mut pacer, &mut left, 3, 20_000, ns(5));
    throttle(&mut pacer, &mut left, 4, 10_000, ns(6));
    assert_eq!(pacer.select(ns(0)), Some(2));
}

#[test]
fn forced_units_and_units_with_dont_throttle_are_counted_but_never_held() {
    for (forced, dont_throttle) in [(true, false), (false, true)] {
        let mut pacer = OldPacer::new(at_25_gbps(50));
        assert!((0..100).all(|_| pacer.nic_check(ns(0), 1_542, forced, dont_throttle)));
        assert_eq!(pacer.link_idle_time, ns(49_800));
        assert!(!pacer.nic_check(ns(44_799), 1_542, false, false));
        assert_eq!(pacer.link_idle_time, ns(49_800), "a unit held back is not counted");
        assert!(pacer.nic_check(ns(44_800), 1_542, false, false), "at the limit it isn't full");
    }
}

#[test]
fn without_a_time_per_byte_nothing_is_ever_held_back() {
    let mut sender = Sender::new(PacerParams { ns_per_million_bytes: 0, ..at_25_gbps(50) });
    sender.start(ns(7), 1, 1_000_000);
    assert_eq!((sender.sent.len(), sender.pacer.wake_time()), (703, None));
}

#[test]
fn new_parameters_hold_for_the_next_unit() {
    let mut pacer = OldPacer::new(at_25_gbps(50));
    let mut left = BTreeMap::new();
    assert!(pacer.nic_check(ns(0), 100_000, false, false));
    assert!(!pacer.nic_check(ns(0), 1_542, false, false));
    let ns_per_million_bytes = ns_per_million_bytes(100_000);
    pacer.reconfigure(PacerParams { ns_per_million_bytes, backlog: Duration::from_us(33), fifo_fraction: 1_000 });
    assert!(pacer.nic_check(ns(0), 1_542, false, false));
    assert_eq!(pacer.link_idle_time, ns(32_320 + 124));
    throttle(&mut pacer, &mut left, 1, 10, ns(9));
    throttle(&mut pacer, &mut left, 2, 20, ns(8));
    assert_eq!(pacer.select(ns(0)), Some(2));
}

#[test]
fn no_link_is_too_slow_and_no_fraction_too_great() {
    let mut pacer = OldPacer::new(PacerParams {
        ns_per_million_bytes: ns_per_million_bytes(1),
        backlog: Duration::ZERO,
        fifo_fraction: u32::MAX,
    });
    let mut left = BTreeMap::new();
    assert!(pacer.nic_check(ns(0), 1_000_000, false, false));
    assert_eq!(pacer.link_idle_time, ns(8_080_000_000));
    throttle(&mut pacer, &mut left, 1, 10, ns(1));
    assert_eq!(pacer.wake_time(), Some(Time::from_ps(8_080_000_000_001)));
    assert_eq!((0..3000).filter_map(|_| pacer.select(ns(8_080_000_001))).count(), 3000);
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 64, ..Default::default() })]

    /// Everything is sent, in the order of each message, and the link is never promised more than the limit and the
    /// unit that crosses it.
    #[test]
    fn the_pacer_sends_all_and_keeps_the_backlog_limit(
        fraction in 0..=1_000_u32,
        arrivals in prop::collection::vec((0..40_000_u64, 1..60_000_u32), 1..20),
    ) {
        let mut sender = Sender::new(at_25_gbps(fraction));
        let mut arrivals: Vec<_> = arrivals.into_iter().map(|(at, length)| (ns(at), length)).collect();
        arrivals.sort_unstable();
        for (key, &(now, length)) in arrivals.iter().enumerate() {
            while let Some(at) = sender.pacer.wake_time().filter(|&at| at <= now) {
                sender.pace(at);
                prop_assert!(sender.pacer.link_idle_time <= at + Duration::from_ns(5_000 + 498));
            }
            sender.start(now, key as u32, length);
            prop_assert!(sender.pacer.link_idle_time <= now + Duration::from_ns(5_000 + 498));
        }
        sender.pace_to_the_end();
        prop_assert!(sender.messages.values().all(|message| message.next == message.length));
        let units: u32 = arrivals.iter().map(|(_, length)| length.div_ceil(1_424)).sum();
        prop_assert_eq!(sender.sent.len() as u32, units);
        prop_assert!(sender.sent.is_sorted_by_key(|(at, _)| *at));
    }
}
