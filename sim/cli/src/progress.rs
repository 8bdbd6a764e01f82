//! Progress with an estimate of the time left, for all runs and for each that is going on: bars on a terminal, plain lines
//! elsewhere.

use homa_lab::{PlannedCase, work};
use homa_units::Time;
use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::collections::BTreeMap;
use std::io::IsTerminal;
use std::sync::{Mutex, MutexGuard};
use std::time::{Duration, Instant};

/// Between two lines where there is no terminal.
const LINE_INTERVAL: Duration = Duration::from_secs(10);
/// Progress of one run is counted in so many parts.
const PARTS: u64 = 1_000;

/// Follows the runs of a plan, weighted by the work that is expected of each.
pub(crate) struct Progress<'a> {
    plan: &'a [PlannedCase],
    /// Work of one run of each case.
    weights: Vec<f64>,
    bars: MultiProgress,
    all: ProgressBar,
    begin: Instant,
    state: Mutex<State>,
    is_terminal: bool,
    quiet: bool,
}

struct State {
    /// Parts done of each run that was asked for and is not done, by case and run.
    parts: BTreeMap<(usize, usize), u64>,
    /// Bars of those that go on.
    bars: BTreeMap<(usize, usize), ProgressBar>,
    /// Work of all that was asked for, and of what is done.
    total: f64,
    done: f64,
    line: Instant,
}

#[expect(clippy::disallowed_methods, reason = "progress is about time on the wall")]
fn wall_clock() -> Instant {
    Instant::now()
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).expect("the template is valid")
}

impl<'a> Progress<'a> {
    /// Of a plan of which the `selected` runs are to be done.
    pub(crate) fn new(plan: &'a [PlannedCase], selected: &[(usize, usize)], quiet: bool) -> Self {
        let weight = |planned: &PlannedCase| work(&planned.case).packet_hops.max(1.0) / planned.runs.len() as f64;
        let weights: Vec<f64> = plan.iter().map(weight).collect();
        let is_terminal = std::io::stderr().is_terminal();
        let visible = is_terminal && !quiet;
        let target = if visible { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
        let bars = MultiProgress::with_draw_target(target);
        let all = bars.add(ProgressBar::new(PARTS));
        all.set_style(style("{bar:40} {percent:>3} % of all runs, {elapsed} elapsed, {msg}"));
        let begin = wall_clock();
        let parts = selected.iter().map(|run| (*run, 0)).collect();
        let total = selected.iter().map(|(case, _)| weights[*case]).sum();
        let state = State { parts, bars: BTreeMap::new(), total, done: 0.0, line: begin };
        Self { plan, weights, bars, all, begin, state: Mutex::new(state), is_terminal, quiet }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("no thread panics while it holds this")
    }

    /// A run has come to `now`.
    pub(crate) fn update(&self, case: usize, run: usize, now: Time) {
        let planned = &self.plan[case];
        let (_, window_end, limit) = planned.case.window();
        // The drain usually ends early, so only the time up to the end of the window is counted.
        let parts = if now >= limit {
            PARTS
        } else {
            (u128::from(now.as_ps()) * u128::from(PARTS) / u128::from(window_end.as_ps())) as u64
        };
        let mut state = self.state();
        let Some(so_far) = state.parts.get_mut(&(case, run)) else { return };
        *so_far = (*so_far).max(parts.min(PARTS));
        let parts = *so_far;
        if self.is_terminal && !self.quiet {
            let bar = state.bars.entry((case, run)).or_insert_with(|| {
                let bar = self.bars.add(ProgressBar::new(PARTS));
                bar.set_style(style("{bar:20} {percent:>3} % {msg}, {eta} left"));
                bar.set_message(format!("{}, seed {}", planned.case.name, planned.runs[run].seed));
                bar
            });
            bar.set_position(parts);
        }
        self.show(&mut state);
    }

    /// A run is done.
    pub(crate) fn done(&self, case: usize, run: usize) {
        let mut state = self.state();
        if state.parts.remove(&(case, run)).is_some() {
            state.done += self.weights[case];
        }
        if let Some(bar) = state.bars.remove(&(case, run)) {
            bar.finish_and_clear();
            self.bars.remove(&bar);
        }
        self.show(&mut state);
    }

    fn show(&self, state: &mut State) {
        let going: f64 =
            state.parts.iter().map(|((case, _), parts)| self.weights[*case] * *parts as f64 / PARTS as f64).sum();
        let share = ((state.done + going) / state.total.max(1.0)).min(1.0);
        let elapsed_s = self.begin.elapsed().as_secs_f64();
        let left = if share > 0.0 { crate::text::duration(elapsed_s * (1.0 - share) / share) } else { "?".to_owned() };
        self.all.set_position((share * PARTS as f64) as u64);
        self.all.set_message(format!("{left} left"));
        if !self.is_terminal && !self.quiet && state.line.elapsed() >= LINE_INTERVAL {
            state.line = wall_clock();
            let going = state.parts.iter().filter(|(_, parts)| **parts > 0);
            let run = |((case, run), parts): (&(usize, usize), &u64)| {
                let planned = &self.plan[*case];
                format!(
                    "{} seed {} {:.0} %",
                    planned.case.name,
                    planned.runs[*run].seed,
                    *parts as f64 * 100.0 / PARTS as f64
                )
            };
            let going: Vec<_> = going.map(run).collect();
            eprintln!(
                "{:.0} % of all runs, {elapsed_s:.0} s elapsed, about {left} left; {}",
                100.0 * share,
                going.join(", ")
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
