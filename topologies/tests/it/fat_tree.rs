//! A fat-tree of switches with k ports has the hosts, switches and cables of its definition, at the
//! rates and delays given.

use crate::common::{fat_tree, fat_tree_spec};
use homa_topologies::{HostId, Link, Node, SwitchId, Topology, TopologySpec, preset};
use homa_units::{BitRate, Duration};
use std::collections::BTreeSet;

const SIZES: [u32; 6] = [2, 4, 6, 8, 10, 16];

fn of_tier<'a>(topology: &'a Topology, tier: &str) -> Vec<&'a Link> {
    topology.links.iter().filter(|link| topology.tier(link.tier).name == tier).collect()
}

#[test]
fn there_are_a_quarter_of_k_cubed_hosts_five_quarters_of_k_squared_switches_and_three_links_up_for_each_host() {
    for k in SIZES {
        let topology = fat_tree(k);
        assert_eq!(topology.hosts, k * k * k / 4);
        assert_eq!(topology.switches, 5 * k * k / 4);
        assert_eq!(topology.links.len() as u32, 6 * topology.hosts);
        let groups: Vec<_> = topology.groups.iter().map(|group| (group.name, group.hosts)).collect();
        assert_eq!(groups, [("rack", k / 2), ("pod", k * k / 4)]);
    }
}

#[test]
fn every_switch_has_k_ports_each_to_another_neighbour_that_is_linked_back() {
    for k in SIZES {
        let topology = fat_tree(k);
        let pairs: BTreeSet<_> = topology.links.iter().map(|link| (link.from, link.to)).collect();
        assert_eq!(pairs.len(), topology.links.len());
        assert!(pairs.iter().all(|(from, to)| pairs.contains(&(*to, *from))));
        for switch in (0..topology.switches).map(|switch| Node::Switch(SwitchId(switch))) {
            assert_eq!(pairs.iter().filter(|(from, _)| *from == switch).count() as u32, k);
        }
    }
}

#[test]
fn every_core_is_linked_to_every_pod() {
    for k in SIZES {
        let topology = fat_tree(k);
        let pod_of = |aggregation: Node| match aggregation {
            Node::Switch(switch) => (switch.0 - k * k / 2) / (k / 2),
            Node::Host(_) => panic!("a core is linked to switches"),
        };
        let links = of_tier(&topology, "core-agg");
        let pods_of_cores: BTreeSet<_> = links.iter().map(|link| (link.from, pod_of(link.to))).collect();
        assert_eq!(pods_of_cores.len() as u32, k * k / 4 * k);
        assert!(pods_of_cores.iter().all(|(_, pod)| *pod < k));
    }
}

#[test]
fn hosts_are_numbered_rack_by_rack_and_racks_pod_by_pod() {
    let topology = fat_tree(4);
    let racks: Vec<_> = (0..16).map(|host| topology.switch_of(HostId(host)).0).collect();
    assert_eq!(racks, [0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7]);
    assert!(topology.path_class(HostId(0), HostId(3)) < topology.path_class(HostId(3), HostId(4)));
}

#[test]
fn each_tier_has_its_rate_and_the_core_that_of_the_uplinks_if_none_is_given() {
    let [host, uplink, core] = [10, 40, 100].map(BitRate::from_gbps);
    for core_rate in [None, Some(core)] {
        let topology = TopologySpec::FatTree(homa_topologies::FatTree { core_rate, ..fat_tree_spec(4) });
        let topology = topology.build("rates").unwrap();
        let core = core_rate.unwrap_or(uplink);
        let rates = [
            ("host-tor", host),
            ("tor-agg", uplink),
            ("agg-core", core),
            ("core-agg", core),
            ("agg-tor", uplink),
            ("tor-host", host),
        ];
        for (tier, rate) in rates {
            let links = of_tier(&topology, tier);
            assert_eq!(links.len(), 16);
            assert!(links.iter().all(|link| link.rate == rate), "{tier}");
        }
    }
}

#[test]
fn hosts_add_the_delay_of_their_nic_and_switches_their_own() {
    let topology = fat_tree(4);
    for link in &topology.links {
        let sender = if topology.tier(link.tier).name == "host-tor" { 4 } else { 8 };
        assert_eq!(link.delay, Duration::from_ps(sender + 16));
    }
}

#[test]
fn the_preset_has_8192_hosts_and_10_gbps_everywhere() {
    let topology = preset("fat-tree-8192").unwrap().build("fat-tree-8192").unwrap();
    assert_eq!((topology.hosts, topology.switches), (8_192, 1_280));
    assert!(topology.links.iter().all(|link| link.rate == BitRate::from_gbps(10)));
}

#[test]
fn the_preset_has_the_delays_of_the_paper_network() {
    let [large, paper] = ["fat-tree-8192", "sigcomm18"].map(|name| preset(name).unwrap().build(name).unwrap());
    assert_eq!(large.software, paper.software);
    let delay = |topology: &Topology, tier| of_tier(topology, tier)[0].delay;
    assert_eq!(delay(&large, "host-tor"), delay(&paper, "host-tor"));
    assert_eq!(delay(&large, "agg-core"), delay(&paper, "tor-spine"));
}
