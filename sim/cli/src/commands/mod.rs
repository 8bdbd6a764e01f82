//! One file for each command.

pub(crate) mod bench;
pub(crate) mod compare;
mod compare_reference;
mod compare_trace;
mod compare_two;
pub(crate) mod describe;
pub(crate) mod list;
pub(crate) mod replay;
pub(crate) mod run;
