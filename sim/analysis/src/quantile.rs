//! Quantiles by nearest rank: always a sample, never a value between two.

/// Which sample is a quantile.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RankRule {
    /// That of nearest rank, as in all results of ours.
    Nearest,
    /// The Linux cluster's: of `n` ascending samples the one with the index `floor(q n)` from 0, one rank above where `q n`
    /// is whole.
    Cluster,
}

/// The rank, from 1, of quantile `q` among `count` samples: the smallest integer not below `q * count`, at least 1.
///
/// # Panics
/// If there are no samples or `q` is not in 0..=1.
#[must_use]
pub fn rank(q: f64, count: u64) -> u64 {
    assert!(count > 0 && (0.0..=1.0).contains(&q), "a quantile in 0..=1 of at least one sample");
    // `q` and the product are rounded. That must not lift an exact product over the next integer: 0.07 * 100 is 7.
    let product = q * count as f64;
    let nearest = product.round();
    let rank = if (product - nearest).abs() <= 4.0 * f64::EPSILON * nearest { nearest } else { product.ceil() };
    (rank as u64).clamp(1, count)
}

/// The sample of nearest rank for quantile `q`; `sorted` ascends.
///
/// # Panics
/// If there are no samples or `q` is not in 0..=1.
#[must_use]
pub fn nearest_rank(sorted: &[f64], q: f64) -> f64 {
    sorted[rank(q, sorted.len() as u64) as usize - 1]
}

/// The sample of nearest rank for quantile `q`; `sorted` has ascending samples, each with the number of its occurrences.
///
/// # Panics
/// If there are no samples or `q` is not in 0..=1.
#[must_use]
pub fn weighted_nearest_rank(sorted: &[(f64, u64)], q: f64) -> f64 {
    let mut left = rank(q, sorted.iter().map(|(_, count)| count).sum());
    for (sample, count) in sorted {
        if left <= *count {
            return *sample;
        }
        left -= count;
    }
    unreachable!("a rank is at most the number of samples")
}
