//! What the slowdowns in a figure are relative to: one best time of each message, whichever case it
//! is in.

use super::cases::CaseResult;
use super::drawing::Problem;
use crate::results::{BestTimes, Samples, SamplesError, stored_case};
use homa_analysis::{Sample, SlowdownSummary};

/// The best times of a figure's cases.
pub(super) struct Relative {
    /// What they are called.
    name: String,
    /// Those of the first case, where not all cases have the same.
    of_first: Option<BestTimes>,
    /// Whether a case has other best times than the first.
    differs: Vec<bool>,
    /// Whether a case measures requests with their responses, if others don't.
    round_trips: Vec<bool>,
}

fn unreadable(case: &CaseResult, cause: &SamplesError) -> Problem {
    Problem::Section(format!("the runs of {} can't be used ({cause}); run the experiment again", case.summary.case))
}

/// Whether two cases of an experiment have the same best time for every message. Those of the first
/// are read when they are needed, and kept in `of_first`.
pub(super) fn same_best_times(
    of_first: &mut Option<BestTimes>,
    first: &CaseResult,
    other: &CaseResult,
) -> Result<bool, Problem> {
    if first.best_time_keys == other.best_time_keys {
        return Ok(true);
    }
    if (&first.summary.topology, first.summary.hosts) != (&other.summary.topology, other.summary.hosts) {
        return Ok(false);
    }
    let bins = [first, other].into_iter().flat_map(|case| &case.summary.bins);
    let probes: Vec<u64> = bins.map(|bin| bin.size_max).collect();
    let different = read_once(of_first, first)?.difference(&mut best_times(other)?, &probes);
    Ok(different.map_err(|cause| unreadable(other, &cause))?.is_none())
}

fn best_times(case: &CaseResult) -> Result<BestTimes, Problem> {
    let samples = Samples::find(&case.folder);
    BestTimes::of(&case.folder, samples.as_ref()).map_err(|cause| unreadable(case, &cause))
}

fn read_once<'a>(kept: &'a mut Option<BestTimes>, case: &CaseResult) -> Result<&'a mut BestTimes, Problem> {
    if kept.is_none() {
        *kept = Some(best_times(case)?);
    }
    Ok(kept.as_mut().expect("it was read"))
}

impl Relative {
    /// For a figure of `cases` that are called `labels`.
    ///
    /// If they don't have the same best times, those of the first case hold for all.
    pub(super) fn of(cases: &[&CaseResult], labels: &[String]) -> Result<Self, Problem> {
        let first = cases[0];
        let mut of_first = None;
        let differs = |case: &&CaseResult| same_best_times(&mut of_first, first, case).map(|same| !same);
        let differs: Vec<bool> = cases.iter().map(differs).collect::<Result<_, _>>()?;
        let mut relative = Self {
            name: format!("denominator {}", first.summary.denominator),
            of_first: None,
            round_trips: vec![false; cases.len()],
            differs,
        };
        if !relative.differs.contains(&true) {
            return Ok(relative);
        }
        relative.name = format!("best times of {}", labels[0]);
        read_once(&mut of_first, first)?;
        relative.of_first = of_first;
        let round_trips = |case: &&CaseResult| {
            let stored = stored_case(&case.folder).map_err(|cause| unreadable(case, &cause))?;
            Ok::<_, Problem>(stored.transport.traits().measures_round_trips)
        };
        let round_trips: Vec<bool> = cases.iter().map(round_trips).collect::<Result<_, _>>()?;
        if round_trips.contains(&false) {
            relative.round_trips = round_trips;
        }
        Ok(relative)
    }

    /// The samples of the case with this number relative to the figure's best times; none if they
    /// are its own, which its summary has.
    pub(super) fn summary(&mut self, number: usize, case: &CaseResult) -> Result<Option<SlowdownSummary>, Problem> {
        let Some(of_first) = self.of_first.as_mut().filter(|_| self.differs[number]) else { return Ok(None) };
        let name = &case.summary.case;
        let missing = || {
            Problem::Section(format!(
                "{name} has other best times than the first case, and its runs are not there to divide by those of the first: run it again, \
                 with more measure.exact_samples or measure.messages = true if it has more messages than are kept, or draw it apart with \
                 `cases = [\"{name}\"]`"
            ))
        };
        let samples = Samples::find(&case.folder).ok_or_else(missing)?;
        if !of_first.covers(&samples).map_err(|cause| unreadable(case, &cause))? {
            return Err(Problem::Section(format!(
                "hosts of {name} are further apart than any in the network of the first case, so that it has no best times for them; draw \
                 them apart with `cases = [\"{name}\"]`"
            )));
        }
        let Ok(bins) = stored_case(&case.folder).map(|stored| stored.bins) else { return Err(missing()) };
        let mut known = true;
        let value = |sample: &Sample| {
            let ratio = sample.latency_ps().zip(sample.best());
            known &= ratio.is_some();
            ratio.map_or(1.0, |(ps, best)| ps / of_first.covered_ps(sample.size().get(), best.path) as f64)
        };
        let runs = samples.each(&bins, value).map_err(|cause| unreadable(case, &cause))?;
        if known { Ok(Some(SlowdownSummary::pool(runs))) } else { Err(missing()) }
    }

    /// A figure's title with what its slowdowns are relative to. Of one case that is said elsewhere.
    pub(super) fn title(&self, title: &str) -> String {
        match (self.differs.len(), title.is_empty()) {
            (1, _) => title.to_owned(),
            (_, true) => self.name.clone(),
            (_, false) => format!("{title}; {}", self.name),
        }
    }

    /// The same as a sentence.
    pub(super) fn note(&self) -> String {
        match &self.of_first {
            None => format!("Slowdowns are relative to the same best times in all cases ({}).", self.name),
            Some(_) => format!(
                "Best times differ between cases; every slowdown is relative to the {}, the first case of the figure.",
                self.name
            ),
        }
    }

    /// A case's name with what it measures, if others measure something else.
    pub(super) fn label(&self, number: usize, label: &str) -> String {
        if self.round_trips[number] { format!("{label} (with responses)") } else { label.to_owned() }
    }
}
