//! Results on disk.

use crate::case::Case;
use crate::measurement::MessageRecord;
use crate::summary::{CaseSummary, Timing};
use homa_analysis::{Curve, slowdown_figure};
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

/// Writes the results of a case to `out/CASE`, replacing what was there. The folder appears complete or not at all.
///
/// # Errors
/// If something can't be written; then the folder is as it was before.
pub fn write_case(
    out: &Path,
    case: &Case,
    summary: &CaseSummary,
    messages: &[MessageRecord],
    timing: &Timing,
) -> Result<WrittenCase, StoreError> {
    let folder = out.join(&case.name);
    let error = |path: &Path| {
        let path = path.to_owned();
        move |cause| StoreError { path, cause }
    };
    let partial = tempfile::Builder::new().prefix(".partial-").tempdir_in(out).map_err(error(out))?;
    let files = contents(case, summary, messages, timing).map_err(error(&folder))?;
    for (name, bytes) in &files {
        let path = partial.path().join(name);
        fs::write(&path, bytes).map_err(error(&folder.join(name)))?;
    }
    // The folder made for temporary use is private; results are for everyone who may read their parent.
    if let Ok(parent) = fs::metadata(out) {
        fs::set_permissions(partial.path(), parent.permissions()).map_err(error(&folder))?;
    }
    let replaced = tempfile::Builder::new().prefix(".replaced-").tempdir_in(out).map_err(error(out))?;
    if folder.exists() {
        fs::rename(&folder, replaced.path().join("old")).map_err(error(&folder))?;
    }
    fs::rename(partial.path(), &folder).map_err(error(&folder))?;
    Ok(WrittenCase { folder, files: files.into_iter().map(|(name, _)| name.to_owned()).collect() })
}

fn contents(
    case: &Case,
    summary: &CaseSummary,
    messages: &[MessageRecord],
    timing: &Timing,
) -> io::Result<Vec<(&'static str, Vec<u8>)>> {
    let resolved = format!(
        "# The case {} of the experiment {}, with every value that was used. It runs as it is.\n{}",
        case.name,
        case.experiment,
        toml::to_string(&case.resolved).map_err(io::Error::other)?
    );
    let mut files = vec![
        ("experiment.toml", resolved.into_bytes()),
        ("summary.json", json(summary)?),
        ("timing.json", json(timing)?),
        ("slowdown.csv", csv(&summary.bins)?),
        ("queues.csv", csv(&summary.tiers)?),
        ("priorities.csv", csv(&summary.priorities)?),
        ("slowdown.svg", figure(case, summary).into_bytes()),
    ];
    if case.measure().messages {
        files.push(("messages.csv", message_lines(messages)?));
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
        created_ps: u64,
        source: u32,
        destination: u32,
        bytes: u64,
        latency_ps: Option<u64>,
        slowdown: Option<f64>,
    }
    let line = |record: &MessageRecord| Line {
        created_ps: record.message.created.as_ps(),
        source: record.message.source.0,
        destination: record.message.destination.0,
        bytes: record.message.size.get(),
        latency_ps: record.latency.map(|latency| latency.as_ps()),
        slowdown: record.slowdown,
    };
    csv(&messages.iter().map(line).collect::<Vec<_>>())
}

fn figure(case: &Case, summary: &CaseSummary) -> String {
    let load = summary.load.map_or_else(|| "trace".to_owned(), |load| format!("load {load}"));
    let title =
        format!("{}: {}, {load}, {} hosts", summary.transport, summary.workload.to_uppercase(), case.topology.hosts);
    slowdown_figure(&[Curve::from_bins(case.kind().name(), &summary.bins)], &title)
}
