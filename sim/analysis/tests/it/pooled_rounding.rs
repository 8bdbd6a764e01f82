//! Runs whose sizes are rounded up can be pooled with runs whose sizes are not, and be compared in pairs, if they had the
//! same messages.

use homa_analysis::paired::{PairingError, Resampling, compare, precision};
use homa_analysis::{LOGARITHMIC_WIDTH, Precision, SIZES_MAX, SizeBins, SlowdownRecorder, SlowdownSummary};
use homa_units::Bytes;

const MESSAGES: u64 = 60_000;

/// A run with this slowdown of messages of 20,000 sizes; one in `unfinished` never finishes.
fn run(exact_limit: usize, unfinished: u64, slowdown: impl Fn(f64) -> f64) -> SlowdownRecorder {
    let bins = SizeBins::with_edges(&[5_000, 12_345].map(Bytes::new));
    let mut recorder = SlowdownRecorder::new(bins, exact_limit);
    let mut state = 1_u64;
    for number in 0..MESSAGES {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let (size, block) = (Bytes::new(1 + number * 7_919 % 20_000), (number * 10 / MESSAGES) as u32);
        if unfinished > 0 && number % unfinished == 0 {
            recorder.record_unfinished_in_block(size, block);
        } else {
            let uniform = (state >> 40) as f64 / (1_u64 << 24) as f64;
            recorder.record_in_block(size, slowdown(1.0 / (1.0 - 0.99 * uniform)), block);
        }
    }
    recorder
}

fn plain(value: f64) -> f64 {
    value
}

fn groups() -> SizeBins {
    SizeBins::with_edges(&[Bytes::new(12_345)])
}

#[test]
fn sizes_are_rounded_when_there_are_too_many_finished_or_not() {
    assert_eq!(run(usize::MAX, 0, plain).size_width(), 0.0);
    assert!(run(0, 0, plain).size_width() > 0.0 && run(0, 2, plain).size_width() > 0.0);
    let mut few = SlowdownRecorder::new(SizeBins::with_edges(&[]), 0);
    (0..MESSAGES).for_each(|number| few.record(Bytes::new(300 + number % SIZES_MAX as u64), 2.0));
    assert_eq!(few.size_width(), 0.0);
    few.record_unfinished(Bytes::new(1));
    assert_eq!(few.size_width(), 1.0 / 128.0);
}

#[test]
fn the_same_messages_are_paired_whoever_rounds_sizes() {
    let slower = |value| 1.5 * value;
    let exact = compare(&[run(usize::MAX, 0, plain)], &[run(usize::MAX, 0, slower)], &groups(), Resampling::Paired);
    let exact = exact.unwrap();
    for limits in [[0, 0], [usize::MAX, 0], [0, usize::MAX]] {
        let [a, b] = [[run(limits[0], 0, plain)], [run(limits[1], 0, slower)]];
        let Precision::Logarithmic { relative_width } = precision(&a, &b) else { panic!("one of them is counted") };
        for (row, exact) in compare(&a, &b, &groups(), Resampling::Paired).unwrap().iter().zip(&exact) {
            assert_eq!(row.count, exact.count);
            assert!((row.p50.ratio / 1.5 - 1.0).abs() <= relative_width, "{row:?}");
            assert!((row.p99.ratio / 1.5 - 1.0).abs() <= relative_width, "{row:?}");
        }
    }
}

#[test]
fn other_messages_are_refused_also_where_sizes_are_rounded() {
    let (a, mut b) = ([run(0, 0, plain)], [run(0, 0, plain)]);
    b[0].record_in_block(Bytes::new(15_000), 2.0, 3);
    let refused = compare(&a, &b, &groups(), Resampling::Paired).unwrap_err();
    let PairingError::Messages { run: 1, size, block: None, a, b } = refused else { panic!("{refused}") };
    // 15,000 is in the cell from 14,976 to 15,039.
    assert_eq!((size, b), (15_039, a + 1));
}

#[test]
fn pooled_with_a_run_of_rounded_sizes_all_sizes_are_rounded() {
    let exactly = SlowdownSummary::pool(vec![run(usize::MAX, 0, plain), run(usize::MAX, 3, plain)]);
    for runs in [[run(usize::MAX, 0, plain), run(0, 3, plain)], [run(0, 0, plain), run(usize::MAX, 3, plain)]] {
        let pooled = SlowdownSummary::pool(runs.to_vec());
        assert!(pooled.size_width() > 0.0);
        assert_eq!((pooled.count(), pooled.unfinished()), (exactly.count(), exactly.unfinished()));
        let counts = |summary: &SlowdownSummary| summary.bins().iter().map(|row| row.count).collect::<Vec<_>>();
        assert_eq!(counts(&pooled), counts(&exactly));
        let both = SlowdownSummary::pool(vec![run(0, 0, plain), run(0, 3, plain)]);
        let edges = |summary: &SlowdownSummary| summary.deciles().iter().map(|row| row.size_max).collect::<Vec<_>>();
        assert_eq!(edges(&pooled), edges(&both));
    }
}

#[test]
fn the_precision_of_a_pool_is_that_of_its_coarsest_run() {
    let mut wide = SlowdownRecorder::new(SizeBins::with_edges(&[]), 0);
    let mut state = 1_u64;
    for number in 0..400_000_u64 {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        wide.record(Bytes::new(1 + number % 250), 1.0 + (state >> 40) as f64 / 1e4);
    }
    let Precision::Logarithmic { relative_width } = wide.precision() else { panic!("it is counted") };
    assert!(relative_width > LOGARITHMIC_WIDTH);
    let mut narrow = SlowdownRecorder::new(SizeBins::with_edges(&[]), 0);
    narrow.record(Bytes::new(1), 2.0);
    for runs in [[wide.clone(), narrow.clone()], [narrow, wide]] {
        assert_eq!(SlowdownSummary::pool(runs.to_vec()).precision(), Precision::Logarithmic { relative_width });
    }
}
