//! What links carry of given traffic.

use crate::common::{fat_tree, leaf_spine};
use homa_topologies::{Flows, HostId, LinkId, Topology, preset};

fn network(name: &str) -> Topology {
    preset(name).unwrap().build(name).unwrap()
}

/// Each host sends one byte to each other host.
fn all_to_all(topology: &Topology) -> Flows<'_> {
    let mut flows = Flows::new(topology);
    let others = f64::from(topology.hosts - 1);
    let mut by_switch = vec![0.0; topology.switches as usize];
    for host in (0..topology.hosts).map(HostId) {
        flows.carry(LinkId(host.0), others);
        flows.deliver(host, others);
        by_switch[topology.switch_of(host).0 as usize] += 1.0;
    }
    for host in (0..topology.hosts).map(HostId) {
        flows.add(host, &by_switch);
    }
    flows
}

#[test]
fn one_flow_is_divided_evenly_among_its_equal_ways_and_arrives_whole() {
    let topology = fat_tree(8);
    let (source, destination) = (HostId(3), HostId(120));
    let mut entering = vec![0.0; topology.switches as usize];
    entering[topology.switch_of(source).0 as usize] = 64.0;
    let mut flows = Flows::new(&topology);
    flows.carry(LinkId(source.0), 64.0);
    flows.add(destination, &entering);
    flows.deliver(destination, 64.0);
    for tier in 0..topology.tiers.len() {
        let of_tier = topology.links.iter().zip(flows.carried()).filter(|(link, _)| link.tier.index() == tier);
        let amounts: Vec<f64> = of_tier.map(|(_, carried)| *carried).filter(|carried| *carried > 0.0).collect();
        assert!((amounts.iter().sum::<f64>() - 64.0).abs() < 1e-9, "tier {tier}: {amounts:?}");
        assert!(amounts.iter().all(|amount| (amount - amounts[0]).abs() < 1e-9), "tier {tier}: {amounts:?}");
    }
}

#[test]
fn traffic_of_all_to_all_loads_every_link_of_a_tier_alike_and_leaves_out_what_stays_in_a_rack() {
    let presets = ["sigcomm18", "sigcomm18-16", "linux-cluster-10"].map(network);
    for topology in presets.into_iter().chain([fat_tree(8), leaf_spine(5, 3, 2)]) {
        let name = &topology.name;
        let flows = all_to_all(&topology);
        for (tier, named) in topology.tiers.iter().enumerate() {
            let of_tier = topology.links.iter().zip(flows.carried()).filter(|(link, _)| link.tier.index() == tier);
            let amounts: Vec<f64> = of_tier.map(|(_, carried)| *carried).collect();
            let pairs = |class: usize| {
                let all = (0..topology.hosts).map(|host| topology.path_class(HostId(0), HostId(host)).index());
                all.enumerate().filter(|(host, of)| *host > 0 && *of >= class).count() as f64
            };
            // The tiers of hosts are the first and the last, those between racks come next.
            let depth = tier.min(topology.tiers.len() - 1 - tier);
            let expected = f64::from(topology.hosts) * pairs(depth) / amounts.len() as f64;
            assert!(amounts.iter().all(|amount| (amount / expected - 1.0).abs() < 1e-9), "{name} {}", named.name);
        }
    }
}
