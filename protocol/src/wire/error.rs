//! Why bytes are not a packet, and why a packet can't become bytes.

use crate::PacketType;
use core::net::IpAddr;
use thiserror::Error;

/// Why received bytes are not a packet of Homa; the packet is dropped without any other effect (spec 2.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum DecodeError {
    /// Fewer bytes than a packet of Homa needs.
    #[error("{what} of {len} bytes; it needs at least {need}")]
    TooShort {
        /// Name of the packet's type, if there was enough to tell.
        what: &'static str,
        /// Bytes there are.
        len: usize,
        /// Bytes it needs.
        need: usize,
    },
    /// Fewer bytes than something around Homa needs: an IP header, the packet that it announces, an ICMP message.
    #[error("{what} of {len} bytes; it needs at least {need}")]
    Truncated {
        /// What is cut off.
        what: &'static str,
        /// Bytes there are.
        len: usize,
        /// Bytes it needs.
        need: usize,
    },
    /// More bytes than IP can carry.
    #[error("IP payload of {len} bytes; an IP packet has at most {max}")]
    TooLong {
        /// Bytes there are.
        len: usize,
        /// Bytes there may be.
        max: usize,
    },
    /// Not a packet type of this version.
    #[error("packet type {code:#04x} is none of this version's types, which lie in 0x10..=0x18")]
    UnknownType {
        /// Byte 11 of the packet.
        code: u8,
    },
    /// Neither IPv4 nor IPv6.
    #[error("IP version {version}; versions 4 and 6 are accepted")]
    IpVersion {
        /// The first four bits.
        version: u8,
    },
    /// The IPv4 header says that it is shorter than an IPv4 header, or longer than its packet.
    #[error("IPv4 header of {header_bytes} bytes in a packet of {total_bytes}; it takes 20 to the packet's length")]
    IpHeaderLength {
        /// What the header says of its own length.
        header_bytes: usize,
        /// What it says of the packet's length.
        total_bytes: usize,
    },
    /// The IPv4 header was damaged on its way.
    #[error("IPv4 header checksum {found:#06x} is wrong")]
    IpChecksum {
        /// The checksum in the header.
        found: u16,
    },
    /// Part of a larger packet; Homa forbids fragmentation.
    #[error("IPv4 fragment at byte {offset}; only whole packets are accepted")]
    Fragment {
        /// Where the fragment begins in its packet.
        offset: usize,
    },
    /// An IPv6 extension header; Homa's packets have none.
    #[error("IPv6 extension header {next_header}; only packets without extension headers are accepted")]
    ExtensionHeader {
        /// The number of the extension header.
        next_header: u8,
    },
    /// A packet of another protocol: neither 146, nor TCP with Homa's mark.
    #[error("IP protocol {protocol}; Homa is 146, or 6 with TCP flags 6 and urgent pointer 0xb97d")]
    NotHoma {
        /// The IP protocol number.
        protocol: u8,
    },
    /// An ICMP message that says nothing about the fate of RPCs.
    #[error("ICMP type {icmp_type} code {code} is no error that Homa handles")]
    NotAnError {
        /// ICMP type.
        icmp_type: u8,
        /// ICMP code.
        code: u8,
    },
}

/// The counters of dropped packets that depend on the bytes alone (spec 11.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum DropCounter {
    /// `short_packets`: too short for its type, or a type outside 0x10..=0x18.
    ShortPackets,
    /// `unknown_packet_types`: a type in 0x10..=0x18 that this version doesn't handle.
    UnknownPacketTypes,
}

impl DecodeError {
    /// Which counter Linux would increment for this packet; `None` if it never reaches Homa (spec 2.3).
    #[must_use]
    pub const fn counter(&self) -> Option<DropCounter> {
        match self {
            Self::TooShort { .. } => Some(DropCounter::ShortPackets),
            Self::UnknownType { code } => match PacketType::from_code(*code) {
                Some(_) => Some(DropCounter::UnknownPacketTypes),
                None => Some(DropCounter::ShortPackets),
            },
            _ => None,
        }
    }
}

/// Why a packet can't be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum EncodeError {
    /// The buffer is too small.
    #[error("buffer of {len} bytes; the packet needs {need}")]
    BufferTooSmall {
        /// Bytes there are.
        len: usize,
        /// Bytes it takes.
        need: usize,
    },
    /// This version has no such packets.
    #[error("this version has no {} packets", packet_type.name())]
    UnknownType {
        /// What was to be written.
        packet_type: PacketType,
    },
    /// The wire gives this value of the field another meaning.
    #[error("{field} can't be {value}: the wire gives that value another meaning")]
    Reserved {
        /// Name of the field.
        field: &'static str,
        /// The value.
        value: u64,
    },
    /// The packet announces another number of bytes than it was given.
    #[error("payload of {len} bytes; the packet says {expected}")]
    PayloadLength {
        /// Bytes given.
        len: usize,
        /// Bytes announced.
        expected: usize,
    },
    /// Longer than an IP packet can be.
    #[error("packet of {len} bytes; an IP packet has at most {max}")]
    TooLong {
        /// Bytes it would take.
        len: usize,
        /// Bytes it may take.
        max: usize,
    },
    /// An IPv4 and an IPv6 address in one packet.
    #[error("addresses {from} and {to} are of different families; one packet needs two of the same")]
    MixedFamilies {
        /// The source.
        from: IpAddr,
        /// The destination.
        to: IpAddr,
    },
    /// A flow label has 20 bits.
    #[error("flow label {label:#x}; it has at most 20 bits")]
    FlowLabel {
        /// The label given.
        label: u32,
    },
    /// What an ICMP error should quote is no IP packet.
    #[error("what is to be quoted is no IP packet: {0}")]
    Quoted(#[source] DecodeError),
}
