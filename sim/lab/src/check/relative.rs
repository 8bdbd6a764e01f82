//! What a case gave relative to the best times of a baseline, where its own are others.
//!
//! A slowdown tells nothing of a change that makes each lone message slower: it is relative to what
//! became slower too. So latencies are judged then, each over the best time that the baseline has
//! for such a message: the slowdown times the ratio of the two best times.

use super::baseline::{BaselineBest, BaselineCase, BaselineDecile, BaselineError, BaselineOverall, rounded};
use crate::results::{Samples, SamplesError, finite};
use homa_analysis::{Confidence, SlowdownSummary};
use homa_experiment::Case;
use homa_run::{IdealTimes, host_pair};
use homa_units::Bytes;
use serde::Serialize;
use std::path::Path;
use std::sync::Arc;

/// What came out of a case, to be judged by a baseline or to become one.
#[derive(Debug, Clone, PartialEq)]
pub struct CheckedCase {
    /// What a baseline keeps of it.
    pub(super) results: BaselineCase,
    /// Its numbers relative to the baseline's best times, if those are others than its own.
    pub(super) relative: Option<Relative>,
}

/// Numbers relative to the best times of a baseline.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Relative {
    /// The message whose best times are furthest apart.
    pub(super) different: DifferentBest,
    /// For each size of the baseline, by ascending size: the path on which a lone message became
    /// slower by the largest factor.
    pub(super) lone: Vec<DifferentBest>,
    /// Over all messages; none where that is not known.
    pub(super) overall: Option<BaselineOverall>,
    /// By tenth of messages.
    pub(super) deciles: Vec<BaselineDecile>,
}

/// A lone message that takes another time than in the baseline.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct DifferentBest {
    /// Its size.
    pub bytes: u64,
    /// What it takes in the baseline.
    pub baseline_us: f64,
    /// What it takes now.
    pub now_us: f64,
}

impl DifferentBest {
    /// By which factor it is slower now.
    pub(super) fn factor(&self) -> f64 {
        self.now_us / self.baseline_us
    }
}

impl Relative {
    /// Of the messages of a tenth of the baseline the one that became slower by the largest factor
    /// if alone.
    pub(super) fn slowest_of(&self, tenth: &BaselineDecile) -> Option<DifferentBest> {
        let within = self.lone.iter().filter(|lone| (tenth.size_min..=tenth.size_max).contains(&lone.bytes));
        within.copied().max_by(|a, b| a.factor().total_cmp(&b.factor()))
    }
}

impl CheckedCase {
    /// Of the results in the folder of `case`, which are to be judged by `before`.
    ///
    /// # Errors
    /// If they can't be read.
    pub fn read(folder: &Path, case: &Case, before: Option<&BaselineCase>) -> Result<Self, BaselineError> {
        let mut results = BaselineCase::read(folder)?;
        let mut lone = Lone::new(case);
        results.best_times = probes(&results.deciles).into_iter().map(|bytes| lone.best(bytes)).collect();
        let factors = before.and_then(|before| Factors::of(&before.best_times, |bytes| lone.best(bytes)));
        let relative = factors.map(|factors| {
            let of_samples = Samples::find(folder).map(|samples| of_samples(&samples, case, &factors)).transpose();
            let (overall, deciles) = of_samples?.flatten().unwrap_or_else(|| without_samples(&results, &factors));
            Ok::<_, SamplesError>(Relative { different: factors.different, lone: factors.lone, overall, deciles })
        });
        let relative = relative.transpose().map_err(|cause| BaselineError::Result {
            path: folder.to_owned(),
            problem: format!("its runs can't be read: {cause}"),
        })?;
        Ok(Self { results, relative })
    }

    /// What a baseline keeps of it.
    #[must_use]
    pub fn into_results(self) -> BaselineCase {
        self.results
    }
}

/// Sizes whose best times stand for those of all messages: of each tenth the smallest and the
/// largest, and between them each four times the one before, as wide tenths have messages of many
/// kinds.
fn probes(deciles: &[BaselineDecile]) -> Vec<u64> {
    let between = |decile: &BaselineDecile| {
        let max = decile.size_max;
        let steps = std::iter::successors(Some(decile.size_min), |bytes| bytes.checked_mul(4).filter(|_| *bytes > 0));
        steps.take_while(move |bytes| *bytes < max).chain([max])
    };
    let mut probes: Vec<u64> = deciles.iter().flat_map(between).collect();
    probes.sort_unstable();
    probes.dedup();
    probes
}

/// Lone messages in the network of a case.
struct Lone<'a> {
    case: &'a Case,
    ideal: IdealTimes,
}

impl<'a> Lone<'a> {
    fn new(case: &'a Case) -> Self {
        let ideal = IdealTimes::new(case.denominator(), Arc::clone(&case.topology), case.transport.clone());
        Self { case, ideal }
    }

