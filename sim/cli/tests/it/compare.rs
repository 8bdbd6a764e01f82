//! `homasim compare A B`: each form that a side may have, and what is refused.

use crate::common::{Sandbox, TINY, stderr, stdout};
use serde_json::Value;
use std::path::Path;
use std::process::Output;

const OTHER: &str = "transport.sigcomm18.overcommitment=2";

/// A sandbox with results of TINY: `a/w3-0.6` and, with other parameters but the same messages,
/// `b/w3-0.6`.
fn two_cases(messages: bool) -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.write("tiny.toml", TINY);
    let messages = format!("measure.messages={messages}");
    for (out, set) in [("a", &[][..]), ("b", &["--set", OTHER][..])] {
        run(&sandbox, out, &[&["--set", &messages], set].concat());
    }
    sandbox
}

fn run(sandbox: &Sandbox, out: &str, arguments: &[&str]) {
    run_and_keep(sandbox, out, arguments);
    // Samples are to come from messages.csv, or not at all.
    std::fs::remove_dir_all(sandbox.path(out).join("runs")).unwrap();
}

fn run_and_keep(sandbox: &Sandbox, out: &str, arguments: &[&str]) {
    let output = sandbox.run(&[&["run", "--no-png", "tiny.toml", "--out", out], arguments].concat());
    assert!(output.status.success(), "{}", stderr(&output));
}

fn compare(sandbox: &Sandbox, arguments: &[&str]) -> Output {
    sandbox.run(&[&["compare"], arguments].concat())
}

/// Compares, demands an exit code, and returns the JSON object.
fn json(sandbox: &Sandbox, arguments: &[&str], code: i32) -> Value {
    let output = compare(sandbox, &[arguments, &["--json"]].concat());
    assert_eq!(output.status.code(), Some(code), "{}", stderr(&output));
    serde_json::from_str(&stdout(&output)).unwrap()
}

/// Demands that a comparison is refused, with a message that has all of `parts`.
fn refused(sandbox: &Sandbox, arguments: &[&str], parts: &[&str]) {
    let output = compare(sandbox, arguments);
    let message = stderr(&output);
    assert_eq!(output.status.code(), Some(2), "{arguments:?}: {message}");
    parts.iter().for_each(|part| assert!(message.contains(part), "`{part}` is missing in:\n{message}"));
    assert!(!message.contains("panicked"), "{message}");
}

fn cluster_data(sandbox: &Sandbox) {
    std::fs::create_dir(sandbox.path("runs")).unwrap();
    let from = Path::new(env!("CARGO_MANIFEST_DIR")).join("../analysis/tests/data/cluster");
    for name in ["homa_w4-1.rtts", "homa_w4-2.rtts", "reports_homa_w4.data", "reports_homa_w4_cdf.data"] {
        std::fs::copy(from.join(name), sandbox.path("runs").join(name)).unwrap();
    }
}

const CLUSTER: [&str; 4] = ["--denominator", "cluster-2023", "--link-mbps", "25000"];

#[test]
fn cases_with_the_same_messages_are_compared_in_pairs_and_an_overlay_is_drawn() {
    let sandbox = two_cases(true);
    let comparison = json(&sandbox, &["a/w3-0.6", "b/w3-0.6"], 0);
    assert_eq!((comparison["intervals"].as_str(), comparison["by"].as_str()), (Some("paired"), Some("deciles")));
    assert_eq!(comparison["within_tolerance"], Value::Null);
    let summary: Value =
        serde_json::from_slice(&std::fs::read(sandbox.path("a/w3-0.6/summary.json")).unwrap()).unwrap();
    let rows = comparison["rows"].as_array().unwrap();
    for (row, decile) in rows.iter().zip(summary["deciles"].as_array().unwrap()) {
        for (ours, stored) in [("size_min", "size_min"), ("size_max", "size_max")] {
            assert_eq!(row[ours], decile[stored]);
        }
        assert_eq!(
            (&row["count"][0], &row["p50"]["a"], &row["p99"]["a"]),
            (&decile["count"], &decile["p50"], &decile["p99"])
        );
        assert!(row["p50"]["interval"][0].as_f64() <= row["p50"]["interval"][1].as_f64());
    }
    let svg = std::fs::read_to_string(sandbox.path("a/w3-0.6/compare-tiny-w3-0.6.svg")).unwrap();
    assert!(svg.contains("A: tiny-w3-0.6") && svg.contains("B: tiny-w3-0.6"));
    assert!(sandbox.path("a/w3-0.6/compare-tiny-w3-0.6.png").is_file());
    let text = stdout(&compare(&sandbox, &["a/w3-0.6", "b/w3-0.6", "--paired", "--by", "bins"]));
    for part in ["slowdown by size bin", "in pairs of time blocks", "not judged", "drew a/w3-0.6/compare-"] {
        assert!(text.contains(part), "`{part}` is missing in:\n{text}");
    }
}

