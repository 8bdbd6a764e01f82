//! What tells curves and bars apart beside their colour: marks, strokes and hatching.

use super::canvas::*;
use plotters::prelude::*;

/// Colour and mark of a curve.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Look {
    pub(super) colour: RGBColor,
    pub(super) mark: Mark,
}

/// The mark of a curve. None points upwards: that is a line that leaves the figure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mark {
    Square,
    Diamond,
    Down,
    Cross,
    Plus,
    Box,
    Disc,
    Ring,
}

/// How a line is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stroke {
    Solid,
    Dashed,
    Dotted,
    Long,
}

const MARKS: [Mark; 8] =
    [Mark::Square, Mark::Diamond, Mark::Down, Mark::Cross, Mark::Plus, Mark::Box, Mark::Disc, Mark::Ring];

/// That of the curve with this number. Up to 64 differ.
pub(super) fn look(number: usize) -> Look {
    let mark = MARKS[(number + number / MARKS.len()) % MARKS.len()];
    Look { colour: COLOURS[number % COLOURS.len()], mark }
}

/// That of the statistic with this number.
pub(super) fn stroke(number: usize) -> Stroke {
    [Stroke::Solid, Stroke::Dashed, Stroke::Dotted, Stroke::Long][number % 4]
}

/// Draws a mark with a white edge, so that it stands out of lines.
pub(super) fn draw_mark(root: &Area<'_>, (x, y): (i32, i32), look: Look) -> Drawn {
    let colour = look.colour;
    let at = |offsets: &[(i32, i32)]| offsets.iter().map(|(dx, dy)| (x + dx, y + dy)).collect::<Vec<_>>();
    let solid = |corners: &[(i32, i32)]| {
        let corners = at(corners);
        let closed: Vec<_> = corners.iter().chain(&corners[..2]).copied().collect();
        root.draw(&PathElement::new(closed, WHITE.stroke_width(4)))?;
        root.draw(&Polygon::new(corners, colour))
    };
    let strokes = |lines: [[(i32, i32); 2]; 2]| {
        for (colour, width, longer) in [(WHITE, 9, 2), (colour, 5, 0)] {
            for line in lines {
                let line = line.map(|(dx, dy): (i32, i32)| (dx + longer * dx.signum(), dy + longer * dy.signum()));
                root.draw(&PathElement::new(at(&line), colour.stroke_width(width)))?;
            }
        }
        Ok(())
    };
    match look.mark {
        Mark::Square => solid(&[(-8, -8), (8, -8), (8, 8), (-8, 8)]),
        Mark::Diamond => solid(&[(0, -12), (12, 0), (0, 12), (-12, 0)]),
        Mark::Down => solid(&[(-11, -8), (11, -8), (0, 12)]),
        Mark::Cross => strokes([[(-8, -8), (8, 8)], [(-8, 8), (8, -8)]]),
        Mark::Plus => strokes([[(-11, 0), (11, 0)], [(0, -11), (0, 11)]]),
        Mark::Box => {
            root.draw(&Rectangle::new([(x - 8, y - 8), (x + 8, y + 8)], WHITE.filled()))?;
            let edge = at(&[(-8, -8), (8, -8), (8, 8), (-8, 8), (-8, -8), (8, -8)]);
            root.draw(&PathElement::new(edge, colour.stroke_width(4)))
        }
        Mark::Disc => {
            root.draw(&Circle::new((x, y), 11, WHITE.filled()))?;
            root.draw(&Circle::new((x, y), 9, colour.filled()))
        }
        Mark::Ring => {
            root.draw(&Circle::new((x, y), 9, WHITE.filled()))?;
            root.draw(&Circle::new((x, y), 9, colour.stroke_width(4)))
        }
    }
}

/// Draws a line through pixels.
pub(super) fn draw_line(root: &Area<'_>, line: &[(i32, i32)], colour: RGBColor, stroke: Stroke) -> Drawn {
    let (width, pattern) = match stroke {
        Stroke::Solid => {
            return root.draw(&PathElement::new(line.to_vec(), colour.stroke_width(THICK)));
        }
        Stroke::Dashed => (THIN + 1, [f64::from(DASH) + 2.0, f64::from(GAP)]),
        Stroke::Dotted => (THIN + 1, [4.0, 7.0]),
        Stroke::Long => (THIN, [30.0, 8.0]),
    };
    for dash in dashes(line, pattern) {
        root.draw(&PathElement::new(dash, colour.stroke_width(width)))?;
    }
    Ok(())
}

/// A line from where a curve was last seen to where it leaves the figure: it is no data.
pub(super) fn draw_departure(root: &Area<'_>, line: &[(i32, i32)], colour: RGBColor) -> Drawn {
    for dash in dashes(line, [3.0, 12.0]) {
        root.draw(&PathElement::new(dash, colour.stroke_width(THIN)))?;
    }
    Ok(())
}

