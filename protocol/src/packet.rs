//! Packets as the core sees them: typed, without payload and without the fields that only the wire
//! needs.
//!
//! Offsets and lengths in a message are bytes. [`wire`](crate::wire) turns these types into bytes
//! and back.

mod display;

use crate::{Port, RpcId};
use homa_units::Priority;

/// What every packet carries: who sent it, to which port, for which RPC (spec 2.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Header {
    /// The sender's port.
    pub sport: Port,
    /// The destination's port.
    pub dport: Port,
    /// The RPC, as the *sender* of the packet knows it.
    pub sender_id: RpcId,
}

impl Header {
    /// The header of an answer to this packet: ports swapped, the RPC as this side knows it.
    #[must_use]
    pub const fn answer(&self) -> Self {
        Self { sport: self.dport, dport: self.sport, sender_id: self.sender_id.other_side() }
    }
}

/// Tells the destination that one of its server RPCs is done with and may be freed (spec 3.8).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AckEntry {
    /// The RPC, as its client knows it.
    pub client_id: RpcId,
    /// The port of the server's socket.
    pub server_port: Port,
}

/// How a DATA packet says where its payload belongs in the message (spec 2.4).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OffsetForm {
    /// The offset is in `sequence`; the segment header holds −1. Linux's first transmissions of
    /// one-segment units, and every segment of a hijacked unit.
    Sequence,
    /// The offset is in both places: retransmissions, and what a sender should use that doesn't
    /// know whether its packets pass the receiver's GRO (quirk Q16).
    Both,
    /// The offset is in the segment header; `sequence` holds the offset of the unit's first
    /// segment.
    Segment {
        /// Offset of the first segment of the unit.
        unit_offset: u32,
    },
}

/// How many header bytes TSO would replicate: the high nibble of byte 12 of a DATA packet (spec
/// 2.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Replicated {
    /// 14 words: the whole header of 56 bytes. One-segment units, and all units when hijacking TCP.
    Whole,
    /// 13 words: all but the segment header. Units of several segments, and retransmissions of
    /// their segments.
    AllButSegmentHeader,
}

/// Part of a message: one packet, or a transmit unit of several (see
/// [`Transmit`](crate::Transmit)).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Data {
    /// Ports and RPC.
    pub header: Header,
    /// Bytes of the whole message.
    pub message_length: u32,
    /// The sender will transmit at least `[0, incoming)` without further grants.
    pub incoming: u32,
    /// An RPC that the destination may free.
    pub ack: Option<AckEntry>,
    /// Version of the cutoffs last received from the destination; 0 if none.
    pub cutoff_version: u16,
    /// Sent because of a RESEND or RPC_UNKNOWN.
    pub retransmit: bool,
    /// Where the payload begins in the message.
    pub offset: u32,
    /// Bytes of payload.
    pub length: u32,
    /// How the offset is written on the wire.
    pub form: OffsetForm,
    /// What byte 12 says on the wire.
    pub replicated: Replicated,
}

/// Permission to transmit more of a message (spec part 5).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Grant {
    /// Ports and RPC.
    pub header: Header,
    /// The first byte that is *not* granted.
    pub offset: u32,
    /// Level for the message's future scheduled packets.
    pub priority: Priority,
}

/// Which part of the message a RESEND asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ResendRange {
    /// Bytes of the message.
    Bytes {
        /// The first byte wanted.
        offset: u32,
        /// How many bytes.
        length: u32,
    },
    /// Everything sent so far from this offset (the wire's length −1): nothing has been received.
    AllSent {
        /// The first byte wanted; Linux sends 0.
        offset: u32,
    },
}

/// Request to transmit part of a message again (spec 4.4).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Resend {
    /// Ports and RPC.
    pub header: Header,
    /// What to transmit again.
    pub range: ResendRange,
    /// Level for the retransmitted packets.
    pub priority: Priority,
}

/// The largest message lengths by level that the sender of this packet wants others to use (spec
/// 6.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cutoffs {
    /// Ports and RPC.
    pub header: Header,
    /// Entry i: the largest message, in bytes, that uses level i for its unscheduled packets.
    pub unsched_cutoffs: [u32; 8],
    /// Version of these cutoffs.
    pub cutoff_version: u16,
}

/// Up to five RPCs that the destination may free, besides the one in the header (spec 3.8).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ack {
    /// Ports and RPC; this RPC is acknowledged as well.
    pub header: Header,
    // Apart from each other, because a packet is copied often and entries side by side would be
    // half as long again.
    client_ids: [RpcId; Self::MAX_ENTRIES],
    server_ports: [Port; Self::MAX_ENTRIES],
    count: u8,
}

impl Ack {
    /// How many entries an ACK has room for (`HOMA_MAX_ACKS_PER_PKT`).
    pub const MAX_ENTRIES: usize = 5;

