//! The cutoffs that follow from the sizes of messages are those of the steps of spec 6.5, computed by hand.

use homa_protocol::{Metrics, PUBLISHED_CUTOFFS, Prio, PrioOptions, Sysctls};
use homa_units::Duration;

const ALL: u32 = 1_000_000;

fn options(change: impl FnOnce(&mut PrioOptions)) -> PrioOptions {
    let mut options = PrioOptions { min_messages: 1, ..PrioOptions::default() };
    change(&mut options);
    options
}

/// Counts `count` messages of `length` bytes. Lengths in the middle of their interval make the estimated number of
/// messages exact: 96 in 65..=128, 160 in 129..=192, 10752 in 10241..=11264.
fn add(metrics: &mut Metrics, messages: &[(u32, usize)]) {
    for (length, count) in messages {
        (0..*count).for_each(|_| metrics.count_message(*length));
    }
}

fn first(options: PrioOptions, messages: &[(u32, usize)], num_priorities: u32, unsched_bytes: u32) -> Option<[u32; 8]> {
    let mut metrics = Metrics::default();
    add(&mut metrics, messages);
    Prio::new(options).update(&metrics, true, num_priorities, unsched_bytes)
}

/// Four intervals of 96000 bytes each and one large message: 424000 of 1384000 bytes are unscheduled.
const FOUR: [(u32, usize); 5] = [(96, 1_000), (160, 600), (480, 200), (800, 120), (1_000_000, 1)];

#[test]
fn the_share_of_unscheduled_bytes_chooses_the_levels() {
    // 8 × 424000 / 1384000 + 0.5 = 2.95: two levels of 212001 bytes. 96000, 192000, 288000: the first ends at 512.
    assert_eq!(first(options(|_| ()), &FOUR, 8, 40_000), Some([ALL, ALL, ALL, ALL, ALL, ALL, ALL, 512]));
}

#[test]
fn the_boost_is_added_before_rounding() {
    let boosted = |permille| first(options(|options| options.unsched_boost_permille = permille), &FOUR, 8, 40_000);
    // 2.950867 + 0.049 is below 3, with 0.050 it isn't. Three levels have 141334 bytes: they end at 192 and 832 bytes.
    assert_eq!(boosted(49), Some([ALL, ALL, ALL, ALL, ALL, ALL, ALL, 512]));
    assert_eq!(boosted(50), Some([ALL, ALL, ALL, ALL, ALL, ALL, 832, 192]));
}

#[test]
fn given_levels_replace_the_choice() {
    let given =
        |unsched, num_priorities| first(options(|options| options.unsched = unsched), &FOUR, num_priorities, 40_000);
    assert_eq!(given(1, 8), Some([ALL; 8]));
    assert_eq!(given(3, 8), Some([ALL, ALL, ALL, ALL, ALL, ALL, 832, 192]));
    assert_eq!(given(2, 4), Some([ALL, ALL, ALL, 512, 0, 0, 0, 0]));
    // As many as there are: each has its share of all 1384000 bytes, 173001.
    assert_eq!(given(8, 8), Some([ALL, ALL, ALL, ALL, ALL, ALL, 832, 192]));
}

#[test]
fn at_least_one_level_is_for_unscheduled_packets() {
    // 8 × 40000 / 1000000 + 0.5 is below 1.
    assert_eq!(first(options(|_| ()), &[(1_000_000, 10)], 8, 40_000), Some([ALL; 8]));
}

#[test]
fn with_as_many_levels_as_there_are_each_gets_its_share_of_all_bytes() {
    // 19200, 21120 and 21504 bytes, all unscheduled: 8.5 levels. 61824 / 8 + 1 = 7729 bytes end at 128, from there 7729
    // more at 1088; the last interval reaches the total.
    let messages = [(96, 200), (1_056, 20), (10_752, 2)];
    assert_eq!(first(options(|_| ()), &messages, 8, 40_000), Some([ALL, ALL, ALL, ALL, ALL, ALL, 1_088, 128]));
}

