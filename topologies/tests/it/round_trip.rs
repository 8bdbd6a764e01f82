//! What is written as TOML is read back as the same description.

use crate::common::fat_tree_spec;
use homa_topologies::{FatTree, TopologySpec, preset, preset_names};
use homa_units::BitRate;

#[test]
fn every_preset_survives_being_written_and_read() {
    for name in preset_names() {
        let spec = preset(name).unwrap();
        assert_eq!(TopologySpec::parse(&toml::to_string(&spec).unwrap()), Ok(spec), "{name}");
    }
}

#[test]
fn a_fat_tree_survives_with_and_without_a_rate_of_its_core() {
    for core_rate in [None, Some(BitRate::from_gbps(100))] {
        let spec = TopologySpec::FatTree(FatTree { core_rate, ..fat_tree_spec(6) });
        let text = toml::to_string(&spec).unwrap();
        assert_eq!(text.contains("core_rate"), core_rate.is_some(), "{text}");
        assert_eq!(TopologySpec::parse(&text), Ok(spec));
    }
}
