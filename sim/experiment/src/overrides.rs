//! Reading an experiment file and replacing keys of it.

use crate::experiment::{Experiment, Variant};
use crate::head::Head;
use crate::name::is_safe;
use crate::replacement::{BadOverride, Override};
use crate::sweep::{self, SweepError};
use homa_run::Document;
use std::path::{Path, PathBuf};
use thiserror::Error;
use toml::{Table, Value};

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

/// Why a variant can't be made.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum VariantError {
    /// A name is empty, or unfit for a file name.
    #[error(
        "variant.name = \"{0}\" is not possible; accepted are letters, digits, `-`, `_` and `.`, such as \"without-q1\""
    )]
    Name(String),
    /// A name is given twice.
    #[error("variant.name = \"{0}\" is given twice; each variant needs a name of its own, such as \"without-q1\"")]
    Twice(String),
    /// A text is not `key=value`.
    #[error("variant \"{name}\": {cause}")]
    Syntax {
        /// Of the variant.
        name: String,
        /// What is wrong.
        cause: BadOverride,
    },
    /// A replaced key or value is not accepted.
    #[error("variant \"{name}\": set {text}: {message}")]
    Invalid {
        /// Of the variant.
        name: String,
        /// The override.
        text: String,
        /// What is wrong.
        message: String,
    },
    /// The lists of a sweep are not possible.
    #[error("[sweep]: {0}")]
    Sweep(#[from] SweepError),
    /// Every variant sets a swept key to a value of its own.
    #[error("[sweep]: {0} has no effect, as every variant sets it; take it out of [sweep] or out of the variants")]
    SweptAndSet(String),
    /// A value of a sweep is not accepted.
    #[error("[sweep]: {key} = {value}: {message}")]
    SweptValue {
        /// The key.
        key: String,
        /// Its value.
        value: String,
        /// What is wrong.
        message: String,
    },
}

impl Experiment {
    /// The experiments that this one's variants and the combinations of its sweep mean; itself, if
    /// it has neither. Each has at most one variant, whose name tells both, with nothing left to
    /// replace. What was replaced in the file wins over what variants replace.
    ///
    /// # Errors
    /// If names are missing or not unique, lists are impossible, or an override makes the
    /// experiment invalid.
    pub fn variants(&self) -> Result<Vec<Self>, VariantError> {
        for (position, Variant { name, .. }) in self.variants.iter().enumerate() {
            if name.is_empty() || !name.chars().all(is_safe) {
                return Err(VariantError::Name(name.clone()));
            }
            if self.variants[..position].iter().any(|other| other.name == *name) {
                return Err(VariantError::Twice(name.clone()));
            }
        }
        let points = sweep::points(&self.sweep)?;
        if self.variants.is_empty() && self.sweep.is_empty() {
            return Ok(vec![self.clone()]);
        }
        self.check_swept_keys(&points)?;
        let unchanged = [Variant { name: String::new(), set: Vec::new() }];
        let variants = if self.variants.is_empty() { &unchanged[..] } else { &self.variants };
        let of_variant = |variant| points.iter().map(move |point| self.combination(point, variant));
        variants.iter().flat_map(of_variant).collect()
    }

    /// What every variant sets can't be swept as well.
    fn check_swept_keys(&self, points: &[sweep::Point]) -> Result<(), VariantError> {
        let Some(point) = points.first().filter(|_| !self.variants.is_empty()) else { return Ok(()) };
        let sets = |variant: &Variant, swept: &[String]| {
            let replacements = variant.set.iter().filter_map(|text| text.parse::<Override>().ok());
            replacements.into_iter().any(|replacement| swept.starts_with(&replacement.key))
        };
        let swept = point.set.iter().map(|(key, _)| key);
        match swept.into_iter().find(|key| self.variants.iter().all(|variant| sets(variant, key))) {
            Some(key) => Err(VariantError::SweptAndSet(key.join("."))),
            None => Ok(()),
        }
    }

    /// The experiment with the values of one combination of its sweep and one variant.
    fn combination(&self, point: &sweep::Point, variant: &Variant) -> Result<Self, VariantError> {
        let names: Vec<&str> =
            [&variant.name, &point.name].into_iter().map(String::as_str).filter(|name| !name.is_empty()).collect();
        let mut experiment = self.clone();
        experiment.sweep = Table::new();
        experiment.variants = match names.as_slice() {
            [] => Vec::new(),
            names => vec![Variant { name: names.join("-"), set: Vec::new() }],
        };
        let only = experiment.variants.clone();
        // What a file leaves out must not stand in the way of what a variant says of it:
        // `quirks.base`, say.
        let mut table = match &self.written {
            Some(written) => written.clone(),
            None => Table::try_from(&experiment).expect("an experiment is a table"),
        };
        table.remove("sweep");
        table.remove("variant");
        for (key, value) in &point.set {
            let invalid = |message| {
                let (key, value) = (key.join("."), value.to_string());
                VariantError::SweptValue { key, value, message }
            };
            set(&mut table, key, Some(value)).map_err(invalid)?;
            experiment = Self::read(Document::Tables(&table)).map_err(|error| invalid(plain(&error)))?;
        }
        let name = &variant.name;
        for text in &variant.set {
            let syntax = |cause| VariantError::Syntax { name: name.clone(), cause };
            let Override { key, value, text } = text.parse().map_err(syntax)?;
            let invalid = |message| VariantError::Invalid { name: name.clone(), text: text.clone(), message };
            if ["variant", "sweep", "check"].contains(&key[0].as_str()) {
                return Err(invalid("a variant can't have variants, sweeps or a check of its own".to_owned()));
            }
            set(&mut table, &key, value.as_ref()).map_err(invalid)?;
            experiment = Self::read(Document::Tables(&table)).map_err(|error| invalid(plain(&error)))?;
        }
        for Override { key, value, text } in self.overrides.iter().filter(|_| !variant.set.is_empty()) {
            let invalid = |message| VariantError::Invalid { name: name.clone(), text: text.clone(), message };
            set(&mut table, key, value.as_ref()).map_err(invalid)?;
            experiment = Self::read(Document::Tables(&table)).map_err(|error| invalid(plain(&error)))?;
        }
        experiment.variants = only;
        experiment.head.clone_from(&self.head);
        Ok(experiment)
    }
}

