//! A run too long to keep each sample still has every count exact and every quantile within a tenth of a percent.

use homa_analysis::{LOGARITHMIC_WIDTH, Precision, SizeBins, SlowdownRecorder, SlowdownSummary};
use homa_units::Bytes;

const SAMPLES: u32 = 20_000;

/// Slowdowns from 1 to about 40 with a long tail, in an order that has nothing to do with size.
fn samples() -> impl Iterator<Item = (Bytes, f64)> {
    let mut state = 1_u64;
    (0..SAMPLES).map(move |_| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let uniform = (state >> 40) as f64 / (1_u64 << 24) as f64;
        (Bytes::new(1 + (state >> 20) % 50), 1.0 / (1.0 - 0.975 * uniform))
    })
}

fn summary(exact_limit: usize) -> SlowdownSummary {
    let mut recorder = SlowdownRecorder::new(SizeBins::with_edges(&[5, 10, 20, 40].map(Bytes::new)), exact_limit);
    for (size, slowdown) in samples() {
        recorder.record(size, slowdown);
    }
    for size in [3, 44] {
        recorder.record_unfinished(Bytes::new(size));
    }
    SlowdownSummary::pool(vec![recorder])
}

fn close(approximate: f64, exact: f64) {
    let error = (approximate / exact - 1.0).abs();
    assert!(approximate == exact || error <= LOGARITHMIC_WIDTH, "{approximate} instead of {exact}: off by {error}");
}

#[test]
fn samples_are_kept_up_to_the_limit_and_counted_above_it() {
    let logarithmic = Precision::Logarithmic { relative_width: LOGARITHMIC_WIDTH };
    let mut recorder = SlowdownRecorder::new(SizeBins::with_edges(&[]), 3);
    for (count, precision) in [(1, Precision::Exact), (2, Precision::Exact), (3, Precision::Exact), (4, logarithmic)] {
        recorder.record(Bytes::new(count), 1.5);
        assert_eq!(recorder.precision(), precision, "{count} samples");
    }
    let summary = SlowdownSummary::pool(vec![recorder]);
    assert_eq!((summary.precision(), summary.count()), (logarithmic, 4));
}

#[test]
fn quantiles_and_means_are_within_a_tenth_of_a_percent() {
    let (exact, counted) = (summary(usize::MAX), summary(1_000));
    assert_eq!(exact.precision(), Precision::Exact);
    close(counted.overall().0, exact.overall().0);
    close(counted.overall().1, exact.overall().1);
    close(counted.overall().2, exact.overall().2);
    for (counted, exact) in counted.deciles().iter().zip(exact.deciles()) {
        close(counted.p50, exact.p50);
        close(counted.p99, exact.p99);
        close(counted.mean, exact.mean);
    }
    for (counted, exact) in counted.bins().iter().zip(exact.bins()) {
        close(counted.p50, exact.p50);
        close(counted.p99, exact.p99);
        close(counted.mean, exact.mean);
        close(counted.min, exact.min);
        close(counted.max, exact.max);
    }
}

#[test]
fn counts_and_groups_equal_the_exact_ones() {
    let (exact, counted) = (summary(usize::MAX), summary(1_000));
    let deciles = |summary: &SlowdownSummary| {
        let rows = summary.deciles().into_iter();
        rows.map(|row| (row.size_min, row.size_max, row.count, row.unfinished)).collect::<Vec<_>>()
    };
    let bins = |summary: &SlowdownSummary| {
        let rows = summary.bins().into_iter();
        rows.map(|row| (row.size_max, row.count, row.unfinished, row.cumulative_share)).collect::<Vec<_>>()
    };
    assert_eq!(deciles(&counted), deciles(&exact));
    assert_eq!(bins(&counted), bins(&exact));
    assert_eq!((counted.count(), counted.unfinished()), (u64::from(SAMPLES) + 2, 2));
}

#[test]
fn equal_runs_give_equal_numbers() {
    let (first, second) = (summary(1_000), summary(1_000));
    // As text, since a value that is not a number is not equal to itself.
    assert_eq!(format!("{:?}", first.bins()), format!("{:?}", second.bins()));
    assert_eq!(format!("{:?}", first.deciles()), format!("{:?}", second.deciles()));
    // When counting begins makes no difference: kept samples are counted then.
    let late = summary(usize::try_from(SAMPLES).unwrap() - 1);
    assert_eq!(format!("{:?}", summary(0).bins()), format!("{:?}", late.bins()));
}

#[test]
fn one_counted_run_makes_the_pool_logarithmic() {
    let run = |exact_limit| {
        let mut recorder = SlowdownRecorder::new(SizeBins::with_edges(&[]), exact_limit);
        recorder.record(Bytes::new(7), 2.0);
        recorder
    };
    let pooled = SlowdownSummary::pool(vec![run(1), run(0)]);
    assert_ne!(pooled.precision(), Precision::Exact);
    assert_eq!(pooled.count(), 2);
    close(pooled.overall().0, 2.0);
}
