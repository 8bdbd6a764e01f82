//! A report has all that was found out, needs nothing but itself, shows what users wrote as text,
//! and is the same bytes each time; what is missing or damaged is told with what to do.

use crate::common::{Sandbox, TINY, stderr, stdout};
use std::process::Output;

const HEAD: &str = "\
# Question: is <b>bold</b> better than \"plain\" & simple?
# Source: nobody, \"Nothing\" (1999); a continuation
#         of it: here.
# Time:   a second.
";

const SWEEP: &str = "
[sweep]
transport.sigcomm18.overcommitment = [1, 4]
";

fn succeed(sandbox: &Sandbox, arguments: &[&str]) -> Output {
    let output = sandbox.run(arguments);
    assert!(output.status.success(), "{arguments:?}: {}", stderr(&output));
    output
}

fn refuse(sandbox: &Sandbox, folder: &str, parts: &[&str]) {
    let output = sandbox.run(&["report", folder]);
    assert_eq!(output.status.code(), Some(2), "{}", stdout(&output));
    for part in parts {
        assert!(stderr(&output).contains(part), "`{part}` is missing in: {}", stderr(&output));
    }
    assert!(!sandbox.path(folder).join("report.html").exists());
}

fn read(sandbox: &Sandbox, name: &str) -> String {
    std::fs::read_to_string(sandbox.path(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// A sweep that was run and reported, and its page.
fn reported() -> (Sandbox, String) {
    let sandbox = Sandbox::new();
    sandbox.write("sweep.toml", &(HEAD.to_owned() + TINY + SWEEP));
    succeed(&sandbox, &["run", "--no-png", "sweep.toml", "--quiet", "--out", "out"]);
    assert!(!sandbox.path("out/report.html").exists());
    let output = succeed(&sandbox, &["report", "out"]);
    assert_eq!(stdout(&output), "out/report.html\n");
    let page = read(&sandbox, "out/report.html");
    (sandbox, page)
}

fn has(page: &str, part: &str) {
    assert!(page.contains(part), "`{part}` is missing");
}

/// A number as the page writes it.
fn grouped(number: u64) -> String {
    if number < 1000 { number.to_string() } else { format!("{},{:03}", grouped(number / 1000), number % 1000) }
}

#[test]
fn a_report_has_the_question_the_numbers_the_figures_and_what_all_was_made_from() {
    let (sandbox, page) = reported();
    has(&page, "is &lt;b&gt;bold&lt;");
    has(&page, "nobody, &quot;Nothing&quot; (1999); a continuation of it: here.");
    has(&page, "2 cases, 4 runs");
    for case in ["w3-0.6-overcommitment-1", "w3-0.6-overcommitment-4"] {
        let text = read(&sandbox, &format!("out/{case}/summary.json"));
        let summary: serde_json::Value = serde_json::from_str(&text).unwrap();
        has(&page, &format!(">{case}</a>"));
        has(&page, summary["digest"].as_str().unwrap());
        has(&page, &grouped(summary["messages"].as_u64().unwrap()));
        assert_eq!(summary["deciles"].as_array().unwrap().len(), 10);
        for decile in summary["deciles"].as_array().unwrap() {
            has(&page, &format!(" {} B</th>", grouped(decile["size_max"].as_u64().unwrap())));
        }
        for warning in summary["warnings"].as_array().unwrap() {
            let (name, text) = warning.as_str().unwrap().split_once(": ").unwrap();
            has(&page, &format!("<b>{name}:</b> {text}"));
        }
    }
    assert!(page.matches("<code>measure.window = &quot;2ms&quot;</code>").count() >= 2, "warnings tell what is set");
    for line in read(&sandbox, "out/manifest.toml").lines().filter(|line| line.starts_with("key = ")) {
        has(&page, line.split('"').nth(1).unwrap());
    }
    has(&page, "<code>homasim run manifest.toml</code>");
    has(&page, env!("CARGO_PKG_VERSION"));
    has(&page, "packet-hops and");
    for (name, _) in sandbox.files("out/figures").iter().filter(|(name, _)| name.ends_with(".csv")) {
        has(&page, &format!("figures/{name}"));
    }
    // An SVG and a table of each.
    let figures = sandbox.files("out/figures").len() / 2;
    assert_eq!(page.matches("<svg ").count(), figures);
    assert_eq!(page.matches("<script type=\"application/json\">").count(), figures);
    has(&page, "overcommitment = 4");
}

#[test]
fn a_report_needs_nothing_but_itself() {
    let (_, page) = reported();
    for outside in ["http:", "https:", "src=", "url(", "@import", "<link", "<iframe", "<img", "fetch(", "XMLHttp"] {
        assert!(!page.contains(outside), "`{outside}`");
    }
    let links = page.split("href=\"").skip(1).map(|rest| rest.split('"').next().unwrap());
    for link in links {
        let target = link.strip_prefix('#').unwrap_or_else(|| panic!("{link} is outside"));
        assert!(page.contains(&format!(" id=\"{target}\"")), "{link} leads nowhere");
    }
    has(&page, "default-src 'none'");
    has(&page, "<meta name=\"viewport\"");
    for id in page.split(" id=\"").skip(1).map(|rest| rest.split('"').next().unwrap()) {
        assert_eq!(page.matches(&format!(" id=\"{id}\"")).count(), 1, "{id} is given twice");
    }
    assert_eq!(page.matches("<table").count(), page.matches("<caption").count(), "each table has a caption");
}

#[test]
fn what_users_write_is_text_on_the_page() {
    let sandbox = Sandbox::new();
    let evil = "</script><script>alert(1)</script>";
    let figure = format!(
        "[[figure]]\nkind = \"latency\"\ntitle = \"{evil}\"\nlabels = {{ \"w3-0.6\" = \"{evil}'\" }}\n\
         [[figure]]\nkind = \"queues\"\ntitle = \"{evil}\"\nlabels = {{ \"w3-0.6\" = \"{evil}'\" }}\n"
    );
    let head = format!("# Question: {evil}?\n# Source: <img src=x onerror=alert(1)>\n");
    sandbox.write("tiny.toml", &(head + TINY + &figure));
    sandbox.write("<b>'&.csv", "size_bytes,cum_prob\n100,0.5\n20000,1\n");
    succeed(&sandbox, &["run", "--no-png", "tiny.toml", "--quiet", "--out", "out", "--report"]);
    let page = read(&sandbox, "out/report.html");
    assert!(!page.contains("<script>alert") && !page.contains("<img"), "{page}");
    has(&page, "&lt;script&gt;alert(1)&lt;");
    has(&page, "\\u003cscript\\u003ealert(1)");
    succeed(
        &sandbox,
        &["run", "--no-png", "tiny.toml", "--quiet", "--out", "two", "--set", "workload.sizes=<b>'&.csv", "--report"],
    );
    let page = read(&sandbox, "two/report.html");
    assert!(!page.contains("<b>'"), "{page}");
    has(&page, "&lt;b&gt;&#x27;&amp;.csv");
}

#[test]
fn two_reports_are_the_same_bytes_and_missing_figures_are_drawn() {
    let (sandbox, page) = reported();
    let figures = sandbox.files("out/figures");
    succeed(&sandbox, &["report", "out"]);
    assert!(read(&sandbox, "out/report.html") == page);
    std::fs::remove_dir_all(sandbox.path("out/figures")).unwrap();
    succeed(&sandbox, &["report", "out"]);
    assert!(read(&sandbox, "out/report.html") == page);
    assert!(sandbox.files("out/figures") == figures);
    // Other runs of the same experiment differ in what they took alone.
    succeed(&sandbox, &["run", "--no-png", "sweep.toml", "--quiet", "--out", "other", "--report", "--jobs", "1"]);
    for folder in ["out", "other"] {
        for (name, _) in sandbox.files(folder).iter().filter(|(name, _)| name.ends_with("timing.json")) {
            std::fs::remove_file(sandbox.path(folder).join(name)).unwrap();
        }
        succeed(&sandbox, &["report", folder]);
    }
    assert!(read(&sandbox, "out/report.html") == read(&sandbox, "other/report.html"));
}

#[test]
fn a_manifest_repeated_has_the_same_question() {
    let sandbox = Sandbox::new();
    sandbox.write("tiny.toml", &(HEAD.to_owned() + TINY));
    succeed(&sandbox, &["run", "--no-png", "tiny.toml", "--quiet", "--out", "out"]);
    succeed(&sandbox, &["run", "out/manifest.toml", "--quiet", "--report"]);
    has(&read(&sandbox, "out-again/report.html"), "is &lt;b&gt;bold&lt;");
    let keys = |name: &str| stdout(&succeed(&sandbox, &["plan", name, "--keys"]));
    let before = keys("tiny.toml");
    sandbox.write("tiny.toml", TINY);
    assert_eq!(keys("tiny.toml"), before, "a question is in no key");
}

#[test]
fn figures_of_another_experiment_file_can_be_chosen() {
    let (sandbox, _) = reported();
    let figure = "[[figure]]\nkind = \"slowdown-by-load\"\nname = \"mine\"\ntitle = \"My title\"\n";
    sandbox.write("like.toml", &(TINY.to_owned() + figure));
    succeed(&sandbox, &["report", "out", "--like", "like.toml"]);
    let page = read(&sandbox, "out/report.html");
    assert_eq!(page.matches("<svg ").count(), 1);
    has(&page, "My title");
    has(&page, "figures/mine.csv");
    assert!(sandbox.path("out/figures/mine.svg").exists());
}

#[test]
fn what_is_missing_or_damaged_is_told_with_what_to_do() {
    let sandbox = Sandbox::new();
    refuse(&sandbox, "nowhere", &["cannot read nowhere", "give a folder of results"]);
    sandbox.write("sweep.toml", &(TINY.to_owned() + SWEEP));
    let output = succeed(
        &sandbox,
        &["run", "--no-png", "sweep.toml", "--quiet", "--out", "out", "--only", "w3-0.6-overcommitment-1", "--report"],
    );
    assert!(stderr(&output).contains("no report yet"), "{}", stderr(&output));
    refuse(&sandbox, "out", &["1 of 2 cases have no results yet: w3-0.6-overcommitment-4", "run the experiment again"]);
    succeed(&sandbox, &["run", "--no-png", "sweep.toml", "--quiet", "--out", "out"]);
    refuse(&sandbox, "out/w3-0.6-overcommitment-1", &["is the folder of one case; give the one above it"]);

    let summary = "out/w3-0.6-overcommitment-1/summary.json";
    let text = read(&sandbox, summary);
    sandbox.write(summary, &text[..text.len() / 2]);
    refuse(&sandbox, "out", &["summary.json is damaged", "delete the folder of its case and run the experiment again"]);
    std::fs::remove_dir_all(sandbox.path("out/w3-0.6-overcommitment-1")).unwrap();
    succeed(&sandbox, &["run", "--no-png", "sweep.toml", "--quiet", "--out", "out", "--report"]);

    sandbox.write("out/manifest.toml", "[manifest]\n");
    let output = sandbox.run(&["report", "out"]);
    assert!(output.status.code() == Some(2) && stderr(&output).contains("manifest.toml"), "{}", stderr(&output));
}

#[test]
fn the_help_has_examples() {
    let text = stdout(&Sandbox::new().run(&["report", "--help"]));
    assert!(text.matches("  homasim report ").count() >= 2, "{text}");
}
