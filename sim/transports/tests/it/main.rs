//! The transports on simulated hosts: one module for each behaviour.

mod common;
mod homa;
mod sigcomm18_choices;
mod sigcomm18_cutoffs;
mod sigcomm18_idle;
mod sigcomm18_properties;
mod sigcomm18_worked_run;
