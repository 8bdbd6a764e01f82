//! `homasim`: the command line, and nothing else.

mod args;
mod commands;
mod progress;
mod text;

use args::{Arguments, Command};
use clap::Parser;
use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, Ordering};

/// Set by Ctrl-C.
static INTERRUPTED: AtomicBool = AtomicBool::new(false);

/// The exit code of a program that was ended by Ctrl-C, by the convention of shells.
const EXIT_INTERRUPTED: u8 = 130;

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let outcome = match &arguments.command {
        Command::Run(run) => commands::run::execute(run, &INTERRUPTED),
        Command::Plan(plan) => commands::plan::execute(plan),
        Command::Plot(plot) => commands::plot::execute(plot),
        Command::Report(report) => commands::report::execute(report),
        Command::Merge(merge) => commands::merge::execute(merge, &INTERRUPTED),
        Command::Check(check) => commands::check::execute(check, &INTERRUPTED),
        Command::List(list) => commands::list::execute(list),
        Command::Describe(describe) => commands::describe::execute(describe),
        Command::Compare(compare) => commands::compare::execute(compare),
        Command::Bench(bench) => commands::bench::execute(bench, &INTERRUPTED),
        Command::Replay(replay) => commands::replay::execute(replay),
    };
    match outcome {
        Ok(code) => code,
        Err(error) if error.downcast_ref() == Some(&homa_lab::RunError::Interrupted) => {
            eprintln!("homasim: {error}");
            ExitCode::from(EXIT_INTERRUPTED)
        }
        // Whoever reads our output has read enough.
        Err(error)
            if error
                .downcast_ref::<std::io::Error>()
                .is_some_and(|error| error.kind() == std::io::ErrorKind::BrokenPipe) =>
        {
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("homasim: error: {error:#}");
            ExitCode::from(2)
        }
    }
}

/// Makes Ctrl-C end all runs soon; a second one ends the program at once.
fn watch_for_interrupt() -> anyhow::Result<()> {
    ctrlc::set_handler(|| {
        if INTERRUPTED.swap(true, Ordering::Relaxed) {
            std::process::exit(i32::from(EXIT_INTERRUPTED));
        }
    })?;
    Ok(())
}
