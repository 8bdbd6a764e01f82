//! Any packet survives the way to bytes and back, no bytes panic, and the packets of a unit cover it exactly.

use core::net::IpAddr;
use homa_protocol::wire::{self, Family, Geometry, IpHeader, Version};
use homa_protocol::{
    Ack, AckEntry, Cutoffs, Data, Grant, Header, OffsetForm, Packet, PacketType, Port, Replicated, Resend, ResendRange,
    RpcId,
};
use homa_units::Priority;
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;

fn header() -> impl Strategy<Value = Header> {
    (any::<u16>(), any::<u16>(), any::<u64>()).prop_map(|(sport, dport, id)| Header {
        sport: Port::new(sport),
        dport: Port::new(dport),
        sender_id: RpcId::new(id),
    })
}

fn priority() -> impl Strategy<Value = Priority> {
    (0..8_u8).prop_map(Priority::new)
}

fn ack_entry() -> impl Strategy<Value = AckEntry> {
    (1..=u64::MAX, any::<u16>())
        .prop_map(|(id, port)| AckEntry { client_id: RpcId::new(id), server_port: Port::new(port) })
}

/// A form and an offset as decoding gives them: a unit's first packet has its offset in both places.
fn placement() -> impl Strategy<Value = (OffsetForm, u32)> {
    prop_oneof![
        any::<u32>().prop_map(|offset| (OffsetForm::Sequence, offset)),
        (0..u32::MAX).prop_map(|offset| (OffsetForm::Both, offset)),
        (any::<u32>(), 0..u32::MAX)
            .prop_filter("two different offsets", |(unit_offset, offset)| unit_offset != offset)
            .prop_map(|(unit_offset, offset)| (OffsetForm::Segment { unit_offset }, offset)),
    ]
}

fn data() -> impl Strategy<Value = Data> {
    let numbers = (any::<u32>(), any::<u32>(), any::<u16>(), 0..3_000_u32);
    (header(), numbers, placement(), option::of(ack_entry()), any::<bool>(), any::<bool>()).prop_map(
        |(header, (message_length, incoming, cutoff_version, length), (form, offset), ack, retransmit, whole)| Data {
            header,
            message_length,
            incoming,
            ack,
            cutoff_version,
            retransmit,
            offset,
            length,
            form,
            replicated: if whole { Replicated::Whole } else { Replicated::AllButSegmentHeader },
        },
    )
}

fn resend() -> impl Strategy<Value = Resend> {
    let range = prop_oneof![
        any::<u32>().prop_map(|offset| ResendRange::AllSent { offset }),
        (any::<u32>(), 0..u32::MAX).prop_map(|(offset, length)| ResendRange::Bytes { offset, length }),
    ];
    (header(), range, priority()).prop_map(|(header, range, priority)| Resend { header, range, priority })
}

fn packet() -> impl Strategy<Value = Packet> {
    prop_oneof![
        data().prop_map(Packet::Data),
        (header(), any::<u32>(), priority()).prop_map(|(header, offset, priority)| Packet::Grant(Grant {
            header,
            offset,
            priority
        })),
        resend().prop_map(Packet::Resend),
        (header(), any::<[u32; 8]>(), any::<u16>()).prop_map(|(header, unsched_cutoffs, cutoff_version)| {
            Packet::Cutoffs(Cutoffs { header, unsched_cutoffs, cutoff_version })
        }),
        (header(), vec(ack_entry(), 0..=5)).prop_map(|(header, entries)| Packet::Ack(Ack::new(header, &entries))),
        header().prop_map(Packet::RpcUnknown),
        header().prop_map(Packet::Busy),
        header().prop_map(Packet::Freeze),
        header().prop_map(Packet::NeedAck),
    ]
}

fn ip_header() -> impl Strategy<Value = IpHeader> {
    let addresses = prop_oneof![
        any::<[[u8; 4]; 2]>().prop_map(|[source, destination]| (IpAddr::from(source), IpAddr::from(destination))),
        any::<[[u8; 16]; 2]>().prop_map(|[source, destination]| (IpAddr::from(source), IpAddr::from(destination))),
    ];
    let fields = (any::<u8>(), any::<u8>(), any::<u16>(), any::<bool>(), 0..1_u32 << 20);
    (addresses, any::<bool>(), fields).prop_map(|((source, destination), hijack, fields)| {
        let (traffic_class, hop_limit, identification, dont_fragment, flow_label) = fields;
        let new = IpHeader::new(source, destination, Priority::LOWEST, hijack);
        match source {
            IpAddr::V4(_) => IpHeader { traffic_class, hop_limit, identification, dont_fragment, ..new },
            IpAddr::V6(_) => IpHeader { traffic_class, hop_limit, flow_label, ..new },
        }
    })
}

