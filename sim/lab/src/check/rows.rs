//! The numbers of a case beside those of a baseline, judged one by one.

use super::baseline::{BaselineCase, BaselineDecile, BaselineOverall};
use super::judgement::{Estimate, Outcome};
use super::relative::{DifferentBest, Relative};
use homa_analysis::human_bytes;
use homa_experiment::CheckSection;
use serde::Serialize;

/// A number that was judged.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct VerdictRow {
    /// "p50", "p99", "unfinished"; or "lone": the best time of a message of this size, if those of
    /// the case are others than in the baseline.
    pub what: &'static str,
    /// Of which messages.
    pub messages: String,
    /// "slowdown", "times the baseline's best", "us" or "%".
    pub unit: &'static str,
    /// In the baseline.
    pub baseline: Estimate,
    /// Now.
    pub now: Estimate,
    /// By how many percent it is larger now; none if one is infinite or zero.
    pub change_percent: Option<f64>,
    /// What became of it.
    pub outcome: Outcome,
}

/// The unit of latencies where best times are others than in the baseline.
pub(super) const OF_BASELINE: &str = "times the baseline's best";
/// What a row of lone messages is called.
pub(super) const LONE: &str = "lone";

/// Each number of a case beside that of the baseline.
pub(super) fn rows(
    before: &BaselineCase,
    case: &BaselineCase,
    relative: Option<&Relative>,
    allowed: CheckSection,
) -> Vec<VerdictRow> {
    let within = |what: &str| match what {
        "p50" | LONE => allowed.p50_within.get(),
        "p99" => allowed.p99_within.get(),
        // Of what may be zero there is no percentage.
        _ => 0.0,
    };
    let row = |what: &'static str, messages: String, unit, baseline: Estimate, now: Estimate| VerdictRow {
        what,
        messages,
        unit,
        baseline,
        now,
        change_percent: baseline.change_percent(&now),
        outcome: baseline.judge(&now, within(what)),
    };
    let share = |case: &BaselineCase| Estimate::share(case.unfinished, case.messages);
    let mut rows = vec![row("unfinished", "all".to_owned(), "%", share(before), share(case))];
    // No chance is in them: what excuses the latencies of few messages doesn't excuse these.
    let lone = before.deciles.iter().filter_map(|tenth| relative?.slowest_of(tenth));
    rows.extend(lone.map(|DifferentBest { bytes, baseline_us, now_us }| {
        let exactly = |us| Estimate { value: Some(us), low: None, high: None };
        row(LONE, human_bytes(bytes), "us", exactly(baseline_us), exactly(now_us))
    }));
    let mut both = |messages: &str, unit, before: [Estimate; 2], now: [Estimate; 2]| {
        for (what, (before, now)) in ["p50", "p99"].into_iter().zip(before.into_iter().zip(now)) {
            rows.push(row(what, messages.to_owned(), unit, before, now));
        }
    };
    // In the baseline the slowdown is the latency as a multiple of the baseline's best time.
    let (unit, of_all, tenths) = match relative {
        None => ("slowdown", Some(&case.overall), &case.deciles),
        Some(relative) => (OF_BASELINE, relative.overall.as_ref(), &relative.deciles),
    };
    if let Some(of_all) = of_all {
        both("all", unit, overall(&before.overall), overall(of_all));
    }
    if before.short_messages.count > 0 && case.short_messages.count > 0 {
        let label = format!("short, to {}", human_bytes(case.short_messages.bytes_max));
        both(&label, "us", short(before), short(case));
    }
    for (before, now) in pair_deciles(&before.deciles, tenths) {
        let label = format!("{} - {}", human_bytes(now.size_min), human_bytes(now.size_max));
        both(&label, unit, decile(before), decile(now));
    }
    rows
}

const fn overall(of: &BaselineOverall) -> [Estimate; 2] {
    [
        Estimate { value: of.p50, low: of.p50_low, high: of.p50_high },
        Estimate { value: of.p99, low: of.p99_low, high: of.p99_high },
    ]
}

const fn short(case: &BaselineCase) -> [Estimate; 2] {
    let of = &case.short_messages;
    [
        Estimate { value: of.p50_us, low: of.p50_low_us, high: of.p50_high_us },
        Estimate { value: of.p99_us, low: of.p99_low_us, high: of.p99_high_us },
    ]
}

const fn decile(of: &BaselineDecile) -> [Estimate; 2] {
    [
        Estimate { value: of.p50, low: of.p50_low, high: of.p50_high },
        Estimate { value: of.p99, low: of.p99_low, high: of.p99_high },
    ]
}

/// Where a tenth ends depends on the sample, by a few bytes. Where a size is so frequent that there
/// are more or fewer groups, only groups with the same end are of the same messages.
fn pair_deciles<'a>(
    before: &'a [BaselineDecile],
    now: &'a [BaselineDecile],
) -> Vec<(&'a BaselineDecile, &'a BaselineDecile)> {
    if before.len() == now.len() {
        return before.iter().zip(now).collect();
    }
    let with_end = |now: &'a BaselineDecile| Some((before.iter().find(|old| old.size_max == now.size_max)?, now));
    now.iter().filter_map(with_end).collect()
}
