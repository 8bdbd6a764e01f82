//! Reading an experiment file and replacing keys of it.

use crate::experiment::Experiment;
use serde::Deserialize;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use thiserror::Error;
use toml::{Table, Value};

/// `key=value`: replaces one key of an experiment file.
#[derive(Debug, Clone, PartialEq)]
pub struct Override {
    key: Vec<String>,
    value: Value,
    text: String,
}

/// A text that is not `key=value`.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("`{0}` is not KEY=VALUE; write for example workload.load=0.5")]
pub struct BadOverride(String);

impl FromStr for Override {
    type Err = BadOverride;

    fn from_str(text: &str) -> Result<Self, BadOverride> {
        let bad = || BadOverride(text.to_owned());
        let (key, value) = text.split_once('=').ok_or_else(bad)?;
        let key: Vec<_> = key.trim().split('.').map(str::to_owned).collect();
        if key.iter().any(String::is_empty) {
            return Err(bad());
        }
        // What is no TOML value is a text without its quotes: sizes=w2, window=10ms.
        let value = format!("value = {value}").parse::<Table>().ok().and_then(|mut table| table.remove("value"));
        let value = value
            .unwrap_or_else(|| Value::String(text.split_once('=').map_or("", |(_, value)| value).trim().to_owned()));
        Ok(Self { key, value, text: text.to_owned() })
    }
}

/// Why an experiment can't be read.
#[derive(Debug, Error)]
pub enum ExperimentError {
    /// The file can't be opened.
    #[error("cannot read the experiment file {path}: {cause}")]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        cause: std::io::Error,
    },
    /// The file is not an experiment.
    #[error("{path}: {message}")]
    Invalid {
        /// The file.
        path: PathBuf,
        /// What is wrong, with line and column.
        message: String,
    },
    /// A replaced key or value is not accepted.
    #[error("--set {text} (in {path}): {message}")]
    InvalidOverride {
        /// The file.
        path: PathBuf,
        /// The override.
        text: String,
        /// What is wrong.
        message: String,
    },
}

/// Reads an experiment file and replaces keys of it.
///
/// # Errors
/// If the file can't be read, is not a valid experiment, or an override makes it invalid.
pub fn load_experiment(path: &Path, overrides: &[Override]) -> Result<Experiment, ExperimentError> {
    let text =
        std::fs::read_to_string(path).map_err(|cause| ExperimentError::Unreadable { path: path.to_owned(), cause })?;
    let invalid =
        |error: toml::de::Error| ExperimentError::Invalid { path: path.to_owned(), message: error.to_string() };
    let mut experiment: Experiment = toml::from_str(&text).map_err(invalid)?;
    let mut table: Table = toml::from_str(&text).map_err(invalid)?;
    for Override { key, value, text } in overrides {
        let invalid = |message| ExperimentError::InvalidOverride { path: path.to_owned(), text: text.clone(), message };
        set(&mut table, key, value).map_err(invalid)?;
        experiment = Experiment::deserialize(table.clone()).map_err(|error| invalid(error.to_string()))?;
    }
    Ok(experiment)
}

fn set(table: &mut Table, key: &[String], value: &Value) -> Result<(), String> {
    let [parents @ .., last] = key else { unreachable!("a key has parts") };
    let dotted = key.join(".");
    if ["measure.warmup", "measure.window", "measure.drain"].contains(&dotted.as_str()) {
        forget_in_per_sizes(table, last);
    }
    let mut place = table;
    for parent in parents {
        let entry = place.entry(parent.as_str()).or_insert_with(|| Value::Table(Table::new()));
        place = entry.as_table_mut().ok_or_else(|| format!("`{parent}` is a value, not a table"))?;
    }
    place.insert(last.clone(), value.clone());
    // Two ways to say one thing exclude each other; the one set replaces the other.
    match dotted.as_str() {
        "workload.load" => drop(place.remove("payload_load")),
        "workload.payload_load" => drop(place.remove("load")),
        "topology.file" => drop(place.remove("preset")),
        "topology.preset" => drop(place.remove("file")),
        _ => {}
    }
    Ok(())
}

/// A time that is set for all replaces those for single distributions.
fn forget_in_per_sizes(table: &mut Table, key: &str) {
    let per_sizes = table.get_mut("measure").and_then(|measure| measure.get_mut("per_sizes"));
    let Some(Value::Table(per_sizes)) = per_sizes else { return };
    for (_, times) in per_sizes.iter_mut() {
        if let Value::Table(times) = times {
            times.remove(key);
        }
    }
}
