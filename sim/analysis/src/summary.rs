//! What the samples of one or several runs say.

use crate::bins::SizeBins;
use crate::cell::{cell, coarsened};
use crate::cluster::pool::{at_index, half, hundredth_below};
use crate::confidence::Block;
use crate::counted::{ALL_BITS, BlockCell, size_width};
use crate::deciles::{Confidence, deciles};
use crate::quantile::RankRule;
use crate::recorder::{Precision, SlowdownRecorder, pooled_range};
use crate::rows::{BinRow, Decile, PercentileRow};
use crate::statistics::Statistics;
use homa_units::Bytes;

/// The cumulative percentages of messages at which slowdown is reported.
pub const PERCENTILES: [f64; 14] =
    [10.0, 20.0, 30.0, 40.0, 50.0, 60.0, 70.0, 80.0, 90.0, 95.0, 98.0, 99.0, 99.9, 100.0];

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
        // Equal elements are identical, so the order is the same on every machine, whatever order
        // they came in.
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

    /// By less than this share of themselves sizes are rounded up, not past edges of size bins: as
    /// in the run that rounds them most. Zero if none does.
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

    /// Slowdown by tenth of messages. Group `k` ends at the size of the message of rank `ceil(k /
    /// 10 * n)`, so groups are unequal where a size is frequent; groups that would be empty are
    /// left out.
    #[must_use]
    pub fn deciles(&self) -> Vec<Decile> {
        self.deciles.clone()
    }

    /// Slowdown by other groups of sizes than the runs' own bins, quantiles by `rule`; empty groups
    /// are left out.
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
            // A share such as 0.1 may be a rounding error below the percentage; the last share is
            // exactly 1.
            let bin = bins.iter().find(|bin| bin.cumulative_share >= percentile / 100.0 - 1e-12)?;
            let BinRow { size_max: size_bytes, count, p50, p99, mean, p50_cell, p99_cell, .. } = *bin;
            Some(PercentileRow { percentile, size_bytes, count, p50, p99, mean, p50_cell, p99_cell })
        };
        PERCENTILES.into_iter().filter_map(row).collect()
    }

    /// The 95 % confidence interval of the 99th percentile of a size bin, from its time blocks in
    /// all runs.
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
