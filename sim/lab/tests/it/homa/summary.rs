//! What a summary has of each transport, and that its numbers of short messages are those of the records.

use crate::homa::support::{ECHO, Lab, metric};
use homa_lab::{CaseSummary, MessageRecord};
use serde_json::Value;

fn json(summary: &CaseSummary) -> Value {
    serde_json::to_value(summary).unwrap()
}

#[test]
fn homa_has_metrics_and_sigcomm18_has_receivers() {
    let lab = Lab::new(&ECHO.replace("2ms", "500us"));
    let homa = json(&lab.run(&[]).0);
    assert!(homa.get("receivers").is_none());
    let metrics = homa["metrics"].as_object().unwrap();
    assert!(metrics.values().all(|value| value.as_u64().unwrap() > 0), "what is zero is left out");
    assert_eq!(homa["parameters"]["sysctl"]["unsched_bytes"], 40_000);
    assert_eq!(homa["parameters"]["transmit"], "pull");
    let sigcomm18 = json(&lab.run(&["transport.kind=sigcomm18"]).0);
    assert!(sigcomm18.get("metrics").is_none());
    assert!(sigcomm18["receivers"]["first_grants"].as_u64().unwrap() > 0);
    assert!(sigcomm18["parameters"]["overcommitment"].is_number());
    let keys = |summary: &Value| {
        let all = summary.as_object().unwrap().keys().cloned();
        all.filter(|key| !["metrics", "receivers", "notes"].contains(&key.as_str())).collect::<Vec<_>>()
    };
    assert_eq!(keys(&homa), keys(&sigcomm18));
    for field in ["short_messages", "messages_failed", "messages_abandoned", "lost_packets"] {
        assert!(!homa[field].is_null(), "{field}");
    }
}

#[test]
fn metrics_are_added_up_over_hosts_and_runs_or_the_largest() {
    let lab = Lab::new(&ECHO.replace("2ms", "500us"));
    let [one, two, both] = ["[1]", "[2]", "[1, 2]"].map(|seeds| lab.run(&[&format!("run.seeds={seeds}")]).0);
    let of = |name: &str| [&one, &two, &both].map(|summary| metric(summary, name));
    for name in ["packets_sent_DATA", "packets_rcvd_DATA", "priority7_bytes", "requests_received"] {
        let [one, two, both] = of(name);
        assert!(one > 0 && two > 0 && both == one + two, "{name}: {one}, {two}, {both}");
    }
    let [one, two, both] = of("peak_total_incoming");
    assert!(one > 0 && two > 0 && both == one.max(two), "{one}, {two}, {both}");
    // Each RPC is one request and one response.
    assert_eq!(of("requests_received")[2], both_created(&lab));
    assert_eq!(of("responses_received"), of("requests_received"));
}

fn both_created(lab: &Lab) -> u64 {
    lab.run(&["run.seeds=[1, 2]"]).0.messages_created
}

/// The latency of nearest rank in microseconds: for n samples the one of rank ceil(q n).
fn nearest_rank(records: &[MessageRecord], largest: u64, per_mille: u64) -> (u64, f64) {
    let short = records.iter().filter(|record| record.message.size.get() <= largest);
    let mut latencies: Vec<_> =
        short.map(|record| record.latency.map_or(u64::MAX, |latency| latency.as_ps())).collect();
    latencies.sort_unstable();
    let rank = (latencies.len() as u64 * per_mille).div_ceil(1_000).max(1);
    (latencies.len() as u64, latencies[rank as usize - 1] as f64 / 1e6)
}

fn agrees_with_the_records(summary: &CaseSummary, records: &[MessageRecord], largest: u64) {
    let short = &summary.short_messages;
    let (count, p50) = nearest_rank(records, largest, 500);
    assert_eq!((short.bytes_max, short.count), (largest, count));
    assert_eq!(short.p50_us, Some(p50));
    assert_eq!(short.p99_us, Some(nearest_rank(records, largest, 990).1));
    assert_eq!(short.min_us, Some(nearest_rank(records, largest, 0).1));
}

#[test]
fn short_messages_are_the_shortest_size_that_more_than_a_tenth_does_not_exceed() {
    // A tenth has up to 200 bytes, and more than a tenth up to 300.
    let sizes = "size_bytes,cum_prob\n100,0.05\n200,0.1\n300,0.3\n5000,1\n";
    let lab = Lab::new(&ECHO.replace("\"w3-kernel\"", "\"four.csv\""));
    lab.write("four.csv", sizes);
    for set in [&[][..], &["run.seeds=[1, 2]"], &["faults.loss=0.01"]] {
        let (summary, records) = lab.run(set);
        agrees_with_the_records(&summary, &records, 300);
        let share = summary.short_messages.count as f64 / summary.messages as f64;
        assert!((0.27..0.33).contains(&share), "{share}");
    }
    lab.write("four.csv", &sizes.replace("200,0.1", "200,0.11"));
    let (summary, records) = lab.run(&[]);
    agrees_with_the_records(&summary, &records, 200);
}

#[test]
fn short_messages_of_shipped_sizes_and_of_one_size_agree_too() {
    let lab = Lab::new(ECHO);
    let (summary, records) = lab.run(&[]);
    agrees_with_the_records(&summary, &records, 36);
    let (summary, records) = lab.run(&["workload.sizes=5000"]);
    agrees_with_the_records(&summary, &records, 5_000);
    assert_eq!(summary.short_messages.count, summary.messages);
    let (summary, records) = lab.run(&["transport.kind=sigcomm18"]);
    agrees_with_the_records(&summary, &records, 36);
}
