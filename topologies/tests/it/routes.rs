//! Presets have the size they claim, and every route is a shortest one.

use homa_topologies::{HostId, Node, SwitchId, TopologySpec, preset, preset_names};

#[test]
fn the_paper_network_has_144_hosts_and_4_equal_paths_between_racks() {
    let topology = preset("sigcomm18").unwrap().build("sigcomm18").unwrap();
    assert_eq!((topology.hosts, topology.switches, topology.links.len()), (144, 13, 2 * 144 + 2 * 36));
    assert_eq!(topology.routes.choices(SwitchId(0), HostId(143)).len(), 4);
    assert_eq!(topology.routes.choices(SwitchId(0), HostId(15)).len(), 1);
    let tiers: Vec<_> =
        topology.path(HostId(0), HostId(143)).iter().map(|id| topology.tier(topology.link(*id).tier).name).collect();
    assert_eq!(tiers, ["host-tor", "tor-spine", "spine-tor", "tor-host"]);
}

#[test]
fn leaf_spine_1000_has_full_bisection_bandwidth_and_10_equal_paths_between_racks() {
    let topology = preset("leaf-spine-1000").unwrap().build("leaf-spine-1000").unwrap();
    assert_eq!((topology.hosts, topology.switches), (1_000, 25 + 10));
    assert_eq!(topology.path_count(HostId(0), HostId(999)), 10);
    let bps = |tier| -> u64 {
        let of_tier = topology.links.iter().filter(|link| topology.tier(link.tier).name == tier);
        of_tier.map(|link| link.rate.as_bps()).sum()
    };
    assert_eq!(bps("host-tor"), bps("tor-spine"));
    assert_eq!(bps("spine-tor"), bps("tor-host"));
}

/// From every host of small networks, and from some of large ones.
#[test]
fn every_path_ends_at_its_destination_after_two_four_or_six_links() {
    for name in preset_names() {
        let topology = preset(name).unwrap().build(name).unwrap();
        for source in (0..topology.hosts).step_by(topology.hosts.div_ceil(150) as usize).map(HostId) {
            for destination in (0..topology.hosts).map(HostId).filter(|host| *host != source) {
                let path = topology.path(source, destination);
                let links = [2, 4, 6][topology.path_class(source, destination).index()];
                assert_eq!(path.len(), links);
                assert_eq!(topology.link(path[path.len() - 1]).to, Node::Host(destination));
            }
        }
    }
}

#[test]
fn a_wrong_key_or_value_is_named_with_what_is_accepted() {
    let with = |text: &str| TopologySpec::parse(text).and_then(|spec| spec.build("x")).unwrap_err().to_string();
    let delays =
        "[single-switch.delays]\nsoftware_send='0ps'\nsoftware_receive='0ps'\nnic='0ps'\nswitch='0ps'\nlink='0ps'";
    let unknown = with(&format!("[single-switch]\nhots = 3\nhost_rate = '10Gbps'\n{delays}"));
    assert!(unknown.contains("line 2") && unknown.contains("expected one of `hosts`"), "{unknown}");
    let lonely = with(&format!("[single-switch]\nhosts = 1\nhost_rate = '10Gbps'\n{delays}"));
    assert_eq!(lonely, "topology.single-switch.hosts = 1 is out of range; accepted is 2 to 1048576");
    let odd = with(&format!("[single-switch]\nhosts = 3\nhost_rate = '3Gbps'\n{delays}"));
    assert!(odd.contains("\"3Gbps\"") && odd.contains("whole number of picoseconds"), "{odd}");
}
