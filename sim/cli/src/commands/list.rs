//! `homasim list`.

use crate::args::ListArguments;
use anyhow::Context;
use homa_lab::head_entries;
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::Path;
use std::process::ExitCode;

pub(crate) fn execute(arguments: &ListArguments) -> anyhow::Result<ExitCode> {
    let text = if arguments.transports { transports() } else { experiments(&arguments.folder)? };
    std::io::stdout().write_all(text.as_bytes())?;
    Ok(ExitCode::SUCCESS)
}

fn transports() -> String {
    homa_transports::all().map(|kind| format!("{}\n    {}\n", kind.name(), kind.summary())).collect()
}

fn experiments(folder: &Path) -> anyhow::Result<String> {
    let entries = std::fs::read_dir(folder).with_context(|| format!("cannot read the folder {}", folder.display()))?;
    let mut files: Vec<_> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
    files.retain(|file| file.extension().is_some_and(|extension| extension == "toml"));
    files.sort();
    let mut text = String::new();
    for file in files {
        let _ = writeln!(text, "{}", file.display());
        let content = std::fs::read_to_string(&file).with_context(|| format!("cannot read {}", file.display()))?;
        let told = head_entries(&content).into_iter().filter(|(name, _)| name == "Question" || name == "Time");
        for (name, entry) in told {
            let _ = writeln!(text, "    {:<9} {entry}", name + ":");
        }
    }
    Ok(text)
}
