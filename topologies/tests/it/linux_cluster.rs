//! The presets of the Linux cluster: hosts at 25 Gbps on one switch, whose fixed delays leave 15 us
//! for an echo of 100 bytes.

use homa_topologies::{HostId, preset};
use homa_units::{BitRate, Bytes, Duration};

#[test]
fn all_hosts_are_on_one_switch_at_25_gbps() {
    for (name, hosts) in [("linux-cluster", 40), ("linux-cluster-10", 10)] {
        let topology = preset(name).unwrap().build(name).unwrap();
        assert_eq!((topology.hosts, topology.switches, topology.links.len()), (hosts, 1, 2 * hosts as usize));
        assert!(topology.links.iter().all(|link| link.rate == BitRate::from_gbps(25)));
        let last = HostId(hosts - 1);
        assert!(topology.same_rack(HostId(0), last));
        let tiers: Vec<_> =
            topology.path(HostId(0), last).iter().map(|id| topology.tier(topology.link(*id).tier).name).collect();
        assert_eq!(tiers, ["host-tor", "tor-host"]);
    }
}

#[test]
fn both_networks_differ_in_the_number_of_hosts_alone() {
    let [large, small] = ["linux-cluster", "linux-cluster-10"].map(|name| preset(name).unwrap().build("x").unwrap());
    assert_eq!(large.software, small.software);
    let path = |topology: &homa_topologies::Topology| {
        let links = topology.path(HostId(0), HostId(1)).into_iter().map(|id| topology.link(id));
        links.map(|link| (link.rate, link.delay)).collect::<Vec<_>>()
    };
    assert_eq!(path(&large), path(&small));
}

/// Four times a frame of 100 bytes and 94 of headers with its preamble, and the fixed delays there
/// and back.
#[test]
fn an_echo_of_100_bytes_takes_15_us() {
    let topology = preset("linux-cluster").unwrap().build("linux-cluster").unwrap();
    let frame = Bytes::new(100 + 94 + 8);
    let one_way = |source, destination| -> Duration {
        let links = topology.path(HostId(source), HostId(destination)).into_iter().map(|id| topology.link(id));
        let links: Duration = links.map(|link| link.rate.serialization(frame).unwrap() + link.delay).sum();
        topology.software.send + links + topology.software.receive
    };
    assert_eq!(one_way(0, 39) + one_way(39, 0), Duration::from_us(15));
}
