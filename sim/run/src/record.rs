//! What one run gave, in a form that can be kept.

use crate::kept::ps;
use crate::measurement::{Counts, MessageRecord};
use crate::queues::Queues;
use crate::receiver_usage::ReceiverUsage;
use homa_analysis::{LogarithmicCounts, SlowdownRecorder};
use homa_fabric::FabricStatistics;
use homa_units::Duration;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What one run gave: a function of its configuration and seed alone.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct RunRecord {
    /// The seed.
    pub seed: u64,
    /// Slowdowns by size.
    pub recorder: SlowdownRecorder,
    /// Latencies of short messages in microseconds.
    pub short: SlowdownRecorder,
    /// Latencies of all and of the short messages in microseconds.
    pub latencies: [LogarithmicCounts; 2],
    /// Queues over time.
    pub queues: Queues,
    /// Each measured message, if they are kept, in the order of creation and source.
    pub records: Option<Vec<MessageRecord>>,
    /// What the network counted.
    pub statistics: FabricStatistics,
    /// Messages counted.
    pub counts: Counts,
    /// Digest of all completions.
    pub digest: u64,
    /// The simulated time, warm-up and drain included.
    #[serde(with = "ps")]
    pub simulated: Duration,
    /// What the transports counted.
    pub counters: Counters,
    /// The most records of messages (or RPCs) that each host had at a time: their sum, and the
    /// largest.
    pub records_max: [u64; 2],
    /// What was in flight in the window.
    pub backlog: Backlog,
}

/// How long a run took: differs from machine to machine and time to time.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct RunTiming {
    /// Seconds on the wall.
    pub wall_s: f64,
    /// Seconds that its threads were busy with it, the building of the network and their waiting
    /// for each other included.
    pub cpu_s: f64,
}

/// What was created and had not ended, at equidistant instants of the window.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Backlog {
    /// Bytes of messages.
    pub bytes: Vec<u64>,
    /// Number of messages.
    pub messages: Vec<u64>,
}

/// What the transports of all hosts have counted.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Counters {
    /// How the hosts' links were used, if the transport keeps account of it.
    pub receivers: Option<ReceiverTotals>,
    /// Metrics by name, added up, or of those that begin with `max_` or `peak_` the largest,
    /// without those that are zero; if the transport has any.
    pub metrics: Option<BTreeMap<String, u64>>,
}

impl Counters {
    /// Adds how one host's link was used.
    pub fn receiver(&mut self, usage: &ReceiverUsage) {
        self.receivers.get_or_insert_default().add(usage);
    }

    /// Adds one host's metrics. Of those whose names begin with `max_` or `peak_` the largest
    /// counts.
    pub fn metrics(&mut self, metrics: impl IntoIterator<Item = (String, u64)>) {
        add_metrics(self.metrics.get_or_insert_default(), metrics.into_iter());
    }
}

/// [`ReceiverUsage`] of all hosts, added up.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct ReceiverTotals {
    /// Time in which a receiver had an incoming message.
    #[serde(with = "ps")]
    pub active: Duration,
    /// The part of it in which its link was receiving.
    #[serde(with = "ps")]
    pub active_receiving: Duration,
    /// Time in which a receiver had more messages than it keeps granted.
    #[serde(with = "ps")]
    pub oversubscribed: Duration,
    /// The part of it in which its link was receiving.
    #[serde(with = "ps")]
    pub oversubscribed_receiving: Duration,
    /// Granted bytes that had not arrived, summed over arrivals of packets.
    pub outstanding_sum: u128,
    /// The most of them.
    pub outstanding_max: u64,
    /// Packets that arrived.
    pub arrivals: u64,
    /// Waits for a message's first grant, added up.
    #[serde(with = "ps")]
    pub first_grant_wait: Duration,
    /// The longest of them.
    #[serde(with = "ps")]
    pub first_grant_wait_max: Duration,
    /// Their number.
    pub first_grants: u64,
}

impl RunRecord {
    /// The record as bytes, from which [`RunRecord::from_bytes`] makes it again.
    ///
    /// # Panics
    /// Never: all its values can be written.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        postcard::to_allocvec(self).expect("a record is plain")
    }

    /// A record from its bytes; none if they are no record of this form.
    #[must_use]
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        postcard::from_bytes(bytes).ok()
    }

    /// What the network counted.
    #[must_use]
    pub const fn statistics(&self) -> &FabricStatistics {
        &self.statistics
    }

    /// The samples of slowdown.
    #[must_use]
    pub const fn slowdowns(&self) -> &SlowdownRecorder {
        &self.recorder
    }

    /// Digest of all completions.
    #[must_use]
    pub fn digest(&self) -> String {
        format!("{:016x}", self.digest)
    }

    /// The simulated time, warm-up and drain included.
    #[must_use]
    pub const fn simulated(&self) -> Duration {
        self.simulated
    }

    /// Messages created and not ended, mean over the window.
    #[must_use]
    pub fn messages_in_flight_mean(&self) -> f64 {
        let messages = &self.backlog.messages;
        messages.iter().sum::<u64>() as f64 / messages.len() as f64
    }

    /// Whether any message was measured.
    #[must_use]
    pub const fn measured(&self) -> bool {
        self.counts.window_messages > self.counts.window_abandoned
    }
}

/// Adds named metrics to sums, as [`Counters::metrics`] says.
pub fn add_metrics(sums: &mut BTreeMap<String, u64>, metrics: impl Iterator<Item = (String, u64)>) {
    for (name, value) in metrics.filter(|(_, value)| *value > 0) {
        let is_largest = ["max_", "peak_"].iter().any(|prefix| name.starts_with(prefix));
        let sum = sums.entry(name).or_default();
        *sum = if is_largest { value.max(*sum) } else { *sum + value };
    }
}

impl ReceiverTotals {
    fn add(&mut self, usage: &ReceiverUsage) {
        self.active += usage.active().time;
        self.active_receiving += usage.active().receiving;
        self.oversubscribed += usage.oversubscribed().time;
        self.oversubscribed_receiving += usage.oversubscribed().receiving;
        self.outstanding_sum += usage.outstanding_sum;
        self.outstanding_max = self.outstanding_max.max(usage.outstanding_max);
        self.arrivals += usage.arrivals;
        self.first_grant_wait += usage.first_grant_wait;
        self.first_grant_wait_max = self.first_grant_wait_max.max(usage.first_grant_wait_max);
        self.first_grants += usage.first_grants;
    }
}
