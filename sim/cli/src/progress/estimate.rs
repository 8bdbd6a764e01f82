//! How much of the work of a plan is done, by simulated time: up to the end of each window, and of
//! the drain, which mostly ends before its limit.

use homa_lab::{Background, PlannedCase, work};
use homa_units::Time;
use std::collections::BTreeMap;

/// A run that goes on is never shown as done.
const SHARE_MAX: f64 = 0.99;

/// How far the runs of a plan are.
pub(super) struct Estimate {
    cases: Vec<OfCase>,
    /// Simulated time of each run that was asked for and is neither done nor there already.
    runs: BTreeMap<(usize, usize), f64>,
    /// Work of the runs that are done.
    done: f64,
    /// Shares of their drains that runs of any case took.
    drains: Mean,
}

/// What is known of the runs of a case; times are in picoseconds.
#[derive(Debug, Clone)]
struct OfCase {
    /// Work up to the end of the window.
    work: f64,
    window_end: f64,
    /// The longest drain.
    drain: f64,
    /// Share of the drain that is expected as long as no run has ended.
    expected: f64,
    /// Shares of their drains that its runs took.
    drains: Mean,
}

#[derive(Debug, Clone, Copy, Default)]
struct Mean {
    sum: f64,
    count: f64,
}

impl Mean {
    fn add(&mut self, value: f64) {
        self.sum += value;
        self.count += 1.0;
    }

    fn get(self) -> Option<f64> {
        (self.count > 0.0).then(|| self.sum / self.count)
    }
}

impl OfCase {
    fn new(planned: &PlannedCase) -> Self {
        let (_, window_end, limit) = planned.case.window();
        let work = work(&planned.case).packet_hops.max(1.0) / planned.runs.len() as f64;
        let (window_end, limit) = (window_end.as_ps() as f64, limit.as_ps() as f64);
        Self::of(work, window_end, limit - window_end, planned.case.measure().background == Background::Continue)
    }

    fn of(work: f64, window_end: f64, drain: f64, traffic_goes_on: bool) -> Self {
        // Where no more messages come, a long drain is mostly idle, and hardly takes time.
        let expected = if traffic_goes_on || drain <= window_end { 1.0 } else { window_end / drain };
        Self { work, window_end, drain, expected, drains: Mean::default() }
    }
}

impl Estimate {
    /// Of a plan of which the `selected` runs are to be done.
    pub(super) fn new(plan: &[PlannedCase], selected: &[(usize, usize)]) -> Self {
        Self::of(plan.iter().map(OfCase::new).collect(), selected)
    }

    fn of(cases: Vec<OfCase>, selected: &[(usize, usize)]) -> Self {
        let runs = selected.iter().map(|run| (*run, 0.0)).collect();
        Self { cases, runs, done: 0.0, drains: Mean::default() }
    }

    /// A run has come to `now`; says whether it was asked for.
    pub(super) fn update(&mut self, case: usize, run: usize, now: Time) -> bool {
        let OfCase { window_end, drain, .. } = self.cases[case];
        let Some(so_far) = self.runs.get_mut(&(case, run)) else { return false };
        // A run that has ended says the limit, whenever it ended.
        let now = now.as_ps() as f64;
        if now < window_end + drain {
            *so_far = so_far.max(now);
        }
        true
    }

    /// A run is done.
    pub(super) fn done(&mut self, case: usize, run: usize) {
        let Some(now) = self.runs.remove(&(case, run)) else { return };
        let of_case = &mut self.cases[case];
        self.done += of_case.work * (now / of_case.window_end).max(1.0);
        if of_case.drain > 0.0 && now >= of_case.window_end {
            let share = (now - of_case.window_end) / of_case.drain;
            of_case.drains.add(share);
            self.drains.add(share);
        }
    }

    /// A run needs not be done.
    pub(super) fn left_out(&mut self, case: usize, run: usize) {
        self.runs.remove(&(case, run));
    }

    /// The runs that go on.
    pub(super) fn going(&self) -> impl Iterator<Item = (usize, usize)> {
        self.runs.iter().filter(|(_, now)| **now > 0.0).map(|(run, _)| *run)
    }

    /// Share of the work of a run that is done.
    pub(super) fn share_of(&self, case: usize, run: usize) -> f64 {
        let now = self.runs.get(&(case, run)).copied().unwrap_or(0.0);
        (now / self.expected_end(case)).min(SHARE_MAX)
    }

    /// How far a run is in its drain and how long that may be, in milliseconds; none before it.
    pub(super) fn draining(&self, case: usize, run: usize) -> Option<(f64, f64)> {
        let OfCase { window_end, drain, .. } = self.cases[case];
        let into = self.runs.get(&(case, run)).copied().unwrap_or(0.0) - window_end;
        (into > 0.0).then_some((into / 1e9, drain / 1e9))
    }

