//! A distribution in logarithmic cells has every value once, within the width of a cell, whatever was counted where.

use homa_analysis::{LOGARITHMIC_WIDTH, LogarithmicCounts, thinned};
use proptest::prelude::*;

fn counts(values: &[f64]) -> LogarithmicCounts {
    let mut counts = LogarithmicCounts::default();
    values.iter().for_each(|value| counts.record(*value));
    counts
}

#[test]
fn zeros_and_what_did_not_end_count_in_the_shares() {
    let points = counts(&[0.0, 2.0, 2.0, f64::INFINITY]).distribution();
    assert_eq!(points.iter().map(|point| point.count).collect::<Vec<_>>(), [1, 2]);
    assert_eq!((points[0].value, points[0].share_up_to), (0.0, 0.25));
    assert_eq!((points[1].share_up_to, points[1].share_above), (0.75, 0.25));
    assert!(LogarithmicCounts::default().distribution().is_empty());
}

proptest! {
    #[test]
    fn each_value_is_in_a_cell_near_it_and_parts_add_up(values in prop::collection::vec(1e-3_f64..1e9, 1..200), cut in 0_usize..200) {
        let whole = counts(&values);
        let (first, second) = values.split_at(cut.min(values.len()));
        let mut added = counts(second);
        added.add(&counts(first));
        prop_assert_eq!(&added, &whole);
        let mut sorted = values.clone();
        sorted.sort_by(f64::total_cmp);
        let points = whole.distribution();
        let repeated = points.iter().flat_map(|point| std::iter::repeat_n(point.value, point.count as usize));
        for (value, near) in sorted.iter().zip(repeated) {
            prop_assert!((value / near - 1.0).abs() <= LOGARITHMIC_WIDTH, "{value} counted as {near}");
        }
        prop_assert_eq!(points.last().unwrap().share_up_to, 1.0);
    }

    #[test]
    fn thinning_keeps_the_ends_and_leaves_no_gap(values in prop::collection::vec(1.0_f64..1e4, 2..2000)) {
        let points = counts(&values).distribution();
        let thin = thinned(&points, 0.01);
        prop_assert_eq!(thin.first(), points.first());
        prop_assert_eq!(thin.last(), points.last());
        for point in &points {
            let near = |other: &homa_analysis::DistributionPoint| (other.value / point.value - 1.0).abs() < 0.011;
            prop_assert!(thin.iter().any(near));
        }
    }
}
