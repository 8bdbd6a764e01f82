//! What is noted in a run.

use crate::denominator::IdealTimes;
use crate::spec::RunSpec;
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
    #[serde(with = "crate::kept::message")]
    pub message: Message,
    /// From creation to complete arrival; none if it did not arrive before the run ended.
    #[serde(with = "crate::kept::optional_ps")]
    pub latency: Option<Duration>,
    /// Latency over best possible latency.
    pub slowdown: Option<f64>,
}

/// How many time blocks a run's window has: each still far longer than what a queue remembers.
pub const BLOCKS: u32 = 10;

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

/// Sums over one run. Failed messages of the window count as unfinished, abandoned ones don't count
/// in the window.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// Messages created since the start.
    pub created: u64,
    /// Messages completed since the start.
    pub completed: u64,
    /// Messages created in the window.
    pub window_messages: u64,
    /// Bytes of the messages created in the window.
    pub window_bytes: u64,
    /// Bytes of messages that completed in the window.
    pub goodput_bytes: u64,
    /// Messages that the transport gave up, since the start.
    pub failed: u64,
    /// Messages whose sending host failed, since the start.
    pub abandoned: u64,
    /// Messages created in the window whose sending host failed.
    pub window_abandoned: u64,
    /// Their bytes.
    pub window_abandoned_bytes: u64,
    /// Failed messages of the window.
    pub window_failed: u64,
    /// The most messages that were in flight at a time, since the start.
    pub in_flight_max: u64,
}

impl Counts {
    /// Messages that have been created and have not ended in any way.
    #[must_use]
    pub const fn in_flight(&self) -> u64 {
        self.created - self.completed - self.failed - self.abandoned
    }
}

impl Measurement {
    pub(crate) fn new(window: std::ops::Range<Time>, spec: &RunSpec, seed: u64) -> Self {
        let samples = &spec.samples;
        let exact = usize::try_from(samples.exact_max).unwrap_or(usize::MAX);
        let short_bins = SizeBins::with_edges(&[samples.short_bytes]);
        Self {
            seed,
            window,
            ideal: IdealTimes::new(samples.denominator, Arc::clone(&spec.topology), spec.transport.clone()),
            recorder: SlowdownRecorder::new(samples.bins.clone(), exact),
            short: SlowdownRecorder::new(short_bins, exact),
            short_bytes: samples.short_bytes,
            latencies: Default::default(),
            records: samples.messages.then(Vec::new),
            digest: TrajectoryDigest::default(),
            draining: false,
            outstanding: 0,
            backlog_bytes: 0,
            counts: Counts::default(),
        }
    }

    /// Whether a message is measured.
    #[inline]
    pub(crate) fn measures(&self, message: &Message) -> bool {
        self.window.contains(&message.created)
    }

    /// The time block in which a measured message was created.
    fn block(&self, message: &Message) -> u32 {
        let into = u128::from(message.created.since(self.window.start).as_ps());
        let length = u128::from(self.window.end.since(self.window.start).as_ps());
        (into * u128::from(BLOCKS) / length) as u32
    }

    /// Whether the last measured message has come to its end. What happens between that and the end
    /// of the run, which is some microseconds later, is not noted.
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
    #[inline]
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
        let best = self.ideal.best(message.source, message.destination, message.size);
        let slowdown = latency.as_ps() as f64 / best.ps.get() as f64;
        self.recorder.record_with_best(message.size, slowdown, self.block(message), best);
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
