//! Figures as the simulator draws them, with numbers of the right size.

use homa_figures::{
    Axis, AxisScale, BarFigure, BarSeries, Curve, FigureRow, LineCurve, LineFigure, PriorityBars, QueueBars, Step,
    TickFormat, Trace, bar_figure, line_figure, priority_figure, queue_figure, slowdown_figure, slowdown_rows,
};

/// A figure with its name and its numbers.
pub(crate) struct Sample {
    pub(crate) name: &'static str,
    pub(crate) svg: String,
    pub(crate) rows: Vec<FigureRow>,
}

fn lines(name: &'static str, figure: &LineFigure) -> Sample {
    Sample { name, svg: line_figure(figure), rows: figure.rows() }
}

fn bars(name: &'static str, figure: &BarFigure) -> Sample {
    Sample { name, svg: bar_figure(figure), rows: figure.rows() }
}

pub(crate) fn samples() -> Vec<Sample> {
    let queues = [("host-tor", 0.0, 1538), ("tor-spine", 1830.4, 61_234), ("spine-tor", 1650.0, 70_120)];
    let queue =
        |(name, mean_bytes, max_bytes): (&str, f64, u64)| QueueBars { name: name.into(), mean_bytes, max_bytes };
    let queues: Vec<_> = queues.into_iter().chain([("tor-host", 12_030.7, 284_530)]).map(queue).collect();
    let slowdowns = [variants(1), variants(6)];
    vec![
        lines("load", &by_load()),
        lines("cdf", &latency(3, false)),
        lines("ccdf", &latency(8, true)),
        lines("queues-in-time", &queues_in_time()),
        lines("queues-cdf", &queues_cdf()),
        lines("ratio", &ratio()),
        bars("utilisation", &utilisation()),
        bars("waste", &waste()),
        bars("priorities-of-cases", &priorities()),
        Sample { name: "queues", svg: queue_figure(&queues, "homa: W4, load 0.8, 144 hosts"), rows: Vec::new() },
        Sample { name: "priorities", svg: priority_figure(&levels(), "homa: W3, load 0.8, 144 hosts"), rows: vec![] },
        slowdown("slowdown-1", &slowdowns[0]),
        slowdown("slowdown-6", &slowdowns[1]),
    ]
}

fn slowdown(name: &'static str, curves: &[Curve]) -> Sample {
    let title = "W4, load 0.8, 144 hosts: what each part of Homa is good for";
    Sample { name, svg: slowdown_figure(curves, title), rows: slowdown_rows(curves, title) }
}

/// Between 0 and 1, the same for the same number.
fn noise(number: u32) -> f64 {
    let mixed = (number ^ 0x5bd1_e995).wrapping_mul(0x9e37_79b1);
    f64::from((mixed ^ (mixed >> 15)).wrapping_mul(0x85eb_ca6b) >> 8) / f64::from(1 << 24)
}

pub(crate) fn by_load() -> LineFigure {
    let loads = [0.5, 0.6, 0.7, 0.8, 0.85, 0.9];
    let transports = [
        ("Homa", [2.0, 2.2, 2.5, 3.2, 4.1, 6.5]),
        ("Homa, no unscheduled priorities", [3.1, 3.8, 5.5, 9.6, 14.0, f64::INFINITY]),
        ("DCTCP", [9.0, 14.0, 25.0, 61.0, 130.0, f64::INFINITY]),
        ("pFabric", [1.8, 2.0, 2.3, 2.9, 3.5, 5.1]),
    ];
    let curve = |name: &str, values: Vec<f64>, statistic: &str, spread: f64| {
        let band = values.iter().map(|value| (value / spread, value * spread)).collect();
        let points = loads.into_iter().zip(values).collect();
        LineCurve::new(name, points, Trace::Points).statistic(statistic).band(band)
    };
    let curves = transports.into_iter().flat_map(|(name, p99)| {
        let median = p99.map(|value| 1.0 + (value.min(150.0) - 1.0) / 9.0).to_vec();
        [curve(name, p99.to_vec(), "99th percentile", 1.12), curve(name, median, "median", 1.02)]
    });
    LineFigure {
        title: "W4, 144 hosts: slowdown by load".into(),
        x: Axis::linear("Load (% of link capacity)", TickFormat::Percent),
        y: Axis::logarithmic("Slowdown", TickFormat::Number),
        curves: curves.collect(),
        reference: None,
    }
}

