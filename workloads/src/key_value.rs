//! W1, Facebook's memcached traffic, in the analytic form that HomaSimulation draws from.

use crate::size_csv::Point;
use crate::uniform::{GRAINS, GRAINS_F64};
use std::sync::OnceLock;

/// The sizes up to 15 B with their cumulative probabilities (HomaSimulation, FacebookKeyValueMsgSizeDist.txt).
const HEAD: [Point; 15] = [
    Point { size: 1, cumulative: 0.00583 },
    Point { size: 2, cumulative: 0.18403 },
    Point { size: 3, cumulative: 0.27642 },
    Point { size: 4, cumulative: 0.2766 },
    Point { size: 5, cumulative: 0.304 },
    Point { size: 6, cumulative: 0.30465 },
    Point { size: 7, cumulative: 0.31071 },
    Point { size: 8, cumulative: 0.31094 },
    Point { size: 9, cumulative: 0.31931 },
    Point { size: 10, cumulative: 0.32768 },
    Point { size: 11, cumulative: 0.41757 },
    Point { size: 12, cumulative: 0.41849 },
    Point { size: 13, cumulative: 0.42175 },
    Point { size: 14, cumulative: 0.44155 },
    Point { size: 15, cumulative: HEAD_MASS },
];

/// The probability of a size from the head.
const HEAD_MASS: f64 = 0.47;
/// The largest size of the head, where the tail begins, in bytes.
const HEAD_END: f64 = 15.0;
/// Shape of the generalised Pareto tail.
const SHAPE: f64 = 0.348238;
/// Scale of the tail in bytes.
const SCALE: f64 = 214.476;
/// No size is larger than this many bytes.
const CAP: f64 = (1u64 << 30) as f64;

/// The estimator of HomaSimulation looks at this many points of the tail, evenly spaced in probability ...
const ESTIMATOR_STEPS: f64 = 1000.0;
/// ... up to this cumulative probability.
const ESTIMATOR_END: f64 = 0.999;

/// The size of the tail, in bytes and not yet rounded, that is exceeded with probability `survival`.
fn tail(survival: f64) -> f64 {
    HEAD_END + (libm::pow((1.0 - HEAD_MASS) / survival, SHAPE) - 1.0) * SCALE / SHAPE
}

fn rounded_tail(survival: f64) -> u64 {
    libm::round(tail(survival)).min(CAP) as u64
}

/// The size with cumulative probability `u` in [0, 1).
pub(crate) fn size_at(u: f64) -> u64 {
    let head = HEAD.partition_point(|point| point.cumulative < u);
    HEAD.get(head).map_or_else(|| rounded_tail(1.0 - u), |point| point.size)
}

/// The size that the draw `grain` in `0..GRAINS` stands for.
///
/// The head wants u in (0, 1], so that a size of probability p has p of the draws; the tail wants u in [0, 1), because
/// it never reaches 1. Both are `grain` over `GRAINS`, the head's one grain further.
pub(crate) fn size_of(grain: u64) -> u64 {
    // A power takes three times as long as looking the size up, and most sizes are small.
    let ends = ENDS.get_or_init(ends);
    let place = ends.partition_point(|end| *end <= grain);
    let is_near = |end: Option<&u64>| end.is_some_and(|end| end.abs_diff(grain) < MARGIN);
    let before = place.checked_sub(1).and_then(|before| ends.get(before));
    if place == ends.len() || is_near(ends.get(place)) || is_near(before) {
        return computed_size_of(grain);
    }
    place as u64 + 1
}

/// Sizes up to this one are looked up.
const LOOKED_UP: u64 = 511;
/// A draw that is not further than this from the end of a size is computed: there rounding could let sizes go up and down.
/// It is a thousandth of a billionth of a size's draws, and a thousand times as far as rounding reaches.
const MARGIN: u64 = 1 << 20;

static ENDS: OnceLock<Vec<u64>> = OnceLock::new();

