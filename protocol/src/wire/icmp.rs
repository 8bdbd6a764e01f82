//! ICMP errors: what they tell about RPCs, and the one that Homa sends (spec 3.11, 3.12).

use super::checksum::Sum;
use super::error::{DecodeError, EncodeError};
use super::ip::{Quoted, V4_BYTES, V6_BYTES, make_native, need, room};
use super::ip_packet::is_homa;
use super::layout::{put, u16_at};
use super::{Family, IP_PROTOCOL, TCP_PROTOCOL};
use crate::Port;
use core::net::IpAddr;

/// Type, code, checksum and four bytes that depend on the type; then the quoted packet.
const HEADER_BYTES: usize = 8;
const CHECKSUM: usize = 2;
/// Where "fragmentation needed" says how long packets may be.
const NEXT_HOP_MTU: usize = 6;
/// IP protocol of ICMP for IPv6, part of its checksum.
const ICMPV6_PROTOCOL: u8 = 58;
/// Linux keeps ICMP errors to what every host must be able to receive: packets of 576 bytes, and of 1280 in IPv6.
const MAX_V4_PACKET_BYTES: usize = 576;
const MAX_V6_PACKET_BYTES: usize = 1280;

/// The longest message that [`encode_port_unreachable`] writes, in bytes.
pub const MAX_ICMP_BYTES: usize = MAX_V6_PACKET_BYTES - V6_BYTES;

/// What an ICMP error says about its destination; decides which RPCs fail with which error (spec 3.11).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum IcmpKind {
    /// No socket with the quoted destination port, or none that is a server: ENOTCONN.
    PortUnreachable,
    /// The host doesn't speak Homa: EPROTONOSUPPORT.
    ProtocolUnreachable,
    /// IPv4 only: the packet was longer than a link on the way allows. Linux treats it like an unreachable host (quirk
    /// Q14).
    FragmentationNeeded {
        /// Bytes that the link allows; 0 from routers that don't say.
        mtu: u16,
    },
    /// Any other way of being unreachable: EHOSTUNREACH.
    HostUnreachable,
}

/// The ports of a quoted packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct QuotedPorts {
    /// The port of this node's socket.
    pub sport: Port,
    /// The port that was sent to.
    pub dport: Port,
}

/// An ICMP error about a Homa packet that this node has sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct IcmpError {
    /// What went wrong.
    pub kind: IcmpKind,
    /// Where the packet was going: the peer whose RPCs are affected. The error may come from a router.
    pub destination: IpAddr,
    /// The packet's ports, if so much of it is quoted.
    pub ports: Option<QuotedPorts>,
}

/// The error in an ICMP or ICMPv6 message, which begins with its type (spec 3.11).
///
/// The checksum is not verified: the IP stack that delivers ICMP does that.
///
/// # Errors
/// [`DecodeError::NotAnError`] for messages that Homa doesn't react to, [`DecodeError::NotHoma`] if another protocol's
/// packet is quoted or one of Homa's that poses as TCP, [`DecodeError::Truncated`], [`DecodeError::IpVersion`] or [`DecodeError::IpHeaderLength`] if what
/// is quoted is no IP packet.
pub fn decode_icmp(message: &[u8], family: Family) -> Result<IcmpError, DecodeError> {
    need("ICMP message", message, HEADER_BYTES)?;
    let (icmp_type, code) = (message[0], message[1]);
    let kind = match (family, icmp_type, code) {
        (Family::V4, 3, 2) | (Family::V6, 4, 1) => IcmpKind::ProtocolUnreachable,
        (Family::V4, 3, 3) | (Family::V6, 1, 4) => IcmpKind::PortUnreachable,
        (Family::V4, 3, 4) => IcmpKind::FragmentationNeeded { mtu: u16_at(message, NEXT_HOP_MTU) },
        (Family::V4, 3, _) | (Family::V6, 1, 3) => IcmpKind::HostUnreachable,
        _ => return Err(DecodeError::NotAnError { icmp_type, code }),
    };
    let quoted = Quoted::decode(&message[HEADER_BYTES..])?;
    if Family::of(quoted.destination) != family {
        return Err(DecodeError::IpVersion { version: if family == Family::V4 { 6 } else { 4 } });
    }
    // Linux hands an error about a packet that poses as TCP to TCP, and Homa never hears of it (D8 of spec part 14).
    if quoted.protocol != IP_PROTOCOL {
        return Err(DecodeError::NotHoma { protocol: quoted.protocol });
    }
    let ports = quoted.ports().map(|(sport, dport)| QuotedPorts { sport, dport });
    Ok(IcmpError { kind, destination: quoted.destination, ports })
}

/// Writes the "port unreachable" message about a received IP packet to the start of `out`, and returns its length in
/// bytes, at most [`MAX_ICMP_BYTES`] (spec 3.12).
///
/// It is the payload of an ICMP or ICMPv6 packet from the packet's destination to its source, checksum included, and
/// quotes as much of the packet as Linux does. A hijacked packet is quoted as a native one, which is what a receiver in
/// Linux turns it into.
///
/// # Errors
/// [`EncodeError::Quoted`] if `packet` doesn't begin with an IP header, [`EncodeError::BufferTooSmall`].
pub fn encode_port_unreachable(packet: &[u8], out: &mut [u8]) -> Result<usize, EncodeError> {
    let quoted = Quoted::decode(packet).map_err(EncodeError::Quoted)?;
    let (family, icmp_type, code) = match quoted.source {
        IpAddr::V4(_) => (Family::V4, 3, 3),
        IpAddr::V6(_) => (Family::V6, 1, 4),
    };
    let max_bytes = match family {
        Family::V4 => MAX_V4_PACKET_BYTES - V4_BYTES,
        Family::V6 => MAX_V6_PACKET_BYTES - V6_BYTES,
    };
    let quote = &packet[..packet.len().min(quoted.total_bytes).min(max_bytes - HEADER_BYTES)];
    let message = room(out, HEADER_BYTES + quote.len())?;
    message[..HEADER_BYTES].fill(0);
    message[0] = icmp_type;
    message[1] = code;
    message[HEADER_BYTES..].copy_from_slice(quote);
    if quoted.protocol == TCP_PROTOCOL && is_homa(quoted.protocol, quoted.payload) {
        // Quoted as TCP, the error would go to the peer's TCP, which knows nothing of it.
        make_native(&mut message[HEADER_BYTES..]);
    }
    let sum = match family {
        Family::V4 => Sum::default(),
        Family::V6 => Sum::default()
            .add_pseudo_header(quoted.destination, quoted.source, ICMPV6_PROTOCOL, message.len())
            .expect("both addresses are from one header"),
    };
    put(message, CHECKSUM, sum.add(message).checksum().to_be_bytes());
    Ok(message.len())
}
