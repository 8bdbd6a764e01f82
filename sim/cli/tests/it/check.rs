//! `homasim check` ends with 0 if nothing is worse than in the baseline, with 1 if something is,
//! with 2 if it can't say; and says what moved, for people and for machines.

use crate::common::{Sandbox, TINY, stderr, stdout};
use serde_json::Value;
use std::process::Output;
use std::sync::OnceLock;

const BASELINE: &str = "results/baselines/tiny.json";
/// Fewer senders are granted at a time than is good for the tail.
const WORSE: [&str; 2] = ["--set", "transport.sigcomm18.overcommitment=1"];

/// A window long enough for confidence, and the baseline of it.
fn sandbox() -> Sandbox {
    static FIRST: OnceLock<String> = OnceLock::new();
    let sandbox = Sandbox::new();
    sandbox.write("tiny.toml", &experiment());
    let first = FIRST.get_or_init(|| {
        ends(&sandbox, 0, &["tiny.toml", "--update", "first"]);
        std::fs::read_to_string(sandbox.path(BASELINE)).expect("it was written")
    });
    std::fs::create_dir_all(sandbox.path("results/baselines")).expect("making a folder in the temporary one");
    sandbox.write(BASELINE, first);
    sandbox
}

fn experiment() -> String {
    let replaced = [
        ("load = 0.6", "load = 0.85"),
        ("warmup = \"500us\"", "warmup = \"5ms\""),
        ("window = \"2ms\"", "window = \"20ms\""),
        ("drain = \"4ms\"", "drain = \"200ms\"\nbackground = \"stop\""),
        ("seeds = [1, 2]", "seeds = [1, 2, 3]"),
    ];
    replaced.iter().fold(TINY.to_owned(), |text, (from, to)| text.replace(from, to))
}

fn check(sandbox: &Sandbox, arguments: &[&str]) -> Output {
    sandbox.run(&[&["check"], arguments].concat())
}

/// Standard output of a check that ends with `code`.
fn ends(sandbox: &Sandbox, code: i32, arguments: &[&str]) -> String {
    let output = check(sandbox, arguments);
    let (out, err) = (stdout(&output), stderr(&output));
    assert_eq!(output.status.code(), Some(code), "{arguments:?}: {out}{err}");
    assert!(!err.contains("panicked"), "{err}");
    out
}

/// Demands that a check can't be made, and says why in these words.
fn refuses(sandbox: &Sandbox, arguments: &[&str], parts: &[&str]) {
    let output = check(sandbox, arguments);
    let text = stderr(&output);
    assert_eq!(output.status.code(), Some(2), "{arguments:?}: {}{text}", stdout(&output));
    for part in parts {
        assert!(text.contains(part), "{arguments:?}: `{part}` is missing in: {text}");
    }
}

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

#[test]
fn an_unchanged_run_is_identical_and_leaves_no_results() {
    let sandbox = sandbox();
    let text = ends(&sandbox, 0, &["tiny.toml", "--jobs", "1", "--exact"]);
    assert!(text.starts_with("w3-0.85: identical\npassed: nothing in 1 case is worse"), "{text}");
    let names: Vec<_> = sandbox.files(".").into_iter().map(|(name, _)| name).collect();
    assert_eq!(names, [BASELINE, "tiny.toml"]);
}

#[test]
fn fewer_grants_make_the_tail_worse_and_end_with_1() {
    let sandbox = sandbox();
    let text = ends(&sandbox, 1, &[&["tiny.toml"], &WORSE[..]].concat());
    let head = text.lines().next().unwrap();
    assert!(
        ["case", "messages", "baseline (95 %)", "change", "verdict"].iter().all(|part| head.contains(part)),
        "{text}"
    );
    assert!(
        text.lines().any(|line| line.starts_with("w3-0.85 ") && line.contains("p99") && line.ends_with("WORSE")),
        "{text}"
    );
    assert!(!text.contains("within tolerance\n"), "only what moved: {text}");
    assert!(text.contains("w3-0.85: WORSE: ") && text.contains("FAILED: 1 of 1 case"), "{text}");
    assert!(text.contains("--update REASON"), "{text}");
    let all = ends(&sandbox, 1, &[&["tiny.toml", "--verbose"], &WORSE[..]].concat());
    assert!(all.lines().count() > text.lines().count(), "{all}");
}

