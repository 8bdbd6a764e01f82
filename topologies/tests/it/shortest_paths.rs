//! The links a switch may choose from are all that lead one step nearer to the destination, in ascending order: what a
//! breadth-first search finds for each destination.

use crate::common::{distances, fat_tree, leaf_spine, nearer};
use homa_topologies::{HostId, Node, SwitchId, Topology, preset};

fn shipped(name: &str) -> Topology {
    preset(name).unwrap().build(name).unwrap()
}

/// For every `step`th destination and all switches.
fn assert_shortest(topology: &Topology, step: usize) {
    for destination in (0..topology.hosts).step_by(step).map(HostId) {
        for (switch, expected) in (0..).map(SwitchId).zip(nearer(topology, destination)) {
            let choices = topology.routes.choices(switch, destination);
            assert_eq!(choices, expected, "{}: {switch:?} to {destination:?}", topology.name);
        }
    }
}

#[test]
fn every_choice_in_a_fat_tree_leads_one_step_nearer() {
    for topology in [2, 4, 6, 8].map(fat_tree) {
        for destination in (0..topology.hosts).map(HostId) {
            let distance = distances(&topology, destination);
            for switch in (0..topology.switches).map(SwitchId) {
                let choices = topology.routes.choices(switch, destination);
                assert!(!choices.is_empty());
                for link in choices.iter().map(|id| topology.link(*id)) {
                    assert_eq!(link.from, Node::Switch(switch));
                    let left = match link.to {
                        Node::Switch(next) => distance[next.0 as usize],
                        Node::Host(host) => u32::from(host != destination),
                    };
                    assert_eq!(left + 1, distance[switch.0 as usize]);
                }
            }
        }
    }
}

#[test]
fn all_shortest_next_links_of_a_fat_tree_are_listed() {
    for topology in [2, 4, 6, 8].map(fat_tree) {
        assert_shortest(&topology, 1);
    }
    assert_shortest(&fat_tree(14), 5);
}

#[test]
fn routes_of_the_shipped_networks_are_those_of_a_search_in_the_same_order() {
    for name in ["sigcomm18", "sigcomm18-16", "linux-cluster", "linux-cluster-10", "leaf-spine-1000"] {
        assert_shortest(&shipped(name), 1);
    }
    assert_shortest(&shipped("fat-tree-8192"), 257);
}

#[test]
fn routes_of_leaf_spines_are_those_of_a_search_whatever_their_shape() {
    for racks in [1, 2, 3, 7] {
        for hosts_per_rack in [2, 3, 5, 13] {
            for spines in [1, 2, 6] {
                assert_shortest(&leaf_spine(racks, hosts_per_rack, spines), 1);
            }
        }
    }
    assert_shortest(&leaf_spine(9, 1, 4), 1);
}
