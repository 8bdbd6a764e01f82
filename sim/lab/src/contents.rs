//! What a folder of results has, and what it lacks.

use crate::plan::{MANIFEST, Manifest, ManifestCase, ManifestError, PlannedRun};
use crate::report::REPORT;
use crate::results::{Archive, CaseSummary, Timing};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use thiserror::Error;

/// Files and folders of all cases, beside the manifest.
const OF_ALL: [&str; 3] = ["overview.csv", "figures", REPORT];

/// What a folder of results has.
#[derive(Debug)]
pub struct Contents {
    /// What it was made from.
    pub manifest: Manifest,
    /// Its cases, in the order of the manifest.
    pub cases: Vec<StoredCase>,
    /// What is there of all cases.
    pub of_all: Vec<PathBuf>,
}

/// A case in a folder of results.
#[derive(Debug)]
pub struct StoredCase {
    /// Its name.
    pub name: String,
    /// Where its results are, or are to be.
    pub folder: PathBuf,
    /// What is there of it.
    pub state: CaseState,
}

/// What is there of a case.
#[derive(Debug)]
pub enum CaseState {
    /// All its results.
    Complete(Box<CaseSummary>, Option<Timing>),
    /// Not all its runs, or not what is made of them.
    Incomplete {
        /// The runs that are missing.
        missing: Vec<PlannedRun>,
        /// How many it has.
        runs: usize,
        /// Whether its folder has results of something else.
        has_others: bool,
    },
    /// Results that can't be read, for this reason.
    Damaged(String),
}

/// Why a folder can't be shown.
#[derive(Debug, Error)]
pub enum ContentsError {
    /// There is nothing.
    #[error("{folder}: there is no such folder; give one that `homasim run` wrote")]
    Nothing {
        /// The folder.
        folder: PathBuf,
    },
    /// It has no results.
    #[error(
        "{folder} has no results (there is no {MANIFEST} in it); {}",
        if below.is_empty() { "give a folder that `homasim run` wrote".to_owned() } else { format!("there are results in {}", below.join(", ")) }
    )]
    NoResults {
        /// The folder.
        folder: PathBuf,
        /// Folders in it that have results.
        below: Vec<String>,
    },
    /// What it was made from can't be read.
    #[error(transparent)]
    Manifest(#[from] ManifestError),
}

impl Contents {
    /// Of a folder of results, or of the folder of one of its cases.
    ///
    /// # Errors
    /// If it is none.
    pub fn read(folder: &Path) -> Result<Self, ContentsError> {
        if !folder.is_dir() {
            return Err(ContentsError::Nothing { folder: folder.to_owned() });
        }
        let manifest = match Manifest::read(folder) {
            Err(ManifestError::Unreadable { cause, .. }) if cause.kind() == ErrorKind::NotFound => {
                return Err(ContentsError::NoResults { folder: folder.to_owned(), below: results_below(folder) });
            }
            manifest => manifest?,
        };
        if folder.join("summary.json").is_file() {
            let name = manifest.cases.first().map_or_else(String::new, |case| case.name.clone());
            let cases = vec![StoredCase { name, folder: folder.to_owned(), state: stored(folder) }];
            return Ok(Self { manifest, cases, of_all: Vec::new() });
        }
        let cases = manifest.cases.iter().map(|case| StoredCase::read(folder, case)).collect();
        let of_all = OF_ALL.iter().map(|name| folder.join(name)).filter(|path| path.exists()).collect();
        Ok(Self { manifest, cases, of_all })
    }

    /// How many of its cases are complete.
    #[must_use]
    pub fn complete(&self) -> usize {
        self.cases.iter().filter(|case| matches!(case.state, CaseState::Complete(..))).count()
    }
}

impl StoredCase {
    fn read(out: &Path, case: &ManifestCase) -> Self {
        let folder = out.join(&case.name);
        let there = Manifest::read(&folder);
        let state = if there.as_ref().is_ok_and(|there| there.has_results_of(case)) {
            stored(&folder)
        } else {
            let archive = Archive::new(out);
            let missing = case.runs.iter().filter(|run| !archive.has(&run.key)).cloned().collect();
            CaseState::Incomplete { missing, runs: case.runs.len(), has_others: folder.exists() }
        };
        Self { name: case.name.clone(), folder, state }
    }
}

/// What is stored in the folder of a case.
fn stored(folder: &Path) -> CaseState {
    match (CaseSummary::read(folder), Timing::read(folder)) {
        (Ok(summary), Ok(timing)) => CaseState::Complete(Box::new(summary), timing),
        (Err(error), _) | (_, Err(error)) => CaseState::Damaged(error.to_string()),
    }
}

/// The folders in a folder that have results, by name.
fn results_below(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
    let mut below: Vec<_> =
        entries.filter(|path| path.join(MANIFEST).is_file()).map(|path| path.display().to_string()).collect();
    below.sort();
    below
}
