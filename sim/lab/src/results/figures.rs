//! The figures of a case alone, which are in its folder.

use super::summary::{CaseSummary, PriorityRow, TierRow};
use homa_experiment::Case;
use homa_figures::{Curve, PriorityBars, QueueBars, priority_figure, queue_figure, slowdown_figure};

/// Which files are drawn of figures.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Draw {
    /// None.
    Nothing,
    /// An SVG and a table of each.
    Svg,
    /// A PNG of each as well, which takes ten times as long.
    SvgAndPng,
}

/// The figures of a case as (SVG's name, PNG's name, SVG).
pub(super) fn figures(case: &Case, summary: &CaseSummary) -> [(&'static str, &'static str, String); 3] {
    let load = summary.load.map_or_else(|| "trace".to_owned(), |load| format!("{} {load}", summary.load_name()));
    let variant = case.resolved.variants.first().map_or_else(String::new, |variant| format!(" ({})", variant.name));
    let workload = title_case(&summary.workload);
    let title = format!("{}{variant}: {workload}, {load}, {} hosts", summary.transport, case.topology.hosts);
    let queue = |tier: &TierRow| QueueBars {
        name: tier.tier.clone(),
        mean_bytes: tier.queue_mean_bytes,
        max_bytes: tier.queue_max_bytes,
    };
    let total: u64 = summary.priorities.iter().map(PriorityRow::bytes).sum();
    let used: f64 = summary.priorities.iter().map(|priority| priority.link_share).sum();
    let priority = |priority: &PriorityRow| PriorityBars {
        name: priority.priority.to_string(),
        shares: [priority.unscheduled_bytes, priority.scheduled_bytes, priority.control_bytes]
            .map(|bytes| bytes as f64 / total.max(1) as f64 * used),
    };
    let queues: Vec<_> = summary.tiers.iter().map(queue).collect();
    let priorities: Vec<_> = summary.priorities.iter().map(priority).collect();
    let slowdown = slowdown_figure(&[Curve::from_bins(case.kind().name(), &summary.bins)], &title);
    [
        ("slowdown.svg", "slowdown.png", slowdown),
        ("queues.svg", "queues.png", queue_figure(&queues, &title)),
        ("priorities.svg", "priorities.png", priority_figure(&priorities, &title)),
    ]
}

/// "w3" is written W3, other names as they are.
pub(crate) fn title_case(workload: &str) -> String {
    match workload.strip_prefix('w') {
        Some(digit) if digit.len() == 1 => format!("W{digit}"),
        _ => workload.to_owned(),
    }
}
