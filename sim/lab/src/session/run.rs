//! The runs of a case.

use crate::results::{Pooled, RunError, pool_runs};
use homa_experiment::Case;
use homa_fabric::{Indivisible, Partitioning};
use homa_run::{Control, RunRecord, RunTiming};
use rayon::prelude::*;

/// How the network of a case is divided if each of its runs is simulated on `threads` threads; not
/// at all with a single one.
///
/// # Errors
/// If it can't be divided; such a case is simulated on one thread.
pub fn division(case: &Case, threads: u32) -> Result<Option<Partitioning>, Indivisible> {
    homa_run::division(&case.spec(), threads)
}

/// One run of a case, without pooling: the run `number` of it, with `seed`.
///
/// # Errors
/// If the user interrupted.
pub fn run_seed(
    case: &Case,
    number: usize,
    seed: u64,
    control: &Control<'_>,
) -> Result<(RunRecord, RunTiming), RunError> {
    Ok(homa_run::run(&case.spec(), number, seed, control)?)
}

/// Runs all seeds of a case, in parallel on the current thread pool, and pools them in the order of
/// the seeds.
///
/// # Errors
/// If the user interrupted, or no message was created in the window.
pub fn run_case(case: &Case, control: &Control<'_>) -> Result<Pooled, RunError> {
    let seeds: Vec<_> = case.run().seeds.iter().copied().enumerate().collect();
    let runs: Vec<_> =
        seeds.into_par_iter().map(|(number, seed)| run_seed(case, number, seed, control)).collect::<Result<_, _>>()?;
    pool_runs(case, runs)
}
