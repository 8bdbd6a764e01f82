//! Round-trip times of a cluster, from the files of all its nodes.

use super::error::ComparisonError;
use crate::disk::open;
use crate::results::EXACT_LIMIT;
use homa_analysis::cluster::{RttPool, read_rtts};
use homa_units::Duration;
use std::path::PathBuf;

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
