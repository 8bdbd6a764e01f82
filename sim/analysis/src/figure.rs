//! Figures; all use of the plotting library is here.

use crate::summary::BinRow;
use crate::table::human_bytes;
use plotters::element::DashedPathElement;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

/// A curve of slowdown by message size: one step for each size bin.
#[derive(Debug, Clone, PartialEq)]
pub struct Curve {
    /// Its name in the legend.
    pub name: String,
    /// By ascending size.
    pub steps: Vec<Step>,
    /// Whether it is a published curve: drawn as marks in the middle of each step, discs for the 99th percentile and
    /// rings for the median.
    pub published: bool,
}

/// The messages of one size bin.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Step {
    /// Share of all messages that are smaller, and that share with this bin, 0 to 1.
    pub share: (f64, f64),
    /// Upper edge of the bin in bytes.
    pub size_max: u64,
    /// Median slowdown, infinite if it is that of an unfinished message.
    pub p50: f64,
    /// 99th percentile of slowdown, infinite if it is that of an unfinished message.
    pub p99: f64,
    /// 95 % confidence interval of `p99`, if known.
    pub p99_band: Option<(f64, f64)>,
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

/// Colours that differ for every kind of colour vision, and in grey (Okabe and Ito).
pub(crate) const COLOURS: [RGBColor; 6] = [
    RGBColor(0, 114, 178),
    RGBColor(213, 94, 0),
    RGBColor(0, 158, 115),
    RGBColor(204, 121, 167),
    RGBColor(230, 159, 0),
    RGBColor(86, 180, 233),
];
const STATISTIC: RGBColor = RGBColor(70, 70, 70);
pub(crate) const GRID: RGBColor = RGBColor(215, 215, 215);

// Sizes are in pixels. One column of a paper is about a quarter of the width in points, so that text has 7 to 8 points.
const WIDTH: u32 = 960;
/// Of the rectangle that curves are drawn in.
const HEIGHT: i32 = 430;
const LEFT: i32 = 124;
const RIGHT: i32 = 920;
/// For the ticks and their labels, and the name of the axis.
const BELOW: i32 = 106;
const TITLE: i32 = 56;
/// Height of a line of the legend.
const LINE: i32 = 42;
/// Length of a line's sample in the legend.
const SAMPLE: i32 = 56;
pub(crate) const LARGE: f64 = 32.0;
pub(crate) const SMALL: f64 = 28.0;

/// Width of the line of the 99th percentile.
const THICK: u32 = 5;
/// Width of the dashed line of the median.
const THIN: u32 = 3;
/// Radius of the mark of a published value.
const MARK: i32 = 6;
const DASH: i32 = 12;
const GAP: i32 = 8;

pub(crate) type Area<'a> = DrawingArea<SVGBackend<'a>, plotters::coord::Shift>;
pub(crate) type Drawn = Result<(), DrawingAreaErrorKind<std::io::Error>>;

/// The figure of the Homa papers: x is the cumulative share of messages, labelled with their sizes; y is slowdown on a
/// logarithmic scale; for each curve a thick line for the 99th percentile and a dashed one for the median. A triangle
/// at the upper edge marks where a line leaves the figure because the messages did not finish. Returns SVG.
///
/// # Panics
/// If there is nothing to draw.
#[must_use]
pub fn slowdown_figure(curves: &[Curve], title: &str) -> String {
    assert!(curves.iter().any(|curve| !curve.steps.is_empty()), "a figure has at least one step");
    let legend = Legend::new(curves);
    let top = TITLE + legend.lines * LINE + 20;
    let scale = Scale::new(curves, top);
    let mut svg = String::new();
    {
        let size = (WIDTH, (top + HEIGHT + BELOW).unsigned_abs());
        let root = SVGBackend::with_string(&mut svg, size).into_drawing_area();
        draw(&root, curves, title, &legend, &scale).expect("drawing into memory does not fail");
    }
    svg
}

