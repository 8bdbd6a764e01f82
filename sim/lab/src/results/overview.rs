//! `overview.csv`: a line for each case.

use super::best_times::best_time_keys;
use super::formats::to_csv;
use super::summary::CaseSummary;
use crate::disk::{StoreError, write_atomically};
use crate::plan::Manifest;
use serde::Serialize;
use std::io;
use std::path::Path;

/// A line of `overview.csv`. No part of the program reads it.
#[derive(Debug, Clone, PartialEq, Serialize)]
struct OverviewRow {
    case: String,
    transport: String,
    topology: String,
    workload: String,
    load: Option<f64>,
    load_kind: String,
    runs: usize,
    messages: u64,
    unfinished: u64,
    p50: Option<f64>,
    p99: Option<f64>,
    mean: Option<f64>,
    short_p50_us: Option<f64>,
    short_p99_us: Option<f64>,
    goodput_gbps: f64,
    denominator: String,
    /// The first case that has the same best times: slowdowns of rows with one name compare.
    best_times_as: String,
    digest: String,
    /// Whether it is in a steady state.
    steady: bool,
    warnings: usize,
    /// What they say.
    warning_texts: String,
}

impl OverviewRow {
    fn of(summary: CaseSummary, best_times_as: String) -> Self {
        Self {
            steady: summary.is_steady(),
            best_times_as,
            case: summary.case,
            transport: summary.transport,
            topology: summary.topology,
            workload: summary.workload,
            load: summary.load,
            load_kind: summary.load_kind,
            runs: summary.seeds.len(),
            messages: summary.messages,
            unfinished: summary.unfinished,
            p50: summary.overall.p50,
            p99: summary.overall.p99,
            mean: summary.overall.mean,
            short_p50_us: summary.short_messages.p50_us,
            short_p99_us: summary.short_messages.p99_us,
            goodput_gbps: summary.goodput_gbps,
            denominator: summary.denominator,
            digest: summary.digest,
            warnings: summary.warnings.len(),
            warning_texts: summary.warnings.join(" | "),
        }
    }
}

/// Writes `out/overview.csv` of a manifest whose cases are all there.
pub(crate) fn write_overview(out: &Path, manifest: &Manifest) -> Result<(), StoreError> {
    let path = out.join("overview.csv");
    let error = |cause| StoreError { path: path.clone(), cause };
    let mut rows = Vec::new();
    let mut best_times: Vec<(String, String)> = Vec::new();
    for case in &manifest.cases {
        let summary = CaseSummary::read(&out.join(&case.name));
        let summary = summary.map_err(|stored| error(io::Error::other(stored.to_string())))?;
        best_times.push((best_time_keys(&case.experiment, &summary), summary.case.clone()));
        let (own, _) = best_times.last().expect("it was just added");
        let first = best_times.iter().find(|(keys, _)| keys == own).map(|(_, case)| case.clone());
        rows.push(OverviewRow::of(summary, first.expect("it is there itself")));
    }
    write_atomically(&path, &to_csv(&rows).map_err(error)?)
}
