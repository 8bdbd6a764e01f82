//! The folder of a case: all of its results.

use super::figures::{Draw, figures};
use super::formats::{to_csv, to_json};
use super::messages::MessageLine;
use super::pool::Pooled;
use crate::disk::{StoreError, replace_folder};
use crate::plan::{MANIFEST, Manifest, PlannedCase};
use homa_experiment::Experiment;
use homa_figures::png;
use std::io;
use std::path::{Path, PathBuf};

/// Where a case's results are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WrittenCase {
    /// The folder.
    pub folder: PathBuf,
    /// The files in it.
    pub files: Vec<String>,
}

/// Writes the results of a case to `out/CASE`, with the figures that `draw` says. It replaces that
/// folder with all that was in it. The folder appears complete or not at all.
///
/// # Errors
/// If something can't be written; then the folder is as it was before.
pub fn write_case(out: &Path, planned: &PlannedCase, pooled: &Pooled, draw: Draw) -> Result<WrittenCase, StoreError> {
    let folder = out.join(&planned.case.name);
    let files = contents(planned, pooled, draw).map_err(|cause| StoreError { path: folder.clone(), cause })?;
    // Another process may pool the same runs at the same time.
    let is_same =
        |there: &Path| Manifest::read(there).is_ok_and(|there| there.cases.iter().any(|case| case.key == planned.key));
    replace_folder(&folder, &files, is_same)?;
    let files = files.iter().map(|(name, _)| (*name).to_owned()).collect();
    Ok(WrittenCase { folder, files })
}

fn contents(planned: &PlannedCase, pooled: &Pooled, draw: Draw) -> io::Result<Vec<(&'static str, Vec<u8>)>> {
    let (case, summary) = (&planned.case, &pooled.summary);
    let mut manifest = Manifest::of([planned]);
    manifest.cases[0].digest = Some(summary.digest.clone());
    let resolved = format!(
        "# The case {} of the experiment {}, with every value that was used. It runs as it is.\n{}",
        case.name,
        case.experiment,
        // Figures are of several cases.
        Experiment { figures: Vec::new(), ..case.resolved.clone() }.to_toml()
    );
    let mut files = vec![
        ("experiment.toml", resolved.into_bytes()),
        (MANIFEST, manifest.text().into_bytes()),
        ("summary.json", to_json(summary)?),
        ("timing.json", to_json(&pooled.timing)?),
        ("slowdown.csv", to_csv(&summary.bins)?),
        ("queues.csv", to_csv(&summary.tiers)?),
        ("priorities.csv", to_csv(&summary.priorities)?),
        ("queue_series.csv", to_csv(&pooled.series)?),
        ("queue_cdf.csv", to_csv(&pooled.queue_cdf)?),
        ("latency.csv", to_csv(&pooled.latencies)?),
    ];
    if draw != Draw::Nothing {
        for (svg, png_name, figure) in figures(case, summary) {
            if draw == Draw::SvgAndPng {
                files.push((png_name, png(&figure)));
            }
            files.push((svg, figure.into_bytes()));
        }
    }
    if case.measure().messages {
        let lines: Vec<_> = pooled.messages.iter().map(MessageLine::of).collect();
        files.push(("messages.csv", to_csv(&lines)?));
    }
    Ok(files)
}
