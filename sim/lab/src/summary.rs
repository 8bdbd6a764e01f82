//! The numbers of a case.

use crate::warnings::{backlog_growth, warnings};
use homa_analysis::{BinRow, Confidence, Decile, PercentileRow, Precision, SlowdownSummary};
use homa_experiment::Case;
use homa_fabric::TierStatistics;
use homa_run::{Counts, PacketClass, ReceiverTotals, RunRecord, RunTiming, TransportConfig, add_metrics};
use homa_units::{Duration, Priority};
use serde::Serialize;
use std::collections::BTreeMap;

/// Everything that was measured in a case: a function of its configuration and seeds alone.
#[derive(Debug, Clone, Serialize)]
pub struct CaseSummary {
    /// Name of the experiment file.
    pub experiment: String,
    /// Name of the case within it.
    pub case: String,
    /// The transport.
    pub transport: String,
    /// The topology.
    pub topology: String,
    /// Number of hosts.
    pub hosts: u32,
    /// The message sizes.
    pub workload: String,
    /// The load as given; none for a trace.
    pub load: Option<f64>,
    /// "wire", "payload" or "trace".
    pub load_kind: &'static str,
    /// The seeds.
    pub seeds: Vec<u64>,
    /// Digest of all message completions of all runs.
    pub digest: String,
    /// Simulated seconds of all runs, with warm-up and drain.
    pub simulated_s: f64,
    /// Packets put on a link, all runs.
    pub packet_hops: u64,
    /// Messages created in the window, all runs, without those whose sending host died before they ended.
    pub messages: u64,
    /// How many of them did not finish before the run ended.
    pub unfinished: u64,
    /// The largest of those, in bytes.
    pub unfinished_largest_bytes: Option<u64>,
    /// Messages created since the begin, and how many of them completed.
    pub messages_created: u64,
    /// See `messages_created`.
    pub messages_completed: u64,
    /// How many of them the transport gave up.
    pub messages_failed: u64,
    /// How many of them nobody waits for any more, as their sending host died; such messages of the window are in no
    /// statistics.
    pub messages_abandoned: u64,
    /// What a run held at most at a time.
    pub peaks: Peaks,
    /// Packets lost in the network.
    pub lost_packets: u64,
    /// What completion times were divided by.
    pub denominator: &'static str,
    /// Whether quantiles are exact or come from logarithmic bins.
    pub quantiles: String,
    /// Bytes of the messages created in the window, without the answers to them, per host, in Gbps.
    pub offered_payload_gbps: f64,
    /// Bytes of the messages that completed in the window, per host, in Gbps.
    pub goodput_gbps: f64,
    /// Median, 99th percentile and mean over all messages.
    pub overall: Overall,
    /// Latency of the short messages.
    pub short_messages: ShortMessages,
    /// By cumulative percentage of messages.
    pub slowdown: Vec<PercentileRow>,
    /// By tenth of messages.
    pub deciles: Vec<Decile>,
    /// Every size bin.
    pub bins: Vec<BinRow>,
    /// By level of the network.
    pub tiers: Vec<TierRow>,
    /// Wire bytes received by hosts, by priority, highest first.
    pub priorities: Vec<LevelRow>,
    /// How well receivers' links are used, if the transport keeps account of that.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub receivers: Option<ReceiverSummary>,
    /// The kernel's metrics by its names, added up over all hosts and runs, or of those that begin with `max_` or `peak_`
    /// the largest, without those that are zero; if the transport has them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub metrics: Option<BTreeMap<String, u64>>,
    /// Bytes created and not completed, mean over the window and the runs.
    pub backlog_mean_bytes: f64,
    /// Its growth over the window relative to its mean, and the standard error of that.
    pub backlog_growth: [f64; 2],
    /// What a reader of these numbers must know.
    pub warnings: Vec<String>,
    /// The transport's parameters.
    pub parameters: TransportConfig,
}

/// The most that a run held at a time since its begin, of all runs the largest: what its memory follows from.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Peaks {
    /// Messages that had been created and had not ended.
    pub messages_in_flight: u64,
    /// Packets in ports and on links.
    pub packets_in_network: u64,
    /// Records that a host's transport had of messages (`homa`: of RPCs), each host's most added up.
    pub message_records: u64,
    /// The most of one host.
    pub message_records_of_host: u64,
}

impl Peaks {
    fn new(runs: &[RunRecord]) -> Self {
        let largest = |of: &dyn Fn(&RunRecord) -> u64| runs.iter().map(of).max().unwrap_or(0);
        Self {
            messages_in_flight: largest(&|run| run.counts.in_flight_max),
            packets_in_network: largest(&|run| run.statistics.packets_in_network_max),
            message_records: largest(&|run| run.records_max[0]),
            message_records_of_host: largest(&|run| run.records_max[1]),
        }
    }
}

