//! The frames of a capture: the pcap file, and from its table when and whether each was delivered.

use crate::ReplayError;
use csv::StringRecord;
use homa_protocol::wire::{self, DecodeError, Family, IcmpError, IpHeader, Version};
use homa_protocol::{Packet, RpcId};
use pcap_file::DataLink;
use pcap_file::pcap::PcapReader;
use std::collections::BTreeMap;
use std::net::IpAddr;
use std::path::Path;

const ETHERNET_HEADER_BYTES: usize = 14;
const ETHER_TYPE: std::ops::Range<usize> = 12..14;
const IP_ETHER_TYPES: [[u8; 2]; 2] = [[0x08, 0x00], [0x86, 0xDD]];
/// Where an IPv4 header has its checksum.
const IP_CHECKSUM: std::ops::Range<usize> = 10..12;
/// TTL, or hop limit, of what Linux sends (protocol spec 2.1).
const LINUX_HOP_LIMIT: u8 = 64;
const ICMP_PROTOCOLS: [u8; 2] = [1, 58];
/// Where an ICMP message's quoted packet begins.
const ICMP_QUOTE_AT: usize = 8;
/// Nothing longer fits into IP.
const LONGEST_FRAME: usize = (1 << 16) + ETHERNET_HEADER_BYTES;
/// How far the table's time of sending may be from the pcap file's: it has tenths of microseconds.
const TIME_ROUNDING_NS: u64 = 100;
/// A week: no capture is longer, and sums of such times don't overflow.
const LONGEST_US: f64 = 7.0 * 86_400e6;
const LONGEST_NS: u64 = 7 * 86_400_000_000_000;

/// One frame.
#[derive(Debug, Clone)]
pub(crate) struct Frame {
    /// When it left its sender's NIC, in ns since the first frame.
    pub(crate) sent_ns: u64,
    /// When its receiver's NIC got it, in ns since the first frame; none if it was lost.
    pub(crate) delivered_ns: Option<u64>,
    pub(crate) ip: IpHeader,
    pub(crate) content: Content,
    /// Fields of which the table says something: by name of the column.
    pub(crate) table: BTreeMap<&'static str, String>,
    /// Fields around Homa's that aren't as Linux sends them.
    pub(crate) faults: Vec<&'static str>,
}

/// What a frame carries.
#[derive(Debug, Clone)]
pub(crate) enum Content {
    /// A packet of Homa, and its header as it was recorded.
    Homa { packet: Packet, header: Vec<u8> },
    /// An ICMP error about a packet of Homa; of the packet, the RPC if so much is quoted.
    Icmp { error: IcmpError, rpc: Option<RpcId> },
    /// Something else.
    Other(Other),
}

/// Frames that aren't packets that a receiver accepts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Other {
    /// Not all bytes of the header were kept.
    CutOff,
    /// The header that a NIC replicates, and nothing after it: some NICs make such a frame of a unit of several segments.
    Runt,
    /// By its protocol a packet of Homa, but none that Linux sends.
    Malformed,
    /// Another protocol.
    NotHoma,
}

/// Columns that repeat what the pcap file says, and are compared with it.
pub(crate) const COMPARED_COLUMNS: [&str; 19] = [
    "tos",
    "ip_proto",
    "sport",
    "dport",
    "type",
    "sender_id",
    "data_offset",
    "data_len",
    "message_length",
    "incoming",
    "cutoff_version",
    "retransmit",
    "grant_offset",
    "grant_priority",
    "resend_offset",
    "resend_length",
    "resend_priority",
    "num_acks",
    "cutoffs_version",
];

impl Frame {
    pub(crate) fn homa(&self) -> Option<&Packet> {
        if let Content::Homa { packet, .. } = &self.content { Some(packet) } else { None }
    }

    pub(crate) fn family(&self) -> Family {
        Family::of(self.ip.source)
    }

    pub(crate) fn is_hijacked(&self) -> bool {
        self.ip.protocol == wire::TCP_PROTOCOL
    }
}

