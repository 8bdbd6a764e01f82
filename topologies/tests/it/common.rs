//! Networks to test, and their shortest routes found the slow way.

use homa_topologies::{Delays, FatTree, HostId, LeafSpine, LinkId, Node, Topology, TopologySpec};
use homa_units::{BitRate, Duration};
use std::collections::VecDeque;

pub(crate) fn delays() -> Delays {
    let [software_send, software_receive, nic, switch, link] = [1, 2, 4, 8, 16].map(Duration::from_ps);
    Delays { software_send, software_receive, nic, switch, link }
}

pub(crate) fn fat_tree_spec(k: u32) -> FatTree {
    let [host_rate, uplink_rate] = [10, 40].map(BitRate::from_gbps);
    FatTree { k, host_rate, uplink_rate, core_rate: None, delays: delays() }
}

pub(crate) fn fat_tree(k: u32) -> Topology {
    TopologySpec::FatTree(fat_tree_spec(k)).build("fat-tree").unwrap()
}

pub(crate) fn leaf_spine(racks: u32, hosts_per_rack: u32, spines: u32) -> Topology {
    let [host_rate, uplink_rate] = [10, 40].map(BitRate::from_gbps);
    let spec = LeafSpine { racks, hosts_per_rack, spines, host_rate, uplink_rate, delays: delays() };
    TopologySpec::LeafSpine(spec).build("leaf-spine").unwrap()
}

/// For each switch, how many links are between it and a host, by breadth-first search against the links' direction.
pub(crate) fn distances(topology: &Topology, destination: HostId) -> Vec<u32> {
    let mut into = vec![Vec::new(); topology.switches as usize];
    let mut distance = vec![u32::MAX; topology.switches as usize];
    let mut frontier = VecDeque::new();
    for link in &topology.links {
        match (link.from, link.to) {
            (Node::Switch(from), Node::Switch(to)) => into[to.0 as usize].push(from.0 as usize),
            (Node::Switch(from), Node::Host(host)) if host == destination => {
                distance[from.0 as usize] = 1;
                frontier.push_back(from.0 as usize);
            }
            _ => {}
        }
    }
    while let Some(to) = frontier.pop_front() {
        for from in &into[to] {
            if distance[*from] == u32::MAX {
                distance[*from] = distance[to] + 1;
                frontier.push_back(*from);
            }
        }
    }
    distance
}

/// For each switch, all links that lead one step nearer to a host, ascending.
pub(crate) fn nearer(topology: &Topology, destination: HostId) -> Vec<Vec<LinkId>> {
    let distance = distances(topology, destination);
    let left = |node| match node {
        Node::Switch(switch) => distance[switch.0 as usize],
        Node::Host(host) if host == destination => 0,
        Node::Host(_) => u32::MAX,
    };
    let mut nearer = vec![Vec::new(); topology.switches as usize];
    for (id, link) in (0..).map(LinkId).zip(&topology.links) {
        if let Node::Switch(from) = link.from
            && left(link.to) < left(link.from)
        {
            nearer[from.0 as usize].push(id);
        }
    }
    nearer
}
