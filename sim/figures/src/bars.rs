//! Figures of bars: what differs by level of the network, by priority, by case.

use super::axis::{Axis, AxisScale, Fit, Range, TickFormat};
use super::canvas::*;
use super::frame::Frame;
use super::legend::{Entry, whisker};
use super::lines::distinct;
use super::marks::{fill, triangle};
use super::points::{FigurePoint, FigurePoints, spoken, spoken_band, within};
use super::round::floor_log10;
use super::rows::FigureRow;
use super::ticks::write;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, VPos};

/// Bars side by side or on one another, in groups with names.
#[derive(Debug, Clone, PartialEq)]
pub struct BarFigure {
    /// Over the figure.
    pub title: String,
    /// What the categories are.
    pub x_label: String,
    /// The vertical axis. Bars begin at 0, on a logarithmic axis at its lower end.
    pub y: Axis,
    /// Names of the groups of bars, from the left.
    pub categories: Vec<String>,
    /// In the order of the legend.
    pub series: Vec<BarSeries>,
    /// Whether each bar has its height written over it, upright if it is narrow; not if even that
    /// has no room.
    pub values: bool,
}

/// A bar, or a part of one, in each category.
#[derive(Debug, Clone, PartialEq)]
pub struct BarSeries {
    /// Series with the same name have one colour and one entry in the legend.
    pub name: String,
    /// Series of one stack are drawn on one another, in their order; stacks side by side. If there
    /// are several stacks of series with other names, the legend says which is which.
    pub stack: String,
    /// Of each category. No bar where it is not a number; a bar that leaves the figure where it is
    /// infinite.
    pub values: Vec<f64>,
    /// Confidence of each value, drawn at its upper end; not numbers where it isn't known.
    pub band: Option<Vec<(f64, f64)>>,
}

impl BarSeries {
    /// A bar of its own in each category, beside those of other series.
    #[must_use]
    pub fn beside(name: &str, values: Vec<f64>) -> Self {
        Self::stacked(name, name, values)
    }

    /// The next part of a stack in each category.
    #[must_use]
    pub fn stacked(stack: &str, name: &str, values: Vec<f64>) -> Self {
        Self { name: name.to_owned(), stack: stack.to_owned(), values, band: None }
    }

    /// This series with the confidence of each value.
    #[must_use]
    pub fn band(self, band: Vec<(f64, f64)>) -> Self {
        Self { band: Some(band), ..self }
    }
}

impl BarFigure {
    /// All numbers that are drawn, series by series; the heights of stacks are the sums of their
    /// parts.
    #[must_use]
    pub fn rows(&self) -> Vec<FigureRow> {
        let mut rows = Vec::new();
        for series in &self.series {
            let name = self.full_name(series);
            for (number, category) in self.categories.iter().enumerate() {
                let band = series.band.as_ref().and_then(|band| band.get(number)).copied();
                let value = series.values.get(number).copied().unwrap_or(f64::NAN);
                rows.push(FigureRow::new(&self.title, &name, category.clone(), value, band));
            }
        }
        rows
    }

    /// The name of a series, with that of its stack if there are several.
    fn full_name(&self, series: &BarSeries) -> String {
        if self.stacks_are_named() { format!("{} {}", series.stack, series.name) } else { series.name.clone() }
    }

    fn names(&self) -> Vec<&str> {
        distinct(self.series.iter().map(|series| series.name.as_str()))
    }

    fn stacks(&self) -> Vec<&str> {
        distinct(self.series.iter().map(|series| series.stack.as_str()))
    }

    fn stacks_are_named(&self) -> bool {
        self.stacks().len() > 1 && self.series.iter().any(|series| series.name != series.stack)
    }

    fn legend(&self) -> Vec<(Entry, String)> {
        let names = self.names().into_iter().enumerate().filter(|(_, name)| !name.is_empty());
        let mut entries: Vec<_> = names.map(|(number, name)| (Entry::Fill(number), name.to_owned())).collect();
        if self.series.iter().any(|series| series.band.is_some()) {
            entries.push((Entry::Whisker, "95 % confidence".to_owned()));
        }
        if self.series.iter().flat_map(|series| &series.values).any(|value| *value == f64::INFINITY) {
            entries.push((Entry::Unfinished, "unfinished".to_owned()));
        }
        if self.stacks_are_named() {
            entries.push((Entry::Nothing, format!("bars from the left: {}", self.stacks().join(", "))));
        }
        entries
    }

    fn check(&self) {
        for series in &self.series {
            let count = self.categories.len();
            let complete = series.values.len() == count && series.band.as_ref().is_none_or(|band| band.len() == count);
            assert!(complete, "the series {} has a value for each category", series.name);
        }
    }

