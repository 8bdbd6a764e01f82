//! What is noted in a run.

use crate::denominator::IdealTimes;
use homa_analysis::SlowdownRecorder;
use homa_engine::TrajectoryDigest;
use homa_fabric::{Message, Observer};
use homa_units::{Duration, Time};
use std::ops::ControlFlow;

/// A measured message, for `messages.csv`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct MessageRecord {
    /// The message.
    pub message: Message,
    /// From creation to complete arrival; none if it did not arrive before the run ended.
    pub latency: Option<Duration>,
    /// Latency over best possible latency.
    pub slowdown: Option<f64>,
}

/// How many time blocks a run's window has: each still far longer than what a queue remembers.
pub(crate) const BLOCKS: u32 = 10;

/// Notes of one run.
#[derive(Debug)]
pub(crate) struct Measurement {
    window: std::ops::Range<Time>,
    ideal: IdealTimes,
    pub(crate) recorder: SlowdownRecorder,
    pub(crate) records: Option<Vec<MessageRecord>>,
    pub(crate) digest: TrajectoryDigest,
    /// Set when the window is over: the run may end with its last message.
    pub(crate) draining: bool,
    /// Messages created in the window that have not completed.
    pub(crate) outstanding: u64,
    /// Bytes of all messages that have been created and have not completed.
    pub(crate) backlog_bytes: u64,
    pub(crate) counts: Counts,
}

/// Sums over one run.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    /// Messages created and completed since the begin.
    pub(crate) created: u64,
    pub(crate) completed: u64,
    /// Messages created in the window, and their bytes.
    pub(crate) window_messages: u64,
    pub(crate) window_bytes: u64,
    /// Bytes of messages that completed in the window.
    pub(crate) goodput_bytes: u64,
}

impl Measurement {
    pub(crate) fn new(
        window: std::ops::Range<Time>,
        ideal: IdealTimes,
        recorder: SlowdownRecorder,
        messages: bool,
    ) -> Self {
        Self {
            window,
            ideal,
            recorder,
            records: messages.then(Vec::new),
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

    /// Notes that a measured message did not finish.
    pub(crate) fn unfinished(&mut self, message: &Message) {
        self.recorder.record_unfinished_in_block(message.size, self.block(message));
        if let Some(records) = &mut self.records {
            records.push(MessageRecord { message: *message, latency: None, slowdown: None });
        }
    }
}

impl Observer for Measurement {
    fn created(&mut self, message: &Message) {
        self.counts.created += 1;
        self.backlog_bytes += message.size.get();
        if self.measures(message) {
            self.outstanding += 1;
            self.counts.window_messages += 1;
            self.counts.window_bytes += message.size.get();
        }
    }

    fn completed(&mut self, at: Time, message: &Message) -> ControlFlow<()> {
        self.counts.completed += 1;
        self.backlog_bytes -= message.size.get();
        self.digest.record(at, message.destination.0, u64::from(message.source.0) << 32 | u64::from(message.sequence));
        if self.window.contains(&at) {
            self.counts.goodput_bytes += message.size.get();
        }
        if !self.measures(message) {
            return ControlFlow::Continue(());
        }
        let latency = at.since(message.created);
        let slowdown =
            latency.as_ps() as f64 / self.ideal.ideal_ps(message.source, message.destination, message.size) as f64;
        self.recorder.record_in_block(message.size, slowdown, self.block(message));
        if let Some(records) = &mut self.records {
            records.push(MessageRecord { message: *message, latency: Some(latency), slowdown: Some(slowdown) });
        }
        self.outstanding -= 1;
        if self.draining && self.outstanding == 0 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }
}
