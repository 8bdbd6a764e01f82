//! The files of a package.

use std::fs;
use std::path::{Path, PathBuf};

/// Folders of a package that nothing of it links.
const APART: [&str; 4] = ["tests", "benches", "examples", "target"];

/// The files of the package in `folder` at or below `start`, by their names within it, in an order
/// that is the same everywhere.
///
/// Directly in the folder are a manifest and pages for people; of those files only a build script
/// makes code.
pub(crate) fn collect(folder: &Path, start: &Path) -> Vec<(String, PathBuf)> {
    let mut files = Vec::new();
    for entry in entries(start) {
        let name = entry.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let is_wanted = if entry.is_dir() {
            !APART.contains(&name.as_str()) || start != folder
        } else {
            name == "build.rs" || start != folder
        };
        // Hidden files are editors'; a folder with a manifest is another package's.
        if !is_wanted || name.starts_with('.') || entry.join("Cargo.toml").is_file() {
            continue;
        }
        if entry.is_dir() {
            files.extend(collect(folder, &entry));
        } else {
            let within = entry.strip_prefix(folder).expect("it is below").to_string_lossy().replace('\\', "/");
            files.push((within, entry));
        }
    }
    files.sort();
    files
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap_or_else(|cause| panic!("cannot read {}: {cause}", folder.display()));
    entries.map(|entry| entry.expect("a readable folder").path()).collect()
}

/// What is in a file. A checkout may have other line ends, and means the same.
pub(crate) fn content(path: &Path) -> Vec<u8> {
    let mut bytes = fs::read(path).unwrap_or_else(|cause| panic!("cannot read {}: {cause}", path.display()));
    if bytes.contains(&b'\r') {
        bytes.retain(|byte| *byte != b'\r');
    }
    bytes
}

/// The text of a file.
pub(crate) fn text(path: &Path) -> String {
    String::from_utf8(content(path)).unwrap_or_else(|cause| panic!("{}: {cause}", path.display()))
}