/// The dashes of a line: lengths of dash and gap in pixels. The plotting library's own take hypotenuses by a function of the
/// platform.
fn dashes(line: &[(i32, i32)], pattern: [f64; 2]) -> Vec<Vec<(i32, i32)>> {
    let pixel = |(x, y): (f64, f64)| (x.round() as i32, y.round() as i32);
    let mut found = Vec::new();
    let (mut part, mut left) = (0, pattern[0]);
    let mut dash = line.first().map_or_else(Vec::new, |first| vec![*first]);
    for pair in line.windows(2) {
        let [from, to] = [pair[0], pair[1]].map(|(x, y)| (f64::from(x), f64::from(y)));
        let (dx, dy) = (to.0 - from.0, to.1 - from.1);
        let length = (dx * dx + dy * dy).sqrt();
        let mut gone = 0.0;
        while length - gone > left {
            gone += left;
            let here = pixel((from.0 + dx * gone / length, from.1 + dy * gone / length));
            if part == 0 {
                dash.push(here);
                found.push(std::mem::take(&mut dash));
            } else {
                dash = vec![here];
            }
            part = 1 - part;
            left = pattern[part];
        }
        left -= length - gone;
        if part == 0 {
            dash.push(pair[1]);
        }
    }
    found.extend((dash.len() > 1).then_some(dash));
    found
}

/// A triangle on a place of the upper edge: here a curve leaves the figure.
pub(super) fn triangle(root: &Area<'_>, (x, y): (i32, i32), colour: RGBColor) -> Drawn {
    root.draw(&Polygon::new(vec![(x - 9, y), (x + 9, y), (x, y - 16)], colour))
}

/// Fills a rectangle, given by its left upper and right lower corner, with the colour and the hatching of a number.
pub(super) fn fill(root: &Area<'_>, corners: [(i32, i32); 2], number: usize) -> Drawn {
    root.draw(&Rectangle::new(corners, COLOURS[number % COLOURS.len()].filled()))?;
    // Directions of white lines: rising, falling, level, upright.
    let hatching: [&[u8]; 8] = [b"", b"/", b"\\", b"/\\", b"-", b"|", b"-|", b""];
    for direction in hatching[(number + number / COLOURS.len()) % hatching.len()] {
        for line in hatch(corners, *direction) {
            root.draw(&PathElement::new(line.to_vec(), WHITE.stroke_width(2)))?;
        }
    }
    Ok(())
}

fn hatch([(left, top), (right, bottom)]: [(i32, i32); 2], direction: u8) -> Vec<[(i32, i32); 2]> {
    const EVERY: usize = 12;
    match direction {
        b'-' => ((top + 6)..bottom).step_by(EVERY).map(|y| [(left, y), (right, y)]).collect(),
        b'|' => ((left + 6)..right).step_by(EVERY).map(|x| [(x, top), (x, bottom)]).collect(),
        rising => {
            // Along x + y (or y - x), each cut off at the edges.
            let (wide, high) = (right - left, bottom - top);
            let line = |sum: i32| {
                let (from, to) = ((sum - high).max(0), sum.min(wide));
                let at = |x: i32| {
                    let down = sum - x;
                    (left + x, if rising == b'/' { top + down } else { bottom - down })
                };
                [at(from), at(to)]
            };
            (EVERY as i32 / 2..wide + high).step_by(EVERY + 4).map(line).collect()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{fill, look};
    use crate::canvas::canvas;

    #[test]
    fn eight_curves_differ_by_colour_and_by_mark_and_more_by_either() {
        let distinct = |count: usize, same: fn(usize, usize) -> bool| {
            (0..count).all(|one| (0..one).all(|other| !same(one, other)))
        };
        assert!(distinct(8, |one, other| look(one).colour == look(other).colour));
        assert!(distinct(8, |one, other| look(one).mark == look(other).mark));
        assert!(distinct(64, |one, other| look(one) == look(other)));
    }

    #[test]
    fn eight_bars_differ_by_colour_and_seven_by_hatching() {
        let drawn = |number| canvas(100, |root| fill(root, [(0, 0), (80, 80)], number));
        let white_lines: Vec<_> = (0..7).map(|number| drawn(number).matches("<polyline").count()).collect();
        let figures: Vec<_> = (0..8).map(drawn).collect();
        assert!((0..8).all(|one| (0..one).all(|other| figures[one] != figures[other])));
        let hatched = |number: usize| figures[number].split_once("<polyline").map(|(_, lines)| lines);
        assert!((0..7).all(|one| (0..one).all(|other| hatched(one) != hatched(other))), "{white_lines:?}");
    }
}
