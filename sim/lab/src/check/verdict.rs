//! Cases against those of a baseline.

use super::baseline::{Baseline, BaselineCase};
use super::judgement::Outcome;
use super::matching::{CaseIdentity, MatchError, matching};
use super::relative::{CheckedCase, DifferentBest, Relative};
use super::rows::{OF_BASELINE, VerdictRow, rows};
use homa_experiment::CheckSection;
use serde::Serialize;

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
    /// Whether lone messages take as long as in the baseline.
    pub best_times: BestTimesNow,
    /// If they don't: the message whose times are furthest apart.
    pub different_best: Option<DifferentBest>,
    /// Every number that was judged.
    pub rows: Vec<VerdictRow>,
}

/// Whether lone messages take as long as in the baseline, so that slowdowns mean the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum BestTimesNow {
    /// They do: slowdowns are judged.
    Same,
    /// They don't: latencies are judged, over the best times of the baseline.
    Differ,
    /// The baseline doesn't say: slowdowns are judged, and may not mean the same.
    NotInBaseline,
}

/// How a case stands, all in all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Standing {
    /// Every message completed at the same instant, and no number moved.
    Identical,
    /// Trajectories or numbers differ, and no number moved beyond tolerance and confidence.
    Within,
    /// Some numbers are better beyond tolerance and confidence, none is worse.
    Better,
    /// The digest changed, which was forbidden, and no number is worse.
    DigestChanged,
    /// Some numbers are worse beyond tolerance and confidence.
    Worse,
}

/// Judges cases by a baseline.
///
/// # Errors
/// As [`matching`]; or if best times differ, and there are no latencies.
pub fn judge(baseline: &Baseline, now: &[CheckedCase], allowed: CheckSection) -> Result<Verdict, MatchError> {
    let identities: Vec<_> = now.iter().map(|case| CaseIdentity::of_result(&case.results)).collect();
    let pairs: Vec<_> = matching(baseline, &identities)?.into_iter().zip(now).collect();
    let cases: Vec<_> =
        pairs.iter().map(|(before, case)| CaseVerdict::new(before, case, allowed)).collect::<Result<_, _>>()?;
    let passed = !cases.iter().any(CaseVerdict::fails);
    Ok(Verdict { passed, allowed, cases, notes: notes(baseline, &pairs) })
}

fn notes(baseline: &Baseline, pairs: &[(&BaselineCase, &CheckedCase)]) -> Vec<String> {
    let mut notes = Vec::new();
    let version = env!("CARGO_PKG_VERSION");
    if baseline.homasim != version {
        notes.push(format!("the baseline is of homasim {}, this is {version}", baseline.homasim));
    }
    if let Some((before, case)) = pairs.iter().find(|(before, case)| before.seeds != case.results.seeds) {
        let text = |seeds: &[u64]| seeds.iter().map(u64::to_string).collect::<Vec<_>>().join(", ");
        notes.push(format!(
            "other seeds ({}) than the baseline's ({}): other messages, so that digests differ and numbers scatter",
            text(&case.results.seeds),
            text(&before.seeds)
        ));
    }
    if pairs.iter().any(|(before, _)| before.lacks_best_times()) {
        notes.push(
            "the baseline has no best times, as those of earlier versions: if lone messages become slower, their slowdowns don't show it, \
             as these are relative to what becomes slower too; --update REASON writes a baseline that has them"
                .to_owned(),
        );
    }
    for (before, case) in pairs {
        if before.deciles.len() != case.results.deciles.len() {
            notes.push(format!(
                "{}: tenths of messages end at other sizes than in the baseline; only those that end at the same were judged",
                case.results.name
            ));
        }
        notes.extend(case.relative.as_ref().map(|relative| latencies(&case.results.name, relative)));
    }
    notes
}

/// Why latencies are judged.
fn latencies(name: &str, relative: &Relative) -> String {
    let DifferentBest { bytes, baseline_us, now_us } = relative.different;
    let left_out = match relative.overall {
        Some(_) => "",
        None => "; those over all messages are left out, as samples were not kept (give more measure.exact_samples)",
    };
    format!(
        "{name}: latencies are judged, as multiples of the best times in the baseline, as best times are others now: a message of {bytes} B \
         takes {baseline_us} us at best in the baseline and {now_us} us now{left_out}"
    )
}

