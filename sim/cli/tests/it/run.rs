//! `homasim run` writes what it says, the same bytes for the same experiment whatever `--jobs`, and
//! prints the JSON that scripts rely on.

use crate::common::{Sandbox, TINY, stderr, stdout};
use serde_json::Value;

fn run(sandbox: &Sandbox, arguments: &[&str]) -> Vec<Value> {
    let output = sandbox.run(&[&["run", "tiny.toml", "--json"], arguments].concat());
    assert!(output.status.success(), "{}", stderr(&output));
    stdout(&output).lines().map(|line| serde_json::from_str(line).expect("one JSON object a line")).collect()
}

/// What is in the folder of a case with `measure.messages`, but for how long it took.
const CASE_FILES: [&str; 16] = [
    "experiment.toml",
    "latency.csv",
    "manifest.toml",
    "messages.csv",
    "priorities.csv",
    "priorities.png",
    "priorities.svg",
    "queue_cdf.csv",
    "queue_series.csv",
    "queues.csv",
    "queues.png",
    "queues.svg",
    "slowdown.csv",
    "slowdown.png",
    "slowdown.svg",
    "summary.json",
];

fn sandbox() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.write("tiny.toml", TINY);
    sandbox
}

/// All files but those that tell how long it took.
fn timeless(sandbox: &Sandbox, folder: &str) -> Vec<(String, Vec<u8>)> {
    sandbox.files(folder).into_iter().filter(|(name, _)| !name.ends_with("timing.json")).collect()
}

#[test]
fn the_same_experiment_gives_the_same_bytes_for_any_number_of_jobs() {
    let sandbox = sandbox();
    let several = ["--set", "workload.sizes=[\"w2\", \"w3\"]", "--set", "measure.messages=true"];
    for (jobs, out) in [("1", "one"), ("2", "two"), ("2", "again")] {
        run(&sandbox, &[&several[..], &["--jobs", jobs, "--out", out]].concat());
    }
    let one = timeless(&sandbox, "one");
    for case in ["w2-0.6", "w3-0.6"] {
        let files: Vec<_> = one.iter().filter_map(|(name, _)| name.strip_prefix(&format!("{case}/"))).collect();
        assert_eq!(files, CASE_FILES);
    }
    assert!(one == timeless(&sandbox, "two") && one == timeless(&sandbox, "again"));
}

#[test]
fn the_json_line_has_every_promised_field() {
    let sandbox = sandbox();
    let lines = run(&sandbox, &[]);
    let [line] = lines.as_slice() else { panic!("one case, {} lines", lines.len()) };
    for field in [
        "experiment",
        "transport",
        "workload",
        "load",
        "seeds",
        "digest",
        "wall_s",
        "cpu_s",
        "simulated_s",
        "packet_hops",
        "events",
        "messages",
        "unfinished",
        "denominator",
        "slowdown",
        "deciles",
        "tiers",
    ] {
        assert!(!line[field].is_null(), "{field}");
    }
    let percentiles: Vec<_> =
        line["slowdown"].as_array().unwrap().iter().map(|row| row["percentile"].as_f64().unwrap()).collect();
    assert_eq!(percentiles, [10.0, 20.0, 30.0, 40.0, 50.0, 60.0, 70.0, 80.0, 90.0, 95.0, 98.0, 99.0, 99.9, 100.0]);
    for field in ["percentile", "size_bytes", "count", "p50", "p99", "mean", "p50_cell", "p99_cell"] {
        assert!(line["slowdown"][0][field].is_number(), "{field}");
    }
    for field in ["size_max", "count", "p50", "p99", "mean"] {
        assert!(line["deciles"][0][field].is_number(), "{field}");
    }
    let tiers: Vec<_> = line["tiers"].as_array().unwrap().iter().map(|row| row["tier"].as_str().unwrap()).collect();
    assert_eq!(tiers, ["host-tor", "tor-spine", "spine-tor", "tor-host"]);
    for field in ["queue_mean_bytes", "queue_max_bytes", "utilisation"] {
        assert!(line["tiers"][3][field].is_number(), "{field}");
    }
    let counted: u64 = line["deciles"].as_array().unwrap().iter().map(|row| row["count"].as_u64().unwrap()).sum();
    assert_eq!(counted, line["messages"].as_u64().unwrap());
}

#[test]
fn a_resolved_experiment_runs_and_repeats_the_result() {
    let sandbox = sandbox();
    let first = run(&sandbox, &["--out", "first"]);
    let output = sandbox.run(&["run", "first/w3-0.6/experiment.toml", "--json", "--out", "second"]);
    assert!(output.status.success(), "{}", stderr(&output));
    let second: Value = serde_json::from_str(&stdout(&output)).unwrap();
    assert_eq!(first[0]["digest"], second["digest"]);
}

