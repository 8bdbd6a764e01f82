//! The cluster's statistics, computed from round-trip times, are those of its own reports: the numbers in `data/cluster`,
//! invented ones in the layouts of HomaModule's `util/cperf.py`.

use homa_analysis::cluster::{
    Baseline, BaselineError, ClusterDigest, RttPool, RttsHeader, cdf_lines, read_cdf, read_report, read_rtts,
    report_lines,
};
use homa_analysis::{LOGARITHMIC_WIDTH, Precision};
use homa_units::Duration;

const NODES: [&str; 2] =
    [include_str!("../data/cluster/homa_w4-1.rtts"), include_str!("../data/cluster/homa_w4-2.rtts")];
const REPORT: &str = include_str!("../data/cluster/reports_homa_w4.data");
const CDF: &str = include_str!("../data/cluster/reports_homa_w4_cdf.data");
const EXPECTED: &str = include_str!("../data/cluster/EXPECTED.txt");

fn pool(exact_limit: usize) -> RttPool {
    let mut pool = RttPool::new(exact_limit);
    for node in NODES {
        read_rtts(node.as_bytes(), "node", |length, rtt| pool.add(length, rtt)).unwrap();
    }
    pool
}

fn expected(name: &str) -> f64 {
    let mut words = EXPECTED.lines().map(|line| line.split_once(' ').unwrap());
    words.find(|(key, _)| *key == name).unwrap().1.parse().unwrap()
}

fn digest(exact_limit: usize) -> ClusterDigest {
    assert_eq!(expected("baseline_us"), 15.0);
    ClusterDigest::new(&pool(exact_limit), &Baseline::cluster_2023(expected("link_mbps") as u64)).unwrap()
}

fn numbers(report: &str) -> String {
    report.lines().filter(|line| !line.starts_with('#')).map(|line| format!("{line}\n")).collect()
}

#[test]
fn both_reports_are_reproduced_to_the_byte() {
    assert_eq!(report_lines(&digest(usize::MAX)), numbers(REPORT));
    assert_eq!(cdf_lines(&digest(usize::MAX).short_cdf()), numbers(CDF));
}

#[test]
fn samples_mean_and_short_messages_are_those_expected() {
    let digest = digest(usize::MAX);
    assert_eq!(digest.samples as f64, expected("samples"));
    assert_eq!(format!("{:.6}", digest.mean_slowdown), format!("{:.6}", expected("mean_slowdown")));
    assert_eq!(digest.short.bytes_max as f64, expected("longest_short_bytes"));
    assert_eq!(digest.short_cdf_bytes_max(), Some(60));
    // 175 messages of 60 B are more than a tenth of 600, so the short messages are those of the first row.
    let row = digest.rows[0];
    assert_eq!((digest.short.samples, digest.short.p50_us, digest.short.p99_us), (row.samples, row.p50_us, row.p99_us));
}

#[test]
fn the_header_tells_time_and_experiment() {
    let header = read_rtts(NODES[0].as_bytes(), "node", |_, _| ()).unwrap();
    let expected = ("2000-01-01 00:00:00".to_owned(), Some("homa_w4".to_owned()));
    assert_eq!((header.measured_at, header.experiment), expected);
    let old = "# Round-trip times measured by cp_node at 2021-05-01 10:00:00\n  60  1.00\n";
    let header = read_rtts(old.as_bytes(), "node", |_, _| ()).unwrap();
    assert_eq!(header, RttsHeader { measured_at: "2021-05-01 10:00:00".to_owned(), experiment: None });
}

#[test]
fn quantiles_are_the_values_at_the_benchmarks_indices() {
    let mut pool = RttPool::new(usize::MAX);
    for us in (1..=100).rev() {
        pool.add(100, Duration::from_us(us));
    }
    let row = ClusterDigest::new(&pool, &Baseline::cluster_2023(8)).unwrap().rows[0];
    // v[50], v[99], v[99]: the nearest rank would be v[49], v[98], v[99].
    assert_eq!((row.p50_us, row.p99_us, row.p999_us), (51.0, 100.0, 100.0));
}

#[test]
fn each_generation_divides_by_its_own_best_time() {
    let best = |baseline: Baseline| baseline.best_us(100_000).unwrap();
    assert_eq!(best(Baseline::cluster_2023(25_000)), 15.0 + 32.0);
    assert_eq!(best(Baseline::cluster_2025("xl170", 25_000)), 15.0 + 32.0);
    for node in ["c6620", "c6525-25g", "c6525-100g", "unheard-of"] {
        assert_eq!(best(Baseline::cluster_2025(node, 100_000)), 25.0 + 8.0);
    }
}

#[test]
fn a_measured_baseline_is_the_unloaded_median_by_exact_length_or_the_last_one_before() {
    let mut unloaded = RttPool::new(usize::MAX);
    for (length, us) in [(60, 9), (60, 10), (60, 30), (1_400, 20), (1_400, 22)] {
        unloaded.add(length, Duration::from_us(us));
    }
    let baseline = Baseline::cluster_2021(&unloaded);
    assert_eq!([60, 1_399, 1_400, 9_000].map(|length| baseline.best_us(length).unwrap()), [10.0, 10.0, 22.0, 22.0]);
    let refused = baseline.best_us(59).unwrap_err();
    assert_eq!(refused, BaselineError::Unknown { length: 59 });
    assert!(refused.to_string().contains("59 B") && refused.to_string().contains("same workload"));
    let own = ClusterDigest::new(&pool(usize::MAX), &Baseline::cluster_2021(&pool(usize::MAX))).unwrap();
    assert!(own.rows.iter().all(|row| row.s50 == 1.0), "relative to itself the median is 1");
}

