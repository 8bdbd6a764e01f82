//! Files of others, opened.

use super::ComparisonError;
use flate2::read::MultiGzDecoder;
use homa_analysis::ImportError;
use homa_analysis::cluster::{RttPool, read_rtts};
use homa_units::Duration;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};

/// So many samples of a file, or of the files of an experiment, are kept, each in 16 bytes; more are counted in cells.
pub(super) const EXACT_LIMIT: usize = 4_000_000;

const BUFFER_BYTES: usize = 1 << 18;

/// Opens a file; gzip is recognised by content, not by name.
pub(super) fn open(path: &Path) -> Result<Box<dyn BufRead>, ImportError> {
    let unreadable = |cause| ImportError::Unreadable { file: path.display().to_string(), cause };
    let mut file = BufReader::with_capacity(BUFFER_BYTES, File::open(path).map_err(unreadable)?);
    let gzip = file.fill_buf().map_err(unreadable)?.starts_with(&[0x1f, 0x8b]);
    Ok(if gzip { Box::new(BufReader::new(MultiGzDecoder::new(file))) } else { Box::new(file) })
}

/// Hands on the RPCs of all nodes.
pub(super) fn each_rtt(files: &[PathBuf], mut each: impl FnMut(u64, Duration)) -> Result<(), ComparisonError> {
    let mut experiment: Option<(String, String)> = None;
    for path in files {
        let file = path.display().to_string();
        let header = read_rtts(open(path)?, &file, &mut each)?;
        let Some(name) = header.experiment else { continue };
        match &experiment {
            Some((first, other)) if *other != name => {
                return Err(ComparisonError::Experiments {
                    files: [first.clone(), file],
                    names: [other.clone(), name],
                });
            }
            Some(_) => {}
            None => experiment = Some((file, name)),
        }
    }
    Ok(())
}

pub(super) fn pool(files: &[PathBuf]) -> Result<RttPool, ComparisonError> {
    let mut pool = RttPool::new(EXACT_LIMIT);
    each_rtt(files, |length, rtt| pool.add(length, rtt))?;
    Ok(pool)
}
