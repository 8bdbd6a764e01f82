//! `[[figure]]` and `homasim plot`: what is asked for is drawn with its numbers beside it, and what
//! can't be is refused before anything runs.

use crate::common::{Sandbox, TINY, stderr};

const SWEEP: &str = "[sweep]\ntransport.sigcomm18.overcommitment = [4, 1]\n";

fn sandbox(figures: &str) -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.write("tiny.toml", &format!("{TINY}{SWEEP}{figures}"));
    sandbox
}

#[test]
fn figures_that_are_asked_for_are_drawn_and_plot_draws_others_without_running() {
    let ratio = "[[figure]]\nkind = \"ratio\"\nbaseline = \"w3-0.6-overcommitment-4\"\n";
    let sandbox = sandbox(ratio);
    let output = sandbox.run(&["run", "tiny.toml", "--out", "out", "--quiet"]);
    assert!(output.status.success(), "{}", stderr(&output));
    let names = || sandbox.files("out/figures").into_iter().map(|(name, _)| name).collect::<Vec<_>>();
    assert_eq!(names(), ["ratio.csv", "ratio.png", "ratio.svg"]);
    let csv = std::fs::read_to_string(sandbox.path("out/figures/ratio.csv")).unwrap();
    // So short a run is not steady, which the names of the curves say.
    for statistic in ["p99", "median"] {
        let is_of = |curve: &str| curve.starts_with("overcommitment 1 (") && curve.ends_with(&format!(") {statistic}"));
        assert!(rows(&sandbox, "ratio.csv").iter().any(|(_, curve, _)| is_of(curve)), "{statistic}: {csv}");
    }

    sandbox.write("other.toml", &format!("{TINY}{SWEEP}[[figure]]\nkind = \"waste\"\nname = \"mine\"\n"));
    let output = sandbox.run(&["plot", "out", "--like", "other.toml"]);
    assert!(output.status.success(), "{}", stderr(&output));
    assert_eq!(names(), ["mine.csv", "mine.png", "mine.svg"]);
    let nowhere = sandbox.run(&["plot", "nowhere"]);
    assert_eq!(nowhere.status.code(), Some(2));
    assert!(stderr(&nowhere).contains("give a folder of results"), "{}", stderr(&nowhere));
}

#[test]
fn a_png_is_drawn_unless_it_is_not_wanted_and_none_is_left_that_shows_another_figure() {
    let sandbox = sandbox("[[figure]]\nkind = \"waste\"\n");
    let pngs = || {
        let files = sandbox.files("out").into_iter().map(|(name, _)| name);
        files.filter(|name| name.ends_with(".png")).count()
    };
    let succeed = |arguments: &[&str]| {
        let output = sandbox.run(arguments);
        assert!(output.status.success(), "{}", stderr(&output));
    };
    succeed(&["run", "--no-png", "tiny.toml", "--out", "out", "--quiet"]);
    assert_eq!(pngs(), 0);
    succeed(&["plot", "out"]);
    assert_eq!(pngs(), 1);
    let other = "[[figure]]\nkind = \"waste\"\ntitle = \"Another title\"\n";
    sandbox.write("tiny.toml", &format!("{TINY}{SWEEP}{other}"));
    succeed(&["run", "--no-png", "tiny.toml", "--out", "out", "--quiet"]);
    assert_eq!(pngs(), 0);
}

