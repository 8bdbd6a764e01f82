//! Runs on disk: one file for each, named by what the run is a function of.
//!
//! A run's file is `OUT/runs/KEY.run`: a line that says what it is, the record, and a checksum of
//! both. It appears complete or not at all, and what is damaged counts as missing. How long the run
//! took is beside it, in `KEY.timing.json`, as that differs each time.

use super::formats::{StoredError, read_json};
use crate::disk::{StoreError, write_atomically};
use homa_run::{RunRecord, RunTiming};
use sha2::{Digest, Sha256};
use std::fs;
use std::path::{Path, PathBuf};

/// First in each file; the number changes with the form of the record.
const HEAD: &[u8] = b"homasim run, form 3\n";
const CHECKSUM_BYTES: usize = 32;

/// The folder of a result's runs.
#[derive(Debug, Clone)]
pub struct Archive {
    folder: PathBuf,
}

impl Archive {
    /// Of the results in `out`; the folder need not exist.
    #[must_use]
    pub fn new(out: &Path) -> Self {
        Self { folder: out.join("runs") }
    }

    fn path(&self, key: &str) -> PathBuf {
        self.folder.join(format!("{key}.run"))
    }

    fn timing_path(&self, key: &str) -> PathBuf {
        self.folder.join(format!("{key}.timing.json"))
    }

    /// Whether there is a file for the run; it may be damaged.
    #[must_use]
    pub fn has(&self, key: &str) -> bool {
        self.path(key).is_file()
    }

    /// The run with this key, if it is there and undamaged.
    #[must_use]
    pub fn read(&self, key: &str) -> Option<(RunRecord, RunTiming)> {
        let bytes = fs::read(self.path(key)).ok()?;
        let record = decode(&bytes)?;
        let timing = self.read_timing(key).ok().flatten();
        Some((record, timing.unwrap_or_default()))
    }

    /// How long the run with this key took, if that is there.
    pub(crate) fn read_timing(&self, key: &str) -> Result<Option<RunTiming>, StoredError> {
        let path = self.timing_path(key);
        if path.is_file() { read_json(&path).map(Some) } else { Ok(None) }
    }

    /// Keeps a run.
    ///
    /// # Errors
    /// If it can't be written; then nothing has changed.
    pub fn write(&self, key: &str, record: &RunRecord, timing: &RunTiming) -> Result<(), StoreError> {
        fs::create_dir_all(&self.folder).map_err(|cause| StoreError { path: self.folder.clone(), cause })?;
        let text = serde_json::to_vec(timing).expect("a timing is plain");
        write_atomically(&self.timing_path(key), &text)?;
        write_atomically(&self.path(key), &encode(record))
    }

    /// Takes over a run of another archive, if it has it undamaged; says whether it has.
    ///
    /// # Errors
    /// If it can't be written.
    pub fn take_over(&self, key: &str, other: &Self) -> Result<bool, StoreError> {
        let Some((record, timing)) = other.read(key) else { return Ok(false) };
        if !self.has(key) || self.read(key).is_none() {
            self.write(key, &record, &timing)?;
        }
        Ok(true)
    }
}

fn encode(record: &RunRecord) -> Vec<u8> {
    let mut bytes = HEAD.to_vec();
    bytes.extend(record.to_bytes());
    let checksum = Sha256::digest(&bytes);
    bytes.extend_from_slice(&checksum);
    bytes
}

fn decode(bytes: &[u8]) -> Option<RunRecord> {
    let (content, checksum) = bytes.split_at_checked(bytes.len().checked_sub(CHECKSUM_BYTES)?)?;
    if Sha256::digest(content)[..] != *checksum {
        return None;
    }
    RunRecord::from_bytes(content.strip_prefix(HEAD)?)
}
