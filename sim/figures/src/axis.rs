//! Axes: what they say, and from a value to its place.

use super::round::{NARROW, decimal, floor_log10, round_above, round_below, rounded_outward};
use super::step::Step;

/// An axis of a figure.
#[derive(Debug, Clone, PartialEq)]
pub struct Axis {
    /// What the values are, with the unit that `format` doesn't show.
    pub label: String,
    /// From values to places.
    pub scale: AxisScale,
    /// First and last value; chosen from the data if it isn't given. Lines are cut where they leave
    /// it.
    pub range: Option<(f64, f64)>,
    /// How values are written.
    pub format: TickFormat,
}

/// How an axis gives places to values.
#[derive(Debug, Clone, PartialEq)]
pub enum AxisScale {
    /// In proportion. A vertical axis chosen from data begins at 0 unless there are negative
    /// values.
    Linear,
    /// Equal ratios are equally far apart; what isn't above 0 lies below every range.
    Logarithmic,
    /// From 0 on: in proportion up to this value, which is above 0, and logarithmic above it.
    LogarithmicFromZero(f64),
    /// In proportion from 0 to 1, the cumulative share of messages; labelled at each tenth with the
    /// message size up to which that share lies. Pairs of cumulative share and size in bytes,
    /// ascending.
    Sizes(Vec<(f64, u64)>),
}

/// How the values of an axis are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TickFormat {
    /// As a number: `0.5`, `20`, from 10,000 on `10K`.
    Number,
    /// As bytes: `500`, `1K`, `1.5M`; the axis's label says that they are bytes.
    Bytes,
    /// A share (1 is all) as percent without the sign: `0.001`, `50`; the label has the sign.
    Percent,
    /// Microseconds with their unit, or a better one: `500 ns`, `20 µs`, `1.5 ms`.
    Microseconds,
}

impl Axis {
    /// A linear axis with a range chosen from the data.
    #[must_use]
    pub fn linear(label: &str, format: TickFormat) -> Self {
        Self { label: label.to_owned(), scale: AxisScale::Linear, range: None, format }
    }

    /// A logarithmic axis with a range chosen from the data.
    #[must_use]
    pub fn logarithmic(label: &str, format: TickFormat) -> Self {
        Self { scale: AxisScale::Logarithmic, ..Self::linear(label, format) }
    }

    /// The axis of the slowdown figure: cumulative share of messages, labelled with the sizes of
    /// these steps.
    #[must_use]
    pub fn sizes(steps: &[Step]) -> Self {
        let scale = AxisScale::Sizes(steps.iter().map(|step| (step.share.1, step.size_max)).collect());
        let label = "Message size in bytes (tick: 10 % of messages)";
        Self { scale, range: Some((0.0, 1.0)), ..Self::linear(label, TickFormat::Bytes) }
    }

    /// This axis from one value to another.
    #[must_use]
    pub fn within(self, first: f64, last: f64) -> Self {
        Self { range: Some((first, last)), ..self }
    }
}

/// What an axis without a range of its own leaves around the data.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fit {
    /// Nothing but what makes the ends round, and 0 is in it: a vertical axis.
    FromZero,
    /// Nothing: a horizontal axis of lines.
    Tight,
    /// A little, so that marks don't lie on the frame: a horizontal axis of single points.
    Padded,
}

/// An axis with its range.
pub(super) struct Range<'a> {
    pub(super) axis: &'a Axis,
    pub(super) low: f64,
    pub(super) high: f64,
}

/// Beyond these, sums and quotients of values could overflow.
const LARGEST: f64 = 1e300;
const SMALLEST: f64 = 1e-300;

