//! The samples of a case's runs, one by one, from the runs kept beside it or from its
//! `messages.csv`.

use super::archive::Archive;
use crate::disk::open;
use crate::plan::Manifest;
use homa_analysis::{ImportError, MessageRow, Precision, SizeBins, SlowdownRecorder, read_messages};
use homa_experiment::{Case, CaseError, ExperimentError, cases, load_experiment};
use homa_run::{BLOCKS, RunRecord};
use homa_units::{Bytes, Time};
use std::path::Path;
use thiserror::Error;

/// So many samples of a file, or of the files of an experiment, are kept, each in 16 bytes; more
/// are counted in cells.
pub(crate) const EXACT_LIMIT: usize = 4_000_000;

/// Why there are no samples of a case's runs.
#[derive(Debug, Error)]
pub enum SamplesError {
    /// `messages.csv` can't be used.
    #[error(transparent)]
    Import(#[from] ImportError),
    /// The case's experiment can't be read.
    #[error(transparent)]
    Experiment(#[from] ExperimentError),
    /// The case's experiment can't be resolved.
    #[error(transparent)]
    Case(#[from] CaseError),
}

/// The samples of each run of the case in `folder`, in the order of its seeds, in the size bins
/// `bins`.
///
/// They come from the runs that are kept beside the folder (`../runs`), or else from
/// `messages.csv`.
///
/// # Errors
/// If there is neither, `experiment.toml` or `messages.csv` can't be used, or the number of runs is
/// not that of the seeds.
pub fn paired_samples(folder: &Path, bins: &SizeBins) -> Result<Vec<SlowdownRecorder>, SamplesError> {
    match kept_runs(folder) {
        Some(runs) => match runs.iter().map(|run| run.slowdowns().rebinned(bins)).collect() {
            Some(rebinned) => Ok(rebinned),
            // Too many for each to be kept: the file of messages, if there is one, can be cut into
            // any bins.
            None => of_messages(folder, bins),
        },
        None => of_messages(folder, bins),
    }
}

/// Whether the samples of a case can be had.
pub(crate) fn has_samples(folder: &Path) -> bool {
    folder.join("messages.csv").is_file() || kept_runs(folder).is_some_and(|runs| runs.iter().all(is_exact))
}

fn is_exact(run: &RunRecord) -> bool {
    run.slowdowns().precision() == Precision::Exact
}

/// The runs of the case in `folder` that are kept beside it, if all of them are.
fn kept_runs(folder: &Path) -> Option<Vec<RunRecord>> {
    let manifest = Manifest::read(folder).ok()?;
    let [case] = manifest.cases.as_slice() else { return None };
    // "." and the like have no parent in their name.
    let archive = Archive::new(&folder.join(".."));
    case.runs.iter().map(|run| archive.read(&run.key).map(|(record, _)| record)).collect()
}

/// From `messages.csv`: a run ends where the seed changes.
fn of_messages(folder: &Path, bins: &SizeBins) -> Result<Vec<SlowdownRecorder>, SamplesError> {
    let case = stored_case(folder)?;
    let exact = usize::try_from(case.measure().exact_samples).unwrap_or(usize::MAX);
    // All runs are in memory at once.
    let exact = exact.min(EXACT_LIMIT / case.run().seeds.len());
    let path = folder.join("messages.csv");
    let file = path.display().to_string();
    let mut split = Split { runs: Vec::new(), last: None, window: case.window(), bins, exact };
    read_messages(open(&path)?, &file, |row| split.take(row))?;
    let (runs, seeds) = (split.runs, case.run().seeds.len());
    if runs.len() != seeds {
        let problem = format!(
            "it has {} runs and the experiment {seeds} seeds: a run without messages, or another file; run it again with --set \
             measure.messages=true",
            runs.len()
        );
        return Err(ImportError::File { file, problem }.into());
    }
    Ok(runs)
}

/// The case whose results are in `folder`, resolved again.
pub(crate) fn stored_case(folder: &Path) -> Result<Case, SamplesError> {
    let path = folder.join("experiment.toml");
    let experiment = load_experiment(&path, &[])?;
    Ok(cases(&path, &experiment)?.remove(0))
}

/// Cuts a file into runs, and a run into time blocks.
struct Split<'a> {
    runs: Vec<SlowdownRecorder>,
    /// Seed and creation of the message before.
    last: Option<(Option<u64>, u64)>,
    window: (Time, Time, Time),
    bins: &'a SizeBins,
    exact: usize,
}

impl Split<'_> {
    fn take(&mut self, row: MessageRow) -> Result<(), String> {
        let created_ps = row.created_ps.ok_or("no column `created_ps`, so its run and time block are not known")?;
        let (begin, end, _) = self.window;
        if !(begin.as_ps()..end.as_ps()).contains(&created_ps) {
            return Err(format!(
                "created at {created_ps} ps, outside of the window of experiment.toml, {} to {} ps",
                begin.as_ps(),
                end.as_ps()
            ));
        }
        let same_run = self.last.is_some_and(|(seed, created)| seed == row.seed && created <= created_ps);
        if !same_run {
            self.runs.push(SlowdownRecorder::new(self.bins.clone(), self.exact));
        }
        self.last = Some((row.seed, created_ps));
        // As in the run itself.
        let into = u128::from(created_ps - begin.as_ps()) * u128::from(BLOCKS);
        let block = (into / u128::from(end.since(begin).as_ps())) as u32;
        let run = self.runs.last_mut().expect("one has begun");
        record(run, row, block);
        Ok(())
    }
}

/// Notes a message, finished or not.
pub(crate) fn record(recorder: &mut SlowdownRecorder, row: MessageRow, block: u32) {
    let size = Bytes::new(row.bytes);
    if row.slowdown.is_finite() {
        recorder.record_in_block(size, row.slowdown, block);
    } else {
        recorder.record_unfinished_in_block(size, block);
    }
}
