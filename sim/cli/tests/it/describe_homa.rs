//! `homasim describe` says of Linux's Homa what RPCs are, how many bytes go unasked and where cutoffs come from, and which
//! variants there are; notes tell of a pacer with a wrong idea of its link.

use crate::common::{Sandbox, stderr, stdout};

const HOMA: &str = r#"
[topology]
preset = "linux-cluster"
[transport]
kind = "homa"
[workload]
sizes = 100000
payload_load = 0.5
[measure]
warmup = "0ps"
window = "1ms"
drain = "4ms"
[run]
seeds = [1, 2]
"#;

fn describe(arguments: &[&str]) -> String {
    let sandbox = Sandbox::new();
    let variants = "[[variant]]\nname = \"a\"\n[[variant]]\nname = \"b\"\nset = [\"transport.homa.transmit=qdisc\"]\n";
    sandbox.write("homa.toml", &format!("{HOMA}{variants}"));
    let output = sandbox.run(&[&["describe", "homa.toml"], arguments].concat());
    assert!(output.status.success(), "{}", stderr(&output));
    assert_eq!(sandbox.files(".").len(), 1);
    stdout(&output)
}

/// Demands that a text has these lines, apart from spaces.
fn has_lines(text: &str, lines: &[&str]) {
    let plain = |line: &str| line.split_whitespace().collect::<Vec<_>>().join(" ");
    let all: Vec<_> = text.lines().map(plain).collect();
    for line in lines {
        assert!(all.iter().any(|other| other == line), "`{line}` is missing in:\n{text}");
    }
}

#[test]
fn the_transport_is_described_by_rpcs_bytes_and_cutoffs() {
    let text = describe(&[]);
    has_lines(
        &text,
        &[
            "network linux-cluster: 40 hosts at 25Gbps, 1 switches",
            "100000-payload-0.5-a",
            "100000-payload-0.5-b",
            "rpcs response echo, complete with the response; transmit pull, quirks linux",
            "rpcs response echo, complete with the response; transmit qdisc, quirks linux",
            "bytes 40000 unscheduled, a window by max_incoming = 400000, 8 messages granted at a time, levels: unscheduled 4 to 7, scheduled 0 to 3, MTU 1500",
            "cutoffs [0, 0, 0, 0, 1000000, 15000, 2800, 200]",
        ],
    );
    assert!(text.contains("\n2 cases: about"), "{text}");
}

#[test]
fn what_is_set_is_described() {
    let set = [
        "transport.homa.response=one-way",
        "transport.homa.completes=request",
        "transport.homa.quirks.redundant_grants=false",
        "transport.homa.cutoffs.published=w4",
        "transport.homa.sysctl.window=60000",
        "transport.homa.mtu=3000",
    ];
    let text = describe(&set.iter().flat_map(|text| ["--set", text]).collect::<Vec<_>>());
    has_lines(
        &text,
        &[
            "rpcs response one-way, complete with the request; transmit pull, quirks linux but for redundant_grants",
            "bytes 40000 unscheduled, a window of 60000, 8 messages granted at a time, levels: unscheduled 6 to 7, scheduled 0 to 5, MTU 3000",
            "cutoffs published for w4",
        ],
    );
}

/// 72 packets with 114 bytes of headers, gaps and preamble each, and 71 grants of 91 bytes, both ways.
#[test]
fn the_load_is_taken_apart_and_what_is_expected_follows_from_it() {
    let (headers, grants) = (0.5 * 72.0 * 114.0 / 100_000.0, 0.5 * 71.0 * 91.0 / 100_000.0);
    let per_second = 0.25 * 25e9 / 800_000.0;
    let load = format!(
        "load {:.4} of the wire: message bytes 0.5000, headers {headers:.4}, and about {grants:.4} more for grants; \
         {per_second:.0} messages/s per client, one in {:.3} us",
        0.5 + headers,
        1e6 / per_second
    );
    // Two runs of 1 ms, 40 hosts; each RPC is 143 packets a way, over two links.
    let messages = per_second * 1e-3 * 80.0;
    let expected =
        format!("expected {messages:.3e} messages in the window, {:.3e} packet-hops,", messages * 4.0 * 143.0);
    let text = describe(&[]);
    let plain = text.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(plain.contains(&load), "{load}\n{text}");
    assert!(plain.contains(&expected), "{expected}\n{text}");
}

#[test]
fn a_pacer_that_is_told_another_rate_than_the_links_is_noted() {
    let told = "told that links have 10000 Mbps, but hosts have 25Gbps; set transport.homa.sysctl.link_mbps";
    // One of the two variants has a pacer, and both have FIFO grants.
    let text = describe(&["--set", "transport.homa.sysctl.link_mbps=10000"]);
    assert_eq!(text.matches(told).count(), 2);
    assert_eq!(text.matches(&format!("the pacer and FIFO grants are {told}")).count(), 1);
    assert!(!describe(&[]).contains("told that"));
}
