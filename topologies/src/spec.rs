//! What a user writes to describe a network, and the builders.

use crate::graph::{HostId, Link, Node, SoftwareDelay, SwitchId, Tier, Topology};
use crate::routes::Routes;
use homa_units::{BitRate, Duration};
use serde::{Deserialize, Serialize};
use thiserror::Error;

/// A network as a user describes it: one of the tables `[leaf-spine]` or `[single-switch]`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum TopologySpec {
    /// Racks of hosts, each rack's switch linked to every spine.
    LeafSpine(LeafSpine),
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

const MAX_HOSTS: u32 = 1 << 20;
/// Entries of all routing tables.
const ROUTES_MAX: u64 = 1 << 28;

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
            Self::SingleSwitch(spec) => spec.build(name),
        }
    }

    /// The rate of the host links.
    #[must_use]
    pub const fn host_rate(&self) -> BitRate {
        match self {
            Self::LeafSpine(spec) => spec.host_rate,
            Self::SingleSwitch(spec) => spec.host_rate,
        }
    }
}

fn in_range(key: &'static str, value: u32, least: u32, accepted: &'static str) -> Result<(), TopologyError> {
    if value < least || value > MAX_HOSTS {
        return Err(TopologyError::OutOfRange { key, value, accepted });
    }
    Ok(())
}

fn exact(key: &'static str, value: BitRate) -> Result<(), TopologyError> {
    value.byte_time().map(|_| ()).ok_or(TopologyError::InexactRate { key, value })
}

impl LeafSpine {
    fn build(&self, name: &str) -> Result<Topology, TopologyError> {
        in_range("leaf-spine.racks", self.racks, 1, "1 to 1048576")?;
        in_range("leaf-spine.hosts_per_rack", self.hosts_per_rack, 1, "1 to 1048576")?;
        in_range("leaf-spine.spines", self.spines, 1, "1 to 1048576")?;
        let hosts = self.racks.saturating_mul(self.hosts_per_rack);
        in_range("leaf-spine.racks * hosts_per_rack", hosts, 2, "2 to 1048576 hosts")?;
        let routes = u64::from(hosts) * u64::from(self.racks + self.spines);
        if routes > ROUTES_MAX {
            let accepted = "as many that hosts * switches is at most 2^28, the entries of the routing tables";
            return Err(TopologyError::OutOfRange { key: "leaf-spine.racks", value: self.racks, accepted });
        }
        exact("leaf-spine.host_rate", self.host_rate)?;
        exact("leaf-spine.uplink_rate", self.uplink_rate)?;
        let rack_of = |host: u32| SwitchId(host / self.hosts_per_rack);
        let mut links = host_links(hosts, self.host_rate, &self.delays, rack_of);
        let hop = |from, to, tier| Link {
            from: Node::Switch(from),
            to: Node::Switch(to),
            rate: self.uplink_rate,
            delay: self.delays.switch + self.delays.link,
            tier,
        };
        for rack in (0..self.racks).map(SwitchId) {
            for spine in (self.racks..self.racks + self.spines).map(SwitchId) {
                links.push(hop(rack, spine, Tier::TorSpine));
            }
        }
        for spine in (self.racks..self.racks + self.spines).map(SwitchId) {
            for rack in (0..self.racks).map(SwitchId) {
                links.push(hop(spine, rack, Tier::SpineTor));
            }
        }
        Ok(finish(name, hosts, self.racks + self.spines, links, &self.delays))
    }
}

impl SingleSwitch {
    fn build(&self, name: &str) -> Result<Topology, TopologyError> {
        in_range("single-switch.hosts", self.hosts, 2, "2 to 1048576")?;
        exact("single-switch.host_rate", self.host_rate)?;
        let links = host_links(self.hosts, self.host_rate, &self.delays, |_| SwitchId(0));
        Ok(finish(name, self.hosts, 1, links, &self.delays))
    }
}

/// The links that leave the hosts (their numbers are the hosts'), then the links that lead to them.
fn host_links(hosts: u32, rate: BitRate, delays: &Delays, switch_of: impl Fn(u32) -> SwitchId) -> Vec<Link> {
    let up = (0..hosts).map(|host| Link {
        from: Node::Host(HostId(host)),
        to: Node::Switch(switch_of(host)),
        rate,
        delay: delays.nic + delays.link,
        tier: Tier::HostTor,
    });
    let down = (0..hosts).map(|host| Link {
        from: Node::Switch(switch_of(host)),
        to: Node::Host(HostId(host)),
        rate,
        delay: delays.switch + delays.link,
        tier: Tier::TorHost,
    });
    up.chain(down).collect()
}

fn finish(name: &str, hosts: u32, switches: u32, links: Vec<Link>, delays: &Delays) -> Topology {
    let routes = Routes::compute(hosts, switches, &links);
    let software = SoftwareDelay { send: delays.software_send, receive: delays.software_receive };
    Topology { name: name.to_owned(), hosts, switches, links, software, routes }
}
