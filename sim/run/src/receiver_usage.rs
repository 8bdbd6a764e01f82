//! How well a receiver's downlink is used: the original's measures of waste, and how long messages
//! wait for grants.
//!
//! Source: `HomaTransport.cc`, `oversubWastedFrac..`, `rxActive..`. Times are in picoseconds of the
//! host's link.

use homa_units::{Duration, Time};

/// Sums over the time since the begin.
#[derive(Debug, Clone, Default)]
pub struct ReceiverUsage {
    /// Wire bytes announced or granted that have not arrived.
    pub outstanding: u64,
    active: Period,
    crowded: Period,
    /// Sum, number and maximum of `outstanding` over all arrivals of data, taken when the packet
    /// has been counted and before grants are made.
    pub outstanding_sum: u128,
    /// See `outstanding_sum`.
    pub arrivals: u64,
    /// See `outstanding_sum`.
    pub outstanding_max: u64,
    /// Sum and number of the times from a message's first packet to its first grant.
    pub first_grant_wait: Duration,
    /// See `first_grant_wait`.
    pub first_grants: u64,
    /// The longest of these times.
    pub first_grant_wait_max: Duration,
}

/// Time in some state, and how much of it the downlink was receiving.
#[derive(Debug, Clone, Default)]
struct Period {
    since: Option<Time>,
    receiving: Duration,
    /// Of finished periods.
    total: Usage,
}

/// Time, and how much of it was used.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Usage {
    /// Length of all finished periods.
    pub time: Duration,
    /// Wire time of what was received in them.
    pub receiving: Duration,
}

impl Period {
    /// A packet that took `wire` of the link has arrived; the period goes on after it if `goes_on`.
    #[inline]
    fn received(&mut self, now: Time, wire: Duration, goes_on: bool) {
        if self.since.is_none() && goes_on {
            // It began when the packet did.
            self.since = Some(Time::from_ps(now.as_ps().saturating_sub(wire.as_ps())));
        }
        if self.since.is_some() {
            self.receiving += wire;
        }
        if !goes_on {
            self.end(now);
        }
    }

    #[inline]
    fn end(&mut self, now: Time) {
        if let Some(since) = self.since.take() {
            self.total.time += now.since(since);
            self.total.receiving += std::mem::take(&mut self.receiving);
        }
    }
}

impl ReceiverUsage {
    /// Periods in which data was announced or granted and had not arrived; everything received
    /// counts as use.
    #[must_use]
    pub const fn active(&self) -> Usage {
        self.active.total
    }

    /// Periods in which more senders wanted grants than are kept granted; data received counts as
    /// use.
    ///
    /// A period that a grant timer ends is taken to end at that instant; the original adds the part
    /// of a packet that is just being received to both time and use.
    #[must_use]
    pub const fn oversubscribed(&self) -> Usage {
        self.crowded.total
    }

    /// A data packet has arrived that took `wire` of the link, and the grants that it causes are
    /// made. `crowded` is whether more senders want grants than are kept granted.
    #[inline]
    pub fn received_data(&mut self, now: Time, wire: Duration, crowded: bool) {
        if self.active.since.is_none() && self.outstanding == 0 {
            // A message of one packet: it was active for just that packet.
            self.active.total.time += wire;
            self.active.total.receiving += wire;
        }
        self.active.received(now, wire, self.outstanding > 0);
        self.crowded.received(now, wire, crowded);
    }

    /// A data packet was counted; the grants it causes are not made yet.
    #[inline]
    pub fn sample_outstanding(&mut self) {
        self.outstanding_sum += u128::from(self.outstanding);
        self.outstanding_max = self.outstanding_max.max(self.outstanding);
        self.arrivals += 1;
    }

    /// A grant has arrived that took `wire` of the link.
    #[inline]
    pub fn received_grant(&mut self, wire: Duration) {
        if self.active.since.is_some() {
            self.active.receiving += wire;
        }
    }

    /// A grant timer has fired, and the grant that it causes is made. `crowded` is as above.
    #[inline]
    pub fn timer(&mut self, now: Time, crowded: bool) {
        if !crowded {
            self.crowded.end(now);
        } else if self.crowded.since.is_none() {
            self.crowded.since = Some(now);
        }
    }

    /// The first grant of a message was made, so long after its first packet had arrived.
    #[inline]
    pub fn first_grant(&mut self, waited: Duration) {
        self.first_grant_wait += waited;
        self.first_grants += 1;
        self.first_grant_wait_max = self.first_grant_wait_max.max(waited);
    }
}
