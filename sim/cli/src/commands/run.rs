//! `homasim run`.

use crate::args::RunArguments;
use crate::progress::Progress;
use crate::text;
use anyhow::Context;
use homa_lab::{
    Case, CaseSummary, Control, Timing, WrittenCase, cases, check_writable, load_experiment, run_case, write_case,
};
use rayon::prelude::*;
use serde::Serialize;
use std::collections::BTreeMap;
use std::io::Write;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::atomic::AtomicBool;

/// What `--json` prints for a case.
#[derive(Serialize)]
struct JsonLine<'a> {
    #[serde(flatten)]
    summary: &'a CaseSummary,
    #[serde(flatten)]
    timing: &'a Timing,
    out: &'a Path,
}

struct Finished {
    summary: CaseSummary,
    timing: Timing,
    written: WrittenCase,
}

/// Prints finished cases in the order of the experiment, as soon as those before have been printed.
struct InOrder {
    waiting: BTreeMap<usize, Finished>,
    next: usize,
}

pub(crate) fn execute(arguments: &RunArguments, interrupted: &'static AtomicBool) -> anyhow::Result<ExitCode> {
    let experiment = load_experiment(&arguments.file, &arguments.set)?;
    let cases = cases(&arguments.file, &experiment)?;
    let out = arguments.out.clone().unwrap_or_else(|| Path::new("results/out").join(&cases[0].experiment));
    check_writable(&out)?;
    crate::watch_for_interrupt()?;
    eprint!("{}", text::plan(&cases));
    let mut pool = rayon::ThreadPoolBuilder::new();
    // More threads than runs would only wait.
    let runs: usize = cases.iter().map(|case| case.run().seeds.len()).sum();
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    pool = pool.num_threads(arguments.jobs.map_or(cores, usize::from).min(runs));
    let pool = pool.build().context("cannot start threads")?;
    let progress = Progress::new(&cases);
    let printer = Mutex::new(InOrder { waiting: BTreeMap::new(), next: 0 });
    let outcome: anyhow::Result<()> = pool.install(|| {
        cases.par_iter().enumerate().try_for_each(|(number, case)| {
            let finished = run_and_write(number, case, &out, &progress, interrupted)?;
            let mut printer = printer.lock().expect("no thread panics while it holds this");
            printer.waiting.insert(number, finished);
            while let Some(finished) = {
                let next = printer.next;
                printer.waiting.remove(&next)
            } {
                print(arguments.json, &finished, &progress)?;
                printer.next += 1;
            }
            Ok(())
        })
    });
    progress.finish();
    outcome?;
    Ok(ExitCode::SUCCESS)
}

fn run_and_write(
    number: usize,
    case: &Case,
    out: &Path,
    progress: &Progress,
    interrupted: &AtomicBool,
) -> anyhow::Result<Finished> {
    let control = Control { interrupted, progress: &|run, now| progress.update(number, case, run, now) };
    let (summary, messages, timing) = run_case(case, &control)?;
    let written = write_case(out, case, &summary, &messages, &timing)?;
    Ok(Finished { summary, timing, written })
}

fn print(json: bool, finished: &Finished, progress: &Progress) -> anyhow::Result<()> {
    let Finished { summary, timing, written } = finished;
    let report = text::report(summary, timing, written);
    if json {
        progress.say(&report);
        let line = serde_json::to_string(&JsonLine { summary, timing, out: &written.folder })?;
        writeln!(std::io::stdout(), "{line}")?;
    } else {
        writeln!(std::io::stdout(), "{report}")?;
    }
    Ok(())
}
