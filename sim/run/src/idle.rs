//! How long packets take in an idle network.

use crate::model::{Context, FrameBytes};
use homa_fabric::Framing;
use homa_topologies::{HostId, PathClass, Topology};
use homa_units::{Bytes, Duration};

/// Two hosts with such a path between them, if there are any.
#[must_use]
pub fn host_pair(topology: &Topology, class: PathClass) -> Option<(HostId, HostId)> {
    let first = HostId(0);
    (1..topology.hosts).map(HostId).find(|host| topology.path_class(first, *host) == class).map(|host| (first, host))
}

/// The fixed delays between two hosts, those of their software included, one way.
#[must_use]
pub fn fixed_delays(topology: &Topology, (source, destination): (HostId, HostId)) -> Duration {
    let links = topology.path(source, destination);
    topology.software.send
        + topology.software.receive
        + links.iter().map(|link| topology.link(*link).delay).sum::<Duration>()
}

/// What a frame takes between two hosts, one way: each link has to receive it whole before the next
/// one sends it.
///
/// # Panics
/// If a link has no exact rate, which topologies don't have.
#[must_use]
pub fn one_way(topology: &Topology, pair: (HostId, HostId), frame_bytes: u16, framing: Framing) -> Duration {
    let bytes = Bytes::new(u64::from(frame_bytes) + u64::from(framing.preamble));
    let links = topology.path(pair.0, pair.1);
    let each = links.iter().map(|link| topology.link(*link).rate.serialization(bytes).expect("exact rates"));
    fixed_delays(topology, pair) + each.sum()
}

impl Context<'_> {
    /// The bandwidth-delay product of the network: what a host's link carries while a full packet
    /// goes to the farthest host and a packet without data comes back, rounded up to whole 1,000
    /// bytes. A transport that has fewer bytes of a message in flight can't fill an idle link with
    /// it.
    #[must_use]
    pub fn round_trip_bytes(&self, frames: FrameBytes, framing: Framing) -> Bytes {
        let round_trip = |class| {
            let pair = host_pair(self.topology, class)?;
            let way = |frame_bytes| one_way(self.topology, pair, frame_bytes, framing);
            Some(way(frames.data) + way(frames.control))
        };
        let longest = self.topology.path_classes().filter_map(round_trip).max().expect("a network has two hosts");
        let bits = u128::from(longest.as_ps()) * u128::from(self.host_rate.as_bps());
        let bytes = bits.div_ceil(8 * 1_000_000_000_000);
        Bytes::new(u64::try_from(bytes).expect("less than 2^64 bytes in flight").next_multiple_of(1_000))
    }
}