#[test]
fn of_long_messages_only_the_unscheduled_bytes_count() {
    // Unscheduled: 96000 + 100 × 400 + 10 × 400 = 140000, in three levels of 46667. With all 1075200 bytes of the
    // middle size the first level would end at 11264.
    let messages = [(96, 1_000), (10_752, 100), (500_000, 10)];
    let three = options(|options| options.unsched = 3);
    assert_eq!(first(three, &messages, 8, 400), Some([ALL, ALL, ALL, ALL, ALL, ALL, ALL, 128]));
    assert_eq!(first(three, &messages, 8, 40_000), Some([ALL, ALL, ALL, ALL, ALL, ALL, ALL, 11_264]));
}

#[test]
fn bytes_of_short_messages_count_even_where_the_estimate_finds_no_message() {
    // 2 × 19500 / (20480 + 19456) is below 1, but none is longer than 20480: 115500 bytes, in two levels of 57751.
    let two = options(|options| options.unsched = 2);
    let expected = [ALL, ALL, ALL, ALL, ALL, ALL, ALL, 128];
    assert_eq!(first(two, &[(96, 1_000), (19_500, 1)], 8, 20_480), Some(expected));
    assert_eq!(first(two, &[(96, 1_000), (19_500, 1)], 8, 20_479), Some([ALL; 8]));
}

#[test]
fn too_few_messages_are_skipped_and_count_in_the_next_round() {
    let mut prio = Prio::new(options(|options| options.min_messages = 10));
    let mut metrics = Metrics::default();
    add(&mut metrics, &[(96, 9)]);
    assert_eq!(prio.update(&metrics, true, 8, 40_000), None);
    assert_eq!(prio.update(&metrics, true, 8, 40_000), None);
    add(&mut metrics, &[(1_000_000, 1)]);
    assert!(prio.update(&metrics, true, 8, 40_000).is_some());
    // All ten have been used.
    add(&mut metrics, &[(10_752, 9)]);
    assert_eq!(prio.update(&metrics, true, 8, 40_000), None);
    add(&mut metrics, &[(10_752, 1)]);
    assert!(prio.update(&metrics, true, 8, 40_000).is_some());
}

#[test]
fn a_single_level_and_no_bytes_are_skipped() {
    assert_eq!(first(options(|_| ()), &FOUR, 1, 40_000), None);
    assert!(first(options(|_| ()), &FOUR, 2, 40_000).is_some());
    assert_eq!(first(options(|options| options.min_messages = 0), &[], 8, 40_000), None);
}

/// Quirk Q15.
#[test]
fn messages_of_4096_bytes_are_only_seen_without_the_quirk() {
    let mut metrics = Metrics::default();
    add(&mut metrics, &[(4_096, 100)]);
    let mut prio = Prio::new(options(|_| ()));
    assert_eq!(prio.update(&metrics, true, 8, 40_000), None);
    assert!(prio.update(&metrics, false, 8, 40_000).is_some());
}

/// A decile that moves from 128 to 192 drifts by a third, so three of them are the default limit of 1.
#[test]
fn small_drift_changes_nothing_until_it_has_added_up() {
    let mut prio = Prio::new(options(|_| ()));
    let mut metrics = Metrics::default();
    let mut round = |small, larger| {
        add(&mut metrics, &[(96, small), (160, larger)]);
        prio.update(&metrics, true, 8, 40_000).is_some()
    };
    assert!(round(100, 0));
    assert!(!round(100, 0));
    assert!(!round(70, 30));
    // One decile more than in the round before, but three more than in the round that set the cutoffs.
    assert!(round(60, 40));
    assert!(!round(60, 40));
}

/// 90% of the messages are reached only among the large ones, which stand for 1000000 bytes.
#[test]
fn deciles_among_large_messages_are_the_largest_size() {
    // From 1000000 to 128 is a drift of 0.999872.
    for (min_drift_permille, changes) in [(1_000, false), (999, true)] {
        let mut prio = Prio::new(options(|options| options.min_drift_permille = min_drift_permille));
        let mut metrics = Metrics::default();
        add(&mut metrics, &[(96, 80), (200_000, 20)]);
        assert!(prio.update(&metrics, true, 8, 40_000).is_some());
        add(&mut metrics, &[(96, 100)]);
        assert_eq!(prio.update(&metrics, true, 8, 40_000).is_some(), changes);
    }
}

