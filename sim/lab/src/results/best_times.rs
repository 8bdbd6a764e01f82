//! What messages of a case take at best: what their slowdowns are relative to.

use super::samples::{Samples, SamplesError, stored_case};
use super::summary::CaseSummary;
use homa_experiment::{Case, Experiment};
use homa_run::{Denominator, IdealTimes, host_pair};
use homa_topologies::PathClass;
use homa_units::Bytes;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The best times of a case: those that its runs recorded, and others computed when they are asked
/// for.
pub(crate) struct BestTimes {
    folder: PathBuf,
    /// By size and class of path, ascending.
    recorded: Vec<((u64, u8), u64)>,
    computed: Option<(Case, IdealTimes)>,
}

/// A message whose best time is not the same in two cases.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct DifferentBest {
    /// Its length.
    pub(crate) size: u64,
    /// The two times in picoseconds.
    pub(crate) ps: [u64; 2],
}

impl BestTimes {
    pub(crate) fn of(folder: &Path, samples: Option<&Samples>) -> Result<Self, SamplesError> {
        let recorded = samples.map(Samples::best_times).transpose()?.unwrap_or_default();
        let recorded = recorded.into_iter().map(|(size, best)| ((size, best.path), best.ps.get())).collect();
        Ok(Self { folder: folder.to_owned(), recorded, computed: None })
    }

    fn recorded_ps(&self, size: u64, path: u8) -> Option<u64> {
        let place = self.recorded.binary_search_by_key(&(size, path), |(key, _)| *key).ok()?;
        Some(self.recorded[place].1)
    }

    fn computed(&mut self) -> Result<&mut (Case, IdealTimes), SamplesError> {
        if self.computed.is_none() {
            let case = stored_case(&self.folder)?;
            let ideal = IdealTimes::new(case.denominator(), Arc::clone(&case.topology), case.transport.clone());
            self.computed = Some((case, ideal));
        }
        Ok(self.computed.as_mut().expect("it was made"))
    }

    /// That of a message in picoseconds; none if no two hosts of the network are so far apart.
    ///
    /// # Errors
    /// If no message of the case was like that, and its experiment can't be resolved any more.
    pub(crate) fn ps(&mut self, size: u64, path: u8) -> Result<Option<u64>, SamplesError> {
        if let Some(ps) = self.recorded_ps(size, path) {
            return Ok(Some(ps));
        }
        let (case, ideal) = self.computed()?;
        if case.topology.path_classes().all(|class| class.0 != path) {
            return Ok(None);
        }
        let has_path = host_pair(&case.topology, PathClass(path)).is_some();
        Ok(has_path.then(|| ideal.of_path_ps(PathClass(path), Bytes::new(size))))
    }

    /// The message whose best times in `self` and `other` are furthest apart; none if they are the
    /// same for all messages that both had, and for messages of the sizes `probes` over every path
    /// of both.
    pub(crate) fn difference(
        &mut self,
        other: &mut Self,
        probes: &[u64],
    ) -> Result<Option<DifferentBest>, SamplesError> {
        let mut found: Option<DifferentBest> = None;
        let mut note = |size: u64, ps: [u64; 2]| {
            let factor = |[a, b]: [u64; 2]| a.max(b) as f64 / a.min(b) as f64;
            if ps[0] != ps[1] && found.is_none_or(|found| factor(ps) > factor(found.ps)) {
                found = Some(DifferentBest { size, ps });
            }
        };
        let mut paths: Vec<u8> = Vec::new();
        for ((size, path), ps) in &self.recorded {
            if !paths.contains(path) {
                paths.push(*path);
            }
            if let Some(theirs) = other.recorded_ps(*size, *path) {
                note(*size, [*ps, theirs]);
            }
        }
        if paths.is_empty() {
            paths = self.computed()?.0.topology.path_classes().map(|class| class.0).collect();
        }
        for size in probes {
            for path in &paths {
                if let Some((ours, theirs)) = self.ps(*size, *path)?.zip(other.ps(*size, *path)?) {
                    note(*size, [ours, theirs]);
                }
            }
        }
        Ok(found)
    }

    /// Whether it has a best time for each message of `samples`, as far as they finished.
    ///
    /// # Errors
    /// As [`Self::ps`].
    pub(crate) fn covers(&mut self, samples: &Samples) -> Result<bool, SamplesError> {
        let mut keys: Vec<(u64, u8)> = samples.best_times()?.iter().map(|(size, best)| (*size, best.path)).collect();
        keys.dedup();
        let mut computed = Vec::new();
        for (size, path) in keys {
            if self.recorded_ps(size, path).is_none() {
                let Some(ps) = self.ps(size, path)? else { return Ok(false) };
                computed.push(((size, path), ps));
            }
        }
        self.recorded.extend(computed);
        self.recorded.sort_unstable();
        Ok(true)
    }

    /// That of a message that it [covers](Self::covers).
    pub(crate) fn covered_ps(&self, size: u64, path: u8) -> u64 {
        self.recorded_ps(size, path).expect("it was found to be covered")
    }
}

/// What the best times of a case follow from: equal texts are equal times. Only simulated ones
/// depend on the transport.
pub(crate) fn best_time_keys(experiment: &Experiment, summary: &CaseSummary) -> String {
    let parameters = match summary.denominator == Denominator::Simulated.name() {
        true => format!("{} {}", summary.transport, summary.parameters),
        false => String::new(),
    };
    format!("{} {:?} {:?} {parameters}", summary.denominator, experiment.topology, experiment.host)
}
