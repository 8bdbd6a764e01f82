//! Named networks, shipped with the crate.

use crate::spec::TopologySpec;
use thiserror::Error;

const PRESETS: [(&str, &str); 7] = [
    ("sigcomm18", include_str!("../presets/sigcomm18.toml")),
    ("sigcomm18-16", include_str!("../presets/sigcomm18-16.toml")),
    ("leaf-spine-1000", include_str!("../presets/leaf-spine-1000.toml")),
    ("leaf-spine-100000", include_str!("../presets/leaf-spine-100000.toml")),
    ("fat-tree-8192", include_str!("../presets/fat-tree-8192.toml")),
    ("linux-cluster", include_str!("../presets/linux-cluster.toml")),
    ("linux-cluster-10", include_str!("../presets/linux-cluster-10.toml")),
];

/// No preset has this name.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("unknown topology preset \"{name}\"; accepted are {}", preset_names().map(|name| format!("\"{name}\"")).collect::<Vec<_>>().join(", "))]
pub struct UnknownPreset {
    /// The name given.
    pub name: String,
}

/// The names of all presets.
pub fn preset_names() -> impl Iterator<Item = &'static str> {
    PRESETS.iter().map(|(name, _)| *name)
}

/// The preset called `name`.
///
/// # Errors
/// If there is none.
pub fn preset(name: &str) -> Result<TopologySpec, UnknownPreset> {
    let (_, text) =
        PRESETS.iter().find(|(known, _)| *known == name).ok_or_else(|| UnknownPreset { name: name.to_owned() })?;
    Ok(TopologySpec::parse(text).expect("shipped presets are valid"))
}
