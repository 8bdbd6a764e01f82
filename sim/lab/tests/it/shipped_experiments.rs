//! Every experiment of the project can be run: it is read, and all its cases resolve.

use homa_lab::{cases, load_experiment};
use std::path::Path;

#[test]
fn every_shipped_experiment_resolves_into_cases() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../experiments");
    let mut files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|file| file.extension().is_some_and(|extension| extension == "toml"));
    assert!(files.len() >= 12, "{files:?}");
    for file in files {
        let experiment = load_experiment(&file, &[]).unwrap_or_else(|error| panic!("{error}"));
        let cases = cases(&file, &experiment).unwrap_or_else(|error| panic!("{error}"));
        assert!(!cases.is_empty(), "{}", file.display());
    }
}