/// Reads the pcap file and the table of the same name.
pub(crate) fn read(pcap: &Path) -> Result<Vec<Frame>, ReplayError> {
    let bytes = std::fs::read(pcap).map_err(|cause| ReplayError::Unreadable { path: pcap.to_owned(), cause })?;
    let raw = raw_frames(pcap, &bytes)?;
    let table = pcap.with_extension("csv");
    let rows = rows(&table)?;
    if rows.len() != raw.len() {
        return Err(ReplayError::RowCount { path: table, rows: rows.len(), frames: raw.len() });
    }
    // The table's clock. It begins with the first frame, unless frames were left out.
    let zero = match (raw.first(), rows.first()) {
        (Some(raw), Some(row)) => raw.at_ns.saturating_sub(row.sent_ns),
        _ => 0,
    };
    let mut frames = Vec::with_capacity(raw.len());
    for (number, (raw, row)) in raw.into_iter().zip(rows).enumerate() {
        let sent_ns = raw.at_ns.saturating_sub(zero);
        if sent_ns > LONGEST_NS {
            let what = "it was sent more than a week after the first frame";
            return Err(ReplayError::BadFrame { path: pcap.to_owned(), frame: number + 1, what: what.to_owned() });
        }
        let decoded = decode(&raw.bytes, raw.original_bytes).map_err(|cause| ReplayError::BadFrame {
            path: pcap.to_owned(),
            frame: number + 1,
            what: cause.to_string(),
        })?;
        let Some((ip, content, faults)) = decoded else { continue };
        row.check(&table, sent_ns, raw.original_bytes, &ip)?;
        let delivered_ns = row.delivered_ns.map(|at| at.max(sent_ns));
        frames.push(Frame { sent_ns, delivered_ns, ip, content, table: row.compared, faults });
    }
    Ok(frames)
}

struct Raw {
    at_ns: u64,
    bytes: Vec<u8>,
    original_bytes: usize,
}

fn raw_frames(path: &Path, bytes: &[u8]) -> Result<Vec<Raw>, ReplayError> {
    let bad = |frame: usize, what: String| ReplayError::BadFrame { path: path.to_owned(), frame, what };
    let mut reader = PcapReader::new(bytes)
        .map_err(|cause| ReplayError::NotPcap { path: path.to_owned(), cause: cause.to_string() })?;
    let link_type = reader.header().datalink;
    if link_type != DataLink::ETHERNET {
        return Err(ReplayError::LinkType { path: path.to_owned(), link_type: u32::from(link_type) });
    }
    let mut frames: Vec<Raw> = Vec::new();
    while let Some(packet) = reader.next_packet() {
        let number = frames.len() + 1;
        let packet = packet.map_err(|cause| bad(number, cause.to_string()))?;
        let original_bytes = packet.orig_len as usize;
        if original_bytes < packet.data.len() || original_bytes > LONGEST_FRAME {
            let kept = packet.data.len();
            let range = format!("its original length is {original_bytes} bytes; accepted is {kept} to {LONGEST_FRAME}");
            return Err(bad(number, range));
        }
        let at_ns =
            u64::try_from(packet.timestamp.as_nanos()).map_err(|_| bad(number, "its time is too large".into()))?;
        frames.push(Raw { at_ns, bytes: packet.data.into_owned(), original_bytes });
    }
    Ok(frames)
}

/// What a row of the table says of its frame.
struct Row {
    line: u64,
    sent_ns: u64,
    delivered_ns: Option<u64>,
    source: String,
    destination: String,
    length: String,
    compared: BTreeMap<&'static str, String>,
}

impl Row {
    /// Whether it is about this frame.
    fn check(&self, path: &Path, sent_ns: u64, length: usize, ip: &IpHeader) -> Result<(), ReplayError> {
        let other = |what, value: &str, accepted: String| ReplayError::OtherFrame {
            path: path.to_owned(),
            line: self.line,
            what,
            value: value.to_owned(),
            accepted,
        };
        if self.sent_ns.abs_diff(sent_ns) > TIME_ROUNDING_NS {
            return Err(other("t_us", &micros(self.sent_ns), micros(sent_ns)));
        }
        let same = |text: &str, address: IpAddr| text.parse() == Ok(address);
        if !same(&self.source, ip.source) {
            return Err(other("src", &self.source, ip.source.to_string()));
        }
        if !same(&self.destination, ip.destination) {
            return Err(other("dst", &self.destination, ip.destination.to_string()));
        }
        if self.length.parse() != Ok(length) {
            return Err(other("len_on_wire", &self.length, length.to_string()));
        }
        Ok(())
    }
}