pub(crate) fn latency(count: u32, tail: bool) -> LineFigure {
    let curve = |number: u32| {
        let (least, scale) = (4.2 + 1.5 * f64::from(number), 0.35 + 0.09 * f64::from(number));
        let point = |at: u32| {
            let slower = libm::pow(10.0, -f64::from(at) / 60.0);
            let latency = least * libm::exp(scale * libm::pow(-libm::log(slower), 0.75));
            (latency, if tail { slower } else { 1.0 - slower })
        };
        let name = ["Homa", "Homa, 1 priority", "pFabric", "DCTCP", "NDP", "PIAS", "Linux 6.1, fixed", "basic"];
        LineCurve::new(name[number as usize], (0..=310).map(point).collect(), Trace::Line)
    };
    let y = if tail {
        Axis::logarithmic("Slower messages (%)", TickFormat::Percent).within(1e-5, 1.0)
    } else {
        Axis::linear("Messages (%)", TickFormat::Percent).within(0.0, 1.0)
    };
    LineFigure {
        title: "W3, load 0.8: latency of messages up to 1 KB".into(),
        x: Axis::logarithmic("Latency", TickFormat::Microseconds),
        y,
        curves: (0..count).map(curve).collect(),
        reference: None,
    }
}

pub(crate) fn queues_in_time() -> LineFigure {
    let curve = |(number, name, mean): (u32, &str, f64)| {
        let value = |at: u32| {
            let smooth: f64 = (0..8).map(|near| noise(at / 2 + near + 5000 * number)).sum();
            (f64::from(at) / 10.0, mean * (0.4 + smooth / 8.0 + 0.2 * noise(at + 77 * number)))
        };
        let points: Vec<_> = (0..200).map(value).collect();
        let most = points.iter().map(|(x, y)| (*x, y * (2.0 + 0.3 * noise(x.to_bits() as u32)) + 1500.0)).collect();
        [
            LineCurve::new(name, points, Trace::Line).statistic("mean over ports"),
            LineCurve::new(name, most, Trace::Line).statistic("largest"),
        ]
    };
    let tiers = [(1, "tor-spine", 1800.0), (2, "spine-tor", 2500.0), (3, "tor-host", 21_000.0)];
    LineFigure {
        title: "Homa, W4, load 0.8: waiting bytes in the course of a run".into(),
        x: Axis::linear("Simulated time (ms)", TickFormat::Number),
        y: Axis::logarithmic("Waiting bytes", TickFormat::Bytes),
        curves: tiers.into_iter().flat_map(curve).collect(),
        reference: None,
    }
}

pub(crate) fn queues_cdf() -> LineFigure {
    let curve = |(name, empty, largest): (&str, f64, f64)| {
        let point = |at: u32| {
            let share = f64::from(at) / 60.0;
            let bytes = if at == 0 { 0.0 } else { 1538.0 * libm::pow(largest / 1538.0, share) };
            (bytes.round(), 1.0 - (1.0 - empty) * (1.0 - share) * (1.0 - share))
        };
        LineCurve::new(name, (0..=60).map(point).collect(), Trace::Steps)
    };
    LineFigure {
        title: "Homa, W4, load 0.8: queues by level of the network".into(),
        x: Axis {
            scale: AxisScale::LogarithmicFromZero(1000.0),
            ..Axis::linear("Waiting bytes of a port", TickFormat::Bytes)
        },
        y: Axis::linear("Share of time (%)", TickFormat::Percent).within(0.0, 1.0),
        curves: [("tor-spine", 0.71, 61_000.0), ("spine-tor", 0.66, 70_000.0), ("tor-host", 0.31, 284_000.0)]
            .map(curve)
            .to_vec(),
        reference: None,
    }
}

pub(crate) fn variants(count: u32) -> Vec<Curve> {
    let names = [
        "as published",
        "grant_window=1000000, priorities=8",
        "without unscheduled priorities, which is what a switch with one queue does",
        "priorities=1",
        "overcommitment=1, grant_window=10000, rtt_bytes=9700",
        "quirks=fixed",
    ];
    let curve = |number: u32| {
        let step = |at: u32| {
            let share = f64::from(at) / 100.0;
            let factor = (1.0 + 0.6 * f64::from(number)) * (0.9 + 0.2 * noise(at + 100 * number));
            let p99 = 1.0 + factor * (0.8 + 3.0 * share * share * share);
            let unfinished = number == 4 && at > 93;
            Step {
                share: (share, share + 0.01),
                size_max: libm::pow(10.0, 1.7 + 5.4 * share).round() as u64,
                p50: 1.0 + factor * 0.2 * (0.5 + share * share),
                p99: if unfinished { f64::INFINITY } else { p99 },
                p99_band: (number < 2).then_some((p99 * 0.93, p99 * 1.08)),
            }
        };
        Curve { name: names[number as usize].into(), steps: (0..100).map(step).collect(), published: false }
    };
    (0..count).map(curve).collect()
}

