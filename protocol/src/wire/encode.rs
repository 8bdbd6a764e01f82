//! From packets to bytes.

use super::error::EncodeError;
use super::layout::{self, common, control, data, put};
use super::{Version, header_bytes};
use crate::{Ack, AckEntry, Cutoffs, Data, Grant, OffsetForm, Packet, Replicated, Resend, ResendRange};

/// Writes the packet to the start of `out` as Linux would and returns how many bytes it took.
///
/// Of DATA these are the 56 header bytes; the payload belongs right after them. The checksum is left at 0, which native
/// packets may keep; [`fill_checksum`](super::fill_checksum) writes what Linux sends.
///
/// # Errors
/// [`EncodeError::BufferTooSmall`] if `out` is shorter than [`header_bytes`], [`EncodeError::UnknownType`] if the
/// version has no such packets, [`EncodeError::Reserved`] for values that stand for something else: an offset of 2³²−1
/// in the segment header, a RESEND of 2³²−1 bytes, and an acknowledged RPC 0 in DATA.
pub fn encode_header(packet: &Packet, version: Version, out: &mut [u8]) -> Result<usize, EncodeError> {
    let packet_type = packet.packet_type();
    if !version.has(packet_type) {
        return Err(EncodeError::UnknownType { packet_type });
    }
    let need = header_bytes(packet_type, version);
    let len = out.len();
    let bytes = out.get_mut(..need).ok_or(EncodeError::BufferTooSmall { len, need })?;
    bytes.fill(0);
    let header = packet.header();
    put(bytes, common::SPORT, header.sport.get().to_be_bytes());
    put(bytes, common::DPORT, header.dport.get().to_be_bytes());
    bytes[common::TYPE] = packet_type.code();
    bytes[common::DOFF] = layout::DOFF_CONTROL;
    if version == Version::Linux {
        bytes[common::FLAGS] = layout::MARK_FLAGS;
        put(bytes, common::URGENT, layout::MARK_URGENT.to_be_bytes());
    }
    put(bytes, common::SENDER_ID, header.sender_id.get().to_be_bytes());
    match packet {
        Packet::Data(data) => put_data(data, version, bytes)?,
        Packet::Grant(grant) => put_grant(grant, bytes),
        Packet::Resend(resend) => put_resend(resend, version, bytes)?,
        Packet::Cutoffs(cutoffs) => put_cutoffs(cutoffs, bytes),
        Packet::Ack(ack) => put_acks(ack, bytes),
        Packet::RpcUnknown(_) | Packet::Busy(_) | Packet::Freeze(_) | Packet::NeedAck(_) => {}
    }
    Ok(need)
}

/// What `sequence` and the segment header hold (spec 2.4).
fn places(data: &Data, version: Version) -> Result<(u32, u32), EncodeError> {
    let offset = data.offset;
    let (sequence, seg_offset) = match (data.form, version) {
        (OffsetForm::Sequence, Version::Linux) => return Ok((offset, layout::MINUS_ONE)),
        (OffsetForm::Segment { unit_offset }, _) => (unit_offset, offset),
        (OffsetForm::Both, _) | (OffsetForm::Sequence, Version::Stripped) => (offset, offset),
    };
    if seg_offset == layout::MINUS_ONE && version == Version::Linux {
        return Err(EncodeError::Reserved { field: "the offset in a segment header", value: seg_offset.into() });
    }
    Ok((sequence, seg_offset))
}

fn put_data(packet: &Data, version: Version, bytes: &mut [u8]) -> Result<(), EncodeError> {
    let (sequence, seg_offset) = places(packet, version)?;
    put(bytes, common::SEQUENCE, sequence.to_be_bytes());
    put(bytes, data::SEG_OFFSET, seg_offset.to_be_bytes());
    bytes[common::DOFF] = match packet.replicated {
        Replicated::Whole => layout::DOFF_WHOLE,
        Replicated::AllButSegmentHeader => layout::DOFF_REPLICATED,
    };
    put(bytes, data::MESSAGE_LENGTH, packet.message_length.to_be_bytes());
    if version == Version::Linux {
        put(bytes, data::INCOMING, packet.incoming.to_be_bytes());
        put(bytes, data::CUTOFF_VERSION, packet.cutoff_version.to_be_bytes());
    }
    if let Some(ack) = packet.ack {
        if ack.client_id.get() == 0 {
            return Err(EncodeError::Reserved { field: "the RPC that a DATA packet acknowledges", value: 0 });
        }
        put_ack(ack, data::ACK, bytes);
    }
    bytes[data::RETRANSMIT] = packet.retransmit.into();
    Ok(())
}

fn put_grant(grant: &Grant, bytes: &mut [u8]) {
    put(bytes, control::GRANT_OFFSET, grant.offset.to_be_bytes());
    bytes[control::GRANT_PRIORITY] = grant.priority.get();
}

fn put_resend(resend: &Resend, version: Version, bytes: &mut [u8]) -> Result<(), EncodeError> {
    let (offset, length) = match resend.range {
        ResendRange::AllSent { offset } => (offset, layout::MINUS_ONE),
        ResendRange::Bytes { length: layout::MINUS_ONE, .. } => {
            return Err(EncodeError::Reserved { field: "the length of a RESEND", value: layout::MINUS_ONE.into() });
        }
        ResendRange::Bytes { offset, length } => (offset, length),
    };
    put(bytes, control::RESEND_OFFSET, offset.to_be_bytes());
    put(bytes, control::RESEND_LENGTH, length.to_be_bytes());
    if version == Version::Linux {
        bytes[control::RESEND_PRIORITY] = resend.priority.get();
    }
    Ok(())
}

fn put_cutoffs(cutoffs: &Cutoffs, bytes: &mut [u8]) {
    for (level, cutoff) in cutoffs.unsched_cutoffs.iter().enumerate() {
        put(bytes, control::CUTOFFS + 4 * level, cutoff.to_be_bytes());
    }
    put(bytes, control::CUTOFF_VERSION, cutoffs.cutoff_version.to_be_bytes());
}

fn put_acks(ack: &Ack, bytes: &mut [u8]) {
    let mut count = 0_u16;
    for (index, entry) in ack.entries().enumerate() {
        put_ack(entry, control::ACKS + index * control::ACK_ENTRY_BYTES, bytes);
        count += 1;
    }
    put(bytes, control::NUM_ACKS, count.to_be_bytes());
}

fn put_ack(entry: AckEntry, at: usize, bytes: &mut [u8]) {
    put(bytes, at, entry.client_id.get().to_be_bytes());
    put(bytes, at + 8, entry.server_port.get().to_be_bytes());
}
