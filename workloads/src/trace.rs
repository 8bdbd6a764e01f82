//! Recorded messages.

use crate::size_csv::{LARGEST_SIZE, whole};
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
    /// The line with the names of the columns lacks one.
    #[error(
        "line {line}: the trace has no column `{column}`, only {found}; it needs t_ns, src, dst and size, and may have \
             latency_ns"
    )]
    MissingColumn {
        /// Where, counted from 1.
        line: u64,
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
        found: usize,
        /// How many there must be.
        expected: usize,
    },
    /// A time is not a time.
    #[error(
        "line {line}: {column} is `{found}`, but must be in nanoseconds with at most three decimals, below \
             18446744073709551, for example `1250.125`"
    )]
    Nanoseconds {
        /// Where, counted from 1.
        line: u64,
        /// In which column.
        column: &'static str,
        /// What stands there.
        found: String,
    },
    /// A host index is not one.
    #[error("line {line}: {column} is `{found}`, but must be the index of a host, from 0 to {}",
            .hosts.saturating_sub(1))]
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
    /// A line is not text.
    #[error("line {line}: the trace is not UTF-8 text here")]
    NotUtf8 {
        /// Where, counted from 1.
        line: u64,
    },
    /// The input fails.
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
    reader: csv::Reader<Terminated<R>>,
    columns: Columns,
    hosts: u32,
    record: StringRecord,
    /// The time of the row before, if there is one.
    before: Option<Time>,
    ended: bool,
}

/// Input with one more line end, so that every line has one: only then does the reader's count of lines tell which one
/// it has read.
type Terminated<R> = std::io::Chain<R, &'static [u8]>;

/// Where the columns stand.
#[derive(Debug)]
struct Columns {
    at: usize,
    source: usize,
    destination: usize,
    size: usize,
    latency: Option<usize>,
    /// How many there are.
    count: usize,
}

impl Columns {
    /// Finds the columns in `header`, which stands on `line`.
    fn find(header: &StringRecord, line: u64) -> Result<Self, TraceError> {
        if header.iter().all(str::is_empty) {
            return Err(TraceError::Empty);
        }
        let position = |column| header.iter().position(|name| name == column);
        let needed = |column| {
            let found = || header.iter().collect::<Vec<_>>().join(", ");
            position(column).ok_or_else(|| TraceError::MissingColumn { line, column, found: found() })
        };
        Ok(Self {
            at: needed("t_ns")?,
            source: needed("src")?,
            destination: needed("dst")?,
            size: needed("size")?,
            latency: position("latency_ns"),
            count: header.len(),
        })
    }
}

impl<R: Read> TraceReader<R> {
    /// Reads the first line of `input`, whose rows are about `hosts` hosts.
    ///
    /// # Errors
    /// If it lacks a column, or can't be read.
    pub fn new(input: R, hosts: u32) -> Result<Self, TraceError> {
        // Only `\n` ends a line: if the reader took `\r\n` for one, it would count it with the line that follows. The
        // `\r` is trimmed instead.
        let mut reader = csv::ReaderBuilder::new()
            .trim(csv::Trim::All)
            .terminator(csv::Terminator::Any(b'\n'))
            .flexible(true)
            .from_reader(input.chain(&b"\n"[..]));
        let columns = match reader.headers() {
            Ok(header) => Columns::find(&header.clone(), line_of(&reader))?,
            Err(cause) => return Err(unreadable(line_of(&reader), cause)),
        };
        Ok(Self { reader, columns, hosts, record: StringRecord::new(), before: None, ended: false })
    }

    /// The next row, or none at the end.
    fn read(&mut self) -> Result<Option<TraceRow>, TraceError> {
        loop {
            match self.reader.read_record(&mut self.record) {
                Ok(true) => {}
                Ok(false) if self.before.is_none() => return Err(TraceError::Empty),
                Ok(false) => return Ok(None),
                Err(cause) => return Err(unreadable(line_of(&self.reader), cause)),
            }
            // The reader itself skips empty lines, but not those that end with `\r\n`.
            if self.record.len() > 1 || !self.record[0].is_empty() {
                break;
            }
        }
        let line = line_of(&self.reader);
        if self.record.len() != self.columns.count {
            return Err(TraceError::Columns { line, found: self.record.len(), expected: self.columns.count });
        }
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

/// The line that was just read, counted from 1.
fn line_of<R: Read>(reader: &csv::Reader<R>) -> u64 {
    reader.position().line().saturating_sub(1).max(1)
}

/// What is wrong with `line`.
fn unreadable(line: u64, cause: csv::Error) -> TraceError {
    match cause.kind() {
        csv::ErrorKind::Utf8 { .. } => TraceError::NotUtf8 { line },
        _ => TraceError::Unreadable { line, cause },
    }
}
