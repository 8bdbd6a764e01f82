//! Results on disk.

use crate::figures::Draw;
use crate::manifest::{MANIFEST, Manifest};
use crate::plan::PlannedCase;
use crate::reference::{ComparedPercentile, ReferenceComparison};
use crate::run::Pooled;
use crate::stored::{StoredBin, StoredError, StoredSummary};
use crate::summary::{CaseSummary, LevelRow, TierRow};
use homa_experiment::{Case, Experiment};
use homa_figures::{Curve, PriorityBars, QueueBars, Step, png, priority_figure, queue_figure, slowdown_figure};
use homa_run::MessageRecord;
use serde::Serialize;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use thiserror::Error;

/// Why results can't be written.
#[derive(Debug, Error)]
#[error("cannot write {path}: {cause}; choose another folder with --out DIR")]
pub struct StoreError {
    /// The file or folder.
    pub path: PathBuf,
    /// Why.
    pub cause: io::Error,
}

/// Where a case's results are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WrittenCase {
    /// The folder.
    pub folder: PathBuf,
    /// The files in it.
    pub files: Vec<String>,
}

/// Checks that results can be written below `out`, before anything is computed.
///
/// # Errors
/// If the folder can't be made or is not writable.
pub fn check_writable(out: &Path) -> Result<(), StoreError> {
    let error = |cause| StoreError { path: out.to_owned(), cause };
    fs::create_dir_all(out).map_err(error)?;
    tempfile::Builder::new().prefix(".writable").tempfile_in(out).map_err(error)?;
    Ok(())
}

/// Writes a file that appears complete or not at all.
pub(crate) fn write_atomically(path: &Path, bytes: &[u8]) -> Result<(), StoreError> {
    let error = |cause| StoreError { path: path.to_owned(), cause };
    let folder = path.parent().expect("a file is in a folder");
    let mut file = tempfile::Builder::new().prefix(PARTIAL).tempfile_in(folder).map_err(error)?;
    io::Write::write_all(&mut file, bytes).map_err(error)?;
    share(file.path(), folder);
    file.persist(path).map_err(|persist| error(persist.error))?;
    Ok(())
}

/// Begin of the names of what is not finished; a killed process leaves it behind.
const PARTIAL: &str = ".partial-";

/// Begin of the names of what is being replaced.
const REPLACED: &str = ".replaced-";
/// What is unfinished for so long has been left behind; a younger one may be another process's.
const LEFT_BEHIND: std::time::Duration = std::time::Duration::from_secs(3600);

/// Removes what killed processes left unfinished in the folder of results and in that of its runs.
pub(crate) fn remove_leftovers(out: &Path) {
    let folders = [out.to_owned(), out.join("runs")];
    for entry in folders.iter().filter_map(|folder| fs::read_dir(folder).ok()).flatten().flatten() {
        let name = entry.file_name();
        let is_ours = [PARTIAL, REPLACED].iter().any(|begin| name.to_string_lossy().starts_with(begin));
        let age = entry.metadata().ok().and_then(|metadata| metadata.modified().ok()).and_then(|at| at.elapsed().ok());
        if is_ours && age.is_some_and(|age| age > LEFT_BEHIND) {
            // What can't be removed does no harm.
            let _ =
                if entry.path().is_dir() { fs::remove_dir_all(entry.path()) } else { fs::remove_file(entry.path()) };
        }
    }
}

/// What is made for temporary use is private; results are for everyone who may read their folder. Where that can't be
/// said, they stay private.
#[cfg(unix)]
fn share(path: &Path, folder: &Path) {
    use std::os::unix::fs::PermissionsExt;
    if let (Ok(own), Ok(above)) = (fs::metadata(path), fs::metadata(folder)) {
        let mode = above.permissions().mode() & if own.is_dir() { 0o777 } else { 0o666 };
        let _ = fs::set_permissions(path, fs::Permissions::from_mode(mode));
    }
}

#[cfg(not(unix))]
fn share(_path: &Path, _folder: &Path) {}