#[test]
fn a_case_against_itself_has_ratios_of_exactly_one_and_is_within_any_tolerance() {
    let sandbox = two_cases(true);
    let comparison = json(&sandbox, &["a/w3-0.6", "a/w3-0.6", "--within", "0%"], 0);
    assert_eq!(comparison["within_tolerance"], true);
    for row in comparison["rows"].as_array().unwrap() {
        for value in [&row["p50"], &row["p99"]] {
            assert_eq!(value["ratio"], 1.0);
            assert_eq!(value["interval"], serde_json::json!([1.0, 1.0]));
        }
    }
    // Tight tolerances make a difference an error; loose ones don't.
    assert_eq!(json(&sandbox, &["a/w3-0.6", "b/w3-0.6", "--within", "0%"], 1)["within_tolerance"], false);
    json(&sandbox, &["a/w3-0.6", "b/w3-0.6", "--within", "0%", "--p50-within", "900%", "--p99-within", "900%"], 0);
}

#[test]
fn kept_runs_give_what_files_of_messages_give() {
    let with_files = two_cases(true);
    let kept = Sandbox::new();
    kept.write("tiny.toml", TINY);
    run_and_keep(&kept, "a", &[]);
    run_and_keep(&kept, "b", &["--set", OTHER]);
    let of_kept = json(&kept, &["a/w3-0.6", "b/w3-0.6", "--paired"], 0);
    assert_eq!(of_kept["intervals"], "paired");
    let of_files = json(&with_files, &["a/w3-0.6", "b/w3-0.6", "--paired"], 0);
    assert_eq!(of_kept["rows"], of_files["rows"]);
}

#[test]
fn cases_without_messages_have_their_own_confidence_and_a_hint() {
    let sandbox = two_cases(false);
    let comparison = json(&sandbox, &["a/w3-0.6", "b/w3-0.6"], 0);
    assert_eq!((comparison["intervals"].as_str(), comparison["by"].as_str()), (Some("of-each-side"), Some("bins")));
    let note = comparison["notes"][0].as_str().unwrap();
    assert!(note.contains("A and B have neither kept runs") && note.contains("nor a messages.csv"), "{note}");
    let first = &comparison["rows"][0]["p99"];
    let [low, high] = [0, 1].map(|end: usize| first["interval"][end].as_f64().unwrap());
    assert!((low..=high).contains(&first["ratio"].as_f64().unwrap()));
    assert_eq!(json(&sandbox, &["a/w3-0.6", "b/w3-0.6", "--by", "deciles"], 0)["by"], "deciles");
    refused(&sandbox, &["a/w3-0.6", "b/w3-0.6", "--paired"], &["no comparison in pairs", "run both cases again"]);
}

#[test]
fn cases_with_other_messages_are_compared_with_independent_blocks_unless_pairs_are_demanded() {
    let sandbox = two_cases(true);
    run(&sandbox, "c", &["--set", "measure.messages=true", "--set", "run.seeds=[3, 4]"]);
    let comparison = json(&sandbox, &["a/w3-0.6", "c/w3-0.6"], 0);
    assert_eq!(comparison["intervals"], "independent");
    assert!(comparison["notes"][0].as_str().unwrap().contains("the same messages in both"), "{}", comparison["notes"]);
    refused(&sandbox, &["a/w3-0.6", "c/w3-0.6", "--paired"], &["no comparison in pairs", "same seeds"]);
    run(&sandbox, "d", &["--set", "measure.messages=true", "--set", "run.seeds=[1]"]);
    refused(&sandbox, &["a/w3-0.6", "d/w3-0.6", "--paired"], &["2 runs", "run.seeds"]);
}

