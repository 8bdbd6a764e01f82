//! From the runs of a case to its summary.

use super::formats::finite;
use super::summary::{
    CaseSummary, Overall, OverallConfidence, Peaks, PriorityRow, ReceiverSummary, ShortMessages, TierRow,
};
use super::warnings::{backlog_growth, warnings};
use homa_analysis::{Confidence, Precision, SlowdownSummary};
use homa_experiment::Case;
use homa_fabric::TierStatistics;
use homa_run::{Counts, PacketClass, ReceiverTotals, RunRecord, add_metrics};
use homa_units::{Duration, Priority};
use std::collections::BTreeMap;

/// What the runs of a case gave, of which `slowdown` and `short_us` are the pooled samples.
pub(crate) fn summarise(
    case: &Case,
    slowdown: &SlowdownSummary,
    short_us: &SlowdownSummary,
    runs: &[RunRecord],
) -> CaseSummary {
    let sum = |part: fn(&Counts) -> u64| runs.iter().map(|run| part(&run.counts)).sum::<u64>();
    let window_s = case.measure().window.as_secs_f64() * runs.len() as f64;
    let gbps = |bytes: u64| bytes as f64 * 8.0 / 1e9 / window_s / f64::from(case.topology.hosts);
    let load = case.load();
    let (p50, p99, mean) = slowdown.overall();
    let bins = slowdown.bins();
    let offered_payload_gbps = gbps(sum(|counts| counts.window_bytes));
    let goodput_gbps = gbps(sum(|counts| counts.goodput_bytes));
    let backlog = runs.iter().flat_map(|run| run.backlog.bytes.iter().copied());
    let samples = backlog.clone().count();
    let (growth, growth_error) = backlog_growth(runs);
    CaseSummary {
        experiment: case.experiment.clone(),
        case: case.name.clone(),
        transport: case.kind().name().to_owned(),
        topology: case.topology.name.clone(),
        hosts: case.topology.hosts,
        workload: case.sizes.clone(),
        load: load.map(|(load, _)| load),
        load_kind: load.map_or("trace", |(_, kind)| kind).to_owned(),
        seeds: case.run().seeds.clone(),
        digest: digest(runs),
        simulated_s: simulated(runs).as_secs_f64(),
        packet_hops: runs.iter().map(|run| run.statistics.packet_hops).sum(),
        messages: sum(|counts| counts.window_messages - counts.window_abandoned),
        unfinished: slowdown.unfinished(),
        unfinished_largest_bytes: slowdown.largest_unfinished().map(|size| size.get()),
        messages_created: sum(|counts| counts.created),
        messages_completed: sum(|counts| counts.completed),
        messages_failed: sum(|counts| counts.failed),
        messages_abandoned: sum(|counts| counts.abandoned),
        peaks: peaks(runs),
        lost_packets: runs.iter().map(|run| run.statistics.lost_packets).sum(),
        denominator: case.denominator().name().to_owned(),
        quantiles: quantiles(slowdown, short_us),
        offered_payload_gbps,
        goodput_gbps,
        overall: Overall {
            p50: finite(p50),
            p99: finite(p99),
            mean: finite(mean),
            confidence: confidence(slowdown.overall_confidence()),
        },
        short_messages: short_messages(case, short_us),
        slowdown: slowdown.percentiles(),
        deciles: slowdown.deciles(),
        backlog_mean_bytes: backlog.sum::<u64>() as f64 / samples as f64,
        backlog_growth: [growth, growth_error],
        notes: case.notes.clone(),
        warnings: warnings(case, runs, &bins, offered_payload_gbps, goodput_gbps),
        bins,
        tiers: tiers(runs),
        priorities: priorities(case, runs),
        receivers: receivers(case, runs),
        metrics: metrics(runs),
        parameters: serde_json::to_value(&case.transport).expect("parameters are plain"),
    }
}

fn peaks(runs: &[RunRecord]) -> Peaks {
    let largest = |of: &dyn Fn(&RunRecord) -> u64| runs.iter().map(of).max().unwrap_or(0);
    Peaks {
        messages_in_flight: largest(&|run| run.counts.in_flight_max),
        packets_in_network: largest(&|run| run.statistics.packets_in_network_max),
        message_records: largest(&|run| run.records_max[0]),
        message_records_of_host: largest(&|run| run.records_max[1]),
    }
}

fn confidence(of: Confidence) -> OverallConfidence {
    let Confidence { p50_low, p50_high, p99_low, p99_high } = of;
    let [p50_low, p50_high, p99_low, p99_high] = [p50_low, p50_high, p99_low, p99_high].map(finite);
    OverallConfidence { p50_low, p50_high, p99_low, p99_high }
}

fn short_messages(case: &Case, latencies_us: &SlowdownSummary) -> ShortMessages {
    let (p50, p99, _) = latencies_us.overall();
    let confidence = confidence(latencies_us.overall_confidence());
    let min_us = latencies_us.bins().first().and_then(|bin| finite(bin.min));
    ShortMessages {
        bytes_max: case.short_bytes.get(),
        count: latencies_us.count(),
        min_us,
        p50_us: finite(p50),
        p99_us: finite(p99),
        p50_low_us: confidence.p50_low,
        p50_high_us: confidence.p50_high,
        p99_low_us: confidence.p99_low,
        p99_high_us: confidence.p99_high,
    }
}

