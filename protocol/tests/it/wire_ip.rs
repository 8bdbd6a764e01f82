//! IP packets that a receiver must refuse are refused with a reason, and those with IPv4 options are accepted.

use core::net::IpAddr;
use homa_protocol::wire::{self, DecodeError, EncodeError, IpHeader, Version};
use homa_protocol::{Header, Packet, Port, RpcId};
use homa_units::Priority;

const PACKET: Packet =
    Packet::Busy(Header { sport: Port::new(99), dport: Port::new(32_768), sender_id: RpcId::new(3) });

fn header(source: &str, destination: &str) -> IpHeader {
    let parse = |address: &str| address.parse::<IpAddr>().unwrap();
    IpHeader::new(parse(source), parse(destination), Priority::new(5), false)
}

/// A BUSY over IPv4 (48 bytes).
fn v4() -> Vec<u8> {
    let mut bytes = vec![0; 48];
    wire::encode_ip(&header("10.0.0.1", "10.0.0.3"), &PACKET, &[], Version::Linux, &mut bytes).unwrap();
    bytes
}

/// A BUSY over IPv6 (68 bytes).
fn v6() -> Vec<u8> {
    let mut bytes = vec![0; 68];
    wire::encode_ip(&header("fd00::1", "fd00::3"), &PACKET, &[], Version::Linux, &mut bytes).unwrap();
    bytes
}

/// Makes the IPv4 header checksum right again, by the method of RFC 1071 written out.
fn repair(bytes: &mut [u8]) {
    bytes[10..12].fill(0);
    let header_bytes = usize::from(bytes[0] & 0xF) * 4;
    let sum: u32 = bytes[..header_bytes].chunks(2).map(|word| u32::from(word[0]) << 8 | u32::from(word[1])).sum();
    let folded = (sum & 0xFFFF) + (sum >> 16);
    bytes[10..12].copy_from_slice(&(!(folded as u16)).to_be_bytes());
}

fn refusal(bytes: &[u8]) -> DecodeError {
    wire::decode_ip(bytes, Version::Linux).unwrap_err()
}

#[test]
fn the_priority_is_in_the_three_highest_bits() {
    let bytes = v4();
    assert_eq!(bytes[1], 0xA0);
    assert_eq!(u32::from_be_bytes(v6()[..4].try_into().unwrap()), 0x6A00_0000);
    assert_eq!(wire::decode_ip(&bytes, Version::Linux).unwrap().0.priority(), Priority::new(5));
}

#[test]
fn the_ipv4_header_is_the_one_that_linux_sends() {
    let mut expected = [0x45, 0xA0, 0, 48, 0, 0, 0x40, 0, 64, 146, 0, 0, 10, 0, 0, 1, 10, 0, 0, 3];
    repair(&mut expected);
    assert_eq!(v4()[..20], expected);
}

#[test]
fn ipv4_options_are_skipped() {
    let mut bytes = v4();
    bytes[0] = 0x46;
    bytes[3] = 52;
    bytes.splice(20..20, [1, 1, 1, 0]);
    repair(&mut bytes);
    assert_eq!(wire::decode_ip(&bytes, Version::Linux), Ok((header("10.0.0.1", "10.0.0.3"), PACKET, &[][..])));
}

#[test]
fn an_ipv6_packet_keeps_its_flow_label_and_traffic_class() {
    let flowing = IpHeader { flow_label: 0x5_4321, traffic_class: 0xA3, ..header("fd00::1", "fd00::3") };
    let mut bytes = [0; 68];
    assert_eq!(wire::encode_ip(&flowing, &PACKET, &[], Version::Linux, &mut bytes), Ok(68));
    assert_eq!(wire::decode_ip(&bytes, Version::Linux), Ok((flowing, PACKET, &[][..])));
}

#[test]
fn fragments_are_refused() {
    for (field, offset) in [([0x20, 0x00], 0), ([0x00, 0x02], 16), ([0x3F, 0xFF], 65_528)] {
        let mut bytes = v4();
        bytes[6..8].copy_from_slice(&field);
        repair(&mut bytes);
        assert_eq!(refusal(&bytes), DecodeError::Fragment { offset });
    }
}

#[test]
fn ipv6_extension_headers_are_refused() {
    for next_header in [0, 43, 44, 50, 51, 60, 135] {
        let mut bytes = v6();
        bytes[6] = next_header;
        assert_eq!(refusal(&bytes), DecodeError::ExtensionHeader { next_header });
    }
}

