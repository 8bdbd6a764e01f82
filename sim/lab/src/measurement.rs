//! What is noted in a run.

use crate::case::Case;
use crate::denominator::IdealTimes;
use homa_analysis::{LogarithmicCounts, SizeBins, SlowdownRecorder};
use homa_engine::TrajectoryDigest;
use homa_fabric::{Message, Observer};
use homa_units::{Bytes, Duration, Time};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// A measured message, for `messages.csv`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct MessageRecord {
    /// The seed of its run.
    pub seed: u64,
    /// The message.
    #[serde(with = "crate::archive::message")]
    pub message: Message,
    /// From creation to complete arrival; none if it did not arrive before the run ended.
    #[serde(with = "crate::archive::optional_ps")]
    pub latency: Option<Duration>,
    /// Latency over best possible latency.
    pub slowdown: Option<f64>,
}

/// How many time blocks a run's window has: each still far longer than what a queue remembers.
pub(crate) const BLOCKS: u32 = 10;

/// Notes of one run.
#[derive(Debug)]
pub(crate) struct Measurement {
    seed: u64,
    window: std::ops::Range<Time>,
    ideal: IdealTimes,
    pub(crate) recorder: SlowdownRecorder,
    /// Latencies of short messages in microseconds.
    pub(crate) short: SlowdownRecorder,
    short_bytes: Bytes,
    /// Latencies of all and of the short messages in microseconds.
    pub(crate) latencies: [LogarithmicCounts; 2],
    pub(crate) records: Option<Vec<MessageRecord>>,
    pub(crate) digest: TrajectoryDigest,
    /// Set when the window is over: the run ends soon after its last message.
    pub(crate) draining: bool,
    /// Messages created in the window that have not completed.
    pub(crate) outstanding: u64,
    /// Bytes of all messages that have been created and have not completed.
    pub(crate) backlog_bytes: u64,
    pub(crate) counts: Counts,
}

/// Sums over one run. Failed messages of the window count as unfinished, abandoned ones don't count in the window.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Counts {
    /// Messages created and completed since the begin.
    pub(crate) created: u64,
    pub(crate) completed: u64,
    /// Messages created in the window, and their bytes.
    pub(crate) window_messages: u64,
    pub(crate) window_bytes: u64,
    /// Bytes of messages that completed in the window.
    pub(crate) goodput_bytes: u64,
    /// Messages that the transport gave up, since the begin.
    pub(crate) failed: u64,
    /// Messages whose sending host died, since the begin, and those of the window.
    pub(crate) abandoned: u64,
    pub(crate) window_abandoned: u64,
    pub(crate) window_abandoned_bytes: u64,
    /// Failed messages of the window.
    pub(crate) window_failed: u64,
    /// The most messages that were in flight at a time, since the begin.
    pub(crate) in_flight_max: u64,
}

impl Counts {
    /// Messages that have been created and have not ended in any way.
    pub(crate) const fn in_flight(&self) -> u64 {
        self.created - self.completed - self.failed - self.abandoned
    }
}

impl Measurement {
    pub(crate) fn new(window: std::ops::Range<Time>, case: &Case, seed: u64) -> Self {
        let exact = usize::try_from(case.measure().exact_samples).unwrap_or(usize::MAX);
        let short_bins = SizeBins::with_edges(&[case.short_bytes]);
        Self {
            seed,
            window,
            ideal: IdealTimes::new(case.denominator(), Arc::clone(&case.topology), case.transport.clone()),
            recorder: SlowdownRecorder::new(case.bins.clone(), exact),
            short: SlowdownRecorder::new(short_bins, exact),
            short_bytes: case.short_bytes,
            latencies: Default::default(),
            records: case.measure().messages.then(Vec::new),
            digest: TrajectoryDigest::default(),
            draining: false,
            outstanding: 0,
            backlog_bytes: 0,
            counts: Counts::default(),
        }
    }

    /// Whether a message is measured.
    pub(crate) fn measures(&self, message: &Message) -> bool {
        self.window.contains(&message.created)
    }

