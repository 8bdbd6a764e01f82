//! Two results beside each other: of ours, of a cluster, of another simulator.

mod case_messages;
mod definition;
mod files;
mod operand;
mod overlay;
mod rows;
mod side;
mod table;

pub use case_messages::paired_samples;
pub use definition::Stated;
pub use operand::{Operand, OperandError};
pub use overlay::write_comparison_figure;

use crate::stored::StoredError;
use homa_analysis::cluster::BaselineError;
use homa_analysis::paired::{self, PairingError, Resampling};
use homa_analysis::{ImportError, SizeBins, SlowdownRecorder};
use homa_experiment::{CaseError, ExperimentError};
use homa_units::Bytes;
use serde::Serialize;
use side::Side;
use std::path::PathBuf;
use thiserror::Error;

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

/// How to compare.
#[derive(Debug, Clone, Default)]
pub struct ComparisonOptions {
    /// What the user says of files that don't say it themselves.
    pub stated: Stated,
    /// By which groups; none: by tenths where both sides can be grouped so, and for cases without messages.csv by bins.
    pub by: Option<Grouping>,
    /// Whether it must be a comparison in pairs.
    pub paired: bool,
    /// What makes the verdict.
    pub tolerance: Tolerance,
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
    /// Whether the interval leaves out 1.
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
    /// Share of all messages up to this size, if known.
    pub cumulative_share: Option<f64>,
    /// Medians of slowdown.
    pub p50: ComparedValue,
    /// 99th percentiles of slowdown.
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
}

/// Two results beside each other.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Comparison {
    /// The first.
    pub a: ComparedSide,
    /// The second.
    pub b: ComparedSide,
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

/// Why two results can't be compared.
#[derive(Debug, Error)]
pub enum ComparisonError {
    /// A file can't be used.
    #[error(transparent)]
    Import(#[from] ImportError),
    /// A result can't be read.
    #[error(transparent)]
    Stored(#[from] StoredError),
    /// A result's experiment can't be read.
    #[error(transparent)]
    Experiment(#[from] ExperimentError),
    /// A result's experiment can't be resolved.
    #[error(transparent)]
    Case(#[from] CaseError),
    /// A file doesn't say what its slowdown is relative to, nor does the user.
    #[error(
        "{file} doesn't say what its slowdown is relative to; say it with --denominator NAME: of round-trip times (.rtts, .data) \
         cluster-2021, cluster-2023 or cluster-2025, of others a name as in measure.denominator, for example sigcomm18"
    )]
    Unstated {
        /// The file.
        file: String,
    },
    /// There is no such denominator.
    #[error("--denominator {name}: unknown; accepted are {accepted}")]
    Denominator {
        /// As given.
        name: String,
        /// The known ones.
        accepted: String,
    },
    /// Something must be known for a denominator.
    #[error("{file}: slowdown relative to {definition} needs {option}")]
    Option {
        /// The file.
        file: String,
        /// The denominator.
        definition: String,
        /// What is missing, and an example.
        option: &'static str,
    },
    /// One-way times can't divide round-trip times.
    #[error(
        "{file} has round-trip times, and \"{name}\" is the best time of a message one way; give --denominator cluster-2021, \
         cluster-2023 or cluster-2025"
    )]
    NotOfRoundTrips {
        /// The file.
        file: String,
        /// The denominator.
        name: &'static str,
    },
    /// Round-trip times can't be divided.
    #[error("{file}: {cause}")]
    Baseline {
        /// The file.
        file: String,
        /// Why.
        cause: BaselineError,
    },
    /// A report was made with another denominator than stated.
    #[error(
        "{file}: its slowdown of {length} B is {theirs}, which would be {ours:.2} relative to {definition}: it was made with another \
         denominator, link rate or node type; give those of the report with --denominator, --link-mbps, --node-type"
    )]
    OtherReport {
        /// The file.
        file: String,
        /// Of the line that differs.
        length: u64,
        /// As the file has it.
        theirs: f64,
        /// As it would be.
        ours: f64,
        /// The denominator stated.
        definition: String,
    },
    /// Files of several experiments.
    #[error("{} is of {}, {} of {}: give files of one experiment", files[0], names[0], files[1], names[1])]
    Experiments {
        /// The files.
        files: [String; 2],
        /// Their experiments.
        names: [String; 2],
    },
    /// The two define slowdown differently.
    #[error(
        "the numbers don't compare: slowdown of A ({a}) is relative to {a_is}, that of B ({b}) to {b_is}; {advice}"
    )]
    Definitions {
        /// The first side.
        a: String,
        /// Its denominator.
        a_is: String,
        /// The second side.
        b: String,
        /// Its denominator.
        b_is: String,
        /// What to do.
        advice: String,
    },
    /// Pairs were demanded.
    #[error("no comparison in pairs: {0}")]
    NotPaired(String),
    /// Nothing is in both.
    #[error(
        "A and B have no group of sizes in common; where a side is a case, run it with --set measure.messages=true, so that its \
         messages can be grouped like the other's"
    )]
    NoCommonSizes,
    /// A published reference has its own kind of comparison.
    #[error(
        "{name} is a published reference: it compares with the folder of a case, whose workload and load say which curve"
    )]
    Reference {
        /// The reference.
        name: String,
    },
}

