//! Reading vector files.

use super::run::Sequence;
use flate2::read::GzDecoder;
use std::fmt;
use std::fs::{self, File};
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

/// Why vectors can't be read.
#[derive(Debug)]
pub(crate) struct FileError {
    path: PathBuf,
    line: Option<usize>,
    what: String,
}

impl fmt::Display for FileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            Some(line) => write!(f, "{}, line {line}: {}", self.path.display(), self.what),
            None => write!(f, "{}: {}", self.path.display(), self.what),
        }
    }
}

impl std::error::Error for FileError {}

fn error(path: &Path, line: Option<usize>, what: impl ToString) -> FileError {
    FileError { path: path.to_owned(), line, what: what.to_string() }
}

/// The vector files in a folder, by name: `*.jsonl` and `*.jsonl.gz`. A path that is a file is that file alone.
pub(crate) fn files_of(path: &Path) -> Result<Vec<PathBuf>, FileError> {
    if path.is_file() {
        return Ok(vec![path.to_owned()]);
    }
    let mut files = Vec::new();
    for entry in fs::read_dir(path).map_err(|e| error(path, None, e))? {
        let file = entry.map_err(|e| error(path, None, e))?.path();
        let name = file.file_name().unwrap_or_default().to_string_lossy();
        if name.ends_with(".jsonl") || name.ends_with(".jsonl.gz") {
            files.push(file);
        }
    }
    files.sort();
    if files.is_empty() {
        return Err(error(path, None, "there is no file `*.jsonl` or `*.jsonl.gz` in this folder"));
    }
    Ok(files)
}

/// The sequences of one file, in order.
pub(crate) fn sequences_of(
    path: &Path,
) -> Result<impl Iterator<Item = Result<Sequence, FileError>> + use<>, FileError> {
    let file = File::open(path).map_err(|e| error(path, None, e))?;
    let is_compressed = path.extension().is_some_and(|extension| extension == "gz");
    let reader: Box<dyn Read> = if is_compressed { Box::new(GzDecoder::new(file)) } else { Box::new(file) };
    let path = path.to_owned();
    Ok(BufReader::new(reader).lines().enumerate().map(move |(index, line)| {
        let here = Some(index + 1);
        let line = line.map_err(|e| error(&path, here, e))?;
        Sequence::parse(&line).map_err(|what| error(&path, here, what))
    }))
}
