//! Which message goes next: shortest remaining processing time first.

use core::cmp::Reverse;
use core::hash::BuildHasherDefault;
use homa_units::Time;
use priority_queue::PriorityQueue;
use rustc_hash::FxHasher;

/// What decides between messages: remaining bytes, then age, then the order of those of one instant. Smaller goes first.
type Key = (u32, Time, u32);

/// Messages that could send now, the one with the fewest remaining bytes first.
///
/// Ties go to the older message, then to the one with the smaller `order`, so the order is total if that differs between
/// messages of one instant.
#[derive(Debug, Clone, Default)]
pub struct SrptQueue {
    queue: PriorityQueue<u32, Reverse<Key>, BuildHasherDefault<FxHasher>>,
}

impl SrptQueue {
    /// Enters the message `slot`, or moves it to its new place.
    #[inline]
    pub fn set(&mut self, slot: u32, remaining_bytes: u32, created: Time, order: u32) {
        self.queue.push(slot, Reverse((remaining_bytes, created, order)));
    }

    /// The message that goes next.
    #[must_use]
    #[inline]
    pub fn first(&self) -> Option<u32> {
        self.queue.peek().map(|(slot, _)| *slot)
    }

    /// Takes out the message that goes next.
    #[inline]
    pub fn remove_first(&mut self) {
        self.queue.pop();
    }

    /// Takes out the message `slot`, if it is in the queue.
    #[inline]
    pub fn remove(&mut self, slot: u32) {
        self.queue.remove(&slot);
    }

    /// Whether no message could send.
    #[must_use]
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.queue.is_empty()
    }
}
