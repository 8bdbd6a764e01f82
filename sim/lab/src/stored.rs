//! Results read back from disk.

use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};
use thiserror::Error;

/// What later commands need of a `summary.json`.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct StoredSummary {
    /// Name of the case.
    pub case: String,
    /// The network.
    pub topology: String,
    /// Its hosts.
    pub hosts: u32,
    /// The transport.
    pub transport: String,
    /// The message sizes.
    pub workload: String,
    /// The load, none for a trace.
    pub load: Option<f64>,
    /// "wire", "payload" or "trace".
    pub load_kind: String,
    /// What slowdown is relative to.
    pub denominator: String,
    /// Digest of all completions.
    pub digest: String,
    /// Messages of the window, and how many of them did not finish.
    pub messages: u64,
    /// See `messages`.
    pub unfinished: u64,
    /// Bytes of completed messages per host, in Gbps.
    pub goodput_gbps: f64,
    /// Over all messages.
    pub overall: StoredOverall,
    /// Latency of the short messages.
    pub short_messages: StoredShort,
    /// By size.
    pub bins: Vec<StoredBin>,
    /// By tenth of messages.
    pub deciles: Vec<StoredDecile>,
    /// By level of the network.
    pub tiers: Vec<StoredTier>,
    /// By priority.
    pub priorities: Vec<StoredLevel>,
    /// How well receivers' links are used, if the transport keeps account of that.
    pub receivers: Option<StoredReceivers>,
    /// What a reader of the numbers must know.
    pub warnings: Vec<String>,
}

/// Slowdown over all messages; none if it is that of an unfinished message.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct StoredOverall {
    /// Median.
    pub p50: Option<f64>,
    /// 99th percentile.
    pub p99: Option<f64>,
    /// Mean of the finished messages.
    pub mean: Option<f64>,
}

/// Latency of the short messages in microseconds; none if it is that of an unfinished message.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct StoredShort {
    /// They have at most so many bytes.
    pub bytes_max: u64,
    /// Median.
    pub p50_us: Option<f64>,
    /// 99th percentile.
    pub p99_us: Option<f64>,
}

/// A tenth of the messages of a stored result.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub struct StoredDecile {
    /// Largest size in bytes.
    pub size_max: u64,
}

/// Ports of one level of the network.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct StoredTier {
    /// Its name.
    pub tier: String,
    /// Waiting bytes, mean over time and ports.
    pub queue_mean_bytes: f64,
    /// Largest number of waiting bytes at any port.
    pub queue_max_bytes: u64,
    /// Share of time in which a link is busy.
    pub utilisation: f64,
}

/// Wire bytes received at one priority.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
pub struct StoredLevel {
    /// The level, 7 is served first.
    pub priority: u8,
    /// Data sent without asking.
    pub unscheduled_bytes: u64,
    /// Data sent by permission.
    pub scheduled_bytes: u64,
    /// Packets without data.
    pub control_bytes: u64,
    /// Share of the capacity of the hosts' links.
    pub link_share: f64,
}

impl StoredLevel {
    /// All bytes of the level.
    #[must_use]
    pub const fn bytes(&self) -> u64 {
        self.unscheduled_bytes + self.scheduled_bytes + self.control_bytes
    }
}

/// Bandwidth that receivers wasted.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
pub struct StoredReceivers {
    /// Share of all time in which data was announced or granted and yet nothing received.
    pub active_waste_share: f64,
    /// Share of all time in which more senders wanted grants than are kept granted and yet no data was received.
    pub oversubscribed_waste_share: f64,
}

/// A line of `overview.csv`.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct OverviewRow {
    case: String,
    transport: String,
    topology: String,
    workload: String,
    load: Option<f64>,
    load_kind: String,
    runs: usize,
    messages: u64,
    unfinished: u64,
    p50: Option<f64>,
    p99: Option<f64>,
    mean: Option<f64>,
    short_p50_us: Option<f64>,
    short_p99_us: Option<f64>,
    goodput_gbps: f64,
    denominator: String,
    digest: String,
    warnings: usize,
}

/// A size bin of a stored result.
#[derive(Debug, Clone, Copy, Default, PartialEq, Deserialize)]
pub struct StoredBin {
    /// Upper edge in bytes.
    pub size_max: u64,
    /// Messages.
    pub count: u64,
    /// Share of all messages up to this bin.
    pub cumulative_share: f64,
    /// Median slowdown; none if it is that of an unfinished message, as are the others.
    pub p50: Option<f64>,
    /// 99th percentile of slowdown.
    pub p99: Option<f64>,
    /// Mean slowdown.
    pub mean: Option<f64>,
    /// Published kind of median.
    pub p50_cell: Option<f64>,
    /// Published kind of 99th percentile.
    pub p99_cell: Option<f64>,
    /// 95 % confidence of `p99`.
    pub p99_low: Option<f64>,
    /// See `p99_low`.
    pub p99_high: Option<f64>,
}

/// Why a result can't be read.
#[derive(Debug, Error)]
#[error("cannot use {path}: {problem}; give the folder of a case, as `homasim run` names it")]
pub struct StoredError {
    /// The file.
    pub path: PathBuf,
    /// What is wrong.
    pub problem: String,
}

impl StoredSummary {
    /// The result in one line.
    pub(crate) fn overview(self, runs: usize) -> OverviewRow {
        let StoredOverall { p50, p99, mean } = self.overall;
        OverviewRow {
            case: self.case,
            transport: self.transport,
            topology: self.topology,
            workload: self.workload,
            load: self.load,
            load_kind: self.load_kind,
            runs,
            messages: self.messages,
            unfinished: self.unfinished,
            p50,
            p99,
            mean,
            short_p50_us: self.short_messages.p50_us,
            short_p99_us: self.short_messages.p99_us,
            goodput_gbps: self.goodput_gbps,
            denominator: self.denominator,
            digest: self.digest,
            warnings: self.warnings.len(),
        }
    }

    /// Reads the result in `folder`.
    ///
    /// # Errors
    /// If there is none.
    pub fn read(folder: &Path) -> Result<Self, StoredError> {
        let path = folder.join("summary.json");
        let error = |problem: String| StoredError { path: path.clone(), problem };
        let text = std::fs::read_to_string(&path).map_err(|cause| error(cause.to_string()))?;
        serde_json::from_str(&text).map_err(|cause| error(cause.to_string()))
    }
}
