//! Packets in an idle fat-tree take what the links of their path take, and each tier carries those
//! that pass it.

use crate::common::{self, Sent, carried, frame_ps, plain, run, run_with, sent};
use homa_fabric::LoadBalancing;
use homa_topologies::{Delays, FatTree, Topology, TopologySpec};
use homa_units::{BitRate, Duration};
use std::collections::BTreeMap;

/// 16 hosts: 0 and 1 share a rack, 0 to 3 a pod.
fn fat_tree() -> Topology {
    let [software_send, software_receive, nic, switch, link] = [1, 2, 4, 8, 16].map(Duration::from_ns);
    let delays = Delays { software_send, software_receive, nic, switch, link };
    let [host_rate, uplink_rate, core_rate] = [10, 40, 100].map(BitRate::from_gbps);
    let spec = FatTree { k: 4, host_rate, uplink_rate, core_rate: Some(core_rate), delays };
    TopologySpec::FatTree(spec).build("fat-tree").unwrap()
}

/// Software and NIC, then for each switch its delay and a link's, in picoseconds.
const fn fixed_ps(switches: u64) -> u64 {
    1_000 * (1 + 2 + 4 + 16 + switches * (8 + 16))
}

fn expected_ps(destination: u32, frame: u16) -> u64 {
    let host = 2 * frame_ps(frame);
    let uplink = host / 4;
    let core = host / 10;
    match destination {
        1 => fixed_ps(1) + host,
        2..4 => fixed_ps(3) + host + uplink,
        _ => fixed_ps(5) + host + uplink + core,
    }
}

#[test]
fn one_packet_takes_what_its_two_four_or_six_links_take_whichever_path_it_goes() {
    for load_balancing in [LoadBalancing::First, LoadBalancing::RoundRobin, LoadBalancing::RandomSpraying] {
        for destination in 1..16 {
            for frame in [64, 1_518] {
                let setting = common::Setting { load_balancing, ..plain() };
                let (_, notes) = run_with(&fat_tree(), setting, &[sent(5, 0, destination, &[(frame, 2)])]);
                assert_eq!(notes.arrivals(), [(5 + expected_ps(destination, frame), 0)], "{destination}, {frame} B");
            }
        }
    }
}

#[test]
fn each_tier_carries_the_packets_whose_path_passes_it() {
    let frame = |source, destination| sent(0, source, destination, &[(1_000, 2)]);
    let pairs = (0..16).flat_map(|source| (0..16).map(move |destination| (source, destination)));
    let all: Vec<Sent> =
        pairs.filter(|(a, b)| a != b).map(|(source, destination)| frame(source, destination)).collect();
    let (mut net, notes) = run(&fat_tree(), &all);
    assert_eq!(notes.arrived.len(), 240);
    let frames = carried(&mut net).into_iter().map(|(tier, (frames, _))| (tier, frames)).collect::<BTreeMap<_, _>>();
    let [near, pod, far] = [16, 16 * 2, 16 * 12];
    let expected = [
        ("host-tor", near + pod + far),
        ("tor-agg", pod + far),
        ("agg-core", far),
        ("core-agg", far),
        ("agg-tor", pod + far),
        ("tor-host", near + pod + far),
    ];
    let expected = expected.into_iter().map(|(tier, frames)| (tier.to_owned(), frames)).collect();
    assert_eq!(frames, expected);
}
