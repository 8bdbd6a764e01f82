//! What a run is a function of.

use crate::denominator::Denominator;
use crate::kind::TransportConfig;
use homa_analysis::SizeBins;
use homa_fabric::Faults;
use homa_topologies::Topology;
use homa_units::{Bytes, Duration, Time};
use homa_workloads::{GapKind, LoadArithmetic, Roles, SizeDistribution, TraceRow};
use std::sync::Arc;

/// All that a run is a function of, but for its seed. Every value is checked and none is left to a
/// default.
#[derive(Debug, Clone)]
pub struct RunSpec {
    /// The network.
    pub topology: Arc<Topology>,
    /// The transport's parameters, complete.
    pub transport: TransportConfig,
    /// Where messages come from.
    pub arrivals: Arrivals,
    /// Which hosts send, and which are sent to.
    pub roles: Roles,
    /// How each client sends.
    pub client: ClientSpec,
    /// What goes wrong.
    pub faults: Faults,
    /// When messages are measured.
    pub times: RunTimes,
    /// What is kept of the measured messages.
    pub samples: SampleSpec,
}

/// How each client sends its messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClientSpec {
    /// Independent senders of a client, which share its load.
    pub senders: u32,
    /// The most messages of a client that are in flight at a time, shared out among its senders;
    /// none for no limit.
    pub max_outstanding: Option<u32>,
    /// What the times between a sender's messages are.
    pub gaps: GapKind,
    /// Shorter messages that are drawn are made as long as this.
    pub least_size: Bytes,
}

/// When a run measures.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RunTimes {
    /// From the start of the run to that of the window.
    pub warmup: Duration,
    /// Messages created in it are measured.
    pub window: Duration,
    /// At most this long after the window the run goes on until they have finished.
    pub drain: Duration,
    /// Whether no messages are created after the window.
    pub stops_after_window: bool,
}

/// What is kept of the measured messages.
#[derive(Debug, Clone)]
pub struct SampleSpec {
    /// What completion times are divided by.
    pub denominator: Denominator,
    /// The size bins of slowdowns.
    pub bins: SizeBins,
    /// Messages up to this size are the short ones, whose latency is kept too.
    pub short_bytes: Bytes,
    /// Up to this many measured messages quantiles are exact.
    pub exact_max: u64,
    /// Whether each message is kept with its times.
    pub messages: bool,
}

/// Where messages come from.
#[derive(Debug, Clone)]
pub enum Arrivals {
    /// From clients to servers, at random times.
    Poisson {
        /// The message sizes.
        sizes: Arc<SizeDistribution>,
        /// What the load means.
        arithmetic: LoadArithmetic,
    },
    /// Recorded.
    Trace {
        /// The messages, in order of time.
        rows: Arc<Vec<TraceRow>>,
        /// Poisson traffic, from clients to servers, that begins with the last recorded message, so
        /// that messages still in flight then meet the competition they would have met.
        afterwards: Option<(Arc<SizeDistribution>, LoadArithmetic)>,
    },
}

impl RunTimes {
    /// The instants at which the window starts and ends and the run must end.
    #[must_use]
    pub fn window(&self) -> (Time, Time, Time) {
        let start = Time::ZERO + self.warmup;
        let end = start + self.window;
        (start, end, end + self.drain)
    }
}