    fn point(&self, series: &BarSeries, category: usize, area: [i32; 4]) -> FigurePoint {
        FigurePoint {
            curve: self.full_name(series),
            x: self.categories[category].clone(),
            y: spoken(series.values[category], self.y.format),
            confidence: spoken_band(series.band.as_ref().map(|band| band[category]), self.y.format),
            area,
        }
    }

    /// The parts of a bar: series, from, to.
    fn parts(&self, stack: &str, category: usize) -> Vec<(&BarSeries, f64, f64)> {
        let mut below = 0.0;
        let series = self.series.iter().filter(|series| series.stack == stack && !series.values[category].is_nan());
        let part = |series| {
            let from = below;
            below += BarSeries::value(series, category);
            (series, from, below)
        };
        series.map(part).collect()
    }

    /// Everything that the vertical axis has to show.
    fn heights(&self) -> Vec<f64> {
        let mut heights = Vec::new();
        for stack in self.stacks() {
            for category in 0..self.categories.len() {
                for (series, from, to) in self.parts(stack, category) {
                    let (low, high) = series.confidence(category, from).unwrap_or((to, to));
                    heights.extend([to, low, high]);
                }
            }
        }
        // Also the smallest bar of a logarithmic axis has some height.
        if self.y.scale == AxisScale::Logarithmic {
            let smallest = heights.iter().copied().filter(|height| *height > 0.0).fold(f64::INFINITY, f64::min);
            heights.push(smallest * 0.6);
        }
        heights
    }
}

impl BarSeries {
    fn value(&self, category: usize) -> f64 {
        self.values[category]
    }

    /// Of the upper end of a part that begins at `from`.
    fn confidence(&self, category: usize, from: f64) -> Option<(f64, f64)> {
        let (low, high) = *self.band.as_ref()?.get(category)?;
        (!low.is_nan() && !high.is_nan()).then_some((from + low, from + high))
    }
}

/// Draws bars; returns SVG. Colour and hatching come from the order of names: eight are easy to
/// tell apart, also in grey. Names of categories are broken into lines, or turned upright if that
/// doesn't help.
///
/// # Panics
/// If the axis has a range that doesn't ascend or that its scale doesn't have, or a series has not
/// one value (and one confidence, if it has any) for each category.
#[must_use]
pub fn bar_figure(figure: &BarFigure) -> String {
    figure.check();
    let drawing = Drawing::new(figure);
    let below = drawing.names.room + BELOW - SMALL_LINE + TITLE_LINE * (drawing.x_label.len() as i32 - 1);
    let height = drawing.frame.bottom + below;
    canvas(height, |root| drawing.draw(root))
}

/// Where the bars of [`bar_figure`]'s drawing are.
///
/// # Panics
/// As [`bar_figure`].
#[must_use]
pub fn bar_figure_points(figure: &BarFigure) -> FigurePoints {
    figure.check();
    let drawing = Drawing::new(figure);
    let plot = drawing.frame.plot();
    let mut points = Vec::new();
    for series in &figure.series {
        let number = figure.stacks().iter().position(|stack| *stack == series.stack).unwrap_or(0);
        for category in 0..figure.categories.len() {
            let placed = drawing.placed(&series.stack, category, drawing.left_of(category, number));
            let area = placed.iter().find(|(part, ..)| std::ptr::eq(*part, series));
            points.extend(area.map(|(_, _, area)| figure.point(series, category, within(*area, plot))));
        }
    }
    let (x_label, y_label) = (figure.x_label.clone(), figure.y.label.clone());
    FigurePoints { plot, x_label, y_label, points }
}

/// How heights are written over bars.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Values {
    Level,
    Upright,
    None,
}

struct Drawing<'a> {
    figure: &'a BarFigure,
    frame: Frame<'a>,
    names: Names,
    x_label: Vec<String>,
    values: Values,
    slot: f64,
    bar: f64,
}

