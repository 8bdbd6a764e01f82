//! IP headers (spec 2.1, 2.6, 2.7).

use super::checksum::Sum;
use super::error::{DecodeError, EncodeError};
use super::layout::{array_at, common, put, u16_at, u32_at};
use super::{IP_PROTOCOL, TCP_PROTOCOL};
use crate::Port;
use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use homa_units::Priority;

/// IPv4 header without options.
pub(super) const V4_BYTES: usize = 20;
/// IPv6 header.
pub(super) const V6_BYTES: usize = 40;
/// The largest number in a length field of IP.
const MAX_LENGTH: usize = u16::MAX as usize;
/// What Linux sends in TTL and hop limit.
const HOP_LIMIT: u8 = 64;
/// The priority level takes the three highest bits of TOS and traffic class.
const PRIORITY_SHIFT: u8 = 5;

/// Offsets and bits of the IPv4 header.
mod v4 {
    pub(super) const TOS: usize = 1;
    pub(super) const TOTAL_LENGTH: usize = 2;
    pub(super) const IDENTIFICATION: usize = 4;
    pub(super) const FRAGMENT: usize = 6;
    pub(super) const TTL: usize = 8;
    pub(super) const PROTOCOL: usize = 9;
    pub(super) const CHECKSUM: usize = 10;
    pub(super) const SOURCE: usize = 12;
    pub(super) const DESTINATION: usize = 16;
    pub(super) const DONT_FRAGMENT: u16 = 0x4000;
    pub(super) const MORE_FRAGMENTS: u16 = 0x2000;
    pub(super) const OFFSET_MASK: u16 = 0x1FFF;
}

/// Offsets of the IPv6 header.
mod v6 {
    pub(super) const PAYLOAD_LENGTH: usize = 4;
    pub(super) const NEXT_HEADER: usize = 6;
    pub(super) const HOP_LIMIT: usize = 7;
    pub(super) const SOURCE: usize = 8;
    pub(super) const DESTINATION: usize = 24;
    pub(super) const FLOW_LABEL_MASK: u32 = 0x000F_FFFF;
    /// Hop-by-hop, routing, fragment, ESP, AH, destination options, mobility, HIP, shim6, and two for experiments.
    pub(super) const EXTENSIONS: [u8; 11] = [0, 43, 44, 50, 51, 60, 135, 139, 140, 253, 254];
}

/// What a driver needs to know of an IP header, of either version. Both addresses are of the same family.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct IpHeader {
    /// The sender.
    pub source: IpAddr,
    /// The receiver.
    pub destination: IpAddr,
    /// IPv4 protocol or IPv6 next header: [`IP_PROTOCOL`], or [`TCP_PROTOCOL`] if hijacked.
    pub protocol: u8,
    /// IPv4 TOS or IPv6 traffic class; the three highest bits are the priority level (spec 2.7).
    pub traffic_class: u8,
    /// IPv4 TTL or IPv6 hop limit.
    pub hop_limit: u8,
    /// IPv4 only: 0, or the segment's number in its unit (spec 2.1).
    pub identification: u16,
    /// IPv4 only: whether routers must not split the packet; always set by Linux for Homa.
    pub dont_fragment: bool,
    /// IPv6 only: flow label, 20 bits. Linux derives it from the addresses and ports.
    pub flow_label: u32,
}

impl IpHeader {
    /// The header that Linux gives a packet on level `priority`, after `priority_map`; as TCP if `hijack` (spec 2.6).
    #[must_use]
    pub const fn new(source: IpAddr, destination: IpAddr, priority: Priority, hijack: bool) -> Self {
        Self {
            source,
            destination,
            protocol: if hijack { TCP_PROTOCOL } else { IP_PROTOCOL },
            traffic_class: priority.get() << PRIORITY_SHIFT,
            hop_limit: HOP_LIMIT,
            identification: 0,
            dont_fragment: true,
            flow_label: 0,
        }
    }

    /// The level that switches see.
    #[must_use]
    pub const fn priority(&self) -> Priority {
        Priority::new(self.traffic_class >> PRIORITY_SHIFT)
    }

    /// The header at the start of an IP packet of any protocol, and the packet's payload.
    ///
    /// The payload ends where the header says, whatever follows in the frame. IPv4 options are skipped.
    ///
    /// # Errors
    /// [`DecodeError::Truncated`], [`DecodeError::IpVersion`], [`DecodeError::IpHeaderLength`],
    /// [`DecodeError::IpChecksum`], [`DecodeError::Fragment`] or [`DecodeError::ExtensionHeader`].
    pub fn decode(packet: &[u8]) -> Result<(Self, &[u8]), DecodeError> {
        need("IP packet", packet, 1)?;
        match packet[0] >> 4 {
            4 => decode_v4(packet),
            6 => decode_v6(packet),
            version => Err(DecodeError::IpVersion { version }),
        }
    }

