//! The samples of one run.

use crate::bins::SizeBins;
use homa_units::Bytes;
use rustc_hash::FxHashMap;
use serde::{Deserialize, Serialize};

/// Bits of a slowdown's mantissa that a cell keeps.
const CELL_BITS: u32 = 10;

/// Largest relative width of the cells that count slowdowns when a run has too many samples to keep each: 2^-10. Each
/// power of two has 1024 cells of equal width, so the relative width is between a half of this and this.
pub const LOGARITHMIC_WIDTH: f64 = 1.0 / (1_u64 << CELL_BITS) as f64;

/// How many of a bin's first samples fix the range of the published histograms.
const RANGE_SAMPLES: u64 = 10_000;

/// Whether quantiles are exact.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Precision {
    /// Every sample was kept.
    Exact,
    /// Samples were counted in cells of at most this relative width; a quantile is the middle of its cell.
    Logarithmic {
        /// Upper edge over lower edge, minus one, of the widest cells.
        relative_width: f64,
    },
}

/// The slowdowns of one run's measured messages, taken in the order of completion.
///
/// Up to a limit every sample is kept. Above it they are counted by exact message size and logarithmic cell of slowdown,
/// so that memory no longer grows with the run.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct SlowdownRecorder {
    bins: SizeBins,
    exact_limit: usize,
    samples: Samples,
    /// Counts by size bin, time block and logarithmic cell, once samples are no longer kept.
    #[serde(with = "crate::sorted_map")]
    block_cells: FxHashMap<BlockCell, u64>,
    /// Sizes and time blocks of unfinished messages.
    unfinished: Vec<(u64, u32)>,
    pub(crate) ranges: Vec<Range>,
}

/// Size bin, time block, logarithmic cell.
pub(crate) type BlockCell = (u32, u32, u32);

/// The cell of unfinished messages.
const INFINITE: u32 = cell(f64::INFINITY);

/// Messages of one size bin and time block with the same slowdown, infinite if unfinished.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Timed {
    pub(crate) bin: u32,
    pub(crate) block: u32,
    pub(crate) slowdown: f64,
    pub(crate) count: u64,
}

/// Slowdowns by message size.
#[derive(Debug, Clone, Serialize, Deserialize)]
enum Samples {
    /// Each: message size, time block, slowdown.
    Exact(Vec<(u32, u32, f64)>),
    /// Counts by message size and logarithmic cell.
    Counted(#[serde(with = "crate::sorted_map")] FxHashMap<(u32, u32), u64>),
}

/// What fixes the range of a size bin's published histogram: the running maxima of its first samples.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct Range {
    pub(crate) samples: u64,
    /// (position, value) of each sample that was larger than all before.
    pub(crate) records: Vec<(u64, f64)>,
}

impl SlowdownRecorder {
    /// All samples so far; what is left has none.
    #[must_use]
    pub fn take(&mut self) -> Self {
        let empty = Self::new(self.bins.clone(), self.exact_limit);
        std::mem::replace(self, empty)
    }

    /// A quantile over all messages, within the width of a logarithmic cell; infinite if it is that of an unfinished message,
    /// not a number without messages.
    #[must_use]
    pub fn quantile(&self, q: f64) -> f64 {
        let mut cells: Vec<(u32, u64)> =
            self.block_cells().into_iter().map(|((.., cell), count)| (cell, count)).collect();
        cells.sort_unstable();
        let total: u64 = cells.iter().map(|(_, count)| count).sum();
        if total == 0 {
            return f64::NAN;
        }
        let wanted = crate::quantile::rank(q, total);
        let mut below = 0;
        let reached = |(_, count): &&(u32, u64)| {
            below += count;
            below >= wanted
        };
        let (cell, _) = cells.iter().find(reached).expect("the last cell has every sample at or below it");
        if *cell >= INFINITE { f64::INFINITY } else { middle(*cell) }
    }

    /// The same samples in other size bins; none once samples are no longer kept.
    #[must_use]
    pub fn rebinned(&self, bins: &SizeBins) -> Option<Self> {
        let Samples::Exact(samples) = &self.samples else { return None };
        let mut rebinned = Self::new(bins.clone(), self.exact_limit);
        for (size, block, slowdown) in samples {
            rebinned.record_in_block(Bytes::new(u64::from(*size)), *slowdown, *block);
        }
        rebinned.unfinished.clone_from(&self.unfinished);
        Some(rebinned)
    }

