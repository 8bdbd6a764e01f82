//! Two configurations that ran the same messages.
//!
//! With the same seeds and workload, two configurations have the same arrivals: what a burst does to the slowdown of one it
//! does to that of the other. A ratio of quantiles is then known far better than the two quantiles are.
//!
//! The intervals are from a block bootstrap. What is drawn, with replacement, are pairs of (run, time block): in each
//! replicate the same for both configurations, so that what they have in common cancels. Blocks, not messages, since
//! messages of a run share queues. A jackknife over blocks would need no draws, but its variance is not consistent for
//! quantiles. The ends are percentiles of the replicates' ratios, moved out as Student's distribution is wider than the
//! normal one with as few blocks ("expanded percentile interval", Hesterberg, "What teachers should know about the
//! bootstrap", 2015).

mod bootstrap;
mod population;

use crate::bins::SizeBins;
use crate::recorder::{Precision, SlowdownRecorder, Timed};
use bootstrap::{Draws, Weighted, expanded_interval};
use homa_units::Bytes;
use population::{check_pairing, size_range};
use thiserror::Error;

/// Fewer blocks with messages than this give no interval.
pub const BLOCKS_MIN: usize = 5;

/// At least this many messages must be expected above a quantile (and below it), or it has no interval: with fewer, the
/// replicates hardly ever see a larger value than the largest sample, and the interval would be too narrow.
pub const BEYOND_MIN: f64 = 5.0;

/// How the blocks of the two configurations are drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Resampling {
    /// The same blocks for both, which ran the same messages.
    Paired,
    /// Each its own: they have nothing in common.
    Independent,
}

/// A quantile under two configurations.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct QuantileRatio {
    /// That of the first; infinite if it is that of an unfinished message.
    pub a: f64,
    /// That of the second.
    pub b: f64,
    /// The second over the first; not a number if both are infinite and the messages are not the same.
    pub ratio: f64,
    /// 95 % confidence interval of the ratio; none with too few messages or blocks.
    pub interval: Option<(f64, f64)>,
}

/// The messages of a group of sizes under two configurations.
#[derive(Debug, Clone, PartialEq)]
pub struct PairedRow {
    /// The smallest size in bytes.
    pub size_min: u64,
    /// The largest size in bytes.
    pub size_max: u64,
    /// Messages of the first and of the second.
    pub count: [u64; 2],
    /// Unfinished ones.
    pub unfinished: [u64; 2],
    /// Medians.
    pub p50: QuantileRatio,
    /// 99th percentiles.
    pub p99: QuantileRatio,
}

/// Why two configurations can't be compared in pairs.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum PairingError {
    /// They have different numbers of runs.
    #[error("the first has {a} runs and the second {b}: pairs need the same seeds in both (run.seeds)")]
    Runs {
        /// Of the first.
        a: usize,
        /// Of the second.
        b: usize,
    },
    /// They have different messages.
    #[error(
        "run {run}: of the messages of {size} B{}, the first has {a} and the second {b}: pairs need the same messages in both (the same \
         seeds, sizes, load, topology, warm-up and window)",
        block.map_or_else(String::new, |block| format!(" in time block {block}"))
    )]
    Messages {
        /// The run, from 1.
        run: usize,
        /// The size, or the largest one of its bin.
        size: u64,
        /// The time block, if it is about one.
        block: Option<u32>,
        /// Of the first.
        a: u64,
        /// Of the second.
        b: u64,
    },
}

