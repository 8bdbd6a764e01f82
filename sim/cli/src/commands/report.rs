//! `homasim report`.

use crate::args::ReportArguments;
use homa_lab::{Manifest, load_experiment, write_report};
use std::io::Write;
use std::path::Path;
use std::process::ExitCode;

pub(crate) fn execute(arguments: &ReportArguments) -> anyhow::Result<ExitCode> {
    let sections = match &arguments.like {
        Some(file) => load_experiment(file, &[])?.figures,
        None => Manifest::read(&arguments.folder)?.manifest.figures,
    };
    let (path, left_out) = write_report(&arguments.folder, &sections)?;
    left_out.iter().for_each(|problem| eprintln!("left out: figure {problem}"));
    writeln!(std::io::stdout(), "{}", path.display())?;
    Ok(ExitCode::SUCCESS)
}

/// The report of a run whose cases are all complete. What was left out of it has been told.
pub(crate) fn after_run(out: &Path, quiet: bool) -> anyhow::Result<()> {
    let (path, _) = write_report(out, &Manifest::read(out)?.manifest.figures)?;
    if !quiet {
        eprintln!("wrote {}", path.display());
    }
    Ok(())
}
