//! Why there is no report.

use crate::disk::StoreError;
use crate::figures::FigureError;
use crate::plan::ManifestError;
use crate::results::StoredError;
use std::path::PathBuf;
use thiserror::Error;

/// Why there is no report.
#[derive(Debug, Error)]
pub enum ReportError {
    /// There are no results, or they are damaged.
    #[error(transparent)]
    Manifest(#[from] ManifestError),
    /// The folder is that of a case.
    #[error("{folder} is the folder of one case; give the one above it, with all cases of the experiment")]
    Case {
        /// It.
        folder: PathBuf,
    },
    /// Results of some cases are not there.
    #[error(
        "{folder}: {missing} of {of} cases have no results yet: {names}; run the experiment again, with --out if it was \
         given, to go on where it ended, or put shards together with `homasim merge`"
    )]
    Incomplete {
        /// The results.
        folder: PathBuf,
        /// So many.
        missing: usize,
        /// Of so many.
        of: usize,
        /// The first of them.
        names: String,
    },
    /// A file is not what it was.
    #[error(
        "{path} is damaged: {problem}; delete the folder of its case and run the experiment again: what is in runs/ is not \
         simulated again"
    )]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        problem: String,
    },
    /// Results of a case can't be read.
    #[error(transparent)]
    Stored(#[from] StoredError),
    /// A figure can't be drawn.
    #[error(transparent)]
    Figure(#[from] FigureError),
    /// The page or a figure can't be written.
    #[error(transparent)]
    Store(#[from] StoreError),
}
