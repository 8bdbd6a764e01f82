//! One side of a comparison, read.

use super::definition::{Definition, Stated, report};
use super::error::ComparisonError;
use super::group::Group;
use super::operand::Operand;
use super::rtts::each_rtt;
use super::table::{Kind, kind_of_table, read_table};
use crate::disk::open;
use crate::results::{CaseSummary, EXACT_LIMIT, Samples, StoredError, record, stored_case};
use homa_analysis::{
    BinRow, Decile, Precision, RankRule, Sample, SizeBins, SlowdownRecorder, SlowdownSummary, read_messages,
};
use homa_units::Bytes;
use std::path::{Path, PathBuf};

#[derive(Debug)]
pub(super) struct Side {
    /// As the user gave it, or short.
    pub(super) name: String,
    /// What it is.
    pub(super) what: String,
    pub(super) definition: Definition,
    /// Whether quantiles are exact.
    pub(super) quantiles: String,
    /// Which samples its own quantiles are.
    pub(super) rule: RankRule,
    /// By size bin, and by tenth of messages, if it has such groups of its own.
    pub(super) bins: Vec<Group>,
    pub(super) deciles: Vec<Group>,
    /// All messages, which can be grouped in any way.
    pub(super) samples: Option<SlowdownSummary>,
    /// What it is if it is a case.
    pub(super) case: Option<StoredCase>,
}

/// A case of ours.
#[derive(Debug)]
pub(super) struct StoredCase {
    pub(super) folder: PathBuf,
    pub(super) summary: CaseSummary,
    /// The samples of its runs, if they are there.
    pub(super) runs: Option<Samples>,
}

impl Side {
    pub(super) fn open(operand: &Operand, stated: &Stated) -> Result<Self, ComparisonError> {
        match operand {
            Operand::Case(folder) => case(folder),
            Operand::Rtts { name, files } => rtts(name, files, stated),
            Operand::Report(path) => of_report(path, stated),
            Operand::Table(path) => table(path, stated),
            Operand::Reference(name) => Err(ComparisonError::Reference { name: name.clone() }),
        }
    }

    /// The folder of a case.
    pub(super) fn folder(&self) -> Option<&Path> {
        self.case.as_ref().map(|case| case.folder.as_path())
    }

    /// Whether it is a steady state, as far as is known.
    pub(super) fn is_steady(&self) -> bool {
        self.case.as_ref().is_none_or(|case| case.summary.is_steady())
    }

    /// Reads the messages of a case, so that they can be grouped in any way.
    pub(super) fn load_messages(&mut self) -> Result<(), ComparisonError> {
        let Some(StoredCase { folder, runs: Some(runs), .. }) = &self.case else { return Ok(()) };
        let path = folder.join("messages.csv");
        self.samples = Some(match path.is_file() {
            true => messages(&path)?,
            false => SlowdownSummary::pool(runs.each(&SizeBins::with_edges(&[]), Sample::slowdown)?),
        });
        (self.bins, self.deciles) = (Vec::new(), Vec::new());
        Ok(())
    }

    /// Its samples in the groups that end at `edges`, ascending.
    pub(super) fn grouped(&self, edges: &[u64], rule: RankRule) -> Option<Vec<Group>> {
        let samples = self.samples.as_ref()?;
        let edges: Vec<_> = edges.iter().map(|edge| Bytes::new(*edge)).collect();
        let (total, mut below) = (samples.count() as f64, 0);
        let rows = samples.groups(&SizeBins::with_edges(&edges), rule).into_iter();
        let group = |row: homa_analysis::Decile| {
            below += row.count;
            Group {
                size_min: Some(row.size_min),
                size_max: row.size_max,
                count: Some(row.count),
                unfinished: Some(row.unfinished),
                share: Some(below as f64 / total),
                p50: row.p50,
                p99: row.p99,
                p99_band: None,
            }
        };
        Some(rows.map(group).collect())
    }
}

pub(super) fn shown(precision: Precision, size_width: f64) -> String {
    let quantiles = match precision {
        Precision::Exact => return "exact".to_owned(),
        Precision::Logarithmic { relative_width } => format!("within {:.1} %", 100.0 * relative_width),
    };
    if size_width == 0.0 {
        return quantiles;
    }
    format!("{quantiles}, sizes rounded up by up to {:.1} %", 100.0 * size_width)
}

