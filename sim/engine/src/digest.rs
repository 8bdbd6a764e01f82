//! A digest of what happened in a run.

use homa_units::Time;

/// A stable 64-bit digest of a sequence of (time, component, item) records, in that order.
///
/// Records must come in order of time; those of one instant may come in any order. The definition
/// is this file's own, so that it never changes with a library: each word is mixed in by
/// multiplication and rotation, the state is finished by two xor-shift-multiply rounds.
#[derive(Debug, Clone)]
pub struct TrajectoryDigest {
    state: u64,
    at: Time,
    same_instant: Vec<(u32, u64)>,
}

impl Default for TrajectoryDigest {
    fn default() -> Self {
        Self { state: 0x9e37_79b9_7f4a_7c15, at: Time::ZERO, same_instant: Vec::new() }
    }
}

impl TrajectoryDigest {
    /// Adds that `item` happened to `component` at `at`.
    ///
    /// # Panics
    /// If `at` is earlier than that of a record before.
    #[inline]
    pub fn record(&mut self, at: Time, component: u32, item: u64) {
        assert!(at >= self.at, "records come in order of time");
        if at != self.at {
            self.flush();
            self.at = at;
        }
        self.same_instant.push((component, item));
    }

    /// The digest of all records so far.
    #[must_use]
    pub fn finish(mut self) -> u64 {
        self.flush();
        let mut hash = self.state;
        for _ in 0..2 {
            hash = (hash ^ hash >> 32).wrapping_mul(0xd6e8_feb8_6659_fd93);
        }
        hash ^ hash >> 32
    }

    #[inline]
    fn flush(&mut self) {
        // Most instants have one record.
        if self.same_instant.len() > 1 {
            self.same_instant.sort_unstable();
        }
        let (at, mut state) = (self.at.as_ps(), self.state);
        for (component, item) in &self.same_instant {
            for word in [at, u64::from(*component), *item] {
                state = (state ^ word).wrapping_mul(0x9fb2_1c65_1e98_df25).rotate_left(29);
            }
        }
        self.state = state;
        self.same_instant.clear();
    }
}
