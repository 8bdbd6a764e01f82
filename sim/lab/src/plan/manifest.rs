//! `manifest.toml`: what results were made from, complete enough to make them again and to check
//! that they are the same.

use super::planned::{PlanError, PlannedCase, PlannedRun, UsedFile, sources_of};
use crate::disk::{StoreError, write_atomically};
use homa_experiment::{Case, CaseError, Experiment, FigureSection, Head, cases};
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};
use thiserror::Error;

/// Its name in a folder of results.
pub const MANIFEST: &str = "manifest.toml";

/// What results were made from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// By what.
    pub manifest: MadeBy,
    /// From what: cases in the order of the experiment.
    #[serde(rename = "case")]
    pub cases: Vec<ManifestCase>,
}

/// The program that made results.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MadeBy {
    /// Its version.
    pub homasim: String,
    /// A fingerprint of its sources, as far as the runs of these cases and their results depend on
    /// them.
    pub sources: String,
    /// Name of the experiment.
    pub experiment: String,
    /// What it asks, if its file says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub question: Option<String>,
    /// Where that comes from, if its file says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// What is drawn of the results; without any, one figure of each kind.
    #[serde(default, rename = "figure", skip_serializing_if = "Vec::is_empty")]
    pub figures: Vec<FigureSection>,
}

/// A case, its runs, and what came out.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ManifestCase {
    /// Its name.
    pub name: String,
    /// Its key.
    pub key: String,
    /// Digest of all its runs, once they have been done.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub digest: Option<String>,
    /// Its runs.
    #[serde(rename = "run")]
    pub runs: Vec<PlannedRun>,
    /// The files it reads.
    #[serde(default, rename = "file", skip_serializing_if = "Vec::is_empty")]
    pub files: Vec<UsedFile>,
    /// Every value that was used.
    pub experiment: Experiment,
}

/// Why a manifest can't be used.
#[derive(Debug, Error)]
pub enum ManifestError {
    /// It can't be opened.
    #[error("cannot read {path}: {cause}; give a folder of results, as `homasim run` writes it")]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        cause: std::io::Error,
    },
    /// It is none.
    #[error("{path}: {message}")]
    Invalid {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        message: String,
    },
    /// A case of it can't be resolved any more.
    #[error(transparent)]
    Case(#[from] CaseError),
    /// A file that a case reads has gone.
    #[error(transparent)]
    Plan(#[from] PlanError),
    /// A file that a case reads is not what it was.
    #[error(
        "{file} is not what it was when {path} was written (its sha256 then: {sha256}): bring that content back to repeat its runs"
    )]
    FileChanged {
        /// The manifest.
        path: PathBuf,
        /// The file.
        file: PathBuf,
        /// Of the content it had.
        sha256: String,
    },
}

