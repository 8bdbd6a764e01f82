//! Figures of lines: distributions, courses in time, what depends on load.

use super::axis::{Axis, Fit, Range};
use super::canvas::*;
use super::frame::{Frame, Horizontal};
use super::legend::{Entry, whisker};
use super::marks::{Look, draw_departure, draw_line, draw_mark, look, stroke, triangle};
use super::outline::{Place, Plot, pixel, spread, stepped};
use super::points::{FigurePoint, FigurePoints, spoken, spoken_band, spoken_x, within};
use super::rows::{FigureRow, x_number};
use plotters::prelude::*;

/// Curves over numbers.
#[derive(Debug, Clone, PartialEq)]
pub struct LineFigure {
    /// Over the figure.
    pub title: String,
    /// The horizontal axis.
    pub x: Axis,
    /// The vertical axis.
    pub y: Axis,
    /// In the order of the legend.
    pub curves: Vec<LineCurve>,
    /// A value with a line across the figure, such as the ratio 1.
    pub reference: Option<f64>,
}

/// A curve of a [`LineFigure`].
#[derive(Debug, Clone, PartialEq)]
pub struct LineCurve {
    /// What it is about. Curves with the same name have one colour, one mark and one entry in the legend.
    pub name: String,
    /// Which number of it, such as `median`; may be empty. The first of a figure has thick lines, others are dashed, dotted,
    /// in long dashes.
    pub statistic: String,
    /// x and y. Where one is not a number, the line is broken. An infinite y is that of messages that did not finish: a
    /// triangle at the upper edge.
    pub points: Vec<(f64, f64)>,
    /// Confidence of each y, lower and upper end; not numbers where it isn't known.
    pub band: Option<Vec<(f64, f64)>>,
    /// How points become a line.
    pub trace: Trace,
}

/// How the points of a curve are drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trace {
    /// Joined by straight lines. What varies quickly in time is legible as means over a hundredth of the figure or so.
    Line,
    /// A value holds until the x of the next point.
    Steps,
    /// Few points, measured at just these x: each has a mark, and its confidence is a bar.
    Points,
    /// Marks without a line, such as published values.
    Marks,
}

impl LineCurve {
    /// A curve without confidence and without the name of a statistic.
    #[must_use]
    pub fn new(name: &str, points: Vec<(f64, f64)>, trace: Trace) -> Self {
        Self { name: name.to_owned(), statistic: String::new(), points, band: None, trace }
    }

    /// This curve as one number of what it is about.
    #[must_use]
    pub fn statistic(self, statistic: &str) -> Self {
        Self { statistic: statistic.to_owned(), ..self }
    }

    /// This curve with the confidence of each of its points.
    #[must_use]
    pub fn band(self, band: Vec<(f64, f64)>) -> Self {
        Self { band: Some(band), ..self }
    }

    /// What it is about and which number of it.
    fn full_name(&self) -> String {
        [self.name.as_str(), &self.statistic].join(" ").trim().to_owned()
    }

    fn has_single_points(&self) -> bool {
        matches!(self.trace, Trace::Points | Trace::Marks)
    }
}

impl LineFigure {
    /// All numbers that are drawn, curve by curve.
    #[must_use]
    pub fn rows(&self) -> Vec<FigureRow> {
        let mut rows = Vec::new();
        for curve in &self.curves {
            let name = curve.full_name();
            for (number, (x, y)) in curve.points.iter().enumerate() {
                let band = curve.band.as_ref().and_then(|band| band.get(number)).copied();
                rows.push(FigureRow::new(&self.title, &name, x_number(*x), *y, band));
            }
        }
        rows.extend(self.reference.map(|y| FigureRow::new(&self.title, "reference", String::new(), y, None)));
        if let super::AxisScale::Sizes(sizes) = &self.x.scale {
            rows.extend(super::rows::size_rows(&self.title, sizes.iter().copied()));
        }
        rows
    }

