//! Cases against those of a baseline.

use super::baseline::{Baseline, BaselineCase, BaselineDecile};
use super::judgement::{Estimate, Outcome};
use homa_analysis::human_bytes;
use homa_experiment::{Case, CheckSection};
use serde::Serialize;
use thiserror::Error;

/// What a check says.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Verdict {
    /// Whether nothing has become worse, and no digest changed that must not.
    pub passed: bool,
    /// What was allowed.
    pub allowed: CheckSection,
    /// In the order of the experiment.
    pub cases: Vec<CaseVerdict>,
    /// What to know about the comparison.
    pub notes: Vec<String>,
}

/// What a check says of a case.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CaseVerdict {
    /// Its name.
    pub case: String,
    /// The name of the baseline's case that it was compared with.
    pub baseline_case: String,
    /// All in all.
    pub verdict: Standing,
    /// Digest of all completions.
    pub digest: String,
    /// That of the baseline.
    pub baseline_digest: String,
    /// Every number that was judged.
    pub rows: Vec<VerdictRow>,
}

/// How a case stands, all in all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Standing {
    /// Every message completed at the same instant, and no number moved.
    Identical,
    /// Trajectories differ, and no number moved beyond tolerance and confidence.
    Within,
    /// Some numbers are better beyond tolerance and confidence, none is worse.
    Better,
    /// The digest changed, which was forbidden, and no number is worse.
    DigestChanged,
    /// Some numbers are worse beyond tolerance and confidence.
    Worse,
}