    /// Takes samples, each kept as long as there are no more than `exact_limit`.
    #[must_use]
    pub fn new(bins: SizeBins, exact_limit: usize) -> Self {
        let ranges = vec![Range::default(); bins.count()];
        let (samples, block_cells) = (Samples::Exact(Vec::new()), FxHashMap::default());
        Self { bins, exact_limit, samples, block_cells, unfinished: Vec::new(), ranges }
    }

    /// A message of `size` bytes has completed; as [`Self::record_in_block`] in block 0.
    pub fn record(&mut self, size: Bytes, slowdown: f64) {
        self.record_in_block(size, slowdown, 0);
    }

    /// A message of `size` bytes, created in the time block `block`, has completed; `slowdown` is positive and finite.
    ///
    /// Time blocks are spans of the window, numbered from 0, so long that what happens in one hardly depends on the one
    /// before. Confidence intervals come from them.
    ///
    /// # Panics
    /// If the message has 4 GB or more.
    #[inline]
    pub fn record_in_block(&mut self, size: Bytes, slowdown: f64, block: u32) {
        debug_assert!(slowdown.is_finite() && slowdown > 0.0, "slowdown {slowdown} of a finished message");
        let bin = self.bins.index_of(size);
        let range = &mut self.ranges[bin];
        if range.samples < RANGE_SAMPLES && range.records.last().is_none_or(|(_, largest)| slowdown > *largest) {
            range.records.push((range.samples, slowdown));
        }
        range.samples += 1;
        let size = u32::try_from(size.get()).expect("messages are shorter than 4 GB");
        if let Samples::Exact(samples) = &mut self.samples {
            if samples.len() < self.exact_limit {
                samples.push((size, block, slowdown));
                return;
            }
            let kept = std::mem::take(samples);
            self.samples = Samples::Counted(FxHashMap::default());
            kept.into_iter().for_each(|(size, block, slowdown)| self.count(size, slowdown, block));
        }
        self.count(size, slowdown, block);
    }

    fn count(&mut self, size: u32, slowdown: f64, block: u32) {
        let cell = cell(slowdown);
        let bin = self.bins.index_of(Bytes::new(u64::from(size))) as u32;
        *self.block_cells.entry((bin, block, cell)).or_default() += 1;
        if let Samples::Counted(counts) = &mut self.samples {
            *counts.entry((size, cell)).or_default() += 1;
        }
    }

    /// A message of `size` bytes has not completed before the run ended; as [`Self::record_unfinished_in_block`] in block 0.
    pub fn record_unfinished(&mut self, size: Bytes) {
        self.record_unfinished_in_block(size, 0);
    }

    /// A message of `size` bytes, created in the time block `block`, has not completed before the run ended.
    pub fn record_unfinished_in_block(&mut self, size: Bytes, block: u32) {
        self.unfinished.push((size.get(), block));
    }

    /// Counts of all messages by size bin, time block and logarithmic cell, ascending.
    pub(crate) fn block_cells(&self) -> Vec<(BlockCell, u64)> {
        let mut cells = self.block_cells.clone();
        let mut add = |size: u64, block, slowdown| {
            let bin = self.bins.index_of(Bytes::new(size)) as u32;
            *cells.entry((bin, block, cell(slowdown))).or_default() += 1;
        };
        if let Samples::Exact(samples) = &self.samples {
            samples.iter().for_each(|(size, block, slowdown)| add(u64::from(*size), *block, *slowdown));
        }
        self.unfinished.iter().for_each(|(size, block)| add(*size, *block, f64::INFINITY));
        let mut cells: Vec<_> = cells.into_iter().collect();
        cells.sort_unstable();
        cells
    }

    /// All messages with their time blocks, in no particular order; unfinished ones are infinitely slow.
    pub(crate) fn timed(&self) -> Vec<Timed> {
        let bin = |size: u64| self.bins.index_of(Bytes::new(size)) as u32;
        let mut all: Vec<_> = match &self.samples {
            Samples::Exact(samples) => {
                let one = |(size, block, slowdown): &(u32, u32, f64)| Timed {
                    bin: bin(u64::from(*size)),
                    block: *block,
                    slowdown: *slowdown,
                    count: 1,
                };
                samples.iter().map(one).collect()
            }
            Samples::Counted(_) => {
                let all = self.block_cells().into_iter().filter(|((.., cell), _)| *cell < INFINITE);
                all.map(|((bin, block, cell), count)| Timed { bin, block, slowdown: middle(cell), count }).collect()
            }
        };
        let unfinished = self.unfinished.iter();
        all.extend(unfinished.map(|(size, block)| Timed {
            bin: bin(*size),
            block: *block,
            slowdown: f64::INFINITY,
            count: 1,
        }));
        all
    }

