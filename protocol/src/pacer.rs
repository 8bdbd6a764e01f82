//! The old pacer: an estimate of the NIC's backlog and the list of RPCs held back by it (spec 7.2, 7.3).
//!
//! It only decides. The core transmits: while [`OldPacer::select`] names an RPC it runs the transmit procedure for it,
//! and [removes](OldPacer::remove) it when nothing is left that it may send. Linux also runs its pacer when packets
//! arrive, in case the pacer's thread is late; a core that wakes at [`OldPacer::wake_time`] never is.

use alloc::vec::Vec;
use homa_units::{Duration, Time};

#[cfg(test)]
mod tests;

/// What `fifo_count` begins with, and what a FIFO choice adds to it.
const FIFO_PERIOD: i32 = 1000;

const PS_PER_NS: u64 = 1000;
/// Far enough before the end of time that a backlog can be added.
const LATEST_PS: u64 = u64::MAX / 2;

/// What the old pacer can be told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct PacerParams {
    /// Nanoseconds that 10⁶ bytes take, see [`old_pacer_ns_per_1e6_bytes`](crate::Sysctls::old_pacer_ns_per_1e6_bytes). With 0 nothing is ever held
    /// back: Linux until the first write of a base sysctl (quirk Q9).
    pub(crate) ns_per_million_bytes: u64,
    /// How far ahead of the link packets may be handed to the NIC (sysctl `max_nic_est_backlog_usecs`).
    pub(crate) backlog: Duration,
    /// Thousandths of the choices that go to the oldest message (sysctl `pacer_fifo_fraction`); above 1000 is 1000.
    pub(crate) fifo_fraction: u32,
}

/// The estimate of the NIC's backlog and the throttled RPCs.
#[derive(Debug, Clone)]
pub(crate) struct OldPacer {
    params: PacerParams,
    link_idle_time: Time,
    fifo_count: i32,
    chose_oldest: bool,
    /// The RPCs held back: each was put before the first that then had more bytes left, and keeps its place.
    throttled: Vec<Throttled>,
}

/// An RPC that is held back.
#[derive(Debug, Clone, Copy)]
struct Throttled {
    key: u32,
    /// When its message was created.
    init_time: Time,
}

impl OldPacer {
    /// A pacer for a link that is idle.
    pub(crate) fn new(params: PacerParams) -> Self {
        Self { params, link_idle_time: Time::ZERO, fifo_count: FIFO_PERIOD, chose_oldest: false, throttled: Vec::new() }
    }

    /// Applies new parameters to everything from now on.
    pub(crate) const fn reconfigure(&mut self, params: PacerParams) {
        self.params = params;
    }

    /// Whether a unit that counts `unit_bytes` (spec 2.9) may go to the NIC now; if so its time is counted.
    ///
    /// It always may if `forced` (by the pacer, or a retransmission), or if `dont_throttle` (bit value 2 of sysctl
    /// `flags`). Times are whole nanoseconds as in Linux, so that the pace is the same.
    pub(crate) fn nic_check(&mut self, now: Time, unit_bytes: u32, forced: bool, dont_throttle: bool) -> bool {
        if now + self.params.backlog < self.link_idle_time && !forced && !dont_throttle {
            return false;
        }
        let ns = u64::from(unit_bytes) * self.params.ns_per_million_bytes / 1_000_000;
        // Whoever asks for a great many retransmissions must not make the clock overflow.
        let span_ps = ns.saturating_mul(PS_PER_NS);
        let idle_ps = now.max(self.link_idle_time).as_ps().saturating_add(span_ps);
        self.link_idle_time = Time::from_ps(idle_ps.min(LATEST_PS));
        true
    }

    /// Holds back the RPC `key`, which has `bytes_left` of a message created at `init_time` still to send.
    ///
    /// It goes before the first RPC that has more left now, as `bytes_left_of` tells (D1 of spec part 14). An RPC that
    /// is held back already keeps its place.
    pub(crate) fn throttle(&mut self, key: u32, bytes_left: u32, init_time: Time, bytes_left_of: impl Fn(u32) -> u32) {
        if self.is_throttled(key) {
            return;
        }
        let place = self.throttled.iter().position(|other| bytes_left_of(other.key) > bytes_left);
        self.throttled.insert(place.unwrap_or(self.throttled.len()), Throttled { key, init_time });
    }

    /// Whether the RPC is held back.
    pub(crate) fn is_throttled(&self, key: u32) -> bool {
        self.throttled.iter().any(|other| other.key == key)
    }

    /// Holds back the RPC no more; tells whether it was.
    pub(crate) fn remove(&mut self, key: u32) -> bool {
        let place = self.throttled.iter().position(|other| other.key == key);
        place.map(|place| self.throttled.remove(place)).is_some()
    }

    /// The RPC that has to send at least one unit now, if the NIC's backlog is below the limit and any is held back.
    ///
    /// Each call that names an RPC counts as one choice.
    pub(crate) fn select(&mut self, now: Time) -> Option<u32> {
        if self.link_idle_time >= now + self.params.backlog || self.throttled.is_empty() {
            return None;
        }
        self.fifo_count -= self.params.fifo_fraction.min(FIFO_PERIOD as u32) as i32;
        self.chose_oldest = self.fifo_count <= 0;
        if !self.chose_oldest {
            return self.throttled.first().map(|first| first.key);
        }
        self.fifo_count += FIFO_PERIOD;
        self.throttled.iter().min_by_key(|other| other.init_time).map(|oldest| oldest.key)
    }

    /// Whether the last choice of [`Self::select`] was for the oldest message.
    pub(crate) const fn chose_oldest(&self) -> bool {
        self.chose_oldest
    }

    /// The first instant at which [`Self::select`] names an RPC; `None` if none is held back.
    ///
    /// The backlog has to be below the limit, not at it, hence the picosecond after `link_idle_time − backlog`.
    pub(crate) fn wake_time(&self) -> Option<Time> {
        let after = self.link_idle_time.as_ps() + 1;
        (!self.throttled.is_empty()).then(|| Time::from_ps(after.saturating_sub(self.params.backlog.as_ps())))
    }
}