    /// Names in the order of their first curve: colour and mark come from it.
    fn names(&self) -> Vec<&str> {
        distinct(self.curves.iter().map(|curve| curve.name.as_str()))
    }

    fn statistics(&self) -> Vec<&str> {
        distinct(self.curves.iter().map(|curve| curve.statistic.as_str()))
    }

    fn legend(&self) -> Vec<(Entry, String)> {
        let mut entries = Vec::new();
        for (number, name) in self.names().into_iter().enumerate().filter(|(_, name)| !name.is_empty()) {
            let line = self.curves.iter().any(|curve| curve.name == name && curve.trace != Trace::Marks);
            entries.push((Entry::Curve { look: look(number), line }, name.to_owned()));
        }
        for (number, statistic) in self.statistics().into_iter().enumerate().filter(|(_, name)| !name.is_empty()) {
            entries.push((Entry::Statistic(stroke(number)), statistic.to_owned()));
        }
        let banded = |single: bool| {
            let known = |band: &(f64, f64)| !band.0.is_nan() && !band.1.is_nan();
            let has = |curve: &LineCurve| curve.band.as_ref().is_some_and(|band| band.iter().any(known));
            self.curves.iter().any(|curve| curve.has_single_points() == single && has(curve))
        };
        let confidence = [(false, Entry::Confidence), (true, Entry::Whisker)]
            .map(|(single, entry)| banded(single).then(|| (entry, "95 % confidence".to_owned())));
        entries.extend(confidence.into_iter().flatten());
        if self.curves.iter().flat_map(|curve| &curve.points).any(|(_, y)| *y == f64::INFINITY) {
            entries.push((Entry::Unfinished, "unfinished".to_owned()));
        }
        entries
    }
}

pub(super) fn distinct<'a>(names: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
    let mut found = Vec::new();
    for name in names {
        if !found.contains(&name) {
            found.push(name);
        }
    }
    found
}

/// Draws curves; returns SVG. Colour, mark and kind of line come from the order of names and statistics: eight names are easy
/// to tell apart, also in grey. Without curves, the axes are drawn.
///
/// # Panics
/// If an axis has a range that doesn't ascend or that its scale doesn't have, or a curve's confidence is not of each point.
#[must_use]
pub fn line_figure(figure: &LineFigure) -> String {
    let drawing = Drawing::new(figure);
    let height = drawing.frame.bottom + drawing.x.below();
    canvas(height, |root| drawing.draw(root))
}

/// Where the numbers of [`line_figure`]'s drawing are.
///
/// # Panics
/// As [`line_figure`].
#[must_use]
pub fn line_figure_points(figure: &LineFigure) -> FigurePoints {
    let drawing = Drawing::new(figure);
    let points = figure.curves.iter().flat_map(|curve| drawing.points(curve)).collect();
    let (x_label, y_label) = (figure.x.label.clone(), figure.y.label.clone());
    FigurePoints { plot: drawing.frame.plot(), x_label, y_label, points }
}

struct Drawing<'a> {
    figure: &'a LineFigure,
    frame: Frame<'a>,
    x: Horizontal<'a>,
    plot: Plot,
    names: Vec<&'a str>,
    statistics: Vec<&'a str>,
}

impl<'a> Drawing<'a> {
    fn new(figure: &'a LineFigure) -> Self {
        let curves = || figure.curves.iter();
        for curve in curves() {
            let matches = curve.band.as_ref().is_none_or(|band| band.len() == curve.points.len());
            assert!(matches, "the confidence of {} has a pair for each point", curve.name);
        }
        let values = curves().flat_map(|curve| curve.points.iter().map(|(_, y)| *y));
        let ends = curves().flat_map(|curve| curve.band.iter().flatten()).flat_map(|(low, high)| [*low, *high]);
        let y = Range::new(&figure.y, values.chain(ends).chain(figure.reference), Fit::FromZero);
        let frame = Frame::new(&figure.title, y, figure.legend(), 0);
        let fit = if curves().any(LineCurve::has_single_points) { Fit::Padded } else { Fit::Tight };
        let xs = curves().flat_map(|curve| curve.points.iter().map(|(x, _)| *x));
        let x = Horizontal::new(Range::new(&figure.x, xs, fit), &frame);
        let [left, right, top, bottom] = [frame.left, frame.right, frame.top, frame.bottom].map(f64::from);
        let plot = Plot { left, right, top, bottom };
        Self { figure, frame, x, plot, names: figure.names(), statistics: figure.statistics() }
    }

