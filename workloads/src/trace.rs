//! Recorded messages.

use crate::size_csv::LARGEST_SIZE;
use csv::StringRecord;
use homa_units::{Bytes, Duration, Time};
use std::io::Read;
use thiserror::Error;

/// A message of a trace.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TraceRow {
    /// When it is handed to the sender's transport.
    pub at: Time,
    /// Index of the sending host.
    pub source: u32,
    /// Index of the receiving host.
    pub destination: u32,
    /// How many bytes of payload it has.
    pub size: Bytes,
    /// How long it took when it was recorded, if the trace tells.
    pub latency: Option<Duration>,
}

/// Why a trace can't be read.
#[derive(Debug, Error)]
pub enum TraceError {
    /// The first line lacks a column.
    #[error("line 1: the trace has no column `{column}`, only {found}; it needs t_ns, src, dst and size, and may have \
             latency_ns")]
    MissingColumn {
        /// The column.
        column: &'static str,
        /// The columns that there are.
        found: String,
    },
    /// The trace has no messages.
    #[error("the trace is empty; it needs a line with the columns t_ns, src, dst and size and at least one message")]
    Empty,
    /// A line has too many or too few columns.
    #[error("line {line}: there are {found} columns, but the first line has {expected}")]
    Columns {
        /// Where, counted from 1.
        line: u64,
        /// How many columns stand there.
        found: u64,
        /// How many there must be.
        expected: u64,
    },
    /// A time is not a time.
    #[error("line {line}: {column} is `{found}`, but must be in nanoseconds with at most three decimals, below \
             18446744073709551, for example `1250.125`")]
    Nanoseconds {
        /// Where, counted from 1.
        line: u64,
        /// In which column.
        column: &'static str,
        /// What stands there.
        found: String,
    },
    /// A host index is not one.
    #[error("line {line}: {column} is `{found}`, but must be the index of a host, from 0 to {}", .hosts.saturating_sub(1))]
    Host {
        /// Where, counted from 1.
        line: u64,
        /// In which column.
        column: &'static str,
        /// What stands there.
        found: String,
        /// How many hosts there are.
        hosts: u32,
    },
    /// A host sends to itself.
    #[error("line {line}: host {host} sends to itself; src and dst must differ")]
    ToItself {
        /// Where, counted from 1.
        line: u64,
        /// The host.
        host: u32,
    },
    /// A size is not a message size.
    #[error("line {line}: size is `{found}`, but must be a whole number of bytes from 1 to 4294967295")]
    Size {
        /// Where, counted from 1.
        line: u64,
        /// What stands there.
        found: String,
    },
    /// A message comes before the one above it.
    #[error("line {line}: t_ns is {found}, earlier than {before} on the line before; times must not decrease")]
    Order {
        /// Where, counted from 1.
        line: u64,
        /// The time.
        found: Time,
        /// The time before it.
        before: Time,
    },
    /// The text can't be read, or is not UTF-8.
    #[error("line {line}: the trace can't be read: {cause}")]
    Unreadable {
        /// Where, counted from 1.
        line: u64,
        /// Why.
        cause: csv::Error,
    },
}

/// Reads a trace row by row: CSV text whose first line names the columns.
///
/// `t_ns` (when, in nanoseconds with at most three decimals), `src` and `dst` (indices of hosts) and `size` (in bytes)
/// are needed, `latency_ns` (how long it took; may be empty) is kept, others are ignored. Only one row is held at a
/// time. The iterator ends after the first error.
#[derive(Debug)]
pub struct TraceReader<R> {
    reader: csv::Reader<R>,
    columns: Columns,
    hosts: u32,
    record: StringRecord,
    /// The time of the row before, if there is one.
    before: Option<Time>,
    ended: bool,
}

/// Where the columns stand.
#[derive(Debug)]
struct Columns {
    at: usize,
    source: usize,
    destination: usize,
    size: usize,
    latency: Option<usize>,
}