    /// Share of all work that is done.
    pub(super) fn share(&self) -> f64 {
        let work = |case: usize, end: f64| self.cases[case].work * end / self.cases[case].window_end;
        let going: f64 = self.runs.iter().map(|((case, _), now)| work(*case, *now)).sum();
        let left: f64 = self.runs.iter().map(|((case, _), now)| work(*case, self.expected_end(*case).max(*now))).sum();
        match self.runs.is_empty() {
            true => 1.0,
            false => ((self.done + going) / (self.done + left)).min(SHARE_MAX),
        }
    }

    /// Whether drains are counted up to their limits, as no run has ended yet.
    pub(super) fn is_at_most(&self) -> bool {
        self.drains.get().is_none() && self.runs.keys().any(|(case, _)| self.cases[*case].drain > 0.0)
    }

    /// When a run of a case is expected to end.
    fn expected_end(&self, case: usize) -> f64 {
        let of_case = &self.cases[case];
        let share = of_case.drains.get().or_else(|| self.drains.get()).unwrap_or(of_case.expected);
        of_case.window_end + of_case.drain * share
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: f64 = 1e9;

    fn at_ms(ms: f64) -> Time {
        Time::from_ps((ms * MS) as u64)
    }

    /// Two cases of 40 ms and a drain of up to 40 ms, the second with twice the work.
    fn estimate() -> Estimate {
        let case = |work| OfCase::of(work, 40.0 * MS, 40.0 * MS, true);
        Estimate::of(vec![case(1.0), case(2.0)], &[(0, 0), (0, 1), (1, 0)])
    }

    #[test]
    fn a_run_at_the_end_of_its_window_is_not_done_while_it_drains() {
        let mut estimate = estimate();
        estimate.update(0, 0, at_ms(40.0));
        assert_eq!((estimate.share_of(0, 0), estimate.draining(0, 0)), (0.5, None));
        estimate.update(0, 0, at_ms(60.0));
        assert_eq!((estimate.share_of(0, 0), estimate.draining(0, 0)), (0.75, Some((20.0, 40.0))));
        // 1.5 of 2 + 2 + 4, drains included.
        assert!((estimate.share() - 1.5 / 8.0).abs() < 1e-12);
        assert!(estimate.is_at_most());
    }

    #[test]
    fn drains_that_ended_early_tell_how_long_the_next_ones_take() {
        let mut estimate = estimate();
        estimate.update(0, 0, at_ms(50.0));
        // What a run says when it ends is its limit.
        estimate.update(0, 0, at_ms(80.0));
        estimate.done(0, 0);
        assert!(!estimate.is_at_most());
        // A quarter of the drain: runs of both cases are expected to end at 50 ms.
        estimate.update(1, 0, at_ms(25.0));
        assert_eq!((estimate.share_of(1, 0), estimate.share_of(0, 1)), (0.5, 0.0));
        assert!((estimate.share() - (1.25 + 1.25) / (1.25 + 1.25 + 2.5)).abs() < 1e-12);
    }

    #[test]
    fn a_run_that_goes_on_is_never_shown_as_done() {
        let mut estimate = estimate();
        estimate.update(0, 0, at_ms(41.0));
        estimate.done(0, 0);
        estimate.update(0, 1, at_ms(79.0));
        assert_eq!(estimate.share_of(0, 1), SHARE_MAX);
        estimate.done(0, 1);
        estimate.update(1, 0, at_ms(79.0));
        assert_eq!(estimate.share(), SHARE_MAX);
        estimate.done(1, 0);
        assert_eq!(estimate.share(), 1.0);
    }

    #[test]
    fn what_was_there_already_counts_neither_as_done_nor_as_left() {
        let mut estimate = estimate();
        estimate.left_out(1, 0);
        estimate.left_out(0, 1);
        assert_eq!(estimate.share(), 0.0);
        estimate.update(0, 0, at_ms(20.0));
        assert_eq!(estimate.share(), 0.25);
    }

    #[test]
    fn a_long_drain_without_traffic_is_not_expected_to_take_its_whole_time() {
        let case = OfCase::of(1.0, 2.0 * MS, 500.0 * MS, false);
        let mut estimate = Estimate::of(vec![case], &[(0, 0)]);
        estimate.update(0, 0, at_ms(2.0));
        assert_eq!(estimate.share(), 0.5);
        estimate.update(0, 0, at_ms(400.0));
        assert_eq!(estimate.share(), SHARE_MAX);
    }
}
