//! From a description to the graph.

use crate::graph::{HostGroup, HostId, Link, Node, SoftwareDelay, SwitchId, Tier, TierId, Topology};
use crate::routes::{Below, Routes};
use crate::spec::{Delays, FatTree, LeafSpine, SingleSwitch, TopologyError};
use homa_units::{BitRate, Duration};
use std::ops::Range;

const HOSTS_MAX: u32 = 1 << 20;
const _: () = assert!(HOSTS_MAX <= Routes::HOSTS_MAX);
/// Links of a network. Each becomes a port of some 200 bytes: more would not fit into memory.
const LINKS_MAX: u64 = 1 << 24;
const K_MAX: u32 = 64;

const fn up(name: &'static str) -> Tier {
    Tier { name, leads_up: true }
}

const fn down(name: &'static str) -> Tier {
    Tier { name, leads_up: false }
}

// The tiers of each kind of network, in the order in which a packet passes them.
const SINGLE_SWITCH: [Tier; 2] = [up("host-tor"), down("tor-host")];
const LEAF_SPINE: [Tier; 4] = [up("host-tor"), up("tor-spine"), down("spine-tor"), down("tor-host")];
const FAT_TREE: [Tier; 6] =
    [up("host-tor"), up("tor-agg"), up("agg-core"), down("core-agg"), down("agg-tor"), down("tor-host")];

fn in_range(key: &'static str, value: u32, least: u32, accepted: &'static str) -> Result<(), TopologyError> {
    if value < least || value > HOSTS_MAX {
        return Err(TopologyError::OutOfRange { key, value, accepted });
    }
    Ok(())
}

fn exact(key: &'static str, value: BitRate) -> Result<(), TopologyError> {
    value.byte_time().map(|_| ()).ok_or(TopologyError::InexactRate { key, value })
}

impl SingleSwitch {
    pub(crate) fn build(&self, name: &str) -> Result<Topology, TopologyError> {
        in_range("single-switch.hosts", self.hosts, 2, "2 to 1048576")?;
        exact("single-switch.host_rate", self.host_rate)?;
        let mut network = Network::new(&self.delays, &SINGLE_SWITCH);
        network.racks(1, self.hosts, self.host_rate);
        Ok(network.finish(name, vec![HostGroup { name: "rack", hosts: self.hosts }]))
    }
}

impl LeafSpine {
    pub(crate) fn build(&self, name: &str) -> Result<Topology, TopologyError> {
        in_range("leaf-spine.racks", self.racks, 1, "1 to 1048576")?;
        in_range("leaf-spine.hosts_per_rack", self.hosts_per_rack, 1, "1 to 1048576")?;
        in_range("leaf-spine.spines", self.spines, 1, "1 to 1048576")?;
        let hosts = self.racks.saturating_mul(self.hosts_per_rack);
        in_range("leaf-spine.racks * hosts_per_rack", hosts, 2, "2 to 1048576 hosts")?;
        if 2 * u64::from(self.racks) * u64::from(self.hosts_per_rack + self.spines) > LINKS_MAX {
            let accepted = "as many that 2 * racks * (hosts_per_rack + spines), the links, is at most 2^24";
            return Err(TopologyError::OutOfRange { key: "leaf-spine.racks", value: self.racks, accepted });
        }
        exact("leaf-spine.host_rate", self.host_rate)?;
        exact("leaf-spine.uplink_rate", self.uplink_rate)?;
        let mut network = Network::new(&self.delays, &LEAF_SPINE);
        let racks = network.racks(self.racks, self.hosts_per_rack, self.host_rate);
        let spines = network.switches(self.spines, |_| Below { first: 0, per_link: self.hosts_per_rack });
        for rack in racks.clone() {
            network.fan(rack, spines.clone(), self.uplink_rate, "tor-spine");
        }
        for spine in spines {
            network.fan(spine, racks.clone(), self.uplink_rate, "spine-tor");
        }
        Ok(network.finish(name, vec![HostGroup { name: "rack", hosts: self.hosts_per_rack }]))
    }
}

