//! Statistics of a group of samples.

use crate::confidence::{Block, probabilities};
use crate::quantile::{rank, weighted_nearest_rank};

/// Cells of a published histogram.
const CELLS: usize = 100;

/// Statistics of samples of neighbouring sizes.
pub(crate) struct Statistics {
    pub(crate) count: u64,
    pub(crate) unfinished: u64,
    /// (slowdown, count), ascending.
    pub(crate) ascending: Vec<(f64, u64)>,
}

impl Statistics {
    pub(crate) fn new(samples: &[(u64, f64, u64)]) -> Self {
        let mut ascending: Vec<_> = samples.iter().map(|(_, slowdown, count)| (*slowdown, *count)).collect();
        ascending.sort_unstable_by(|(first, count), (second, other)| first.total_cmp(second).then(count.cmp(other)));
        let count = ascending.iter().map(|(_, count)| count).sum();
        let unfinished =
            ascending.iter().rev().take_while(|(slowdown, _)| slowdown.is_infinite()).map(|(_, count)| count).sum();
        Self { count, unfinished, ascending }
    }

    pub(crate) fn quantile(&self, q: f64) -> f64 {
        if self.count == 0 {
            return f64::NAN;
        }
        weighted_nearest_rank(&self.ascending, q)
    }

    /// The 95 % confidence interval of the quantile `q`, of whose samples the `blocks` tell which
    /// are not above it.
    pub(crate) fn interval(&self, q: f64, blocks: &[Block]) -> Option<(f64, f64)> {
        let (low, high) = probabilities(q, blocks)?;
        // Beyond the largest sample nothing is known: the interval has no upper end.
        let upper = if high < 1.0 { self.quantile(high) } else { f64::INFINITY };
        Some((self.quantile(low), upper))
    }

    /// Mean of the finished messages, summed in ascending order.
    pub(crate) fn mean(&self) -> f64 {
        let finished = self.ascending.iter().filter(|(slowdown, _)| slowdown.is_finite());
        finished.map(|(slowdown, count)| slowdown * *count as f64).sum::<f64>() / (self.count - self.unfinished) as f64
    }

    /// The statistic of the published curves: a histogram of 100 equal cells from 0 to `range` and
    /// one for all above; the lower edge of the first cell whose cumulative count reaches the
    /// quantile, but no less than the smallest sample. Unfinished messages were never recorded.
    pub(crate) fn cell(&self, q: f64, range: f64) -> f64 {
        let finished = self.count - self.unfinished;
        if finished == 0 {
            return f64::INFINITY;
        }
        let wanted = rank(q, finished);
        let width = range / CELLS as f64;
        let mut counts = [0_u64; CELLS + 1];
        for (slowdown, count) in self.ascending.iter().filter(|(slowdown, _)| slowdown.is_finite()) {
            // The division may round the other way, but the range's end is above the range.
            let cell = if *slowdown >= range { CELLS } else { ((slowdown / width) as usize).min(CELLS - 1) };
            counts[cell] += count;
        }
        let mut below = 0;
        for (cell, count) in counts.into_iter().enumerate() {
            below += count;
            if below >= wanted {
                let lower_edge = if cell == CELLS { range } else { cell as f64 * width };
                return lower_edge.max(self.ascending[0].0);
            }
        }
        unreachable!("the last cell has every sample at or below it")
    }
}
