//! ICMP errors about Homa packets are understood as Linux understands them, other messages are refused, and the errors
//! that a node sends are the ones that the other side understands.

use core::net::IpAddr;
use homa_protocol::wire::{
    self, DecodeError, EncodeError, Family, IcmpError, IcmpKind, IpHeader, QuotedPorts, Version,
};
use homa_protocol::{Data, Header, OffsetForm, Packet, Port, Replicated, RpcId};
use homa_units::Priority;

const PORTS: QuotedPorts = QuotedPorts { sport: Port::new(32_768), dport: Port::new(99) };

fn address(text: &str) -> IpAddr {
    text.parse().unwrap()
}

/// A DATA packet with this much payload on its way from .1 to .3.
fn data(family: Family, length: u32, hijack: bool) -> Vec<u8> {
    let (from, to) = match family {
        Family::V4 => (address("10.0.0.1"), address("10.0.0.3")),
        Family::V6 => (address("fd00::1"), address("fd00::3")),
    };
    let packet = Packet::Data(Data {
        header: Header { sport: PORTS.sport, dport: PORTS.dport, sender_id: RpcId::new(2) },
        message_length: length,
        incoming: length,
        ack: None,
        cutoff_version: 0,
        retransmit: false,
        offset: 0,
        length,
        form: OffsetForm::Sequence,
        replicated: Replicated::Whole,
    });
    let header = IpHeader::new(from, to, Priority::HIGHEST, hijack);
    let mut bytes = vec![0; 2_000];
    let length =
        wire::encode_ip(&header, &packet, &vec![9; length as usize], Version::Linux, &mut bytes).expect("it fits");
    bytes.truncate(length);
    bytes
}

/// A message of this type and code that quotes `quoted`.
fn message(icmp_type: u8, code: u8, quoted: &[u8]) -> Vec<u8> {
    let mut bytes = vec![icmp_type, code, 0, 0, 0, 0, 0x05, 0xDC];
    bytes.extend(quoted);
    bytes
}

fn port_unreachable(packet: &[u8]) -> Vec<u8> {
    let mut out = vec![0xFF; wire::MAX_ICMP_BYTES];
    let length = wire::encode_port_unreachable(packet, &mut out).unwrap();
    out.truncate(length);
    out
}

#[test]
fn each_code_has_the_meaning_that_linux_gives_it() {
    let cases = [
        (Family::V4, 3, 0, IcmpKind::HostUnreachable),
        (Family::V4, 3, 1, IcmpKind::HostUnreachable),
        (Family::V4, 3, 2, IcmpKind::ProtocolUnreachable),
        (Family::V4, 3, 3, IcmpKind::PortUnreachable),
        (Family::V4, 3, 4, IcmpKind::FragmentationNeeded { mtu: 1_500 }),
        (Family::V4, 3, 13, IcmpKind::HostUnreachable),
        (Family::V6, 1, 3, IcmpKind::HostUnreachable),
        (Family::V6, 1, 4, IcmpKind::PortUnreachable),
        (Family::V6, 4, 1, IcmpKind::ProtocolUnreachable),
    ];
    for (family, icmp_type, code, kind) in cases {
        let destination = address(if family == Family::V4 { "10.0.0.3" } else { "fd00::3" });
        let bytes = message(icmp_type, code, &data(family, 100, false));
        assert_eq!(wire::decode_icmp(&bytes, family), Ok(IcmpError { kind, destination, ports: Some(PORTS) }));
    }
}

#[test]
fn messages_that_are_no_errors_for_homa_are_refused() {
    for (family, icmp_type, code) in [
        (Family::V4, 8, 0),
        (Family::V4, 11, 0),
        (Family::V4, 1, 4),
        (Family::V6, 1, 0),
        (Family::V6, 2, 0),
        (Family::V6, 3, 3),
        (Family::V6, 4, 0),
        (Family::V6, 128, 0),
    ] {
        let bytes = message(icmp_type, code, &data(family, 100, false));
        assert_eq!(wire::decode_icmp(&bytes, family), Err(DecodeError::NotAnError { icmp_type, code }));
    }
}

