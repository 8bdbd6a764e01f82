//! Networks of many thousand hosts have small routes, and right ones up to the largest that is
//! accepted.

use crate::common::{fat_tree, leaf_spine};
use homa_topologies::{HostId, Node, SwitchId, Topology};

/// From the first, a middle and the last host to hosts at the ends of racks all over the network.
fn assert_paths_arrive(topology: &Topology, hosts_per_rack: u32) {
    let last = topology.hosts - 1;
    let racks = topology.hosts / hosts_per_rack;
    let some_racks = (0..racks).step_by((racks / 1_000).max(1) as usize).chain([racks - 1]);
    let ends = some_racks.flat_map(|rack| [rack * hosts_per_rack, (rack + 1) * hosts_per_rack - 1]);
    for destination in ends {
        for source in [0, topology.hosts / 2, last].into_iter().filter(|source| *source != destination) {
            let [source, destination] = [source, destination].map(HostId);
            let path = topology.path(source, destination);
            let links = [2, 4, 6][topology.path_class(source, destination).index()];
            assert_eq!(path.len(), links, "{source:?} to {destination:?}");
            assert_eq!(topology.link(path[links - 1]).to, Node::Host(destination));
        }
    }
}

#[test]
fn routes_of_a_fat_tree_with_8192_hosts_take_less_than_a_quarter_of_a_megabyte() {
    let topology = fat_tree(32);
    assert!(topology.routes.bytes() < 250_000, "{} bytes", topology.routes.bytes());
    assert_paths_arrive(&topology, 16);
}

#[test]
fn routes_of_a_leaf_spine_with_100_000_hosts_take_what_its_links_and_a_row_for_each_switch_take() {
    let topology = leaf_spine(2_500, 40, 100);
    assert_eq!(topology.hosts, 100_000);
    let from_switches = topology.links.len() - topology.hosts as usize;
    assert!(topology.routes.bytes() <= 4 * from_switches + 32 * topology.switches as usize + 64);
    assert_paths_arrive(&topology, 40);
}

#[test]
fn the_largest_fat_tree_has_65_536_hosts() {
    let topology = fat_tree(64);
    assert_eq!(topology.hosts, 65_536);
    assert!(topology.routes.bytes() < 2_000_000, "{} bytes", topology.routes.bytes());
    assert_eq!(topology.path_count(HostId(0), HostId(65_535)), 1_024);
    assert_paths_arrive(&topology, 32);
}

/// The links down of a spine are found by a multiplication instead of a division, which must be
/// exact up to the last host.
#[test]
fn every_host_of_the_largest_networks_is_found_in_its_rack() {
    for hosts_per_rack in [1, 3, 7, 40, 1_000, 1_023, 1_025, 65_537, 349_525, 524_287, 1 << 20] {
        let racks = (1 << 20) / hosts_per_rack;
        let topology = leaf_spine(racks, hosts_per_rack, 1);
        for host in (0..topology.hosts).map(HostId) {
            let [down] = topology.routes.choices(SwitchId(racks), host) else { panic!("a spine has no choice") };
            assert_eq!(topology.link(*down).to, Node::Switch(SwitchId(host.0 / hosts_per_rack)));
            let [down] = topology.routes.choices(topology.switch_of(host), host) else { panic!("nor has a leaf") };
            assert_eq!(topology.link(*down).to, Node::Host(host));
        }
    }
}
