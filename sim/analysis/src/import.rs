//! What can be wrong with a file, and its lines.

use std::io::{self, BufRead};
use thiserror::Error;

/// Why a file can't be used.
#[derive(Debug, Error)]
pub enum ImportError {
    /// It can't be read.
    #[error("cannot read {file}: {cause}")]
    Unreadable {
        /// The file.
        file: String,
        /// Why.
        cause: io::Error,
    },
    /// A line is malformed.
    #[error("{file}: line {line}: {problem}")]
    Line {
        /// The file.
        file: String,
        /// The line, from 1.
        line: u64,
        /// What is wrong and what is accepted.
        problem: String,
    },
    /// The file as a whole can't be used.
    #[error("{file}: {problem}")]
    File {
        /// The file.
        file: String,
        /// What is wrong and what is accepted.
        problem: String,
    },
}

impl ImportError {
    pub(crate) fn line(file: &str, line: u64, problem: impl Into<String>) -> Self {
        Self::Line { file: file.to_owned(), line, problem: problem.into() }
    }

    pub(crate) fn file(file: &str, problem: impl Into<String>) -> Self {
        Self::File { file: file.to_owned(), problem: problem.into() }
    }
}

/// The lines of a text file, without their ends, in one buffer.
pub(crate) struct Lines<R> {
    reader: R,
    buffer: Vec<u8>,
    number: u64,
}

impl<R: BufRead> Lines<R> {
    pub(crate) const fn new(reader: R) -> Self {
        Self { reader, buffer: Vec::new(), number: 0 }
    }

    /// The next line and its number from 1. A last line without end is refused: a file that was cut off within a number
    /// would be read as another number.
    pub(crate) fn next(&mut self, file: &str) -> Result<Option<(u64, &[u8])>, ImportError> {
        self.buffer.clear();
        let unreadable = |cause| ImportError::Unreadable { file: file.to_owned(), cause };
        if self.reader.read_until(b'\n', &mut self.buffer).map_err(unreadable)? == 0 {
            return Ok(None);
        }
        self.number += 1;
        let Some(line) = self.buffer.strip_suffix(b"\n") else {
            return Err(ImportError::line(
                file,
                self.number,
                "the file ends within this line: it was cut off; copy it again, or remove the line",
            ));
        };
        Ok(Some((self.number, line.strip_suffix(b"\r").unwrap_or(line))))
    }
}

/// The blank-separated fields of a line.
pub(crate) fn fields(line: &[u8]) -> impl Iterator<Item = &[u8]> {
    line.split(u8::is_ascii_whitespace).filter(|field| !field.is_empty())
}

/// A field for people.
pub(crate) fn shown(field: &[u8]) -> String {
    String::from_utf8_lossy(field).into_owned()
}
