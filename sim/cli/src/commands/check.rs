//! `homasim check`.

mod github;
mod junit;
mod report;

use super::experiment::{planned, refuse_overload};
use crate::args::CheckArguments;
use crate::progress::Progress;
use anyhow::{Context, bail};
use homa_lab::{
    Baseline, BaselineCase, CaseIdentity, CaseOutcome, CheckedCase, Claim, Draw, Follow, PlannedCase, Selection,
    Session, Verdict, carry_out, judge, matching,
};
use homa_units::Time;
use serde::Serialize;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::atomic::AtomicBool;

/// Something is worse than in the baseline.
const EXIT_WORSE: u8 = 1;

pub(crate) fn execute(arguments: &CheckArguments, interrupted: &'static AtomicBool) -> anyhow::Result<ExitCode> {
    let outcome = check(arguments, interrupted);
    if let (Err(error), true) = (&outcome, arguments.github) {
        writeln!(std::io::stdout(), "{}", github::could_not_run(&arguments.experiment.file, error))?;
    }
    outcome
}

fn check(arguments: &CheckArguments, interrupted: &'static AtomicBool) -> anyhow::Result<ExitCode> {
    let changes = !arguments.experiment.set.is_empty() || !arguments.experiment.seed.is_empty();
    if arguments.update.is_some() && changes {
        bail!(
            "--update makes a baseline of the experiment as its file has it; write into {} what --set or --seed change",
            arguments.experiment.file.display()
        );
    }
    let planned = planned(&arguments.experiment)?;
    refuse_overload(&arguments.experiment, &planned)?;
    let plan = planned.plan;
    let mut allowed = plan[0].case.resolved.check;
    allowed.digest |= arguments.exact;
    let experiment = &plan[0].case.experiment;
    let default = || Path::new("results/baselines").join(format!("{experiment}.json"));
    let path = arguments.baseline.clone().unwrap_or_else(default);
    let baseline = match &arguments.update {
        None => Some(Baseline::read(&path)?),
        // One that is broken, or of other cases, is replaced all the same.
        Some(_) => Baseline::read(&path).ok(),
    };
    let identities: Vec<_> = plan.iter().map(|planned| CaseIdentity::of(&planned.case)).collect();
    let before = match baseline.as_ref().map(|baseline| matching(baseline, &identities)) {
        // What can't be compared is to be known before it is simulated.
        Some(Err(cause)) if arguments.update.is_none() => {
            return Err(cause).with_context(|| path.display().to_string());
        }
        matched => matched.and_then(Result::ok),
    };
    let results = results(arguments, &plan, before.as_deref(), interrupted)?;
    let verdict = baseline.as_ref().map(|baseline| judge(baseline, &results, allowed));
    let Some(reason) = &arguments.update else {
        let verdict = verdict.expect("it was read")?;
        tell(arguments, &verdict, &Compared { experiment, path: &path, baseline: baseline.as_ref() })?;
        return Ok(if verdict.passed { ExitCode::SUCCESS } else { ExitCode::from(EXIT_WORSE) });
    };
    let results = results.into_iter().map(CheckedCase::into_results).collect();
    Baseline::new(experiment, reason, results).write(&path)?;
    if !arguments.quiet {
        if let Some(Ok(verdict)) = verdict {
            write!(std::io::stdout(), "{}", report::numbers(&verdict, arguments.all))?;
        }
        writeln!(std::io::stdout(), "wrote {}: {reason}", path.display())?;
    }
    Ok(ExitCode::SUCCESS)
}

/// What was compared with what.
struct Compared<'a> {
    experiment: &'a str,
    path: &'a Path,
    baseline: Option<&'a Baseline>,
}

/// What `--json` prints.
#[derive(Serialize)]
struct Json<'a> {
    experiment: &'a str,
    baseline: &'a Path,
    baseline_reason: Option<&'a str>,
    homasim: &'static str,
    #[serde(flatten)]
    verdict: &'a Verdict,
}

