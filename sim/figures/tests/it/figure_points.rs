//! The places that figures give for their numbers are those at which they are drawn, in the plot, and told in words with units.

#[allow(dead_code, reason = "of the samples only the numbers are needed")]
use crate::samples;
use homa_figures::{
    Axis, AxisScale, BarFigure, BarSeries, Curve, FigurePoints, LineCurve, LineFigure, TickFormat, Trace, bar_figure,
    bar_figure_points, line_figure, line_figure_points, slowdown_figure, slowdown_figure_points,
};
use proptest::prelude::*;

/// Left, top, right, bottom of the plot: the frame is a closed black line.
fn frame(svg: &str) -> [i32; 4] {
    let lines = svg.lines().filter(|line| line.starts_with("<polyline") && line.contains("#000000"));
    let corners = lines.map(corners).find(|corners| corners.len() == 5 && corners[0] == corners[4]);
    let corners = corners.expect("it has a frame");
    [corners[0].0, corners[0].1, corners[2].0, corners[2].1]
}

fn corners(element: &str) -> Vec<(i32, i32)> {
    let points = element.split_once("points=\"").expect("it has corners").1.split('"').next().unwrap_or_default();
    let pairs = points.split_whitespace().filter_map(|pair| pair.split_once(','));
    pairs.map(|(x, y)| (x.parse().expect("pixels"), y.parse().expect("pixels"))).collect()
}

/// What is wrong with the places of a figure.
fn faults(svg: &str, drawn: &FigurePoints) -> Vec<String> {
    let mut faults = Vec::new();
    let plot = frame(svg);
    if drawn.plot != plot {
        faults.push(format!("the plot is at {plot:?}, not {:?}", drawn.plot));
    }
    for point in &drawn.points {
        let [left, top, right, bottom] = point.area;
        let ascends = left <= right && top <= bottom;
        if !ascends || left < plot[0] || right > plot[2] || top < plot[1] || bottom > plot[3] {
            faults.push(format!("{point:?} is not within {plot:?}"));
        }
        if point.y.contains("NaN") || point.x.contains("NaN") {
            faults.push(format!("{point:?} has no number"));
        }
    }
    faults
}

fn few(y: Axis, points: Vec<(f64, f64)>) -> LineFigure {
    let curve = LineCurve::new("homa", points, Trace::Points).statistic("p99");
    LineFigure {
        title: "t".into(),
        x: Axis::linear("Load", TickFormat::Number),
        y,
        curves: vec![curve],
        reference: None,
    }
}

#[test]
fn places_of_the_samples_are_in_their_plots() {
    let lines = [samples::by_load(), samples::latency(8, true), samples::queues_in_time(), samples::queues_cdf()];
    for figure in lines.into_iter().chain([samples::ratio()]) {
        let drawn = line_figure_points(&figure);
        assert_eq!(faults(&line_figure(&figure), &drawn), Vec::<String>::new());
        assert!(drawn.points.len() > 10, "{}", figure.title);
    }
    for figure in [samples::utilisation(), samples::waste(), samples::priorities()] {
        assert_eq!(faults(&bar_figure(&figure), &bar_figure_points(&figure)), Vec::<String>::new());
    }
    let curves = samples::variants(6);
    assert_eq!(faults(&slowdown_figure(&curves, "t"), &slowdown_figure_points(&curves, "t")), Vec::<String>::new());
}

#[test]
fn a_line_goes_through_the_places_of_its_points() {
    let figure = few(Axis::linear("Slowdown", TickFormat::Number), vec![(0.5, 1.0), (0.6, 7.0), (0.9, 3.0)]);
    let svg = line_figure(&figure);
    let lines = svg.lines().filter(|line| line.contains("#0072B2") && line.starts_with("<polyline"));
    let places: Vec<_> = line_figure_points(&figure).points.iter().map(homa_figures::FigurePoint::mark).collect();
    assert!(lines.map(corners).any(|corners| corners == places), "no line through {places:?} in\n{svg}");
}

#[test]
fn steps_of_slowdown_are_the_level_lines_of_the_drawing() {
    let curves = samples::variants(1);
    let drawn = slowdown_figure_points(&curves, "t");
    let svg = slowdown_figure(&curves, "t");
    let line = svg.lines().find(|line| line.contains("#0072B2") && line.contains("stroke-width=\"5\""));
    let corners = corners(line.expect("it has a line of the 99th percentile"));
    for (pair, point) in corners.chunks(2).zip(&drawn.points) {
        let [left, top, right, bottom] = point.area;
        assert_eq!(pair, [(left, top), (right, bottom)], "{point:?}");
        assert!(point.curve.ends_with("99th percentile") && point.x.starts_with("up to "), "{point:?}");
    }
}

#[test]
fn bars_have_the_places_of_their_rectangles() {
    let figure = samples::utilisation();
    let svg = bar_figure(&figure);
    let drawn = bar_figure_points(&figure);
    for point in drawn.points.iter().filter(|point| point.area[1] < point.area[3]) {
        let [left, top, right, bottom] = point.area;
        let [width, height] = [right - left, bottom - top];
        let is_it = |line: &&str| {
            [("x", left), ("y", top), ("width", width), ("height", height)]
                .into_iter()
                .all(|(name, value)| line.contains(&format!(" {name}=\"{value}\"")))
        };
        assert!(svg.lines().any(|line| line.starts_with("<rect") && is_it(&line)), "{point:?}\n{svg}");
    }
}