#[test]
fn what_is_better_passes_with_a_hint() {
    let sandbox = Sandbox::new();
    let worse = experiment().replace("kind = \"sigcomm18\"", "kind = \"sigcomm18\"\nsigcomm18.overcommitment = 1");
    sandbox.write("tiny.toml", &worse);
    ends(&sandbox, 0, &["tiny.toml", "--update", "first", "--quiet"]);
    sandbox.write("tiny.toml", &experiment());
    let text = ends(&sandbox, 0, &["tiny.toml", "--github"]);
    assert!(text.contains("w3-0.85: BETTER: ") && text.contains("--update REASON"), "{text}");
    assert!(
        text.contains("::warning file=tiny.toml,title=tail latency is better than the baseline%3A w3-0.85::"),
        "{text}"
    );
}

#[test]
fn another_trajectory_passes_unless_digests_are_demanded() {
    let sandbox = sandbox();
    // Nearly the same window.
    let later = ["tiny.toml", "--set", "measure.warmup=5001us"];
    let text = ends(&sandbox, 0, &later);
    assert!(text.contains("w3-0.85: trajectories changed, nothing is worse"), "{text}");
    let text = ends(&sandbox, 1, &[&later[..], &["--exact", "--github"]].concat());
    assert!(text.contains("w3-0.85: CHANGED: digest ") && text.contains("no other digest"), "{text}");
    assert!(text.contains("::error file=tiny.toml,title=trajectories changed%3A w3-0.85::"), "{text}");
    sandbox.write("tiny.toml", &(experiment() + "[check]\ndigest = true\n"));
    ends(&sandbox, 1, &later);
    ends(&sandbox, 0, &["tiny.toml"]);
    ends(&sandbox, 0, &[&later[..], &["--set", "check.digest=false"]].concat());
}

#[test]
fn tolerances_stand_in_the_experiment_and_are_replaced_like_any_key() {
    let sandbox = sandbox();
    let wide = "[check]\np50_within = 1000\np99_within = 1000\n";
    sandbox.write("tiny.toml", &(experiment() + wide));
    let worse = [&["tiny.toml"], &WORSE[..]].concat();
    assert!(ends(&sandbox, 0, &worse).contains("p50 1000 %, p99 1000 %"));
    ends(&sandbox, 1, &[&worse[..], &["--set", "check.p99_within=10"]].concat());
    for (table, part) in [
        ("p99_within = -1", "from 0 to 1000"),
        ("p99_within = \"10\"", "expected a number"),
        ("p98_within = 1", "unknown field `p98_within`"),
        ("digest = 1", "boolean"),
    ] {
        sandbox.write("bad.toml", &format!("{}[check]\n{table}\n", experiment()));
        refuses(&sandbox, &["bad.toml", "--baseline", BASELINE], &["bad.toml", part]);
    }
}

#[test]
fn what_is_allowed_is_in_no_key_and_varies_with_no_case() {
    let sandbox = sandbox();
    let keys = || stdout(&sandbox.run(&["plan", "tiny.toml", "--keys"]));
    let before = keys();
    sandbox.write("tiny.toml", &(experiment() + "[check]\np99_within = 5\n"));
    assert_eq!(keys(), before);
    sandbox.write("bad.toml", &(experiment() + "[sweep]\ncheck.p99_within = [1, 2]\n"));
    refuses(&sandbox, &["bad.toml"], &["check.p99_within can't be swept"]);
    sandbox.write("bad.toml", &(experiment() + "[[variant]]\nname = \"a\"\nset = [\"check.digest=true\"]\n"));
    refuses(&sandbox, &["bad.toml"], &["or a check of its own"]);
}

#[test]
fn cases_with_other_names_are_compared_one_by_one() {
    let sandbox = sandbox();
    let text = ends(&sandbox, 0, &["tiny.toml", "--set", "workload.load=0.6"]);
    assert!(text.contains("w3-0.6 (baseline: w3-0.85): BETTER"), "{text}");
    let text = ends(&sandbox, 0, &["tiny.toml", "--set", "workload.load=0.6", "--seed", "7"]);
    assert!(text.contains("note: other seeds (7) than the baseline's (1, 2, 3)"), "{text}");
}