    fn draw(&self, root: &Area<'_>) -> Drawn {
        self.frame.draw(root)?;
        if let Some(value) = self.figure.reference {
            let level = [(self.plot.left, self.frame.y(value)), (self.plot.right, self.frame.y(value))];
            for line in self.plot.cut(&level) {
                root.draw(&PathElement::new(line, STATISTIC.stroke_width(THIN)))?;
            }
        }
        for curve in &self.figure.curves {
            self.draw_confidence(root, curve)?;
        }
        self.frame.draw_edge(root)?;
        self.x.draw(root, &self.frame)?;
        let lines: Vec<_> = self.figure.curves.iter().map(|curve| self.lines(curve)).collect();
        for (curve, lines) in self.figure.curves.iter().zip(&lines) {
            let number = self.statistics.iter().position(|name| *name == curve.statistic).unwrap_or(0);
            let drawn = lines.iter().filter(|line| line.len() > 1 && curve.trace != Trace::Marks);
            for line in drawn {
                draw_line(root, line, self.look(curve).colour, stroke(number))?;
            }
        }
        // Marks lie on all lines, so that none is hidden.
        for (curve, lines) in self.figure.curves.iter().zip(&lines) {
            for place in self.marks(curve, lines) {
                draw_mark(root, place, self.look(curve))?;
            }
        }
        self.draw_departures(root)
    }

    fn number(&self, curve: &LineCurve) -> usize {
        self.names.iter().position(|name| *name == curve.name).unwrap_or(0)
    }

    fn look(&self, curve: &LineCurve) -> Look {
        look(self.number(curve))
    }

    fn place(&self, x: f64, y: f64) -> Place {
        (self.x.x(x), self.frame.y(y))
    }

    /// The lines of a curve between its breaks, cut at the edges.
    fn lines(&self, curve: &LineCurve) -> Vec<Vec<(i32, i32)>> {
        let mut found = Vec::new();
        let known = |(x, y): &(f64, f64)| x.is_finite() && y.is_finite();
        let mut after: &[(f64, f64)] = &curve.points;
        for run in curve.points.chunk_by(|a, b| known(a) && known(b)) {
            after = &after[run.len()..];
            if !known(&run[0]) {
                continue;
            }
            let mut line: Vec<_> = run.iter().map(|(x, y)| self.place(*x, *y)).collect();
            if curve.trace == Trace::Steps {
                // The last value holds until something else is known.
                let end = after.first().filter(|(x, _)| x.is_finite());
                if let Some((x, y)) = end {
                    let last = line[line.len() - 1];
                    let rises = if *y == f64::INFINITY { self.plot.top } else { last.1 };
                    line.push((self.x.x(*x), rises));
                }
                line = stepped(&line);
            }
            found.extend(self.plot.cut(&line));
        }
        found
    }

    /// The numbers of a curve that are in the figure; unfinished ones are at its upper edge.
    fn points(&self, curve: &LineCurve) -> Vec<FigurePoint> {
        let mut found = Vec::new();
        for (number, (x, y)) in curve.points.iter().enumerate().filter(|(_, (x, y))| x.is_finite() && !y.is_nan()) {
            let place = match *y {
                f64::INFINITY => (self.x.x(*x), self.plot.top),
                y => self.place(*x, y),
            };
            if !self.plot.has(place) {
                continue;
            }
            let (x_px, y_px) = pixel(place);
            let band = curve.band.as_ref().map(|band| band[number]);
            found.push(FigurePoint {
                curve: curve.full_name(),
                x: spoken_x(*x, &self.figure.x),
                y: spoken(*y, self.figure.y.format),
                confidence: spoken_band(band, self.figure.y.format),
                area: within([x_px, y_px, x_px, y_px], self.frame.plot()),
            });
        }
        found
    }

