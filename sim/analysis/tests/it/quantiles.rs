//! Quantiles are those of nearest rank, whatever the rounding of the product of share and count.

use homa_analysis::{nearest_rank, rank};
use proptest::prelude::*;

/// Exact: the smallest integer not below `thousandths / 1000 * count`, but at least one.
fn naive(thousandths: u64, count: u64) -> u64 {
    (thousandths * count).div_ceil(1000).max(1)
}

#[test]
fn nearest_ranks_are_those_computed_by_hand() {
    let sorted = [1.0, 2.0, 3.0, 4.0, 5.0];
    for (q, sample) in [(0.0, 1.0), (0.2, 1.0), (0.21, 2.0), (0.5, 3.0), (0.8, 4.0), (0.99, 5.0), (1.0, 5.0)] {
        assert_eq!(nearest_rank(&sorted, q), sample, "quantile {q}");
    }
    assert_eq!(nearest_rank(&[1.0, 2.0, 3.0, 4.0], 0.5), 2.0, "of two middle samples the lower");
    assert_eq!(nearest_rank(&[7.0], 0.99), 7.0);
}

#[test]
fn a_product_that_is_an_integer_is_its_own_rank() {
    assert_eq!(rank(0.99, 100), 99);
    assert_eq!(rank(0.99, 101), 100);
    assert_eq!(rank(0.07, 100), 7, "although 0.07 * 100 is above 7 in floating point");
    assert_eq!(rank(0.999, 1000), 999);
}

#[test]
fn ranks_of_very_many_samples_are_still_rounded_up() {
    let count = 1_000_000_001;
    assert_eq!(rank(0.99, count), naive(990, count));
    assert_eq!(rank(0.1, count), naive(100, count));
}

#[test]
#[should_panic(expected = "at least one sample")]
fn no_samples_have_no_quantile() {
    let _ = rank(0.5, 0);
}

proptest! {
    #[test]
    fn ranks_equal_those_of_integer_arithmetic(thousandths in 0_u64..=1000, count in 1_u64..100_000_000_000) {
        prop_assert_eq!(rank(thousandths as f64 / 1000.0, count), naive(thousandths, count));
    }

    #[test]
    fn a_quantile_is_the_first_sample_with_enough_samples_at_or_below_it(
        mut samples in prop::collection::vec(1.0_f64..100.0, 1..200),
        thousandths in 0_usize..=1000,
    ) {
        samples.sort_by(f64::total_cmp);
        let enough = |sample: f64| {
            let at_or_below = samples.iter().filter(|other| **other <= sample).count();
            at_or_below * 1000 >= thousandths * samples.len()
        };
        let naive = samples.iter().copied().find(|sample| enough(*sample));
        prop_assert_eq!(Some(nearest_rank(&samples, thousandths as f64 / 1000.0)), naive);
    }
}

#[test]
fn a_recorder_tells_a_quantile_within_the_width_of_a_cell() {
    use homa_analysis::{LOGARITHMIC_WIDTH, SizeBins, SlowdownRecorder};
    use homa_units::Bytes;
    let mut recorder = SlowdownRecorder::new(SizeBins::with_edges(&[Bytes::new(500)]), 1_000);
    assert!(recorder.quantile(0.5).is_nan());
    for number in 1..=200_u32 {
        recorder.record_in_block(Bytes::new(u64::from(number) * 10), 1.0 + f64::from(number) / 10.0, number % 10);
    }
    for (q, expected) in [(0.5, 11.0), (0.99, 20.8)] {
        assert!((recorder.quantile(q) / expected - 1.0).abs() <= LOGARITHMIC_WIDTH);
    }
    (0..3).for_each(|_| recorder.record_unfinished(Bytes::new(9)));
    assert!(recorder.quantile(0.99).is_infinite());
}