fn micros(ns: u64) -> String {
    format!("{}.{:03}", ns / 1000, ns % 1000)
}

/// Places of the columns without which a table can't be used.
struct Columns {
    sent: usize,
    deliver: usize,
    dropped: usize,
    source: usize,
    destination: usize,
    length: usize,
    compared: Vec<(&'static str, usize)>,
}

impl Columns {
    fn find(path: &Path, names: &StringRecord) -> Result<Self, ReplayError> {
        let place = |column: &str| names.iter().position(|name| name == column);
        let needed =
            |column: &'static str| place(column).ok_or_else(|| ReplayError::NoColumn { path: path.to_owned(), column });
        Ok(Self {
            sent: needed("t_us")?,
            deliver: needed("t_deliver_us")?,
            dropped: needed("dropped")?,
            source: needed("src")?,
            destination: needed("dst")?,
            length: needed("len_on_wire")?,
            compared: COMPARED_COLUMNS.iter().filter_map(|column| Some((*column, place(column)?))).collect(),
        })
    }
}

fn rows(path: &Path) -> Result<Vec<Row>, ReplayError> {
    let bytes = std::fs::read(path).map_err(|cause| ReplayError::Unreadable { path: path.to_owned(), cause })?;
    let table = |cause: csv::Error| ReplayError::Table { path: path.to_owned(), cause };
    // The last column, a note, is left out of most rows.
    let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(bytes.as_slice());
    let columns = Columns::find(path, reader.headers().map_err(table)?)?;
    let mut rows = Vec::new();
    for record in reader.records() {
        rows.push(row(path, &columns, &record.map_err(table)?)?);
    }
    Ok(rows)
}

fn row(path: &Path, columns: &Columns, record: &StringRecord) -> Result<Row, ReplayError> {
    let line = record.position().map_or(0, csv::Position::line);
    let value = |place: usize| record.get(place).unwrap_or_default();
    let bad = |what, value: &str, accepted| ReplayError::BadValue {
        path: path.to_owned(),
        line: usize::try_from(line).unwrap_or(usize::MAX),
        what,
        value: value.to_owned(),
        accepted,
    };
    let time = |what, text: &str| {
        let us: Option<f64> = text.parse().ok().filter(|us| (0.0..LONGEST_US).contains(us));
        us.map(|us| (us * 1000.0).round() as u64)
            .ok_or_else(|| bad(what, text, "a number of microseconds from 0 up to a week"))
    };
    let lost = match value(columns.dropped) {
        "0" => false,
        "1" | "2" => true,
        other => return Err(bad("dropped", other, "0, 1 or 2")),
    };
    let delivered_ns = match (lost, value(columns.deliver)) {
        (true, _) => None,
        (false, at) => Some(time("t_deliver_us", at)?),
    };
    Ok(Row {
        line,
        sent_ns: time("t_us", value(columns.sent))?,
        delivered_ns,
        source: value(columns.source).to_owned(),
        destination: value(columns.destination).to_owned(),
        length: value(columns.length).to_owned(),
        compared: columns.compared.iter().map(|(name, place)| (*name, value(*place).to_owned())).collect(),
    })
}

/// An IP packet: its header, what it carries, and which fields aren't as Linux sends them.
type Decoded = (IpHeader, Content, Vec<&'static str>);

/// The IP packet of a frame; none if it isn't IP. Payload that wasn't kept doesn't matter, so zeros stand for it.
///
/// A wrong checksum of the IP header isn't an error: the packet is judged, and that is one of its faults.
fn decode(kept: &[u8], original_bytes: usize) -> Result<Option<Decoded>, DecodeError> {
    let is_ip = kept.get(ETHER_TYPE).is_some_and(|kind| IP_ETHER_TYPES.iter().any(|ip| ip == kind));
    if !is_ip {
        return Ok(None);
    }
    let mut bytes = kept.to_vec();
    bytes.resize(original_bytes, 0);
    let packet = &mut bytes[ETHERNET_HEADER_BYTES..];
    let mut faults = Vec::new();
    if let Err(DecodeError::IpChecksum { .. }) = IpHeader::decode(packet) {
        faults.push("ip_checksum");
        mend_ip_checksum(packet);
    }
    let (ip, payload) = IpHeader::decode(packet)?;
    if ip.hop_limit != LINUX_HOP_LIMIT {
        faults.push("ttl");
    }
    if ip.source.is_ipv4() && !ip.dont_fragment {
        faults.push("dont_fragment");
    }
    if ICMP_PROTOCOLS.contains(&ip.protocol) {
        let content = match wire::decode_icmp(payload, Family::of(ip.source)) {
            Ok(error) => Content::Icmp { error, rpc: payload.get(ICMP_QUOTE_AT..).and_then(quoted_rpc) },
            Err(_) => Content::Other(Other::NotHoma),
        };
        return Ok(Some((ip, content, faults)));
    }
    if ![wire::IP_PROTOCOL, wire::TCP_PROTOCOL].contains(&ip.protocol) {
        return Ok(Some((ip, Content::Other(Other::NotHoma), faults)));
    }
    let is_whole = kept.len() == original_bytes;
    if is_whole && !wire::verify_checksum(payload, ip.source, ip.destination) {
        faults.push("checksum");
    }
    // Padding after the IP packet makes this a little too large, which is on the safe side.
    let payload_at = original_bytes.saturating_sub(payload.len());
    let content = homa(packet, payload, kept.len().saturating_sub(payload_at));
    Ok(Some((ip, content, faults)))
}

/// What a packet of Homa's protocol, or one that poses as TCP, is. `kept`: how many bytes of the payload are known.
fn homa(packet: &[u8], payload: &[u8], kept: usize) -> Content {
    let packet = match wire::decode_ip(packet, Version::Linux) {
        Ok((_, packet, _)) => packet,
        Err(DecodeError::TooShort { len: wire::REPLICATED_BYTES, need: wire::DATA_HEADER_BYTES, .. }) => {
            return Content::Other(Other::Runt);
        }
        Err(_) => return Content::Other(Other::Malformed),
    };
    let header_bytes = wire::header_bytes(packet.packet_type(), Version::Linux);
    if header_bytes > kept {
        return Content::Other(Other::CutOff);
    }
    Content::Homa { packet, header: payload[..header_bytes].to_vec() }
}

/// Writes the right checksum into an IPv4 header.
fn mend_ip_checksum(packet: &mut [u8]) {
    let header_bytes = usize::from(packet[0] & 0xF) * 4;
    packet[IP_CHECKSUM].fill(0);
    let words = packet[..header_bytes].chunks_exact(2).map(|word| u32::from(word[0]) << 8 | u32::from(word[1]));
    let mut sum: u32 = words.sum();
    while sum > 0xFFFF {
        sum = (sum >> 16) + (sum & 0xFFFF);
    }
    packet[IP_CHECKSUM].copy_from_slice(&(!(sum as u16)).to_be_bytes());
}

/// The RPC of a quoted packet, as its sender knows it.
fn quoted_rpc(quote: &[u8]) -> Option<RpcId> {
    const SENDER_ID_AT: usize = 20;
    let ip_bytes = match quote.first()? >> 4 {
        4 => usize::from(quote[0] & 0xF) * 4,
        _ => 40,
    };
    let id = quote.get(ip_bytes + SENDER_ID_AT..ip_bytes + SENDER_ID_AT + 8)?;
    Some(RpcId::new(u64::from_be_bytes(id.try_into().ok()?)))
}

/// The nodes that sent anything, or got a packet of Homa, by address.
pub(crate) fn nodes(frames: &[Frame]) -> Vec<IpAddr> {
    let got = frames.iter().filter(|frame| frame.delivered_ns.is_some() && frame.homa().is_some());
    let mut nodes: Vec<IpAddr> =
        frames.iter().map(|frame| frame.ip.source).chain(got.map(|frame| frame.ip.destination)).collect();
    nodes.sort();
    nodes.dedup();
    nodes
}
