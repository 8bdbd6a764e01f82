//! `homasim plot`.

use crate::args::PlotArguments;
use anyhow::bail;
use homa_lab::{Draw, Manifest, load_experiment, write_figures};
use std::io::Write;
use std::process::ExitCode;

pub(crate) fn execute(arguments: &PlotArguments) -> anyhow::Result<ExitCode> {
    let sections = match &arguments.like {
        Some(file) => load_experiment(file, &[])?.figures,
        None => Manifest::read(&arguments.folder)?.manifest.figures,
    };
    let drawn = write_figures(&arguments.folder, &sections, Draw::SvgAndPng, true)?;
    for problem in &drawn.left_out {
        eprintln!("left out: figure {problem}");
    }
    for path in &drawn.files {
        writeln!(std::io::stdout(), "{}", path.display())?;
    }
    if drawn.files.is_empty() {
        bail!("no figure could be drawn");
    }
    Ok(ExitCode::SUCCESS)
}
