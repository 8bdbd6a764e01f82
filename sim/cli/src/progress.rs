//! Progress with an estimate of the time left, for all runs and for each that is going on: bars on a terminal, plain lines
//! elsewhere.

mod estimate;

use estimate::Estimate;
use homa_lab::PlannedCase;
use homa_units::Time;
use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::collections::BTreeMap;
use std::io::IsTerminal;
use std::sync::{Mutex, MutexGuard};
use std::time::{Duration, Instant};

/// Between two lines where there is no terminal.
const LINE_INTERVAL: Duration = Duration::from_secs(10);
/// Bars have so many parts.
const PARTS: f64 = 1_000.0;

/// Follows the runs of a plan, weighted by the work that is expected of each.
pub(crate) struct Progress<'a> {
    plan: &'a [PlannedCase],
    bars: MultiProgress,
    all: ProgressBar,
    begin: Instant,
    state: Mutex<State>,
    is_terminal: bool,
    quiet: bool,
}

struct State {
    estimate: Estimate,
    /// Bars of the runs that go on, with their begins.
    bars: BTreeMap<(usize, usize), (ProgressBar, Instant)>,
    line: Instant,
}

#[expect(clippy::disallowed_methods, reason = "progress is about time on the wall")]
fn wall_clock() -> Instant {
    Instant::now()
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).expect("the template is valid")
}

/// The time that is left when this share is done.
fn left(elapsed: Duration, share: f64) -> String {
    if share > 0.0 { crate::text::duration(elapsed.as_secs_f64() * (1.0 - share) / share) } else { "?".to_owned() }
}

impl<'a> Progress<'a> {
    /// Of a plan of which the `selected` runs are to be done.
    pub(crate) fn new(plan: &'a [PlannedCase], selected: &[(usize, usize)], quiet: bool) -> Self {
        let is_terminal = std::io::stderr().is_terminal();
        let visible = is_terminal && !quiet;
        let target = if visible { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
        let bars = MultiProgress::with_draw_target(target);
        let all = bars.add(ProgressBar::new(PARTS as u64));
        all.set_style(style("{bar:40} {percent:>3} % of all runs, {elapsed} elapsed, {msg}"));
        let begin = wall_clock();
        let state = State { estimate: Estimate::new(plan, selected), bars: BTreeMap::new(), line: begin };
        Self { plan, bars, all, begin, state: Mutex::new(state), is_terminal, quiet }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("no thread panics while it holds this")
    }

    /// A run has come to `now`.
    pub(crate) fn update(&self, case: usize, run: usize, now: Time) {
        let mut guard = self.state();
        let state = &mut *guard;
        if !state.estimate.update(case, run, now) {
            return;
        }
        if self.is_terminal && !self.quiet {
            let (bar, begin) = state.bars.entry((case, run)).or_insert_with(|| {
                let bar = self.bars.add(ProgressBar::new(PARTS as u64));
                bar.set_style(style("{bar:20} {percent:>3} % {msg}"));
                (bar, wall_clock())
            });
            let share = state.estimate.share_of(case, run);
            bar.set_position((share * PARTS) as u64);
            bar.set_message(format!(
                "{}, {} left",
                self.name(&state.estimate, case, run),
                left(begin.elapsed(), share)
            ));
        }
        self.show(state);
    }

    /// "w3-0.8, seed 1", and how far it is in its drain.
    fn name(&self, estimate: &Estimate, case: usize, run: usize) -> String {
        let planned = &self.plan[case];
        let drain = estimate.draining(case, run);
        let drain =
            drain.map_or_else(String::new, |(ms, most)| format!(", draining for {ms:.1} of up to {most:.1} ms"));
        format!("{}, seed {}{drain}", planned.case.name, planned.runs[run].seed)
    }

    /// A run is done; or it need not be done, as it `was_there`.
    pub(crate) fn done(&self, case: usize, run: usize, was_there: bool) {
        let mut guard = self.state();
        let state = &mut *guard;
        if was_there {
            state.estimate.left_out(case, run);
        } else {
            state.estimate.done(case, run);
        }
        if let Some((bar, _)) = state.bars.remove(&(case, run)) {
            bar.finish_and_clear();
            self.bars.remove(&bar);
        }
        self.show(state);
    }

    fn show(&self, state: &mut State) {
        let estimate = &state.estimate;
        let share = estimate.share();
        let elapsed = self.begin.elapsed();
        let about = if estimate.is_at_most() { "at most" } else { "about" };
        let left = left(elapsed, share);
        self.all.set_position((share * PARTS) as u64);
        self.all.set_message(format!("{about} {left} left"));
        if !self.is_terminal && !self.quiet && state.line.elapsed() >= LINE_INTERVAL {
            state.line = wall_clock();
            let run = |(case, run)| {
                format!("{} {:.0} %", self.name(estimate, case, run), 100.0 * estimate.share_of(case, run))
            };
            let going: Vec<_> = estimate.going().map(run).collect();
            eprintln!(
                "{:.0} % of all runs, {:.0} s elapsed, {about} {left} left; {}",
                100.0 * share,
                elapsed.as_secs_f64(),
                going.join("; ")
            );
        }
    }

    /// Prints a line without disturbing the bars.
    pub(crate) fn say(&self, text: &str) {
        self.bars.suspend(|| eprintln!("{text}"));
    }

    /// Does something that prints, without disturbing the bars.
    pub(crate) fn suspend<T>(&self, print: impl FnOnce() -> T) -> T {
        self.bars.suspend(print)
    }

    pub(crate) fn finish(&self) {
        self.all.finish_and_clear();
    }
}
