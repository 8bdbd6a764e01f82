//! Published curves, shipped with the program, and the comparison with them.

use crate::results::{CaseSummary, StoredError, Unlike, finite};
use homa_analysis::BinRow;
use homa_run::Denominator;
use serde::{Deserialize, Serialize};
use std::path::Path;
use thiserror::Error;

/// The name of each shipped reference, with its table.
const REFERENCES: [(&str, &str); 1] = [("sigcomm18", include_str!("../../../../results/reference/sigcomm18.csv"))];

/// The preset of the network that all of them are of.
const PUBLISHED_NETWORK: &str = "sigcomm18";

/// A row of a published curve.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct ReferencePoint {
    /// The transport, as the publication names it.
    pub system: String,
    /// The message sizes.
    pub workload: String,
    /// Wire load.
    pub load: f64,
    /// Cumulative percentage of messages.
    pub percentile: f64,
    /// Upper edge of the size bin in which it falls.
    pub size_bytes: u64,
    /// Mean slowdown.
    pub mean: Option<f64>,
    /// Median slowdown, as published.
    pub p50: Option<f64>,
    /// 99th percentile of slowdown, as published.
    pub p99: Option<f64>,
}

/// A number of ours and its published counterpart.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Pair {
    /// Ours; none if it is that of an unfinished message.
    pub ours: Option<f64>,
    /// Theirs; none if it was not published.
    pub theirs: Option<f64>,
    /// Ours over theirs.
    pub ratio: Option<f64>,
    /// How far the ratio may be from 1.
    pub tolerance: f64,
    /// Whether it is; none where theirs was not published.
    pub within: Option<bool>,
}

/// One published percentile of messages under both.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ComparedPercentile {
    /// Cumulative percentage of messages.
    pub percentile: f64,
    /// Upper edge of the size bin.
    pub size_bytes: u64,
    /// Our messages in the bin.
    pub count: u64,
    /// Medians (histogram cells).
    pub p50: Pair,
    /// 99th percentiles (histogram cells).
    pub p99: Pair,
    /// Means.
    pub mean: Pair,
    /// Lower end of the 95 % confidence interval of our exact 99th percentile, if known.
    pub p99_low: Option<f64>,
    /// Its upper end; none if there are too few messages to bound it.
    pub p99_high: Option<f64>,
}

/// A result against a published curve.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ReferenceComparison {
    /// Name of the reference.
    pub reference: String,
    /// The published transport.
    pub system: String,
    /// The message sizes.
    pub workload: String,
    /// Wire load.
    pub load: f64,
    /// By percentile.
    pub rows: Vec<ComparedPercentile>,
    /// Whether every published number is within tolerance.
    pub within_tolerance: bool,
    /// In what the result is unlike the published one, if that was asked for.
    pub unlike: Vec<Unlike>,
    /// What a reader of our numbers must know.
    pub warnings: Vec<String>,
}

/// Why a result can't be compared with a published curve.
#[derive(Debug, Error)]
pub enum ReferenceError {
    /// The result can't be read.
    #[error(transparent)]
    Stored(#[from] StoredError),
    /// No reference has this name.
    #[error("unknown reference \"{name}\"; accepted are {known}")]
    UnknownReference {
        /// The name given.
        name: String,
        /// The shipped ones.
        known: String,
    },
    /// The reference has no such curve.
    #[error("{reference} has no curve of {system} for {workload} at wire load {load}; it has {known}")]
    NoCurve {
        /// The reference.
        reference: String,
        /// The transport asked for.
        system: String,
        /// The result's sizes.
        workload: String,
        /// The result's load.
        load: String,
        /// The curves there are.
        known: String,
    },
    /// The result is of another network.
    #[error(
        "{folder}: {unlike}, which is the published one: the numbers don't compare; run with --set topology.preset={}, or give --unlike to \
         compare them all the same",
        unlike.b
    )]
    Unlike {
        /// The result.
        folder: String,
        /// Its network and the published one.
        unlike: Unlike,
    },
    /// The two are not about the same thing.
    #[error(
        "{folder}: slowdown is relative to \"{ours}\", that of {reference} to \"{theirs}\": the numbers don't compare; run \
         with --set measure.denominator={theirs}"
    )]
    Denominator {
        /// The result.
        folder: String,
        /// Its denominator.
        ours: String,
        /// The reference.
        reference: String,
        /// The denominator of the reference.
        theirs: &'static str,
    },
}

/// The names of the shipped references.
pub(crate) fn reference_names() -> impl Iterator<Item = &'static str> {
    REFERENCES.iter().map(|(name, _)| *name)
}

impl ReferenceComparison {
    /// The same with other tolerances, at all percentiles, where given.
    #[must_use]
    pub fn judged_within(mut self, p50: Option<f64>, p99: Option<f64>) -> Self {
        let judge = |pair: &mut Pair, tolerance: Option<f64>| {
            let Some(tolerance) = tolerance else { return };
            let near = pair.ratio.is_some_and(|ratio| (ratio - 1.0).abs() <= tolerance);
            *pair = Pair { tolerance, within: pair.theirs.map(|_| near), ..*pair };
        };
        for row in &mut self.rows {
            judge(&mut row.p50, p50);
            judge(&mut row.p99, p99);
        }
        let within = |pair: &Pair| pair.within != Some(false);
        self.within_tolerance = self.rows.iter().all(|row| within(&row.p50) && within(&row.p99));
        self
    }
}