/// Statistics over all messages.
#[derive(Debug, Clone, Serialize)]
pub struct Overall {
    /// Median slowdown; none if it is that of an unfinished message.
    pub p50: Option<f64>,
    /// 99th percentile of slowdown; none if it is that of an unfinished message.
    pub p99: Option<f64>,
    /// Mean slowdown of the finished messages; none if none finished.
    pub mean: Option<f64>,
    /// The 95 % confidence intervals of the quantiles; none as with [`Decile`].
    #[serde(flatten)]
    pub confidence: OverallConfidence,
}

/// 95 % confidence intervals of a median and a 99th percentile over all messages.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct OverallConfidence {
    /// Lower end for the median.
    pub p50_low: Option<f64>,
    /// Upper end for the median.
    pub p50_high: Option<f64>,
    /// Lower end for the 99th percentile.
    pub p99_low: Option<f64>,
    /// Upper end for the 99th percentile.
    pub p99_high: Option<f64>,
}

impl OverallConfidence {
    fn new(confidence: Confidence) -> Self {
        let Confidence { p50_low, p50_high, p99_low, p99_high } = confidence;
        let [p50_low, p50_high, p99_low, p99_high] = [p50_low, p50_high, p99_low, p99_high].map(finite);
        Self { p50_low, p50_high, p99_low, p99_high }
    }
}

fn finite(value: f64) -> Option<f64> {
    value.is_finite().then_some(value)
}

/// Latency of the short messages, answers included where those are measured: the Linux cluster's headline numbers.
#[derive(Debug, Clone, Serialize)]
pub struct ShortMessages {
    /// Up to this size: the smallest such that more than a tenth of the messages are at most as large.
    pub bytes_max: u64,
    /// How many there were.
    pub count: u64,
    /// The shortest latency in microseconds; none if that is of an unfinished message, as with the others.
    pub min_us: Option<f64>,
    /// The median in microseconds.
    pub p50_us: Option<f64>,
    /// The 99th percentile in microseconds.
    pub p99_us: Option<f64>,
    /// Lower end of the 95 % confidence interval of `p50_us`; none as with [`Decile`], as the other three.
    pub p50_low_us: Option<f64>,
    /// Upper end of the 95 % confidence interval of `p50_us`.
    pub p50_high_us: Option<f64>,
    /// Lower end of the 95 % confidence interval of `p99_us`.
    pub p99_low_us: Option<f64>,
    /// Upper end of the 95 % confidence interval of `p99_us`.
    pub p99_high_us: Option<f64>,
}

