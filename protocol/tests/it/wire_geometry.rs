//! A message is cut into units and packets at the offsets that Linux chooses, and their bytes are counted as it counts.

use homa_protocol::wire::{self, Family, Geometry, GeometryError};
use homa_protocol::{AckEntry, Data, Header, OffsetForm, Port, Replicated, RpcId};

const UNIT: Data = Data {
    header: Header { sport: Port::new(32_768), dport: Port::new(99), sender_id: RpcId::new(2) },
    message_length: 60_000,
    incoming: 40_000,
    ack: Some(AckEntry { client_id: RpcId::new(4), server_port: Port::new(99) }),
    cutoff_version: 1,
    retransmit: false,
    offset: 8_544,
    length: 3_000,
    form: OffsetForm::Sequence,
    replicated: Replicated::AllButSegmentHeader,
};

/// The lengths of all units of a message.
fn unit_lengths(geometry: &Geometry, message_length: u32, unscheduled: u32) -> Vec<u32> {
    let mut offset = 0;
    let mut lengths = Vec::new();
    while offset < message_length {
        let unit = geometry.unit_at(offset, message_length, unscheduled);
        assert_eq!(unit.start, offset);
        lengths.push(unit.end - unit.start);
        offset = unit.end;
    }
    lengths
}

#[test]
fn a_message_of_60000_bytes_is_cut_at_the_unscheduled_limit() {
    let geometry = Geometry::new(1_500, Family::V4, 0, 65_536, false).unwrap();
    let mut expected = vec![1_424; 28];
    expected.push(128);
    expected.extend([1_424; 14]);
    expected.push(64);
    assert_eq!(unit_lengths(&geometry, 60_000, 40_000), expected);
}

#[test]
fn a_message_below_the_unscheduled_limit_is_cut_only_at_full_packets() {
    let geometry = Geometry::new(1_500, Family::V4, 0, 65_536, false).unwrap();
    assert_eq!(unit_lengths(&geometry, 3_000, 40_000), [1_424, 1_424, 152]);
    assert_eq!(unit_lengths(&geometry, 3_000, 3_000), [1_424, 1_424, 152]);
}

#[test]
fn units_of_several_packets_end_at_the_unscheduled_limit_too() {
    let geometry = Geometry::new(1_500, Family::V4, 10_000, 65_536, false).unwrap();
    assert_eq!(unit_lengths(&geometry, 60_000, 40_000), [8_544, 8_544, 8_544, 8_544, 5_824, 8_544, 8_544, 2_912]);
}

#[test]
fn hijacked_units_have_no_segment_headers() {
    let geometry = |mtu, family| Geometry::new(mtu, family, 100_000, 65_536, true).unwrap();
    assert_eq!(geometry(1_500, Family::V4).segments_per_unit(), (65_536 - 76) / 1_424);
    assert_eq!(geometry(9_000, Family::V6).segments_per_unit(), (65_536 - 96) / 8_904);
    // One byte of room more or less decides: 5 segments of 1424 bytes and 76 bytes of headers.
    let exact = |max_gso_size| Geometry::new(1_500, Family::V4, max_gso_size, 65_536, true).unwrap();
    assert_eq!((exact(7_196).segments_per_unit(), exact(7_195).segments_per_unit()), (5, 4));
    // Native, the segment headers take 4 bytes each and the others 72.
    let native = |max_gso_size| Geometry::new(1_500, Family::V4, max_gso_size, 65_536, false).unwrap();
    assert_eq!((native(7_212).segments_per_unit(), native(7_211).segments_per_unit()), (5, 4));
}

#[test]
fn a_unit_is_at_least_one_packet() {
    for device_gso_max_size in [0, 1_000, 65_536] {
        let geometry = Geometry::new(9_000, Family::V4, 0, device_gso_max_size, false).unwrap();
        assert_eq!((geometry.segments_per_unit(), geometry.max_gso_data()), (1, 8_924));
    }
}

