//! `homasim bench`.

mod baseline;
mod instructions;
mod report;
mod sample;
mod scenario;
mod threads;

use crate::args::BenchArguments;
use baseline::{Counted, Makers, Row};
use homa_lab::RunError;
use instructions::Counter;
use report::Measured;
use scenario::Scenario;
use std::io::Write;
use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::SystemTime;

/// The compiler that made this program.
const RUSTC: &str = env!("HOMASIM_RUSTC");
/// Whether this program is what users run.
const OPTIMISED: bool = !cfg!(debug_assertions);

/// Instructions per packet-hop grew.
const EXIT_GREW: u8 = 1;

pub(crate) fn execute(arguments: &BenchArguments, interrupted: &'static AtomicBool) -> anyhow::Result<ExitCode> {
    let scenarios = scenario::select(&arguments.scenarios, arguments.all)?;
    if let Some(total) = arguments.raw {
        for scenario in &scenarios {
            writeln!(
                std::io::stdout(),
                "{}",
                serde_json::to_string(&sample::run_raw(scenario, total, arguments.threads)?)?
            )?;
        }
        return Ok(ExitCode::SUCCESS);
    }
    crate::watch_for_interrupt()?;
    if arguments.check || arguments.update.is_some() {
        return check_or_update(arguments, &scenarios, interrupted);
    }
    if !OPTIMISED {
        eprintln!("homasim: this program has debug assertions; measure one that was built with --release");
    }
    if let Some(threads) = arguments.threads {
        return threads::execute(arguments, &scenarios, u32::from(threads), interrupted);
    }
    let counter = if arguments.no_instructions { None } else { Counter::find() };
    if counter.is_none() && !arguments.no_instructions {
        eprintln!("homasim: neither valgrind nor perf can count here: instructions per packet-hop are left out");
    }
    let mut stdout = std::io::stdout();
    if !arguments.json {
        writeln!(stdout, "{}", report::HEAD)?;
    }
    for scenario in &scenarios {
        let measured = measure(scenario, usize::from(arguments.runs), counter.as_ref(), interrupted)?;
        let line = if arguments.json { serde_json::to_string(&measured)? } else { measured.line() };
        writeln!(stdout, "{line}")?;
    }
    Ok(ExitCode::SUCCESS)
}

/// Measures one scenario. Runs that are timed have the machine for themselves, as far as that is up to us.
fn measure(
    scenario: &Scenario,
    runs: usize,
    counter: Option<&Counter>,
    interrupted: &AtomicBool,
) -> anyhow::Result<Measured> {
    let records = (0..runs).map(|_| sample::run(scenario, 1, interrupted)).collect::<Result<Vec<_>, _>>()?;
    let raw = unless_interrupted(interrupted, || sample::run_apart(scenario, scenario.timed))?;
    let count = |counter: &Counter| {
        let instructions = unless_interrupted(interrupted, || counter.per_packet_hop(scenario))?;
        anyhow::Ok((instructions, counter.version.clone()))
    };
    Ok(Measured::new(scenario.name, &records, &raw, counter.map(count).transpose()?))
}

/// Ctrl-C ends the processes that we have started too: what they leave is no error of theirs.
fn unless_interrupted<T>(interrupted: &AtomicBool, measure: impl FnOnce() -> anyhow::Result<T>) -> anyhow::Result<T> {
    let outcome = measure();
    if interrupted.load(Ordering::Relaxed) { Err(RunError::Interrupted.into()) } else { outcome }
}

/// `--check` and `--update`.
fn check_or_update(
    arguments: &BenchArguments,
    scenarios: &[Scenario],
    interrupted: &AtomicBool,
) -> anyhow::Result<ExitCode> {
    anyhow::ensure!(OPTIMISED, "the baseline is of programs built with --release, and this one has debug assertions");
    let Some(counter) = Counter::find() else {
        let text = "instructions per packet-hop: skipped, as neither valgrind nor perf can count here";
        writeln!(std::io::stdout(), "{text}")?;
        return Ok(ExitCode::SUCCESS);
    };
    let path = &arguments.baseline;
    // An unreadable baseline is to be known before counting.
    let baseline = if arguments.check || path.exists() { baseline::read(path)? } else { Vec::new() };
    let mut counts = Vec::new();
    for scenario in scenarios {
        let instructions_per_packet_hop = unless_interrupted(interrupted, || counter.per_packet_hop(scenario))?;
        counts.push(Counted { scenario: scenario.name, instructions_per_packet_hop });
    }
    let makers = Makers { tool: &counter.version, rustc: RUSTC };
    let verdict = baseline::compare(&baseline, &counts, makers);
    write!(std::io::stdout(), "{}", verdict.table)?;
    let Some(reason) = &arguments.update else {
        verdict.notes.iter().try_for_each(|note| writeln!(std::io::stdout(), "{note}"))?;
        return Ok(if verdict.fails { ExitCode::from(EXIT_GREW) } else { ExitCode::SUCCESS });
    };
    let date = today();
    let row = |counted: &Counted| Row {
        scenario: counted.scenario.to_owned(),
        instructions_per_packet_hop: (counted.instructions_per_packet_hop * 10.0).round() / 10.0,
        date: date.clone(),
        tool: counter.version.clone(),
        rustc: RUSTC.to_owned(),
        reason: reason.clone(),
    };
    baseline::write(path, &baseline::updated(baseline, counts.iter().map(row).collect()))?;
    writeln!(std::io::stdout(), "wrote {}", path.display())?;
    Ok(ExitCode::SUCCESS)
}

#[expect(clippy::disallowed_methods, reason = "the baseline says when it was made; nothing depends on it")]
fn today() -> String {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    date_of_day(since.as_secs() / 86_400)
}

/// `YYYY-MM-DD` of a day counted from 1970-01-01, by the Gregorian calendar.
fn date_of_day(mut day: u64) -> String {
    let leap = |year: u64| year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    let mut year = 1970;
    while day >= 365 + u64::from(leap(year)) {
        day -= 365 + u64::from(leap(year));
        year += 1;
    }
    let february = 28 + u64::from(leap(year));
    let mut month = 1;
    for days in [31, february, 31, 30, 31, 30, 31, 31, 30, 31, 30] {
        if day < days {
            break;
        }
        day -= days;
        month += 1;
    }
    format!("{year}-{month:02}-{:02}", day + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_dates() {
        let days =
            [(0, "1970-01-01"), (58, "1970-02-28"), (59, "1970-03-01"), (789, "1972-02-29"), (20_453, "2025-12-31")];
        for (day, date) in days {
            assert_eq!(date_of_day(day), date);
        }
    }
}
