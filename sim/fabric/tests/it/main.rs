//! Ports, links, switches and NICs without a protocol: one module for each behaviour.

mod choices;
mod common;
mod conservation;
mod fat_tree;
mod host_failure;
mod loss;
mod order;
mod outstanding;
mod parallel;
mod prefetch;
mod priority;
mod pushed;
mod queues;
mod serialisation;
