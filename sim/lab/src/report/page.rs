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
    figures: Vec<FigurePart>,
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
        Self {
            style: STYLE,
            script: SCRIPT,
            experiment: made_by.experiment.clone(),
            question: made_by.question.clone(),
            source: made_by.source.clone(),
            extent: format!("{}, {}", count(manifest.cases.len(), "case"), count(runs, "run")),
            cases: manifest.cases.iter().zip(measured).map(|(case, measured)| CasePart::new(case, measured)).collect(),
            figures: figures.drawn.iter().map(FigurePart::new).collect(),
            left_out: figures.left_out.clone(),
            version: made_by.homasim.clone(),
            sources: made_by.sources.clone(),
            files: files.into_iter().map(line).collect(),
        }
    }
}
