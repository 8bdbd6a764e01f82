//! `homasim merge`.

use super::printer::Printer;
use super::run::{Ended, claim, finish};
use crate::args::MergeArguments;
use anyhow::bail;
use homa_lab::{Archive, Manifest, PlannedCase, Selection, Session, carry_out};
use std::process::ExitCode;
use std::sync::atomic::AtomicBool;

pub(crate) fn execute(arguments: &MergeArguments, interrupted: &'static AtomicBool) -> anyhow::Result<ExitCode> {
    let folders = &arguments.folders;
    let first = Manifest::read(&folders[0])?;
    for folder in &folders[1..] {
        let other = Manifest::read(folder)?;
        if let Some(difference) = first.difference(&other) {
            bail!(
                "{} and {} don't go together: {difference}; run all shards of one experiment with the same program",
                folders[0].display(),
                folder.display()
            );
        }
    }
    let plan = first.plan(&folders[0])?;
    if let Some(difference) = first.difference(&Manifest::of(&plan)) {
        bail!(
            "{} was not written by this program: {difference}; merge with the program that ran it",
            folders[0].display()
        );
    }
    let out = &arguments.out;
    crate::watch_for_interrupt()?;
    let claim = claim(out, &plan, arguments.replace)?;
    let archive = Archive::new(out);
    let mut missing = Vec::new();
    for (planned, run) in plan.iter().flat_map(|planned| planned.runs.iter().map(move |run| (planned, run))) {
        let mut is_there = archive.read(&run.key).is_some();
        for folder in folders {
            is_there = is_there || archive.take_over(&run.key, &Archive::new(folder))?;
        }
        if !is_there {
            missing.push((planned, run.key.as_str()));
        }
    }
    let printer = Printer::new(&plan, &[], arguments.json, arguments.quiet);
    let selection = Selection::none();
    let session = Session {
        plan: &plan,
        selection: &selection,
        claim: &claim,
        again: false,
        draw: super::run::drawn(arguments.no_png),
        interrupted,
        threads: 1,
    };
    let tally = carry_out(session, &printer)?;
    let goes_on = "the same command goes on from there";
    let code = finish(&printer, &tally, &Ended { plan: &plan, out, goes_on, quiet: arguments.quiet })?;
    if !missing.is_empty() {
        bail!("{}", missing_text(&missing));
    }
    Ok(code)
}

fn missing_text(missing: &[(&PlannedCase, &str)]) -> String {
    let shown = missing.iter().take(5).map(|(planned, key)| format!("{key} ({})", planned.case.name));
    let mut shown = shown.collect::<Vec<_>>().join(", ");
    if missing.len() > 5 {
        shown += ", ..";
    }
    format!(
        "{} {} in none of the folders: {shown}; run what is missing with --only KEY and merge again",
        missing.len(),
        if missing.len() == 1 { "run is" } else { "runs are" }
    )
}
