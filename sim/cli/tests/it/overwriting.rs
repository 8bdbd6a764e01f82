//! Results are not overwritten: what is in a folder stays, unless the user says that it may go.

use crate::common::{Sandbox, TINY, stderr, stdout};
use std::process::Output;

fn sandbox() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.write("tiny.toml", TINY);
    sandbox
}

fn run(sandbox: &Sandbox, arguments: &[&str]) -> Output {
    sandbox.run(&[&["run", "--no-png", "--quiet"], arguments].concat())
}

fn succeed(sandbox: &Sandbox, arguments: &[&str]) -> Output {
    let output = run(sandbox, arguments);
    assert!(output.status.success(), "{arguments:?}: {}", stderr(&output));
    output
}

/// Demands that a command is refused for these reasons, and that it changes nothing.
fn refuse(sandbox: &Sandbox, folder: &str, arguments: &[&str], parts: &[&str]) {
    let before = sandbox.files(folder);
    let output = run(sandbox, arguments);
    assert_eq!(output.status.code(), Some(2), "{arguments:?}: {}", stderr(&output));
    for part in parts {
        assert!(stderr(&output).contains(part), "`{part}` is missing in: {}", stderr(&output));
    }
    assert!(sandbox.files(folder) == before, "{arguments:?} changed {folder}");
}

const DEFAULT: &str = "results/out/tiny";

fn overview(sandbox: &Sandbox, folder: &str) -> Vec<String> {
    let text = std::fs::read_to_string(sandbox.path(folder).join("overview.csv")).unwrap();
    text.lines().skip(1).map(|line| line.split(',').next().unwrap().to_owned()).collect()
}

#[test]
fn results_of_other_settings_are_not_replaced_unless_the_user_says_so() {
    let sandbox = sandbox();
    succeed(&sandbox, &["tiny.toml"]);
    let set = ["tiny.toml", "--set", "transport.sigcomm18.overcommitment=1"];
    let told = [
        "results/out/tiny has other results, which would be lost",
        "w3-0.6: transport.sigcomm18.overcommitment is not given there, 1 here",
        "--out results/out/tiny-2",
        "--replace",
    ];
    refuse(&sandbox, DEFAULT, &set, &told);
    // That what is there is to be done again doesn't say that it may become something else.
    refuse(&sandbox, DEFAULT, &[&set[..], &["--again"]].concat(), &told[..1]);
    let plan = sandbox.run(&[&["plan"], &set[..]].concat());
    assert!(plan.status.success() && stderr(&plan).contains("would refuse"), "{}", stderr(&plan));
    // What the error proposes works.
    succeed(&sandbox, &[&set[..], &["--out", "results/out/tiny-2"]].concat());
    let digest = || std::fs::read_to_string(sandbox.path("results/out/tiny/w3-0.6/manifest.toml")).unwrap();
    let before = digest();
    succeed(&sandbox, &[&set[..], &["--replace"]].concat());
    assert_ne!(digest(), before);
    refuse(&sandbox, DEFAULT, &["tiny.toml"], &["overcommitment is 1 there, not given here"]);
}

#[test]
fn a_changed_file_is_as_good_a_reason_as_a_changed_key() {
    let sandbox = sandbox();
    succeed(&sandbox, &["tiny.toml"]);
    sandbox.write("tiny.toml", &TINY.replace("window = \"2ms\"", "window = \"1ms\""));
    refuse(&sandbox, DEFAULT, &["tiny.toml"], &["measure.window is \"2ms\" there, \"1ms\" here"]);

    sandbox.write("two.csv", "size_bytes,cum_prob\n100,0.5\n20000,1\n");
    let sizes = ["tiny.toml", "--set", "workload.sizes=two.csv", "--out", "files"];
    succeed(&sandbox, &sizes);
    sandbox.write("two.csv", "size_bytes,cum_prob\n100,0.4\n20000,1\n");
    refuse(&sandbox, "files", &sizes, &["two.csv-0.6: workload.sizes is a file with sha256"]);

    std::fs::create_dir(sandbox.path("elsewhere")).unwrap();
    sandbox.write("elsewhere/tiny.toml", &TINY.replace("load = 0.6", "load = 0.6\nthreads = 2"));
    refuse(&sandbox, DEFAULT, &["elsewhere/tiny.toml"], &["workload.threads is not given there, 2 here"]);
    sandbox.write("other.toml", TINY);
    refuse(&sandbox, DEFAULT, &["other.toml", "--out", DEFAULT], &["of the experiment tiny there, of other here"]);
}

#[test]
fn seeds_may_be_added_and_not_taken_away() {
    let sandbox = sandbox();
    succeed(&sandbox, &["tiny.toml", "--set", "run.seeds=[1]"]);
    let timing = || {
        let files = sandbox.files("results/out/tiny/runs");
        files.into_iter().filter(|(name, _)| name.ends_with(".timing.json")).collect::<Vec<_>>()
    };
    let first = timing();
    succeed(&sandbox, &["tiny.toml"]);
    assert!(timing().len() == 2 && timing().contains(&first[0]), "the first seed was kept");
    refuse(&sandbox, DEFAULT, &["tiny.toml", "--seed", "2"], &["run.seeds is 1, 2 there, and this command lacks 1"]);
    refuse(&sandbox, DEFAULT, &["tiny.toml", "--seed", "3"], &["lacks 1, 2"]);
    succeed(&sandbox, &["tiny.toml", "--seed", "2", "--replace"]);
}

