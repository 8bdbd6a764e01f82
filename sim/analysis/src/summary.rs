//! What the samples of one or several runs say.

use crate::bins::SizeBins;
use crate::cell::{cell, coarsened};
use crate::cluster::pool::{at_index, half, hundredth_below};
use crate::confidence::{Block, probabilities};
use crate::counted::{ALL_BITS, BlockCell, size_width};
use crate::deciles::{Confidence, deciles};
use crate::quantile::{RankRule, rank, weighted_nearest_rank};
use crate::recorder::{Precision, SlowdownRecorder, pooled_range};
use homa_units::Bytes;
use serde::{Serialize, Serializer};

/// The cumulative percentages of messages at which slowdown is reported.
pub const PERCENTILES: [f64; 14] =
    [10.0, 20.0, 30.0, 40.0, 50.0, 60.0, 70.0, 80.0, 90.0, 95.0, 98.0, 99.0, 99.9, 100.0];

/// Cells of a published histogram.
const CELLS: usize = 100;

/// One tenth of the messages, by size. Infinite values are those of unfinished messages; JSON has them as null.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Decile {
    /// Smallest size, in bytes.
    pub size_min: u64,
    /// Largest size, in bytes.
    pub size_max: u64,
    /// Messages, with the unfinished ones.
    pub count: u64,
    /// Median slowdown.
    #[serde(serialize_with = "finite_or_null")]
    pub p50: f64,
    /// 99th percentile of slowdown.
    #[serde(serialize_with = "finite_or_null")]
    pub p99: f64,
    /// Mean slowdown of the finished messages; not a number (JSON: null) if there are none.
    #[serde(serialize_with = "finite_or_null")]
    pub mean: f64,
    /// Unfinished messages.
    pub unfinished: u64,
    /// Lower end of the 95 % confidence interval of `p50`; as with the other three, not a number (JSON: null) with fewer
    /// than two time blocks, or if a run had more samples than are kept.
    #[serde(serialize_with = "finite_or_null")]
    pub p50_low: f64,
    /// Upper end of the 95 % confidence interval of `p50`; infinite (JSON: null) if there are too few messages to bound it
    /// or it is the slowdown of an unfinished one.
    #[serde(serialize_with = "finite_or_null")]
    pub p50_high: f64,
    /// Lower end of the 95 % confidence interval of `p99`.
    #[serde(serialize_with = "finite_or_null")]
    pub p99_low: f64,
    /// Upper end of the 95 % confidence interval of `p99`; infinite (JSON: null) as `p50_high`.
    #[serde(serialize_with = "finite_or_null")]
    pub p99_high: f64,
}

/// One bin of message sizes. Infinite values are those of unfinished messages; JSON has them as null.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct BinRow {
    /// Upper edge of the bin in bytes; of the open one, the largest size seen.
    pub size_max: u64,
    /// Messages, with the unfinished ones.
    pub count: u64,
    /// Unfinished messages.
    pub unfinished: u64,
    /// Share of all messages up to this bin's end, 0 to 1.
    pub cumulative_share: f64,
    /// Median slowdown.
    #[serde(serialize_with = "finite_or_null")]
    pub p50: f64,
    /// 99th percentile of slowdown.
    #[serde(serialize_with = "finite_or_null")]
    pub p99: f64,
    /// Mean slowdown of the finished messages; not a number (JSON: null) if there are none.
    #[serde(serialize_with = "finite_or_null")]
    pub mean: f64,
    /// Smallest slowdown.
    #[serde(serialize_with = "finite_or_null")]
    pub min: f64,
    /// Largest slowdown.
    #[serde(serialize_with = "finite_or_null")]
    pub max: f64,
    /// Median as the published histograms give it: the lower edge of one of 100 cells, finished messages only.
    #[serde(serialize_with = "finite_or_null")]
    pub p50_cell: f64,
    /// 99th percentile as the published histograms give it: at most the largest of the bin's first 10000 samples.
    #[serde(serialize_with = "finite_or_null")]
    pub p99_cell: f64,
    /// Lower end of the 95 % confidence interval of `p99`; not a number (JSON: null) with fewer than two time blocks.
    #[serde(serialize_with = "finite_or_null")]
    pub p99_low: f64,
    /// Upper end of the 95 % confidence interval of `p99`; not a number (JSON: null) with fewer than two time blocks,
    /// infinite (JSON: null) if there are too few messages to bound it or it is the slowdown of an unfinished one.
    #[serde(serialize_with = "finite_or_null")]
    pub p99_high: f64,
}