    fn marks(&self, curve: &LineCurve, lines: &[Vec<(i32, i32)>]) -> Vec<(i32, i32)> {
        let places = curve.points.iter().filter(|(x, y)| x.is_finite() && y.is_finite());
        if curve.has_single_points() {
            return places.map(|(x, y)| self.place(*x, *y)).filter(|place| self.plot.has(*place)).map(pixel).collect();
        }
        // A line of one place can't be seen otherwise.
        let alone = lines.iter().filter(|line| line.len() == 1).map(|line| line[0]);
        let told_apart =
            if self.names.len() > 1 { spread(lines, self.number(curve), self.names.len()) } else { vec![] };
        alone.chain(told_apart).collect()
    }

    fn draw_confidence(&self, root: &Area<'_>, curve: &LineCurve) -> Drawn {
        let Some(band) = &curve.band else { return Ok(()) };
        let colour = self.look(curve).colour;
        let known: Vec<_> = curve.points.iter().zip(band).map(|((x, _), (low, high))| (*x, *low, *high)).collect();
        let is_known = |(x, low, high): &(f64, f64, f64)| x.is_finite() && !low.is_nan() && !high.is_nan();
        if curve.has_single_points() {
            for (x, low, high) in known.iter().filter(|value| is_known(value)) {
                let ends = [self.place(*x, *low), self.place(*x, *high)];
                for line in self.plot.cut(&ends).into_iter().filter(|line| line.len() == 2) {
                    whisker(root, line[0].0, (line[0].1, line[1].1), colour)?;
                }
            }
            return Ok(());
        }
        for run in known.chunk_by(|a, b| is_known(a) && is_known(b)).filter(|run| is_known(&run[0])) {
            let edge = |of: fn(&(f64, f64, f64)) -> f64| {
                let line: Vec<_> = run.iter().map(|value| self.place(value.0, of(value))).collect();
                if curve.trace == Trace::Steps { stepped(&line) } else { line }
            };
            let corners = edge(|value| value.1).into_iter().chain(edge(|value| value.2).into_iter().rev());
            let area = self.plot.cut_area(corners.collect());
            if area.len() > 2 {
                root.draw(&Polygon::new(area, colour.mix(0.25)))?;
            }
        }
        Ok(())
    }

    /// Triangles where curves leave the figure upwards; side by side where several do so at one x.
    fn draw_departures(&self, root: &Area<'_>) -> Drawn {
        let mut taken: Vec<i32> = Vec::new();
        for curve in &self.figure.curves {
            let mut before: Option<(f64, f64)> = None;
            for (x, y) in curve.points.iter().filter(|(x, _)| x.is_finite()) {
                let departs = *y == f64::INFINITY && before.is_none_or(|(_, y)| y != f64::INFINITY);
                let at = self.x.x(*x);
                if departs && (self.plot.left..=self.plot.right).contains(&at) {
                    let mut at = at.round() as i32;
                    while taken.iter().any(|other| (other - at).abs() < 20) && at > self.frame.left {
                        at -= 20;
                    }
                    taken.push(at);
                    self.draw_departure(root, curve, before, at)?;
                }
                before = Some((*x, *y));
            }
        }
        Ok(())
    }

    fn draw_departure(&self, root: &Area<'_>, curve: &LineCurve, before: Option<(f64, f64)>, at: i32) -> Drawn {
        let colour = self.look(curve).colour;
        if let Some((x, y)) = before.filter(|(_, y)| y.is_finite() && curve.trace == Trace::Points) {
            let way = [self.place(x, y), (f64::from(at), self.plot.top)];
            for line in self.plot.cut(&way) {
                draw_departure(root, &line, colour)?;
            }
        }
        triangle(root, (at, self.frame.top), colour)
    }
}
