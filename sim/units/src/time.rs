//! Instants and spans of simulated time in whole picoseconds.

use crate::parse::{Grammar, textual};
use core::ops::{Add, AddAssign, Div, Mul, Sub};

const GRAMMAR: Grammar = Grammar {
    what: "a time",
    example: "\"150ms\"",
    units: &[("ps", 1), ("ns", 1_000), ("us", 1_000_000), ("ms", 1_000_000_000), ("s", 1_000_000_000_000)],
};

/// An instant of simulated time: picoseconds since the run began.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Time(u64);

/// A span of simulated time in picoseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Duration(u64);

textual!(Duration);

impl Time {
    /// The begin of a run.
    pub const ZERO: Self = Self(0);
    /// Later than every event.
    pub const MAX: Self = Self(u64::MAX);

    /// The instant `ps` picoseconds after the run began.
    #[must_use]
    #[inline]
    pub const fn from_ps(ps: u64) -> Self {
        Self(ps)
    }

    /// Picoseconds since the run began.
    #[must_use]
    #[inline]
    pub const fn as_ps(self) -> u64 {
        self.0
    }

    /// The span from `earlier` to this instant.
    ///
    /// # Panics
    /// If `earlier` is later than `self`: time never runs backwards.
    #[must_use]
    #[inline]
    pub const fn since(self, earlier: Self) -> Duration {
        match self.0.checked_sub(earlier.0) {
            Some(ps) => Duration(ps),
            None => panic!("time ran backwards"),
        }
    }

    /// The span from `earlier` to this instant, zero if `earlier` is later.
    #[must_use]
    #[inline]
    pub const fn saturating_since(self, earlier: Self) -> Duration {
        Duration(self.0.saturating_sub(earlier.0))
    }
}

impl core::fmt::Display for Time {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        GRAMMAR.print(self.0, f)
    }
}

impl Duration {
    /// No time.
    pub const ZERO: Self = Self(0);

    /// `ps` picoseconds.
    #[must_use]
    #[inline]
    pub const fn from_ps(ps: u64) -> Self {
        Self(ps)
    }

    /// `ns` nanoseconds.
    #[must_use]
    #[inline]
    pub const fn from_ns(ns: u64) -> Self {
        Self(ns * 1_000)
    }

    /// `us` microseconds.
    #[must_use]
    #[inline]
    pub const fn from_us(us: u64) -> Self {
        Self(us * 1_000_000)
    }

    /// `ms` milliseconds.
    #[must_use]
    #[inline]
    pub const fn from_ms(ms: u64) -> Self {
        Self(ms * 1_000_000_000)
    }

    /// The span in picoseconds.
    #[must_use]
    #[inline]
    pub const fn as_ps(self) -> u64 {
        self.0
    }

    /// The span in seconds, for reports only.
    #[must_use]
    #[inline]
    pub fn as_secs_f64(self) -> f64 {
        self.0 as f64 / 1e12
    }
}

impl Add<Duration> for Time {
    type Output = Self;
    #[inline]
    fn add(self, span: Duration) -> Self {
        Self(self.0.checked_add(span.0).expect("simulated time stays below 213 days"))
    }
}

impl AddAssign<Duration> for Time {
    #[inline]
    fn add_assign(&mut self, span: Duration) {
        *self = *self + span;
    }
}

impl Add for Duration {
    type Output = Self;
    #[inline]
    fn add(self, other: Self) -> Self {
        Self(self.0.checked_add(other.0).expect("a span stays below 213 days"))
    }
}

impl AddAssign for Duration {
    #[inline]
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}

impl Sub for Duration {
    type Output = Self;
    #[inline]
    fn sub(self, other: Self) -> Self {
        Self(self.0.checked_sub(other.0).expect("a span is never negative"))
    }
}

impl Mul<u64> for Duration {
    type Output = Self;
    #[inline]
    fn mul(self, factor: u64) -> Self {
        Self(self.0.checked_mul(factor).expect("a span stays below 213 days"))
    }
}

impl Div<u64> for Duration {
    type Output = Self;
    #[inline]
    fn div(self, divisor: u64) -> Self {
        Self(self.0 / divisor)
    }
}

impl core::iter::Sum for Duration {
    #[inline]
    fn sum<I: Iterator<Item = Self>>(spans: I) -> Self {
        spans.fold(Self::ZERO, Add::add)
    }
}