#[test]
fn cases_add_up_in_one_folder_and_the_overview_has_them_all() {
    let sandbox = sandbox();
    succeed(&sandbox, &["tiny.toml", "--set", "workload.load=0.5"]);
    succeed(&sandbox, &["tiny.toml", "--set", "workload.load=0.3"]);
    assert_eq!(overview(&sandbox, DEFAULT), ["w3-0.5", "w3-0.3"]);
    let figure = std::fs::read_to_string(sandbox.path("results/out/tiny/figures/slowdown-by-load-w3.csv")).unwrap();
    assert!(figure.contains(",0.3,") && figure.contains(",0.5,"), "{figure}");
    // In the file's order as soon as the file has them all, and then as if they had been run at
    // once.
    sandbox.write("tiny.toml", &TINY.replace("load = 0.6", "load = [0.3, 0.5, 0.6]"));
    succeed(&sandbox, &["tiny.toml"]);
    assert_eq!(overview(&sandbox, DEFAULT), ["w3-0.3", "w3-0.5", "w3-0.6"]);
    succeed(&sandbox, &["tiny.toml", "--out", "at-once"]);
    let timeless = |folder: &str| {
        let files = sandbox.files(folder).into_iter();
        files.filter(|(name, _)| !name.ends_with("timing.json")).collect::<Vec<_>>()
    };
    assert!(timeless(DEFAULT) == timeless("at-once"));
    let report = sandbox.run(&["report", DEFAULT]);
    assert!(report.status.success(), "{}", stderr(&report));
}

#[test]
fn cases_whose_names_do_not_tell_what_differs_are_not_put_into_one_overview() {
    let sandbox = sandbox();
    succeed(&sandbox, &["tiny.toml", "--set", "workload.load=0.5"]);
    let set = ["tiny.toml", "--set", "workload.load=0.3", "--set", "transport.sigcomm18.overcommitment=1"];
    let told = "w3-0.5: transport.sigcomm18.overcommitment is not given there, 1 here, which no name of a case tells";
    refuse(&sandbox, DEFAULT, &set, &[told]);
    // A sweep puts it into the name.
    let sweep = "[sweep]\ntransport.sigcomm18.overcommitment = [1]\n";
    sandbox.write("tiny.toml", &format!("{TINY}{sweep}"));
    succeed(&sandbox, &["tiny.toml"]);
    assert_eq!(overview(&sandbox, DEFAULT), ["w3-0.5", "w3-0.6-overcommitment-1"]);
}

#[test]
fn a_folder_that_is_no_result_is_never_replaced() {
    let sandbox = sandbox();
    std::fs::create_dir_all(sandbox.path("results/out/tiny/w3-0.6")).unwrap();
    sandbox.write("results/out/tiny/w3-0.6/thesis.txt", "three years of work");
    for more in [&[][..], &["--replace"], &["--again"]] {
        let arguments = [&["tiny.toml"], more].concat();
        refuse(&sandbox, "results/out/tiny/w3-0.6", &arguments, &["w3-0.6 is no folder of results", "move it away"]);
    }
    // A damaged manifest says nothing about what would be lost.
    succeed(&sandbox, &["tiny.toml", "--out", "damaged"]);
    sandbox.write("damaged/w3-0.6/manifest.toml", "nothing = 1\n");
    refuse(&sandbox, "damaged", &["tiny.toml", "--out", "damaged"], &["w3-0.6: what is there can't be read"]);
    succeed(&sandbox, &["tiny.toml", "--out", "damaged", "--replace"]);
}

#[test]
fn what_another_version_made_of_the_same_settings_is_made_again_with_a_warning() {
    let sandbox = sandbox();
    succeed(&sandbox, &["tiny.toml"]);
    let path = sandbox.path("results/out/tiny/w3-0.6/manifest.toml");
    let age = || {
        let text = std::fs::read_to_string(&path).unwrap();
        let of_sources = text.lines().find(|line| line.starts_with("sources = ")).unwrap().to_owned();
        let keys: Vec<_> = text.lines().filter(|line| line.starts_with("key = ")).map(str::to_owned).collect();
        let older = text.replace(&of_sources, "sources = \"0123456789abcdef\"");
        let older = keys.iter().fold(older, |text, key| text.replace(key.as_str(), "key = \"fedcba9876543210\""));
        std::fs::write(&path, older).unwrap();
    };
    age();
    // Other settings are not excused by another version.
    refuse(&sandbox, DEFAULT, &["tiny.toml", "--set", "measure.window=1ms"], &["measure.window is \"2ms\" there"]);
    let output = succeed(&sandbox, &["tiny.toml"]);
    assert!(stderr(&output).contains("had been made by another version of the program"), "{}", stderr(&output));
    assert!(
        std::fs::read_to_string(&path).unwrap().contains("sources = ")
            && !stderr(&succeed(&sandbox, &["tiny.toml"])).contains("another version")
    );
    // One overview is of one version.
    age();
    let manifest = sandbox.path("results/out/tiny/manifest.toml");
    let text = std::fs::read_to_string(&manifest).unwrap();
    let key = text.lines().find(|line| line.starts_with("key = ")).unwrap().to_owned();
    std::fs::write(&manifest, text.replacen(&key, "key = \"fedcba9876543210\"", 1)).unwrap();
    let other = ["tiny.toml", "--set", "workload.load=0.5"];
    refuse(&sandbox, DEFAULT, &other, &["w3-0.6: another version of the program made it"]);
}

