//! Packets of the vectors as packets of the core, and back.

use super::fields::{Fields, whole, word};
use homa_protocol::wire::{self, Family, Version};
use homa_protocol::{
    Ack, AckEntry, Cutoffs, Data, Grant, Header, OffsetForm, Packet, PacketType, PeerId, Port, Replicated, Resend,
    ResendRange, RpcId, Transmit,
};
use homa_units::Priority;
use serde_json::{Map, Value, json};

/// What arrives: a packet, or bytes that are none.
pub(super) enum Arrival {
    Packet(PeerId, Packet),
    Bytes(Vec<u8>),
}

/// The peer with this number and family; each pair is a host of its own.
pub(super) fn peer(number: u32, family: Family) -> PeerId {
    PeerId::new(2 * number + u32::from(family == Family::V6))
}

/// Number and family of a peer.
pub(super) fn number_of(peer: PeerId) -> (u32, u32) {
    (peer.get() / 2, if peer.get() % 2 == 1 { 6 } else { 4 })
}

pub(super) fn family(number: i128) -> Result<Family, String> {
    match number {
        4 => Ok(Family::V4),
        6 => Ok(Family::V6),
        other => Err(format!("family {other}; 4 or 6 is expected")),
    }
}

/// A packet that arrives.
pub(super) fn arrival(fields: Fields<'_>, version: Version) -> Result<Arrival, String> {
    let from = peer(fields.number("from")?, family(fields.whole("f")?)?);
    let header = Header {
        sport: Port::new(fields.number("sport")?),
        dport: Port::new(fields.number("dport")?),
        sender_id: RpcId::new(fields.long("id")?),
    };
    let Ok(name) = fields.text("t") else {
        return Ok(Arrival::Bytes(bytes_of(fields.number("t")?, wire::MAX_HEADER_BYTES)));
    };
    let mut packet = packet(fields, name, header, version)?;
    if !fields.has("hl") {
        return Ok(Arrival::Packet(from, packet));
    }
    let present: usize = fields.number("hl")?;
    let needed = wire::header_bytes(packet.packet_type(), version);
    if present >= needed {
        if let Packet::Data(data) = &mut packet {
            data.length = u32::try_from(present - needed).map_err(|_| format!("`hl` is {present}"))?;
        }
        return Ok(Arrival::Packet(from, packet));
    }
    Ok(Arrival::Bytes(bytes_of(packet.packet_type().code(), present)))
}

/// The first bytes of a packet of this type; what they say besides doesn't matter.
fn bytes_of(code: u8, count: usize) -> Vec<u8> {
    const TYPE: usize = 11;
    let mut bytes = vec![0; wire::MAX_HEADER_BYTES];
    bytes[TYPE] = code;
    bytes.truncate(count);
    bytes
}

fn packet(fields: Fields<'_>, name: &str, header: Header, version: Version) -> Result<Packet, String> {
    let level = |key| -> Result<Priority, String> { Ok(Priority::new(fields.number(key)?)) };
    Ok(match name {
        "DATA" => Packet::Data(data(fields, header, version)?),
        "GRANT" => Packet::Grant(Grant { header, offset: fields.word("off")?, priority: level("lvl")? }),
        "RESEND" => {
            let offset = fields.word("off")?;
            let range = match fields.whole("n")? {
                -1 => ResendRange::AllSent { offset },
                _ => ResendRange::Bytes { offset, length: fields.word("n")? },
            };
            Packet::Resend(Resend { header, range, priority: level("lvl")? })
        }
        "CUTOFFS" => {
            let mut unsched_cutoffs = [0; 8];
            for (cutoff, value) in unsched_cutoffs.iter_mut().zip(fields.list("c")?) {
                *cutoff = whole(value).and_then(word).ok_or_else(|| format!("`c` has the entry {value}"))?;
            }
            Packet::Cutoffs(Cutoffs { header, unsched_cutoffs, cutoff_version: fields.number("cv")? })
        }
        "ACK" => {
            let on_wire: usize = fields.number("num")?;
            let mut entries = [AckEntry { client_id: RpcId::new(0), server_port: Port::NONE }; Ack::MAX_ENTRIES];
            for (entry, value) in entries.iter_mut().zip(fields.list("acks")?) {
                *entry = ack(value)?;
            }
            Packet::Ack(Ack::new(header, &entries[..on_wire.min(Ack::MAX_ENTRIES)]))
        }
        "RPC_UNKNOWN" => Packet::RpcUnknown(header),
        "BUSY" => Packet::Busy(header),
        "FREEZE" => Packet::Freeze(header),
        "NEED_ACK" => Packet::NeedAck(header),
        other => return Err(format!("`t` is {other}; the name of a packet type, or a number, is expected")),
    })
}

