//! How a network is divided into partitions that threads can simulate beside each other.

use crate::framing::Framing;
use homa_topologies::{HostId, Link, Node, SwitchId, TierId, Topology};
use homa_units::Duration;
use std::ops::Range;
use thiserror::Error;

/// The first tier.
const HOSTS_LINKS: TierId = TierId(0);

/// Why a network can't be divided.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum Indivisible {
    /// All hosts hang on one switch.
    #[error("all hosts are at one switch")]
    OneSwitch,
    /// There is a single rack, or in a fat-tree a single pod.
    #[error("there is only one {0}")]
    OneUnit(&'static str),
    /// The number of outstanding messages is bounded, so that messages may have to wait for the end
    /// of others.
    #[error(
        "the number of outstanding messages is bounded, and when the next one begins may depend on any other partition"
    )]
    LimitedTraffic,
    /// The transport's hosts share state, or its events of one instant have an order that depends
    /// on the whole network.
    #[error("{0}")]
    Transport(&'static str),
}

/// A division of a network between racks, or between the pods of a fat-tree.
///
/// A partition has some racks (pods) with all ports of their hosts and switches, and the ports of
/// the topmost switches that lead to them. So packets cross between partitions on links up to the
/// topmost switches alone, and there one path leads on: each switch that chooses between paths
/// belongs to one partition.
#[derive(Debug, Clone)]
pub struct Partitioning {
    /// Which partition has a host: the hosts of a partition have consecutive numbers.
    pub(super) partition_of_host: Vec<u32>,
    /// Which partition has the port that feeds a link.
    pub(super) partition_of_link: Vec<u32>,
    /// The tier of the links on which packets cross.
    pub(super) crossing: TierId,
    /// How long a packet takes at least from the event that sends it to another partition until it
    /// is there.
    lookahead: Duration,
    partitions: u32,
}

impl Partitioning {
    /// A division into `partitions` partitions, or as many as there are racks or pods.
    ///
    /// # Errors
    /// If that would be a single one.
    ///
    /// # Panics
    /// If `partitions` is less than two.
    pub fn new(topology: &Topology, framing: Framing, partitions: u32) -> Result<Self, Indivisible> {
        assert!(partitions > 1, "a division has at least two partitions");
        // Packets cross on the topmost links, between the largest groups of hosts.
        let topmost = topology.tiers.iter().rposition(|tier| tier.leads_up).map(|index| TierId(index as u8));
        let crossing = topmost.filter(|tier| *tier != HOSTS_LINKS).ok_or(Indivisible::OneSwitch)?;
        let unit = topology.groups.last().expect("hosts are in groups");
        let unit_of_host = |host: u32| host / unit.hosts;
        let units = unit_of_host(topology.hosts - 1) + 1;
        let partitions = partitions.min(units);
        if partitions < 2 {
            return Err(Indivisible::OneUnit(unit.name));
        }
        let partition_of_host: Vec<_> = (0..topology.hosts)
            .map(|host| (u64::from(unit_of_host(host)) * u64::from(partitions) / u64::from(units)) as u32)
            .collect();
        let partition_of_switch = partitions_of_switches(topology, &partition_of_host, crossing);
        let partition_of = |node: Node| match node {
            Node::Host(HostId(host)) => Some(partition_of_host[host as usize]),
            Node::Switch(SwitchId(switch)) => partition_of_switch[switch as usize],
        };
        let partition_of_link = |link: &Link| partition_of(link.from).or_else(|| partition_of(link.to));
        let partition_of_link =
            topology.links.iter().map(|link| partition_of_link(link).expect("a topmost switch leads down"));
        let partition_of_link = partition_of_link.collect();
        let crossing_time = |link: &Link| {
            let byte = link.rate.byte_time().expect("topologies have exact rates");
            byte * (u64::from(framing.frame_min) + u64::from(framing.preamble)) + link.delay
        };
        let crossing_links = topology.links.iter().filter(|link| link.tier == crossing);
        let lookahead = crossing_links.map(crossing_time).min().expect("there are such links");
        Ok(Self { partition_of_host, partition_of_link, crossing, lookahead, partitions })
    }

    /// How many partitions there are.
    #[must_use]
    pub const fn partitions(&self) -> u32 {
        self.partitions
    }

    /// How long the partitions can be simulated without looking at each other.
    #[must_use]
    pub const fn lookahead(&self) -> Duration {
        self.lookahead
    }

    /// The hosts of a partition.
    #[must_use]
    pub fn hosts(&self, partition: u32) -> Range<u32> {
        let before = |partition: u32| self.partition_of_host.partition_point(|other| *other < partition) as u32;
        before(partition)..before(partition + 1)
    }
}

/// The partition of each switch; none for the topmost ones, which are above all partitions.
fn partitions_of_switches(topology: &Topology, partition_of_host: &[u32], crossing: TierId) -> Vec<Option<u32>> {
    let mut partitions = vec![None; topology.switches as usize];
    // Links come tier by tier from the hosts up, so the partition of the lower end is known.
    for link in topology.links.iter().filter(|link| topology.tier(link.tier).leads_up && link.tier != crossing) {
        let Node::Switch(SwitchId(above)) = link.to else { continue };
        let partition = match link.from {
            Node::Host(HostId(host)) => Some(partition_of_host[host as usize]),
            Node::Switch(SwitchId(below)) => partitions[below as usize],
        };
        assert!(
            partitions[above as usize].is_none_or(|other| Some(other) == partition),
            "below a switch there is one partition"
        );
        partitions[above as usize] = partition;
    }
    partitions
}
