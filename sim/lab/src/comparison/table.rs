//! Tables of slowdown by size, as other simulators have them; ours too (`slowdown.csv`).

use super::error::ComparisonError;
use super::group::Group;
use crate::disk::open;
use csv::StringRecord;
use homa_analysis::ImportError;
use std::path::Path;

/// What a CSV file has a line for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Each message.
    Messages,
    /// Each group of sizes.
    Sizes,
}

const SIZES: [&str; 4] = ["size_max", "size_bytes", "size", "bytes"];

type Reader = csv::Reader<Box<dyn std::io::BufRead>>;

fn reader(path: &Path) -> Result<Reader, ComparisonError> {
    Ok(csv::ReaderBuilder::new().comment(Some(b'#')).trim(csv::Trim::All).from_reader(open(path)?))
}

fn malformed(path: &Path, cause: &csv::Error) -> ComparisonError {
    ImportError::File { file: path.display().to_string(), problem: cause.to_string() }.into()
}

pub(super) fn kind_of_table(path: &Path) -> Result<Kind, ComparisonError> {
    let mut reader = reader(path)?;
    let names = reader.headers().map_err(|cause| malformed(path, &cause))?;
    let has = |name: &str| names.iter().any(|column| column == name);
    if SIZES.iter().any(|name| has(name)) && has("p50") && has("p99") {
        return Ok(Kind::Sizes);
    }
    if (has("bytes") || has("size")) && has("slowdown") {
        return Ok(Kind::Messages);
    }
    let names: Vec<_> = names.iter().collect();
    let problem = format!(
        "its columns are {}; accepted are size_max (or size_bytes, size, bytes), p50, p99, and perhaps count, cumulative_share or \
         percentile, p99_low, p99_high; or, with a line for each message, bytes (or size), slowdown",
        names.join(", ")
    );
    Err(ImportError::File { file: path.display().to_string(), problem }.into())
}

/// Reads slowdown by size. A line that repeats the one before, as tables by percentile have them,
/// counts once.
pub(super) fn read_table(path: &Path) -> Result<Vec<Group>, ComparisonError> {
    let mut reader = reader(path)?;
    let names = reader.headers().map_err(|cause| malformed(path, &cause))?.clone();
    let mut groups: Vec<Group> = Vec::new();
    for record in reader.records() {
        let record = record.map_err(|cause| malformed(path, &cause))?;
        let line = record.position().map_or(0, csv::Position::line);
        let refused = |problem: String| ImportError::Line { file: path.display().to_string(), line, problem };
        let group = parse(&names, &record).map_err(refused)?;
        match groups.last_mut() {
            Some(last) if last.size_max > group.size_max => {
                let problem = "sizes descend; accepted is a table of one curve, with ascending sizes".to_owned();
                return Err(refused(problem).into());
            }
            Some(last) if last.size_max == group.size_max => {
                if (last.p50, last.p99) != (group.p50, group.p99) {
                    let problem = format!(
                        "{} B has two lines with other values; accepted is a table of one curve",
                        group.size_max
                    );
                    return Err(refused(problem).into());
                }
                last.share = group.share;
            }
            _ => groups.push(group),
        }
    }
    if groups.is_empty() {
        return Err(
            ImportError::File { file: path.display().to_string(), problem: "it has no lines".to_owned() }.into()
        );
    }
    Ok(groups)
}

fn parse(names: &StringRecord, record: &StringRecord) -> Result<Group, String> {
    let field = |name: &str| names.iter().position(|column| column == name).map(|column| &record[column]);
    let whole = |name: &str| {
        let parse = |text: &str| text.parse().map_err(|_| format!("{name} `{text}`; accepted is a whole number"));
        field(name).map(parse).transpose()
    };
    let number = |name: &str| {
        let parse = |text: &str| {
            if text.is_empty() {
                return Ok(f64::INFINITY);
            }
            let value = text.parse::<f64>().ok().filter(|value| value.is_finite() && *value >= 0.0);
            value.ok_or_else(|| {
                format!("{name} `{text}`; accepted is a number, or nothing if those messages did not finish")
            })
        };
        field(name).map(parse).transpose()
    };
    let sizes = SIZES.iter().map(|name| whole(name)).collect::<Result<Vec<_>, _>>()?;
    let slowdown = |name: &str| {
        let value = number(name)?.expect("the column is there");
        if value > 0.0 { Ok(value) } else { Err(format!("{name} `{value}`; accepted is a slowdown, more than 0")) }
    };
    let share = number("cumulative_share")?.or(number("percentile")?.map(|percent| percent / 100.0));
    let low = number("p99_low")?.filter(|low| low.is_finite());
    Ok(Group {
        size_min: None,
        size_max: sizes.into_iter().flatten().next().expect("a column of sizes is there"),
        count: whole("count")?,
        unfinished: whole("unfinished")?,
        share,
        p50: slowdown("p50")?,
        p99: slowdown("p99")?,
        p99_band: low.zip(number("p99_high")?),
    })
}
