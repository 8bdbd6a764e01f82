//! Queues over time and distributions, as tables.

use homa_analysis::LogarithmicCounts;
use homa_run::Queues;
use serde::{Deserialize, Serialize};

/// A line of `queue_series.csv`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct SeriesRow {
    /// Since the begin of the window.
    pub(crate) at_ms: f64,
    pub(crate) tier: String,
    /// Over ports and runs.
    pub(crate) mean_bytes: f64,
    pub(crate) max_bytes: u64,
}

/// A line of `queue_cdf.csv`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct QueueCdfRow {
    pub(crate) tier: String,
    pub(crate) queue_bytes: f64,
    /// Of the ports and instants, with at most as many bytes.
    pub(crate) share_up_to: f64,
}

/// A line of `latency.csv`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct LatencyRow {
    /// "all" or "short".
    pub(crate) messages: String,
    pub(crate) latency_us: f64,
    /// Share of the messages that took at most as long, and that took longer.
    pub(crate) share_up_to: f64,
    pub(crate) share_above: f64,
}

/// How runs' queues went, over one window of `window_ms`.
pub(crate) fn series_rows<'a>(runs: impl Iterator<Item = &'a Queues> + Clone, window_ms: f64) -> Vec<SeriesRow> {
    let Some(first) = runs.clone().next() else { return Vec::new() };
    let instants = first.0.first().map_or(0, |series| series.instants.len());
    let row = |number: usize, place: usize| {
        let at = runs.clone().map(|run| run.0[place].instants[number]);
        let ports: u64 = runs.clone().map(|run| run.0[place].ports).sum();
        SeriesRow {
            at_ms: window_ms * (number + 1) as f64 / instants as f64,
            tier: first.0[place].tier.clone(),
            mean_bytes: at.clone().map(|(sum, _)| sum).sum::<u64>() as f64 / ports as f64,
            max_bytes: at.map(|(_, max)| max).max().unwrap_or(0),
        }
    };
    (0..instants)
        .flat_map(|number| (0..first.0.len()).map(move |place| (number, place)))
        .map(|(n, p)| row(n, p))
        .collect()
}

/// How the queues of runs are distributed.
pub(crate) fn queue_cdf_rows<'a>(runs: impl Iterator<Item = &'a Queues> + Clone) -> Vec<QueueCdfRow> {
    let Some(first) = runs.clone().next() else { return Vec::new() };
    let rows = |place: usize| {
        let mut pooled = LogarithmicCounts::default();
        runs.clone().for_each(|run| pooled.add(&run.0[place].distribution));
        let tier = first.0[place].tier.clone();
        let row = move |point: homa_analysis::DistributionPoint| QueueCdfRow {
            tier: tier.clone(),
            queue_bytes: point.value,
            share_up_to: point.share_up_to,
        };
        homa_analysis::thinned(&pooled.distribution(), 0.01).into_iter().map(row)
    };
    (0..first.0.len()).flat_map(rows).collect()
}

/// How latencies of runs are distributed, of all messages and of the short ones.
pub(crate) fn latency_rows<'a>(
    all: impl Iterator<Item = &'a LogarithmicCounts>,
    short: impl Iterator<Item = &'a LogarithmicCounts>,
) -> Vec<LatencyRow> {
    let pooled = |counts: &mut dyn Iterator<Item = &'a LogarithmicCounts>| {
        let mut pooled = LogarithmicCounts::default();
        counts.for_each(|run| pooled.add(run));
        homa_analysis::thinned(&pooled.distribution(), 0.005)
    };
    let (mut all, mut short) = (all, short);
    let groups = [("all", pooled(&mut all)), ("short", pooled(&mut short))];
    let rows = groups.into_iter().flat_map(|(messages, points)| {
        points.into_iter().map(move |point| LatencyRow {
            messages: messages.to_owned(),
            latency_us: point.value,
            share_up_to: point.share_up_to,
            share_above: point.share_above,
        })
    });
    rows.collect()
}