impl<'a> Range<'a> {
    /// The axis's own range, or one around these values, of which those that have no place are
    /// ignored.
    ///
    /// # Panics
    /// If its own range doesn't ascend, or begins at or below 0 where a logarithm is taken.
    pub(super) fn new(axis: &'a Axis, values: impl Iterator<Item = f64>, fit: Fit) -> Self {
        if let AxisScale::LogarithmicFromZero(from) = axis.scale {
            assert!((SMALLEST..=LARGEST).contains(&from), "the logarithm of an axis begins above 0");
        }
        if let Some((low, high)) = axis.range {
            assert!(low < high && low >= -LARGEST && high <= LARGEST, "the range of an axis is finite and ascends");
            assert!(axis.scale != AxisScale::Logarithmic || low >= SMALLEST, "a logarithmic axis begins above 0");
            return Self { axis, low, high };
        }
        let usable = values.filter(|value| value.is_finite()).map(|value| value.clamp(-LARGEST, LARGEST));
        let usable = usable.filter(|value| axis.scale != AxisScale::Logarithmic || *value >= SMALLEST);
        let extent = usable.fold(None, |found: Option<(f64, f64)>, value| {
            let (low, high) = found.unwrap_or((value, value));
            Some((low.min(value), high.max(value)))
        });
        let (low, high) = match axis.scale {
            AxisScale::Linear => linear(extent, fit),
            AxisScale::Logarithmic => logarithmic(extent),
            AxisScale::LogarithmicFromZero(from) => {
                (0.0, round_above(extent.map_or(from, |(_, high)| high.max(from)) * 1.05))
            }
            AxisScale::Sizes(_) => (0.0, 1.0),
        };
        Self { axis, low, high }
    }

    /// Where a value is: 0 at the first value of the range, 1 at the last. Finite for every number.
    pub(super) fn place(&self, value: f64) -> f64 {
        let (low, high) = (self.measure(self.low), self.measure(self.high));
        ((self.measure(value) - low) / (high - low)).clamp(-1e4, 1e4)
    }

    fn measure(&self, value: f64) -> f64 {
        let value = value.clamp(-LARGEST, LARGEST);
        match self.axis.scale {
            AxisScale::Linear | AxisScale::Sizes(_) => value,
            // 0 has no logarithm; it is far below.
            AxisScale::Logarithmic if value <= 0.0 => -1e6,
            AxisScale::Logarithmic => libm::log10(value),
            AxisScale::LogarithmicFromZero(from) if value <= from => value / from,
            AxisScale::LogarithmicFromZero(from) => 1.0 + libm::log10(value / from),
        }
    }
}

fn linear(extent: Option<(f64, f64)>, fit: Fit) -> (f64, f64) {
    let Some((low, high)) = extent else { return (0.0, 1.0) };
    let (low, high) = if fit == Fit::FromZero { (low.min(0.0), high.max(0.0)) } else { (low, high) };
    let size = low.abs().max(high.abs());
    // What differs only by rounding is a constant.
    let (low, high) = match () {
        () if size < SMALLEST => return (0.0, 1.0),
        () if high - low <= size * 1e-9 => (low - size * 0.1, high + size * 0.1),
        () => (low, high),
    };
    match fit {
        // Data that ends just before a tick goes on to it.
        Fit::Tight => {
            let (first, last) = rounded_outward(low, high);
            let near = (high - low) * 0.02;
            (if low - first <= near { first } else { low }, if last - high <= near { last } else { high })
        }
        Fit::Padded => (low - (high - low) * 0.05, high + (high - low) * 0.05),
        Fit::FromZero => rounded_outward(low, high + (high - low) * 0.04),
    }
}

fn logarithmic(extent: Option<(f64, f64)>) -> (f64, f64) {
    let (low, high) = extent.unwrap_or((1.0, 10.0));
    // A constant lies in the middle.
    let (low, high) = if high / low < 1.1 { (low / 1.5, high * 1.5) } else { (low, high) };
    // Over many decades, only powers of ten have labels.
    if high / low > 1000.0 {
        let decade = floor_log10(low * (1.0 + 1e-9));
        return (decimal(1, decade), round_above(high * 1.05));
    }
    let narrow = rounded_outward(low, high);
    if high / low <= NARROW / 1.5 && narrow.0 > 0.0 {
        return narrow;
    }
    (round_below(low * (1.0 + 1e-9)), round_above(high * 1.03))
}
