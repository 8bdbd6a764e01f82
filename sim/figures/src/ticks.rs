//! Where an axis has ticks, and how they are written.

use super::axis::{Axis, AxisScale, Range, TickFormat};
use super::round::{NARROW, decimal, floor_log10, step_above};
use homa_analysis::human_bytes;

/// A place of an axis with its label; an empty one has lost it to its neighbours.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Tick {
    pub(super) value: f64,
    pub(super) label: String,
}

/// The densest ticks of an axis that `fit` (their labels don't touch), of at most ten.
pub(super) fn ticks(range: &Range<'_>, fit: impl Fn(&[Tick]) -> bool) -> Vec<Tick> {
    let axis = range.axis;
    if let AxisScale::Sizes(sizes) = &axis.scale {
        return thinned(size_ticks(sizes, range), fit);
    }
    let candidates = match axis.scale {
        AxisScale::Logarithmic => logarithmic(range),
        AxisScale::LogarithmicFromZero(from) => from_zero(range, from),
        AxisScale::Linear | AxisScale::Sizes(_) => linear(range),
    };
    let mut sparse = Vec::new();
    for values in candidates {
        sparse = labelled(axis, values);
        if sparse.len() <= 12 && fit(&sparse) {
            return sparse;
        }
    }
    thinned(sparse, fit)
}

/// Without the labels that don't fit beside those kept; the last is kept.
fn thinned(mut ticks: Vec<Tick>, fit: impl Fn(&[Tick]) -> bool) -> Vec<Tick> {
    let mut kept: Vec<Tick> = Vec::new();
    for tick in ticks.iter_mut().rev() {
        kept.insert(0, tick.clone());
        if !fit(&kept) {
            kept.remove(0);
            tick.label.clear();
        }
    }
    ticks
}

fn size_ticks(sizes: &[(f64, u64)], range: &Range<'_>) -> Vec<Tick> {
    let tick = |tenth: u32| {
        let value = f64::from(tenth) / 10.0;
        // Shares are quotients of counts, tenths are rounded.
        let size = sizes.iter().find(|(share, _)| tenth > 0 && *share >= value - 1e-12);
        Tick { value, label: size.map_or_else(String::new, |(_, size)| human_bytes(*size)) }
    };
    (0..=10).map(tick).filter(|tick| (range.low..=range.high).contains(&tick.value)).collect()
}

fn linear(range: &Range<'_>) -> Vec<Vec<f64>> {
    let size = range.high - range.low;
    let steps = [6.0, 5.0, 4.0, 3.0, 2.0, 1.0].map(|count| {
        let (mantissa, exponent) = step_above(size / count);
        let step = decimal(mantissa, exponent);
        let first = libm::ceil(range.low / step - 1e-6) as i64;
        let last = libm::floor(range.high / step + 1e-6) as i64;
        // A range far from 0 and tiny has no ticks that doubles could tell apart.
        let last = last.min(first.saturating_add(12));
        (first..=last).map(|number| decimal(number.saturating_mul(mantissa), exponent)).collect()
    });
    steps.to_vec()
}

fn logarithmic(range: &Range<'_>) -> Vec<Vec<f64>> {
    let (first, last) = (floor_log10(range.low), floor_log10(range.high));
    // Values at the ends may be off by rounding.
    let within = |value: &f64| (range.low * (1.0 - 1e-9)..=range.high * (1.0 + 1e-9)).contains(value);
    let of = |factors: &[i64], every: usize| -> Vec<f64> {
        let decades = (first..=last + 1).rev().step_by(every).collect::<Vec<_>>().into_iter().rev();
        let values = decades.flat_map(|decade| factors.iter().map(move |factor| decimal(*factor, decade - 1)));
        values.filter(within).collect()
    };
    let mut candidates = Vec::new();
    if range.high / range.low <= 1000.0 {
        candidates.push(of(&[10, 20, 50], 1));
        // A narrow range is as good as linear.
        if candidates[0].len() < 3 || range.high / range.low <= NARROW {
            candidates.splice(0..0, linear(range));
            candidates.retain(|values| values.len() >= 3);
        }
    }
    candidates.extend((1..).take(40).map(|every| of(&[10], every)));
    candidates.retain(|values| !values.is_empty());
    candidates
}

fn from_zero(range: &Range<'_>, from: f64) -> Vec<Vec<f64>> {
    let first = libm::ceil(libm::log10(from) - 1e-9) as i32;
    let last = floor_log10(range.high * (1.0 + 1e-9));
    let every = |every: usize| {
        let decades = (first..=last).step_by(every).map(|decade| decimal(1, decade));
        std::iter::once(0.0).chain(decades).filter(|value| (range.low..=range.high).contains(value)).collect()
    };
    (1..40).map(every).collect()
}

/// With labels of as many digits as tell them apart.
fn labelled(axis: &Axis, values: Vec<f64>) -> Vec<Tick> {
    let written = |digits| values.iter().map(|value| write(*value, axis.format, digits)).collect::<Vec<_>>();
    let mut labels = written(6);
    if labels.windows(2).any(|pair| pair[0] == pair[1]) {
        labels = written(15);
    }
    values.into_iter().zip(labels).map(|(value, label)| Tick { value, label }).collect()
}

/// A value as an axis or a bar shows it, with so many digits at most.
pub(super) fn write(value: f64, format: TickFormat, digits: i32) -> String {
    // A percentage could overflow.
    let value = value.clamp(-1e300, 1e300);
    let scaled = |units: &[(f64, &str)]| {
        let (unit, name) = units.iter().find(|(unit, _)| value.abs() >= *unit * 0.999_999).unwrap_or(&(1.0, ""));
        if *unit < 1.0 {
            short(value * libm::round(1.0 / unit), digits) + name
        } else {
            short(value / unit, digits) + name
        }
    };
    match format {
        TickFormat::Number if value.abs() < 9_999.5 => short(value, digits),
        TickFormat::Number | TickFormat::Bytes => scaled(&[(1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "K")]),
        TickFormat::Percent => short(value * 100.0, digits),
        TickFormat::Microseconds => scaled(&[(1e6, " s"), (1e3, " ms"), (1.0, " µs"), (1e-3, " ns")]),
    }
}

/// The shortest decimal of so many digits, with an exponent if it is very large or small.
fn short(value: f64, digits: i32) -> String {
    if value == 0.0 {
        return "0".to_owned();
    }
    let places = digits.max(1).unsigned_abs() as usize - 1;
    if !(0.99e-5..1e7).contains(&value.abs()) {
        let text = format!("{value:.places$e}");
        let (mantissa, exponent) = text.split_once('e').expect("it has an exponent");
        return format!("{}e{exponent}", trimmed(mantissa));
    }
    let places = (digits - 1 - floor_log10(value.abs())).max(0).unsigned_abs() as usize;
    trimmed(&format!("{value:.places$}")).to_owned()
}

fn trimmed(decimal: &str) -> &str {
    if decimal.contains('.') { decimal.trim_end_matches('0').trim_end_matches('.') } else { decimal }
}