#[test]
fn another_number_of_levels_changes_the_cutoffs_without_drift() {
    let mut prio = Prio::new(options(|_| ()));
    let mut metrics = Metrics::default();
    add(&mut metrics, &FOUR);
    assert!(prio.update(&metrics, true, 8, 40_000).is_some());
    add(&mut metrics, &FOUR);
    assert_eq!(prio.update(&metrics, true, 8, 40_000), None);
    add(&mut metrics, &FOUR);
    assert_eq!(prio.update(&metrics, true, 6, 40_000), Some([ALL, ALL, ALL, ALL, ALL, 512, 0, 0]));
}

#[test]
fn the_defaults_are_those_of_the_tool() {
    let prio = Prio::new(toml::from_str("").unwrap());
    assert_eq!(prio.interval(), Duration::from_ms(1_000));
    let read: PrioOptions = toml::from_str("interval = \"200ms\"\nunsched = 2").unwrap();
    let expected = PrioOptions {
        interval: Duration::from_ms(200),
        min_messages: 10_000,
        min_drift_permille: 1_000,
        unsched: 2,
        unsched_boost_permille: 0,
    };
    assert_eq!(read, expected);
}

/// The lowest unscheduled level is the highest one whose cutoff takes all messages; scheduled packets go below it.
#[test]
fn published_cutoffs_leave_the_levels_below_the_last_for_scheduled_packets() {
    let scheduled = PUBLISHED_CUTOFFS.map(|(workload, cutoffs)| {
        let mut sysctls = Sysctls::default();
        sysctls.set_cutoffs(cutoffs);
        assert_eq!(sysctls.validate(), Ok(()));
        (workload, sysctls.max_sched_prio)
    });
    assert_eq!(scheduled, [("w1", 0), ("w2", 1), ("w3", 3), ("w4", 5), ("w5", 6)]);
}

/// D17: the step between deciles is the whole part of a tenth of the messages.
#[test]
fn a_decile_takes_whole_messages() {
    // Of 19 messages a tenth is one: the first nine messages are the deciles. Each has the size in the middle of its
    // interval, so that the tool estimates their number rightly.
    let size = |n: u32| 64 * n - 32;
    let mut prio = Prio::new(options(|options| options.min_drift_permille = 1));
    let mut metrics = Metrics::default();
    (1..=19).for_each(|n| metrics.count_message(size(n)));
    assert!(prio.update(&metrics, false, 8, 40_000).is_some());
    (1..=19).for_each(|n| metrics.count_message(size(if n > 9 { n + 10 } else { n })));
    assert_eq!(prio.update(&metrics, false, 8, 40_000), None, "what is above the ninth message moves no decile");
    (1..=19).for_each(|n| metrics.count_message(size(if n > 8 { n + 10 } else { n })));
    assert!(prio.update(&metrics, false, 8, 40_000).is_some(), "the ninth does");
}

/// D17: the tool adds up unscheduled bytes in 32 bits.
#[test]
fn more_than_2_gb_of_unscheduled_bytes_wrap() {
    let cutoffs = |scale: u64| {
        let mut metrics = Metrics::default();
        for (index, bytes) in [(0, 10), (15, 15), (62, 10)] {
            metrics.small_msg_bytes[index] = bytes * scale;
        }
        let options = options(|options| options.unsched = 4);
        Prio::new(options).update(&metrics, false, 8, 40_000).expect("there are enough messages")
    };
    let million = 1_000_000;
    assert_eq!(cutoffs(10_000), [million, million, million, million, million, million, 1_024, 64]);
    assert_eq!(cutoffs(100_000_000), [million, million, million, million, million, million, million, 64]);
}
