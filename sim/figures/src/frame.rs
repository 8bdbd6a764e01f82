//! Where the parts of a figure are, and all that is drawn around the data: title, legend, axes,
//! grid.

use super::axis::{Axis, AxisScale, Range};
use super::canvas::*;
use super::legend::{Entry, Legend};
use super::round::{decimal, floor_log10};
use super::ticks::{Tick, ticks};
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, VPos};

/// Between labels of one axis.
const APART: f64 = 10.0;

/// The rectangle of the data with what surrounds it.
pub(super) struct Frame<'a> {
    pub(super) left: i32,
    pub(super) right: i32,
    pub(super) top: i32,
    pub(super) bottom: i32,
    /// Left free under the upper edge, for what is written above data.
    headroom: i32,
    pub(super) y: Range<'a>,
    y_ticks: Vec<Tick>,
    /// Lines of the name of the vertical axis.
    y_label: Vec<String>,
    title: Vec<String>,
    legend: Legend,
}

impl<'a> Frame<'a> {
    pub(super) fn new(title: &str, y: Range<'a>, entries: Vec<(Entry, String)>, headroom: i32) -> Self {
        let pixels = f64::from(HEIGHT - headroom);
        let fit = |ticks: &[Tick]| ticks.windows(2).all(|pair| apart(&y, pixels, pair) >= f64::from(SMALL_LINE) + 2.0);
        let y_ticks = ticks(&y, fit);
        let y_label = title_lines(&y.axis.label, HEIGHT);
        let widest = y_ticks.iter().map(|tick| width(&tick.label, SMALL)).fold(0.0, f64::max);
        // Edge, name of the axis, gap, labels, gap.
        let left = EDGE + TITLE_LINE * y_label.len() as i32 + 8 + widest.ceil() as i32 + 12;
        let left = left.clamp(LEFT, WIDTH / 2);
        let title = title_lines(title, WIDTH - 2 * EDGE);
        let legend_top = TITLE + TITLE_LINE * (title.len() as i32 - 1);
        let legend = Legend::new(entries, (left, RIGHT), legend_top);
        let top = legend_top + legend.height() + 20;
        Self { left, right: RIGHT, top, bottom: top + HEIGHT, headroom, y, y_ticks, y_label, title, legend }
    }

    /// The height of a value, in pixels from the upper edge of the figure.
    pub(super) fn y(&self, value: f64) -> f64 {
        let pixels = f64::from(self.bottom - self.top - self.headroom);
        f64::from(self.bottom) - self.y.place(value) * pixels
    }

    /// Title, legend, and all of the vertical axis; data is drawn over it.
    pub(super) fn draw(&self, root: &Area<'_>) -> Drawn {
        draw_lines(root, &self.title, (self.middle(), 10))?;
        self.legend.draw(root)?;
        for tick in &self.y_ticks {
            let y = self.y(tick.value).round() as i32;
            root.draw(&PathElement::new(vec![(self.left, y), (self.right, y)], GRID.stroke_width(2)))?;
            text(root, &tick.label, (self.left - 12, y), SMALL, (HPos::Right, VPos::Center))?;
        }
        for value in between(&self.y, &self.y_ticks) {
            let y = self.y(value).round() as i32;
            root.draw(&PathElement::new(vec![(self.left, y), (self.left + 7, y)], BLACK.stroke_width(1)))?;
        }
        for (line, x) in self.y_label.iter().zip((EDGE..).step_by(TITLE_LINE as usize)) {
            text_upwards(root, line, (x, (self.top + self.bottom) / 2), LARGE, (HPos::Center, VPos::Top))?;
        }
        Ok(())
    }

    /// The frame itself, drawn over what touches it.
    pub(super) fn draw_edge(&self, root: &Area<'_>) -> Drawn {
        let (left, right, top, bottom) = (self.left, self.right, self.top, self.bottom);
        let edge = vec![(left, top), (left, bottom), (right, bottom), (right, top), (left, top)];
        root.draw(&PathElement::new(edge, BLACK.stroke_width(2)))
    }

