//! Recorded packets against the core: one module for each behaviour.

mod common;
mod every_capture;
mod known_reasons;
mod malformed;
mod mutations;