/// The published curve of `system` for a workload and load.
///
/// # Errors
/// If there is none.
pub fn reference_curve(
    reference: &str,
    system: &str,
    workload: &str,
    load: Option<f64>,
) -> Result<Vec<ReferencePoint>, ReferenceError> {
    let Some((_, table)) = REFERENCES.iter().find(|(name, _)| *name == reference) else {
        let known = REFERENCES.map(|(name, _)| format!("\"{name}\"")).join(", ");
        return Err(ReferenceError::UnknownReference { name: reference.to_owned(), known });
    };
    let mut reader = csv::ReaderBuilder::new().comment(Some(b'#')).from_reader(table.as_bytes());
    let rows: Vec<ReferencePoint> = reader.deserialize().map(|row| row.expect("shipped tables are valid")).collect();
    let same = |row: &ReferencePoint| {
        row.system.eq_ignore_ascii_case(system) && row.workload == workload && Some(row.load) == load
    };
    let curve: Vec<_> = rows.iter().filter(|row| same(row)).cloned().collect();
    if curve.is_empty() {
        let mut known: Vec<_> =
            rows.iter().map(|row| format!("{} {} at {}", row.system, row.workload, row.load)).collect();
        known.dedup();
        return Err(ReferenceError::NoCurve {
            reference: reference.to_owned(),
            system: system.to_owned(),
            workload: workload.to_owned(),
            load: load.map_or_else(|| "none (a trace or a payload load)".to_owned(), |load| load.to_string()),
            known: known.join(", "),
        });
    }
    Ok(curve)
}

/// Tolerances of the median and of the 99th percentile at a percentile of messages.
fn tolerances(percentile: f64) -> (f64, f64) {
    if percentile <= 95.0 { (0.03, 0.06) } else { (0.15, 0.15) }
}

/// Compares the result in `folder` with a published curve, like statistic with like; one of another
/// network only `even_if_unlike`.
///
/// # Errors
/// If the result can't be read, there is no such curve, it is of another network, or the two define slowdown differently.
pub fn compare_with_reference(
    folder: &Path,
    reference: &str,
    system: &str,
    even_if_unlike: bool,
) -> Result<ReferenceComparison, ReferenceError> {
    let summary = CaseSummary::read(folder)?;
    let theirs = Denominator::Sigcomm18.name();
    if summary.denominator != theirs {
        return Err(ReferenceError::Denominator {
            folder: folder.display().to_string(),
            ours: summary.denominator,
            reference: reference.to_owned(),
            theirs,
        });
    }
    let load = summary.load.filter(|_| summary.load_kind == "wire");
    let curve = reference_curve(reference, system, &summary.workload, load)?;
    let unlike = (summary.topology != PUBLISHED_NETWORK).then(|| Unlike {
        key: "topology".to_owned(),
        a: summary.topology.clone(),
        b: PUBLISHED_NETWORK.to_owned(),
    });
    if let Some(unlike) = unlike.clone().filter(|_| !even_if_unlike) {
        return Err(ReferenceError::Unlike { folder: folder.display().to_string(), unlike });
    }
    let rows: Vec<_> = curve.iter().map(|point| compare(&summary, point)).collect();
    let within = |pair: &Pair| pair.within != Some(false);
    let within_tolerance = rows.iter().all(|row| within(&row.p50) && within(&row.p99));
    Ok(ReferenceComparison {
        reference: reference.to_owned(),
        system: curve[0].system.clone(),
        workload: summary.workload,
        load: curve[0].load,
        rows,
        within_tolerance,
        unlike: unlike.into_iter().collect(),
        warnings: summary.warnings,
    })
}

/// A bin without messages of ours has no numbers of ours, which is off.
fn compare(summary: &CaseSummary, point: &ReferencePoint) -> ComparedPercentile {
    let bin = summary.bins.iter().find(|bin| bin.size_max == point.size_bytes);
    let of_bin = |number: fn(&BinRow) -> f64| bin.and_then(|bin| finite(number(bin)));
    let (p50_tolerance, p99_tolerance) = tolerances(point.percentile);
    let pair = |ours: Option<f64>, theirs: Option<f64>, tolerance: f64| {
        let ratio = ours.zip(theirs).map(|(ours, theirs)| ours / theirs);
        // A published number without a counterpart, as too many of our messages are unfinished, is
        // off.
        let within = theirs.map(|_| ratio.is_some_and(|ratio| (ratio - 1.0).abs() <= tolerance));
        Pair { ours, theirs, ratio, tolerance, within }
    };
    ComparedPercentile {
        percentile: point.percentile,
        size_bytes: point.size_bytes,
        count: bin.map_or(0, |bin| bin.count),
        p50: pair(of_bin(|bin| bin.p50_cell), point.p50, p50_tolerance),
        p99: pair(of_bin(|bin| bin.p99_cell), point.p99, p99_tolerance),
        mean: pair(of_bin(|bin| bin.mean), point.mean, p50_tolerance),
        p99_low: of_bin(|bin| bin.p99_low),
        p99_high: of_bin(|bin| bin.p99_high),
    }
}
