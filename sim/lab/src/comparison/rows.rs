//! The two sides beside each other, by size.

use super::error::ComparisonError;
use super::group::Group;
use super::result::{ComparedSizes, ComparedValue, Grouping, Tolerance};
use super::side::Side;
use crate::results::finite;
use homa_analysis::RankRule;
use homa_analysis::paired::{PairedRow, QuantileRatio};

/// Bins that end at the same size but have shares of messages that differ by more than this factor
/// are not the same bins.
const SHARES_DIFFER: f64 = 1.25;

const OTHER_RANKS: &str = "the quantiles of the cluster's digest are up to one rank above those of the other side, which matters with few \
                           messages; a case with messages.csv gets those of the digest";

/// Groups of both sides with the same sizes, and what could not be matched.
pub(super) struct Aligned {
    pub(super) by: Grouping,
    pub(super) pairs: Vec<[Group; 2]>,
    pub(super) notes: Vec<String>,
}

/// Finds groups of sizes that both sides have or can be brought into.
pub(super) fn align(a: &mut Side, b: &mut Side, by: Option<Grouping>) -> Result<Aligned, ComparisonError> {
    // A table's sizes are what they are; the messages of a case can be grouped like them.
    let fixed = |side: &Side| side.case.is_none() && side.samples.is_none();
    if fixed(b) {
        a.load_messages()?;
    } else if fixed(a) {
        b.load_messages()?;
    }
    let own_bins = a.case.is_some() && b.case.is_some();
    let order = match (by, own_bins) {
        (Some(by), _) => vec![by],
        (None, true) => vec![Grouping::Bins, Grouping::Deciles],
        (None, false) => vec![Grouping::Deciles, Grouping::Bins],
    };
    for by in order {
        let (pairs, notes) = align_by(a, b, by);
        if !pairs.is_empty() {
            return Ok(Aligned { by, pairs, notes });
        }
    }
    Err(ComparisonError::NoCommonSizes)
}

fn own(side: &Side, by: Grouping) -> &[Group] {
    match by {
        Grouping::Deciles => &side.deciles,
        Grouping::Bins => &side.bins,
    }
}

fn align_by(a: &Side, b: &Side, by: Grouping) -> (Vec<[Group; 2]>, Vec<String>) {
    let edges = |groups: &[Group]| groups.iter().map(|group| group.size_max).collect::<Vec<_>>();
    let (of_a, of_b) = (own(a, by), own(b, by));
    match (of_a.is_empty(), of_b.is_empty()) {
        (false, false) => {
            let (pairs, mut notes) = matched(of_a, of_b);
            if a.rule != b.rule {
                notes.push(OTHER_RANKS.to_owned());
            }
            (pairs, notes)
        }
        (false, true) => match b.grouped(&edges(of_a), a.rule) {
            Some(groups) => beside(of_a, &groups, &edges(of_a)),
            None => Default::default(),
        },
        (true, false) => match a.grouped(&edges(of_b), b.rule) {
            Some(groups) => beside(&groups, of_b, &edges(of_b)),
            None => Default::default(),
        },
        (true, true) => {
            let Some(samples) = a.samples.as_ref().filter(|_| b.samples.is_some()) else { return Default::default() };
            let edges: Vec<_> = match by {
                Grouping::Deciles => samples.deciles().iter().map(|decile| decile.size_max).collect(),
                Grouping::Bins => samples.bins_of_about_one_percent().edges().map(|edge| edge.get()).collect(),
            };
            let [a, b] = [a, b].map(|side| side.grouped(&edges, RankRule::Nearest).expect("both have samples"));
            beside(&a, &b, &edges)
        }
    }
}

/// Groups that were made for the same edges.
fn beside(a: &[Group], b: &[Group], edges: &[u64]) -> (Vec<[Group; 2]>, Vec<String>) {
    let of = |group: &Group| edges.partition_point(|edge| *edge < group.size_max);
    let pair = |first: &Group| b.iter().find(|second| of(second) == of(first)).map(|second| [*first, *second]);
    let pairs: Vec<_> = a.iter().filter_map(pair).collect();
    let notes = left_out(a.len(), b.len(), pairs.len());
    (pairs, notes)
}

