//! Warnings that save a paper: what a reader of the numbers must know, and what to change.

use super::summarise::tiers;
use homa_analysis::BinRow;
use homa_experiment::Case;
use homa_run::{Arrivals, RunRecord};

/// Fewer samples than this behind a 99th percentile leave it to a handful of messages.
const SAMPLES_FOR_P99: u64 = 500;
/// Bins with more of the messages than this together can be seen in the figure.
const VISIBLE_SHARE: f64 = 0.01;
/// Growth of the backlog over the window, relative to its mean, that is worth a warning if it is
/// significant.
const GROWTH: f64 = 0.2;
/// Standard errors that make growth significant.
const SIGNIFICANT: f64 = 3.0;
/// How far offered or delivered bytes may be from what was meant, relatively.
const LOAD_TOLERANCE: f64 = 0.05;

/// What a reader of a case's numbers must know.
pub(crate) fn warnings(
    case: &Case,
    runs: &[RunRecord],
    bins: &[BinRow],
    offered_gbps: f64,
    goodput_gbps: f64,
) -> Vec<String> {
    let mut warnings = Vec::new();
    let overload = overload(case, runs);
    let (growth, error) = backlog_growth(runs);
    let is_steady = growth <= GROWTH || growth <= SIGNIFICANT * error;
    warnings.extend(overload.clone());
    if overload.is_none() && !is_steady {
        warnings.push(format!(
            "not steady: the bytes in flight or waiting grew by {:.0} % of their mean over the window; give a longer \
             measure.warmup, or less load if it keeps growing",
            100.0 * growth
        ));
    }
    if let Some(meant) = meant_gbps(case)
        && (offered_gbps / meant - 1.0).abs() > LOAD_TOLERANCE
    {
        let limited = case.client.max_outstanding.is_some() && offered_gbps < meant;
        let reason = if limited {
            "few large messages make the difference, or workload.limit holds messages back: give a longer \
             measure.window or more run.seeds, or a higher limit"
        } else {
            REASON_OF_CHANCE
        };
        let (what, reason) =
            if offered_gbps < meant { ("load not reached", reason) } else { ("load exceeded", REASON_OF_CHANCE) };
        warnings.push(format!(
            "{what}: the messages created in the window carry {offered_gbps:.3} Gbps per host, {meant:.3} were meant; {reason}"
        ));
    }
    if overload.is_none() && goodput_gbps < (offered_gbps - abandoned_gbps(case, runs)) * (1.0 - LOAD_TOLERANCE) {
        warnings.push(format!(
            "less delivered than offered: {goodput_gbps:.3} of {offered_gbps:.3} Gbps per host in the window; the \
             network is not steady yet: give a longer measure.warmup, or less load"
        ));
    }
    warnings.extend(few_messages(bins));
    let window_failed: u64 = runs.iter().map(|run| run.counts.window_failed).sum();
    let unfinished = bins.iter().map(|bin| bin.unfinished).sum::<u64>() - window_failed;
    if let Some(first) = bins.iter().find(|bin| bin.unfinished > 0).filter(|_| unfinished > 0) {
        let affected = bins.iter().filter(|bin| bin.p99.is_infinite()).count();
        warnings.push(format!(
            "{unfinished} messages unfinished, in bins from {} B on; {affected} bins have no p99 for it: give a longer measure.drain",
            first.size_max
        ));
    }
    let failed: u64 = runs.iter().map(|run| run.counts.failed).sum();
    if failed > 0 {
        warnings.push(format!(
            "{failed} messages failed: the transport gave them up; those of the window count as unfinished, infinitely slow"
        ));
    }
    if case.measure().warmup == homa_units::Duration::ZERO && matches!(case.arrivals, Arrivals::Poisson { .. }) {
        warnings
            .push("warm-up not excluded: the first messages meet an empty network; give a measure.warmup".to_owned());
    }
    warnings
}

/// That the 99th percentiles of a visible part of the figure rest on few messages. Bins of less, which
/// W1 to W5 always have at their end, have wide bands in the figure and intervals in the tables.
fn few_messages(bins: &[BinRow]) -> Option<String> {
    let all: u64 = bins.iter().map(|bin| bin.count).sum();
    let few: Vec<_> = bins.iter().filter(|bin| bin.count < SAMPLES_FOR_P99).collect();
    let share = few.iter().map(|bin| bin.count).sum::<u64>() as f64 / all as f64;
    let least = few.iter().min_by_key(|bin| bin.count).filter(|_| share > VISIBLE_SHARE)?;
    Some(format!(
        "few messages: {} of {} size bins, with {:.0} % of the messages, have fewer than {SAMPLES_FOR_P99} of them (least {}, up \
         to {} B): their p99 depends on a handful; give a longer measure.window or more run.seeds",
        few.len(),
        bins.len(),
        100.0 * share,
        least.count,
        least.size_max
    ))
}

const REASON_OF_CHANCE: &str = "few large messages make the difference: give a longer measure.window or more run.seeds";

/// Links of a tier that are busy for more than this share of a run have no room left.
const FULL: f64 = 0.98;

