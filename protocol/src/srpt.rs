//! Which message goes next: shortest remaining processing time first.

use alloc::vec::Vec;
use core::cmp::Reverse;
use core::hash::BuildHasherDefault;
use homa_units::Time;
use priority_queue::PriorityQueue;
use rustc_hash::FxHasher;

/// What decides between messages: remaining bytes, then age, then the order of those of one instant. Smaller goes first.
/// As one number, which is compared without a branch.
type Key = u128;

/// Messages that could send now, the one with the fewest remaining bytes first.
///
/// Ties go to the older message, then to the one with the smaller `order`, so the order is total if that differs between
/// messages of one instant.
///
/// A host has few messages at a time as a rule. The first ones are in a sorted list: a hash and a heap take several times
/// as long as a look at each. What is behind them is in a [`PriorityQueue`], so that a long queue costs its logarithm.
#[derive(Debug, Clone, Default)]
pub struct SrptQueue {
    /// The first messages, the very first at the end; none only if there are none at all.
    first: Vec<Entry>,
    /// All others.
    behind: PriorityQueue<u32, Reverse<Key>, BuildHasherDefault<FxHasher>>,
}

#[inline]
const fn key(remaining_bytes: u32, created: Time, order: u32) -> Key {
    (remaining_bytes as Key) << 96 | (created.as_ps() as Key) << 32 | order as Key
}

#[derive(Debug, Clone, Copy)]
struct Entry {
    key: Key,
    slot: u32,
}

/// The list is no longer than this.
const FIRST_MAX: usize = 32;
/// When the list has run empty so many come from behind.
const REFILL: usize = FIRST_MAX / 2;

impl SrptQueue {
    /// Enters the message `slot`, or moves it to its new place.
    #[inline]
    pub fn set(&mut self, slot: u32, remaining_bytes: u32, created: Time, order: u32) {
        let key = key(remaining_bytes, created, order);
        // The message that has just sent a packet: it stays the first.
        if let Some(entry) = self.first.last_mut()
            && entry.slot == slot
            && entry.key >= key
        {
            entry.key = key;
            return;
        }
        self.move_to(Entry { key, slot });
    }

    // Apart, so that what most calls need is short.
    #[inline(never)]
    fn move_to(&mut self, entry: Entry) {
        self.remove(entry.slot);
        self.insert(entry);
    }

    /// Enters the message `slot`, which is not in the queue: [`Self::set`] would look for it.
    #[inline]
    pub fn enter(&mut self, slot: u32, remaining_bytes: u32, created: Time, order: u32) {
        self.insert(Entry { key: key(remaining_bytes, created, order), slot });
    }

    fn insert(&mut self, entry: Entry) {
        if self.first.is_empty() {
            self.first.push(entry);
            return;
        }
        if !self.behind.is_empty() && self.first.first().is_some_and(|last| last.key < entry.key) {
            self.behind.push(entry.slot, Reverse(entry.key));
            return;
        }
        let place = self.first.iter().rposition(|other| other.key > entry.key).map_or(0, |before| before + 1);
        self.first.insert(place, entry);
        if self.first.len() > FIRST_MAX {
            let last = self.first.remove(0);
            self.behind.push(last.slot, Reverse(last.key));
        }
    }

    /// The message that goes next.
    #[must_use]
    #[inline]
    pub fn first(&self) -> Option<u32> {
        self.first.last().map(|entry| entry.slot)
    }

    /// Takes out the message that goes next.
    #[inline]
    pub fn remove_first(&mut self) {
        self.first.pop();
        if self.first.is_empty() && !self.behind.is_empty() {
            self.refill();
        }
    }

    /// Takes out the message `slot`, if it is in the queue.
    #[inline]
    pub fn remove(&mut self, slot: u32) {
        if let Some(place) = self.first.iter().rposition(|entry| entry.slot == slot) {
            self.first.remove(place);
            if self.first.is_empty() && !self.behind.is_empty() {
                self.refill();
            }
        } else if !self.behind.is_empty() {
            self.behind.remove(&slot);
        }
    }

    #[cold]
    fn refill(&mut self) {
        let next = core::iter::from_fn(|| self.behind.pop());
        self.first.extend(next.take(REFILL).map(|(slot, Reverse(key))| Entry { key, slot }));
        self.first.reverse();
    }

    /// Whether no message could send.
    #[must_use]
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.first.is_empty()
    }
}
