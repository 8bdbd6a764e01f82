//! Which of many places are taken, with a quick way to the next one.

const WORD: usize = u64::BITS as usize;

/// A set of numbers below a power of two: one bit each, and one bit for each word of them. Setting
/// and clearing are constant; the next member is found by looking at no more than the words of the
/// upper level.
#[derive(Debug)]
pub(crate) struct Occupancy {
    words: Vec<u64>,
    /// Bit `i % 64` of word `i / 64` says whether word `i` of `words` has bits.
    summary: Vec<u64>,
}

impl Occupancy {
    /// The empty set of numbers below `size`, a power of two of at least 64.
    pub(crate) fn new(size: usize) -> Self {
        assert!(size.is_power_of_two() && size >= WORD, "a power of two of at least 64");
        let words = size / WORD;
        Self { words: vec![0; words], summary: vec![0; words.div_ceil(WORD)] }
    }

    #[inline]
    pub(crate) fn insert(&mut self, number: usize) {
        let word = number / WORD;
        self.words[word] |= 1 << (number % WORD);
        self.summary[word / WORD] |= 1 << (word % WORD);
    }

    #[inline]
    pub(crate) fn remove(&mut self, number: usize) {
        let word = number / WORD;
        self.words[word] &= !(1 << (number % WORD));
        if self.words[word] == 0 {
            self.summary[word / WORD] &= !(1 << (word % WORD));
        }
    }

    /// The first member after `number`, which itself is none, going round from the end to the
    /// begin.
    // As a function of its own it would take 1 % more instructions for W5: it is asked for each
    // slot of few events.
    #[inline(always)]
    pub(crate) fn next_after(&self, number: usize) -> Option<usize> {
        let word = number / WORD;
        let later = self.words[word] & (u64::MAX << (number % WORD));
        if later != 0 {
            return Some(word * WORD + later.trailing_zeros() as usize);
        }
        let word = self.next_word_after(word)?;
        Some(word * WORD + self.words[word].trailing_zeros() as usize)
    }

    /// The first word with bits after `word`, going round; `word` itself comes last.
    #[inline]
    fn next_word_after(&self, word: usize) -> Option<usize> {
        let (group, bit) = (word / WORD, word % WORD);
        // Shifted in two steps, as a shift by 64 is none.
        let later = self.summary[group] & (u64::MAX << bit << 1);
        if later != 0 {
            return Some(group * WORD + later.trailing_zeros() as usize);
        }
        let groups = self.summary.len();
        (1..=groups).map(|step| (group + step) % groups).find_map(|group| {
            let bits = self.summary[group];
            (bits != 0).then(|| group * WORD + bits.trailing_zeros() as usize)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_next_member_is_found_round_the_end_in_sets_of_one_and_of_many_groups() {
        for size in [64, 128, 4_096, 8_192, 1 << 18] {
            let mut set = Occupancy::new(size);
            assert_eq!(set.next_after(0), None);
            let members = [1, 63.min(size - 1), size / 2 + 3, size - 1];
            members.iter().for_each(|member| set.insert(*member));
            for start in (0..size).step_by((size / 512).max(1)).filter(|start| !members.contains(start)) {
                let expected = members.iter().copied().filter(|member| *member > start).min();
                let expected = expected.or(members.iter().copied().min());
                assert_eq!(set.next_after(start), expected, "after {start} of {size}");
            }
            members.iter().for_each(|member| set.remove(*member));
            assert_eq!(set.next_after(size / 2), None);
        }
    }
}
