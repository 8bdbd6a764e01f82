//! Packets and messages as the network sees them.

use homa_topologies::HostId;
use homa_units::{Bytes, Priority, Time};

/// Preamble and start-of-frame delimiter of Ethernet: sent before each frame.
pub const PREAMBLE: Bytes = Bytes::new(8);
/// Inter-frame gap of Ethernet: kept free after each frame.
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
    /// The priority at which ports serve it.
    pub priority: Priority,
    /// What switches have noted on it.
    pub marks: Marks,
}

/// What switches may note on a packet: congestion (ECN), or that its payload was cut off.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Marks(u8);

impl Marks {
    /// A packet of a transport that knows no marks.
    pub const NONE: Self = Self(0);
    const ECN_CAPABLE: u8 = 1;
    const CONGESTION: u8 = 2;
    const TRIMMED: u8 = 4;

    /// A packet that switches may mark instead of dropping it (RFC 3168: ECT).
    #[must_use]
    pub const fn ecn_capable() -> Self {
        Self(Self::ECN_CAPABLE)
    }

    /// With the note that a switch was congested (RFC 3168: CE).
    #[must_use]
    pub const fn with_congestion(self) -> Self {
        Self(self.0 | Self::CONGESTION)
    }

    /// With the note that a switch has cut off the payload.
    #[must_use]
    pub const fn with_trimming(self) -> Self {
        Self(self.0 | Self::TRIMMED)
    }

    /// Whether switches may mark the packet instead of dropping it.
    #[must_use]
    pub const fn is_ecn_capable(self) -> bool {
        self.0 & Self::ECN_CAPABLE != 0
    }

    /// Whether a switch was congested.
    #[must_use]
    pub const fn is_congested(self) -> bool {
        self.0 & Self::CONGESTION != 0
    }

    /// Whether the payload was cut off.
    #[must_use]
    pub const fn is_trimmed(self) -> bool {
        self.0 & Self::TRIMMED != 0
    }
}

impl<H> Packet<H> {
    /// What the packet takes of an Ethernet link: frame, preamble and gap. With another
    /// [`Framing`](crate::Framing), ask that.
    #[must_use]
    #[inline]
    pub fn wire_bytes(&self) -> Bytes {
        Bytes::new(u64::from(self.frame_bytes)) + PREAMBLE + FRAME_GAP
    }
}

/// Names a message in flight: a slot of its source host, used again after the message has
/// completed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MessageRef {
    /// The sending host.
    pub source: HostId,
    /// The slot at that host; small numbers, so that a transport can index with it.
    pub slot: u32,
    /// [`Message::sequence`]: tells apart the messages that use the slot one after the other.
    pub sequence: u32,
}

impl MessageRef {
    /// Slot and sequence number in one, for transports that carry a number with each message. The
    /// source is known where such a number comes back.
    #[must_use]
    #[inline]
    pub const fn key(self) -> u64 {
        (self.sequence as u64) << 32 | self.slot as u64
    }

    /// The reference to a message of `source` from its [`key`](Self::key).
    #[must_use]
    #[inline]
    pub const fn of_key(source: HostId, key: u64) -> Self {
        Self { source, slot: key as u32, sequence: (key >> 32) as u32 }
    }
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
