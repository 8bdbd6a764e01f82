//! A figure as a report shows it: the drawing, what is told of the points in it, and its numbers as
//! a table.

use super::words::{number, whole};
use crate::figures::Figure;
use homa_experiment::FigureKind;
use homa_figures::{FigurePoint, FigurePoints, FigureRow};
use serde::Serialize;

/// More rows of a table make a page slow and are read by nobody; the CSV has them.
const ROWS_MAX: usize = 100;
/// Points of a curve that are closer can't be pointed at.
const PIXELS_APART: i32 = 3;

/// A figure on the page.
#[derive(Serialize)]
pub(super) struct FigurePart {
    heading: &'static str,
    title: String,
    /// Of its files, without their endings.
    name: String,
    how_to_read: &'static str,
    /// What must be known of its cases.
    notes: Vec<String>,
    view_box: String,
    /// What is in the SVG.
    drawing: String,
    data: PointData,
    rows: Vec<[String; 5]>,
    row_count: String,
    /// Whether that is more than the table has.
    is_cut: bool,
}

/// What the script needs to tell of a figure's points.
#[derive(Serialize)]
struct PointData {
    plot: [i32; 4],
    x: String,
    y: String,
    curves: Vec<CurveData>,
}

#[derive(Serialize)]
struct CurveData {
    name: String,
    /// Left, top, right, bottom, x, y, confidence: as in [`FigurePoint`].
    points: Vec<(i32, i32, i32, i32, String, String, String)>,
}

impl FigurePart {
    pub(super) fn new(figure: &Figure) -> Self {
        let drawing = &figure.drawing;
        let (head, rest) = drawing.svg.split_once('>').expect("a figure is an element");
        let view_box = head.split_once("viewBox=\"").and_then(|(_, rest)| rest.split_once('"'));
        let rows = &drawing.rows;
        Self {
            heading: heading(figure.kind),
            title: figure.title.clone(),
            name: figure.name.clone(),
            how_to_read: how_to_read(figure.kind),
            notes: drawing.notes.clone(),
            view_box: view_box.expect("a figure has a size").0.to_owned(),
            // Within a page the element needs no name of its language.
            drawing: rest.trim_end().trim_end_matches("</svg>").to_owned(),
            data: PointData::new(&drawing.points),
            rows: rows.iter().take(ROWS_MAX).map(cells).collect(),
            row_count: whole(rows.len() as u64),
            is_cut: rows.len() > ROWS_MAX,
        }
    }
}

impl PointData {
    fn new(drawn: &FigurePoints) -> Self {
        let mut curves: Vec<CurveData> = Vec::new();
        for run in drawn.points.chunk_by(|one, other| one.curve == other.curve) {
            let points = told_apart(run).into_iter().map(|point| {
                let [left, top, right, bottom] = point.area;
                let confidence = point.confidence.as_ref().map_or_else(String::new, |ends| ends.join(" – "));
                (left, top, right, bottom, point.x.clone(), point.y.clone(), confidence)
            });
            curves.push(CurveData { name: run[0].curve.clone(), points: points.collect() });
        }
        Self { plot: drawn.plot, x: drawn.x_label.clone(), y: drawn.y_label.clone(), curves }
    }
}

/// The points of a curve without those that are drawn where the one kept before is.
fn told_apart(curve: &[FigurePoint]) -> Vec<&FigurePoint> {
    let mut kept: Vec<&FigurePoint> = Vec::new();
    for point in curve {
        let is_near = |other: &&FigurePoint| {
            let (one, other) = (point.mark(), other.mark());
            (one.0 - other.0).abs() < PIXELS_APART && (one.1 - other.1).abs() < PIXELS_APART
        };
        if !kept.last().is_some_and(is_near) {
            kept.push(point);
        }
    }
    kept
}

fn cells(row: &FigureRow) -> [String; 5] {
    let x = row.x.parse().map_or_else(|_| row.x.clone(), number);
    let [y, low, high] = [row.y, row.y_low, row.y_high].map(number);
    let y = if row.word.is_empty() { y } else { row.word.to_owned() };
    [row.curve.clone(), x, y, low, high]
}

const fn heading(kind: FigureKind) -> &'static str {
    match kind {
        FigureKind::Slowdown => "Slowdown by message size",
        FigureKind::SlowdownByLoad => "Slowdown by load",
        FigureKind::Ratio => "Slowdown relative to a baseline",
        FigureKind::Latency => "Latency",
        FigureKind::Queues => "Mean queues by tier",
        FigureKind::QueuesOverTime => "Queues over time",
        FigureKind::QueueDistribution => "Distribution of queues",
        FigureKind::Priorities => "Use of priorities",
        FigureKind::Utilisation => "Link utilisation",
        FigureKind::Waste => "Wasted receiver bandwidth",
    }
}

const fn how_to_read(kind: FigureKind) -> &'static str {
    match kind {
        FigureKind::Slowdown => {
            "Completion time over the best possible one; 1 is ideal. Each step is a size bin, as wide as its share of all messages."
        }
        FigureKind::SlowdownByLoad => "Completion time over the best possible one, over all messages; 1 is ideal.",
        FigureKind::Ratio => {
            "Below 1 is better than the baseline, which had the same messages; between two unfinished ones there is no ratio."
        }
        FigureKind::Latency => "How many messages took longer than that; the further left a curve falls, the better.",
        FigureKind::Queues => "Bytes waiting at a port, mean over time and the ports of a tier.",
        FigureKind::QueuesOverTime => {
            "Bytes waiting at a port in the course of the window: mean and longest over the ports of a tier."
        }
        FigureKind::QueueDistribution => {
            "How much of the time, over the ports of a tier, no more than that was waiting; the further up and left, the shorter."
        }
        FigureKind::Priorities => "What came in at each priority, of what the hosts' links can carry.",
        FigureKind::Utilisation => "How much of the time the links of a tier were busy.",
        FigureKind::Waste => {
            "How much of the time a receiver's link was idle although data for it was waiting elsewhere."
        }
    }
}

#[cfg(test)]
mod tests {
    use super::told_apart;
    use homa_figures::FigurePoint;

    #[test]
    fn points_that_are_drawn_in_one_place_are_told_once() {
        let point = |x: i32, y: i32| FigurePoint {
            curve: "a".to_owned(),
            x: x.to_string(),
            y: y.to_string(),
            confidence: None,
            area: [x, y, x, y],
        };
        let points = [point(0, 0), point(1, 2), point(2, 0), point(3, 0), point(3, 9), point(4, 9)];
        let kept: Vec<_> = told_apart(&points).iter().map(|point| point.mark()).collect();
        assert_eq!(kept, [(0, 0), (3, 0), (3, 9)]);
    }
}
