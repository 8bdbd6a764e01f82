//! The receiver's ranked list of senders and the slots they hold.
//!
//! The occupied slots are contiguous: the sender of rank `r` is in slot `head + r`. Slots below the
//! number of scheduled levels stand for these levels, the last slot for the lowest.

use homa_topologies::HostId;
use homa_units::Time;

/// What ranks senders: the message bytes not yet granted, then size, age and identity of the
/// message. Smaller is better.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Key {
    pub(crate) ungranted: u32,
    pub(crate) size: u32,
    pub(crate) created: Time,
    pub(crate) source: HostId,
    pub(crate) sequence: u32,
}

/// Where a sender would stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) rank: usize,
    pub(crate) slot: u32,
}

/// The senders that want grants, best first, in a sorted list: the order of [`Key`] is total.
/// Finding a rank takes a binary search, inserting and taking out move what stands behind; a
/// receiver has few senders that want grants at a time.
#[derive(Debug)]
pub(crate) struct Ranking {
    /// The senders that have something to grant, best first.
    listed: Vec<(Key, u32)>,
    head: u32,
    scheduled_levels: u32,
    overcommitment: usize,
}

impl Ranking {
    /// The last slot of a sender that was never taken out.
    pub(crate) const NO_SLOT: u32 = u32::MAX;

    pub(crate) fn new(scheduled_levels: u8, overcommitment: u8) -> Self {
        let scheduled_levels = u32::from(scheduled_levels);
        let overcommitment = usize::from(overcommitment);
        Self { listed: Vec::new(), head: scheduled_levels, scheduled_levels, overcommitment }
    }

    #[inline]
    pub(crate) fn len(&self) -> usize {
        self.listed.len()
    }

    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        self.listed.is_empty()
    }

    /// An arrival that finds the list empty begins again at the lowest level.
    #[inline]
    pub(crate) fn reset_if_empty(&mut self) {
        if self.listed.is_empty() {
            self.head = self.scheduled_levels;
        }
    }

    /// The sender of a rank, with its key.
    #[inline]
    pub(crate) fn at(&self, rank: usize) -> (Key, u32) {
        self.listed[rank]
    }

    /// Takes out the sender with this key and gives the slot it had.
    #[inline]
    pub(crate) fn take_out(&mut self, key: &Key) -> u32 {
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
    #[inline]
    pub(crate) fn place(&self, key: &Key, last_slot: u32) -> Place {
        let rank = self.listed.partition_point(|(listed, _)| listed < key);
        Place { rank, slot: self.head_with(rank, last_slot) + rank as u32 }
    }

    /// Enters a sender that is not listed.
    #[inline]
    pub(crate) fn insert(&mut self, key: Key, sender: u32, last_slot: u32) -> Place {
        let place = self.place(&key, last_slot);
        self.head = place.slot - place.rank as u32;
        self.listed.insert(place.rank, (key, sender));
        place
    }

    /// Whether a sender's last slot can ever matter. The slots that the head is compared with are
    /// from 1 up; and at the end of the scheduled levels, it moves up in any case.
    #[inline]
    pub(crate) fn remembers(&self, last_slot: u32) -> bool {
        0 < last_slot && last_slot < self.scheduled_levels
    }

    /// The head with one sender more, at `rank`.
    #[inline]
    fn head_with(&self, rank: usize, last_slot: u32) -> u32 {
        let mut head = self.head;
        // A new best sender takes the next higher level and moves nobody, if there is one.
        if rank == 0 && head > 0 && head != last_slot {
            head -= 1;
        }
        head.min(self.scheduled_levels - self.granted(self.listed.len() + 1))
    }

    /// How many of `listed` senders are kept granted.
    #[inline]
    fn granted(&self, listed: usize) -> u32 {
        listed.min(self.overcommitment) as u32
    }
}

#[cfg(test)]
mod tests {
    //! The worked examples of the original's procedure, step by step: who is listed, and in which
    //! slot.

    use super::*;

    /// A sender with one message of `ungranted` bytes, named by a letter.
    fn key(name: char, ungranted: u32) -> Key {
        Key { ungranted, size: ungranted, created: Time::ZERO, source: HostId(u32::from(name)), sequence: 0 }
    }

    struct Script {
        ranking: Ranking,
        last_slot: std::collections::BTreeMap<char, u32>,
    }

    impl Script {
        fn new(levels: u8) -> Self {
            Self { ranking: Ranking::new(levels, levels), last_slot: Default::default() }
        }

        /// A packet arrives: an empty list begins anew, then the sender is listed.
        fn arrives(&mut self, name: char, ungranted: u32) -> String {
            self.ranking.reset_if_empty();
            let last_slot = self.last_slot.get(&name).copied().unwrap_or(self.ranking.scheduled_levels);
            self.ranking.insert(key(name, ungranted), u32::from(name), last_slot);
            self.show()
        }

        fn leaves(&mut self, name: char, ungranted: u32) {
            let slot = self.ranking.take_out(&key(name, ungranted));
            self.last_slot.insert(name, slot);
        }

        /// The sender's last grant goes out.
        fn finished(&mut self, name: char, ungranted: u32) -> String {
            self.leaves(name, ungranted);
            self.show()
        }

        fn show(&self) -> String {
            let slot = |rank: usize| self.ranking.head as usize + rank;
            let listed = self.ranking.listed.iter().enumerate();
            listed
                .map(|(rank, (_, sender))| format!("{} {}", char::from_u32(*sender).unwrap(), slot(rank)))
                .collect::<Vec<_>>()
                .join(", ")
        }
    }

