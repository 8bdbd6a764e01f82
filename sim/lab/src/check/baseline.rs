//! The committed baseline: what later results are judged by.

use crate::disk::write_atomically;
use crate::results::{CaseSummary, Overall, OverallConfidence, ShortMessages, StoredError, finite};
use homa_analysis::Decile;
use serde::{Deserialize, Serialize};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use thiserror::Error;

/// A baseline file. It has no date, so that the same results make the same file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Baseline {
    /// Name of the experiment.
    pub experiment: String,
    /// Version of the program that made it.
    pub homasim: String,
    /// Why it is what it is.
    pub reason: String,
    /// In the order of the experiment.
    pub cases: Vec<BaselineCase>,
}

/// What a case gave: a part of its `summary.json`, rounded to six digits.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct BaselineCase {
    /// Its name.
    pub name: String,
    /// The transport.
    pub transport: String,
    /// The network.
    pub topology: String,
    /// The message sizes.
    pub workload: String,
    /// What slowdown is relative to.
    pub denominator: String,
    /// The seeds.
    pub seeds: Vec<u64>,
    /// Digest of all completions.
    pub digest: String,
    /// Messages of the window, and how many of them did not finish.
    pub messages: u64,
    /// See `messages`.
    pub unfinished: u64,
    /// Slowdown over all messages.
    pub overall: BaselineOverall,
    /// Latency of the short messages.
    pub short_messages: BaselineShort,
    /// Slowdown by tenth of messages.
    pub deciles: Vec<BaselineDecile>,
    /// What lone messages take, by ascending size: of the smallest and the largest size of each
    /// tenth, and of some between. Baselines of earlier versions have none.
    #[serde(default)]
    pub best_times: Vec<BaselineBest>,
}

/// What a lone message takes, which is what its slowdown is relative to.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct BaselineBest {
    /// Its size.
    pub bytes: u64,
    /// The time in microseconds by how far hosts are apart, the nearest first; none if no two hosts
    /// of the network are so far apart.
    pub us: Vec<Option<f64>>,
}

/// Slowdown over all messages; values that are infinite or not known are none, as below.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct BaselineOverall {
    /// Median, with the ends of its 95 % confidence interval.
    pub p50: Option<f64>,
    /// See `p50`.
    pub p50_low: Option<f64>,
    /// See `p50`.
    pub p50_high: Option<f64>,
    /// 99th percentile, with the ends of its 95 % confidence interval.
    pub p99: Option<f64>,
    /// See `p99`.
    pub p99_low: Option<f64>,
    /// See `p99`.
    pub p99_high: Option<f64>,
    /// Mean of the finished messages.
    pub mean: Option<f64>,
}

/// Latency of the short messages in microseconds.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct BaselineShort {
    /// Up to this size.
    pub bytes_max: u64,
    /// How many there were.
    pub count: u64,
    /// Median, with the ends of its 95 % confidence interval.
    pub p50_us: Option<f64>,
    /// See `p50_us`.
    pub p50_low_us: Option<f64>,
    /// See `p50_us`.
    pub p50_high_us: Option<f64>,
    /// 99th percentile, with the ends of its 95 % confidence interval.
    pub p99_us: Option<f64>,
    /// See `p99_us`.
    pub p99_low_us: Option<f64>,
    /// See `p99_us`.
    pub p99_high_us: Option<f64>,
}

/// Slowdown of a tenth of the messages.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct BaselineDecile {
    /// Smallest size in bytes.
    pub size_min: u64,
    /// Largest size in bytes.
    pub size_max: u64,
    /// How many there were.
    pub count: u64,
    /// Median, with the ends of its 95 % confidence interval.
    pub p50: Option<f64>,
    /// See `p50`.
    pub p50_low: Option<f64>,
    /// See `p50`.
    pub p50_high: Option<f64>,
    /// 99th percentile, with the ends of its 95 % confidence interval.
    pub p99: Option<f64>,
    /// See `p99`.
    pub p99_low: Option<f64>,
    /// See `p99`.
    pub p99_high: Option<f64>,
}

