//! The graph: what there is, how it is wired, how long things take.

use crate::Routes;
use homa_units::{BitRate, Duration};
use serde::{Deserialize, Serialize};

/// A host, numbered from 0: host = rack * hosts per rack + index in the rack, and the racks of a pod are consecutive.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct HostId(pub u32);

/// A switch, numbered from 0; top-of-rack switches come first, then aggregation switches, then spines or cores.
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

/// The level of the network a link belongs to, named by its two ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Tier {
    /// Host to top-of-rack switch: the NIC's port.
    HostTor,
    /// Top-of-rack switch to spine.
    TorSpine,
    /// Top-of-rack switch to aggregation switch, in a fat-tree.
    TorAgg,
    /// Aggregation switch to core.
    AggCore,
    /// Core to aggregation switch.
    CoreAgg,
    /// Aggregation switch to top-of-rack switch.
    AggTor,
    /// Spine to top-of-rack switch.
    SpineTor,
    /// Top-of-rack switch to host.
    TorHost,
}

impl Tier {
    /// Every tier, in the order a packet passes those that its network has.
    pub const ALL: [Self; 8] = [
        Self::HostTor,
        Self::TorSpine,
        Self::TorAgg,
        Self::AggCore,
        Self::CoreAgg,
        Self::AggTor,
        Self::SpineTor,
        Self::TorHost,
    ];

    /// The name used in every output.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::HostTor => "host-tor",
            Self::TorSpine => "tor-spine",
            Self::TorAgg => "tor-agg",
            Self::AggCore => "agg-core",
            Self::CoreAgg => "core-agg",
            Self::AggTor => "agg-tor",
            Self::SpineTor => "spine-tor",
            Self::TorHost => "tor-host",
        }
    }

    /// The position in [`Self::ALL`].
    #[must_use]
    pub const fn index(self) -> usize {
        self as usize
    }

    /// Whether its links lead away from the hosts.
    #[must_use]
    pub const fn leads_up(self) -> bool {
        matches!(self, Self::HostTor | Self::TorSpine | Self::TorAgg | Self::AggCore)
    }
}

/// How far two hosts are apart: paths of one kind have equally many links, with the same rates and delays.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PathKind {
    /// Over one switch.
    WithinRack,
    /// Over three switches; in a fat-tree, within a pod.
    BetweenRacks,
    /// Over five switches.
    BetweenPods,
}

impl PathKind {
    /// Every kind, the shortest first.
    pub const ALL: [Self; 3] = [Self::WithinRack, Self::BetweenRacks, Self::BetweenPods];

    /// How many links such a path has.
    #[must_use]
    pub const fn links(self) -> usize {
        match self {
            Self::WithinRack => 2,
            Self::BetweenRacks => 4,
            Self::BetweenPods => 6,
        }
    }

    /// The name used in every output.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::WithinRack => "within a rack",
            Self::BetweenRacks => "between racks",
            Self::BetweenPods => "between pods",
        }
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
    /// Fixed time from the end of serialization to the arrival at the other end: propagation, and whatever fixed
    /// processing the sending end adds.
    pub delay: Duration,
    /// The level of the network.
    pub tier: Tier,
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
    /// How many hosts are in a pod, with consecutive numbers; all, if there are only racks.
    pub hosts_per_pod: u32,
    /// All links; [`LinkId`] indexes this. Link `h` for `h < hosts` is the one that leaves host `h`.
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

    /// Whether two hosts are in one pod.
    #[must_use]
    pub const fn same_pod(&self, first: HostId, second: HostId) -> bool {
        first.0 / self.hosts_per_pod == second.0 / self.hosts_per_pod
    }

    /// How far two hosts are apart.
    #[must_use]
    pub fn path_kind(&self, first: HostId, second: HostId) -> PathKind {
        if self.same_rack(first, second) {
            PathKind::WithinRack
        } else if self.same_pod(first, second) {
            PathKind::BetweenRacks
        } else {
            PathKind::BetweenPods
        }
    }

    /// The links from `source` to `destination`, the first choice wherever there are several of equal length.
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
