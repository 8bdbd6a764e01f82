//! `homasim run`.

use super::experiment::{Planned, planned, refuse_overload, selection};
use super::printer::Printer;
use crate::args::RunArguments;
use crate::text;
use anyhow::bail;
use homa_lab::{Archive, Claim, Draw, Manifest, PlannedCase, RunError, Session, Tally, carry_out};
use std::collections::BTreeSet;
use std::path::Path;
use std::process::ExitCode;
use std::sync::atomic::AtomicBool;

pub(crate) fn execute(arguments: &RunArguments, interrupted: &'static AtomicBool) -> anyhow::Result<ExitCode> {
    let planned = planned(&arguments.experiment)?;
    refuse_overload(&arguments.experiment, &planned)?;
    let Planned { plan, manifest, out } = planned;
    let out = arguments.out.clone().unwrap_or(out);
    let selection = selection(&arguments.selection, &plan)?;
    crate::watch_for_interrupt()?;
    let claim = claim(&out, &plan, arguments.replace)?;
    let selected = selection.of(&plan);
    if !arguments.quiet {
        eprint!("{}", text::plan(&plan));
        if selected.is_empty() {
            eprintln!("note: the part that was asked for has no run; there are fewer runs than parts");
        }
    }
    let pool = super::threads::pool(&arguments.threads, &plan, &selected, arguments.quiet)?;
    let printer = Printer::new(&plan, &selected, arguments.json, arguments.quiet);
    // A manifest is repeated to see whether the same comes out.
    let again = arguments.again || manifest.is_some();
    let session = Session {
        plan: &plan,
        selection: &selection,
        claim: &claim,
        again,
        draw: drawn(arguments.no_png),
        interrupted,
        threads: u32::from(arguments.threads.threads),
    };
    let tally = pool.install(|| carry_out(session, &printer))?;
    let goes_on = match (&manifest, arguments.again) {
        (Some(_), _) => "a manifest is repeated from the begin",
        (None, true) => "the same command without --again goes on from there",
        (None, false) => "the same command goes on from there",
    };
    let code = finish(&printer, &tally, &Ended { plan: &plan, out: &out, goes_on, quiet: arguments.quiet })?;
    match arguments.report {
        true if tally.incomplete == 0 => super::report::after_run(&out, arguments.quiet)?,
        true => eprintln!("no report yet: `homasim report {}` writes it when all cases are complete", out.display()),
        false => {}
    }
    match &manifest {
        Some(manifest) if code == ExitCode::SUCCESS && tally.incomplete == 0 => {
            check_digests(manifest, &Manifest::read(&out)?, arguments.quiet)
        }
        _ => Ok(code),
    }
}

/// What is drawn of the results.
pub(crate) const fn drawn(no_png: bool) -> Draw {
    if no_png { Draw::Svg } else { Draw::SvgAndPng }
}

/// Claims a folder for a plan, and tells what the user should know before results are written.
pub(crate) fn claim(out: &Path, plan: &[PlannedCase], replace: bool) -> anyhow::Result<Claim> {
    let claim = Claim::new(out, plan, replace)?;
    claim.warnings().iter().for_each(|warning| eprintln!("warning: {warning}"));
    Ok(claim)
}

/// A session that has ended.
pub(crate) struct Ended<'a> {
    pub(crate) plan: &'a [PlannedCase],
    pub(crate) out: &'a Path,
    /// What to do if it was interrupted.
    pub(crate) goes_on: &'static str,
    pub(crate) quiet: bool,
}

impl Ended<'_> {
    /// What an interrupt leaves and what it takes.
    fn interrupted(&self, tally: &Tally) -> String {
        let archive = Archive::new(self.out);
        let keys: BTreeSet<&str> =
            self.plan.iter().flat_map(|planned| &planned.runs).map(|run| run.key.as_str()).collect();
        let lost = match tally.lost_runs {
            0 => String::new(),
            1 => "; 1 that was going on is lost".to_owned(),
            lost => format!("; {lost} that were going on are lost"),
        };
        match keys.iter().filter(|key| archive.has(key)).count() {
            0 => format!("interrupted: no run had finished, so nothing is kept{lost}"),
            kept => format!(
                "interrupted: {kept} of {} finished and kept in {}{lost}; {}",
                text::count(keys.len(), "run"),
                self.out.display(),
                self.goes_on
            ),
        }
    }
}

/// Says what became of a session, and fails if some of it failed.
pub(crate) fn finish(printer: &Printer<'_>, tally: &Tally, ended: &Ended<'_>) -> anyhow::Result<ExitCode> {
    let quiet = ended.quiet;
    printer.finish()?;
    if tally.interrupted {
        return Err(anyhow::Error::new(RunError::Interrupted).context(ended.interrupted(tally)));
    }
    tally.alike.iter().for_each(|alike| eprintln!("note: {alike}"));
    if let Some(drawn) = &tally.figures {
        drawn.left_out.iter().for_each(|problem| eprintln!("left out: figure {problem}"));
        let svg = drawn.files.iter().filter(|path| path.extension().is_some_and(|extension| extension == "svg"));
        if let Some(folder) = drawn.files.first().and_then(|path| path.parent()).filter(|_| !quiet) {
            eprintln!("drew {} in {}", text::count(svg.count(), "figure"), folder.display());
        }
    }
    if tally.failures > 0 {
        bail!("{} of the runs or cases failed, see above; the others are done", tally.failures);
    }
    if tally.incomplete > 0 && !quiet {
        eprintln!(
            "{} simulated, {} there already; {} waiting for runs that were not asked for",
            text::count(tally.runs, "run"),
            tally.kept_runs,
            text::count(tally.incomplete, "case")
        );
    } else if tally.kept_runs > 0 && !quiet {
        eprintln!(
            "{} simulated, {} there already or done by another process meanwhile",
            text::count(tally.runs, "run"),
            tally.kept_runs
        );
    }
    Ok(ExitCode::SUCCESS)
}

/// Whether a repeated manifest gave what it says.
fn check_digests(before: &Manifest, now: &Manifest, quiet: bool) -> anyhow::Result<ExitCode> {
    let mut different = 0;
    // The folder may have further cases.
    let named = |name: &str| now.cases.iter().find(|case| case.name == name);
    for (before, now) in before.cases.iter().filter_map(|before| Some((before, named(&before.name)?))) {
        if before.digest.is_some() && before.digest != now.digest {
            different += 1;
            let digest = |digest: &Option<String>| digest.clone().unwrap_or_else(|| "none".to_owned());
            eprintln!("{}: digest {} now, {} in the manifest", now.name, digest(&now.digest), digest(&before.digest));
        }
    }
    if before.cases.iter().any(|case| case.digest.is_none()) {
        eprintln!(
            "warning: the manifest was written before all of its cases were done; what it has no digest of was not checked"
        );
    }
    if different == 0 {
        if !quiet {
            eprintln!("repeated: every digest is that of the manifest");
        }
        return Ok(ExitCode::SUCCESS);
    }
    if before.manifest != now.manifest {
        eprintln!(
            "the manifest is of homasim {} with sources {}, this is {} with {}: results may have moved (CHANGELOG.md says)",
            before.manifest.homasim, before.manifest.sources, now.manifest.homasim, now.manifest.sources
        );
    }
    Ok(ExitCode::from(1))
}