#[test]
fn a_messages_file_of_other_runs_is_refused() {
    let sandbox = two_cases(true);
    let path = "a/w3-0.6/messages.csv";
    let text = std::fs::read_to_string(sandbox.path(path)).unwrap();
    let mut lines = text.lines();
    let (header, first) = (lines.next().unwrap(), lines.next().unwrap());
    sandbox.write(path, &format!("{header}\n{first}\n"));
    refused(&sandbox, &["a/w3-0.6", "b/w3-0.6"], &["messages.csv", "1 runs", "2 seeds"]);
    sandbox.write(path, &format!("{header}\n1,5,0,1,100,7,1.5\n"));
    refused(&sandbox, &["a/w3-0.6", "b/w3-0.6"], &["messages.csv: line 2", "outside of the window"]);
    sandbox.write(path, &format!("{header}\n{first}\n1,5,0,1,100,7,fast\n"));
    refused(&sandbox, &["a/w3-0.6", "b/w3-0.6"], &["messages.csv: line 3", "slowdown `fast`"]);
}

#[test]
fn a_published_reference_may_be_either_side_and_has_its_own_tolerances() {
    let sandbox = Sandbox::new();
    sandbox.write("tiny.toml", &TINY.replace("load = 0.6", "load = 0.8"));
    run(&sandbox, "a", &[]);
    // The network is a small one.
    let old = json(&sandbox, &["a/w3-0.8", "--reference", "sigcomm18", "--unlike"], 1);
    assert_eq!(json(&sandbox, &["a/w3-0.8", "sigcomm18", "--unlike"], 1), old);
    assert_eq!(json(&sandbox, &["sigcomm18", "a/w3-0.8", "--system", "Homa", "--unlike"], 1), old);
    // The largest bins have no message of such a short run, which is off in any case.
    let loose = json(&sandbox, &["a/w3-0.8", "sigcomm18", "--within", "1000%", "--unlike"], 1);
    let p99 = &loose["rows"][4]["p99"];
    assert_eq!((p99["tolerance"].as_f64(), p99["within"].as_bool()), (Some(10.0), Some(true)));
    refused(&sandbox, &["a/w3-0.8", "sigcomm18", "--by", "bins"], &["--by has no meaning"]);
    refused(&sandbox, &["a/w3-0.8", "a/w3-0.8", "--system", "pHost"], &["--system", "neither A nor B"]);
    sandbox.write("t.csv", "size,p50,p99\n9,1,2\n");
    refused(&sandbox, &["sigcomm18", "t.csv", "--denominator", "sigcomm18"], &["sigcomm18 is a published reference"]);
}

#[test]
fn tables_of_other_simulators_are_compared_at_their_sizes() {
    let sandbox = two_cases(true);
    let table =
        "# of some simulator\npercentile,size_bytes,p50,p99\n50,400,1.5,2.0\n60,400,1.5,2.0\n100,5000000,2.5,\n";
    sandbox.write("table.csv", table);
    let comparison = json(&sandbox, &["a/w3-0.6", "table.csv", "--denominator", "sigcomm18"], 0);
    let rows = comparison["rows"].as_array().unwrap();
    assert_eq!(rows.len(), 2);
    assert_eq!((rows[0]["size_max"].as_u64() <= Some(400), &rows[0]["p50"]["b"]), (true, &Value::from(1.5)));
    assert_eq!((&rows[1]["p99"]["b"], &rows[1]["p99"]["ratio"]), (&Value::Null, &Value::Null));
    // An unfinished 99th percentile against a finished one is off, whatever the tolerance.
    json(&sandbox, &["a/w3-0.6", "table.csv", "--denominator", "sigcomm18", "--within", "1000%"], 1);
    // Ours can be such a table too, and has the same numbers.
    let own = json(
        &sandbox,
        &["b/w3-0.6/slowdown.csv", "b/w3-0.6/slowdown.csv", "--denominator", "sigcomm18", "--within", "0%"],
        0,
    );
    assert_eq!((own["by"].as_str(), own["within_tolerance"].as_bool()), (Some("bins"), Some(true)));
    // Numbers of summary.json are read to the last bit.
    let messages = ["a/w3-0.6", "a/w3-0.6/messages.csv", "--denominator", "sigcomm18", "--within", "0%"];
    assert_eq!(json(&sandbox, &messages, 0)["within_tolerance"], true);
}

