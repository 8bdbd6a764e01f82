//! A folder of its own for each experiment, and the runs of its cases.

use homa_lab::{Case, CaseSummary, Control, MessageRecord, Override, WrittenCase, cases, load_experiment, run_case};
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;
use tempfile::TempDir;

/// Echo RPCs of W3 between 10 hosts at 25 Gbps, every message of the run measured.
pub(crate) const ECHO: &str = r#"
[topology]
preset = "linux-cluster-10"
[transport]
kind = "homa"
[workload]
sizes = "w3-kernel"
payload_load = 0.5
[measure]
warmup = "0ps"
window = "2ms"
drain = "500ms"
background = "stop"
messages = true
[run]
seeds = [1]
"#;

/// [`ECHO`] with the messages of a trace in place of drawn ones.
pub(crate) fn of_trace(file: &str) -> String {
    let trace = format!("trace = \"{file}\"");
    ECHO.replace("payload_load = 0.5", &trace).replace("background = \"stop\"\n", "")
}

/// A folder with an experiment.
pub(crate) struct Lab(TempDir);

impl Lab {
    pub(crate) fn new(experiment: &str) -> Self {
        let lab = Self(tempfile::tempdir().unwrap());
        lab.write("lab.toml", experiment);
        lab
    }

    pub(crate) fn write(&self, name: &str, text: &str) {
        std::fs::write(self.path(name), text).unwrap();
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// The cases, or why there are none.
    pub(crate) fn try_cases(&self, set: &[&str]) -> Result<Vec<Case>, String> {
        try_cases(&self.path("lab.toml"), set)
    }

    pub(crate) fn cases(&self, set: &[&str]) -> Vec<Case> {
        self.try_cases(set).unwrap()
    }

    pub(crate) fn case(&self, set: &[&str]) -> Case {
        let mut cases = self.cases(set);
        assert_eq!(cases.len(), 1);
        cases.remove(0)
    }

    pub(crate) fn run(&self, set: &[&str]) -> (CaseSummary, Vec<MessageRecord>) {
        run(&self.case(set))
    }

    /// Demands that there are no cases, and that the reason has all `parts`.
    pub(crate) fn refused(&self, set: &[&str], parts: &[&str]) {
        let message = self.try_cases(set).map(|cases| cases.len()).expect_err("it is no experiment");
        for part in ["lab.toml"].iter().chain(parts) {
            assert!(message.contains(part), "`{part}` is missing in: {message}");
        }
    }

    /// Runs a case and writes its results.
    pub(crate) fn write_run(&self, case: &Case) -> (CaseSummary, WrittenCase) {
        let pooled = run_case(case, &control(&AtomicBool::new(false))).unwrap();
        let planned = homa_lab::PlannedCase::new(case.clone()).unwrap();
        let written = homa_lab::write_case(self.0.path(), &planned, &pooled, homa_lab::Draw::Svg).unwrap();
        (pooled.summary, written)
    }
}

pub(crate) fn try_cases(path: &Path, set: &[&str]) -> Result<Vec<Case>, String> {
    let set: Vec<Override> = set.iter().map(|text| text.parse().unwrap()).collect();
    let experiment = load_experiment(path, &set).map_err(|error| error.to_string())?;
    cases(path, &experiment).map_err(|error| error.to_string())
}

const fn control(interrupted: &AtomicBool) -> Control<'_> {
    Control { interrupted, progress: &|_, _| {}, threads: 1 }
}

pub(crate) fn run(case: &Case) -> (CaseSummary, Vec<MessageRecord>) {
    let pooled = run_case(case, &control(&AtomicBool::new(false))).unwrap();
    (pooled.summary, pooled.messages)
}

/// A metric of a summary; one that is zero is not listed.
pub(crate) fn metric(summary: &CaseSummary, name: &str) -> u64 {
    summary.metrics.as_ref().expect("homa has metrics").get(name).copied().unwrap_or(0)
}

/// The lines of a trace of messages from one host to another: time in nanoseconds, source,
/// destination, size.
pub(crate) fn trace(rows: &[(u64, u32, u32, u32)]) -> String {
    let rows =
        rows.iter().map(|(at_ns, source, destination, size)| format!("{at_ns}.0,{source},{destination},{size}\n"));
    format!("t_ns,src,dst,size\n{}", rows.collect::<String>())
}

/// A message is one of a client; no two have both in common.
pub(crate) fn identity(record: &MessageRecord) -> (u32, u32) {
    (record.message.source.0, record.message.sequence)
}
