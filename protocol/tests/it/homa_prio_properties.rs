//! Whatever the sizes of messages, cutoffs rise from level to level downwards and divide the unscheduled bytes evenly.

use homa_protocol::{Metrics, Prio, PrioOptions};
use proptest::prelude::*;

const ALL: u32 = 1_000_000;

fn messages(longest: u32) -> impl Strategy<Value = Vec<u32>> {
    // Short ones as well as long ones, in groups of a size.
    let length = prop_oneof![1..=500u32, 1..=20_000u32, 1..=longest];
    prop::collection::vec((length, 1..200usize), 1..40)
        .prop_map(|groups| groups.into_iter().flat_map(|(length, count)| vec![length; count]).collect())
}

fn cutoffs(messages: &[u32], options: PrioOptions, num_priorities: u32, unsched_bytes: u32) -> [u32; 8] {
    let mut metrics = Metrics::default();
    messages.iter().for_each(|length| metrics.count_message(*length));
    let options = PrioOptions { min_messages: 0, ..options };
    Prio::new(options).update(&metrics, false, num_priorities, unsched_bytes).unwrap()
}

/// The largest size of the interval that a message is counted in.
fn interval_end(length: u32) -> u32 {
    length.next_multiple_of(if length <= 4_096 { 64 } else { 1_024 })
}

proptest! {
    #[test]
    fn cutoffs_rise_downwards_and_unused_levels_have_none(
        messages in messages(1_000_000),
        num_priorities in 2..=8u32,
        unsched_bytes in 0..2_000_000u32,
        unsched in 0..=9u32,
        unsched_boost_permille in 0..10_000u32,
    ) {
        let options = PrioOptions { unsched, unsched_boost_permille, ..PrioOptions::default() };
        let cutoffs = cutoffs(&messages, options, num_priorities, unsched_bytes);
        let (used, unused) = cutoffs.split_at(num_priorities as usize);
        prop_assert!(unused.iter().all(|cutoff| *cutoff == 0));
        prop_assert_eq!(used[0], ALL);
        prop_assert!(used.windows(2).all(|pair| pair[0] > pair[1] || pair == [ALL; 2]), "{:?}", used);
    }

    /// Where everything is unscheduled: each level but the last has its share, and would not have it without the last
    /// of its intervals; and no more levels are used than given.
    #[test]
    fn levels_carry_equal_bytes_to_within_one_interval(messages in messages(131_071), unsched in 1..8u32) {
        let options = PrioOptions { unsched, ..PrioOptions::default() };
        let cutoffs = cutoffs(&messages, options, 8, 131_072);
        let total: u64 = messages.iter().map(|length| u64::from(*length)).sum();
        let share = 1 + total / u64::from(unsched);
        let bytes = |above: u32, up_to: u32| -> u64 {
            let inside = messages.iter().filter(|length| (above + 1..=up_to).contains(&interval_end(**length)));
            inside.map(|length| u64::from(*length)).sum()
        };
        let ends: Vec<u32> = cutoffs.iter().rev().copied().filter(|cutoff| *cutoff < ALL).collect();
        prop_assert!(ends.len() < unsched as usize);
        let mut above = 0;
        for end in ends {
            let carried = bytes(above, end);
            let last_interval = bytes(end - 1, end);
            prop_assert!(carried >= share && carried - last_interval < share, "{carried} of {share} up to {end}");
            above = end;
        }
        // The lowest of them is never left empty.
        prop_assert!(bytes(above, ALL) > 0);
    }
}
