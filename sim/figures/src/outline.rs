//! From points to what is drawn of them: lines broken where there is no value, cut at the edges of the plot, and no finer
//! than pixels.

/// A place on the canvas before it is rounded to pixels.
pub(super) type Place = (f64, f64);
type Pixel = (i32, i32);

/// The rectangle of the data.
#[derive(Debug, Clone, Copy)]
pub(super) struct Plot {
    pub(super) left: f64,
    pub(super) right: f64,
    pub(super) top: f64,
    pub(super) bottom: f64,
}

impl Plot {
    /// Whether a place is in the rectangle, edges included.
    pub(super) fn has(&self, (x, y): Place) -> bool {
        (self.left - 0.5..=self.right + 0.5).contains(&x) && (self.top - 0.5..=self.bottom + 0.5).contains(&y)
    }

    /// The parts of a line that are in the rectangle. A single place is a part of its own.
    pub(super) fn cut(&self, line: &[Place]) -> Vec<Vec<Pixel>> {
        let mut parts: Vec<Vec<Place>> = Vec::new();
        if let [only] = line {
            parts.extend(self.has(*only).then(|| vec![*only]));
        }
        let mut joined = false;
        for pair in line.windows(2) {
            let Some((from, to)) = self.cut_segment(pair[0], pair[1]) else {
                joined = false;
                continue;
            };
            match parts.last_mut().filter(|_| joined && from == pair[0]) {
                Some(part) => part.push(to),
                None => parts.push(vec![from, to]),
            }
            joined = to == pair[1];
        }
        parts.iter().map(|part| thinned(part)).collect()
    }

    /// Liang and Barsky's.
    fn cut_segment(&self, from: Place, to: Place) -> Option<(Place, Place)> {
        let (dx, dy) = (to.0 - from.0, to.1 - from.1);
        let (mut enter, mut leave) = (0.0_f64, 1.0_f64);
        let edges = [
            (-dx, from.0 - self.left),
            (dx, self.right - from.0),
            (-dy, from.1 - self.top),
            (dy, self.bottom - from.1),
        ];
        for (towards, room) in edges {
            if towards == 0.0 && room < 0.0 {
                return None;
            }
            if towards < 0.0 {
                enter = enter.max(room / towards);
            } else if towards > 0.0 {
                leave = leave.min(room / towards);
            }
        }
        let at = |share: f64| match share {
            0.0 => from,
            1.0 => to,
            _ => (from.0 + dx * share, from.1 + dy * share),
        };
        (enter <= leave).then(|| (at(enter), at(leave)))
    }

    /// The part of a polygon that is in the rectangle (Sutherland and Hodgman's).
    pub(super) fn cut_area(&self, corners: Vec<Place>) -> Vec<Pixel> {
        // For each edge: how far inside a place is.
        let edges: [&dyn Fn(Place) -> f64; 4] =
            [&|(x, _)| x - self.left, &|(x, _)| self.right - x, &|(_, y)| y - self.top, &|(_, y)| self.bottom - y];
        let mut corners = corners;
        for inside in edges {
            let mut kept = Vec::with_capacity(corners.len());
            let before = corners.iter().cycle().skip(corners.len().saturating_sub(1));
            for (from, to) in before.zip(&corners) {
                let (a, b) = (inside(*from), inside(*to));
                if (a < 0.0) != (b < 0.0) {
                    let share = a / (a - b);
                    kept.push((from.0 + (to.0 - from.0) * share, from.1 + (to.1 - from.1) * share));
                }
                if b >= 0.0 {
                    kept.push(*to);
                }
            }
            corners = kept;
        }
        let mut pixels: Vec<_> = corners.into_iter().map(pixel).collect();
        pixels.dedup();
        pixels
    }
}

pub(super) fn pixel((x, y): Place) -> Pixel {
    (x.round() as i32, y.round() as i32)
}

/// Of all places in one column of pixels, the first, the highest, the lowest and the last: the same picture.
fn thinned(line: &[Place]) -> Vec<Pixel> {
    let pixels: Vec<_> = line.iter().map(|place| pixel(*place)).collect();
    let mut kept = Vec::new();
    for column in pixels.chunk_by(|before, after| before.0 == after.0) {
        let number = |pick: fn(&[Pixel]) -> Option<usize>| pick(column).unwrap_or(0);
        let highest = number(|column| (0..column.len()).min_by_key(|at| column[*at].1));
        let lowest = number(|column| (0..column.len()).max_by_key(|at| column[*at].1));
        let mut chosen = [0, highest, lowest, column.len() - 1];
        chosen.sort_unstable();
        kept.extend(chosen.map(|at| column[at]));
    }
    kept.dedup();
    kept
}

/// The places of a line whose values hold until the next one.
pub(super) fn stepped(line: &[Place]) -> Vec<Place> {
    let mut corners: Vec<_> = line.windows(2).flat_map(|pair| [pair[0], (pair[1].0, pair[0].1)]).collect();
    corners.extend(line.last());
    corners
}

/// Places along lines that are some way from each other: where marks tell curves apart. Curve `number` of `count` has its own.
pub(super) fn spread(lines: &[Vec<Pixel>], number: usize, count: usize) -> Vec<Pixel> {
    const APART: f64 = 120.0;
    let mut found: Vec<Place> = Vec::new();
    // The first is so far from the begin.
    let offset = APART * (number as f64 + 0.6) / count.max(1) as f64;
    for line in lines.iter().filter(|line| line.len() > 1) {
        let exact = |(x, y): Pixel| (f64::from(x), f64::from(y));
        let (begin, others) = (exact(line[0]), found.len());
        for pair in line.windows(2) {
            let (from, to) = (exact(pair[0]), exact(pair[1]));
            let pieces = (distance(from, to) / 4.0).ceil().max(1.0);
            for piece in 0..=pieces as i32 {
                let share = f64::from(piece) / pieces;
                let here = (from.0 + (to.0 - from.0) * share, from.1 + (to.1 - from.1) * share);
                let late = found.len() > others || distance(begin, here) >= offset;
                if late && found.iter().all(|other| distance(*other, here) >= APART) {
                    found.push(here);
                }
            }
        }
    }
    found.into_iter().map(pixel).collect()
}

fn distance(from: Place, to: Place) -> f64 {
    let (dx, dy) = (to.0 - from.0, to.1 - from.1);
    (dx * dx + dy * dy).sqrt()
}
