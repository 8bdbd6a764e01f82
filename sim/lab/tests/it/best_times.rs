//! What runs keep of best times: enough to have latencies, and slowdowns relative to others' best
//! times, from the samples alone.

use crate::tiny::resolve;
use homa_lab::{Control, run_seed};
use std::sync::atomic::AtomicBool;

/// Size, class of path, latency and best time of each finished message, in picoseconds, ascending:
/// of the samples and of the messages themselves.
fn both(set: &[&str]) -> [Vec<(u64, u8, u64, u64)>; 2] {
    let case = resolve("", &[set, &["measure.messages=true"]].concat()).unwrap().remove(0);
    let control = Control { interrupted: &AtomicBool::new(false), progress: &|_, _| {}, threads: 1 };
    let (run, _) = run_seed(&case, 0, 1, &control).unwrap();
    let of_samples = run.recorder.samples().expect("there are few").iter().map(|sample| {
        let best = sample.best().expect("a run knows it");
        (sample.size().get(), best.path, sample.latency_ps().unwrap() as u64, best.ps.get())
    });
    let of_messages = run.records.as_ref().unwrap().iter().filter_map(|record| {
        let (latency, message) = (record.latency?.as_ps(), &record.message);
        let best = (latency as f64 / record.slowdown?).round() as u64;
        Some((message.size.get(), case.topology.path_class(message.source, message.destination).0, latency, best))
    });
    let sorted = |mut all: Vec<_>| {
        all.sort_unstable();
        all
    };
    [sorted(of_samples.collect()), sorted(of_messages.collect())]
}

#[test]
fn samples_have_the_latency_and_the_best_time_of_each_message_to_the_picosecond() {
    for set in [&["transport.kind=sigcomm18"][..], &["transport.kind=homa"], &["transport.kind=blind"]] {
        let [samples, messages] = both(set);
        assert!(samples.len() > 500, "{set:?}: {} messages", samples.len());
        assert_eq!(samples, messages, "{set:?}");
    }
}

#[test]
fn a_run_has_one_best_time_for_each_size_and_class_of_path() {
    for set in ["measure.denominator=simulated", "measure.denominator=sigcomm18"] {
        let [samples, _] = both(&[set]);
        let mut best: Vec<_> = samples.iter().map(|(size, path, _, best)| (*size, *path, *best)).collect();
        best.sort_unstable();
        best.dedup();
        assert!(best.windows(2).all(|pair| (pair[0].0, pair[0].1) != (pair[1].0, pair[1].1)), "{set}");
        assert!(best.iter().any(|(_, path, _)| *path == 0) && best.iter().any(|(_, path, _)| *path == 1), "{set}");
        // The farther path takes longer.
        let farther = best.windows(2).filter(|pair| pair[0].0 == pair[1].0);
        farther.for_each(|pair| assert!(pair[0].2 < pair[1].2, "{set}: {pair:?}"));
    }
}
