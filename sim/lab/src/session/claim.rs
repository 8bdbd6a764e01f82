//! A folder of results is claimed before anything is written to it: what it has of other settings is
//! not replaced, unless the user says so.

use crate::disk::{Locks, StoreError, check_writable, remove_leftovers};
use crate::plan::{MANIFEST, Manifest, ManifestCase, ManifestError, PlannedCase, unnamed_difference};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use thiserror::Error;

/// So many reasons are told.
const TOLD: usize = 5;

/// A folder in which results of a plan may be written, as long as this is kept.
#[derive(Debug)]
pub struct Claim {
    out: PathBuf,
    /// Of the plan, and of what else is complete in the folder.
    pub(super) manifest: Manifest,
    pub(super) locks: Locks,
    warnings: Vec<String>,
}

/// Why results can't be written to a folder.
#[derive(Debug, Error)]
pub enum ClaimError {
    /// It can't be written to.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// It has other results.
    #[error(
        "{out} has other results, which would be lost:\n  {}\ngive another folder, for example --out {other}, or --replace to \
         replace what is there", reasons.join("\n  ")
    )]
    OtherResults {
        /// The folder.
        out: String,
        /// What is there, and in what it differs.
        reasons: Vec<String>,
        /// A folder that isn't there yet.
        other: String,
    },
    /// Something else is where results are to be.
    #[error(
        "{folder} is no folder of results (it has no {MANIFEST}), and would be lost: move it away, or give another folder with --out DIR"
    )]
    NoResults {
        /// Where the results of a case are to be.
        folder: PathBuf,
    },
    /// Another process works there on something else.
    #[error(
        "another process is at work in {out}, with other cases, settings or figures; wait until it ends, or give another folder with --out DIR"
    )]
    InUse {
        /// The folder.
        out: PathBuf,
    },
}

impl Claim {
    /// Claims the folder `out` for a plan. With `replace`, results that are there may be of other
    /// settings.
    ///
    /// # Errors
    /// If it can't be written to, has results that would be lost, or another process works there on
    /// another plan.
    ///
    /// # Panics
    /// If the plan has no case.
    pub fn new(out: &Path, plan: &[PlannedCase], replace: bool) -> Result<Self, ClaimError> {
        check_writable(out)?;
        let mut arrival = Locks::arrive(out)?;
        let Found { reasons, mut warnings, mut manifest, there } = Found::look(out, plan)?;
        if !reasons.is_empty() && !replace {
            return Err(other_results(out, reasons));
        }
        let is_there = there.is_some_and(|there| there.is_of(&manifest));
        if !arrival.is_alone && !is_there {
            return Err(ClaimError::InUse { out: out.to_owned() });
        }
        warnings.extend(arrival.without_locks.take().map(|cause| {
            format!(
                "the file system of {} has no locks ({cause}): processes that share the folder may do a run twice",
                out.display()
            )
        }));
        remove_leftovers(out);
        if !is_there {
            manifest.fill_in(out);
            manifest.write(out)?;
        }
        Ok(Self { out: out.to_owned(), manifest, locks: arrival.enter(), warnings })
    }

    /// What would be lost if results of a plan were written to `out` now; none if nothing.
    ///
    /// # Panics
    /// If the plan has no case.
    #[must_use]
    pub fn obstacle(out: &Path, plan: &[PlannedCase]) -> Option<ClaimError> {
        match Found::look(out, plan) {
            Ok(Found { reasons, .. }) if reasons.is_empty() => None,
            Ok(Found { reasons, .. }) => Some(other_results(out, reasons)),
            Err(error) => Some(error),
        }
    }

    /// The folder.
    #[must_use]
    pub fn out(&self) -> &Path {
        &self.out
    }

    /// What the user should know before results are written.
    #[must_use]
    pub fn warnings(&self) -> &[String] {
        &self.warnings
    }
}

fn other_results(out: &Path, mut reasons: Vec<String>) -> ClaimError {
    if reasons.len() > TOLD {
        let more = reasons.len() - TOLD;
        reasons.truncate(TOLD);
        reasons.push(format!("and {more} more"));
    }
    let out = out.display().to_string();
    let numbered = |number| format!("{}-{number}", out.trim_end_matches(['/', '\\']));
    let other = (2..).map(numbered).find(|other| !Path::new(other).exists()).expect("numbers don't end");
    ClaimError::OtherResults { out, reasons, other }
}

/// What is in a folder, seen from a plan.
struct Found {
    /// Why something would be lost.
    reasons: Vec<String>,
    /// What is going to be replaced as it is of another program.
    warnings: Vec<String>,
    /// Of the plan, and of what else is complete and can stay.
    manifest: Manifest,
    /// The manifest that is there.
    there: Option<Manifest>,
}

