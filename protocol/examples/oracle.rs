//! Holds the core against files of what Linux's module did, call by call.
//!
//! ```text
//! cargo run --release -p homa-protocol --example oracle -- FOLDER.. [--behaviour] [--json] [--name TEXT]
//! ```
//!
//! Each folder has files `*.jsonl` or `*.jsonl.gz`; a file can be named as well. It prints the first difference of each
//! sequence that has one, and a table by family; `--json` prints the table alone, as JSON. `--name` runs the sequences
//! whose name contains TEXT. `--behaviour` passes over differences in "readable" signals and counters. The exit code is
//! 0 if all sequences agree, 1 if one differs that isn't held by name with its reason, 2 if a file can't be read.

#[path = "../tests/it/oracle/harness/mod.rs"]
mod harness;

use harness::files::{files_of, sequences_of};
use harness::held::{Held, held};
use harness::run::{Outcome, run};
use serde_json::json;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::ExitCode;

const USAGE: &str = "usage: oracle FOLDER.. [--behaviour] [--json] [--name TEXT]";

#[derive(Default)]
struct Options {
    paths: Vec<PathBuf>,
    json: bool,
    name: Option<String>,
    behaviour: bool,
}

fn options(mut args: impl Iterator<Item = String>) -> Result<Options, String> {
    let mut options = Options::default();
    while let Some(arg) = args.next() {
        match arg.as_str() {
            "--json" => options.json = true,
            "--behaviour" => options.behaviour = true,
            "--name" => options.name = Some(args.next().ok_or("`--name` needs a text after it")?),
            flag if flag.starts_with('-') => return Err(format!("`{flag}` is no option\n{USAGE}")),
            path => options.paths.push(path.into()),
        }
    }
    if options.paths.is_empty() { Err(format!("no folder is given\n{USAGE}")) } else { Ok(options) }
}

/// Sequences of one family.
#[derive(Default)]
struct Count {
    sequences: usize,
    operations: usize,
    agree: usize,
    /// Those whose only differences are in signals and counters.
    agree_in_behaviour: usize,
    /// Those that differ and are held by name.
    held: usize,
}

impl Count {
    fn add(&mut self, outcome: &Outcome, held: Option<&Held>) {
        self.held += usize::from(held.is_some() && outcome.first().is_some());
        self.sequences += 1;
        self.operations += outcome.operations;
        self.agree += usize::from(outcome.first().is_none());
        self.agree_in_behaviour += usize::from(outcome.behaviour.is_none());
    }
}

fn compare(options: &Options) -> Result<BTreeMap<String, Count>, String> {
    let mut counts: BTreeMap<String, Count> = BTreeMap::new();
    for path in &options.paths {
        for file in files_of(path).map_err(|error| error.to_string())? {
            for sequence in sequences_of(&file).map_err(|error| error.to_string())? {
                let sequence = sequence.map_err(|error| error.to_string())?;
                if options.name.as_ref().is_some_and(|name| !sequence.name.contains(name)) {
                    continue;
                }
                let outcome =
                    run(&sequence).map_err(|what| format!("{}, sequence {}: {what}", file.display(), sequence.name))?;
                let held = held(&sequence.name);
                let shown = if options.behaviour { outcome.behaviour.as_ref() } else { outcome.first() };
                if let Some(difference) = shown.filter(|_| !options.json) {
                    println!("{difference}");
                    if let Some(held) = held {
                        println!("  held: {}\n", held.reason);
                    }
                }
                counts.entry(sequence.family).or_default().add(&outcome, held);
            }
        }
    }
    Ok(counts)
}

fn main() -> ExitCode {
    let result = options(std::env::args().skip(1));
    let result = result.and_then(|options| Ok((compare(&options)?, options.json)));
    let (counts, as_json) = match result {
        Ok(result) => result,
        Err(error) => {
            eprintln!("{error}");
            return ExitCode::from(2);
        }
    };
    if as_json {
        let by_family: serde_json::Map<_, _> = counts
            .iter()
            .map(|(family, count)| {
                (
                    family.clone(),
                    json!({
                        "sequences": count.sequences, "operations": count.operations, "agree": count.agree,
                        "agree_in_behaviour": count.agree_in_behaviour, "held": count.held,
                    }),
                )
            })
            .collect();
        println!("{}", serde_json::Value::Object(by_family));
    } else {
        println!(
            "{:<12}{:>10}{:>12}{:>8}{:>22}{:>6}",
            "family", "sequences", "operations", "agree", "agree in behaviour", "held"
        );
        for (family, count) in &counts {
            let Count { sequences, operations, agree, agree_in_behaviour, held } = count;
            println!("{family:<12}{sequences:>10}{operations:>12}{agree:>8}{agree_in_behaviour:>22}{held:>6}");
        }
    }
    let all_agree = counts.values().all(|count| count.agree + count.held == count.sequences);
    if all_agree { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
