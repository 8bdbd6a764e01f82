//! Slowdowns of cases divided by those of a baseline with the same messages.

use super::cases::CaseResult;
use super::drawing::{Drawing, Problem, lines};
use super::label::Labels;
use crate::results::paired_samples;
use homa_analysis::SizeBins;
use homa_analysis::paired::{self, PairedRow, QuantileRatio, Resampling};
use homa_experiment::FigureSection;
use homa_figures::{Axis, AxisScale, LineCurve, LineFigure, TickFormat, Trace};
use homa_units::Bytes;

/// Ratios by tenth of messages, with confidence that uses that all cases had the same messages.
pub(super) fn ratio(
    section: &FigureSection,
    all: &[CaseResult],
    cases: &[&CaseResult],
    labels: &Labels,
) -> Result<Drawing, Problem> {
    let name = section.baseline.as_deref().unwrap_or_default();
    let baseline = all.iter().find(|case| case.summary.case == name);
    let baseline = baseline.ok_or_else(|| Problem::Section(format!("baseline = \"{name}\" is no case")))?;
    let edges: Vec<Bytes> = baseline.summary.deciles.iter().map(|decile| Bytes::new(decile.size_max)).collect();
    let groups = SizeBins::with_edges(&edges);
    let runs = |case: &CaseResult| {
        paired_samples(&case.folder, &groups).map_err(|error| {
            let problem =
                format!("the runs of {} are not there any more ({error}); run the experiment again", case.summary.case);
            Problem::Section(problem)
        })
    };
    let divisor = runs(baseline)?;
    let mut curves = Vec::new();
    let mut axis = Vec::new();
    for (case, label) in cases.iter().zip(&labels.cases).filter(|(case, _)| case.summary.case != name) {
        if case.summary.denominator != baseline.summary.denominator {
            let problem = format!("{} and {name} have slowdowns relative to different best times", case.summary.case);
            return Err(Problem::Section(problem));
        }
        let rows = paired::compare(&divisor, &runs(case)?, &groups, Resampling::Paired)
            .map_err(|error| Problem::Section(format!("{} and {name} can't be divided: {error}", case.summary.case)))?;
        let shares = shares(&rows);
        axis = rows.iter().zip(&shares).map(|(row, (_, share))| (*share, row.size_max)).collect();
        for (statistic, of) in
            [("p99", (|row| &row.p99) as fn(&PairedRow) -> &QuantileRatio), ("median", |row| &row.p50)]
        {
            curves.push(curve(label, statistic, &rows, &shares, of));
        }
    }
    if curves.is_empty() {
        return Err(Problem::Section(format!("there is no case beside the baseline \"{name}\"")));
    }
    // Thick lines first, as in all figures.
    curves.sort_by_key(|curve| curve.statistic != "p99");
    let against =
        labels.all.iter().zip(all).find(|(_, case)| case.summary.case == name).map_or(name, |(label, _)| label);
    Ok(lines(&LineFigure {
        title: format!("{}; relative to {against}", labels.title),
        x: Axis { scale: AxisScale::Sizes(axis), ..Axis::sizes(&[]) },
        y: Axis::logarithmic("Ratio of slowdowns", TickFormat::Number),
        curves,
        reference: Some(1.0),
    }))
}

/// Where each group begins and ends, as cumulative share of messages.
fn shares(rows: &[PairedRow]) -> Vec<(f64, f64)> {
    let total: u64 = rows.iter().map(|row| row.count[0]).sum();
    let mut below = 0;
    let span = |row: &PairedRow| {
        let begin = below;
        below += row.count[0];
        (begin as f64 / total as f64, below as f64 / total as f64)
    };
    rows.iter().map(span).collect()
}

fn curve(
    label: &str,
    statistic: &str,
    rows: &[PairedRow],
    shares: &[(f64, f64)],
    of: fn(&PairedRow) -> &QuantileRatio,
) -> LineCurve {
    let band = |ratio: &QuantileRatio| ratio.interval.unwrap_or((f64::NAN, f64::NAN));
    let mut points: Vec<_> = rows.iter().zip(shares).map(|(row, (begin, _))| (*begin, of(row).ratio)).collect();
    let mut bands: Vec<_> = rows.iter().map(|row| band(of(row))).collect();
    // The last step holds up to the end.
    points.extend(rows.last().map(|row| (1.0, of(row).ratio)));
    bands.extend(rows.last().map(|row| band(of(row))));
    LineCurve::new(label, points, Trace::Steps).statistic(statistic).band(bands)
}
