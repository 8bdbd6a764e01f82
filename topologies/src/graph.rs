//! The graph: what there is, how it is wired, how long things take.

use crate::Routes;
use homa_units::{BitRate, Duration};

/// A host, numbered from 0: host = rack * hosts per rack + index in the rack, and the racks of a
/// pod are consecutive.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct HostId(pub u32);

/// A switch, numbered from 0; top-of-rack switches come first, then aggregation switches, then
/// spines or cores.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SwitchId(pub u32);

/// A directed link, numbered from 0, together with the output port that feeds it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LinkId(pub u32);

/// An end of a link.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Node {
    /// A host's NIC.
    Host(HostId),
    /// A switch.
    Switch(SwitchId),
}

/// A tier of a network, by its place in [`Topology::tiers`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct TierId(pub u8);

impl TierId {
    /// The place in [`Topology::tiers`].
    #[must_use]
    pub const fn index(self) -> usize {
        self.0 as usize
    }
}

/// The links between two kinds of nodes, in one direction, together with the ports that feed them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tier {
    /// The name used in every output: its two ends, such as "host-tor".
    pub name: &'static str,
    /// Whether its links lead away from the hosts.
    pub leads_up: bool,
}

/// A kind of group that all hosts are divided into: racks, or pods. The hosts of a group have
/// consecutive numbers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HostGroup {
    /// What one is called, such as "rack".
    pub name: &'static str,
    /// How many hosts are in each.
    pub hosts: u32,
}

/// How far two hosts are apart, by the smallest group that has both: paths of one class have
/// equally many links, with the same rates and delays.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PathClass(pub u8);

impl PathClass {
    /// The number of the class, from 0 for the nearest hosts.
    #[must_use]
    pub const fn index(self) -> usize {
        self.0 as usize
    }
}

/// One direction of a cable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Link {
    /// The sending end.
    pub from: Node,
    /// The receiving end.
    pub to: Node,
    /// The rate. One byte must take a whole number of picoseconds.
    pub rate: BitRate,
    /// Fixed time from the end of serialization to the arrival at the other end: propagation, and
    /// whatever fixed processing the sending end adds.
    pub delay: Duration,
    /// Its tier.
    pub tier: TierId,
}

/// Fixed time that a host's software adds to each packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct SoftwareDelay {
    /// From the transport to the NIC.
    pub send: Duration,
    /// From the NIC to the transport.
    pub receive: Duration,
}

/// A network: plain data, built by a [`crate::TopologySpec`].
#[derive(Debug, Clone)]
pub struct Topology {
    /// Its name in outputs.
    pub name: String,
    /// How many hosts.
    pub hosts: u32,
    /// How many switches.
    pub switches: u32,
    /// The tiers, in the order in which a packet passes them. The hosts' own links are the first.
    pub tiers: Vec<Tier>,
    /// The groups that hosts are in, the smallest first: racks, in a fat-tree also pods.
    pub groups: Vec<HostGroup>,
    /// All links; [`LinkId`] indexes this. Link `h` for `h < hosts` is the one that leaves host
    /// `h`.
    pub links: Vec<Link>,
    /// What each host's software adds.
    pub software: SoftwareDelay,
    /// All shortest routes.
    pub routes: Routes,
}

impl Topology {
    /// The link data.
    #[must_use]
    pub fn link(&self, id: LinkId) -> &Link {
        &self.links[id.0 as usize]
    }

    /// The switch a host hangs on.
    #[must_use]
    pub fn switch_of(&self, host: HostId) -> SwitchId {
        match self.links[host.0 as usize].to {
            Node::Switch(switch) => switch,
            Node::Host(_) => unreachable!("hosts are wired to switches"),
        }
    }

    /// Whether two hosts hang on one switch.
    #[must_use]
    pub fn same_rack(&self, first: HostId, second: HostId) -> bool {
        self.switch_of(first) == self.switch_of(second)
    }

    /// The tier of a link.
    #[must_use]
    pub fn tier(&self, id: TierId) -> &Tier {
        &self.tiers[id.index()]
    }

    /// The tier of a name.
    #[must_use]
    pub fn tier_named(&self, name: &str) -> Option<TierId> {
        self.tiers.iter().position(|tier| tier.name == name).map(|index| TierId(index as u8))
    }

    /// Every class of paths that the network could have, the shortest first. A network with a
    /// single group of a kind has none between those.
    pub fn path_classes(&self) -> impl Iterator<Item = PathClass> + use<> {
        (0..=self.groups.len() as u8).map(PathClass)
    }

    /// How far two hosts are apart.
    #[must_use]
    #[inline]
    pub fn path_class(&self, first: HostId, second: HostId) -> PathClass {
        let has_both = |group: &HostGroup| first.0 / group.hosts == second.0 / group.hosts;
        PathClass(self.groups.iter().position(has_both).unwrap_or(self.groups.len()) as u8)
    }

    /// The name of a class of paths used in every output, such as "within a rack".
    #[must_use]
    pub fn path_class_name(&self, class: PathClass) -> String {
        match class.index().checked_sub(1) {
            None => format!("within a {}", self.groups[0].name),
            Some(inner) => format!("between {}s", self.groups[inner].name),
        }
    }

    /// The links from `source` to `destination`, the first choice wherever there are several of
    /// equal length.
    #[must_use]
    pub fn path(&self, source: HostId, destination: HostId) -> Vec<LinkId> {
        let mut path = vec![LinkId(source.0)];
        while let Node::Switch(switch) = self.link(path[path.len() - 1]).to {
            path.push(self.routes.choices(switch, destination)[0]);
        }
        path
    }

    /// How many equally short paths lead from `source` to `destination`.
    #[must_use]
    pub fn path_count(&self, source: HostId, destination: HostId) -> u64 {
        let mut frontier = vec![LinkId(source.0)];
        let mut count = 0;
        while let Some(link) = frontier.pop() {
            match self.link(link).to {
                Node::Switch(switch) => frontier.extend(self.routes.choices(switch, destination)),
                Node::Host(_) => count += 1,
            }
        }
        count
    }
}
