//! Cases and their runs in a fixed order, each named by what it is a function of.

use homa_experiment::{Case, CaseError, CheckSection, Experiment, OneOrMany, SOURCES, Sizes};
use homa_run::TransportKind;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::io;
use std::path::{Path, PathBuf};
use thiserror::Error;

/// A fingerprint of what makes results of runs. Other such sources make a case's results again, of
/// the runs that are kept.
const RESULTS: &str = env!("HOMASIM_SOURCES");

/// A case and its runs.
#[derive(Debug, Clone)]
pub struct PlannedCase {
    /// The case.
    pub case: Case,
    /// Names all that its results are a function of: 16 hexadecimal digits.
    pub key: String,
    /// One for each seed.
    pub runs: Vec<PlannedRun>,
    /// What it reads.
    pub files: Vec<UsedFile>,
}

/// A run of a case.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlannedRun {
    /// Its seed.
    pub seed: u64,
    /// Names all that it is a function of: 16 hexadecimal digits.
    pub key: String,
    /// Digest of its completions, once it has been done.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub digest: Option<String>,
}

/// A file that a case reads.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UsedFile {
    /// Where.
    pub path: PathBuf,
    /// Of its content.
    pub sha256: String,
}

/// Why the keys of a case can't be computed.
#[derive(Debug, Error)]
#[error("cannot read {path}: {cause}")]
pub struct PlanError {
    /// A file of the case.
    pub path: PathBuf,
    /// Why.
    pub cause: io::Error,
}

impl PlannedCase {
    /// Names a case and its runs by their content.
    ///
    /// # Errors
    /// If a file that the case reads can't be read.
    pub fn new(case: Case) -> Result<Self, PlanError> {
        let mut content = content(&case.resolved);
        let files = replace_files(&mut content)?;
        let sources = case.kind().sources();
        let key_of = |seed: u64| {
            content.run.seeds = vec![seed];
            let text = content.to_toml();
            hex(&["run", SOURCES, sources, &text], 8)
        };
        let seeds = case.run().seeds.clone();
        let keys: Vec<String> = seeds.iter().copied().map(key_of).collect();
        let runs = seeds.into_iter().zip(keys).map(|(seed, key)| PlannedRun { seed, key, digest: None });
        let runs: Vec<_> = runs.collect();
        let names = [RESULTS, &case.experiment, &case.name, &case.sizes, &case.topology.name];
        let parts: Vec<&str> =
            ["case"].into_iter().chain(names).chain(runs.iter().map(|run| run.key.as_str())).collect();
        Ok(Self { key: hex(&parts, 8), case, runs, files })
    }
}

/// A fingerprint of all that runs of these transports and their results depend on.
pub(super) fn sources_of(kinds: impl Iterator<Item = TransportKind>) -> String {
    let mut transports: Vec<_> = kinds.map(|kind| (kind.name(), kind.sources())).collect();
    transports.sort_unstable();
    transports.dedup();
    let transports = transports.into_iter().flat_map(|(name, sources)| [name, sources]);
    hex(&["sources", SOURCES, RESULTS].into_iter().chain(transports).collect::<Vec<_>>(), 8)
}

/// Plans all cases of an experiment, in its order.
///
/// # Errors
/// If a file that a case reads can't be read.
pub fn plan(cases: Vec<Case>) -> Result<Vec<PlannedCase>, PlanError> {
    cases.into_iter().map(PlannedCase::new).collect()
}

/// What of a case its results are made of: without what is made of them.
pub(super) fn content(resolved: &Experiment) -> Experiment {
    let mut content = resolved.clone();
    content.variants.clear();
    content.figures.clear();
    content.check = CheckSection::default();
    content
}

/// Puts the content of files in the place of their paths, which say nothing of it.
fn replace_files(content: &mut Experiment) -> Result<Vec<UsedFile>, PlanError> {
    let mut files = Vec::new();
    for path in paths(content) {
        let bytes = std::fs::read(&*path).map_err(|cause| PlanError { path: path.clone(), cause })?;
        let sha256 = hex_of(&Sha256::digest(&bytes));
        files.push(UsedFile { path: std::mem::replace(path, PathBuf::from(&sha256)), sha256 });
    }
    Ok(files)
}

/// The paths of the files that a case reads, in the order of its [`UsedFile`]s.
pub(super) fn paths(content: &mut Experiment) -> impl Iterator<Item = &mut PathBuf> {
    let Experiment { topology, workload, .. } = content;
    let sizes = workload.sizes.iter_mut().flat_map(|OneOrMany(sizes)| sizes);
    let sizes = sizes.filter_map(|size| if let Sizes::File(path) = size { Some(path) } else { None });
    topology.file.iter_mut().chain(workload.trace.iter_mut()).chain(sizes)
}

/// The first `bytes` bytes of a hash over texts.
fn hex(parts: &[&str], bytes: usize) -> String {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update((part.len() as u64).to_le_bytes());
        hash.update(part.as_bytes());
    }
    hex_of(&hash.finalize()[..bytes])
}

fn hex_of(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Resolves an experiment read from `path` and plans its cases.
///
/// # Errors
/// As [`cases`](crate::cases), and if a file can't be read again.
pub fn plan_experiment(path: &Path, experiment: &Experiment) -> Result<Vec<PlannedCase>, CaseError> {
    let cases = homa_experiment::cases(path, experiment)?;
    plan(cases).map_err(|PlanError { path: file, cause }| CaseError::File {
        path: path.to_owned(),
        key: "files",
        file,
        cause,
    })
}
