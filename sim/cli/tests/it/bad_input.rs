//! Bad input ends with exit code 2 and a message that names the file, the key, the value and what is accepted; nothing
//! is written.

use crate::common::{Sandbox, TINY, stderr};

/// Runs `experiment` and demands a failure whose message has all of `parts`.
fn refused(experiment: &str, arguments: &[&str], parts: &[&str]) {
    let sandbox = Sandbox::new();
    sandbox.write("bad.toml", experiment);
    sandbox.write("empty.csv", "");
    sandbox.write("header-only.csv", "t_ns,src,dst,size\n");
    sandbox.write("no-size.csv", "t_ns,src,dst\n1.0,0,1\n");
    sandbox.write("malformed.csv", "t_ns,src,dst,size\n1.0,0,1,100\n2.0,0,99,100\n");
    sandbox.write("backwards.csv", "t_ns,src,dst,size\n5.0,0,1,100\n2.0,0,1,100\n");
    sandbox.write("late.csv", "t_ns,src,dst,size\n9000000000.0,0,1,100\n");
    let output = sandbox.run(&[&["run", "bad.toml", "--out", "out"], arguments].concat());
    let message = stderr(&output);
    assert_eq!(output.status.code(), Some(2), "{message}");
    for part in parts {
        assert!(message.contains(part), "`{part}` is missing in:\n{message}");
    }
    assert_eq!(sandbox.files("out"), [], "{message}");
    assert!(!message.contains("panicked"), "{message}");
}

fn with(from: &str, to: &str) -> String {
    assert!(TINY.contains(from));
    TINY.replace(from, to)
}

#[test]
fn an_unknown_key_is_named_with_its_position() {
    refused(&with("load = 0.6", "laod = 0.6"), &[], &["bad.toml", "line 8", "unknown field `laod`", "`load`"]);
}

#[test]
fn a_negative_load_is_refused() {
    refused(&with("load = 0.6", "load = -0.6"), &[], &["bad.toml", "line 8", "-0.6", "more than 0 and less than 1"]);
}

#[test]
fn a_load_of_one_or_more_is_refused() {
    refused(&with("load = 0.6", "load = 1.0"), &[], &["bad.toml", "load = 1.0", "can't carry it", "less than 1"]);
    refused(TINY, &["--set", "workload.load=1.2"], &["--set workload.load=1.2", "bad.toml", "less than 1"]);
    refused(
        TINY,
        &["--set", "workload.payload_load=0.99"],
        &["workload.payload_load", "wire load of 1.1", "give less"],
    );
}

#[test]
fn an_unknown_workload_is_refused_with_the_known_ones() {
    refused(&with("\"w3\"", "\"w9\""), &[], &["bad.toml", "line 7", "\"w9\"", "w5", ".csv"]);
}

#[test]
fn an_unknown_preset_is_refused_with_the_known_ones() {
    refused(&with("sigcomm18-16", "sigcomm"), &[], &["bad.toml", "topology.preset", "\"sigcomm\"", "\"sigcomm18\""]);
}

#[test]
fn a_time_without_unit_is_refused() {
    refused(&with("\"2ms\"", "\"2\""), &[], &["bad.toml", "line 11", "`2`", "150ms"]);
    refused(&with("\"2ms\"", "\"0ms\""), &[], &["measure.window", "empty window"]);
}

#[test]
fn seeds_are_needed_and_each_only_once() {
    refused(&with("[1, 2]", "[]"), &[], &["bad.toml", "run.seeds", "at least one seed"]);
    refused(&with("[1, 2]", "[1, 2, 1]"), &[], &["bad.toml", "run.seeds", "1 is listed twice"]);
}

#[test]
fn impossible_transport_parameters_are_refused() {
    let set = ["--set", "transport.sigcomm18.overcommitment=9"];
    refused(TINY, &set, &["bad.toml", "transport.sigcomm18.overcommitment = 9", "1 to scheduled_levels"]);
    let set = ["--set", "transport.sigcomm18.scheduled_levels=8"];
    refused(TINY, &set, &["transport.sigcomm18.scheduled_levels = 8", "1 to 7"]);
}

#[test]
fn malformed_traces_are_refused_with_file_and_line() {
    let trace = |file: &str, parts: &[&str]| {
        let set = format!("workload.trace={file}");
        let set = ["--set", "workload.load=none", "--set", &set];
        refused(TINY, &set, &[&["bad.toml", "workload.trace", file], parts].concat());
    };
    trace("empty.csv", &["empty"]);
    trace("header-only.csv", &["empty"]);
    trace("no-size.csv", &["line 1", "size"]);
    trace("malformed.csv", &["line 3", "99"]);
    trace("backwards.csv", &["line 3"]);
    trace("missing.csv", &["cannot read"]);
}

#[test]
fn a_trace_without_messages_in_the_window_is_refused() {
    let set = ["--set", "workload.load=none", "--set", "workload.trace=late.csv"];
    refused(TINY, &set, &["measure.window", "no message of the trace", "9000.000 ms"]);
}

#[test]
fn a_window_in_which_no_message_is_created_is_an_error_and_no_result() {
    let sandbox = Sandbox::new();
    sandbox.write("bad.toml", TINY);
    let set = ["--set", "measure.warmup=0ps", "--set", "measure.window=1ps"];
    let output = sandbox.run(&[&["run", "bad.toml", "--out", "out"], &set[..]].concat());
    let message = stderr(&output);
    assert_eq!(output.status.code(), Some(2), "{message}");
    for part in ["measure.window = \"1ps\"", "no message was created", "longer window"] {
        assert!(message.contains(part), "`{part}` is missing in:\n{message}");
    }
    assert!(!sandbox.path("out/w3-0.6").exists());
}

#[test]
fn times_for_unknown_sizes_are_refused() {
    let set = ["--set", "measure.per_sizes.w9.window=1ms"];
    refused(TINY, &set, &["measure.per_sizes.w9 has no effect", "no case has these sizes", "w3"]);
}

#[test]
fn times_beyond_100_days_are_refused() {
    refused(TINY, &["--set", "measure.warmup=9000000s"], &["measure", "below 100 days"]);
    let set = ["workload.load=none", "workload.trace=malformed.csv", "measure.warmup=18000000s"];
    let trace: Vec<&str> = set.iter().flat_map(|set| ["--set", set]).collect();
    refused(TINY, &trace, &["bad.toml"]);
}

#[test]
fn a_missing_experiment_file_is_named() {
    let sandbox = Sandbox::new();
    let output = sandbox.run(&["run", "nowhere.toml"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("cannot read the experiment file nowhere.toml"), "{}", stderr(&output));
}

#[test]
fn an_unwritable_output_folder_is_refused_before_anything_runs() {
    let sandbox = Sandbox::new();
    sandbox.write("tiny.toml", TINY);
    sandbox.write("file", "");
    let output = sandbox.run(&["run", "tiny.toml", "--out", "file/below"]);
    assert_eq!(output.status.code(), Some(2));
    let message = stderr(&output);
    assert!(message.contains("cannot write file/below") && message.contains("--out"), "{message}");
    assert!(!message.contains("warm-up"), "it began to run: {message}");
}

#[test]
fn what_is_no_override_is_refused_with_an_example() {
    let sandbox = Sandbox::new();
    sandbox.write("tiny.toml", TINY);
    let output = sandbox.run(&["run", "tiny.toml", "--set", "workload.load"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("workload.load=0.5"), "{}", stderr(&output));
}