pub(crate) fn ratio() -> LineFigure {
    let base = variants(1).swap_remove(0);
    let curve = |(number, name): (u32, &str)| {
        let value = |(at, step): (u32, &Step)| {
            (step.share.0, 1.0 + 0.25 * f64::from(number) * (step.share.0 - 0.3) + 0.06 * noise(at + 999 * number))
        };
        let mut points: Vec<_> = (0..).zip(&base.steps).map(value).collect();
        points.push((1.0, points[points.len() - 1].1));
        let band = points.iter().map(|(x, y)| (y * (0.97 - 0.06 * x), y * (1.03 + 0.07 * x))).collect();
        LineCurve::new(name, points, Trace::Steps).band(band)
    };
    LineFigure {
        title: "W4, load 0.8: 99th percentile of slowdown relative to Homa, the same messages".into(),
        x: Axis::sizes(&base.steps),
        y: Axis::logarithmic("Ratio of slowdowns", TickFormat::Number),
        curves: [(1, "Homa, 4 priorities"), (2, "Homa, 2 priorities")].map(curve).to_vec(),
        reference: Some(1.0),
    }
}

pub(crate) fn utilisation() -> BarFigure {
    let of = |scale: f64| vec![0.801 * scale, 0.612 * scale, 0.615 * scale, 0.803 * scale];
    BarFigure {
        title: "W4, load 0.8, 144 hosts: utilisation of links".into(),
        x_label: "Level of the network".into(),
        y: Axis::linear("Utilisation (%)", TickFormat::Percent).within(0.0, 1.0),
        categories: ["host-tor", "tor-spine", "spine-tor", "tor-host"].map(String::from).to_vec(),
        series: vec![
            BarSeries::beside("Homa", of(1.0)).band(of(1.0).iter().map(|value| (value * 0.97, value * 1.02)).collect()),
            BarSeries::beside("pFabric", of(1.04)),
            BarSeries::beside("DCTCP", of(0.93)),
        ],
        values: true,
    }
}

pub(crate) fn waste() -> BarFigure {
    let categories = ["1 sender", "2 senders", "4 senders", "7 senders", "15 senders"];
    BarFigure {
        title: "W4, load 0.8: links of receivers that wait although data is due".into(),
        x_label: "Senders with grants at a time".into(),
        y: Axis::linear("Wasted bandwidth (%)", TickFormat::Percent),
        categories: categories.map(String::from).to_vec(),
        series: vec![
            BarSeries::stacked("", "oversubscribed", vec![0.151, 0.072, 0.021, 0.004, 0.0]),
            BarSeries::stacked("", "active, not oversubscribed", vec![0.012, 0.018, 0.024, 0.027, 0.0281]),
        ],
        values: true,
    }
}

fn levels() -> Vec<PriorityBars> {
    let shares = |level: u32| match level {
        0..=3 => [0.0, 0.05 + 0.05 * f64::from(3 - level), 0.0],
        7 => [0.11, 0.0, 0.012],
        _ => [0.06 + 0.01 * f64::from(level), 0.0, 0.0],
    };
    (0..8).map(|level| PriorityBars { name: level.to_string(), shares: shares(level) }).collect()
}

pub(crate) fn priorities() -> BarFigure {
    let cases = ["W2", "W3", "W4"];
    let series = (0..).zip(cases).flat_map(|(case, name)| {
        let part = move |kind: usize| {
            levels().iter().map(|level| level.shares[kind] * (1.0 - 0.2 * f64::from(case))).collect::<Vec<_>>()
        };
        [
            BarSeries::stacked(name, "unscheduled data", part(0)),
            BarSeries::stacked(name, "scheduled data", part(1)),
            BarSeries::stacked(name, "grants", part(2)),
        ]
    });
    BarFigure {
        title: "Homa, load 0.8: use of priorities".into(),
        x_label: "Priority (7 is served first)".into(),
        y: Axis::linear("% of link capacity", TickFormat::Percent),
        categories: (0..8).map(|level| level.to_string()).collect(),
        series: series.collect(),
        values: false,
    }
}
