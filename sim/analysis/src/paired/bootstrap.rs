//! Draws of blocks, and quantiles of what is drawn.

use crate::confidence::student_97_5;
use crate::quantile::rank;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// How often blocks are drawn.
const REPLICATES: usize = 2_000;

/// All draws are from this seed: the same samples give the same interval.
const SEED: u64 = 0x686f_6d61;

/// How often each block is in each replicate.
#[derive(Debug, Clone)]
pub(super) struct Draws(Vec<Vec<u32>>);

impl Draws {
    /// Draws with replacement, as many blocks as there are; each `stream` has draws of its own.
    pub(super) fn new(stream: u64, blocks: usize) -> Self {
        let mut generator = ChaCha8Rng::seed_from_u64(SEED);
        generator.set_stream(stream);
        let mut replicate = || {
            let mut times = vec![0; blocks];
            for _ in 0..blocks {
                let block = (u128::from(generator.next_u64()) * blocks as u128) >> 64;
                times[block as usize] += 1;
            }
            times
        };
        Self((0..REPLICATES).map(|_| replicate()).collect())
    }

    pub(super) fn replicates(&self) -> impl Iterator<Item = &[u32]> {
        self.0.iter().map(Vec::as_slice)
    }
}

/// Between two checkpoints there are this many samples.
const STRIDE: usize = 256;

/// Samples in ascending order, with their blocks.
///
/// A replicate's quantile is found without going through all of them: at every 256th sample it is known how many samples
/// of each block are before.
#[derive(Debug, PartialEq)]
pub(super) struct Weighted {
    /// (slowdown, block, count), ascending.
    samples: Vec<(f64, u32, u64)>,
    /// How many samples of each block are before the sample `STRIDE * n`; row after row, with one for the end.
    checkpoints: Vec<u64>,
    /// How many samples each block has.
    totals: Vec<u64>,
}

impl Weighted {
    pub(super) fn new(mut samples: Vec<(f64, u32, u64)>, blocks: usize) -> Self {
        samples.sort_unstable_by(|(first, block, count), (second, other, others)| {
            first.total_cmp(second).then(block.cmp(other)).then(count.cmp(others))
        });
        let mut totals = vec![0; blocks];
        let mut checkpoints = Vec::with_capacity((samples.len() / STRIDE + 1) * blocks);
        for part in samples.chunks(STRIDE) {
            checkpoints.extend_from_slice(&totals);
            part.iter().for_each(|(_, block, count)| totals[*block as usize] += count);
        }
        Self { samples, checkpoints, totals }
    }

    pub(super) fn count(&self) -> u64 {
        self.totals.iter().sum()
    }

    pub(super) fn infinite(&self) -> u64 {
        self.samples.iter().rev().take_while(|(value, ..)| value.is_infinite()).map(|(.., count)| count).sum()
    }

    /// Blocks with samples.
    pub(super) fn blocks(&self) -> usize {
        self.totals.iter().filter(|total| **total > 0).count()
    }

    pub(super) fn quantile(&self, q: f64) -> Option<f64> {
        self.drawn_quantile(&vec![1; self.totals.len()], q)
    }

    /// The quantile by nearest rank if each block is there so many times; none if there are no samples then.
    pub(super) fn drawn_quantile(&self, times: &[u32], q: f64) -> Option<f64> {
        let drawn = |counts: &[u64]| counts.iter().zip(times).map(|(count, times)| count * u64::from(*times)).sum();
        let total: u64 = drawn(&self.totals);
        if total == 0 {
            return None;
        }
        let wanted = rank(q, total);
        let before = |checkpoint: usize| -> u64 {
            let from = checkpoint * times.len();
            drawn(&self.checkpoints[from..from + times.len()])
        };
        // The last checkpoint with fewer samples before it; the first one has none.
        let (mut low, mut high) = (0, self.samples.len().div_ceil(STRIDE));
        while high - low > 1 {
            let middle = low.midpoint(high);
            if before(middle) < wanted { low = middle } else { high = middle }
        }
        let mut seen = before(low);
        for (value, block, count) in &self.samples[low * STRIDE..] {
            seen += count * u64::from(times[*block as usize]);
            if seen >= wanted {
                return Some(*value);
            }
        }
        unreachable!("a rank is at most the number of samples")
    }
}

/// The 95 % interval from the replicates' ratios. A ratio that is not a number, as both quantiles are infinite or a replicate
/// had no messages, could be anything: it counts as 0 for the lower end and as infinite for the upper.
pub(super) fn expanded_interval(ratios: Vec<f64>, blocks: usize) -> (f64, f64) {
    let tail = tail_probability(blocks as f64);
    let sorted = |unknown: f64| {
        let mut all: Vec<_> = ratios.iter().map(|ratio| if ratio.is_nan() { unknown } else { *ratio }).collect();
        all.sort_unstable_by(f64::total_cmp);
        all
    };
    let count = ratios.len();
    let outside = ((tail * (count as f64 + 1.0)) as usize).clamp(1, count) - 1;
    (sorted(0.0)[outside], sorted(f64::INFINITY)[count - 1 - outside])
}

/// The probability outside of each end: less than 2.5 %, as the blocks are few and the spread of their mean is taken without
/// the factor n / (n - 1).
fn tail_probability(blocks: f64) -> f64 {
    let distance = student_97_5(blocks - 1.0) * (blocks / (blocks - 1.0)).sqrt();
    0.5 * libm::erfc(distance / std::f64::consts::SQRT_2)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tails_tend_to_those_of_the_normal_distribution() {
        assert!((tail_probability(1e9) - 0.025).abs() < 1e-6);
        assert!((tail_probability(10.0) - 0.0086).abs() < 2e-4, "{}", tail_probability(10.0));
        assert!(tail_probability(5.0) < 0.0011);
    }

    #[test]
    fn a_drawn_quantile_is_that_of_the_repeated_samples() {
        let mut state = 1_u64;
        let mut next = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            state >> 33
        };
        for size in [1, 255, 256, 257, 3_000] {
            let samples: Vec<_> =
                (0..size).map(|_| (1.0 + (next() % 500) as f64, (next() % 7) as u32, 1 + next() % 3)).collect();
            let weighted = Weighted::new(samples.clone(), 7);
            for _ in 0..20 {
                let times: Vec<_> = (0..7).map(|_| (next() % 4) as u32).collect();
                let mut repeated: Vec<f64> = Vec::new();
                for (value, block, count) in &samples {
                    let times = count * u64::from(times[*block as usize]);
                    repeated.extend((0..times).map(|_| *value));
                }
                repeated.sort_by(f64::total_cmp);
                for q in [0.0, 0.5, 0.99, 1.0] {
                    let expected = (!repeated.is_empty()).then(|| crate::quantile::nearest_rank(&repeated, q));
                    assert_eq!(weighted.drawn_quantile(&times, q), expected, "{size} samples, {q}");
                }
            }
        }
    }

    #[test]
    fn unknown_ratios_widen_the_interval_on_both_sides() {
        let mut ratios = vec![2.0; 1_000];
        ratios[..100].fill(f64::NAN);
        assert_eq!(expanded_interval(ratios, 40), (0.0, f64::INFINITY));
    }
}
