//! Figures of bars: queues by level of the network, use of priorities.

use crate::figure::{Area, COLOURS, Drawn, GRID, LARGE, SMALL, text, width};
use crate::table::human_bytes;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, VPos};

/// Mean and maximum of the queues of one level of the network.
#[derive(Debug, Clone, PartialEq)]
pub struct QueueBars {
    /// Name of the level.
    pub name: String,
    /// Mean over time and ports, in bytes.
    pub mean_bytes: f64,
    /// Maximum over time and ports, in bytes.
    pub max_bytes: u64,
}

/// What came in at one priority, as shares of the hosts' link capacity.
#[derive(Debug, Clone, PartialEq)]
pub struct PriorityBars {
    /// Name of the priority.
    pub name: String,
    /// Unscheduled data, scheduled data, control packets.
    pub shares: [f64; 3],
}

const WIDTH: u32 = 960;
const HEIGHT: i32 = 430;
const LEFT: i32 = 134;
const RIGHT: i32 = 936;
const TOP: i32 = 112;
const BOTTOM: i32 = TOP + HEIGHT;
const BELOW: i32 = 106;

/// A bar: from, to (both 0 to 1, from the bottom), colour.
type Bar = (f64, f64, RGBColor);

/// What stands beside each other: a name, then bars of which each list is drawn on one another.
struct Group {
    name: String,
    stacks: Vec<Vec<Bar>>,
}

struct Plot<'a> {
    title: &'a str,
    x: &'a str,
    y: &'a str,
    legend: Vec<(&'a str, RGBColor)>,
    /// Heights, 0 to 1, with their labels.
    ticks: Vec<(f64, String)>,
    groups: Vec<Group>,
}

/// Mean and maximum of waiting bytes by level of the network, on a logarithmic scale from one byte on. Returns SVG.
#[must_use]
pub fn queue_figure(queues: &[QueueBars], title: &str) -> String {
    let largest = queues.iter().map(|queue| queue.max_bytes as f64).fold(10.0, f64::max);
    let decades = libm::ceil(libm::log10(largest * 1.05));
    // A queue of less than a byte on average has no bar.
    let height = |bytes: f64| if bytes <= 1.0 { 0.0 } else { libm::log10(bytes) / decades };
    let group = |queue: &QueueBars| {
        let bars = [(queue.mean_bytes, COLOURS[0]), (queue.max_bytes as f64, COLOURS[4])];
        Group {
            name: queue.name.clone(),
            stacks: bars.map(|(bytes, colour)| vec![(0.0, height(bytes), colour)]).to_vec(),
        }
    };
    let tick = |decade: i32| {
        let share = f64::from(decade) / decades;
        (share, human_bytes(10_u64.pow(decade.unsigned_abs())))
    };
    let plot = Plot {
        title,
        x: "Level of the network",
        y: "Waiting bytes",
        legend: vec![("mean", COLOURS[0]), ("maximum", COLOURS[4])],
        ticks: (0..=decades as i32).map(tick).collect(),
        groups: queues.iter().map(group).collect(),
    };
    plot.draw()
}

/// Bytes received by priority, as shares of the hosts' link capacity. Returns SVG.
#[must_use]
pub fn priority_figure(priorities: &[PriorityBars], title: &str) -> String {
    let largest = priorities.iter().map(|priority| priority.shares.iter().sum()).fold(0.0, f64::max);
    let step = [0.01, 0.02, 0.05, 0.1, 0.2].into_iter().find(|step| step * 5.0 >= largest).unwrap_or(0.25);
    let top = step * libm::ceil((largest * 1.02 / step).max(1.0));
    let colours = [COLOURS[0], COLOURS[1], COLOURS[2]];
    let group = |priority: &PriorityBars| {
        let mut below = 0.0;
        let bar = |(share, colour): (&f64, RGBColor)| {
            let from = below;
            below += share / top;
            (from, below, colour)
        };
        Group { name: priority.name.clone(), stacks: vec![priority.shares.iter().zip(colours).map(bar).collect()] }
    };
    let count = (top / step).round() as i32;
    let tick = |number: i32| (f64::from(number) / f64::from(count), format!("{:.0}", 100.0 * step * f64::from(number)));
    let plot = Plot {
        title,
        x: "Priority (7 is served first)",
        y: "% of link capacity",
        legend: vec![("unscheduled data", colours[0]), ("scheduled data", colours[1]), ("grants", colours[2])],
        ticks: (0..=count).map(tick).collect(),
        groups: priorities.iter().map(group).collect(),
    };
    plot.draw()
}

impl Plot<'_> {
    fn draw(&self) -> String {
        let mut svg = String::new();
        {
            let size = (WIDTH, (BOTTOM + BELOW).unsigned_abs());
            let root = SVGBackend::with_string(&mut svg, size).into_drawing_area();
            self.draw_on(&root).expect("drawing into memory does not fail");
        }
        svg
    }

    fn draw_on(&self, root: &Area<'_>) -> Drawn {
        root.fill(&WHITE)?;
        let middle = (LEFT + RIGHT) / 2;
        text(root, self.title, (middle, 10), LARGE, (HPos::Center, VPos::Top))?;
        self.draw_legend(root)?;
        for (height, label) in &self.ticks {
            let y = y(*height);
            root.draw(&PathElement::new(vec![(LEFT, y), (RIGHT, y)], GRID.stroke_width(2)))?;
            text(root, label, (LEFT - 12, y), SMALL, (HPos::Right, VPos::Center))?;
        }
        let slot = f64::from(RIGHT - LEFT) / self.groups.len().max(1) as f64;
        for (number, group) in self.groups.iter().enumerate() {
            let left = f64::from(LEFT) + slot * number as f64;
            let bar = 0.7 * slot / group.stacks.len().max(1) as f64;
            for (position, stack) in group.stacks.iter().enumerate() {
                let from = left + 0.15 * slot + bar * position as f64;
                for (low, high, colour) in stack {
                    let corners = [(from.round() as i32 + 1, y(*high)), ((from + bar).round() as i32 - 1, y(*low))];
                    root.draw(&Rectangle::new(corners, colour.filled()))?;
                }
            }
            let centre = (left + slot / 2.0).round() as i32;
            text(root, &group.name, (centre, BOTTOM + 12), SMALL, (HPos::Center, VPos::Top))?;
        }
        let frame = vec![(LEFT, TOP), (LEFT, BOTTOM), (RIGHT, BOTTOM), (RIGHT, TOP), (LEFT, TOP)];
        root.draw(&PathElement::new(frame, BLACK.stroke_width(2)))?;
        text(root, self.x, (middle, BOTTOM + 58), LARGE, (HPos::Center, VPos::Top))?;
        crate::figure::vertical_text(root, self.y, (8, (TOP + BOTTOM) / 2))
    }

    fn draw_legend(&self, root: &Area<'_>) -> Drawn {
        let mut x = LEFT;
        for (name, colour) in &self.legend {
            root.draw(&Rectangle::new([(x, 68), (x + 28, 92)], colour.filled()))?;
            text(root, name, (x + 38, 80), SMALL, (HPos::Left, VPos::Center))?;
            x += 38 + width(name, SMALL).round() as i32 + 28;
        }
        Ok(())
    }
}

fn y(height: f64) -> i32 {
    BOTTOM - (height * f64::from(HEIGHT)).round() as i32
}
