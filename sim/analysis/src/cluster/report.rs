//! `reports/EXPERIMENT.data` and `reports/EXPERIMENT_cdf.data`.

use super::digest::{CdfPoint, ClusterDigest, LengthRow};
use crate::import::{ImportError, Lines, fields, shown};
use std::fmt::Write;
use std::io::BufRead;

/// Shares are written with six decimals.
const ROUNDING: f64 = 1e-6;

/// Reads a `.data` file of nine columns, `file` in messages.
///
/// # Errors
/// If it can't be read, is empty, or a line is malformed.
pub fn read_report(reader: impl BufRead, file: &str) -> Result<Vec<LengthRow>, ImportError> {
    const COLUMNS: &str = "accepted are nine numbers: length, cum_frac, samples, p50, p99, p999 (microseconds), s50, s99, s999 \
                           (slowdowns); comments begin with #";
    let mut rows: Vec<LengthRow> = Vec::new();
    numbers::<9>(reader, file, COLUMNS, |numbers| {
        let [length, cum_frac, samples, p50_us, p99_us, p999_us, s50, s99, s999] = numbers;
        let whole = |value: f64| value.fract() == 0.0 && (1.0..=9e15).contains(&value);
        if !whole(length) || !whole(samples) {
            return Err("length and samples are whole numbers from 1".to_owned());
        }
        let before = rows.last();
        if before.is_some_and(|row| row.length as f64 >= length) {
            return Err("lengths ascend".to_owned());
        }
        if !(before.map_or(0.0, |row| row.cum_frac)..=1.0 + ROUNDING).contains(&cum_frac) {
            return Err("cum_frac ascends up to 1".to_owned());
        }
        if !(p50_us <= p99_us && p99_us <= p999_us && s50 <= s99 && s99 <= s999) {
            return Err("a higher percentile is not lower".to_owned());
        }
        let (length, samples) = (length as u64, samples as u64);
        rows.push(LengthRow { length, cum_frac, samples, p50_us, p99_us, p999_us, s50, s99, s999 });
        Ok(())
    })?;
    match rows.last() {
        None => Err(ImportError::file(file, format!("it has no lines of numbers; {COLUMNS}"))),
        Some(row) if (row.cum_frac - 1.0).abs() > ROUNDING => Err(ImportError::file(
            file,
            format!("cum_frac ends at {}, not at 1: the file was cut off; make it again", row.cum_frac),
        )),
        Some(_) => Ok(rows),
    }
}

/// Reads a `_cdf.data` file, `file` in messages.
///
/// # Errors
/// If it can't be read, is empty, or a line is malformed.
pub fn read_cdf(reader: impl BufRead, file: &str) -> Result<Vec<CdfPoint>, ImportError> {
    const COLUMNS: &str = "accepted are two numbers: round-trip time in microseconds, share of messages that take longer; comments \
                           begin with #";
    let mut points: Vec<CdfPoint> = Vec::new();
    numbers::<2>(reader, file, COLUMNS, |[rtt_us, longer]| {
        if points.last().is_some_and(|last| rtt_us < last.rtt_us || longer > last.longer) {
            return Err("times ascend and shares descend".to_owned());
        }
        if longer > 1.0 {
            return Err("a share is at most 1".to_owned());
        }
        points.push(CdfPoint { rtt_us, longer });
        Ok(())
    })?;
    if points.is_empty() {
        return Err(ImportError::file(file, format!("it has no lines of numbers; {COLUMNS}")));
    }
    Ok(points)
}

/// Hands on the numbers of each line that is no comment.
fn numbers<const COUNT: usize>(
    reader: impl BufRead,
    file: &str,
    accepted: &str,
    mut take: impl FnMut([f64; COUNT]) -> Result<(), String>,
) -> Result<(), ImportError> {
    let mut lines = Lines::new(reader);
    while let Some((number, line)) = lines.next(file)? {
        if line.first() == Some(&b'#') {
            continue;
        }
        let parsed: Option<Vec<f64>> = fields(line).map(plain_number).collect();
        let row = parsed.and_then(|numbers| <[f64; COUNT]>::try_from(numbers).ok());
        let error = |why: &str| ImportError::line(file, number, format!("`{}`: {why}{accepted}", shown(line)));
        take(row.ok_or_else(|| error(""))?).map_err(|why| error(&format!("{why}; ")))?;
    }
    Ok(())
}

/// Only digits and a point: neither signs nor `nan`.
fn plain_number(field: &[u8]) -> Option<f64> {
    let plain = field.iter().all(|byte| byte.is_ascii_digit() || *byte == b'.');
    std::str::from_utf8(field).ok().filter(|_| plain)?.parse().ok()
}

/// The lines of a `.data` file, without its comments.
#[must_use]
pub fn report_lines(digest: &ClusterDigest) -> String {
    let mut text = String::new();
    for row in &digest.rows {
        let LengthRow { length, cum_frac, samples, p50_us, p99_us, p999_us, s50, s99, s999 } = row;
        let _ = writeln!(
            text,
            "{length:8} {cum_frac:9.6} {samples:8} {p50_us:7.1} {p99_us:8.1} {p999_us:8.1} {s50:5.1} {s99:6.1} {s999:7.1}"
        );
    }
    text
}

/// The lines of a `_cdf.data` file, without its comments.
#[must_use]
pub fn cdf_lines(points: &[CdfPoint]) -> String {
    let mut text = String::new();
    for CdfPoint { rtt_us, longer } in points {
        let _ = writeln!(text, "{rtt_us:12.3}  {longer:.8}");
    }
    text
}