/// For each size up to [`LOOKED_UP`], how many draws give it or a smaller one.
fn ends() -> Vec<u64> {
    let end = |size: u64| {
        let (mut low, mut high) = (0, GRAINS);
        while low < high {
            let middle = low.midpoint(high);
            if computed_size_of(middle) <= size { low = middle + 1 } else { high = middle }
        }
        low
    };
    (1..=LOOKED_UP).map(end).collect()
}

fn computed_size_of(grain: u64) -> u64 {
    let u = (grain + 1) as f64 / GRAINS_F64;
    let head = HEAD.partition_point(|point| point.cumulative < u);
    HEAD.get(head).map_or_else(|| rounded_tail((GRAINS - grain) as f64 / GRAINS_F64), |point| point.size)
}

/// The largest size that can be drawn, in bytes.
pub(crate) fn largest() -> u64 {
    size_of(GRAINS - 1)
}

/// Mean size in bytes and probability of each range of sizes between two points of `table`.
///
/// `table` lists the exact cumulative probability at some sizes, the last one closing the open tail. Where it skips
/// sizes, taking the upper one for all of them would overstate the mean; the mean of the tail within the range doesn't.
pub(crate) fn ranges(table: &[Point]) -> Vec<(f64, f64)> {
    let mut before = Point { size: 0, cumulative: 0.0 };
    let range = |point: &Point| {
        let mass = point.cumulative - before.cumulative;
        let single = point.size == before.size + 1;
        let mean = if single { point.size as f64 } else { mean_of_tail(before.cumulative, point.cumulative) };
        before = *point;
        (mean, mass)
    };
    table.iter().map(range).collect()
}

/// The mean of the tail between the cumulative probabilities `from` and `to`, by its integral.
fn mean_of_tail(from: f64, to: f64) -> f64 {
    let power = |cumulative: f64| libm::pow(1.0 - cumulative, 1.0 - SHAPE);
    let integral = libm::pow(1.0 - HEAD_MASS, SHAPE) * (power(from) - power(to)) / (1.0 - SHAPE);
    HEAD_END + (integral / (to - from) - 1.0) * SCALE / SHAPE
}

/// The points from which HomaSimulation computes W1's priority cutoffs.
///
/// The increment is added again and again on purpose: its accumulated rounding makes the loop end one point early,
/// which moves the cutoffs.
pub(crate) fn estimator_points() -> Vec<Point> {
    let mut points = HEAD.to_vec();
    let increment = (ESTIMATOR_END - HEAD_MASS) / ESTIMATOR_STEPS;
    let mut cumulative = HEAD_MASS + increment;
    while cumulative <= ESTIMATOR_END {
        let size = rounded_tail(1.0 - cumulative);
        match points.last_mut() {
            Some(last) if last.size == size => last.cumulative = cumulative,
            _ => points.push(Point { size, cumulative }),
        }
        cumulative += increment;
    }
    if let Some(last) = points.last_mut() {
        last.cumulative = 1.0;
    }
    points
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_that_are_looked_up_are_those_computed() {
        let ends = ends();
        let near = |end: u64| [0, 1, 2, 900, MARGIN - 1, MARGIN, MARGIN + 1].map(|far| [end + far, end - far]);
        let at_ends = ends.iter().flat_map(|end| near(*end)).flatten();
        let everywhere = (0..20_000).map(|step| step * (GRAINS / 20_000) + step * step);
        for grain in at_ends.chain(everywhere).chain([0, GRAINS - 1]) {
            assert_eq!(size_of(grain), computed_size_of(grain), "draw {grain}");
        }
    }

    #[test]
    fn rounding_reaches_less_far_from_the_end_of_a_size_than_the_margin() {
        for (size, end) in (1..).zip(ends()) {
            for far in (0..MARGIN).step_by(4_099) {
                assert!(computed_size_of(end - 1 - far) <= size && computed_size_of(end + far) > size, "{size}, {far}");
            }
        }
    }
}
