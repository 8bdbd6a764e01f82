//! The help of every command ends with examples, and each of them works: they are run one after the
//! other as they stand, with short times where they would simulate for minutes.

use crate::common::{Sandbox, TINY, stderr, stdout};
use std::path::Path;

/// The commands that `homasim --help` lists.
fn commands(sandbox: &Sandbox) -> Vec<String> {
    let help = stdout(&sandbox.run(&["--help"]));
    let listed = help.lines().skip_while(|line| !line.starts_with("Commands:")).skip(1);
    let listed =
        listed.take_while(|line| !line.is_empty()).filter(|line| line.starts_with("  ") && !line.starts_with("   "));
    let names = listed.filter_map(|line| line.split_whitespace().next()).filter(|name| *name != "help");
    names.map(str::to_owned).collect()
}

/// The lines of a command's examples.
fn examples(help: &str) -> Vec<String> {
    let mut examples: Vec<String> = Vec::new();
    let mut goes_on = false;
    for line in help.lines().skip_while(|line| *line != "Examples:").skip(1).map(str::trim) {
        if line.starts_with("homasim ") {
            examples.push(line.to_owned());
            goes_on = true;
        } else if line.is_empty() {
            goes_on = false;
        } else if let Some(last) = examples.last_mut().filter(|_| goes_on) {
            // The help is wrapped where the line is too long for a terminal.
            *last += &format!(" {line}");
        }
    }
    examples
}

/// A folder that looks like the project's, from where the examples are meant.
fn sandbox() -> Sandbox {
    let sandbox = Sandbox::new();
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    for folder in [
        "experiments",
        "protocol/tests/captures",
        "results/reference",
        "results/baselines",
        "results/bench",
        "sim/analysis/tests/data/cluster",
    ] {
        let target = sandbox.path(folder);
        std::fs::create_dir_all(target.parent().unwrap()).unwrap();
        copy(&root.join(folder), &target);
    }
    sandbox.write("tiny.toml", TINY);
    std::fs::create_dir(sandbox.path("my-experiments")).unwrap();
    sandbox
}

fn copy(from: &Path, to: &Path) {
    let Ok(entries) = std::fs::read_dir(from) else { return };
    std::fs::create_dir_all(to).unwrap();
    for entry in entries.map(Result::unwrap) {
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}

/// As it stands, but quick, and the exit codes with which it works.
fn quick(example: &str) -> (Vec<String>, &'static [i32]) {
    // A shell would take the quotes off and find the files.
    let mut arguments: Vec<String> = Vec::new();
    let mut quoted = false;
    for part in example.split(' ').skip(1) {
        match arguments.last_mut().filter(|_| quoted) {
            Some(last) => *last += &format!(" {}", part.trim_end_matches('"')),
            None => arguments.push(part.trim_start_matches('"').trim_end_matches('"').to_owned()),
        }
        quoted = (quoted && !part.ends_with('"')) || (part.starts_with('"') && !part[1..].ends_with('"'));
    }
    let captures = || vec!["protocol/tests/captures/07a-drop-middle-of-request.pcap".to_owned()];
    let add = |arguments: &mut Vec<String>, more: &[&str]| arguments.extend(more.iter().map(|text| (*text).to_owned()));
    match arguments[0].as_str() {
        "run" if arguments[1].ends_with("manifest.toml") => (arguments, &[0]),
        "run" => {
            add(&mut arguments, &["--no-png"]);
            if !example.contains("original-") {
                add(&mut arguments, &["--set", "measure.warmup=200us", "--set", "measure.window=300us"]);
                add(&mut arguments, &["--set", "measure.drain=200us", "--seed", "1"]);
            }
            (arguments, &[0])
        }
        "replay" => {
            let position = arguments.iter().position(|argument| argument.contains('*'));
            if let Some(position) = position {
                arguments.splice(position..=position, captures());
            }
            (arguments, &[0])
        }
        "bench" => {
            // Its scenarios take a minute.
            let scenario = ["homa-w3", "sigcomm18-w3", "leaf-spine-1000-w4"]
                .iter()
                .find_map(|name| arguments.iter().position(|own| own == name));
            match scenario {
                Some(position) => arguments[position] = "smoke".to_owned(),
                None => arguments.insert(1, "smoke".to_owned()),
            }
            add(&mut arguments, &["--runs", "1"]);
            let twice =
                arguments.iter().position(|argument| argument == "--runs").filter(|at| *at + 2 < arguments.len());
            if let Some(first) = twice {
                arguments.drain(first..first + 2);
            }
            // The smoke scenario has no baseline, and there is none of programs with debug
            // assertions.
            let has_baseline = arguments.iter().any(|argument| ["--check", "--update"].contains(&argument.as_str()));
            (arguments, if cfg!(debug_assertions) && has_baseline { &[2] } else { &[0, 1] })
        }
        // The other experiment takes minutes.
        "plot" | "report" => {
            arguments.iter_mut().for_each(|argument| *argument = argument.replace("kernel-quirks", "quickstart"));
            (arguments, &[0])
        }
        // Another window than the baseline's, so that it may find anything; tests/it/check.rs runs
        // these examples to the end.
        "check" => {
            match arguments.iter().any(|argument| argument == "--update") {
                true => arguments[1] = "tiny.toml".to_owned(),
                false => add(&mut arguments, &["--set", "measure.warmup=200us", "--set", "measure.window=300us"]),
            }
            (arguments, &[0, 1])
        }
        // It tells what differs.
        "compare" => (arguments, &[0, 1]),
        _ => (arguments, &[0]),
    }
}

#[test]
fn every_example_of_every_command_works() {
    let sandbox = sandbox();
    let commands = commands(&sandbox);
    assert!(commands.len() >= 8, "{commands:?}");
    // What others read is written first.
    let order = |command: &String| ["run", "compare"].iter().position(|first| first == command).unwrap_or(9);
    let mut ordered = commands;
    ordered.sort_by_key(order);
    for command in ordered {
        let help = stdout(&sandbox.run(&[&command, "--help"]));
        let examples = examples(&help);
        assert!(examples.len() >= 2, "{command} has {} examples", examples.len());
        for example in examples {
            let (arguments, codes) = quick(&example);
            // What others do meanwhile, as the examples of `merge` have it.
            for other in ["2", "3"].iter().filter(|_| example.contains("--shard 1/3")) {
                let of_other = |argument: &String| match argument.as_str() {
                    "1/3" => format!("{other}/3"),
                    "shard1" => format!("shard{other}"),
                    _ => argument.clone(),
                };
                let others: Vec<String> = arguments.iter().map(of_other).collect();
                let output = sandbox.run(&others.iter().map(String::as_str).collect::<Vec<_>>());
                assert!(output.status.success(), "{others:?}: {}", stderr(&output));
            }
            let output = sandbox.run(&arguments.iter().map(String::as_str).collect::<Vec<_>>());
            let code = output.status.code().unwrap_or(-1);
            assert!(codes.contains(&code), "`{example}`, run as {arguments:?}, gave {code}: {}", stderr(&output));
        }
    }
}