/// How exact quantiles are, the worse of both, and sizes if they are not.
fn quantiles(slowdown: &SlowdownSummary, short_us: &SlowdownSummary) -> String {
    let width = |summary: &SlowdownSummary| match summary.precision() {
        Precision::Exact => 0.0_f64,
        Precision::Logarithmic { relative_width } => relative_width,
    };
    let relative_width = width(slowdown).max(width(short_us));
    if relative_width == 0.0 {
        return "exact".to_owned();
    }
    let width = format!("logarithmic bins of {relative_width} relative width");
    let size_width = slowdown.size_width();
    if size_width > 0.0 { format!("{width}, sizes rounded up by less than {size_width}") } else { width }
}

/// The digests of the runs, in the order of the seeds, as one.
fn digest(runs: &[RunRecord]) -> String {
    let mix = |hash: u64, run: &RunRecord| (hash ^ run.digest).wrapping_mul(0x9fb2_1c65_1e98_df25).rotate_left(29);
    format!("{:016x}", runs.iter().fold(0, mix))
}

fn simulated(runs: &[RunRecord]) -> Duration {
    runs.iter().map(|run| run.simulated).sum()
}

pub(super) fn tiers(runs: &[RunRecord]) -> Vec<TierRow> {
    let total_s = simulated(runs).as_secs_f64();
    let row = |index: usize| {
        let of = |run: &RunRecord| run.statistics.tiers[index].clone();
        let weighted = |value: fn(&TierStatistics) -> f64| {
            runs.iter().map(|run| value(&of(run)) * run.simulated.as_secs_f64()).sum::<f64>() / total_s
        };
        let first = of(&runs[0]);
        TierRow {
            tier: first.tier.clone(),
            ports: first.ports,
            queue_mean_bytes: weighted(|tier| tier.queue_mean_bytes),
            queue_max_bytes: runs.iter().map(|run| of(run).queue_max_bytes).max().unwrap_or(0),
            utilisation: weighted(|tier| tier.utilisation),
            frames: runs.iter().map(|run| of(run).frames).sum(),
            frame_bytes: runs.iter().map(|run| of(run).frame_bytes).sum(),
        }
    };
    (0..runs[0].statistics.tiers.len()).map(row).collect()
}

/// The metrics of all hosts and runs.
fn metrics(runs: &[RunRecord]) -> Option<BTreeMap<String, u64>> {
    let mut sums = None::<BTreeMap<String, u64>>;
    for run in runs {
        if let Some(metrics) = &run.counters.metrics {
            let named = metrics.iter().map(|(name, value)| (name.clone(), *value));
            add_metrics(sums.get_or_insert_default(), named);
        }
    }
    sums
}

fn receivers(case: &Case, runs: &[RunRecord]) -> Option<ReceiverSummary> {
    let all: Vec<&ReceiverTotals> = runs.iter().filter_map(|run| run.counters.receivers.as_ref()).collect();
    if all.is_empty() {
        return None;
    }
    let sum = |span: fn(&ReceiverTotals) -> Duration| all.iter().map(|run| span(run)).sum::<Duration>().as_secs_f64();
    let total_s = simulated(runs).as_secs_f64() * f64::from(case.topology.hosts);
    let share = |part: f64, of: f64| if of > 0.0 { part / of } else { 0.0 };
    let (active_s, oversubscribed_s) = (sum(|usage| usage.active), sum(|usage| usage.oversubscribed));
    let oversubscribed_waste_s = oversubscribed_s - sum(|usage| usage.oversubscribed_receiving);
    let first_grants: u64 = all.iter().map(|usage| usage.first_grants).sum();
    let arrivals: u64 = all.iter().map(|usage| usage.arrivals).sum();
    let outstanding: u128 = all.iter().map(|usage| usage.outstanding_sum).sum();
    let longest_wait = all.iter().map(|usage| usage.first_grant_wait_max).max().unwrap_or_default();
    Some(ReceiverSummary {
        oversubscribed_share: share(oversubscribed_s, total_s),
        oversubscribed_waste_share: share(oversubscribed_waste_s, total_s),
        oversubscribed_waste_within: share(oversubscribed_waste_s, oversubscribed_s),
        active_share: share(active_s, total_s),
        active_waste_share: share(active_s - sum(|usage| usage.active_receiving), total_s),
        outstanding_mean_bytes: share(outstanding as f64, arrivals as f64),
        outstanding_max_bytes: all.iter().map(|usage| usage.outstanding_max).max().unwrap_or(0),
        first_grants,
        first_grant_wait_mean_us: share(sum(|usage| usage.first_grant_wait) * 1e6, first_grants as f64),
        first_grant_wait_max_us: longest_wait.as_secs_f64() * 1e6,
    })
}

fn priorities(case: &Case, runs: &[RunRecord]) -> Vec<PriorityRow> {
    let received = |class: PacketClass, priority: usize| {
        runs.iter().map(|run| run.statistics.received_wire_bytes[class as usize][priority]).sum::<u64>()
    };
    let at = |priority| PacketClass::ALL.into_iter().map(|class| received(class, priority)).sum::<u64>();
    let total: u64 = (0..Priority::LEVELS).map(at).sum();
    let capacity =
        case.host_rate.as_bps() as f64 / 8.0 * simulated(runs).as_secs_f64() * f64::from(case.topology.hosts);
    let row = |priority: usize| PriorityRow {
        priority: priority as u8,
        unscheduled_bytes: received(PacketClass::Unscheduled, priority),
        scheduled_bytes: received(PacketClass::Scheduled, priority),
        control_bytes: received(PacketClass::Control, priority),
        share: at(priority) as f64 / total.max(1) as f64,
        link_share: at(priority) as f64 / capacity,
    };
    (0..Priority::LEVELS).rev().map(row).collect()
}
