//! `homasim show`.

use super::printer::json_line;
use crate::args::ShowArguments;
use crate::text;
use homa_lab::{CaseState, Contents, PlannedRun, StoredCase};
use serde::Serialize;
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::Path;
use std::process::ExitCode;

/// Some of the results are missing or can't be read.
const EXIT_INCOMPLETE: u8 = 1;
/// So many missing runs of a case are named.
const NAMED: usize = 5;

pub(crate) fn execute(arguments: &ShowArguments) -> anyhow::Result<ExitCode> {
    let contents = Contents::read(&arguments.folder)?;
    let text = if arguments.json { json(&contents)? } else { text(&contents) };
    std::io::stdout().write_all(text.as_bytes())?;
    let is_complete = contents.complete() == contents.cases.len();
    Ok(if is_complete { ExitCode::SUCCESS } else { ExitCode::from(EXIT_INCOMPLETE) })
}

fn text(contents: &Contents) -> String {
    let Contents { manifest, cases, of_all } = contents;
    let made_by = &manifest.manifest;
    let mut text = format!(
        "{}: {} of {} complete; made by homasim {}, sources {}\n",
        made_by.experiment,
        contents.complete(),
        text::count(cases.len(), "case"),
        made_by.homasim,
        made_by.sources
    );
    if let Some(question) = &made_by.question {
        let _ = writeln!(text, "question: {question}");
    }
    for case in cases {
        let _ = writeln!(text, "{}", shown(case));
    }
    if contents.complete() < cases.len() {
        text += "\nWhat is missing comes with the `homasim run` that began it: it goes on from what is there.\n";
    }
    if !of_all.is_empty() {
        let paths: Vec<_> = of_all.iter().map(|path| path.display().to_string()).collect();
        let _ = writeln!(text, "\nof all cases: {}", paths.join(", "));
    }
    text
}

fn shown(case: &StoredCase) -> String {
    let StoredCase { name, folder, state } = case;
    match state {
        CaseState::Complete(summary, timing) => {
            text::report(summary, timing.as_ref(), &format!("in {}", folder.display()))
        }
        CaseState::Damaged(problem) => format!("\n{name}: damaged: {problem}"),
        CaseState::Incomplete { missing, runs, has_others } => {
            let what = match missing.as_slice() {
                [] => format!("the {} are there, but the case was not written yet", text::count(*runs, "run")),
                missing => {
                    let is = if missing.len() == 1 { "is" } else { "are" };
                    format!("{} of {} {is} missing: {}", missing.len(), text::count(*runs, "run"), named(missing))
                }
            };
            let others = if *has_others {
                format!("; {} has results of other settings, or of another version of the program", folder.display())
            } else {
                String::new()
            };
            format!("\n{name}: not complete: {what}{others}")
        }
    }
}

fn named(runs: &[PlannedRun]) -> String {
    let named = runs.iter().take(NAMED).map(|run| format!("seed {} ({})", run.seed, run.key));
    let mut named = named.collect::<Vec<_>>().join(", ");
    if runs.len() > NAMED {
        named += ", ..";
    }
    named
}

/// What `--json` prints of a case that is not complete.
#[derive(Serialize)]
struct Incomplete<'a> {
    case: &'a str,
    complete: bool,
    runs: usize,
    missing: Vec<Missing<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    damaged: Option<&'a str>,
    out: &'a Path,
}

#[derive(Serialize)]
struct Missing<'a> {
    seed: u64,
    key: &'a str,
}

fn json(contents: &Contents) -> anyhow::Result<String> {
    let mut text = String::new();
    for (StoredCase { name, folder, state }, stored) in contents.cases.iter().zip(&contents.manifest.cases) {
        let incomplete = |runs, missing: &[PlannedRun], damaged| {
            let missing = missing.iter().map(|run| Missing { seed: run.seed, key: &run.key });
            let missing = missing.collect::<Vec<_>>();
            let line = Incomplete { case: name, complete: false, runs, missing, damaged, out: folder };
            serde_json::to_string(&line)
        };
        let line = match state {
            CaseState::Complete(summary, timing) => json_line(summary, timing.as_ref(), folder)?,
            CaseState::Incomplete { missing, runs, .. } => incomplete(*runs, missing, None)?,
            CaseState::Damaged(problem) => incomplete(stored.runs.len(), &[], Some(problem))?,
        };
        let _ = writeln!(text, "{line}");
    }
    Ok(text)
}
