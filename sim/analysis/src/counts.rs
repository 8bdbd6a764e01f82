//! Values counted in logarithmic cells: distributions in bounded memory.

use crate::cell::{cell, middle};
use rustc_hash::FxHashMap;
use serde::{Deserialize, Serialize};

/// Counts of positive values by logarithmic cell of at most [`LOGARITHMIC_WIDTH`](crate::LOGARITHMIC_WIDTH) relative
/// width, of zeros, and of infinite values (what did not end).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogarithmicCounts {
    #[serde(with = "crate::sorted_map")]
    cells: FxHashMap<u32, u64>,
    zeros: u64,
    infinite: u64,
}

/// A point of a distribution.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct DistributionPoint {
    /// The value: the middle of its cell, or 0.
    pub value: f64,
    /// How many values are in the cell.
    pub count: u64,
    /// Share of all values that are at most as large, 0 to 1.
    pub share_up_to: f64,
    /// Share of all values that are larger, 0 to 1.
    pub share_above: f64,
}

impl LogarithmicCounts {
    /// Counts a value: zero, positive or infinite.
    #[inline]
    pub fn record(&mut self, value: f64) {
        debug_assert!(value >= 0.0, "{value} is not positive");
        if value == 0.0 {
            self.zeros += 1;
        } else if value.is_infinite() {
            self.infinite += 1;
        } else {
            *self.cells.entry(cell(value)).or_default() += 1;
        }
    }

    /// Adds the counts of another.
    pub fn add(&mut self, other: &Self) {
        self.zeros += other.zeros;
        self.infinite += other.infinite;
        for (cell, count) in other.ascending() {
            *self.cells.entry(cell).or_default() += count;
        }
    }

    /// All values, the infinite ones too.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.zeros + self.infinite + self.cells.values().sum::<u64>()
    }

    fn ascending(&self) -> Vec<(u32, u64)> {
        let mut cells: Vec<_> = self.cells.iter().map(|(cell, count)| (*cell, *count)).collect();
        cells.sort_unstable();
        cells
    }

    /// The distribution, one point for each cell that has values, ascending; infinite values have no point, but count in
    /// the shares.
    #[must_use]
    pub fn distribution(&self) -> Vec<DistributionPoint> {
        let total = self.count();
        let mut up_to = 0;
        let mut point = |value, count| {
            up_to += count;
            let share = |part: u64| part as f64 / total as f64;
            DistributionPoint { value, count, share_up_to: share(up_to), share_above: share(total - up_to) }
        };
        let zeros = (self.zeros > 0).then(|| point(0.0, self.zeros));
        zeros.into_iter().chain(self.ascending().into_iter().map(|(cell, count)| point(middle(cell), count))).collect()
    }
}

/// Leaves out points whose share and value are both within `width`, relatively, of the last one kept; a figure's line
/// looks the same. First and last are kept.
#[must_use]
pub fn thinned(points: &[DistributionPoint], width: f64) -> Vec<DistributionPoint> {
    let mut kept: Vec<DistributionPoint> = Vec::new();
    let near = |one: f64, other: f64| (one - other).abs() <= width * one.max(other);
    for (number, point) in points.iter().enumerate() {
        let is_near = |last: &DistributionPoint| {
            near(last.value, point.value)
                && near(last.share_above, point.share_above)
                && near(last.share_up_to, point.share_up_to)
        };
        if number + 1 == points.len() || !kept.last().is_some_and(is_near) {
            kept.push(*point);
        }
    }
    kept
}
