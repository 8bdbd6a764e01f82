//! Annotations for GitHub Actions: lines of standard output that it shows at a file.

use super::report;
use homa_lab::{CaseVerdict, Standing, Verdict};
use std::path::Path;

/// A line for each case that is not identical.
pub(crate) fn annotations(file: &Path, verdict: &Verdict) -> String {
    let annotation = |case: &CaseVerdict| {
        let (kind, what) = match case.verdict {
            Standing::Identical => return None,
            Standing::Within if case.has_changed() => ("notice", "trajectories changed"),
            Standing::Within => ("notice", "numbers changed"),
            Standing::Better => ("warning", "tail latency is better than the baseline"),
            Standing::DigestChanged => ("error", "trajectories changed"),
            Standing::Worse => ("error", "tail latency regression"),
        };
        Some(line(kind, file, &format!("{what}: {}", case.case), &report::case(case)) + "\n")
    };
    verdict.cases.iter().filter_map(annotation).collect()
}

/// A check that came to no verdict.
pub(crate) fn could_not_run(file: &Path, error: &anyhow::Error) -> String {
    line("error", file, "homasim check could not run", &format!("{error:#}"))
}

fn line(kind: &str, file: &Path, title: &str, message: &str) -> String {
    let file = file.to_string_lossy();
    format!("::{kind} file={},title={}::{}", property(&file), property(title), data(message))
}

/// As the runner's toolkit escapes a message.
fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// As the runner's toolkit escapes a property, which a colon or comma would end.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_would_end_a_property_or_line_is_escaped() {
        let text = line("error", Path::new("a,b:c.toml"), "p99: 5 %", "one: 5 %,\r\ntwo");
        assert_eq!(text, "::error file=a%2Cb%3Ac.toml,title=p99%3A 5 %25::one: 5 %25,%0D%0Atwo");
    }
}
