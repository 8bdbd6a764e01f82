//! The Linux core on simulated hosts: idle times, transmit modes, faults, the wire format,
//! determinism.

mod determinism;
mod faults;
mod idle;
mod model;
mod modes;
mod notes;
mod parameters;
mod support;
mod wire;
