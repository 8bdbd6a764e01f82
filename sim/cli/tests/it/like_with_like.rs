//! Only what is alike is compared: the same traffic in the same network, divided by the same best
//! times, in a steady state. What isn't is refused, or said.

use crate::common::{LONE, Sandbox, TINY, stderr, stdout};
use serde_json::Value;
use std::process::Output;

/// Two cases of lone messages, of which one has a sixth of the rate.
const VARIANTS: &str = r#"
[[variant]]
name = "default"
[[variant]]
name = "incoming"
set = ["transport.homa.sysctl.max_incoming=10000"]
"#;
const DEFAULT: &str = "out/1000000-payload-0.0005-default";
const INCOMING: &str = "out/1000000-payload-0.0005-incoming";

fn run(sandbox: &Sandbox, out: &str, sets: &[&str]) {
    let sets: Vec<&str> = sets.iter().flat_map(|set| ["--set", set]).collect();
    let output = sandbox.run(&[&["run", "--no-png", "-q", "x.toml", "--out", out], &sets[..]].concat());
    assert!(output.status.success(), "{}", stderr(&output));
}

fn sandbox(text: &str, outs: &[(&str, &[&str])]) -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.write("x.toml", text);
    outs.iter().for_each(|(out, sets)| run(&sandbox, out, sets));
    sandbox
}

fn compare(sandbox: &Sandbox, arguments: &[&str], code: i32) -> Output {
    let output = sandbox.run(&[&["compare"], arguments].concat());
    assert_eq!(output.status.code(), Some(code), "{arguments:?}: {}", stderr(&output));
    output
}

fn json(sandbox: &Sandbox, arguments: &[&str]) -> Value {
    let output = compare(sandbox, &[arguments, &["--json"]].concat(), 0);
    serde_json::from_str(&stdout(&output)).unwrap()
}

fn summary(sandbox: &Sandbox, case: &str) -> Value {
    serde_json::from_slice(&std::fs::read(sandbox.path(case).join("summary.json")).unwrap()).unwrap()
}

fn has(text: &str, parts: &[&str]) {
    parts.iter().for_each(|part| assert!(text.contains(part), "`{part}` is missing in:\n{text}"));
}

#[test]
fn latencies_are_compared_where_best_times_differ_from_kept_runs_and_from_files_of_messages() {
    let sandbox = sandbox(&format!("{LONE}{VARIANTS}"), &[("out", &["measure.messages=true"])]);
    let kept = json(&sandbox, &[DEFAULT, INCOMING]);
    assert_eq!(kept["quantity"], "latency_us");
    let row = &kept["rows"][0]["p50"];
    for (side, case) in [("a", DEFAULT), ("b", INCOMING)] {
        assert_eq!(row[side], summary(&sandbox, case)["short_messages"]["p50_us"], "{case}");
        // Relative to its own best time each looks as good as the other.
        assert!(summary(&sandbox, case)["overall"]["p50"].as_f64().unwrap() < 1.01);
    }
    assert!(row["ratio"].as_f64().unwrap() > 5.0, "{row}");
    let text = stdout(&compare(&sandbox, &[DEFAULT, INCOMING], 0));
    has(&text, &["latency in us by tenth", "as best times differ", "a message of 1000000 B takes"]);
    let of = |ending: &str| {
        let name = format!("{DEFAULT}/compare-x-1000000-payload-0.0005-incoming.{ending}");
        std::fs::read_to_string(sandbox.path(&name)).unwrap()
    };
    has(&of("csv"), &["# latency in us\n", "# note: latencies are compared"]);
    has(&of("svg"), &["Latency (us)", "best times differ"]);

    std::fs::remove_dir_all(sandbox.path("out/runs")).unwrap();
    assert_eq!(json(&sandbox, &[DEFAULT, INCOMING])["rows"], kept["rows"]);
    std::fs::remove_file(sandbox.path(INCOMING).join("messages.csv")).unwrap();
    let refused = stderr(&compare(&sandbox, &[DEFAULT, INCOMING], 2));
    has(&refused, &["slowdowns of", "takes 710.", "B has neither kept runs", "measure.messages=true"]);
}

