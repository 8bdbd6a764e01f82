//! Datacenter networks as plain data: hosts, switches, links, fixed delays and all shortest routes.
//!
//! A [`TopologySpec`] is what a user writes (a preset's name or a TOML text);
//! [`TopologySpec::build`] makes the [`Topology`] graph from it. The crate reads no file and
//! simulates nothing.
//!
//! Networks are trees with several roots: one switch, leaves and spines, or a fat-tree with three
//! tiers. [`Routes`] can also be those of any graph, found by search; no description of such a
//! network can be read so far.

mod builders;
mod flows;
mod graph;
mod presets;
mod routes;
mod spec;

pub use flows::Flows;
pub use graph::{HostGroup, HostId, Link, LinkId, Node, PathClass, SoftwareDelay, SwitchId, Tier, TierId, Topology};
pub use presets::{UnknownPreset, preset, preset_names};
pub use routes::Routes;
pub use spec::{Delays, FatTree, LeafSpine, SingleSwitch, TopologyError, TopologySpec};
