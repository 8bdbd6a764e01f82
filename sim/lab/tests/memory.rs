//! Memory follows from what is in the network, not from how long a run is: an idle host costs less than 2 KiB in a
//! network of 100,000, everything included, and ten times the simulated time takes no more memory.
//!
//! The counting allocator of this test program sees every byte, also what is freed again before the run begins.

use homa_lab::{Control, Override, cases, parse_experiment, run_seed};
use std::path::Path;
use std::sync::atomic::AtomicBool;

/// Every host sends to all others, and every message is recorded as in the longest runs: in cells.
const ALL_TO_ALL: &str = r#"
[topology]
preset = "sigcomm18-16"
[transport]
kind = "sigcomm18"
[workload]
sizes = "w3"
load = 0.8
[measure]
warmup = "0us"
window = "1us"
drain = "0us"
exact_samples = 0
[run]
seeds = [1]
"#;

/// Nothing is measured then.
const WARMUPS: [&str; 2] = ["measure.warmup=6ms", "measure.warmup=60ms"];

const HOMA: [&str; 3] = ["transport.kind=homa", "workload.sizes=w3-kernel", "measure.denominator=cluster-2025"];

/// The most bytes that were in use at a time while an experiment was read, built, run and counted, and how many packets
/// it sent.
fn peak_bytes(set: &[&str]) -> (u64, u64) {
    let overrides: Vec<Override> = set.iter().map(|text| text.parse().unwrap()).collect();
    let (interrupted, path) = (AtomicBool::new(false), Path::new("memory.toml"));
    let control = Control { interrupted: &interrupted, progress: &|_, _| {}, threads: 1 };
    let mut packet_hops = 0;
    let used = allocation_counter::measure(|| {
        let experiment = parse_experiment(path, ALL_TO_ALL, &overrides).unwrap();
        let case = cases(path, &experiment).unwrap().remove(0);
        packet_hops = run_seed(&case, 0, 1, &control).unwrap().0.statistics().packet_hops;
    });
    (used.bytes_max, packet_hops)
}

/// Of a network whose hosts all have a first message to send, which few of them do in the first nanoseconds.
fn bytes_per_idle_host(transport: &[&str]) -> u64 {
    const HOSTS: u64 = 100_000;
    let set = [&["topology.preset=leaf-spine-100000", "measure.window=20ns"], transport].concat();
    let (bytes, packet_hops) = peak_bytes(&set);
    assert!(packet_hops < HOSTS / 100, "hosts were idle, and there were {packet_hops} packet-hops");
    bytes / HOSTS
}

#[test]
fn an_idle_host_of_sigcomm18_costs_less_than_2_kib() {
    let bytes = bytes_per_idle_host(&["workload.sizes=w4"]);
    println!("{bytes} bytes per idle host");
    assert!(bytes < 2_048, "{bytes} bytes per idle host");
}

#[test]
fn an_idle_host_of_homa_costs_less_than_2_kib() {
    let bytes = bytes_per_idle_host(&HOMA);
    println!("{bytes} bytes per idle host");
    assert!(bytes < 2_048, "{bytes} bytes per idle host");
}

/// Vectors double, and the largest of ten times as many values is larger: a few bytes for each message more, where a leak
/// of their records would add hundreds.
fn ten_times_the_time_takes_no_more(times: [&str; 2], set: &[&str]) {
    let [(short, few), (long, many)] = times.map(|time| peak_bytes(&[&[time], set].concat()));
    println!("{short} bytes for {few} packet-hops, {long} bytes for {many}");
    assert!(many > 9 * few, "{many} packet-hops in ten times the time of {few}");
    assert!(long < short + short / 10 + 250_000, "{long} bytes for {many} packet-hops, {short} for {few}");
}

#[test]
fn a_run_of_ten_times_the_time_takes_no_more_memory_with_sigcomm18() {
    ten_times_the_time_takes_no_more(WARMUPS, &[]);
}

#[test]
fn a_run_of_ten_times_the_time_takes_no_more_memory_with_homa() {
    ten_times_the_time_takes_no_more(WARMUPS, &HOMA);
}

/// Cells are as many as there may be in the short run already. The long one has three million messages of 7,000 sizes.
#[test]
fn a_run_of_ten_times_the_time_takes_no_more_memory_with_all_of_it_measured() {
    let times = ["measure.window=10ms", "measure.window=100ms"];
    ten_times_the_time_takes_no_more(times, &["workload.sizes=w1", "workload.load=0.5"]);
}
