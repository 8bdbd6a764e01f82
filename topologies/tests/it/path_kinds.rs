//! Paths have two, four or six links, and between hosts of each kind there are as many equal ones as the network is wide.

use crate::common::{distances, fat_tree, leaf_spine};
use homa_topologies::{HostId, Node, PathKind, SwitchId, Tier, Topology};

/// All pairs of hosts.
fn pairs(topology: &Topology) -> impl Iterator<Item = (HostId, HostId)> {
    let hosts = topology.hosts;
    (0..hosts).flat_map(move |first| (0..hosts).map(move |second| (HostId(first), HostId(second))))
}

fn tiers(topology: &Topology, source: u32, destination: u32) -> Vec<Tier> {
    topology.path(HostId(source), HostId(destination)).iter().map(|id| topology.link(*id).tier).collect()
}

#[test]
fn paths_in_a_fat_tree_have_two_links_in_a_rack_four_in_a_pod_and_six_between_pods() {
    for topology in [2, 4, 6].map(fat_tree) {
        for (source, destination) in pairs(&topology).filter(|(source, destination)| source != destination) {
            let links = topology.path_kind(source, destination).links();
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
            let expected = match topology.path_kind(HostId(0), destination) {
                PathKind::WithinRack => 1,
                PathKind::BetweenRacks => half,
                PathKind::BetweenPods => half * half,
            };
            assert_eq!(topology.path_count(HostId(0), destination), expected, "k = {k}, {destination:?}");
        }
    }
}

#[test]
fn a_packet_between_pods_passes_all_tiers_of_a_fat_tree_in_their_order() {
    let topology = fat_tree(4);
    let all = [Tier::HostTor, Tier::TorAgg, Tier::AggCore, Tier::CoreAgg, Tier::AggTor, Tier::TorHost];
    assert_eq!(tiers(&topology, 0, 15), all);
    assert_eq!(tiers(&topology, 0, 3), [Tier::HostTor, Tier::TorAgg, Tier::AggTor, Tier::TorHost]);
    assert_eq!(tiers(&topology, 0, 1), [Tier::HostTor, Tier::TorHost]);
    assert!(all.is_sorted_by_key(|tier| tier.index()));
}

#[test]
fn a_leaf_spine_is_one_pod_with_a_path_over_each_spine() {
    let topology = leaf_spine(3, 4, 5);
    for (source, destination) in pairs(&topology).filter(|(source, destination)| source != destination) {
        let same_rack = topology.same_rack(source, destination);
        let kind = if same_rack { PathKind::WithinRack } else { PathKind::BetweenRacks };
        assert_eq!(topology.path_kind(source, destination), kind);
        assert_eq!(topology.path_count(source, destination), if same_rack { 1 } else { 5 });
    }
}

#[test]
fn tiers_and_kinds_of_paths_are_at_their_index_and_have_names_of_their_own() {
    for (index, tier) in Tier::ALL.into_iter().enumerate() {
        assert_eq!(tier.index(), index);
    }
    let names = Tier::ALL.map(Tier::name);
    let expected = ["host-tor", "tor-spine", "tor-agg", "agg-core", "core-agg", "agg-tor", "spine-tor", "tor-host"];
    assert_eq!(names, expected);
    assert_eq!(PathKind::ALL.map(PathKind::links), [2, 4, 6]);
    assert_eq!(PathKind::ALL.map(PathKind::name), ["within a rack", "between racks", "between pods"]);
}