    #[test]
    fn four_levels_fill_from_the_bottom_and_keep_their_slots() {
        let mut script = Script::new(4);
        assert_eq!(script.arrives('A', 100_000), "A 3");
        assert_eq!(script.arrives('B', 50_000), "B 2, A 3");
        assert_eq!(script.arrives('C', 80_000), "B 1, C 2, A 3");
        assert_eq!(script.arrives('D', 200_000), "B 0, C 1, A 2, D 3");
        assert_eq!(script.arrives('E', 60_000), "B 0, E 1, C 2, A 3, D 4");
        assert_eq!(script.finished('B', 50_000), "E 0, C 1, A 2, D 3");
        assert_eq!(script.finished('E', 60_000), "C 1, A 2, D 3");
        assert_eq!(script.finished('A', 100_000), "C 1, D 2");
        assert_eq!(script.arrives('F', 300_000), "C 1, D 2, F 3");
        assert_eq!(script.arrives('G', 70_000), "G 0, C 1, D 2, F 3");
    }

    #[test]
    fn seven_levels_let_the_group_climb_and_a_lone_sender_stays_where_it_is() {
        let mut script = Script::new(7);
        script.arrives('A', 30_000);
        assert_eq!(script.arrives('B', 20_000), "B 5, A 6");
        // A second message of A's sender overtakes B; the arrival takes the sender out first.
        script.leaves('A', 30_000);
        assert_eq!(script.arrives('A', 12_000), "A 4, B 5");
        assert_eq!(script.arrives('C', 25_000), "A 4, B 5, C 6");
        assert_eq!(script.finished('B', 20_000), "A 4, C 5");
        assert_eq!(script.finished('C', 25_000), "A 4");
        assert_eq!(script.arrives('D', 40_000), "A 4, D 5");
        // The second message is finished, the first is still better than D's.
        script.leaves('A', 12_000);
        assert_eq!(script.arrives('A', 30_000), "A 4, D 5");
        assert_eq!(script.finished('A', 30_000), "D 5");
        assert_eq!(script.finished('D', 40_000), "");
        assert_eq!(script.arrives('E', 15_000), "E 6");
    }

    #[test]
    fn only_as_many_senders_as_overcommitted_hold_levels() {
        let mut ranking = Ranking::new(4, 2);
        for (name, ungranted) in [('A', 10), ('B', 20), ('C', 30)] {
            ranking.reset_if_empty();
            ranking.insert(key(name, ungranted), u32::from(name), 4);
        }
        assert_eq!((ranking.head, ranking.len()), (2, 3));
    }

    /// Without the exception for the slot it was last taken out of, A would be in slot 4 and C in
    /// 5.
    #[test]
    fn a_best_sender_that_comes_back_to_the_slot_it_left_pushes_the_others_down() {
        let mut script = Script::new(7);
        script.arrives('A', 30_000);
        assert_eq!(script.arrives('B', 40_000), "A 5, B 6");
        assert_eq!(script.finished('A', 30_000), "B 6");
        assert_eq!(script.arrives('C', 20_000), "C 5, B 6");
        assert_eq!(script.finished('B', 40_000), "C 5");
        assert_eq!(script.arrives('A', 10_000), "A 5, C 6");
    }

    /// The best of a crowd is taken out and listed again at each of its arrivals; that must not let
    /// the crowd climb.
    #[test]
    fn the_best_of_more_senders_than_are_kept_granted_stays_in_its_slot() {
        let mut script = Script { ranking: Ranking::new(7, 3), last_slot: Default::default() };
        for (name, ungranted) in [('A', 10_000), ('B', 20_000), ('C', 30_000), ('D', 40_000)] {
            script.arrives(name, ungranted);
        }
        assert_eq!(script.show(), "A 4, B 5, C 6, D 7");
        for _ in 0..3 {
            script.leaves('A', 10_000);
            assert_eq!(script.arrives('A', 10_000), "A 4, B 5, C 6, D 7");
        }
    }

    proptest::proptest! {
        #![proptest_config(proptest::test_runner::Config { failure_persistence: None, ..Default::default() })]

        /// Whoever is kept granted holds a slot that stands for a level, in order of rank.
        #[test]
        fn granted_senders_hold_levels_whatever_comes_and_goes(
            levels in 1..8_u8,
            granted in 1..8_u8,
            steps in proptest::collection::vec((0..10_u32, 1..50_u32), 0..80),
        ) {
            let mut script = Script { ranking: Ranking::new(levels, granted.min(levels)), last_slot: Default::default() };
            let mut listed = std::collections::BTreeMap::new();
            for (sender, ungranted) in steps {
                let name = char::from_u32(u32::from('A') + sender).unwrap();
                match listed.remove(&name) {
                    Some(ungranted) => script.leaves(name, ungranted),
                    None => {
                        script.arrives(name, ungranted);
                        listed.insert(name, ungranted);
                    }
                }
                let ranking = &script.ranking;
                assert_eq!(ranking.len(), listed.len());
                assert!(ranking.head + ranking.granted(ranking.len()) <= ranking.scheduled_levels);
                assert!((1..ranking.len()).all(|rank| ranking.at(rank - 1).0 < ranking.at(rank).0));
            }
        }
    }
}