fn case(folder: &Path) -> Result<Side, ComparisonError> {
    let stored = CaseSummary::read(folder)?;
    let unknown = || StoredError {
        path: folder.join("summary.json"),
        problem: format!("unknown denominator \"{}\"", stored.denominator),
    };
    let definition = Definition::stored(&stored.denominator, None).ok_or_else(unknown)?;
    // Only then the rate is a part of the definition; to know it the experiment is resolved again.
    let rated = definition.name.starts_with("cluster");
    let mbps = rated.then(|| stored_case(folder).ok().map(|case| case.host_rate.as_bps() / 1_000_000)).flatten();
    let load = stored.load.map_or_else(|| "a trace".to_owned(), |load| format!("{} load {load}", stored.load_kind));
    let bin = |bin: &BinRow| Group {
        size_min: None,
        size_max: bin.size_max,
        count: Some(bin.count),
        unfinished: Some(bin.unfinished),
        share: Some(bin.cumulative_share),
        p50: bin.p50,
        p99: bin.p99,
        p99_band: (!bin.p99_low.is_nan()).then_some((bin.p99_low, bin.p99_high)),
    };
    let total = stored.deciles.iter().map(|decile| decile.count).sum::<u64>() as f64;
    let mut below = 0;
    let decile = |decile: &Decile| {
        below += decile.count;
        Group {
            size_min: Some(decile.size_min),
            size_max: decile.size_max,
            count: Some(decile.count),
            unfinished: Some(decile.unfinished),
            share: Some(below as f64 / total),
            p50: decile.p50,
            p99: decile.p99,
            p99_band: None,
        }
    };
    Ok(Side {
        name: format!("{}-{}", stored.experiment, stored.case),
        what: format!("{}: {}, {}, {load}", folder.display(), stored.transport, stored.workload),
        definition: Definition { link_mbps: mbps, ..definition },
        bins: stored.bins.iter().map(bin).collect(),
        deciles: stored.deciles.iter().map(decile).collect(),
        quantiles: stored.quantiles.clone(),
        rule: RankRule::Nearest,
        samples: None,
        case: Some(StoredCase { folder: folder.to_owned(), runs: Samples::find(folder), summary: stored }),
    })
}

fn rtts(name: &str, files: &[PathBuf], stated: &Stated) -> Result<Side, ComparisonError> {
    let first = files[0].display().to_string();
    let (definition, baseline) = stated.baseline(&first)?;
    let mut recorder = SlowdownRecorder::new(SizeBins::with_edges(&[]), EXACT_LIMIT);
    let mut unknown = None;
    each_rtt(files, |length, rtt| match baseline.best_us(length) {
        Ok(best_us) => recorder.record(Bytes::new(length), rtt.as_ps() as f64 / 1e6 / best_us),
        Err(cause) => unknown = unknown.take().or(Some(cause)),
    })?;
    let count = files.len();
    let summary = SlowdownSummary::pool(vec![recorder]);
    if let Some(cause) = unknown.or((summary.count() == 0).then_some(homa_analysis::cluster::BaselineError::Empty)) {
        return Err(ComparisonError::Baseline { file: first, cause });
    }
    let what = format!("{count} .rtts {} of {name}", if count == 1 { "file" } else { "files" });
    Ok(of_samples(name.to_owned(), what, definition, summary))
}

fn of_samples(name: String, what: String, definition: Definition, samples: SlowdownSummary) -> Side {
    let quantiles = shown(samples.precision(), samples.size_width());
    let what = format!("{what}, {} messages", samples.count());
    Side {
        name,
        what,
        definition,
        quantiles,
        rule: RankRule::Nearest,
        bins: Vec::new(),
        deciles: Vec::new(),
        samples: Some(samples),
        case: None,
    }
}

fn of_groups(path: &Path, what: &str, definition: Definition, bins: Vec<Group>) -> Side {
    let what = format!("{}: {what}", path.display());
    Side {
        name: stem(path),
        what,
        definition,
        quantiles: "as given".to_owned(),
        rule: RankRule::Nearest,
        bins,
        deciles: Vec::new(),
        samples: None,
        case: None,
    }
}

fn of_report(path: &Path, stated: &Stated) -> Result<Side, ComparisonError> {
    let (definition, rows) = report(path, stated)?;
    let group = |row: &homa_analysis::cluster::LengthRow| Group {
        size_min: Some(row.length),
        size_max: row.length,
        count: Some(row.samples),
        unfinished: None,
        share: Some(row.cum_frac),
        p50: row.s50,
        p99: row.s99,
        p99_band: None,
    };
    let side = of_groups(path, "digest of a cluster's experiment", definition, rows.iter().map(group).collect());
    Ok(Side { rule: RankRule::Cluster, ..side })
}

fn table(path: &Path, stated: &Stated) -> Result<Side, ComparisonError> {
    let definition = stated.definition(&path.display().to_string())?;
    match kind_of_table(path)? {
        Kind::Messages => {
            let what = format!("{}: one line for each message", path.display());
            Ok(of_samples(stem(path), what, definition, messages(path)?))
        }
        Kind::Sizes => Ok(of_groups(path, "table of slowdown by size", definition, read_table(path)?)),
    }
}

/// All messages of a file, in one run.
fn messages(path: &Path) -> Result<SlowdownSummary, ComparisonError> {
    let mut recorder = SlowdownRecorder::new(SizeBins::with_edges(&[]), EXACT_LIMIT);
    let file = path.display().to_string();
    read_messages(open(path)?, &file, |row| {
        record(&mut recorder, row, 0);
        Ok(())
    })?;
    let summary = SlowdownSummary::pool(vec![recorder]);
    if summary.count() == 0 {
        return Err(homa_analysis::ImportError::File { file, problem: "it has no messages".to_owned() }.into());
    }
    Ok(summary)
}

/// The file's name without its endings.
fn stem(path: &Path) -> String {
    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    [".csv.gz", ".csv", ".data"].into_iter().find_map(|ending| name.strip_suffix(ending)).unwrap_or(&name).to_owned()
}
