//! Uniform random numbers whose values are the same on every platform and in every version of `rand`.

use rand::Rng;

/// How many values [`draw`] has: as many as a double can tell apart evenly in [0, 1).
pub(crate) const GRAINS: u64 = 1 << 53;

/// [`GRAINS`] as a double, exactly.
pub(crate) const GRAINS_F64: f64 = GRAINS as f64;

/// A uniform integer in `0..GRAINS`, from one `u64` of `rng`.
pub(crate) fn draw(rng: &mut impl Rng) -> u64 {
    rng.next_u64() >> 11
}

/// A uniform integer in `0..bound`, unbiased, from usually one `u32` of `rng`.
///
/// The product of a 32-bit draw with `bound` spreads the draws over `bound` intervals of 2^32; those that would make
/// some intervals fuller than others are drawn again (Lemire, "Fast Random Integer Generation in an Interval", 2019).
pub(crate) fn below(bound: u32, rng: &mut impl Rng) -> u32 {
    let surplus = bound.wrapping_neg() % bound;
    loop {
        let product = u64::from(rng.next_u32()) * u64::from(bound);
        if product as u32 >= surplus {
            return (product >> 32) as u32;
        }
    }
}