/// Writes the results of a case to `out/CASE`, with the figures that `draw` says. It replaces that folder with all that was in it. The
/// folder appears complete or not at all.
///
/// # Errors
/// If something can't be written; then the folder is as it was before.
pub fn write_case(out: &Path, planned: &PlannedCase, pooled: &Pooled, draw: Draw) -> Result<WrittenCase, StoreError> {
    let folder = out.join(&planned.case.name);
    let error = |path: &Path| {
        let path = path.to_owned();
        move |cause| StoreError { path, cause }
    };
    let partial = tempfile::Builder::new().prefix(PARTIAL).tempdir_in(out).map_err(error(out))?;
    let files = contents(planned, pooled, draw).map_err(error(&folder))?;
    for (name, bytes) in &files {
        let path = partial.path().join(name);
        fs::write(&path, bytes).map_err(error(&folder.join(name)))?;
    }
    share(partial.path(), out);
    let replaced = tempfile::Builder::new().prefix(REPLACED).tempdir_in(out).map_err(error(out))?;
    if folder.exists() {
        fs::rename(&folder, replaced.path().join("old")).map_err(error(&folder))?;
    }
    if let Err(cause) = fs::rename(partial.path(), &folder) {
        // Another process may have pooled the same runs at the same time.
        let is_same = |there: &Manifest| there.cases.iter().any(|case| case.key == planned.key);
        if Manifest::read(&folder).as_ref().is_ok_and(is_same) {
            return Ok(WrittenCase { folder, files: names(&files) });
        }
        let old = replaced.path().join("old");
        if old.exists() {
            fs::rename(old, &folder).map_err(error(&folder))?;
        }
        return Err(error(&folder)(cause));
    }
    Ok(WrittenCase { folder, files: names(&files) })
}

/// Writes `out/overview.csv`: a line for each case of a plan whose cases are all there.
pub(crate) fn write_overview(out: &Path, plan: &[PlannedCase]) -> Result<(), StoreError> {
    let path = out.join("overview.csv");
    let error = |cause| StoreError { path: path.clone(), cause };
    let mut rows = Vec::new();
    for planned in plan {
        let folder = out.join(&planned.case.name);
        let stored = StoredSummary::read(&folder).map_err(|stored| error(io::Error::other(stored.to_string())))?;
        rows.push(stored.overview(planned.runs.len()));
    }
    write_atomically(&path, &csv(&rows).map_err(error)?)
}

