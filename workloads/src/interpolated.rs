//! Size distributions that are linear between the points of their table, as the yaps family of simulators draws them.

use crate::size_csv::Point;
use std::collections::BTreeMap;

/// About how many sizes stand for a distribution with too many to list.
const REPRESENTATIVES: f64 = 10_000.0;

/// The size with cumulative probability `u` in (0, 1]: the first point's size up to the first point's probability,
/// above it the nearest whole number of bytes on the line between two points.
pub(crate) fn size_at(points: &[Point], u: f64) -> u64 {
    let upper = points.partition_point(|point| point.cumulative < u).min(points.len() - 1);
    let Some(lower) = upper.checked_sub(1) else {
        return points[0].size;
    };
    let (from, to) = (points[lower], points[upper]);
    let share = (u - from.cumulative) / (to.cumulative - from.cumulative);
    from.size + libm::round(share * (to.size - from.size) as f64) as u64
}

/// The mean in bytes: the middle of each pair of points, weighted with the probability between them.
pub(crate) fn mean(points: &[Point]) -> f64 {
    let middle =
        |pair: &[Point]| (pair[1].cumulative - pair[0].cumulative) * (pair[0].size as f64 + pair[1].size as f64) / 2.0;
    points[0].cumulative * points[0].size as f64 + points.windows(2).map(middle).sum::<f64>()
}

/// Sizes with their probabilities: all of them if they span at most 10,000 bytes, else the middles of about 10,000
/// slices of equal probability.
pub(crate) fn probabilities(points: &[Point]) -> Vec<(u64, f64)> {
    let mut masses = BTreeMap::new();
    let mut add = |size: u64, mass: f64| *masses.entry(size).or_insert(0.0) += mass;
    let span = points[points.len() - 1].size - points[0].size;
    add(points[0].size, points[0].cumulative);
    for pair in points.windows(2) {
        let (from, to) = (pair[0], pair[1]);
        let (width, mass) = (to.size - from.size, to.cumulative - from.cumulative);
        let slices = libm::ceil(mass * REPRESENTATIVES);
        if span as f64 <= REPRESENTATIVES || width as f64 <= slices {
            // Rounding to the nearest byte gives the two ends half the share of a size between them.
            let share = mass / width as f64;
            add(from.size, share / 2.0);
            (from.size + 1..to.size).for_each(|size| add(size, share));
            add(to.size, share / 2.0);
        } else {
            for slice in 0..slices as u64 {
                let middle = (slice as f64 + 0.5) / slices * width as f64;
                add(from.size + libm::round(middle) as u64, mass / slices);
            }
        }
    }
    masses.into_iter().collect()
}
