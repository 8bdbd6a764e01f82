//! Figures of results: which, of which cases, under which names.

mod cases;
mod draw;
mod drawing;
mod error;
mod label;
mod ratio;
mod relative;

pub(crate) use cases::CaseResult;
pub use error::FigureError;

use crate::disk::{StoreError, write_atomically};
use crate::plan::Manifest;
use crate::results::Draw;
use draw::{CURVES_MAX, draw};
use drawing::{Drawing, Problem};
use homa_experiment::{FigureKind, FigureSection};
use homa_figures::{figure_csv, png};
use label::Labels;
use rayon::prelude::*;
use std::path::{Path, PathBuf};

/// What was drawn.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Drawn {
    /// The files.
    pub files: Vec<PathBuf>,
    /// Why some figures were left out, each with the key that would allow it: cases that they are
    /// of are not there, or don't go into one figure.
    pub left_out: Vec<String>,
}

/// Draws the figures of the results in `out` into `out/figures`: those of `sections`, or, if there
/// are none, one of each kind that the cases have something to say about. What is there as it
/// should be is drawn `again` only if that is wanted.
///
/// # Errors
/// If results are missing or damaged, or a figure can't be written. A figure that can't be drawn
/// from the results is left out.
pub fn write_figures(out: &Path, sections: &[FigureSection], draw: Draw, again: bool) -> Result<Drawn, FigureError> {
    let manifest = Manifest::read(out)?;
    let cases = CaseResult::read(out, &manifest)?;
    let Figures { drawn: figures, left_out } = draw_figures(&cases, sections)?;
    let folder = figures_folder(out)?;
    let written = figures.par_iter().map(|figure| figure.write(&folder, draw, again)).collect::<Result<Vec<_>, _>>()?;
    let drawn = Drawn { files: written.into_iter().flatten().collect(), left_out };
    remove_others(&folder, &drawn.files);
    Ok(drawn)
}

/// A figure of results.
pub(crate) struct Figure {
    /// Of its files, without their endings.
    pub(crate) name: String,
    pub(crate) kind: FigureKind,
    pub(crate) title: String,
    pub(crate) drawing: Drawing,
}

/// Figures that were drawn, and why others were not.
#[derive(Default)]
pub(crate) struct Figures {
    pub(crate) drawn: Vec<Figure>,
    pub(crate) left_out: Vec<String>,
}

impl Figure {
    /// Writes its files, or only if one of them isn't there as it should be; returns them.
    pub(crate) fn write(&self, folder: &Path, draw: Draw, again: bool) -> Result<Vec<PathBuf>, StoreError> {
        let Drawing { svg, rows, .. } = &self.drawing;
        let path = |ending| folder.join(format!("{}.{ending}", self.name));
        let (svg_path, png_path, csv_path) = (path("svg"), path("png"), path("csv"));
        let draws_png = draw == Draw::SvgAndPng;
        let csv = figure_csv(rows);
        let is_there = |path: &Path, bytes: &[u8]| std::fs::read(path).is_ok_and(|there| there == bytes);
        // The PNG takes by far the longest, and is made from the SVG: it is there if that is, which
        // is written last.
        let has_png = !draws_png || png_path.is_file();
        if again || !has_png || !is_there(&svg_path, svg.as_bytes()) || !is_there(&csv_path, &csv) {
            write_atomically(&csv_path, &csv)?;
            if draws_png {
                write_atomically(&png_path, &png(svg))?;
            } else if png_path.is_file() {
                // It shows the figure as it was before. What can't be removed does no harm.
                let _ = std::fs::remove_file(&png_path);
            }
            write_atomically(&svg_path, svg.as_bytes())?;
        }
        let mut paths = vec![svg_path, csv_path];
        paths.extend(draws_png.then_some(png_path));
        Ok(paths)
    }
}

/// The folder of the figures, made if it isn't there.
pub(crate) fn figures_folder(out: &Path) -> Result<PathBuf, StoreError> {
    let folder = out.join("figures");
    std::fs::create_dir_all(&folder).map_err(|cause| StoreError { path: folder.clone(), cause })?;
    Ok(folder)
}

