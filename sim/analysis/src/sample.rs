//! A finished message as it is kept.

use homa_units::Bytes;
use serde::{Deserialize, Serialize};
use std::num::NonZeroU64;

/// A finished message, in 24 bytes.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Sample {
    pub(crate) size: u32,
    block: u16,
    /// The class of its path, if `best_ps` is known.
    path: u16,
    /// Or another number that takes its place.
    pub(crate) slowdown: f64,
    best_ps: Option<NonZeroU64>,
}

/// The best possible time of a message, which is that of its size and the class of its path.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct BestTime {
    /// The number of the class of its path.
    pub path: u8,
    /// The time in picoseconds.
    pub ps: NonZeroU64,
}

impl Sample {
    /// A message of `size` bytes that was created in the time block `block` and took `slowdown` times the best time.
    ///
    /// # Panics
    /// If the message has 4 GB or more, or the window more than 65,536 time blocks.
    #[must_use]
    #[inline]
    pub fn new(size: Bytes, slowdown: f64, block: u32, best: Option<BestTime>) -> Self {
        Self {
            size: u32::try_from(size.get()).expect("messages are shorter than 4 GB"),
            block: u16::try_from(block).expect("a window has few time blocks"),
            path: best.map_or(0, |best| u16::from(best.path)),
            slowdown,
            best_ps: best.map(|best| best.ps),
        }
    }

    /// The length of the message.
    #[must_use]
    pub const fn size(&self) -> Bytes {
        Bytes::new(self.size as u64)
    }

    pub(crate) const fn block(&self) -> u32 {
        self.block as u32
    }

    /// Its time over the best possible one.
    #[must_use]
    pub const fn slowdown(&self) -> f64 {
        self.slowdown
    }

    /// The best possible time, if it was recorded.
    #[must_use]
    pub fn best(&self) -> Option<BestTime> {
        self.best_ps.map(|ps| BestTime { path: self.path as u8, ps })
    }

    /// From creation to completion in picoseconds, if the best time was recorded. Exact up to half an hour: the slowdown is
    /// the nearest number to the quotient of two whole ones.
    #[must_use]
    pub fn latency_ps(&self) -> Option<f64> {
        self.best_ps.map(|best| (self.slowdown * best.get() as f64).round())
    }
}

#[cfg(test)]
mod tests {
    use super::{BestTime, Sample};
    use homa_units::Bytes;
    use std::num::NonZeroU64;

    #[test]
    fn a_latency_comes_back_to_the_picosecond() {
        let mut state = 1_u64;
        for _ in 0..100_000 {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            // From nanoseconds to a quarter of an hour.
            let best = 1_000 + (state >> 20) % 10_u64.pow(3 + (state % 10) as u32);
            let latency = best + (state >> 13) % 10_u64.pow(3 + (state % 12) as u32);
            let best_time = BestTime { path: 1, ps: NonZeroU64::new(best).unwrap() };
            let sample = Sample::new(Bytes::new(100), latency as f64 / best as f64, 9, Some(best_time));
            assert_eq!(sample.latency_ps(), Some(latency as f64), "of {best} ps");
            assert_eq!((sample.best(), sample.size(), sample.block()), (Some(best_time), Bytes::new(100), 9));
        }
    }

    #[test]
    fn a_sample_takes_24_bytes() {
        assert_eq!(size_of::<Sample>(), 24);
    }
}
