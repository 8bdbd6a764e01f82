//! Every frame that Linux sent decodes to what the recording's own decoder found, and encodes to the same bytes again.

use crate::captures::{self, Capture, Frame};
use homa_protocol::wire::{self, DecodeError, Family, IcmpKind, IpHeader, Version};
use homa_protocol::{AckEntry, Data, OffsetForm, Packet, PacketType, Replicated, ResendRange};
use std::collections::BTreeMap;

const ETHERNET_BYTES: usize = wire::ETH_HEADER_BYTES as usize;

/// The network card model of the recordings sends, after some units of several segments, a frame with the replicated
/// headers and nothing else. It is no packet of Homa's; receivers drop it as too short.
const RUNT: &str = "truncated DATA: 52 bytes after IP header";

/// What a frame is.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    Homa(PacketType),
    Runt,
    Icmp(IcmpKind),
}

/// Sorts a frame by looking at its bytes only.
fn kind(frame: &Frame) -> Kind {
    let bytes = frame.extended();
    let (ethernet, ip) = bytes.split_at(ETHERNET_BYTES);
    let (header, payload) = IpHeader::decode(ip).expect("every frame is an IP packet");
    assert_eq!(ethernet[12..], if header.source.is_ipv4() { [0x08, 0x00] } else { [0x86, 0xDD] });
    match header.protocol {
        1 => Kind::Icmp(wire::decode_icmp(payload, Family::V4).expect("an ICMP error about Homa").kind),
        58 => Kind::Icmp(wire::decode_icmp(payload, Family::V6).expect("an ICMPv6 error about Homa").kind),
        _ => match wire::decode_ip(ip, Version::Linux) {
            Ok((_, packet, _)) => Kind::Homa(packet.packet_type()),
            Err(error) => {
                assert_eq!(error, DecodeError::TooShort { what: "DATA", len: 52, need: 56 });
                Kind::Runt
            }
        },
    }
}

/// All Homa packets: the capture's name, the frame, and its IP packet with zeros where bytes were not kept.
fn homa_packets(captures: &[Capture]) -> impl Iterator<Item = (&str, &Frame, Vec<u8>)> {
    let frames = captures.iter().flat_map(|capture| capture.frames.iter().map(|frame| (&*capture.name, frame)));
    frames
        .filter(|(_, frame)| matches!(kind(frame), Kind::Homa(_)))
        .map(|(name, frame)| (name, frame, frame.extended().split_off(ETHERNET_BYTES)))
}

#[test]
fn every_frame_is_of_a_known_kind() {
    let mut counts = BTreeMap::new();
    let captures = captures::all();
    for frame in captures.iter().flat_map(|capture| &capture.frames) {
        *counts.entry(kind(frame)).or_insert(0) += 1;
    }
    let homa = [
        (PacketType::Data, 7_758),
        (PacketType::Grant, 2_487),
        (PacketType::Resend, 452),
        (PacketType::RpcUnknown, 3),
        (PacketType::Busy, 130),
        (PacketType::Cutoffs, 6),
        (PacketType::NeedAck, 785),
        (PacketType::Ack, 91),
    ];
    let mut expected: BTreeMap<Kind, i32> = homa.map(|(kind, count)| (Kind::Homa(kind), count)).into();
    expected.insert(Kind::Runt, 8);
    expected.insert(Kind::Icmp(IcmpKind::PortUnreachable), 21);
    expected.insert(Kind::Icmp(IcmpKind::ProtocolUnreachable), 1);
    assert_eq!(counts, expected);
    assert_eq!(counts.values().sum::<i32>(), 11_742);
    assert_eq!(captures.len(), 60);
}

#[test]
fn every_homa_packet_encodes_to_the_bytes_that_linux_sent() {
    let captures = captures::all();
    let (mut whole, mut cut) = (0, 0);
    for (name, frame, ip) in homa_packets(&captures) {
        let (header, packet, payload) = wire::decode_ip(&ip, Version::Linux).unwrap();
        let mut again = vec![0xFF; ip.len()];
        assert_eq!(wire::encode_ip(&header, &packet, payload, Version::Linux, &mut again), Ok(ip.len()));
        let mut kept = frame.captured[ETHERNET_BYTES..].to_vec();
        if frame.is_whole() {
            whole += 1;
        } else {
            // The checksum depends on the bytes that were not kept.
            cut += 1;
            let checksum = ip.len() - wire::homa_bytes(&packet) + 16;
            kept[checksum..checksum + 2].fill(0);
            again[checksum..checksum + 2].fill(0);
        }
        assert_eq!(again[..kept.len()], kept, "{name} at {} ns: {packet:?}", frame.sent_ns);
    }
    assert_eq!((whole, cut), (4_513, 7_199));
}