#[test]
fn an_interrupted_run_that_had_no_result_is_in_nobodys_way() {
    let sandbox = sandbox();
    succeed(&sandbox, &["tiny.toml"]);
    // As an interrupt before the case was complete leaves it: a finished run, and no case.
    std::fs::remove_dir_all(sandbox.path("results/out/tiny/w3-0.6")).unwrap();
    succeed(&sandbox, &["tiny.toml", "--set", "measure.window=1ms"]);
    let runs = sandbox.files("results/out/tiny/runs").len();
    assert_eq!(runs, 2 * 4, "the finished runs of before are there still");
}

#[test]
fn merge_and_check_replace_nothing_unasked_either() {
    let sandbox = sandbox();
    succeed(&sandbox, &["tiny.toml", "--out", "whole", "--set", "measure.window=1ms"]);
    succeed(&sandbox, &["tiny.toml", "--out", "part"]);
    let before = sandbox.files("whole");
    let merge = |more: &[&str]| sandbox.run(&[&["merge", "--no-png", "-q", "part", "--out", "whole"], more].concat());
    let refused = merge(&[]);
    assert_eq!(refused.status.code(), Some(2));
    assert!(stderr(&refused).contains("measure.window is \"1ms\" there, \"2ms\" here"), "{}", stderr(&refused));
    assert!(sandbox.files("whole") == before);
    assert!(merge(&["--replace"]).status.success());

    let check = |more: &[&str]| {
        let fixed = ["check", "tiny.toml", "--baseline", "base.json", "--out", "checked", "--quiet"];
        sandbox.run(&[&fixed, more].concat())
    };
    assert!(check(&["--update", "first"]).status.success());
    sandbox.write("tiny.toml", &TINY.replace("load = 0.6", "load = 0.6\nthreads = 2"));
    let refused = check(&["--update", "second"]);
    assert_eq!(refused.status.code(), Some(2));
    assert!(stderr(&refused).contains("workload.threads is not given there, 2 here"), "{}", stderr(&refused));
    assert!(check(&["--update", "second", "--replace"]).status.success());
}

#[test]
fn numbers_of_the_command_line_say_what_is_accepted_without_words_of_the_language() {
    let sandbox = sandbox();
    let seeds = "a whole number from 0 to 9223372036854775807";
    for (arguments, accepted) in [
        (&["run", "tiny.toml", "--seed", "18446744073709551615"][..], seeds),
        (&["run", "tiny.toml", "--seed", "99999999999999999999999"], seeds),
        (&["run", "tiny.toml", "--seed=-1"], seeds),
        (&["run", "tiny.toml", "--seed", "one"], seeds),
        (&["run", "tiny.toml", "--jobs", "0"], "a whole number from 1 to 1024"),
        (&["run", "tiny.toml", "--jobs", "99999"], "a whole number from 1 to 1024"),
        (&["run", "tiny.toml", "--threads", "1.5"], "a whole number from 1 to 64"),
        (&["run", "tiny.toml", "--shard", "1/99999999999999"], "1/3, 2/3 or 3/3"),
        (&["run", "tiny.toml", "--shard=-1/2"], "1/3, 2/3 or 3/3"),
        (&["run", "tiny.toml", "--only", ""], "the name of a case, or a key"),
        (&["bench", "smoke", "--runs", "many"], "a whole number from 1 to 1000"),
        (&["replay", "x.pcap", "--batch", "-"], "a whole number from 1 to 1000"),
        (&["replay", "x.pcap", "--node", "ten"], "an IP address"),
        (&["compare", "a", "b", "--denominator", "cluster-2023", "--link-mbps", "0"], "from 1 to 10000000"),
    ] {
        let output = sandbox.run(arguments);
        let text = stderr(&output);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert!(text.contains("accepted is") && text.contains(accepted), "{arguments:?}: {text}");
        for word in ["u64", "u32", "u16", "i64", "target type", "digit found", "syntax"] {
            assert!(!text.contains(word), "{arguments:?}: {text}");
        }
    }
    // The largest seed is one.
    let output = succeed(&sandbox, &["tiny.toml", "--seed", "9223372036854775807", "--json"]);
    assert!(stdout(&output).contains("9223372036854775807"));
}
