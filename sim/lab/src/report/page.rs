//! All that the template of the page is filled with.

use super::case::{CasePart, Measured};
use super::figure::FigurePart;
use super::words::count;
use crate::figures::Figures;
use crate::plan::{Manifest, UsedFile};
use serde::Serialize;

const STYLE: &str = include_str!("report.css");
const SCRIPT: &str = include_str!("report.js");

/// The page.
#[derive(Serialize)]
pub(super) struct Page {
    style: &'static str,
    script: &'static str,
    experiment: String,
    question: Option<String>,
    source: Option<String>,
    /// How much there is.
    extent: String,
    cases: Vec<CasePart>,
    /// Whether slowdowns of all cases are relative to the same best times.
    has_same_best_times: bool,
    figures: Vec<FigurePart>,
    /// Cases that differ in settings and not in a packet.
    alike: Vec<String>,
    left_out: Vec<String>,
    version: String,
    sources: String,
    files: Vec<FileLine>,
}

/// A file that runs read.
#[derive(Serialize)]
struct FileLine {
    path: String,
    sha256: String,
}

impl Page {
    pub(super) fn new(manifest: &Manifest, measured: &[Measured], figures: &Figures) -> Self {
        let made_by = &manifest.manifest;
        let runs = manifest.cases.iter().map(|case| case.runs.len()).sum();
        let mut files: Vec<&UsedFile> = Vec::new();
        for file in manifest.cases.iter().flat_map(|case| &case.files) {
            if !files.contains(&file) {
                files.push(file);
            }
        }
        let line = |file: &UsedFile| FileLine { path: file.path.display().to_string(), sha256: file.sha256.clone() };
        let keys: Vec<String> =
            manifest.cases.iter().zip(measured).map(|(case, measured)| measured.best_time_keys(case)).collect();
        let has_same_best_times = keys.iter().all(|other| *other == keys[0]);
        let mut cases: Vec<_> =
            manifest.cases.iter().zip(measured).map(|(case, measured)| CasePart::new(case, measured)).collect();
        for (number, case) in cases.iter_mut().enumerate().filter(|_| !has_same_best_times) {
            let first = keys.iter().position(|other| *other == keys[number]).expect("it is there itself");
            case.best_times_as = Some(manifest.cases[first].name.clone());
        }
        Self {
            style: STYLE,
            script: SCRIPT,
            experiment: made_by.experiment.clone(),
            question: made_by.question.clone(),
            source: made_by.source.clone(),
            extent: format!("{}, {}", count(manifest.cases.len(), "case"), count(runs, "run")),
            cases,
            has_same_best_times,
            figures: figures.drawn.iter().map(FigurePart::new).collect(),
            alike: manifest.alike(),
            left_out: figures.left_out.clone(),
            version: made_by.homasim.clone(),
            sources: made_by.sources.clone(),
            files: files.into_iter().map(line).collect(),
        }
    }
}
