//! Whole IP packets of Homa (spec 2.1, 2.6).

use super::checksum::fill_checksum;
use super::error::{DecodeError, EncodeError};
use super::ip::{IpHeader, room};
use super::layout::{self, common, u16_at};
use super::{DATA_HEADER_BYTES, IP_PROTOCOL, TCP_PROTOCOL, Version, decode, encode_header};
use crate::Packet;

/// Whether an IP payload is Homa's: native, or TCP with the mark that no TCP packet has (spec 2.6).
pub(super) fn is_homa(protocol: u8, ip_payload: &[u8]) -> bool {
    match protocol {
        IP_PROTOCOL => true,
        TCP_PROTOCOL => {
            ip_payload.len() >= common::SENDER_ID
                && ip_payload[common::FLAGS] == layout::MARK_FLAGS
                && u16_at(ip_payload, common::URGENT) == layout::MARK_URGENT
        }
        _ => false,
    }
}

/// The Homa packet in an IP packet, with the IP header and the payload of DATA; of other types the payload is empty.
///
/// Bytes after the IP packet (padding of a short frame) are ignored. Native and hijacked packets are accepted alike,
/// except that the stripped version knows only native ones (spec 12(a)).
///
/// # Errors
/// Those of [`IpHeader::decode`] and [`decode`], and [`DecodeError::NotHoma`] for other protocols.
pub fn decode_ip(packet: &[u8], version: Version) -> Result<(IpHeader, Packet, &[u8]), DecodeError> {
    let (header, ip_payload) = IpHeader::decode(packet)?;
    let native_only = version == Version::Stripped && header.protocol != IP_PROTOCOL;
    if native_only || !is_homa(header.protocol, ip_payload) {
        return Err(DecodeError::NotHoma { protocol: header.protocol });
    }
    let homa = decode(ip_payload, version)?;
    let payload = match homa {
        Packet::Data(_) => &ip_payload[DATA_HEADER_BYTES..],
        _ => &[],
    };
    Ok((header, homa, payload))
}

/// Writes a whole IP packet to the start of `out` and returns its length in bytes: IP header, Homa header, `payload`,
/// and in the [`Linux`](Version::Linux) version the checksum (spec 2.5).
///
/// # Errors
/// Those of [`IpHeader::encode`] and [`encode_header`], and [`EncodeError::PayloadLength`] if `payload` isn't as long
/// as the packet says; only DATA has any.
pub fn encode_ip(
    header: &IpHeader,
    packet: &Packet,
    payload: &[u8],
    version: Version,
    out: &mut [u8],
) -> Result<usize, EncodeError> {
    let expected = match packet {
        Packet::Data(data) => data.length as usize,
        _ => 0,
    };
    if payload.len() != expected {
        return Err(EncodeError::PayloadLength { len: payload.len(), expected });
    }
    let homa_bytes = super::header_bytes(packet.packet_type(), version) + payload.len();
    let ip_bytes = header.encode(homa_bytes, out)?;
    let homa = room(out, ip_bytes + homa_bytes)?.split_at_mut(ip_bytes).1;
    let header_bytes = encode_header(packet, version, homa)?;
    homa[header_bytes..].copy_from_slice(payload);
    if version == Version::Linux {
        fill_checksum(homa, header.source, header.destination)?;
    }
    Ok(ip_bytes + homa_bytes)
}
