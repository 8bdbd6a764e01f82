//! A description that is no network is refused by an error that names key, value and what is accepted.

use homa_topologies::{TopologySpec, preset};

const DELAYS: &str = "software_send='0ps'\nsoftware_receive='0ps'\nnic='0ps'\nswitch='0ps'\nlink='0ps'";

fn refused(table: &str, keys: &str) -> String {
    let text = format!("[{table}]\n{keys}\n[{table}.delays]\n{DELAYS}");
    TopologySpec::parse(&text).and_then(|spec| spec.build("x")).unwrap_err().to_string()
}

fn fat_tree(keys: &str) -> String {
    refused("fat-tree", keys)
}

fn leaf_spine(racks: u32, hosts_per_rack: u32, spines: u32) -> String {
    let keys = format!("racks = {racks}\nhosts_per_rack = {hosts_per_rack}\nspines = {spines}");
    refused("leaf-spine", &format!("{keys}\nhost_rate = '10Gbps'\nuplink_rate = '40Gbps'"))
}

#[test]
fn a_fat_tree_of_switches_with_an_odd_number_of_ports() {
    let error = fat_tree("k = 5\nhost_rate = '10Gbps'\nuplink_rate = '10Gbps'");
    assert_eq!(error, "topology.fat-tree.k = 5 is out of range; accepted is an even number from 2 to 64");
}

#[test]
fn a_fat_tree_of_switches_with_too_few_or_too_many_ports() {
    for k in [0, 1, 65, 66, 4_294_967_294_u32] {
        let error = fat_tree(&format!("k = {k}\nhost_rate = '10Gbps'\nuplink_rate = '10Gbps'"));
        let expected = format!("topology.fat-tree.k = {k} is out of range; accepted is an even number from 2 to 64");
        assert_eq!(error, expected);
    }
}

#[test]
fn a_fat_tree_with_a_rate_at_which_bytes_take_no_whole_picoseconds() {
    for key in ["host_rate", "uplink_rate", "core_rate"] {
        let rate = |other| if key == other { "3Gbps" } else { "10Gbps" };
        let rates = ["host_rate", "uplink_rate", "core_rate"].map(|key| format!("{key} = '{}'\n", rate(key)));
        let error = fat_tree(&format!("k = 4\n{}", rates.concat()));
        assert!(error.starts_with(&format!("topology.fat-tree.{key} = \"3Gbps\": one byte")), "{error}");
    }
}

#[test]
fn an_unknown_or_missing_key_of_a_fat_tree() {
    let unknown = fat_tree("k = 4\npods = 4\nhost_rate = '10Gbps'\nuplink_rate = '10Gbps'");
    assert!(unknown.contains("line 3") && unknown.contains("expected one of `k`, `host_rate`"), "{unknown}");
    let missing = fat_tree("k = 4\nhost_rate = '10Gbps'");
    assert!(missing.contains("missing field `uplink_rate`"), "{missing}");
}

#[test]
fn a_table_that_is_no_kind_of_network() {
    let error = refused("fat_tree", "k = 4");
    assert!(error.contains("expected one of `leaf-spine`, `fat-tree`, `single-switch`"), "{error}");
}

#[test]
fn a_leaf_spine_with_more_hosts_or_links_than_fit() {
    let hosts = leaf_spine(1_025, 1_024, 1);
    let expected =
        "topology.leaf-spine.racks * hosts_per_rack = 1049600 is out of range; accepted is 2 to 1048576 hosts";
    assert_eq!(hosts, expected);
    for spines in [8_193, 1 << 20] {
        let links = leaf_spine(1_024, 1, spines);
        assert!(links.starts_with("topology.leaf-spine.racks = 1024 is out of range"), "{links}");
        assert!(links.ends_with("2 * racks * (hosts_per_rack + spines), the links, is at most 2^24"), "{links}");
    }
}

#[test]
fn an_unknown_preset() {
    let error = preset("fat-tree").unwrap_err().to_string();
    assert!(error.contains("\"fat-tree\"") && error.contains("\"fat-tree-8192\""), "{error}");
}
