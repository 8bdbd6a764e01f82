//! Cutoffs computed from the sizes of incoming messages, as the kernel's tool `homa_prio` does (spec 6.5).

use crate::{MAX_MESSAGE_LENGTH, Metrics};
use homa_units::{Duration, Priority};
use serde::{Deserialize, Serialize};

/// Intervals of message sizes that [`Metrics::size_bytes`] tells apart.
const INTERVALS: usize = 188;

/// Cutoffs that were set by hand for published cluster runs (spec 6.5, cloudlab/bin/set_cutoffs): name of the workload,
/// and entry i for level i.
pub const PUBLISHED_CUTOFFS: [(&str, [u32; 8]); 5] = [
    ("w1", [1_000_000, 12_288, 2_112, 1_280, 832, 576, 384, 192]),
    ("w2", [1_000_000, 1_000_000, 1_000_000, 7_168, 1_920, 640, 448, 320]),
    ("w3", [1_000_000, 1_000_000, 1_000_000, 1_000_000, 1_000_000, 63_488, 12_288, 3_008]),
    ("w4", [1_000_000, 1_000_000, 1_000_000, 1_000_000, 1_000_000, 1_000_000, 1_000_000, 68_608]),
    ("w5", [1_000_000; 8]),
];

/// Options of [`Prio`], named as those of `homa_prio`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct PrioOptions {
    /// Time between two calls of [`Prio::update`], which the caller keeps. Default 1 s.
    pub interval: Duration,
    /// Fewer incoming messages than this say nothing. Default 10000.
    pub min_messages: u64,
    /// How far the deciles of message sizes have to move before the cutoffs do, in thousandths: the sum over all nine
    /// of the change relative to the larger value. Default 1000.
    pub min_drift_permille: u32,
    /// Levels for unscheduled packets; 0 chooses them by the share of unscheduled bytes. Default 0.
    pub unsched: u32,
    /// Added to the number of levels that is chosen, before rounding, in thousandths of a level. Default 0.
    pub unsched_boost_permille: u32,
}

impl Default for PrioOptions {
    fn default() -> Self {
        Self {
            interval: Duration::from_ms(1_000),
            min_messages: 10_000,
            min_drift_permille: 1_000,
            unsched: 0,
            unsched_boost_permille: 0,
        }
    }
}

/// Sizes counted up to some moment, or between two.
#[derive(Debug, Clone)]
struct Sizes {
    intervals: [Interval; INTERVALS],
    large_count: u64,
    large_bytes: u64,
}

#[derive(Debug, Clone, Copy, Default)]
struct Interval {
    max_size: u32,
    bytes: u64,
    /// An estimate: as many as if all had the size in the middle of the interval.
    messages: u64,
}

impl Interval {
    fn unscheduled_bytes(&self, unsched_bytes: u32) -> u128 {
        let bytes = u128::from(self.bytes);
        if self.max_size <= unsched_bytes {
            return bytes;
        }
        (u128::from(self.messages) * u128::from(unsched_bytes)).min(bytes)
    }
}

impl Sizes {
    fn read(metrics: &Metrics, quirk_q15: bool) -> Self {
        let mut intervals = [Interval::default(); INTERVALS];
        let mut before = 0;
        for (interval, (max_size, bytes)) in intervals.iter_mut().zip(metrics.size_bytes(quirk_q15)) {
            let messages = 2 * bytes / u64::from(max_size + before);
            *interval = Interval { max_size, bytes, messages };
            before = max_size;
        }
        Self { intervals, large_count: metrics.large_msg_count, large_bytes: metrics.large_msg_bytes }
    }

    /// What was counted after `earlier`.
    fn since(&self, earlier: &Self) -> Self {
        let grown = |now: u64, before: u64| now.checked_sub(before).expect("counters never decrease");
        let mut between = self.clone();
        for (interval, before) in between.intervals.iter_mut().zip(&earlier.intervals) {
            interval.bytes = grown(interval.bytes, before.bytes);
            interval.messages = grown(interval.messages, before.messages);
        }
        between.large_count = grown(self.large_count, earlier.large_count);
        between.large_bytes = grown(self.large_bytes, earlier.large_bytes);
        between
    }

    fn messages(&self) -> u64 {
        self.intervals.iter().map(|interval| interval.messages).sum::<u64>() + self.large_count
    }

    fn bytes(&self) -> u64 {
        self.intervals.iter().map(|interval| interval.bytes).sum::<u64>() + self.large_bytes
    }

    /// The sizes that 10, 20, …, 90% of the messages don't exceed.
    fn deciles(&self) -> [u32; 9] {
        // The tool's step is a whole number of messages (D17 of spec part 14).
        let (step, mut up_to, mut reached) = (u128::from(self.messages() / 10), 0, 0);
        let mut deciles = [MAX_MESSAGE_LENGTH; 9];
        for interval in &self.intervals {
            up_to += u128::from(interval.messages);
            while reached < deciles.len() && up_to >= step * (reached as u128 + 1) {
                deciles[reached] = interval.max_size;
                reached += 1;
            }
        }
        deciles
    }