/// The bin in which a cumulative percentage of messages falls.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PercentileRow {
    /// The cumulative percentage of messages, 0 to 100.
    pub percentile: f64,
    /// Upper edge of the bin, in bytes.
    pub size_bytes: u64,
    /// Messages in the bin.
    pub count: u64,
    /// Median slowdown.
    #[serde(serialize_with = "finite_or_null")]
    pub p50: f64,
    /// 99th percentile of slowdown.
    #[serde(serialize_with = "finite_or_null")]
    pub p99: f64,
    /// Mean slowdown of the finished messages; not a number (JSON: null) if there are none.
    #[serde(serialize_with = "finite_or_null")]
    pub mean: f64,
    /// Median as the published histograms give it: the lower edge of one of 100 cells, finished messages only.
    #[serde(serialize_with = "finite_or_null")]
    pub p50_cell: f64,
    /// 99th percentile as the published histograms give it: at most the largest of the bin's first 10000 samples.
    #[serde(serialize_with = "finite_or_null")]
    pub p99_cell: f64,
}

/// serde_json would write null for these too, csv would write `inf`: an empty field and null mean the same here.
fn finite_or_null<S: Serializer>(value: &f64, serializer: S) -> Result<S::Ok, S::Error> {
    value.is_finite().then_some(*value).serialize(serializer)
}

/// The pooled samples of one or several runs.
#[derive(Debug, Clone)]
pub struct SlowdownSummary {
    bins: SizeBins,
    /// (size, slowdown, count), by size, then slowdown; unfinished messages are infinitely slow.
    samples: Vec<(u64, f64, u64)>,
    /// Counts of each run by size bin, time block and logarithmic cell, ascending.
    block_cells: Vec<Vec<(BlockCell, u64)>>,
    /// The highest level of the runs' cells.
    level: u32,
    /// The upper end of each size bin's published histogram.
    ranges: Vec<f64>,
    precision: Precision,
    size_bits: u32,
    /// What needs samples with their time blocks, which are not kept.
    overall: (f64, f64, f64),
    overall_confidence: Confidence,
    deciles: Vec<Decile>,
}

/// Statistics of samples of neighbouring sizes.
pub(crate) struct Statistics {
    pub(crate) count: u64,
    pub(crate) unfinished: u64,
    /// (slowdown, count), ascending.
    ascending: Vec<(f64, u64)>,
}

impl SlowdownSummary {
    /// Pools runs, in the order given.
    ///
    /// # Panics
    /// If there are none, or their size bins differ.
    #[must_use]
    pub fn pool(recorders: Vec<SlowdownRecorder>) -> Self {
        let bins = recorders[0].bins().clone();
        assert!(recorders.iter().all(|recorder| *recorder.bins() == bins), "pooled runs have equal size bins");
        let ranges =
            (0..bins.count()).map(|bin| pooled_range(recorders.iter().map(|recorder| &recorder.ranges[bin]))).collect();
        let block_cells = recorders.iter().map(SlowdownRecorder::block_cells).collect();
        let level = recorders.iter().map(SlowdownRecorder::level).max().unwrap_or(0);
        // One run's sizes may be rounded more than another's: in a table all are treated alike.
        let size_bits = recorders.iter().map(SlowdownRecorder::size_bits).min().unwrap_or(ALL_BITS);
        let mut samples = Vec::new();
        recorders.iter().for_each(|recorder| recorder.append_to(&mut samples, size_bits));
        // Equal elements are identical, so the order is the same on every machine, whatever order they came in.
        samples.sort_unstable_by(|(size, slowdown, count), (other_size, other, other_count)| {
            size.cmp(other_size).then(slowdown.total_cmp(other)).then(count.cmp(other_count))
        });
        let all = Statistics::new(&samples);
        let overall = (all.quantile(0.5), all.quantile(0.99), all.mean());
        let overall_confidence = Confidence::of(&all, 0..=u64::MAX, &recorders);
        drop(all);
        let deciles = deciles(&samples, &recorders);
        let precision = Precision::together(recorders.iter().map(SlowdownRecorder::precision));
        Self { bins, samples, block_cells, level, ranges, precision, size_bits, overall, overall_confidence, deciles }
    }

