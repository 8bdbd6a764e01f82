//! The receiver's ranked list of senders and the slots they hold.
//!
//! The occupied slots are contiguous: the sender of rank `r` is in slot `head + r`. Slots below the number of
//! scheduled levels stand for these levels, the last slot for the lowest.

use homa_topologies::HostId;
use homa_units::Time;

/// What ranks senders: the message bytes not yet granted, then size, age and identity of the message. Smaller is better.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Key {
    pub(super) ungranted: u32,
    pub(super) size: u32,
    pub(super) created: Time,
    pub(super) source: HostId,
    pub(super) slot: u32,
}

/// Where a sender would stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) rank: usize,
    pub(super) slot: u32,
}

#[derive(Debug)]
pub(super) struct Ranking {
    /// The senders that have something to grant, best first.
    listed: Vec<(Key, u32)>,
    head: u32,
    scheduled_levels: u32,
    overcommitment: usize,
}

impl Ranking {
    pub(super) fn new(scheduled_levels: u8, overcommitment: u8) -> Self {
        let scheduled_levels = u32::from(scheduled_levels);
        let overcommitment = usize::from(overcommitment);
        Self { listed: Vec::new(), head: scheduled_levels, scheduled_levels, overcommitment }
    }

    pub(super) fn len(&self) -> usize {
        self.listed.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.listed.is_empty()
    }

    /// An arrival that finds the list empty begins again at the lowest level.
    pub(super) fn reset_if_empty(&mut self) {
        if self.listed.is_empty() {
            self.head = self.scheduled_levels;
        }
    }

    /// The sender of a rank, with its key.
    pub(super) fn at(&self, rank: usize) -> (Key, u32) {
        self.listed[rank]
    }

    /// Takes out the sender with this key and gives the slot it had.
    pub(super) fn take_out(&mut self, key: &Key) -> u32 {
        let rank = self.listed.binary_search_by(|(listed, _)| listed.cmp(key)).expect("the sender is listed");
        let slot = self.head + rank as u32;
        self.listed.remove(rank);
        // Its slot becomes free and the others keep theirs, unless that would leave slots unused.
        if rank == 0 && self.head + self.granted(self.listed.len()) < self.scheduled_levels {
            self.head += 1;
        }
        slot
    }

    /// Where a sender with this key would stand; `last_slot` is the one it was last taken out of.
    pub(super) fn place(&self, key: &Key, last_slot: u32) -> Place {
        let rank = self.listed.partition_point(|(listed, _)| listed < key);
        Place { rank, slot: self.head_with(rank, last_slot) + rank as u32 }
    }

    /// Enters a sender that is not listed.
    pub(super) fn insert(&mut self, key: Key, sender: u32, last_slot: u32) -> Place {
        let place = self.place(&key, last_slot);
        self.head = place.slot - place.rank as u32;
        self.listed.insert(place.rank, (key, sender));
        place
    }

    /// The head with one sender more, at `rank`.
    fn head_with(&self, rank: usize, last_slot: u32) -> u32 {
        let mut head = self.head;
        // A new best sender takes the next higher level and moves nobody, if there is one.
        if rank == 0 && head > 0 && head != last_slot {
            head -= 1;
        }
        head.min(self.scheduled_levels - self.granted(self.listed.len() + 1))
    }

    /// How many of `listed` senders are kept granted.
    fn granted(&self, listed: usize) -> u32 {
        listed.min(self.overcommitment) as u32
    }
}
