//! A packet that the core sent against the one that was recorded, field by field.

use crate::capture::{Content, Frame};
use homa_protocol::wire::{self, Family, Version};
use homa_protocol::{AckEntry, Data, OffsetForm, Packet, Replicated, ResendRange};
use homa_units::Priority;
use serde::Serialize;

/// A packet as the core sent it, with the ports of the recording.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sent {
    pub(crate) packet: Packet,
    pub(crate) priority: Priority,
    pub(crate) family: Family,
    pub(crate) hijack: bool,
}

/// A field in which two packets differ, or one that only one of them has.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FieldDifference {
    /// Its name, as in the capture's table where that has it.
    pub field: &'static str,
    /// What was recorded; empty if the recorded packet has no such field.
    pub recorded: String,
    /// What the core sent; empty if its packet has no such field.
    pub core: String,
}

/// Bytes of the common header that hold `sequence` and the checksum: the first may be the NIC's work, the second depends
/// on the payload.
const SEQUENCE: std::ops::Range<usize> = 4..8;
const CHECKSUM: std::ops::Range<usize> = 16..18;
/// Bits of the traffic class below the level (protocol spec 2.7).
const LOW_BITS: u8 = 0x1F;

/// Whether the packet is the recorded one.
pub(crate) fn is_same(frame: &Frame, sent: &Sent) -> bool {
    let Content::Homa { packet, header } = &frame.content else { return false };
    normalized(packet, &sent.packet) == sent.packet
        && frame.ip.priority() == sent.priority
        && frame.ip.traffic_class & LOW_BITS == 0
        && frame.faults.is_empty()
        && has_right_identification(frame, packet)
        && frame.is_hijacked() == sent.hijack
        && frame.family() == sent.family
        && same_bytes(header, &sent.packet)
}

/// IPv4's identification is 0, unless the packet is one of several made of a unit (protocol spec 2.1).
fn has_right_identification(frame: &Frame, packet: &Packet) -> bool {
    let is_segment = matches!(packet, Packet::Data(Data { form: OffsetForm::Segment { .. }, .. }));
    is_segment || frame.ip.source.is_ipv6() || frame.ip.identification == 0
}

/// `sequence` of a segment that the NIC made is the NIC's business (it counts differently in different NICs).
fn normalized(recorded: &Packet, sent: &Packet) -> Packet {
    match (recorded, sent) {
        (Packet::Data(recorded), Packet::Data(Data { form: form @ OffsetForm::Segment { .. }, .. }))
            if recorded.form != OffsetForm::Sequence =>
        {
            Packet::Data(Data { form: *form, ..*recorded })
        }
        _ => *recorded,
    }
}

/// Everything of the header that isn't a field of its own: flags, urgent pointer, padding, unused entries.
fn same_bytes(recorded: &[u8], sent: &Packet) -> bool {
    let mut bytes = [0; wire::MAX_HEADER_BYTES];
    let Ok(length) = wire::encode_header(sent, Version::Linux, &mut bytes) else { return false };
    if length != recorded.len() {
        return false;
    }
    let ignored = |at: usize| CHECKSUM.contains(&at) || SEQUENCE.contains(&at);
    (0..length).all(|at| ignored(at) || recorded[at] == bytes[at])
}

/// The fields in which they differ.
pub(crate) fn differences(frame: &Frame, sent: &Sent) -> Vec<FieldDifference> {
    let recorded = recorded_fields(frame);
    let core = fields(&sent.packet, sent.priority, sent.hijack, sent.family);
    let mut different = Vec::new();
    for (field, value) in &recorded {
        let other = core.iter().find(|(name, _)| name == field).map(|(_, value)| value.clone()).unwrap_or_default();
        if other != *value {
            different.push(FieldDifference { field, recorded: value.clone(), core: other });
        }
    }
    for (field, value) in core {
        if !recorded.iter().any(|(name, _)| *name == field) {
            different.push(FieldDifference { field, recorded: String::new(), core: value });
        }
    }
    for fault in &frame.faults {
        let (recorded, core) = ("another".to_owned(), "as Linux".to_owned());
        different.push(FieldDifference { field: fault, recorded, core });
    }
    if different.is_empty() {
        let (recorded, core) = ("other bytes".to_owned(), "those of Linux".to_owned());
        different.push(FieldDifference { field: "header", recorded, core });
    }
    different
}

