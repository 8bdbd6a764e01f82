//! A transport is its folder and one line in the list of transports: no other source of the
//! workspace uses its crate or has its name as a text.

use homa_transports::SHIPPED;
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// Files that have a text equal to the name of a transport, and why.
const EXCEPTIONS: [(&str, &str); 6] = [
    ("sim/cli/src/commands/bench/scenario.rs", "the scenarios that `homasim bench` measures"),
    ("sim/lab/src/check/baseline.rs", "a test's baseline, with that transport, network and denominator"),
    ("sim/lab/src/comparison/definition.rs", "tests of the denominator of that name"),
    ("sim/lab/src/comparison/published.rs", "the published curves of that name"),
    ("sim/run/src/denominator.rs", "the denominator of that name"),
    ("topologies/src/presets.rs", "the network of that name"),
];

/// The list itself.
const LIST: &str = "sim/transports/src/lib.rs";

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    let mut entries: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    entries.sort();
    entries
}

/// All Rust sources at or below a path.
fn sources(path: &Path) -> Vec<PathBuf> {
    if path.is_dir() {
        return entries(path).iter().flat_map(|entry| sources(entry)).collect();
    }
    let is_source = path.extension().is_some_and(|extension| extension == "rs");
    if is_source { vec![path.to_owned()] } else { Vec::new() }
}

/// The sources of all crates but the transports', with their paths below the root.
fn sources_outside() -> Vec<(String, String)> {
    let root = root();
    let crates = ["protocol", "topologies", "workloads"].map(|name| root.join(name)).into_iter();
    let folders = crates.chain(entries(&root.join("sim"))).map(|folder| folder.join("src"));
    let files = folders.filter(|folder| folder.is_dir()).flat_map(|folder| sources(&folder));
    files
        .map(|file| {
            let name = file.strip_prefix(&root).unwrap().to_string_lossy().replace('\\', "/");
            (name, fs::read_to_string(file).unwrap())
        })
        .collect()
}

/// The crates of the transports, as Rust writes them.
fn crates() -> Vec<String> {
    let manifests = entries(&root().join("sim/transports")).into_iter().map(|folder| folder.join("Cargo.toml"));
    let name = |manifest: PathBuf| {
        let text = fs::read_to_string(manifest).unwrap();
        let line = text.lines().find_map(|line| line.strip_prefix("name = ")).unwrap();
        line.trim_matches('"').replace('-', "_")
    };
    manifests.filter(|manifest| manifest.is_file()).map(name).collect()
}

/// Whether a line has a word, and not only as part of a longer one.
fn has_word(line: &str, word: &str) -> bool {
    let goes_on = |c: char| c.is_alphanumeric() || c == '_';
    line.match_indices(word)
        .any(|(at, _)| !line[..at].ends_with(goes_on) && !line[at + word.len()..].starts_with(goes_on))
}

/// The lines of a source that `knows` finds something in, comments left out.
fn places(file: &str, text: &str, knows: impl Fn(&str) -> bool) -> Vec<String> {
    let lines = (1..).zip(text.lines()).filter(|(_, line)| !line.trim_start().starts_with("//"));
    lines.filter(|(_, line)| knows(line)).map(|(number, line)| format!("{file}:{number}: {}", line.trim())).collect()
}

#[test]
fn each_transport_is_a_folder_with_a_crate_of_its_own() {
    assert_eq!(crates().len(), SHIPPED.len(), "{:?} and {SHIPPED:?}", crates());
}

#[test]
fn only_the_list_uses_the_crate_of_a_transport() {
    let crates = crates();
    let uses = |line: &str| crates.iter().any(|name| has_word(line, name));
    let (list, others): (Vec<_>, Vec<_>) = sources_outside().into_iter().partition(|(file, _)| file == LIST);
    let found: Vec<_> = others.iter().flat_map(|(file, text)| places(file, text, uses)).collect();
    assert!(found.is_empty(), "move this into the folder of the transport:\n{}", found.join("\n"));
    let listed = list.iter().flat_map(|(file, text)| places(file, text, uses));
    assert_eq!(listed.count(), SHIPPED.len(), "one line in the list makes a transport known");
}

#[test]
fn no_text_outside_is_the_name_of_a_transport() {
    let names: Vec<_> = SHIPPED.iter().map(|kind| format!("\"{}\"", kind.name())).collect();
    let is_name = |line: &str| names.iter().any(|name| line.contains(name));
    let (mut found, mut excepted) = (Vec::new(), BTreeSet::new());
    for (file, text) in sources_outside() {
        let places = places(&file, &text, is_name);
        if let Some((exception, _)) = EXCEPTIONS.iter().find(|(exception, _)| *exception == file) {
            excepted.extend((!places.is_empty()).then_some(*exception));
        } else {
            found.extend(places);
        }
    }
    assert!(found.is_empty(), "ask the transport instead, by `TransportKind` or `Model`:\n{}", found.join("\n"));
    let listed: BTreeSet<_> = EXCEPTIONS.iter().map(|(file, _)| *file).collect();
    assert_eq!(excepted, listed, "an exception is no longer needed");
}
