//! Ports, links, switches and NICs without a protocol: one module for each behaviour.

mod common;
mod conservation;
mod death;
mod fat_tree;
mod limits;
mod look_ahead;
mod loss;
mod order;
mod parts;
mod priority;
mod pushed;
mod queues;
mod serialisation;
