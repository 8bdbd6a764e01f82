//! The command line of homasim, for the program of that name and for programs with transports of
//! their own.
//!
//! A transport needs this crate alone: [`transport`] has all that it implements and is given.
//!
//! ```ignore
//! homasim::main_with(&[TransportKind::of::<MyParameters>()])
//! ```
//!
//! `docs/own-transport.md` leads through an example, which is `sim/examples/own-transport`.

mod args;
mod commands;
mod progress;
mod text;
pub mod transport;

use args::{Arguments, Command};
use clap::Parser;
use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, Ordering};

/// Set by Ctrl-C.
static INTERRUPTED: AtomicBool = AtomicBool::new(false);

/// The exit code of a program that was ended by Ctrl-C, by the convention of shells.
const EXIT_INTERRUPTED: u8 = 130;

/// The command line with the transports of homasim.
#[must_use]
pub fn main() -> ExitCode {
    main_with(&[])
}

/// The command line with the transports of homasim and those of the calling program. It is called
/// once in a process.
///
/// # Panics
/// If two transports have one name, or a name is not letters, digits and `-`.
#[must_use]
pub fn main_with(transports: &[transport::TransportKind]) -> ExitCode {
    homa_transports::add(transports.to_vec());
    let arguments = Arguments::parse();
    let outcome = match &arguments.command {
        Command::Run(run) => commands::run::execute(run, &INTERRUPTED),
        Command::Plan(plan) => commands::plan::execute(plan),
        Command::Show(show) => commands::show::execute(show),
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