#[test]
fn slowdowns_are_compared_where_best_times_are_the_same_though_parameters_differ() {
    let other = ["transport.sigcomm18.overcommitment=2", "measure.drain=5ms"];
    let sandbox = sandbox(TINY, &[("a", &[]), ("b", &other), ("c", &["host.send_delay=2us"])]);
    assert_eq!(json(&sandbox, &["a/w3-0.6", "b/w3-0.6"])["quantity"], "slowdown");
    // A host's delay is what may be compared, and is part of the best time.
    let delayed = json(&sandbox, &["a/w3-0.6", "c/w3-0.6"]);
    assert_eq!((&delayed["quantity"], &delayed["intervals"]), (&"latency_us".into(), &"paired".into()));
    let [fast, slow] = ["a", "b"].map(|side| delayed["rows"][0]["p50"][side].as_f64().unwrap());
    assert!((1.0..3.0).contains(&(slow - fast)), "2 us less 0.5: {fast} and {slow} us");
}

#[test]
fn a_transport_is_compared_with_another_by_latency_and_what_each_measures_is_said() {
    let homa = ["transport.kind=homa", "workload.sizes=w3-kernel"];
    let sandbox = sandbox(
        TINY,
        &[("a", &homa[1..]), ("b", &homa), ("c", &[&homa[..], &["transport.homa.completes=request"]].concat())],
    );
    let case = "w3-kernel-0.6";
    let notes = |other: &str| {
        let compared = json(&sandbox, &[&format!("a/{case}"), &format!("{other}/{case}")]);
        assert_eq!(compared["quantity"], "latency_us");
        compared["notes"].to_string()
    };
    has(&notes("b"), &["latencies are compared", "A messages one way, B requests until the response is there"]);
    assert!(!notes("c").contains("different things"));
}

#[test]
fn cases_with_other_traffic_or_networks_are_refused_unless_that_is_asked_for() {
    let sandbox = sandbox(TINY, &[("a", &[])]);
    for (set, case, parts) in [
        ("workload.sizes=w2", "w2-0.6", ["workload.sizes", "\"w3\"", "\"w2\""]),
        ("workload.load=0.5", "w3-0.5", ["workload.load", "0.6", "0.5"]),
        ("measure.window=1ms", "w3-0.6", ["measure.window", "\"2ms\"", "\"1ms\""]),
        ("measure.warmup=1ms", "w3-0.6", ["measure.warmup", "\"500us\"", "\"1ms\""]),
        ("workload.threads=2", "w3-0.6", ["workload.threads", "unset", "2"]),
        ("workload.gaps=constant", "w3-0.6", ["workload.gaps", "unset (its default)", "constant"]),
        ("topology.preset=sigcomm18", "w3-0.6", ["topology.preset", "\"sigcomm18-16\"", "\"sigcomm18\""]),
    ] {
        run(&sandbox, "b", &[set, "run.seeds=[1]"]);
        let other = format!("b/{case}");
        let message = stderr(&compare(&sandbox, &["a/w3-0.6", &other], 2));
        has(&message, &[&parts[..], &["are not alike", "--unlike"]].concat());
        let compared = json(&sandbox, &["a/w3-0.6", &other, "--unlike"]);
        assert_eq!(compared["unlike"][0]["key"], parts[0], "{set}");
        let text = stdout(&compare(&sandbox, &["a/w3-0.6", &other, "--unlike"], 0));
        assert!(text.starts_with(&format!("UNLIKE: {} is", parts[0])), "{text}");
        std::fs::remove_dir_all(sandbox.path("b")).unwrap();
    }
    // What may be compared, and what only says which runs or how long they may take.
    run(
        &sandbox,
        "b",
        &["transport.kind=blind", "measure.drain=1ms", "run.seeds=[3]", "measure.denominator=sigcomm18"],
    );
    assert_eq!(json(&sandbox, &["a/w3-0.6", "b/w3-0.6"])["unlike"], serde_json::json!([]));
    let table = ["a/w3-0.6", "a/w3-0.6/slowdown.csv", "--denominator", "sigcomm18", "--unlike"];
    has(&stderr(&compare(&sandbox, &table, 2)), &["--unlike is for two cases"]);
}

