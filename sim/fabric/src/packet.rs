//! Packets and messages as the network sees them.

use homa_topologies::HostId;
use homa_units::{Bytes, Priority, Time};

/// Preamble and start-of-frame delimiter: sent before each frame.
pub const PREAMBLE: Bytes = Bytes::new(8);
/// Inter-frame gap: kept free after each frame.
pub const FRAME_GAP: Bytes = Bytes::new(12);

/// A packet on its way; `H` is the transport's header. Plain data, moved by value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Packet<H> {
    /// The transport's own part.
    pub header: H,
    /// The sending host.
    pub source: HostId,
    /// The receiving host.
    pub destination: HostId,
    /// Length of the Ethernet frame in bytes: with header and CRC, without preamble and gap.
    pub frame_bytes: u16,
    /// The level at which ports serve it.
    pub priority: Priority,
}

impl<H> Packet<H> {
    /// What the packet takes of a link: frame, preamble and gap.
    #[must_use]
    #[inline]
    pub fn wire_bytes(&self) -> Bytes {
        Bytes::new(u64::from(self.frame_bytes)) + PREAMBLE + FRAME_GAP
    }
}

/// What a packet is for, in reports.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PacketClass {
    /// Data sent without asking.
    Unscheduled,
    /// Data sent by permission of the receiver.
    Scheduled,
    /// Packets without message data.
    Control,
}

impl PacketClass {
    /// All classes.
    pub const ALL: [Self; 3] = [Self::Unscheduled, Self::Scheduled, Self::Control];

    /// The name used in every output.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Unscheduled => "unscheduled",
            Self::Scheduled => "scheduled",
            Self::Control => "control",
        }
    }
}

/// Names a message in flight: a slot of its source host, used again after the message has completed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MessageRef {
    /// The sending host.
    pub source: HostId,
    /// The slot at that host; small numbers, so that a transport can index with it.
    pub slot: u32,
}

/// A message that was handed to a transport.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Message {
    /// When.
    pub created: Time,
    /// The sending host.
    pub source: HostId,
    /// The receiving host.
    pub destination: HostId,
    /// Counts the messages of the sending host from 0: with it, the message's identity.
    pub sequence: u32,
    /// The generator it came from.
    pub generator: u32,
    /// Length in bytes.
    pub size: Bytes,
}