    /// Writes the header of a packet with `payload_bytes` of payload to the start of `out`; returns how many bytes it
    /// took: 20 or 40.
    ///
    /// # Errors
    /// [`EncodeError::BufferTooSmall`], [`EncodeError::TooLong`], [`EncodeError::MixedFamilies`] or
    /// [`EncodeError::FlowLabel`].
    pub fn encode(&self, payload_bytes: usize, out: &mut [u8]) -> Result<usize, EncodeError> {
        match (self.source, self.destination) {
            (IpAddr::V4(source), IpAddr::V4(destination)) => self.encode_v4(source, destination, payload_bytes, out),
            (IpAddr::V6(source), IpAddr::V6(destination)) => self.encode_v6(source, destination, payload_bytes, out),
            (from, to) => Err(EncodeError::MixedFamilies { from, to }),
        }
    }

    fn encode_v4(&self, from: Ipv4Addr, to: Ipv4Addr, payload: usize, out: &mut [u8]) -> Result<usize, EncodeError> {
        let total = length_field(payload.saturating_add(V4_BYTES), V4_BYTES)?;
        let bytes = room(out, V4_BYTES)?;
        bytes.fill(0);
        bytes[0] = 4 << 4 | (V4_BYTES / 4) as u8;
        bytes[v4::TOS] = self.traffic_class;
        put(bytes, v4::TOTAL_LENGTH, total.to_be_bytes());
        put(bytes, v4::IDENTIFICATION, self.identification.to_be_bytes());
        let flags = if self.dont_fragment { v4::DONT_FRAGMENT } else { 0 };
        put(bytes, v4::FRAGMENT, flags.to_be_bytes());
        bytes[v4::TTL] = self.hop_limit;
        bytes[v4::PROTOCOL] = self.protocol;
        put(bytes, v4::SOURCE, from.octets());
        put(bytes, v4::DESTINATION, to.octets());
        put(bytes, v4::CHECKSUM, Sum::default().add(bytes).checksum().to_be_bytes());
        Ok(V4_BYTES)
    }

    fn encode_v6(&self, from: Ipv6Addr, to: Ipv6Addr, payload: usize, out: &mut [u8]) -> Result<usize, EncodeError> {
        if self.flow_label > v6::FLOW_LABEL_MASK {
            return Err(EncodeError::FlowLabel { label: self.flow_label });
        }
        let length = length_field(payload, 0)?;
        let bytes = room(out, V6_BYTES)?;
        put(bytes, 0, (6 << 28 | u32::from(self.traffic_class) << 20 | self.flow_label).to_be_bytes());
        put(bytes, v6::PAYLOAD_LENGTH, length.to_be_bytes());
        bytes[v6::NEXT_HEADER] = self.protocol;
        bytes[v6::HOP_LIMIT] = self.hop_limit;
        put(bytes, v6::SOURCE, from.octets());
        put(bytes, v6::DESTINATION, to.octets());
        Ok(V6_BYTES)
    }
}

/// Fails unless `bytes` has at least `need` bytes.
pub(super) fn need(what: &'static str, bytes: &[u8], need: usize) -> Result<(), DecodeError> {
    if bytes.len() < need { Err(DecodeError::Truncated { what, len: bytes.len(), need }) } else { Ok(()) }
}

/// The first `need` bytes of `out`.
pub(super) fn room(out: &mut [u8], need: usize) -> Result<&mut [u8], EncodeError> {
    let len = out.len();
    out.get_mut(..need).ok_or(EncodeError::BufferTooSmall { len, need })
}

/// `length` as IP writes it. `header` of it are the header's, for the message.
fn length_field(length: usize, header: usize) -> Result<u16, EncodeError> {
    u16::try_from(length).map_err(|_| EncodeError::TooLong { len: length - header, max: MAX_LENGTH - header })
}

fn decode_v4(packet: &[u8]) -> Result<(IpHeader, &[u8]), DecodeError> {
    need("IPv4 header", packet, V4_BYTES)?;
    let header_bytes = usize::from(packet[0] & 0xF) * 4;
    let total_bytes = usize::from(u16_at(packet, v4::TOTAL_LENGTH));
    if header_bytes < V4_BYTES || total_bytes < header_bytes {
        return Err(DecodeError::IpHeaderLength { header_bytes, total_bytes });
    }
    need("IPv4 packet", packet, total_bytes)?;
    if Sum::default().add(&packet[..header_bytes]).checksum() != 0 {
        return Err(DecodeError::IpChecksum { found: u16_at(packet, v4::CHECKSUM) });
    }
    let fragment = u16_at(packet, v4::FRAGMENT);
    if fragment & (v4::MORE_FRAGMENTS | v4::OFFSET_MASK) != 0 {
        return Err(DecodeError::Fragment { offset: usize::from(fragment & v4::OFFSET_MASK) * 8 });
    }
    let header = IpHeader {
        source: Ipv4Addr::from(array_at::<4>(packet, v4::SOURCE)).into(),
        destination: Ipv4Addr::from(array_at::<4>(packet, v4::DESTINATION)).into(),
        protocol: packet[v4::PROTOCOL],
        traffic_class: packet[v4::TOS],
        hop_limit: packet[v4::TTL],
        identification: u16_at(packet, v4::IDENTIFICATION),
        dont_fragment: fragment & v4::DONT_FRAGMENT != 0,
        flow_label: 0,
    };
    Ok((header, &packet[header_bytes..total_bytes]))
}

