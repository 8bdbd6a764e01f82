//! Queues over time, looked at in equidistant instants of the window.

use homa_analysis::LogarithmicCounts;
use homa_topologies::Tier;
use serde::{Deserialize, Serialize};

/// How often the queues of a small network are looked at in the window.
const SAMPLES: u64 = 1_000;
/// How often those of a large one are: each look passes over every port.
const SAMPLES_LARGE: u64 = 100;
/// More ports make a network large.
const PORTS_SMALL: usize = 2_000;

/// How often queues are looked at: a multiple of 100.
pub(crate) const fn samples(ports: usize) -> u64 {
    if ports <= PORTS_SMALL { SAMPLES } else { SAMPLES_LARGE }
}

/// Waiting bytes of one tier's ports.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct QueueSeries {
    pub(crate) tier: Tier,
    pub(crate) ports: u64,
    /// By instant: the sum over all ports and the largest.
    pub(crate) instants: Vec<(u64, u64)>,
    /// Of every port at every instant.
    pub(crate) distribution: LogarithmicCounts,
}

/// The series of all tiers that a network has.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct Queues(pub(crate) Vec<QueueSeries>);

impl Queues {
    /// Looks at all ports, which come in the same order each time.
    pub(crate) fn look(&mut self, ports: impl Iterator<Item = (Tier, u64)>) {
        let is_first = self.0.is_empty();
        let number = self.0.first().map_or(0, |series| series.instants.len());
        for (tier, bytes) in ports {
            let place = self.0.iter().position(|series| series.tier == tier).unwrap_or_else(|| {
                self.0.push(QueueSeries {
                    tier,
                    ports: 0,
                    instants: Vec::new(),
                    distribution: LogarithmicCounts::default(),
                });
                self.0.len() - 1
            });
            let series = &mut self.0[place];
            series.ports += u64::from(is_first);
            if series.instants.len() == number {
                series.instants.push((0, 0));
            }
            let (sum, max) = &mut series.instants[number];
            *sum += bytes;
            *max = (*max).max(bytes);
            series.distribution.record(bytes as f64);
        }
    }
}

/// A line of `queue_series.csv`.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct SeriesRow {
    /// Since the begin of the window.
    pub(crate) at_ms: f64,
    pub(crate) tier: &'static str,
    /// Over ports and runs.
    pub(crate) mean_bytes: f64,
    pub(crate) max_bytes: u64,
}

/// A line of `queue_cdf.csv`.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct QueueCdfRow {
    pub(crate) tier: &'static str,
    pub(crate) queue_bytes: f64,
    /// Of the ports and instants, with at most as many bytes.
    pub(crate) share_up_to: f64,
}

/// A line of `latency.csv`.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct LatencyRow {
    /// "all" or "short".
    pub(crate) messages: &'static str,
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
            tier: first.0[place].tier.name(),
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
        let tier = first.0[place].tier.name();
        let row = move |point: homa_analysis::DistributionPoint| QueueCdfRow {
            tier,
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
            messages,
            latency_us: point.value,
            share_up_to: point.share_up_to,
            share_above: point.share_above,
        })
    });
    rows.collect()
}
