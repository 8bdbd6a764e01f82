//! Proves that the size tables have the deciles of the SIGCOMM 2018 simulation.

use homa_workloads::SizeDistribution;

fn deciles(name: &str) -> Vec<u64> {
    let sizes = SizeDistribution::shipped(name).unwrap();
    (1..=10).map(|tenth| sizes.quantile(f64::from(tenth) / 10.0).get()).collect()
}

#[test]
fn w2_to_w5_have_the_published_deciles() {
    assert_eq!(deciles("w2"), [3, 34, 58, 171, 269, 320, 366, 427, 512, 3_529_904]);
    assert_eq!(deciles("w3"), [36, 77, 110, 158, 268, 313, 402, 573, 1755, 15_158_197]);
    assert_eq!(deciles("w4"), [315, 376, 502, 561, 662, 960, 6387, 49_408, 120_373, 10_000_000]);
    let w5 = [5768, 18_746, 27_398, 47_586, 70_658, 191_786, 961_814, 1_922_186, 4_806_186, 28_840_000];
    assert_eq!(deciles("w5"), w5);
}

#[test]
fn the_analytic_w1_has_the_percentiles_of_its_listed_points() {
    let w1 = SizeDistribution::shipped("w1").unwrap();
    let percentiles = [0.1, 0.5, 0.9, 0.99].map(|p| w1.quantile(p).get());
    assert_eq!(percentiles, [2, 28, 500, 1854]);
}

#[test]
fn quantiles_end_at_the_smallest_and_the_largest_size() {
    for (name, _) in homa_workloads::shipped_names() {
        let sizes = SizeDistribution::shipped(name).unwrap();
        assert_eq!(sizes.quantile(0.0), sizes.smallest(), "{name}");
        assert_eq!(sizes.quantile(1.0), sizes.largest(), "{name}");
    }
}