    /// The time block in which a measured message was created.
    fn block(&self, message: &Message) -> u32 {
        let into = u128::from(message.created.since(self.window.start).as_ps());
        let length = u128::from(self.window.end.since(self.window.start).as_ps());
        (into * u128::from(BLOCKS) / length) as u32
    }

    /// Whether the last measured message has come to its end. What happens between that and the end of the run, which is
    /// some microseconds later, is not noted.
    pub(crate) const fn is_over(&self) -> bool {
        self.draining && self.outstanding == 0
    }

    /// Notes that a measured message did not finish.
    pub(crate) fn unfinished(&mut self, message: &Message) {
        self.recorder.record_unfinished_in_block(message.size, self.block(message));
        self.latencies[0].record(f64::INFINITY);
        if message.size <= self.short_bytes {
            self.short.record_unfinished_in_block(message.size, self.block(message));
            self.latencies[1].record(f64::INFINITY);
        }
        if let Some(records) = &mut self.records {
            records.push(MessageRecord { seed: self.seed, message: *message, latency: None, slowdown: None });
        }
    }
}

impl Observer for Measurement {
    fn created(&mut self, message: &Message) {
        if self.is_over() {
            return;
        }
        self.counts.created += 1;
        self.counts.in_flight_max = self.counts.in_flight_max.max(self.counts.in_flight());
        self.backlog_bytes += message.size.get();
        if self.measures(message) {
            self.outstanding += 1;
            self.counts.window_messages += 1;
            self.counts.window_bytes += message.size.get();
        }
    }

    fn completed(&mut self, at: Time, message: &Message) {
        if self.is_over() {
            return;
        }
        self.counts.completed += 1;
        self.backlog_bytes -= message.size.get();
        self.digest.record(at, message.destination.0, identity(message));
        if self.window.contains(&at) {
            self.counts.goodput_bytes += message.size.get();
        }
        if !self.measures(message) {
            return;
        }
        let latency = at.since(message.created);
        let slowdown =
            latency.as_ps() as f64 / self.ideal.ideal_ps(message.source, message.destination, message.size) as f64;
        self.recorder.record_in_block(message.size, slowdown, self.block(message));
        let latency_us = latency.as_ps() as f64 / PS_PER_US;
        self.latencies[0].record(latency_us);
        if message.size <= self.short_bytes {
            self.short.record_in_block(message.size, latency_us, self.block(message));
            self.latencies[1].record(latency_us);
        }
        if let Some(records) = &mut self.records {
            let (latency, slowdown) = (Some(latency), Some(slowdown));
            records.push(MessageRecord { seed: self.seed, message: *message, latency, slowdown });
        }
        self.outstanding -= 1;
    }

    fn failed(&mut self, at: Time, message: &Message) {
        if self.is_over() {
            return;
        }
        self.counts.failed += 1;
        self.backlog_bytes -= message.size.get();
        self.digest.record(at, GIVEN_UP, identity(message));
        if !self.measures(message) {
            return;
        }
        self.counts.window_failed += 1;
        self.unfinished(message);
        self.outstanding -= 1;
    }

    fn abandoned(&mut self, at: Time, message: &Message) {
        if self.is_over() {
            return;
        }
        self.counts.abandoned += 1;
        self.backlog_bytes -= message.size.get();
        self.digest.record(at, ABANDONED, identity(message));
        if !self.measures(message) {
            return;
        }
        self.counts.window_abandoned += 1;
        self.counts.window_abandoned_bytes += message.size.get();
        self.outstanding -= 1;
    }
}

/// In the digest, in place of a destination.
const GIVEN_UP: u32 = u32::MAX;
/// See [`GIVEN_UP`].
const ABANDONED: u32 = u32::MAX - 1;
const PS_PER_US: f64 = 1e6;

/// Which message, in the digest.
fn identity(message: &Message) -> u64 {
    u64::from(message.source.0) << 32 | u64::from(message.sequence)
}
