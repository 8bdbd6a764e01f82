//! Figures of lines and bars are the same bytes each time; their text is inside and nowhere on
//! other text; data is inside the plot and the legend outside; the numbers drawn are in the table;
//! no input breaks them.

use crate::samples;
use homa_figures::{
    Axis, AxisScale, BarFigure, BarSeries, LineCurve, LineFigure, TickFormat, Trace, bar_figure, figure_csv,
    line_figure, png,
};
use proptest::prelude::*;
use resvg::usvg::{Group, Node, Options, Rect, Tree, fontdb};
use std::sync::{Arc, LazyLock};

/// The font that figures are rendered with.
static FONTS: LazyLock<Arc<fontdb::Database>> = LazyLock::new(|| {
    let mut fonts = fontdb::Database::new();
    fonts.load_font_data(dejavu::sans::regular().to_vec());
    fonts.set_sans_serif_family("DejaVu Sans");
    Arc::new(fonts)
});

/// The texts of a figure, each with the box of its letters' full heights and widths, as set.
fn texts(svg: &str) -> (Rect, Vec<(String, Rect)>) {
    fn collect(group: &Group, found: &mut Vec<(String, Rect)>) {
        for node in group.children() {
            match node {
                Node::Group(group) => collect(group, found),
                Node::Text(text) => {
                    let letters: String = text.chunks().iter().map(|chunk| chunk.text()).collect();
                    found.push((letters.trim().to_owned(), text.abs_bounding_box()));
                }
                _ => {}
            }
        }
    }
    let tree = Tree::from_str(svg, &Options { fontdb: FONTS.clone(), ..Options::default() }).expect("it is SVG");
    let mut found = Vec::new();
    collect(tree.root(), &mut found);
    found.retain(|(letters, _)| !letters.is_empty());
    (Rect::from_xywh(0.0, 0.0, tree.size().width(), tree.size().height()).expect("it has a size"), found)
}

fn labels(svg: &str) -> Vec<String> {
    texts(svg).1.into_iter().map(|(letters, _)| letters).collect()
}

/// What is wrong with the texts of a figure.
fn faults(svg: &str) -> Vec<String> {
    let (canvas, texts) = texts(svg);
    let mut faults = Vec::new();
    for (number, (text, place)) in texts.iter().enumerate() {
        // Boxes reach over the highest and below the lowest letter.
        let inside = place.left() >= 0.0 && place.right() <= canvas.right() && place.top() >= -1.0;
        if !inside || place.bottom() > canvas.bottom() {
            faults.push(format!("{text:?} is at {place:?}, not within {canvas:?}"));
        }
        for (other, there) in &texts[..number] {
            let apart = |from: f32, to: f32| from + 3.0 > to;
            let free = apart(place.left(), there.right())
                || apart(there.left(), place.right())
                || apart(place.top(), there.bottom())
                || apart(there.top(), place.bottom());
            if !free {
                faults.push(format!("{text:?} at {place:?} is on {other:?} at {there:?}"));
            }
        }
    }
    faults
}

/// Elements with their attributes.
fn attribute<'a>(element: &'a str, name: &str) -> Option<&'a str> {
    element.split_once(&format!(" {name}=\""))?.1.split('"').next()
}

type Shape<'a> = (&'a str, &'a str, Vec<(f64, f64)>);

/// Colour, width (0 if it is filled) and corners of each line and polygon.
fn shapes(svg: &str) -> Vec<Shape<'_>> {
    let elements = svg.lines().filter(|line| line.starts_with("<poly"));
    let shape = |element| {
        let pairs = attribute(element, "points")?.split_whitespace().filter_map(|pair| pair.split_once(','));
        let corners = pairs.map(|(x, y)| (x.parse().expect("pixels"), y.parse().expect("pixels"))).collect();
        let colour =
            ["stroke", "fill"].into_iter().filter_map(|name| attribute(element, name)).find(|is| *is != "none");
        Some((colour?, attribute(element, "stroke-width").unwrap_or("0"), corners))
    };
    elements.filter_map(shape).collect()
}

/// Left, top, right, bottom of the plot: the frame is a closed black line.
fn plot(svg: &str) -> [f64; 4] {
    let closed = |corners: &[(f64, f64)]| corners.len() == 5 && corners[0] == corners[4];
    let frame = shapes(svg).into_iter().find(|shape| shape.0 == "#000000" && shape.1 == "2" && closed(&shape.2));
    let corners = frame.expect("it has a frame").2;
    [corners[0].0, corners[0].1, corners[2].0, corners[2].1]
}

