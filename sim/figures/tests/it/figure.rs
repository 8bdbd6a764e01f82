//! A figure is the same bytes each time, names its curves, and survives infinite and tiny values.

use homa_analysis::{SizeBins, SlowdownRecorder, SlowdownSummary};
use homa_figures::{Curve, Step, slowdown_figure};
use homa_units::Bytes;

fn curve(name: &str, factor: f64) -> Curve {
    let step = |number: u32| Step {
        share: (f64::from(number) / 50.0, f64::from(number + 1) / 50.0),
        size_max: 100 * u64::from(number + 1),
        p50: factor * (1.0 + f64::from(number) / 50.0),
        p99: factor * (2.0 + f64::from(number) / 5.0),
        p99_band: None,
    };
    Curve { name: name.to_owned(), steps: (0..50).map(step).collect(), published: false }
}

/// The labels of a figure, in the order drawn.
fn labels(svg: &str) -> Vec<&str> {
    let texts = svg.split("</text>").filter_map(|text| text.rsplit('>').next());
    texts.map(str::trim).filter(|text| !text.is_empty()).collect()
}

/// An attribute of the whole figure.
fn attribute(svg: &str, name: &str) -> i32 {
    let rest = svg.split_once(&format!(" {name}=\"")).expect("it has the attribute").1;
    rest.split('"').next().expect("a quote ends it").parse().expect("pixels")
}

/// The corners of all lines, in pixels.
fn points(svg: &str) -> Vec<(i32, i32)> {
    let lines = svg.split("points=\"").skip(1).map(|rest| rest.split('"').next().expect("a quote ends it"));
    let pairs = lines.flat_map(str::split_whitespace).map(|pair| pair.split_once(',').expect("x,y"));
    pairs.map(|(x, y)| (x.parse().expect("pixels"), y.parse().expect("pixels"))).collect()
}

#[test]
fn the_same_curves_give_the_same_bytes() {
    let draw = || slowdown_figure(&[curve("homa", 1.0), curve("basic", 2.0)], "w3, 80 % load");
    assert_eq!(draw(), draw());
}

#[test]
fn a_figure_is_a_vector_graphic_with_its_names() {
    let svg = slowdown_figure(&[curve("homa", 1.0), curve("basic", 2.0)], "w3, 80 % load");
    assert!(svg.starts_with("<svg") && svg.trim_end().ends_with("</svg>"));
    let labels = labels(&svg);
    let names = ["w3, 80 % load", "homa", "basic", "99th percentile", "median", "Slowdown"];
    for label in names.into_iter().chain(["1", "2", "5", "10", "20", "500", "5.0K"]) {
        assert!(labels.contains(&label), "{label} is in {labels:?}");
    }
}

#[test]
fn the_axis_ends_shortly_above_the_data() {
    let svg = slowdown_figure(&[curve("homa", 0.5)], "");
    assert!(labels(&svg).contains(&"5"));
    assert!(!labels(&svg).contains(&"10"), "the largest value is 5.9");
}

#[test]
fn an_axis_over_many_decades_has_few_labels() {
    let svg = slowdown_figure(&[curve("homa", 1.0), curve("stuck", 10_000.0)], "");
    let labels = labels(&svg);
    assert!(["1", "10", "100", "1000", "10K", "100K"].iter().all(|label| labels.contains(label)), "{labels:?}");
    assert!(!labels.contains(&"2") && !labels.contains(&"50K"), "{labels:?}");
}

#[test]
fn markup_in_a_name_is_escaped() {
    let svg = slowdown_figure(&[curve("a<b & c", 1.0)], "x<y");
    assert!(svg.contains("a&lt;b &amp; c") && svg.contains("x&lt;y"));
}

