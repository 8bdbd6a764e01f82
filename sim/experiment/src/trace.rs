//! Trace files: CSV, plain or gzip.

use flate2::read::MultiGzDecoder;
use homa_workloads::{TraceError, TraceReader, TraceRow};
use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use thiserror::Error;

/// Why a trace file can't be used.
#[derive(Debug, Error)]
pub enum TraceFileError {
    /// It can't be opened.
    #[error("cannot read the trace {path}: {cause}")]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        cause: std::io::Error,
    },
    /// It is malformed.
    #[error("{path}: {cause}")]
    Malformed {
        /// The file.
        path: PathBuf,
        /// What is wrong, with the line.
        cause: TraceError,
    },
}

/// Reads a trace whose rows are about `hosts` hosts. Gzip is recognised by content, not by name.
///
/// # Errors
/// If the file can't be read or any row is malformed.
pub fn read_trace(path: &Path, hosts: u32) -> Result<Vec<TraceRow>, TraceFileError> {
    let unreadable = |cause| TraceFileError::Unreadable { path: path.to_owned(), cause };
    let malformed = |cause| TraceFileError::Malformed { path: path.to_owned(), cause };
    let mut file = BufReader::new(File::open(path).map_err(unreadable)?);
    let gzip = file.fill_buf().map_err(unreadable)?.starts_with(&[0x1f, 0x8b]);
    let input: Box<dyn Read> = if gzip { Box::new(BufReader::new(MultiGzDecoder::new(file))) } else { Box::new(file) };
    TraceReader::new(input, hosts).map_err(malformed)?.collect::<Result<_, _>>().map_err(malformed)
}