/// Groups of both that end at the same size and have about the same share of messages, if that is
/// known.
fn matched(a: &[Group], b: &[Group]) -> (Vec<[Group; 2]>, Vec<String>) {
    let share = |groups: &[Group], at: usize| {
        let before = at.checked_sub(1).map_or(Some(0.0), |before| groups[before].share);
        groups[at].share.zip(before).map(|(to, from)| to - from)
    };
    let mut pairs = Vec::new();
    for (number, first) in a.iter().enumerate() {
        let Some(other) = b.iter().position(|second| second.size_max == first.size_max) else { continue };
        let alike = share(a, number)
            .zip(share(b, other))
            .is_none_or(|(first, second)| (first / second).max(second / first) <= SHARES_DIFFER);
        if alike {
            pairs.push([*first, b[other]]);
        }
    }
    let notes = left_out(a.len(), b.len(), pairs.len());
    (pairs, notes)
}

fn left_out(a: usize, b: usize, pairs: usize) -> Vec<String> {
    if a == pairs && b == pairs {
        return Vec::new();
    }
    vec![format!("left out, as the other side has no such sizes: {} groups of A, {} of B", a - pairs, b - pairs)]
}

/// A number of both sides. Where the sides are not `steady`, or some of the messages did not
/// finish, an interval says nothing of whether they differ: it knows of chance alone.
fn value(
    (a, b): (f64, f64),
    interval: Option<(f64, f64)>,
    tolerance: Option<f64>,
    may_be_significant: bool,
) -> ComparedValue {
    // Two that are infinite are equal.
    let same = a == b;
    let interval = interval.filter(|_| a.is_finite() || b.is_finite());
    let ratio = if same && a.is_finite() { 1.0 } else { b / a };
    ComparedValue {
        a: finite(a),
        b: finite(b),
        ratio: finite(ratio),
        interval: interval.map(|(low, high)| [finite(low), finite(high)]),
        significant: interval.filter(|_| may_be_significant).map(|(low, high)| low > 1.0 || high < 1.0),
        tolerance,
        within: tolerance.map(|tolerance| same || (ratio - 1.0).abs() <= tolerance),
    }
}

/// A row without the runs themselves: the interval of the ratio follows from those of the two 99th
/// percentiles, which may both be off at once, so that it is wider than 95 %.
pub(super) fn row([a, b]: &[Group; 2], tolerance: Tolerance, steady: bool) -> ComparedSizes {
    let finished = |group: &Group| group.unfinished.unwrap_or(0) == 0 && group.p50.is_finite() && group.p99.is_finite();
    let sure = steady && finished(a) && finished(b);
    let bands = a.p99_band.zip(b.p99_band);
    let interval = bands.map(|((a_low, a_high), (b_low, b_high))| (b_low / a_high, b_high / a_low));
    ComparedSizes {
        size_min: a.size_min,
        size_max: a.size_max,
        count: [a.count, b.count],
        unfinished: [a.unfinished, b.unfinished],
        cumulative_share: a.share.or(b.share),
        p50: value((a.p50, b.p50), None, tolerance.p50, sure),
        p99: value((a.p99, b.p99), interval, tolerance.p99, sure),
    }
}

/// A row of runs: intervals come from their time blocks.
pub(super) fn row_of_runs(row: &PairedRow, share: f64, tolerance: Tolerance, steady: bool) -> ComparedSizes {
    let sure = steady && row.unfinished == [0, 0];
    let of = |quantile: QuantileRatio, tolerance| value((quantile.a, quantile.b), quantile.interval, tolerance, sure);
    ComparedSizes {
        size_min: Some(row.size_min),
        size_max: row.size_max,
        count: row.count.map(Some),
        unfinished: row.unfinished.map(Some),
        cumulative_share: Some(share),
        p50: of(row.p50, tolerance.p50),
        p99: of(row.p99, tolerance.p99),
    }
}
