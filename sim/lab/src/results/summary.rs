//! `summary.json`: all that was measured in a case. Whoever writes or reads it does so by these
//! types.

use super::formats::{StoredError, read_json};
use homa_analysis::{BinRow, Decile, PercentileRow};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::Path;

/// Everything that was measured in a case: a function of its configuration and seeds alone.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CaseSummary {
    /// Name of the experiment file.
    pub experiment: String,
    /// Name of the case within it.
    pub case: String,
    /// The transport.
    pub transport: String,
    /// The topology.
    pub topology: String,
    /// Number of hosts.
    pub hosts: u32,
    /// The message sizes.
    pub workload: String,
    /// The load as given; none for a trace.
    pub load: Option<f64>,
    /// "wire", "payload" or "trace".
    pub load_kind: String,
    /// The seeds.
    pub seeds: Vec<u64>,
    /// Digest of all message completions of all runs.
    pub digest: String,
    /// Simulated seconds of all runs, with warm-up and drain.
    pub simulated_s: f64,
    /// Packets put on a link, all runs.
    pub packet_hops: u64,
    /// Messages created in the window, all runs, without those whose sending host died before they
    /// ended.
    pub messages: u64,
    /// How many of them did not finish before the run ended.
    pub unfinished: u64,
    /// The largest of those, in bytes.
    pub unfinished_largest_bytes: Option<u64>,
    /// Messages created since the begin, and how many of them completed.
    pub messages_created: u64,
    /// See `messages_created`.
    pub messages_completed: u64,
    /// How many of them the transport gave up.
    pub messages_failed: u64,
    /// How many of them nobody waits for any more, as their sending host died; such messages of the
    /// window are in no statistics.
    pub messages_abandoned: u64,
    /// What a run held at most at a time.
    #[serde(default)]
    pub peaks: Peaks,
    /// Packets lost in the network.
    pub lost_packets: u64,
    /// What completion times were divided by.
    pub denominator: String,
    /// Whether quantiles are exact or come from logarithmic bins.
    pub quantiles: String,
    /// Bytes of the messages created in the window, without the answers to them, per host, in Gbps.
    pub offered_payload_gbps: f64,
    /// Bytes of the messages that completed in the window, per host, in Gbps.
    pub goodput_gbps: f64,
    /// Median, 99th percentile and mean over all messages.
    pub overall: Overall,
    /// Latency of the short messages.
    pub short_messages: ShortMessages,
    /// By cumulative percentage of messages.
    pub slowdown: Vec<PercentileRow>,
    /// By tenth of messages.
    pub deciles: Vec<Decile>,
    /// Every size bin.
    pub bins: Vec<BinRow>,
    /// By tier of the network.
    pub tiers: Vec<TierRow>,
    /// Wire bytes received by hosts, by priority, highest first.
    pub priorities: Vec<PriorityRow>,
    /// How well receivers' links are used, if the transport keeps account of that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub receivers: Option<ReceiverSummary>,
    /// The kernel's metrics by its names, added up over all hosts and runs, or of those that begin
    /// with `max_` or `peak_` the largest, without those that are zero; if the transport has them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub metrics: Option<BTreeMap<String, u64>>,
    /// Bytes created and not completed, mean over the window and the runs.
    pub backlog_mean_bytes: f64,
    /// Its growth over the window relative to its mean, and the standard error of that.
    pub backlog_growth: [f64; 2],
    /// What the configuration means for these numbers, known before the run.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
    /// What a reader of these numbers must know.
    pub warnings: Vec<String>,
    /// The transport's parameters.
    pub parameters: serde_json::Value,
}

impl CaseSummary {
    /// Reads the results in the folder of a case.
    ///
    /// # Errors
    /// If there are none, or they are damaged.
    pub fn read(folder: &Path) -> Result<Self, StoredError> {
        read_json(&folder.join("summary.json"))
    }

    /// What its load is called.
    pub(crate) fn load_name(&self) -> &'static str {
        if self.load_kind == "payload" { "payload load" } else { "load" }
    }
}

/// The most that a run held at a time since its begin, of all runs the largest: what its memory
/// follows from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Peaks {
    /// Messages that had been created and had not ended.
    pub messages_in_flight: u64,
    /// Packets in ports and on links.
    pub packets_in_network: u64,
    /// Records that a host's transport had of messages (`homa`: of RPCs), each host's most added
    /// up.
    pub message_records: u64,
    /// The most of one host.
    pub message_records_of_host: u64,
}