impl CaseVerdict {
    fn new(before: &BaselineCase, case: &CheckedCase, allowed: CheckSection) -> Result<Self, MatchError> {
        let CheckedCase { results: case, relative } = case;
        let rows = rows(before, case, relative.as_ref(), allowed);
        if relative.is_some() && !rows.iter().any(|row| row.unit == OF_BASELINE) {
            return Err(MatchError::NoNumbers { case: case.name.as_str().into() });
        }
        let best_times = match relative {
            Some(_) => BestTimesNow::Differ,
            None if before.lacks_best_times() => BestTimesNow::NotInBaseline,
            None => BestTimesNow::Same,
        };
        let any = |outcome| rows.iter().any(|row: &VerdictRow| row.outcome == outcome);
        let is_identical = before.digest == case.digest;
        let verdict = if any(Outcome::Worse) {
            Standing::Worse
        } else if allowed.digest && !is_identical {
            Standing::DigestChanged
        } else if any(Outcome::Better) {
            Standing::Better
        } else if is_identical && relative.is_none() && rows.iter().all(|row| row.outcome == Outcome::Same) {
            Standing::Identical
        } else {
            Standing::Within
        };
        Ok(Self {
            case: case.name.clone(),
            baseline_case: before.name.clone(),
            verdict,
            digest: case.digest.clone(),
            baseline_digest: before.digest.clone(),
            best_times,
            different_best: relative.as_ref().map(|relative| relative.different),
            rows,
        })
    }

