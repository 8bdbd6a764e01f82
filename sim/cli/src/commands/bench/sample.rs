//! One run of a scenario: in this process to be timed, or in one of its own to be counted or weighed.

use super::scenario::Scenario;
use anyhow::Context;
use homa_lab::{Control, RunRecord, RunTiming, run_seed};
use homa_units::{Duration, Time};
use serde::{Deserialize, Serialize};
use std::process::Command;
use std::sync::Mutex;
use std::sync::atomic::AtomicBool;

/// Runs a scenario as long as it is timed, on so many threads.
pub(crate) fn run(
    scenario: &Scenario,
    threads: u32,
    interrupted: &AtomicBool,
) -> anyhow::Result<(RunRecord, RunTiming)> {
    let case = scenario.case(scenario.timed)?;
    Ok(run_seed(&case, 0, case.run().seeds[0], &Control { interrupted, progress: &|_, _| {}, threads })?)
}

/// What a process that simulates one scenario says of itself (`--raw`).
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(crate) struct Raw {
    pub(crate) hosts: u32,
    pub(crate) packet_hops: u64,
    /// Messages in flight, mean over the last tenth of the time.
    pub(crate) messages_in_flight_mean: f64,
    /// Where the system tells.
    pub(crate) memory: Option<Memory>,
}

/// Memory that the process has written to and that belongs to no file, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Memory {
    /// Before the network was built.
    pub(crate) before: u64,
    /// With the network and before its first event.
    pub(crate) idle: u64,
    /// After nine tenths of the time, when nothing has been measured yet.
    pub(crate) loaded: u64,
}

impl Raw {
    /// Memory of the idle network, per host.
    pub(crate) fn bytes_per_host(&self) -> Option<f64> {
        self.memory.map(|memory| memory.idle.saturating_sub(memory.before) as f64 / f64::from(self.hosts))
    }

    /// What came on top under load, per message in flight.
    pub(crate) fn bytes_per_message_in_flight(&self) -> Option<f64> {
        let memory = self.memory.filter(|_| self.messages_in_flight_mean > 0.0)?;
        Some(memory.loaded.saturating_sub(memory.idle) as f64 / self.messages_in_flight_mean)
    }
}

/// Runs a scenario in this process, which does nothing else, on one thread or several.
pub(crate) fn run_raw(scenario: &Scenario, total: Duration, threads: Option<u16>) -> anyhow::Result<Raw> {
    let before = anonymous_bytes();
    let case = scenario.case(total)?;
    let (loaded_at, _, _) = case.window();
    let (idle, loaded) = (Mutex::new(None), Mutex::new(None));
    let progress = |_, now: Time| {
        let place = match now {
            Time::ZERO => &idle,
            now if now == loaded_at => &loaded,
            _ => return,
        };
        place.lock().expect("no thread panics while it holds this").get_or_insert_with(anonymous_bytes);
    };
    let control =
        Control { interrupted: &AtomicBool::new(false), progress: &progress, threads: threads.map_or(1, u32::from) };
    let (record, _) = run_seed(&case, 0, case.run().seeds[0], &control)?;
    let taken = |place: Mutex<Option<Option<u64>>>| place.into_inner().expect("no thread has panicked").flatten();
    let memory = match (before, taken(idle), taken(loaded)) {
        (Some(before), Some(idle), Some(loaded)) => Some(Memory { before, idle, loaded }),
        _ => None,
    };
    Ok(Raw {
        hosts: case.topology.hosts,
        packet_hops: record.statistics().packet_hops,
        messages_in_flight_mean: record.messages_in_flight_mean(),
        memory,
    })
}

/// The command that runs a scenario in a process of its own.
pub(crate) fn raw_arguments(scenario: &Scenario, total: Duration) -> [String; 4] {
    ["bench".to_owned(), scenario.name.to_owned(), "--raw".to_owned(), total.to_string()]
}

/// Runs a scenario in a process of its own, without a tool.
pub(crate) fn run_apart(scenario: &Scenario, total: Duration) -> anyhow::Result<Raw> {
    let program = std::env::current_exe().context("cannot find this program")?;
    let output = Command::new(program).args(raw_arguments(scenario, total)).output()?;
    anyhow::ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr).trim());
    Ok(serde_json::from_slice(&output.stdout)?)
}

/// Linux tells it in `/proc/self/status`; none elsewhere.
fn anonymous_bytes() -> Option<u64> {
    anonymous_bytes_in(&std::fs::read_to_string("/proc/self/status").ok()?)
}

fn anonymous_bytes_in(status: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix("RssAnon:"))?;
    let kib: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kib * 1_024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_memory_of_a_process_is_read_as_linux_writes_it() {
        assert_eq!(anonymous_bytes_in("Name:\tx\nVmRSS:\t    9000 kB\nRssAnon:\t    1234 kB\n"), Some(1_234 * 1_024));
        assert_eq!(anonymous_bytes_in("Name:\tx\n"), None);
    }

    #[test]
    fn memory_is_shared_out_among_hosts_and_messages() {
        let memory = Some(Memory { before: 1_000, idle: 5_000, loaded: 8_000 });
        let raw = Raw { hosts: 4, packet_hops: 1, messages_in_flight_mean: 30.0, memory };
        assert_eq!((raw.bytes_per_host(), raw.bytes_per_message_in_flight()), (Some(1_000.0), Some(100.0)));
        let unknown = Raw { memory: None, ..raw };
        assert_eq!((unknown.bytes_per_host(), unknown.bytes_per_message_in_flight()), (None, None));
    }
}
