//! One file for each command.

pub(crate) mod bench;
pub(crate) mod check;
pub(crate) mod compare;
mod compare_reference;
mod compare_trace;
mod compare_two;
pub(crate) mod describe;
pub(crate) mod experiment;
pub(crate) mod list;
pub(crate) mod merge;
pub(crate) mod plan;
pub(crate) mod plot;
mod printer;
pub(crate) mod replay;
pub(crate) mod report;
pub(crate) mod run;
pub(crate) mod show;
mod threads;
