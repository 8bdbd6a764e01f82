//! What lines and bars are. The legend is above the data, so it can't cover them.

use super::canvas::*;
use super::marks::{Look, Stroke, draw_line, draw_mark, fill, triangle};
use plotters::element::DashedPathElement;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, VPos};

/// Height of a line of the legend.
const LINE: i32 = 42;
/// Length of a line's sample in the legend.
const SAMPLE: i32 = 56;
/// Radius of the mark of a published value.
const MARK: i32 = 6;

/// What the sample of an entry shows.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Entry {
    /// A curve that is told by its colour alone.
    Colour(RGBColor),
    /// A curve with marks, and a line through them if there is one.
    Curve { look: Look, line: bool },
    /// A published curve of the slowdown figure.
    Published(RGBColor),
    /// A line of some kind, whatever its colour.
    Statistic(Stroke),
    /// The median's line in the slowdown figure.
    Median,
    /// A shaded band.
    Confidence,
    /// A bar across a value.
    Whisker,
    /// A curve leaves the figure here.
    Unfinished,
    /// The filling with this number.
    Fill(usize),
    /// A remark, on a line of its own.
    Nothing,
}

/// Entries in lines.
pub(super) struct Legend {
    /// Sample, lines of its name, left end, line.
    entries: Vec<(Entry, Vec<String>, i32, i32)>,
    top: i32,
    lines: i32,
}

impl Legend {
    /// Entries side by side between two places, from a height downwards.
    pub(super) fn new(all: Vec<(Entry, String)>, (left, right): (i32, i32), top: i32) -> Self {
        let (mut x, mut line) = (left, 0);
        let place = |(entry, name): (Entry, String)| {
            let before = sample_width(entry);
            let names = wrap(&name, SMALL, f64::from(right - left - before));
            let widest = names.iter().map(|name| width(name, SMALL)).fold(0.0, f64::max);
            let needed = before + widest.round() as i32;
            if x > left && (x + needed > right || entry == Entry::Nothing) {
                (x, line) = (left, line + 1);
            }
            let here = (entry, names, x, line);
            x += needed + 24;
            // What takes several lines has them for itself.
            let more = here.1.len() as i32 - 1;
            if more > 0 {
                (x, line) = (right, line + more);
            }
            here
        };
        let entries: Vec<_> = all.into_iter().map(place).collect();
        let lines = entries.iter().map(|(_, names, _, line)| line + names.len() as i32).max().unwrap_or(0);
        Self { entries, top, lines }
    }

    pub(super) fn height(&self) -> i32 {
        self.lines * LINE
    }

    pub(super) fn draw(&self, root: &Area<'_>) -> Drawn {
        for (entry, names, x, line) in &self.entries {
            let y = self.top + line * LINE + LINE / 2;
            draw_sample(root, *entry, (*x, y))?;
            for (name, number) in names.iter().zip(0..) {
                let position = (x + sample_width(*entry), y + number * LINE);
                text(root, name, position, SMALL, (HPos::Left, VPos::Center))?;
            }
        }
        Ok(())
    }
}

/// With the gap behind it.
fn sample_width(entry: Entry) -> i32 {
    match entry {
        Entry::Nothing => 0,
        Entry::Whisker => 34,
        _ => SAMPLE + 10,
    }
}

fn draw_sample(root: &Area<'_>, entry: Entry, (x, y): (i32, i32)) -> Drawn {
    let sample = vec![(x, y), (x + SAMPLE, y)];
    match entry {
        Entry::Colour(colour) => root.draw(&PathElement::new(sample, colour.stroke_width(2 * THICK))),
        Entry::Curve { look, line } => {
            if line {
                draw_line(root, &sample, look.colour, Stroke::Solid)?;
            }
            draw_mark(root, (x + SAMPLE / 2, y), look)
        }
        Entry::Published(colour) => {
            disc(root, (x + SAMPLE / 4, y), colour)?;
            ring(root, (x + 3 * SAMPLE / 4, y), colour)
        }
        Entry::Statistic(stroke) => draw_line(root, &sample, STATISTIC, stroke),
        Entry::Median => root.draw(&DashedPathElement::new(sample, DASH, GAP, STATISTIC.stroke_width(THIN))),
        Entry::Confidence => {
            let corners = vec![(x, y - 8), (x + SAMPLE, y - 8), (x + SAMPLE, y + 8), (x, y + 8)];
            root.draw(&Polygon::new(corners, STATISTIC.mix(0.25)))
        }
        Entry::Whisker => whisker(root, x + 12, (y - 14, y + 14), STATISTIC),
        Entry::Unfinished => triangle(root, (x + SAMPLE - 12, y + 8), STATISTIC),
        Entry::Fill(number) => fill(root, [(x, y - 14), (x + SAMPLE, y + 14)], number),
        Entry::Nothing => Ok(()),
    }
}

/// The confidence of a single value, from one height to another.
pub(super) fn whisker(root: &Area<'_>, x: i32, (from, to): (i32, i32), colour: RGBColor) -> Drawn {
    for line in [[(x, from), (x, to)], [(x - 8, from), (x + 8, from)], [(x - 8, to), (x + 8, to)]] {
        root.draw(&PathElement::new(line.to_vec(), colour.stroke_width(THIN)))?;
    }
    Ok(())
}

/// A published 99th percentile.
pub(super) fn disc(root: &Area<'_>, centre: (i32, i32), colour: RGBColor) -> Drawn {
    root.draw(&Circle::new(centre, MARK, colour.filled()))
}

/// A published median.
pub(super) fn ring(root: &Area<'_>, centre: (i32, i32), colour: RGBColor) -> Drawn {
    root.draw(&Circle::new(centre, MARK, WHITE.filled()))?;
    root.draw(&Circle::new(centre, MARK, colour.stroke_width(3)))
}
