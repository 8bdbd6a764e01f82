//! What the user names as one side of a comparison.

use super::published::reference_names;
use std::path::{Path, PathBuf};
use thiserror::Error;

/// One side of a comparison, found but not read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Operand {
    /// The folder of a case.
    Case(PathBuf),
    /// Round-trip times of an experiment on a cluster, all its nodes.
    Rtts {
        /// The experiment.
        name: String,
        /// A file for each node.
        files: Vec<PathBuf>,
    },
    /// A cluster's digest of an experiment, `reports/EXPERIMENT.data`.
    Report(PathBuf),
    /// A CSV file: slowdown by size, or a line for each message.
    Table(PathBuf),
    /// A published reference, shipped with the program.
    Reference(String),
}

/// Why something can't be compared.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("cannot compare {text}: {problem}")]
pub struct OperandError {
    /// What was given.
    text: String,
    /// What is wrong and what is accepted.
    problem: String,
}

impl Operand {
    /// Finds what `text` names: the folder of a case; a folder with `.rtts` files of one
    /// experiment, or `FOLDER/EXPERIMENT` of several; `.rtts` files, separated by commas; a `.data`
    /// or `.csv` file; or else a reference.
    ///
    /// # Errors
    /// If there is nothing of that name.
    pub fn find(text: &str) -> Result<Self, OperandError> {
        let error = |problem: String| OperandError { text: text.to_owned(), problem };
        let path = Path::new(text);
        if path.is_dir() {
            return folder(path).map_err(error);
        }
        if path.is_file() {
            return file(path).map_err(error);
        }
        if text.contains(',') && text.ends_with(RTTS) {
            let files: Vec<_> = text.split(',').map(PathBuf::from).collect();
            return listed(files).map_err(error);
        }
        if let (Some(parent), Some(name)) = (path.parent(), path.file_name().and_then(|name| name.to_str())) {
            let parent = if parent.as_os_str().is_empty() { Path::new(".") } else { parent };
            let files = experiments(parent).into_iter().find(|(experiment, _)| experiment == name);
            if let Some((name, files)) = files {
                return Ok(Self::Rtts { name, files });
            }
        }
        if reference_names().any(|name| name == text) {
            return Ok(Self::Reference(text.to_owned()));
        }
        let references: Vec<_> = reference_names().collect();
        Err(error(format!(
            "there is no such file, folder or reference; accepted are the folder of a case, as `homasim run` names it; a folder \
             with .rtts files, FOLDER/EXPERIMENT for FOLDER/EXPERIMENT-NODE.rtts, or .rtts files separated by commas; a .data \
             file; a .csv or .csv.gz file; a reference: {}",
            references.join(", ")
        )))
    }
}

const RTTS: &str = ".rtts";

fn folder(path: &Path) -> Result<Operand, String> {
    if path.join("summary.json").is_file() {
        return Ok(Operand::Case(path.to_owned()));
    }
    let mut found = experiments(path);
    match found.len() {
        0 => Err("the folder has neither summary.json, as that of a case, nor .rtts files".to_owned()),
        1 => {
            let (name, files) = found.remove(0);
            Ok(Operand::Rtts { name, files })
        }
        _ => {
            let of = |(name, _): &(String, Vec<PathBuf>)| path.join(name).display().to_string();
            let choices: Vec<_> = found.iter().map(of).collect();
            Err(format!("the folder has .rtts files of several experiments; give one: {}", choices.join(", ")))
        }
    }
}

/// The experiments with `EXPERIMENT-NODE.rtts` in a folder, with their files, by name.
fn experiments(folder: &Path) -> Vec<(String, Vec<PathBuf>)> {
    let mut files: Vec<PathBuf> =
        std::fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path()).collect();
    files.sort();
    let mut found: Vec<(String, Vec<PathBuf>)> = Vec::new();
    for file in files {
        let Some(name) = experiment(&file) else { continue };
        match found.iter_mut().find(|(other, _)| *other == name) {
            Some((_, files)) => files.push(file),
            None => found.push((name, vec![file])),
        }
    }
    found
}

/// The experiment in the name of an .rtts file: `homa_w4` of `homa_w4-3.rtts`.
fn experiment(file: &Path) -> Option<String> {
    let stem = file.file_name()?.to_str()?.strip_suffix(RTTS)?;
    Some(stem.rsplit_once('-').map_or(stem, |(name, _)| name).to_owned())
}

fn file(path: &Path) -> Result<Operand, String> {
    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    if name.ends_with(RTTS) {
        return listed(vec![path.to_owned()]);
    }
    if name.ends_with("_cdf.data") {
        let digest = name.replace("_cdf.data", ".data");
        return Err(format!("it has times of short messages, not slowdown by size; give {digest}"));
    }
    if name.ends_with(".data") {
        return Ok(Operand::Report(path.to_owned()));
    }
    if name.ends_with(".csv") || name.ends_with(".csv.gz") {
        return Ok(Operand::Table(path.to_owned()));
    }
    if name == "summary.json" {
        return Err("give the folder that it is in".to_owned());
    }
    Err("accepted are files ending with .rtts, .data, .csv or .csv.gz".to_owned())
}

fn listed(files: Vec<PathBuf>) -> Result<Operand, String> {
    if let Some(other) = files.iter().find(|file| !file.is_file() || experiment(file).is_none()) {
        return Err(format!("{} is no .rtts file", other.display()));
    }
    let mut names: Vec<_> = files.iter().filter_map(|file| experiment(file)).collect();
    names.dedup();
    if names.len() > 1 {
        return Err(format!("the files are of several experiments ({}); give those of one", names.join(", ")));
    }
    Ok(Operand::Rtts { name: names.remove(0), files })
}