    fn unscheduled_bytes(&self, unsched_bytes: u32) -> u128 {
        let of_intervals: u128 = self.intervals.iter().map(|interval| interval.unscheduled_bytes(unsched_bytes)).sum();
        of_intervals + u128::from(self.large_count) * u128::from(unsched_bytes)
    }
}

/// Watches the sizes of incoming messages and says when the unscheduled levels should be divided differently.
#[derive(Debug, Clone)]
pub struct Prio {
    options: PrioOptions,
    /// The counters when the cutoffs were last considered.
    reading: Sizes,
    /// The deciles that the current cutoffs follow from; 0 at first, which is as far from all sizes as can be.
    deciles: [u32; 9],
    num_priorities: u32,
}

impl Prio {
    /// Starts from counters that are all zero.
    #[must_use]
    pub fn new(options: PrioOptions) -> Self {
        Self { options, reading: Sizes::read(&Metrics::default(), false), deciles: [0; 9], num_priorities: 0 }
    }

    /// The time to leave between two updates.
    #[must_use]
    pub const fn interval(&self) -> Duration {
        self.options.interval
    }

    /// The cutoffs to be written to `unsched_cutoffs`, if they should change (spec 6.5).
    ///
    /// `quirk_q15` as for [`Metrics::size_bytes`], the others are the sysctls. A round with too few messages is
    /// skipped, and its messages count in the next one. Where the sizes have hardly moved, the next round is again
    /// compared with the sizes that the cutoffs were computed from, so that a slow drift is noticed in the end.
    ///
    /// # Panics
    /// If a counter is smaller than at an earlier call, or `num_priorities` over 8.
    pub fn update(
        &mut self,
        metrics: &Metrics,
        quirk_q15: bool,
        num_priorities: u32,
        unsched_bytes: u32,
    ) -> Option<[u32; 8]> {
        assert!(num_priorities as usize <= Priority::LEVELS, "there are at most eight levels");
        let now = Sizes::read(metrics, quirk_q15);
        let new = now.since(&self.reading);
        if new.messages() < self.options.min_messages || new.bytes() == 0 || num_priorities <= 1 {
            return None;
        }
        self.reading = now;
        let deciles = new.deciles();
        let moved = drift(&deciles, &self.deciles) >= f64::from(self.options.min_drift_permille) / 1_000.0;
        if !moved && num_priorities == self.num_priorities {
            return None;
        }
        (self.deciles, self.num_priorities) = (deciles, num_priorities);
        Some(cutoffs(&new, &self.options, num_priorities, unsched_bytes))
    }
}

/// The sum of the relative changes. Division and addition are exactly defined, so the result is the same everywhere.
fn drift(new: &[u32; 9], old: &[u32; 9]) -> f64 {
    let relative = |(new, old): (&u32, &u32)| f64::from(new.abs_diff(*old)) / f64::from(*new.max(old));
    new.iter().zip(old).map(relative).sum()
}

/// Steps 4 to 8: levels for unscheduled packets that carry equally many unscheduled bytes.
fn cutoffs(sizes: &Sizes, options: &PrioOptions, num_priorities: u32, unsched_bytes: u32) -> [u32; 8] {
    let total = u128::from(sizes.bytes());
    let unscheduled = sizes.unscheduled_bytes(unsched_bytes);
    let available = u128::from(num_priorities);
    let levels = match options.unsched {
        0 => {
            let boosted = u128::from(options.unsched_boost_permille) + 500;
            ((available * unscheduled * 1_000 + total * boosted) / (total * 1_000)).max(1)
        }
        given => u128::from(given),
    };
    let per_level = 1 + if levels < available { unscheduled / levels } else { total / available };
    let mut cutoffs = [0; 8];
    let used = &mut cutoffs[..num_priorities as usize];
    used.fill(MAX_MESSAGE_LENGTH);
    let mut level = used.len() - 1;
    // The tool's sum has 32 bits, and wraps above 2.1 GB in an interval (D17 of spec part 14).
    let mut sum = 0_i32;
    let mut target = per_level as i128;
    for interval in &sizes.intervals {
        sum = sum.wrapping_add(interval.unscheduled_bytes(unsched_bytes) as i32);
        let up_to = i128::from(sum);
        if up_to >= unscheduled as i128 {
            break;
        }
        if up_to >= target {
            // Unless the sum has wrapped, the levels above took `per_level` bytes or more each, and one is left.
            if level == 0 {
                break;
            }
            used[level] = interval.max_size;
            level -= 1;
            // Step 7 also stops when the target is out of reach; then the total is reached first anyway.
            target = up_to + per_level as i128;
        }
    }
    cutoffs
}
