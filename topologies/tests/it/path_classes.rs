//! Paths have two, four or six links, and between hosts of each kind there are as many equal ones
//! as the network is wide.

use crate::common::{distances, fat_tree, leaf_spine};
use homa_topologies::{HostId, Node, SwitchId, Topology};

/// All pairs of hosts.
fn pairs(topology: &Topology) -> impl Iterator<Item = (HostId, HostId)> {
    let hosts = topology.hosts;
    (0..hosts).flat_map(move |first| (0..hosts).map(move |second| (HostId(first), HostId(second))))
}

fn tiers(topology: &Topology, source: u32, destination: u32) -> Vec<&str> {
    let path = topology.path(HostId(source), HostId(destination));
    path.iter().map(|id| topology.tier(topology.link(*id).tier).name).collect()
}

#[test]
fn paths_in_a_fat_tree_have_two_links_in_a_rack_four_in_a_pod_and_six_between_pods() {
    for topology in [2, 4, 6].map(fat_tree) {
        for (source, destination) in pairs(&topology).filter(|(source, destination)| source != destination) {
            let links = [2, 4, 6][topology.path_class(source, destination).index()];
            let path = topology.path(source, destination);
            assert_eq!(path.len(), links);
            let SwitchId(first) = topology.switch_of(source);
            assert_eq!(distances(&topology, destination)[first as usize] as usize + 1, links);
            assert_eq!(topology.link(path[links - 1]).to, Node::Host(destination));
        }
    }
}

#[test]
fn equal_paths_are_one_in_a_rack_half_of_k_in_a_pod_and_its_square_between_pods() {
    for k in [2, 4, 6, 8] {
        let topology = fat_tree(k);
        let half = u64::from(k) / 2;
        for destination in (1..topology.hosts).map(HostId) {
            let expected = [1, half, half * half][topology.path_class(HostId(0), destination).index()];
            assert_eq!(topology.path_count(HostId(0), destination), expected, "k = {k}, {destination:?}");
        }
    }
}

#[test]
fn a_packet_between_pods_passes_all_tiers_of_a_fat_tree_in_their_order() {
    let topology = fat_tree(4);
    let all = ["host-tor", "tor-agg", "agg-core", "core-agg", "agg-tor", "tor-host"];
    assert_eq!(tiers(&topology, 0, 15), all);
    assert_eq!(tiers(&topology, 0, 3), ["host-tor", "tor-agg", "agg-tor", "tor-host"]);
    assert_eq!(tiers(&topology, 0, 1), ["host-tor", "tor-host"]);
    assert_eq!(topology.tiers.iter().map(|tier| tier.name).collect::<Vec<_>>(), all);
}

#[test]
fn a_leaf_spine_is_one_pod_with_a_path_over_each_spine() {
    let topology = leaf_spine(3, 4, 5);
    for (source, destination) in pairs(&topology).filter(|(source, destination)| source != destination) {
        let same_rack = topology.same_rack(source, destination);
        let class = topology.path_class(source, destination);
        assert_eq!(topology.path_class_name(class), if same_rack { "within a rack" } else { "between racks" });
        assert_eq!(topology.path_count(source, destination), if same_rack { 1 } else { 5 });
    }
}

#[test]
fn classes_of_paths_are_named_by_the_groups_of_hosts() {
    let names =
        |topology: &Topology| topology.path_classes().map(|class| topology.path_class_name(class)).collect::<Vec<_>>();
    assert_eq!(names(&leaf_spine(3, 4, 5)), ["within a rack", "between racks"]);
    assert_eq!(names(&fat_tree(4)), ["within a rack", "between racks", "between pods"]);
}

#[test]
fn tiers_are_found_by_name() {
    let topology = fat_tree(4);
    for tier in &topology.tiers {
        assert_eq!(topology.tier(topology.tier_named(tier.name).unwrap()), tier);
    }
    assert!(topology.tier_named("tor-spine").is_none());
}
