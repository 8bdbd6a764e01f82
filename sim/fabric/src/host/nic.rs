//! The NIC of a host that pulls packets from the transport.

use crate::event::HostTimer;
use homa_units::{Duration, Time};

/// The clock of a NIC that pulls: it asks for a packet when the wire time of the one before is
/// over.
///
/// A NIC that is pushed is a port with one first-come first-served queue, and has no clock of its
/// own.
#[derive(Debug)]
pub(crate) struct Nic {
    /// When it can take the next packet.
    next_pull: Time,
    /// Whether a pull is scheduled.
    pull_armed: bool,
    /// Packets pulled so far.
    pulls: u32,
}

impl Nic {
    pub(crate) const fn new() -> Self {
        Self { next_pull: Time::ZERO, pull_armed: false, pulls: 0 }
    }

    pub(crate) const fn pulls(&self) -> u32 {
        self.pulls
    }

    /// Whether a pull is scheduled.
    #[inline]
    pub(crate) const fn is_armed(&self) -> bool {
        self.pull_armed
    }

    /// Whether it can take a packet now.
    #[inline]
    pub(crate) fn is_idle(&self, now: Time) -> bool {
        now >= self.next_pull
    }

    /// Schedules the next pull.
    #[inline]
    pub(crate) fn arm(&mut self) -> (Time, HostTimer) {
        self.pull_armed = true;
        (self.next_pull, HostTimer::Pull(self.pulls))
    }

    /// The scheduled pull is due.
    #[inline]
    pub(crate) const fn fires(&mut self) {
        self.pull_armed = false;
    }

    /// Takes a packet that takes so much time on the wire.
    #[inline]
    pub(crate) fn pulled(&mut self, now: Time, wire_time: Duration) {
        self.pulls += 1;
        self.next_pull = now + wire_time;
    }
}