/// Draws figures of cases: those of `sections`, or, if there are none, one of each kind that the
/// cases have something to say about.
pub(crate) fn draw_figures(cases: &[CaseResult], sections: &[FigureSection]) -> Result<Figures, FigureError> {
    let defaults;
    let sections = if sections.is_empty() {
        defaults = default_sections(cases);
        &defaults
    } else {
        sections
    };
    let names: Vec<&str> = cases.iter().map(|case| case.summary.case.as_str()).collect();
    let mut figures = Figures::default();
    for section in sections {
        if let Some(problem) = section.problem_with(&names) {
            figures.left_out.push(problem);
            continue;
        }
        let chosen: Vec<&CaseResult> = cases.iter().filter(|case| section.is_of(&case.summary.case)).collect();
        let labels = Labels::new(cases, &chosen, section);
        let name = section.file_name();
        let drawing = match draw(section, cases, &chosen, &labels) {
            Ok(drawing) => drawing,
            Err(Problem::Section(problem)) => {
                figures.left_out.push(format!("\"{name}\": {problem}"));
                continue;
            }
            Err(Problem::Other(other)) => return Err(other),
        };
        let (kind, title) = (section.kind, labels.title);
        figures.drawn.push(Figure { name, kind, title, drawing });
    }
    Ok(figures)
}

/// Figures of an earlier experiment in the same folder would pass for those of this one.
fn remove_others(folder: &Path, files: &[PathBuf]) {
    let is_ours =
        |path: &Path| ["svg", "png", "csv"].iter().any(|ending| path.extension().is_some_and(|own| own == *ending));
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        if is_ours(&entry.path()) && !files.contains(&entry.path()) {
            // What can't be removed does no harm.
            let _ = std::fs::remove_file(entry.path());
        }
    }
}

/// What is drawn of results if nobody says.
fn default_sections(cases: &[CaseResult]) -> Vec<FigureSection> {
    let mut sections = Vec::new();
    // Cases are compared with those of the same messages; many cases are cut into figures that can
    // be read.
    let mut groups: Vec<(String, Vec<&CaseResult>)> = Vec::new();
    for case in cases {
        let summary = &case.summary;
        let load = summary.load.map_or_else(String::new, |load| format!("-{load}"));
        let kind = if summary.load_kind == "payload" { "-payload" } else { "" };
        let name = format!("{}{kind}{load}", summary.workload);
        match groups.iter_mut().find(|(other, members)| *other == name && members.len() < CURVES_MAX) {
            Some((_, members)) => members.push(case),
            None => groups.push((name, vec![case])),
        }
    }
    let mut add = |kind: FigureKind, name: &str, members: &[&CaseResult]| {
        let names: Vec<_> = members.iter().map(|case| case.summary.case.clone()).collect();
        let taken = |name: &str| sections.iter().any(|section: &FigureSection| section.file_name() == name);
        let base = format!("{}-{name}", kind.name());
        let numbered = (2..).map(|number| format!("{base}-{number}"));
        let name = std::iter::once(base.clone()).chain(numbered).find(|name| !taken(name)).expect("numbers don't end");
        sections.push(FigureSection { name: Some(name), cases: names, ..FigureSection::of(kind) });
    };
    for (name, members) in &groups {
        for kind in FigureKind::ALL.into_iter().filter(|kind| kind.is_of_one_load()) {
            let has_receivers = members.iter().all(|case| case.summary.receivers.is_some());
            if kind != FigureKind::Waste || has_receivers {
                add(kind, name, members);
            }
        }
    }
    let mut workloads: Vec<&str> = cases.iter().map(|case| case.summary.workload.as_str()).collect();
    workloads.dedup();
    workloads.sort_unstable();
    workloads.dedup();
    for workload in workloads {
        let members: Vec<_> = cases.iter().filter(|case| case.summary.workload == workload).collect();
        let mut loads: Vec<_> = members.iter().filter_map(|case| case.summary.load).collect();
        loads.sort_by(f64::total_cmp);
        loads.dedup();
        if loads.len() > 1 {
            add(FigureKind::SlowdownByLoad, workload, &members);
        }
    }
    sections
}