#[test]
fn numbers_are_told_as_people_read_them() {
    let told = |format, value: f64| {
        let figure = few(Axis::linear("y", format), vec![(0.5, value), (0.6, f64::INFINITY), (0.7, f64::NAN)]);
        let points = line_figure_points(&figure).points;
        assert_eq!((points.len(), points[1].y.as_str()), (2, "unfinished"));
        points[0].y.clone()
    };
    assert_eq!(told(TickFormat::Bytes, 1538.0), "1.538\u{a0}KB");
    assert_eq!(told(TickFormat::Bytes, 12.0), "12\u{a0}B");
    assert_eq!(told(TickFormat::Percent, 0.1234), "12.34");
    assert_eq!(told(TickFormat::Microseconds, 1500.0), "1.5\u{a0}ms");
    assert_eq!(told(TickFormat::Number, 3.0), "3");
    let band = LineCurve::new("a", vec![(1.0, 2.0), (2.0, 2.0)], Trace::Line).band(vec![(1.0, 3.0), (f64::NAN, 3.0)]);
    let figure = LineFigure { curves: vec![band], ..few(Axis::linear("y", TickFormat::Number), vec![]) };
    let points = line_figure_points(&figure).points;
    assert_eq!(points[0].confidence, Some(["1".to_owned(), "3".to_owned()]));
    assert_eq!(points[1].confidence, None);
}

#[test]
fn unfinished_numbers_are_at_the_upper_edge_and_what_is_outside_has_no_place() {
    let y = Axis::linear("y", TickFormat::Number).within(0.0, 1.0);
    let drawn = line_figure_points(&few(y, vec![(0.5, f64::INFINITY), (0.6, 2.0), (0.7, -1.0), (0.8, 0.5)]));
    let tops: Vec<_> = drawn.points.iter().map(|point| point.area[1]).collect();
    assert_eq!(tops, [drawn.plot[1], i32::midpoint(drawn.plot[1], drawn.plot[3])]);
}

#[test]
fn a_published_curve_is_where_its_marks_are() {
    let published = Curve { published: true, ..samples::variants(1).remove(0) };
    let curves = [samples::variants(1).remove(0), published];
    let drawn = slowdown_figure_points(&curves, "t");
    let marks = &drawn.points[drawn.points.len() / 2..];
    assert!(marks.iter().all(|point| point.area[0] == point.area[2]), "{marks:?}");
}

fn axis() -> impl Strategy<Value = Axis> {
    let scale = prop_oneof![
        Just(AxisScale::Linear),
        Just(AxisScale::Logarithmic),
        (1e-3..1e6).prop_map(AxisScale::LogarithmicFromZero)
    ];
    scale.prop_map(|scale| Axis { scale, ..Axis::linear("axis", TickFormat::Number) })
}

fn number() -> impl Strategy<Value = f64> {
    let usual = (-1.0..1.0_f64, -9..9_i32).prop_map(|(mantissa, decade)| mantissa * 10.0_f64.powi(decade));
    prop_oneof![9 => usual, 1 => Just(f64::INFINITY), 1 => Just(f64::NAN)]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn places_of_any_line_are_in_the_plot(
        x in axis(), y in axis(), range in prop::option::of((0.01..1.0_f64, 2.0..1e6_f64)),
        points in prop::collection::vec((number(), number()), 0..30),
    ) {
        let y = Axis { range, ..y };
        let curves = [Trace::Line, Trace::Steps, Trace::Points].map(|trace| LineCurve::new("a", points.clone(), trace));
        let figure = LineFigure { title: "title".into(), x, y, curves: curves.to_vec(), reference: None };
        let drawn = line_figure_points(&figure);
        prop_assert_eq!(faults(&line_figure(&figure), &drawn), Vec::<String>::new());
        prop_assert!(drawn.points.len() <= figure.rows().len());
    }

    #[test]
    fn places_of_any_bars_are_in_the_plot(
        y in axis(), values in prop::collection::vec((number(), number()), 0..60), beside: bool,
    ) {
        let series = |name: &str, values: Vec<f64>| match beside {
            true => BarSeries::beside(name, values),
            false => BarSeries::stacked("all", name, values),
        };
        let figure = BarFigure {
            title: "title".into(),
            x_label: "x".into(),
            y,
            categories: (0..values.len()).map(|number| number.to_string()).collect(),
            series: vec![
                series("one", values.iter().map(|pair| pair.0).collect()),
                series("two", values.iter().map(|pair| pair.1).collect()),
            ],
            values: true,
        };
        let drawn = bar_figure_points(&figure);
        prop_assert_eq!(faults(&bar_figure(&figure), &drawn), Vec::<String>::new());
        let known = values.iter().flat_map(|pair| [pair.0, pair.1]).filter(|value| !value.is_nan());
        prop_assert_eq!(drawn.points.len(), known.count());
    }
}
