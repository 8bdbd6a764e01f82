//! Captures that can be changed: read as records and rows, written into a temporary folder.

use homa_protocol::wire;
use homa_replay::{NodeReport, Options, Report};
use std::net::{IpAddr, Ipv4Addr};
use std::path::{Path, PathBuf};
use tempfile::TempDir;

/// Where a frame's parts begin.
pub(crate) const IP_AT: usize = 14;
pub(crate) const HOMA_AT: usize = 34;

/// Columns of the table that a replay needs; the others repeat what the pcap file says.
const COLUMNS: [&str; 6] = ["t_us", "t_deliver_us", "dropped", "src", "dst", "len_on_wire"];

pub(crate) fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../protocol/tests/captures")
}

/// All captures, by name.
pub(crate) fn all() -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder()).expect("the folder of captures");
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.expect("an entry").path()).collect();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "pcap"));
    paths.sort();
    paths
}

/// One frame: its record header, its bytes, and its row of the table.
#[derive(Debug, Clone)]
pub(crate) struct Record {
    pub(crate) header: [u8; 16],
    pub(crate) bytes: Vec<u8>,
    pub(crate) row: Vec<String>,
}

impl Record {
    pub(crate) fn source(&self) -> IpAddr {
        Ipv4Addr::from(<[u8; 4]>::try_from(&self.bytes[26..30]).expect("four bytes")).into()
    }

    pub(crate) fn destination(&self) -> IpAddr {
        Ipv4Addr::from(<[u8; 4]>::try_from(&self.bytes[30..34]).expect("four bytes")).into()
    }

    /// The code of its type, if it is a native packet of Homa over IPv4.
    pub(crate) fn packet_type(&self) -> Option<u8> {
        let is_homa = self.bytes.get(12..14) == Some(&[8, 0]) && self.bytes.get(23) == Some(&146);
        is_homa.then(|| self.bytes[HOMA_AT + 11])
    }

    fn is_whole(&self) -> bool {
        self.bytes.len() == u32::from_le_bytes(self.header[12..16].try_into().expect("four bytes")) as usize
    }

    /// Changes the frame, and makes its checksums right again.
    pub(crate) fn change(&mut self, change: impl FnOnce(&mut [u8])) {
        change(&mut self.bytes);
        self.bytes[24..26].fill(0);
        let words = self.bytes[IP_AT..HOMA_AT].chunks(2).map(|word| u32::from(word[0]) << 8 | u32::from(word[1]));
        let sum: u32 = words.sum();
        let sum = (sum & 0xFFFF) + (sum >> 16);
        let sum = (sum & 0xFFFF) + (sum >> 16);
        self.bytes[24..26].copy_from_slice(&(!(sum as u16)).to_be_bytes());
        if self.is_whole() {
            let (source, destination) = (self.source(), self.destination());
            wire::fill_checksum(&mut self.bytes[HOMA_AT..], source, destination).expect("a whole packet");
        }
    }
}

/// A capture in memory.
#[derive(Debug, Clone)]
pub(crate) struct Capture {
    pub(crate) file_header: Vec<u8>,
    pub(crate) records: Vec<Record>,
    pub(crate) log: String,
}

impl Capture {
    /// The only capture whose name begins so.
    pub(crate) fn read(prefix: &str) -> Self {
        let path = all()
            .into_iter()
            .find(|path| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with(prefix)))
            .expect("a capture of this name");
        let bytes = std::fs::read(&path).expect("a pcap file");
        let table = std::fs::read_to_string(path.with_extension("csv")).expect("a table");
        let mut rows = table.lines().map(|line| line.split(',').map(str::to_owned).collect::<Vec<_>>());
        let names = rows.next().expect("names of columns");
        let place = |column: &str| names.iter().position(|name| name == column).expect("a column");
        let mut records = Vec::new();
        let mut rest = &bytes[24..];
        while !rest.is_empty() {
            let header: [u8; 16] = rest[..16].try_into().expect("a record's header");
            let end = 16 + u32::from_le_bytes(header[8..12].try_into().expect("four bytes")) as usize;
            let row = rows.next().expect("a row");
            let row = COLUMNS.iter().map(|column| row[place(column)].clone()).collect();
            records.push(Record { header, bytes: rest[16..end].to_vec(), row });
            rest = &rest[end..];
        }
        let log = std::fs::read_to_string(path.with_extension("log")).expect("a log");
        Self { file_header: bytes[..24].to_vec(), records, log }
    }

    /// Places of the packets of one type that a node sent.
    pub(crate) fn sent(&self, node: IpAddr, packet_type: u8) -> Vec<usize> {
        let is_it = |record: &Record| record.packet_type() == Some(packet_type) && record.source() == node;
        (0..self.records.len()).filter(|place| is_it(&self.records[*place])).collect()
    }

    /// Writes the three files; the path is that of the pcap file.
    pub(crate) fn write(&self, folder: &TempDir) -> PathBuf {
        let path = folder.path().join("changed.pcap");
        let mut bytes = self.file_header.clone();
        let mut table = COLUMNS.join(",");
        for record in &self.records {
            bytes.extend(record.header);
            bytes.extend(&record.bytes);
            table.push('\n');
            table.push_str(&record.row.join(","));
        }
        std::fs::write(&path, bytes).expect("writing into the temporary folder");
        std::fs::write(path.with_extension("csv"), table).expect("writing into the temporary folder");
        std::fs::write(path.with_extension("log"), &self.log).expect("writing into the temporary folder");
        path
    }

    /// The replay of one node.
    pub(crate) fn replay(&self, node: IpAddr) -> NodeReport {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let options = Options { node: Some(node), ..Options::default() };
        let report = homa_replay::replay(&self.write(&folder), &options).expect("a capture");
        report.nodes.into_iter().next().expect("the node")
    }
}

/// The node 10.0.0.`number`.
pub(crate) fn node(number: u8) -> IpAddr {
    Ipv4Addr::new(10, 0, 0, number).into()
}

/// The replay of a capture as it is.
pub(crate) fn replay(path: &Path) -> Report {
    homa_replay::replay(path, &Options::default()).expect("a capture")
}
