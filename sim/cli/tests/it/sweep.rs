//! A sweep can be cut in parts, ended at any moment and put together again, and gives the same
//! bytes as in one go; each run is done once; what fails doesn't take the rest with it.

use crate::common::{Sandbox, TINY, stderr, stdout};
use serde_json::Value;
use std::process::{Output, Stdio};
use std::time::Instant;

/// Two transports' parameters by two loads, two seeds each: eight runs.
const SWEEP: &str = "
[sweep]
transport.sigcomm18.overcommitment = [1, 4]
workload.load = [0.4, 0.6]
";

fn sandbox() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.write("tiny.toml", &TINY.replace("drain = \"4ms\"", "drain = \"4ms\"\nmessages = true"));
    sandbox.write("sweep.toml", &(std::fs::read_to_string(sandbox.path("tiny.toml")).unwrap() + SWEEP));
    sandbox
}

fn succeed(sandbox: &Sandbox, arguments: &[&str]) -> Output {
    let output = sandbox.run(arguments);
    assert!(output.status.success(), "{arguments:?}: {}", stderr(&output));
    output
}

/// All files but those that tell how long it took.
fn timeless(sandbox: &Sandbox, folder: &str) -> Vec<(String, Vec<u8>)> {
    sandbox.files(folder).into_iter().filter(|(name, _)| !name.ends_with("timing.json")).collect()
}

fn keys(sandbox: &Sandbox) -> Vec<String> {
    stdout(&succeed(sandbox, &["plan", "sweep.toml", "--keys"])).lines().map(str::to_owned).collect()
}

fn lines(output: &Output) -> Vec<Value> {
    stdout(output).lines().map(|line| serde_json::from_str(line).expect("one JSON object a line")).collect()
}

#[test]
fn a_sweep_runs_the_product_of_its_lists_in_order_and_names_cases_after_them() {
    let sandbox = sandbox();
    let output = succeed(&sandbox, &["run", "--no-png", "sweep.toml", "--json", "--quiet", "--jobs", "2"]);
    let cases: Vec<_> = lines(&output).iter().map(|line| line["case"].as_str().unwrap().to_owned()).collect();
    assert_eq!(
        cases,
        ["w3-0.4-overcommitment-1", "w3-0.6-overcommitment-1", "w3-0.4-overcommitment-4", "w3-0.6-overcommitment-4"]
    );
    let overcommitment: Vec<_> =
        lines(&output).iter().map(|line| line["parameters"]["overcommitment"].as_u64().unwrap()).collect();
    assert_eq!(overcommitment, [1, 1, 4, 4]);
    let overview = std::fs::read_to_string(sandbox.path("results/out/sweep/overview.csv")).unwrap();
    assert_eq!(overview.lines().count(), 5, "{overview}");
}

#[test]
fn zipped_lists_go_together() {
    let sandbox = sandbox();
    let zip = "[sweep.zip]\nworkload.load = [0.4, 0.6]\nmeasure.window = [\"1ms\", \"2ms\"]\n";
    sandbox.write("sweep.toml", &(std::fs::read_to_string(sandbox.path("tiny.toml")).unwrap() + zip));
    let plan = stdout(&succeed(&sandbox, &["plan", "sweep.toml", "--set", "run.seeds=[1]", "--json"]));
    let cases: Vec<_> =
        plan.lines().map(|line| serde_json::from_str::<Value>(line).unwrap()["case"].to_string()).collect();
    assert_eq!(cases, ["\"w3-0.4-window-1ms\"", "\"w3-0.6-window-2ms\""]);
}

#[test]
fn three_shards_merged_equal_one_unsharded_sweep_byte_for_byte() {
    let sandbox = sandbox();
    for shard in ["1/3", "2/3", "3/3"] {
        let out = format!("shard{}", &shard[..1]);
        succeed(&sandbox, &["run", "--no-png", "sweep.toml", "--quiet", "--shard", shard, "--out", &out]);
    }
    // In another order than they were cut.
    succeed(&sandbox, &["merge", "--no-png", "shard3", "shard1", "shard2", "--out", "merged", "--quiet"]);
    succeed(&sandbox, &["run", "--no-png", "sweep.toml", "--quiet", "--out", "whole"]);
    let (merged, whole) = (timeless(&sandbox, "merged"), timeless(&sandbox, "whole"));
    assert!(whole.len() > 4 * 12 + 8, "{} files", whole.len());
    let names = |files: &[(String, Vec<u8>)]| files.iter().map(|(name, _)| name.clone()).collect::<Vec<_>>();
    assert_eq!(names(&merged), names(&whole));
    assert!(merged == whole);
}

