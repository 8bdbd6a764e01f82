//! In what two cases of one name differ: their settings, that is all that results are a function of
//! but the seeds and the program.

use super::manifest::{Manifest, ManifestCase};
use super::planned::{PlannedCase, UsedFile, content, paths};
use homa_experiment::Experiment;
use std::path::{Path, PathBuf};
use toml::{Table, Value};

/// So many differences are told one by one.
const TOLD: usize = 3;

/// The settings of a case, with the hashes of files in the place of their paths.
fn settings(resolved: &Experiment, files: &[UsedFile]) -> Table {
    let mut content = content(resolved);
    content.run.seeds.clear();
    paths(&mut content).zip(files).for_each(|(path, file)| *path = PathBuf::from(&file.sha256));
    Table::try_from(content).expect("an experiment is a table")
}

/// What a case's name tells, besides its variant.
const NAMED: [&str; 4] = ["workload.sizes", "workload.load", "workload.payload_load", "workload.trace"];
/// What may depend on the sizes in one experiment, by `measure.per_sizes`.
const BY_SIZES: [&str; 3] = ["measure.warmup", "measure.window", "measure.drain"];

impl Manifest {
    /// In what settings a case of it, read from `path`, differs from a planned one; none if in
    /// none.
    pub(crate) fn settings_difference(&self, there: &ManifestCase, here: &PlannedCase, path: &Path) -> Option<String> {
        let same_key = |seed: u64, key: &str| here.runs.iter().any(|run| run.seed == seed && run.key == key);
        // A key is over the settings, so mostly nothing needs to be compared.
        if there.runs.iter().any(|run| same_key(run.seed, &run.key)) {
            return None;
        }
        // Another program may give names to what was not there to be set: that is no difference,
        // unless its value is not what it was.
        let now = self.planned(there, path).ok().map(|planned| planned.case.resolved);
        let before = settings(now.as_ref().unwrap_or(&there.experiment), &there.files);
        told(&differences(&before, &settings(&here.case.resolved, &here.files)))
    }
}

/// In what settings a case differs from all of a plan in a way that no name tells; none if in none.
/// With a variant of its own its name tells it.
pub(crate) fn unnamed_difference(there: &ManifestCase, plan: &[PlannedCase]) -> Option<String> {
    let variant = |experiment: &Experiment| experiment.variants.first().map(|variant| variant.name.clone());
    let before = settings(&there.experiment, &there.files);
    let mut first = None;
    for here in plan.iter().filter(|here| variant(&here.case.resolved) == variant(&there.experiment)) {
        let mut differences = differences(&before, &settings(&here.case.resolved, &here.files));
        let other_sizes = differences.iter().any(|(key, _)| key == "workload.sizes");
        let is_told = |key: &str| NAMED.contains(&key) || (other_sizes && BY_SIZES.contains(&key));
        differences.retain(|(key, _)| !is_told(key));
        let text = told(&differences)?;
        first.get_or_insert(text);
    }
    first
}

/// Differing keys, with a text for each.
fn differences(there: &Table, here: &Table) -> Vec<(String, String)> {
    let mut differences = Vec::new();
    compare("", there, here, &mut differences);
    differences
}

/// A text of differences; none if there are none.
fn told(differences: &[(String, String)]) -> Option<String> {
    let texts: Vec<&str> = differences.iter().take(TOLD).map(|(_, text)| text.as_str()).collect();
    let text = texts.join("; ");
    match differences.len() {
        0 => None,
        1..=TOLD => Some(text),
        more => Some(format!("{text}; and {} more", more - TOLD)),
    }
}

/// Adds what two tables differ in, by key.
fn compare(prefix: &str, there: &Table, here: &Table, differences: &mut Vec<(String, String)>) {
    let none = Table::new();
    let new = here.keys().filter(|key| !there.contains_key(*key));
    for key in there.keys().chain(new) {
        let name = format!("{prefix}{key}");
        match (there.get(key), here.get(key)) {
            (there, here) if there == here => {}
            (Some(Value::Table(there)), Some(Value::Table(here))) => {
                compare(&format!("{name}."), there, here, differences);
            }
            (Some(Value::Table(there)), None) => compare(&format!("{name}."), there, &none, differences),
            (None, Some(Value::Table(here))) => compare(&format!("{name}."), &none, here, differences),
            (there, here) => {
                let difference = format!("{name} is {} there, {} here", text(there), text(here));
                differences.push((name, difference));
            }
        }
    }
}

fn text(value: Option<&Value>) -> String {
    let is_hash = |text: &str| text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    match value {
        None => "not given".to_owned(),
        Some(Value::String(hash)) if is_hash(hash) => format!("a file with sha256 {}..", &hash[..8]),
        Some(value) => value.to_string(),
    }
}
