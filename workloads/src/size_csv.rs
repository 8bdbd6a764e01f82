//! The text form of a size distribution.

use thiserror::Error;

/// The largest message size that is accepted, in bytes.
pub(crate) const LARGEST_SIZE: u64 = u32::MAX as u64;

const HEADER: &str = "size_bytes,cum_prob";

/// A message size with the probability that a message is not larger.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Point {
    /// In bytes.
    pub(crate) size: u64,
    /// In (0, 1].
    pub(crate) cumulative: f64,
}

/// What is drawn between two points.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Interpolation {
    /// Only listed sizes.
    Steps,
    /// Sizes between them, evenly.
    Linear,
}

/// Why a text is not a size distribution.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum CsvError {
    /// The first line that is not a comment is not the header.
    #[error("sizes `{name}`, line {line}: the header is `{found}`, but must be `size_bytes,cum_prob`")]
    Header {
        /// Name of the distribution.
        name: String,
        /// Where, counted from 1.
        line: usize,
        /// What stands there.
        found: String,
    },
    /// The text holds no points.
    #[error("sizes `{name}` have no points; write `size_bytes,cum_prob` and below it at least one line like `1500,1`")]
    Empty {
        /// Name of the distribution.
        name: String,
    },
    /// The interpolation is not known.
    #[error(
        "sizes `{name}`, line {line}: `{found}` is not accepted; write `# interpolate = \"steps\"` or \
             `# interpolate = \"linear\"`"
    )]
    Interpolation {
        /// Name of the distribution.
        name: String,
        /// Where, counted from 1.
        line: usize,
        /// What stands there.
        found: String,
    },
    /// The interpolation is given below the first line, where it would be taken for a comment.
    #[error("sizes `{name}`, line {line}: `{found}` must be the first line")]
    LateInterpolation {
        /// Name of the distribution.
        name: String,
        /// Where, counted from 1.
        line: usize,
        /// What stands there.
        found: String,
    },
    /// A line doesn't have two columns.
    #[error(
        "sizes `{name}`, line {line}: `{found}` is not a point; write a size in bytes, a comma and the cumulative \
             probability, for example `1500,0.25`"
    )]
    Columns {
        /// Name of the distribution.
        name: String,
        /// Where, counted from 1.
        line: usize,
        /// What stands there.
        found: String,
    },
    /// A size is not a number of bytes.
    #[error("sizes `{name}`, line {line}: the size `{found}` must be a whole number of bytes from 1 to 4294967295")]
    Size {
        /// Name of the distribution.
        name: String,
        /// Where, counted from 1.
        line: usize,
        /// What stands there.
        found: String,
    },
    /// A probability is not a probability.
    #[error("sizes `{name}`, line {line}: the cumulative probability `{found}` must be a number above 0 and at most 1")]
    Probability {
        /// Name of the distribution.
        name: String,
        /// Where, counted from 1.
        line: usize,
        /// What stands there.
        found: String,
    },
    /// A size is not above the one before it.
    #[error("sizes `{name}`, line {line}: the size {found} must be above {before}, the one before it")]
    SizeOrder {
        /// Name of the distribution.
        name: String,
        /// Where, counted from 1.
        line: usize,
        /// What stands there, in bytes.
        found: u64,
        /// The size before it in bytes.
        before: u64,
    },
    /// A probability is not above the one before it.
    #[error(
        "sizes `{name}`, line {line}: the cumulative probability {found} must be above {before}, the one before it"
    )]
    ProbabilityOrder {
        /// Name of the distribution.
        name: String,
        /// Where, counted from 1.
        line: usize,
        /// What stands there.
        found: String,
        /// The probability before it.
        before: String,
    },
    /// The probabilities don't end at 1.
    #[error("sizes `{name}`, line {line}: the last cumulative probability is {found}, but must be exactly 1")]
    Incomplete {
        /// Name of the distribution.
        name: String,
        /// Where, counted from 1.
        line: usize,
        /// What stands there.
        found: String,
    },
}

/// Reads `text`; `name` is for error messages.
pub(crate) fn parse(text: &str, name: &str) -> Result<(Interpolation, Vec<Point>), CsvError> {
    let mut interpolation = Interpolation::Steps;
    let mut header_seen = false;
    let mut points: Vec<Point> = Vec::new();
    let mut last_line = 0;
    for (line, content) in (1..).zip(text.lines()) {
        let content = content.trim();
        if let Some(comment) = content.strip_prefix('#') {
            if let Some(found) = interpolation_in(comment, line, content, name)? {
                interpolation = found;
            }
        } else if content.is_empty() {
        } else if !header_seen {
            if content != HEADER {
                return Err(CsvError::Header { name: name.to_owned(), line, found: content.to_owned() });
            }
            header_seen = true;
        } else {
            points.push(point(content, points.last(), line, name)?);
            last_line = line;
        }
    }
    match points.last() {
        None => Err(CsvError::Empty { name: name.to_owned() }),
        Some(last) if last.cumulative != 1.0 => {
            Err(CsvError::Incomplete { name: name.to_owned(), line: last_line, found: last.cumulative.to_string() })
        }
        Some(_) => Ok((interpolation, points)),
    }
}

/// The interpolation that a comment chooses, if it is about that.
fn interpolation_in(comment: &str, line: usize, content: &str, name: &str) -> Result<Option<Interpolation>, CsvError> {
    let Some(value) = comment.trim().strip_prefix("interpolate").and_then(|rest| rest.trim().strip_prefix('=')) else {
        return Ok(None);
    };
    let (name, found) = (name.to_owned(), content.to_owned());
    if line > 1 {
        return Err(CsvError::LateInterpolation { name, line, found });
    }
    match value.trim() {
        "\"steps\"" => Ok(Some(Interpolation::Steps)),
        "\"linear\"" => Ok(Some(Interpolation::Linear)),
        _ => Err(CsvError::Interpolation { name, line, found }),
    }
}

/// The point on one line.
fn point(content: &str, before: Option<&Point>, line: usize, name: &str) -> Result<Point, CsvError> {
    let name = || name.to_owned();
    let Some((size_text, probability_text)) = content.split_once(',').map(|(a, b)| (a.trim(), b.trim())) else {
        return Err(CsvError::Columns { name: name(), line, found: content.to_owned() });
    };
    if probability_text.contains(',') {
        return Err(CsvError::Columns { name: name(), line, found: content.to_owned() });
    }
    let size = whole(size_text).filter(|size| (1..=LARGEST_SIZE).contains(size));
    let size = size.ok_or_else(|| CsvError::Size { name: name(), line, found: size_text.to_owned() })?;
    let cumulative = probability_text.parse().ok().filter(|p| *p > 0.0 && *p <= 1.0);
    let cumulative: f64 =
        cumulative.ok_or_else(|| CsvError::Probability { name: name(), line, found: probability_text.to_owned() })?;
    if let Some(before) = before {
        if size <= before.size {
            return Err(CsvError::SizeOrder { name: name(), line, found: size, before: before.size });
        }
        if cumulative <= before.cumulative {
            return Err(CsvError::ProbabilityOrder {
                name: name(),
                line,
                found: cumulative.to_string(),
                before: before.cumulative.to_string(),
            });
        }
    }
    Ok(Point { size, cumulative })
}

/// The number in `text`, which has only digits: no sign, no point.
pub(crate) fn whole(text: &str) -> Option<u64> {
    text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok())?
}