impl<'a> Drawing<'a> {
    fn new(figure: &'a BarFigure) -> Self {
        let stacks = figure.stacks();
        let slot = |left: i32| f64::from(RIGHT - left) / figure.categories.len().max(1) as f64;
        let bar = |slot: f64| (0.76 * slot / stacks.len().max(1) as f64).min(150.0);
        let tops = || {
            let bars = stacks.iter().flat_map(|stack| (0..figure.categories.len()).map(move |at| (*stack, at)));
            bars.filter_map(|(stack, at)| figure.parts(stack, at).last().map(|(_, _, top)| *top))
        };
        let widest = tops().map(|top| width(&figure.written(top), SMALL)).fold(0.0, f64::max);
        let fitting = |bar: f64| match bar {
            _ if !figure.values => Values::None,
            bar if bar >= widest + 6.0 => Values::Level,
            bar if bar >= f64::from(SMALL_LINE) => Values::Upright,
            _ => Values::None,
        };
        let framed = |values: Values| {
            let over = match values {
                Values::Level => f64::from(SMALL_LINE) + 8.0,
                Values::Upright => widest + 16.0,
                Values::None => 0.0,
            };
            let heights = figure.heights();
            let y = Range::new(&figure.y, heights.iter().copied(), Fit::FromZero);
            let finite = heights.iter().filter(|height| height.is_finite());
            let highest = finite.map(|height| y.place(*height)).fold(0.01, f64::max).min(1.0);
            // So much that the text over the highest bar is below the upper edge.
            let headroom = f64::from(HEIGHT) - (f64::from(HEIGHT) - over) / highest;
            Frame::new(&figure.title, y, figure.legend(), headroom.max(0.0).ceil() as i32)
        };
        // How wide bars are depends on the labels left of them, which depend on the frame: a guess,
        // then what fits.
        let guess = framed(fitting(bar(slot(LEFT + 30))));
        let values = fitting(bar(slot(guess.left)));
        let frame = framed(values);
        let values = if fitting(bar(slot(frame.left))) == values { values } else { Values::None };
        let slot = slot(frame.left);
        let names = Names::new(&figure.categories, slot);
        let x_label = title_lines(&figure.x_label, WIDTH - 2 * EDGE);
        Self { figure, names, x_label, values, slot, bar: bar(slot), frame }
    }

    fn draw(&self, root: &Area<'_>) -> Drawn {
        self.frame.draw(root)?;
        let stacks = self.figure.stacks();
        for category in 0..self.figure.categories.len() {
            for (number, stack) in stacks.iter().enumerate() {
                self.draw_stack(root, stack, category, self.left_of(category, number))?;
            }
            self.names.draw(root, category, (self.centre(category).round() as i32, self.frame.bottom + 12))?;
        }
        self.frame.draw_edge(root)?;
        let top = self.frame.bottom + self.names.room + 24;
        draw_lines(root, &self.x_label, (self.frame.middle(), top))
    }

    fn centre(&self, category: usize) -> f64 {
        f64::from(self.frame.left) + self.slot * (category as f64 + 0.5)
    }

    /// Where the bar of a stack begins.
    fn left_of(&self, category: usize, stack: usize) -> f64 {
        self.centre(category) + self.bar * (stack as f64 - self.figure.stacks().len() as f64 / 2.0)
    }

    /// The parts of a bar that begins at `left`: series, from, and the pixels.
    fn placed(&self, stack: &str, category: usize, left: f64) -> Vec<(&'a BarSeries, f64, [i32; 4])> {
        let (left, right) = (left.round() as i32 + 1, (left + self.bar).round() as i32 - 1);
        let place = |(series, from, to)| {
            let ends = (self.height(from), self.height(to));
            (series, from, [left, ends.0.min(ends.1), right.max(left), ends.0.max(ends.1)])
        };
        self.figure.parts(stack, category).into_iter().map(place).collect()
    }

    fn draw_stack(&self, root: &Area<'_>, stack: &str, category: usize, left: f64) -> Drawn {
        let parts = self.figure.parts(stack, category);
        let names = self.figure.names();
        let placed = self.placed(stack, category, left);
        let (left, right) = placed.first().map_or((0, 0), |(_, _, [left, _, right, _])| (*left, *right));
        for (series, _, [_, top, _, bottom]) in placed {
            let number = names.iter().position(|name| *name == series.name).unwrap_or(0);
            if bottom > top && right > left {
                fill(root, [(left, top), (right, bottom)], number)?;
                // Parts of one stack are kept apart also where hatching ends.
                root.draw(&PathElement::new(vec![(left, top), (right, top)], WHITE.stroke_width(2)))?;
            }
        }
        let centre = (left + right) / 2;
        let highest = parts.iter().flat_map(|(_, from, to)| [self.height(*from), self.height(*to)]).min();
        let mut highest = highest.unwrap_or(self.frame.bottom);
        for (series, from, _) in &parts {
            if let Some((low, high)) = series.confidence(category, *from) {
                let ends = (self.height(low), self.height(high));
                whisker(root, centre, ends, STATISTIC)?;
                highest = highest.min(ends.1);
            }
        }
        let Some((_, _, total)) = parts.last() else { return Ok(()) };
        if *total == f64::INFINITY {
            return triangle(root, (centre, self.frame.top), STATISTIC);
        }
        let written = self.figure.written(*total);
        let (across, line) = (width(&written, SMALL) as i32, SMALL_LINE);
        // On white, so that the grid doesn't strike it through.
        let white = |[left, top, right, bottom]: [i32; 4]| {
            root.draw(&Rectangle::new([(left, top), (right, bottom)], WHITE.filled()))
        };
        match self.values {
            Values::Level => {
                white([centre - across / 2, highest - 6 - line, centre + across / 2, highest - 6])?;
                text(root, &written, (centre, highest - 6 - line / 2), SMALL, (HPos::Center, VPos::Center))
            }
            Values::Upright => {
                white([centre - line / 2 + 1, highest - 8 - across, centre + line / 2 - 1, highest - 6])?;
                text_upwards(root, &written, (centre, highest - 8), SMALL, (HPos::Left, VPos::Center))
            }
            Values::None => Ok(()),
        }
    }

