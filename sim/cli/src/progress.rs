//! Progress with an estimate of the time left: a bar on a terminal, plain lines elsewhere.

use homa_lab::Case;
use homa_units::Time;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::io::IsTerminal;
use std::sync::Mutex;
use std::time::{Duration, Instant};

/// Between two lines where there is no terminal.
const LINE_INTERVAL: Duration = Duration::from_secs(10);

/// Follows all runs of an experiment, weighted by their simulated time and load.
pub(crate) struct Progress {
    bar: ProgressBar,
    begin: Instant,
    state: Mutex<State>,
}

struct State {
    /// Progress of each run of each case, in work units.
    done: Vec<Vec<u64>>,
    total: u64,
    line: Instant,
}

/// Work units of one run.
const PER_RUN: u64 = 1_000;

#[expect(clippy::disallowed_methods, reason = "progress is about time on the wall")]
fn wall_clock() -> Instant {
    Instant::now()
}

impl Progress {
    pub(crate) fn new(cases: &[Case]) -> Self {
        let done: Vec<Vec<u64>> = cases.iter().map(|case| vec![0; case.run().seeds.len()]).collect();
        let total = done.iter().map(|runs| runs.len() as u64 * PER_RUN).sum();
        let terminal = std::io::stderr().is_terminal();
        let target = if terminal { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
        let bar = ProgressBar::with_draw_target(Some(total), target);
        let style =
            ProgressStyle::with_template("{bar:40} {percent:>3} % of simulated time, {elapsed} elapsed, {eta} left");
        bar.set_style(style.expect("the template is valid"));
        let begin = wall_clock();
        Self { bar, begin, state: Mutex::new(State { done, total, line: begin }) }
    }

    /// A run has come to `now`.
    pub(crate) fn update(&self, case_number: usize, case: &Case, run: usize, now: Time) {
        let (_, window_end, limit) = case.window();
        // The drain usually ends early, so only the time up to the end of the window is counted.
        let share = if now >= limit {
            PER_RUN
        } else {
            (u128::from(now.as_ps()) * u128::from(PER_RUN) / u128::from(window_end.as_ps())) as u64
        };
        let mut state = self.state.lock().expect("no thread panics while it holds this");
        state.done[case_number][run] = state.done[case_number][run].max(share.min(PER_RUN));
        let done: u64 = state.done.iter().flatten().sum();
        self.bar.set_position(done);
        if self.bar.is_hidden() && state.line.elapsed() >= LINE_INTERVAL {
            state.line = wall_clock();
            let elapsed = self.begin.elapsed().as_secs_f64();
            let left = elapsed * (state.total - done) as f64 / done.max(1) as f64;
            eprintln!(
                "{:.0} % of simulated time, {elapsed:.0} s elapsed, about {left:.0} s left",
                100.0 * done as f64 / state.total as f64
            );
        }
    }

    /// Prints a line without disturbing the bar.
    pub(crate) fn say(&self, text: &str) {
        self.bar.suspend(|| eprintln!("{text}"));
    }

    pub(crate) fn finish(&self) {
        self.bar.finish_and_clear();
    }
}
