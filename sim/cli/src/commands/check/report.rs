//! What people read of a check.

use crate::text::count;
use homa_lab::{BestTimesNow, CaseVerdict, Estimate, Outcome, Standing, Verdict, VerdictRow};
use std::fmt::Write as _;

/// The numbers that moved, or all; nothing if there are none.
pub(crate) fn numbers(verdict: &Verdict, all: bool) -> String {
    let moved = |row: &&VerdictRow| all || !matches!(row.outcome, Outcome::Same | Outcome::WithinTolerance);
    let rows = verdict.cases.iter().flat_map(|case| case.rows.iter().filter(moved).map(move |row| (case, row)));
    let lines: Vec<[String; 7]> = rows.map(|(case, row)| line(case, row)).collect();
    if lines.is_empty() {
        return String::new();
    }
    let head = ["case", "messages", "number", "baseline (95 %)", "now (95 %)", "change", "verdict"].map(str::to_owned);
    let all: Vec<_> = std::iter::once(&head).chain(&lines).collect();
    let mut widths = [0; 7];
    for line in &all {
        for (width, text) in widths.iter_mut().zip(*line) {
            *width = text.chars().count().max(*width);
        }
    }
    let mut text = String::new();
    for [case, messages, number, baseline, now, change, verdict] in all {
        let [w0, w1, w2, w3, w4, w5, _] = widths;
        let _ = writeln!(
            text,
            "{case:<w0$}  {messages:>w1$}  {number:<w2$}  {baseline:>w3$}  {now:>w4$}  {change:>w5$}  {verdict}"
        );
    }
    text.push('\n');
    text
}

fn line(case: &CaseVerdict, row: &VerdictRow) -> [String; 7] {
    let unit = if row.unit == "slowdown" { String::new() } else { format!(", {}", row.unit) };
    [
        case.case.clone(),
        row.messages.clone(),
        format!("{}{unit}", row.what),
        estimate(&row.baseline),
        estimate(&row.now),
        change(row),
        outcome(row.outcome).to_owned(),
    ]
}

/// "12.34 (11.9 - 13.0)".
fn estimate(estimate: &Estimate) -> String {
    let value = estimate.value.map_or_else(|| "inf".to_owned(), digits);
    match (estimate.low, estimate.high) {
        (Some(low), Some(high)) => format!("{value} ({} - {})", digits(low), digits(high)),
        (Some(low), None) => format!("{value} (over {})", digits(low)),
        (None, _) => value,
    }
}

/// A number with four digits.
fn digits(value: f64) -> String {
    let before = if value.abs() < 1.0 { 1 } else { (value.abs() as u64).ilog10() as usize + 1 };
    format!("{value:.*}", 4_usize.saturating_sub(before))
}

/// "+3.4 %", "-" where there is no percentage.
pub(crate) fn change(row: &VerdictRow) -> String {
    row.change_percent.map_or_else(|| "-".to_owned(), |percent| format!("{percent:+.1} %"))
}

const fn outcome(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Better => "better",
        Outcome::Same => "same",
        Outcome::WithinTolerance => "within tolerance",
        Outcome::WithinConfidence => "within confidence",
        Outcome::Worse => "WORSE",
    }
}

/// "p99 of 37 - 1.4K B: 12.3 -> 15.6, +26.8 %".
pub(crate) fn move_of(row: &VerdictRow) -> String {
    let messages = if row.messages == "all" { "all messages".to_owned() } else { format!("{} B", row.messages) };
    let unit = if row.unit == "slowdown" { String::new() } else { format!(" {}", row.unit) };
    let value = |of: &Estimate| of.value.map_or_else(|| "inf".to_owned(), digits);
    let (before, now) = (value(&row.baseline), value(&row.now));
    format!("{} of {messages}: {before} -> {now}{unit}, {}", row.what, change(row))
}

/// A case in one line.
pub(crate) fn case(case: &CaseVerdict) -> String {
    let name = match case.case == case.baseline_case {
        true => case.case.clone(),
        false => format!("{} (baseline: {})", case.case, case.baseline_case),
    };
    let most = |outcome: Outcome| {
        let moved = case.most(outcome).map_or_else(String::new, |row| format!(", most {}", move_of(row)));
        format!("{} of {} numbers{moved}", case.with(outcome).count(), case.rows.len())
    };
    let text = match case.verdict {
        Standing::Identical => format!("{name}: identical"),
        Standing::Within => {
            let [tolerance, confidence] =
                [Outcome::WithinTolerance, Outcome::WithinConfidence].map(|outcome| case.with(outcome).count());
            let what = if case.has_changed() { "trajectories changed" } else { "same trajectories" };
            format!(
                "{name}: {what}, nothing is worse ({tolerance} of {} numbers moved within tolerance, {confidence} within confidence)",
                case.rows.len()
            )
        }
        Standing::Better => format!("{name}: BETTER: {}", most(Outcome::Better)),
        Standing::DigestChanged => {
            format!("{name}: CHANGED: digest {} instead of {}", case.digest, case.baseline_digest)
        }
        Standing::Worse => format!("{name}: WORSE: {}", most(Outcome::Worse)),
    };
    match case.best_times {
        BestTimesNow::Differ => text + "; latencies were judged, as lone messages take other times",
        BestTimesNow::Same | BestTimesNow::NotInBaseline => text,
    }
}

/// A line for each case, and what to do.
pub(crate) fn summary(verdict: &Verdict) -> String {
    let mut text: String = verdict.cases.iter().map(|of| format!("{}\n", case(of))).collect();
    text.extend(verdict.notes.iter().map(|note| format!("note: {note}\n")));
    let cases = verdict.cases.len();
    let failed = verdict.cases.iter().filter(|case| case.fails()).count();
    let beyond = format!(
        "p50 {} %, p99 {} %, and 95 % confidence",
        verdict.allowed.p50_within.get(),
        verdict.allowed.p99_within.get()
    );
    if failed > 0 {
        let _ = writeln!(
            text,
            "FAILED: {failed} of {} (allowed: {beyond}{}); if that is intended, say why with --update REASON",
            count(cases, "case"),
            if verdict.allowed.digest { "; no other digest" } else { "" }
        );
        return text;
    }
    let _ = writeln!(text, "passed: nothing in {} is worse beyond {beyond}", count(cases, "case"));
    if verdict.cases.iter().any(|case| case.verdict == Standing::Better) {
        let _ = writeln!(text, "what is better stays so if it is the baseline: --update REASON");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_four_digits() {
        for (value, text) in
            [(0.0, "0.000"), (0.123_45, "0.123"), (1.234_56, "1.235"), (12.345, "12.35"), (123_456.0, "123456")]
        {
            assert_eq!(digits(value), text);
        }
    }

    #[test]
    fn what_is_infinite_or_unbounded_is_said_in_words() {
        let of = |value, low, high| estimate(&Estimate { value, low, high });
        assert_eq!(of(None, Some(2.0), None), "inf (over 2.000)");
        assert_eq!(of(Some(2.0), None, None), "2.000");
        assert_eq!(of(Some(2.0), Some(1.0), Some(3.0)), "2.000 (1.000 - 3.000)");
    }
}
