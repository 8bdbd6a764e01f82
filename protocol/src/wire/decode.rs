//! From bytes to packets.

use super::error::DecodeError;
use super::layout::{self, common, control, data, u16_at, u32_at, u64_at};
use super::{ACK_BYTES, COMMON_BYTES, Version, header_bytes};
use crate::{
    Ack, AckEntry, Cutoffs, Data, Grant, Header, OffsetForm, Packet, PacketType, Port, Replicated, Resend, ResendRange,
    RpcId,
};
use homa_units::Priority;

/// IP can't carry more.
const MAX_IP_PAYLOAD_BYTES: usize = u16::MAX as usize;

/// The packet in this IP payload, by the rules of acceptance of spec 2.3.
///
/// The payload of a DATA packet is everything after its 56 header bytes, so `ip_payload` must end where the IP packet
/// ends; padding of the frame is not part of it. Fields that receivers ignore (window, checksum, padding, and in native
/// packets flags and urgent pointer) are not looked at, and levels above 7 become 7 (quirk Q13).
///
/// # Errors
/// [`DecodeError::TooShort`], [`DecodeError::UnknownType`] or [`DecodeError::TooLong`].
pub fn decode(ip_payload: &[u8], version: Version) -> Result<Packet, DecodeError> {
    let bytes = ip_payload;
    need("Homa packet", bytes, COMMON_BYTES)?;
    if bytes.len() > MAX_IP_PAYLOAD_BYTES {
        return Err(DecodeError::TooLong { len: bytes.len(), max: MAX_IP_PAYLOAD_BYTES });
    }
    let code = bytes[common::TYPE];
    let packet_type = PacketType::from_code(code)
        .filter(|packet_type| version.has(*packet_type))
        .ok_or(DecodeError::UnknownType { code })?;
    need(packet_type.name(), bytes, header_bytes(packet_type, version))?;
    let header = Header {
        sport: Port::new(u16_at(bytes, common::SPORT)),
        dport: Port::new(u16_at(bytes, common::DPORT)),
        sender_id: RpcId::new(u64_at(bytes, common::SENDER_ID)),
    };
    Ok(match packet_type {
        PacketType::Data => Packet::Data(decode_data(header, bytes, version)),
        PacketType::Grant => Packet::Grant(Grant {
            header,
            offset: u32_at(bytes, control::GRANT_OFFSET),
            priority: clamped(bytes[control::GRANT_PRIORITY]),
        }),
        PacketType::Resend => Packet::Resend(decode_resend(header, bytes, version)),
        PacketType::RpcUnknown => Packet::RpcUnknown(header),
        PacketType::Busy => Packet::Busy(header),
        PacketType::Cutoffs => Packet::Cutoffs(Cutoffs {
            header,
            unsched_cutoffs: core::array::from_fn(|level| u32_at(bytes, control::CUTOFFS + 4 * level)),
            cutoff_version: u16_at(bytes, control::CUTOFF_VERSION),
        }),
        PacketType::Freeze => Packet::Freeze(header),
        PacketType::NeedAck => Packet::NeedAck(header),
        PacketType::Ack => Packet::Ack(decode_ack(header, bytes)),
    })
}

/// Fails unless `bytes` has at least `need` bytes.
fn need(what: &'static str, bytes: &[u8], need: usize) -> Result<(), DecodeError> {
    if bytes.len() < need { Err(DecodeError::TooShort { what, len: bytes.len(), need }) } else { Ok(()) }
}

/// A level that may index a table of eight.
fn clamped(level: u8) -> Priority {
    Priority::new(level.min(Priority::HIGHEST.get()))
}

fn ack_entry(bytes: &[u8], at: usize) -> AckEntry {
    AckEntry { client_id: RpcId::new(u64_at(bytes, at)), server_port: Port::new(u16_at(bytes, at + 8)) }
}

fn decode_data(header: Header, bytes: &[u8], version: Version) -> Data {
    let sequence = u32_at(bytes, common::SEQUENCE);
    let seg_offset = u32_at(bytes, data::SEG_OFFSET);
    let (offset, form) = if seg_offset == layout::MINUS_ONE && version == Version::Linux {
        (sequence, OffsetForm::Sequence)
    } else if seg_offset == sequence {
        (seg_offset, OffsetForm::Both)
    } else {
        (seg_offset, OffsetForm::Segment { unit_offset: sequence })
    };
    let message_length = u32_at(bytes, data::MESSAGE_LENGTH);
    let (incoming, cutoff_version) = match version {
        Version::Linux => (u32_at(bytes, data::INCOMING), u16_at(bytes, data::CUTOFF_VERSION)),
        Version::Stripped => (message_length, 0),
    };
    Data {
        header,
        message_length,
        incoming,
        ack: Some(ack_entry(bytes, data::ACK)).filter(|ack| ack.client_id.get() != 0),
        cutoff_version,
        retransmit: bytes[data::RETRANSMIT] != 0,
        offset,
        // The caller has seen to it that this is at most a few ten thousand.
        length: (bytes.len() - super::DATA_HEADER_BYTES) as u32,
        form,
        replicated: match bytes[common::DOFF] & 0xF0 {
            layout::DOFF_REPLICATED => Replicated::AllButSegmentHeader,
            _ => Replicated::Whole,
        },
    }
}

fn decode_resend(header: Header, bytes: &[u8], version: Version) -> Resend {
    let offset = u32_at(bytes, control::RESEND_OFFSET);
    let range = match u32_at(bytes, control::RESEND_LENGTH) {
        layout::MINUS_ONE => ResendRange::AllSent { offset },
        length => ResendRange::Bytes { offset, length },
    };
    let priority = match version {
        Version::Linux => clamped(bytes[control::RESEND_PRIORITY]),
        Version::Stripped => Priority::LOWEST,
    };
    Resend { header, range, priority }
}

/// A larger count than there is room for is taken as the room (spec 3.6.9).
fn decode_ack(header: Header, bytes: &[u8]) -> Ack {
    const { assert!(ACK_BYTES == control::ACKS + Ack::MAX_ENTRIES * control::ACK_ENTRY_BYTES) };
    let entries: [AckEntry; Ack::MAX_ENTRIES] =
        core::array::from_fn(|index| ack_entry(bytes, control::ACKS + index * control::ACK_ENTRY_BYTES));
    let count = usize::from(u16_at(bytes, control::NUM_ACKS)).min(Ack::MAX_ENTRIES);
    Ack::new(header, &entries[..count])
}
