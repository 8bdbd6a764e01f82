//! The wire format: bytes to [`Packet`] and back, IP around them, checksums, segmentation, ICMP
//! errors (spec part 2).
//!
//! Nothing here allocates, and no input from outside panics: what is not acceptable is a
//! [`DecodeError`] that says why. [`decode_ip`] and [`encode_ip`] handle whole IP packets; a driver
//! whose socket adds the IP header itself uses [`decode`], [`encode_header`] and, if it sends as
//! TCP, [`fill_checksum`].
//!
//! ```
//! use homa_protocol::wire::{self, Version};
//! use homa_protocol::{Header, Packet, Port, RpcId};
//!
//! let header = Header { sport: Port::new(99), dport: Port::new(32_774), sender_id: RpcId::new(1_025) };
//! let packet = Packet::NeedAck(header);
//! let mut bytes = [0; 28];
//! let length = wire::encode_header(&packet, Version::Linux, &mut bytes)?;
//! assert_eq!(wire::decode(&bytes[..length], Version::Linux)?, packet);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod accounting;
mod checksum;
mod decode;
mod encode;
mod error;
mod geometry;
mod icmp;
mod ip;
mod ip_packet;
mod layout;

pub use accounting::{ETH_FRAME_OVERHEAD_BYTES, ETH_HEADER_BYTES, ETH_OVERHEAD_BYTES};
pub use accounting::{frame_bytes, pacer_bytes, qdisc_bytes};
pub use checksum::{fill_checksum, verify_checksum};
pub use decode::decode;
pub use encode::encode_header;
pub use error::{DecodeError, DropCounter, EncodeError};
pub(crate) use geometry::segment;
pub use geometry::{Family, Geometry, GeometryError, segments};
pub use icmp::{IcmpError, IcmpKind, MAX_ICMP_BYTES, QuotedPorts, decode_icmp, encode_port_unreachable};
pub use ip::IpHeader;
pub use ip_packet::{decode_ip, encode_ip};

use crate::{Packet, PacketType};

/// IP protocol number (IPv6: next header) of Homa (spec 2.1).
pub const IP_PROTOCOL: u8 = 146;
/// IP protocol number of TCP, which hijacked packets carry (spec 2.6) and every checksum is
/// computed with (spec 2.5).
pub const TCP_PROTOCOL: u8 = 6;
/// Bytes at the start of every packet (spec 2.2); also all of RPC_UNKNOWN, BUSY, FREEZE and
/// NEED_ACK.
pub const COMMON_BYTES: usize = 28;
/// Header bytes of a DATA packet, before its payload (spec 2.3).
pub const DATA_HEADER_BYTES: usize = 56;
/// The part of a DATA header that is the same in every segment of a native unit (spec 2.8).
pub const REPLICATED_BYTES: usize = 52;
/// The part of a DATA header that each segment has for itself: its offset (spec 2.8).
pub const SEGMENT_HEADER_BYTES: usize = 4;
/// Bytes of a GRANT (spec 2.3).
pub const GRANT_BYTES: usize = 33;
/// Bytes of a RESEND (spec 2.3).
pub const RESEND_BYTES: usize = 37;
/// Bytes of a RESEND of the version without priority levels (spec 12(a)).
pub const STRIPPED_RESEND_BYTES: usize = 36;
/// Bytes of a CUTOFFS packet (spec 2.3).
pub const CUTOFFS_BYTES: usize = 62;
/// Bytes of an ACK, whatever the number of its entries (spec 2.3).
pub const ACK_BYTES: usize = 80;
/// The longest header of any type: a buffer of this size holds every packet without its payload.
pub const MAX_HEADER_BYTES: usize = ACK_BYTES;

/// Which of the two versions of the protocol the bytes belong to; they don't interoperate (spec
/// 12(a)).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum Version {
    /// The complete kernel module.
    #[default]
    Linux,
    /// The version submitted to Linux (v16): no GRANT, CUTOFFS, FREEZE, priority levels or TCP
    /// hijacking.
    ///
    /// Its DATA packets have no `incoming`: a message is sent completely at once, so they decode
    /// with `incoming` = `message_length`. Its RESENDs have no level, and all its packets travel on
    /// the lowest: they decode with 0.
    Stripped,
}

impl Version {
    /// Whether packets of this type exist in this version.
    #[must_use]
    pub const fn has(self, packet_type: PacketType) -> bool {
        match self {
            Self::Linux => true,
            Self::Stripped => !matches!(packet_type, PacketType::Grant | PacketType::Cutoffs | PacketType::Freeze),
        }
    }
}

/// Bytes of a packet of this type, for DATA without its payload (spec 2.3, 12(a)).
///
/// A packet with less is dropped; excess is ignored, except in DATA, where it is payload.
#[must_use]
pub const fn header_bytes(packet_type: PacketType, version: Version) -> usize {
    match packet_type {
        PacketType::Data => DATA_HEADER_BYTES,
        PacketType::Grant => GRANT_BYTES,
        PacketType::Resend => match version {
            Version::Linux => RESEND_BYTES,
            Version::Stripped => STRIPPED_RESEND_BYTES,
        },
        PacketType::RpcUnknown | PacketType::Busy | PacketType::Freeze | PacketType::NeedAck => COMMON_BYTES,
        PacketType::Cutoffs => CUTOFFS_BYTES,
        PacketType::Ack => ACK_BYTES,
    }
}

/// Bytes of IP payload that this packet takes in the [`Linux`](Version::Linux) version, its own
/// payload included.
///
/// A DATA packet counts as one packet; see [`segments`] for a unit of several.
#[must_use]
pub const fn homa_bytes(packet: &Packet) -> usize {
    let header = header_bytes(packet.packet_type(), Version::Linux);
    match packet {
        Packet::Data(data) => header + data.length as usize,
        _ => header,
    }
}
