//! When messages arrive, and between which hosts.

use crate::SizeDistribution;
use crate::uniform::{self, GRAINS, GRAINS_F64};
use homa_units::{Bytes, Duration, Time};
use rand::Rng;
use std::sync::Arc;
use thiserror::Error;

/// The longest accepted mean gap in picoseconds (10^17, over a day): the longest gap drawn is 37 times as long and must
/// still be a span of simulated time.
const LONGEST_PS: f64 = 1e17;

/// The mean time between two messages of a Poisson process, in picoseconds. Not a whole number of them: rounding would
/// shift the load.
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

/// A message that a host is asked to send.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Arrival {
    /// When it is handed to the sender's transport.
    pub at: Time,
    /// Index of the sending host.
    pub source: u32,
    /// Index of the receiving host.
    pub destination: u32,
    /// How many bytes of payload it has.
    pub size: Bytes,
}

/// The random numbers of one host's traffic. Apart from one another they keep gaps, sizes and destinations
/// independent: another size distribution leaves the times as they are.
#[derive(Debug, Clone)]
pub struct StreamRngs<R> {
    /// For the gaps between messages.
    pub gap: R,
    /// For their sizes.
    pub size: R,
    /// For their destinations.
    pub destination: R,
}

/// A stream of messages can't be built.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum BadStream {
    /// There is nobody to send to.
    #[error("{hosts} host(s) can't exchange messages; all-to-all traffic needs at least 2")]
    TooFewHosts {
        /// How many hosts were given.
        hosts: u32,
    },
    /// The sender is not one of the hosts.
    #[error("host {source_host} can't send among {hosts} hosts; indices are 0 to {}", .hosts - 1)]
    UnknownSource {
        /// The given index.
        source_host: u32,
        /// How many hosts there are.
        hosts: u32,
    },
}

/// The endless Poisson traffic of one host to all others: exponential gaps, each other host equally likely.
#[derive(Debug, Clone)]
pub struct MessageStream<R> {
    source: u32,
    hosts: u32,
    sizes: Arc<SizeDistribution>,
    gaps: PoissonGaps,
    rngs: StreamRngs<R>,
    now: Time,
}

impl<R: Rng> MessageStream<R> {
    /// Traffic of the host `source` of `hosts`; the first message comes one gap after time 0.
    ///
    /// # Errors
    /// If there are fewer than two hosts, or `source` is not one of them.
    pub fn new(
        source: u32,
        hosts: u32,
        sizes: Arc<SizeDistribution>,
        mean_gap: MeanGap,
        rngs: StreamRngs<R>,
    ) -> Result<Self, BadStream> {
        if hosts < 2 {
            return Err(BadStream::TooFewHosts { hosts });
        }
        if source >= hosts {
            return Err(BadStream::UnknownSource { source_host: source, hosts });
        }
        Ok(Self { source, hosts, sizes, gaps: PoissonGaps::new(mean_gap), rngs, now: Time::ZERO })
    }

    /// The next message, later than or at the same time as the one before.
    ///
    /// # Panics
    /// If the simulated time would pass 213 days.
    pub fn next_arrival(&mut self) -> Arrival {
        self.now += self.gaps.next(&mut self.rngs.gap);
        let size = self.sizes.sample(&mut self.rngs.size);
        let other = uniform::below(self.hosts - 1, &mut self.rngs.destination);
        // The others are numbered without a hole for the source.
        let destination = if other < self.source { other } else { other + 1 };
        Arrival { at: self.now, source: self.source, destination, size }
    }
}