    /// Whether messages completed at other instants than in the baseline.
    #[must_use]
    pub fn has_changed(&self) -> bool {
        self.digest != self.baseline_digest
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

#[cfg(test)]
mod tests {
    use super::super::baseline::BaselineDecile;
    use super::super::baseline::tests::case;
    use super::super::relative::tests::{checked, same};
    use super::super::rows::LONE;
    use super::*;

    fn baseline(cases: Vec<BaselineCase>) -> Baseline {
        Baseline::new("x", "first", cases)
    }

    /// Judged with the best times of the baseline.
    fn judge(before: &Baseline, now: &[BaselineCase], allowed: CheckSection) -> Result<Verdict, MatchError> {
        let now = now.iter().map(|case| CheckedCase { results: case.clone(), relative: None });
        super::judge(before, &now.collect::<Vec<_>>(), allowed)
    }

    /// Judged with other best times, in microseconds by size.
    fn with_best(before: BaselineCase, now: BaselineCase, now_us: fn(u64) -> f64) -> Result<Verdict, MatchError> {
        let now = checked(now, &before, now_us);
        super::judge(&baseline(vec![before]), &[now], CheckSection::default())
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

    #[test]
    fn equal_slowdowns_are_worse_if_lone_messages_are_slower_and_better_if_they_are_faster() {
        let verdict = with_best(case("a"), case("a"), |bytes| 3.0 * same(bytes)).unwrap();
        let of_case = &verdict.cases[0];
        assert_eq!(
            (verdict.passed, of_case.verdict, of_case.best_times),
            (false, Standing::Worse, BestTimesNow::Differ)
        );
        // All but the share of unfinished messages and the latencies of short ones.
        let worse: Vec<_> = of_case.with(Outcome::Worse).map(|row| (row.what, row.unit)).collect();
        let latencies = ["p50", "p99"].map(|what| (what, OF_BASELINE)).repeat(3);
        assert_eq!(worse, [vec![(LONE, "us"); 2], latencies].concat());
        assert!(of_case.with(Outcome::Worse).all(|row| row.change_percent.is_some_and(|up| (up - 200.0).abs() < 0.1)));
        assert!(verdict.notes[0].contains("takes 1 us at best in the baseline and 3 us now"), "{:?}", verdict.notes);
        let verdict = with_best(case("a"), case("a"), |bytes| same(bytes) / 3.0).unwrap();
        assert_eq!((verdict.passed, verdict.cases[0].verdict), (true, Standing::Better));
    }

    #[test]
    fn a_faster_lone_message_does_not_make_unchanged_latencies_worse() {
        let slowdowns_doubled = changed(|case| {
            case.overall.numbers().into_iter().flatten().for_each(|number| *number *= 2.0);
            case.deciles.iter_mut().flat_map(BaselineDecile::numbers).flatten().for_each(|number| *number *= 2.0);
        });
        assert_eq!(check(case("a"), slowdowns_doubled.clone(), CheckSection::default()).verdict, Standing::Worse);
        let verdict = with_best(case("a"), slowdowns_doubled, |bytes| same(bytes) / 2.0).unwrap();
        let of_case = &verdict.cases[0];
        assert_eq!((verdict.passed, of_case.verdict), (true, Standing::Better));
        assert!(of_case.with(Outcome::Better).all(|row| row.what == LONE), "{:?}", of_case.rows);
    }

    #[test]
    fn lone_messages_that_are_a_little_slower_are_within_tolerance_but_not_identical() {
        let verdict = with_best(case("a"), case("a"), |bytes| 1.04 * same(bytes)).unwrap();
        assert_eq!((verdict.passed, verdict.cases[0].verdict), (true, Standing::Within));
        assert_eq!(verdict.notes.len(), 1);
    }

    #[test]
    fn too_few_messages_for_confidence_do_not_excuse_slower_lone_messages() {
        let few = || {
            let mut few = case("a");
            let open = |tenth: &mut BaselineDecile| (tenth.p50_high, tenth.p99_high) = (None, None);
            few.deciles.iter_mut().for_each(open);
            (few.overall.p50_high, few.overall.p99_high) = (None, None);
            few
        };
        let verdict = with_best(few(), few(), |bytes| 3.0 * same(bytes)).unwrap();
        let of_case = &verdict.cases[0];
        assert_eq!((verdict.passed, of_case.verdict), (false, Standing::Worse));
        assert!(of_case.with(Outcome::Worse).all(|row| row.what == LONE), "{:?}", of_case.rows);
    }

    #[test]
    fn equal_best_times_judge_slowdowns() {
        let verdict = with_best(case("a"), case("a"), same).unwrap();
        assert_eq!((verdict.cases[0].verdict, verdict.cases[0].best_times), (Standing::Identical, BestTimesNow::Same));
        assert!(verdict.notes.is_empty() && verdict.cases[0].rows.iter().all(|row| row.unit != OF_BASELINE));
    }

    #[test]
    fn a_baseline_without_best_times_is_judged_as_ever_with_a_note() {
        let old = BaselineCase { best_times: Vec::new(), ..case("a") };
        let verdict = with_best(old, case("a"), |bytes| 3.0 * same(bytes)).unwrap();
        let of_case = &verdict.cases[0];
        assert_eq!((of_case.verdict, of_case.best_times), (Standing::Identical, BestTimesNow::NotInBaseline));
        assert!(verdict.notes[0].contains("has no best times") && verdict.notes[0].contains("--update REASON"));
    }

    #[test]
    fn numbers_that_samples_would_be_needed_for_are_left_out_with_a_note_and_never_all() {
        let only_large = |bytes| if bytes > 100 { 3.0 * same(bytes) } else { same(bytes) };
        let verdict = with_best(case("a"), case("a"), only_large).unwrap();
        let of_case = &verdict.cases[0];
        assert_eq!((of_case.verdict, of_case.rows.len()), (Standing::Worse, 9));
        assert!(
            of_case.with(Outcome::Worse).all(|row| ["5.0K", "101 - 5.0K"].contains(&row.messages.as_str())),
            "{:?}",
            of_case.rows
        );
        assert!(verdict.notes[0].contains("those over all messages are left out"), "{:?}", verdict.notes);
        let other_tenths = changed(|case| {
            case.deciles.remove(0);
            case.deciles[0].size_max = 4999;
        });
        let text = with_best(case("a"), other_tenths, only_large).unwrap_err().to_string();
        assert!(text.contains("case a") && text.contains("measure.exact_samples"), "{text}");
    }
}
