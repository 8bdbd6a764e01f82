//! What a comparison gives: two results beside each other, by size.

use crate::results::Unlike;
use serde::Serialize;
use std::path::PathBuf;

/// By which groups of sizes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Grouping {
    /// Tenths of messages.
    Deciles,
    /// Size bins.
    Bins,
}

/// How far ratios may be from 1; not judged where there is none.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Tolerance {
    /// Of medians.
    pub p50: Option<f64>,
    /// Of 99th percentiles.
    pub p99: Option<f64>,
}

/// Where the intervals of ratios come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Intervals {
    /// Time blocks of runs with the same messages.
    Paired,
    /// Time blocks of runs with other messages.
    Independent,
    /// The confidence of each side's 99th percentile.
    OfEachSide,
    /// There are none.
    None,
}

/// What is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub enum Quantity {
    /// Times over best possible times that are the same on both sides.
    #[serde(rename = "slowdown")]
    Slowdown,
    /// Times in microseconds, as the best possible ones are not the same.
    #[serde(rename = "latency_us")]
    Latency,
}

/// One number of both sides.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct ComparedValue {
    /// Of A; none if it is that of an unfinished message.
    pub a: Option<f64>,
    /// Of B.
    pub b: Option<f64>,
    /// B over A; none if it is infinite or not known.
    pub ratio: Option<f64>,
    /// 95 % confidence interval of the ratio, if there is one; none as an end: without bound.
    pub interval: Option<[Option<f64>; 2]>,
    /// Whether the interval leaves out 1; none where a side is not in a steady state, or has
    /// unfinished messages among these, as the interval doesn't know of that.
    pub significant: Option<bool>,
    /// How far the ratio may be from 1, if it is judged.
    pub tolerance: Option<f64>,
    /// Whether it is.
    pub within: Option<bool>,
}

/// A group of sizes on both sides.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ComparedSizes {
    /// The smallest size in bytes, if known.
    pub size_min: Option<u64>,
    /// The largest size in bytes.
    pub size_max: u64,
    /// Messages of A and B, if known.
    pub count: [Option<u64>; 2],
    /// How many of them did not finish, if known.
    pub unfinished: [Option<u64>; 2],
    /// Share of all messages up to this size, if known.
    pub cumulative_share: Option<f64>,
    /// Medians.
    pub p50: ComparedValue,
    /// 99th percentiles.
    pub p99: ComparedValue,
}

/// What one side is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ComparedSide {
    /// A short name.
    pub name: String,
    /// Its source.
    pub what: String,
    /// What its slowdown is relative to.
    pub denominator: &'static str,
    /// Whether its quantiles are exact.
    pub quantiles: String,
    /// The folder, if it is a case of ours.
    pub folder: Option<PathBuf>,
    /// Whether it is in a steady state; none if it is no case of ours, where that is not known.
    pub steady: Option<bool>,
    /// What a reader of its numbers must know.
    pub warnings: Vec<String>,
}

/// Two results beside each other.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Comparison {
    /// The first.
    pub a: ComparedSide,
    /// The second.
    pub b: ComparedSide,
    /// In what traffic and network of the two differ, if that was asked for.
    pub unlike: Vec<Unlike>,
    /// What the rows have.
    pub quantity: Quantity,
    /// By which groups of sizes.
    pub by: Grouping,
    /// Where intervals come from.
    pub intervals: Intervals,
    /// By ascending size.
    pub rows: Vec<ComparedSizes>,
    /// Whether all that is judged is within its tolerance; none if nothing is.
    pub within_tolerance: Option<bool>,
    /// What a reader of these numbers must know.
    pub notes: Vec<String>,
}
