//! The committed instruction counts, and what differs from them.

use anyhow::Context;
use serde::{Deserialize, Serialize};
use std::fmt::Write as _;
use std::path::Path;

/// Growth beyond this fails, in percent.
const GROWTH_PERCENT_MAX: f64 = 3.0;

/// A line of `results/bench/instructions.csv`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Row {
    pub(crate) scenario: String,
    pub(crate) instructions_per_packet_hop: f64,
    /// When it was counted, `YYYY-MM-DD`.
    pub(crate) date: String,
    /// Version of the tool that counted.
    pub(crate) tool: String,
    /// The compiler.
    pub(crate) rustc: String,
    /// Why the baseline was set to this.
    pub(crate) reason: String,
}

/// A scenario counted now.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Counted {
    pub(crate) scenario: &'static str,
    pub(crate) instructions_per_packet_hop: f64,
}

/// By what these counts were made.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Makers<'a> {
    pub(crate) tool: &'a str,
    pub(crate) rustc: &'a str,
}

/// Reads a baseline; it must exist.
pub(crate) fn read(path: &Path) -> anyhow::Result<Vec<Row>> {
    let context = || format!("cannot read the baseline {}; --update REASON writes one", path.display());
    let mut reader = csv::Reader::from_path(path).with_context(context)?;
    reader.deserialize().collect::<Result<_, _>>().with_context(context)
}

/// Writes a baseline, whole or not at all.
pub(crate) fn write(path: &Path, rows: &[Row]) -> anyhow::Result<()> {
    let context = || format!("cannot write the baseline {}", path.display());
    let mut writer = csv::Writer::from_writer(Vec::new());
    rows.iter().try_for_each(|row| writer.serialize(row)).with_context(context)?;
    let bytes = writer.into_inner().with_context(context)?;
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).with_context(context)?;
    }
    std::fs::write(path, bytes).with_context(context)
}

/// The baseline with these rows in place of those of the same scenarios.
pub(crate) fn updated(mut baseline: Vec<Row>, rows: Vec<Row>) -> Vec<Row> {
    for row in rows {
        match baseline.iter_mut().find(|old| old.scenario == row.scenario) {
            Some(old) => *old = row,
            None => baseline.push(row),
        }
    }
    baseline
}

/// What a comparison with the baseline says.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Verdict {
    pub(crate) table: String,
    /// What to know and do, line by line.
    pub(crate) notes: Vec<String>,
    pub(crate) fails: bool,
}

impl Makers<'_> {
    /// How the makers of a row differ: valgrind and perf don't count alike, and compilers make other programs. Versions of
    /// valgrind count alike.
    fn difference(&self, row: &Row) -> Option<String> {
        let kind = |tool: &str| tool.split(['-', ' ']).next().unwrap_or_default().to_owned();
        let pairs = [(kind(&row.tool), kind(self.tool)), (row.rustc.clone(), self.rustc.to_owned())];
        let differing = |(then, now): (String, String)| {
            (then != now).then(|| format!("{} was counted with {then}, this is {now}: nothing fails", row.scenario))
        };
        pairs.into_iter().find_map(differing)
    }
}

