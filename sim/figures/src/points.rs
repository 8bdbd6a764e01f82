//! Where the numbers of a figure are drawn, for whoever wants to show them to a reader who points at them.

use super::axis::{Axis, AxisScale, TickFormat};
use super::ticks::write;
use homa_analysis::human_bytes;

/// The numbers of a figure in the order in which they are drawn, each with its place. Pixels are those of the SVG's viewBox.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FigurePoints {
    /// The rectangle of the data: left, top, right, bottom. All points are in it.
    pub plot: [i32; 4],
    /// What x is.
    pub x_label: String,
    /// What y is.
    pub y_label: String,
    /// The numbers. What is not a number, or outside the figure, has no place and is left out.
    pub points: Vec<FigurePoint>,
}

/// A number of a figure.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FigurePoint {
    /// Curve or bar: its name and statistic, as in the figure's rows.
    pub curve: String,
    /// Number or category as people read it, with the unit that the name of the axis leaves out.
    pub x: String,
    /// As `x`; `unfinished` if it is infinite.
    pub y: String,
    /// Lower and upper end of the confidence of `y`, as `y`.
    pub confidence: Option<[String; 2]>,
    /// Left, top, right, bottom of what is drawn of it: a place, the level line of a step, or a bar.
    pub area: [i32; 4],
}

impl FigurePoint {
    /// Where to mark it: the middle of its upper edge.
    #[must_use]
    pub const fn mark(&self) -> (i32, i32) {
        let [left, top, right, _] = self.area;
        (i32::midpoint(left, right), top)
    }
}

/// Corners that lie in the plot: rounding may have moved one over its edge.
pub(super) fn within([left, top, right, bottom]: [i32; 4], plot: [i32; 4]) -> [i32; 4] {
    let (x, y) = (|x: i32| x.clamp(plot[0], plot[2]), |y: i32| y.clamp(plot[1], plot[3]));
    [x(left), y(top), x(right), y(bottom)]
}

/// The confidence of a number as people read it, if it is known.
pub(super) fn spoken_band(band: Option<(f64, f64)>, format: TickFormat) -> Option<[String; 2]> {
    let (low, high) = band.filter(|(low, high)| !low.is_nan() && !high.is_nan())?;
    Some([spoken(low, format), spoken(high, format)])
}

/// A number as people read it. The sign of percent is in the name of the axis.
pub(super) fn spoken(value: f64, format: TickFormat) -> String {
    if value == f64::INFINITY {
        return "unfinished".to_owned();
    }
    let text = write(value, format, 4);
    match format {
        TickFormat::Bytes => bytes(&text),
        TickFormat::Microseconds => text.replace(' ', NO_BREAK),
        TickFormat::Number | TickFormat::Percent => text,
    }
}

/// A value of a horizontal axis as people read it.
pub(super) fn spoken_x(value: f64, axis: &Axis) -> String {
    let AxisScale::Sizes(sizes) = &axis.scale else { return spoken(value, axis.format) };
    // Shares are quotients of counts, which a curve has rounded in its own way.
    let size = sizes.iter().find(|(share, _)| *share > value + 1e-12).or(sizes.last());
    size.map_or_else(String::new, |(_, size)| up_to(*size))
}

/// The sizes of a bin.
pub(super) fn up_to(size: u64) -> String {
    format!("up to {}", bytes(&human_bytes(size)))
}

/// Between a number and its unit.
const NO_BREAK: &str = "\u{a0}";

/// `1.5K` with its unit: `1.5 KB`.
fn bytes(text: &str) -> String {
    let unit = text.find(|letter: char| letter.is_ascii_uppercase()).unwrap_or(text.len());
    let (number, prefix) = text.split_at(unit);
    format!("{number}{NO_BREAK}{prefix}B")
}