#[test]
fn impossible_figures_are_refused_before_anything_runs() {
    for (figures, part) in [
        ("[[figure]]\nkind = \"pie\"\n", "unknown value `pie`"),
        ("[[figure]]\nkind = \"ratio\"\n", "a ratio needs `baseline`"),
        ("[[figure]]\nkind = \"ratio\"\nbaseline = \"w9\"\n", "baseline = \"w9\" is no case"),
        ("[[figure]]\nkind = \"waste\"\ncases = [\"w4-*\"]\n", "no case has a name like [\"w4-*\"]"),
        ("[[figure]]\nkind = \"waste\"\nname = \"a/b\"\n", "name = \"a/b\" is not possible"),
        ("[[figure]]\nkind = \"waste\"\n[[figure]]\nkind = \"waste\"\n", "two figures are called \"waste\""),
    ] {
        let sandbox = sandbox(figures);
        let output = sandbox.run(&["run", "tiny.toml", "--out", "out"]);
        assert_eq!(output.status.code(), Some(2), "{figures}");
        assert!(stderr(&output).contains(part), "`{part}` is missing in: {}", stderr(&output));
        assert!(!sandbox.path("out").exists());
    }
}

const ATTIC: &str = "[[figure]]\nkind = \"queue-distribution\"\ntier = \"attic\"\n";

/// Runs a sweep of TINY, which succeeds, and returns what it says.
fn swept(sandbox: &Sandbox, sweep: &str, arguments: &[&str]) -> String {
    sandbox.write("tiny.toml", &format!("{TINY}{sweep}"));
    let output = sandbox.run(&[&["run", "tiny.toml", "--no-png", "--out", "out", "-q"], arguments].concat());
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    stderr(&output)
}

/// The rows of a figure's CSV as (figure, curve, y).
fn rows(sandbox: &Sandbox, name: &str) -> Vec<(String, String, String)> {
    let text = std::fs::read(sandbox.path("out/figures").join(name)).unwrap();
    let rows = csv::Reader::from_reader(&text[..]).into_records().map(Result::unwrap);
    rows.map(|row| (row[0].to_owned(), row[1].to_owned(), row[3].to_owned())).collect()
}

#[test]
fn a_sweep_of_transports_is_drawn_over_the_best_times_of_its_first_case_which_every_output_names() {
    let sandbox = Sandbox::new();
    let lone = ["--set", "workload.sizes=5000", "--set", "workload.load=0.001", "--set", "measure.window=20ms"];
    let said =
        swept(&sandbox, "[sweep]\ntransport.kind = [\"blind\", \"homa\"]\n", &[&lone[..], &["--report"]].concat());
    assert!(!said.contains("left out"), "{said}");
    let figure = rows(&sandbox, "slowdown-5000-0.001.csv");
    assert!(figure.iter().all(|(title, ..)| title.ends_with("; best times of blind")), "{figure:?}");
    let curve = |name: &str| {
        let of = figure.iter().find(|(_, curve, _)| curve == name).unwrap_or_else(|| panic!("{name}: {figure:?}"));
        of.2.parse::<f64>().unwrap()
    };
    let summary = |case: &str| -> serde_json::Value {
        let path = sandbox.path(&format!("out/5000-0.001-kind-{case}/summary.json"));
        serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
    };
    let [blind, homa] = ["blind", "homa"].map(summary);
    let number = |summary: &serde_json::Value, part: &str, name: &str| summary[part][name].as_f64().unwrap();
    let best_us = number(&blind, "short_messages", "p50_us") / number(&blind, "overall", "p50");
    let expected = number(&homa, "short_messages", "p50_us") / best_us;
    assert_eq!(curve("blind median"), number(&blind, "overall", "p50"));
    // Both path lengths are in the one bin, and medians need not be of the same one.
    let median = curve("homa (with responses) median");
    assert!(
        (median / expected - 1.0).abs() < 0.2 && median > 1.5 * number(&homa, "overall", "p50"),
        "{median} {expected}"
    );
    let report = std::fs::read_to_string(sandbox.path("out/report.html")).unwrap();
    for part in ["every slowdown is relative to the best times of blind", "<b>Best times differ:</b>"] {
        assert!(report.contains(part), "`{part}` is missing");
    }
    let overview = std::fs::read_to_string(sandbox.path("out/overview.csv")).unwrap();
    for row in ["simulated,5000-0.001-kind-blind,", "simulated,5000-0.001-kind-homa,"] {
        assert!(overview.contains(row), "`{row}` is missing in {overview}");
    }
}