fn data(fields: Fields<'_>, header: Header, version: Version) -> Result<Data, String> {
    let entry = if fields.has("ack") { Some(ack_of(fields.list("ack")?)?) } else { None };
    let message_length = fields.word("len")?;
    let stripped = version == Version::Stripped;
    Ok(Data {
        header,
        message_length,
        // The stripped version's packets have no such field, and decode with this.
        incoming: if stripped { message_length } else { fields.word("incoming")? },
        ack: entry.filter(|entry| entry.client_id.get() != 0),
        cutoff_version: if stripped { 0 } else { fields.number("cv")? },
        retransmit: fields.flag("rtx")?,
        offset: fields.word("off")?,
        length: fields.word("n")?,
        form: OffsetForm::Both,
        replicated: Replicated::Whole,
    })
}

fn ack(value: &Value) -> Result<AckEntry, String> {
    ack_of(value.as_array().map(Vec::as_slice).ok_or_else(|| format!("an ack is {value}; [id, port] is expected"))?)
}

fn ack_of(list: &[Value]) -> Result<AckEntry, String> {
    let numbers: Vec<i128> = list.iter().filter_map(whole).collect();
    match numbers[..] {
        [id, port] if list.len() == 2 => {
            let client_id = u64::try_from(id).map_err(|_| format!("an ack names the RPC {id}"))?;
            let port = u16::try_from(port).map_err(|_| format!("an ack names the port {port}"))?;
            Ok(AckEntry { client_id: RpcId::new(client_id), server_port: Port::new(port) })
        }
        _ => Err(format!("an ack has {} numbers; an identifier and a port are expected", list.len())),
    }
}

/// A packet that leaves, as the vectors tell of it.
pub(super) fn departure(out: &Transmit, version: Version, with_frame: bool) -> Value {
    let header = out.packet.header();
    let (to, _) = number_of(out.to);
    let mut fields = Map::new();
    let mut set = |key: &str, value: Value| {
        fields.insert(key.to_owned(), value);
    };
    set("t", json!(out.packet.packet_type().name()));
    set("to", json!(to));
    set("f", json!(if out.family == Family::V4 { 4 } else { 6 }));
    set("prio", json!(out.priority.get()));
    set("sport", json!(header.sport.get()));
    set("dport", json!(header.dport.get()));
    set("id", json!(header.sender_id.get()));
    if out.hijack {
        set("hj", json!(1));
    }
    match &out.packet {
        Packet::Data(data) => {
            set("seg", json!(out.segment_bytes));
            set("segs", json!(out.packet_count()));
            let first = out.segments().next().expect("a unit has a packet");
            set_data(&mut set, data, &first, version);
        }
        Packet::Grant(grant) => {
            set("off", json!(grant.offset));
            set("lvl", json!(grant.priority.get()));
        }
        Packet::Resend(resend) => {
            let (offset, length) = match resend.range {
                ResendRange::AllSent { offset } => (offset, -1),
                ResendRange::Bytes { offset, length } => (offset, i64::from(length)),
            };
            set("off", json!(offset));
            set("n", json!(length));
            // The stripped version's RESENDs have no level.
            set("lvl", json!(if version == Version::Linux { resend.priority.get() } else { 0 }));
        }
        Packet::Cutoffs(cutoffs) => {
            set("c", json!(cutoffs.unsched_cutoffs.map(|cutoff| cutoff as i32)));
            set("cv", json!(cutoffs.cutoff_version));
        }
        Packet::Ack(ack) => {
            set("acks", ack.entries().map(|entry| json!([entry.client_id.get(), entry.server_port.get()])).collect());
        }
        _ => {}
    }
    if with_frame {
        set("frame", json!(out.frame_bytes(version)));
    }
    Value::Object(fields)
}

/// The fields of a DATA unit; `first` is its first packet, which shows how offsets are written.
fn set_data(set: &mut impl FnMut(&str, Value), data: &Data, first: &Data, version: Version) {
    let (seq, segment_offset) = match first.form {
        OffsetForm::Sequence => (first.offset, -1),
        OffsetForm::Both => (first.offset, i64::from(first.offset)),
        OffsetForm::Segment { unit_offset } => (unit_offset, i64::from(first.offset)),
    };
    set("off", json!(data.offset));
    set("n", json!(data.length));
    set("len", json!(data.message_length));
    set("incoming", json!(if version == Version::Linux { data.incoming } else { 0 }));
    set("cv", json!(data.cutoff_version));
    set("rtx", json!(u8::from(data.retransmit)));
    set("seq", json!(seq));
    set("segoff", json!(segment_offset));
    set("doff", json!(if first.replicated == Replicated::Whole { 14 } else { 13 }));
    if let Some(ack) = data.ack {
        set("ack", json!([ack.client_id.get(), ack.server_port.get()]));
    }
}

/// Counters of packets by the number of their type, as the vectors name them.
pub(super) fn type_name(number: usize) -> Option<&'static str> {
    PacketType::ALL.get(number).map(|packet_type| packet_type.name())
}