    fn best(&mut self, bytes: u64) -> BaselineBest {
        let Self { case, ideal } = self;
        let us = case.topology.path_classes().map(|class| {
            host_pair(&case.topology, class)?;
            Some(rounded(ideal.of_path_ps(class, Bytes::new(bytes)) as f64 / 1e6))
        });
        BaselineBest { bytes, us: us.collect() }
    }
}

/// By which factors best times are longer than in a baseline.
struct Factors {
    different: DifferentBest,
    lone: Vec<DifferentBest>,
    /// By ascending size, for each class of path; none where no two hosts have such a path.
    by_size: Vec<(u64, Vec<Option<f64>>)>,
}

impl Factors {
    /// Those of the messages that the baseline has; none if it has none, or the times are the same.
    fn of(before: &[BaselineBest], mut now: impl FnMut(u64) -> BaselineBest) -> Option<Self> {
        let (mut by_size, mut all, mut lone) = (Vec::new(), Vec::new(), Vec::new());
        for best in before {
            let bytes = best.bytes;
            let pairs = pair(best, &now(bytes));
            by_size.push((bytes, pairs.iter().map(|pair| pair.map(|[before, now]| now / before)).collect()));
            let of_size = pairs.into_iter().flatten();
            let of_size: Vec<_> =
                of_size.map(|[baseline_us, now_us]| DifferentBest { bytes, baseline_us, now_us }).collect();
            lone.extend(of_size.iter().copied().max_by(|a, b| a.factor().total_cmp(&b.factor())));
            all.extend(of_size);
        }
        let apart = |of: &DifferentBest| of.factor().max(1.0 / of.factor());
        // Of equal ones the smallest.
        let different = all.into_iter().rev().max_by(|a, b| apart(a).total_cmp(&apart(b)))?;
        (different.baseline_us != different.now_us).then_some(Self { different, lone, by_size })
    }

    /// That of a message; between two sizes of the baseline in proportion.
    fn at(&self, bytes: u64, class: usize) -> Option<f64> {
        let next = self.by_size.partition_point(|(size, _)| *size < bytes);
        let of = |place: usize| {
            let (size, factors) = &self.by_size[place];
            factors[class].map(|factor| (*size as f64, factor))
        };
        if next == self.by_size.len() {
            return of(next - 1).map(|(_, factor)| factor);
        }
        let (above, factor_above) = of(next)?;
        if next == 0 {
            return Some(factor_above);
        }
        let (below, factor_below) = of(next - 1)?;
        Some(factor_below + (factor_above - factor_below) * (bytes as f64 - below) / (above - below))
    }

    /// The largest of a size.
    fn largest(&self, bytes: u64) -> f64 {
        let classes = self.by_size[0].1.len();
        (0..classes).filter_map(|class| self.at(bytes, class)).fold(0.0, f64::max)
    }

    /// The factor of all messages, if it is one.
    fn one(&self) -> Option<f64> {
        let all = || self.by_size.iter().flat_map(|(_, factors)| factors.iter().flatten().copied());
        let (least, most) = (all().fold(f64::INFINITY, f64::min), all().fold(0.0, f64::max));
        // Both times are rounded to six digits.
        (most <= least * 1.000_05).then_some(most)
    }
}

/// The times of a size in the baseline and now, by class of path. Where the networks have other
/// classes, the longest times are compared, and stand for all.
fn pair(before: &BaselineBest, now: &BaselineBest) -> Vec<Option<[f64; 2]>> {
    let classes = |best: &BaselineBest| best.us.iter().map(Option::is_some).collect::<Vec<_>>();
    if classes(before) == classes(now) {
        return before.us.iter().zip(&now.us).map(|(before, now)| Some([(*before)?, (*now)?])).collect();
    }
    let longest = |best: &BaselineBest| best.us.iter().flatten().copied().reduce(f64::max);
    let longest = longest(before).zip(longest(now)).map(|(before, now)| [before, now]);
    vec![longest; now.us.len()]
}

type Numbers = (Option<BaselineOverall>, Vec<BaselineDecile>);

/// From each message; none if not all of them know how far they went.
fn of_samples(samples: &Samples, case: &Case, factors: &Factors) -> Result<Option<Numbers>, SamplesError> {
    let mut all_known = true;
    let runs = samples.each(&case.bins, |sample| {
        let factor = sample.best().and_then(|best| factors.at(sample.size().get(), usize::from(best.path)));
        all_known &= factor.is_some();
        factor.map_or(1.0, |factor| sample.slowdown() * factor)
    })?;
    if !all_known {
        return Ok(None);
    }
    let summary = SlowdownSummary::pool(runs);
    let (p50, p99, mean) = summary.overall();
    let Confidence { p50_low, p50_high, p99_low, p99_high } = summary.overall_confidence();
    let [p50, p50_low, p50_high] = [p50, p50_low, p50_high].map(finite);
    let [p99, p99_low, p99_high, mean] = [p99, p99_low, p99_high, mean].map(finite);
    let mut overall = BaselineOverall { p50, p50_low, p50_high, p99, p99_low, p99_high, mean };
    overall.round();
    let mut deciles: Vec<_> = summary.deciles().iter().map(BaselineDecile::of).collect();
    deciles.iter_mut().for_each(BaselineDecile::round);
    Ok(Some((Some(overall), deciles)))
}

