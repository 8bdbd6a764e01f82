//! Conformance cases 1 to 8: sizes, reference packets, offsets, acceptance, padding, geometry, hijacked packets.

use core::net::{IpAddr, Ipv4Addr};
use homa_protocol::wire::{self, DecodeError, DropCounter, Family, Geometry, IpHeader, Version};
use homa_protocol::{
    Ack, AckEntry, Cutoffs, Data, Grant, Header, OffsetForm, Packet, PacketType, Port, Replicated, Resend, ResendRange,
    RpcId,
};
use homa_units::Priority;

const CLIENT: IpAddr = IpAddr::V4(Ipv4Addr::new(10, 0, 0, 1));
const SERVER: IpAddr = IpAddr::V4(Ipv4Addr::new(10, 0, 0, 3));

fn header(sport: u16, dport: u16, sender_id: u64) -> Header {
    Header { sport: Port::new(sport), dport: Port::new(dport), sender_id: RpcId::new(sender_id) }
}

/// A one-packet request of this many bytes.
fn request(length: u32) -> Data {
    Data {
        header: header(32_774, 99, 1_020),
        message_length: length,
        incoming: length,
        ack: None,
        cutoff_version: 0,
        retransmit: false,
        offset: 0,
        length,
        form: OffsetForm::Sequence,
        replicated: Replicated::Whole,
    }
}