#[test]
fn an_override_replaces_a_list_of_the_file() {
    let sandbox = sandbox();
    let times = "[measure.per_sizes]\nw2 = { window = \"1ms\" }\nw3 = { window = \"1500us\" }\n[run]";
    sandbox.write("tiny.toml", &TINY.replace("load = 0.6", "load = [0.2, 0.3]").replace("[run]", times));
    let both = ["--set", "workload.sizes=[\"w2\", \"w3\"]"];
    assert_eq!(run(&sandbox, &both).len(), 4);
    let lines = run(&sandbox, &["--set", "workload.load=0.5", "--set", "workload.sizes=w2"]);
    let [line] = lines.as_slice() else { panic!("one case, {} lines", lines.len()) };
    assert_eq!((line["workload"].as_str(), line["load"].as_f64()), (Some("w2"), Some(0.5)));
    let resolved = std::fs::read_to_string(sandbox.path("results/out/tiny/w2-0.5/experiment.toml")).unwrap();
    assert!(resolved.contains("window = \"1ms\""), "{resolved}");
}

#[test]
fn sizes_may_be_a_number_or_a_file() {
    let sandbox = sandbox();
    sandbox.write("two.csv", "size_bytes,cum_prob\n100,0.5\n20000,1\n");
    let fixed = run(&sandbox, &["--set", "workload.sizes=5000"]);
    assert_eq!(fixed[0]["deciles"].as_array().unwrap().len(), 1);
    let two = run(&sandbox, &["--set", "workload.sizes=two.csv"]);
    assert_eq!(two[0]["workload"], "two.csv");
    assert_eq!(two[0]["bins"].as_array().unwrap().len(), 2);
}

#[test]
fn a_trace_replays_with_or_without_compression_and_its_own_sizes() {
    let sandbox = sandbox();
    let rows: String = (0..3000_u32)
        .map(|row| format!("{}.5,{},{},{}\n", row * 1000, row % 16, (row + 5) % 16, 100 + row % 7))
        .collect();
    sandbox.write("trace.csv", &format!("t_ns,src,dst,size\n{rows}"));
    sandbox.write("tiny.toml", &TINY.replace("sizes = \"w3\"\nload = 0.6", "trace = \"trace.csv\""));
    let lines = run(&sandbox, &[]);
    assert_eq!(lines[0]["messages"], 2 * 2000);
    assert_eq!((lines[0]["load"].is_null(), lines[0]["load_kind"].as_str()), (true, Some("trace")));
}

#[cfg(unix)]
#[test]
fn an_interrupt_ends_the_run_and_leaves_nothing_half_written() {
    use std::process::Stdio;
    let sandbox = sandbox();
    let long = ["run", "tiny.toml", "--set", "measure.window=1000s", "--out", "out"];
    let child = sandbox.command(&long).stderr(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let pid = child.id().to_string();
    // The handler is in place before the output folder's check is over and the plan is printed;
    // poll rather than sleep.
    while !sandbox.path("out").exists() {
        std::thread::yield_now();
    }
    std::thread::sleep(std::time::Duration::from_millis(300));
    let killed = std::process::Command::new("sh").args(["-c", &format!("kill -INT {pid}")]).status().unwrap();
    assert!(killed.success());
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(130), "{}", stderr(&output));
    assert!(stderr(&output).contains("interrupted"), "{}", stderr(&output));
    // What was to be run is there, and nothing else.
    let files: Vec<_> = sandbox.files("out").into_iter().map(|(name, _)| name).collect();
    assert_eq!(files, ["manifest.toml"]);
    assert!(stderr(&output).contains("no run had finished, so nothing is kept"), "{}", stderr(&output));
}

#[test]
fn seeds_that_disagree_about_the_tail_are_a_warning_and_one_seed_is_none() {
    let sandbox = sandbox();
    let warns = |seeds: &str, window: &str| {
        let (seeds, window) = (format!("run.seeds={seeds}"), format!("measure.window={window}"));
        let lines = run(&sandbox, &["--set", &seeds, "--set", &window, "--replace"]);
        let warnings = lines[0]["warnings"].as_array().unwrap().clone();
        warnings.into_iter().find(|warning| warning.as_str().unwrap().starts_with("depends on the seed"))
    };
    let warning = warns("[1, 2, 3]", "50us").expect("a handful of messages for each seed");
    let text = warning.as_str().unwrap();
    assert!(text.contains("with seed 3") && text.contains("with seed 2") && text.contains("more run.seeds"), "{text}");
    assert_eq!(warns("[1]", "50us"), None);
    assert_eq!(warns("[1, 2]", "2ms"), None);
}
