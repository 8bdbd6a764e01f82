//! What a user writes to describe a network.

use crate::graph::Topology;
use homa_units::{BitRate, Duration};
use serde::{Deserialize, Serialize};
use thiserror::Error;

/// A network as a user describes it: one of the tables `[leaf-spine]`, `[fat-tree]` or `[single-switch]`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum TopologySpec {
    /// Racks of hosts, each rack's switch linked to every spine.
    LeafSpine(LeafSpine),
    /// Pods of racks, joined by core switches.
    FatTree(FatTree),
    /// All hosts on one switch.
    SingleSwitch(SingleSwitch),
}

/// Racks of hosts, each top-of-rack switch linked once to every spine.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LeafSpine {
    /// Number of racks.
    pub racks: u32,
    /// Hosts in each rack.
    pub hosts_per_rack: u32,
    /// Number of spine switches.
    pub spines: u32,
    /// Rate of the links between hosts and top-of-rack switches.
    pub host_rate: BitRate,
    /// Rate of the links between top-of-rack switches and spines.
    pub uplink_rate: BitRate,
    /// Fixed delays.
    pub delays: Delays,
}

/// The three-tier fat-tree of Al-Fares, Loukissas and Vahdat, "A Scalable, Commodity Data Center Network Architecture"
/// (SIGCOMM 2008), of switches with `k` ports: `k` pods, in each `k/2` top-of-rack (there: edge) switches with `k/2` hosts
/// each and `k/2` aggregation switches, and `(k/2)^2` core switches, each linked once to every pod.
///
/// If all rates are equal, it has full bisection bandwidth.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FatTree {
    /// Ports of a switch; even. There are `k^3 / 4` hosts.
    pub k: u32,
    /// Rate of the links between hosts and top-of-rack switches.
    pub host_rate: BitRate,
    /// Rate of the links between top-of-rack and aggregation switches.
    pub uplink_rate: BitRate,
    /// Rate of the links between aggregation and core switches; if none is given, [`Self::uplink_rate`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub core_rate: Option<BitRate>,
    /// Fixed delays.
    pub delays: Delays,
}

/// All hosts on one switch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SingleSwitch {
    /// Number of hosts.
    pub hosts: u32,
    /// Rate of every link.
    pub host_rate: BitRate,
    /// Fixed delays.
    pub delays: Delays,
}

/// Fixed delays of a network.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Delays {
    /// Host software, from the transport to the NIC.
    pub software_send: Duration,
    /// Host software, from the NIC to the transport.
    pub software_receive: Duration,
    /// Added by a host's NIC to each packet it sends.
    pub nic: Duration,
    /// Added by a switch to each packet it forwards.
    pub switch: Duration,
    /// Propagation on each link.
    pub link: Duration,
}

/// Why a description is not a network.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum TopologyError {
    /// A number is out of its range.
    #[error("topology.{key} = {value} is out of range; accepted is {accepted}")]
    OutOfRange {
        /// The key.
        key: &'static str,
        /// The value given.
        value: u32,
        /// What is accepted.
        accepted: &'static str,
    },
    /// Bytes don't take whole picoseconds at this rate.
    #[error(
        "topology.{key} = \"{value}\": one byte does not take a whole number of picoseconds at this rate; accepted are \
         rates that divide 8 Tbps, such as 1, 10, 25, 40, 50, 100, 200, 400 and 800 Gbps"
    )]
    InexactRate {
        /// The key.
        key: &'static str,
        /// The rate given.
        value: BitRate,
    },
    /// The text is not a valid topology file.
    #[error("{0}")]
    Syntax(String),
}

impl TopologySpec {
    /// Parses the text of a topology file.
    ///
    /// # Errors
    /// [`TopologyError::Syntax`] with line, column and the accepted keys.
    pub fn parse(text: &str) -> Result<Self, TopologyError> {
        toml::from_str(text).map_err(|error| TopologyError::Syntax(error.to_string()))
    }

    /// Builds the graph.
    ///
    /// # Errors
    /// If a number or a rate is out of range.
    pub fn build(&self, name: &str) -> Result<Topology, TopologyError> {
        match self {
            Self::LeafSpine(spec) => spec.build(name),
            Self::FatTree(spec) => spec.build(name),
            Self::SingleSwitch(spec) => spec.build(name),
        }
    }

    /// The rate of the host links.
    #[must_use]
    pub const fn host_rate(&self) -> BitRate {
        match self {
            Self::LeafSpine(spec) => spec.host_rate,
            Self::FatTree(spec) => spec.host_rate,
            Self::SingleSwitch(spec) => spec.host_rate,
        }
    }
}
