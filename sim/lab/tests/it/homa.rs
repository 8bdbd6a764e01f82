//! Experiments with Linux's Homa: idle times, denominators, traffic, faults, variants, summaries,
//! estimates.

mod denominators;
mod edges;
mod estimate;
mod fat_tree;
mod faults;
mod idle;
mod linux_host;
mod load;
mod random_hosts;
mod summary;
pub(crate) mod support;
mod traffic;
mod variants;