impl BaselineOverall {
    pub(super) fn of(overall: &Overall) -> Self {
        let Overall { p50, p99, mean, confidence } = *overall;
        let OverallConfidence { p50_low, p50_high, p99_low, p99_high } = confidence;
        Self { p50, p50_low, p50_high, p99, p99_low, p99_high, mean }
    }

    /// Each number.
    pub(super) fn numbers(&mut self) -> [&mut Option<f64>; 7] {
        let Self { p50, p50_low, p50_high, p99, p99_low, p99_high, mean } = self;
        [p50, p50_low, p50_high, p99, p99_low, p99_high, mean]
    }

    pub(super) fn round(&mut self) {
        round_all(self.numbers());
    }
}

impl BaselineShort {
    fn of(short: &ShortMessages) -> Self {
        let ShortMessages { bytes_max, count, p50_us, p99_us, .. } = *short;
        let ShortMessages { p50_low_us, p50_high_us, p99_low_us, p99_high_us, .. } = *short;
        Self { bytes_max, count, p50_us, p50_low_us, p50_high_us, p99_us, p99_low_us, p99_high_us }
    }
}

impl BaselineDecile {
    pub(super) fn of(decile: &Decile) -> Self {
        let Decile { size_min, size_max, count, .. } = *decile;
        let Decile { p50, p50_low, p50_high, p99, p99_low, p99_high, .. } = *decile;
        let [p50, p50_low, p50_high] = [p50, p50_low, p50_high].map(finite);
        let [p99, p99_low, p99_high] = [p99, p99_low, p99_high].map(finite);
        Self { size_min, size_max, count, p50, p50_low, p50_high, p99, p99_low, p99_high }
    }

    /// Each slowdown.
    pub(super) fn numbers(&mut self) -> [&mut Option<f64>; 6] {
        let Self { p50, p50_low, p50_high, p99, p99_low, p99_high, .. } = self;
        [p50, p50_low, p50_high, p99, p99_low, p99_high]
    }

    pub(super) fn round(&mut self) {
        round_all(self.numbers());
    }
}

/// Why a baseline can't be used, or results can't be read.
#[derive(Debug, Error)]
pub enum BaselineError {
    /// There is no such file, or it can't be opened.
    #[error(
        "cannot read the baseline {path}: {cause}; write one with --update REASON, or name another with --baseline FILE"
    )]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        cause: std::io::Error,
    },
    /// It is none.
    #[error("{path} is no baseline: {cause}; restore it, or write a new one with --update REASON")]
    Invalid {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        cause: serde_json::Error,
    },
    /// It can't be written.
    #[error("cannot write the baseline {path}: {cause}; name another file with --baseline FILE")]
    Unwritable {
        /// The file.
        path: PathBuf,
        /// Why.
        cause: std::io::Error,
    },
    /// The results of a case can't be read.
    #[error("cannot use {path}: {problem}; remove the folder and run again")]
    Result {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        problem: String,
    },
}

impl Baseline {
    /// What this program makes of results, for this reason.
    #[must_use]
    pub fn new(experiment: &str, reason: &str, cases: Vec<BaselineCase>) -> Self {
        let homasim = env!("CARGO_PKG_VERSION").to_owned();
        Self { experiment: experiment.to_owned(), homasim, reason: reason.to_owned(), cases }
    }

    /// Reads a baseline.
    ///
    /// # Errors
    /// If there is none.
    pub fn read(path: &Path) -> Result<Self, BaselineError> {
        let text = std::fs::read_to_string(path)
            .map_err(|cause| BaselineError::Unreadable { path: path.to_owned(), cause })?;
        serde_json::from_str(&text).map_err(|cause| BaselineError::Invalid { path: path.to_owned(), cause })
    }

    /// Writes it, whole or not at all, with the folder that it is in.
    ///
    /// # Errors
    /// If it can't be written.
    pub fn write(&self, path: &Path) -> Result<(), BaselineError> {
        let error = |cause| BaselineError::Unwritable { path: path.to_owned(), cause };
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        std::fs::create_dir_all(folder).map_err(error)?;
        let name = path.file_name().unwrap_or_default();
        write_atomically(&folder.join(name), self.text().as_bytes()).map_err(|store| error(store.cause))
    }

