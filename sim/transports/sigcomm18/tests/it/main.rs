//! The SIGCOMM'18 model on simulated hosts: one module for each behaviour.

mod choices;
mod common;
mod cutoffs;
mod idle;
mod network;
mod properties;
mod worked_run;