    /// By less than this share of themselves sizes are rounded up, not past edges of size bins: as in the run that rounds them
    /// most. Zero if none does.
    #[must_use]
    pub fn size_width(&self) -> f64 {
        size_width(self.size_bits)
    }

    /// Whether quantiles are exact.
    #[must_use]
    pub const fn precision(&self) -> Precision {
        self.precision
    }

    /// All messages, with the unfinished ones.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.samples.iter().map(|(.., count)| count).sum()
    }

    /// Unfinished messages.
    #[must_use]
    pub fn unfinished(&self) -> u64 {
        self.samples.iter().filter(|(_, slowdown, _)| slowdown.is_infinite()).map(|(.., count)| count).sum()
    }

    /// Size of the largest unfinished message.
    #[must_use]
    pub fn largest_unfinished(&self) -> Option<Bytes> {
        self.samples.iter().rev().find(|(_, slowdown, _)| slowdown.is_infinite()).map(|(size, ..)| Bytes::new(*size))
    }

    /// Median, 99th percentile and mean slowdown of all messages; not numbers if there are none.
    #[must_use]
    pub const fn overall(&self) -> (f64, f64, f64) {
        self.overall
    }

    /// The 95 % confidence intervals of the median and the 99th percentile of all messages.
    #[must_use]
    pub const fn overall_confidence(&self) -> Confidence {
        self.overall_confidence
    }

    /// Slowdown by tenth of messages. Group `k` ends at the size of the message of rank `ceil(k / 10 * n)`, so groups
    /// are unequal where a size is frequent; groups that would be empty are left out.
    #[must_use]
    pub fn deciles(&self) -> Vec<Decile> {
        self.deciles.clone()
    }

    /// Slowdown by other groups of sizes than the runs' own bins, quantiles by `rule`; empty groups are left out.
    #[must_use]
    pub fn groups(&self, groups: &SizeBins, rule: RankRule) -> Vec<Decile> {
        let group = |size: u64| groups.index_of(Bytes::new(size));
        let chunks = self.samples.chunk_by(|(first, ..), (second, ..)| group(*first) == group(*second));
        let row = |chunk: &[(u64, f64, u64)]| {
            let statistics = Statistics::new(chunk);
            let [p50, p99] = match rule {
                RankRule::Nearest => [0.5, 0.99].map(|q| statistics.quantile(q)),
                RankRule::Cluster => [half, hundredth_below].map(|index| at_index(&statistics.ascending, index)),
            };
            Decile {
                size_min: chunk[0].0,
                size_max: chunk[chunk.len() - 1].0,
                count: statistics.count,
                p50,
                p99,
                mean: statistics.mean(),
                unfinished: statistics.unfinished,
                // Their samples' time blocks are not kept.
                p50_low: f64::NAN,
                p50_high: f64::NAN,
                p99_low: f64::NAN,
                p99_high: f64::NAN,
            }
        };
        chunks.map(row).collect()
    }

    /// Bins of about one percent of these messages each.
    #[must_use]
    pub fn bins_of_about_one_percent(&self) -> SizeBins {
        let total = self.count() as f64;
        let sizes = self.samples.chunk_by(|(first, ..), (second, ..)| first == second);
        let shares = sizes.map(|chunk| {
            let count: u64 = chunk.iter().map(|(.., count)| count).sum();
            (Bytes::new(chunk[0].0), count as f64 / total)
        });
        SizeBins::about_one_percent(&shares.collect::<Vec<_>>())
    }

    /// Slowdown by size bin; empty bins are left out.
    #[must_use]
    pub fn bins(&self) -> Vec<BinRow> {
        let total = self.count();
        let mut below = 0;
        let groups = self.samples.chunk_by(|(first, ..), (second, ..)| self.bin(*first) == self.bin(*second));
        let row = |group: &[(u64, f64, u64)]| {
            let bin = self.bin(group[0].0);
            let statistics = Statistics::new(group);
            below += statistics.count;
            let p99 = statistics.quantile(0.99);
            let (p99_low, p99_high) = self.confidence(bin, &statistics, p99).unwrap_or((f64::NAN, f64::NAN));
            BinRow {
                size_max: self.bins.upper_edge(bin).map_or(group[group.len() - 1].0, Bytes::get),
                count: statistics.count,
                unfinished: statistics.unfinished,
                cumulative_share: below as f64 / total as f64,
                p50: statistics.quantile(0.5),
                p99,
                mean: statistics.mean(),
                min: statistics.quantile(0.0),
                max: statistics.quantile(1.0),
                p50_cell: statistics.cell(0.5, self.ranges[bin]),
                p99_cell: statistics.cell(0.99, self.ranges[bin]),
                p99_low,
                p99_high,
            }
        };
        groups.map(row).collect()
    }

    /// Slowdown of the bins in which the [`PERCENTILES`] of messages fall.
    #[must_use]
    pub fn percentiles(&self) -> Vec<PercentileRow> {
        let bins = self.bins();
        let row = |percentile: f64| {
            // A share such as 0.1 may be a rounding error below the percentage; the last share is exactly 1.
            let bin = bins.iter().find(|bin| bin.cumulative_share >= percentile / 100.0 - 1e-12)?;
            let BinRow { size_max: size_bytes, count, p50, p99, mean, p50_cell, p99_cell, .. } = *bin;
            Some(PercentileRow { percentile, size_bytes, count, p50, p99, mean, p50_cell, p99_cell })
        };
        PERCENTILES.into_iter().filter_map(row).collect()
    }

    /// The 95 % confidence interval of the 99th percentile of a size bin, from its time blocks in all runs.
    fn confidence(&self, bin: usize, statistics: &Statistics, p99: f64) -> Option<(f64, f64)> {
        let limit = coarsened(cell(p99), self.level);
        let mut blocks = Vec::new();
        for cells in &self.block_cells {
            let from = cells.partition_point(|((of, ..), _)| (*of as usize) < bin);
            let cells = cells[from..].iter().take_while(|((of, ..), _)| *of as usize == bin);
            let mut current = None;
            for ((_, block, cell), count) in cells {
                if current != Some(*block) {
                    blocks.push(Block::default());
                    current = Some(*block);
                }
                let last = blocks.last_mut().expect("just pushed");
                last.samples += count;
                last.not_above += if coarsened(*cell, self.level) <= limit { *count } else { 0 };
            }
        }
        statistics.interval(0.99, &blocks)
    }

    fn bin(&self, size: u64) -> usize {
        self.bins.index_of(Bytes::new(size))
    }
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

    /// The 95 % confidence interval of the quantile `q`, of whose samples the `blocks` tell which are not above it.
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

    /// The statistic of the published curves: a histogram of 100 equal cells from 0 to `range` and one for all above;
    /// the lower edge of the first cell whose cumulative count reaches the quantile, but no less than the smallest
    /// sample. Unfinished messages were never recorded.
    fn cell(&self, q: f64, range: f64) -> f64 {
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
