//! Given the very messages that the original SIGCOMM'18 simulator was given, each tenth of messages
//! gets its latencies, and ports get its queues. Only spraying and ties are random, so a larger
//! difference is a difference in the model.

use homa_lab::{
    CaseSummary, Control, Draw, Override, PlannedCase, TraceComparison, cases, compare_with_trace, load_experiment,
    run_case, write_case,
};
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn replay(experiment: &str, trace: &str, overrides: &[&str]) -> (CaseSummary, TraceComparison) {
    let path = root().join("experiments").join(experiment);
    let overrides: Vec<Override> = overrides.iter().map(|text| text.parse().unwrap()).collect();
    let case = cases(&path, &load_experiment(&path, &overrides).unwrap()).unwrap().remove(0);
    let interrupted = AtomicBool::new(false);
    let control = Control { interrupted: &interrupted, progress: &|_, _| {}, threads: 1 };
    let pooled = run_case(&case, &control).unwrap();
    let out = tempfile::tempdir().unwrap();
    let planned = PlannedCase::new(case.clone()).unwrap();
    let written = write_case(out.path(), &planned, &pooled, Draw::Svg).unwrap();
    let trace = root().join("results/reference/original-simulator").join(trace);
    (pooled.summary, compare_with_trace(&written.folder, &trace).unwrap())
}

fn assert_within(comparison: &TraceComparison) {
    for decile in &comparison.deciles {
        assert_eq!(decile.breaches(), [""; 0], "{decile:?}");
    }
}

#[test]
fn w3_at_load_0_8_agrees_in_every_tenth_of_messages() {
    let (_, comparison) = replay("original-w3-trace.toml", "W3_0.8_4ms.csv.gz", &[]);
    assert_eq!((comparison.messages, comparison.deciles.len()), (86_810, 10));
    assert_within(&comparison);
    for decile in &comparison.deciles {
        assert!((decile.latency_ratio_median - 1.0).abs() < 0.01, "{decile:?}");
    }
}

#[test]
fn w4_at_load_0_8_agrees_in_every_tenth_of_messages_and_in_its_queues() {
    let (summary, comparison) = replay("original-w4-trace.toml", "W4_0.8L.csv.gz", &[]);
    assert_eq!((comparison.messages, comparison.deciles.len()), (60_413, 10));
    assert_within(&comparison);
    // Mean waiting bytes of the original run, by tier; its host NICs never held a packet back.
    for (tier, theirs) in summary.tiers.iter().zip([0.0, 837.5, 833.6, 10_422.5]) {
        assert!((tier.queue_mean_bytes - theirs).abs() <= 0.1 * theirs, "{tier:?}, original {theirs}");
    }
    // Share of received bytes by priority, highest first.
    let shares = [0.1011, 0.0161, 0.0339, 0.0689, 0.1280, 0.1924, 0.2280, 0.2316];
    for (level, theirs) in summary.priorities.iter().zip(shares) {
        assert!((level.share - theirs).abs() < 0.005, "{level:?}, original {theirs}");
    }
    let close = |ours: f64, theirs: f64, tolerance: f64| {
        assert!((ours / theirs - 1.0).abs() < tolerance, "{ours}, original {theirs}");
    };
    close(summary.offered_payload_gbps, 7.1707, 0.0001);
    close(summary.goodput_gbps, 6.3293, 0.005);
    let receivers = summary.receivers.as_ref().expect("kept by sigcomm18");
    close(receivers.outstanding_mean_bytes, 29_509.6, 0.01);
    close(receivers.outstanding_max_bytes as f64, 127_654.0, 0.01);
    close(receivers.oversubscribed_waste_within, 0.03521, 0.05);
    // These two differ by more than chance; see the report of the reproduction.
    close(receivers.active_share, 0.3974, 0.02);
    close(receivers.active_waste_share, 0.08996, 0.03);
}

/// Shows that the comparison can fail: with other cutoffs messages of some sizes are clearly off.
#[test]
fn a_changed_model_is_noticed() {
    let (_, comparison) =
        replay("original-w3-trace.toml", "W3_0.8_4ms.csv.gz", &["transport.sigcomm18.cutoffs=[100, 200, 300]"]);
    assert!(comparison.deciles.iter().any(|decile| !decile.breaches().is_empty()));
}