    /// JSON with a line for each number of a case, each tenth and each best time, so that a version control system
    /// shows what moved.
    #[must_use]
    pub fn text(&self) -> String {
        let mut text = String::from("{\n");
        for (key, value) in [("experiment", &self.experiment), ("homasim", &self.homasim), ("reason", &self.reason)] {
            let _ = writeln!(text, "  \"{key}\": {},", json(value));
        }
        let cases: Vec<_> = self.cases.iter().map(BaselineCase::text).collect();
        let _ = writeln!(text, "  \"cases\": [\n{}\n  ]\n}}", cases.join(",\n"));
        text
    }
}

impl BaselineCase {
    /// Whether it has messages and no best times: an earlier version made it.
    pub(super) const fn lacks_best_times(&self) -> bool {
        self.best_times.is_empty() && !self.deciles.is_empty()
    }

    /// Of the results in the folder of a case, without its best times.
    ///
    /// # Errors
    /// If they can't be read.
    pub(super) fn read(folder: &Path) -> Result<Self, BaselineError> {
        let result = |StoredError { path, problem }| BaselineError::Result { path, problem };
        CaseSummary::read(folder).map(Self::of).map_err(result)
    }

    /// The part of a summary.
    fn of(summary: CaseSummary) -> Self {
        let deciles = summary.deciles.iter().map(BaselineDecile::of).collect();
        let mut case = Self {
            name: summary.case,
            transport: summary.transport,
            topology: summary.topology,
            workload: summary.workload,
            denominator: summary.denominator,
            seeds: summary.seeds,
            digest: summary.digest,
            messages: summary.messages,
            unfinished: summary.unfinished,
            overall: BaselineOverall::of(&summary.overall),
            short_messages: BaselineShort::of(&summary.short_messages),
            deciles,
            best_times: Vec::new(),
        };
        case.round();
        case
    }

    /// Six digits are more than any tolerance needs, and people can read them.
    fn round(&mut self) {
        self.overall.round();
        let BaselineShort { p50_us, p50_low_us, p50_high_us, p99_us, p99_low_us, p99_high_us, .. } =
            &mut self.short_messages;
        round_all([p50_us, p50_low_us, p50_high_us, p99_us, p99_low_us, p99_high_us]);
        self.deciles.iter_mut().for_each(BaselineDecile::round);
    }

    fn text(&self) -> String {
        let list = |lines: Vec<String>| match lines.is_empty() {
            true => "[]".to_owned(),
            false => format!("[\n        {}\n      ]", lines.join(",\n        ")),
        };
        let fields = [
            ("name", json(&self.name)),
            ("transport", json(&self.transport)),
            ("topology", json(&self.topology)),
            ("workload", json(&self.workload)),
            ("denominator", json(&self.denominator)),
            ("seeds", json(&self.seeds)),
            ("digest", json(&self.digest)),
            ("messages", json(&self.messages)),
            ("unfinished", json(&self.unfinished)),
            ("overall", json(&self.overall)),
            ("short_messages", json(&self.short_messages)),
            ("deciles", list(self.deciles.iter().map(json).collect())),
            ("best_times", list(self.best_times.iter().map(json).collect())),
        ];
        let lines: Vec<_> = fields.into_iter().map(|(key, value)| format!("      \"{key}\": {value}")).collect();
        format!("    {{\n{}\n    }}", lines.join(",\n"))
    }
}

/// On one line, with a space after each comma and colon; texts stay as they are.
fn json(value: &impl Serialize) -> String {
    let compact = serde_json::to_string(value).expect("plain data");
    let (mut text, mut in_text, mut escaped) = (String::new(), false, false);
    for c in compact.chars() {
        text.push(c);
        if !in_text && matches!(c, ',' | ':') {
            text.push(' ');
        }
        in_text ^= c == '"' && !escaped;
        escaped = c == '\\' && !escaped;
    }
    text
}

