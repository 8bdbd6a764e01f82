//! Tells of cases while a session goes on, in the order of the experiment.

use crate::progress::Progress;
use crate::text;
use homa_lab::{CaseOutcome, CaseSummary, Follow, PlannedCase, Timing, WrittenCase};
use homa_units::Time;
use serde::Serialize;
use std::collections::BTreeMap;
use std::io::Write;
use std::path::Path;
use std::sync::Mutex;

/// What `--json` prints for a case.
#[derive(Serialize)]
struct JsonLine<'a> {
    #[serde(flatten)]
    summary: &'a CaseSummary,
    #[serde(flatten)]
    timing: Option<&'a Timing>,
    out: &'a Path,
}

/// The JSON object of a case whose results are in `out`.
pub(crate) fn json_line(summary: &CaseSummary, timing: Option<&Timing>, out: &Path) -> anyhow::Result<String> {
    Ok(serde_json::to_string(&JsonLine { summary, timing, out })?)
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
    ///
    /// # Errors
    /// If something could not be printed, or results could not be read.
    pub(crate) fn finish(&self) -> anyhow::Result<()> {
        self.progress.finish();
        let waiting = std::mem::take(&mut self.in_order().waiting);
        waiting.into_values().for_each(|report| self.print(&report));
        let error = self.error.lock().expect("no thread panics while it holds this").take();
        error.map_or(Ok(()), Err)
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
        let (summary, timing, folder, place) = match outcome {
            CaseOutcome::Written(summary, timing, WrittenCase { folder, files }) => {
                let place = format!("wrote {}: {}", folder.display(), files.join(", "));
                (*summary, Some(timing), folder, place)
            }
            CaseOutcome::Kept(folder) => {
                let place =
                    format!("done before, kept in {}; `homasim run` with --again does it again", folder.display());
                (CaseSummary::read(&folder)?, Timing::read(&folder)?, folder, place)
            }
        };
        let json = self.json.then(|| json_line(&summary, timing.as_ref(), &folder)).transpose()?;
        let told = |kind: &'static str| {
            let case = summary.case.clone();
            move |text: &String| format!("{kind}: {case}: {text}")
        };
        let notes = summary.notes.iter().map(told("note"));
        let warnings = notes.chain(summary.warnings.iter().map(told("warning"))).collect();
        Ok(Report { text: text::report(&summary, timing.as_ref(), &place), json, warnings })
    }
}

impl Follow for Printer<'_> {
    fn running(&self, case: usize, run: usize, now: Time) {
        self.progress.update(case, run, now);
    }

    fn ran(&self, case: usize, run: usize, was_there: bool) {
        self.progress.done(case, run, was_there);
    }

    fn waits(&self, runs: usize) {
        if !self.quiet {
            let runs = text::count(runs, "run");
            self.progress.say(&format!("nothing is left but {runs} that another process is doing: waiting for it"));
        }
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
