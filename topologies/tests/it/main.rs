//! Networks as data: one module for each behaviour.

mod common;
mod fat_tree;
mod flows;
mod large_networks;
mod linux_cluster;
mod path_classes;
mod refused;
mod round_trip;
mod routes;
mod shortest_paths;