fn round_all<const N: usize>(values: [&mut Option<f64>; N]) {
    values.into_iter().flatten().for_each(|value| *value = rounded(*value));
}

/// To six digits, through text, as that is the same on every machine.
pub(super) fn rounded(value: f64) -> f64 {
    format!("{value:.5e}").parse().expect("a number")
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    pub(crate) fn best(bytes: u64, us: f64) -> BaselineBest {
        BaselineBest { bytes, us: vec![Some(us), None] }
    }

    /// A case of a thousand messages in two halves; everything is 2 in the median and 10 at the
    /// 99th percentile.
    pub(crate) fn case(name: &str) -> BaselineCase {
        let decile = |size_min, size_max| BaselineDecile {
            size_min,
            size_max,
            count: 500,
            p50: Some(2.0),
            p50_low: Some(1.9),
            p50_high: Some(2.1),
            p99: Some(10.0),
            p99_low: Some(9.0),
            p99_high: Some(11.0),
        };
        let overall = BaselineOverall {
            p50: Some(2.0),
            p50_low: Some(1.9),
            p50_high: Some(2.1),
            p99: Some(10.0),
            p99_low: Some(9.0),
            p99_high: Some(11.0),
            mean: Some(3.0),
        };
        let short_messages = BaselineShort {
            bytes_max: 10,
            count: 120,
            p50_us: Some(2.0),
            p50_low_us: Some(1.9),
            p50_high_us: Some(2.1),
            p99_us: Some(10.0),
            p99_low_us: Some(9.0),
            p99_high_us: Some(11.0),
        };
        BaselineCase {
            name: name.to_owned(),
            transport: "sigcomm18".to_owned(),
            topology: "sigcomm18-16".to_owned(),
            workload: "w3".to_owned(),
            denominator: "sigcomm18".to_owned(),
            seeds: vec![1, 2],
            digest: "0123456789abcdef".to_owned(),
            messages: 1000,
            unfinished: 0,
            overall,
            short_messages,
            deciles: vec![decile(1, 100), decile(101, 5000)],
            best_times: [(1, 1.0), (100, 1.5), (101, 1.5), (5000, 6.0)].map(|(bytes, us)| best(bytes, us)).to_vec(),
        }
    }

    #[test]
    fn a_baseline_is_read_as_it_was_written_whatever_its_reason_says() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("new/baseline.json");
        let mut unbounded = case("b");
        unbounded.deciles[1].p99 = None;
        unbounded.deciles[1].p99_high = None;
        let baseline = Baseline::new("x", "say \"why\": a\\b, c:d\n\u{e9}", vec![case("a"), unbounded]);
        baseline.write(&path).unwrap();
        assert_eq!(Baseline::read(&path).unwrap(), baseline);
        let text = std::fs::read_to_string(&path).unwrap();
        assert_eq!(text, baseline.text());
        assert!(text.contains("\"seeds\": [1, 2],\n"), "{text}");
        assert!(text.lines().filter(|line| line.contains("size_max")).count() == 4, "{text}");
    }

    #[test]
    fn numbers_have_six_digits() {
        let mut case = case("a");
        case.overall.p99 = Some(1.234_567_89);
        case.overall.mean = Some(123_456_789.0);
        case.overall.p50 = None;
        case.round();
        assert_eq!((case.overall.p99, case.overall.mean), (Some(1.234_57), Some(123_457_000.0)));
        assert_eq!(case.overall.p50, None);
    }

    #[test]
    fn a_missing_or_broken_file_is_told_with_what_to_do() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("b.json");
        assert!(Baseline::read(&path).unwrap_err().to_string().contains("--update REASON"));
        std::fs::write(&path, "{\"experiment\": \"x\"}").unwrap();
        let text = Baseline::read(&path).unwrap_err().to_string();
        assert!(text.contains("is no baseline: missing field `homasim`") && text.contains("--update"), "{text}");
        let text = Baseline::new("x", "y", vec![]).write(folder.path()).unwrap_err().to_string();
        assert!(text.contains("--baseline FILE"), "{text}");
        assert!(BaselineCase::read(folder.path()).unwrap_err().to_string().contains("run again"));
    }
}
