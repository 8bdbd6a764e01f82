//! The links a switch may choose from are all that lead one step nearer to the destination, in
//! ascending order: what a breadth-first search finds for each destination.

use crate::common::{distances, fat_tree, leaf_spine, nearer};
use homa_topologies::{HostId, Link, Node, Routes, SwitchId, TierId, Topology, preset};
use homa_units::{BitRate, Duration};

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

#[test]
fn routes_from_a_table_are_those_of_the_tree() {
    for topology in [leaf_spine(3, 4, 5), leaf_spine(1, 5, 2), fat_tree(2), fat_tree(4), fat_tree(6)] {
        let table = Routes::search(topology.hosts, topology.switches, &topology.links);
        for switch in (0..topology.switches).map(SwitchId) {
            for host in (0..topology.hosts).map(HostId) {
                assert_eq!(table.choices(switch, host), topology.routes.choices(switch, host));
            }
        }
    }
}

#[test]
fn routes_from_a_table_take_the_short_way_in_a_ring_and_both_ways_where_they_are_equal() {
    // Four switches in a ring, each with the host of its number.
    let (rate, delay, tier) = (BitRate::from_gbps(10), Duration::ZERO, TierId(0));
    let switch = |number: u32| Node::Switch(SwitchId(number % 4));
    let host = |number| Node::Host(HostId(number));
    let up = (0..4).map(|number| (host(number), switch(number)));
    let down = (0..4).map(|number| (switch(number), host(number)));
    let right = (0..4).map(|number| (switch(number), switch(number + 1)));
    let left = (0..4).map(|number| (switch(number), switch(number + 3)));
    let ends = up.chain(down).chain(right).chain(left);
    let links: Vec<_> = ends.map(|(from, to)| Link { from, to, rate, delay, tier }).collect();
    let routes = Routes::search(4, 4, &links);
    let choices =
        |from: u32, to: u32| routes.choices(SwitchId(from), HostId(to)).iter().map(|id| id.0).collect::<Vec<_>>();
    assert_eq!(choices(1, 1), [5]);
    assert_eq!(choices(1, 2), [9]);
    assert_eq!(choices(1, 0), [13]);
    assert_eq!(choices(1, 3), [9, 13]);
}
