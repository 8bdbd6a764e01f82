//! `homasim show` prints what is in a folder of results and says what is missing; a repeat of `run`
//! prints what was there.

use crate::common::{Sandbox, TINY, stderr, stdout};
use serde_json::Value;
use std::process::Output;

const SWEEP: &str = "[sweep]\nworkload.load = [0.4, 0.6]\n";

fn sandbox() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.write("tiny.toml", &format!("# Question: which load is too much?\n{TINY}{SWEEP}"));
    sandbox
}

fn run(sandbox: &Sandbox, arguments: &[&str]) -> Output {
    let output = sandbox.run(&[&["run", "--no-png", "tiny.toml"], arguments].concat());
    assert!(output.status.success(), "{}", stderr(&output));
    output
}

/// From a case's table to its last warning: what `run` prints but for the place.
fn tables(text: &str) -> Vec<String> {
    let mut tables = Vec::new();
    for line in text.lines() {
        if line.contains(": slowdown by tenth of messages") {
            tables.push(String::new());
        }
        let is_place = ["wrote ", "done before", "in "].iter().any(|begin| line.starts_with(begin));
        if let Some(table) = tables.last_mut().filter(|_| !is_place && !line.is_empty() && !line.starts_with("of all"))
        {
            *table += &format!("{line}\n");
        }
    }
    tables
}

#[test]
fn show_and_a_repeated_run_print_the_tables_and_warnings_of_the_first_run() {
    let sandbox = sandbox();
    let first = tables(&stdout(&run(&sandbox, &[])));
    assert!(first.len() == 2 && first.iter().all(|table| table.contains("warning: ")), "{first:?}");
    let again = run(&sandbox, &[]);
    assert_eq!(tables(&stdout(&again)), first);
    assert!(stdout(&again).contains("done before, kept in results/out/tiny/w3-0.4"), "{}", stdout(&again));
    let shown = sandbox.run(&["show", "results/out/tiny"]);
    assert_eq!(shown.status.code(), Some(0), "{}", stderr(&shown));
    assert_eq!(tables(&stdout(&shown)), first);
    for part in ["tiny: 2 of 2 cases complete", "question: which load is too much?", "results/out/tiny/overview.csv"] {
        assert!(stdout(&shown).contains(part), "`{part}` is missing in: {}", stdout(&shown));
    }
    let case = sandbox.run(&["show", "results/out/tiny/w3-0.6"]);
    assert_eq!(case.status.code(), Some(0));
    assert_eq!(tables(&stdout(&case)), first[1..]);
}

#[test]
fn a_repeated_run_tells_its_warnings_also_when_it_is_quiet() {
    let sandbox = sandbox();
    let first = run(&sandbox, &["--quiet"]);
    assert!(stderr(&first).contains("warning: w3-0.4: "), "{}", stderr(&first));
    assert_eq!(stderr(&run(&sandbox, &["--quiet"])), stderr(&first));
}

#[test]
fn show_prints_the_objects_of_run_and_of_what_is_missing() {
    let sandbox = sandbox();
    let first = run(&sandbox, &["--json", "--quiet", "--only", "w3-0.6"]);
    let shown = sandbox.run(&["show", "results/out/tiny", "--json"]);
    assert_eq!(shown.status.code(), Some(1));
    let text = stdout(&shown);
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines.len(), 2);
    assert_eq!(lines[1], stdout(&first).trim_end());
    let missing: Value = serde_json::from_str(lines[0]).unwrap();
    assert_eq!((missing["case"].as_str(), missing["complete"].as_bool()), (Some("w3-0.4"), Some(false)));
    let seeds: Vec<_> = missing["missing"].as_array().unwrap().iter().map(|run| run["seed"].as_u64()).collect();
    assert_eq!(seeds, [Some(1), Some(2)]);
}

#[test]
fn show_names_the_runs_that_are_missing() {
    let sandbox = sandbox();
    // The first run of each case.
    run(&sandbox, &["--shard", "1/2"]);
    let shown = sandbox.run(&["show", "results/out/tiny"]);
    assert_eq!(shown.status.code(), Some(1));
    let text = stdout(&shown);
    let keys = stdout(&sandbox.run(&["plan", "tiny.toml", "--keys"]));
    let second = keys.lines().nth(1).unwrap();
    let told = format!("w3-0.4: not complete: 1 of 2 runs is missing: seed 2 ({second})");
    assert!(text.contains("0 of 2 cases complete") && text.contains(&told), "{text}");
    // What it says to do makes it complete.
    run(&sandbox, &["--only", second]);
    run(&sandbox, &[]);
    assert_eq!(sandbox.run(&["show", "results/out/tiny"]).status.code(), Some(0));
    // A case that was taken away, and one that is damaged.
    std::fs::remove_dir_all(sandbox.path("results/out/tiny/w3-0.4")).unwrap();
    sandbox.write("results/out/tiny/w3-0.6/summary.json", "{");
    let shown = sandbox.run(&["show", "results/out/tiny"]);
    assert_eq!(shown.status.code(), Some(1));
    let text = stdout(&shown);
    assert!(text.contains("w3-0.4: not complete: the 2 runs are there, but the case was not written yet"), "{text}");
    assert!(text.contains("w3-0.6: damaged: cannot use results/out/tiny/w3-0.6/summary.json"), "{text}");
}

#[test]
fn what_is_no_folder_of_results_is_told_with_those_that_are_near() {
    let sandbox = sandbox();
    run(&sandbox, &["--quiet", "--seed", "1"]);
    let refuse = |folder: &str, part: &str| {
        let output = sandbox.run(&["show", folder]);
        assert_eq!(output.status.code(), Some(2), "{folder}");
        assert!(stderr(&output).contains(part), "`{part}` is missing in: {}", stderr(&output));
    };
    refuse("nowhere", "nowhere: there is no such folder");
    refuse("tiny.toml", "tiny.toml: there is no such folder");
    refuse("results/out", "there are results in results/out/tiny");
    refuse("results/out/tiny/runs", "has no results (there is no manifest.toml in it)");
    sandbox.write("results/out/tiny/manifest.toml", "x = 1\n");
    refuse("results/out/tiny", "results/out/tiny/manifest.toml: ");
}