/// The reference packets of spec 2.10: bytes in hex, and fields. Payload is not part of the bytes.
fn references() -> [(&'static str, Packet); 9] {
    let retransmitted = Data {
        header: header(99, 32_780, 1_067),
        message_length: 500_000,
        incoming: 272_112,
        cutoff_version: 1,
        retransmit: true,
        offset: 216_576,
        length: 1_424,
        form: OffsetForm::Both,
        ..request(0)
    };
    let resend = Resend {
        header: header(32_780, 99, 1_066),
        range: ResendRange::Bytes { offset: 216_576, length: 55_536 },
        priority: Priority::new(7),
    };
    let cutoffs = Cutoffs {
        header: header(99, 32_774, 1_021),
        unsched_cutoffs: [0, 0, 0, 0, 1_000_000, 15_000, 2_800, 200],
        cutoff_version: 1,
    };
    let acked = AckEntry { client_id: RpcId::new(1_024), server_port: Port::new(99) };
    let grant = Grant { header: header(32_779, 99, 1_064), offset: 60_000, priority: Priority::LOWEST };
    [
        (
            "80060063 00000000 00000010 e0060000 d801b97d 00000000000003fc 00000064 00000064 0000000000000000 \
             0000 0000 00 000000 ffffffff",
            Packet::Data(request(100)),
        ),
        (
            "0063800c 00034e00 00000010 e0060000 2aa3b97d 000000000000042b 0007a120 000426f0 0000000000000000 \
             0000 0001 01 000000 00034e00",
            Packet::Data(retransmitted),
        ),
        ("800b0063 00000000 00000011 50060000 7348b97d 0000000000000428 0000ea60 00", Packet::Grant(grant)),
        ("800c0063 00000000 00000012 50060000 2fadb97d 000000000000042a 00034e00 0000d8f0 07", Packet::Resend(resend)),
        (
            "0063800e 00000000 00000013 50060000 5dbab97d 0000000000000417",
            Packet::RpcUnknown(header(99, 32_782, 1_047)),
        ),
        ("0063800b 00000000 00000014 50060000 5dc2b97d 0000000000000411", Packet::Busy(header(99, 32_779, 1_041))),
        (
            "00638006 00000000 00000015 50060000 d517b97d 00000000000003fd 00000000 00000000 00000000 00000000 \
             000f4240 00003a98 00000af0 000000c8 0001",
            Packet::Cutoffs(cutoffs),
        ),
        ("00638006 00000000 00000017 50060000 5dd4b97d 0000000000000401", Packet::NeedAck(header(99, 32_774, 1_025))),
        (
            "80060063 00000000 00000018 50060000 593cb97d 0000000000000400 0001 0000000000000400 0063 \
             00000000000000000000 00000000000000000000 00000000000000000000 00000000000000000000",
            Packet::Ack(Ack::new(header(32_774, 99, 1_024), &[acked])),
        ),
    ]
}

fn from_hex(hex: &str) -> Vec<u8> {
    let digits: Vec<u8> = hex.chars().filter_map(|digit| digit.to_digit(16)).map(|digit| digit as u8).collect();
    digits.chunks(2).map(|pair| pair[0] << 4 | pair[1]).collect()
}

/// The packet's bytes, without payload and with checksum 0.
fn encoded(packet: &Packet) -> Vec<u8> {
    let mut bytes = vec![0xFF; wire::MAX_HEADER_BYTES];
    let length = wire::encode_header(packet, Version::Linux, &mut bytes).unwrap();
    bytes.truncate(length);
    bytes
}

/// Bytes of a DATA packet with these numbers in `sequence` and the segment header, and 100 bytes of payload.
fn data_bytes(sequence: u32, seg_offset: u32) -> Vec<u8> {
    let mut bytes = encoded(&Packet::Data(request(100)));
    bytes[4..8].copy_from_slice(&sequence.to_be_bytes());
    bytes[52..56].copy_from_slice(&seg_offset.to_be_bytes());
    bytes.resize(156, 0);
    bytes
}

/// A hijacked NEED_ACK as an IP packet.
fn hijacked() -> Vec<u8> {
    let ip = IpHeader::new(SERVER, CLIENT, Priority::HIGHEST, true);
    let mut bytes = vec![0; 48];
    let packet = Packet::NeedAck(header(99, 32_774, 1_025));
    assert_eq!(wire::encode_ip(&ip, &packet, &[], Version::Linux, &mut bytes), Ok(48));
    bytes
}

#[test]
fn case_01_frame_sizes() {
    let frame = |packet: &Packet| wire::frame_bytes(wire::homa_bytes(packet) as u32, Family::V4);
    assert_eq!(frame(&Packet::Data(request(1_424))), 1_514);
    let sizes = references().map(|(_, packet)| (packet.packet_type(), frame(&packet)));
    assert_eq!(
        sizes[2..],
        [
            (PacketType::Grant, 67),
            (PacketType::Resend, 71),
            (PacketType::RpcUnknown, 62),
            (PacketType::Busy, 62),
            (PacketType::Cutoffs, 96),
            (PacketType::NeedAck, 62),
            (PacketType::Ack, 114),
        ]
    );
}

#[test]
fn case_02_reference_packets() {
    for (hex, packet) in references() {
        let reference = from_hex(hex);
        let mut bytes = encoded(&packet);
        match packet {
            // DATA's checksum covers the payload, which the reference leaves out; that of recorded frames is verified
            // where the captures are read.
            Packet::Data(data) => {
                bytes[16..18].copy_from_slice(&reference[16..18]);
                let mut with_payload = reference.clone();
                with_payload.resize(reference.len() + data.length as usize, 0);
                assert_eq!(wire::decode(&with_payload, Version::Linux), Ok(packet));
            }
            _ => {
                wire::fill_checksum(&mut bytes, CLIENT, SERVER).unwrap();
                assert_eq!(wire::decode(&reference, Version::Linux), Ok(packet));
                assert!(wire::verify_checksum(&reference, SERVER, CLIENT));
            }
        }
        assert_eq!(bytes, reference, "{packet:?}");
    }
}

#[test]
fn case_03_offset_minus_one() {
    let decoded = |sequence, seg_offset| match wire::decode(&data_bytes(sequence, seg_offset), Version::Linux) {
        Ok(Packet::Data(data)) => (data.offset, data.form),
        other => panic!("{other:?} is no DATA"),
    };
    assert_eq!(decoded(2_848, u32::MAX), (2_848, OffsetForm::Sequence));
    assert_eq!(decoded(9_999, 2_848), (2_848, OffsetForm::Segment { unit_offset: 9_999 }));
    assert_eq!(decoded(2_848, 2_848), (2_848, OffsetForm::Both));
}

#[test]
fn case_04_short_packets() {
    let needs = [
        (PacketType::Data, 56),
        (PacketType::Grant, 33),
        (PacketType::Resend, 37),
        (PacketType::RpcUnknown, 28),
        (PacketType::Busy, 28),
        (PacketType::Cutoffs, 62),
        (PacketType::Freeze, 28),
        (PacketType::NeedAck, 28),
        (PacketType::Ack, 80),
    ];
    for (packet_type, need) in needs {
        let mut bytes = vec![0; need];
        bytes[11] = packet_type.code();
        assert_eq!(wire::decode(&bytes, Version::Linux).map(|packet| packet.packet_type()), Ok(packet_type));
        let what = if need > 28 { packet_type.name() } else { "Homa packet" };
        let error = wire::decode(&bytes[..need - 1], Version::Linux).unwrap_err();
        assert_eq!(error, DecodeError::TooShort { what, len: need - 1, need });
        assert_eq!(error.counter(), Some(DropCounter::ShortPackets));
    }
    let (hex, grant) = references()[2];
    let mut bytes = from_hex(hex);
    bytes.resize(60, 0xFF);
    assert_eq!(wire::decode(&bytes, Version::Linux), Ok(grant), "excess is ignored");
    assert!(wire::decode(&[], Version::Linux).is_err());
}

#[test]
fn case_05_types() {
    let decoded = |code| {
        let mut bytes = [0; 80];
        bytes[11] = code;
        wire::decode(&bytes, Version::Linux)
    };
    for code in [0, 0x0F, 0x19, 0xFF] {
        assert_eq!(decoded(code), Err(DecodeError::UnknownType { code }));
        assert_eq!(decoded(code).unwrap_err().counter(), Some(DropCounter::ShortPackets));
    }
    assert_eq!(decoded(0x16), Ok(Packet::Freeze(header(0, 0, 0))));
}

#[test]
fn case_06_padding() {
    let ip = IpHeader::new(CLIENT, SERVER, Priority::new(6), false);
    let packet = Packet::Data(request(100));
    let payload = [7; 100];
    let mut bytes = [0xEE; 500];
    assert_eq!(wire::encode_ip(&ip, &packet, &payload, Version::Linux, &mut bytes), Ok(176));
    assert_eq!(wire::decode_ip(&bytes, Version::Linux), Ok((ip, packet, &payload[..])));
}

#[test]
fn case_07_geometry() {
    let geometry = |mtu, family, max_gso_size| Geometry::new(mtu, family, max_gso_size, 65_536, false).unwrap();
    let rows = [
        (1_500, Family::V4, 1_424, [(0, 1), (10_000, 6), (100_000, 45)]),
        (1_500, Family::V6, 1_404, [(0, 1), (10_000, 7), (100_000, 46)]),
        (3_000, Family::V4, 2_924, [(0, 1), (10_000, 3), (100_000, 22)]),
        (9_000, Family::V4, 8_924, [(0, 1), (10_000, 1), (100_000, 7)]),
        (9_000, Family::V6, 8_904, [(0, 1), (10_000, 1), (100_000, 7)]),
    ];
    for (mtu, family, max_seg_data, units) in rows {
        for (max_gso_size, segments) in units {
            let geometry = geometry(mtu, family, max_gso_size);
            assert_eq!(geometry.max_seg_data(), max_seg_data);
            assert_eq!(geometry.segments_per_unit(), segments, "mtu {mtu} {family:?} max_gso_size {max_gso_size}");
            assert_eq!(geometry.max_gso_data(), segments * max_seg_data);
        }
    }
    assert_eq!(geometry(1_500, Family::V4, 10_000).max_gso_data(), 8_544);
}

#[test]
fn case_08_hijack_detection() {
    let bytes = hijacked();
    let (ip, packet, _) = wire::decode_ip(&bytes, Version::Linux).unwrap();
    assert_eq!((ip.protocol, packet), (6, Packet::NeedAck(header(99, 32_774, 1_025))));
    let (flags, urgent) = (20 + 13, 20 + 18);
    let mut syn = bytes.clone();
    syn[flags] = 2;
    assert_eq!(wire::decode_ip(&syn, Version::Linux), Err(DecodeError::NotHoma { protocol: 6 }));
    let mut not_urgent = bytes;
    not_urgent[urgent..urgent + 2].fill(0);
    assert_eq!(wire::decode_ip(&not_urgent, Version::Linux), Err(DecodeError::NotHoma { protocol: 6 }));
}
