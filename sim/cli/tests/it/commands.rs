//! `list`, `describe` and `compare` say what they promise and end with the right exit code.

use crate::common::{Sandbox, TINY, stderr, stdout};
use serde_json::Value;
use std::path::Path;

fn experiments() -> String {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../experiments").display().to_string()
}

#[test]
fn list_shows_every_experiment_with_its_question() {
    let output = Sandbox::new().run(&["list", &experiments()]);
    let text = stdout(&output);
    assert!(output.status.success(), "{}", stderr(&output));
    let files = std::fs::read_dir(experiments())
        .unwrap()
        .filter(|entry| entry.as_ref().unwrap().path().extension().is_some_and(|extension| extension == "toml"));
    let count = files.count();
    assert!(count >= 4);
    assert_eq!(text.matches("Question:").count(), count, "{text}");
    assert_eq!(text.matches("Time:").count(), count, "{text}");
}

#[test]
fn list_shows_every_transport_with_a_line_on_it() {
    let output = Sandbox::new().run(&["list", "--transports"]);
    assert!(output.status.success(), "{}", stderr(&output));
    let text = stdout(&output);
    let lines: Vec<_> = text.lines().collect();
    let expected: Vec<_> =
        homa_transports::all().flat_map(|kind| [kind.name().to_owned(), format!("    {}", kind.summary())]).collect();
    assert_eq!(lines, expected);
}

#[test]
fn describe_says_what_will_be_simulated_and_writes_nothing() {
    let sandbox = Sandbox::new();
    sandbox.write("tiny.toml", &TINY.replace("sigcomm18-16", "sigcomm18"));
    let output = sandbox.run(&["describe", "tiny.toml", "--set", "workload.load=0.8"]);
    let text = stdout(&output);
    assert!(output.status.success(), "{}", stderr(&output));
    // The model's round trip of a full packet and a grant, its rate of messages and its cutoffs for
    // W3.
    for part in
        ["10.5 % of pairs", "4 equal paths", "7696ns", "303004 messages/s", "433, 2339, 6756, any", "packet-hops"]
    {
        assert!(text.contains(part), "`{part}` is missing in:\n{text}");
    }
    assert_eq!(sandbox.files(".").len(), 1);
}

#[test]
fn plan_and_describe_say_what_the_drain_may_take() {
    let sandbox = Sandbox::new();
    sandbox.write("tiny.toml", TINY);
    let drain_share = |set: &str| {
        let plan = stdout(&sandbox.run(&["plan", "tiny.toml", "--json", "--set", set]));
        let line: Value = serde_json::from_str(plan.lines().next().unwrap()).unwrap();
        line["drain_cpu_s_estimate"].as_f64().unwrap() / line["cpu_s_estimate"].as_f64().unwrap()
    };
    // Up to 4 ms of traffic like that of the 2.5 ms before; none, if generators stop.
    assert!((drain_share("measure.background=continue") - 1.6).abs() < 1e-9);
    assert_eq!(drain_share("measure.background=stop"), 0.0);
    let longer = ["tiny.toml", "--set", "measure.window=995us", "--set", "measure.warmup=5us", "--set"];
    let text = |command: &str, drain: &str| stdout(&sandbox.run(&[&[command], &longer[..], &[drain]].concat()));
    // A hundred times the 1 ms before.
    for command in ["plan", "describe"] {
        let told = text(command, "measure.drain=100ms");
        assert!(told.contains("with the longest drains"), "{told}");
        assert!(!text(command, "measure.drain=0us").contains("with the longest drains"));
    }
}

#[test]
fn compare_with_the_published_curves_needs_the_same_setting() {
    let sandbox = Sandbox::new();
    sandbox.write("tiny.toml", &TINY.replace("load = 0.6", "load = 0.8"));
    assert!(sandbox.run(&["run", "--no-png", "tiny.toml", "--out", "out"]).status.success());
    let unknown = sandbox.run(&["compare", "out/w3-0.8", "--reference", "sigcomm19"]);
    assert_eq!(unknown.status.code(), Some(2));
    assert!(stderr(&unknown).contains("accepted are \"sigcomm18\""), "{}", stderr(&unknown));

    let overrides = ["--set", "measure.denominator=simulated", "--out", "simulated"];
    assert!(sandbox.run(&[&["run", "--no-png", "tiny.toml"], &overrides[..]].concat()).status.success());
    let mixed = sandbox.run(&["compare", "simulated/w3-0.8", "--reference", "sigcomm18"]);
    assert_eq!(mixed.status.code(), Some(2));
    assert!(stderr(&mixed).contains("relative to \"simulated\""), "{}", stderr(&mixed));

    assert!(
        sandbox.run(&["run", "--no-png", "tiny.toml", "--set", "workload.load=0.6", "--out", "out"]).status.success()
    );
    let no_curve = sandbox.run(&["compare", "out/w3-0.6", "--reference", "sigcomm18"]);
    assert_eq!(no_curve.status.code(), Some(2));
    assert!(
        stderr(&no_curve).contains("no curve of Homa for w3 at wire load 0.6; it has Homa"),
        "{}",
        stderr(&no_curve)
    );
}

