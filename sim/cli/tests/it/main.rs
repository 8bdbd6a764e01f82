//! The command line as a user meets it: one module for each command or behaviour.

mod bad_homa_input;
mod bad_input;
mod bench;
mod check;
mod check_best_times;
mod commands;
mod common;
mod compare;
mod describe_homa;
mod figures;
mod help_examples;
mod like_with_like;
mod overload;
mod overwriting;
mod replay;
mod report;
mod report_in_a_browser;
mod run;
mod show;
mod sweep;
mod threads;
mod two_processes;
