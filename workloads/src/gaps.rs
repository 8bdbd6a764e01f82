//! How far apart a host's messages are.

use crate::uniform::{self, GRAINS, GRAINS_F64};
use homa_units::{Duration, Time};
use rand::Rng;
use thiserror::Error;

/// The longest accepted mean gap in picoseconds (10^17, over a day): the longest gap drawn is 37 times as long and must
/// still be a span of simulated time.
const LONGEST_PS: f64 = 1e17;

/// The mean time between two messages of a host, in picoseconds. Not a whole number of them: rounding would shift the
/// load.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd)]
pub struct MeanGap(f64);

/// A mean gap can't be used.
#[derive(Debug, Clone, PartialEq, Error)]
#[error("a mean gap of {ps} ps is not possible; it must be above 0 and at most 1e17 ps (about 28 hours)")]
pub struct BadMeanGap {
    /// What was given, in picoseconds.
    pub ps: f64,
}

impl MeanGap {
    /// A mean gap of `ps` picoseconds.
    ///
    /// # Errors
    /// If `ps` is not above 0 and at most 10^17.
    pub fn from_ps(ps: f64) -> Result<Self, BadMeanGap> {
        if ps > 0.0 && ps <= LONGEST_PS { Ok(Self(ps)) } else { Err(BadMeanGap { ps }) }
    }

    /// The mean gap in picoseconds.
    #[must_use]
    pub const fn as_ps(self) -> f64 {
        self.0
    }
}

/// How the gaps between a host's messages differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum GapKind {
    /// Exponentially distributed: the host is a Poisson source, as in HomaSimulation and HomaModule's `cp_node`.
    #[default]
    Exponential,
    /// All equal. The RAMCloud benchmark behind the implementation figures of the SIGCOMM 2018 paper sends like that:
    /// it draws its gaps in clock cycles from a Poisson distribution, whose values hardly differ when the mean is 10^4
    /// or more.
    Constant,
}

/// The gaps between a host's messages.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Gaps {
    kind: GapKind,
    mean: MeanGap,
}

impl Gaps {
    /// Gaps of the kind `kind`, of `mean` on average.
    #[must_use]
    pub const fn new(kind: GapKind, mean: MeanGap) -> Self {
        Self { kind, mean }
    }

    /// How the gaps differ.
    #[must_use]
    pub const fn kind(self) -> GapKind {
        self.kind
    }

    /// Their mean.
    #[must_use]
    pub const fn mean(self) -> MeanGap {
        self.mean
    }
}

/// Draws the gaps between the messages of a Poisson process, which are exponentially distributed.
#[derive(Debug, Clone, Copy)]
pub struct PoissonGaps {
    mean: MeanGap,
}

impl PoissonGaps {
    /// Gaps of `mean` on average.
    #[must_use]
    pub const fn new(mean: MeanGap) -> Self {
        Self { mean }
    }

    /// Draws the next gap, from one `u64` of `rng`, rounded to the nearest picosecond.
    pub fn next(&self, rng: &mut impl Rng) -> Duration {
        // 1 - u is in (0, 1], so the logarithm is finite.
        let survival = (GRAINS - uniform::draw(rng)) as f64 / GRAINS_F64;
        Duration::from_ps(libm::round(-libm::log(survival) * self.mean.as_ps()) as u64)
    }
}

/// The instants at which a host sends, in order.
#[derive(Debug, Clone)]
pub(crate) enum Schedule {
    /// One exponential gap after the other.
    Exponential { gaps: PoissonGaps, now: Time },
    /// Evenly spaced.
    Constant {
        mean: MeanGap,
        /// When the first message is sent: within the first gap, so that hosts don't send in step. Not known before the
        /// first draw. Whole picoseconds, so that a mean of whole picoseconds gives gaps that are equal exactly.
        phase: Option<Time>,
        /// How many messages were sent.
        sent: u64,
    },
}

impl Schedule {
    pub(crate) const fn new(gaps: Gaps) -> Self {
        match gaps.kind {
            GapKind::Exponential => Self::Exponential { gaps: PoissonGaps::new(gaps.mean), now: Time::ZERO },
            GapKind::Constant => Self::Constant { mean: gaps.mean, phase: None, sent: 0 },
        }
    }

    /// The next instant. Takes one `u64` of `rng` if the gaps are exponential, or it is the first.
    pub(crate) fn next(&mut self, rng: &mut impl Rng) -> Time {
        match self {
            Self::Exponential { gaps, now } => {
                *now += gaps.next(rng);
                *now
            }
            Self::Constant { mean, phase, sent } => {
                let phase = *phase.get_or_insert_with(|| {
                    let part = uniform::draw(rng) as f64 / GRAINS_F64;
                    Time::from_ps(libm::round(part * mean.as_ps()) as u64)
                });
                // From the beginning each time: adding up rounded gaps would let the rate drift away from the load.
                let since = libm::round(*sent as f64 * mean.as_ps()) as u64;
                *sent += 1;
                phase + Duration::from_ps(since)
            }
        }
    }
}