/// A 16-host network is not that of the paper, so the comparison must find differences; it draws
/// the overlay all the same.
#[test]
fn compare_tells_ours_theirs_ratio_and_verdict_and_draws_the_overlay() {
    let sandbox = Sandbox::new();
    sandbox.write("tiny.toml", &TINY.replace("load = 0.6", "load = 0.8"));
    assert!(sandbox.run(&["run", "--no-png", "tiny.toml", "--out", "out"]).status.success());
    let output = sandbox.run(&["compare", "out/w3-0.8", "--reference", "sigcomm18", "--unlike", "--json"]);
    assert_eq!(output.status.code(), Some(1), "{}", stderr(&output));
    let comparison: Value = serde_json::from_str(&stdout(&output)).unwrap();
    assert_eq!(comparison["within_tolerance"], false);
    assert_eq!(
        (&comparison["unlike"][0]["a"], &comparison["unlike"][0]["b"]),
        (&"sigcomm18-16".into(), &"sigcomm18".into())
    );
    let row = &comparison["rows"][4];
    assert_eq!((row["percentile"].as_f64(), row["size_bytes"].as_u64()), (Some(10.0), Some(36)));
    assert_eq!(row["p99"]["theirs"].as_f64(), Some(2.21407));
    assert!(row["p99"]["ratio"].is_number() && row["p99"]["within"].is_boolean());
    let svg = std::fs::read_to_string(sandbox.path("out/w3-0.8/compare-sigcomm18.svg")).unwrap();
    assert!(svg.contains("Homa as published"));
    let png = std::fs::read(sandbox.path("out/w3-0.8/compare-sigcomm18.png")).unwrap();
    assert!(png.starts_with(b"\x89PNG"));
}

#[test]
fn compare_without_a_result_says_what_to_give() {
    let output = Sandbox::new().run(&["compare", "nowhere", "--reference", "sigcomm18"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("cannot use nowhere/summary.json"), "{}", stderr(&output));
    assert!(stderr(&output).contains("give the folder of a case"), "{}", stderr(&output));
}

/// A user's own file may be called like a shipped distribution; it is another one all the same.
#[test]
fn a_file_called_like_a_shipped_distribution_is_not_taken_for_it() {
    let sandbox = Sandbox::new();
    sandbox.write("w3.csv", "size_bytes,cum_prob\n100,0.5\n200,1\n");
    sandbox.write("tiny.toml", &TINY.replace("\"w3\"", "\"w3.csv\"").replace("load = 0.6", "load = 0.8"));
    let run = sandbox.run(&["run", "--no-png", "tiny.toml", "--out", "out", "--json"]);
    assert!(run.status.success(), "{}", stderr(&run));
    let line: Value = serde_json::from_str(&stdout(&run)).unwrap();
    assert_eq!((line["workload"].as_str(), line["parameters"]["scheduled_levels"].as_u64()), (Some("w3.csv"), Some(1)));
    let compare = sandbox.run(&["compare", "out/w3.csv-0.8", "--reference", "sigcomm18"]);
    assert_eq!(compare.status.code(), Some(2));
}

#[test]
fn a_replay_can_be_compared_with_its_trace_only_if_it_has_all_its_messages() {
    let sandbox = Sandbox::new();
    let rows: String =
        (0..400).map(|row| format!("{}.0,{},{},100,2000.0\n", row * 10_000, row % 16, (row + 1) % 16)).collect();
    sandbox.write("trace.csv", &format!("t_ns,src,dst,size,latency_ns\n{rows}"));
    let experiment = TINY.replace("load = 0.6", "trace = \"trace.csv\"").replace("[1, 2]", "[1]");
    sandbox.write("tiny.toml", &experiment);
    let run = sandbox.run(&["run", "--no-png", "tiny.toml", "--out", "out", "--set", "measure.messages=true"]);
    assert!(run.status.success(), "{}", stderr(&run));
    let compare = || sandbox.run(&["compare", "out/w3-trace", "--trace", "trace.csv"]);
    assert_eq!(compare().status.code(), Some(1), "{}", stderr(&compare()));
    let messages = std::fs::read_to_string(sandbox.path("out/w3-trace/messages.csv")).unwrap();
    let header = messages.lines().next().unwrap();
    sandbox.write("out/w3-trace/messages.csv", &format!("{header}\n"));
    assert_eq!(compare().status.code(), Some(2));
    assert!(stderr(&compare()).contains("0 messages"), "{}", stderr(&compare()));
}
