//! The figures of bars that each case has: queues by level of the network, use of priorities.

use super::axis::{Axis, TickFormat};
use super::bars::{BarFigure, BarSeries, bar_figure};
use super::round::decimal;

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

/// Mean and maximum of waiting bytes by level of the network, on a logarithmic scale from one byte
/// on. Returns SVG.
#[must_use]
pub fn queue_figure(queues: &[QueueBars], title: &str) -> String {
    let largest = queues.iter().map(|queue| queue.max_bytes as f64).fold(10.0, f64::max);
    // A queue of less than a byte on average has no bar.
    let y = Axis::logarithmic("Waiting bytes", TickFormat::Bytes)
        .within(1.0, decimal(1, libm::ceil(libm::log10(largest * 1.05)) as i32));
    bar_figure(&BarFigure {
        title: title.to_owned(),
        x_label: "Level of the network".to_owned(),
        y,
        categories: queues.iter().map(|queue| queue.name.clone()).collect(),
        series: vec![
            BarSeries::beside("mean", queues.iter().map(|queue| queue.mean_bytes).collect()),
            BarSeries::beside("maximum", queues.iter().map(|queue| queue.max_bytes as f64).collect()),
        ],
        values: true,
    })
}

/// Bytes received by priority, as shares of the hosts' link capacity. Returns SVG.
#[must_use]
pub fn priority_figure(priorities: &[PriorityBars], title: &str) -> String {
    let kinds = ["unscheduled data", "scheduled data", "grants"];
    let series = kinds.iter().enumerate().map(|(kind, name)| {
        let shares = priorities.iter().map(|priority| priority.shares[kind]);
        BarSeries::stacked("", name, shares.collect())
    });
    bar_figure(&BarFigure {
        title: title.to_owned(),
        x_label: "Priority (7 is served first)".to_owned(),
        y: Axis::linear("% of link capacity", TickFormat::Percent),
        categories: priorities.iter().map(|priority| priority.name.clone()).collect(),
        series: series.collect(),
        values: true,
    })
}
