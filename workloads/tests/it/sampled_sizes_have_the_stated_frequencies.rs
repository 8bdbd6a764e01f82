//! Proves that sizes are drawn as often as the tables say, within five standard deviations.

use homa_units::Bytes;
use homa_workloads::SizeDistribution;
use proptest::prelude::*;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;

const DRAWS: u32 = 200_000;

/// Compares the share of draws up to some quantiles with the exact share.
fn check(sizes: &SizeDistribution, cumulative: impl Fn(Bytes) -> f64) {
    let mut rng = ChaCha8Rng::seed_from_u64(7);
    let mut drawn: Vec<Bytes> = (0..DRAWS).map(|_| sizes.sample(&mut rng)).collect();
    drawn.sort_unstable();
    for tenth in 1..10 {
        let limit = sizes.quantile(f64::from(tenth) / 10.0);
        let found = drawn.partition_point(|size| *size <= limit) as f64 / f64::from(DRAWS);
        let expected = cumulative(limit);
        let deviation = (expected * (1.0 - expected) / f64::from(DRAWS)).sqrt();
        assert!(
            (found - expected).abs() <= 5.0 * deviation + 1e-9,
            "{} up to {limit}: {found}, not {expected}",
            sizes.name()
        );
    }
}

#[test]
fn every_shipped_distribution_is_drawn_as_listed() {
    for (name, _) in homa_workloads::shipped_names() {
        let sizes = SizeDistribution::shipped(name).unwrap();
        let points = sizes.probabilities();
        check(&sizes, |limit| points.iter().filter(|(size, _)| *size <= limit).map(|(_, mass)| mass).sum());
    }
}

#[test]
fn only_listed_sizes_are_drawn_from_steps() {
    let sizes = SizeDistribution::from_csv("size_bytes,cum_prob\n10,0.25\n20,1\n", "two").unwrap();
    let mut rng = ChaCha8Rng::seed_from_u64(3);
    assert!((0..1000).all(|_| [10, 20].contains(&sizes.sample(&mut rng).get())));
}

#[test]
fn linear_interpolation_draws_the_sizes_between() {
    let text = "# interpolate = \"linear\"\nsize_bytes,cum_prob\n100,0.2\n200,0.6\n1000,1\n";
    let sizes = SizeDistribution::from_csv(text, "line").unwrap();
    assert_eq!([0.1, 0.2, 0.4, 0.6, 0.8].map(|p| sizes.quantile(p).get()), [100, 100, 150, 200, 600]);
    assert!((sizes.mean() - (20.0 + 60.0 + 240.0)).abs() < 1e-9);
    let points = sizes.probabilities();
    assert_eq!(points.len(), 901);
    let mean: f64 = points.iter().map(|(size, mass)| size.get() as f64 * mass).sum();
    assert!((mean - sizes.mean()).abs() < 1e-9);
    check(&sizes, |limit| points.iter().filter(|(size, _)| *size <= limit).map(|(_, mass)| mass).sum());
}

#[test]
fn a_wide_linear_distribution_is_represented_by_about_10000_sizes() {
    let text = "# interpolate = \"linear\"\nsize_bytes,cum_prob\n1460,0.5\n10220,0.8\n1000000000,1\n";
    let sizes = SizeDistribution::from_csv(text, "wide").unwrap();
    let points = sizes.probabilities();
    assert!((4000..=10_002).contains(&points.len()), "{}", points.len());
    let mean: f64 = points.iter().map(|(size, mass)| size.get() as f64 * mass).sum();
    assert!((mean / sizes.mean() - 1.0).abs() < 1e-6);
}

#[test]
fn a_fixed_size_is_always_drawn() {
    let sizes = SizeDistribution::fixed(Bytes::new(1500));
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    assert!((0..100).all(|_| sizes.sample(&mut rng) == Bytes::new(1500)));
    assert_eq!((sizes.name(), sizes.mean()), ("fixed-1500B", 1500.0));
}

#[test]
fn the_extreme_draws_give_the_smallest_and_the_largest_size() {
    for (name, _) in homa_workloads::shipped_names() {
        let sizes = SizeDistribution::shipped(name).unwrap();
        assert_eq!(sizes.sample(&mut Constant(0)), sizes.smallest(), "{name}");
        assert_eq!(sizes.sample(&mut Constant(u64::MAX)), sizes.largest(), "{name}");
    }
}

/// Always the same number.
struct Constant(u64);

impl rand::TryRng for Constant {
    type Error = std::convert::Infallible;
    fn try_next_u32(&mut self) -> Result<u32, Self::Error> {
        Ok(self.0 as u32)
    }
    fn try_next_u64(&mut self) -> Result<u64, Self::Error> {
        Ok(self.0)
    }
    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Self::Error> {
        bytes.fill(self.0 as u8);
        Ok(())
    }
}

proptest! {
    #[test]
    fn quantiles_never_decrease(a in 0.0..=1.0f64, b in 0.0..=1.0f64, index in 0usize..29) {
        let (name, _) = homa_workloads::shipped_names().nth(index).unwrap();
        let sizes = SizeDistribution::shipped(name).unwrap();
        prop_assert!(sizes.quantile(a.min(b)) <= sizes.quantile(a.max(b)));
    }
}
