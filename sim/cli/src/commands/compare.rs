//! `homasim compare`.

use super::{compare_reference, compare_trace, compare_two};
use crate::args::CompareArguments;
use anyhow::bail;
use std::path::Path;
use std::process::ExitCode;

pub(crate) fn execute(arguments: &CompareArguments) -> anyhow::Result<ExitCode> {
    let folder = Path::new(&arguments.result);
    match (&arguments.other, &arguments.trace, &arguments.reference) {
        (Some(other), None, None) => compare_two::execute(arguments, other),
        (None, Some(trace), None) => compare_trace::execute(arguments, folder, trace),
        (None, None, Some(reference)) => compare_reference::execute(arguments, folder, reference),
        _ => bail!("exactly one of B, --reference and --trace is needed"),
    }
}