#[test]
fn malformed_tables_are_refused_with_file_line_and_what_is_accepted() {
    let sandbox = two_cases(false);
    for (text, parts) in [
        ("a,b\n1,2\n", &["its columns are a, b", "size_max (or size_bytes"][..]),
        ("size,p50,p99\n", &["no lines"]),
        ("size,p50,p99\n100,1,2\n50,1,2\n", &["line 3", "sizes descend", "one curve"]),
        ("size,p50,p99\n100,1,2\n100,1,3\n", &["line 3", "one curve"]),
        ("size,p50,p99\nx,1,2\n", &["line 2", "size `x`"]),
        ("size,p50,p99\n100,-1,2\n", &["line 2", "p50 `-1`"]),
        ("size,p50,p99\n100,0,2\n", &["line 2", "more than 0"]),
        ("size,p50,p99\n100,1\n", &["line: 2"]),
    ] {
        sandbox.write("bad.csv", text);
        let parts = [&["bad.csv"], parts].concat();
        refused(&sandbox, &["a/w3-0.6", "bad.csv", "--denominator", "sigcomm18"], &parts);
    }
    sandbox.write("far.csv", "size,p50,p99\n99999999,1,2\n");
    refused(
        &sandbox,
        &["a/w3-0.6", "far.csv", "--denominator", "sigcomm18"],
        &["no group of sizes in common", "messages=true"],
    );
}

#[test]
fn a_clusters_round_trips_are_found_as_folder_experiment_or_files() {
    let sandbox = Sandbox::new();
    cluster_data(&sandbox);
    let forms = ["runs", "runs/homa_w4", "runs/homa_w4-1.rtts,runs/homa_w4-2.rtts"];
    for form in forms {
        let arguments =
            [&[form, "runs/reports_homa_w4.data", "--p50-within", "0.5%", "--p99-within", "0.5%"], &CLUSTER[..]]
                .concat();
        let comparison = json(&sandbox, &arguments, 0);
        assert_eq!(
            (comparison["by"].as_str(), comparison["rows"].as_array().unwrap().len()),
            (Some("bins"), 6),
            "{form}"
        );
        assert_eq!(
            (&comparison["rows"][0]["count"][0], &comparison["a"]["denominator"]),
            (&175.into(), &"cluster-2023".into())
        );
    }
    std::fs::copy(sandbox.path("runs/homa_w4-1.rtts"), sandbox.path("runs/tcp_w4-1.rtts")).unwrap();
    refused(&sandbox, &["runs", "runs/homa_w4"], &["several experiments", "runs/homa_w4, runs/tcp_w4"]);
    let both = "runs/homa_w4-1.rtts,runs/tcp_w4-1.rtts";
    refused(&sandbox, &[both, "runs/homa_w4"], &["several experiments", "give those of one"]);
    // The name says tcp, the file homa: pooling would mix experiments.
    std::fs::write(
        sandbox.path("runs/tcp_w4-2.rtts"),
        "# Round-trip times measured by cp_node at x for experiment tcp_w4\n60 1.00\n",
    )
    .unwrap();
    refused(
        &sandbox,
        &[&["runs/tcp_w4", "runs/homa_w4"], &CLUSTER[..]].concat(),
        &["homa_w4", "tcp_w4", "one experiment"],
    );
}

