//! How many runs go at a time, and on how many threads each.

use crate::args::ThreadArguments;
use anyhow::Context;
use homa_lab::{PlannedCase, division};
use rayon::ThreadPool;
use std::collections::{BTreeMap, BTreeSet};

/// The pool of which each thread does one run at a time, on as many threads as `arguments` say;
/// `runs` are those to be done, as numbers of case and run. What a user should know before is told
/// unless that is not wanted.
pub(crate) fn pool(
    arguments: &ThreadArguments,
    plan: &[PlannedCase],
    runs: &[(usize, usize)],
    quiet: bool,
) -> anyhow::Result<ThreadPool> {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let cases: BTreeSet<usize> = runs.iter().map(|(case, _)| *case).collect();
    let divided = Divided::new(cases.into_iter().map(|case| &plan[case]), u32::from(arguments.threads));
    let allowed = arguments.jobs.map_or_else(|| (cores / divided.threads).max(1), usize::from);
    let jobs = allowed.min(runs.len()).max(1);
    if !quiet {
        divided.notes(jobs, cores).iter().for_each(|note| eprintln!("note: {note}"));
    }
    // Threads without a run draw figures.
    rayon::ThreadPoolBuilder::new().num_threads(allowed).build().context("cannot start threads")
}

/// How some cases are simulated.
struct Divided<'a> {
    /// The most threads of any case's runs.
    threads: usize,
    /// Cases by what is otherwise than the user may expect of them.
    otherwise: BTreeMap<String, Vec<&'a str>>,
}

impl<'a> Divided<'a> {
    fn new(cases: impl Iterator<Item = &'a PlannedCase>, threads: u32) -> Self {
        let mut divided = Self { threads: 1, otherwise: BTreeMap::new() };
        for PlannedCase { case, .. } in cases {
            let (parts, why) = match division(case, threads) {
                Ok(None) => continue,
                Ok(Some(partitioning)) => (partitioning.partitions(), "its network has so many parts".to_owned()),
                Err(reason) => (1, reason.to_string()),
            };
            divided.threads = divided.threads.max(parts as usize);
            if parts < threads {
                let on = if parts == 1 { "one thread".to_owned() } else { format!("{parts} threads") };
                divided.otherwise.entry(format!("simulated on {on}: {why}")).or_default().push(&case.name);
            }
        }
        divided
    }

    fn notes(&self, jobs: usize, cores: usize) -> Vec<String> {
        let of_cases = |(what, names): (&String, &Vec<&str>)| match names.as_slice() {
            [one] => format!("{one}: {what}"),
            [first, others @ ..] => format!("{first} and {} more: {what}", others.len()),
            [] => unreachable!("a group has a case"),
        };
        let mut notes: Vec<_> = self.otherwise.iter().map(of_cases).collect();
        let threads = self.threads;
        if threads > 1 && jobs * threads > cores {
            notes.push(format!(
                "{jobs} x {threads} threads on {cores} cores: those of a run wait for each other, so it will take longer than on \
                 one thread; give --threads or --jobs less"
            ));
        }
        notes
    }
}
