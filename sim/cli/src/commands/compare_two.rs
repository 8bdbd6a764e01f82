//! `homasim compare A B`.

use super::compare_reference;
use crate::args::{By, CompareArguments};
use anyhow::{Context, bail};
use homa_analysis::human_bytes;
use homa_lab::{
    ComparedSizes, ComparedValue, Comparison, ComparisonOptions, Grouping, Intervals, Operand, Quantity, Stated,
    Tolerance, compare_results, write_comparison_figure,
};
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;

pub(crate) fn execute(arguments: &CompareArguments, other: &str) -> anyhow::Result<ExitCode> {
    let (a, b) = (Operand::find(&arguments.result)?, Operand::find(other)?);
    match (&a, &b) {
        (Operand::Case(folder), Operand::Reference(name)) | (Operand::Reference(name), Operand::Case(folder)) => {
            refuse_unused(arguments)?;
            return compare_reference::execute(arguments, folder, name);
        }
        (Operand::Case(_), Operand::Case(_)) if arguments.denominator.is_some() => {
            bail!(
                "--denominator is for files that don't say what their slowdown is relative to; a case says it: leave it out"
            );
        }
        _ => {}
    }
    if arguments.unlike && !matches!((&a, &b), (Operand::Case(_), Operand::Case(_))) {
        bail!("--unlike is for two cases: what is in other files is not known to be like or unlike; leave it out");
    }
    if arguments.system != "Homa" {
        bail!("--system is the transport of a published curve, and neither A nor B is a reference: leave it out");
    }
    let comparison = compare_results(&a, &b, &options(arguments)?)?;
    let figures = match figure(arguments, &comparison)? {
        Some(path) => write_comparison_figure(&path, &comparison)?.to_vec(),
        None => Vec::new(),
    };
    if arguments.json {
        writeln!(std::io::stdout(), "{}", serde_json::to_string(&comparison)?)?;
    } else {
        write!(std::io::stdout(), "{}", table(&comparison))?;
        for figure in figures {
            writeln!(std::io::stdout(), "drew {}", figure.display())?;
        }
    }
    Ok(if comparison.within_tolerance == Some(false) { ExitCode::from(1) } else { ExitCode::SUCCESS })
}

/// What would have no effect on a comparison with published curves must not look as if it had.
fn refuse_unused(arguments: &CompareArguments) -> anyhow::Result<()> {
    let given = [
        ("--denominator", arguments.denominator.is_some()),
        ("--by", arguments.by.is_some()),
        ("--paired", arguments.paired),
        ("--figure", arguments.figure.is_some()),
    ];
    match given.into_iter().find(|(_, given)| *given) {
        Some((option, _)) => bail!("{option} has no meaning with a published reference: leave it out"),
        None => Ok(()),
    }
}

fn options(arguments: &CompareArguments) -> anyhow::Result<ComparisonOptions> {
    let unloaded = arguments.unloaded.as_deref().map(Operand::find).transpose().context("--unloaded")?;
    Ok(ComparisonOptions {
        stated: Stated {
            denominator: arguments.denominator.clone(),
            link_mbps: arguments.link_mbps,
            node_type: arguments.node_type.clone(),
            unloaded,
        },
        by: arguments.by.map(|by| match by {
            By::Deciles => Grouping::Deciles,
            By::Bins => Grouping::Bins,
        }),
        paired: arguments.paired,
        unlike: arguments.unlike,
        tolerance: Tolerance {
            p50: arguments.p50_within.or(arguments.within),
            p99: arguments.p99_within.or(arguments.within),
        },
    })
}

/// Where the overlay goes, without the ending: where the user says, or into the folder of a case under the name of the other
/// side; nowhere if there is no case.
fn figure(arguments: &CompareArguments, comparison: &Comparison) -> anyhow::Result<Option<PathBuf>> {
    if let Some(file) = &arguments.figure {
        if file.extension().is_none_or(|ending| ending != "svg") {
            bail!("--figure {}: accepted is a file that ends with .svg", file.display());
        }
        return Ok(Some(file.with_extension("")));
    }
    let (a, b) = (&comparison.a, &comparison.b);
    let into =
        |folder: &Option<PathBuf>, other: &str| folder.as_ref().map(|folder| folder.join(format!("compare-{other}")));
    Ok(into(&a.folder, &b.name).or_else(|| into(&b.folder, &a.name)))
}

