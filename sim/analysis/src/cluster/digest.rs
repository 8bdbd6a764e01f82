//! The cluster's own statistics.

use super::baseline::Baseline;
use super::pool::{BaselineError, RttPool, Sorted, at_index, half, hundredth_below, thousandth_below};
use crate::recorder::Precision;
use serde::Serialize;

/// Only messages shorter than this are in the distribution of short messages.
pub const SHORT_BELOW_BYTES: u64 = 1_500;

/// A point of the distribution of short messages.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct CdfPoint {
    /// Round-trip time in microseconds.
    pub rtt_us: f64,
    /// Share of the messages that take longer.
    pub longer: f64,
}

/// The RPCs of one length.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct LengthRow {
    /// In bytes.
    pub length: u64,
    /// Share of all RPCs of this length or shorter.
    pub cum_frac: f64,
    /// How many.
    pub samples: u64,
    /// Median round-trip time in microseconds.
    pub p50_us: f64,
    /// 99th percentile.
    pub p99_us: f64,
    /// 99.9th percentile.
    pub p999_us: f64,
    /// Median slowdown.
    pub s50: f64,
    /// 99th percentile.
    pub s99: f64,
    /// 99.9th percentile.
    pub s999: f64,
}

/// Round-trip times of the short messages, all lengths together.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct ShortRtts {
    /// The longest that counts as short: lengths are taken from the smallest on until they are more
    /// than a tenth of all.
    pub bytes_max: u64,
    /// How many.
    pub samples: u64,
    /// The shortest time in microseconds.
    pub min_us: f64,
    /// The median.
    pub p50_us: f64,
    /// The 99th percentile.
    pub p99_us: f64,
}

/// What the benchmark says of an experiment.
#[derive(Debug, Clone, PartialEq)]
pub struct ClusterDigest {
    /// RPCs.
    pub samples: u64,
    /// Over all of them, not over lengths.
    pub mean_slowdown: f64,
    /// By ascending length.
    pub rows: Vec<LengthRow>,
    /// The short messages.
    pub short: ShortRtts,
    /// Whether times are exact.
    pub precision: Precision,
    /// The times of the messages whose distribution is drawn.
    drawn: Sorted,
}

impl ClusterDigest {
    /// The statistics of an experiment, slowdown relative to `baseline`.
    ///
    /// # Errors
    /// If there are no RPCs, or one has no baseline.
    pub fn new(pool: &RttPool, baseline: &Baseline) -> Result<Self, BaselineError> {
        pool.not_empty()?;
        let lengths = pool.sorted();
        let (total, mut below, mut slowdowns) = (pool.samples(), 0, 0.0);
        let mut rows = Vec::new();
        for (length, sorted) in &lengths {
            let best_us = baseline.best_us(*length)?;
            let samples = count(sorted);
            below += samples;
            slowdowns += sorted.iter().map(|(us, count)| us / best_us * *count as f64).sum::<f64>();
            let [p50_us, p99_us, p999_us] =
                [half, hundredth_below, thousandth_below].map(|index| at_index(sorted, index));
            rows.push(LengthRow {
                length: *length,
                cum_frac: below as f64 / total as f64,
                samples,
                p50_us,
                p99_us,
                p999_us,
                s50: p50_us / best_us,
                s99: p99_us / best_us,
                s999: p999_us / best_us,
            });
        }
        let (bytes_max, short) = shortest_tenth(&lengths, total, u64::MAX);
        let short = ShortRtts {
            bytes_max,
            samples: count(&short),
            min_us: short[0].0,
            p50_us: at_index(&short, half),
            p99_us: at_index(&short, hundredth_below),
        };
        let (_, drawn) = shortest_tenth(&lengths, total, SHORT_BELOW_BYTES);
        let (mean_slowdown, precision) = (slowdowns / total as f64, pool.precision());
        Ok(Self { samples: total, mean_slowdown, rows, short, precision, drawn })
    }

    /// The share of short messages with a longer round-trip time, without points that differ by
    /// less than 1 % from the one before in both coordinates. Empty if no message is shorter than
    /// [`SHORT_BELOW_BYTES`].
    #[must_use]
    pub fn short_cdf(&self) -> Vec<CdfPoint> {
        let total = count(&self.drawn);
        let mut left = total;
        let mut points: Vec<CdfPoint> = Vec::new();
        for (rtt_us, count) in &self.drawn {
            for _ in 0..*count {
                left -= 1;
                let point = CdfPoint { rtt_us: *rtt_us, longer: left as f64 / total as f64 };
                let close = |last: &CdfPoint| rtt_us / last.rtt_us < 1.01 && point.longer / last.longer > 0.99;
                if !points.last().is_some_and(close) {
                    points.push(point);
                }
            }
        }
        points
    }

    /// The longest message in [`Self::short_cdf`]; none if it is empty.
    #[must_use]
    pub fn short_cdf_bytes_max(&self) -> Option<u64> {
        self.rows
            .iter()
            .map(|row| row.length)
            .rfind(|length| *length < SHORT_BELOW_BYTES && *length <= self.short.bytes_max)
    }
}

fn count(sorted: &[(f64, u64)]) -> u64 {
    sorted.iter().map(|(_, count)| count).sum()
}

/// The times of lengths from the smallest on, until they are more than a tenth of all, only lengths
/// under `below`; and the largest length.
fn shortest_tenth(lengths: &[(u64, Sorted)], total: u64, below: u64) -> (u64, Sorted) {
    let (mut bytes_max, mut all) = (0, Vec::new());
    for (length, sorted) in lengths.iter().filter(|(length, _)| *length < below) {
        bytes_max = *length;
        all.extend_from_slice(sorted);
        if 10 * count(&all) > total {
            break;
        }
    }
    all.sort_unstable_by(|(first, _), (second, _)| first.total_cmp(second));
    (bytes_max, all)
}
