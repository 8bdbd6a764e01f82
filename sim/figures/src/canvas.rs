//! What all figures share: the size of things, colours, and text that knows how much room it takes.

use plotters::coord::Shift;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

/// Colours that differ for every kind of colour vision (Okabe and Ito, without their yellow, which vanishes on white).
pub(super) const COLOURS: [RGBColor; 8] = [
    RGBColor(0, 114, 178),
    RGBColor(213, 94, 0),
    RGBColor(0, 158, 115),
    RGBColor(204, 121, 167),
    RGBColor(230, 159, 0),
    RGBColor(86, 180, 233),
    RGBColor(0, 0, 0),
    RGBColor(125, 125, 125),
];
/// Of what belongs to no curve in particular.
pub(super) const STATISTIC: RGBColor = RGBColor(70, 70, 70);
pub(super) const GRID: RGBColor = RGBColor(215, 215, 215);

pub(super) const WIDTH: i32 = 960;
/// Of the rectangle that data is drawn in.
pub(super) const HEIGHT: i32 = 430;
/// Kept free around the figure.
pub(super) const EDGE: i32 = 8;
/// Where that rectangle begins and ends, if the labels need no more room.
pub(super) const LEFT: i32 = 124;
pub(super) const RIGHT: i32 = 920;
/// For the ticks and their labels, and the name of the axis.
pub(super) const BELOW: i32 = 106;
/// For a title of one line; the legend begins there.
pub(super) const TITLE: i32 = 56;
/// Height of a line of the title.
pub(super) const TITLE_LINE: i32 = 40;
/// Height of a line of text at the smaller size.
pub(super) const SMALL_LINE: i32 = 34;
pub(super) const LARGE: f64 = 32.0;
pub(super) const SMALL: f64 = 28.0;

/// Width of the line of the foremost statistic.
pub(super) const THICK: u32 = 5;
/// Width of the broken line of another statistic.
pub(super) const THIN: u32 = 3;
pub(super) const DASH: i32 = 12;
pub(super) const GAP: i32 = 8;

pub(super) type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;
pub(super) type Drawn = Result<(), DrawingAreaErrorKind<std::io::Error>>;

/// The SVG that a function draws on white.
pub(super) fn canvas(height: i32, draw: impl FnOnce(&Area<'_>) -> Drawn) -> String {
    let mut svg = String::new();
    {
        let size = (WIDTH.unsigned_abs(), height.unsigned_abs());
        let root = SVGBackend::with_string(&mut svg, size).into_drawing_area();
        let drawn = root.fill(&WHITE).and_then(|()| draw(&root));
        drawn.expect("drawing into memory does not fail");
    }
    svg
}

/// An estimate of a text's width: the viewer chooses the font. It is that of DejaVu Sans, wider than most.
pub(super) fn width(text: &str, size: f64) -> f64 {
    let of = |letter| match letter {
        'i' | 'j' | 'l' | 'f' | 't' | 'r' | ' ' | '.' | ',' | ':' | ';' | '-' | '(' | ')' | '|' => 0.4,
        'm' | 'w' | 'M' | 'W' | '%' => 0.98,
        'D' | 'G' | 'H' | 'N' | 'O' | 'Q' | 'U' | '&' => 0.79,
        '+' | '=' | '<' | '>' | '#' | '~' | '^' => 0.84,
        'A'..='Z' => 0.72,
        '@' => 1.0,
        'µ' | '\0'..='\x7f' => 0.64,
        _ => 1.0,
    };
    text.chars().map(of).sum::<f64>() * size
}

/// Cuts a text into lines of at most so many pixels: between words, else behind punctuation, else anywhere.
pub(super) fn wrap(text: &str, size: f64, room: f64) -> Vec<String> {
    let printable: String = text.chars().map(|letter| if letter.is_control() { ' ' } else { letter }).collect();
    let mut rest = printable.trim();
    let mut lines = Vec::new();
    while width(rest, size) > room {
        let mut used = 0.0;
        let too_far = rest.char_indices().find(|(at, letter)| {
            used += width(letter.encode_utf8(&mut [0; 4]), size);
            used > room && *at > 0
        });
        let Some((end, letter)) = too_far else { break };
        let head = &rest[..end];
        let between = if letter == ' ' { Some(end) } else { head.rfind(' ').filter(|at| *at > 0) };
        let behind = || head.rfind([',', ';', ':', '=', '_', '-', '/']).map(|at| at + 1);
        let (line, after) = rest.split_at(between.or_else(behind).unwrap_or(end));
        lines.push(line.trim_end().to_owned());
        rest = after.trim_start();
    }
    lines.push(rest.to_owned());
    lines
}

/// The lines of a title or of the name of an axis, about equally long.
pub(super) fn title_lines(title: &str, room: i32) -> Vec<String> {
    let mut room = f64::from(room);
    let mut lines = wrap(title, LARGE, room);
    // As many lines, but none with a single word.
    while lines.len() > 1 {
        room -= 20.0;
        let narrower = wrap(title, LARGE, room);
        if narrower.len() > lines.len() {
            break;
        }
        lines = narrower;
    }
    lines
}

/// Draws lines of a title from a height downwards, in the middle of the plot unless they are too long for that.
pub(super) fn draw_lines(root: &Area<'_>, lines: &[String], (middle, top): (i32, i32)) -> Drawn {
    for (line, y) in lines.iter().zip((top..).step_by(TITLE_LINE as usize)) {
        let half = (width(line, LARGE) / 2.0).ceil() as i32;
        let x = middle.min(WIDTH - EDGE - half).max(EDGE + half);
        text(root, line, (x, y), LARGE, (HPos::Center, VPos::Top))?;
    }
    Ok(())
}

/// Draws one line of text.
pub(super) fn text(root: &Area<'_>, text: &str, position: (i32, i32), size: f64, anchor: (HPos, VPos)) -> Drawn {
    root.draw(&Text::new(text.to_owned(), position, style(size, anchor)))
}

/// Draws one line of text that is read from below.
pub(super) fn text_upwards(
    root: &Area<'_>,
    text: &str,
    position: (i32, i32),
    size: f64,
    anchor: (HPos, VPos),
) -> Drawn {
    let vertical = style(size, anchor).transform(FontTransform::Rotate270);
    root.draw(&Text::new(text.to_owned(), position, vertical))
}

fn style(size: f64, (horizontal, vertical): (HPos, VPos)) -> TextStyle<'static> {
    // The library's SVG backend divides sizes by 1.24.
    TextStyle::from(("sans-serif", size * 1.24).into_font()).color(&BLACK).pos(Pos::new(horizontal, vertical))
}
