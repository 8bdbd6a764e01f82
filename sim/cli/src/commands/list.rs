//! `homasim list`.

use crate::args::ListArguments;
use anyhow::Context;
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::Path;
use std::process::ExitCode;

pub(crate) fn execute(arguments: &ListArguments) -> anyhow::Result<ExitCode> {
    let folder = &arguments.folder;
    let entries = std::fs::read_dir(folder).with_context(|| format!("cannot read the folder {}", folder.display()))?;
    let mut files: Vec<_> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
    files.retain(|file| file.extension().is_some_and(|extension| extension == "toml"));
    files.sort();
    let mut text = String::new();
    for file in files {
        let _ = writeln!(text, "{}", file.display());
        for (name, entry) in head(&file)? {
            let _ = writeln!(text, "    {name:<9} {entry}");
        }
    }
    std::io::stdout().write_all(text.as_bytes())?;
    Ok(ExitCode::SUCCESS)
}

/// The entries of a file's head: comment lines such as `# Question: ..`, with their continuations.
fn head(file: &Path) -> anyhow::Result<Vec<(String, String)>> {
    let text = std::fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
    let mut entries: Vec<(String, String)> = Vec::new();
    for line in text.lines().map_while(|line| line.strip_prefix('#')) {
        let entry = line
            .split_once(": ")
            .filter(|(name, _)| !name.trim().contains(' ') && line.starts_with(" ") && !line.starts_with("  "));
        if let Some((name, rest)) = entry {
            entries.push((format!("{}:", name.trim()), rest.trim().to_owned()));
        } else if let Some((_, rest)) = entries.last_mut() {
            rest.push(' ');
            rest.push_str(line.trim());
        }
    }
    Ok(entries.into_iter().filter(|(name, _)| name == "Question:" || name == "Time:").collect())
}