#[test]
fn what_does_not_go_together_is_refused_before_it_is_run() {
    let sandbox = sandbox();
    let without = |set: &str| ["tiny.toml", "--out", "out", "--set", set].map(str::to_owned);
    for (set, part) in [
        ("workload.load=[0.5,0.8]", "2 cases in the experiment and 1 in the baseline"),
        ("workload.sizes=w2", "has the message sizes w2 and the baseline's w3-0.85 has w3"),
        ("measure.denominator=simulated", "has the denominator simulated and the baseline's w3-0.85 has sigcomm18"),
    ] {
        let arguments = without(set);
        let arguments: Vec<_> = arguments.iter().map(String::as_str).collect();
        refuses(&sandbox, &arguments, &[BASELINE, part, "--update REASON"]);
        assert!(!sandbox.path("out").exists(), "{set}");
    }
}

#[test]
fn a_check_that_can_not_be_made_ends_with_2_and_says_what_to_do() {
    let sandbox = sandbox();
    refuses(
        &sandbox,
        &["tiny.toml", "--baseline", "none.json"],
        &["cannot read the baseline none.json", "--update REASON", "--baseline FILE"],
    );
    refuses(&sandbox, &["none.toml"], &["cannot read the experiment file none.toml"]);
    sandbox.write("broken.json", "{\"experiment\": 3}");
    refuses(&sandbox, &["tiny.toml", "--baseline", "broken.json"], &["broken.json is no baseline", "--update REASON"]);
    refuses(&sandbox, &["tiny.toml", "--set", "workload.laod=1"], &["unknown field `laod`"]);
    refuses(
        &sandbox,
        &["tiny.toml", "--update", "why", "--seed", "9"],
        &["--update makes a baseline of the experiment as its file has it", "tiny.toml"],
    );
    refuses(&sandbox, &["tiny.toml", "--update", ""], &["--update"]);
    refuses(&sandbox, &["tiny.toml", "--update", "why", "--json"], &["cannot be used with"]);
    refuses(&sandbox, &["tiny.toml", "--json", "--github"], &["cannot be used with"]);
    refuses(&sandbox, &["tiny.toml", "--out", "tiny.toml"], &["cannot write tiny.toml", "--out DIR"]);
    refuses(&sandbox, &["tiny.toml", "--junit", "none/check.xml"], &["cannot write none/check.xml", "--junit FILE"]);
    refuses(
        &sandbox,
        &["tiny.toml", "--update", "why", "--baseline", "tiny.toml/b.json"],
        &["cannot write the baseline", "--baseline FILE"],
    );
    refuses(&sandbox, &["tiny.toml", "--set", "measure.window=1ps"], &["failed: w3-0.85", "nothing was compared"]);
    let output = check(&sandbox, &["tiny.toml", "--baseline", "none.json", "--github"]);
    let text = stdout(&output);
    assert!(text.starts_with("::error file=tiny.toml,title=homasim check could not run::cannot read"), "{text}");
}

#[test]
fn an_update_has_its_reason_and_replaces_what_is_broken() {
    let sandbox = sandbox();
    let read = || std::fs::read_to_string(sandbox.path(BASELINE)).unwrap();
    let before = read();
    let baseline = json(&before);
    assert_eq!((baseline["experiment"].as_str(), baseline["reason"].as_str()), (Some("tiny"), Some("first")));
    let case = &baseline["cases"][0];
    assert_eq!((case["name"].as_str(), case["seeds"].to_string()), (Some("w3-0.85"), "[1,2,3]".to_owned()));
    for field in ["p50", "p50_low", "p50_high", "p99", "p99_low", "p99_high"] {
        assert!(case["overall"][field].is_number() && case["deciles"][4][field].is_number(), "{field}: {before}");
    }
    for field in ["count", "p50_us", "p99_us", "p99_low_us", "p99_high_us"] {
        assert!(case["short_messages"][field].is_number(), "{field}: {before}");
    }
    let text = ends(&sandbox, 0, &["tiny.toml", "--update", "first"]);
    assert!(
        text == format!("wrote {BASELINE}: first\n") && read() == before,
        "the same results, the same bytes: {text}"
    );
    sandbox.write(BASELINE, "broken");
    ends(&sandbox, 0, &["tiny.toml", "--update", "mended", "--quiet"]);
    assert_eq!(read(), before.replace("\"first\"", "\"mended\""));
    ends(&sandbox, 0, &["tiny.toml", "--update", "elsewhere", "--baseline", "elsewhere/b.json"]);
    ends(&sandbox, 0, &["tiny.toml", "--baseline", "elsewhere/b.json", "--exact"]);
}

