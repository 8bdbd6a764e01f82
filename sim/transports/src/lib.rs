//! Transport protocols behind the fabric's trait [`homa_fabric::Transport`].
//!
//! * [`sigcomm18`]: Homa as the simulator behind the SIGCOMM'18 paper models it.
//!
//! Each transport is a state machine without clock, socket or randomness. What several need is shared: [`SrptQueue`].

pub mod sigcomm18;
mod srpt;

pub use srpt::SrptQueue;
