//! From results to drawings.

use super::cases::CaseResult;
use super::drawing::{Drawing, Problem, bars, lines};
use super::label::Labels;
use super::ratio::ratio;
use super::relative::Relative;
use crate::results::{LatencyRow, PriorityRow, QueueCdfRow, SeriesRow, TierRow};
use homa_experiment::{FigureKind, FigureSection, Messages};
use homa_figures::{
    Axis, AxisScale, BarFigure, BarSeries, Curve, LineCurve, LineFigure, TickFormat, Trace, slowdown_figure,
    slowdown_figure_points, slowdown_rows,
};

/// More curves are not told apart.
pub(super) const CURVES_MAX: usize = 8;

/// Draws a figure of `cases`, of which `all` are those that were run.
pub(super) fn draw(
    section: &FigureSection,
    all: &[CaseResult],
    cases: &[&CaseResult],
    labels: &Labels,
) -> Result<Drawing, Problem> {
    let curves = if section.kind == FigureKind::SlowdownByLoad { distinct(&labels.loadless) } else { cases.len() };
    if curves > CURVES_MAX {
        return Err(Problem::Section(format!(
            "{curves} curves can't be told apart; choose up to {CURVES_MAX} cases with `cases = [\"..\"]`, in which `*` stands for anything"
        )));
    }
    match section.kind {
        FigureKind::Slowdown => slowdown(cases, labels),
        FigureKind::SlowdownByLoad => slowdown_by_load(cases, labels),
        FigureKind::Latency => latency(section, cases, labels),
        FigureKind::QueuesOverTime => queues_over_time(section, cases, labels),
        FigureKind::QueueDistribution => queue_distribution(section, cases, labels),
        FigureKind::Queues => Ok(queues(cases, labels)),
        FigureKind::Priorities => Ok(priorities(cases, labels)),
        FigureKind::Utilisation => Ok(utilisation(cases, labels)),
        FigureKind::Waste => waste(cases, labels),
        FigureKind::Ratio => ratio(section, all, cases, labels),
    }
}

fn distinct(names: &[String]) -> usize {
    let mut names: Vec<_> = names.iter().collect();
    names.sort_unstable();
    names.dedup();
    names.len()
}

const fn infinite(value: Option<f64>) -> f64 {
    match value {
        Some(value) => value,
        None => f64::INFINITY,
    }
}

fn slowdown(cases: &[&CaseResult], labels: &Labels) -> Result<Drawing, Problem> {
    let mut relative = Relative::of(cases, &labels.cases)?;
    let mut curves = Vec::new();
    for (number, (case, label)) in cases.iter().zip(&labels.cautious).enumerate() {
        let label = relative.label(number, label);
        curves.push(match relative.summary(number, case)? {
            None => Curve::from_bins(&label, &case.summary.bins),
            Some(summary) => Curve::from_bins(&label, &summary.bins()),
        });
    }
    let title = &relative.title(&labels.title);
    let (rows, points) = (slowdown_rows(&curves, title), slowdown_figure_points(&curves, title));
    let drawing = Drawing { svg: slowdown_figure(&curves, title), rows, points, notes: vec![relative.note()] };
    Ok(drawing.noting(cautions(cases.iter().copied())))
}

/// What readers must know of cases, as sentences.
pub(super) fn cautions<'a>(cases: impl Iterator<Item = &'a CaseResult>) -> Vec<String> {
    let caution = |case: &CaseResult| Some(format!("{}: {}.", case.summary.case, case.summary.caution()?));
    cases.filter_map(caution).collect()
}

fn slowdown_by_load(cases: &[&CaseResult], labels: &Labels) -> Result<Drawing, Problem> {
    if cases.iter().any(|case| case.summary.load.is_none()) {
        return Err(Problem::Section(
            "recorded arrivals have no load to draw slowdown by; choose others with `cases`".to_owned(),
        ));
    }
    let mut names: Vec<&String> = Vec::new();
    labels.loadless.iter().for_each(|name| {
        if !names.contains(&name) {
            names.push(name);
        }
    });
    let mut relative = Relative::of(cases, &labels.cases)?;
    let mut overall = Vec::new();
    for (number, case) in cases.iter().enumerate() {
        let stored = [case.summary.overall.p50, case.summary.overall.p99].map(infinite);
        let relative = relative.summary(number, case)?.map(|summary| summary.overall());
        overall.push(relative.map_or(stored, |(p50, p99, _)| [p50, p99]));
    }
    let mut curves = Vec::new();
    for (statistic, place) in [("p99", 1), ("median", 0)] {
        for name in &names {
            let members = cases.iter().zip(&overall).zip(&labels.loadless).filter(|(_, label)| label == name);
            let point = |((case, overall), _): ((&&CaseResult, &[f64; 2]), _)| {
                (case.summary.load.unwrap_or(f64::NAN), overall[place])
            };
            let mut points: Vec<_> = members.map(point).collect();
            points.sort_by(|(first, _), (second, _)| first.total_cmp(second));
            curves.push(LineCurve::new(name, points, Trace::Points).statistic(statistic));
        }
    }
    let kind = cases[0].summary.load_name();
    let drawing = lines(&LineFigure {
        title: relative.title(&labels.title),
        x: Axis::linear(&format!("Network {kind} (share of the host links)"), TickFormat::Number),
        y: Axis::logarithmic("Slowdown of all messages", TickFormat::Number),
        curves,
        reference: None,
    });
    Ok(drawing.noting([relative.note()]).noting(cautions(cases.iter().copied())))
}

