//! Two processes on one folder share the runs: each is done once, whoever does it, and what a killed
//! process leaves is done by the other.

use crate::common::{Sandbox, TINY, stderr, stdout};
use std::io::{BufRead, BufReader};
use std::process::{Child, Output, Stdio};
use std::time::Duration;

/// Four cases of two seeds, each run long enough that two processes meet.
const SWEEP: &str = "[sweep]\nworkload.load = [0.3, 0.4, 0.5, 0.6]\n";
const LONGER: [&str; 2] = ["--set", "measure.window=6ms"];

fn sandbox() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.write("sweep.toml", &format!("{TINY}{SWEEP}"));
    sandbox
}

fn start(sandbox: &Sandbox, more: &[&str]) -> Child {
    let arguments = [&["run", "sweep.toml", "--no-png", "--jobs", "1", "--out", "out"], &LONGER[..], more].concat();
    let mut command = sandbox.command(&arguments);
    command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the program starts")
}

fn end(child: Child) -> Output {
    let output = child.wait_with_output().expect("a child ends");
    assert!(output.status.success(), "{}", stderr(&output));
    output
}

/// How many runs a process did, by its last words.
fn simulated(output: &Output) -> usize {
    let text = stderr(output);
    let line = text.lines().find(|line| line.contains(" simulated, ")).unwrap_or("8 runs simulated, ");
    line.split(' ').next().unwrap().parse().unwrap()
}

fn timeless(sandbox: &Sandbox, folder: &str) -> Vec<(String, Vec<u8>)> {
    sandbox.files(folder).into_iter().filter(|(name, _)| !name.ends_with("timing.json")).collect()
}

fn whole(sandbox: &Sandbox) {
    let arguments = [&["run", "sweep.toml", "--no-png", "--quiet", "--out", "whole"], &LONGER[..]].concat();
    assert!(sandbox.run(&arguments).status.success());
}

/// The names in a folder, which others may change meanwhile.
fn names(sandbox: &Sandbox, folder: &str) -> Vec<String> {
    let entries = std::fs::read_dir(sandbox.path(folder)).into_iter().flatten().flatten();
    entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect()
}

/// How many runs are finished.
fn finished(sandbox: &Sandbox) -> usize {
    names(sandbox, "out/runs").iter().filter(|name| name.ends_with(".run")).count()
}

/// Waits until so many runs are finished, and another one is going on.
fn until_busy(sandbox: &Sandbox, runs: usize) {
    let is_key = |name: &str| name.len() == 16 && name.bytes().all(|byte| byte.is_ascii_hexdigit());
    let is_going_on = |name: &String| is_key(name) && !sandbox.path(&format!("out/runs/{name}.run")).exists();
    while finished(sandbox) < runs || !names(sandbox, "out/.locks").iter().any(is_going_on) {
        std::thread::sleep(Duration::from_millis(1));
    }
}

#[test]
fn two_processes_that_run_the_same_do_each_run_once_and_end_with_the_results_of_one() {
    let sandbox = sandbox();
    let first = start(&sandbox, &[]);
    let second = start(&sandbox, &[]);
    let (first, second) = (end(first), end(second));
    let did = [simulated(&first), simulated(&second)];
    assert_eq!(did[0] + did[1], 8, "{}{}", stderr(&first), stderr(&second));
    assert!(did.iter().all(|did| *did > 0), "{did:?}: one of them did all");
    // Both tell of all cases.
    for output in [&first, &second] {
        assert_eq!(stdout(output).matches("slowdown by tenth of messages").count(), 4);
    }
    whole(&sandbox);
    assert!(timeless(&sandbox, "out") == timeless(&sandbox, "whole"), "no lock is left, and no result differs");
}

#[test]
fn the_second_process_waits_for_the_last_run_of_the_first() {
    let sandbox = sandbox();
    let one = ["--only", "w3-0.6", "--seed", "1", "--set", "measure.window=40ms"];
    let first = start(&sandbox, &one);
    until_busy(&sandbox, 0);
    let second = end(start(&sandbox, &one));
    let text = stderr(&second);
    assert!(text.contains("nothing is left but 1 run that another process is doing: waiting for it"), "{text}");
    assert_eq!(simulated(&second), 0, "{text}");
    end(first);
}

#[cfg(unix)]
#[test]
fn the_run_of_a_killed_process_is_done_by_the_one_that_waits_for_it() {
    let sandbox = sandbox();
    let one = ["--only", "w3-0.6", "--seed", "1", "--set", "measure.window=40ms"];
    let mut first = start(&sandbox, &one);
    until_busy(&sandbox, 0);
    let mut second = start(&sandbox, &one);
    let mut lines = BufReader::new(second.stderr.take().unwrap()).lines().map(Result::unwrap);
    assert!(lines.any(|line| line.contains("waiting for it")));
    // `kill -9`: nothing of it is left but a file that says nothing.
    first.kill().unwrap();
    first.wait().unwrap();
    let told = lines.collect::<Vec<_>>().join("\n");
    assert!(second.wait_with_output().unwrap().status.success(), "{told}");
    assert!(!told.contains("done by another process") && sandbox.path("out/w3-0.6/summary.json").exists(), "{told}");
}

#[test]
fn a_process_with_other_settings_is_refused_while_another_is_at_work_even_if_nothing_is_finished() {
    let sandbox = sandbox();
    let mut first = start(&sandbox, &["--set", "measure.window=100s"]);
    until_busy(&sandbox, 0);
    for more in [&["--set", "measure.window=7ms"][..], &["--set", "measure.window=7ms", "--replace"]] {
        let other = start(&sandbox, more).wait_with_output().unwrap();
        assert_eq!(other.status.code(), Some(2));
        assert!(stderr(&other).contains("another process is at work in out"), "{}", stderr(&other));
    }
    first.kill().unwrap();
    first.wait().unwrap();
    // With it its claim has gone; nothing was finished, so nothing is in the way.
    end(start(&sandbox, &["--only", "w3-0.3"]));
}

#[test]
fn shards_on_one_folder_at_the_same_time_give_the_results_of_one_run() {
    let sandbox = sandbox();
    let shards = ["1/3", "2/3", "3/3"].map(|shard| start(&sandbox, &["--shard", shard]));
    shards.into_iter().for_each(|shard| drop(end(shard)));
    end(start(&sandbox, &[]));
    whole(&sandbox);
    assert!(timeless(&sandbox, "out") == timeless(&sandbox, "whole"));
}

#[cfg(unix)]
#[test]
fn an_interrupt_says_how_many_finished_runs_are_kept_and_that_those_going_on_are_lost() {
    let sandbox = sandbox();
    let child = start(&sandbox, &["--set", "measure.window=20ms"]);
    // The fourth run goes on, and no case is being written.
    until_busy(&sandbox, 3);
    let killed = std::process::Command::new("sh").args(["-c", &format!("kill -INT {}", child.id())]).status().unwrap();
    assert!(killed.success());
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(130), "{}", stderr(&output));
    let told = format!("interrupted: {} of 8 runs finished and kept in out", finished(&sandbox));
    for part in [told.as_str(), "; 1 that was going on is lost; the same command goes on from there"] {
        assert!(stderr(&output).contains(part), "`{part}` is missing in: {}", stderr(&output));
    }
}