#[test]
fn results_are_kept_where_asked_and_used_again() {
    let sandbox = sandbox();
    ends(&sandbox, 0, &["tiny.toml", "--out", "kept"]);
    let runs =
        || sandbox.files("kept").into_iter().filter(|(name, _)| name.ends_with("timing.json")).collect::<Vec<_>>();
    let before = runs();
    assert_eq!(before.len(), 4);
    assert!(sandbox.files("kept").iter().any(|(name, _)| name.ends_with(".png")), "kept results have figures");
    for more in [&[][..], &["--replace"]] {
        let text = ends(&sandbox, 0, &[&["tiny.toml", "--out", "kept"], more].concat());
        assert!(text.contains("identical") && runs() == before, "{more:?}: {text}");
    }
    // As a changed file.
    let changed = ["tiny.toml", "--out", "kept", "--set", "measure.drain=300ms"];
    refuses(&sandbox, &changed, &["measure.drain is \"200ms\" there, \"300ms\" here", "--replace"]);
    ends(&sandbox, 0, &[&changed[..], &["--replace"]].concat());
    assert!(runs().len() > before.len(), "runs of both are kept");
}

#[test]
fn json_is_one_object_with_every_number() {
    let sandbox = sandbox();
    let verdict = json(&ends(&sandbox, 1, &[&["tiny.toml", "--json", "--quiet"], &WORSE[..]].concat()));
    assert_eq!((verdict["passed"].as_bool(), verdict["experiment"].as_str()), (Some(false), Some("tiny")));
    assert_eq!((verdict["baseline"].as_str(), verdict["baseline_reason"].as_str()), (Some(BASELINE), Some("first")));
    assert_eq!(verdict["allowed"]["digest"].as_bool(), Some(false));
    let case = &verdict["cases"][0];
    assert_eq!((case["case"].as_str(), case["verdict"].as_str()), (Some("w3-0.85"), Some("worse")));
    assert_ne!(case["digest"], case["baseline_digest"]);
    let rows = case["rows"].as_array().unwrap();
    assert!(rows.len() > 20 && rows.iter().any(|row| row["outcome"] == "worse"), "{rows:?}");
    for field in ["what", "messages", "unit", "baseline", "now", "change_percent", "outcome"] {
        assert!(rows[1].get(field).is_some(), "{field}");
    }
    let same = json(&ends(&sandbox, 0, &["tiny.toml", "--json"]));
    assert_eq!(same["cases"][0]["verdict"], "identical");
}

#[test]
fn github_and_junit_name_what_failed() {
    let sandbox = sandbox();
    let text = ends(&sandbox, 1, &[&["tiny.toml", "--github", "--junit", "check.xml"], &WORSE[..]].concat());
    let annotation = text.lines().last().unwrap();
    assert!(
        annotation.starts_with("::error file=tiny.toml,title=tail latency regression%3A w3-0.85::w3-0.85: WORSE: "),
        "{text}"
    );
    assert!(annotation.contains(" %25") && !annotation.contains(" % "), "{annotation}");
    let xml = std::fs::read_to_string(sandbox.path("check.xml")).unwrap();
    assert!(xml.contains("<testsuite name=\"tiny.w3-0.85\""), "{xml}");
    assert!(
        xml.contains("<testcase name=\"digest\" classname=\"tiny.w3-0.85\">") && xml.contains("type=\"regression\""),
        "{xml}"
    );
    let failures = xml.matches("<failure ").count();
    assert!(failures > 0 && xml.contains(&format!("failures=\"{failures}\" errors=\"0\"")), "{xml}");
    ends(&sandbox, 0, &["tiny.toml", "--junit", "check.xml"]);
    assert!(!std::fs::read_to_string(sandbox.path("check.xml")).unwrap().contains("<failure "));
}

