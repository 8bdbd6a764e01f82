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

impl Manifest {
    /// Cases that differ in settings and not in a packet, by their digests, as texts.
    #[must_use]
    pub fn alike(&self) -> Vec<String> {
        let mut texts = Vec::new();
        for (position, here) in self.cases.iter().enumerate().filter(|(_, case)| case.digest.is_some()) {
            let seeds = |case: &ManifestCase| case.runs.iter().map(|run| run.seed).collect::<Vec<_>>();
            let is_alike = |there: &&ManifestCase| there.digest == here.digest && seeds(there) == seeds(here);
            let Some(there) = self.cases[..position].iter().find(is_alike) else { continue };
            let of = |case: &ManifestCase| settings(&case.experiment, &case.files);
            let mut differences = differences(&of(there), &of(here));
            differences.retain(|difference| !difference.key.starts_with("variant"));
            let told = |difference: &Difference| {
                let Difference { key, there: before, here: now } = difference;
                format!("{key} is {before} in {} and {now} in {}", there.name, here.name)
            };
            let Some(first) = differences.first().map(told) else { continue };
            texts.push(format!(
                "the cases {} and {} have the same digest: no packet differs, although {first}",
                there.name, here.name
            ));
        }
        texts
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
        let other_sizes = differences.iter().any(|difference| difference.key == "workload.sizes");
        let is_told = |key: &str| NAMED.contains(&key) || (other_sizes && BY_SIZES.contains(&key));
        differences.retain(|difference| !is_told(&difference.key));
        let text = told(&differences)?;
        first.get_or_insert(text);
    }
    first
}

/// A key with two values, as texts.
struct Difference {
    key: String,
    there: String,
    here: String,
}

/// What two tables differ in.
fn differences(there: &Table, here: &Table) -> Vec<Difference> {
    let mut differences = Vec::new();
    compare("", there, here, &mut differences);
    differences
}

/// A text of differences; none if there are none.
fn told(differences: &[Difference]) -> Option<String> {
    let text = |Difference { key, there, here }: &Difference| format!("{key} is {there} there, {here} here");
    let text = differences.iter().take(TOLD).map(text).collect::<Vec<_>>().join("; ");
    match differences.len() {
        0 => None,
        1..=TOLD => Some(text),
        more => Some(format!("{text}; and {} more", more - TOLD)),
    }
}

/// Adds what two tables differ in, by key.
fn compare(prefix: &str, there: &Table, here: &Table, differences: &mut Vec<Difference>) {
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
                differences.push(Difference { key: name, there: text(there), here: text(here) });
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