impl Found {
    fn look(out: &Path, plan: &[PlannedCase]) -> Result<Self, ClaimError> {
        let mut found = Self { reasons: Vec::new(), warnings: Vec::new(), manifest: Manifest::of(plan), there: None };
        let mut older = Vec::new();
        for planned in plan {
            if found.look_at(out, planned)? {
                older.push(planned.case.name.as_str());
            }
        }
        if let Some(first) = older.first() {
            let more = if older.len() > 1 { format!(" and {} more", older.len() - 1) } else { String::new() };
            found.warnings.push(format!(
                "{first}{more} in {} had been made by another version of the program, and will be made again and replaced",
                out.display()
            ));
        }
        match Manifest::read(out) {
            Ok(there) => found.join(out, plan, there),
            Err(ManifestError::Unreadable { cause, .. }) if cause.kind() == ErrorKind::NotFound => {}
            Err(error) => found.reasons.push(format!("what is there can't be read: {error}")),
        }
        Ok(found)
    }

    /// Looks at the folder of a planned case; says whether it has what another program made of it.
    fn look_at(&mut self, out: &Path, planned: &PlannedCase) -> Result<bool, ClaimError> {
        let name = &planned.case.name;
        let folder = out.join(name);
        let is_empty = || std::fs::read_dir(&folder).is_ok_and(|mut entries| entries.next().is_none());
        if !folder.exists() || is_empty() {
            return Ok(false);
        }
        let manifest = match Manifest::read(&folder) {
            Ok(manifest) => manifest,
            Err(ManifestError::Unreadable { cause, .. }) if cause.kind() == ErrorKind::NotFound => {
                return Err(ClaimError::NoResults { folder });
            }
            Err(error) => {
                self.reasons.push(format!("{name}: what is there can't be read: {error}"));
                return Ok(false);
            }
        };
        let experiment = &planned.case.experiment;
        let Some(there) = manifest.cases.first() else { return Ok(false) };
        if manifest.manifest.experiment != *experiment {
            let other = &manifest.manifest.experiment;
            self.reasons.push(format!("{name}: it is of the experiment {other} there, of {experiment} here"));
        } else if let Some(difference) = manifest.settings_difference(there, planned, &folder.join(MANIFEST)) {
            self.reasons.push(format!("{name}: {difference}"));
        } else if let Some(difference) = seeds_difference(there, planned) {
            self.reasons.push(format!("{name}: {difference}"));
        } else {
            return Ok(!manifest.is_of_this_program());
        }
        Ok(false)
    }

    /// Keeps the complete cases of the manifest that is there, in their order, beside those of the
    /// plan. What is not complete is not lost: its runs stay, and are found when it is asked for.
    fn join(&mut self, out: &Path, plan: &[PlannedCase], there: Manifest) {
        let is_planned = |case: &ManifestCase| plan.iter().any(|planned| planned.case.name == case.name);
        let mut kept = Vec::new();
        for case in there.cases.iter().filter(|case| !is_planned(case)) {
            let Some(stored) = Manifest::read(&out.join(&case.name)).ok().filter(|stored| stored.has_results_of(case))
            else {
                continue;
            };
            let (other, experiment) = (&there.manifest.experiment, &self.manifest.manifest.experiment);
            if other != experiment {
                self.reasons.push(format!("{}: it is of the experiment {other}, this is {experiment}", case.name));
            } else if !stored.is_of_this_program() {
                self.reasons.push(format!(
                    "{}: another version of the program made it, and this command doesn't have it",
                    case.name
                ));
            } else if let Some(difference) = unnamed_difference(case, plan) {
                self.reasons.push(format!("{}: {difference}, which no name of a case tells", case.name));
            } else {
                kept.push(case.clone());
            }
        }
        if !kept.is_empty() {
            self.add(&there, kept);
        }
        self.there = Some(there);
    }

    /// Adds cases that are there to those of the plan: first comes what was there first.
    fn add(&mut self, there: &Manifest, kept: Vec<ManifestCase>) {
        kept.into_iter().for_each(|case| self.manifest.add(case));
        let place = |name: &str| there.cases.iter().position(|case| case.name == name).unwrap_or(usize::MAX);
        self.manifest.cases.sort_by_key(|case| place(&case.name));
    }
}

/// Which seeds that are there a plan doesn't have.
fn seeds_difference(there: &ManifestCase, planned: &PlannedCase) -> Option<String> {
    let is_planned = |seed: u64| planned.runs.iter().any(|run| run.seed == seed);
    let lost: Vec<u64> = there.runs.iter().map(|run| run.seed).filter(|seed| !is_planned(*seed)).collect();
    let seeds = |seeds: &[u64]| seeds.iter().map(u64::to_string).collect::<Vec<_>>().join(", ");
    let all: Vec<u64> = there.runs.iter().map(|run| run.seed).collect();
    (!lost.is_empty()).then(|| format!("run.seeds is {} there, and this command lacks {}", seeds(&all), seeds(&lost)))
}