impl Manifest {
    /// Of cases that are planned, with nothing done.
    ///
    /// # Panics
    /// If there are none.
    #[must_use]
    pub fn of<'a>(plan: impl IntoIterator<Item = &'a PlannedCase>) -> Self {
        let mut experiment = None;
        let case = |planned: &PlannedCase| {
            let case = &planned.case;
            let Experiment { head, figures, .. } = &case.resolved;
            experiment.get_or_insert_with(|| (case.experiment.clone(), head.clone(), figures.clone()));
            let experiment = Experiment { figures: Vec::new(), ..case.resolved.clone() };
            ManifestCase {
                name: planned.case.name.clone(),
                key: planned.key.clone(),
                digest: None,
                runs: planned.runs.clone(),
                files: planned.files.clone(),
                experiment,
            }
        };
        let cases: Vec<_> = plan.into_iter().map(case).collect();
        let (experiment, Head { question, source }, figures) = experiment.expect("an experiment has cases");
        let homasim = env!("CARGO_PKG_VERSION").to_owned();
        let sources = sources_of(cases.iter().map(|case| case.experiment.transport.kind));
        Self { manifest: MadeBy { homasim, sources, experiment, question, source, figures }, cases }
    }

    /// Whether the text of a file is that of a manifest rather than of an experiment.
    #[must_use]
    pub fn is_one(text: &str) -> bool {
        text.parse::<toml::Table>().is_ok_and(|table| table.contains_key("manifest"))
    }

    /// Reads the manifest at `path`, or in that folder.
    ///
    /// # Errors
    /// If there is none, or it is none.
    pub fn read(path: &Path) -> Result<Self, ManifestError> {
        let path = if path.is_dir() { path.join(MANIFEST) } else { path.to_owned() };
        let text =
            std::fs::read_to_string(&path).map_err(|cause| ManifestError::Unreadable { path: path.clone(), cause })?;
        toml::from_str(&text).map_err(|error| ManifestError::Invalid { path, message: error.to_string() })
    }

    /// Writes it as `folder/manifest.toml`.
    ///
    /// # Errors
    /// If it can't be written.
    pub fn write(&self, folder: &Path) -> Result<(), StoreError> {
        write_atomically(&folder.join(MANIFEST), self.text().as_bytes())
    }

    /// In what it differs from another one, done or not; none if both are of the same program and
    /// cases.
    #[must_use]
    pub fn difference(&self, other: &Self) -> Option<String> {
        let (ours, theirs) = (&self.manifest, &other.manifest);
        let named = [
            ("experiment", &ours.experiment, &theirs.experiment),
            ("version", &ours.homasim, &theirs.homasim),
            ("sources", &ours.sources, &theirs.sources),
        ];
        if let Some((what, ours, theirs)) = named.into_iter().find(|(_, ours, theirs)| ours != theirs) {
            return Some(format!("{what} {ours} and {theirs}"));
        }
        if self.cases.len() != other.cases.len() {
            return Some(format!("{} and {} cases", self.cases.len(), other.cases.len()));
        }
        let pairs = self.cases.iter().zip(&other.cases);
        let mut different = pairs.filter(|(ours, theirs)| (&ours.name, &ours.key) != (&theirs.name, &theirs.key));
        different.next().map(|(ours, theirs)| match ours.name == theirs.name {
            true => format!("case {} has other settings", ours.name),
            false => format!("cases {} and {}", ours.name, theirs.name),
        })
    }

    /// Whether it is of the same program, question, figures and cases, done or not.
    pub(crate) fn is_of(&self, other: &Self) -> bool {
        self.manifest == other.manifest && self.difference(other).is_none()
    }

    /// Whether the program that is running would make the same of its cases.
    pub(crate) fn is_of_this_program(&self) -> bool {
        let kinds = self.cases.iter().map(|case| case.experiment.transport.kind);
        self.manifest.homasim == env!("CARGO_PKG_VERSION") && self.manifest.sources == sources_of(kinds)
    }

    /// Whether it is that of the folder of a case, and has the results of this one.
    pub(crate) fn has_results_of(&self, case: &ManifestCase) -> bool {
        self.cases.iter().any(|stored| stored.key == case.key && stored.digest.is_some())
    }

    /// Adds a case of the same experiment and program.
    pub(crate) fn add(&mut self, case: ManifestCase) {
        self.cases.push(case);
        self.manifest.sources = sources_of(self.cases.iter().map(|case| case.experiment.transport.kind));
    }

    /// Takes over the digests of its cases from their folders in `out`.
    pub(crate) fn fill_in(&mut self, out: &Path) {
        for case in &mut self.cases {
            let done = Self::read(&out.join(&case.name)).ok().and_then(|mut stored| stored.cases.pop());
            if let Some(done) = done.filter(|done| done.key == case.key) {
                case.digest = done.digest;
                case.runs = done.runs;
            }
        }
    }

    pub(crate) fn text(&self) -> String {
        format!(
            "# What these results were made from. `homasim run {MANIFEST}` repeats all runs and checks the digests.\n{}",
            toml::to_string(self).expect("a manifest is a table")
        )
    }

    /// Its cases, to be run again; `path` is where it was read.
    ///
    /// # Errors
    /// If a case can't be resolved, or a file it reads has changed.
    pub fn plan(&self, path: &Path) -> Result<Vec<PlannedCase>, ManifestError> {
        self.cases.iter().map(|case| self.planned(case, path)).collect()
    }

    /// One of its cases, to be run again.
    pub(super) fn planned(&self, stored: &ManifestCase, path: &Path) -> Result<PlannedCase, ManifestError> {
        let several = || ManifestError::Invalid {
            path: path.to_owned(),
            message: format!("case {}: its experiment has not one case; a manifest is not to be edited", stored.name),
        };
        let [mut case]: [Case; 1] = cases(path, &stored.experiment)?.try_into().map_err(|_| several())?;
        case.name.clone_from(&stored.name);
        case.experiment.clone_from(&self.manifest.experiment);
        case.resolved.figures.clone_from(&self.manifest.figures);
        let MadeBy { question, source, .. } = self.manifest.clone();
        case.resolved.head = Head { question, source };
        let planned = PlannedCase::new(case)?;
        let changed = |(before, now): &(&UsedFile, &UsedFile)| before.sha256 != now.sha256;
        if let Some((before, _)) = stored.files.iter().zip(&planned.files).find(changed) {
            let (file, sha256) = (before.path.clone(), before.sha256.clone());
            return Err(ManifestError::FileChanged { path: path.to_owned(), file, sha256 });
        }
        Ok(planned)
    }
}
