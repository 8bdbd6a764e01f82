//! What can be wrong with the files of a capture.

use std::path::PathBuf;
use thiserror::Error;

/// Why a capture can't be replayed. Every variant names the file; where there are lines, the line.
#[derive(Debug, Error)]
pub enum ReplayError {
    /// A file can't be read.
    #[error("can't read {}: {cause}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the operating system says.
        cause: std::io::Error,
    },
    /// Not a pcap file.
    #[error("{}: not a pcap file: {cause}; it begins with the bytes of 0xa1b23c4d (ns) or 0xa1b2c3d4 (µs)", path.display())]
    NotPcap {
        /// The file.
        path: PathBuf,
        /// What is wrong with its header.
        cause: String,
    },
    /// The frames aren't Ethernet's.
    #[error("{}: link type {link_type}; only Ethernet (1) can be replayed", path.display())]
    LinkType {
        /// The file.
        path: PathBuf,
        /// What its header says.
        link_type: u32,
    },
    /// The pcap file ends inside a frame, or has a frame that can't be.
    #[error("{}: frame {frame}: {what}", path.display())]
    BadFrame {
        /// The file.
        path: PathBuf,
        /// Number of the frame, from 1.
        frame: usize,
        /// What is wrong with it.
        what: String,
    },
    /// The table isn't one.
    #[error("{}: {cause}", path.display())]
    Table {
        /// The file.
        path: PathBuf,
        /// What is wrong, and where.
        cause: csv::Error,
    },
    /// A row of the table is about another frame than the one of the same number in the pcap file.
    #[error("{}:{line}: {what} `{value}`; the pcap file's frame has {accepted}", path.display())]
    OtherFrame {
        /// The table.
        path: PathBuf,
        /// The line, from 1.
        line: u64,
        /// Name of the column.
        what: &'static str,
        /// What the table says.
        value: String,
        /// What the pcap file says.
        accepted: String,
    },
    /// The table lacks a column.
    #[error("{}:1: there is no column `{column}`", path.display())]
    NoColumn {
        /// The file.
        path: PathBuf,
        /// The column.
        column: &'static str,
    },
    /// A value of the table, or of the log, is not what belongs there.
    #[error("{}:{line}: {what} `{value}`; accepted is {accepted}", path.display())]
    BadValue {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// Name of the column or field.
        what: &'static str,
        /// What is there.
        value: String,
        /// What could be there.
        accepted: &'static str,
    },
    /// Table and pcap file have different numbers of frames.
    #[error("{}: {rows} rows for {frames} frames of the pcap file; there has to be one for each", path.display())]
    RowCount {
        /// The table.
        path: PathBuf,
        /// Its rows.
        rows: usize,
        /// The frames of the pcap file.
        frames: usize,
    },
    /// A sysctl that the log sets can't be set so.
    #[error("{}:{line}: {cause}", path.display())]
    Sysctl {
        /// The log.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// What the core says.
        cause: homa_protocol::SysctlError,
    },
    /// The node asked for sent nothing.
    #[error("{}: node {node} sent no packet", path.display())]
    NoSuchNode {
        /// The pcap file.
        path: PathBuf,
        /// The node.
        node: std::net::IpAddr,
    },
}
