//! Slowdown by message size.

use super::axis::TickFormat;
use super::canvas::*;
use super::legend::{Entry, Legend, disc, ring};
use super::marks::{Look, Stroke, draw_mark, look, triangle};
use super::outline::spread;
use super::points::{FigurePoint, FigurePoints, spoken, spoken_band, up_to};
use super::round::round_above;
use super::rows::{FigureRow, size_rows, x_number};
use super::step::Step;
use homa_analysis::BinRow;
use homa_analysis::human_bytes;
use plotters::element::DashedPathElement;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, VPos};

/// A curve of slowdown by message size: one step for each size bin.
#[derive(Debug, Clone, PartialEq)]
pub struct Curve {
    /// Its name in the legend.
    pub name: String,
    /// By ascending size.
    pub steps: Vec<Step>,
    /// Whether it is a published curve: drawn as marks in the middle of each step, discs for the
    /// 99th percentile and rings for the median.
    pub published: bool,
}

impl Curve {
    /// The curve of a result.
    #[must_use]
    pub fn from_bins(name: &str, bins: &[BinRow]) -> Self {
        let mut below = 0.0;
        let step = |bin: &BinRow| {
            let share = (below, bin.cumulative_share);
            below = bin.cumulative_share;
            let band = (bin.p99_low, bin.p99_high);
            let p99_band = (!band.0.is_nan()).then_some(band);
            Step { share, size_max: bin.size_max, p50: bin.p50, p99: bin.p99, p99_band }
        };
        Self { name: name.to_owned(), steps: bins.iter().map(step).collect(), published: false }
    }
}

/// The figure of the Homa papers: x is the cumulative share of messages, labelled with their sizes;
/// y is slowdown on a logarithmic scale; for each curve a thick line for the 99th percentile and a
/// dashed one for the median. A triangle at the upper edge marks where a line leaves the figure
/// because the messages did not finish. Returns SVG.
///
/// # Panics
/// If there is nothing to draw.
#[must_use]
pub fn slowdown_figure(curves: &[Curve], title: &str) -> String {
    sized_figure(curves, title, "Slowdown")
}

/// The same of another number, which is what `y` says.
///
/// # Panics
/// As [`slowdown_figure`].
#[must_use]
pub fn sized_figure(curves: &[Curve], title: &str, y: &str) -> String {
    let (title, legend, scale) = layout(curves, title);
    canvas(scale.plot_bottom() + BELOW, |root| draw(root, curves, &title, &legend, (&scale, y)))
}

/// Where the steps of [`slowdown_figure`]'s drawing are; of published curves, their marks.
///
/// # Panics
/// As [`slowdown_figure`].
#[must_use]
pub fn slowdown_figure_points(curves: &[Curve], title: &str) -> FigurePoints {
    let (_, _, scale) = layout(curves, title);
    let mut points = Vec::new();
    for curve in curves {
        for statistic in ["99th percentile", "median"] {
            let of = |step: &Step| match statistic {
                "median" => (step.p50, None),
                _ => (step.p99, step.p99_band),
            };
            let name = format!("{} {statistic}", curve.name);
            let steps = curve.steps.iter().filter(|step| !of(step).0.is_nan());
            points.extend(steps.map(|step| scale.point(curve, &name, step, of(step))));
        }
    }
    let (x_label, y_label) = ("Message size".to_owned(), "Slowdown".to_owned());
    FigurePoints { plot: [LEFT, scale.plot_top, RIGHT, scale.plot_bottom()], x_label, y_label, points }
}

/// Title, legend and scale.
fn layout(curves: &[Curve], title: &str) -> (Vec<String>, Legend, Scale) {
    assert!(curves.iter().any(|curve| !curve.steps.is_empty()), "a figure has at least one step");
    let title = title_lines(title, WIDTH - 2 * EDGE);
    let legend_top = TITLE + TITLE_LINE * (title.len() as i32 - 1);
    let legend = Legend::new(entries(curves), (LEFT, RIGHT), legend_top);
    let scale = Scale::new(curves, legend_top + legend.height() + 20);
    (title, legend, scale)
}

/// All numbers of a slowdown figure: each curve's two statistics from the cumulative share of
/// messages on at which a step begins, and the sizes that the horizontal axis shows, each with the
/// share of messages up to it.
#[must_use]
pub fn slowdown_rows(curves: &[Curve], title: &str) -> Vec<FigureRow> {
    let mut rows = Vec::new();
    for curve in curves {
        for step in &curve.steps {
            let name = format!("{} 99th percentile", curve.name);
            rows.push(FigureRow::new(title, &name, x_number(step.share.0), step.p99, step.p99_band));
        }
        for step in &curve.steps {
            rows.push(FigureRow::new(title, &format!("{} median", curve.name), x_number(step.share.0), step.p50, None));
        }
    }
    let sizes = longest(curves).into_iter().flat_map(|curve| &curve.steps);
    rows.extend(size_rows(title, sizes.map(|step| (step.share.1, step.size_max))));
    rows
}

/// The curve whose sizes the horizontal axis shows.
fn longest(curves: &[Curve]) -> Option<&Curve> {
    curves.iter().max_by_key(|curve| (!curve.published, curve.steps.len()))
}