fn decode_v6(packet: &[u8]) -> Result<(IpHeader, &[u8]), DecodeError> {
    need("IPv6 header", packet, V6_BYTES)?;
    let total_bytes = V6_BYTES + usize::from(u16_at(packet, v6::PAYLOAD_LENGTH));
    need("IPv6 packet", packet, total_bytes)?;
    let next_header = packet[v6::NEXT_HEADER];
    if v6::EXTENSIONS.contains(&next_header) {
        return Err(DecodeError::ExtensionHeader { next_header });
    }
    let first = u32_at(packet, 0);
    let header = IpHeader {
        source: Ipv6Addr::from(array_at::<16>(packet, v6::SOURCE)).into(),
        destination: Ipv6Addr::from(array_at::<16>(packet, v6::DESTINATION)).into(),
        protocol: next_header,
        traffic_class: (first >> 20 & 0xFF) as u8,
        hop_limit: packet[v6::HOP_LIMIT],
        identification: 0,
        dont_fragment: true,
        flow_label: first & v6::FLOW_LABEL_MASK,
    };
    Ok((header, &packet[V6_BYTES..total_bytes]))
}

/// The start of an IP packet that may be cut off anywhere, as ICMP errors quote it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Quoted<'a> {
    pub(super) source: IpAddr,
    pub(super) destination: IpAddr,
    pub(super) protocol: u8,
    /// The packet's length by its header; less may be quoted.
    pub(super) total_bytes: usize,
    /// What is there of the payload.
    pub(super) payload: &'a [u8],
}

impl<'a> Quoted<'a> {
    /// Only the header must be there, since routers quote as little as 8 bytes after it.
    pub(super) fn decode(packet: &'a [u8]) -> Result<Self, DecodeError> {
        need("quoted IP packet", packet, 1)?;
        match packet[0] >> 4 {
            4 => {
                need("quoted IPv4 header", packet, V4_BYTES)?;
                let header_bytes = usize::from(packet[0] & 0xF) * 4;
                let total_bytes = usize::from(u16_at(packet, v4::TOTAL_LENGTH));
                if header_bytes < V4_BYTES || total_bytes < header_bytes {
                    return Err(DecodeError::IpHeaderLength { header_bytes, total_bytes });
                }
                need("quoted IPv4 header", packet, header_bytes)?;
                Ok(Self {
                    source: Ipv4Addr::from(array_at::<4>(packet, v4::SOURCE)).into(),
                    destination: Ipv4Addr::from(array_at::<4>(packet, v4::DESTINATION)).into(),
                    protocol: packet[v4::PROTOCOL],
                    total_bytes,
                    payload: &packet[header_bytes..packet.len().min(total_bytes)],
                })
            }
            6 => {
                need("quoted IPv6 header", packet, V6_BYTES)?;
                let total_bytes = V6_BYTES + usize::from(u16_at(packet, v6::PAYLOAD_LENGTH));
                Ok(Self {
                    source: Ipv6Addr::from(array_at::<16>(packet, v6::SOURCE)).into(),
                    destination: Ipv6Addr::from(array_at::<16>(packet, v6::DESTINATION)).into(),
                    protocol: packet[v6::NEXT_HEADER],
                    total_bytes,
                    payload: &packet[V6_BYTES..packet.len().min(total_bytes)],
                })
            }
            version => Err(DecodeError::IpVersion { version }),
        }
    }

    /// Both ports, if they are quoted.
    pub(super) fn ports(&self) -> Option<(Port, Port)> {
        (self.payload.len() >= common::SEQUENCE)
            .then(|| (Port::new(u16_at(self.payload, common::SPORT)), Port::new(u16_at(self.payload, common::DPORT))))
    }
}

/// Makes a hijacked packet native (spec 2.6). The IP header must be complete.
pub(super) fn make_native(packet: &mut [u8]) {
    if packet[0] >> 4 == 6 {
        packet[v6::NEXT_HEADER] = IP_PROTOCOL;
        return;
    }
    packet[v4::PROTOCOL] = IP_PROTOCOL;
    put(packet, v4::CHECKSUM, [0, 0]);
    let checksum = Sum::default().add(&packet[..usize::from(packet[0] & 0xF) * 4]).checksum();
    put(packet, v4::CHECKSUM, checksum.to_be_bytes());
}