fn table(comparison: &Comparison) -> String {
    let mut text = String::new();
    for unlike in &comparison.unlike {
        let _ = writeln!(text, "UNLIKE: {unlike}");
    }
    for (letter, side) in [("A", &comparison.a), ("B", &comparison.b)] {
        let _ = writeln!(text, "{letter}: {} (quantiles {})", side.what, side.quantiles);
        for warning in &side.warnings {
            let _ = writeln!(text, "warning: {letter}: {warning}");
        }
    }
    let by = match comparison.by {
        Grouping::Deciles => "tenth of messages",
        Grouping::Bins => "size bin",
    };
    let what = match comparison.quantity {
        Quantity::Slowdown => format!("slowdown by {by}, relative to \"{}\"", comparison.a.denominator),
        Quantity::Latency => format!("latency in us by {by}, as best times differ"),
    };
    let _ = writeln!(text, "{what}; ratios are B / A{}", intervals(comparison));
    let _ = writeln!(
        text,
        "{:>17}  {:>10}  {:>10}  {:>23}  {:>27}  {:>23}  {:>27}  verdict",
        "bytes", "count A", "count B", "p50 A / B", "ratio", "p99 A / B", "ratio"
    );
    for row in &comparison.rows {
        let count = |count: Option<u64>| count.map_or_else(|| "-".to_owned(), |count| count.to_string());
        let _ = writeln!(
            text,
            "{:>17}  {:>10}  {:>10}  {:>23}  {:>27}  {:>23}  {:>27}  {}",
            sizes(row),
            count(row.count[0]),
            count(row.count[1]),
            values(&row.p50),
            ratio(&row.p50),
            values(&row.p99),
            ratio(&row.p99),
            verdict(row)
        );
    }
    for note in &comparison.notes {
        let _ = writeln!(text, "note: {note}");
    }
    text + &conclusion(comparison)
}

const fn intervals(comparison: &Comparison) -> &'static str {
    match comparison.intervals {
        Intervals::Paired => " with 95 % intervals in pairs of time blocks, * where 1 is outside",
        Intervals::Independent => " with 95 % intervals of independent time blocks, * where 1 is outside",
        Intervals::OfEachSide => {
            ", of p99 with the intervals that follow from each side's confidence, * where 1 is outside"
        }
        Intervals::None => "",
    }
}

fn conclusion(comparison: &Comparison) -> String {
    let mut text = String::new();
    if comparison.intervals != Intervals::None {
        let count = |of: fn(&ComparedSizes) -> &ComparedValue| {
            let known: Vec<_> = comparison.rows.iter().filter_map(|row| of(row).significant).collect();
            match known.len() {
                0 => "not judged".to_owned(),
                all => format!("{} of {all}", known.iter().filter(|significant| **significant).count()),
            }
        };
        let _ = writeln!(
            text,
            "1 is outside of the interval: p50 {}, p99 {}",
            count(|row| &row.p50),
            count(|row| &row.p99)
        );
    }
    let tolerance = |of: fn(&ComparedSizes) -> &ComparedValue| {
        let tolerance = comparison.rows.first().and_then(|row| of(row).tolerance);
        tolerance.map_or_else(|| "any".to_owned(), |tolerance| format!("{} %", 100.0 * tolerance))
    };
    let tolerances = format!("tolerances: p50 {}, p99 {}", tolerance(|row| &row.p50), tolerance(|row| &row.p99));
    let _ = match comparison.within_tolerance {
        None => writeln!(text, "not judged; give --within 5%, --p50-within or --p99-within for a verdict"),
        Some(true) => writeln!(text, "within tolerance ({tolerances})"),
        Some(false) => writeln!(text, "NOT within tolerance ({tolerances})"),
    };
    text
}

fn sizes(row: &ComparedSizes) -> String {
    let human = |bytes: u64| if bytes < 10_000 { bytes.to_string() } else { human_bytes(bytes) };
    match row.size_min {
        Some(min) if min == row.size_max => human(min),
        Some(min) => format!("{} - {}", human(min), human(row.size_max)),
        None => format!("up to {}", human(row.size_max)),
    }
}

fn values(value: &ComparedValue) -> String {
    let number = |value: Option<f64>| value.map_or_else(|| "unfinished".to_owned(), |value| format!("{value:.3}"));
    format!("{} / {}", number(value.a), number(value.b))
}

fn ratio(value: &ComparedValue) -> String {
    let without = if value.a.is_none() && value.b.is_none() { "both unfinished" } else { "-" };
    let mut text = value.ratio.map_or_else(|| without.to_owned(), |ratio| format!("{ratio:.3}"));
    if let Some([low, high]) = value.interval {
        let end = |end: Option<f64>| end.map_or_else(|| "inf".to_owned(), |end| format!("{end:.3}"));
        let _ = write!(text, " [{}, {}]", end(low), end(high));
    }
    text + if value.significant == Some(true) { "*" } else { " " }
}

fn verdict(row: &ComparedSizes) -> String {
    let judged = [("p50", &row.p50), ("p99", &row.p99)];
    if judged.iter().all(|(_, value)| value.within.is_none()) {
        return "-".to_owned();
    }
    let off: Vec<_> = judged.iter().filter(|(_, value)| value.within == Some(false)).map(|(name, _)| *name).collect();
    if off.is_empty() { "within".to_owned() } else { format!("OFF: {}", off.join(", ")) }
}
