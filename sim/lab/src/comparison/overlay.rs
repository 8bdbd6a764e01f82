//! Both sides in one figure.

use super::numbers::comparison_csv;
use super::published::{ComparedPercentile, ReferenceComparison};
use super::result::{ComparedSide, ComparedSizes, ComparedValue, Comparison, Quantity};
use crate::disk::{StoreError, write_atomically};
use crate::results::{CaseSummary, StoredError, title_case};
use homa_analysis::BinRow;
use homa_figures::{Curve, Step, png, sized_figure, slowdown_figure};
use std::io::Write;
use std::path::{Path, PathBuf};
use thiserror::Error;

/// Draws both sides as `path` with the ending `.svg`, and as `.png`, and writes their numbers as
/// `.csv`. Sides of ours are lines, others marks.
///
/// # Errors
/// If a file can't be written.
pub fn write_comparison_figure(path: &Path, comparison: &Comparison) -> Result<[PathBuf; 3], StoreError> {
    let svg = figure(comparison);
    let image = png(&svg);
    let files = [("svg", svg.into_bytes()), ("png", image), ("csv", comparison_csv(comparison))];
    let mut paths = Vec::new();
    for (ending, bytes) in files {
        // Not with_extension: a case's name may have a point in it.
        let mut name = path.as_os_str().to_owned();
        name.push(format!(".{ending}"));
        let path = PathBuf::from(name);
        let error = |cause| StoreError { path: path.clone(), cause };
        let folder = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let mut file = tempfile::NamedTempFile::new_in(folder).map_err(error)?;
        file.write_all(&bytes).map_err(error)?;
        file.persist(&path).map_err(|persist| error(persist.error))?;
        paths.push(path);
    }
    Ok(paths.try_into().expect("three files"))
}

fn figure(comparison: &Comparison) -> String {
    let count = comparison.rows.len() as f64;
    let step = |(number, row): (usize, &ComparedSizes), of: &dyn Fn(&ComparedValue) -> Option<f64>| {
        let share = |at: Option<usize>| match at {
            None => 0.0,
            // Where shares of messages are unknown each group is as wide as the others.
            Some(at) => comparison.rows[at].cumulative_share.unwrap_or((at + 1) as f64 / count),
        };
        let value = |value: &ComparedValue| of(value).unwrap_or(f64::INFINITY);
        Step {
            share: (share(number.checked_sub(1)), share(Some(number))),
            size_max: row.size_max,
            p50: value(&row.p50),
            p99: value(&row.p99),
            p99_band: None,
        }
    };
    let curve = |side: &ComparedSide, letter: &str, of: &dyn Fn(&ComparedValue) -> Option<f64>| Curve {
        name: match side.steady {
            Some(false) => format!("{letter}: {} (not steady)", side.name),
            _ => format!("{letter}: {}", side.name),
        },
        steps: comparison.rows.iter().enumerate().map(|row| step(row, of)).collect(),
        published: side.folder.is_none(),
    };
    let curves = [curve(&comparison.a, "A", &|value| value.a), curve(&comparison.b, "B", &|value| value.b)];
    let unlike = if comparison.unlike.is_empty() { "" } else { "; traffic or networks are unlike" };
    match comparison.quantity {
        Quantity::Slowdown => {
            slowdown_figure(&curves, &format!("Slowdown (denominator {}{unlike})", comparison.a.denominator))
        }
        Quantity::Latency => sized_figure(&curves, &format!("Latency (best times differ{unlike})"), "Latency (us)"),
    }
}

/// Draws a result with a published curve laid over it, as `compare-REFERENCE.svg` and `.png` in the
/// result's folder.
///
/// # Errors
/// If the result can't be read or the figures can't be written.
pub fn write_overlay(folder: &Path, comparison: &ReferenceComparison) -> Result<[PathBuf; 2], OverlayError> {
    let summary = CaseSummary::read(folder)?;
    let mut below = 0.0;
    let step = |bin: &BinRow| {
        let share = (below, bin.cumulative_share);
        below = bin.cumulative_share;
        let p99_band = (!bin.p99_low.is_nan()).then_some((bin.p99_low, bin.p99_high));
        Step { share, size_max: bin.size_max, p50: bin.p50_cell, p99: bin.p99_cell, p99_band }
    };
    let ours: Vec<_> = summary.bins.iter().map(step).collect();
    let published = |row: &ComparedPercentile| {
        let step = ours.iter().find(|step| step.size_max == row.size_bytes)?;
        Some(Step { p50: row.p50.theirs?, p99: row.p99.theirs?, p99_band: None, ..*step })
    };
    let mut theirs: Vec<_> = comparison.rows.iter().filter_map(published).collect();
    theirs.dedup();
    let curves = [
        Curve { name: summary.transport, steps: ours.clone(), published: false },
        Curve { name: format!("{} as published", comparison.system), steps: theirs, published: true },
    ];
    let title = format!("{}, load {}", title_case(&comparison.workload), comparison.load);
    let svg = slowdown_figure(&curves, &title);
    let files = [("svg", svg.clone().into_bytes()), ("png", png(&svg))];
    let mut paths = Vec::new();
    for (ending, bytes) in files {
        let path = folder.join(format!("compare-{}.{ending}", comparison.reference));
        write_atomically(&path, &bytes)?;
        paths.push(path);
    }
    Ok(paths.try_into().expect("two figures"))
}

/// Why an overlay can't be drawn.
#[derive(Debug, Error)]
pub enum OverlayError {
    /// The result can't be read.
    #[error(transparent)]
    Stored(#[from] StoredError),
    /// A figure can't be written.
    #[error(transparent)]
    Store(#[from] StoreError),
}