/// Statistics over all messages.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Overall {
    /// Median slowdown; none if it is that of an unfinished message.
    pub p50: Option<f64>,
    /// 99th percentile of slowdown; none if it is that of an unfinished message.
    pub p99: Option<f64>,
    /// Mean slowdown of the finished messages; none if none finished.
    pub mean: Option<f64>,
    /// The 95 % confidence intervals of the quantiles; none as with [`Decile`].
    #[serde(flatten)]
    pub confidence: OverallConfidence,
}

/// 95 % confidence intervals of a median and a 99th percentile over all messages.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct OverallConfidence {
    /// Lower end for the median.
    pub p50_low: Option<f64>,
    /// Upper end for the median.
    pub p50_high: Option<f64>,
    /// Lower end for the 99th percentile.
    pub p99_low: Option<f64>,
    /// Upper end for the 99th percentile.
    pub p99_high: Option<f64>,
}

/// Latency of the short messages, answers included where those are measured: the Linux cluster's
/// headline numbers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ShortMessages {
    /// Up to this size: the smallest such that more than a tenth of the messages are at most as
    /// large.
    pub bytes_max: u64,
    /// How many there were.
    pub count: u64,
    /// The shortest latency in microseconds; none if that is of an unfinished message, as with the
    /// others.
    pub min_us: Option<f64>,
    /// The median in microseconds.
    pub p50_us: Option<f64>,
    /// The 99th percentile in microseconds.
    pub p99_us: Option<f64>,
    /// Lower end of the 95 % confidence interval of `p50_us`; none as with [`Decile`], as the other
    /// three.
    pub p50_low_us: Option<f64>,
    /// Upper end of the 95 % confidence interval of `p50_us`.
    pub p50_high_us: Option<f64>,
    /// Lower end of the 95 % confidence interval of `p99_us`.
    pub p99_low_us: Option<f64>,
    /// Upper end of the 95 % confidence interval of `p99_us`.
    pub p99_high_us: Option<f64>,
}

/// Queues of one tier of the network; means over runs, weighted by simulated time.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TierRow {
    /// Its name.
    pub tier: String,
    /// Number of ports.
    pub ports: u32,
    /// Waiting bytes, mean over time and ports.
    pub queue_mean_bytes: f64,
    /// Largest number of waiting bytes at any port.
    pub queue_max_bytes: u64,
    /// Share of time in which a link is busy.
    pub utilisation: f64,
    /// Frames sent.
    pub frames: u64,
    /// Their bytes.
    pub frame_bytes: u64,
}

/// Wire bytes received at one priority since the begin, over all runs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PriorityRow {
    /// The priority, 7 is served first.
    pub priority: u8,
    /// Data sent without asking.
    pub unscheduled_bytes: u64,
    /// Data sent by permission.
    pub scheduled_bytes: u64,
    /// Packets without data.
    pub control_bytes: u64,
    /// Share of all bytes received.
    pub share: f64,
    /// Share of the capacity of the hosts' links over the simulated time.
    pub link_share: f64,
}

impl PriorityRow {
    /// All bytes of the priority.
    #[must_use]
    pub const fn bytes(&self) -> u64 {
        self.unscheduled_bytes + self.scheduled_bytes + self.control_bytes
    }
}

/// How well receivers' links are used, over all hosts and runs since the begin: the original's
/// measures of waste.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ReceiverSummary {
    /// Share of time in which more senders wanted grants than are kept granted.
    pub oversubscribed_share: f64,
    /// Share of all time that was oversubscribed and yet received no data.
    pub oversubscribed_waste_share: f64,
    /// Share of the oversubscribed time that received no data.
    pub oversubscribed_waste_within: f64,
    /// Share of time in which data was announced or granted and had not arrived.
    pub active_share: f64,
    /// Share of all time that was active and yet received nothing.
    pub active_waste_share: f64,
    /// Wire bytes announced or granted and not yet arrived, at a host: mean over all arrivals of
    /// data.
    pub outstanding_mean_bytes: f64,
    /// The largest such value.
    pub outstanding_max_bytes: u64,
    /// Messages that needed grants and got the first.
    pub first_grants: u64,
    /// Mean time from the arrival of their first packet to the making of their first grant.
    pub first_grant_wait_mean_us: f64,
    /// The longest such time.
    pub first_grant_wait_max_us: f64,
}
