//! Compares two results.

use super::definition::Stated;
use super::error::ComparisonError;
use super::operand::Operand;
use super::quantity::{Chosen, quantity};
use super::result::{ComparedSide, ComparedSizes, Comparison, Grouping, Intervals, Quantity, Tolerance};
use super::rows;
use super::side::{Side, shown};
use crate::results::{Samples, Unlike, unlike};
use homa_analysis::paired::{self, PairingError, Resampling};
use homa_analysis::{ImportError, Sample, SizeBins, SlowdownRecorder};
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
    /// Whether cases with other traffic or networks are compared too.
    pub unlike: bool,
    /// What makes the verdict.
    pub tolerance: Tolerance,
}

/// Compares B with A.
///
/// # Errors
/// If one of them can't be read, or their numbers don't compare.
pub fn compare_results(a: &Operand, b: &Operand, options: &ComparisonOptions) -> Result<Comparison, ComparisonError> {
    let [mut a, mut b] = [Side::open(a, &options.stated)?, Side::open(b, &options.stated)?];
    let unlike = unlike_sides(&a, &b);
    if !unlike.is_empty() && !options.unlike {
        return Err(ComparisonError::Unlike { a: a.name, b: b.name, unlike });
    }
    let Chosen { quantity, mut notes } = quantity(&a, &b, &unlike)?;
    let (missing, missing_note) = missing_for_pairs(&a, &b);
    let mut comparison = match missing {
        None => of_runs(&mut a, &mut b, options, quantity)?,
        Some(missing) if options.paired => return Err(ComparisonError::NotPaired(missing)),
        Some(_) => of_groups(&mut a, &mut b, options)?,
    };
    notes.extend(missing_note);
    notes.append(&mut comparison.notes);
    notes.extend(without_stars(&a, &b, &comparison.rows));
    Ok(Comparison { unlike, quantity, notes, ..comparison })
}

/// In what traffic and network of two cases differ; of others it isn't known.
fn unlike_sides(a: &Side, b: &Side) -> Vec<Unlike> {
    let (Some(a), Some(b)) = (&a.case, &b.case) else { return Vec::new() };
    unlike((&a.folder, &a.summary), (&b.folder, &b.summary))
}

/// What pairs would need, none if it is there; and, for cases, the same as a note.
fn missing_for_pairs(a: &Side, b: &Side) -> (Option<String>, Vec<String>) {
    if a.case.is_none() || b.case.is_none() {
        return (Some("only folders of cases have runs".to_owned()), Vec::new());
    }
    let Some(which) = without_runs(a, b) else { return (None, Vec::new()) };
    let missing = format!(
        "{which} neither kept runs (../runs) nor a messages.csv; run both cases again with the same run.seeds, and ratios get intervals that \
         use that both had the same messages (runs of more messages than measure.exact_samples need --set measure.messages=true)"
    );
    let note = format!("not in pairs: {missing}");
    (Some(missing), vec![note])
}

/// Which of two cases have no samples, as the begin of a sentence.
pub(super) fn without_runs(a: &Side, b: &Side) -> Option<String> {
    let has = |side: &Side| side.case.as_ref().is_some_and(|case| case.runs.is_some());
    match (has(a), has(b)) {
        (true, true) => None,
        (false, false) => Some("A and B have".to_owned()),
        (true, false) => Some("B has".to_owned()),
        (false, true) => Some("A has".to_owned()),
    }
}

/// Why some rows are not starred.
fn without_stars(a: &Side, b: &Side, rows: &[ComparedSizes]) -> Vec<String> {
    let unsteady: Vec<_> = [("A", a), ("B", b)].into_iter().filter(|(_, side)| !side.is_steady()).collect();
    let mut notes = Vec::new();
    if !unsteady.is_empty() {
        let names: Vec<_> = unsteady.iter().map(|(letter, _)| *letter).collect();
        notes.push(format!(
            "no row is starred: {} {} not in a steady state, so its numbers depend on when it was measured, which intervals don't know",
            names.join(" and "),
            if names.len() == 1 { "is" } else { "are" }
        ));
    }
    let affected = rows.iter().filter(|row| row.unfinished.iter().flatten().any(|count| *count > 0)).count();
    if affected > 0 {
        notes.push(format!(
            "{affected} of {} rows have unfinished messages and are not starred: give a longer measure.drain",
            rows.len()
        ));
    }
    notes
}

