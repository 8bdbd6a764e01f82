//! `--threads` makes a run faster or not, and changes nothing else; where it can't do anything, the
//! user is told.

use crate::common::{Sandbox, TINY, stderr, stdout};
use serde_json::Value;
use std::process::Output;

/// On fewer cores than threads, threads that wait for each other make even this slow.
const SHORT: [&str; 3] = ["--set=measure.warmup=20us", "--set=measure.window=50us", "--set=measure.drain=50us"];

fn succeed(sandbox: &Sandbox, arguments: &[&str]) -> Output {
    let output = sandbox.run(arguments);
    assert!(output.status.success(), "{arguments:?}: {}", stderr(&output));
    output
}

#[test]
fn results_on_two_threads_are_the_same_byte_for_byte_and_are_not_made_again() {
    let sandbox = Sandbox::new();
    sandbox.write("tiny.toml", &TINY.replace("drain = \"4ms\"", "drain = \"4ms\"\nmessages = true"));
    let timeless = |folder: &str| {
        let files = sandbox.files(folder).into_iter();
        files.filter(|(name, _)| !name.ends_with("timing.json")).collect::<Vec<_>>()
    };
    succeed(&sandbox, &["run", "--no-png", "tiny.toml", "--out=one"]);
    let text = stderr(&succeed(&sandbox, &["run", "--no-png", "tiny.toml", "--out=two", "--threads=2", "--jobs=1"]));
    assert!(!text.contains("one thread"), "{text}");
    let (one, two) = (timeless("one"), timeless("two"));
    assert!(one.len() > 10, "{} files", one.len());
    assert!(one == two);

    let again = stderr(&succeed(&sandbox, &["run", "--no-png", "tiny.toml", "--out=one", "--threads=2"]));
    assert!(again.contains("0 simulated") || again.contains("kept"), "{again}");
}

#[test]
fn a_network_that_cannot_be_divided_so_far_is_pointed_out_and_simulated_all_the_same() {
    let sandbox = Sandbox::new();
    sandbox.write("tiny.toml", TINY);
    let one_switch = ["run", "--no-png", "tiny.toml", "--threads=2", "--set=topology.preset=linux-cluster-10"];
    let text = stderr(&succeed(&sandbox, &[&one_switch[..], &SHORT].concat()));
    assert!(text.contains("w3-0.6: simulated on one thread: all hosts are at one switch"), "{text}");
    // Its sixteen hosts are in four racks.
    let four_racks = ["run", "--no-png", "tiny.toml", "--threads=64", "--jobs=1", "--replace"];
    let text = stderr(&succeed(&sandbox, &[&four_racks[..], &SHORT].concat()));
    assert!(text.contains("w3-0.6: simulated on 4 threads: its network has so many parts"), "{text}");
    let sweep = [
        "run",
        "--no-png",
        "tiny.toml",
        "--threads=2",
        "--set=topology.preset=linux-cluster-10",
        "--set=workload.load=[0.4,0.5,0.6]",
        "--replace",
    ];
    let text = stderr(&succeed(&sandbox, &[&sweep[..], &SHORT].concat()));
    assert!(text.contains("w3-0.4 and 2 more: simulated on one thread"), "{text}");
    let quiet = succeed(&sandbox, &[&four_racks[..], &["--quiet"], &SHORT].concat());
    assert!(!stderr(&quiet).contains("note"), "{}", stderr(&quiet));
}

#[test]
fn more_threads_than_cores_are_warned_of() {
    let sandbox = Sandbox::new();
    sandbox.write("tiny.toml", TINY);
    let text = stderr(&succeed(
        &sandbox,
        &[&["run", "--no-png", "tiny.toml", "--threads=4", "--jobs=2"], &SHORT[..]].concat(),
    ));
    let cores = std::thread::available_parallelism().unwrap().get();
    assert_eq!(text.contains("those of a run wait for each other"), cores < 8, "{text}");
}

#[test]
fn no_or_too_many_threads_are_refused() {
    let sandbox = Sandbox::new();
    sandbox.write("tiny.toml", TINY);
    for arguments in
        [["run", "tiny.toml", "--threads=0"], ["check", "tiny.toml", "--threads=65"], ["bench", "smoke", "--threads=1"]]
    {
        let output = sandbox.run(&arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert!(stderr(&output).contains("--threads"), "{}", stderr(&output));
    }
}

#[test]
fn bench_says_how_much_faster_a_run_is() {
    let sandbox = Sandbox::new();
    let output = succeed(&sandbox, &["bench", "smoke", "--threads=2", "--runs=2", "--json"]);
    let line: Value = serde_json::from_str(&stdout(&output)).expect("one JSON object");
    assert_eq!((line["scenario"].as_str(), line["threads"].as_u64()), (Some("smoke"), Some(2)));
    for field in ["one_thread_s", "threads_s", "threads_cpu_s", "speedup", "speedup_min", "speedup_max"] {
        assert!(line[field].as_f64().is_some_and(|value| value > 0.0), "{field} in {line}");
    }
    let table = stdout(&succeed(&sandbox, &["bench", "smoke", "--threads=2", "--runs=1"]));
    assert!(table.lines().last().is_some_and(|line| line.starts_with("smoke") && line.contains("2 x")), "{table}");
}