#[test]
fn above_the_limit_counts_stay_exact_and_times_are_within_a_tenth_of_a_percent() {
    let (exact, counted) = (digest(usize::MAX), digest(50));
    assert_eq!(exact.precision, Precision::Exact);
    assert_eq!(counted.precision, Precision::Logarithmic { relative_width: LOGARITHMIC_WIDTH });
    let close =
        |first: f64, second: f64| assert!((first / second - 1.0).abs() <= LOGARITHMIC_WIDTH, "{first} {second}");
    close(counted.mean_slowdown, exact.mean_slowdown);
    for (counted, exact) in counted.rows.iter().zip(&exact.rows) {
        assert_eq!((counted.length, counted.samples, counted.cum_frac), (exact.length, exact.samples, exact.cum_frac));
        close(counted.p50_us, exact.p50_us);
        close(counted.p99_us, exact.p99_us);
        close(counted.s999, exact.s999);
    }
}

#[test]
fn no_round_trip_times_are_an_error() {
    let refused = ClusterDigest::new(&RttPool::new(9), &Baseline::cluster_2023(25_000));
    assert_eq!(refused.unwrap_err(), BaselineError::Empty);
}

#[test]
fn reports_are_read_as_written() {
    let rows = read_report(REPORT.as_bytes(), "a.data").unwrap();
    assert_eq!(rows.len(), 6);
    let row = rows[5];
    assert_eq!((row.length, row.cum_frac, row.samples, row.p50_us, row.s999), (1_000_000, 1.0, 33, 547.0, 2.8));
    let points = read_cdf(CDF.as_bytes(), "a_cdf.data").unwrap();
    assert_eq!(cdf_lines(&points), numbers(CDF));
}

fn refused<T: std::fmt::Debug>(outcome: Result<T, homa_analysis::ImportError>, parts: &[&str]) {
    let message = outcome.unwrap_err().to_string();
    parts.iter().for_each(|part| assert!(message.contains(part), "`{part}` is missing in: {message}"));
}

#[test]
fn malformed_rtts_are_refused_with_file_line_and_what_is_accepted() {
    let bad = [
        "",
        "60",
        "60 1.0 2.0",
        "-60 1.0",
        "60 -1.0",
        "60 nan",
        "60 inf",
        "60 1e3",
        "60 0.00",
        "0 1.0",
        "4294967296 1.0",
        "60 1.",
        "60 .",
        "60 1.0000001",
        "60.0 1.0",
        "60,1.0",
        "99999999999999999999 1.0",
        "60 99999999999999999999.0",
    ];
    for line in bad {
        let text = format!("# comment\n  60  1.00\n{line}\n");
        let parts = ["x-1.rtts: line 3", "accepted are a length in bytes"];
        refused(read_rtts(text.as_bytes(), "x-1.rtts", |_, _| ()), &parts);
    }
    refused(read_rtts(&b"60 1.00\n1400 19.2"[..], "x-1.rtts", |_, _| ()), &["x-1.rtts: line 2", "cut off"]);
}

#[test]
fn malformed_reports_are_refused_with_file_line_and_what_is_accepted() {
    let good = "60 0.5 10 1.0 2.0 3.0 1.0 2.0 3.0\n";
    let report = |second: &str| read_report(format!("{good}{second}\n").as_bytes(), "x.data");
    refused(report("70 1.0 10 1.0 2.0 3.0 1.0 2.0"), &["x.data: line 2", "nine numbers"]);
    refused(report("70 1.0 10 1.0 2.0 3.0 1.0 2.0 nan"), &["x.data: line 2", "nine numbers"]);
    refused(report("60 1.0 10 1.0 2.0 3.0 1.0 2.0 3.0"), &["x.data: line 2", "lengths ascend"]);
    refused(report("70 0.4 10 1.0 2.0 3.0 1.0 2.0 3.0"), &["x.data: line 2", "cum_frac ascends"]);
    refused(report("70 1.0 0 1.0 2.0 3.0 1.0 2.0 3.0"), &["x.data: line 2", "whole numbers"]);
    refused(report("70 1.0 10 3.0 2.0 3.0 1.0 2.0 3.0"), &["x.data: line 2", "higher percentile"]);
    refused(report("70 0.9 10 1.0 2.0 3.0 1.0 2.0 3.0"), &["x.data", "ends at 0.9"]);
    refused(read_report(&b"# only\n"[..], "x.data"), &["x.data", "no lines of numbers"]);
    let cdf = |text: &str| read_cdf(text.as_bytes(), "x_cdf.data");
    refused(cdf("1.0 0.5\n0.9 0.4\n"), &["x_cdf.data: line 2", "times ascend"]);
    refused(cdf("1.0 1.5\n"), &["x_cdf.data: line 1", "at most 1"]);
    refused(cdf("1.0\n"), &["x_cdf.data: line 1", "two numbers"]);
}
