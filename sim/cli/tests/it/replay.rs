//! `replay` ends with the right exit code, says what differs, and prints an object for each node.

use crate::common::{Sandbox, stderr, stdout};
use serde_json::Value;
use std::path::Path;

fn capture(name: &str) -> String {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../protocol/tests/captures").join(name).display().to_string()
}

#[test]
fn captures_that_match_end_with_0() {
    let sandbox = Sandbox::new();
    let output =
        sandbox.run(&["replay", &capture("01a-short-first-contact.pcap"), &capture("07a-drop-middle-of-request.csv")]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let text = stdout(&output);
    for part in ["bounds: processing up to 10 ms", "07a-drop-middle-of-request 10.0.0.3: 4 packets", "inferred"] {
        assert!(text.contains(part), "`{part}` is missing in:\n{text}");
    }
}

#[test]
fn a_difference_ends_with_1_and_is_shown() {
    let sandbox = Sandbox::new();
    let output = sandbox.run(&["replay", &capture("06a-two-clients-500k-50mbps"), "--node", "10.0.0.2"]);
    assert_eq!(output.status.code(), Some(1), "{}", stderr(&output));
    let text = stdout(&output);
    for part in ["missing", "extra", "recorded  DATA", "core      DATA", "data_offset 4272"] {
        assert!(text.contains(part), "`{part}` is missing in:\n{text}");
    }
}

#[test]
fn what_cannot_be_read_ends_with_2() {
    let sandbox = Sandbox::new();
    for arguments in [vec!["replay", "missing.pcap"], vec!["replay"], vec!["replay", "x", "--processing-ms", "-1"]] {
        let output = sandbox.run(&arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
    }
    sandbox.write("bad.pcap", "no pcap file");
    let output = sandbox.run(&["replay", "bad.pcap"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("bad.pcap: not a pcap file"), "{}", stderr(&output));
}

#[test]
fn json_is_one_object_for_each_node() {
    let sandbox = Sandbox::new();
    let output = sandbox.run(&["replay", "--json", &capture("15a-tso-max_gso_size-10000-20k-60k.log")]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let text = stdout(&output);
    let nodes: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).expect("an object")).collect();
    assert_eq!(nodes.len(), 2);
    for (node, address) in nodes.iter().zip(["10.0.0.1", "10.0.0.3"]) {
        assert_eq!(node["capture"], "15a-tso-max_gso_size-10000-20k-60k");
        assert_eq!(node["node"], address);
        let number = |key: &str| node[key].as_u64().unwrap_or_else(|| panic!("{key} is a number"));
        let sum = number("matched") + number("missing") + number("differing") + number("undetermined");
        assert_eq!(number("packets"), sum);
        assert_eq!((number("rpcs"), number("extra")), (1, 0));
        let reasons = node["undetermined_reasons"].as_object().expect("reasons");
        let counted: u64 = reasons.values().map(|count| count.as_u64().expect("a number")).sum();
        assert_eq!(counted, number("undetermined"));
    }
}

#[test]
fn wider_bounds_let_a_capture_match() {
    let sandbox = Sandbox::new();
    let name = capture("18b-response-without-rcvbuf");
    assert_eq!(sandbox.run(&["replay", &name]).status.code(), Some(1));
    assert_eq!(sandbox.run(&["replay", &name, "--tick-max-ms", "19"]).status.code(), Some(0));
}
