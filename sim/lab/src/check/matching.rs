//! Which case of a baseline a case is judged by.

use super::baseline::{Baseline, BaselineCase};
use homa_experiment::Case;
use thiserror::Error;

/// Why results can't be compared with a baseline.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum MatchError {
    /// There are more or fewer cases.
    #[error(
        "{now} in the experiment and {baseline} in the baseline: they can't be compared one by one; leave --set out that adds or removes cases, or write a new baseline with --update REASON"
    )]
    Cases {
        /// "3 cases".
        now: String,
        /// So many of the baseline.
        baseline: usize,
    },
    /// Something differs without which numbers don't mean the same.
    #[error(
        "case {case} has {what} {now} and the baseline's {baseline_case} has {baseline}: their numbers don't mean the same; leave --set {key} out, or write a new baseline with --update REASON"
    )]
    Differs {
        /// Name of the case.
        case: Box<str>,
        /// Name of the baseline's.
        baseline_case: Box<str>,
        /// What differs.
        what: &'static str,
        /// Now.
        now: Box<str>,
        /// In the baseline.
        baseline: Box<str>,
        /// By which key it is changed.
        key: &'static str,
    },
    /// Nothing is left to judge.
    #[error(
        "lone messages of case {case} take other times than in the baseline, and there are no latencies to judge instead: tenths of messages end at other sizes, and samples were not kept; give more measure.exact_samples, or write a new baseline with --update REASON"
    )]
    NoNumbers {
        /// Name of the case.
        case: Box<str>,
    },
}

/// What must be known of a case to find that of a baseline.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CaseIdentity<'a> {
    /// Its name.
    pub name: &'a str,
    /// The message sizes.
    pub workload: &'a str,
    /// What slowdown is relative to.
    pub denominator: &'a str,
}

impl<'a> CaseIdentity<'a> {
    /// Of a case that has not been run.
    #[must_use]
    pub fn of(case: &'a Case) -> Self {
        Self { name: &case.name, workload: &case.sizes, denominator: case.denominator().name() }
    }

    pub(super) fn of_result(case: &'a BaselineCase) -> Self {
        Self { name: &case.name, workload: &case.workload, denominator: &case.denominator }
    }
}

/// The baseline's case for each case: by name if they have the same names, else one by one in their
/// order.
///
/// # Errors
/// If there are more or fewer cases, or sizes or denominators differ.
pub fn matching<'a>(baseline: &'a Baseline, now: &[CaseIdentity<'_>]) -> Result<Vec<&'a BaselineCase>, MatchError> {
    if baseline.cases.len() != now.len() {
        let what = if now.len() == 1 { "case" } else { "cases" };
        return Err(MatchError::Cases { now: format!("{} {what}", now.len()), baseline: baseline.cases.len() });
    }
    let named = |case: &CaseIdentity<'_>| baseline.cases.iter().find(|before| before.name == case.name);
    let by_name = now.iter().map(named).collect::<Option<Vec<_>>>();
    let matched = by_name.unwrap_or_else(|| baseline.cases.iter().collect());
    matched.iter().zip(now).try_for_each(|(before, case)| comparable(&CaseIdentity::of_result(before), case))?;
    Ok(matched)
}

fn comparable(before: &CaseIdentity<'_>, case: &CaseIdentity<'_>) -> Result<(), MatchError> {
    let must_equal = [
        ("the message sizes", case.workload, before.workload, "workload.sizes"),
        ("the denominator", case.denominator, before.denominator, "measure.denominator (or transport.kind)"),
    ];
    match must_equal.into_iter().find(|(_, now, then, _)| now != then) {
        None => Ok(()),
        Some((what, now, then, key)) => Err(MatchError::Differs {
            case: case.name.into(),
            baseline_case: before.name.into(),
            what,
            now: now.into(),
            baseline: then.into(),
            key,
        }),
    }
}
