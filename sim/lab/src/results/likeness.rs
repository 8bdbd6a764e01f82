//! Whether two cases have the same traffic in the same network: what they differ in beside that is what
//! a comparison is about.

use super::summary::CaseSummary;
use crate::plan::{Manifest, ManifestCase};
use serde::Serialize;
use std::collections::BTreeSet;
use std::path::Path;
use toml::{Table, Value};

/// A key that makes the messages of two cases, or their networks, unlike.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Unlike {
    /// The key.
    pub key: String,
    /// Its value in the first case.
    pub a: String,
    /// Its value in the second.
    pub b: String,
}

impl std::fmt::Display for Unlike {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} is {} in A and {} in B", self.key, self.a, self.b)
    }
}

/// Keys of `[measure]` that decide which messages are measured, and what they meet. How long a run
/// waits for them (`measure.drain`) is none: what has not finished is reported.
const MEASURED: [&str; 3] = ["warmup", "window", "background"];
const UNSET: &str = "unset (its default)";

/// What makes two cases unlike: each key of `[topology]` and `[workload]`, and the window. The
/// transport and its parameters, hosts, faults, seeds and denominators are what may be compared.
///
/// Of results whose manifests can't be read, what their summaries say.
pub(crate) fn unlike(a: (&Path, &CaseSummary), b: (&Path, &CaseSummary)) -> Vec<Unlike> {
    let read = |folder: &Path| Manifest::read(folder).ok().and_then(|mut manifest| manifest.cases.pop());
    match (read(a.0), read(b.0)) {
        (Some(first), Some(second)) => of_tables(&described(&first), &described(&second)),
        _ => of_tables(&summarised(a.1), &summarised(b.1)),
    }
}

/// The keys that count, with their values as they are written; files by their content too.
fn described(case: &ManifestCase) -> Table {
    let mut all: Table = case.experiment.to_toml().parse().expect("an experiment is a table");
    let mut keys = Table::new();
    for section in ["topology", "workload", "measure"] {
        let Some(Value::Table(table)) = all.remove(section) else { continue };
        let counts = |key: &String| section != "measure" || MEASURED.contains(&key.as_str());
        for (key, value) in table.into_iter().filter(|(key, _)| counts(key)) {
            keys.insert(format!("{section}.{key}"), value);
        }
    }
    for file in &case.files {
        // Its place says nothing of what is in it.
        let path = file.path.display().to_string();
        let content: String = file.sha256.chars().take(16).collect();
        let content = Value::String(format!("a file with SHA-256 {content}.."));
        keys.iter_mut()
            .filter(|(_, value)| value.as_str() == Some(&path))
            .for_each(|(_, value)| *value = content.clone());
    }
    keys
}

fn summarised(summary: &CaseSummary) -> Table {
    let load = summary.load.map_or_else(|| Value::String(UNSET.to_owned()), Value::Float);
    Table::from_iter([
        ("topology".to_owned(), Value::String(summary.topology.clone())),
        ("workload.sizes".to_owned(), Value::String(summary.workload.clone())),
        (format!("workload load ({})", summary.load_kind), load),
    ])
}

fn of_tables(a: &Table, b: &Table) -> Vec<Unlike> {
    let keys: BTreeSet<&String> = a.keys().chain(b.keys()).collect();
    let shown = |table: &Table, key: &str| table.get(key).map_or_else(|| UNSET.to_owned(), Value::to_string);
    let differ = |key: &String| {
        let (a, b) = (shown(a, key), shown(b, key));
        (a != b).then(|| Unlike { key: key.clone(), a, b })
    };
    keys.into_iter().filter_map(differ).collect()
}
