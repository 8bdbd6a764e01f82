//! Tenths of messages have confidence from the time blocks of their own samples, as long as each was kept.

use homa_analysis::{Confidence, SizeBins, SlowdownRecorder, SlowdownSummary};
use homa_units::Bytes;

const SAMPLES: u32 = 40_000;

/// Sizes 1 to 1000 and slowdowns with a long tail that are independent of size and time, in ten blocks; but in `burst`
/// everything is as much slower.
fn recorder(seed: u64, burst: Option<(u32, f64)>, exact_limit: usize) -> SlowdownRecorder {
    let mut recorder = SlowdownRecorder::new(SizeBins::with_edges(&[Bytes::new(500)]), exact_limit);
    let mut state = seed;
    for number in 0..SAMPLES {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let uniform = (state >> 40) as f64 / (1_u64 << 24) as f64;
        let block = number * 10 / SAMPLES;
        let factor = burst.filter(|(slow, _)| *slow == block).map_or(1.0, |(_, factor)| factor);
        recorder.record_in_block(Bytes::new(1 + (state >> 20) % 1000), factor / (1.0 - 0.99 * uniform), block);
    }
    recorder
}

fn pool(recorders: Vec<SlowdownRecorder>) -> SlowdownSummary {
    SlowdownSummary::pool(recorders)
}

#[test]
fn intervals_contain_the_true_quantiles_of_nearly_all_tenths() {
    let (median, tail) = (1.0 / (1.0 - 0.99 * 0.5), 1.0 / (1.0 - 0.99 * 0.99));
    let mut missed = 0;
    for seed in 1..=10 {
        for row in pool(vec![recorder(seed, None, usize::MAX)]).deciles() {
            assert!(
                row.p50_low <= row.p50 && row.p50 <= row.p50_high && row.p99_low <= row.p99 && row.p99 <= row.p99_high
            );
            missed += u32::from(!(row.p50_low..=row.p50_high).contains(&median));
            missed += u32::from(!(row.p99_low..=row.p99_high).contains(&tail));
        }
    }
    // Of 200 intervals of 95 %, 10 are expected to miss; fewer as they are never narrower than of independent samples.
    assert!(missed <= 16, "{missed} of 200");
}

#[test]
fn a_burst_in_one_block_widens_the_intervals() {
    let width = |burst| {
        let Confidence { p50_low, p50_high, .. } = pool(vec![recorder(1, burst, usize::MAX)]).overall_confidence();
        p50_high - p50_low
    };
    assert!(width(Some((3, 5.0))) > 3.0 * width(None));
}

#[test]
fn further_runs_narrow_the_intervals_as_their_blocks_are_others() {
    let width = |runs: u64| {
        let confidence = pool((1..=runs).map(|seed| recorder(seed, None, usize::MAX)).collect()).overall_confidence();
        confidence.p99_high - confidence.p99_low
    };
    assert!(width(9) < 0.6 * width(1));
}

#[test]
fn the_whole_range_of_sizes_has_the_confidence_of_an_only_bin() {
    let recorder = || {
        let mut only = SlowdownRecorder::new(SizeBins::with_edges(&[]), usize::MAX);
        for number in 0..SAMPLES {
            let slowdown = 1.0 + f64::from(number.wrapping_mul(2_654_435_761) >> 16) / 1024.0;
            only.record_in_block(Bytes::new(1 + u64::from(number % 7)), slowdown, number * 10 / SAMPLES);
        }
        only
    };
    let summary = pool(vec![recorder()]);
    let (bin, all) = (&summary.bins()[0], summary.overall_confidence());
    // Bins count in cells of 0.1 % width, so that a sample in the quantile's cell may be on either side.
    assert!((bin.p99_low / all.p99_low - 1.0).abs() < 2e-3 && (bin.p99_high / all.p99_high - 1.0).abs() < 2e-3);
}

#[test]
fn without_every_sample_or_a_second_block_there_is_no_confidence() {
    let none = |summary: SlowdownSummary| {
        let all = summary.overall_confidence();
        let rows = summary.deciles().into_iter().map(|row| [row.p50_low, row.p50_high, row.p99_low, row.p99_high]);
        rows.chain([[all.p50_low, all.p50_high, all.p99_low, all.p99_high]])
            .all(|ends| ends.iter().all(|end| end.is_nan()))
    };
    assert!(none(pool(vec![recorder(1, None, usize::MAX), recorder(2, None, 1000)])));
    let mut one = SlowdownRecorder::new(SizeBins::with_edges(&[]), usize::MAX);
    (1..100).for_each(|size| one.record(Bytes::new(size), 2.0));
    assert!(none(pool(vec![one])));
}

#[test]
fn too_few_messages_leave_the_tail_unbounded_and_unfinished_ones_count() {
    let mut few = SlowdownRecorder::new(SizeBins::with_edges(&[]), usize::MAX);
    for number in 0..100_u32 {
        few.record_in_block(Bytes::new(5), 1.0 + f64::from(number), number % 10);
    }
    few.record_unfinished_in_block(Bytes::new(5), 3);
    let row = &pool(vec![few]).deciles()[0];
    assert!(row.p99_low.is_finite() && row.p99_high.is_infinite() && row.p50_high.is_finite());
    assert_eq!((row.count, row.unfinished), (101, 1));
}
