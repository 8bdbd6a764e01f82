//! Millions of messages, nearly each of another size, take no more memory than is said, and what is given for them is as
//! exact as is said.
//!
//! The counting allocator of this test program sees every byte.

use homa_analysis::{
    Decile, LOGARITHMIC_WIDTH, Precision, SIZES_MAX, SizeBins, SlowdownRecorder, SlowdownSummary, cells_limit,
};
use homa_units::Bytes;

/// Two tables of 2^17 slots, of 17 and 25 bytes.
const TABLES: u64 = (1 << 17) * (17 + 25);
/// While cells become wider there is a list of those of the larger table.
const WIDENING: u64 = (1 << 17) / 8 * 7 * 24;
/// The sizes met, while each is counted apart, and the ranges of the published histograms.
const REST: u64 = 200_000;

const EDGES: [u64; 3] = [1_000, 50_000, 1_000_000];

fn bins() -> SizeBins {
    SizeBins::with_edges(&EDGES.map(Bytes::new))
}

/// Sizes from 1 to 8 M, as many of each power of two, and slowdowns from 1 to 40 with a long tail, each with the number of
/// its time block.
fn messages(count: u64) -> impl Iterator<Item = (Bytes, f64, u32)> {
    let mut state = 1_u64;
    let mut draw = move || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        state >> 32
    };
    (0..count).map(move |number| {
        let power = 1 << (draw() % 23);
        let uniform = draw() as f64 / (1_u64 << 32) as f64;
        let block = (number * 10 / count) as u32;
        (Bytes::new(power + draw() % power), 1.0 / (1.0 - 0.975 * uniform), block)
    })
}

fn recorder(count: u64, exact_limit: usize) -> SlowdownRecorder {
    let mut recorder = SlowdownRecorder::new(bins(), exact_limit);
    messages(count).for_each(|(size, slowdown, block)| recorder.record_in_block(size, slowdown, block));
    recorder
}

fn summary(count: u64, exact_limit: usize) -> SlowdownSummary {
    SlowdownSummary::pool(vec![recorder(count, exact_limit)])
}

fn width(precision: Precision) -> f64 {
    let Precision::Logarithmic { relative_width } = precision else { panic!("{precision:?}") };
    relative_width
}

/// Bytes at most and in the end.
fn bytes(record: impl FnOnce(&mut SlowdownRecorder)) -> (u64, u64) {
    let mut recorder = SlowdownRecorder::new(bins(), 0);
    let used = allocation_counter::measure(|| record(&mut recorder));
    (used.bytes_max, u64::try_from(used.bytes_current).unwrap())
}

#[test]
fn samples_of_millions_of_messages_take_no_more_than_the_bound() {
    let used = |count| {
        bytes(|recorder| {
            messages(count).for_each(|(size, slowdown, block)| recorder.record_in_block(size, slowdown, block));
        })
    };
    let ((peak, end), (longer_peak, longer_end)) = (used(300_000), used(3_000_000));
    println!("{peak} bytes at most and {end} in the end, of ten times as many messages {longer_peak} and {longer_end}");
    assert!(longer_end < TABLES + REST && longer_peak < TABLES + WIDENING + REST, "{longer_peak} {longer_end}");
    assert!(longer_peak < peak + REST, "{longer_peak} after {peak}");
}

#[test]
fn unfinished_messages_take_no_more_than_the_bound_however_many_they_are() {
    let used = |count, finished: u64| {
        bytes(|recorder| {
            for (number, (size, slowdown, block)) in (0..).zip(messages(count)) {
                if number < finished {
                    recorder.record_in_block(size, slowdown, block);
                } else {
                    recorder.record_unfinished_in_block(size, block);
                }
            }
        })
    };
    for finished in [0, 10] {
        let (peak, end) = used(3_000_000, finished);
        println!("{peak} bytes at most and {end} in the end, {finished} messages finished");
        // Their table is like the larger of the others; when sizes are first rounded there is also a list of all.
        let table = (1 << 17) * 25;
        assert!(end < table + REST && peak < table + WIDENING + (1 << 17) * 8 + REST, "{peak} {end}");
    }
}

#[test]
fn values_of_every_magnitude_take_no_more_than_the_bound() {
    let (peak, end) = bytes(|recorder| {
        for (size, slowdown, block) in messages(1_000_000) {
            // Any exponent that a float has.
            let value = f64::from_bits((slowdown.to_bits() << 7).clamp(1 << 52, f64::MAX.to_bits()));
            recorder.record_in_block(size, value, block);
        }
    });
    assert!(end < TABLES + REST && peak < TABLES + WIDENING + REST, "{peak} {end}");
}