#[test]
fn a_message_that_quotes_the_other_version_of_ip_is_refused() {
    for (family, quoted, icmp_type, code, version) in
        [(Family::V4, Family::V6, 3, 3, 6), (Family::V6, Family::V4, 1, 4, 4)]
    {
        let bytes = message(icmp_type, code, &data(quoted, 100, false));
        assert_eq!(wire::decode_icmp(&bytes, family), Err(DecodeError::IpVersion { version }));
    }
}

#[test]
fn ports_are_known_if_four_bytes_of_the_packet_are_quoted() {
    let packet = data(Family::V4, 100, false);
    let ports = |quoted_bytes| wire::decode_icmp(&message(3, 3, &packet[..quoted_bytes]), Family::V4).unwrap().ports;
    assert_eq!((ports(20), ports(23)), (None, None));
    assert_eq!((ports(24), ports(28)), (Some(PORTS), Some(PORTS)));
}

#[test]
fn an_error_about_a_hijacked_packet_is_tcps_even_if_its_mark_is_quoted() {
    let packet = data(Family::V4, 100, true);
    for quoted in [&packet[..], &packet[..28]] {
        let error = wire::decode_icmp(&message(3, 3, quoted), Family::V4);
        assert_eq!(error, Err(DecodeError::NotHoma { protocol: 6 }));
    }
}

#[test]
fn quotes_that_are_no_homa_packets_are_refused() {
    let mut udp = data(Family::V4, 100, false);
    udp[9] = 17;
    let decode = |quoted: &[u8]| wire::decode_icmp(&message(3, 3, quoted), Family::V4).unwrap_err();
    assert_eq!(decode(&udp), DecodeError::NotHoma { protocol: 17 });
    assert_eq!(decode(&udp[..19]), DecodeError::Truncated { what: "quoted IPv4 header", len: 19, need: 20 });
    assert_eq!(decode(&[]), DecodeError::Truncated { what: "quoted IP packet", len: 0, need: 1 });
    assert_eq!(decode(&data(Family::V6, 100, false)), DecodeError::IpVersion { version: 6 });
    let short = DecodeError::Truncated { what: "ICMP message", len: 7, need: 8 };
    assert_eq!(wire::decode_icmp(&[3; 7], Family::V4), Err(short));
}

#[test]
fn the_other_side_understands_the_error_that_a_node_sends() {
    for family in [Family::V4, Family::V6] {
        for hijack in [false, true] {
            let error = wire::decode_icmp(&port_unreachable(&data(family, 100, hijack)), family).unwrap();
            assert_eq!((error.kind, error.ports), (IcmpKind::PortUnreachable, Some(PORTS)));
        }
    }
}

#[test]
fn an_error_quotes_no_more_than_every_host_can_receive() {
    assert_eq!(port_unreachable(&data(Family::V4, 1_424, false)).len(), 576 - 20);
    assert_eq!(port_unreachable(&data(Family::V6, 1_404, false)).len(), 1_280 - 40);
    assert_eq!(port_unreachable(&data(Family::V4, 10, false)).len(), 8 + 20 + 56 + 10);
}

#[test]
fn an_error_does_not_quote_the_padding_of_a_frame() {
    let mut packet = data(Family::V4, 10, false);
    let expected = port_unreachable(&packet);
    packet.resize(200, 0xEE);
    assert_eq!(port_unreachable(&packet), expected);
}

#[test]
fn a_hijacked_packet_is_quoted_as_a_native_one() {
    for (family, length) in [(Family::V4, 500), (Family::V6, 1_200)] {
        let native = port_unreachable(&data(family, length, false));
        assert_eq!(port_unreachable(&data(family, length, true)), native, "{family:?}");
    }
}

#[test]
fn what_is_no_ip_packet_cannot_be_quoted() {
    let mut out = [0; wire::MAX_ICMP_BYTES];
    let error = EncodeError::Quoted(DecodeError::IpVersion { version: 1 });
    assert_eq!(wire::encode_port_unreachable(&[0x10; 60], &mut out), Err(error));
    let packet = data(Family::V4, 10, false);
    let error = EncodeError::BufferTooSmall { len: 90, need: 94 };
    assert_eq!(wire::encode_port_unreachable(&packet, &mut out[..90]), Err(error));
}
