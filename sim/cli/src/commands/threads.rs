//! How many runs go at a time, and on how many threads each.

use crate::args::ThreadArguments;
use anyhow::Context;
use homa_lab::{PlannedCase, division};
use rayon::ThreadPool;

/// The pool of which each thread does one run at a time, on as many threads as `arguments` say; of `runs` runs in all. What a
/// user should know before is told unless that is not wanted.
pub(crate) fn pool(
    arguments: &ThreadArguments,
    plan: &[PlannedCase],
    runs: usize,
    quiet: bool,
) -> anyhow::Result<ThreadPool> {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let threads = usize::from(arguments.threads);
    // More jobs than runs would only wait.
    let jobs = arguments.jobs.map_or_else(|| (cores / threads).max(1), usize::from).min(runs).max(1);
    if !quiet {
        notes(arguments, plan, jobs, cores).iter().for_each(|note| eprintln!("note: {note}"));
    }
    rayon::ThreadPoolBuilder::new().num_threads(jobs).build().context("cannot start threads")
}

/// What is otherwise than the user may expect of `--threads`.
fn notes(arguments: &ThreadArguments, plan: &[PlannedCase], jobs: usize, cores: usize) -> Vec<String> {
    let threads = u32::from(arguments.threads);
    let mut notes = Vec::new();
    for PlannedCase { case, .. } in plan {
        match division(case, threads) {
            Ok(Some(partition)) if partition.parts() < threads => {
                let parts = partition.parts();
                notes.push(format!("{}: simulated on {parts} threads, as its network has so many parts", case.name));
            }
            Ok(_) => {}
            Err(reason) => notes.push(format!("{}: simulated on one thread: {reason}", case.name)),
        }
    }
    let busy = jobs * usize::from(arguments.threads);
    if threads > 1 && busy > cores {
        notes.push(format!(
            "{jobs} x {threads} threads on {cores} cores: those of a run wait for each other, so it will take longer than on one \
             thread; give --threads or --jobs less"
        ));
    }
    notes
}
