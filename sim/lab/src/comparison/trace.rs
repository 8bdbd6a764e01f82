//! Our latencies against those that a trace brings along, message by message.

use crate::results::{CaseSummary, MessageLine, StoredError};
use homa_analysis::nearest_rank;
use homa_experiment::{Case, CaseError, ExperimentError, TraceFileError, cases, load_experiment, read_trace};
use homa_run::IdealTimes;
use homa_topologies::HostId;
use homa_units::Bytes;
use rustc_hash::FxHashMap;
use serde::Serialize;
use std::collections::VecDeque;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use thiserror::Error;

/// How far a number may be off, relatively.
pub(crate) const P50_TOLERANCE: f64 = 0.01;
/// See [`P50_TOLERANCE`].
pub(crate) const P99_TOLERANCE: f64 = 0.03;
/// See [`P50_TOLERANCE`].
pub(crate) const MEAN_TOLERANCE: f64 = 0.015;

/// One tenth of the messages under both simulators.
#[derive(Debug, Clone, Serialize)]
pub struct ComparedDecile {
    /// Sizes in bytes.
    pub size_min: u64,
    /// See `size_min`.
    pub size_max: u64,
    /// Messages.
    pub count: usize,
    /// Unfinished ones, ours and theirs.
    pub unfinished: [usize; 2],
    /// Median slowdown, ours and theirs; infinite if it is that of an unfinished message.
    pub p50: [f64; 2],
    /// 99th percentile of slowdown, ours and theirs.
    pub p99: [f64; 2],
    /// Mean slowdown of finished messages, ours and theirs.
    pub mean: [f64; 2],
    /// Median over messages of our latency over theirs, of those finished in both.
    pub latency_ratio_median: f64,
}

/// A result against the latencies in its trace.
#[derive(Debug, Clone, Serialize)]
pub struct TraceComparison {
    /// By tenth of messages.
    pub deciles: Vec<ComparedDecile>,
    /// Messages of the result.
    pub messages: usize,
    /// What a reader of the result's numbers must know.
    pub warnings: Vec<String>,
}

/// Why a comparison is not possible.
#[derive(Debug, Error)]
pub enum TraceComparisonError {
    /// The result's own experiment can't be read.
    #[error(transparent)]
    Experiment(#[from] ExperimentError),
    /// The result's own experiment can't be resolved.
    #[error(transparent)]
    Case(#[from] CaseError),
    /// The result's summary can't be read.
    #[error(transparent)]
    Stored(#[from] StoredError),
    /// The trace can't be read.
    #[error(transparent)]
    Trace(#[from] TraceFileError),
    /// The result has no usable messages.csv.
    #[error("cannot use {path}: {cause}; run the experiment with --set measure.messages=true")]
    Messages {
        /// The file.
        path: PathBuf,
        /// Why.
        cause: csv::Error,
    },
    /// The trace brings no latencies.
    #[error("{0} has no column latency_ns, so there is nothing to compare with")]
    NoLatencies(PathBuf),
    /// The result has other messages than the trace has in the window.
    #[error(
        "{path}: the result has {ours} messages and {seeds} seeds, the trace {theirs} messages in the result's window: compare the \
         result of one seed that replays the whole window"
    )]
    Count {
        /// The trace.
        path: PathBuf,
        /// Messages of the result.
        ours: usize,
        /// Its seeds.
        seeds: usize,
        /// Messages of the trace in the window.
        theirs: usize,
    },
    /// A message is in one and not in the other.
    #[error(
        "message created at {created_ps} ps from host {source_host} to {destination}, {bytes} B, is not in the trace {path}: the \
         result is not a replay of it"
    )]
    Missing {
        /// The trace.
        path: PathBuf,
        /// When the message was created.
        created_ps: u64,
        /// Its source.
        source_host: u32,
        /// Its destination.
        destination: u32,
        /// Its length.
        bytes: u64,
    },
}

/// Both latencies of a message as slowdowns; infinite if unfinished.
struct Pair {
    size: u64,
    ours: f64,
    theirs: f64,
}

/// Compares the result in `folder` with the latencies in `trace`.
///
/// # Errors
/// If one of the two can't be read or the result is not a replay of the trace.
pub fn compare_with_trace(folder: &Path, trace: &Path) -> Result<TraceComparison, TraceComparisonError> {
    let experiment_path = folder.join("experiment.toml");
    let experiment = load_experiment(&experiment_path, &[])?;
    let case = cases(&experiment_path, &experiment)?.remove(0);
    let mut pairs = pairs(&case, folder, trace)?;
    pairs.sort_by_key(|pair| pair.size);
    let count = pairs.len();
    let mut deciles = Vec::new();
    let mut from = 0;
    for decile in 1..=10 {
        let Some(last) = (count * decile).div_ceil(10).checked_sub(1) else { continue };
        let size_max = pairs[last].size;
        let to = pairs.partition_point(|pair| pair.size <= size_max);
        if to > from {
            deciles.push(compare(&pairs[from..to]));
            from = to;
        }
    }
    let warnings = CaseSummary::read(folder)?.warnings;
    Ok(TraceComparison { deciles, messages: count, warnings })
}

