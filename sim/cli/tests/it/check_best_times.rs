//! A check is not blind to what makes lone messages slower, which slowdowns don't show: where best
//! times differ from the baseline's, it judges latencies.

use crate::common::{LONE, Sandbox, TINY, stderr, stdout};
use serde_json::Value;

const BASELINE: &str = "results/baselines/x.json";

/// A fifth of the rate for each lone message of 1 MB.
const SLOW: &str = "transport.homa.sysctl.max_incoming=10000";

fn sandbox(experiment: &str) -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.write("x.toml", experiment);
    check(&sandbox, 0, &["--update", "first", "--quiet"]);
    sandbox
}

/// Standard output of a check that ends with `code`.
fn check(sandbox: &Sandbox, code: i32, more: &[&str]) -> String {
    let output = sandbox.run(&[&["check", "x.toml"], more].concat());
    let text = stdout(&output);
    assert_eq!(output.status.code(), Some(code), "{more:?}: {text}{}", stderr(&output));
    text
}

fn json(sandbox: &Sandbox, code: i32, more: &[&str]) -> Value {
    serde_json::from_str(&check(sandbox, code, &[more, &["--json"]].concat())).expect("one object")
}

fn read(sandbox: &Sandbox) -> Value {
    serde_json::from_slice(&std::fs::read(sandbox.path(BASELINE)).unwrap()).unwrap()
}

/// Makes the baseline one of an earlier version.
fn without_best_times(sandbox: &Sandbox) {
    let mut baseline = read(sandbox);
    for case in baseline["cases"].as_array_mut().unwrap() {
        assert!(case.as_object_mut().unwrap().remove("best_times").is_some());
    }
    sandbox.write(BASELINE, &baseline.to_string());
}

/// By how many percent the p99 of the tenth that ends the table is larger, and its unit.
fn last_p99(verdict: &Value) -> (f64, String) {
    let row = verdict["cases"][0]["rows"].as_array().unwrap().last().unwrap();
    assert_eq!(row["what"], "p99");
    (row["change_percent"].as_f64().unwrap(), row["unit"].as_str().unwrap().to_owned())
}

#[test]
fn lone_messages_that_became_slower_are_a_regression_though_their_slowdowns_are_equal() {
    let sandbox = sandbox(LONE);
    let text = check(&sandbox, 1, &["--set", SLOW, "--github"]);
    for part in [
        "latencies are judged, as multiples of the best times in the baseline",
        "a message of 1000000 B takes 710.896 us at best in the baseline and 4046.52 us now",
        "times the baseline's best",
        "WORSE: 1 of 8 numbers, most lone of 1.0M B: 710.9 -> 4047 us, +469.2 %",
        "+469.2 %; latencies were judged, as lone messages take other times\n",
        "::error file=x.toml,title=tail latency regression",
    ] {
        assert!(text.contains(part), "`{part}` is missing in: {text}");
    }
    // Whether samples are kept or not. Of so few messages confidence has no upper end; counted in cells they have none at
    // all.
    for (set, of_all) in
        [(&["--set", SLOW][..], "within-confidence"), (&["--set", SLOW, "--set", "measure.exact_samples=0"], "worse")]
    {
        let verdict = json(&sandbox, 1, set);
        let case = &verdict["cases"][0];
        assert_eq!((case["verdict"].as_str(), case["best_times"].as_str()), (Some("worse"), Some("differ")));
        assert_eq!(case["different_best"]["bytes"], 1_000_000);
        let (percent, unit) = last_p99(&verdict);
        assert!((percent - 469.0).abs() < 1.0 && unit == "times the baseline's best", "{set:?}: {percent} {unit}");
        let rows = case["rows"].as_array().unwrap();
        let [lone, over_all] = [&rows[1], &rows[2]];
        assert_eq!((lone["what"].as_str(), lone["outcome"].as_str()), (Some("lone"), Some("worse")));
        assert_eq!((lone["baseline"]["value"].as_f64(), lone["now"]["value"].as_f64()), (Some(710.896), Some(4046.52)));
        assert_eq!((over_all["messages"].as_str(), over_all["outcome"].as_str()), (Some("all"), Some(of_all)));
        assert!(verdict["notes"][0].as_str().unwrap().contains("latencies are judged"), "{verdict}");
    }
}

