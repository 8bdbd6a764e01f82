//! Transport protocols behind the fabric's trait [`homa_fabric::Transport`].
//!
//! * [`homa`]: Homa as Linux runs it.
//! * [`sigcomm18`]: Homa as the simulator behind the SIGCOMM'18 paper models it.
//!
//! Each transport is a state machine without clock, socket or randomness. What it shares with
//! the Linux core, such as [`SrptQueue`](homa_protocol::SrptQueue), is in `homa-protocol`.

pub mod homa;
pub mod sigcomm18;