fn pairs(case: &Case, folder: &Path, trace: &Path) -> Result<Vec<Pair>, TraceComparisonError> {
    let rows = read_trace(trace, case.topology.hosts)?;
    if rows.iter().all(|row| row.latency.is_none()) {
        return Err(TraceComparisonError::NoLatencies(trace.to_owned()));
    }
    let (begin, end, _) = case.window();
    let in_window = rows.iter().filter(|row| (begin..end).contains(&row.at)).count();
    let mut theirs: FxHashMap<_, VecDeque<_>> = FxHashMap::default();
    for row in rows {
        theirs.entry((row.at.as_ps(), row.source, row.destination, row.size.get())).or_default().push_back(row.latency);
    }
    let mut ideal = IdealTimes::new(case.denominator(), Arc::clone(&case.topology), case.transport.clone());
    let path = folder.join("messages.csv");
    let unusable = |cause| TraceComparisonError::Messages { path: path.clone(), cause };
    let mut reader = csv::Reader::from_path(&path).map_err(unusable)?;
    let mut pairs = Vec::new();
    for row in reader.deserialize() {
        let MessageLine { created_ps, source, destination, bytes, latency_ps, .. } = row.map_err(unusable)?;
        let recorded = theirs.get_mut(&(created_ps, source, destination, bytes)).and_then(VecDeque::pop_front);
        let Some(recorded) = recorded else {
            let path = trace.to_owned();
            return Err(TraceComparisonError::Missing { path, created_ps, source_host: source, destination, bytes });
        };
        let best = ideal.ideal_ps(HostId(source), HostId(destination), Bytes::new(bytes)) as f64;
        let slowdown = |latency_ps: Option<u64>| latency_ps.map_or(f64::INFINITY, |latency| latency as f64 / best);
        let theirs = slowdown(recorded.map(|latency| latency.as_ps()));
        pairs.push(Pair { size: bytes, ours: slowdown(latency_ps), theirs });
    }
    let seeds = case.run().seeds.len();
    if pairs.len() != in_window || pairs.is_empty() || seeds != 1 {
        let path = trace.to_owned();
        return Err(TraceComparisonError::Count { path, ours: pairs.len(), seeds, theirs: in_window });
    }
    Ok(pairs)
}

fn compare(pairs: &[Pair]) -> ComparedDecile {
    let column = |of: fn(&Pair) -> f64| {
        let mut column: Vec<_> = pairs.iter().map(of).collect();
        column.sort_by(f64::total_cmp);
        column
    };
    let columns = [column(|pair| pair.ours), column(|pair| pair.theirs)];
    let each = |of: &dyn Fn(&[f64]) -> f64| [of(&columns[0]), of(&columns[1])];
    let finished = |column: &[f64]| column.partition_point(|value| value.is_finite());
    let mut ratios: Vec<_> = pairs
        .iter()
        .filter(|pair| pair.ours.is_finite() && pair.theirs.is_finite())
        .map(|pair| pair.ours / pair.theirs)
        .collect();
    ratios.sort_by(f64::total_cmp);
    ComparedDecile {
        size_min: pairs[0].size,
        size_max: pairs[pairs.len() - 1].size,
        count: pairs.len(),
        unfinished: [0, 1].map(|side: usize| columns[side].len() - finished(&columns[side])),
        p50: each(&|column| nearest_rank(column, 0.5)),
        p99: each(&|column| nearest_rank(column, 0.99)),
        mean: each(&|column| column[..finished(column)].iter().sum::<f64>() / finished(column) as f64),
        latency_ratio_median: if ratios.is_empty() { f64::NAN } else { nearest_rank(&ratios, 0.5) },
    }
}

impl ComparedDecile {
    /// Which statistics are further off than their tolerance; two that are infinite are equal.
    #[must_use]
    pub fn breaches(&self) -> Vec<&'static str> {
        let off = |[ours, theirs]: [f64; 2], tolerance: f64| {
            ours != theirs && ((ours / theirs - 1.0).abs() > tolerance || ours.is_infinite() || theirs.is_infinite())
        };
        let checks =
            [("p50", self.p50, P50_TOLERANCE), ("p99", self.p99, P99_TOLERANCE), ("mean", self.mean, MEAN_TOLERANCE)];
        checks.into_iter().filter(|(_, values, tolerance)| off(*values, *tolerance)).map(|(name, ..)| name).collect()
    }
}
