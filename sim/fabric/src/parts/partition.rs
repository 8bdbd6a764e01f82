//! How a network is divided into parts that threads can simulate beside each other.

use homa_topologies::{HostId, Link, Node, SwitchId, Tier, Topology};
use homa_units::{Bytes, Duration};
use std::ops::Range;
use thiserror::Error;

/// The shortest Ethernet frame: no packet takes less time to cross between parts.
const FRAME_MIN: Bytes = Bytes::new(64);

/// Why a network can't be divided.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum Indivisible {
    /// All hosts hang on one switch.
    #[error("all hosts are at one switch")]
    OneSwitch,
    /// There is a single rack, or in a fat-tree a single pod.
    #[error("there is only one {0}")]
    OneUnit(&'static str),
    /// Messages may have to wait for the end of others.
    #[error("the number of messages under way is limited, and when the next one begins may depend on any other part")]
    LimitedTraffic,
}

/// A division of a network between racks, or between the pods of a fat-tree.
///
/// A part has some racks (pods) with all ports of their hosts and switches, and the ports of the topmost switches that lead
/// to them. So packets cross between parts on links up to the topmost switches alone, and there one path leads on: each
/// switch that chooses between paths belongs to one part.
#[derive(Debug, Clone)]
pub struct Partition {
    /// Which part has a host: the hosts of a part have consecutive numbers.
    pub(super) part_of_host: Vec<u32>,
    /// Which part has the port that feeds a link.
    pub(super) part_of_link: Vec<u32>,
    /// The tier of the links on which packets cross.
    pub(super) crossing: Tier,
    /// How long a packet takes at least from the event that sends it to another part until it is there.
    look_ahead: Duration,
    parts: u32,
}

impl Partition {
    /// A division into `parts` parts, or as many as there are racks or pods.
    ///
    /// # Errors
    /// If that would be a single one.
    ///
    /// # Panics
    /// If `parts` is less than two.
    pub fn new(topology: &Topology, parts: u32) -> Result<Self, Indivisible> {
        assert!(parts > 1, "a division has at least two parts");
        let has = |tier| topology.links.iter().any(|link| link.tier == tier);
        let (crossing, unit) = match (has(Tier::AggCore), has(Tier::TorSpine)) {
            (true, _) => (Tier::AggCore, "pod"),
            (false, true) => (Tier::TorSpine, "rack"),
            (false, false) => return Err(Indivisible::OneSwitch),
        };
        let unit_of_host = |host: u32| match crossing {
            Tier::AggCore => host / topology.hosts_per_pod,
            _ => topology.switch_of(HostId(host)).0,
        };
        let units = unit_of_host(topology.hosts - 1) + 1;
        let parts = parts.min(units);
        if parts < 2 {
            return Err(Indivisible::OneUnit(unit));
        }
        let part_of_host: Vec<_> = (0..topology.hosts)
            .map(|host| (u64::from(unit_of_host(host)) * u64::from(parts) / u64::from(units)) as u32)
            .collect();
        let part_of_switch = parts_of_switches(topology, &part_of_host, crossing);
        let part_of = |node: Node| match node {
            Node::Host(HostId(host)) => Some(part_of_host[host as usize]),
            Node::Switch(SwitchId(switch)) => part_of_switch[switch as usize],
        };
        let part_of_link = |link: &Link| part_of(link.from).or_else(|| part_of(link.to));
        let part_of_link = topology.links.iter().map(|link| part_of_link(link).expect("a topmost switch leads down"));
        let part_of_link = part_of_link.collect();
        let crossing_time = |link: &Link| {
            let byte = link.rate.byte_time().expect("topologies have exact rates");
            byte * (FRAME_MIN + crate::PREAMBLE).get() + link.delay
        };
        let crossing_links = topology.links.iter().filter(|link| link.tier == crossing);
        let look_ahead = crossing_links.map(crossing_time).min().expect("there are such links");
        Ok(Self { part_of_host, part_of_link, crossing, look_ahead, parts })
    }

    /// How many parts there are.
    #[must_use]
    pub const fn parts(&self) -> u32 {
        self.parts
    }

    /// How long the parts can be simulated without looking at each other.
    #[must_use]
    pub const fn look_ahead(&self) -> Duration {
        self.look_ahead
    }

    /// The hosts of a part.
    #[must_use]
    pub fn hosts(&self, part: u32) -> Range<u32> {
        let before = |part: u32| self.part_of_host.partition_point(|other| *other < part) as u32;
        before(part)..before(part + 1)
    }
}

/// The part of each switch; none for the topmost ones, which are above all parts.
fn parts_of_switches(topology: &Topology, part_of_host: &[u32], crossing: Tier) -> Vec<Option<u32>> {
    let mut parts = vec![None; topology.switches as usize];
    // Links come tier by tier from the hosts up, so the part of the lower end is known.
    for link in topology.links.iter().filter(|link| link.tier.leads_up() && link.tier != crossing) {
        let Node::Switch(SwitchId(above)) = link.to else { continue };
        let part = match link.from {
            Node::Host(HostId(host)) => Some(part_of_host[host as usize]),
            Node::Switch(SwitchId(below)) => parts[below as usize],
        };
        assert!(parts[above as usize].is_none_or(|other| Some(other) == part), "below a switch there is one part");
        parts[above as usize] = part;
    }
    parts
}