#[test]
fn a_figure_that_cant_be_drawn_is_left_out_with_the_key_that_would_allow_it_and_the_others_are_drawn() {
    let figures = "[[figure]]\nkind = \"waste\"\n[[figure]]\nkind = \"slowdown\"\n\
                   [[figure]]\nkind = \"ratio\"\nbaseline = \"w3-0.5-kind-sigcomm18\"\n";
    let sweep = "[sweep]\nworkload.load = [0.5, 0.6]\ntransport.kind = [\"sigcomm18\", \"blind\"]\n";
    let sandbox = Sandbox::new();
    let said = swept(&sandbox, &format!("{sweep}{figures}"), &[]);
    for part in [
        "left out: figure \"waste\": w3-0.5-kind-blind has no account",
        "choose others with `cases`",
        "left out: figure \"ratio\": w3-0.6-kind-sigcomm18 is not like the baseline",
        "workload.load is 0.6 in it and 0.5 in the baseline",
    ] {
        assert!(said.contains(part), "`{part}` is missing in: {said}");
    }
    let names: Vec<_> = sandbox.files("out/figures").into_iter().map(|(name, _)| name).collect();
    assert_eq!(names, ["slowdown.csv", "slowdown.svg"]);
    // Where figures are all that is asked for, none is a failure.
    sandbox.write("waste.toml", &format!("{TINY}{sweep}[[figure]]\nkind = \"waste\"\n{ATTIC}"));
    let output = sandbox.run(&["plot", "out", "--like", "waste.toml"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("left out: figure \"queue-distribution\": tier = \"attic\" is none"));
    assert!(stderr(&output).contains("no figure could be drawn"), "{}", stderr(&output));
}

#[test]
fn ratios_are_of_latencies_where_best_times_differ_and_a_doubtful_case_is_marked() {
    let sandbox = Sandbox::new();
    let ratio = "[[figure]]\nkind = \"ratio\"\nbaseline = \"w3-0.6-send_delay-500ns\"\n";
    let sweep = "[sweep]\nhost.send_delay = [\"500ns\", \"3us\"]\n";
    swept(&sandbox, &format!("{sweep}{ratio}"), &["--set", "measure.drain=1us"]);
    let svg = std::fs::read_to_string(sandbox.path("out/figures/ratio.svg")).unwrap();
    assert!(svg.contains("Ratio of latencies"));
    let rows = rows(&sandbox, "ratio.csv");
    let of = |name: &str| rows.iter().filter(|(_, curve, _)| curve.ends_with(name)).collect::<Vec<_>>();
    let (first, ..) = &rows[0];
    assert!(first.contains("relative to send_delay 500ns (") && first.contains("unfinished"), "{first}");
    assert!(of("median")[0].1.contains("unfinished"), "{rows:?}");
    let median: f64 = of("median")[0].2.parse().unwrap();
    assert!((1.5..3.0).contains(&median), "2.5 us more than some 3: {median}");
    assert_eq!(of("p99").last().unwrap().2, "both unfinished");
}

#[test]
fn a_case_of_a_sweep_is_called_after_its_transport_and_network_once() {
    let sandbox = Sandbox::new();
    let sweep = "[sweep]\ntransport.kind = [\"sigcomm18\", \"blind\"]\n\
                 topology.preset = [\"sigcomm18-16\", \"linux-cluster-10\"]\n";
    swept(&sandbox, &format!("{sweep}[[figure]]\nkind = \"queues\"\n"), &["--set", "workload.sizes=5000"]);
    let mut curves: Vec<_> = rows(&sandbox, "queues.csv").into_iter().map(|(_, curve, _)| curve).collect();
    curves.dedup();
    curves.sort();
    curves.dedup();
    let expected =
        ["blind, linux-cluster-10", "blind, sigcomm18-16", "sigcomm18, linux-cluster-10", "sigcomm18, sigcomm18-16"];
    assert_eq!(curves, expected);
}