/// Reads an experiment file and replaces keys of it.
///
/// # Errors
/// If the file can't be read, is not a valid experiment, or an override makes it invalid.
pub fn load_experiment(path: &Path, overrides: &[Override]) -> Result<Experiment, ExperimentError> {
    let text =
        std::fs::read_to_string(path).map_err(|cause| ExperimentError::Unreadable { path: path.to_owned(), cause })?;
    parse_experiment(path, &text, overrides)
}

/// As [`load_experiment`], of the text of an experiment file that is or would be at `path`.
///
/// # Errors
/// If it is not a valid experiment, or an override makes it invalid.
pub fn parse_experiment(path: &Path, text: &str, overrides: &[Override]) -> Result<Experiment, ExperimentError> {
    let invalid = |error: toml::de::Error| ExperimentError::Invalid { path: path.to_owned(), message: plain(&error) };
    let mut experiment = Experiment::read(Document::Text(text)).map_err(invalid)?;
    let mut table: Table = toml::from_str(text).map_err(invalid)?;
    for Override { key, value, text } in overrides {
        let invalid = |message| ExperimentError::InvalidOverride { path: path.to_owned(), text: text.clone(), message };
        if let Some(Value::Table(swept)) = table.get_mut("sweep") {
            sweep::forget(swept, key);
        }
        set(&mut table, key, value.as_ref()).map_err(invalid)?;
        experiment = Experiment::read(Document::Tables(&table)).map_err(|error| invalid(plain(&error)))?;
    }
    experiment.written = Some(table);
    experiment.overrides = overrides.to_vec();
    experiment.head = Head::of(text);
    Ok(experiment)
}

/// An error of the TOML reader without the words of programmers.
fn plain(error: &toml::de::Error) -> String {
    const WORDS: [(&str, &str); 8] = [
        ("unknown variant `", "unknown value `"),
        ("expected u8", "expected a whole number from 0 to 255"),
        ("expected u16", "expected a whole number from 0 to 65535"),
        ("expected u32", "expected a whole number from 0 to 4294967295"),
        ("expected u64", "expected a whole number of at least 0"),
        ("expected f64", "expected a number"),
        ("expected a sequence", "expected a list"),
        ("invalid type: map", "invalid type: table"),
    ];
    const STRUCT: &str = "expected struct ";
    let text = WORDS.iter().fold(error.to_string(), |text, (from, to)| text.replace(from, to));
    match text.split_once(STRUCT) {
        None => text,
        // The name of a type follows.
        Some((before, after)) => {
            let rest = after.trim_start_matches(|c: char| c.is_ascii_alphanumeric());
            format!("{before}expected a table{rest}")
        }
    }
}

/// Sets a key of an experiment, or takes it out if there is no value.
fn set(table: &mut Table, key: &[String], value: Option<&Value>) -> Result<(), String> {
    let [parents @ .., last] = key else { unreachable!("a key has parts") };
    let dotted = key.join(".");
    if ["measure.warmup", "measure.window", "measure.drain"].contains(&dotted.as_str()) {
        forget_in_per_sizes(table, last);
    }
    let Some(value) = value else { return unset(table, key) };
    let mut place = table;
    for parent in parents {
        let entry = place.entry(parent.as_str()).or_insert_with(|| Value::Table(Table::new()));
        // "linux" or "fixed" stands for a table of all quirks, of which a single one may be set.
        if let (Value::String(base), "quirks") = (&*entry, parent.as_str()) {
            *entry = Value::Table(Table::from_iter([("base".to_owned(), Value::String(base.clone()))]));
        }
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

/// Takes a key out. It need not be there, but must be one that an experiment can have.
fn unset(table: &mut Table, key: &[String]) -> Result<(), String> {
    let [parents @ .., last] = key else { unreachable!("a key has parts") };
    let mut parent = Some(&mut *table);
    for name in parents {
        parent = parent.and_then(|parent| parent.get_mut(name)).and_then(Value::as_table_mut);
    }
    if parent.is_some_and(|parent| parent.remove(last).is_some()) {
        return Ok(());
    }
    // The reader objects to the key if it doesn't know it, and else to the value, if at all.
    let mut probe = table.clone();
    set(&mut probe, key, Some(&Value::Boolean(true)))?;
    let error = Experiment::read(Document::Tables(&probe)).err().map(|error| plain(&error));
    error.filter(|text| text.contains("unknown field")).map_or(Ok(()), Err)
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
    per_sizes.retain(|_, times| times.as_table().is_none_or(|times| !times.is_empty()));
}