#[test]
fn a_damaged_ipv4_header_is_refused() {
    let mut bytes = v4();
    let found = u16::from_be_bytes([bytes[10], bytes[11]]);
    bytes[8] -= 1;
    assert_eq!(refusal(&bytes), DecodeError::IpChecksum { found });
}

#[test]
fn lengths_that_do_not_fit_are_refused() {
    let bytes = v4();
    assert_eq!(refusal(&[]), DecodeError::Truncated { what: "IP packet", len: 0, need: 1 });
    assert_eq!(refusal(&bytes[..19]), DecodeError::Truncated { what: "IPv4 header", len: 19, need: 20 });
    assert_eq!(refusal(&bytes[..47]), DecodeError::Truncated { what: "IPv4 packet", len: 47, need: 48 });
    assert_eq!(refusal(&v6()[..39]), DecodeError::Truncated { what: "IPv6 header", len: 39, need: 40 });
    assert_eq!(refusal(&v6()[..67]), DecodeError::Truncated { what: "IPv6 packet", len: 67, need: 68 });
    let mut short_header = bytes.clone();
    short_header[0] = 0x44;
    assert_eq!(refusal(&short_header), DecodeError::IpHeaderLength { header_bytes: 16, total_bytes: 48 });
    let mut short_total = bytes;
    short_total[3] = 19;
    assert_eq!(refusal(&short_total), DecodeError::IpHeaderLength { header_bytes: 20, total_bytes: 19 });
    assert_eq!(refusal(&short_total).counter(), None, "IP drops it, not Homa");
}

#[test]
fn other_protocols_and_versions_are_refused() {
    let mut udp = v4();
    udp[9] = 17;
    repair(&mut udp);
    assert_eq!(refusal(&udp), DecodeError::NotHoma { protocol: 17 });
    assert_eq!(refusal(&[0x50; 60]), DecodeError::IpVersion { version: 5 });
    let mut tcp = v6();
    tcp[6] = 6;
    tcp[5] = 19;
    assert_eq!(refusal(&tcp), DecodeError::NotHoma { protocol: 6 }, "too short to carry Homa's mark");
}

#[test]
fn what_cannot_be_written_is_refused() {
    let mixed = header("10.0.0.1", "fd00::3");
    let (from, to) = (mixed.source, mixed.destination);
    let mut out = [0; 80];
    let write = |header: &IpHeader, payload: &[u8], out: &mut [u8]| {
        wire::encode_ip(header, &PACKET, payload, Version::Linux, out).unwrap_err()
    };
    assert_eq!(write(&mixed, &[], &mut out), EncodeError::MixedFamilies { from, to });
    let v6 = header("fd00::1", "fd00::3");
    let labelled = IpHeader { flow_label: 1 << 20, ..v6 };
    assert_eq!(write(&labelled, &[], &mut out), EncodeError::FlowLabel { label: 1 << 20 });
    assert_eq!(write(&v6, &[0], &mut out), EncodeError::PayloadLength { len: 1, expected: 0 });
    assert_eq!(write(&v6, &[], &mut out[..39]), EncodeError::BufferTooSmall { len: 39, need: 40 });
    assert_eq!(write(&v6, &[], &mut out[..67]), EncodeError::BufferTooSmall { len: 67, need: 68 });
    assert_eq!(v6.encode(65_536, &mut out), Err(EncodeError::TooLong { len: 65_536, max: 65_535 }));
    let v4 = header("10.0.0.1", "10.0.0.3");
    assert_eq!(v4.encode(65_516, &mut out), Err(EncodeError::TooLong { len: 65_516, max: 65_515 }));
    assert_eq!(v4.encode(65_515, &mut out), Ok(20));
    assert_eq!(wire::fill_checksum(&mut out, from, to), Err(EncodeError::MixedFamilies { from, to }));
    assert!(!wire::verify_checksum(&out, from, to));
    assert_eq!(wire::fill_checksum(&mut out[..27], from, from), Err(EncodeError::BufferTooSmall { len: 27, need: 28 }));
}

#[test]
fn what_is_too_short_for_a_packet_has_no_valid_checksum() {
    let nowhere = IpAddr::from([0, 0, 0, 0]);
    // With the pseudo header, whose protocol 6 and length 2 make 8, the sum is 0xFFFF: that of valid packets.
    assert!(!wire::verify_checksum(&[0xFF, 0xF7], nowhere, nowhere));
}
