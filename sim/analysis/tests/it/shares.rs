//! For any distribution, frequent sizes have bins of their own and only bins below them hold less than one percent.

use homa_analysis::SizeBins;
use homa_units::Bytes;
use proptest::prelude::*;

const SHARE: f64 = 0.01;

/// Sizes 10, 20, .. with shares in proportion to the weights.
fn distribution(weights: &[u32]) -> Vec<(Bytes, f64)> {
    let total: u32 = weights.iter().sum();
    let share = |weight: &u32| f64::from(*weight) / f64::from(total);
    weights.iter().zip(1..).map(|(weight, position)| (Bytes::new(10 * position), share(weight))).collect()
}

proptest! {
    #[test]
    fn bins_are_as_small_as_one_percent_allows(weights in prop::collection::vec(1_u32..1_000, 1..600)) {
        let probabilities = distribution(&weights);
        let bins = SizeBins::about_one_percent(&probabilities);
        let mut members = vec![Vec::new(); bins.count()];
        for (size, share) in &probabilities {
            members[bins.index_of(*size)].push(*share);
        }
        let frequent = |shares: &[f64]| shares.first().is_some_and(|share| *share >= SHARE);
        for (bin, shares) in members.iter().enumerate() {
            let sum: f64 = shares.iter().sum();
            if shares.iter().any(|share| *share >= SHARE) {
                prop_assert_eq!(shares.len(), 1, "a frequent size is alone");
            } else if bin + 1 == bins.count() {
                prop_assert!(sum < SHARE, "the open bin has the rest");
            } else {
                prop_assert!(sum < 2.0 * SHARE);
                prop_assert!(sum >= SHARE - 1e-9 || frequent(&members[bin + 1]), "{sum} without a reason");
            }
        }
    }
}
