//! `homasim bench` prints what it promises, and ends with the right exit code.

use crate::common::{Sandbox, stderr, stdout};
use serde_json::Value;

const QUICK: [&str; 4] = ["bench", "smoke", "--runs=1", "--no-instructions"];

#[test]
fn the_json_line_of_a_scenario_has_every_promised_field() {
    let sandbox = Sandbox::new();
    let output = sandbox.run(&[&QUICK[..], &["--json"]].concat());
    assert!(output.status.success(), "{}", stderr(&output));
    let line: Value = serde_json::from_str(&stdout(&output)).expect("one JSON object");
    assert_eq!((line["scenario"].as_str(), line["hosts"].as_u64()), (Some("smoke"), Some(16)));
    assert_eq!((line["runs"].as_u64(), line["simulated_ms"].as_f64()), (Some(1), Some(0.3)));
    let positive = [
        "packet_hops",
        "events",
        "packet_hops_per_cpu_s",
        "packet_hops_per_cpu_s_min",
        "packet_hops_per_cpu_s_max",
        "simulated_ms_per_cpu_s",
        "events_per_packet_hop",
        "messages_in_flight_mean",
    ];
    for field in positive {
        assert!(line[field].as_f64().is_some_and(|value| value > 0.0), "{field} in {line}");
    }
    assert!(line["rustc"].as_str().is_some_and(|version| version.starts_with("rustc ")), "{line}");
    let left_out = ["instructions_per_packet_hop", "instructions_tool"];
    assert!(left_out.iter().all(|field| line.get(field) == Some(&Value::Null)), "{line}");
    for field in ["bytes_per_host", "bytes_per_message_in_flight"] {
        let value = line.get(field).expect(field);
        // So small a network may find room under load in what it has already.
        assert!(value.as_f64().map_or(!cfg!(target_os = "linux"), |bytes| bytes >= 0.0), "{field} in {line}");
    }
    assert!(sandbox.files(".").is_empty(), "no results are written");
}

#[test]
fn the_table_has_a_line_for_each_scenario() {
    let output = Sandbox::new().run(&QUICK);
    let text = stdout(&output);
    assert!(output.status.success(), "{}", stderr(&output));
    assert!(text.contains("Mhops/s") && text.lines().last().is_some_and(|line| line.starts_with("smoke")), "{text}");
}

#[test]
fn an_unknown_scenario_is_answered_with_the_known_ones() {
    let output = Sandbox::new().run(&["bench", "sigcomm18-w6"]);
    assert_eq!(output.status.code(), Some(2));
    let text = stderr(&output);
    assert!(text.contains("unknown scenario \"sigcomm18-w6\""), "{text}");
    assert!(["sigcomm18-w1", "homa-w4", "fat-tree-8192-w4"].iter().all(|name| text.contains(name)), "{text}");
}

#[test]
fn what_excludes_each_other_is_refused() {
    for pair in
        [["--check", "--update=x"], ["--check", "--no-instructions"], ["--all", "smoke"], ["--update=", "smoke"]]
    {
        let output = Sandbox::new().run(&[&["bench"], &pair[..]].concat());
        assert_eq!(output.status.code(), Some(2), "{pair:?}");
    }
}
