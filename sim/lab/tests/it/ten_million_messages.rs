//! Files with ten million messages: how long they take, with how much memory, and that their quantiles are right. Ignored,
//! as it writes a gigabyte of text: `cargo test --release -p homa-lab --test it -- ten_million_messages --ignored --nocapture`.

use cpu_time::ThreadTime;
use homa_analysis::cluster::{Baseline, ClusterDigest, RttPool, read_rtts};
use homa_analysis::{LOGARITHMIC_WIDTH, Precision, SizeBins, SlowdownRecorder, SlowdownSummary, read_messages};
use homa_units::Bytes;
use std::fs::File;
use std::io::{BufReader, BufWriter, Write};
use std::path::Path;
use std::time::Instant;

const MESSAGES: u64 = 10_000_000;
const EXACT_LIMIT: usize = 4_000_000;

/// Size and slowdown of a message: slowdown `u` of rank `u` in 1 to 50, whatever the size.
fn message(number: u64) -> (u64, f64) {
    let mixed = number.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let rank = mixed >> 11;
    (60 + number % 997 * 100, 1.0 + 49.0 * rank as f64 / (1_u64 << 53) as f64)
}

fn generate(path: &Path, header: &str, line: impl Fn(&mut dyn Write, u64)) {
    let mut file = BufWriter::new(File::create(path).unwrap());
    writeln!(file, "{header}").unwrap();
    (0..MESSAGES).for_each(|number| line(&mut file, number));
    file.flush().unwrap();
}

/// What this process has had in memory at most since the last call, as Linux tells it.
fn peak_mb() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let _ = std::fs::write("/proc/self/clear_refs", "5");
    peak.and_then(|line| line.trim().strip_suffix(" kB"))
        .and_then(|kb| kb.trim().parse::<f64>().ok())
        .unwrap_or(f64::NAN)
        / 1e3
}

fn report(what: &str, begin: Instant, cpu: ThreadTime, precision: Precision) {
    let (wall_s, cpu_s) = (begin.elapsed().as_secs_f64(), cpu.elapsed().as_secs_f64());
    println!("{what}: {wall_s:.1} s, {cpu_s:.1} s CPU, peak {:.0} MB, {precision:?}", peak_mb());
}

fn close(ours: f64, expected: f64) {
    // The draws are equidistant to better than 1e-4; the rest is the width of the cells.
    assert!((ours / expected - 1.0).abs() <= LOGARITHMIC_WIDTH + 1e-3, "{ours} instead of {expected}");
}

#[expect(clippy::disallowed_methods, reason = "how long it takes is what is measured")]
fn now() -> Instant {
    Instant::now()
}

#[test]
#[ignore = "writes and reads a gigabyte"]
fn ten_million_messages_are_read_in_seconds_with_bounded_memory() {
    let folder = tempfile::tempdir().unwrap();
    let (messages, rtts) = (folder.path().join("messages.csv"), folder.path().join("homa_w4-1.rtts"));
    generate(&messages, "created_ps,source,destination,bytes,latency_ps,slowdown", |file, number| {
        let (bytes, slowdown) = message(number);
        writeln!(
            file,
            "{},{},{},{bytes},{},{slowdown}",
            number * 1_000,
            number % 144,
            number % 143,
            number % 9_999_991
        )
        .unwrap();
    });
    generate(&rtts, "# Round-trip times", |file, number| {
        let (bytes, slowdown) = message(number);
        writeln!(file, "{bytes:8} {:12.2}", 10.0 * slowdown).unwrap();
    });

    peak_mb();
    let (begin, cpu) = (now(), ThreadTime::now());
    let mut recorder = SlowdownRecorder::new(SizeBins::with_edges(&[]), EXACT_LIMIT);
    let file = BufReader::new(File::open(&messages).unwrap());
    read_messages(file, "messages.csv", |row| {
        recorder.record(Bytes::new(row.bytes), row.slowdown);
        Ok(())
    })
    .unwrap();
    let summary = SlowdownSummary::pool(vec![recorder]);
    let (p50, p99, _) = summary.overall();
    report("messages.csv", begin, cpu, summary.precision());
    assert_eq!(summary.count(), MESSAGES);
    assert_ne!(summary.precision(), Precision::Exact);
    close(p50, 25.5);
    close(p99, 49.51);
    drop(summary);

    peak_mb();
    let (begin, cpu) = (now(), ThreadTime::now());
    let mut pool = RttPool::new(EXACT_LIMIT);
    let file = BufReader::new(File::open(&rtts).unwrap());
    read_rtts(file, "homa_w4-1.rtts", |length, rtt| pool.add(length, rtt)).unwrap();
    // Ten microseconds for all lengths but for a nanosecond.
    let digest = ClusterDigest::new(&pool, &Baseline::Formula { base_us: 10.0, link_mbps: 1_000_000_000 }).unwrap();
    report(".rtts", begin, cpu, digest.precision);
    assert_eq!(digest.samples, MESSAGES);
    close(digest.mean_slowdown, 25.5);
    close(digest.short.p99_us, 495.1);
}
