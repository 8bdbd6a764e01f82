//! Golden digests: the trajectory of a run is the same on every machine, in debug and release, and has not changed. A
//! change that moves results changes them on purpose, and the change log says so.

use homa_lab::{CaseSummary, Control, Override, cases, load_experiment, run_case};
use std::path::Path;
use std::sync::atomic::AtomicBool;

const SHORT: &str = r#"
[topology]
preset = "sigcomm18"
[transport]
kind = "sigcomm18"
[workload]
sizes = "w3"
load = 0.8
[measure]
warmup = "300us"
window = "500us"
drain = "1ms"
[run]
seeds = [1, 2]
"#;

fn summary(jobs: usize, overrides: &[&str]) -> CaseSummary {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("short.toml");
    std::fs::write(&path, SHORT).unwrap();
    let overrides: Vec<Override> = overrides.iter().map(|text| text.parse().unwrap()).collect();
    let case = cases(Path::new(&path), &load_experiment(&path, &overrides).unwrap()).unwrap().remove(0);
    let interrupted = AtomicBool::new(false);
    let control = Control { interrupted: &interrupted, progress: &|_, _| {}, threads: 1 };
    let pool = rayon::ThreadPoolBuilder::new().num_threads(jobs).build().unwrap();
    pool.install(|| run_case(&case, &control)).unwrap().summary
}

#[test]
fn the_golden_digests_are_unchanged() {
    let digests: Vec<_> = [("w1", "1"), ("w2", "1"), ("w3", "1"), ("w4", "1"), ("w5", "1"), ("w3", "2"), ("5000", "1")]
        .into_iter()
        .map(|(sizes, seed)| {
            let set = [format!("workload.sizes={sizes}"), format!("run.seeds=[{seed}]")];
            (sizes, seed, summary(2, &[&set[0], &set[1]]).digest)
        })
        .collect();
    let golden = GOLDEN.map(|(sizes, seed, digest)| (sizes, seed, digest.to_owned()));
    assert_eq!(digests, golden);
}

const GOLDEN: [(&str, &str, &str); 7] = [
    ("w1", "1", "a8e2b58485e26e63"),
    ("w2", "1", "5b2e83d5eef70c43"),
    ("w3", "1", "015500d637367247"),
    ("w4", "1", "8f65a2a8f801f60d"),
    ("w5", "1", "7f96752cc1a4cc76"),
    ("w3", "2", "9ec10bd2163de6ff"),
    ("5000", "1", "f3118db6b7d80ec9"),
];

#[test]
fn the_number_of_threads_does_not_matter() {
    let json = |jobs| serde_json::to_string(&summary(jobs, &[])).unwrap();
    assert_eq!(json(1), json(2));
}

#[test]
fn digests_differ_by_seed_and_pooling_keeps_the_order_of_seeds() {
    let digest = |seeds: &str| summary(2, &[&format!("run.seeds={seeds}")]).digest;
    let digests = [digest("[1]"), digest("[2]"), digest("[1, 2]"), digest("[2, 1]")];
    for (position, digest) in digests.iter().enumerate() {
        assert!(!digests[..position].contains(digest));
    }
}
