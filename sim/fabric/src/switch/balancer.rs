//! How a switch chooses among equally short paths.

use rand::Rng;
use rand_chacha::ChaCha8Rng;

/// How a switch chooses among equally short paths.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LoadBalancing {
    /// Each packet takes one of them at random.
    RandomSpraying,
    /// Each switch uses them in turn, packet by packet.
    RoundRobin,
    /// Always the first.
    First,
}

/// Draws kept ready: with what else is needed for a choice, one cache line.
const DRAWS: usize = 14;

/// What one switch chooses with.
///
/// A random stream is a third of a kilobyte. In large networks it would have to be fetched from
/// memory for each choice, in two or three cache lines; so draws lie ready, and the stream is
/// looked at once for all of them.
#[repr(C, align(64))]
pub(crate) struct Balancer {
    draws: [u32; DRAWS],
    /// The next of `draws`; there always is one.
    next: u32,
    turn: u32,
    generator: ChaCha8Rng,
}

impl Balancer {
    pub(crate) fn new(generator: ChaCha8Rng) -> Self {
        let mut balancer = Self { draws: [0; DRAWS], next: 0, turn: 0, generator };
        balancer.draw();
        balancer
    }

    /// Which of `count` paths the next packet takes.
    #[inline]
    pub(crate) fn choose(&mut self, load_balancing: LoadBalancing, count: u32) -> u32 {
        let choice = self.peek(load_balancing, count);
        self.turn = choice;
        if load_balancing == LoadBalancing::RandomSpraying {
            self.next += 1;
            if self.next as usize == DRAWS {
                self.draw();
            }
        }
        choice
    }

    /// What [`Self::choose`] will give.
    #[inline]
    pub(crate) fn peek(&self, load_balancing: LoadBalancing, count: u32) -> u32 {
        match load_balancing {
            // Biased by less than count / 2^32, which no experiment can see.
            LoadBalancing::RandomSpraying => {
                ((u64::from(self.draws[self.next as usize]) * u64::from(count)) >> 32) as u32
            }
            LoadBalancing::RoundRobin => (self.turn + 1) % count,
            LoadBalancing::First => 0,
        }
    }

    #[cold]
    #[inline]
    fn draw(&mut self) {
        self.draws.fill_with(|| self.generator.next_u32());
        self.next = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng;

    #[test]
    fn random_choices_are_the_numbers_of_the_stream_one_after_the_other_and_peeking_takes_none() {
        let mut stream = ChaCha8Rng::seed_from_u64(1);
        let mut balancer = Balancer::new(stream.clone());
        for count in (2..60).cycle().take(500) {
            let expected = ((u64::from(stream.next_u32()) * u64::from(count)) >> 32) as u32;
            assert_eq!(balancer.peek(LoadBalancing::RandomSpraying, count), expected);
            assert_eq!(balancer.choose(LoadBalancing::RandomSpraying, count), expected);
        }
    }

    #[test]
    fn paths_are_used_in_turn_from_the_second_on() {
        let mut balancer = Balancer::new(ChaCha8Rng::seed_from_u64(1));
        let choices: Vec<_> = (0..5).map(|_| balancer.choose(LoadBalancing::RoundRobin, 3)).collect();
        assert_eq!(choices, [1, 2, 0, 1, 2]);
    }
}
