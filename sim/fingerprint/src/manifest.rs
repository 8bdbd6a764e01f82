//! What of a `Cargo.toml` decides what is linked: names of packages, of members and of
//! dependencies.

use crate::files::text;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// The packages of the workspace in `root`, with their folders.
pub(crate) fn members(root: &Path) -> BTreeMap<String, PathBuf> {
    let manifest = text(&root.join("Cargo.toml"));
    let listed = manifest.split_once("\nmembers = [").and_then(|(_, rest)| rest.split_once(']'));
    let listed = listed.map_or("", |(listed, _)| listed);
    let texts = listed.split('"').skip(1).step_by(2);
    let folders = texts.flat_map(|text| match text.strip_suffix("/*") {
        None => vec![root.join(text)],
        Some(parent) => {
            let entries = std::fs::read_dir(root.join(parent)).into_iter().flatten().flatten();
            entries.map(|entry| entry.path()).filter(|folder| folder.join("Cargo.toml").is_file()).collect()
        }
    });
    let folders = folders.chain(std::iter::once(root.to_owned()));
    folders.filter_map(|folder| Some((name(&folder.join("Cargo.toml"))?, folder))).collect()
}

/// The package of a manifest, if it is of one.
fn name(manifest: &Path) -> Option<String> {
    let text = text(manifest);
    lines_of(&text, "package").find_map(|line| line.strip_prefix("name").and_then(quoted)).map(str::to_owned)
}

/// The packages that a package links: its `[dependencies]`, those of some systems included.
pub(crate) fn links(manifest: &Path) -> Vec<String> {
    let text = text(manifest);
    let mut names = Vec::new();
    for line in text.lines().filter(|line| line.starts_with('[')) {
        let section = line.trim().trim_matches(['[', ']']);
        if section == "dependencies" || section.starts_with("target.") && section.ends_with(".dependencies") {
            names.extend(lines_of(&text, section).filter_map(dependency));
        } else if let Some(name) = section.strip_prefix("dependencies.") {
            names.push(lines_of(&text, section).find_map(package).unwrap_or(name).to_owned());
        }
    }
    names
}

/// The package of a line `name = ..` or `name.workspace = ..`, if it is one and not the rest of a
/// long list.
fn dependency(line: &str) -> Option<String> {
    let (name, value) = line.split_once('=').filter(|_| line.starts_with(char::is_alphanumeric))?;
    let name = name.split('.').next().unwrap_or(name).trim();
    Some(value.split_once("package =").and_then(|(_, rest)| quoted(rest)).unwrap_or(name).to_owned())
}

/// The package of a line `package = ".."`.
fn package(line: &str) -> Option<&str> {
    line.strip_prefix("package").and_then(quoted)
}

/// What is in the first quotes.
fn quoted(text: &str) -> Option<&str> {
    text.split('"').nth(1)
}

/// The lines of a section.
fn lines_of<'a>(text: &'a str, section: &str) -> impl Iterator<Item = &'a str> {
    let head = format!("[{section}]");
    let after = text.lines().skip_while(move |line| line.trim() != head).skip(1);
    after.take_while(|line| !line.starts_with('[')).map(str::trim)
}