#[test]
fn every_checksum_that_linux_sent_is_right() {
    let captures = captures::all();
    let mut verified = 0;
    for (name, frame, ip) in homa_packets(&captures).filter(|(_, frame, _)| frame.is_whole()) {
        let (header, homa) = IpHeader::decode(&ip).unwrap();
        assert!(wire::verify_checksum(homa, header.source, header.destination), "{name} at {} ns", frame.sent_ns);
        verified += 1;
    }
    assert_eq!(verified, 4_513);
}

#[test]
fn every_decoded_field_is_what_the_tables_say() {
    let captures = captures::all();
    let mut compared = 0;
    for (name, frame, ip) in homa_packets(&captures) {
        for (column, value) in columns(&ip) {
            assert_eq!(value, frame.column(column), "{column} in {name} at {} ns", frame.sent_ns);
            compared += 1;
        }
        assert_eq!(frame.column("len_on_wire"), frame.original_bytes.to_string());
        let micros: f64 = frame.column("t_us").parse().unwrap();
        let sent_us = frame.sent_ns as f64 / 1_000.0;
        assert!((micros - sent_us).abs() <= 0.051, "{name}: sent at {sent_us}, the table says {micros}");
    }
    assert_eq!(compared, 11_712 * 34);
}

#[test]
fn the_only_frames_that_are_neither_homa_nor_icmp_are_runts() {
    let captures = captures::all();
    let mut runts = 0;
    for capture in &captures {
        for frame in &capture.frames {
            let is_runt = kind(frame) == Kind::Runt;
            assert_eq!(is_runt, frame.column("note") == RUNT, "{} at {} ns", capture.name, frame.sent_ns);
            assert!(!is_runt || capture.name.starts_with("15a-tso"));
            runts += usize::from(is_runt);
        }
    }
    assert_eq!(runts, 8);
}

#[test]
fn icmp_errors_are_built_as_linux_builds_them() {
    let captures = captures::all();
    let mut rebuilt = 0;
    for frame in captures.iter().flat_map(|capture| &capture.frames) {
        let Kind::Icmp(icmp_kind) = kind(frame) else { continue };
        let (header, message) = IpHeader::decode(&frame.captured[ETHERNET_BYTES..]).unwrap();
        let icmp = wire::decode_icmp(message, Family::of(header.source)).unwrap();
        assert_eq!((icmp.destination, header.destination.to_string()), (header.source, frame.column("dst").to_owned()));
        assert_eq!(frame.column("type"), format!("ICMP_{}_{}", message[0], message[1]));
        let ports = icmp.ports.expect("Linux quotes ports");
        if header.source.is_ipv4() {
            assert_eq!(ports.sport.to_string(), frame.column("sport"));
            assert_eq!(ports.dport.to_string(), frame.column("dport"));
        }
        if icmp_kind == IcmpKind::PortUnreachable {
            let mut again = [0; wire::MAX_ICMP_BYTES];
            let length = wire::encode_port_unreachable(&message[8..], &mut again).unwrap();
            assert_eq!(again[..length], *message);
            rebuilt += 1;
        }
    }
    assert_eq!(rebuilt, 21);
}

