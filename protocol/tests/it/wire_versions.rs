//! The stripped version differs from the full one exactly as spec 12(a) says, and reserved values are not written.

use homa_protocol::wire::{self, DecodeError, DropCounter, EncodeError, IpHeader, Version};
use homa_protocol::{
    AckEntry, Cutoffs, Data, Grant, Header, OffsetForm, Packet, PacketType, Port, Replicated, Resend, ResendRange,
    RpcId,
};
use homa_units::Priority;

const HEADER: Header = Header { sport: Port::new(32_768), dport: Port::new(99), sender_id: RpcId::new(2) };

const DATA: Data = Data {
    header: HEADER,
    message_length: 60_000,
    incoming: 40_000,
    ack: None,
    cutoff_version: 3,
    retransmit: false,
    offset: 2_848,
    length: 0,
    form: OffsetForm::Sequence,
    replicated: Replicated::Whole,
};

const RESEND: Resend =
    Resend { header: HEADER, range: ResendRange::AllSent { offset: 0 }, priority: Priority::HIGHEST };

fn encoded(packet: &Packet, version: Version) -> Result<Vec<u8>, EncodeError> {
    let mut bytes = vec![0xFF; wire::MAX_HEADER_BYTES];
    let length = wire::encode_header(packet, version, &mut bytes)?;
    bytes.truncate(length);
    Ok(bytes)
}

#[test]
fn stripped_packets_have_no_flags_and_no_urgent_pointer() {
    let packet = Packet::Busy(HEADER);
    let (full, stripped) = (encoded(&packet, Version::Linux).unwrap(), encoded(&packet, Version::Stripped).unwrap());
    assert_eq!((full[13], &full[18..20]), (6, &[0xB9, 0x7D][..]));
    assert_eq!((stripped[13], &stripped[16..20]), (0, &[0; 4][..]));
    assert_eq!((full[12], stripped[12]), (0x50, 0x50));
}

#[test]
fn stripped_ip_packets_have_no_checksum() {
    let ip = IpHeader::new([10, 0, 0, 1].into(), [10, 0, 0, 3].into(), Priority::LOWEST, false);
    let mut bytes = [0xFF; 48];
    assert_eq!(wire::encode_ip(&ip, &Packet::Busy(HEADER), &[], Version::Stripped, &mut bytes), Ok(48));
    assert_eq!(bytes[20 + 16..20 + 18], [0, 0]);
    assert_eq!(wire::decode_ip(&bytes, Version::Stripped), Ok((ip, Packet::Busy(HEADER), &[][..])));
}

#[test]
fn stripped_data_carries_its_true_offset_and_no_incoming() {
    let bytes = encoded(&Packet::Data(DATA), Version::Stripped).unwrap();
    assert_eq!(bytes[4..8], 2_848_u32.to_be_bytes());
    assert_eq!(bytes[52..56], 2_848_u32.to_be_bytes());
    assert_eq!((&bytes[32..36], &bytes[46..48]), (&[0; 4][..], &[0; 2][..]));
    let decoded = Data { incoming: 60_000, cutoff_version: 0, form: OffsetForm::Both, ..DATA };
    assert_eq!(wire::decode(&bytes, Version::Stripped), Ok(Packet::Data(decoded)));
}

#[test]
fn the_stripped_version_takes_minus_one_literally() {
    let bytes = encoded(&Packet::Data(DATA), Version::Linux).unwrap();
    let Ok(Packet::Data(data)) = wire::decode(&bytes, Version::Stripped) else { panic!("it is DATA") };
    assert_eq!(data.offset, u32::MAX);
}

#[test]
fn a_stripped_resend_is_one_byte_shorter_and_too_short_for_the_full_version() {
    let bytes = encoded(&Packet::Resend(RESEND), Version::Stripped).unwrap();
    assert_eq!(bytes.len(), 36);
    let error = DecodeError::TooShort { what: "RESEND", len: 36, need: 37 };
    assert_eq!(wire::decode(&bytes, Version::Linux), Err(error));
    let decoded = Resend { priority: Priority::LOWEST, ..RESEND };
    assert_eq!(wire::decode(&bytes, Version::Stripped), Ok(Packet::Resend(decoded)));
    let full = encoded(&Packet::Resend(RESEND), Version::Linux).unwrap();
    assert_eq!(wire::decode(&full, Version::Stripped), Ok(Packet::Resend(decoded)), "37 bytes are accepted");
}