/// Columns of the capture's table that say something else than the packet.
pub(crate) fn table_differences(frame: &Frame) -> Vec<FieldDifference> {
    let Content::Homa { packet, .. } = &frame.content else { return Vec::new() };
    let mut fields = packet_fields(packet);
    fields.retain(|(name, _)| *name != "cutoffs");
    fields.push(("tos", frame.ip.traffic_class.to_string()));
    fields.push(("ip_proto", frame.ip.protocol.to_string()));
    let mut different = Vec::new();
    for (field, value) in fields {
        let Some(other) = frame.table.get(field) else { continue };
        if *other != value {
            different.push(FieldDifference { field, recorded: other.clone(), core: value });
        }
    }
    different
}

/// How alike two packets are: the number of fields in which they differ, if they are of the same type.
pub(crate) fn distance(frame: &Frame, sent: &Sent) -> Option<usize> {
    let packet = frame.homa()?;
    (packet.packet_type() == sent.packet.packet_type()).then(|| differences(frame, sent).len())
}

/// A packet in one line: type and fields.
pub(crate) fn describe(packet: &Packet, priority: Priority) -> String {
    let mut text = packet.packet_type().name().to_owned();
    for (name, value) in packet_fields(packet) {
        text.push_str(&format!(" {name} {value}"));
    }
    text.push_str(&format!(" @{}", priority.get()));
    text
}

/// A recorded frame in one line.
pub(crate) fn describe_frame(frame: &Frame) -> String {
    match &frame.content {
        Content::Homa { packet, .. } => describe(packet, frame.ip.priority()),
        Content::Icmp { error, .. } => format!("ICMP {:?}", error.kind),
        Content::Other(other) => format!("{other:?}"),
    }
}

fn recorded_fields(frame: &Frame) -> Vec<(&'static str, String)> {
    match &frame.content {
        Content::Homa { packet, .. } => fields(packet, frame.ip.priority(), frame.is_hijacked(), frame.family()),
        _ => Vec::new(),
    }
}

fn fields(packet: &Packet, priority: Priority, hijack: bool, family: Family) -> Vec<(&'static str, String)> {
    let mut fields = packet_fields(packet);
    fields.push(("priority", priority.get().to_string()));
    fields.push(("ip_proto", if hijack { "6" } else { "146" }.to_owned()));
    fields.push(("family", format!("{family:?}")));
    fields
}

fn packet_fields(packet: &Packet) -> Vec<(&'static str, String)> {
    let header = packet.header();
    let mut fields = vec![
        ("type", packet.packet_type().name().to_owned()),
        ("sport", header.sport.to_string()),
        ("dport", header.dport.to_string()),
        ("sender_id", header.sender_id.to_string()),
    ];
    let mut add = |name, value: String| fields.push((name, value));
    match packet {
        Packet::Data(data) => {
            add("data_offset", data.offset.to_string());
            add("data_len", data.length.to_string());
            add("message_length", data.message_length.to_string());
            add("incoming", data.incoming.to_string());
            add("ack", data.ack.as_ref().map(entry).unwrap_or_default());
            add("cutoff_version", data.cutoff_version.to_string());
            add("retransmit", u8::from(data.retransmit).to_string());
            let seg_offset = if data.form == OffsetForm::Sequence { "-1" } else { "true" };
            add("seg_offset", seg_offset.to_owned());
            add("doff", if data.replicated == Replicated::Whole { "14" } else { "13" }.to_owned());
        }
        Packet::Grant(grant) => {
            add("grant_offset", grant.offset.to_string());
            add("grant_priority", grant.priority.get().to_string());
        }
        Packet::Resend(resend) => {
            let (offset, length) = match resend.range {
                ResendRange::AllSent { offset } => (offset, "-1".to_owned()),
                ResendRange::Bytes { offset, length } => (offset, length.to_string()),
            };
            add("resend_offset", offset.to_string());
            add("resend_length", length);
            add("resend_priority", resend.priority.get().to_string());
        }
        Packet::Cutoffs(cutoffs) => {
            let table: Vec<String> = cutoffs.unsched_cutoffs.iter().map(u32::to_string).collect();
            add("cutoffs", table.join(" "));
            add("cutoffs_version", cutoffs.cutoff_version.to_string());
        }
        Packet::Ack(ack) => {
            add("num_acks", ack.entries().count().to_string());
            let entries: Vec<String> = ack.entries().map(|ack| entry(&ack)).collect();
            add("acks", entries.join(" "));
        }
        Packet::RpcUnknown(_) | Packet::Busy(_) | Packet::Freeze(_) | Packet::NeedAck(_) => {}
    }
    fields
}

fn entry(ack: &AckEntry) -> String {
    format!("{}:{}", ack.client_id, ack.server_port)
}
