//! Tenths of the messages, and the confidence of quantiles of any group of sizes.
//!
//! Size bins count their blocks while a run goes on ([`SlowdownRecorder`]); where a tenth ends is
//! known only when all runs are there. So its blocks are counted then, from the samples that were
//! kept.

use crate::confidence::Block;
use crate::recorder::SlowdownRecorder;
use crate::rows::Decile;
use crate::statistics::Statistics;
use std::ops::RangeInclusive;

/// 95 % confidence intervals of a median and a 99th percentile, from time blocks. Ends are not
/// numbers with fewer than two blocks or if a run had more samples than are kept; upper ends are
/// infinite if there are too few messages to bound them.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Confidence {
    /// Lower end for the median.
    pub p50_low: f64,
    /// Upper end for the median.
    pub p50_high: f64,
    /// Lower end for the 99th percentile.
    pub p99_low: f64,
    /// Upper end for the 99th percentile.
    pub p99_high: f64,
}

impl Confidence {
    /// Of the messages of these sizes, whose statistics over all runs are `statistics`.
    pub(crate) fn of(statistics: &Statistics, sizes: RangeInclusive<u64>, recorders: &[SlowdownRecorder]) -> Self {
        let limits = [statistics.quantile(0.5), statistics.quantile(0.99)];
        let none = (f64::NAN, f64::NAN);
        let [p50, p99] = match blocks(&sizes, limits, recorders) {
            Some([p50, p99]) => [statistics.interval(0.5, &p50), statistics.interval(0.99, &p99)],
            None => [None, None],
        };
        let ((p50_low, p50_high), (p99_low, p99_high)) = (p50.unwrap_or(none), p99.unwrap_or(none));
        Self { p50_low, p50_high, p99_low, p99_high }
    }
}

/// The blocks of all runs for each of two limits; none if a run did not keep every sample.
fn blocks(sizes: &RangeInclusive<u64>, limits: [f64; 2], recorders: &[SlowdownRecorder]) -> Option<[Vec<Block>; 2]> {
    let mut all: [Vec<Block>; 2] = Default::default();
    for recorder in recorders {
        // Blocks of other runs are other blocks.
        let first = all[0].len();
        for (_, block, slowdown) in recorder.exact()?.filter(|(size, ..)| sizes.contains(size)) {
            let place = first + block as usize;
            for (blocks, limit) in all.iter_mut().zip(limits) {
                if blocks.len() <= place {
                    blocks.resize(place + 1, Block::default());
                }
                blocks[place].samples += 1;
                blocks[place].not_above += u64::from(slowdown <= limit);
            }
        }
    }
    Some(all)
}

/// Tenths of `samples` (size, slowdown, count), which ascend and are those of the recorders.
pub(crate) fn deciles(samples: &[(u64, f64, u64)], recorders: &[SlowdownRecorder]) -> Vec<Decile> {
    let total: u64 = samples.iter().map(|(.., count)| count).sum();
    let mut rows = Vec::new();
    let (mut from, mut position, mut below) = (0, 0, 0);
    for decile in 1..=10 {
        let rank = (total * decile).div_ceil(10);
        while position < samples.len() && below < rank {
            below += samples[position].2;
            position += 1;
        }
        let Some(last) = position.checked_sub(1) else { continue };
        let size_max = samples[last].0;
        while position < samples.len() && samples[position].0 == size_max {
            below += samples[position].2;
            position += 1;
        }
        if position > from {
            rows.push(decile_of(&samples[from..position], recorders));
            from = position;
        }
    }
    rows
}

fn decile_of(samples: &[(u64, f64, u64)], recorders: &[SlowdownRecorder]) -> Decile {
    let (size_min, size_max) = (samples[0].0, samples[samples.len() - 1].0);
    let group = Statistics::new(samples);
    let Confidence { p50_low, p50_high, p99_low, p99_high } = Confidence::of(&group, size_min..=size_max, recorders);
    Decile {
        size_min,
        size_max,
        count: group.count,
        p50: group.quantile(0.5),
        p99: group.quantile(0.99),
        mean: group.mean(),
        unfinished: group.unfinished,
        p50_low,
        p50_high,
        p99_low,
        p99_high,
    }
}