/// Where samples are not kept: tenths by the factor of their largest size, and numbers over all
/// messages if there is one factor.
fn without_samples(results: &BaselineCase, factors: &Factors) -> Numbers {
    let grow = |number: &mut Option<f64>, factor: f64| *number = number.map(|number| number * factor);
    let overall = factors.one().map(|factor| {
        let mut overall = results.overall;
        overall.numbers().into_iter().for_each(|number| grow(number, factor));
        overall.round();
        overall
    });
    let mut deciles = results.deciles.clone();
    for decile in &mut deciles {
        let factor = factors.largest(decile.size_max);
        decile.numbers().into_iter().for_each(|number| grow(number, factor));
        decile.round();
    }
    (overall, deciles)
}

#[cfg(test)]
pub(super) mod tests {
    use super::super::baseline::tests::{best, case};
    use super::*;

    /// The case as it is if its lone messages take other times, in microseconds by size, than in
    /// the baseline `before`.
    pub(crate) fn checked(results: BaselineCase, before: &BaselineCase, now_us: fn(u64) -> f64) -> CheckedCase {
        let factors = Factors::of(&before.best_times, |bytes| best(bytes, now_us(bytes)));
        let relative = factors.map(|factors| {
            let (overall, deciles) = without_samples(&results, &factors);
            Relative { different: factors.different, lone: factors.lone, overall, deciles }
        });
        CheckedCase { results, relative }
    }

    fn factors(now_us: fn(u64) -> f64) -> Option<Factors> {
        Factors::of(&case("a").best_times, |bytes| best(bytes, now_us(bytes)))
    }

    /// As in `case`.
    pub(crate) fn same(bytes: u64) -> f64 {
        match bytes {
            1 => 1.0,
            5000 => 6.0,
            _ => 1.5,
        }
    }

    #[test]
    fn equal_best_times_have_no_factors_and_different_ones_name_the_message_that_differs_most() {
        assert!(factors(same).is_none());
        let factors = factors(|bytes| if bytes > 100 { 3.0 * same(bytes) } else { same(bytes) * 1.1 }).unwrap();
        assert_eq!(factors.different, DifferentBest { bytes: 101, baseline_us: 1.5, now_us: 4.5 });
        assert_eq!(factors.one(), None);
        for (bytes, factor) in [(0, 1.1), (1, 1.1), (50, 1.1), (101, 3.0), (2000, 3.0), (5000, 3.0), (9000, 3.0)] {
            assert!((factors.at(bytes, 0).unwrap() - factor).abs() < 1e-9, "{bytes}");
        }
    }

    #[test]
    fn paths_that_the_network_does_not_have_are_in_no_factor() {
        let factors = factors(|bytes| same(bytes) / 2.0).unwrap();
        assert_eq!((factors.at(60, 1), factors.largest(60), factors.one()), (None, 0.5, Some(0.5)));
    }

    #[test]
    fn of_each_tenth_the_message_that_became_slowest_is_named() {
        let faster_and_slower = |bytes| if bytes == 5000 { 18.0 } else { same(bytes) / 10.0 };
        let relative = checked(case("a"), &case("a"), faster_and_slower).relative.unwrap();
        let slowest =
            case("a").deciles.iter().map(|tenth| relative.slowest_of(tenth).unwrap().bytes).collect::<Vec<_>>();
        assert_eq!(slowest[1], 5000);
        assert_eq!(relative.different.baseline_us / relative.different.now_us, 10.0);
    }

    #[test]
    fn a_factor_between_two_sizes_is_in_proportion() {
        let factors = factors(|bytes| if bytes == 5000 { 18.0 } else { same(bytes) }).unwrap();
        assert!((factors.at(101, 0).unwrap() - 1.0).abs() < 1e-9);
        assert!((factors.at(2551, 0).unwrap() - 2.0).abs() < 1e-3);
    }

    #[test]
    fn networks_with_other_kinds_of_paths_are_compared_by_the_longest() {
        let now = |bytes| BaselineBest { bytes, us: vec![Some(0.5), Some(2.0 * same(bytes))] };
        let factors = Factors::of(&case("a").best_times, now).unwrap();
        assert_eq!((factors.one(), factors.at(60, 0), factors.at(60, 1)), (Some(2.0), Some(2.0), Some(2.0)));
    }

    #[test]
    fn wide_tenths_have_sizes_between_their_ends() {
        let mut deciles = case("a").deciles;
        assert_eq!(probes(&deciles), [1, 4, 16, 64, 100, 101, 404, 1616, 5000]);
        deciles[0].size_min = 0;
        deciles[1].size_min = 5000;
        assert_eq!(probes(&deciles), [0, 100, 5000]);
    }
}
