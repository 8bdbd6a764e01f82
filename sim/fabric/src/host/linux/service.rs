//! How long a piece of work takes.

use homa_units::Duration;
use rand::Rng;

/// Steps of the table of factors, a power of two.
const STEPS: usize = 4_096;

/// Factors around 1 by which the time of a piece of work varies: lognormal, with mean 1.
///
/// A draw is one of 4,096 equally likely values, the quantiles in the middle of as many slices of
/// the distribution, divided by their mean. So a draw costs no logarithm, and is the same on every
/// machine.
#[derive(Debug)]
pub(super) struct Variation {
    /// Empty if nothing varies.
    factors: Vec<f64>,
}

impl Variation {
    /// With the standard deviation `cv`.
    pub(super) fn new(cv: f64) -> Self {
        if cv == 0.0 {
            return Self { factors: Vec::new() };
        }
        let deviation = libm::sqrt(libm::log(1.0 + cv * cv));
        let quantile = |step| (step as f64 + 0.5) / STEPS as f64;
        let mut factors: Vec<_> =
            (0..STEPS).map(|step| libm::exp(deviation * normal_quantile(quantile(step)))).collect();
        let mean = factors.iter().sum::<f64>() / STEPS as f64;
        factors.iter_mut().for_each(|factor| *factor /= mean);
        Self { factors }
    }

    /// A factor. Takes nothing from the stream if nothing varies.
    #[inline]
    pub(super) fn draw(&self, stream: &mut impl Rng) -> f64 {
        if self.factors.is_empty() {
            return 1.0;
        }
        self.factors[stream.next_u32() as usize % STEPS]
    }
}

/// The value below which a share of the standard normal distribution lies, by bisection.
fn normal_quantile(share: f64) -> f64 {
    let (mut low, mut high) = (-10.0, 10.0);
    for _ in 0..64 {
        let middle = (low + high) / 2.0;
        let below = libm::erfc(-middle / core::f64::consts::SQRT_2) / 2.0;
        if below < share { low = middle } else { high = middle }
    }
    (low + high) / 2.0
}

/// A time that has become longer by a factor, rounded to picoseconds.
#[inline]
pub(super) fn stretched(base: Duration, factor: f64) -> Duration {
    if factor == 1.0 { base } else { Duration::from_ps(libm::round(base.as_ps() as f64 * factor) as u64) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use homa_engine::Streams;

    #[test]
    fn drawn_factors_have_mean_one_and_the_deviation_that_was_asked_for() {
        for cv in [0.2, 0.35, 0.7] {
            let variation = Variation::new(cv);
            let mut stream = Streams::new(1).stream("test", 0);
            let draws: Vec<_> = (0..200_000).map(|_| variation.draw(&mut stream)).collect();
            let mean = draws.iter().sum::<f64>() / draws.len() as f64;
            let variance = draws.iter().map(|draw| (draw - mean) * (draw - mean)).sum::<f64>() / draws.len() as f64;
            assert!((mean - 1.0).abs() < 0.005, "{mean} for {cv}");
            assert!((libm::sqrt(variance) / cv - 1.0).abs() < 0.02, "{variance} for {cv}");
        }
    }

    #[test]
    fn quantiles_of_the_normal_distribution_are_the_known_ones() {
        for (share, value) in [(0.5, 0.0), (0.841_344_746, 1.0), (0.977_249_868, 2.0), (0.001_349_898, -3.0)] {
            assert!((normal_quantile(share) - value).abs() < 1e-6, "{share}");
        }
    }

    #[test]
    fn without_variation_nothing_is_drawn_and_a_time_stays_as_it_is() {
        let variation = Variation::new(0.0);
        let (mut drawn, mut untouched) = (Streams::new(1).stream("test", 0), Streams::new(1).stream("test", 0));
        assert_eq!(stretched(Duration::from_ns(7), variation.draw(&mut drawn)), Duration::from_ns(7));
        assert_eq!(drawn.next_u64(), untouched.next_u64());
    }
}