/// The columns of the table for this packet, except those that are about the frame and its way.
fn columns(ip: &[u8]) -> Vec<(&'static str, String)> {
    let (header, homa) = IpHeader::decode(ip).unwrap();
    let (_, packet, payload) = wire::decode_ip(ip, Version::Linux).unwrap();
    let common = packet.header();
    let doff = match packet {
        Packet::Data(Data { replicated: Replicated::Whole, .. }) => 14,
        Packet::Data(Data { replicated: Replicated::AllButSegmentHeader, .. }) => 13,
        _ => 5,
    };
    let mut columns = vec![
        ("src", header.source.to_string()),
        ("dst", header.destination.to_string()),
        ("vlan_pcp_or_dscp", (header.traffic_class >> 2).to_string()),
        ("tos", (u32::from(header.priority().get()) << 5).to_string()),
        ("ip_proto", header.protocol.to_string()),
        ("sport", common.sport.to_string()),
        ("dport", common.dport.to_string()),
        ("type", packet.packet_type().name().to_owned()),
        ("sender_id", common.sender_id.to_string()),
        ("ip_len", ip.len().to_string()),
        ("doff", doff.to_string()),
        ("tcp_flags", homa[13].to_string()),
        ("window", "0".to_owned()),
        ("checksum", format!("{:04x}", u16::from_be_bytes([homa[16], homa[17]]))),
        ("urgent", format!("{:04x}", u16::from_be_bytes([homa[18], homa[19]]))),
    ];
    columns.extend(data_columns(&packet, payload));
    columns.extend(control_columns(&packet));
    columns
}

/// What a list of entries looks like in the tables.
fn entries(entries: impl Iterator<Item = AckEntry>) -> String {
    entries.map(|ack| format!("{}:{}", ack.client_id, ack.server_port)).collect::<Vec<_>>().join(" ")
}

fn data_columns(packet: &Packet, payload: &[u8]) -> [(&'static str, String); 10] {
    let Packet::Data(data) = packet else {
        return [
            ("data_offset", String::new()),
            ("data_len", String::new()),
            ("sequence", "0".to_owned()),
            ("seg_offset", String::new()),
            ("message_length", String::new()),
            ("incoming", String::new()),
            ("ack_client_id", String::new()),
            ("ack_server_port", String::new()),
            ("cutoff_version", String::new()),
            ("retransmit", String::new()),
        ];
    };
    let (sequence, seg_offset) = match data.form {
        OffsetForm::Sequence => (data.offset, -1),
        OffsetForm::Both => (data.offset, i64::from(data.offset)),
        OffsetForm::Segment { unit_offset } => (unit_offset, i64::from(data.offset)),
    };
    assert_eq!(payload.len(), data.length as usize);
    [
        ("data_offset", data.offset.to_string()),
        ("data_len", data.length.to_string()),
        ("sequence", sequence.to_string()),
        ("seg_offset", seg_offset.to_string()),
        ("message_length", data.message_length.to_string()),
        ("incoming", data.incoming.to_string()),
        ("ack_client_id", data.ack.map(|ack| ack.client_id.to_string()).unwrap_or_default()),
        ("ack_server_port", data.ack.map(|ack| ack.server_port.to_string()).unwrap_or_default()),
        ("cutoff_version", data.cutoff_version.to_string()),
        ("retransmit", u8::from(data.retransmit).to_string()),
    ]
}

fn control_columns(packet: &Packet) -> [(&'static str, String); 9] {
    let mut columns = [
        ("grant_offset", String::new()),
        ("grant_priority", String::new()),
        ("resend_offset", String::new()),
        ("resend_length", String::new()),
        ("resend_priority", String::new()),
        ("num_acks", String::new()),
        ("acks", String::new()),
        ("cutoffs", String::new()),
        ("cutoffs_version", String::new()),
    ];
    match packet {
        Packet::Grant(grant) => {
            columns[0].1 = grant.offset.to_string();
            columns[1].1 = grant.priority.get().to_string();
        }
        Packet::Resend(resend) => {
            (columns[2].1, columns[3].1) = match resend.range {
                ResendRange::Bytes { offset, length } => (offset.to_string(), length.to_string()),
                ResendRange::AllSent { offset } => (offset.to_string(), "-1".to_owned()),
            };
            columns[4].1 = resend.priority.get().to_string();
        }
        Packet::Ack(ack) => {
            columns[5].1 = ack.entries().count().to_string();
            columns[6].1 = entries(ack.entries());
        }
        Packet::Cutoffs(cutoffs) => {
            columns[7].1 = cutoffs.unsched_cutoffs.map(|cutoff| cutoff.to_string()).join(" ");
            columns[8].1 = cutoffs.cutoff_version.to_string();
        }
        _ => {}
    }
    columns
}
