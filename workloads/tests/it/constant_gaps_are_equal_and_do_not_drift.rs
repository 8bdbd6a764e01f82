//! Proves that with constant gaps a host sends exactly every mean gap, for ever, and hosts don't send in step.

use crate::seeded::{rngs, stream};
use homa_units::Time;
use homa_workloads::{GapKind, Gaps, MeanGap, Roles};
use proptest::prelude::*;

/// The first `count` instants of host `host`, in picoseconds.
fn instants(host: u32, mean_ps: f64, seed: u64, count: usize) -> Vec<u64> {
    let mut stream = stream(host, Roles::all(200).unwrap(), GapKind::Constant, mean_ps, seed);
    (0..count).map(|_| stream.next_arrival().at.since(Time::ZERO).as_ps()).collect()
}

#[test]
fn gaps_of_whole_picoseconds_are_all_equal() {
    let at = instants(0, 281_583.0, 1, 100_000);
    assert!(at[0] <= 281_583);
    assert!(at.windows(2).all(|pair| pair[1] - pair[0] == 281_583));
}

#[test]
fn a_mean_between_picoseconds_is_kept_by_gaps_of_two_lengths() {
    let at = instants(0, 1000.25, 1, 400_001);
    assert!(at.windows(2).all(|pair| [1000, 1001].contains(&(pair[1] - pair[0]))));
    // Gaps rounded one by one would end 100,000 ps earlier.
    assert_eq!(at[400_000] - at[0], 400_100_000);
}

#[test]
fn hosts_begin_at_times_spread_evenly_over_the_first_gap() {
    let first: Vec<f64> = (0..200).map(|host| instants(host, 1e9, 3, 1)[0] as f64 / 1e9).collect();
    assert!(first.iter().all(|part| (0.0..=1.0).contains(part)));
    for tenths in 1..10 {
        let limit = f64::from(tenths) / 10.0;
        let found = first.iter().filter(|part| **part < limit).count() as f64 / 200.0;
        let deviation = (limit * (1.0 - limit) / 200.0).sqrt();
        assert!((found - limit).abs() < 5.0 * deviation, "{found} begin before {limit} of the gap");
    }
    let mut distinct: Vec<u64> = (0..200).map(|host| instants(host, 1e9, 3, 1)[0]).collect();
    distinct.sort_unstable();
    distinct.dedup();
    assert_eq!(distinct.len(), 200);
}

#[test]
fn the_first_instants_of_seed_1_are_these() {
    assert_eq!(instants(5, 281_583.0, 1, 3), [49_226, 330_809, 612_392]);
}

#[test]
fn sizes_and_destinations_are_those_of_exponential_gaps() {
    let roles = Roles::new(9, 5, 6).unwrap();
    let of = |kind| {
        let mut stream = stream(4, roles, kind, 1e6, 2);
        let row = |_| Some(stream.next_arrival()).map(|message| (message.size, message.destination));
        (0..1000).map(row).collect::<Vec<_>>()
    };
    assert_eq!(of(GapKind::Constant), of(GapKind::Exponential));
}

#[test]
fn gaps_are_exponential_unless_chosen_otherwise() {
    assert_eq!(GapKind::default(), GapKind::Exponential);
    let gaps = Gaps::new(GapKind::Constant, MeanGap::from_ps(12.5).unwrap());
    assert_eq!((gaps.kind(), gaps.mean().as_ps()), (GapKind::Constant, 12.5));
}

#[test]
fn only_the_beginning_is_random() {
    use rand::Rng;
    let mut untouched = rngs(6, 0).gap;
    let part = (untouched.next_u64() >> 11) as f64 / (1u64 << 53) as f64;
    assert_eq!(instants(0, 1e6, 6, 2), [(part * 1e6).round() as u64, (part * 1e6).round() as u64 + 1_000_000]);
}

proptest! {
    #[test]
    fn message_k_comes_k_mean_gaps_after_the_first(mean_ps in 0.01..1e9, host in 0..200u32, seed: u64) {
        let at = instants(host, mean_ps, seed, 300);
        prop_assert!(at[0] as f64 <= mean_ps + 0.5);
        for (k, instant) in at.iter().enumerate() {
            prop_assert_eq!(instant - at[0], (k as f64 * mean_ps).round() as u64);
        }
    }
}
