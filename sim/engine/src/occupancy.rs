//! Which of many places are taken, with a quick way to the next one.

const WORD: usize = u64::BITS as usize;

/// A set of numbers below [`Self::SIZE`]: one bit each, and one bit for each word of them, all of
/// which are in one word. Everything takes constant time.
#[derive(Debug)]
pub(crate) struct Occupancy {
    words: [u64; WORD],
    /// Bit `i` says whether word `i` has bits.
    summary: u64,
}

impl Occupancy {
    pub(crate) const SIZE: usize = WORD * WORD;

    /// The empty set.
    pub(crate) const fn new() -> Self {
        Self { words: [0; WORD], summary: 0 }
    }

    #[inline]
    pub(crate) const fn insert(&mut self, number: usize) {
        let word = number / WORD;
        self.words[word] |= 1 << (number % WORD);
        self.summary |= 1 << word;
    }

    #[inline]
    pub(crate) const fn remove(&mut self, number: usize) {
        let word = number / WORD;
        self.words[word] &= !(1 << (number % WORD));
        if self.words[word] == 0 {
            self.summary &= !(1 << word);
        }
    }

    /// The first member from `number` on, going round from the end to the begin.
    #[inline(always)]
    pub(crate) const fn next_from(&self, number: usize) -> Option<usize> {
        let word = number / WORD;
        let later = self.words[word] & (u64::MAX << (number % WORD));
        if later != 0 {
            return Some(word * WORD + later.trailing_zeros() as usize);
        }
        if self.summary == 0 {
            return None;
        }
        // Turned so that the word after this one comes first, and this one last.
        let turn = word as u32 + 1;
        let steps = self.summary.rotate_right(turn).trailing_zeros();
        let word = (steps + turn) as usize % WORD;
        Some(word * WORD + self.words[word].trailing_zeros() as usize)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_next_member_is_found_round_the_end() {
        let mut set = Occupancy::new();
        assert_eq!(set.next_from(0), None);
        let members = [1, 63, 70, Occupancy::SIZE / 2 + 3, Occupancy::SIZE - 1];
        for count in 1..=members.len() {
            let members = &members[members.len() - count..];
            members.iter().for_each(|member| set.insert(*member));
            for start in 0..Occupancy::SIZE {
                let later = members.iter().copied().find(|member| *member >= start);
                assert_eq!(set.next_from(start), later.or(Some(members[0])), "from {start} of {members:?}");
            }
        }
        members.iter().for_each(|member| set.remove(*member));
        assert_eq!(set.next_from(2), None);
    }
}