/// Compares counts with the baseline. Counts that other makers made than its row's are shown, and fail nothing.
pub(crate) fn compare(baseline: &[Row], counts: &[Counted], now: Makers<'_>) -> Verdict {
    let mut table = format!("{:<20} {:>9} {:>9} {:>8}\n", "instr. per packet-hop", "baseline", "now", "change");
    let (mut fails, mut notes) = (false, Vec::new());
    for Counted { scenario, instructions_per_packet_hop: count } in counts {
        let Some(row) = baseline.iter().find(|row| row.scenario == *scenario) else {
            let _ = writeln!(table, "{scenario:<21} {:>9} {count:>9.1} {:>8}  not in the baseline", "-", "-");
            notes.push(format!("{scenario} is not in the baseline: set it with --update REASON"));
            fails = true;
            continue;
        };
        let before = row.instructions_per_packet_hop;
        let percent = 100.0 * (count / before - 1.0);
        let difference = now.difference(row);
        let verdict = match &difference {
            _ if percent.abs() <= GROWTH_PERCENT_MAX => "ok",
            _ if percent < 0.0 => "FELL",
            None => "GREW",
            Some(_) => "grew, by other makers",
        };
        fails |= verdict == "GREW";
        if verdict == "FELL" {
            notes.push(format!("{scenario} fell: make it the baseline with --update REASON, so that it stays"));
        }
        notes.extend(difference.map(|difference| format!("warning: {difference}")));
        let _ = writeln!(table, "{scenario:<21} {before:>9.1} {count:>9.1} {percent:>+6.1} %  {verdict}");
    }
    if table.contains("GREW") {
        notes.push(format!(
            "growth beyond {GROWTH_PERCENT_MAX} % fails: find out where it comes from, or say with --update REASON why it is right"
        ));
    }
    Verdict { table, notes, fails }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Makers<'_> = Makers { tool: "valgrind-3.19.0", rustc: "rustc 1.95.0" };

    fn row(scenario: &str) -> Row {
        Row {
            scenario: scenario.to_owned(),
            instructions_per_packet_hop: 1_000.0,
            date: "2026-01-31".to_owned(),
            tool: NOW.tool.to_owned(),
            rustc: NOW.rustc.to_owned(),
            reason: "first, of all".to_owned(),
        }
    }

    fn counted(instructions_per_packet_hop: f64) -> [Counted; 1] {
        [Counted { scenario: "a", instructions_per_packet_hop }]
    }

    #[test]
    fn growth_of_2_percent_passes_and_of_4_percent_fails() {
        let small = compare(&[row("a")], &counted(1_020.0), NOW);
        assert!(!small.fails && small.table.contains("+2.0 %  ok"), "{}", small.table);
        let large = compare(&[row("a")], &counted(1_040.0), NOW);
        assert!(large.fails && large.table.contains("+4.0 %  GREW"), "{}", large.table);
    }

    #[test]
    fn fewer_instructions_pass_and_ask_for_a_new_baseline() {
        let verdict = compare(&[row("a")], &counted(900.0), NOW);
        assert!(!verdict.fails && verdict.notes[0].contains("--update"), "{verdict:?}");
    }

    #[test]
    fn a_scenario_without_baseline_is_named_and_fails() {
        let verdict = compare(&[row("b")], &counted(1_000.0), NOW);
        assert!(verdict.fails && verdict.notes[0].contains("a is not in the baseline"), "{verdict:?}");
    }

    #[test]
    fn another_compiler_or_kind_of_tool_is_named_and_only_warned_of() {
        let others = [Makers { rustc: "rustc 1.99.0", ..NOW }, Makers { tool: "perf version 6.1", ..NOW }];
        for (makers, named) in others.into_iter().zip(["rustc 1.95.0, this is rustc 1.99.0", "valgrind, this is perf"])
        {
            let verdict = compare(&[row("a")], &counted(1_040.0), makers);
            assert!(!verdict.fails && verdict.notes[0].contains(named), "{verdict:?}");
        }
        assert!(compare(&[row("a")], &counted(1_040.0), Makers { tool: "valgrind-3.25.1", ..NOW }).fails);
    }

    #[test]
    fn a_baseline_is_read_as_it_was_written_and_updated_scenario_by_scenario() {
        let newer = Row { instructions_per_packet_hop: 900.0, ..row("b") };
        let rows = updated(vec![row("a"), row("b")], vec![newer.clone(), row("c")]);
        assert_eq!(rows, [row("a"), newer, row("c")]);
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("bench/instructions.csv");
        assert!(read(&path).unwrap_err().to_string().contains("--update"));
        write(&path, &rows).unwrap();
        assert_eq!(read(&path).unwrap(), rows);
    }
}