/// Compares what is known of groups of sizes.
fn of_groups(a: &mut Side, b: &mut Side, options: &ComparisonOptions) -> Result<Comparison, ComparisonError> {
    let aligned = rows::align(a, b, options.by)?;
    let steady = a.is_steady() && b.is_steady();
    let rows: Vec<_> = aligned.pairs.iter().map(|pair| rows::row(pair, options.tolerance, steady)).collect();
    let any = rows.iter().any(|row| row.p99.interval.is_some());
    let intervals = if any { Intervals::OfEachSide } else { Intervals::None };
    Ok(result(a, b, aligned.by, intervals, rows, aligned.notes))
}

/// The samples of a case as what is compared, in `bins`; the runs are not needed any more.
fn values(side: &mut Side, bins: &SizeBins, quantity: Quantity) -> Result<Vec<SlowdownRecorder>, ComparisonError> {
    let case = side.case.as_mut().expect("both are cases");
    let runs = case.runs.take().expect("both have runs");
    if quantity == Quantity::Slowdown {
        return Ok(runs.each(bins, Sample::slowdown)?);
    }
    let mut unknown = false;
    let latency_us = |sample: &Sample| {
        unknown |= sample.latency_ps().is_none();
        sample.latency_ps().map_or(1.0, |ps| ps / 1e6)
    };
    let all = runs.each(bins, latency_us)?;
    if unknown {
        let file = match &runs {
            Samples::File(folder) => folder.join("messages.csv").display().to_string(),
            Samples::Kept(_) => unreachable!("runs keep the best time of each message"),
        };
        let problem = "it needs the columns latency_ps, source and destination".to_owned();
        return Err(ImportError::File { file, problem }.into());
    }
    Ok(all)
}

/// Compares the runs of two cases.
fn of_runs(
    a: &mut Side,
    b: &mut Side,
    options: &ComparisonOptions,
    quantity: Quantity,
) -> Result<Comparison, ComparisonError> {
    let by = options.by.unwrap_or(Grouping::Deciles);
    let groups = if by == Grouping::Deciles { &a.deciles } else { &a.bins };
    let edges: Vec<_> = groups.iter().map(|group| Bytes::new(group.size_max)).collect();
    let bins = SizeBins::with_edges(&edges);
    let [runs_a, runs_b] = [values(a, &bins, quantity)?, values(b, &bins, quantity)?];
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
    notes.extend(left_out(a, b, &rows));
    let total: u64 = rows.iter().map(|row| row.count[0]).sum();
    let steady = a.is_steady() && b.is_steady();
    let mut below = 0;
    let row = |row: &paired::PairedRow| {
        below += row.count[0];
        rows::row_of_runs(row, below as f64 / total as f64, options.tolerance, steady)
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

/// Messages in groups of sizes in which the other side has none.
fn left_out(a: &Side, b: &Side, rows: &[paired::PairedRow]) -> Option<String> {
    let of = |side: &Side, place: usize| {
        let all = side.case.as_ref().map_or(0, |case| case.summary.messages);
        all - rows.iter().map(|row| row.count[place]).sum::<u64>()
    };
    let (of_a, of_b) = (of(a, 0), of(b, 1));
    let some = of_a > 0 || of_b > 0;
    some.then(|| format!("left out, as the other side has no such sizes: {of_a} messages of A, {of_b} of B"))
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
        folder: side.folder().map(ToOwned::to_owned),
        steady: side.case.as_ref().map(|case| case.summary.is_steady()),
        warnings: side.case.as_ref().map_or_else(Vec::new, |case| case.summary.warnings.clone()),
    };
    let judged: Vec<_> = rows.iter().flat_map(|row| [row.p50.within, row.p99.within]).flatten().collect();
    let within_tolerance = (!judged.is_empty()).then(|| judged.iter().all(|within| *within));
    let (unlike, quantity) = (Vec::new(), Quantity::Slowdown);
    Comparison { a: side(a), b: side(b), unlike, quantity, by, intervals, rows, within_tolerance, notes }
}
