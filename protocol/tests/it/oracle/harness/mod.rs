//! Runs the sequences of calls, packets, ticks and clock steps that Linux's module was given, and compares what comes
//! out with what the module did.
//!
//! A file has one sequence a line, as JSON: a name, a family and steps; each step has an operation and the kernel's
//! results. What the kernel's results leave open isn't compared: the order between RPCs in ticks and ICMP errors, the
//! place of ICMP errors among the packets of an operation, and the texts of errors.

mod compare;
mod fields;
pub(crate) mod files;
pub(crate) mod held;
mod node;
mod packets;
pub(crate) mod run;
