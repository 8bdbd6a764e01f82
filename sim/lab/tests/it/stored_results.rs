//! What is stored is read by the types that write it: reading and writing again gives the same
//! bytes, and what older versions stored is still read.

use crate::homa::support::{ECHO, Lab};
use homa_lab::{CaseSummary, Timing};
use serde_json::Value;
use std::path::{Path, PathBuf};

/// Results of two transports, with unfinished messages, stored when `events` was still in
/// summaries.
fn stored() -> [PathBuf; 2] {
    ["homa", "sigcomm18"].map(|name| Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/stored").join(name))
}

fn text(folder: &Path, name: &str) -> String {
    std::fs::read_to_string(folder.join(name)).unwrap()
}

fn written(summary: &CaseSummary) -> String {
    serde_json::to_string_pretty(summary).unwrap() + "\n"
}

#[test]
fn a_summary_of_an_older_version_is_read_and_written_again_byte_for_byte_without_its_events() {
    for folder in stored() {
        let before = text(&folder, "summary.json");
        let kept: Vec<&str> = before.lines().filter(|line| !line.starts_with("  \"events\": ")).collect();
        assert_eq!(kept.len() + 1, before.lines().count(), "it has events");
        let summary = CaseSummary::read(&folder).unwrap();
        assert_eq!(written(&summary), kept.join("\n") + "\n");
        // Infinite is what did not finish; a mean of nothing is no number.
        let last = summary.deciles.last().unwrap();
        assert!(last.p99.is_infinite() && last.mean.is_nan() && last.p99_low.is_nan());
    }
}

#[test]
fn a_summary_that_was_just_written_is_read_and_written_again_byte_for_byte() {
    let lab = Lab::new(&ECHO.replace("2ms", "300us").replace("500ms", "50us"));
    for set in ["transport.kind=homa", "transport.kind=sigcomm18", "measure.exact_samples=0"] {
        let (_, files) = lab.write_run(&lab.case(&[set]));
        let summary = CaseSummary::read(&files.folder).unwrap();
        assert!(summary.unfinished > 0 && summary.parameters.is_object(), "{set}");
        assert_eq!(written(&summary), text(&files.folder, "summary.json"), "{set}");
        assert_eq!(summary.deciles.iter().map(|decile| decile.count).sum::<u64>(), summary.messages);
    }
}

#[test]
fn how_many_events_a_run_takes_is_timing_and_no_result() {
    let lab = Lab::new(&ECHO.replace("2ms", "300us"));
    let (_, files) = lab.write_run(&lab.case(&[]));
    let read = |name: &str| serde_json::from_str::<Value>(&text(&files.folder, name)).unwrap();
    assert!(read("summary.json").get("events").is_none());
    assert!(read("timing.json")["events"].as_u64().unwrap() > 0);
    for folder in stored() {
        let timing: Timing = serde_json::from_str(&text(&folder, "timing.json")).unwrap();
        assert!(timing.events == 0 && timing.events_per_packet_hop > 1.0, "it was not there");
    }
}

#[test]
fn what_the_first_versions_did_not_store_is_not_missed() {
    let [folder, _] = stored();
    let mut before: Value = serde_json::from_str(&text(&folder, "summary.json")).unwrap();
    let without = |value: &mut Value, names: &[&str]| {
        for name in names {
            value.as_object_mut().unwrap().remove(*name).unwrap();
        }
    };
    const ENDS: [&str; 4] = ["p50_low", "p50_high", "p99_low", "p99_high"];
    without(&mut before, &["peaks", "metrics", "unfinished_largest_bytes"]);
    without(&mut before["overall"], &ENDS);
    for decile in before["deciles"].as_array_mut().unwrap() {
        without(decile, &ENDS);
    }
    let summary: CaseSummary = serde_json::from_value(before).unwrap();
    assert_eq!(summary.peaks.packets_in_network, 0);
    assert_eq!((summary.overall.confidence.p99_low, summary.overall.confidence.p99_high), (None, None));
    assert!(summary.deciles.iter().all(|decile| decile.p99_low.is_nan() && decile.p99_high.is_infinite()));
}
