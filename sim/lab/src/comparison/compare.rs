//! Compares two results.

use super::definition::Stated;
use super::error::ComparisonError;
use super::operand::Operand;
use super::result::{ComparedSide, ComparedSizes, Comparison, Grouping, Intervals, Tolerance};
use super::rows;
use super::side::{Side, shown};
use crate::results::paired_samples;
use homa_analysis::paired::{self, PairingError, Resampling};
use homa_analysis::{SizeBins, SlowdownRecorder};
use homa_units::Bytes;

/// How to compare.
#[derive(Debug, Clone, Default)]
pub struct ComparisonOptions {
    /// What the user says of files that don't say it themselves.
    pub stated: Stated,
    /// By which groups; none: by tenths where both sides can be grouped so, and for cases without
    /// messages.csv by bins.
    pub by: Option<Grouping>,
    /// Whether it must be a comparison in pairs.
    pub paired: bool,
    /// What makes the verdict.
    pub tolerance: Tolerance,
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
    let quantiles = shown(paired::precision(&runs_a, &runs_b), size_width);
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
