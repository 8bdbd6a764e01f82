//! `homasim compare`.

use super::{compare_reference, compare_trace};
use crate::args::CompareArguments;
use anyhow::bail;
use std::process::ExitCode;

pub(crate) fn execute(arguments: &CompareArguments) -> anyhow::Result<ExitCode> {
    match (&arguments.trace, &arguments.reference) {
        (Some(trace), None) => compare_trace::execute(arguments, trace),
        (None, Some(reference)) => compare_reference::execute(arguments, reference),
        _ => bail!("exactly one of --reference and --trace is needed"),
    }
}
