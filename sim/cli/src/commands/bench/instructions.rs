//! Instructions per packet-hop: those of a longer run less those of a shorter one, over the difference of their
//! packet-hops, so that what a process does once cancels.

use super::sample::{Raw, raw_arguments};
use super::scenario::Scenario;
use anyhow::Context;
use homa_units::Duration;
use std::path::Path;
use std::process::{Command, Output};

/// A tool that counts the instructions of a process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tool {
    /// Cachegrind without its caches: the quickest of valgrind's tools that counts.
    Valgrind,
    /// The processor's own counter, where the system lets us read it.
    Perf,
}

/// An installed tool, and its version as it gives it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Counter {
    tool: Tool,
    pub(crate) version: String,
}

impl Counter {
    /// The first tool that is installed and works: valgrind, whose counts are the same each time, or perf.
    pub(crate) fn find() -> Option<Self> {
        let version = |program: &str| {
            let output =
                Command::new(program).arg("--version").output().ok().filter(|output| output.status.success())?;
            Some(String::from_utf8_lossy(&output.stdout).trim().to_owned())
        };
        if let Some(version) = version("valgrind") {
            return Some(Self { tool: Tool::Valgrind, version });
        }
        let counter = Self { tool: Tool::Perf, version: version("perf")? };
        // On many virtual machines perf is there and counts nothing.
        let program = std::env::current_exe().ok()?;
        counter.count(&program, &["--version".to_owned()]).ok().map(|_| counter)
    }

    fn command(&self, program: &Path) -> Command {
        let mut command;
        match self.tool {
            Tool::Valgrind => {
                command = Command::new("valgrind");
                command.args(["--tool=cachegrind", "--cache-sim=no", "--cachegrind-out-file=/dev/null", "--"]);
            }
            Tool::Perf => {
                command = Command::new("perf");
                command.args(["stat", "-x", ",", "-e", "instructions:u", "--"]);
            }
        }
        command.arg(program);
        command
    }

    /// Instructions of a command of this program, and what it printed.
    fn count(&self, program: &Path, arguments: &[String]) -> anyhow::Result<(u64, Output)> {
        let output = self.command(program).args(arguments).output()?;
        let notes = String::from_utf8_lossy(&output.stderr);
        anyhow::ensure!(output.status.success(), "{} failed: {}", self.version, notes.trim());
        let instructions = match self.tool {
            Tool::Valgrind => valgrind_count(&notes),
            Tool::Perf => perf_count(&notes),
        };
        let instructions = instructions.with_context(|| format!("{} told no count: {}", self.version, notes.trim()))?;
        Ok((instructions, output))
    }

    fn count_run(&self, scenario: &Scenario, total: Duration) -> anyhow::Result<(u64, u64)> {
        let program = std::env::current_exe().context("cannot find this program")?;
        let (instructions, output) = self.count(&program, &raw_arguments(scenario, total))?;
        let raw: Raw = serde_json::from_slice(&output.stdout)?;
        Ok((instructions, raw.packet_hops))
    }

    /// Instructions per packet-hop of a scenario. Its two runs go on side by side.
    pub(crate) fn per_packet_hop(&self, scenario: &Scenario) -> anyhow::Result<f64> {
        let [short, long] = scenario.counted;
        let (short, long) = std::thread::scope(|threads| {
            let short = threads.spawn(|| self.count_run(scenario, short));
            let long = self.count_run(scenario, long);
            (short.join().expect("counting does not panic"), long)
        });
        let ((short, short_hops), (long, long_hops)) = (short?, long?);
        anyhow::ensure!(long_hops > short_hops && long > short, "{}: the longer run did not do more", scenario.name);
        Ok((long - short) as f64 / (long_hops - short_hops) as f64)
    }
}

/// From `==7== I   refs:      2,069,813,036`.
fn valgrind_count(notes: &str) -> Option<u64> {
    let is_count = |line: &&str| line.split_whitespace().skip(1).take(2).eq(["I", "refs:"]);
    notes.lines().find(is_count)?.split_whitespace().last()?.replace(',', "").parse().ok()
}

/// From `2069813036,,instructions:u,40000000,100.00,,`.
fn perf_count(notes: &str) -> Option<u64> {
    let line = notes.lines().find(|line| line.split(',').any(|field| field.starts_with("instructions")))?;
    line.split(',').next()?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_count_is_found_in_what_the_tools_write() {
        let valgrind =
            "==7== Cachegrind, a cache and branch-prediction profiler\n==7== \n==7== I   refs:      2,069,813,036\n";
        assert_eq!(valgrind_count(valgrind), Some(2_069_813_036));
        assert_eq!(valgrind_count("==7== I refs:        12,345\n"), Some(12_345));
        assert_eq!(valgrind_count("==7== nothing\n"), None);
        assert_eq!(perf_count("2069813036,,instructions:u,40000000,100.00,,\n"), Some(2_069_813_036));
        assert_eq!(perf_count("<not supported>,,instructions:u,0,100.00,,\n"), None);
    }
}
