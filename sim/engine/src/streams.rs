//! Named random streams.

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

/// All randomness of one run: independent ChaCha8 streams, one for each (purpose, index).
///
/// A stream depends on the seed, the purpose's name and the index alone. Hence messages are the same whatever
/// transport is under test, and a new consumer of randomness moves no other.
#[derive(Debug, Clone, Copy)]
pub struct Streams {
    seed: u64,
}

impl Streams {
    /// The streams of the run with this seed.
    #[must_use]
    pub const fn new(seed: u64) -> Self {
        Self { seed }
    }

    /// The stream for `purpose` at the component `index`, from its begin.
    #[must_use]
    pub fn stream(&self, purpose: &str, index: u32) -> ChaCha8Rng {
        let mut generator = ChaCha8Rng::seed_from_u64(self.seed);
        generator.set_stream(stream_number(purpose, index));
        generator
    }
}

/// FNV-1a over the name and the index: stable by definition, unlike the standard library's hashers.
fn stream_number(purpose: &str, index: u32) -> u64 {
    let bytes = purpose.bytes().chain([0]).chain(index.to_le_bytes());
    bytes.fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3))
}
