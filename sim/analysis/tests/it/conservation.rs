//! Whatever is recorded, and however it is kept, no message is lost and no quantile moves by more than a cell.

use homa_analysis::{LOGARITHMIC_WIDTH, SizeBins, SlowdownRecorder, SlowdownSummary};
use homa_units::Bytes;
use proptest::prelude::*;

fn recorder(samples: &[(u64, f64)], exact_limit: usize) -> SlowdownRecorder {
    let bins = SizeBins::with_edges(&[100, 10_000].map(Bytes::new));
    let mut recorder = SlowdownRecorder::new(bins, exact_limit);
    for (size, slowdown) in samples {
        recorder.record(Bytes::new(*size), *slowdown);
    }
    recorder
}

fn close(first: f64, second: f64) -> bool {
    first == second || (first / second - 1.0).abs() <= LOGARITHMIC_WIDTH
}

#[test]
fn counting_takes_no_memory_for_more_of_the_same() {
    // A summary has one entry for each sample that was kept or counted apart, so its text is as long as they are many.
    let length = |repetitions| {
        let samples = [(1, 1.0), (2, 1.0)].repeat(repetitions);
        format!("{:?}", SlowdownSummary::pool(vec![recorder(&samples, 1)])).len()
    };
    assert!(length(1_000_000) < length(10) + 100);
}

#[test]
#[should_panic(expected = "equal size bins")]
fn runs_with_different_bins_are_not_pooled() {
    let other = SlowdownRecorder::new(SizeBins::with_edges(&[Bytes::new(7)]), 1);
    let _ = SlowdownSummary::pool(vec![recorder(&[], 1), other]);
}

proptest! {
    #[test]
    fn messages_are_conserved_and_quantiles_stay_within_a_cell(
        samples in prop::collection::vec((1_u64..20_000, 0.5_f64..1e6), 1..300),
        exact_limit in 0_usize..300,
        unfinished in prop::collection::vec(1_u64..20_000, 0..20),
    ) {
        let summary = |exact_limit| {
            let mut recorder = recorder(&samples, exact_limit);
            unfinished.iter().for_each(|size| recorder.record_unfinished(Bytes::new(*size)));
            SlowdownSummary::pool(vec![recorder])
        };
        let (exact, counted) = (summary(usize::MAX), summary(exact_limit));
        let all = (samples.len() + unfinished.len()) as u64;
        prop_assert_eq!((counted.count(), counted.unfinished()), (all, unfinished.len() as u64));
        prop_assert_eq!(counted.bins().iter().map(|row| row.count).sum::<u64>(), all);
        prop_assert_eq!(counted.deciles().iter().map(|row| row.count).sum::<u64>(), all);
        for (exact, counted) in exact.deciles().iter().zip(&counted.deciles()) {
            prop_assert_eq!((exact.size_max, exact.count), (counted.size_max, counted.count));
            prop_assert!(close(counted.p50, exact.p50) && close(counted.p99, exact.p99));
        }
    }
}
