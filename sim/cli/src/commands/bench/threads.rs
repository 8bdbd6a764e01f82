//! What several threads for one run give.

use super::report::median;
use super::sample;
use super::scenario::Scenario;
use crate::args::BenchArguments;
use homa_lab::{RunRecord, RunTiming, division};
use serde::Serialize;
use std::io::Write;
use std::process::ExitCode;
use std::sync::atomic::AtomicBool;

/// The measurements of a scenario. Both kinds of runs take turns, so that they meet the same
/// machine.
#[derive(Debug, Clone, PartialEq, Serialize)]
struct Speedup {
    scenario: &'static str,
    hosts: u32,
    runs: usize,
    threads: u32,
    /// Seconds on the wall, medians; and of several threads, CPU seconds of all together.
    one_thread_s: f64,
    threads_s: f64,
    threads_cpu_s: f64,
    /// Of the medians, and the least and greatest of a run and the one after it.
    speedup: f64,
    speedup_min: f64,
    speedup_max: f64,
    digest: String,
}

const HEAD: &str = "\
                             one thread   threads    CPU time    times    range over
scenario              hosts           s         s           s   faster    pairs of runs";

pub(super) fn execute(
    arguments: &BenchArguments,
    scenarios: &[Scenario],
    threads: u32,
    interrupted: &AtomicBool,
) -> anyhow::Result<ExitCode> {
    let mut stdout = std::io::stdout();
    if !arguments.json {
        writeln!(stdout, "{HEAD}")?;
    }
    for scenario in scenarios {
        let Some(measured) = measure(scenario, usize::from(arguments.runs), threads, interrupted)? else { continue };
        let line = if arguments.json { serde_json::to_string(&measured)? } else { measured.line() };
        writeln!(stdout, "{line}")?;
    }
    Ok(ExitCode::SUCCESS)
}

/// None if the network can't be divided.
fn measure(
    scenario: &Scenario,
    runs: usize,
    threads: u32,
    interrupted: &AtomicBool,
) -> anyhow::Result<Option<Speedup>> {
    let case = scenario.case(scenario.timed)?;
    let threads = match division(&case, threads) {
        Ok(partitioning) => partitioning.map_or(1, |partitioning| partitioning.partitions()),
        Err(reason) => {
            eprintln!("{}: left out, as it is simulated on one thread: {reason}", scenario.name);
            return Ok(None);
        }
    };
    let pair = |_| {
        let one = sample::run(scenario, 1, interrupted)?;
        let several = sample::run(scenario, threads, interrupted)?;
        let digests = [&one, &several].map(|(record, _)| record.digest());
        let [one_digest, several_digest] = &digests;
        anyhow::ensure!(
            one_digest == several_digest,
            "{}: digest {one_digest} on one thread and {several_digest} on {threads}: a fault of homasim",
            scenario.name
        );
        Ok((one, several))
    };
    let pairs: Vec<_> = (0..runs).map(pair).collect::<anyhow::Result<_>>()?;
    Ok(Some(Speedup::new(scenario.name, case.topology.hosts, threads, &pairs)))
}

type Timed = (RunRecord, RunTiming);

impl Speedup {
    fn new(scenario: &'static str, hosts: u32, threads: u32, pairs: &[(Timed, Timed)]) -> Self {
        let sorted = |value: fn(&(Timed, Timed)) -> f64| {
            let mut values: Vec<_> = pairs.iter().map(value).collect();
            values.sort_by(f64::total_cmp);
            values
        };
        let speedups = sorted(|(one, several)| one.1.wall_s / several.1.wall_s);
        let one_thread_s = median(&sorted(|(one, _)| one.1.wall_s));
        let threads_s = median(&sorted(|(_, several)| several.1.wall_s));
        Self {
            scenario,
            hosts,
            runs: pairs.len(),
            threads,
            one_thread_s,
            threads_s,
            threads_cpu_s: median(&sorted(|(_, several)| several.1.cpu_s)),
            speedup: one_thread_s / threads_s,
            speedup_min: speedups[0],
            speedup_max: speedups[speedups.len() - 1],
            digest: pairs[0].0.0.digest(),
        }
    }

    fn line(&self) -> String {
        format!(
            "{:<20} {:>6} {:>11.3} {:>4} x {:>5.3} {:>9.3} {:>8.2} {:>16}",
            self.scenario,
            self.hosts,
            self.one_thread_s,
            self.threads,
            self.threads_s,
            self.threads_cpu_s,
            self.speedup,
            format!("{:.2} - {:.2}", self.speedup_min, self.speedup_max)
        )
    }
}