    /// The pixel of a height, at the edge of the plot if it is beyond; infinite is the upper edge
    /// of the figure.
    fn height(&self, value: f64) -> i32 {
        if value == f64::INFINITY {
            return self.frame.top;
        }
        let highest = self.frame.y(self.frame.y.high);
        self.frame.y(value).clamp(highest, f64::from(self.frame.bottom)).round() as i32
    }
}

impl BarFigure {
    /// A height as it is written over its bar: about three digits, of numbers as many decimals as
    /// the others have.
    fn written(&self, value: f64) -> String {
        if !value.is_finite() {
            return String::new();
        }
        if self.y.scale != AxisScale::Linear || !matches!(self.y.format, TickFormat::Number | TickFormat::Percent) {
            return write(value, self.y.format, if self.y.format == TickFormat::Bytes { 2 } else { 3 });
        }
        let factor = if self.y.format == TickFormat::Percent { 100.0 } else { 1.0 };
        let shown = self.heights().into_iter().filter(|height| height.is_finite()).map(|height| height * factor);
        let largest = shown.clone().fold(0.0, |largest: f64, height| largest.max(height.abs()));
        if !(0.01..10_000.0).contains(&largest) {
            return write(value, self.y.format, 3);
        }
        let whole = shown.clone().all(|height| (height - height.round()).abs() < 1e-6);
        let decimals = if whole { 0 } else { (2 - floor_log10(largest)).max(0).unsigned_abs() as usize };
        format!("{:.decimals$}", value * factor)
    }
}

/// The names of categories, as they are written below the axis.
struct Names {
    /// Lines of each.
    lines: Vec<Vec<String>>,
    upright: bool,
    /// The height that they take.
    room: i32,
}

impl Names {
    /// The longest that an upright name is before it is broken into lines.
    const LONGEST: f64 = 280.0;

    fn new(names: &[String], slot: f64) -> Self {
        let room = slot - 12.0;
        let level: Vec<_> = names.iter().map(|name| wrap(name, SMALL, room)).collect();
        // Words that had to be cut are hard to read.
        let words = names.iter().flat_map(|name| name.split_whitespace());
        let whole = words.into_iter().all(|word| width(word, SMALL) <= room);
        let lines = level.iter().map(Vec::len).max().unwrap_or(1);
        if whole && lines <= 3 {
            return Self { lines: level, upright: false, room: lines as i32 * SMALL_LINE };
        }
        let at_most = (slot / f64::from(SMALL_LINE)) as usize;
        let every = if at_most == 0 { (f64::from(SMALL_LINE) / slot).ceil() as usize } else { 1 };
        let upright = |(number, name): (usize, &String)| {
            let mut lines = wrap(name, SMALL, Self::LONGEST);
            if lines.len() > at_most.max(1) {
                lines.truncate(at_most.max(1));
                let last = lines.last_mut().expect("there is a line");
                *last = wrap(last, SMALL, Self::LONGEST - 30.0).swap_remove(0) + "…";
            }
            if number % every == 0 { lines } else { Vec::new() }
        };
        let lines: Vec<_> = names.iter().enumerate().map(upright).collect();
        let longest = lines.iter().flatten().map(|line| width(line, SMALL)).fold(0.0, f64::max);
        Self { lines, upright: true, room: longest.ceil() as i32 + 6 }
    }

    fn draw(&self, root: &Area<'_>, number: usize, (x, y): (i32, i32)) -> Drawn {
        let lines = &self.lines[number];
        for (line, at) in lines.iter().zip(0..) {
            if self.upright {
                let x = x + at * SMALL_LINE - (lines.len() as i32 - 1) * SMALL_LINE / 2;
                text_upwards(root, line, (x, y), SMALL, (HPos::Right, VPos::Center))?;
            } else {
                text(root, line, (x, y + at * SMALL_LINE), SMALL, (HPos::Center, VPos::Top))?;
            }
        }
        Ok(())
    }
}