impl<R: Read> TraceReader<R> {
    /// Reads the first line of `input`, whose rows are about `hosts` hosts.
    ///
    /// # Errors
    /// If it lacks a column, or can't be read.
    pub fn new(input: R, hosts: u32) -> Result<Self, TraceError> {
        let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).from_reader(input);
        let header = reader.headers().map_err(unreadable)?;
        if header.is_empty() {
            return Err(TraceError::Empty);
        }
        let position = |column| header.iter().position(|name| name == column);
        let needed = |column| {
            let found = || header.iter().collect::<Vec<_>>().join(", ");
            position(column).ok_or_else(|| TraceError::MissingColumn { column, found: found() })
        };
        let columns = Columns {
            at: needed("t_ns")?,
            source: needed("src")?,
            destination: needed("dst")?,
            size: needed("size")?,
            latency: position("latency_ns"),
        };
        Ok(Self { reader, columns, hosts, record: StringRecord::new(), before: None, ended: false })
    }

    /// The next row, or none at the end.
    fn read(&mut self) -> Result<Option<TraceRow>, TraceError> {
        if !self.reader.read_record(&mut self.record).map_err(unreadable)? {
            return if self.before.is_none() { Err(TraceError::Empty) } else { Ok(None) };
        }
        let line = self.record.position().map_or(0, csv::Position::line);
        let row = self.row(line)?;
        if let Some(before) = self.before.filter(|before| row.at < *before) {
            return Err(TraceError::Order { line, found: row.at, before });
        }
        self.before = Some(row.at);
        Ok(Some(row))
    }

    /// The row in the current record.
    fn row(&self, line: u64) -> Result<TraceRow, TraceError> {
        let at = self.nanoseconds(line, self.columns.at, "t_ns")?;
        let source = self.host(line, self.columns.source, "src")?;
        let destination = self.host(line, self.columns.destination, "dst")?;
        if source == destination {
            return Err(TraceError::ToItself { line, host: source });
        }
        let size = &self.record[self.columns.size];
        let bytes = whole(size).filter(|size| (1..=LARGEST_SIZE).contains(size));
        let bytes = bytes.ok_or_else(|| TraceError::Size { line, found: size.to_owned() })?;
        let latency = self.columns.latency.filter(|column| !self.record[*column].is_empty());
        let latency = latency.map(|column| self.nanoseconds(line, column, "latency_ns")).transpose()?;
        Ok(TraceRow {
            at: Time::from_ps(at),
            source,
            destination,
            size: Bytes::new(bytes),
            latency: latency.map(Duration::from_ps),
        })
    }

    fn nanoseconds(&self, line: u64, index: usize, column: &'static str) -> Result<u64, TraceError> {
        let text = &self.record[index];
        picoseconds(text).ok_or_else(|| TraceError::Nanoseconds { line, column, found: text.to_owned() })
    }

    fn host(&self, line: u64, index: usize, column: &'static str) -> Result<u32, TraceError> {
        let text = &self.record[index];
        let host = whole(text).and_then(|host| u32::try_from(host).ok()).filter(|host| *host < self.hosts);
        host.ok_or_else(|| TraceError::Host { line, column, found: text.to_owned(), hosts: self.hosts })
    }
}

impl<R: Read> Iterator for TraceReader<R> {
    type Item = Result<TraceRow, TraceError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.ended {
            return None;
        }
        let row = self.read().transpose();
        self.ended = !matches!(row, Some(Ok(_)));
        row
    }
}

impl<R: Read> std::iter::FusedIterator for TraceReader<R> {}

/// The number in `text`, which has only digits: no sign, no point.
fn whole(text: &str) -> Option<u64> {
    text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok())?
}

/// Nanoseconds with at most three decimals in picoseconds, exactly.
fn picoseconds(text: &str) -> Option<u64> {
    let (nanoseconds, decimals) = match text.split_once('.') {
        Some((_, "")) => return None,
        Some(parts) => parts,
        None => (text, "0"),
    };
    let scale = [0, 100, 10, 1].get(decimals.len())?;
    whole(nanoseconds)?.checked_mul(1_000)?.checked_add(whole(decimals)? * scale)
}

/// `cause` with the line it is about.
fn unreadable(cause: csv::Error) -> TraceError {
    let line = cause.position().map_or(1, csv::Position::line);
    match cause.kind() {
        csv::ErrorKind::UnequalLengths { expected_len, len, .. } => {
            TraceError::Columns { line, found: *len, expected: *expected_len }
        }
        _ => TraceError::Unreadable { line, cause },
    }
}