fn names(files: &[(&'static str, Vec<u8>)]) -> Vec<String> {
    files.iter().map(|(name, _)| (*name).to_owned()).collect()
}

fn contents(planned: &PlannedCase, pooled: &Pooled, draw: Draw) -> io::Result<Vec<(&'static str, Vec<u8>)>> {
    let (case, summary) = (&planned.case, &pooled.summary);
    let mut manifest = Manifest::of([planned]);
    manifest.cases[0].digest = Some(summary.digest.clone());
    let resolved = format!(
        "# The case {} of the experiment {}, with every value that was used. It runs as it is.\n{}",
        case.name,
        case.experiment,
        // Figures are of several cases.
        Experiment { figures: Vec::new(), ..case.resolved.clone() }.to_toml()
    );
    let mut files = vec![
        ("experiment.toml", resolved.into_bytes()),
        (MANIFEST, manifest.text().into_bytes()),
        ("summary.json", json(summary)?),
        ("timing.json", json(&pooled.timing)?),
        ("slowdown.csv", csv(&summary.bins)?),
        ("queues.csv", csv(&summary.tiers)?),
        ("priorities.csv", csv(&summary.priorities)?),
        ("queue_series.csv", csv(&pooled.series)?),
        ("queue_cdf.csv", csv(&pooled.queue_cdf)?),
        ("latency.csv", csv(&pooled.latencies)?),
    ];
    if draw != Draw::Nothing {
        for (svg, png_name, figure) in figures(case, summary) {
            if draw == Draw::SvgAndPng {
                files.push((png_name, png(&figure)));
            }
            files.push((svg, figure.into_bytes()));
        }
    }
    if case.measure().messages {
        files.push(("messages.csv", message_lines(&pooled.messages)?));
    }
    Ok(files)
}

fn json(value: &impl Serialize) -> io::Result<Vec<u8>> {
    let mut bytes = serde_json::to_vec_pretty(value)?;
    bytes.push(b'\n');
    Ok(bytes)
}

fn csv<T: Serialize>(rows: &[T]) -> io::Result<Vec<u8>> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    for row in rows {
        writer.serialize(row).map_err(io::Error::other)?;
    }
    writer.into_inner().map_err(|error| io::Error::other(error.to_string()))
}

fn message_lines(messages: &[MessageRecord]) -> io::Result<Vec<u8>> {
    #[derive(Serialize)]
    struct Line {
        seed: u64,
        created_ps: u64,
        source: u32,
        destination: u32,
        bytes: u64,
        latency_ps: Option<u64>,
        slowdown: Option<f64>,
    }
    let line = |record: &MessageRecord| Line {
        seed: record.seed,
        created_ps: record.message.created.as_ps(),
        source: record.message.source.0,
        destination: record.message.destination.0,
        bytes: record.message.size.get(),
        latency_ps: record.latency.map(|latency| latency.as_ps()),
        slowdown: record.slowdown,
    };
    csv(&messages.iter().map(line).collect::<Vec<_>>())
}

/// The figures of a case as (SVG's name, PNG's name, SVG).
fn figures(case: &Case, summary: &CaseSummary) -> [(&'static str, &'static str, String); 3] {
    let kind = if summary.load_kind == "payload" { "payload load" } else { "load" };
    let load = summary.load.map_or_else(|| "trace".to_owned(), |load| format!("{kind} {load}"));
    let variant = case.resolved.variants.first().map_or_else(String::new, |variant| format!(" ({})", variant.name));
    let workload = title_case(&summary.workload);
    let title = format!("{}{variant}: {workload}, {load}, {} hosts", summary.transport, case.topology.hosts);
    let queue = |tier: &TierRow| QueueBars {
        name: tier.tier.to_owned(),
        mean_bytes: tier.queue_mean_bytes,
        max_bytes: tier.queue_max_bytes,
    };
    let total: u64 = summary.priorities.iter().map(LevelRow::bytes).sum();
    let used: f64 = summary.priorities.iter().map(|level| level.link_share).sum();
    let priority = |level: &LevelRow| PriorityBars {
        name: level.priority.to_string(),
        shares: [level.unscheduled_bytes, level.scheduled_bytes, level.control_bytes]
            .map(|bytes| bytes as f64 / total.max(1) as f64 * used),
    };
    let queues: Vec<_> = summary.tiers.iter().map(queue).collect();
    let priorities: Vec<_> = summary.priorities.iter().map(priority).collect();
    let slowdown = slowdown_figure(&[Curve::from_bins(case.kind().name(), &summary.bins)], &title);
    [
        ("slowdown.svg", "slowdown.png", slowdown),
        ("queues.svg", "queues.png", queue_figure(&queues, &title)),
        ("priorities.svg", "priorities.png", priority_figure(&priorities, &title)),
    ]
}

/// "w3" is written W3, other names as they are.
pub(crate) fn title_case(workload: &str) -> String {
    match workload.strip_prefix('w') {
        Some(digit) if digit.len() == 1 => format!("W{digit}"),
        _ => workload.to_owned(),
    }
}

/// Draws a result with a published curve laid over it, as `compare-REFERENCE.svg` and `.png` in the result's folder.
///
/// # Errors
/// If the result can't be read or the figures can't be written.
pub fn write_overlay(folder: &Path, comparison: &ReferenceComparison) -> Result<[PathBuf; 2], OverlayError> {
    let summary = StoredSummary::read(folder)?;
    let infinite = |value: Option<f64>| value.unwrap_or(f64::INFINITY);
    let mut below = 0.0;
    let step = |bin: &StoredBin| {
        let share = (below, bin.cumulative_share);
        below = bin.cumulative_share;
        let p99_band = bin.p99_low.map(|low| (low, infinite(bin.p99_high)));
        Step { share, size_max: bin.size_max, p50: infinite(bin.p50_cell), p99: infinite(bin.p99_cell), p99_band }
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