/// Bytes that are mostly noise but often enough begin like a packet.
fn bytes() -> impl Strategy<Value = Vec<u8>> {
    (vec(any::<u8>(), 0..200), option::of(0x0F..=0x19_u8)).prop_map(|(mut bytes, packet_type)| {
        if let (Some(place), Some(code)) = (bytes.get_mut(11), packet_type) {
            *place = code;
        }
        bytes
    })
}

/// The packet after a way to bytes and back.
fn again(packet: &Packet, version: Version) -> Packet {
    let length = if let Packet::Data(data) = packet { data.length as usize } else { 0 };
    let mut bytes = vec![0xFF; wire::MAX_HEADER_BYTES];
    let header_bytes = wire::encode_header(packet, version, &mut bytes).expect("it can be written");
    bytes.truncate(header_bytes);
    bytes.resize(header_bytes + length, 0xFF);
    wire::decode(&bytes, version).expect("it can be read")
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_packet_survives_the_way_to_bytes_and_back(packet in packet()) {
        prop_assert_eq!(again(&packet, Version::Linux), packet);
    }

    #[test]
    fn an_ip_packet_survives_with_header_payload_and_checksum(header in ip_header(), packet in packet(), fill: u8) {
        let length = if let Packet::Data(data) = &packet { data.length as usize } else { 0 };
        let payload = vec![fill; length];
        let mut bytes = vec![0; 4_000];
        let total = wire::encode_ip(&header, &packet, &payload, Version::Linux, &mut bytes).unwrap();
        let family = Family::of(header.source);
        prop_assert_eq!(total, family.ip_header_bytes() as usize + wire::homa_bytes(&packet));
        prop_assert_eq!(wire::decode_ip(&bytes, Version::Linux), Ok((header, packet, &payload[..])));
        let homa = &bytes[family.ip_header_bytes() as usize..total];
        prop_assert!(wire::verify_checksum(homa, header.source, header.destination));
        prop_assert!(wire::verify_checksum(homa, header.destination, header.source));
    }

    #[test]
    fn a_changed_bit_breaks_the_checksum(packet in packet(), at: prop::sample::Index, bit in 0..8_u32) {
        let (from, to) = (IpAddr::from([10, 0, 0, 1]), IpAddr::from([10, 0, 0, 3]));
        let mut homa = vec![0; wire::MAX_HEADER_BYTES];
        let length = wire::encode_header(&packet, Version::Linux, &mut homa).unwrap();
        homa.truncate(length);
        wire::fill_checksum(&mut homa, from, to).unwrap();
        prop_assert!(wire::verify_checksum(&homa, from, to));
        homa[at.index(length)] ^= 1 << bit;
        prop_assert!(!wire::verify_checksum(&homa, from, to));
    }

    #[test]
    fn bytes_that_decode_are_a_fixed_point(bytes in bytes()) {
        for version in [Version::Linux, Version::Stripped] {
            if let Ok(packet) = wire::decode(&bytes, version) {
                prop_assert_eq!(again(&packet, version), packet);
            }
        }
    }

    #[test]
    fn acceptance_depends_on_length_and_type_only(bytes in bytes()) {
        let accepted = bytes.len() >= 28
            && PacketType::from_code(bytes[11])
                .is_some_and(|packet_type| bytes.len() >= wire::header_bytes(packet_type, Version::Linux));
        prop_assert_eq!(wire::decode(&bytes, Version::Linux).is_ok(), accepted);
    }

    #[test]
    fn units_cover_a_message_and_packets_cover_a_unit(
        (mtu, max_gso_size, hijack) in (97..9_500_u32, 0..70_000_u32, any::<bool>()),
        (message_length, unscheduled) in (1..=100_000_u32, 0..=100_000_u32),
        unit in data(),
    ) {
        let geometry = Geometry::new(mtu, Family::V6, max_gso_size, 65_536, hijack).unwrap();
        let mut end = 0;
        while end < message_length {
            let range = geometry.unit_at(end, message_length, unscheduled);
            prop_assert_eq!(range.start, end);
            prop_assert!(range.end <= end + geometry.max_gso_data() && range.end <= message_length);
            prop_assert!(end >= unscheduled || range.end <= unscheduled);
            let unit = Data { offset: range.start, length: range.end - range.start, ..unit };
            let mut packets = 0;
            for packet in wire::segments(&unit, geometry.max_seg_data(), hijack) {
                prop_assert_eq!(packet.offset, end);
                prop_assert!((1..=geometry.max_seg_data()).contains(&packet.length));
                end += packet.length;
                packets += 1;
                prop_assert!(packet.length == geometry.max_seg_data() || end == range.end);
            }
            prop_assert_eq!(end, range.end);
            prop_assert_eq!(packets, geometry.segment_count(unit.length));
            prop_assert!(packets <= geometry.segments_per_unit());
        }
    }
}