    /// An ACK with these entries.
    ///
    /// # Panics
    /// If there are more than [`Self::MAX_ENTRIES`].
    #[must_use]
    pub fn new(header: Header, entries: &[AckEntry]) -> Self {
        assert!(entries.len() <= Self::MAX_ENTRIES, "an ACK holds at most five entries");
        let (client_ids, server_ports) = ([RpcId::new(0); Self::MAX_ENTRIES], [Port::NONE; Self::MAX_ENTRIES]);
        let mut ack = Self { header, client_ids, server_ports, count: entries.len() as u8 };
        for (place, entry) in entries.iter().enumerate() {
            ack.client_ids[place] = entry.client_id;
            ack.server_ports[place] = entry.server_port;
        }
        ack
    }

    /// The entries, in order.
    pub fn entries(&self) -> impl Iterator<Item = AckEntry> + '_ {
        let entries = self.client_ids.iter().zip(&self.server_ports).take(usize::from(self.count));
        entries.map(|(client_id, server_port)| AckEntry { client_id: *client_id, server_port: *server_port })
    }
}

/// A packet of the protocol (spec 2.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Packet {
    /// 0x10: part of a message.
    Data(Data),
    /// 0x11: permission to transmit more.
    Grant(Grant),
    /// 0x12: request to transmit again.
    Resend(Resend),
    /// 0x13: the RPC that a RESEND asked about isn't known.
    RpcUnknown(Header),
    /// 0x14: the RPC that a RESEND asked about is in work; be patient.
    Busy(Header),
    /// 0x15: how long messages may be on each level.
    Cutoffs(Cutoffs),
    /// 0x16: debugging; ignored.
    Freeze(Header),
    /// 0x17: the server asks whether it may free the RPC.
    NeedAck(Header),
    /// 0x18: the server may free these RPCs.
    Ack(Ack),
}

/// The kind of a packet, by its code on the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum PacketType {
    /// Part of a message.
    Data = 0x10,
    /// Permission to transmit more.
    Grant = 0x11,
    /// Request to transmit again.
    Resend = 0x12,
    /// Answer to a RESEND: unknown RPC.
    RpcUnknown = 0x13,
    /// Answer to a RESEND: in work.
    Busy = 0x14,
    /// Cutoffs of the unscheduled levels.
    Cutoffs = 0x15,
    /// Debugging.
    Freeze = 0x16,
    /// Request for an ACK.
    NeedAck = 0x17,
    /// Acknowledgments.
    Ack = 0x18,
}

impl PacketType {
    /// All types, in the order of their codes.
    pub const ALL: [Self; 9] = [
        Self::Data,
        Self::Grant,
        Self::Resend,
        Self::RpcUnknown,
        Self::Busy,
        Self::Cutoffs,
        Self::Freeze,
        Self::NeedAck,
        Self::Ack,
    ];

    /// The type with this code on the wire.
    #[must_use]
    pub const fn from_code(code: u8) -> Option<Self> {
        if code < 0x10 || code > 0x18 { None } else { Some(Self::ALL[(code - 0x10) as usize]) }
    }

    /// The code on the wire.
    #[must_use]
    pub const fn code(self) -> u8 {
        self as u8
    }

    /// The type as an index into [`Self::ALL`].
    #[must_use]
    pub const fn index(self) -> usize {
        (self as u8 - 0x10) as usize
    }

    /// The name used in the specification and in metrics.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Data => "DATA",
            Self::Grant => "GRANT",
            Self::Resend => "RESEND",
            Self::RpcUnknown => "RPC_UNKNOWN",
            Self::Busy => "BUSY",
            Self::Cutoffs => "CUTOFFS",
            Self::Freeze => "FREEZE",
            Self::NeedAck => "NEED_ACK",
            Self::Ack => "ACK",
        }
    }
}

impl Packet {
    /// What kind of packet it is.
    #[must_use]
    pub const fn packet_type(&self) -> PacketType {
        match self {
            Self::Data(_) => PacketType::Data,
            Self::Grant(_) => PacketType::Grant,
            Self::Resend(_) => PacketType::Resend,
            Self::RpcUnknown(_) => PacketType::RpcUnknown,
            Self::Busy(_) => PacketType::Busy,
            Self::Cutoffs(_) => PacketType::Cutoffs,
            Self::Freeze(_) => PacketType::Freeze,
            Self::NeedAck(_) => PacketType::NeedAck,
            Self::Ack(_) => PacketType::Ack,
        }
    }

    /// Ports and RPC.
    #[must_use]
    pub const fn header(&self) -> &Header {
        match self {
            Self::Data(data) => &data.header,
            Self::Grant(grant) => &grant.header,
            Self::Resend(resend) => &resend.header,
            Self::Cutoffs(cutoffs) => &cutoffs.header,
            Self::Ack(ack) => &ack.header,
            Self::RpcUnknown(header) | Self::Busy(header) | Self::Freeze(header) | Self::NeedAck(header) => header,
        }
    }
}