#[test]
fn quiet_says_nothing_when_it_passes_and_what_failed_when_it_does_not() {
    let sandbox = sandbox();
    let output = check(&sandbox, &["tiny.toml", "--quiet"]);
    assert!(output.status.success() && output.stdout.is_empty() && output.stderr.is_empty());
    assert!(ends(&sandbox, 1, &[&["tiny.toml", "-q"], &WORSE[..]].concat()).contains("WORSE"));
}

#[cfg(unix)]
#[test]
fn an_interrupted_check_ends_with_2() {
    let sandbox = sandbox();
    let long = ["check", "tiny.toml", "--set", "measure.window=100s", "--out", "out"];
    let mut command = sandbox.command(&long);
    let mut child = command.stderr(std::process::Stdio::piped()).spawn().expect("the program starts");
    // Earlier the signal would end it at once.
    while !sandbox.path("out/manifest.toml").exists() {
        assert!(child.try_wait().expect("a child can be asked").is_none(), "it ended by itself");
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    let id = child.id().to_string();
    assert!(std::process::Command::new("kill").args(["-INT", &id]).status().is_ok_and(|status| status.success()));
    let status = child.wait().expect("it ends");
    let mut text = String::new();
    std::io::Read::read_to_string(&mut child.stderr.take().unwrap(), &mut text).unwrap();
    assert_eq!(status.code(), Some(2), "{text}");
    assert!(text.contains("interrupted: nothing was compared; runs that had finished are kept in out"), "{text}");
}

#[test]
fn the_examples_of_the_help_text_work() {
    let sandbox = Sandbox::new();
    std::fs::create_dir_all(sandbox.path("experiments/ci")).unwrap();
    sandbox.write("experiments/ci/tail-latency.toml", &experiment());
    let help = stdout(&sandbox.run(&["check", "--help"]));
    let examples: Vec<&str> = help.lines().filter_map(|line| line.strip_prefix("  homasim ")).collect();
    assert!(examples.len() >= 2, "{help}");
    // The baseline first: in a repository it is there.
    let (updates, checks): (Vec<_>, Vec<_>) = examples.into_iter().partition(|example| example.contains("--update"));
    for example in updates.into_iter().chain(checks) {
        // Quoted as a shell would have it: every second part is one word.
        let word = |(number, part): (usize, &str)| match number % 2 {
            0 => part.split_whitespace().map(str::to_owned).collect(),
            _ => vec![part.to_owned()],
        };
        let words: Vec<String> = example.split('"').enumerate().flat_map(word).collect();
        let output = sandbox.run(&words.iter().map(String::as_str).collect::<Vec<_>>());
        let expected = if example.contains("overcommitment=1") { 1 } else { 0 };
        assert_eq!(output.status.code(), Some(expected), "{example}: {}{}", stdout(&output), stderr(&output));
    }
}

#[test]
fn the_shipped_baseline_is_of_the_shipped_experiment() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let sandbox = Sandbox::new();
    let experiment = root.join("experiments/ci/tail-latency.toml");
    let plan = stdout(&sandbox.run(&["plan", &experiment.to_string_lossy(), "--json"]));
    let mut planned: Vec<_> = plan.lines().map(|line| json(line)["case"].clone()).collect();
    planned.dedup();
    let baseline = json(&std::fs::read_to_string(root.join("results/baselines/tail-latency.json")).unwrap());
    let cases = baseline["cases"].as_array().unwrap();
    assert_eq!(cases.iter().map(|case| case["name"].clone()).collect::<Vec<_>>(), planned);
    assert!(cases.iter().all(|case| case["best_times"].as_array().is_some_and(|best| best.len() > 20)));
    for decile in cases.iter().flat_map(|case| case["deciles"].as_array().unwrap()) {
        assert!(
            decile["count"].as_u64().unwrap() >= 1000 && decile["p99_high"].is_number(),
            "too few messages: {decile}"
        );
    }
}