/// That the network could not carry what it was asked to, where it shows: by what was expected of
/// its traffic, or by a tier whose links were all busy while the backlog grew.
fn overload(case: &Case, runs: &[RunRecord]) -> Option<String> {
    if let Some(overloaded) = &case.demand.overloaded {
        return Some(format!(
            "overloaded: {}; the numbers depend on how long the run is: give less load",
            overloaded.overload()
        ));
    }
    let (growth, error) = backlog_growth(runs);
    if growth <= GROWTH || growth <= SIGNIFICANT * error {
        return None;
    }
    let full = tiers(runs).into_iter().find(|tier| tier.utilisation > FULL)?;
    Some(format!(
        "overloaded: the links of tier {} were busy for {:.1} % of the run, and the bytes in flight or waiting grew \
         by {:.0} % of their mean; give less load",
        full.tier,
        100.0 * full.utilisation,
        100.0 * growth
    ))
}

/// How far the 99th percentiles of two seeds may be apart, relatively.
const SEED_SPREAD: f64 = 0.1;

/// Whether a case's numbers depend on its seeds: their 99th percentiles over all messages are far
/// apart, or one of them is of unfinished messages and another is not.
pub(crate) fn seed_warning(runs: &[RunRecord]) -> Option<String> {
    let measured = runs.iter().filter(|run| run.measured());
    let mut p99s: Vec<(f64, u64)> = measured.map(|run| (run.recorder.quantile(0.99), run.seed)).collect();
    p99s.sort_by(|(first, _), (second, _)| first.total_cmp(second));
    let ((least, of_least), (most, of_most)) = (p99s.first()?, p99s.last()?);
    if !least.is_finite() || *most <= least * (1.0 + SEED_SPREAD) {
        return None;
    }
    let shown = |p99: f64| if p99.is_finite() { format!("{p99:.2}") } else { "that of unfinished messages".to_owned() };
    Some(format!(
        "depends on the seed: the p99 of slowdown over all messages is {} with seed {of_least} and {} with seed {of_most}; give more \
         run.seeds or a longer measure.window, and quote the confidence",
        shown(*least),
        shown(*most)
    ))
}

/// What each host should send on average in the window, with the sizes as they are sent and without
/// what dead clients don't send; none with a trace.
fn meant_gbps(case: &Case) -> Option<f64> {
    let Arrivals::Poisson { sizes, arithmetic } = &case.arrivals else { return None };
    let least = case.client.least_size;
    let mean: f64 = sizes.probabilities().into_iter().map(|(size, share)| share * size.max(least).get() as f64).sum();
    let mean = if sizes.smallest() >= least { arithmetic.mean_payload_bytes } else { mean };
    let (begin, end, _) = case.window();
    let length = end.since(begin).as_secs_f64();
    let lost: f64 = case
        .faults
        .host_failures
        .iter()
        .filter(|(host, _)| case.roles.is_client(host.0))
        .map(|(_, at)| end.saturating_since(begin.max(*at)).as_secs_f64() / length)
        .sum();
    let clients = f64::from(case.roles.clients()) - lost;
    Some(clients * arithmetic.messages_per_second * mean * 8.0 / 1e9 / f64::from(case.topology.hosts))
}

/// Bytes of the window's messages whose sender died, per host.
fn abandoned_gbps(case: &Case, runs: &[RunRecord]) -> f64 {
    let bytes: u64 = runs.iter().map(|run| run.counts.window_abandoned_bytes).sum();
    let window_s = case.measure().window.as_secs_f64() * runs.len() as f64;
    bytes as f64 * 8.0 / 1e9 / window_s / f64::from(case.topology.hosts)
}

/// Growth of the backlog over the window relative to its mean, by least squares over samples
/// averaged over the runs, and its standard error from how the runs' and blocks' residuals scatter.
pub(crate) fn backlog_growth(runs: &[RunRecord]) -> (f64, f64) {
    /// Neighbouring samples are correlated; averages over this many are hardly.
    const BLOCK: usize = 10;
    let points: Vec<(f64, f64)> = runs
        .iter()
        .flat_map(|run| run.backlog.bytes.chunks(BLOCK).enumerate())
        .map(|(number, block)| (number as f64, block.iter().sum::<u64>() as f64 / block.len() as f64))
        .collect();
    let count = points.len() as f64;
    let mean = |of: fn(&(f64, f64)) -> f64| points.iter().map(of).sum::<f64>() / count;
    let (x_mean, y_mean) = (mean(|point| point.0), mean(|point| point.1));
    if count < 4.0 || y_mean <= 0.0 {
        return (0.0, 0.0);
    }
    let spread: f64 = points.iter().map(|(x, _)| (x - x_mean) * (x - x_mean)).sum();
    let slope = points.iter().map(|(x, y)| (x - x_mean) * (y - y_mean)).sum::<f64>() / spread;
    let residuals = points.iter().map(|(x, y)| {
        let residual = y - y_mean - slope * (x - x_mean);
        residual * residual
    });
    let error = (residuals.sum::<f64>() / (count - 2.0) / spread).sqrt();
    let span = points.iter().map(|point| point.0).fold(0.0, f64::max) + 1.0;
    (slope * span / y_mean, error * span / y_mean)
}
