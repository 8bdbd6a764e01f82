//! `homasim` with one transport more: run, sweep, compare, figures, report and check as with the
//! shipped ones.
//!
//! `docs/own-transport.md` leads through it.

mod host;
mod model;

use homasim::transport::TransportKind;

fn main() -> std::process::ExitCode {
    homasim::main_with(&[TransportKind::of::<model::FixedWindow>()])
}
