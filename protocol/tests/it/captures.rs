//! Reads the recorded packets: a pcap file and the table of the same name, row by row.

use std::fs;
use std::path::{Path, PathBuf};

/// Magic number of little-endian pcap files with nanoseconds, as its bytes lie in the file.
const MAGIC: [u8; 4] = [0x4D, 0x3C, 0xB2, 0xA1];
const FILE_HEADER_BYTES: usize = 24;
const RECORD_HEADER_BYTES: usize = 16;

/// One scenario.
pub(crate) struct Capture {
    /// Name of its files, without extension.
    pub(crate) name: String,
    /// The frames, in the order of the file.
    pub(crate) frames: Vec<Frame>,
}

/// One Ethernet frame.
pub(crate) struct Frame {
    /// Time of its sending in nanoseconds since the first frame.
    pub(crate) sent_ns: u64,
    /// The bytes kept: all, or the first 192.
    pub(crate) captured: Vec<u8>,
    /// How long it was, without CRC.
    pub(crate) original_bytes: usize,
    /// What the table says of it: names of columns and values.
    pub(crate) row: Vec<(String, String)>,
}

impl Frame {
    /// The table's value in a column; empty where the frame has no such field.
    pub(crate) fn column(&self, name: &str) -> &str {
        let (_, value) = self.row.iter().find(|(column, _)| column == name).expect("a column of the table");
        value
    }

    /// Whether all bytes were kept.
    pub(crate) fn is_whole(&self) -> bool {
        self.captured.len() == self.original_bytes
    }

    /// The whole frame, with zeros for the bytes that were not kept.
    pub(crate) fn extended(&self) -> Vec<u8> {
        let mut bytes = self.captured.clone();
        bytes.resize(self.original_bytes, 0);
        bytes
    }
}

/// Where the files are.
pub(crate) fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/captures")
}

/// All scenarios, by name.
pub(crate) fn all() -> Vec<Capture> {
    let entries = fs::read_dir(folder()).expect("the folder of captures");
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.expect("an entry").path()).collect();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "pcap"));
    paths.sort();
    paths.iter().map(|path| capture(path)).collect()
}

fn capture(pcap: &Path) -> Capture {
    let name = pcap.file_stem().expect("a name").to_string_lossy().into_owned();
    let bytes = fs::read(pcap).expect("a pcap file");
    let table = fs::read_to_string(pcap.with_extension("csv")).expect("the table of the same name");
    let mut rows = table.lines().map(|line| line.split(',').map(str::to_owned).collect::<Vec<_>>());
    let columns = rows.next().expect("a line of column names");
    assert_eq!(bytes[..4], MAGIC, "{name} is a little-endian pcap file with nanoseconds");
    let mut rest = &bytes[FILE_HEADER_BYTES..];
    let mut frames = Vec::new();
    let mut first_ns = None;
    while !rest.is_empty() {
        let field = |index: usize| u32::from_le_bytes(rest[4 * index..4 * index + 4].try_into().unwrap());
        let at_ns = u64::from(field(0)) * 1_000_000_000 + u64::from(field(1));
        let end = RECORD_HEADER_BYTES + field(2) as usize;
        let values = rows.next().expect("a row for every frame");
        assert_eq!(values.len(), columns.len(), "{name}: every row has every column");
        frames.push(Frame {
            sent_ns: at_ns - *first_ns.get_or_insert(at_ns),
            captured: rest[RECORD_HEADER_BYTES..end].to_vec(),
            original_bytes: field(3) as usize,
            row: columns.iter().cloned().zip(values).collect(),
        });
        rest = &rest[end..];
    }
    assert!(rows.next().is_none(), "{name} has a frame for every row");
    Capture { name, frames }
}