#[test]
fn quantiles_are_within_half_the_stated_width_of_the_exact_ones() {
    const COUNT: u64 = 1_000_000;
    let (exact, counted) = (summary(COUNT, usize::MAX), summary(COUNT, 0));
    let width = width(counted.precision());
    assert!(width > LOGARITHMIC_WIDTH && width <= 1.0 / 16.0, "{width}");
    let close = |counted: f64, exact: f64| {
        let error = (counted / exact - 1.0).abs();
        assert!(error <= width / 2.0, "{counted} instead of {exact}, off by {error}: more than half of {width}");
    };
    close(counted.overall().0, exact.overall().0);
    close(counted.overall().1, exact.overall().1);
    close(counted.overall().2, exact.overall().2);
    for (counted, exact) in counted.bins().iter().zip(exact.bins()) {
        close(counted.p50, exact.p50);
        close(counted.p99, exact.p99);
        close(counted.mean, exact.mean);
        close(counted.min, exact.min);
        close(counted.max, exact.max);
        // The ends of the interval are quantiles too, of a share that moves by what is in one cell.
        assert!((counted.p99_low / exact.p99_low - 1.0).abs() <= 2.0 * width, "{counted:?} {exact:?}");
        assert!((counted.p99_high / exact.p99_high - 1.0).abs() <= 2.0 * width, "{counted:?} {exact:?}");
    }
    let all = recorder(COUNT, 0);
    close(all.quantile(0.5), exact.overall().0);
    close(all.quantile(0.99), exact.overall().1);
}

#[test]
fn size_bins_have_exactly_their_messages_and_tenths_end_within_the_rounding_of_sizes() {
    let (exact, counted) = (summary(200_000, usize::MAX), summary(200_000, 0));
    let size_width = counted.size_width();
    assert_eq!((exact.size_width(), size_width), (0.0, 1.0 / 16.0));
    let of_bins = |summary: &SlowdownSummary| {
        let rows = summary.bins().into_iter().take(EDGES.len());
        rows.map(|row| (row.size_max, row.count, row.cumulative_share)).collect::<Vec<_>>()
    };
    assert_eq!(of_bins(&counted), of_bins(&exact));
    let [counted, exact] = [counted, exact].map(|summary| summary.deciles());
    assert_eq!(counted.len(), exact.len());
    let up_to = |rows: &[Decile], number: usize| rows[..=number].iter().map(|row| row.count).sum::<u64>();
    for (number, (row, exactly)) in counted.iter().zip(&exact).enumerate() {
        assert!(row.size_max >= exactly.size_max, "sizes are rounded up: {} from {}", row.size_max, exactly.size_max);
        assert!(row.size_max as f64 <= exactly.size_max as f64 * (1.0 + size_width), "{row:?} {exactly:?}");
        // A power of two has a 23rd of all messages, and 16 steps of sizes.
        let moved = up_to(&counted, number) - up_to(&exact, number);
        assert!(moved as f64 <= 200_000.0 / 23.0 / 16.0 * 1.5, "{moved} messages more up to {}", row.size_max);
    }
}

#[test]
fn few_sizes_stay_exact_however_wide_the_cells_of_slowdown_become() {
    let kept = u64::try_from(SIZES_MAX).unwrap();
    let summary = |exact_limit| {
        let mut recorder = SlowdownRecorder::new(bins(), exact_limit);
        for (number, (_, slowdown, block)) in (0..).zip(messages(500_000)) {
            recorder.record_in_block(Bytes::new(300 + 1_001 * (number * 7 % kept)), slowdown, block);
        }
        SlowdownSummary::pool(vec![recorder])
    };
    let (exact, counted) = (summary(usize::MAX), summary(0));
    assert!(width(counted.precision()) > LOGARITHMIC_WIDTH && counted.size_width() == 0.0);
    let sizes = |summary: &SlowdownSummary| {
        summary.deciles().iter().map(|row| (row.size_min, row.size_max, row.count)).collect::<Vec<_>>()
    };
    assert_eq!(sizes(&counted), sizes(&exact));
}

#[test]
fn who_keeps_more_samples_has_more_cells() {
    assert_eq!([0, 1, 500_000].map(cells_limit), [114_688; 3]);
    assert_eq!(cells_limit(4_000_000), 917_504);
    assert!(cells_limit(usize::MAX) > cells_limit(4_000_000));
    let [few, many] = [0, 900_000].map(|exact_limit| width(summary(1_000_000, exact_limit).precision()));
    assert!(many < few, "{many} {few}");
}
