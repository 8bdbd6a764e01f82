//! Why figures can't be drawn.

use crate::disk::StoreError;
use crate::plan::ManifestError;
use crate::results::StoredError;
use std::path::PathBuf;
use thiserror::Error;

/// Why figures can't be drawn.
#[derive(Debug, Error)]
pub enum FigureError {
    /// There are no results, or they are damaged.
    #[error(transparent)]
    Manifest(#[from] ManifestError),
    /// Results of a case are missing or damaged.
    #[error(transparent)]
    Stored(#[from] StoredError),
    /// A table of a case is missing or damaged.
    #[error("cannot use {path}: {cause}; run the experiment again")]
    Table {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        cause: csv::Error,
    },
    /// A figure can't be written.
    #[error(transparent)]
    Store(#[from] StoreError),
}
