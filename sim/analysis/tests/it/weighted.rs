//! Samples with counts have the quantiles of the same samples listed one by one.

use homa_analysis::{nearest_rank, weighted_nearest_rank};
use proptest::prelude::*;

#[test]
fn counts_are_repetitions() {
    let weighted = [(1.0, 3), (2.0, 1), (5.0, 96)];
    let quantiles = [0.0, 0.03, 0.031, 0.04, 0.041, 1.0].map(|q| weighted_nearest_rank(&weighted, q));
    assert_eq!(quantiles, [1.0, 1.0, 2.0, 2.0, 5.0, 5.0]);
}

proptest! {
    #[test]
    fn counted_samples_have_the_quantiles_of_listed_ones(
        counts in prop::collection::vec(1_u64..20, 1..30),
        q in 0.0..=1.0,
    ) {
        let weighted: Vec<_> = counts.iter().enumerate().map(|(value, count)| (value as f64, *count)).collect();
        let listed: Vec<_> = weighted.iter().flat_map(|(value, count)| vec![*value; *count as usize]).collect();
        prop_assert_eq!(weighted_nearest_rank(&weighted, q), nearest_rank(&listed, q));
    }
}