    /// How many messages there are of each size, ascending.
    pub(crate) fn sizes(&self) -> Vec<(u64, u64)> {
        let mut counts = FxHashMap::default();
        match &self.samples {
            Samples::Exact(samples) => {
                samples.iter().for_each(|(size, ..)| *counts.entry(u64::from(*size)).or_default() += 1);
            }
            #[expect(clippy::iter_over_hash_type, reason = "sums don't depend on the order")]
            Samples::Counted(cells) => {
                for ((size, _), count) in cells {
                    *counts.entry(u64::from(*size)).or_default() += count;
                }
            }
        }
        self.unfinished.iter().for_each(|(size, _)| *counts.entry(*size).or_default() += 1);
        let mut counts: Vec<_> = counts.into_iter().collect();
        counts.sort_unstable();
        counts
    }

    /// How many messages there are of each size in each time block, ascending; none once samples are no longer kept.
    pub(crate) fn sizes_by_block(&self) -> Option<Vec<((u64, u32), u64)>> {
        let Samples::Exact(samples) = &self.samples else { return None };
        let mut counts = FxHashMap::default();
        samples.iter().for_each(|(size, block, _)| *counts.entry((u64::from(*size), *block)).or_default() += 1);
        self.unfinished.iter().for_each(|key| *counts.entry(*key).or_default() += 1);
        let mut counts: Vec<_> = counts.into_iter().collect();
        counts.sort_unstable();
        Some(counts)
    }

    /// Whether every sample was kept.
    #[must_use]
    pub const fn precision(&self) -> Precision {
        match self.samples {
            Samples::Exact(_) => Precision::Exact,
            Samples::Counted(_) => Precision::Logarithmic { relative_width: LOGARITHMIC_WIDTH },
        }
    }

    /// The bins of message sizes.
    #[must_use]
    pub const fn bins(&self) -> &SizeBins {
        &self.bins
    }

    /// Adds all messages as (size, slowdown, count), in no particular order; unfinished ones are infinitely slow.
    pub(crate) fn append_to(&self, all: &mut Vec<(u64, f64, u64)>) {
        all.extend(self.unfinished.iter().map(|(size, _)| (*size, f64::INFINITY, 1)));
        match &self.samples {
            Samples::Exact(samples) => {
                all.extend(samples.iter().map(|(size, _, slowdown)| (u64::from(*size), *slowdown, 1)));
            }
            Samples::Counted(counts) => {
                all.extend(counts.iter().map(|((size, cell), count)| (u64::from(*size), middle(*cell), *count)));
            }
        }
    }

    /// All messages as (size, time block, slowdown), in no particular order; unfinished ones are infinitely slow. None if
    /// not every sample was kept: then sizes and blocks are no longer known together.
    pub(crate) fn exact(&self) -> Option<impl Iterator<Item = (u64, u32, f64)>> {
        let Samples::Exact(samples) = &self.samples else { return None };
        let finished = samples.iter().map(|(size, block, slowdown)| (u64::from(*size), *block, *slowdown));
        Some(finished.chain(self.unfinished.iter().map(|(size, block)| (*size, *block, f64::INFINITY))))
    }
}

/// The bits of a float below those that make its cell.
const DROPPED_BITS: u32 = f64::MANTISSA_DIGITS - 1 - CELL_BITS;

/// The cell of a positive slowdown: its exponent and the head of its mantissa. That ascends with the value, takes no
/// logarithm, and is the same on every machine.
pub(crate) const fn cell(slowdown: f64) -> u32 {
    (slowdown.to_bits() >> DROPPED_BITS) as u32
}

/// The middle of a cell.
pub(crate) const fn middle(cell: u32) -> f64 {
    f64::from_bits(((cell as u64) << DROPPED_BITS) | (1 << (DROPPED_BITS - 1)))
}

/// The maximum of the first samples of one size bin, over several runs one after the other.
pub(crate) fn pooled_range<'a>(ranges: impl Iterator<Item = &'a Range>) -> f64 {
    let (mut seen, mut largest) = (0, 0.0_f64);
    for range in ranges {
        for (position, value) in &range.records {
            if seen + position < RANGE_SAMPLES {
                largest = largest.max(*value);
            }
        }
        seen += range.samples;
    }
    largest
}
