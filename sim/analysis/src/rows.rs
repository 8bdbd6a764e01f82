//! Rows of results: what their files have of groups of messages.

use crate::number::{infinity, infinity_is_none, nan, nan_is_none};
use serde::{Deserialize, Serialize};

/// One tenth of the messages, by size. Infinite values are those of unfinished messages; JSON has
/// them as null.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Decile {
    /// Smallest size, in bytes.
    pub size_min: u64,
    /// Largest size, in bytes.
    pub size_max: u64,
    /// Messages, with the unfinished ones.
    pub count: u64,
    /// Median slowdown.
    #[serde(with = "infinity_is_none")]
    pub p50: f64,
    /// 99th percentile of slowdown.
    #[serde(with = "infinity_is_none")]
    pub p99: f64,
    /// Mean slowdown of the finished messages; not a number (JSON: null) if there are none.
    #[serde(with = "nan_is_none")]
    pub mean: f64,
    /// Unfinished messages.
    pub unfinished: u64,
    /// Lower end of the 95 % confidence interval of `p50`; as with the other three, not a number
    /// (JSON: null) with fewer than two time blocks, or if a run had more samples than are kept.
    #[serde(with = "nan_is_none", default = "nan")]
    pub p50_low: f64,
    /// Upper end of the 95 % confidence interval of `p50`; infinite (JSON: null) if there are too
    /// few messages to bound it or it is the slowdown of an unfinished one.
    #[serde(with = "infinity_is_none", default = "infinity")]
    pub p50_high: f64,
    /// Lower end of the 95 % confidence interval of `p99`.
    #[serde(with = "nan_is_none", default = "nan")]
    pub p99_low: f64,
    /// Upper end of the 95 % confidence interval of `p99`; infinite (JSON: null) as `p50_high`.
    #[serde(with = "infinity_is_none", default = "infinity")]
    pub p99_high: f64,
}

/// One bin of message sizes. Infinite values are those of unfinished messages; JSON has them as
/// null.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
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
    #[serde(with = "infinity_is_none")]
    pub p50: f64,
    /// 99th percentile of slowdown.
    #[serde(with = "infinity_is_none")]
    pub p99: f64,
    /// Mean slowdown of the finished messages; not a number (JSON: null) if there are none.
    #[serde(with = "nan_is_none")]
    pub mean: f64,
    /// Smallest slowdown.
    #[serde(with = "infinity_is_none")]
    pub min: f64,
    /// Largest slowdown.
    #[serde(with = "infinity_is_none")]
    pub max: f64,
    /// Median as the published histograms give it: the lower edge of one of 100 cells, finished
    /// messages only.
    #[serde(with = "infinity_is_none")]
    pub p50_cell: f64,
    /// 99th percentile as the published histograms give it: at most the largest of the bin's first
    /// 10000 samples.
    #[serde(with = "infinity_is_none")]
    pub p99_cell: f64,
    /// Lower end of the 95 % confidence interval of `p99`; not a number (JSON: null) with fewer
    /// than two time blocks.
    #[serde(with = "nan_is_none", default = "nan")]
    pub p99_low: f64,
    /// Upper end of the 95 % confidence interval of `p99`; not a number (JSON: null) with fewer
    /// than two time blocks, infinite (JSON: null) if there are too few messages to bound it or it
    /// is the slowdown of an unfinished one.
    #[serde(with = "infinity_is_none", default = "infinity")]
    pub p99_high: f64,
}

/// The bin in which a cumulative percentage of messages falls.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PercentileRow {
    /// The cumulative percentage of messages, 0 to 100.
    pub percentile: f64,
    /// Upper edge of the bin, in bytes.
    pub size_bytes: u64,
    /// Messages in the bin.
    pub count: u64,
    /// Median slowdown.
    #[serde(with = "infinity_is_none")]
    pub p50: f64,
    /// 99th percentile of slowdown.
    #[serde(with = "infinity_is_none")]
    pub p99: f64,
    /// Mean slowdown of the finished messages; not a number (JSON: null) if there are none.
    #[serde(with = "nan_is_none")]
    pub mean: f64,
    /// Median as the published histograms give it: the lower edge of one of 100 cells, finished
    /// messages only.
    #[serde(with = "infinity_is_none")]
    pub p50_cell: f64,
    /// 99th percentile as the published histograms give it: at most the largest of the bin's first
    /// 10000 samples.
    #[serde(with = "infinity_is_none")]
    pub p99_cell: f64,
}
