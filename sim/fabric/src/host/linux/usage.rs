//! What cores spend their time with, and what the host counts.

use homa_units::{Duration, Time};

/// What a core does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Purpose {
    /// Nothing.
    Idle,
    /// Polling receive queues.
    Napi,
    /// Handling packets.
    Softirq,
    /// Freeing packets that have been sent.
    TxDone,
    /// Sending requests.
    Send,
    /// Sending responses.
    Reply,
    /// Receiving messages.
    Receive,
    /// The application.
    Application,
    /// Looking for messages.
    Poll,
    /// Waiting for the time of the next request.
    Spin,
    /// Handing deferred units to the NIC.
    Pacer,
}

impl Purpose {
    /// All.
    pub const ALL: [Self; 11] = [
        Self::Idle,
        Self::Napi,
        Self::Softirq,
        Self::TxDone,
        Self::Send,
        Self::Reply,
        Self::Receive,
        Self::Application,
        Self::Poll,
        Self::Spin,
        Self::Pacer,
    ];

    /// The name in results.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Idle => "idle",
            Self::Napi => "napi",
            Self::Softirq => "softirq",
            Self::TxDone => "tx_done",
            Self::Send => "send",
            Self::Reply => "reply",
            Self::Receive => "recv",
            Self::Application => "app",
            Self::Poll => "poll",
            Self::Spin => "spin",
            Self::Pacer => "pacer",
        }
    }
}

/// How long a core did what.
#[derive(Debug, Clone)]
pub struct Usage {
    spent: [Duration; Purpose::ALL.len()],
    purpose: Purpose,
    since: Time,
}

impl Usage {
    pub(super) const fn new(now: Time) -> Self {
        Self { spent: [Duration::ZERO; Purpose::ALL.len()], purpose: Purpose::Idle, since: now }
    }

    /// From now on it does this.
    #[inline]
    pub(super) fn turn(&mut self, now: Time, purpose: Purpose) {
        self.spent[self.purpose as usize] += now.since(self.since);
        (self.purpose, self.since) = (purpose, now);
    }

    /// How long it did this, up to the last time that it began something else.
    #[must_use]
    pub const fn spent(&self, purpose: Purpose) -> Duration {
        self.spent[purpose as usize]
    }
}

/// What a host counts, by the names that the kernel's tools use where they have one.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Interrupts of receive queues.
    pub interrupts: u64,
    /// Polls, and the packets that they took.
    pub polls: u64,
    /// See [`Self::polls`].
    pub polled_packets: u64,
    /// Lists of packets that softirq handled.
    pub softirq_calls: u64,
    /// Packets in them.
    pub gro_packets: u64,
    /// Lists that went to another core.
    pub handoffs_to_other_core: u64,
    /// Single-packet messages handled in the poll.
    pub gro_data_bypasses: u64,
    /// GRANTs handled in the poll.
    pub gro_grant_bypasses: u64,
    /// Messages that found a thread that polled.
    pub wait_fast: u64,
    /// Messages that found a thread that slept.
    pub wait_block: u64,
    /// Messages that found no waiting thread.
    pub requests_queued: u64,
}
