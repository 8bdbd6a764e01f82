//! A check as JUnit XML: a suite for each case, a test for its digest and for each number.

use super::report;
use anyhow::Context;
use homa_lab::{CaseVerdict, Outcome, Standing, Verdict, VerdictRow};
use quick_junit::{NonSuccessKind, Report, TestCase, TestCaseStatus, TestSuite};

pub(crate) fn report(experiment: &str, verdict: &Verdict) -> anyhow::Result<String> {
    let mut report = Report::new("homasim check");
    for case in &verdict.cases {
        let mut suite = TestSuite::new(format!("{experiment}.{}", case.case));
        let class = format!("{experiment}.{}", case.case);
        suite.add_test_case(digest(&class, case, verdict.allowed.digest));
        suite.add_test_cases(case.rows.iter().map(|row| number(&class, row)));
        report.add_test_suite(suite);
    }
    report.to_string().context("cannot make JUnit XML")
}

fn digest(class: &str, case: &CaseVerdict, is_demanded: bool) -> TestCase {
    let changed = case.has_changed();
    let status = match is_demanded && changed {
        true => failure("digest", format!("digest {} instead of {}", case.digest, case.baseline_digest)),
        false => TestCaseStatus::success(),
    };
    let mut test = TestCase::new("digest", status);
    test.set_classname(class);
    if changed && case.verdict != Standing::DigestChanged {
        test.set_system_out(format!("digest {} instead of {}", case.digest, case.baseline_digest));
    }
    test
}

fn number(class: &str, row: &VerdictRow) -> TestCase {
    let status = match row.outcome {
        Outcome::Worse => failure("regression", report::move_of(row)),
        Outcome::Better | Outcome::Same | Outcome::WithinTolerance | Outcome::WithinConfidence => {
            TestCaseStatus::success()
        }
    };
    let mut test = TestCase::new(format!("{} of {}", row.what, row.messages), status);
    test.set_classname(class);
    test
}

fn failure(kind: &str, message: String) -> TestCaseStatus {
    let mut status = TestCaseStatus::non_success(NonSuccessKind::Failure);
    status.set_type(kind).set_message(message);
    status
}
