//! `EXPERIMENT-NODE.rtts`: one line for each RPC.

use crate::import::{ImportError, Lines, fields, shown};
use homa_units::Duration;
use std::io::BufRead;

/// What the comments at the top of a file say.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RttsHeader {
    /// Date and time of the measurement, as written; empty if it isn't.
    pub measured_at: String,
    /// The experiment; none in files from before 2023.
    pub experiment: Option<String>,
}

const ACCEPTED: &str = "accepted are a length in bytes (1 to 4294967295) and a round-trip time in microseconds, more than 0 and with \
                        at most 6 decimals, for example `1400 19.24`; comments begin with #";

/// The longest decimal number of microseconds that is read: seven digits before the point would be ten seconds.
const DIGITS_MAX: usize = 18;

/// Reads a file, `file` in messages, and hands on the length in bytes and the round-trip time of each RPC in its order.
///
/// # Errors
/// If it can't be read or a line is malformed; the RPCs before have been handed on.
pub fn read_rtts(
    reader: impl BufRead,
    file: &str,
    mut each: impl FnMut(u64, Duration),
) -> Result<RttsHeader, ImportError> {
    let mut lines = Lines::new(reader);
    let mut header = RttsHeader::default();
    while let Some((number, line)) = lines.next(file)? {
        if line.first() == Some(&b'#') {
            if number == 1 {
                header = parse_header(&String::from_utf8_lossy(line));
            }
            continue;
        }
        let Some((length, rtt)) = parse(line) else {
            return Err(ImportError::line(file, number, format!("`{}` is no RPC; {ACCEPTED}", shown(line))));
        };
        each(length, rtt);
    }
    Ok(header)
}

fn parse_header(line: &str) -> RttsHeader {
    let (line, experiment) = match line.split_once(" for experiment ") {
        Some((before, experiment)) => (before, Some(experiment.trim().to_owned())),
        None => (line, None),
    };
    let measured_at = line.split_once("measured by cp_node at ").map_or("", |(_, at)| at.trim()).to_owned();
    RttsHeader { measured_at, experiment }
}

fn parse(line: &[u8]) -> Option<(u64, Duration)> {
    let mut fields = fields(line);
    let (length, rtt) = (fields.next()?, fields.next()?);
    if fields.next().is_some() {
        return None;
    }
    let length = integer(length).filter(|length| (1..=u64::from(u32::MAX)).contains(length))?;
    Some((length, microseconds(rtt)?))
}

fn integer(digits: &[u8]) -> Option<u64> {
    if digits.is_empty() || digits.len() > DIGITS_MAX {
        return None;
    }
    digits.iter().try_fold(0, |value, digit| digit.is_ascii_digit().then(|| value * 10 + u64::from(digit - b'0')))
}

/// A decimal number of microseconds, exactly.
fn microseconds(number: &[u8]) -> Option<Duration> {
    const DECIMALS: usize = 6;
    let point = number.iter().position(|byte| *byte == b'.');
    let (whole, decimals) = point.map_or((number, &b""[..]), |point| (&number[..point], &number[point + 1..]));
    if decimals.len() > DECIMALS || (point.is_some() && decimals.is_empty()) {
        return None;
    }
    let fraction = if decimals.is_empty() { 0 } else { integer(decimals)? };
    let fraction_ps = fraction * 10_u64.pow((DECIMALS - decimals.len()) as u32);
    let ps = integer(whole)?.checked_mul(1_000_000)?.checked_add(fraction_ps)?;
    (ps > 0).then(|| Duration::from_ps(ps))
}
