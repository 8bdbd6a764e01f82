//! A plan carried out: what is there already is kept, each finished run is kept at once, and a case
//! is pooled and written as soon as all its runs are there, whoever did them.

mod claim;
mod run;

pub use claim::{Claim, ClaimError};
pub use run::{division, run_case, run_seed};

use crate::disk::{Lock, StoreError};
use crate::figures::{Drawn, FigureError, write_figures};
use crate::plan::{Manifest, PlannedCase, PlannedRun, Selection};
use crate::results::{
    Archive, CaseSummary, Draw, Pooled, RunError, Timing, WrittenCase, pool_runs, write_case, write_overview,
};
use homa_run::{Control, RunRecord, RunTiming};
use homa_units::Time;
use rayon::prelude::*;
use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

/// What is to be carried out, and where.
#[derive(Clone, Copy)]
pub struct Session<'a> {
    /// The cases and runs.
    pub plan: &'a [PlannedCase],
    /// Which of them to do.
    pub selection: &'a Selection,
    /// The folder of the results, claimed for this plan.
    pub claim: &'a Claim,
    /// Do again what is there already.
    pub again: bool,
    /// What is drawn of the results, which takes most of the time of small runs.
    pub draw: Draw,
    /// On how many threads each run is simulated.
    pub threads: u32,
    /// Set to end soon.
    pub interrupted: &'a AtomicBool,
}

/// Hears how a session goes on; cases and runs are named by their numbers in the plan. Called by
/// several threads.
pub trait Follow: Sync {
    /// A run has come to this simulated time.
    fn running(&self, case: usize, run: usize, now: Time);
    /// A run is done, or was there already, or another process did it.
    fn ran(&self, case: usize, run: usize, was_there: bool);
    /// Nothing is left to do but so many runs that other processes are doing.
    fn waits(&self, runs: usize);
    /// A case is done, or was there already.
    fn done(&self, case: usize, outcome: CaseOutcome);
    /// A run or a case failed, for this reason.
    fn failed(&self, case: usize, reason: &str);
}

/// What became of a case.
#[derive(Debug)]
pub enum CaseOutcome {
    /// Its runs were pooled and written.
    Written(Box<CaseSummary>, Timing, WrittenCase),
    /// This folder had its results already.
    Kept(PathBuf),
}

/// What became of a session.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tally {
    /// Runs that were simulated.
    pub runs: usize,
    /// Runs that were there already, or that another process did meanwhile.
    pub kept_runs: usize,
    /// Runs that were going on when the user interrupted, and are lost.
    pub lost_runs: usize,
    /// Cases with results now.
    pub cases: usize,
    /// Cases that wait for runs of others, or whose runs failed.
    pub incomplete: usize,
    /// Runs and cases that failed.
    pub failures: usize,
    /// Whether it was ended before its time.
    pub interrupted: bool,
    /// Cases that differ in settings and not in a packet, when all cases were complete.
    pub alike: Vec<String>,
    /// What was drawn, when all cases were complete.
    pub figures: Option<Drawn>,
}

/// What is to be done, by one thread at a time.
enum Task {
    Run(usize, usize),
    Pool(usize),
}

struct Carried<'a, F> {
    session: Session<'a>,
    archive: Archive,
    follow: &'a F,
    /// By case, how many of its runs are missing.
    missing: Vec<AtomicUsize>,
    /// By case, whether its folder is complete.
    complete: Vec<AtomicBool>,
    /// Where else a run is needed, by its key: one run may be in several cases.
    owners: BTreeMap<&'a str, Vec<(usize, usize)>>,
    /// What another process was doing when its turn came.
    busy: Mutex<Vec<Task>>,
    tally: Mutex<Tally>,
    /// The first reason why something could not be written.
    unwritable: Mutex<Option<StoreError>>,
}

/// Carries out the selected part of a plan on the current thread pool.
///
/// # Errors
/// If results can't be written. A run that fails is told to `follow` and doesn't stop the others.
pub fn carry_out(session: Session<'_>, follow: &impl Follow) -> Result<Tally, StoreError> {
    let carried = Carried::new(session, follow);
    let tasks = carried.tasks();
    // One after the other from one list, in its order, so that what comes first in the plan is done
    // first.
    tasks.into_iter().par_bridge().for_each(|task| carried.perform(&task));
    carried.wait_for_others();
    carried.pool_what_others_completed();
    carried.wait_for_others();
    carried.finish()
}

