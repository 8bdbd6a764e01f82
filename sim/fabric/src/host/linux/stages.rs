//! Where a message's time goes.

use homa_units::{Duration, Time};

/// A part of a message's time. A message that is answered goes through all but the last twice:
/// with the request and with the response.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stage {
    /// The system call, up to the hand-over to the NIC, copies included.
    Send,
    /// Data that has to wait after the call: for GRANTs, for the pacer, for a core.
    Defer,
    /// In the NIC's queue.
    NicQueue,
    /// Wire, switches and their queues, and the NICs.
    Network,
    /// From the NIC to the begin of the poll: interrupt, C-state, other work on the core.
    Interrupt,
    /// In the poll, until GRO passes the packet on.
    Napi,
    /// Until softirq begins with the packet's list.
    Handoff,
    /// Softirq, until the packet that completes the message has been handled.
    Softirq,
    /// Until a thread has the message.
    Wakeup,
    /// The system call that receives, copies included.
    Receive,
    /// The application.
    Application,
}

impl Stage {
    /// All, in their order.
    pub const ALL: [Self; 11] = [
        Self::Send,
        Self::Defer,
        Self::NicQueue,
        Self::Network,
        Self::Interrupt,
        Self::Napi,
        Self::Handoff,
        Self::Softirq,
        Self::Wakeup,
        Self::Receive,
        Self::Application,
    ];

    /// The name in results.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Send => "send",
            Self::Defer => "defer",
            Self::NicQueue => "nic_queue",
            Self::Network => "network",
            Self::Interrupt => "interrupt",
            Self::Napi => "napi",
            Self::Handoff => "handoff",
            Self::Softirq => "softirq",
            Self::Wakeup => "wakeup",
            Self::Receive => "receive",
            Self::Application => "application",
        }
    }
}

/// Which of the two messages of an RPC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Direction {
    /// The request.
    Request,
    /// The response.
    Response,
}

impl Direction {
    /// The name in results.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Request => "request",
            Self::Response => "response",
        }
    }
}

/// How long a message spent in each stage up to an instant. The durations always add up to the time
/// since it began: each belongs to a stage.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stages {
    spent: [[Duration; Stage::ALL.len()]; 2],
    direction: Direction,
    /// Up to when.
    at: Time,
}

impl Stages {
    /// A message that begins now.
    pub(super) const fn begin(now: Time) -> Self {
        Self { spent: [[Duration::ZERO; Stage::ALL.len()]; 2], direction: Direction::Request, at: now }
    }

    /// The time up to `now` belongs to a stage.
    #[inline]
    pub(super) fn spend(&mut self, stage: Stage, now: Time) {
        let spent = now.since(self.at);
        self.spent[self.direction as usize][stage as usize] += spent;
        self.at = now;
    }

    /// From now on it is about the response.
    pub(super) const fn turn(&mut self) {
        self.direction = Direction::Response;
    }

    /// Up to which instant it says where the time went.
    #[must_use]
    pub const fn at(&self) -> Time {
        self.at
    }

    /// How long the message was in a stage.
    #[must_use]
    pub const fn spent(&self, direction: Direction, stage: Stage) -> Duration {
        self.spent[direction as usize][stage as usize]
    }

    /// All of it: the time from the begin of the message to [`Self::at`].
    #[must_use]
    pub fn sum(&self) -> Duration {
        self.spent.iter().flatten().copied().sum()
    }
}

/// Durations of [`Stages`], added up.
#[derive(Debug, Clone, Default)]
pub struct StageSums {
    ps: [[u128; Stage::ALL.len()]; 2],
}

impl StageSums {
    pub(super) fn add(&mut self, stages: &Stages) {
        for (sums, spent) in self.ps.iter_mut().zip(&stages.spent) {
            for (sum, spent) in sums.iter_mut().zip(spent) {
                *sum += u128::from(spent.as_ps());
            }
        }
    }

    /// All of them, in whole nanoseconds.
    pub fn iter_ns(&self) -> impl Iterator<Item = (Direction, Stage, u64)> {
        [Direction::Request, Direction::Response].into_iter().flat_map(move |direction| {
            let ps = &self.ps[direction as usize];
            Stage::ALL.into_iter().map(move |stage| (direction, stage, (ps[stage as usize] / 1_000) as u64))
        })
    }
}
