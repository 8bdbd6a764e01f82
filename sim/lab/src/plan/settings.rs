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
        let mut differences = Vec::new();
        compare("", &before, &settings(&here.case.resolved, &here.files), &mut differences);
        let more = differences.len().saturating_sub(TOLD);
        differences.truncate(TOLD);
        let text = differences.join("; ");
        match (text.is_empty(), more) {
            (true, _) => None,
            (false, 0) => Some(text),
            (false, more) => Some(format!("{text}; and {more} more")),
        }
    }
}

/// Adds what two tables differ in, by key.
fn compare(prefix: &str, there: &Table, here: &Table, differences: &mut Vec<String>) {
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
            (there, here) => differences.push(format!("{name} is {} there, {} here", text(there), text(here))),
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