#[test]
fn an_mtu_that_headers_fill_is_refused() {
    let new = |mtu, family| Geometry::new(mtu, family, 0, 65_536, false).map(|geometry| geometry.max_seg_data());
    assert_eq!(new(76, Family::V4), Err(GeometryError::MtuTooSmall { mtu: 76, min: 77 }));
    assert_eq!(new(77, Family::V4), Ok(1));
    assert_eq!(new(96, Family::V6), Err(GeometryError::MtuTooSmall { mtu: 96, min: 97 }));
    assert_eq!(new(97, Family::V6), Ok(1));
    assert_eq!(new(0, Family::V4), Err(GeometryError::MtuTooSmall { mtu: 0, min: 77 }));
}

#[test]
fn packets_of_a_native_unit_have_their_offsets_in_the_segment_headers() {
    let form = OffsetForm::Segment { unit_offset: 8_544 };
    let packets: Vec<_> = wire::segments(&UNIT, 1_424, false).collect();
    let expected = [(8_544, 1_424), (9_968, 1_424), (11_392, 152)].map(|(offset, length)| Data {
        offset,
        length,
        form,
        replicated: Replicated::AllButSegmentHeader,
        ..UNIT
    });
    assert_eq!(packets, expected);
}

#[test]
fn packets_of_a_hijacked_unit_have_their_offsets_in_the_sequence_field() {
    let packets: Vec<_> = wire::segments(&UNIT, 1_424, true).collect();
    let expected = [(8_544, 1_424), (9_968, 1_424), (11_392, 152)].map(|(offset, length)| Data {
        offset,
        length,
        form: OffsetForm::Sequence,
        replicated: Replicated::Whole,
        ..UNIT
    });
    assert_eq!(packets, expected);
}

#[test]
fn a_hijacked_unit_that_carries_its_offset_twice_is_cut_into_such_packets() {
    let unit = Data { form: OffsetForm::Both, ..UNIT };
    assert!(wire::segments(&unit, 1_424, true).all(|packet| packet.form == OffsetForm::Both));
}

#[test]
fn a_unit_of_one_packet_is_that_packet() {
    for form in [OffsetForm::Sequence, OffsetForm::Both, OffsetForm::Segment { unit_offset: 7 }] {
        for length in [1, 1_424] {
            let unit = Data { form, length, ..UNIT };
            assert_eq!(wire::segments(&unit, 1_424, false).collect::<Vec<_>>(), [unit]);
            assert_eq!(wire::segments(&unit, 1_424, true).collect::<Vec<_>>(), [unit]);
        }
    }
}

#[test]
fn a_unit_without_payload_is_one_packet() {
    let geometry = Geometry::new(1_500, Family::V4, 10_000, 65_536, false).unwrap();
    assert_eq!([0, 1, geometry.max_seg_data() + 1].map(|length| geometry.segment_count(length)), [1, 1, 2]);
    let unit = Data { length: 0, ..UNIT };
    for hijack in [false, true] {
        assert_eq!(wire::segments(&unit, 1_424, hijack).collect::<Vec<_>>(), [unit]);
    }
}

#[test]
fn the_old_pacer_counts_42_bytes_around_each_packet() {
    assert_eq!(wire::pacer_bytes(1_424, 1, Family::V4), 1_424 + 56 + 20 + 42);
    assert_eq!(wire::pacer_bytes(8_544, 6, Family::V4), 8_544 + 6 * (56 + 20 + 42));
    assert_eq!(wire::pacer_bytes(100, 1, Family::V6), 100 + 56 + 40 + 42);
}

#[test]
fn the_qdisc_counts_the_frames_that_a_unit_becomes() {
    assert_eq!(wire::qdisc_bytes(1_424, 1, Family::V4), 1_514);
    // The unit as one frame (14 + 20 + 52 bytes, and 4 + 1424 for each segment), and 86 bytes for each further segment.
    assert_eq!(wire::qdisc_bytes(8_544, 6, Family::V4), (86 + 6 * 1_428) + 5 * 86);
    let frames: u32 = wire::segments(&UNIT, 1_404, false)
        .map(|packet| wire::frame_bytes(wire::homa_bytes(&homa_protocol::Packet::Data(packet)) as u32, Family::V6))
        .sum();
    let geometry = Geometry::new(1_500, Family::V6, 10_000, 65_536, false).unwrap();
    assert_eq!(wire::qdisc_bytes(UNIT.length, geometry.segment_count(UNIT.length), Family::V6), frames);
}