#[test]
fn infinite_values_do_not_break_a_figure() {
    let mut cut = curve("cut", 1.0);
    for step in &mut cut.steps[45..] {
        step.p99 = f64::INFINITY;
    }
    cut.steps[49].p50 = f64::INFINITY;
    let mut never = curve("never", 1.0);
    for step in &mut never.steps {
        (step.p50, step.p99) = (f64::INFINITY, f64::INFINITY);
    }
    let svg = slowdown_figure(&[cut, never.clone()], "overload");
    assert!(!svg.contains("inf") && !svg.contains("NaN"));
    assert!(labels(&svg).contains(&"unfinished"));
    assert!(!labels(&slowdown_figure(&[curve("homa", 1.0)], "fine")).contains(&"unfinished"));
    assert!(labels(&slowdown_figure(&[never], "nothing finishes")).contains(&"unfinished"));
}

#[test]
fn lines_stay_within_the_figure_for_any_values() {
    let mut extreme = curve("extreme", 1.0);
    (extreme.steps[0].p50, extreme.steps[0].p99) = (0.001, 1e9);
    (extreme.steps[1].p50, extreme.steps[1].p99) = (0.97, f64::INFINITY);
    let svg = slowdown_figure(&[extreme], "");
    let (width, height) = (attribute(&svg, "width"), attribute(&svg, "height"));
    for (x, y) in points(&svg) {
        assert!((0..=width).contains(&x) && (0..=height).contains(&y), "{x},{y} is within {width} x {height}");
    }
}

#[test]
fn many_long_names_make_room_for_themselves() {
    let named = |number| curve(&format!("homa with {number} priority levels"), 1.0);
    let title = "a title that says what was simulated, with which load, and for how long, in too many words";
    let few = slowdown_figure(&[named(0)], title);
    let many = slowdown_figure(&(0..8).map(named).collect::<Vec<_>>(), title);
    assert!(attribute(&many, "height") > attribute(&few, "height"));
    assert_eq!(attribute(&many, "width"), attribute(&few, "width"));
    assert!(labels(&many).contains(&"homa with 7 priority levels"));
    assert!(labels(&many).join(" ").starts_with(title), "a long title takes several lines: {:?}", labels(&many));
}

#[test]
fn a_curve_without_messages_is_only_in_the_legend() {
    let empty = Curve { name: "empty".to_owned(), steps: Vec::new(), published: false };
    assert!(labels(&slowdown_figure(&[empty, curve("homa", 1.0)], "")).contains(&"empty"));
}

#[test]
#[should_panic(expected = "at least one step")]
fn nothing_is_no_figure() {
    let _ = slowdown_figure(&[], "nothing");
}

#[test]
fn a_curve_of_a_result_has_a_step_for_each_bin() {
    let mut recorder = SlowdownRecorder::new(SizeBins::with_edges(&[10, 20].map(Bytes::new)), usize::MAX);
    for (size, slowdown) in [(5, 1.0), (10, 2.0), (15, 3.0), (25, 4.0)] {
        recorder.record(Bytes::new(size), slowdown);
    }
    let curve = Curve::from_bins("homa", &SlowdownSummary::pool(vec![recorder]).bins());
    let steps = [
        Step { share: (0.0, 0.5), size_max: 10, p50: 1.0, p99: 2.0, p99_band: None },
        Step { share: (0.5, 0.75), size_max: 20, p50: 3.0, p99: 3.0, p99_band: None },
        Step { share: (0.75, 1.0), size_max: 25, p50: 4.0, p99: 4.0, p99_band: None },
    ];
    assert_eq!(curve, Curve { name: "homa".to_owned(), steps: steps.to_vec(), published: false });
}

#[test]
fn published_values_are_marks_and_confidence_is_a_band() {
    let ours = curve("ours", 1.0);
    let mut with_band = ours.clone();
    for step in &mut with_band.steps {
        step.p99_band = Some((step.p99 * 0.9, step.p99 * 1.1));
    }
    let published = Curve { published: true, ..curve("theirs", 1.2) };
    let plain = slowdown_figure(std::slice::from_ref(&ours), "x");
    let band = slowdown_figure(&[with_band], "x");
    assert!(
        !plain.contains("<polygon") && band.matches("<polygon").count() == 50 + 1,
        "one for each step, one in the legend"
    );
    let both = slowdown_figure(&[ours, published], "x");
    assert!(!plain.contains("<circle") && both.matches("<circle").count() >= 100);
    assert!(labels(&both).contains(&"theirs"));
}