fn tell(arguments: &CheckArguments, verdict: &Verdict, compared: &Compared<'_>) -> anyhow::Result<()> {
    if let Some(path) = &arguments.junit {
        let text = junit::report(compared.experiment, verdict)?;
        std::fs::write(path, text)
            .with_context(|| format!("cannot write {}; name another file with --junit FILE", path.display()))?;
    }
    let mut stdout = std::io::stdout();
    if arguments.json {
        let Compared { experiment, path, baseline } = *compared;
        let baseline_reason = baseline.map(|baseline| baseline.reason.as_str());
        let json = Json { experiment, baseline: path, baseline_reason, homasim: env!("CARGO_PKG_VERSION"), verdict };
        writeln!(stdout, "{}", serde_json::to_string(&json)?)?;
        return Ok(());
    }
    if !arguments.quiet || !verdict.passed {
        write!(stdout, "{}{}", report::numbers(verdict, arguments.all), report::summary(verdict))?;
    }
    if arguments.github {
        write!(stdout, "{}", github::annotations(&arguments.experiment.file, verdict))?;
    }
    Ok(())
}

/// Runs what is planned, and reads what came out, to be judged by the baseline's cases `before`.
fn results(
    arguments: &CheckArguments,
    plan: &[PlannedCase],
    before: Option<&[&BaselineCase]>,
    interrupted: &'static AtomicBool,
) -> anyhow::Result<Vec<CheckedCase>> {
    let temporary = tempfile::Builder::new().prefix("homasim-check-").tempdir();
    let temporary = temporary.context("cannot make a temporary folder; give one with --out DIR")?;
    let out: PathBuf = arguments.out.clone().unwrap_or_else(|| temporary.path().to_owned());
    crate::watch_for_interrupt()?;
    let claim = Claim::new(&out, plan, arguments.replace)?;
    claim.warnings().iter().for_each(|warning| eprintln!("warning: {warning}"));
    let selection = Selection::default();
    let selected = selection.of(plan);
    let pool = super::threads::pool(&arguments.threads, plan, &selected, arguments.quiet)?;
    let watcher = Watcher(Progress::new(plan, &selected, arguments.quiet));
    let threads = u32::from(arguments.threads.threads);
    // Nobody sees figures of results that are deleted afterwards.
    let draw = if arguments.out.is_some() { Draw::SvgAndPng } else { Draw::Nothing };
    let session = Session { plan, selection: &selection, claim: &claim, again: false, draw, interrupted, threads };
    let tally = pool.install(|| carry_out(session, &watcher))?;
    watcher.0.finish();
    if tally.interrupted {
        match &arguments.out {
            None => bail!(
                "interrupted: nothing was compared or kept; with --out DIR finished runs are kept, and the next check goes on from them"
            ),
            Some(out) => bail!(
                "interrupted: nothing was compared; runs that had finished are kept in {}, and the same check goes on from them",
                out.display()
            ),
        }
    }
    if tally.failures > 0 {
        bail!("{} of the runs or cases failed, see above; nothing was compared", tally.failures);
    }
    let read = |(number, planned): (usize, &PlannedCase)| {
        let before = before.map(|before| before[number]);
        CheckedCase::read(&out.join(&planned.case.name), &planned.case, before)
    };
    Ok(plan.iter().enumerate().map(read).collect::<Result<_, _>>()?)
}

/// Shows how far it is. What came out is told when all is there.
struct Watcher<'a>(Progress<'a>);

impl Follow for Watcher<'_> {
    fn running(&self, case: usize, run: usize, now: Time) {
        self.0.update(case, run, now);
    }

    fn ran(&self, case: usize, run: usize, was_there: bool) {
        self.0.done(case, run, was_there);
    }

    fn waits(&self, runs: usize) {
        let runs = crate::text::count(runs, "run");
        self.0.say(&format!("nothing is left but {runs} that another process is doing: waiting for it"));
    }

    fn done(&self, _: usize, _: CaseOutcome) {}

    fn failed(&self, _: usize, reason: &str) {
        self.0.say(&format!("failed: {reason}"));
    }
}
