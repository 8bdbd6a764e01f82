//! The samples of a case's runs, one by one, from the runs kept beside it or from its
//! `messages.csv`.

use super::archive::Archive;
use crate::disk::open;
use crate::plan::Manifest;
use homa_analysis::{BestTime, ImportError, MessageRow, Precision, Sample, SizeBins, SlowdownRecorder, read_messages};
use homa_experiment::{Case, CaseError, ExperimentError, cases, load_experiment};
use homa_run::{BLOCKS, RunRecord};
use homa_topologies::HostId;
use homa_units::{Bytes, Time};
use std::num::NonZeroU64;
use std::path::{Path, PathBuf};
use thiserror::Error;

/// So many samples of a file, or of the files of an experiment, are kept, each in 24 bytes; more
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

/// The samples of the runs of a case, in the order of its seeds.
#[derive(Debug)]
pub(crate) enum Samples {
    /// Of the runs that are kept beside its folder (`../runs`).
    Kept(Vec<SlowdownRecorder>),
    /// In the `messages.csv` of this folder.
    File(PathBuf),
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
    let samples = Samples::find(folder).unwrap_or_else(|| Samples::File(folder.to_owned()));
    samples.each(bins, |sample| sample.slowdown())
}

impl Samples {
    /// Those of the case in `folder`, if they are there.
    pub(crate) fn find(folder: &Path) -> Option<Self> {
        let kept = kept_runs(folder).filter(|runs| runs.iter().all(is_exact));
        match kept {
            Some(runs) => Some(Self::Kept(runs.into_iter().map(|run| run.recorder).collect())),
            None => folder.join("messages.csv").is_file().then(|| Self::File(folder.to_owned())),
        }
    }

    /// A number for each message of each run, in the size bins `bins`; unfinished ones are
    /// infinite.
    pub(crate) fn each(
        &self,
        bins: &SizeBins,
        mut value: impl FnMut(&Sample) -> f64,
    ) -> Result<Vec<SlowdownRecorder>, SamplesError> {
        match self {
            Self::Kept(runs) => {
                let revalue = |run: &SlowdownRecorder| run.revalued(bins, &mut value);
                Ok(runs.iter().map(revalue).collect::<Option<_>>().expect("only runs with every sample are taken"))
            }
            Self::File(folder) => of_messages(folder, bins, &mut value),
        }
    }

    /// Each size and best time that a finished message had, ascending.
    pub(crate) fn best_times(&self) -> Result<Vec<(u64, BestTime)>, SamplesError> {
        let mut found = Vec::new();
        let mut note = |sample: &Sample| {
            found.extend(sample.best().map(|best| (sample.size().get(), best)));
            // It is not kept for long; a file has too many to look at them all at once.
            if found.len() == EXACT_LIMIT {
                found.sort_unstable();
                found.dedup();
            }
        };
        match self {
            Self::Kept(runs) => runs.iter().filter_map(SlowdownRecorder::samples).flatten().for_each(note),
            Self::File(folder) => drop(of_messages(folder, &SizeBins::with_edges(&[]), &mut |sample| {
                note(sample);
                sample.slowdown()
            })?),
        }
        found.sort_unstable();
        found.dedup();
        Ok(found)
    }
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
fn of_messages(
    folder: &Path,
    bins: &SizeBins,
    value: &mut dyn FnMut(&Sample) -> f64,
) -> Result<Vec<SlowdownRecorder>, SamplesError> {
    let case = stored_case(folder)?;
    let exact = usize::try_from(case.measure().exact_samples).unwrap_or(usize::MAX);
    // All runs are in memory at once.
    let exact = exact.min(EXACT_LIMIT / case.run().seeds.len());
    let path = folder.join("messages.csv");
    let file = path.display().to_string();
    let mut split = Split { runs: Vec::new(), last: None, case: &case, bins, exact, value };
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
    case: &'a Case,
    bins: &'a SizeBins,
    exact: usize,
    value: &'a mut dyn FnMut(&Sample) -> f64,
}

impl Split<'_> {
    fn take(&mut self, row: MessageRow) -> Result<(), String> {
        let created_ps = row.created_ps.ok_or("no column `created_ps`, so its run and time block are not known")?;
        let (begin, end, _): (Time, Time, Time) = self.case.window();
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
        let best = self.best(&row)?;
        let run = self.runs.last_mut().expect("one has begun");
        if row.slowdown.is_finite() {
            let sample = Sample::new(Bytes::new(row.bytes), row.slowdown, block, best);
            run.record_in_block(sample.size(), (self.value)(&sample), block);
        } else {
            record(run, row, block);
        }
        Ok(())
    }

    /// The best time of a message that finished, if the file has what it follows from.
    fn best(&self, row: &MessageRow) -> Result<Option<BestTime>, String> {
        let Some((latency_ps, (source, destination))) = row.latency_ps.zip(row.hosts) else { return Ok(None) };
        let topology = &self.case.topology;
        if let Some(host) = [source, destination].into_iter().find(|host| *host >= topology.hosts) {
            return Err(format!("host {host}; the hosts of experiment.toml are 0 to {}", topology.hosts - 1));
        }
        let ps = NonZeroU64::new((latency_ps as f64 / row.slowdown).round() as u64);
        let ps =
            ps.ok_or_else(|| format!("latency_ps {latency_ps} and slowdown {} don't go together", row.slowdown))?;
        Ok(Some(BestTime { path: topology.path_class(HostId(source), HostId(destination)).0, ps }))
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
