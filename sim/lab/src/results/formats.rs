//! JSON and CSV as results are stored in, written and read.

use serde::Serialize;
use serde::de::DeserializeOwned;
use std::io;
use std::path::{Path, PathBuf};
use thiserror::Error;

/// Why a result can't be read.
#[derive(Debug, Error)]
#[error("cannot use {path}: {problem}; give the folder of a case, as `homasim run` names it")]
pub struct StoredError {
    /// The file.
    pub path: PathBuf,
    /// What is wrong.
    pub problem: String,
}

pub(crate) fn to_json(value: &impl Serialize) -> io::Result<Vec<u8>> {
    let mut bytes = serde_json::to_vec_pretty(value)?;
    bytes.push(b'\n');
    Ok(bytes)
}

pub(crate) fn read_json<T: DeserializeOwned>(path: &Path) -> Result<T, StoredError> {
    let error = |problem: String| StoredError { path: path.to_owned(), problem };
    let text = std::fs::read_to_string(path).map_err(|cause| error(cause.to_string()))?;
    serde_json::from_str(&text).map_err(|cause| error(cause.to_string()))
}

pub(crate) fn to_csv<T: Serialize>(rows: &[T]) -> io::Result<Vec<u8>> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    for row in rows {
        writer.serialize(row).map_err(io::Error::other)?;
    }
    writer.into_inner().map_err(|error| io::Error::other(error.to_string()))
}

pub(crate) fn read_csv<T: DeserializeOwned>(path: &Path) -> csv::Result<Vec<T>> {
    csv::Reader::from_path(path)?.deserialize().collect()
}

/// A number as files have it: infinities and what is not a number are none.
pub(crate) fn finite(value: f64) -> Option<f64> {
    value.is_finite().then_some(value)
}
