//! Ratios of two configurations that ran the same messages: exactly 1 for the same samples, a known shift is found, pairing
//! is verified.

use homa_analysis::paired::{PairingError, Resampling, compare, precision};
use homa_analysis::{LOGARITHMIC_WIDTH, Precision, SizeBins, SlowdownRecorder};
use homa_units::Bytes;
use proptest::prelude::*;

const EDGES: [u64; 2] = [10, 100];

fn groups() -> SizeBins {
    SizeBins::with_edges(&EDGES.map(Bytes::new))
}

/// Runs with `messages` each; `slowdown` makes a sample of (size, a uniform number); one in `unfinished` never finishes.
fn runs(
    exact_limit: usize,
    messages: u32,
    unfinished: u32,
    slowdown: impl Fn(u64, f64) -> f64,
) -> Vec<SlowdownRecorder> {
    let run = |seed: u64| {
        let mut recorder = SlowdownRecorder::new(groups(), exact_limit);
        let mut state = seed;
        for number in 0..messages {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let (size, uniform) = (1 + (state >> 20) % 150, (state >> 40) as f64 / (1_u64 << 24) as f64);
            let block = number * 10 / messages;
            if unfinished > 0 && number % unfinished == 0 {
                recorder.record_unfinished_in_block(Bytes::new(size), block);
            } else {
                recorder.record_in_block(Bytes::new(size), slowdown(size, uniform), block);
            }
        }
        recorder
    };
    [1, 2, 3].map(run).to_vec()
}

fn plain(_: u64, uniform: f64) -> f64 {
    1.0 / (1.0 - 0.95 * uniform)
}

#[test]
fn identical_inputs_give_exactly_one() {
    for (limit, messages, unfinished) in
        [(usize::MAX, 3_000, 0), (usize::MAX, 40, 0), (100, 3_000, 0), (usize::MAX, 3_000, 30)]
    {
        let make = || runs(limit, messages, unfinished, plain);
        for row in compare(&make(), &make(), &groups(), Resampling::Paired).unwrap() {
            for quantile in [row.p50, row.p99] {
                assert_eq!((quantile.ratio, quantile.interval), (1.0, Some((1.0, 1.0))), "{messages} messages");
            }
        }
    }
}

#[test]
fn a_common_factor_is_found_exactly() {
    let slower = runs(usize::MAX, 3_000, 0, |size, uniform| 2.0 * plain(size, uniform));
    let rows = compare(&runs(usize::MAX, 3_000, 0, plain), &slower, &groups(), Resampling::Paired).unwrap();
    assert_eq!(rows.len(), 3);
    for row in rows {
        assert_eq!((row.p50.ratio, row.p50.interval), (2.0, Some((2.0, 2.0))));
        assert_eq!((row.p99.ratio, row.p99.interval), (2.0, Some((2.0, 2.0))));
    }
}

#[test]
fn counted_samples_give_the_ratio_within_the_width_of_the_cells() {
    let slower = |size, uniform| 1.3 * plain(size, uniform);
    let of = |limit| {
        let (a, b) = (runs(limit, 3_000, 0, plain), runs(limit, 3_000, 0, slower));
        (compare(&a, &b, &groups(), Resampling::Paired).unwrap(), precision(&a, &b))
    };
    let (counted, counted_precision) = of(0);
    assert_eq!(counted_precision, Precision::Logarithmic { relative_width: LOGARITHMIC_WIDTH });
    assert_eq!(of(usize::MAX).1, Precision::Exact);
    for (counted, exact) in counted.iter().zip(of(usize::MAX).0) {
        assert_eq!((counted.count, counted.size_min, counted.size_max), (exact.count, exact.size_min, exact.size_max));
        assert!((counted.p99.ratio / exact.p99.ratio - 1.0).abs() <= 2.0 * LOGARITHMIC_WIDTH);
    }
}

#[test]
fn a_group_is_a_union_of_bins_and_tells_its_sizes() {
    let (a, b) = (runs(usize::MAX, 3_000, 0, plain), runs(usize::MAX, 3_000, 0, plain));
    let coarse = SizeBins::with_edges(&[Bytes::new(100)]);
    let fine = compare(&a, &b, &groups(), Resampling::Paired).unwrap();
    let rows = compare(&a, &b, &coarse, Resampling::Paired).unwrap();
    let sizes: Vec<_> = rows.iter().map(|row| (row.size_min, row.size_max)).collect();
    assert_eq!(sizes, [(1, 100), (101, 150)]);
    assert_eq!(rows[0].count[0], fine[0].count[0] + fine[1].count[0]);
}

#[test]
fn too_few_messages_have_a_ratio_and_no_interval() {
    let slower = runs(usize::MAX, 60, 0, |size, uniform| plain(size, uniform) + uniform);
    let rows = compare(&runs(usize::MAX, 60, 0, plain), &slower, &groups(), Resampling::Paired).unwrap();
    assert!(rows.iter().all(|row| row.p99.interval.is_none() && row.p99.ratio.is_finite()));
    assert!(rows[1].p50.interval.is_some(), "a median of {} messages has one", rows[1].count[0]);
}

