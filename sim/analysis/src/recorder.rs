//! The samples of one run.

use crate::bins::SizeBins;
use homa_units::Bytes;
use rustc_hash::FxHashMap;

/// Relative width of the bins that hold slowdowns when a run has too many samples to keep each.
pub const LOGARITHMIC_WIDTH: f64 = 0.001;

/// How many of a bin's first samples fix the range of the published histograms.
const RANGE_SAMPLES: u64 = 10_000;

/// Whether quantiles are exact.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Precision {
    /// Every sample was kept.
    Exact,
    /// Samples were counted in bins of this relative width; a quantile is the middle of its bin.
    Logarithmic {
        /// Upper edge over lower edge, minus one.
        relative_width: f64,
    },
}

/// The slowdowns of one run's measured messages, taken in the order of completion.
///
/// Up to a limit every sample is kept. Above it they are counted by exact message size and logarithmic bin of slowdown,
/// so that memory no longer grows with the run.
#[derive(Debug, Clone)]
pub struct SlowdownRecorder {
    bins: SizeBins,
    exact_limit: usize,
    pub(crate) samples: Samples,
    /// Sizes of unfinished messages.
    pub(crate) unfinished: Vec<u64>,
    pub(crate) ranges: Vec<Range>,
}

/// Slowdowns by message size.
#[derive(Debug, Clone)]
pub(crate) enum Samples {
    /// Each.
    Exact(Vec<(u32, f64)>),
    /// Counts by message size and logarithmic bin.
    Counted(FxHashMap<(u32, u32), u64>),
}

/// What fixes the range of a size bin's published histogram: the running maxima of its first samples.
#[derive(Debug, Clone, Default)]
pub(crate) struct Range {
    pub(crate) samples: u64,
    /// (position, value) of each sample that was larger than all before.
    pub(crate) records: Vec<(u64, f64)>,
}

impl SlowdownRecorder {
    /// Takes samples, each kept as long as there are no more than `exact_limit`.
    #[must_use]
    pub fn new(bins: SizeBins, exact_limit: usize) -> Self {
        let ranges = vec![Range::default(); bins.count()];
        Self { bins, exact_limit, samples: Samples::Exact(Vec::new()), unfinished: Vec::new(), ranges }
    }

    /// A message of `size` bytes has completed.
    ///
    /// # Panics
    /// If the message has 4 GB or more.
    #[inline]
    pub fn record(&mut self, size: Bytes, slowdown: f64) {
        let range = &mut self.ranges[self.bins.index_of(size)];
        if range.samples < RANGE_SAMPLES && range.records.last().is_none_or(|(_, largest)| slowdown > *largest) {
            range.records.push((range.samples, slowdown));
        }
        range.samples += 1;
        let size = u32::try_from(size.get()).expect("messages are shorter than 4 GB");
        match &mut self.samples {
            Samples::Exact(samples) if samples.len() < self.exact_limit => samples.push((size, slowdown)),
            Samples::Exact(samples) => {
                let mut counts = FxHashMap::default();
                for (size, slowdown) in samples.drain(..).chain([(size, slowdown)]) {
                    *counts.entry((size, cell(slowdown))).or_default() += 1;
                }
                self.samples = Samples::Counted(counts);
            }
            Samples::Counted(counts) => *counts.entry((size, cell(slowdown))).or_default() += 1,
        }
    }

    /// A message of `size` bytes has not completed before the run ended.
    pub fn record_unfinished(&mut self, size: Bytes) {
        self.unfinished.push(size.get());
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

    /// All samples as (size, slowdown, count), in no particular order.
    pub(crate) fn into_weighted(self) -> Vec<(u32, f64, u64)> {
        match self.samples {
            Samples::Exact(samples) => samples.into_iter().map(|(size, slowdown)| (size, slowdown, 1)).collect(),
            Samples::Counted(counts) => {
                counts.into_iter().map(|((size, cell), count)| (size, middle(cell), count)).collect()
            }
        }
    }
}

/// Slowdowns below this share the first bin.
const SMALLEST: f64 = 0.01;

fn cell(slowdown: f64) -> u32 {
    let cell = libm::log(slowdown / SMALLEST) / libm::log1p(LOGARITHMIC_WIDTH);
    if cell > 0.0 { cell as u32 } else { 0 }
}

/// The geometric middle of a bin.
fn middle(cell: u32) -> f64 {
    SMALLEST * libm::exp((f64::from(cell) + 0.5) * libm::log1p(LOGARITHMIC_WIDTH))
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