fn latency(section: &FigureSection, cases: &[&CaseResult], labels: &Labels) -> Result<Drawing, Problem> {
    let group = section.messages.name();
    let mut curves = Vec::new();
    for (case, label) in cases.iter().zip(&labels.cautious) {
        let rows: Vec<LatencyRow> = case.table("latency.csv")?;
        let points = rows.iter().filter(|row| row.messages == group).map(|row| (row.latency_us, row.share_above));
        curves.push(LineCurve::new(label, points.collect(), Trace::Steps));
    }
    let what = match section.messages {
        Messages::All => "messages".to_owned(),
        Messages::Short => format!("messages up to {} B", cases[0].summary.short_messages.bytes_max),
    };
    let least = curves.iter().flat_map(|curve| &curve.points).map(|(_, share)| *share).filter(|share| *share > 0.0);
    let least = least.fold(0.1, f64::min);
    let least = [1e-1, 1e-2, 1e-3, 1e-4, 1e-5].into_iter().find(|decade| *decade <= least).unwrap_or(1e-6);
    Ok(lines(&LineFigure {
        title: labels.title.clone(),
        x: Axis::logarithmic("Latency", TickFormat::Microseconds),
        y: Axis::logarithmic(&format!("% of {what} slower"), TickFormat::Percent).within(least, 1.0),
        curves,
        reference: None,
    }))
}

/// Of several cases one tier is drawn; of one case all of them.
fn tiers(section: &FigureSection, cases: &[&CaseResult]) -> Result<Vec<String>, Problem> {
    let there: Vec<&String> = cases[0].summary.tiers.iter().map(|tier| &tier.tier).collect();
    match &section.tier {
        Some(tier) if there.contains(&tier) => Ok(vec![tier.clone()]),
        Some(tier) => {
            let names: Vec<_> = there.iter().map(|tier| tier.as_str()).collect();
            Err(Problem::Section(format!(
                "tier = \"{tier}\" is none of this network's, which are {}",
                names.join(", ")
            )))
        }
        None if cases.len() > 1 => Ok(there.last().map(|tier| (*tier).clone()).into_iter().collect()),
        None => Ok(there.into_iter().cloned().collect()),
    }
}

/// A curve's name: of several cases the case, of one the tier.
fn queue_label(cases: &[&CaseResult], label: &str, tier: &str) -> String {
    if cases.len() > 1 { label.to_owned() } else { tier.to_owned() }
}

fn queue_title(labels: &Labels, cases: &[&CaseResult], tiers: &[String]) -> String {
    if cases.len() > 1 { format!("{}, queues {}", labels.title, tiers.join(", ")) } else { labels.title.clone() }
}

fn queues_over_time(section: &FigureSection, cases: &[&CaseResult], labels: &Labels) -> Result<Drawing, Problem> {
    /// So many points are legible.
    const POINTS: usize = 100;
    let tiers = tiers(section, cases)?;
    let mut curves = Vec::new();
    for (case, label) in cases.iter().zip(&labels.cases) {
        let rows: Vec<SeriesRow> = case.table("queue_series.csv")?;
        for tier in &tiers {
            let of_tier: Vec<_> = rows.iter().filter(|row| row.tier == *tier).collect();
            let chunk = of_tier.len().div_ceil(POINTS).max(1);
            let name = queue_label(cases, label, tier);
            let at = |rows: &[&SeriesRow]| rows.iter().map(|row| row.at_ms).sum::<f64>() / rows.len() as f64;
            let mean = |rows: &[&SeriesRow]| {
                (at(rows), rows.iter().map(|row| row.mean_bytes).sum::<f64>() / rows.len() as f64)
            };
            let max = |rows: &[&SeriesRow]| (at(rows), rows.iter().map(|row| row.max_bytes).max().unwrap_or(0) as f64);
            let curve = |points: Vec<(f64, f64)>| LineCurve::new(&name, points, Trace::Line);
            curves.push(curve(of_tier.chunks(chunk).map(mean).collect()).statistic("mean"));
            curves.push(curve(of_tier.chunks(chunk).map(max).collect()).statistic("max"));
        }
    }
    // Legends list means first: their lines are the thick ones.
    curves.sort_by_key(|curve| curve.statistic != "mean");
    let scale = AxisScale::LogarithmicFromZero(100.0);
    Ok(lines(&LineFigure {
        title: queue_title(labels, cases, &tiers),
        x: Axis::linear("Time in the window (ms)", TickFormat::Number),
        y: Axis { scale, ..Axis::linear("Waiting bytes of a port", TickFormat::Bytes) },
        curves,
        reference: None,
    }))
}