fn draw(root: &Area<'_>, curves: &[Curve], title: &str, legend: &Legend<'_>, scale: &Scale) -> Drawn {
    root.fill(&WHITE)?;
    text(root, title, ((LEFT + RIGHT) / 2, 10), LARGE, (HPos::Center, VPos::Top))?;
    grid(root, scale)?;
    axes(root, curves, scale)?;
    for (number, curve) in curves.iter().enumerate().filter(|(_, curve)| !curve.steps.is_empty()) {
        let colour = COLOURS[number % COLOURS.len()];
        if curve.published {
            marks(root, curve, colour, scale)?;
            continue;
        }
        bands(root, curve, colour, scale)?;
        root.draw(&PathElement::new(scale.line(curve, |step| step.p99), colour.stroke_width(THICK)))?;
        let median = scale.line(curve, |step| step.p50);
        root.draw(&DashedPathElement::new(median, DASH, GAP, colour.stroke_width(THIN)))?;
        for x in scale.departures(curve) {
            triangle(root, (x, scale.plot_top), colour)?;
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
        Self { bottom, top: top_above(finite().fold(1.9, f64::max)), plot_top }
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

/// The next round number that is at least 5 % above a value.
fn top_above(value: f64) -> f64 {
    let mut decade = 1.0;
    loop {
        for factor in [1.0, 1.2, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 6.0, 8.0] {
            if decade * factor >= value * 1.05 {
                return decade * factor;
            }
        }
        decade *= 10.0;
    }
}

/// The values within a scale that are 1, 2 or 5 times a power of ten; only its powers if there are too many.
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

/// An estimate of a text's width: the viewer chooses the font. It is that of DejaVu Sans, wider than most.
pub(crate) fn width(text: &str, size: f64) -> f64 {
    let of = |letter| match letter {
        'i' | 'j' | 'l' | 'f' | 't' | 'r' | ' ' | '.' | ',' | ':' | ';' | '-' | '(' | ')' | '|' => 0.4,
        'm' | 'w' | 'M' | 'W' | '%' => 0.98,
        'A'..='Z' => 0.72,
        _ => 0.64,
    };
    text.chars().map(of).sum::<f64>() * size
}

/// Draws one line of text, smaller than `size` pixels if it would not fit into the figure.
pub(crate) fn text(root: &Area<'_>, text: &str, position: (i32, i32), size: f64, anchor: (HPos, VPos)) -> Drawn {
    let size = size * (f64::from(WIDTH - 40) / width(text, size)).min(1.0);
    root.draw(&Text::new(text.to_owned(), position, style(size, anchor)))
}

fn style(size: f64, (horizontal, vertical): (HPos, VPos)) -> TextStyle<'static> {
    // The library's SVG backend divides sizes by 1.24.
    TextStyle::from(("sans-serif", size * 1.24).into_font()).color(&BLACK).pos(Pos::new(horizontal, vertical))
}

fn triangle(root: &Area<'_>, (x, y): (i32, i32), colour: RGBColor) -> Drawn {
    root.draw(&Polygon::new(vec![(x - 9, y), (x + 9, y), (x, y - 16)], colour))
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
        let x = Scale::x((step.share.0 + step.share.1) / 2.0);
        disc(root, (x, scale.y(step.p99)), colour)?;
        ring(root, (x, scale.y(step.p50)), colour)?;
    }
    Ok(())
}

fn disc(root: &Area<'_>, centre: (i32, i32), colour: RGBColor) -> Drawn {
    root.draw(&Circle::new(centre, MARK, colour.filled()))
}

fn ring(root: &Area<'_>, centre: (i32, i32), colour: RGBColor) -> Drawn {
    root.draw(&Circle::new(centre, MARK, WHITE.filled()))?;
    root.draw(&Circle::new(centre, MARK, colour.stroke_width(3)))
}

fn grid(root: &Area<'_>, scale: &Scale) -> Drawn {
    for value in labelled(scale) {
        let y = scale.y(value);
        root.draw(&PathElement::new(vec![(LEFT, y), (RIGHT, y)], GRID.stroke_width(2)))?;
    }
    Ok(())
}

fn axes(root: &Area<'_>, curves: &[Curve], scale: &Scale) -> Drawn {
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
    let longest = curves.iter().max_by_key(|curve| (!curve.published, curve.steps.len())).expect("there is a curve");
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
    text(root, caption, ((LEFT + RIGHT) / 2, bottom + 58), LARGE, (HPos::Center, VPos::Top))?;
    vertical_text(root, "Slowdown", (8, (top + bottom) / 2))
}

/// Draws the name of a vertical axis.
pub(crate) fn vertical_text(root: &Area<'_>, text: &str, position: (i32, i32)) -> Drawn {
    let vertical = style(LARGE, (HPos::Center, VPos::Top)).transform(FontTransform::Rotate270);
    root.draw(&Text::new(text.to_owned(), position, vertical))
}

/// What the lines are. It is above the curves, so it can't cover them.
struct Legend<'a> {
    /// Entry, left end, line.
    entries: Vec<(Entry, &'a str, i32, i32)>,
    lines: i32,
}

#[derive(Debug, Clone, Copy)]
enum Entry {
    Curve(RGBColor),
    Published(RGBColor),
    Confidence,
    Tail,
    Median,
    Unfinished,
}

impl<'a> Legend<'a> {
    fn new(curves: &'a [Curve]) -> Self {
        let names = curves.iter().enumerate();
        let mut all: Vec<_> = names
            .map(|(number, curve)| {
                let colour = COLOURS[number % COLOURS.len()];
                (if curve.published { Entry::Published(colour) } else { Entry::Curve(colour) }, curve.name.as_str())
            })
            .chain([(Entry::Tail, "99th percentile"), (Entry::Median, "median")])
            .collect();
        if curves.iter().flat_map(|curve| &curve.steps).any(|step| step.p99_band.is_some()) {
            all.push((Entry::Confidence, "its 95 % confidence"));
        }
        if curves.iter().flat_map(|curve| &curve.steps).any(|step| step.p50.is_infinite() || step.p99.is_infinite()) {
            all.push((Entry::Unfinished, "unfinished"));
        }
        let (mut x, mut line) = (LEFT, 0);
        let place = |(entry, name)| {
            let needed = SAMPLE + 10 + width(name, SMALL).round() as i32;
            if x > LEFT && x + needed > RIGHT {
                (x, line) = (LEFT, line + 1);
            }
            let left = x;
            x += needed + 24;
            (entry, name, left, line)
        };
        let entries = all.into_iter().map(place).collect();
        Self { entries, lines: line + 1 }
    }

    fn draw(&self, root: &Area<'_>) -> Drawn {
        for (entry, name, x, line) in &self.entries {
            let y = TITLE + line * LINE + LINE / 2;
            let sample = vec![(*x, y), (x + SAMPLE, y)];
            match entry {
                Entry::Curve(colour) => root.draw(&PathElement::new(sample, colour.stroke_width(2 * THICK)))?,
                Entry::Published(colour) => {
                    disc(root, (x + SAMPLE / 4, y), *colour)?;
                    ring(root, (x + 3 * SAMPLE / 4, y), *colour)?;
                }
                Entry::Confidence => {
                    let corners = vec![(*x, y - 8), (x + SAMPLE, y - 8), (x + SAMPLE, y + 8), (*x, y + 8)];
                    root.draw(&Polygon::new(corners, STATISTIC.mix(0.25)))?;
                }
                Entry::Tail => root.draw(&PathElement::new(sample, STATISTIC.stroke_width(THICK)))?,
                Entry::Median => root.draw(&DashedPathElement::new(sample, DASH, GAP, STATISTIC.stroke_width(THIN)))?,
                Entry::Unfinished => triangle(root, (x + SAMPLE - 12, y + 8), STATISTIC)?,
            }
            text(root, name, (x + SAMPLE + 10, y), SMALL, (HPos::Left, VPos::Center))?;
        }
        Ok(())
    }
}
