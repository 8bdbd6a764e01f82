//! Figures; all use of the plotting library is here.

use crate::summary::BinRow;
use crate::table::human_bytes;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

/// A curve of slowdown by message size: one step for each size bin.
#[derive(Debug, Clone, PartialEq)]
pub struct Curve {
    /// Its name in the legend.
    pub name: String,
    /// By ascending size.
    pub steps: Vec<Step>,
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
}

impl Curve {
    /// The curve of a result.
    #[must_use]
    pub fn from_bins(name: &str, bins: &[BinRow]) -> Self {
        let mut below = 0.0;
        let step = |bin: &BinRow| {
            let share = (below, bin.cumulative_share);
            below = bin.cumulative_share;
            Step { share, size_max: bin.size_max, p50: bin.p50, p99: bin.p99 }
        };
        Self { name: name.to_owned(), steps: bins.iter().map(step).collect() }
    }
}

/// Colours that differ for every kind of colour vision (Okabe and Ito).
const COLOURS: [RGBColor; 6] = [
    RGBColor(0, 114, 178),
    RGBColor(213, 94, 0),
    RGBColor(0, 158, 115),
    RGBColor(204, 121, 167),
    RGBColor(230, 159, 0),
    RGBColor(86, 180, 233),
];

const SIZE: (u32, u32) = (880, 520);
const FONT: (&str, u32) = ("sans-serif", 20);
const SMALL: (&str, u32) = ("sans-serif", 17);
/// Where the plot is within the figure: left, top, right, bottom, in pixels.
const PLOT: (i32, i32, i32, i32) = (85, 48, 850, 440);

type Area<'a> = DrawingArea<SVGBackend<'a>, plotters::coord::Shift>;

/// The figure of the Homa papers: x is the cumulative share of messages, labelled with their sizes; y is slowdown on a
/// logarithmic scale; for each curve a thick line for the 99th percentile and a thin one for the median. Returns SVG.
///
/// # Panics
/// If there is nothing to draw.
#[must_use]
pub fn slowdown_figure(curves: &[Curve], title: &str) -> String {
    assert!(curves.iter().any(|curve| !curve.steps.is_empty()), "a figure has at least one step");
    let mut svg = String::new();
    {
        let root = SVGBackend::with_string(&mut svg, SIZE).into_drawing_area();
        draw(&root, curves, title).expect("drawing into memory does not fail");
    }
    svg
}

type Drawn = Result<(), DrawingAreaErrorKind<std::io::Error>>;

fn draw(root: &Area<'_>, curves: &[Curve], title: &str) -> Drawn {
    root.fill(&WHITE)?;
    let steps = || curves.iter().flat_map(|curve| &curve.steps);
    let finite = || steps().flat_map(|step| [step.p50, step.p99]).filter(|value| value.is_finite());
    let top = nice_top(finite().fold(2.0, f64::max));
    let bottom = if finite().any(|value| value < 1.0) { 0.5 } else { 1.0 };
    let scale = Scale { bottom, top };
    root.draw(&Text::new(title.to_owned(), ((PLOT.0 + PLOT.2) / 2, 14), style(FONT, HPos::Center, VPos::Top)))?;
    axes(root, &scale, curves)?;
    for (number, curve) in curves.iter().enumerate() {
        let colour = COLOURS[number % COLOURS.len()];
        for segment in scale.segments(curve, |step| step.p99) {
            root.draw(&PathElement::new(segment, colour.stroke_width(3)))?;
        }
        for segment in scale.segments(curve, |step| step.p50) {
            root.draw(&PathElement::new(segment, colour.stroke_width(1)))?;
        }
    }
    legend(root, curves)
}

/// From share and slowdown to pixels.
struct Scale {
    bottom: f64,
    top: f64,
}

impl Scale {
    fn x(&self, share: f64) -> i32 {
        PLOT.0 + (share * f64::from(PLOT.2 - PLOT.0)).round() as i32
    }

    /// Values above the scale, the infinite ones too, are drawn at its top.
    fn y(&self, slowdown: f64) -> i32 {
        let height = libm::log(slowdown.clamp(self.bottom, self.top) / self.bottom) / libm::log(self.top / self.bottom);
        PLOT.3 - (height * f64::from(PLOT.3 - PLOT.1)).round() as i32
    }