impl ShortMessages {
    fn new(case: &Case, latencies_us: &SlowdownSummary) -> Self {
        let (p50, p99, _) = latencies_us.overall();
        let confidence = OverallConfidence::new(latencies_us.overall_confidence());
        let min_us = latencies_us.bins().first().and_then(|bin| finite(bin.min));
        Self {
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
}

/// Queues of one level of the network; means over runs, weighted by simulated time.
#[derive(Debug, Clone, Serialize)]
pub struct TierRow {
    /// Its name.
    pub tier: String,
    /// Number of ports.
    pub ports: u32,
    /// Waiting bytes, mean over time and ports.
    pub queue_mean_bytes: f64,
    /// Largest number of waiting bytes at any port.
    pub queue_max_bytes: u64,
    /// Share of time in which a link is busy.
    pub utilisation: f64,
    /// Frames sent.
    pub frames: u64,
    /// Their bytes.
    pub frame_bytes: u64,
}

/// Wire bytes received at one priority since the begin, over all runs.
#[derive(Debug, Clone, Serialize)]
pub struct LevelRow {
    /// The level, 7 is served first.
    pub priority: u8,
    /// Data sent without asking.
    pub unscheduled_bytes: u64,
    /// Data sent by permission.
    pub scheduled_bytes: u64,
    /// Packets without data.
    pub control_bytes: u64,
    /// Share of all bytes received.
    pub share: f64,
    /// Share of the capacity of the hosts' links over the simulated time.
    pub link_share: f64,
}

impl LevelRow {
    /// All bytes of the level.
    #[must_use]
    pub const fn bytes(&self) -> u64 {
        self.unscheduled_bytes + self.scheduled_bytes + self.control_bytes
    }
}

/// How well receivers' links are used, over all hosts and runs since the begin: the original's measures of waste.
#[derive(Debug, Clone, Serialize)]
pub struct ReceiverSummary {
    /// Share of time in which more senders wanted grants than are kept granted.
    pub oversubscribed_share: f64,
    /// Share of all time that was oversubscribed and yet received no data.
    pub oversubscribed_waste_share: f64,
    /// Share of the oversubscribed time that received no data.
    pub oversubscribed_waste_within: f64,
    /// Share of time in which data was announced or granted and had not arrived.
    pub active_share: f64,
    /// Share of all time that was active and yet received nothing.
    pub active_waste_share: f64,
    /// Wire bytes announced or granted and not yet arrived, at a host: mean over all arrivals of data.
    pub outstanding_mean_bytes: f64,
    /// The largest such value.
    pub outstanding_max_bytes: u64,
    /// Messages that needed grants and got the first.
    pub first_grants: u64,
    /// Mean time from the arrival of their first packet to the making of their first grant.
    pub first_grant_wait_mean_us: f64,
    /// The longest such time.
    pub first_grant_wait_max_us: f64,
}

/// How long a case took, added up over its runs: differs from machine to machine and time to time.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Timing {
    /// Seconds on the wall, as if its runs had gone one after the other.
    pub wall_s: f64,
    /// CPU seconds of its runs.
    pub cpu_s: f64,
    /// Events handled: how the simulator does it, which is no result.
    #[serde(default)]
    pub events: u64,
    /// Packets put on a link per CPU second.
    pub packet_hops_per_cpu_s: f64,
    /// Events per packet put on a link.
    pub events_per_packet_hop: f64,
    /// Simulated milliseconds per CPU second.
    pub simulated_ms_per_cpu_s: f64,
}

impl CaseSummary {
    pub(crate) fn new(case: &Case, slowdown: &SlowdownSummary, short_us: &SlowdownSummary, runs: &[RunRecord]) -> Self {
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
        Self {
            experiment: case.experiment.clone(),
            case: case.name.clone(),
            transport: case.kind().name().to_owned(),
            topology: case.topology.name.clone(),
            hosts: case.topology.hosts,
            workload: case.sizes.clone(),
            load: load.map(|(load, _)| load),
            load_kind: load.map_or("trace", |(_, kind)| kind),
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
            peaks: Peaks::new(runs),
            lost_packets: runs.iter().map(|run| run.statistics.lost_packets).sum(),
            denominator: case.denominator().name(),
            quantiles: quantiles(slowdown, short_us),
            offered_payload_gbps,
            goodput_gbps,
            overall: Overall {
                p50: finite(p50),
                p99: finite(p99),
                mean: finite(mean),
                confidence: OverallConfidence::new(slowdown.overall_confidence()),
            },
            short_messages: ShortMessages::new(case, short_us),
            slowdown: slowdown.percentiles(),
            deciles: slowdown.deciles(),
            backlog_mean_bytes: backlog.sum::<u64>() as f64 / samples as f64,
            backlog_growth: [growth, growth_error],
            warnings: warnings(case, runs, &bins, offered_payload_gbps, goodput_gbps),
            bins,
            tiers: tiers(runs),
            priorities: priorities(case, runs),
            receivers: receivers(case, runs),
            metrics: metrics(runs),
            parameters: case.transport.clone(),
        }
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

fn tiers(runs: &[RunRecord]) -> Vec<TierRow> {
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

fn priorities(case: &Case, runs: &[RunRecord]) -> Vec<LevelRow> {
    let received = |class: PacketClass, level: usize| {
        runs.iter().map(|run| run.statistics.received_wire_bytes[class as usize][level]).sum::<u64>()
    };
    let at = |level| PacketClass::ALL.into_iter().map(|class| received(class, level)).sum::<u64>();
    let total: u64 = (0..Priority::LEVELS).map(at).sum();
    let capacity =
        case.host_rate.as_bps() as f64 / 8.0 * simulated(runs).as_secs_f64() * f64::from(case.topology.hosts);
    let row = |level: usize| LevelRow {
        priority: level as u8,
        unscheduled_bytes: received(PacketClass::Unscheduled, level),
        scheduled_bytes: received(PacketClass::Scheduled, level),
        control_bytes: received(PacketClass::Control, level),
        share: at(level) as f64 / total.max(1) as f64,
        link_share: at(level) as f64 / capacity,
    };
    (0..Priority::LEVELS).rev().map(row).collect()
}

impl Timing {
    pub(crate) fn new(summary: &CaseSummary, events: u64, runs: &[RunTiming], pooling_s: f64) -> Self {
        let hops = summary.packet_hops as f64;
        let wall_s = runs.iter().map(|run| run.wall_s).sum();
        let cpu_s = runs.iter().map(|run| run.cpu_s).sum::<f64>() + pooling_s;
        Self {
            wall_s,
            cpu_s,
            events,
            packet_hops_per_cpu_s: hops / cpu_s,
            events_per_packet_hop: events as f64 / hops.max(1.0),
            simulated_ms_per_cpu_s: summary.simulated_s * 1e3 / cpu_s,
        }
    }
}
