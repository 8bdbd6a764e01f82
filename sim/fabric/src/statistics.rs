//! What the network counted in a run.

use crate::transport::PACKET_CLASSES;
use homa_units::Priority;
use serde::{Deserialize, Serialize};

/// Queues and use of all ports of one tier.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TierStatistics {
    /// Its name.
    pub tier: String,
    /// How many ports.
    pub ports: u32,
    /// Waiting bytes (frames; without the one on the wire or already dequeued): mean over time
    /// since the measurement began, then over ports.
    pub queue_mean_bytes: f64,
    /// Largest number of waiting bytes at any port since the measurement began, right after a
    /// packet came. A packet that is served at once counts as having waited for no time.
    pub queue_max_bytes: u64,
    /// Share of the whole simulated time in which a link carries frame or preamble, mean over
    /// ports. A frame counts in full from the moment it is handed to the link.
    pub utilisation: f64,
    /// Frames sent since the begin.
    pub frames: u64,
    /// Bytes of these frames.
    pub frame_bytes: u64,
}

/// What the network counted in a run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FabricStatistics {
    /// By tier; tiers without ports are left out.
    pub tiers: Vec<TierStatistics>,
    /// Wire bytes (frame, preamble and gap) that reached a transport since the begin, by class (see
    /// [`Transport::class`](crate::Transport::class)) and priority.
    pub received_wire_bytes: [[u64; Priority::LEVELS]; PACKET_CLASSES],
    /// Packets put on a link since the begin.
    pub packet_hops: u64,
    /// The most packets that were in ports and on links at a time, since the begin.
    pub packets_in_network_max: u64,
    /// Packets lost since the begin, at their destination or dropped by a switch (see
    /// [`Faults`](crate::Faults)).
    pub lost_packets: u64,
    /// Events handled since the begin; on several threads as many as on one.
    pub events: u64,
}
