//! Tables with a line for each message, read as a stream: memory doesn't grow with the file.

use crate::import::ImportError;
use csv::{ByteRecord, ReaderBuilder};
use std::io::BufRead;

/// A measured message.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct MessageRow {
    /// The seed of its run, from the column `seed`, if there is one.
    pub seed: Option<u64>,
    /// When it was created, from the column `created_ps`, if there is one.
    pub created_ps: Option<u64>,
    /// Its length.
    pub bytes: u64,
    /// Its slowdown; infinite if it did not finish (an empty field).
    pub slowdown: f64,
    /// From creation to completion, from the column `latency_ps`, if there is one and it finished.
    pub latency_ps: Option<u64>,
    /// Between which hosts, from the columns `source` and `destination`, if there are both.
    pub hosts: Option<(u32, u32)>,
}

/// Where the columns are.
struct Columns {
    seed: Option<usize>,
    created_ps: Option<usize>,
    bytes: usize,
    slowdown: usize,
    latency_ps: Option<usize>,
    hosts: Option<(usize, usize)>,
}

/// Reads a CSV file, `file` in messages, with the columns `bytes` (or `size`) and `slowdown`, perhaps `seed`,
/// `created_ps`, `latency_ps`, `source` and `destination`, and others that don't matter. `each` gets every message in its order, and may refuse one.
///
/// # Errors
/// If it can't be read, a column is missing, a line is malformed or refused; the lines before have been handed on.
pub fn read_messages(
    reader: impl BufRead,
    file: &str,
    mut each: impl FnMut(MessageRow) -> Result<(), String>,
) -> Result<(), ImportError> {
    let mut reader = ReaderBuilder::new().comment(Some(b'#')).from_reader(reader);
    let columns = Columns::find(reader.byte_headers().map_err(|cause| error(file, cause))?, file)?;
    let mut record = ByteRecord::new();
    while reader.read_byte_record(&mut record).map_err(|cause| error(file, cause))? {
        let row = columns.parse(&record).and_then(&mut each);
        let line = || record.position().map_or(0, csv::Position::line);
        row.map_err(|problem| ImportError::line(file, line(), problem))?;
    }
    Ok(())
}

fn error(file: &str, cause: csv::Error) -> ImportError {
    let line = cause.position().map(csv::Position::line);
    match (line, cause.into_kind()) {
        (_, csv::ErrorKind::Io(cause)) => ImportError::Unreadable { file: file.to_owned(), cause },
        (Some(line), csv::ErrorKind::UnequalLengths { expected_len, len, .. }) => {
            ImportError::line(file, line, format!("{len} fields; accepted are {expected_len}, as in the line of names"))
        }
        (_, kind) => ImportError::file(file, format!("{kind:?}")),
    }
}

impl Columns {
    fn find(names: &ByteRecord, file: &str) -> Result<Self, ImportError> {
        let find = |name: &str| names.iter().position(|column| column == name.as_bytes());
        let missing = |name: &str| {
            let has: Vec<_> = names.iter().map(String::from_utf8_lossy).collect();
            ImportError::file(file, format!("no column `{name}`; it has {}", has.join(", ")))
        };
        Ok(Self {
            seed: find("seed"),
            created_ps: find("created_ps"),
            bytes: find("bytes").or_else(|| find("size")).ok_or_else(|| missing("bytes"))?,
            slowdown: find("slowdown").ok_or_else(|| missing("slowdown"))?,
            latency_ps: find("latency_ps"),
            hosts: find("source").zip(find("destination")),
        })
    }

    fn parse(&self, record: &ByteRecord) -> Result<MessageRow, String> {
        let whole = |name: &str, column: usize| parsed::<u64>(record, name, column);
        let bytes = whole("bytes", self.bytes)?;
        if !(1..=u64::from(u32::MAX)).contains(&bytes) {
            return Err(format!("bytes `{bytes}`; accepted is a length from 1 to 4294967295"));
        }
        let field = &record[self.slowdown];
        let slowdown =
            if field.is_empty() { Some(f64::INFINITY) } else { number(field).filter(|value: &f64| value.is_finite()) };
        let slowdown = slowdown.filter(|value| *value > 0.0).ok_or_else(|| {
            let shown = shown(record, self.slowdown);
            format!(
                "slowdown `{shown}`; accepted is a number more than 0, or nothing for a message that did not finish"
            )
        })?;
        let host = |name: &str, column: usize| parsed::<u32>(record, name, column);
        let hosts = |(from, to): (usize, usize)| Ok::<_, String>((host("source", from)?, host("destination", to)?));
        let latency = self.latency_ps.filter(|column| !record[*column].is_empty());
        Ok(MessageRow {
            seed: self.seed.map(|column| whole("seed", column)).transpose()?,
            created_ps: self.created_ps.map(|column| whole("created_ps", column)).transpose()?,
            bytes,
            slowdown,
            latency_ps: latency.map(|column| whole("latency_ps", column)).transpose()?,
            hosts: self.hosts.map(hosts).transpose()?,
        })
    }
}

fn parsed<T: std::str::FromStr>(record: &ByteRecord, name: &str, column: usize) -> Result<T, String> {
    number(&record[column]).ok_or_else(|| format!("{name} `{}`; accepted is a whole number", shown(record, column)))
}

fn number<T: std::str::FromStr>(field: &[u8]) -> Option<T> {
    std::str::from_utf8(field).ok()?.parse().ok()
}

fn shown(record: &ByteRecord, column: usize) -> String {
    String::from_utf8_lossy(&record[column]).into_owned()
}