/// Colours and marks of curves. One curve alone needs no marks.
fn looks(curves: &[Curve]) -> Vec<(Look, bool)> {
    let marked = curves.iter().filter(|curve| !curve.published).count() > 1;
    curves.iter().enumerate().map(|(number, curve)| (look(number), marked && !curve.published)).collect()
}

fn entries(curves: &[Curve]) -> Vec<(Entry, String)> {
    let name = |(curve, (look, marked)): (&Curve, (Look, bool))| {
        let entry = match () {
            () if curve.published => Entry::Published(look.colour),
            () if marked => Entry::Curve { look, line: true },
            () => Entry::Colour(look.colour),
        };
        (entry, curve.name.clone())
    };
    let mut all: Vec<_> = curves.iter().zip(looks(curves)).map(name).collect();
    all.push((Entry::Statistic(Stroke::Solid), "99th percentile".to_owned()));
    all.push((Entry::Median, "median".to_owned()));
    if curves.iter().flat_map(|curve| &curve.steps).any(|step| step.p99_band.is_some()) {
        all.push((Entry::Confidence, "its 95 % confidence".to_owned()));
    }
    if curves.iter().flat_map(|curve| &curve.steps).any(|step| step.p50.is_infinite() || step.p99.is_infinite()) {
        all.push((Entry::Unfinished, "unfinished".to_owned()));
    }
    all
}

fn draw(root: &Area<'_>, curves: &[Curve], title: &[String], legend: &Legend, (scale, y): (&Scale, &str)) -> Drawn {
    draw_lines(root, title, ((LEFT + RIGHT) / 2, 10))?;
    grid(root, scale)?;
    axes(root, curves, (scale, y))?;
    let looks = looks(curves);
    for (curve, (Look { colour, .. }, _)) in curves.iter().zip(&looks).filter(|(curve, _)| !curve.steps.is_empty()) {
        if curve.published {
            marks(root, curve, *colour, scale)?;
            continue;
        }
        bands(root, curve, *colour, scale)?;
        root.draw(&PathElement::new(scale.line(curve, |step| step.p99), colour.stroke_width(THICK)))?;
        let median = scale.line(curve, |step| step.p50);
        root.draw(&DashedPathElement::new(median, DASH, GAP, colour.stroke_width(THIN)))?;
    }
    for (number, (curve, (look, marked))) in curves.iter().zip(&looks).enumerate() {
        let lines = [scale.line(curve, |step| step.p99), scale.line(curve, |step| step.p50)];
        let spread = |line| spread(&[line], number, curves.len());
        let places: Vec<_> = if *marked { lines.into_iter().flat_map(spread).collect() } else { Vec::new() };
        // What runs along the upper edge is no value.
        for place in places.into_iter().filter(|(_, y)| *y > scale.plot_top + 2) {
            draw_mark(root, place, *look)?;
        }
    }
    for (curve, (Look { colour, .. }, _)) in curves.iter().zip(&looks).filter(|(curve, _)| !curve.published) {
        for x in scale.departures(curve) {
            triangle(root, (x, scale.plot_top), *colour)?;
        }
    }
    legend.draw(root)
}

/// From share and slowdown to pixels.
struct Scale {
    bottom: f64,
    top: f64,
    /// Where `top` is.
    plot_top: i32,
}

impl Scale {
    fn new(curves: &[Curve], plot_top: i32) -> Self {
        let values = || curves.iter().flat_map(|curve| &curve.steps).flat_map(|step| [step.p50, step.p99]);
        let finite = || values().filter(|value| value.is_finite());
        // Slowdowns that are 1 but for rounding don't make room for a decade below.
        let smallest = finite().fold(1.0, f64::min) * 1.01;
        let bottom = [1.0, 0.5, 0.2].into_iter().find(|bottom| *bottom <= smallest).unwrap_or(0.1);
        Self { bottom, top: round_above(finite().fold(1.9, f64::max) * 1.05), plot_top }
    }

    fn x(share: f64) -> i32 {
        LEFT + (share * f64::from(RIGHT - LEFT)).round() as i32
    }

    /// Values above the scale, the infinite ones, are drawn at its top.
    fn y(&self, slowdown: f64) -> i32 {
        let height = libm::log(slowdown.clamp(self.bottom, self.top) / self.bottom) / libm::log(self.top / self.bottom);
        self.plot_bottom() - (height * f64::from(HEIGHT)).round() as i32
    }

    const fn plot_bottom(&self) -> i32 {
        self.plot_top + HEIGHT
    }

    fn point(&self, curve: &Curve, name: &str, step: &Step, (value, band): (f64, Option<(f64, f64)>)) -> FigurePoint {
        let (y, shares) = (self.y(value), step.share);
        let (left, right) = match curve.published {
            true => (Self::mark_x(step), Self::mark_x(step)),
            false => (Self::x(shares.0), Self::x(shares.1)),
        };
        let percent = |share| spoken(share, TickFormat::Percent);
        FigurePoint {
            curve: name.to_owned(),
            x: format!("{} ({} to {}\u{a0}% of messages)", up_to(step.size_max), percent(shares.0), percent(shares.1)),
            y: spoken(value, TickFormat::Number),
            confidence: spoken_band(band, TickFormat::Number),
            area: [left, y, right, y],
        }
    }

