//! `blind` on simulated hosts: one module for each behaviour.

mod common;
mod idle;
mod order;
mod properties;
