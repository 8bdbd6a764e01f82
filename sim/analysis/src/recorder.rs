//! The samples of one run.

use crate::bins::SizeBins;
use crate::cell::{INFINITE, cell, middle_at, relative_width};
use crate::counted::{ALL_BITS, BlockCell, Counted, cells_limit, merge, rounded_size, size_width};
use crate::sample::{BestTime, Sample};
use homa_units::Bytes;
use rustc_hash::FxHashMap;
use serde::{Deserialize, Serialize};

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

impl Precision {
    /// That of several sets of samples together.
    pub(crate) fn together(all: impl Iterator<Item = Self>) -> Self {
        all.fold(Self::Exact, |one, other| match (one, other) {
            (Self::Exact, other) => other,
            (one, Self::Exact) => one,
            (Self::Logarithmic { relative_width: one }, Self::Logarithmic { relative_width: other }) => {
                Self::Logarithmic { relative_width: one.max(other) }
            }
        })
    }
}

/// The slowdowns of one run's measured messages, taken in the order of completion.
///
/// Up to a limit every sample is kept. Above it they are counted by message size and logarithmic cell of slowdown, in
/// [`cells_limit`] cells at most, so that memory no longer grows with the run: sizes are exact up to
/// [`SIZES_MAX`](crate::SIZES_MAX) of them and rounded up above ([`Self::size_width`]), and cells begin with
/// [`LOGARITHMIC_WIDTH`](crate::LOGARITHMIC_WIDTH) and become wider as the limit demands it ([`Self::precision`]).
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct SlowdownRecorder {
    bins: SizeBins,
    exact_limit: usize,
    samples: Samples,
    /// Unfinished messages by size and time block.
    #[serde(with = "crate::sorted_map")]
    unfinished: FxHashMap<(u64, u32), u64>,
    pub(crate) ranges: Vec<Range>,
}

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
    /// Each.
    Exact(Vec<Sample>),
    /// More than are kept.
    Counted(Counted),
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
        if *cell >= INFINITE { f64::INFINITY } else { middle_at(*cell, self.level()) }
    }

    /// The same samples in other size bins; none once samples are no longer kept.
    #[must_use]
    pub fn rebinned(&self, bins: &SizeBins) -> Option<Self> {
        self.revalued(bins, Sample::slowdown)
    }

    /// The same messages in other size bins, with another number for each in the place of its slowdown: its latency, or a
    /// slowdown relative to something else. Messages that did not finish stay so. None once samples are no longer kept.
    #[must_use]
    pub fn revalued(&self, bins: &SizeBins, mut value: impl FnMut(&Sample) -> f64) -> Option<Self> {
        let Samples::Exact(samples) = &self.samples else { return None };
        let mut revalued = Self::new(bins.clone(), self.exact_limit);
        for sample in samples {
            revalued.record_in_block(sample.size(), value(sample), sample.block());
        }
        revalued.unfinished.clone_from(&self.unfinished);
        Some(revalued)
    }

    /// The finished messages in the order of their completion; none once samples are no longer kept.
    #[must_use]
    pub fn samples(&self) -> Option<&[Sample]> {
        match &self.samples {
            Samples::Exact(samples) => Some(samples),
            Samples::Counted(_) => None,
        }
    }

    /// How many messages did not finish.
    #[must_use]
    pub fn unfinished(&self) -> u64 {
        self.unfinished.values().sum()
    }

    /// Takes samples, each kept as long as there are no more than `exact_limit`.
    #[must_use]
    pub fn new(bins: SizeBins, exact_limit: usize) -> Self {
        let ranges = vec![Range::default(); bins.count()];
        Self { bins, exact_limit, samples: Samples::Exact(Vec::new()), unfinished: FxHashMap::default(), ranges }
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
        self.keep(Sample::new(size, slowdown, block, None));
    }

    /// As [`Self::record_in_block`], of a message whose best possible time is known: from `slowdown` and it follows the
    /// latency.
    ///
    /// # Panics
    /// As [`Self::record_in_block`].
    #[inline]
    pub fn record_with_best(&mut self, size: Bytes, slowdown: f64, block: u32, best: BestTime) {
        self.keep(Sample::new(size, slowdown, block, Some(best)));
    }

    #[inline]
    fn keep(&mut self, sample: Sample) {
        let Sample { size, slowdown, .. } = sample;
        debug_assert!(slowdown.is_finite() && slowdown > 0.0, "slowdown {slowdown} of a finished message");
        let bin = self.bins.index_of(Bytes::new(u64::from(size)));
        let range = &mut self.ranges[bin];
        if range.samples < RANGE_SAMPLES && range.records.last().is_none_or(|(_, largest)| slowdown > *largest) {
            range.records.push((range.samples, slowdown));
        }
        range.samples += 1;
        if let Samples::Exact(samples) = &mut self.samples {
            if samples.len() < self.exact_limit {
                samples.push(sample);
                return;
            }
            self.begin_counting();
        }
        self.count(&sample);
    }

    /// From here on samples are no longer kept.
    fn begin_counting(&mut self) {
        let counted = Samples::Counted(Counted::new(cells_limit(self.exact_limit)));
        if let Samples::Exact(kept) = std::mem::replace(&mut self.samples, counted) {
            kept.iter().for_each(|sample| self.count(sample));
        }
        let mut sizes: Vec<_> = self.unfinished.keys().map(|(size, _)| *size).collect();
        sizes.sort_unstable();
        sizes.into_iter().for_each(|size| self.count_with(|counted, bins| counted.meet(size, bins)));
    }

    fn count(&mut self, sample: &Sample) {
        let Sample { size, slowdown, .. } = *sample;
        self.count_with(|counted, bins| counted.add(size, sample.block(), slowdown, bins));
    }

    /// Counts something; if sizes are rounded more coarsely from then on, so are those of unfinished messages.
    fn count_with(&mut self, count: impl FnOnce(&mut Counted, &SizeBins)) {
        let Samples::Counted(counted) = &mut self.samples else { return };
        let before = counted.size_bits();
        count(counted, &self.bins);
        let bits = counted.size_bits();
        if bits != before {
            merge(&mut self.unfinished, |(size, block)| (rounded_size(size, bits, &self.bins), block));
        }
    }

    /// A message of `size` bytes has not completed before the run ended; as [`Self::record_unfinished_in_block`] in block 0.
    pub fn record_unfinished(&mut self, size: Bytes) {
        self.record_unfinished_in_block(size, 0);
    }

    /// A message of `size` bytes, created in the time block `block`, has not completed before the run ended.
    pub fn record_unfinished_in_block(&mut self, size: Bytes, block: u32) {
        let counted = rounded_size(size.get(), self.size_bits(), &self.bins);
        *self.unfinished.entry((counted, block)).or_default() += 1;
        if self.is_exact() && self.unfinished.len() >= cells_limit(self.exact_limit) {
            self.begin_counting();
        }
        self.count_with(|counted, bins| counted.meet(size.get(), bins));
    }

    const fn is_exact(&self) -> bool {
        matches!(self.samples, Samples::Exact(_))
    }

    /// The level of the cells in [`Self::block_cells`].
    pub(crate) const fn level(&self) -> u32 {
        match &self.samples {
            Samples::Exact(_) => 0,
            Samples::Counted(counted) => counted.level(),
        }
    }

    /// How many bits of sizes below the first are kept.
    pub(crate) const fn size_bits(&self) -> u32 {
        match &self.samples {
            Samples::Exact(_) => ALL_BITS,
            Samples::Counted(counted) => counted.size_bits(),
        }
    }

    /// By less than this share of themselves sizes are rounded up, as there were more different ones than
    /// [`SIZES_MAX`](crate::SIZES_MAX); not past edges of size bins. Zero if they are not.
    #[must_use]
    pub fn size_width(&self) -> f64 {
        size_width(self.size_bits())
    }

    /// Counts of all messages by size bin, time block and cell of the level [`Self::level`], ascending.
    pub(crate) fn block_cells(&self) -> Vec<(BlockCell, u64)> {
        let mut cells = match &self.samples {
            Samples::Exact(_) => FxHashMap::default(),
            Samples::Counted(counted) => counted.by_block().clone(),
        };
        let mut add = |size: u64, block, slowdown, count| {
            let bin = self.bins.index_of(Bytes::new(size)) as u32;
            *cells.entry((bin, block, cell(slowdown))).or_default() += count;
        };
        if let Samples::Exact(samples) = &self.samples {
            samples.iter().for_each(|one| add(u64::from(one.size), one.block(), one.slowdown, 1));
        }
        self.unfinished.iter().for_each(|((size, block), count)| add(*size, *block, f64::INFINITY, *count));
        let mut cells: Vec<_> = cells.into_iter().collect();
        cells.sort_unstable();
        cells
    }

    /// All messages with their time blocks, in no particular order; unfinished ones are infinitely slow.
    pub(crate) fn timed(&self) -> Vec<Timed> {
        let bin = |size: u64| self.bins.index_of(Bytes::new(size)) as u32;
        let mut all: Vec<_> = match &self.samples {
            Samples::Exact(samples) => {
                let one = |sample: &Sample| Timed {
                    bin: bin(u64::from(sample.size)),
                    block: sample.block(),
                    slowdown: sample.slowdown,
                    count: 1,
                };
                samples.iter().map(one).collect()
            }
            Samples::Counted(counted) => {
                let one = |((bin, block, cell), count): (&BlockCell, &u64)| Timed {
                    bin: *bin,
                    block: *block,
                    slowdown: middle_at(*cell, counted.level()),
                    count: *count,
                };
                counted.by_block().iter().map(one).collect()
            }
        };
        let unfinished = self.unfinished.iter();
        all.extend(unfinished.map(|((size, block), count)| Timed {
            bin: bin(*size),
            block: *block,
            slowdown: f64::INFINITY,
            count: *count,
        }));
        all
    }

    /// How many messages there are of each size, rounded up to `bits` bits, ascending.
    pub(crate) fn sizes(&self, bits: u32) -> Vec<(u64, u64)> {
        let mut counts = FxHashMap::default();
        let mut add = |size, count| *counts.entry(rounded_size(size, bits, &self.bins)).or_default() += count;
        match &self.samples {
            Samples::Exact(samples) => samples.iter().for_each(|sample| add(u64::from(sample.size), 1)),
            Samples::Counted(counted) => counted.by_size().for_each(|(size, _, count)| add(size, count)),
        }
        self.unfinished.iter().for_each(|((size, _), count)| add(*size, *count));
        let mut counts: Vec<_> = counts.into_iter().collect();
        counts.sort_unstable();
        counts
    }

    /// How many messages there are of each size in each time block, ascending; none once samples are no longer kept.
    pub(crate) fn sizes_by_block(&self) -> Option<Vec<((u64, u32), u64)>> {
        let Samples::Exact(samples) = &self.samples else { return None };
        let mut counts = FxHashMap::default();
        samples.iter().for_each(|one| *counts.entry((u64::from(one.size), one.block())).or_default() += 1);
        self.unfinished.iter().for_each(|(key, count)| *counts.entry(*key).or_default() += count);
        let mut counts: Vec<_> = counts.into_iter().collect();
        counts.sort_unstable();
        Some(counts)
    }

    /// Whether every sample was kept, and if not, how wide cells are.
    #[must_use]
    pub fn precision(&self) -> Precision {
        match &self.samples {
            Samples::Exact(_) => Precision::Exact,
            Samples::Counted(counted) => Precision::Logarithmic { relative_width: relative_width(counted.level()) },
        }
    }

    /// The bins of message sizes.
    #[must_use]
    pub const fn bins(&self) -> &SizeBins {
        &self.bins
    }

    /// Adds all messages as (size, slowdown, count), in no particular order; unfinished ones are infinitely slow. Sizes are
    /// rounded up to `bits` bits.
    pub(crate) fn append_to(&self, all: &mut Vec<(u64, f64, u64)>, bits: u32) {
        let mut add = |size, slowdown, count| all.push((rounded_size(size, bits, &self.bins), slowdown, count));
        self.unfinished.iter().for_each(|((size, _), count)| add(*size, f64::INFINITY, *count));
        match &self.samples {
            Samples::Exact(samples) => {
                samples.iter().for_each(|sample| add(u64::from(sample.size), sample.slowdown, 1));
            }
            Samples::Counted(counted) => {
                counted.by_size().for_each(|(size, cell, count)| add(size, middle_at(cell, counted.level()), count));
            }
        }
    }

    /// All messages as (size, time block, slowdown), in no particular order; unfinished ones are infinitely slow. None if
    /// not every sample was kept: then sizes and blocks are no longer known together.
    pub(crate) fn exact(&self) -> Option<impl Iterator<Item = (u64, u32, f64)>> {
        let Samples::Exact(samples) = &self.samples else { return None };
        let finished = samples.iter().map(|one| (u64::from(one.size), one.block(), one.slowdown));
        let unfinished = self.unfinished.iter().flat_map(|((size, block), count)| {
            std::iter::repeat_n((*size, *block, f64::INFINITY), usize::try_from(*count).expect("messages of a run"))
        });
        Some(finished.chain(unfinished))
    }
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
