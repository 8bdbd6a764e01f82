//! Quantiles by nearest rank.

/// The rank, from 1, of quantile `q` among `count` samples: the smallest integer not below `q * count`.
///
/// # Panics
/// If there are no samples or `q` is not in 0..=1.
#[must_use]
pub fn rank(q: f64, count: u64) -> u64 {
    assert!(count > 0 && (0.0..=1.0).contains(&q), "a quantile in 0..=1 of at least one sample");
    // Rounding errors must not lift an exact product over the next integer: 0.99 * 100 is 99, not 100.
    let exact = q * count as f64;
    let nearest = exact.round();
    let rank = if (exact - nearest).abs() < 1e-9 * nearest.max(1.0) { nearest } else { exact.ceil() };
    (rank as u64).clamp(1, count)
}

/// The sample of nearest rank for quantile `q`.
///
/// # Panics
/// If there are no samples.
#[must_use]
pub fn nearest_rank(sorted: &[f64], q: f64) -> f64 {
    sorted[rank(q, sorted.len() as u64) as usize - 1]
}
