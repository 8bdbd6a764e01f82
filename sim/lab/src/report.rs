//! `report.html`: all that an experiment gave, on one page that needs nothing but itself.

mod case;
mod error;
mod figure;
mod page;
mod words;

pub use error::ReportError;

use crate::disk::write_atomically;
use crate::figures::{CaseResult, draw_figures, figures_folder};
use crate::plan::Manifest;
use crate::results::Draw;
use case::Measured;
use homa_experiment::FigureSection;
use minijinja::syntax::SyntaxConfig;
use minijinja::value::Serde;
use minijinja::{Environment, UndefinedBehavior};
use page::Page;
use std::path::{Path, PathBuf};

/// Its name in a folder of results.
pub const REPORT: &str = "report.html";

const TEMPLATE: &str = include_str!("report/report.html");

/// Writes `out/report.html` of the results in `out`, with the figures of `sections`, or, if there
/// are none, one of each kind that the cases have something to say about. Figures that are not in
/// `out/figures` are written there.
///
/// Returns the page's path and why some figures were left out.
///
/// # Errors
/// If results are missing or damaged, a figure can't be drawn from them, or something can't be
/// written.
pub fn write_report(out: &Path, sections: &[FigureSection]) -> Result<(PathBuf, Vec<String>), ReportError> {
    let manifest = Manifest::read(out)?;
    check_complete(out, &manifest)?;
    let measured: Vec<_> =
        manifest.cases.iter().map(|case| Measured::read(out, case)).collect::<Result<_, ReportError>>()?;
    let figures = draw_figures(&CaseResult::read(out, &manifest)?, sections)?;
    let folder = figures_folder(out)?;
    for figure in &figures.drawn {
        figure.write(&folder, Draw::Svg, false)?;
    }
    let page = Page::new(&manifest, &measured, &figures);
    let path = out.join(REPORT);
    write_atomically(&path, render(&page).as_bytes())?;
    Ok((path, figures.left_out))
}

/// Checks that the folder of each case has the results that the manifest is about.
fn check_complete(out: &Path, manifest: &Manifest) -> Result<(), ReportError> {
    let is_there = |name: &str, key: &str| {
        let stored = Manifest::read(&out.join(name));
        stored.is_ok_and(|there| there.cases.iter().any(|case| case.key == key && case.digest.is_some()))
    };
    let missing: Vec<&str> =
        manifest.cases.iter().filter(|case| !is_there(&case.name, &case.key)).map(|case| case.name.as_str()).collect();
    if missing.is_empty() {
        return Ok(());
    }
    let folder = out.to_owned();
    if manifest.cases.len() == 1 && out.join("summary.json").is_file() {
        return Err(ReportError::Case { folder });
    }
    let mut names = missing.iter().take(3).copied().collect::<Vec<_>>().join(", ");
    if missing.len() > 3 {
        names += ", ..";
    }
    Err(ReportError::Incomplete { folder, missing: missing.len(), of: manifest.cases.len(), names })
}

fn render(page: &Page) -> String {
    let mut environment = Environment::new();
    let tight = SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build();
    environment.set_syntax(tight.expect("the syntax is the usual one"));
    // A misspelt name would leave a hole in the page.
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    // What ends in .html is escaped.
    environment.add_template(REPORT, TEMPLATE).expect("the template is valid");
    let template = environment.get_template(REPORT).expect("it was added");
    template.render(Serde(page)).expect("the template fits the page")
}