#[test]
fn equal_best_times_judge_slowdowns_as_before() {
    let sandbox = sandbox(LONE);
    let verdict = json(&sandbox, 0, &[]);
    let case = &verdict["cases"][0];
    assert_eq!((case["verdict"].as_str(), case["best_times"].as_str()), (Some("identical"), Some("same")));
    assert!(case["different_best"].is_null() && verdict["notes"].as_array().unwrap().is_empty(), "{verdict}");
    assert_eq!(last_p99(&verdict), (0.0, "slowdown".to_owned()));
    // Other messages of the same sizes: best times are those of the baseline's sizes.
    assert_eq!(json(&sandbox, 0, &["--seed", "7"])["cases"][0]["best_times"], "same");
}

#[test]
fn lone_messages_that_became_faster_are_better() {
    let sandbox = sandbox(&LONE.replace("[workload]", "homa.sysctl.max_incoming = 10000\n[workload]"));
    let verdict = json(&sandbox, 0, &["--set", "transport.homa.sysctl.max_incoming=400000"]);
    let case = &verdict["cases"][0];
    assert_eq!((case["verdict"].as_str(), case["best_times"].as_str()), (Some("better"), Some("differ")));
}

#[test]
fn a_baseline_of_an_earlier_version_is_read_with_a_note_of_what_it_cannot_show() {
    let sandbox = sandbox(LONE);
    without_best_times(&sandbox);
    let note = "note: the baseline has no best times";
    let text = check(&sandbox, 0, &[]);
    assert!(text.contains("identical") && text.contains(note) && text.contains("--update REASON"), "{text}");
    // What is told not to be found is not.
    let text = check(&sandbox, 0, &["--set", SLOW]);
    assert!(text.contains(note), "{text}");
    assert_eq!(json(&sandbox, 0, &[])["cases"][0]["best_times"], "not-in-baseline");
    check(&sandbox, 0, &["--update", "with best times", "--quiet"]);
    assert!(!check(&sandbox, 0, &[]).contains(note));
    check(&sandbox, 1, &["--set", SLOW]);
}

#[test]
fn a_baseline_has_the_best_times_of_each_kind_of_path() {
    let sandbox = sandbox(TINY);
    let baseline = read(&sandbox);
    let case = &baseline["cases"][0];
    let best = case["best_times"].as_array().unwrap();
    let sizes: Vec<u64> = best.iter().map(|best| best["bytes"].as_u64().unwrap()).collect();
    assert!(sizes.is_sorted(), "{sizes:?}");
    for decile in case["deciles"].as_array().unwrap() {
        let (least, most) = (decile["size_min"].as_u64().unwrap(), decile["size_max"].as_u64().unwrap());
        assert!(sizes.contains(&least) && sizes.contains(&most), "{decile}");
    }
    for best in best {
        let us: Vec<f64> = best["us"].as_array().unwrap().iter().map(|us| us.as_f64().unwrap()).collect();
        assert!(us.len() == 2 && us[0] < us[1], "{best}");
    }
}

#[test]
fn slower_hosts_and_windows_are_found_whatever_slowdowns_are_relative_to() {
    let simulated = TINY.replace("[measure]", "[measure]\ndenominator = \"simulated\"");
    for (experiment, set) in [
        // The formula of the original has the delays of hosts, and a simulated time all of it.
        (TINY, "host.receive_delay=\"20us\""),
        (&simulated, "host.receive_delay=\"20us\""),
        (&simulated, "transport.sigcomm18.rtt_bytes=\"2KB\""),
    ] {
        let sandbox = sandbox(experiment);
        let verdict = json(&sandbox, 1, &["--set", set]);
        assert_eq!(verdict["cases"][0]["best_times"], "differ", "{set}");
        assert!(
            verdict["cases"][0]["rows"]
                .as_array()
                .unwrap()
                .iter()
                .any(|row| { row["unit"] == "times the baseline's best" && row["outcome"] == "worse" })
        );
    }
}