#[test]
fn a_published_curve_is_of_its_network_and_not_compared_with_another() {
    let sandbox = sandbox(TINY, &[("a", &["workload.load=0.8"])]);
    for arguments in [&["a/w3-0.8", "sigcomm18"][..], &["a/w3-0.8", "--reference", "sigcomm18"]] {
        let message = stderr(&compare(&sandbox, arguments, 2));
        has(&message, &["sigcomm18-16", "--set topology.preset=sigcomm18", "--unlike"]);
        let text = stdout(&compare(&sandbox, &[arguments, &["--unlike"]].concat(), 1));
        has(&text, &["UNLIKE: topology is sigcomm18-16 in A and sigcomm18 in B", "warning: ours: "]);
    }
}

#[test]
fn no_row_of_a_side_that_is_not_steady_is_starred_and_the_warnings_of_both_are_told() {
    let heavy = ["workload.sizes=w4", "workload.load=0.8"];
    // Slow hosts make a difference that no interval leaves in doubt.
    let slow = [heavy[0], heavy[1], "host.send_delay=3us"];
    let sandbox = sandbox(TINY, &[("a", &heavy), ("b", &slow)]);
    let cases = ["a/w4-0.8", "b/w4-0.8"];
    let unsteady: Vec<_> = cases
        .into_iter()
        .filter(|case| {
            let warnings = summary(&sandbox, case)["warnings"].to_string();
            ["not steady: ", "less delivered than offered: ", "overloaded: "].iter().any(|name| warnings.contains(name))
        })
        .collect();
    assert!(!unsteady.is_empty(), "the window is too short for such messages");
    let compared = json(&sandbox, &cases);
    for (side, case) in [("a", cases[0]), ("b", cases[1])] {
        assert_eq!(compared[side]["warnings"], summary(&sandbox, case)["warnings"]);
        assert_eq!(compared[side]["steady"], !unsteady.contains(&case));
    }
    let rows = compared["rows"].as_array().unwrap();
    let is_outside = |row: &Value| row["p50"]["interval"][0].as_f64().is_some_and(|low| low > 1.0);
    assert!(rows.iter().any(is_outside), "a row would be starred");
    assert!(rows.iter().all(|row| row["p50"]["significant"].is_null() && row["p99"]["significant"].is_null()));
    let text = stdout(&compare(&sandbox, &cases, 0));
    has(&text, &["warning: A: ", "warning: B: ", "no row is starred", "not in a steady state", "p50 not judged"]);
    assert!(!text.contains("]*"), "{text}");
    let svg = std::fs::read_to_string(sandbox.path("a/w4-0.8/compare-x-w4-0.8.svg")).unwrap();
    has(&svg, &["(not steady)"]);
    let overview = std::fs::read_to_string(sandbox.path("b/overview.csv")).unwrap();
    let warning = summary(&sandbox, cases[1])["warnings"][0].as_str().unwrap().to_owned();
    has(&overview, &["steady,warnings,warning_texts", &warning]);
}

#[test]
fn two_unfinished_quantiles_are_words_and_their_row_is_not_starred() {
    let cut = ["measure.drain=1us"];
    let other = [cut[0], "transport.sigcomm18.overcommitment=1"];
    let sandbox = sandbox(TINY, &[("a", &cut), ("b", &other)]);
    let compared = json(&sandbox, &["a/w3-0.6", "b/w3-0.6"]);
    let rows = compared["rows"].as_array().unwrap();
    let last = rows.last().unwrap();
    assert!(last["unfinished"][0].as_u64() > Some(0) && last["unfinished"][1].as_u64() > Some(0), "{last}");
    for key in ["a", "b", "ratio", "interval", "significant"] {
        assert!(last["p99"][key].is_null(), "{key} of {last}");
    }
    for row in rows.iter().filter(|row| row["unfinished"] != serde_json::json!([0, 0])) {
        assert!(row["p50"]["significant"].is_null(), "{row}");
    }
    let text = stdout(&compare(&sandbox, &["a/w3-0.6", "b/w3-0.6"], 0));
    has(&text, &["unfinished / unfinished", "both unfinished", "rows have unfinished messages and are not starred"]);
    assert!(!text.contains("inf /") && !text.contains("NaN"), "{text}");
    let csv = std::fs::read_to_string(sandbox.path("a/w3-0.6/compare-x-w3-0.6.csv")).unwrap();
    has(&csv, &["unfinished,unfinished,,,,"]);
}
