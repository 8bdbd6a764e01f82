//! The size distributions that come with the crate. Where each table is from stands in `cdf/SOURCES.md`.

use thiserror::Error;

/// A size distribution that comes with the crate.
pub(crate) struct Shipped {
    name: &'static str,
    description: &'static str,
    pub(crate) csv: &'static str,
    /// Whether sizes are drawn from the analytic form of W1 and the table only serves expectations.
    pub(crate) analytic: bool,
    /// The mean on the first line of HomaSimulation's size file, in bytes.
    pub(crate) listed_mean: Option<f64>,
    /// The constant of `loadFactor` in HomaSimulation's configuration.
    pub(crate) load_factor: Option<f64>,
}

/// There is no shipped size distribution of that name.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("no size distribution is called `{name}`; known are {}", known())]
pub struct UnknownSizes {
    /// The name that was given.
    pub name: String,
}

/// The names of all shipped size distributions, each with a one-line description.
pub fn shipped_names() -> impl Iterator<Item = (&'static str, &'static str)> {
    SHIPPED.iter().map(|entry| (entry.name, entry.description))
}

fn known() -> String {
    shipped_names().map(|(name, _)| name).collect::<Vec<_>>().join(", ")
}

pub(crate) fn find(name: &str) -> Result<&'static Shipped, UnknownSizes> {
    SHIPPED.iter().find(|entry| entry.name == name).ok_or_else(|| UnknownSizes { name: name.to_owned() })
}

macro_rules! table {
    ($name:literal, $file:literal, $description:literal) => {
        Shipped {
            name: $name,
            description: $description,
            csv: include_str!(concat!("../cdf/", $file, ".csv")),
            analytic: false,
            listed_mean: None,
            load_factor: None,
        }
    };
    ($name:literal, $file:literal, $description:literal, $mean:expr, $factor:literal) => {
        Shipped { listed_mean: Some($mean), load_factor: Some($factor), ..table!($name, $file, $description) }
    };
}

/// The size that HomaSimulation gives a packet of W5, in bytes.
const W5_PACKET: f64 = 1442.0;

static SHIPPED: [Shipped; 29] = [
    Shipped {
        analytic: true,
        ..table!("w1", "w1-analytic", "W1: Facebook memcached, analytic (HomaSimulation), mean 185 B", 185.0, 0.657)
    },
    table!("w2", "w2", "W2: Google search application (HomaSimulation), mean 441 B", 440.7907, 0.796),
    table!("w3", "w3", "W3: all applications of a Google datacenter (HomaSimulation), mean 2.9 KB", 2927.354, 0.887),
    table!("w4", "w4", "W4: Facebook Hadoop (HomaSimulation), mean 128 KB", 127_796.6, 0.898),
    table!("w5", "w5", "W5: web search, packets of 1442 B (HomaSimulation), mean 2.5 MB", 1744.70 * W5_PACKET, 0.898),
    table!("w1-sampled", "w1", "W1 as a table of sampled sizes (HomaSimulation), mean 188 B"),
    table!("w1-kernel", "w1-kernel", "W1 as the Linux benchmark cp_node draws it, mean 193 B"),
    table!("w2-kernel", "w2-kernel", "W2 as cp_node draws it, truncated to 1 MB, mean 441 B"),
    table!("w3-kernel", "w3-kernel", "W3 as cp_node draws it, truncated to 1 MB, mean 2.6 KB"),
    table!("w4-kernel", "w4-kernel", "W4 as cp_node draws it, truncated to 1 MB, mean 61 KB"),
    table!("w5-kernel", "w5-kernel", "W5 as cp_node draws it, truncated to 1 MB, mean 386 KB"),
    table!("w1-kernel-full", "w1-kernel-full", "W1 of the Linux benchmark before truncation, mean 189 B"),
    table!("w2-kernel-full", "w2-kernel-full", "W2 of the Linux benchmark before truncation, mean 442 B"),
    table!("w3-kernel-full", "w3-kernel-full", "W3 of the Linux benchmark before truncation, mean 2.9 KB"),
    table!("w4-kernel-full", "w4-kernel-full", "W4 of the Linux benchmark before truncation, mean 128 KB"),
    table!("w5-kernel-full", "w5-kernel-full", "W5 of the Linux benchmark before truncation, mean 2.6 MB"),
    table!("w1-ramcloud", "w1-ramcloud", "W1 of RAMCloud's cluster benchmark, mean 188 B"),
    table!("w2-ramcloud", "w2-ramcloud", "W2 of RAMCloud's cluster benchmark, mean 441 B"),
    table!("w3-ramcloud", "w3-ramcloud", "W3 of RAMCloud's cluster benchmark, mean 2.9 KB"),
    table!("w4-ramcloud", "w4-ramcloud", "W4 of RAMCloud's cluster benchmark, mean 128 KB"),
    table!("w5-ramcloud", "w5-ramcloud", "W5 of RAMCloud's cluster benchmark, packets of 1470 B, mean 2.6 MB"),
    table!(
        "fb-cachefollower",
        "fb-cachefollower",
        "Facebook cache follower within a cluster (HomaSimulation), mean 693 KB",
        692_975.6,
        0.898
    ),
    table!(
        "fb-webserver",
        "fb-webserver",
        "Facebook web server within a cluster (HomaSimulation), mean 63 KB",
        62_874.27,
        0.899
    ),
    table!(
        "fabricated-heavy-head",
        "fabricated-heavy-head",
        "synthetic, most bytes in small messages (HomaSimulation), mean 1.3 KB",
        1263.081,
        0.883
    ),
    table!(
        "fabricated-heavy-middle",
        "fabricated-heavy-middle",
        "synthetic, most bytes in middling messages (HomaSimulation), mean 2.6 KB",
        2567.292,
        0.892
    ),
    table!("websearch", "websearch-12pt-1460", "web search of the pFabric paper, packets of 1460 B, mean 2.4 MB"),
    table!("datamining", "datamining-vl2-1460", "data mining (VL2), packets of 1460 B, mean 13.8 MB"),
    table!("imc10", "imc10-aditya-1460", "IMC 2010 datacenter study, packets of 1460 B, mean 269 KB"),
    table!(
        "starve-kernel",
        "starve-kernel",
        "synthetic, 100 KB to 1 MB, for starvation (Linux benchmark), mean 526 KB"
    ),
];