/// Ratios of slowdown of the runs `b` over the runs `a`, one recorder for each run, by the size bins `groups`; groups
/// without messages are left out.
///
/// # Errors
/// If the blocks are to be drawn in pairs and the two have different runs, or a run has different messages: another number
/// of some size in some time block. (Where samples are no longer kept, sizes are checked over the whole run, rounded if they
/// are counted so, and blocks by size bin.)
///
/// # Panics
/// If there are no runs, size bins differ between runs, or an edge of `groups` is none of theirs.
pub fn compare(
    a: &[SlowdownRecorder],
    b: &[SlowdownRecorder],
    groups: &SizeBins,
    resampling: Resampling,
) -> Result<Vec<PairedRow>, PairingError> {
    assert!(!a.is_empty() && !b.is_empty(), "a configuration has at least one run");
    let bins = a[0].bins();
    assert!(a.iter().chain(b).all(|recorder| recorder.bins() == bins), "compared runs have equal size bins");
    assert!(groups.edges().all(|edge| bins.edges().any(|other| other == edge)), "groups consist of whole size bins");
    if resampling == Resampling::Paired {
        check_pairing(a, b)?;
    }
    let sides = [a, b].map(|runs| Side::new(runs, groups));
    let draws = match resampling {
        Resampling::Paired => {
            let draws = Draws::new(0, sides[0].units.len());
            [draws.clone(), draws]
        }
        Resampling::Independent => [0, 1].map(|number: usize| Draws::new(number as u64, sides[number].units.len())),
    };
    let mut rows = Vec::new();
    for group in 0..groups.count() {
        let weighted = [0, 1].map(|side: usize| &sides[side].groups[group]);
        if weighted.iter().any(|side| side.count() == 0) {
            continue;
        }
        let (size_min, size_max) = size_range(a.iter().chain(b), groups, group);
        rows.push(PairedRow {
            size_min,
            size_max,
            count: weighted.map(Weighted::count),
            unfinished: weighted.map(Weighted::infinite),
            p50: ratio(weighted, &draws, 0.5),
            p99: ratio(weighted, &draws, 0.99),
        });
    }
    Ok(rows)
}

/// Whether the quantiles in [`compare`] are exact.
#[must_use]
pub fn precision(a: &[SlowdownRecorder], b: &[SlowdownRecorder]) -> Precision {
    Precision::together(a.iter().chain(b).map(SlowdownRecorder::precision))
}

/// The samples of one configuration.
struct Side {
    /// (Run, time block) of each unit that can be drawn.
    units: Vec<(usize, u32)>,
    groups: Vec<Weighted>,
}

impl Side {
    fn new(runs: &[SlowdownRecorder], groups: &SizeBins) -> Self {
        let timed: Vec<Vec<Timed>> = runs.iter().map(SlowdownRecorder::timed).collect();
        let with_run = timed.iter().enumerate().flat_map(|(run, all)| all.iter().map(move |one| (run, one)));
        let mut units: Vec<_> = with_run.clone().map(|(run, one)| (run, one.block)).collect();
        units.sort_unstable();
        units.dedup();
        let mut samples = vec![Vec::new(); groups.count()];
        for (run, one) in with_run {
            let unit = units.binary_search(&(run, one.block)).expect("each block is a unit");
            // The open bin has no edge, and is in the last group.
            let edge = runs[0].bins().upper_edge(one.bin as usize).unwrap_or(Bytes::new(u64::MAX));
            samples[groups.index_of(edge)].push((one.slowdown, unit as u32, one.count));
        }
        let groups = samples.into_iter().map(|samples| Weighted::new(samples, units.len())).collect();
        Self { units, groups }
    }
}

fn ratio(sides: [&Weighted; 2], draws: &[Draws; 2], q: f64) -> QuantileRatio {
    let [a, b] = sides.map(|side| side.quantile(q).expect("a group has messages"));
    // The same samples in the same blocks differ by nothing, however few they are, and if they are unfinished.
    if sides[0] == sides[1] {
        return QuantileRatio { a, b, ratio: 1.0, interval: Some((1.0, 1.0)) };
    }
    let blocks = sides.map(Weighted::blocks).into_iter().min().expect("two sides");
    let count = sides.map(Weighted::count).into_iter().min().expect("two sides") as f64;
    let enough = blocks >= BLOCKS_MIN && count * q.min(1.0 - q) >= BEYOND_MIN - 1e-9;
    let interval = enough.then(|| {
        let replicates = draws[0].replicates().zip(draws[1].replicates());
        let ratios = replicates.map(|(first, second)| {
            let drawn = [sides[0].drawn_quantile(first, q), sides[1].drawn_quantile(second, q)];
            drawn[0].zip(drawn[1]).map_or(f64::NAN, |(a, b)| b / a)
        });
        expanded_interval(ratios.collect(), blocks)
    });
    QuantileRatio { a, b, ratio: b / a, interval }
}
