//! Round numbers.

/// The double nearest to `mantissa` times a power of ten, which products of doubles are not.
pub(super) fn decimal(mantissa: i64, exponent: i32) -> f64 {
    format!("{mantissa}e{exponent}").parse().expect("it is a number")
}

pub(super) fn floor_log10(value: f64) -> i32 {
    libm::floor(libm::log10(value)) as i32
}

/// A logarithmic range with no larger quotient of its ends has the ticks of a linear one.
pub(super) const NARROW: f64 = 4.0;

const ROUND: [i64; 10] = [10, 12, 15, 20, 25, 30, 40, 50, 60, 80];

/// The smallest round number that is not below a positive value.
pub(super) fn round_above(value: f64) -> f64 {
    let decade = floor_log10(value) - 1;
    let found = (decade - 1..=decade + 1).flat_map(|decade| ROUND.map(|factor| decimal(factor, decade)));
    found.into_iter().find(|round| *round >= value).unwrap_or(value)
}

/// The largest round number that is not above a positive value.
pub(super) fn round_below(value: f64) -> f64 {
    let decade = floor_log10(value) - 1;
    let found = (decade - 1..=decade + 1).flat_map(|decade| ROUND.map(|factor| decimal(factor, decade)));
    found.into_iter().rfind(|round| *round <= value).unwrap_or(value)
}

/// Mantissa and exponent of the smallest step of 1, 2 or 5 times a power of ten that is at least
/// this large.
pub(super) fn step_above(size: f64) -> (i64, i32) {
    let decade = floor_log10(size);
    let steps = (decade - 1..=decade + 1).flat_map(|decade| [1, 2, 5].map(|mantissa| (mantissa, decade)));
    steps
        .into_iter()
        .find(|(mantissa, decade)| decimal(*mantissa, *decade) >= size * (1.0 - 1e-9))
        .unwrap_or((1, decade))
}

/// The range to the next ticks of an axis with about five of them.
pub(super) fn rounded_outward(low: f64, high: f64) -> (f64, f64) {
    let (mantissa, exponent) = step_above((high - low) / 6.0);
    let step = decimal(mantissa, exponent);
    let to = |count: f64| decimal(count as i64 * mantissa, exponent);
    (to(libm::floor(low / step + 1e-9)), to(libm::ceil(high / step - 1e-9)))
}
