//! Results read back from disk.

use serde::Deserialize;
use std::path::{Path, PathBuf};
use thiserror::Error;

/// What later commands need of a `summary.json`.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct StoredSummary {
    /// The transport.
    pub transport: String,
    /// The message sizes.
    pub workload: String,
    /// The load, none for a trace.
    pub load: Option<f64>,
    /// "wire", "payload" or "trace".
    pub load_kind: String,
    /// What slowdown is relative to.
    pub denominator: String,
    /// By size.
    pub bins: Vec<StoredBin>,
}

/// A size bin of a stored result.
#[derive(Debug, Clone, Copy, Default, PartialEq, Deserialize)]
pub struct StoredBin {
    /// Upper edge in bytes.
    pub size_max: u64,
    /// Messages.
    pub count: u64,
    /// Share of all messages up to this bin.
    pub cumulative_share: f64,
    /// Median slowdown; none if it is that of an unfinished message, as are the others.
    pub p50: Option<f64>,
    /// 99th percentile of slowdown.
    pub p99: Option<f64>,
    /// Mean slowdown.
    pub mean: Option<f64>,
    /// Published kind of median.
    pub p50_cell: Option<f64>,
    /// Published kind of 99th percentile.
    pub p99_cell: Option<f64>,
    /// 95 % confidence of `p99`.
    pub p99_low: Option<f64>,
    /// See `p99_low`.
    pub p99_high: Option<f64>,
}

/// Why a result can't be read.
#[derive(Debug, Error)]
#[error("cannot use {path}: {problem}; give the folder of a case, as `homasim run` names it")]
pub struct StoredError {
    /// The file.
    pub path: PathBuf,
    /// What is wrong.
    pub problem: String,
}

impl StoredSummary {
    /// Reads the result in `folder`.
    ///
    /// # Errors
    /// If there is none.
    pub fn read(folder: &Path) -> Result<Self, StoredError> {
        let path = folder.join("summary.json");
        let error = |problem: String| StoredError { path: path.clone(), problem };
        let text = std::fs::read_to_string(&path).map_err(|cause| error(cause.to_string()))?;
        serde_json::from_str(&text).map_err(|cause| error(cause.to_string()))
    }
}