impl FatTree {
    pub(crate) fn build(&self, name: &str) -> Result<Topology, TopologyError> {
        let k = self.k;
        if !(2..=K_MAX).contains(&k) || !k.is_multiple_of(2) {
            let accepted = "an even number from 2 to 64";
            return Err(TopologyError::OutOfRange { key: "fat-tree.k", value: k, accepted });
        }
        let core_rate = self.core_rate.unwrap_or(self.uplink_rate);
        exact("fat-tree.host_rate", self.host_rate)?;
        exact("fat-tree.uplink_rate", self.uplink_rate)?;
        exact("fat-tree.core_rate", core_rate)?;
        let half = k / 2;
        let pod_hosts = half * half;
        let mut network = Network::new(&self.delays, &FAT_TREE);
        let racks = network.racks(k * half, half, self.host_rate);
        let aggregations =
            network.switches(k * half, |index| Below { first: index / half * pod_hosts, per_link: half });
        let cores = network.switches(half * half, |_| Below { first: 0, per_link: pod_hosts });
        let in_pod = |all: &Range<u32>, pod: u32| all.start + pod * half..all.start + (pod + 1) * half;
        for (index, rack) in racks.clone().enumerate() {
            let pod = index as u32 / half;
            network.fan(rack, in_pod(&aggregations, pod), self.uplink_rate, "tor-agg");
        }
        for (index, aggregation) in aggregations.clone().enumerate() {
            // The aggregation switches of the same index in each pod share a group of cores.
            let group = index as u32 % half;
            network.fan(aggregation, in_pod(&cores, group), core_rate, "agg-core");
        }
        for (index, core) in cores.enumerate() {
            let one_of_each_pod = aggregations.clone().skip(index / half as usize).step_by(half as usize);
            network.fan(core, one_of_each_pod, core_rate, "core-agg");
        }
        for (index, aggregation) in aggregations.enumerate() {
            let pod = index as u32 / half;
            network.fan(aggregation, in_pod(&racks, pod), self.uplink_rate, "agg-tor");
        }
        let groups = [("rack", half), ("pod", pod_hosts)].map(|(name, hosts)| HostGroup { name, hosts });
        Ok(network.finish(name, groups.to_vec()))
    }
}

/// A network that is being built.
struct Network<'a> {
    delays: &'a Delays,
    tiers: &'a [Tier],
    hosts: u32,
    below: Vec<Below>,
    links: Vec<Link>,
}

impl<'a> Network<'a> {
    const fn new(delays: &'a Delays, tiers: &'a [Tier]) -> Self {
        Self { delays, tiers, hosts: 0, below: Vec::new(), links: Vec::new() }
    }

    /// Adds switches, each with what is below it by its index among them, and gives their numbers.
    fn switches(&mut self, count: u32, below: impl Fn(u32) -> Below) -> Range<u32> {
        let begin = self.below.len() as u32;
        self.below.extend((0..count).map(below));
        begin..begin + count
    }

    /// Adds all hosts and their top-of-rack switches, which must be the first switches: the links
    /// that leave the hosts (their numbers are the hosts'), then the links that lead to them.
    fn racks(&mut self, racks: u32, hosts_per_rack: u32, rate: BitRate) -> Range<u32> {
        self.hosts = racks * hosts_per_rack;
        let Delays { nic, switch, link, .. } = *self.delays;
        let (to_tor, to_host) = (self.tier("host-tor"), self.tier("tor-host"));
        let ends = |host| (Node::Host(HostId(host)), Node::Switch(SwitchId(host / hosts_per_rack)));
        let up = (0..self.hosts).map(ends).map(|(host, tor)| Link {
            from: host,
            to: tor,
            rate,
            delay: nic + link,
            tier: to_tor,
        });
        let down = (0..self.hosts).map(ends).map(|(host, tor)| Link {
            from: tor,
            to: host,
            rate,
            delay: switch + link,
            tier: to_host,
        });
        self.links.extend(up.chain(down));
        self.switches(racks, |rack| Below { first: rack * hosts_per_rack, per_link: 1 })
    }

    /// Adds a link from one switch to each of some others.
    fn fan(&mut self, from: u32, to: impl Iterator<Item = u32>, rate: BitRate, tier: &str) {
        let tier = self.tier(tier);
        let delay: Duration = self.delays.switch + self.delays.link;
        let from = Node::Switch(SwitchId(from));
        self.links.extend(to.map(|to| Link { from, to: Node::Switch(SwitchId(to)), rate, delay, tier }));
    }

    fn tier(&self, name: &str) -> TierId {
        let index = self.tiers.iter().position(|tier| tier.name == name);
        TierId(index.expect("a kind of network lists its tiers") as u8)
    }

    fn finish(self, name: &str, groups: Vec<HostGroup>) -> Topology {
        let Self { delays, tiers, hosts, below, links } = self;
        Topology {
            name: name.to_owned(),
            hosts,
            switches: below.len() as u32,
            groups,
            routes: Routes::new(&below, &links, tiers),
            tiers: tiers.to_vec(),
            links,
            software: SoftwareDelay { send: delays.software_send, receive: delays.software_receive },
        }
    }
}