/// With one unfinished message in fifty the 99th percentile is infinite, and the ratio to a finite one as well.
#[test]
fn unfinished_messages_are_infinitely_slow() {
    let (finished, stuck) = (runs(usize::MAX, 3_000, 0, plain), runs(usize::MAX, 3_000, 50, plain));
    let worse = compare(&finished, &stuck, &groups(), Resampling::Paired).unwrap();
    assert!(worse[1].p99.b.is_infinite() && worse[1].p99.ratio.is_infinite() && worse[1].unfinished[1] > 0);
    assert!(worse[1].p50.ratio.is_finite());
    let better = compare(&stuck, &finished, &groups(), Resampling::Paired).unwrap();
    assert_eq!(better[1].p99.ratio, 0.0);
    // Both infinite, and not for the same messages: nothing is known.
    let other = runs(usize::MAX, 3_000, 50, |size, uniform| 1.5 * plain(size, uniform));
    let unknown = compare(&stuck, &other, &groups(), Resampling::Paired).unwrap()[2].p99;
    assert!(unknown.ratio.is_nan(), "{unknown:?}");
    let (low, high) = unknown.interval.unwrap();
    assert!(low == 0.0 && high.is_infinite(), "{unknown:?}");
}

#[test]
fn different_numbers_of_runs_are_no_pairs() {
    let a = runs(usize::MAX, 100, 0, plain);
    let refused = compare(&a, &a[..2], &groups(), Resampling::Paired).unwrap_err();
    assert_eq!(refused, PairingError::Runs { a: 3, b: 2 });
    assert!(refused.to_string().contains("run.seeds"));
}

#[test]
fn different_messages_are_no_pairs_and_the_first_difference_is_told() {
    let a = runs(usize::MAX, 100, 0, plain);
    let mut b = a.clone();
    b[1].record_in_block(Bytes::new(7), 1.5, 4);
    let refused = compare(&a, &b, &groups(), Resampling::Paired).unwrap_err();
    let PairingError::Messages { run: 2, size: 7, block: Some(4), a: count, b: more } = refused else {
        panic!("{refused}")
    };
    assert_eq!(count + 1, more);
    assert!(refused.to_string().contains("of 7 B in time block 4"), "{refused}");
    // Independent blocks need no pairs.
    assert!(compare(&a, &b, &groups(), Resampling::Independent).is_ok());
}

#[test]
fn a_message_in_another_block_is_another_message_even_if_samples_are_only_counted() {
    for limit in [usize::MAX, 0] {
        let mut a = runs(limit, 100, 0, plain);
        let mut b = a.clone();
        a[0].record_in_block(Bytes::new(7), 1.5, 4);
        b[0].record_in_block(Bytes::new(7), 1.5, 5);
        let refused = compare(&a, &b, &groups(), Resampling::Paired).unwrap_err();
        assert!(matches!(refused, PairingError::Messages { run: 1, block: Some(4), .. }), "{refused}");
    }
}

#[test]
fn counted_runs_with_other_sizes_are_no_pairs() {
    let mut a = runs(0, 100, 0, plain);
    let mut b = a.clone();
    a[0].record_in_block(Bytes::new(7), 1.5, 4);
    b[0].record_in_block(Bytes::new(8), 1.5, 4);
    let refused = compare(&a, &b, &groups(), Resampling::Paired).unwrap_err();
    assert!(matches!(refused, PairingError::Messages { run: 1, size: 7, block: None, .. }), "{refused}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// Whatever the samples, the interval is in order and the same each time; and the two sides may be swapped.
    #[test]
    fn intervals_are_in_order_repeatable_and_swap_with_the_sides(factor in 0.2..5.0_f64, noise in 0.0..1.0_f64, unfinished in 0_u32..100) {
        let a = runs(usize::MAX, 900, unfinished, plain);
        let b = runs(usize::MAX, 900, unfinished / 2, |size, uniform| {
            factor * plain(size, uniform) * (1.0 + noise * ((size * 7_919) % 13) as f64)
        });
        let rows = compare(&a, &b, &groups(), Resampling::Paired).unwrap();
        prop_assert_eq!(format!("{rows:?}"), format!("{:?}", compare(&a, &b, &groups(), Resampling::Paired).unwrap()));
        let swapped = compare(&b, &a, &groups(), Resampling::Paired).unwrap();
        for (row, swapped) in rows.iter().zip(&swapped) {
            for (one, other) in [(row.p50, swapped.p50), (row.p99, swapped.p99)] {
                let (Some((low, high)), Some((other_low, other_high))) = (one.interval, other.interval) else {
                    prop_assert_eq!(one.interval, other.interval);
                    continue;
                };
                prop_assert!(low <= high);
                let equal = |first: f64, second: f64| first == 1.0 / second || (first * second - 1.0).abs() < 1e-12;
                prop_assert!(equal(low, other_high) && equal(high, other_low), "{low} {high} {other_low} {other_high}");
            }
        }
    }
}