/// Between two looks at what another process is doing.
const PATIENCE: Duration = Duration::from_millis(100);

/// Whether `folder` has the results of a case.
fn is_complete(out: &Path, planned: &PlannedCase) -> bool {
    let stored = Manifest::read(&out.join(&planned.case.name));
    stored.is_ok_and(|manifest| manifest.cases.iter().any(|case| case.key == planned.key && case.digest.is_some()))
        && out.join(&planned.case.name).join("summary.json").is_file()
}

impl<'a, F: Follow> Carried<'a, F> {
    fn new(session: Session<'a>, follow: &'a F) -> Self {
        let mut owners: BTreeMap<&str, Vec<(usize, usize)>> = BTreeMap::new();
        for (case, planned) in session.plan.iter().enumerate() {
            for (run, PlannedRun { key, .. }) in planned.runs.iter().enumerate() {
                owners.entry(key).or_default().push((case, run));
            }
        }
        let zero = || session.plan.iter().map(|_| AtomicUsize::new(0)).collect();
        let no = || session.plan.iter().map(|_| AtomicBool::new(false)).collect();
        let archive = Archive::new(session.claim.out());
        let (busy, tally, unwritable) = (Mutex::default(), Mutex::default(), Mutex::default());
        Self { session, archive, follow, missing: zero(), complete: no(), owners, busy, tally, unwritable }
    }

    /// What has to be done, in the order of the plan; what is there already is told to the
    /// follower.
    fn tasks(&self) -> Vec<Task> {
        let selected = self.session.selection.of(self.session.plan);
        let mut tasks = Vec::new();
        for (case, planned) in self.session.plan.iter().enumerate() {
            let wanted = |run: &usize| selected.binary_search(&(case, *run)).is_ok();
            if !self.session.again && is_complete(self.session.claim.out(), planned) {
                (0..planned.runs.len()).for_each(|run| self.kept(case, run));
                self.keep(case);
                continue;
            }
            let there = |run: &usize| self.archive.has(&planned.runs[*run].key) && !(self.session.again && wanted(run));
            let (there, missing): (Vec<usize>, Vec<usize>) = (0..planned.runs.len()).partition(there);
            there.into_iter().for_each(|run| self.kept(case, run));
            self.missing[case].store(missing.len(), Ordering::Relaxed);
            if missing.is_empty() {
                tasks.push(Task::Pool(case));
            }
            // A run that several cases need is done for the first.
            let first = |run: &usize| self.owners[planned.runs[*run].key.as_str()].first() == Some(&(case, *run));
            let is_wanted_by_any = |run: &usize| {
                let owners = &self.owners[planned.runs[*run].key.as_str()];
                owners.iter().any(|owner| selected.binary_search(owner).is_ok())
            };
            tasks.extend(missing.into_iter().filter(first).filter(is_wanted_by_any).map(|run| Task::Run(case, run)));
        }
        tasks
    }

    fn kept(&self, case: usize, run: usize) {
        self.tally().kept_runs += 1;
        self.follow.ran(case, run, true);
    }