#[test]
fn the_stripped_version_drops_and_never_sends_the_types_of_the_full_one() {
    let packets = [
        Packet::Grant(Grant { header: HEADER, offset: 1, priority: Priority::LOWEST }),
        Packet::Cutoffs(Cutoffs { header: HEADER, unsched_cutoffs: [0; 8], cutoff_version: 1 }),
        Packet::Freeze(HEADER),
    ];
    for packet in packets {
        let packet_type = packet.packet_type();
        let error = wire::decode(&encoded(&packet, Version::Linux).unwrap(), Version::Stripped).unwrap_err();
        assert_eq!(error, DecodeError::UnknownType { code: packet_type.code() });
        assert_eq!(error.counter(), Some(DropCounter::UnknownPacketTypes));
        assert_eq!(encoded(&packet, Version::Stripped), Err(EncodeError::UnknownType { packet_type }));
    }
    let others = PacketType::ALL.into_iter().filter(|packet_type| Version::Stripped.has(*packet_type));
    assert_eq!(others.count(), 6);
}

#[test]
fn the_stripped_version_leaves_hijacked_packets_to_tcp() {
    let ip = IpHeader::new([10, 0, 0, 1].into(), [10, 0, 0, 3].into(), Priority::LOWEST, true);
    let mut bytes = [0; 48];
    wire::encode_ip(&ip, &Packet::Busy(HEADER), &[], Version::Linux, &mut bytes).unwrap();
    assert!(wire::decode_ip(&bytes, Version::Linux).is_ok());
    assert_eq!(wire::decode_ip(&bytes, Version::Stripped), Err(DecodeError::NotHoma { protocol: 6 }));
}

#[test]
fn levels_above_seven_become_seven() {
    let grant = Packet::Grant(Grant { header: HEADER, offset: 1, priority: Priority::HIGHEST });
    for (packet, at) in [(grant, 32), (Packet::Resend(RESEND), 36)] {
        let mut bytes = encoded(&packet, Version::Linux).unwrap();
        for level in [8, 9, 255] {
            bytes[at] = level;
            assert_eq!(wire::decode(&bytes, Version::Linux), Ok(packet));
        }
    }
}

#[test]
fn more_entries_than_an_ack_has_room_for_count_as_five() {
    let mut bytes = [0; 80];
    bytes[11] = PacketType::Ack.code();
    bytes[28..30].fill(0xFF);
    let Ok(Packet::Ack(ack)) = wire::decode(&bytes, Version::Linux) else { panic!("it is an ACK") };
    assert_eq!(ack.entries().count(), 5);
}

#[test]
fn values_that_mean_something_else_are_not_written() {
    let refused = |packet: Packet| match encoded(&packet, Version::Linux) {
        Err(EncodeError::Reserved { value, .. }) => value,
        other => panic!("{other:?} is no refusal"),
    };
    let minus_one = u64::from(u32::MAX);
    assert_eq!(refused(Packet::Data(Data { offset: u32::MAX, form: OffsetForm::Both, ..DATA })), minus_one);
    let range = ResendRange::Bytes { offset: 0, length: u32::MAX };
    assert_eq!(refused(Packet::Resend(Resend { range, ..RESEND })), minus_one);
    let ack = Some(AckEntry { client_id: RpcId::new(0), server_port: Port::new(99) });
    assert_eq!(refused(Packet::Data(Data { ack, ..DATA })), 0);
}

#[test]
fn a_buffer_that_is_too_small_is_refused() {
    let mut bytes = [0; 55];
    let error = EncodeError::BufferTooSmall { len: 55, need: 56 };
    assert_eq!(wire::encode_header(&Packet::Data(DATA), Version::Linux, &mut bytes), Err(error));
}

#[test]
fn more_than_an_ip_packet_carries_is_refused() {
    let mut bytes = encoded(&Packet::Data(DATA), Version::Linux).unwrap();
    bytes.resize(65_536, 0);
    assert_eq!(wire::decode(&bytes, Version::Linux), Err(DecodeError::TooLong { len: 65_536, max: 65_535 }));
    assert!(wire::decode(&bytes[..65_535], Version::Linux).is_ok());
}