#[test]
fn round_trips_need_a_denominator_that_is_one_of_round_trips() {
    let sandbox = Sandbox::new();
    cluster_data(&sandbox);
    let with = |more: &[&'static str]| [&["runs/homa_w4", "runs/reports_homa_w4.data"], more].concat();
    refused(&sandbox, &with(&[]), &["homa_w4-1.rtts", "--denominator NAME", "cluster-2023"]);
    refused(&sandbox, &with(&["--denominator", "cluster-2022"]), &["cluster-2022", "accepted are", "cluster-2021"]);
    refused(&sandbox, &with(&["--denominator", "sigcomm18"]), &["round-trip times", "cluster-2021"]);
    refused(&sandbox, &with(&["--denominator", "cluster-2023"]), &["needs --link-mbps 25000"]);
    refused(&sandbox, &with(&["--denominator", "cluster-2021"]), &["needs --unloaded"]);
    // A report tells its own slowdown, so another denominator than it was made with is noticed.
    refused(
        &sandbox,
        &with(&["--denominator", "cluster-2025", "--link-mbps", "25000"]),
        &["made with another denominator"],
    );
    json(&sandbox, &with(&["--denominator", "cluster-2025", "--link-mbps", "25000", "--node-type", "xl170"]), 0);
}

#[test]
fn an_unloaded_run_makes_the_denominator_of_2021() {
    let sandbox = Sandbox::new();
    cluster_data(&sandbox);
    let lengths = [60, 315, 662, 1_400, 49_408, 1_000_000];
    let unloaded: String = lengths.map(|length| format!("{length:8} {:12.2}\n", 10.0)).concat();
    sandbox.write("runs/unloaded_w4-0.rtts", &unloaded);
    let arguments = [
        "runs/homa_w4",
        "runs/homa_w4",
        "--denominator",
        "cluster-2021",
        "--unloaded",
        "runs/unloaded_w4",
        "--within",
        "0%",
    ];
    let comparison = json(&sandbox, &arguments, 0);
    assert_eq!(
        (&comparison["a"]["denominator"], &comparison["rows"][0]["size_max"]),
        (&"simulated".into(), &60.into())
    );
    let p50 = comparison["rows"][0]["p50"]["a"].as_f64().unwrap();
    assert!((2.4..2.5).contains(&p50), "24.5 us over 10 us, not {p50}");
    sandbox.write("runs/unloaded_w4-0.rtts", "     315        10.00\n");
    refused(&sandbox, &arguments, &["unloaded run has no message of 60 B or shorter"]);
}

#[test]
fn what_is_relative_to_different_best_times_is_not_compared() {
    let sandbox = two_cases(false);
    cluster_data(&sandbox);
    let mixed = [&["a/w3-0.6", "runs/homa_w4"], &CLUSTER[..]].concat();
    let parts = [
        "A (tiny-w3-0.6)",
        "\"sigcomm18\"",
        "B (homa_w4)",
        "15 us and the bytes at 25000 Mbps",
        "--set measure.denominator=cluster-2023",
    ];
    refused(&sandbox, &mixed, &parts);
    run(&sandbox, "c", &["--set", "measure.denominator=simulated"]);
    refused(&sandbox, &["a/w3-0.6", "c/w3-0.6"], &["measure.denominator=simulated", "measure.denominator=sigcomm18"]);
    sandbox.write("t.csv", "size,p50,p99\n9,1,2\n");
    refused(&sandbox, &["c/w3-0.6", "t.csv"], &["t.csv doesn't say", "--denominator NAME"]);
    refused(&sandbox, &["a/w3-0.6", "c/w3-0.6", "--denominator", "simulated"], &["a case says it"]);
}

#[test]
fn what_is_no_result_is_refused_with_all_that_is_accepted() {
    let sandbox = Sandbox::new();
    cluster_data(&sandbox);
    sandbox.write("x.txt", "");
    std::fs::create_dir(sandbox.path("empty")).unwrap();
    let with = |operand: &'static str| [operand, "runs/homa_w4"];
    refused(&sandbox, &with("nowhere"), &["nowhere", "FOLDER/EXPERIMENT", ".data", "sigcomm18"]);
    refused(&sandbox, &with("empty"), &["neither summary.json", ".rtts"]);
    refused(&sandbox, &with("x.txt"), &["accepted are files ending with"]);
    refused(&sandbox, &with("runs/reports_homa_w4_cdf.data"), &["short messages", "give reports_homa_w4.data"]);
    refused(&sandbox, &with("runs/homa_w4-1.rtts,runs/none-1.rtts"), &["runs/none-1.rtts is no .rtts file"]);
    let percent = compare(&sandbox, &["runs", "runs", "--within", "0.05"]);
    assert!(stderr(&percent).contains("for example 5%"), "{}", stderr(&percent));
    let alone = compare(&sandbox, &["runs"]);
    assert_eq!(alone.status.code(), Some(2));
}

#[test]
fn an_overlay_of_files_is_drawn_only_where_the_user_says() {
    let sandbox = Sandbox::new();
    cluster_data(&sandbox);
    let before = sandbox.files(".").len();
    let arguments = [&["runs", "runs/reports_homa_w4.data"], &CLUSTER[..]].concat();
    json(&sandbox, &arguments, 0);
    assert_eq!(sandbox.files(".").len(), before);
    json(&sandbox, &[&arguments[..], &["--figure", "both.svg"]].concat(), 0);
    assert!(std::fs::read_to_string(sandbox.path("both.svg")).unwrap().contains("A: homa_w4"));
    assert!(sandbox.path("both.png").is_file());
    refused(&sandbox, &[&arguments[..], &["--figure", "both.png"]].concat(), &["ends with .svg"]);
}