    /// The step line of one statistic.
    fn segments(&self, curve: &Curve, of: impl Fn(&Step) -> f64) -> Vec<Vec<(i32, i32)>> {
        let corners = curve.steps.iter().flat_map(|step| {
            let y = self.y(of(step));
            [(self.x(step.share.0), y), (self.x(step.share.1), y)]
        });
        vec![corners.collect()]
    }
}

/// The next of 2, 5, 10, 20, 50.. above a value.
fn nice_top(value: f64) -> f64 {
    let mut decade = 1.0;
    loop {
        for factor in [2.0, 5.0, 10.0] {
            if decade * factor > value {
                return decade * factor;
            }
        }
        decade *= 10.0;
    }
}

fn style<'a>(font: (&'a str, u32), horizontal: HPos, vertical: VPos) -> TextStyle<'a> {
    TextStyle::from(font.into_font()).color(&BLACK).pos(Pos::new(horizontal, vertical))
}

fn axes(root: &Area<'_>, scale: &Scale, curves: &[Curve]) -> Drawn {
    let grey = RGBColor(210, 210, 210);
    let mut decade = 0.1;
    while decade <= scale.top {
        for factor in [1.0, 2.0, 5.0] {
            let value: f64 = decade * factor;
            if value < scale.bottom - 1e-9 || value > scale.top + 1e-9 {
                continue;
            }
            let y = scale.y(value);
            root.draw(&PathElement::new(vec![(PLOT.0, y), (PLOT.2, y)], grey.stroke_width(1)))?;
            let label = if value < 0.95 { format!("{value:.1}") } else { format!("{value:.0}") };
            root.draw(&Text::new(label, (PLOT.0 - 8, y), style(SMALL, HPos::Right, VPos::Center)))?;
        }
        decade *= 10.0;
    }
    let longest = curves.iter().max_by_key(|curve| curve.steps.len()).expect("there is a curve");
    for tenth in 0..=10 {
        let share = f64::from(tenth) / 10.0;
        let x = scale.x(share);
        root.draw(&PathElement::new(vec![(x, PLOT.3), (x, PLOT.3 + 5)], BLACK.stroke_width(1)))?;
        let step = longest.steps.iter().find(|step| step.share.1 >= share - 1e-12);
        if let Some(step) = step.filter(|_| tenth > 0) {
            let label = human_bytes(step.size_max);
            root.draw(&Text::new(label, (x, PLOT.3 + 9), style(SMALL, HPos::Center, VPos::Top)))?;
        }
    }
    let frame = vec![(PLOT.0, PLOT.1), (PLOT.0, PLOT.3), (PLOT.2, PLOT.3), (PLOT.2, PLOT.1), (PLOT.0, PLOT.1)];
    root.draw(&PathElement::new(frame, BLACK.stroke_width(1)))?;
    let middle = (PLOT.0 + PLOT.2) / 2;
    let caption = "Message size in bytes (one tick for each tenth of all messages)";
    root.draw(&Text::new(caption, (middle, PLOT.3 + 42), style(FONT, HPos::Center, VPos::Top)))?;
    let vertical = style(FONT, HPos::Center, VPos::Center).transform(FontTransform::Rotate270);
    root.draw(&Text::new("Slowdown", (22, (PLOT.1 + PLOT.3) / 2), vertical))?;
    Ok(())
}

/// Above the lines at the upper left: slowdown is largest at the right.
fn legend(root: &Area<'_>, curves: &[Curve]) -> Drawn {
    let mut y = PLOT.1 + 18;
    for (number, curve) in curves.iter().enumerate() {
        let colour = COLOURS[number % COLOURS.len()];
        for (statistic, width) in [("99th percentile", 3), ("median", 1)] {
            root.draw(&PathElement::new(vec![(PLOT.0 + 16, y), (PLOT.0 + 56, y)], colour.stroke_width(width)))?;
            let label = format!("{} {statistic}", curve.name);
            root.draw(&Text::new(label, (PLOT.0 + 66, y), style(SMALL, HPos::Left, VPos::Center)))?;
            y += 22;
        }
    }
    Ok(())
}