    fn tally(&self) -> std::sync::MutexGuard<'_, Tally> {
        self.tally.lock().expect("no thread panics while it holds this")
    }

    fn ends(&self) -> bool {
        let unwritable = || self.unwritable.lock().expect("no thread panics while it holds this").is_some();
        self.session.interrupted.load(Ordering::Relaxed) || unwritable()
    }

    /// A case is there already.
    fn keep(&self, case: usize) {
        self.complete[case].store(true, Ordering::Relaxed);
        let folder = self.session.claim.out().join(&self.session.plan[case].case.name);
        self.follow.done(case, CaseOutcome::Kept(folder));
    }

    fn perform(&self, task: &Task) {
        if self.ends() {
            return;
        }
        match *task {
            Task::Pool(case) => self.pool(case),
            Task::Run(case, run) => self.carry_out_run(case, run, self.session.again),
        }
    }

    /// Does a run, unless another process is doing it, or it is there and not to be done `again`.
    fn carry_out_run(&self, case: usize, run: usize, again: bool) {
        let key = self.session.plan[case].runs[run].key.as_str();
        let lock = match self.session.claim.locks.try_lock(key) {
            Ok(Some(lock)) => lock,
            Ok(None) => return self.busy().push(Task::Run(case, run)),
            Err(error) => return self.cannot_write(error),
        };
        let is_there = !again && self.archive.has(key);
        if !is_there && self.simulate(case, run).is_none() {
            return;
        }
        // Whoever pools a case takes the locks of runs that are damaged.
        drop(lock);
        match is_there {
            true => self.tally().kept_runs += self.owners[key].len(),
            false => self.tally().runs += 1,
        }
        for (case, run) in &self.owners[key] {
            self.follow.ran(*case, *run, is_there);
            let complete = self.complete[*case].load(Ordering::Relaxed);
            if !complete && self.missing[*case].fetch_sub(1, Ordering::AcqRel) == 1 {
                self.pool(*case);
            }
        }
    }

    fn busy(&self) -> std::sync::MutexGuard<'_, Vec<Task>> {
        self.busy.lock().expect("no thread panics while it holds this")
    }

    /// Waits for what other processes are doing, and does what they leave undone.
    fn wait_for_others(&self) {
        let mut told = 0;
        loop {
            let busy = std::mem::take(&mut *self.busy());
            if busy.is_empty() || self.ends() {
                return;
            }
            let runs = busy.iter().filter(|task| matches!(task, Task::Run(..))).count();
            if runs > 0 && runs != told {
                told = runs;
                self.follow.waits(runs);
            }
            std::thread::sleep(PATIENCE);
            busy.into_iter().par_bridge().for_each(|task| match task {
                _ if self.ends() => {}
                // What another process has just done needs not be done again.
                Task::Run(case, run) => self.carry_out_run(case, run, false),
                Task::Pool(case) => self.pool(case),
            });
        }
    }

    /// A lock for which it waits; none if the session ends first.
    fn lock(&self, name: &str) -> Option<Lock> {
        loop {
            match self.session.claim.locks.try_lock(name) {
                Ok(Some(lock)) => return Some(lock),
                Ok(None) if self.ends() => return None,
                Ok(None) => std::thread::sleep(PATIENCE),
                Err(error) => {
                    self.cannot_write(error);
                    return None;
                }
            }
        }
    }

    /// Does a run and keeps it; none if it failed.
    fn simulate(&self, case: usize, run: usize) -> Option<(RunRecord, RunTiming)> {
        let planned = &self.session.plan[case];
        let PlannedRun { seed, key, .. } = &planned.runs[run];
        let progress = |_, now| self.follow.running(case, run, now);
        let control =
            Control { interrupted: self.session.interrupted, progress: &progress, threads: self.session.threads };
        // A broken invariant is a fault of the program that must not take the other runs with it.
        let outcome = catch_unwind(AssertUnwindSafe(|| run_seed(&planned.case, run, *seed, &control)));
        let reason = match outcome {
            Ok(Ok((record, timing))) => {
                return match self.archive.write(key, &record, &timing) {
                    Ok(()) => Some((record, timing)),
                    Err(error) => {
                        self.cannot_write(error);
                        None
                    }
                };
            }
            Ok(Err(RunError::Interrupted)) => {
                self.tally().lost_runs += 1;
                return None;
            }
            Ok(Err(error)) => error.to_string(),
            Err(panic) => format!("a fault of the program, please report it: {}", panic_text(&*panic)),
        };
        self.fail(case, &format!("{}, seed {seed}: {reason}", planned.case.name));
        None
    }

    /// A run that is there; it is done again if it is damaged.
    fn read(&self, case: usize, run: usize) -> Option<(RunRecord, RunTiming)> {
        let key = &self.session.plan[case].runs[run].key;
        self.archive.read(key).or_else(|| {
            let _lock = self.lock(key)?;
            // Another process may have done it again while we waited.
            self.archive.read(key).or_else(|| self.simulate(case, run))
        })
    }

    fn cannot_write(&self, error: StoreError) {
        self.unwritable.lock().expect("no thread panics while it holds this").get_or_insert(error);
    }

    fn fail(&self, case: usize, reason: &str) {
        self.tally().failures += 1;
        self.follow.failed(case, reason);
    }

    /// Pools a case of which every run is there, and writes its results, unless another process has
    /// done so.
    fn pool(&self, case: usize) {
        let planned = &self.session.plan[case];
        let out = self.session.claim.out();
        // It must not wait here: a thread that draws does other work meanwhile, so two processes could
        // wait for each other.
        let _lock = match self.session.claim.locks.try_lock(&planned.key) {
            Ok(Some(lock)) => lock,
            Ok(None) => return self.busy().push(Task::Pool(case)),
            Err(error) => return self.cannot_write(error),
        };
        if !self.session.again && is_complete(out, planned) {
            return self.keep(case);
        }
        let mut runs = Vec::new();
        for run in 0..planned.runs.len() {
            let Some(run) = self.read(case, run) else { return };
            runs.push(run);
        }
        let mut planned = planned.clone();
        for (planned, (record, _)) in planned.runs.iter_mut().zip(&runs) {
            planned.digest = Some(record.digest());
        }
        let pooled = match pool_runs(&planned.case, runs) {
            Ok(pooled) => pooled,
            Err(error) => return self.fail(case, &error.to_string()),
        };
        match write_case(out, &planned, &pooled, self.session.draw) {
            Ok(written) => {
                self.complete[case].store(true, Ordering::Relaxed);
                let Pooled { summary, timing, .. } = pooled;
                self.follow.done(case, CaseOutcome::Written(Box::new(summary), timing, written));
            }
            Err(error) => self.cannot_write(error),
        }
    }

    /// Pools cases of which others have done the last runs meanwhile.
    fn pool_what_others_completed(&self) {
        for (case, planned) in self.session.plan.iter().enumerate() {
            let is_done = self.complete[case].load(Ordering::Relaxed);
            let all_there = || planned.runs.iter().all(|run| self.archive.has(&run.key));
            if !is_done && !self.ends() && self.missing[case].load(Ordering::Relaxed) > 0 && all_there() {
                self.pool(case);
            }
        }
    }

    /// Says what came out.
    fn finish(self) -> Result<Tally, StoreError> {
        let is_complete = self.complete.iter().all(|complete| complete.load(Ordering::Relaxed));
        // Others that complete the same cases find it done.
        let whole = if is_complete { self.lock("whole") } else { None };
        if let Some(error) = self.unwritable.into_inner().expect("no thread panics while it holds this") {
            return Err(error);
        }
        let mut tally = self.tally.into_inner().expect("no thread panics while it holds this");
        tally.cases = self.complete.iter().filter(|complete| complete.load(Ordering::Relaxed)).count();
        tally.incomplete = self.session.plan.len() - tally.cases;
        tally.interrupted = self.session.interrupted.load(Ordering::Relaxed);
        if whole.is_some() {
            write_whole(&self.session, self.follow, &mut tally)?;
        }
        Ok(tally)
    }
}

/// Writes what is of all cases, which are complete.
fn write_whole(session: &Session<'_>, follow: &impl Follow, tally: &mut Tally) -> Result<(), StoreError> {
    let Session { claim, draw, again, .. } = *session;
    let out = claim.out();
    let mut manifest = claim.manifest.clone();
    manifest.fill_in(out);
    manifest.write(out)?;
    tally.alike = manifest.alike();
    write_overview(out, &manifest)?;
    if draw == Draw::Nothing {
        return Ok(());
    }
    match write_figures(out, &manifest.manifest.figures, draw, again) {
        Ok(drawn) => tally.figures = Some(drawn),
        Err(FigureError::Store(error)) => return Err(error),
        Err(error) => {
            tally.failures += 1;
            follow.failed(0, &error.to_string());
        }
    }
    Ok(())
}

fn panic_text(panic: &(dyn std::any::Any + Send)) -> &str {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("unknown reason")
}