#[test]
fn merging_what_lacks_runs_names_them_and_writes_what_is_complete() {
    let sandbox = sandbox();
    succeed(
        &sandbox,
        &["run", "--no-png", "sweep.toml", "--quiet", "--only", "w3-0.4-overcommitment-1", "--out", "part"],
    );
    let output = sandbox.run(&["merge", "--no-png", "part", "--out", "merged", "--quiet"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("6 runs are in none of the folders"), "{}", stderr(&output));
    assert!(sandbox.path("merged/w3-0.4-overcommitment-1/summary.json").exists());
    assert!(!sandbox.path("merged/w3-0.6-overcommitment-1").exists());
}

#[test]
fn folders_of_other_settings_are_not_merged() {
    let sandbox = sandbox();
    succeed(&sandbox, &["run", "--no-png", "sweep.toml", "--quiet", "--shard", "1/2", "--out", "one"]);
    succeed(
        &sandbox,
        &["run", "--no-png", "sweep.toml", "--quiet", "--shard", "2/2", "--out", "two", "--set", "measure.window=1ms"],
    );
    let output = sandbox.run(&["merge", "one", "two", "--out", "merged"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("case w3-0.4-overcommitment-1 has other settings"), "{}", stderr(&output));
    let none = sandbox.run(&["merge", "nowhere", "--out", "merged"]);
    assert!(stderr(&none).contains("cannot read nowhere"), "{}", stderr(&none));
}

#[test]
fn one_key_is_one_run_and_a_finished_run_is_not_done_again() {
    let sandbox = sandbox();
    let keys = keys(&sandbox);
    assert_eq!(keys.len(), 8);
    succeed(&sandbox, &["run", "--no-png", "sweep.toml", "--quiet", "--only", &keys[2]]);
    let runs = || sandbox.files("results/out/sweep/runs").into_iter().map(|(name, _)| name).collect::<Vec<_>>();
    assert_eq!(runs(), [format!("{}.run", keys[2]), format!("{}.timing.json", keys[2])]);
    let plan = stdout(&succeed(&sandbox, &["plan", "sweep.toml"]));
    let done: Vec<_> = plan.lines().filter(|line| line.ends_with("done")).collect();
    assert!(done.len() == 1 && done[0].starts_with(&keys[2]), "{plan}");
    // The run of the key is not done again: its file stays as it is, even if it says something
    // else.
    let timing = sandbox.path(&format!("results/out/sweep/runs/{}.timing.json", keys[2]));
    std::fs::write(&timing, "{\"wall_s\":1000,\"cpu_s\":1000}").unwrap();
    succeed(&sandbox, &["run", "--no-png", "sweep.toml", "--quiet"]);
    assert_eq!(std::fs::read_to_string(&timing).unwrap(), "{\"wall_s\":1000,\"cpu_s\":1000}");
    succeed(&sandbox, &["run", "--no-png", "sweep.toml", "--quiet", "--again"]);
    assert_ne!(std::fs::read_to_string(&timing).unwrap(), "{\"wall_s\":1000,\"cpu_s\":1000}");
}

#[test]
fn keys_depend_on_content_and_not_on_names_or_places() {
    let sandbox = sandbox();
    let before = keys(&sandbox);
    std::fs::create_dir(sandbox.path("elsewhere")).unwrap();
    std::fs::copy(sandbox.path("sweep.toml"), sandbox.path("elsewhere/renamed.toml")).unwrap();
    let keys_of = |arguments: &[&str]| {
        let output = succeed(&sandbox, &[&["plan", "--keys"], arguments].concat());
        stdout(&output).lines().map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(keys_of(&["elsewhere/renamed.toml"]), before);
    let other = keys_of(&["sweep.toml", "--set", "measure.window=3ms"]);
    assert!(other.iter().all(|key| !before.contains(key)));
    // The first seed of each case is the same run, whatever the second.
    let seeds = keys_of(&["sweep.toml", "--seed", "1", "--seed", "9"]);
    assert_eq!(seeds.iter().filter(|key| before.contains(key)).count(), 4);
}

#[test]
fn the_content_of_a_file_is_part_of_the_key() {
    let sandbox = sandbox();
    sandbox.write("two.csv", "size_bytes,cum_prob\n100,0.5\n20000,1\n");
    let key = || stdout(&succeed(&sandbox, &["plan", "tiny.toml", "--keys", "--set", "workload.sizes=two.csv"]));
    let before = key();
    sandbox.write("two.csv", "size_bytes,cum_prob\n100,0.4\n20000,1\n");
    assert_ne!(key(), before);
}

#[expect(clippy::disallowed_methods, reason = "when to kill depends on how fast this machine is")]
fn wall_clock() -> Instant {
    Instant::now()
}

#[test]
fn a_sweep_that_is_killed_again_and_again_loses_no_finished_run_and_ends_like_one_that_is_not() {
    let sandbox = sandbox();
    let longer = ["--set", "measure.window=6ms", "--jobs", "1", "--quiet"];
    let start = wall_clock();
    succeed(&sandbox, &[&["run", "--no-png", "sweep.toml", "--out", "whole"], &longer[..]].concat());
    let whole_time = start.elapsed();
    let mut finished = 0;
    let mut kills = 0;
    loop {
        let arguments = [&["run", "--no-png", "sweep.toml", "--out", "killed"], &longer[..]].concat();
        let mut child = sandbox.command(&arguments).stderr(Stdio::null()).spawn().expect("the program starts");
        // At another place of a run or a write each time: after 4 to 28 % of the time of all eight
        // runs, and later each time, so that any machine comes to the end.
        std::thread::sleep(whole_time * (4 + 4 * (kills % 7) + kills) / 100);
        let ended = child.try_wait().expect("a child can be asked").is_some();
        // On Unix this is `kill -9`.
        let _ = child.kill();
        child.wait().expect("a killed child ends");
        let files = sandbox.files("killed");
        let runs = files.iter().filter(|(name, _)| name.ends_with(".run") && !name.contains("partial")).count();
        assert!(runs >= finished, "{finished} runs were finished, {runs} are left");
        let whole = timeless(&sandbox, "whole");
        for (name, bytes) in files.iter().filter(|(name, _)| !name.contains("/.") && !name.starts_with('.')) {
            let same = whole.iter().find(|(other, _)| other == name);
            let differs = same.is_some_and(|(_, expected)| expected != bytes);
            assert!(!differs || name == "manifest.toml", "{name} is wrong or half-written");
        }
        (finished, kills) = (runs, kills + 1);
        if ended {
            break;
        }
        assert!(kills < 2000, "it makes no progress: {finished} runs");
    }
    succeed(&sandbox, &[&["run", "--no-png", "sweep.toml", "--out", "killed"], &longer[..]].concat());
    let visible = |(name, _): &(String, Vec<u8>)| !name.starts_with('.') && !name.contains("/.");
    let left: Vec<_> = timeless(&sandbox, "killed").into_iter().filter(visible).collect();
    assert!(kills > 1 && left == timeless(&sandbox, "whole"));
}

#[test]
fn a_damaged_run_is_done_again() {
    let sandbox = sandbox();
    succeed(&sandbox, &["run", "--no-png", "tiny.toml", "--quiet"]);
    let before = timeless(&sandbox, "results/out/tiny");
    let (name, bytes) = before.iter().find(|(name, _)| name.ends_with(".run")).unwrap();
    let mut damaged = bytes.clone();
    let middle = damaged.len() / 2;
    damaged[middle] ^= 1;
    std::fs::write(sandbox.path("results/out/tiny").join(name), &damaged).unwrap();
    std::fs::remove_dir_all(sandbox.path("results/out/tiny/w3-0.6")).unwrap();
    succeed(&sandbox, &["run", "--no-png", "tiny.toml", "--quiet"]);
    assert!(timeless(&sandbox, "results/out/tiny") == before);
}

#[test]
fn a_case_that_fails_is_told_and_the_others_are_done() {
    let sandbox = sandbox();
    // A window in which nobody sends anything.
    let failing = "measure.window = [\"1ps\", \"2ms\"]\n";
    sandbox.write("sweep.toml", &(std::fs::read_to_string(sandbox.path("tiny.toml")).unwrap() + "[sweep]\n" + failing));
    let output = sandbox.run(&["run", "--no-png", "sweep.toml", "--out", "out"]);
    assert_eq!(output.status.code(), Some(2));
    let text = stderr(&output);
    assert!(text.contains("failed: w3-0.6-window-1ps: measure.window = \"1ps\": no message was created"), "{text}");
    assert!(text.contains("1 of the runs or cases failed"), "{text}");
    assert!(sandbox.path("out/w3-0.6-window-2ms/summary.json").exists());
}

#[test]
fn a_manifest_repeats_its_runs_and_checks_their_digests() {
    let sandbox = sandbox();
    succeed(&sandbox, &["run", "--no-png", "sweep.toml", "--quiet", "--out", "first"]);
    let output = succeed(&sandbox, &["run", "--no-png", "first/manifest.toml"]);
    assert!(stderr(&output).contains("every digest is that of the manifest"), "{}", stderr(&output));
    assert!(timeless(&sandbox, "first-again") == timeless(&sandbox, "first"));
    let case = succeed(&sandbox, &["run", "--no-png", "first/w3-0.4-overcommitment-4/manifest.toml", "--out", "case"]);
    assert!(stderr(&case).contains("every digest is that of the manifest"), "{}", stderr(&case));

    let manifest = std::fs::read_to_string(sandbox.path("first/manifest.toml")).unwrap();
    let digest = manifest.lines().find(|line| line.starts_with("digest")).unwrap();
    sandbox.write("first/manifest.toml", &manifest.replacen(digest, "digest = \"0123456789abcdef\"", 1));
    let output = sandbox.run(&["run", "--no-png", "first/manifest.toml", "--out", "third"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr(&output).contains("0123456789abcdef in the manifest"), "{}", stderr(&output));
    let output = sandbox.run(&["run", "--no-png", "first/manifest.toml", "--set", "workload.load=0.1"]);
    assert!(stderr(&output).contains("a manifest is repeated as it is"), "{}", stderr(&output));
}

#[test]
fn a_manifest_whose_files_have_changed_is_refused() {
    let sandbox = sandbox();
    sandbox.write("two.csv", "size_bytes,cum_prob\n100,0.5\n20000,1\n");
    succeed(&sandbox, &["run", "--no-png", "tiny.toml", "--quiet", "--out", "out", "--set", "workload.sizes=two.csv"]);
    sandbox.write("two.csv", "size_bytes,cum_prob\n100,0.4\n20000,1\n");
    let output = sandbox.run(&["run", "--no-png", "out/manifest.toml"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("two.csv is not what it was when"), "{}", stderr(&output));
}

#[test]
fn an_override_wins_over_a_sweep_and_a_variant() {
    let sandbox = sandbox();
    let variants = "[[variant]]\nname = \"a\"\nset = [\"workload.load=0.3\"]\n[[variant]]\nname = \"b\"\n";
    let text = std::fs::read_to_string(sandbox.path("sweep.toml")).unwrap() + variants;
    sandbox.write("sweep.toml", &text);
    let plan =
        stdout(&succeed(&sandbox, &["plan", "sweep.toml", "--set", "workload.load=0.5", "--seed", "1", "--json"]));
    let cases: Vec<_> =
        plan.lines().map(|line| serde_json::from_str::<Value>(line).unwrap()["case"].to_string()).collect();
    assert_eq!(
        cases,
        [
            "\"w3-0.5-a-overcommitment-1\"",
            "\"w3-0.5-a-overcommitment-4\"",
            "\"w3-0.5-b-overcommitment-1\"",
            "\"w3-0.5-b-overcommitment-4\""
        ]
    );
}

#[test]
fn impossible_sweeps_and_selections_say_what_to_write() {
    let sandbox = sandbox();
    let refuse = |sweep: &str, arguments: &[&str], part: &str| {
        sandbox.write("bad.toml", &(std::fs::read_to_string(sandbox.path("tiny.toml")).unwrap() + sweep));
        let output = sandbox.run(&[&["run", "--no-png", "bad.toml"], arguments].concat());
        assert_eq!(output.status.code(), Some(2), "{sweep} {arguments:?}");
        assert!(stderr(&output).contains(part), "`{part}` is missing in: {}", stderr(&output));
    };
    refuse("[sweep]\nworkload.load = 0.5", &[], "sweep.workload.load: a sweep takes a list of values");
    refuse("[sweep]\nworkload.load = []", &[], "at least one value");
    refuse("[sweep]\nworkload.laod = [1, 2]", &[], "workload.laod = 1: unknown field `laod`");
    refuse("[sweep]\nworkload.load = [0.5, 2]", &[], "workload.load = 2: ");
    refuse("[sweep]\nvariant = [1]", &[], "variant can't be swept");
    refuse("[sweep]\nworkload.load = [0.5, 0.5]", &[], "is listed twice");
    refuse("[sweep.zip]\nworkload.load = [0.5]\nmeasure.window = [\"1ms\", \"2ms\"]", &[], "has 2");
    refuse("", &["--shard", "0/2"], "1/3, 2/3 or 3/3");
    refuse("", &["--shard", "3/2"], "1/3, 2/3 or 3/3");
    refuse("", &["--only", "ffffffffff"], "`homasim plan FILE` shows both");
}