    /// The middle of a step.
    fn mark_x(step: &Step) -> i32 {
        Self::x((step.share.0 + step.share.1) / 2.0)
    }

    /// The step line of one statistic.
    fn line(&self, curve: &Curve, of: impl Fn(&Step) -> f64) -> Vec<(i32, i32)> {
        let corners = curve.steps.iter().flat_map(|step| {
            let y = self.y(of(step));
            [(Self::x(step.share.0), y), (Self::x(step.share.1), y)]
        });
        corners.collect()
    }

    /// Where the lines of a curve become infinite.
    fn departures(&self, curve: &Curve) -> Vec<i32> {
        let mut found = Vec::new();
        for of in [|step: &Step| step.p99, |step: &Step| step.p50] {
            let mut before = true;
            for step in &curve.steps {
                let finite = of(step).is_finite();
                if before && !finite {
                    found.push(Self::x(step.share.0));
                }
                before = finite;
            }
        }
        found.dedup();
        found
    }
}

/// The values within a scale that are 1, 2 or 5 times a power of ten; only its powers if there are
/// too many.
fn labelled(scale: &Scale) -> Vec<f64> {
    let factors: &[f64] = if scale.top / scale.bottom > 1000.0 { &[1.0] } else { &[1.0, 2.0, 5.0] };
    let mut values = Vec::new();
    let mut decade = 0.1;
    while decade <= scale.top {
        values.extend(factors.iter().map(|factor| decade * factor));
        decade *= 10.0;
    }
    // Tenfold 0.1 is not 1 to the last bit.
    values.retain(|value| (scale.bottom * 0.999..=scale.top * 1.001).contains(value));
    values
}

/// The confidence of the 99th percentile, behind its line.
fn bands(root: &Area<'_>, curve: &Curve, colour: RGBColor, scale: &Scale) -> Drawn {
    for step in &curve.steps {
        let Some((low, high)) = step.p99_band else { continue };
        let (left, right) = (Scale::x(step.share.0), Scale::x(step.share.1));
        let (low, high) = (scale.y(low), scale.y(high));
        let corners = vec![(left, low), (right, low), (right, high), (left, high)];
        root.draw(&Polygon::new(corners, colour.mix(0.25)))?;
    }
    Ok(())
}

/// Published values, in the middle of each step.
fn marks(root: &Area<'_>, curve: &Curve, colour: RGBColor, scale: &Scale) -> Drawn {
    for step in &curve.steps {
        let x = Scale::mark_x(step);
        disc(root, (x, scale.y(step.p99)), colour)?;
        ring(root, (x, scale.y(step.p50)), colour)?;
    }
    Ok(())
}

fn grid(root: &Area<'_>, scale: &Scale) -> Drawn {
    for value in labelled(scale) {
        let y = scale.y(value);
        root.draw(&PathElement::new(vec![(LEFT, y), (RIGHT, y)], GRID.stroke_width(2)))?;
    }
    Ok(())
}

fn axes(root: &Area<'_>, curves: &[Curve], (scale, y): (&Scale, &str)) -> Drawn {
    let (top, bottom) = (scale.plot_top, scale.plot_bottom());
    let frame = vec![(LEFT, top), (LEFT, bottom), (RIGHT, bottom), (RIGHT, top), (LEFT, top)];
    root.draw(&PathElement::new(frame, BLACK.stroke_width(2)))?;
    for value in labelled(scale) {
        let label = match value {
            ..0.95 => format!("{value:.1}"),
            ..9_999.0 => format!("{value:.0}"),
            _ => human_bytes(value.round() as u64),
        };
        text(root, &label, (LEFT - 12, scale.y(value)), SMALL, (HPos::Right, VPos::Center))?;
    }
    let longest = longest(curves).expect("there is a curve");
    for tenth in 0..=10 {
        let share = f64::from(tenth) / 10.0;
        let x = Scale::x(share);
        root.draw(&PathElement::new(vec![(x, bottom), (x, bottom + 8)], BLACK.stroke_width(2)))?;
        // Shares are quotients of counts, tenths are rounded.
        let step = longest.steps.iter().find(|step| step.share.1 >= share - 1e-12);
        if let Some(step) = step.filter(|_| tenth > 0) {
            text(root, &human_bytes(step.size_max), (x, bottom + 14), SMALL, (HPos::Center, VPos::Top))?;
        }
    }
    let caption = "Message size in bytes (ticks: 10 % of messages each)";
    // It would just not fit at the size of other names.
    let size = LARGE * (f64::from(WIDTH - 40) / width(caption, LARGE)).min(1.0);
    text(root, caption, ((LEFT + RIGHT) / 2, bottom + 58), size, (HPos::Center, VPos::Top))?;
    text_upwards(root, y, (8, (top + bottom) / 2), LARGE, (HPos::Center, VPos::Top))
}