/// Compares B with A.
///
/// # Errors
/// If one of them can't be read, or their numbers don't compare.
pub fn compare_results(a: &Operand, b: &Operand, options: &ComparisonOptions) -> Result<Comparison, ComparisonError> {
    let [mut a, mut b] = [Side::open(a, &options.stated)?, Side::open(b, &options.stated)?];
    check_definitions(&a, &b)?;
    let (missing, notes) = missing_for_pairs(&a, &b);
    let mut comparison = match missing {
        None => of_runs(&a, &b, options)?,
        Some(missing) if options.paired => return Err(ComparisonError::NotPaired(missing)),
        Some(_) => {
            let aligned = rows::align(&mut a, &mut b, options.by)?;
            let rows: Vec<_> = aligned.pairs.iter().map(|pair| rows::row(pair, options.tolerance)).collect();
            let any = rows.iter().any(|row| row.p99.interval.is_some());
            let intervals = if any { Intervals::OfEachSide } else { Intervals::None };
            result(&a, &b, aligned.by, intervals, rows, aligned.notes)
        }
    };
    comparison.notes.extend(notes);
    Ok(comparison)
}

/// What pairs would need, none if it is there; and, for cases, the same as a note.
fn missing_for_pairs(a: &Side, b: &Side) -> (Option<String>, Vec<String>) {
    if a.folder.is_none() || b.folder.is_none() {
        return (Some("only folders of cases have runs".to_owned()), Vec::new());
    }
    let without: Vec<_> =
        [("A", a), ("B", b)].into_iter().filter(|(_, side)| !side.has_messages).map(|(name, _)| name).collect();
    if without.is_empty() {
        return (None, Vec::new());
    }
    let missing = format!(
        "{} neither kept runs (../runs) nor a messages.csv; run both cases again with the same run.seeds, and ratios get intervals that \
         use that both had the same messages (runs of more messages than measure.exact_samples need --set measure.messages=true)",
        if without.len() == 2 { "A and B have".to_owned() } else { format!("{} has", without[0]) }
    );
    let note = format!("not in pairs: {missing}");
    (Some(missing), vec![note])
}

fn check_definitions(a: &Side, b: &Side) -> Result<(), ComparisonError> {
    if a.definition.agrees(&b.definition) {
        return Ok(());
    }
    let advice = |(name, side): (&str, &Side), other: &Side| match &side.folder {
        Some(_) => format!("run {name} again with --set measure.denominator={}", other.definition.name),
        None => format!("if that is what {name} is relative to, say --denominator {}", other.definition.name),
    };
    let advice = if a.definition.name == b.definition.name {
        "correct --link-mbps, or simulate a network with links of that rate".to_owned()
    } else {
        format!("{}; or {}", advice(("A", a), b), advice(("B", b), a))
    };
    Err(ComparisonError::Definitions {
        a: a.name.clone(),
        a_is: a.definition.shown(),
        b: b.name.clone(),
        b_is: b.definition.shown(),
        advice,
    })
}

/// Compares the runs of two cases.
fn of_runs(a: &Side, b: &Side, options: &ComparisonOptions) -> Result<Comparison, ComparisonError> {
    let by = options.by.unwrap_or(Grouping::Deciles);
    let groups = if by == Grouping::Deciles { &a.deciles } else { &a.bins };
    let edges: Vec<_> = groups.iter().map(|group| Bytes::new(group.size_max)).collect();
    let bins = SizeBins::with_edges(&edges);
    let folder = |side: &Side| side.folder.clone().expect("both are cases");
    let [runs_a, runs_b] = [paired_samples(&folder(a), &bins)?, paired_samples(&folder(b), &bins)?];
    let ratios = |resampling| paired::compare(&runs_a, &runs_b, &bins, resampling);
    let mut notes = Vec::new();
    let (intervals, rows) = match ratios(Resampling::Paired) {
        Ok(rows) => (Intervals::Paired, rows),
        Err(unpaired) if options.paired => return Err(ComparisonError::NotPaired(unpaired.to_string())),
        Err(unpaired) => {
            notes.push(format!("not in pairs: {unpaired}"));
            (Intervals::Independent, ratios(Resampling::Independent).map_err(not_paired)?)
        }
    };
    let total: u64 = rows.iter().map(|row| row.count[0]).sum();
    let mut below = 0;
    let row = |row: &paired::PairedRow| {
        below += row.count[0];
        rows::row_of_runs(row, below as f64 / total as f64, options.tolerance)
    };
    let rows = rows.iter().map(row).collect();
    let mut comparison = result(a, b, by, intervals, rows, notes);
    let size_width = runs_a.iter().chain(&runs_b).map(SlowdownRecorder::size_width).fold(0.0, f64::max);
    let quantiles = side::shown(paired::precision(&runs_a, &runs_b), size_width);
    for side in [&mut comparison.a, &mut comparison.b] {
        side.quantiles.clone_from(&quantiles);
    }
    Ok(comparison)
}

fn not_paired(cause: PairingError) -> ComparisonError {
    ComparisonError::NotPaired(cause.to_string())
}

fn result(
    a: &Side,
    b: &Side,
    by: Grouping,
    intervals: Intervals,
    rows: Vec<ComparedSizes>,
    notes: Vec<String>,
) -> Comparison {
    let side = |side: &Side| ComparedSide {
        name: side.name.clone(),
        what: side.what.clone(),
        denominator: side.definition.name,
        quantiles: side.quantiles.clone(),
        folder: side.folder.clone(),
    };
    let judged: Vec<_> = rows.iter().flat_map(|row| [row.p50.within, row.p99.within]).flatten().collect();
    let within_tolerance = (!judged.is_empty()).then(|| judged.iter().all(|within| *within));
    Comparison { a: side(a), b: side(b), by, intervals, rows, within_tolerance, notes }
}
