//! A fingerprint of all code and data that results are made by, for the keys of runs: the same on every machine that
//! has the same sources, another one as soon as any of them changes.

use sha2::{Digest, Sha256};
use std::fs;
use std::path::{Path, PathBuf};

/// Relative to the workspace. `Cargo.lock` stands for the libraries.
const SOURCES: [&str; 18] = [
    "Cargo.lock",
    "protocol/src",
    "sim/analysis/data",
    "sim/analysis/src",
    "sim/engine/src",
    "sim/experiment/src",
    "sim/fabric/src",
    "sim/figures/src",
    "sim/lab/src",
    "sim/run/src",
    "sim/transports/homa/src",
    "sim/transports/sigcomm18/src",
    "sim/transports/src",
    "sim/units/src",
    "topologies/presets",
    "topologies/src",
    "workloads/cdf",
    "workloads/src",
];

fn main() {
    let root = Path::new(&std::env::var("CARGO_MANIFEST_DIR").expect("cargo sets it")).join("../..");
    let mut hash = Sha256::new();
    for name in SOURCES {
        let path = root.join(name);
        println!("cargo::rerun-if-changed={}", path.display());
        let mut files = Vec::new();
        collect(&path, &mut files);
        for file in files {
            let content = fs::read(&file).unwrap_or_else(|error| panic!("cannot read {}: {error}", file.display()));
            // A checkout may have other line ends, and means the same.
            let content: Vec<u8> = content.into_iter().filter(|byte| *byte != b'\r').collect();
            let relative = file.strip_prefix(&root).expect("below the root").to_string_lossy().replace('\\', "/");
            hash.update(relative.as_bytes());
            hash.update([0]);
            hash.update(Sha256::digest(&content));
        }
    }
    let fingerprint: String = hash.finalize().iter().take(8).map(|byte| format!("{byte:02x}")).collect();
    println!("cargo::rustc-env=HOMASIM_SOURCES={fingerprint}");
}

/// All files at or below `path`, in an order that is the same everywhere.
fn collect(path: &Path, files: &mut Vec<PathBuf>) {
    if path.is_file() {
        files.push(path.to_owned());
        return;
    }
    let entries = fs::read_dir(path).unwrap_or_else(|error| panic!("cannot read {}: {error}", path.display()));
    let mut entries: Vec<_> = entries.map(|entry| entry.expect("a readable folder").path()).collect();
    entries.sort();
    entries.iter().for_each(|entry| collect(entry, files));
}
