//! Slowdowns or latencies of cases divided by those of a baseline with the same messages.

use super::cases::CaseResult;
use super::draw::cautions;
use super::drawing::{Drawing, Problem, lines};
use super::label::Labels;
use super::label::with_caution;
use super::relative::same_best_times;
use crate::results::{Samples, Unlike, unlike};
use homa_analysis::paired::{self, PairedRow, QuantileRatio, Resampling};
use homa_analysis::{Sample, SizeBins, SlowdownRecorder};
use homa_experiment::FigureSection;
use homa_figures::{Axis, AxisScale, LineCurve, LineFigure, TickFormat, Trace};
use homa_units::Bytes;

/// Ratios by tenth of messages, with confidence that uses that all cases had the same messages: of
/// slowdowns if all cases have the baseline's best times, else of latencies.
pub(super) fn ratio(
    section: &FigureSection,
    all: &[CaseResult],
    cases: &[&CaseResult],
    labels: &Labels,
) -> Result<Drawing, Problem> {
    let name = section.baseline.as_deref().unwrap_or_default();
    let place = all.iter().position(|case| case.summary.case == name);
    let place = place.ok_or_else(|| Problem::Section(format!("baseline = \"{name}\" is no case")))?;
    let baseline = &all[place];
    let others: Vec<_> = cases.iter().zip(&labels.cautious).filter(|(case, _)| case.summary.case != name).collect();
    if others.is_empty() {
        let problem = format!("there is no case beside the baseline \"{name}\"; choose others with `cases`");
        return Err(Problem::Section(problem));
    }
    let (mut same, mut of_baseline) = (true, None);
    for (case, _) in &others {
        check_alike(baseline, case)?;
        same = same && same_best_times(&mut of_baseline, baseline, case)?;
    }
    let edges: Vec<Bytes> = baseline.summary.deciles.iter().map(|decile| Bytes::new(decile.size_max)).collect();
    let groups = SizeBins::with_edges(&edges);
    let divisor = values(baseline, &groups, same)?;
    let mut curves = Vec::new();
    let mut axis = Vec::new();
    for (case, label) in &others {
        let rows =
            paired::compare(&divisor, &values(case, &groups, same)?, &groups, Resampling::Paired).map_err(|error| {
                let case = &case.summary.case;
                Problem::Section(format!("{case} and {name} can't be divided: {error}; choose others with `cases`"))
            })?;
        let shares = shares(&rows);
        axis = rows.iter().zip(&shares).map(|(row, (_, share))| (*share, row.size_max)).collect();
        for (statistic, of) in
            [("p99", (|row| &row.p99) as fn(&PairedRow) -> &QuantileRatio), ("median", |row| &row.p50)]
        {
            curves.push(curve(label, statistic, &rows, &shares, of));
        }
    }
    // Thick lines first, as in all figures.
    curves.sort_by_key(|curve| curve.statistic != "p99");
    let against = with_caution(&labels.all[place], baseline);
    let mut drawing = lines(&LineFigure {
        title: format!("{}; relative to {against}", labels.title),
        x: Axis { scale: AxisScale::Sizes(axis), ..Axis::sizes(&[]) },
        y: Axis::logarithmic(if same { "Ratio of slowdowns" } else { "Ratio of latencies" }, TickFormat::Number),
        curves,
        reference: Some(1.0),
    });
    for row in drawing.rows.iter_mut().filter(|row| row.y.is_nan()) {
        row.word = "both unfinished";
    }
    let quantity = match same {
        true => format!("Slowdowns are divided; all cases have the best times of {name}."),
        false => "Latencies are divided, as best times differ between cases.".to_owned(),
    };
    let chosen = std::iter::once(baseline).chain(others.iter().map(|(case, _)| **case));
    Ok(drawing.noting([quantity]).noting(cautions(chosen)))
}

/// What is divided must have had the same traffic in the same network.
fn check_alike(baseline: &CaseResult, case: &CaseResult) -> Result<(), Problem> {
    let unlike = unlike((&baseline.folder, &baseline.summary), (&case.folder, &case.summary));
    let Some(Unlike { key, a, b }) = unlike.first() else { return Ok(()) };
    Err(Problem::Section(format!(
        "{} is not like the baseline {}: {key} is {b} in it and {a} in the baseline; choose cases that are alike with `cases`",
        case.summary.case, baseline.summary.case
    )))
}

/// The slowdowns of a case's messages, or else their latencies in microseconds.
fn values(case: &CaseResult, groups: &SizeBins, slowdowns: bool) -> Result<Vec<SlowdownRecorder>, Problem> {
    let name = &case.summary.case;
    let missing = |why: String| {
        Problem::Section(format!(
            "the runs of {name} are not there{why}; run the experiment again, with more measure.exact_samples or measure.messages = true if \
             it has more messages than are kept"
        ))
    };
    let samples = Samples::find(&case.folder).ok_or_else(|| missing(String::new()))?;
    let mut known = true;
    let value = |sample: &Sample| {
        if slowdowns {
            return sample.slowdown();
        }
        known &= sample.latency_ps().is_some();
        sample.latency_ps().map_or(1.0, |ps| ps / 1e6)
    };
    let runs = samples.each(groups, value).map_err(|cause| missing(format!(" any more ({cause})")))?;
    if known { Ok(runs) } else { Err(missing(", nor their latencies in messages.csv".to_owned())) }
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
    // Of two unfinished messages neither is slower.
    let is_known = |ratio: &QuantileRatio| ratio.a.is_finite() || ratio.b.is_finite();
    let value = |ratio: &QuantileRatio| if is_known(ratio) { ratio.ratio } else { f64::NAN };
    let band = |ratio: &QuantileRatio| ratio.interval.filter(|_| is_known(ratio)).unwrap_or((f64::NAN, f64::NAN));
    let mut points: Vec<_> = rows.iter().zip(shares).map(|(row, (begin, _))| (*begin, value(of(row)))).collect();
    let mut bands: Vec<_> = rows.iter().map(|row| band(of(row))).collect();
    // The last step holds up to the end.
    points.extend(rows.last().map(|row| (1.0, value(of(row)))));
    bands.extend(rows.last().map(|row| band(of(row))));
    LineCurve::new(label, points, Trace::Steps).statistic(statistic).band(bands)
}
