//! `messages.csv`: each measured message.

use homa_run::MessageRecord;
use serde::{Deserialize, Serialize};

/// A line of `messages.csv`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(crate) struct MessageLine {
    /// Of its run.
    pub(crate) seed: u64,
    /// When it was created.
    pub(crate) created_ps: u64,
    pub(crate) source: u32,
    pub(crate) destination: u32,
    pub(crate) bytes: u64,
    /// None if it did not finish.
    pub(crate) latency_ps: Option<u64>,
    pub(crate) slowdown: Option<f64>,
}

impl MessageLine {
    pub(crate) fn of(record: &MessageRecord) -> Self {
        Self {
            seed: record.seed,
            created_ps: record.message.created.as_ps(),
            source: record.message.source.0,
            destination: record.message.destination.0,
            bytes: record.message.size.get(),
            latency_ps: record.latency.map(|latency| latency.as_ps()),
            slowdown: record.slowdown,
        }
    }
}