fn figure(y: Axis, curves: Vec<LineCurve>) -> LineFigure {
    LineFigure { title: "title".into(), x: Axis::linear("x", TickFormat::Number), y, curves, reference: None }
}

#[test]
fn the_same_numbers_give_the_same_bytes() {
    for (one, other) in samples::samples().iter().zip(samples::samples()) {
        assert_eq!(one.svg, other.svg, "{}", one.name);
        assert_eq!(figure_csv(&one.rows), figure_csv(&other.rows), "{}", one.name);
    }
}

#[test]
fn text_is_inside_and_on_no_other_text() {
    for sample in samples::samples() {
        assert_eq!(faults(&sample.svg), Vec::<String>::new(), "{}", sample.name);
    }
}

#[test]
fn text_has_seven_points_in_one_column_of_a_paper() {
    // The canvas is four times as many pixels wide as a column has points.
    for sample in samples::samples() {
        let sizes = sample.svg.lines().filter_map(|line| attribute(line, "font-size"));
        assert!(sizes.map(|size| size.parse::<f64>().expect("pixels")).all(|size| size >= 28.0), "{}", sample.name);
    }
}

#[test]
fn data_is_in_the_plot_and_the_legend_above_it() {
    for sample in samples::samples() {
        let [left, top, right, bottom] = plot(&sample.svg);
        let colours = ["#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9"];
        for (colour, _, corners) in shapes(&sample.svg).iter().filter(|shape| colours.contains(&shape.0)) {
            // Marks stand out by their radius, triangles lie on the upper edge.
            let in_plot = |(x, y): &(f64, f64)| {
                (left - 13.0..=right + 13.0).contains(x) && (top - 16.0..=bottom + 13.0).contains(y)
            };
            let in_legend = |(_, y): &(f64, f64)| *y < top - 16.0;
            assert!(
                corners.iter().all(in_plot) || corners.iter().all(in_legend),
                "{} {colour} {corners:?}",
                sample.name
            );
        }
        let names =
            ["Homa", "tor-spine", "unscheduled data", "as published", "mean", "oversubscribed", "99th percentile"];
        let (_, texts) = texts(&sample.svg);
        for (name, place) in texts.iter().filter(|(name, place)| names.contains(&name.as_str()) && place.top() < 500.0)
        {
            assert!(f64::from(place.bottom()) <= top, "{}: {name}", sample.name);
        }
    }
}

#[test]
fn every_corner_of_a_line_is_a_row_of_the_table() {
    let points: Vec<_> = (0..50).map(|at| (f64::from(at), f64::from((at * 37) % 101))).collect();
    let mut drawn =
        figure(Axis::linear("y", TickFormat::Number).within(0.0, 101.0), vec![LineCurve::new("", points, Trace::Line)]);
    drawn.x = drawn.x.within(0.0, 50.0);
    let svg = line_figure(&drawn);
    let [left, top, right, bottom] = plot(&svg);
    let table = figure_csv(&drawn.rows());
    let rows: Vec<_> = csv::Reader::from_reader(&table[..]).into_records().map(|row| row.expect("it is CSV")).collect();
    let number = |row: &csv::StringRecord, column: usize| row[column].parse::<f64>().expect("a number");
    let places: Vec<_> = rows
        .iter()
        .map(|row| (left + number(row, 2) / 50.0 * (right - left), bottom - number(row, 3) / 101.0 * (bottom - top)))
        .collect();
    let (_, _, line) = shapes(&svg).into_iter().find(|shape| shape.1 == "5").expect("the curve");
    assert_eq!((rows.len(), line.len()), (50, 50));
    for ((x, y), place) in line.iter().zip(places) {
        assert!((x - place.0).abs() <= 0.5 && (y - place.1).abs() <= 0.5, "{x},{y} is {place:?}");
    }
}

