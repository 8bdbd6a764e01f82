//! Link rates and serialization times.

use crate::parse::{Grammar, textual};
use crate::{Bytes, Duration};

const GRAMMAR: Grammar = Grammar {
    what: "a bit rate",
    example: "\"25Gbps\"",
    units: &[("bps", 1), ("Kbps", 1_000), ("Mbps", 1_000_000), ("Gbps", 1_000_000_000), ("Tbps", 1_000_000_000_000)],
};

const PS_PER_SECOND: u64 = 1_000_000_000_000;

/// A link rate in bits per second.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BitRate(u64);

textual!(BitRate);

impl BitRate {
    /// `gbps` gigabits per second.
    #[must_use]
    #[inline]
    pub const fn from_gbps(gbps: u64) -> Self {
        Self(gbps * 1_000_000_000)
    }

    /// `bps` bits per second.
    #[must_use]
    #[inline]
    pub const fn from_bps(bps: u64) -> Self {
        Self(bps)
    }

    /// The rate in bits per second.
    #[must_use]
    #[inline]
    pub const fn as_bps(self) -> u64 {
        self.0
    }

    /// The time one byte takes, if that is a whole number of picoseconds (it is for every common Ethernet rate).
    #[must_use]
    #[inline]
    pub const fn byte_time(self) -> Option<Duration> {
        if self.0 == 0 || !(8 * PS_PER_SECOND).is_multiple_of(self.0) {
            return None;
        }
        Some(Duration::from_ps(8 * PS_PER_SECOND / self.0))
    }

    /// The time that `bytes` take on a link of this rate, or `None` unless [`Self::byte_time`] is exact.
    #[must_use]
    #[inline]
    pub fn serialization(self, bytes: Bytes) -> Option<Duration> {
        self.byte_time().map(|byte| byte * bytes.get())
    }
}