    /// Left, top, right, bottom of the plot.
    pub(super) const fn plot(&self) -> [i32; 4] {
        [self.left, self.top, self.right, self.bottom]
    }

    /// The middle of the plot.
    pub(super) const fn middle(&self) -> i32 {
        (self.left + self.right) / 2
    }
}

/// A horizontal axis of numbers.
pub(super) struct Horizontal<'a> {
    pub(super) range: Range<'a>,
    left: i32,
    right: i32,
    ticks: Vec<Tick>,
    label: Vec<String>,
}

impl<'a> Horizontal<'a> {
    pub(super) fn new(range: Range<'a>, frame: &Frame<'_>) -> Self {
        let (left, right) = (frame.left, frame.right);
        let pixels = f64::from(right - left);
        let fit = |ticks: &[Tick]| {
            let half = |tick: &Tick| width(&tick.label, SMALL) / 2.0;
            let at = |tick: &Tick| label_x(f64::from(left) + range.place(tick.value) * pixels, &tick.label);
            let free = |pair: &[Tick]| at(&pair[1]) - at(&pair[0]) - half(&pair[0]) - half(&pair[1]);
            // Sizes are short and many: they may stand closer.
            let needed = if matches!(range.axis.scale, AxisScale::Sizes(_)) { 4.0 } else { APART };
            ticks.windows(2).all(|pair| free(pair) >= needed)
        };
        let ticks = ticks(&range, fit);
        let label = title_lines(&range.axis.label, WIDTH - 2 * EDGE);
        Self { range, left, right, ticks, label }
    }

    pub(super) fn x(&self, value: f64) -> f64 {
        f64::from(self.left) + self.range.place(value) * f64::from(self.right - self.left)
    }

    /// What is needed below the plot.
    pub(super) fn below(&self) -> i32 {
        BELOW + TITLE_LINE * (self.label.len() as i32 - 1)
    }

    pub(super) fn draw(&self, root: &Area<'_>, frame: &Frame<'_>) -> Drawn {
        let bottom = frame.bottom;
        for tick in &self.ticks {
            let x = self.x(tick.value).round() as i32;
            root.draw(&PathElement::new(vec![(x, bottom), (x, bottom + 8)], BLACK.stroke_width(2)))?;
            let at = label_x(f64::from(x), &tick.label).round() as i32;
            text(root, &tick.label, (at, bottom + 18), SMALL, (HPos::Center, VPos::Top))?;
        }
        for value in between(&self.range, &self.ticks) {
            let x = self.x(value).round() as i32;
            root.draw(&PathElement::new(vec![(x, bottom), (x, bottom + 5)], BLACK.stroke_width(1)))?;
        }
        draw_lines(root, &self.label, (frame.middle(), bottom + 58))
    }
}

/// The middle of the label of a tick: below it, unless it would leave the figure on the right.
fn label_x(tick: f64, label: &str) -> f64 {
    tick.min(f64::from(WIDTH - 4) - width(label, SMALL) / 2.0)
}

/// Pixels between two ticks of an axis that is so long.
fn apart(range: &Range<'_>, pixels: f64, pair: &[Tick]) -> f64 {
    (range.place(pair[1].value) - range.place(pair[0].value)) * pixels
}

/// Ticks without a label between powers of ten: they show that an axis is logarithmic.
fn between(range: &Range<'_>, ticks: &[Tick]) -> Vec<f64> {
    let Axis { scale: AxisScale::Logarithmic | AxisScale::LogarithmicFromZero(_), .. } = range.axis else {
        return Vec::new();
    };
    let lowest = if let AxisScale::LogarithmicFromZero(from) = range.axis.scale { from } else { range.low };
    let decades = floor_log10(lowest)..=floor_log10(range.high);
    if decades.clone().count() > 9 {
        return Vec::new();
    }
    let values = decades.flat_map(|decade| (1..10).map(move |digit| decimal(digit, decade)));
    let free = |value: &f64| !ticks.iter().any(|tick| (tick.value / value - 1.0).abs() < 1e-9);
    values.filter(|value| (lowest..=range.high).contains(value) && free(value)).collect()
}
