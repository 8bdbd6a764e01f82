//! The core from outside: one module for each behaviour.

mod captures;
mod captures_wire;
mod chosen;
mod conformance;
mod driver;
mod fuzz_calls;
mod fuzz_packets;
mod fuzzing;
mod grant_model;
mod homa_prio;
mod homa_prio_properties;
mod metrics;
mod network;
mod packet_lines;
mod quirks;
mod sysctl_cutoffs_recomputed;
mod sysctl_derived;
mod sysctl_text;
mod sysctl_toml;
mod wire_address_book;
mod wire_conformance;
mod wire_geometry;
mod wire_icmp;
mod wire_ip;
mod wire_properties;
mod wire_versions;