fn queue_distribution(section: &FigureSection, cases: &[&CaseResult], labels: &Labels) -> Result<Drawing, Problem> {
    let tiers = tiers(section, cases)?;
    let mut curves = Vec::new();
    for (case, label) in cases.iter().zip(&labels.cases) {
        let rows: Vec<QueueCdfRow> = case.table("queue_cdf.csv")?;
        for tier in &tiers {
            let points = rows.iter().filter(|row| row.tier == *tier).map(|row| (row.queue_bytes, row.share_up_to));
            curves.push(LineCurve::new(&queue_label(cases, label, tier), points.collect(), Trace::Steps));
        }
    }
    let scale = AxisScale::LogarithmicFromZero(1_000.0);
    Ok(lines(&LineFigure {
        title: queue_title(labels, cases, &tiers),
        x: Axis { scale, ..Axis::linear("Waiting bytes of a port", TickFormat::Bytes) },
        y: Axis::linear("% of ports and time with at most that", TickFormat::Percent).within(0.0, 1.0),
        curves,
        reference: None,
    }))
}

/// The tiers of all cases, in the order of the first that has them.
fn all_tiers(cases: &[&CaseResult]) -> Vec<String> {
    let mut tiers: Vec<String> = Vec::new();
    for tier in cases.iter().flat_map(|case| &case.summary.tiers) {
        if !tiers.contains(&tier.tier) {
            tiers.push(tier.tier.clone());
        }
    }
    tiers
}

/// A bar for each tier and case.
fn tier_series(cases: &[&CaseResult], labels: &Labels, value: fn(&TierRow) -> f64) -> (Vec<String>, Vec<BarSeries>) {
    let tiers = all_tiers(cases);
    let series = cases.iter().zip(&labels.cases).map(|(case, label)| {
        let of = |tier: &String| case.summary.tiers.iter().find(|row| row.tier == *tier).map_or(f64::NAN, value);
        BarSeries::beside(label, tiers.iter().map(of).collect())
    });
    let series = series.collect();
    (tiers, series)
}

fn queues(cases: &[&CaseResult], labels: &Labels) -> Drawing {
    let (categories, series) = tier_series(cases, labels, |tier| tier.queue_mean_bytes);
    bars(&BarFigure {
        title: labels.title.clone(),
        x_label: "Level of the network".to_owned(),
        y: Axis::linear("Waiting bytes of a port, mean", TickFormat::Bytes),
        categories,
        series,
        values: true,
    })
}

fn utilisation(cases: &[&CaseResult], labels: &Labels) -> Drawing {
    let (categories, series) = tier_series(cases, labels, |tier| tier.utilisation);
    bars(&BarFigure {
        title: labels.title.clone(),
        x_label: "Level of the network".to_owned(),
        y: Axis::linear("Link utilisation (%)", TickFormat::Percent).within(0.0, 1.0),
        categories,
        series,
        values: true,
    })
}

fn priorities(cases: &[&CaseResult], labels: &Labels) -> Drawing {
    let priorities: Vec<u8> = (0..8).rev().collect();
    let bytes_of =
        |priority: &PriorityRow| [priority.unscheduled_bytes, priority.scheduled_bytes, priority.control_bytes];
    let mut series = Vec::new();
    for (case, label) in cases.iter().zip(&labels.cases) {
        for (place, class) in ["unscheduled", "scheduled", "control"].into_iter().enumerate() {
            let share = |priority: &u8| {
                let row = case.summary.priorities.iter().find(|row| row.priority == *priority);
                row.filter(|row| row.bytes() > 0)
                    .map_or(0.0, |row| row.link_share * bytes_of(row)[place] as f64 / row.bytes() as f64)
            };
            series.push(BarSeries::stacked(label, class, priorities.iter().map(share).collect()));
        }
    }
    bars(&BarFigure {
        title: labels.title.clone(),
        x_label: "Priority level (7 is served first)".to_owned(),
        y: Axis::linear("Share of the host links' capacity (%)", TickFormat::Percent),
        categories: priorities.iter().map(u8::to_string).collect(),
        series,
        values: false,
    })
}

fn waste(cases: &[&CaseResult], labels: &Labels) -> Result<Drawing, Problem> {
    let mut series = Vec::new();
    for (case, label) in cases.iter().zip(&labels.cases) {
        let Some(receivers) = &case.summary.receivers else {
            let keeping = homa_transports::all().filter(|kind| kind.counts_receivers());
            let keeping: Vec<_> = keeping.map(|kind| format!("`{}`", kind.name())).collect();
            let problem = format!(
                "{} has no account of its receivers' links; choose others with `cases`: only transport.kind = {} keeps it",
                case.summary.case,
                keeping.join(" or ")
            );
            return Err(Problem::Section(problem));
        };
        series.push(BarSeries::beside(label, vec![receivers.active_waste_share, receivers.oversubscribed_waste_share]));
    }
    Ok(bars(&BarFigure {
        title: labels.title.clone(),
        x_label: "While the receiver had".to_owned(),
        y: Axis::linear("Receiver bandwidth wasted (%)", TickFormat::Percent),
        categories: vec!["data announced or granted".to_owned(), "more senders than grants".to_owned()],
        series,
        values: true,
    }))
}