/// A number that was judged.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct VerdictRow {
    /// "p50", "p99" or "unfinished".
    pub what: &'static str,
    /// Of which messages.
    pub messages: String,
    /// "slowdown", "us" or "%".
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

    fn of_result(case: &'a BaselineCase) -> Self {
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

/// Judges cases by a baseline.
///
/// # Errors
/// As [`matching`].
pub fn judge(baseline: &Baseline, now: &[BaselineCase], allowed: CheckSection) -> Result<Verdict, MatchError> {
    let identities: Vec<_> = now.iter().map(CaseIdentity::of_result).collect();
    let pairs: Vec<_> = matching(baseline, &identities)?.into_iter().zip(now).collect();
    let cases: Vec<_> = pairs.iter().map(|(before, case)| CaseVerdict::new(before, case, allowed)).collect();
    let passed = !cases.iter().any(CaseVerdict::fails);
    Ok(Verdict { passed, allowed, cases, notes: notes(baseline, &pairs) })
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

fn notes(baseline: &Baseline, pairs: &[(&BaselineCase, &BaselineCase)]) -> Vec<String> {
    let mut notes = Vec::new();
    let version = env!("CARGO_PKG_VERSION");
    if baseline.homasim != version {
        notes.push(format!("the baseline is of homasim {}, this is {version}", baseline.homasim));
    }
    if let Some((before, case)) = pairs.iter().find(|(before, case)| before.seeds != case.seeds) {
        let text = |seeds: &[u64]| seeds.iter().map(u64::to_string).collect::<Vec<_>>().join(", ");
        notes.push(format!(
            "other seeds ({}) than the baseline's ({}): other messages, so that digests differ and numbers scatter",
            text(&case.seeds),
            text(&before.seeds)
        ));
    }
    for (before, case) in pairs {
        if before.deciles.len() != case.deciles.len() {
            notes.push(format!(
                "{}: tenths of messages end at other sizes than in the baseline; only those that end at the same were judged",
                case.name
            ));
        }
    }
    notes
}

impl CaseVerdict {
    fn new(before: &BaselineCase, case: &BaselineCase, allowed: CheckSection) -> Self {
        let rows = rows(before, case, allowed);
        let any = |outcome| rows.iter().any(|row: &VerdictRow| row.outcome == outcome);
        let is_identical = before.digest == case.digest;
        let verdict = if any(Outcome::Worse) {
            Standing::Worse
        } else if allowed.digest && !is_identical {
            Standing::DigestChanged
        } else if any(Outcome::Better) {
            Standing::Better
        } else if is_identical && rows.iter().all(|row| row.outcome == Outcome::Same) {
            Standing::Identical
        } else {
            Standing::Within
        };
        Self {
            case: case.name.clone(),
            baseline_case: before.name.clone(),
            verdict,
            digest: case.digest.clone(),
            baseline_digest: before.digest.clone(),
            rows,
        }
    }

    /// Whether it fails the check.
    #[must_use]
    pub const fn fails(&self) -> bool {
        matches!(self.verdict, Standing::Worse | Standing::DigestChanged)
    }

    /// The rows with this outcome.
    pub fn with(&self, outcome: Outcome) -> impl Iterator<Item = &VerdictRow> {
        self.rows.iter().filter(move |row| row.outcome == outcome)
    }

    /// The row that moved most, among those with this outcome.
    #[must_use]
    pub fn most(&self, outcome: Outcome) -> Option<&VerdictRow> {
        let size = |row: &VerdictRow| row.change_percent.map_or(f64::INFINITY, f64::abs);
        self.with(outcome).max_by(|first, second| size(first).total_cmp(&size(second)))
    }
}

fn rows(before: &BaselineCase, case: &BaselineCase, allowed: CheckSection) -> Vec<VerdictRow> {
    let within = |what: &str| match what {
        "p50" => allowed.p50_within.get(),
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
    let mut both = |messages: &str, unit, before: [Estimate; 2], now: [Estimate; 2]| {
        for (what, (before, now)) in ["p50", "p99"].into_iter().zip(before.into_iter().zip(now)) {
            rows.push(row(what, messages.to_owned(), unit, before, now));
        }
    };
    both("all", "slowdown", overall(before), overall(case));
    if before.short_messages.count > 0 && case.short_messages.count > 0 {
        let label = format!("short, to {}", human_bytes(case.short_messages.bytes_max));
        both(&label, "us", short(before), short(case));
    }
    for (before, now) in pair_deciles(&before.deciles, &case.deciles) {
        let label = format!("{} - {}", human_bytes(now.size_min), human_bytes(now.size_max));
        both(&label, "slowdown", decile(before), decile(now));
    }
    rows
}

const fn overall(case: &BaselineCase) -> [Estimate; 2] {
    let of = &case.overall;
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

#[cfg(test)]
mod tests {
    use super::super::baseline::tests::case;
    use super::*;

    fn baseline(cases: Vec<BaselineCase>) -> Baseline {
        Baseline::new("x", "first", cases)
    }

    fn check(before: BaselineCase, now: BaselineCase, allowed: CheckSection) -> CaseVerdict {
        judge(&baseline(vec![before]), &[now], allowed).unwrap().cases.remove(0)
    }

    fn exact() -> CheckSection {
        CheckSection { digest: true, ..CheckSection::default() }
    }

    fn changed(change: impl FnOnce(&mut BaselineCase)) -> BaselineCase {
        let mut changed = case("a");
        changed.digest = "fedcba9876543210".to_owned();
        change(&mut changed);
        changed
    }

    #[test]
    fn an_unchanged_case_is_identical() {
        let verdict = check(case("a"), case("a"), exact());
        assert_eq!(verdict.verdict, Standing::Identical);
        // Unfinished; two quantiles over all, of the short messages and of two tenths.
        assert_eq!(verdict.rows.len(), 9);
    }

    #[test]
    fn another_digest_alone_passes_unless_it_is_forbidden() {
        let judged = |allowed| judge(&baseline(vec![case("a")]), &[changed(|_| ())], allowed).unwrap();
        let loose = judged(CheckSection::default());
        assert!(loose.passed && loose.cases[0].verdict == Standing::Within);
        let strict = judged(exact());
        assert!(!strict.passed && strict.cases[0].verdict == Standing::DigestChanged);
    }

    #[test]
    fn one_worse_number_fails_whatever_else_is_better() {
        let now = changed(|case| {
            case.deciles[1].p99 = Some(20.0);
            case.deciles[1].p99_low = Some(15.0);
            case.deciles[1].p99_high = Some(25.0);
            case.deciles[0].p50 = Some(1.0);
            case.deciles[0].p50_low = Some(0.9);
            case.deciles[0].p50_high = Some(1.1);
        });
        let verdict = check(case("a"), now, exact());
        assert_eq!(verdict.verdict, Standing::Worse);
        let worst = verdict.most(Outcome::Worse).unwrap();
        assert_eq!((worst.what, worst.messages.as_str(), worst.change_percent), ("p99", "101 - 5.0K", Some(100.0)));
        assert_eq!(verdict.with(Outcome::Better).count(), 1);
    }

    #[test]
    fn better_numbers_pass_and_are_told() {
        let now =
            changed(|case| (case.short_messages.p99_us, case.short_messages.p99_high_us) = (Some(5.0), Some(6.0)));
        let verdict = judge(&baseline(vec![case("a")]), &[now], CheckSection::default()).unwrap();
        assert!(verdict.passed && verdict.cases[0].verdict == Standing::Better);
    }

    #[test]
    fn messages_that_no_longer_finish_fail_even_if_no_quantile_is_one_of_them() {
        let verdict = check(case("a"), changed(|case| case.unfinished = 4), CheckSection::default());
        assert_eq!(verdict.verdict, Standing::Worse);
        assert_eq!(verdict.most(Outcome::Worse).unwrap().what, "unfinished");
        let one = check(case("a"), changed(|case| case.unfinished = 1), CheckSection::default());
        assert_eq!(one.verdict, Standing::Within);
    }

    #[test]
    fn numbers_that_moved_with_an_equal_digest_are_not_called_identical() {
        let now = BaselineCase {
            overall: super::super::BaselineOverall { p50: Some(2.01), ..case("a").overall },
            ..case("a")
        };
        assert_eq!(check(case("a"), now, exact()).verdict, Standing::Within);
    }

    #[test]
    fn cases_are_matched_by_name_and_else_by_position() {
        let before = baseline(vec![case("a"), case("b")]);
        let pairs = |names: [&str; 2]| {
            let cases = judge(&before, &names.map(case), CheckSection::default()).unwrap().cases;
            cases.into_iter().map(|case| format!("{}/{}", case.case, case.baseline_case)).collect::<Vec<_>>()
        };
        assert_eq!(pairs(["b", "a"]), ["b/b", "a/a"]);
        assert_eq!(pairs(["c", "d"]), ["c/a", "d/b"]);
        assert_eq!(pairs(["b", "c"]), ["b/a", "c/b"]);
    }

    #[test]
    fn what_is_not_alike_is_refused_with_what_to_do() {
        let refuse = |now: &[BaselineCase]| {
            judge(&baseline(vec![case("a")]), now, CheckSection::default()).unwrap_err().to_string()
        };
        let text = refuse(&[case("a"), case("b")]);
        assert!(
            text.starts_with("2 cases in the experiment and 1 in the baseline") && text.contains("--update"),
            "{text}"
        );
        let text = refuse(&[BaselineCase { workload: "w4".to_owned(), ..case("w4") }]);
        assert!(text.contains("case w4 has the message sizes w4 and the baseline's a has w3"), "{text}");
        let text = refuse(&[BaselineCase { denominator: "simulated".to_owned(), ..case("a") }]);
        assert!(text.contains("leave --set measure.denominator"), "{text}");
    }

    #[test]
    fn other_versions_seeds_and_groups_are_noted() {
        let old = Baseline { homasim: "0.0.1".to_owned(), ..baseline(vec![case("a")]) };
        let mut now = case("a");
        now.seeds = vec![7];
        now.deciles.remove(0);
        let verdict = judge(&old, &[now], CheckSection::default()).unwrap();
        for (note, part) in
            verdict.notes.iter().zip(["homasim 0.0.1", "other seeds (7) than the baseline's (1, 2)", "end at the same"])
        {
            assert!(note.contains(part), "{note}");
        }
        assert_eq!((verdict.notes.len(), verdict.cases[0].rows.len()), (3, 7));
    }

    #[test]
    fn without_short_messages_there_is_nothing_to_judge_of_them() {
        let none = || {
            let mut case = case("a");
            case.short_messages.count = 0;
            case.short_messages.p99_us = None;
            case
        };
        assert_eq!(check(none(), case("a"), exact()).rows.len(), 7);
    }
}
