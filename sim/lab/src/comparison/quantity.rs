//! Whether slowdowns of two sides compare, or only latencies.

use super::compare::without_runs;
use super::error::ComparisonError;
use super::group::Group;
use super::result::Quantity;
use super::side::{Side, StoredCase};
use crate::results::{BestTimes, DifferentBest, SamplesError, Unlike, stored_case};

/// What is compared, and what has to be said of that.
pub(super) struct Chosen {
    pub(super) quantity: Quantity,
    pub(super) notes: Vec<String>,
}

/// Slowdowns of two cases compare if each message has the same best time in both, whatever it is
/// called; else latencies do. Of other sides nothing but the name of the best time is known.
///
/// # Errors
/// If slowdowns don't compare, and there are no latencies.
pub(super) fn quantity(a: &Side, b: &Side, unlike: &[Unlike]) -> Result<Chosen, ComparisonError> {
    let Some((case_a, case_b)) = a.case.as_ref().zip(b.case.as_ref()) else {
        check_definitions(a, b)?;
        return Ok(Chosen { quantity: Quantity::Slowdown, notes: Vec::new() });
    };
    let mut notes: Vec<String> = measured(case_a, case_b).into_iter().collect();
    // Which hosts are how far apart may be another matter in another network.
    let other_network = unlike.iter().any(|unlike| unlike.key.starts_with("topology"));
    let different = match difference(a, b, case_a, case_b) {
        Ok(different) => different.map(|DifferentBest { size, ps }| {
            let [of_a, of_b] = ps.map(|ps| ps as f64 / 1e6);
            format!("a message of {size} B takes {of_a:.3} us at best in A and {of_b:.3} us in B")
        }),
        Err(cause) if a.definition == b.definition => {
            notes.push(format!("whether best times are the same in both could not be checked: {cause}"));
            None
        }
        Err(_) => Some(format!(
            "slowdown of A is relative to {}, that of B to {}",
            a.definition.shown(),
            b.definition.shown()
        )),
    };
    let different = different.or_else(|| other_network.then(|| "best times are those of two networks".to_owned()));
    let Some(different) = different else {
        return Ok(Chosen { quantity: Quantity::Slowdown, notes });
    };
    if let Some(which) = without_runs(a, b) {
        check_definitions(a, b)?;
        let missing = format!(
            "{which} neither kept runs (../runs) nor a messages.csv: run it again (runs of more messages than measure.exact_samples need \
             --set measure.messages=true)"
        );
        return Err(ComparisonError::NoLatencies { a: a.name.clone(), b: b.name.clone(), different, missing });
    }
    notes
        .insert(0, format!("latencies are compared, as slowdowns are relative to best times that differ: {different}"));
    Ok(Chosen { quantity: Quantity::Latency, notes })
}

/// The message whose best times in the two are furthest apart, of those that both had and of each
/// group's largest.
fn difference(
    a: &Side,
    b: &Side,
    case_a: &StoredCase,
    case_b: &StoredCase,
) -> Result<Option<DifferentBest>, SamplesError> {
    let groups = [&a.bins, &a.deciles, &b.bins, &b.deciles].into_iter().flatten();
    let mut probes: Vec<u64> = groups.map(|group: &Group| group.size_max).collect();
    probes.sort_unstable();
    probes.dedup();
    let best = |case: &StoredCase| BestTimes::of(&case.folder, case.runs.as_ref());
    best(case_a)?.difference(&mut best(case_b)?, &probes)
}

/// What is said where one side measures messages one way and the other requests with responses.
fn measured(a: &StoredCase, b: &StoredCase) -> Option<String> {
    let round_trips =
        |case: &StoredCase| stored_case(&case.folder).ok().map(|case| case.transport.traits().measures_round_trips);
    let (a, b) = (round_trips(a)?, round_trips(b)?);
    let what = |round_trips| if round_trips { "requests until the response is there" } else { "messages one way" };
    (a != b).then(|| format!("the two measure different things: A {}, B {}", what(a), what(b)))
}

fn check_definitions(a: &Side, b: &Side) -> Result<(), ComparisonError> {
    if a.definition.agrees(&b.definition) {
        return Ok(());
    }
    let advice = |(name, side): (&str, &Side), other: &Side| match &side.case {
        Some(_) => format!("run {name} again with --set measure.denominator={}", other.definition.name),
        None => format!("if that is what {name} is relative to, say --denominator {}", other.definition.name),
    };
    let advice = if a.definition.name == b.definition.name {
        "correct --link-mbps, or simulate a network with links of that rate".to_owned()
    } else {
        format!("{}; or {}", advice(("A", a), b), advice(("B", b), a))
    };
    Err(ComparisonError::Definitions {
        a: a.name.clone(),
        a_is: a.definition.shown(),
        b: b.name.clone(),
        b_is: b.definition.shown(),
        advice,
    })
}
