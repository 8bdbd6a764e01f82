//! A packet of each type prints itself in one line.

use homa_protocol::{
    Ack, AckEntry, Cutoffs, Data, Grant, Header, OffsetForm, Packet, PacketType, Port, Replicated, Resend, ResendRange,
    RpcId,
};
use homa_units::Priority;

const CLIENT: Header = Header { sport: Port::new(4321), dport: Port::new(99), sender_id: RpcId::new(1234) };

const DATA: Data = Data {
    header: CLIENT,
    message_length: 10_000,
    incoming: 60_000,
    ack: None,
    cutoff_version: 0,
    retransmit: false,
    offset: 1424,
    length: 1424,
    form: OffsetForm::Sequence,
    replicated: Replicated::Whole,
};

fn entry(id: u64) -> AckEntry {
    AckEntry { client_id: RpcId::new(id), server_port: Port::new(99) }
}

#[test]
fn data_says_where_its_payload_belongs() {
    assert_eq!(Packet::Data(DATA).to_string(), "DATA id=1234 4321>99 off=1424 len=1424/10000 inc=60000");
}

#[test]
fn data_says_at_the_end_what_few_packets_have() {
    let again = Data { retransmit: true, ..DATA };
    assert_eq!(again.to_string(), "DATA id=1234 4321>99 off=1424 len=1424/10000 inc=60000 retx");
    let form = OffsetForm::Segment { unit_offset: 0 };
    let all = Data { cutoff_version: 2, form, ack: Some(entry(1232)), ..again };
    let line = "DATA id=1234 4321>99 off=1424 len=1424/10000 inc=60000 cutoffs=v2 unit=0 ack=1232@99 retx";
    assert_eq!(all.to_string(), line);
}

#[test]
fn each_other_type_has_its_line() {
    let (header, priority) = (CLIENT.answer(), Priority::new(5));
    let resend = |range| Packet::Resend(Resend { header, range, priority });
    let unsched_cutoffs = [1_000_000, 60_000, 20_000, 10_000, 4_000, 1_500, 600, 200];
    let packets = [
        Packet::Grant(Grant { header, offset: 70_000, priority }),
        resend(ResendRange::Bytes { offset: 2848, length: 1424 }),
        resend(ResendRange::AllSent { offset: 0 }),
        Packet::RpcUnknown(header),
        Packet::Busy(header),
        Packet::Cutoffs(Cutoffs { header, unsched_cutoffs, cutoff_version: 2 }),
        Packet::Freeze(header),
        Packet::NeedAck(header),
        Packet::Ack(Ack::new(CLIENT, &[])),
        Packet::Ack(Ack::new(CLIENT, &[entry(1230), entry(1232)])),
    ];
    let lines = [
        "GRANT id=1235 99>4321 off=70000 prio=5",
        "RESEND id=1235 99>4321 off=2848 len=1424 prio=5",
        "RESEND id=1235 99>4321 off=0 len=all prio=5",
        "RPC_UNKNOWN id=1235 99>4321",
        "BUSY id=1235 99>4321",
        "CUTOFFS id=1235 99>4321 v2 1000000,60000,20000,10000,4000,1500,600,200",
        "FREEZE id=1235 99>4321",
        "NEED_ACK id=1235 99>4321",
        "ACK id=1234 4321>99",
        "ACK id=1234 4321>99 1230@99,1232@99",
    ];
    assert_eq!(packets.map(|packet| packet.to_string()), lines.map(str::to_owned));
}

#[test]
fn a_type_can_be_printed_as_a_column() {
    assert_eq!(format!("{:<9}|", PacketType::NeedAck), "NEED_ACK |");
}
