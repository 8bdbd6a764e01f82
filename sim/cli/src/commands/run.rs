//! `homasim run`.

use super::experiment::{Planned, planned, refuse_overload, selection};
use crate::args::RunArguments;
use crate::progress::Progress;
use crate::text;
use anyhow::{Context, bail};
use homa_lab::{
    CaseOutcome, CaseSummary, Draw, Follow, Manifest, PlannedCase, RunError, Session, Tally, Timing, carry_out,
    check_writable,
};
use homa_units::Time;
use serde::Serialize;
use std::collections::BTreeMap;
use std::io::Write;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::atomic::AtomicBool;

pub(crate) fn execute(arguments: &RunArguments, interrupted: &'static AtomicBool) -> anyhow::Result<ExitCode> {
    let planned = planned(&arguments.experiment)?;
    refuse_overload(&arguments.experiment, &planned)?;
    let Planned { plan, manifest, out } = planned;
    let out = arguments.out.clone().unwrap_or(out);
    let selection = selection(&arguments.selection, &plan)?;
    check_writable(&out)?;
    crate::watch_for_interrupt()?;
    let selected = selection.of(&plan);
    if !arguments.quiet {
        eprint!("{}", text::plan(&plan));
    }
    let pool = super::threads::pool(&arguments.threads, &plan, &selected, arguments.quiet)?;
    let printer = Printer::new(&plan, &selected, arguments.json, arguments.quiet);
    // A manifest is repeated to see whether the same comes out.
    let again = arguments.again || manifest.is_some();
    let session = Session {
        plan: &plan,
        selection: &selection,
        out: &out,
        again,
        draw: drawn(arguments.no_png),
        interrupted,
        threads: u32::from(arguments.threads.threads),
    };
    let tally = pool.install(|| carry_out(session, &printer))?;
    let code = finish(&printer, &tally, arguments.quiet)?;
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

/// Says what became of a session, and fails if some of it failed.
pub(crate) fn finish(printer: &Printer<'_>, tally: &Tally, quiet: bool) -> anyhow::Result<ExitCode> {
    printer.finish();
    if let Some(error) = printer.error.lock().expect("no thread panics while it holds this").take() {
        return Err(error);
    }
    if tally.interrupted {
        return Err(RunError::Interrupted.into());
    }
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
    }
    Ok(ExitCode::SUCCESS)
}

/// Whether a repeated manifest gave what it says.
fn check_digests(before: &Manifest, now: &Manifest, quiet: bool) -> anyhow::Result<ExitCode> {
    let mut different = 0;
    for (before, now) in before.cases.iter().zip(&now.cases) {
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

/// What `--json` prints for a case.
#[derive(Serialize)]
struct JsonLine<'a> {
    #[serde(flatten)]
    summary: &'a CaseSummary,
    #[serde(flatten)]
    timing: &'a Timing,
    out: &'a Path,
}

/// What a finished case is told as: for people and, if wanted, for scripts.
struct Report {
    text: String,
    json: Option<String>,
    /// Notes and warnings, for those who want nothing else.
    warnings: Vec<String>,
}

/// Prints finished cases in the order of the experiment, as soon as those before have been printed.
pub(crate) struct Printer<'a> {
    progress: Progress<'a>,
    waiting: Mutex<InOrder>,
    json: bool,
    quiet: bool,
    error: Mutex<Option<anyhow::Error>>,
}

struct InOrder {
    waiting: BTreeMap<usize, Report>,
    next: usize,
}

impl<'a> Printer<'a> {
    /// Of a plan of which the `selected` runs are to be done.
    pub(crate) fn new(plan: &'a [PlannedCase], selected: &[(usize, usize)], json: bool, quiet: bool) -> Self {
        let waiting = Mutex::new(InOrder { waiting: BTreeMap::new(), next: 0 });
        Self { progress: Progress::new(plan, selected, quiet), waiting, json, quiet, error: Mutex::default() }
    }

    /// Prints what waits for cases that will not come.
    fn finish(&self) {
        self.progress.finish();
        let waiting = std::mem::take(&mut self.in_order().waiting);
        waiting.into_values().for_each(|report| self.print(&report));
    }

    fn in_order(&self) -> std::sync::MutexGuard<'_, InOrder> {
        self.waiting.lock().expect("no thread panics while it holds this")
    }

    fn print(&self, report: &Report) {
        let printed = match &report.json {
            Some(json) => {
                if !self.quiet {
                    self.progress.say(&report.text);
                }
                writeln!(std::io::stdout(), "{json}")
            }
            None if self.quiet => Ok(()),
            None => self.progress.suspend(|| writeln!(std::io::stdout(), "{}", report.text)),
        };
        if self.quiet {
            report.warnings.iter().for_each(|warning| eprintln!("{warning}"));
        }
        if let Err(error) = printed {
            self.error.lock().expect("no thread panics while it holds this").get_or_insert(error.into());
        }
    }

    fn report(&self, outcome: CaseOutcome) -> anyhow::Result<Report> {
        match outcome {
            CaseOutcome::Written(summary, timing, written) => {
                let line = JsonLine { summary: &summary, timing: &timing, out: &written.folder };
                let json = self.json.then(|| serde_json::to_string(&line)).transpose()?;
                let told = |kind: &'static str| {
                    let case = summary.case.clone();
                    move |text: &String| format!("{kind}: {case}: {text}")
                };
                let notes = summary.notes.iter().map(told("note"));
                let warnings = notes.chain(summary.warnings.iter().map(told("warning"))).collect();
                Ok(Report { text: text::report(&summary, &timing, &written), json, warnings })
            }
            CaseOutcome::Kept(folder) => {
                let text = format!("{}: done before, kept; --again runs it again", folder.display());
                let json = self.json.then(|| stored_line(&folder)).transpose()?;
                Ok(Report { text, json, warnings: Vec::new() })
            }
        }
    }
}

/// The JSON line of a case whose results are in `folder`.
fn stored_line(folder: &Path) -> anyhow::Result<String> {
    let read = |name: &str| -> anyhow::Result<serde_json::Map<String, serde_json::Value>> {
        let path = folder.join(name);
        let text = std::fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
        serde_json::from_str(&text).with_context(|| format!("{} is damaged", path.display()))
    };
    let mut line = read("summary.json")?;
    line.append(&mut read("timing.json")?);
    line.insert("out".to_owned(), serde_json::to_value(folder)?);
    Ok(serde_json::to_string(&line)?)
}

impl Follow for Printer<'_> {
    fn running(&self, case: usize, run: usize, now: Time) {
        self.progress.update(case, run, now);
    }

    fn ran(&self, case: usize, run: usize, _: bool) {
        self.progress.done(case, run);
    }

    fn done(&self, case: usize, outcome: CaseOutcome) {
        match self.report(outcome) {
            Ok(report) => {
                let mut in_order = self.in_order();
                in_order.waiting.insert(case, report);
                while let Some(report) = {
                    let next = in_order.next;
                    in_order.waiting.remove(&next)
                } {
                    self.print(&report);
                    in_order.next += 1;
                }
            }
            Err(error) => drop(self.error.lock().expect("no thread panics while it holds this").get_or_insert(error)),
        }
    }

    fn failed(&self, _: usize, reason: &str) {
        self.progress.say(&format!("failed: {reason}"));
    }
}
