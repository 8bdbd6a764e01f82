//! Round-trip times of all nodes of an experiment.

use crate::cell::{LOGARITHMIC_WIDTH, cell, middle};
use crate::recorder::Precision;
use homa_units::Duration;
use std::collections::BTreeMap;
use thiserror::Error;

/// Round-trip times by length. Up to a limit every one is kept; above it they are counted by exact
/// length and logarithmic cell, so that memory grows with the number of different lengths alone.
#[derive(Debug, Clone)]
pub struct RttPool {
    exact_limit: usize,
    samples: u64,
    lengths: Lengths,
}

#[derive(Debug, Clone)]
enum Lengths {
    /// Each, in picoseconds.
    Exact(BTreeMap<u64, Vec<u64>>),
    /// Counts by cell.
    Counted(BTreeMap<u64, BTreeMap<u32, u64>>),
}

/// Why a round-trip time has no slowdown.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum BaselineError {
    /// The unloaded run has no message of this length, nor a shorter one.
    #[error(
        "the unloaded run has no message of {length} B or shorter, so there is nothing to divide by; give the unloaded run of the same workload"
    )]
    Unknown {
        /// The length.
        length: u64,
    },
    /// There are no round-trip times.
    #[error("no round-trip times: the files have comments only")]
    Empty,
}

/// The sorted round-trip times of one length: (microseconds, count).
pub(crate) type Sorted = Vec<(f64, u64)>;

impl RttPool {
    /// Takes round-trip times, each kept as long as there are no more than `exact_limit`.
    #[must_use]
    pub const fn new(exact_limit: usize) -> Self {
        Self { exact_limit, samples: 0, lengths: Lengths::Exact(BTreeMap::new()) }
    }

    /// Adds the round-trip time of an RPC of `length` bytes.
    pub fn add(&mut self, length: u64, rtt: Duration) {
        self.samples += 1;
        if let Lengths::Exact(lengths) = &mut self.lengths {
            if self.samples <= self.exact_limit as u64 {
                lengths.entry(length).or_default().push(rtt.as_ps());
                return;
            }
            let kept = std::mem::take(lengths);
            self.lengths = Lengths::Counted(BTreeMap::new());
            for (length, all_ps) in kept {
                all_ps.into_iter().for_each(|ps| self.count(length, ps));
            }
        }
        self.count(length, rtt.as_ps());
    }

    fn count(&mut self, length: u64, ps: u64) {
        if let Lengths::Counted(lengths) = &mut self.lengths {
            *lengths.entry(length).or_default().entry(cell(us(ps))).or_default() += 1;
        }
    }

    /// How many there are.
    #[must_use]
    pub const fn samples(&self) -> u64 {
        self.samples
    }

    /// Whether every one was kept.
    #[must_use]
    pub const fn precision(&self) -> Precision {
        match self.lengths {
            Lengths::Exact(_) => Precision::Exact,
            Lengths::Counted(_) => Precision::Logarithmic { relative_width: LOGARITHMIC_WIDTH },
        }
    }

    /// Sorted round-trip times by ascending length.
    pub(crate) fn sorted(&self) -> Vec<(u64, Sorted)> {
        match &self.lengths {
            Lengths::Exact(lengths) => {
                let sorted = |all_ps: &Vec<u64>| {
                    let mut all_ps = all_ps.clone();
                    all_ps.sort_unstable();
                    all_ps.into_iter().map(|ps| (us(ps), 1)).collect()
                };
                lengths.iter().map(|(length, all_ps)| (*length, sorted(all_ps))).collect()
            }
            Lengths::Counted(lengths) => {
                let sorted =
                    |cells: &BTreeMap<u32, u64>| cells.iter().map(|(cell, count)| (middle(*cell), *count)).collect();
                lengths.iter().map(|(length, cells)| (*length, sorted(cells))).collect()
            }
        }
    }

    /// Medians in microseconds by length.
    pub(crate) fn medians_us(&self) -> BTreeMap<u64, f64> {
        self.sorted().into_iter().map(|(length, sorted)| (length, at_index(&sorted, half))).collect()
    }

    pub(crate) const fn not_empty(&self) -> Result<(), BaselineError> {
        if self.samples == 0 { Err(BaselineError::Empty) } else { Ok(()) }
    }
}

/// The benchmark's index of the median of `count` sorted values, from 0.
pub(crate) const fn half(count: u64) -> u64 {
    count / 2
}

/// Its index of the 99th percentile.
pub(crate) const fn hundredth_below(count: u64) -> u64 {
    99 * count / 100
}

/// Its index of the 99.9th percentile.
pub(crate) const fn thousandth_below(count: u64) -> u64 {
    999 * count / 1000
}

/// The value with the index that `index` gives for their number. This is the benchmark's rule, one
/// rank above the nearest rank where `q N` is whole; the numbers are compared with its own, so it
/// is kept.
pub(crate) fn at_index(sorted: &[(f64, u64)], index: fn(u64) -> u64) -> f64 {
    let mut left = index(sorted.iter().map(|(_, count)| count).sum());
    for (value, count) in sorted {
        if left < *count {
            return *value;
        }
        left -= count;
    }
    unreachable!("the index of a quantile is below the number of values")
}

fn us(ps: u64) -> f64 {
    ps as f64 / 1e6
}