#[test]
fn the_table_has_confidence_and_what_is_unknown_or_unfinished() {
    let points = vec![(0.5, 2.0), (0.8, f64::NAN), (0.9, f64::INFINITY)];
    let band = vec![(1.5, 2.5), (f64::NAN, f64::NAN), (7.0, f64::INFINITY)];
    let curve = LineCurve::new("homa", points, Trace::Points).statistic("p99").band(band);
    let mut drawn = figure(Axis::logarithmic("Slowdown", TickFormat::Number), vec![curve]);
    drawn.reference = Some(1.0);
    let table = String::from_utf8(figure_csv(&drawn.rows())).expect("text");
    insta::assert_snapshot!(table, @r"
    figure,curve,x,y,y_low,y_high
    title,homa p99,0.5,2.0,1.5,2.5
    title,homa p99,0.8,,,
    title,homa p99,0.9,inf,7.0,inf
    title,reference,,1.0,,
    ");
}

#[test]
fn the_table_of_bars_has_a_row_for_each_part() {
    let rows = samples::priorities().rows();
    assert_eq!(rows.len(), 8 * 9);
    let row = rows.iter().find(|row| row.curve == "W3 grants" && row.x == "7").expect("it is there");
    assert!((row.y - 0.012 * 0.8).abs() < 1e-12);
    assert!(labels(&bar_figure(&samples::priorities())).contains(&"bars from the left: W2, W3, W4".to_owned()));
    assert!(samples::utilisation().rows().iter().any(|row| row.curve == "pFabric" && row.x == "tor-host"));
}

#[test]
fn the_sizes_of_the_axis_are_in_the_table() {
    let rows = samples::ratio().rows();
    let sizes: Vec<_> = rows.iter().filter(|row| row.curve == "size_max_bytes").collect();
    assert_eq!(sizes.len(), 100);
    assert_eq!((sizes[99].x.as_str(), sizes[99].y > 1e7), ("1.0", true));
}

#[test]
fn ticks_are_as_people_write_them() {
    let has = |svg: &str, expected: &[&str]| {
        let labels = labels(svg);
        assert!(expected.iter().all(|label| labels.iter().any(|found| found == label)), "{expected:?} in {labels:?}");
    };
    let tail = line_figure(&samples::latency(8, true));
    has(&tail, &["100", "10", "1", "0.1", "0.01", "0.001", "1 µs", "10 µs", "100 µs", "1 ms", "10 ms"]);
    has(&line_figure(&samples::queues_cdf()), &["0", "1K", "10K", "100K", "20", "80"]);
    has(&line_figure(&samples::ratio()), &["0.8", "1", "1.2", "1.8K", "11M"]);
    has(&line_figure(&samples::by_load()), &["50", "90", "1", "2", "5", "100", "unfinished", "95 % confidence"]);
}

#[test]
fn a_missing_point_breaks_the_line_and_an_unfinished_one_is_a_triangle() {
    let lines = |points: &[f64]| {
        let points = (0..).zip(points).map(|(x, y)| (f64::from(x), *y)).collect();
        let curve = LineCurve::new("", points, Trace::Line);
        line_figure(&figure(Axis::linear("y", TickFormat::Number), vec![curve]))
    };
    let thick = |svg: &str| shapes(svg).iter().filter(|shape| shape.1 == "5").count();
    let whole = lines(&[1.0, 2.0, 3.0, 4.0]);
    let broken = lines(&[1.0, 2.0, f64::NAN, 3.0, 4.0]);
    let departed = lines(&[1.0, 2.0, f64::INFINITY, f64::INFINITY]);
    assert_eq!((thick(&whole), thick(&broken), thick(&departed)), (1, 2, 1));
    // One at the edge, one in the legend.
    assert_eq!((whole.matches("<polygon").count(), departed.matches("<polygon").count()), (0, 2));
    assert!(
        labels(&departed).contains(&"unfinished".to_owned()) && !labels(&broken).contains(&"unfinished".to_owned())
    );
}

#[test]
fn a_step_to_unfinished_rises_to_the_edge() {
    let curve =
        LineCurve::new("", vec![(0.0, 1.0), (1.0, 2.0), (2.0, f64::INFINITY), (3.0, f64::INFINITY)], Trace::Steps);
    let svg = line_figure(&figure(Axis::linear("y", TickFormat::Number), vec![curve]));
    let (_, _, line) = shapes(&svg).into_iter().find(|shape| shape.1 == "5").expect("the curve");
    assert!((line.last().expect("a corner").1 - plot(&svg)[1]).abs() < 0.5, "{line:?}");
}

#[test]
fn lines_are_cut_where_they_leave_a_range() {
    let curve = LineCurve::new("", vec![(0.0, 1e-3), (1.0, 1e-5), (2.0, 0.0)], Trace::Line);
    let axis = Axis::logarithmic("y", TickFormat::Percent).within(1e-4, 1.0);
    let svg = line_figure(&figure(axis, vec![curve]));
    let [left, _, right, bottom] = plot(&svg);
    let (_, _, line) = shapes(&svg).into_iter().find(|shape| shape.1 == "5").expect("the curve");
    let last = line.last().expect("a corner");
    assert!((last.1 - bottom).abs() <= 1.0 && (last.0 - (left + (right - left) / 4.0)).abs() <= 1.0, "{line:?}");
}

#[test]
fn no_values_break_a_figure() {
    let values = [
        f64::NAN,
        f64::INFINITY,
        f64::NEG_INFINITY,
        0.0,
        -1.0,
        1.0,
        f64::MAX,
        f64::MIN,
        f64::MIN_POSITIVE,
        5e-324,
        1e9,
    ];
    let scales =
        [AxisScale::Linear, AxisScale::Logarithmic, AxisScale::LogarithmicFromZero(100.0), AxisScale::Sizes(vec![])];
    let formats = [TickFormat::Number, TickFormat::Bytes, TickFormat::Percent, TickFormat::Microseconds];
    for (scale, format) in scales.iter().zip(formats) {
        let axis = Axis { scale: scale.clone(), ..Axis::linear("axis", format) };
        let mut pointsets: Vec<Vec<(f64, f64)>> =
            vec![vec![], values.iter().zip(values.iter().rev()).map(|(x, y)| (*x, *y)).collect()];
        pointsets.extend(values.iter().flat_map(|x| values.iter().map(|y| vec![(*x, *y); 2])));
        for points in pointsets {
            let count = points.len();
            let band = points.iter().map(|(x, y)| (*y, *x)).collect::<Vec<_>>();
            let curves = [Trace::Line, Trace::Steps, Trace::Points, Trace::Marks]
                .map(|trace| LineCurve::new("curve", points.clone(), trace).band(band.clone()));
            let mut drawn = figure(axis.clone(), curves.to_vec());
            (drawn.x, drawn.reference) = (axis.clone(), Some(1.0));
            let svg = line_figure(&drawn);
            assert!(!svg.contains("NaN") && faults(&svg).is_empty(), "{scale:?} {points:?} {:?}", faults(&svg));
            let bars = BarFigure {
                title: "bars".into(),
                x_label: "category".into(),
                y: axis.clone(),
                categories: (0..count).map(|number| format!("c{number}")).collect(),
                series: vec![
                    BarSeries::stacked("a", "one", points.iter().map(|(x, _)| *x).collect()).band(band),
                    BarSeries::stacked("a", "two", points.iter().map(|(_, y)| *y).collect()),
                ],
                values: true,
            };
            let svg = bar_figure(&bars);
            assert!(!svg.contains("NaN") && faults(&svg).is_empty(), "{scale:?} {points:?} {:?}", faults(&svg));
        }
    }
    assert!(!png(&line_figure(&figure(Axis::linear("", TickFormat::Number), vec![]))).is_empty());
}

#[test]
#[should_panic(expected = "has a pair for each point")]
fn confidence_is_of_each_point() {
    let curve = LineCurve::new("homa", vec![(1.0, 1.0)], Trace::Line).band(vec![]);
    let _ = line_figure(&figure(Axis::linear("y", TickFormat::Number), vec![curve]));
}

#[test]
#[should_panic(expected = "begins above 0")]
fn a_logarithmic_range_begins_above_zero() {
    let _ = line_figure(&figure(Axis::logarithmic("y", TickFormat::Number).within(0.0, 1.0), vec![]));
}

#[test]
#[should_panic(expected = "has a value for each category")]
fn a_series_has_a_value_for_each_category() {
    let mut bars = samples::utilisation();
    bars.series[1].values.pop();
    let _ = bar_figure(&bars);
}

/// A figure that the property below once failed for: labels at the side made its bars narrower than
/// their values need.
#[test]
fn values_are_left_out_where_labels_leave_no_room_for_them() {
    let categories = [
        "3d$]vJ9<}\"\"9\"q.h</?qW<i~Q)S{E=.",
        "^,f%^3b4h_\"`?T*5-\\7re",
        "T\"*Uv\\#S\\6$P",
        "4n%/{zh<')[NY<+?!b`isLj%IT=%~*4I=W2nK'v[l.<dfyR,",
        "&$E/&{'zczidsF\"\\?E#/@l#?M/D{4::5~|/e&<>b/%Q(V`Hs",
        "\"*&t:",
        "\\==br@%<7kRa?jm]5'.`We&evW`xygv:f:zl{",
        "`)tk83y>Ut\\j5\\6$Z>7{C{O</w\"D=!4[q@/&^aG<P}1:d9mY4=",
    ];
    let names = ["uRm`eUFN.*'d$TJ\"B]HBm$*y'xq.#.\"#7Y:hA:.=%:gKSRPH`\\0X&)`8", "$\"emW0>c=/$BrpkV|!3?sC/6;//\"^/isJ"];
    let one = vec![7822.2001, 1938.2306, 14.7969, 8137.3792, 9690.9098, 6580.7156, 2953.2652, 6014.0538];
    let two = vec![9381.0862, 4390.8851, 1170.1914, 847.561, 1328.8074, 4474.3385, 6334.2361, 1898.4862];
    let series = vec![BarSeries::beside(names[0], one), BarSeries::beside(names[1], two)];
    let y = Axis::linear(",aA0AAA!A!aa!aa!!a!AA<<Aw,aAmaA!wAak<A0a0a!#0", TickFormat::Percent);
    let (x_label, categories) = ("Q`i9&?^-=H+]choe@;".to_owned(), categories.map(str::to_owned).to_vec());
    let drawn = BarFigure { title: String::new(), x_label, y, categories, series, values: true };
    assert_eq!(faults(&bar_figure(&drawn)), Vec::<String>::new());
}

fn axes() -> impl Strategy<Value = Axis> {
    let format = prop_oneof![
        Just(TickFormat::Number),
        Just(TickFormat::Bytes),
        Just(TickFormat::Percent),
        Just(TickFormat::Microseconds)
    ];
    let scale = prop_oneof![
        Just(AxisScale::Linear),
        Just(AxisScale::Logarithmic),
        (1e-3..1e6).prop_map(AxisScale::LogarithmicFromZero)
    ];
    ("[ -~]{0,70}", scale, format).prop_map(|(label, scale, format)| Axis { scale, ..Axis::linear(&label, format) })
}

/// Of any size, in clusters.
fn numbers() -> impl Strategy<Value = Vec<f64>> {
    let one = (-1.0..1.0_f64, -3.0..3.0_f64).prop_map(|(mantissa, decade)| mantissa * 10.0_f64.powi(decade as i32 * 3));
    let cluster = (-1e6..1e6_f64, 0.0..1.0_f64).prop_map(|(middle, near)| middle + near);
    prop_oneof![prop::collection::vec(one, 0..9), prop::collection::vec(cluster, 0..9)]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn text_of_any_lines_is_inside_and_on_no_other_text(
        title in "[ -~]{0,150}", x in axes(), y in axes(),
        curves in prop::collection::vec(("[ -~]{0,90}", numbers(), numbers()), 0..5),
    ) {
        let curve = |(name, xs, ys): (String, Vec<f64>, Vec<f64>)| {
            LineCurve::new(&name, xs.into_iter().zip(ys).collect(), Trace::Points).statistic("median")
        };
        let curves = curves.into_iter().map(curve).collect();
        let drawn = LineFigure { title, x, y, curves, reference: None };
        prop_assert_eq!(faults(&line_figure(&drawn)), Vec::<String>::new());
    }

    #[test]
    fn text_of_any_bars_is_inside_and_on_no_other_text(
        title in "[ -~]{0,150}", y in axes(), x_label in "[ -~]{0,90}",
        categories in prop::collection::vec("[ -~]{0,60}", 0..40),
        names in prop::collection::vec("[ -~]{0,60}", 0..4),
        values in prop::collection::vec(0.0..1e4_f64, 160), grouped: bool,
    ) {
        let part = |(number, name): (usize, &String)| {
            let values = values[number * 40..][..categories.len()].to_vec();
            if grouped { BarSeries::beside(name, values) } else { BarSeries::stacked("all", name, values) }
        };
        let series = names.iter().enumerate().map(part).collect();
        let drawn = BarFigure { title, x_label, y, categories: categories.clone(), series, values: true };
        prop_assert_eq!(faults(&bar_figure(&drawn)), Vec::<String>::new());
    }
}

#[test]
#[ignore = "writes the samples as pictures and tables to the folder FIGURES_OUT, for the eye"]
fn samples_for_the_eye() {
    let folder = std::path::PathBuf::from(std::env::var("FIGURES_OUT").expect("FIGURES_OUT is a folder"));
    for sample in samples::samples() {
        let contents =
            [("svg", sample.svg.clone().into_bytes()), ("png", png(&sample.svg)), ("csv", figure_csv(&sample.rows))];
        for (ending, bytes) in contents {
            std::fs::write(folder.join(sample.name).with_extension(ending), bytes).expect("it can be written");
        }
    }
}
