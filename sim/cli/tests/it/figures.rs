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
    assert!(csv.contains("overcommitment 1 p99") && csv.contains("overcommitment 1 median"), "{csv}");

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
