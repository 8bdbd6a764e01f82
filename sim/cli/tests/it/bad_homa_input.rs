//! Bad input of experiments with Linux's Homa ends with exit code 2 and a message that names the
//! file, the key, the value and what is accepted; nothing is written.

use crate::common::{Sandbox, stderr};

const HOMA: &str = r#"
[topology]
preset = "linux-cluster-10"
[transport]
kind = "homa"
[workload]
sizes = "w3-kernel"
payload_load = 0.5
[measure]
warmup = "500us"
window = "2ms"
drain = "4ms"
[run]
seeds = [1]
"#;

/// Runs the experiment with `set` replaced and demands a failure whose message has all of `parts`.
fn refused(set: &[&str], parts: &[&str]) {
    let sandbox = Sandbox::new();
    sandbox.write("homa.toml", HOMA);
    let set = set.iter().flat_map(|text| ["--set", text]);
    let arguments: Vec<_> = ["run", "--no-png", "homa.toml", "--out", "out"].into_iter().chain(set).collect();
    let output = sandbox.run(&arguments);
    let message = stderr(&output);
    assert_eq!(output.status.code(), Some(2), "{message}");
    for part in ["homa.toml"].iter().chain(parts) {
        assert!(message.contains(part), "`{part}` is missing in:\n{message}");
    }
    assert_eq!(sandbox.files("out"), [], "{message}");
    for word in ["panicked", "u32", "f64", "variant"] {
        assert!(!message.contains(word), "`{word}` is no word for users:\n{message}");
    }
}

/// One key set to one value that is refused.
fn bad(set: &str, parts: &[&str]) {
    refused(&[set], &[&[set], parts].concat());
}

/// One that is found when everything is put together: the message has key and value, not the text.
fn impossible(set: &str, parts: &[&str]) {
    refused(&[set], parts);
}

#[test]
fn the_experiment_itself_is_accepted() {
    let sandbox = Sandbox::new();
    sandbox.write("homa.toml", HOMA);
    let output = sandbox.run(&["describe", "homa.toml"]);
    assert!(output.status.success(), "{}", stderr(&output));
}

#[test]
fn an_unknown_transport_is_refused_with_the_known_ones() {
    bad("transport.kind=tcp", &["unknown value `tcp`", "`sigcomm18`", "`homa`"]);
    bad("transport.quirks=fixed", &["unknown field `quirks`", "`kind`, `sigcomm18`, `homa`"]);
    bad("transport.homa.transmitt=pull", &["unknown field `transmitt`", "`transmit`"]);
}

#[test]
fn unknown_names_are_refused_with_the_known_ones() {
    bad("transport.homa.transmit=push", &["`push`", "`pull`, `immediate`, `old-pacer`, `qdisc`"]);
    bad("transport.homa.completes=done", &["`done`", "`response` or `request`"]);
    bad("transport.homa.wire=raw", &["`raw`", "`typed` or `encode`"]);
    bad("transport.homa.quirks=fixd", &["`fixd`", "`linux` or `fixed`"]);
    bad("transport.homa.quirks.q1=true", &["unknown field `q1`", "`redundant_grants`"]);
    bad("transport.homa.quirks.base=unix", &["`unix`", "`linux` or `fixed`"]);
    bad("transport.homa.quirks.redundant_grants=1", &["integer `1`", "a boolean"]);
    bad("workload.gaps=poisson", &["`poisson`", "`exponential` or `constant`"]);
    bad("measure.denominator=cluster-2022", &["`cluster-2022`", "`simulated`, `cluster-2023`, `cluster-2025`"]);
}

#[test]
fn a_response_is_one_of_three_things() {
    let accepted = "\"echo\", \"one-way\" or a number of bytes such as { bytes = 100 }";
    bad("transport.homa.response=ecko", &["\"ecko\"", accepted]);
    bad("transport.homa.response=bytes", &["\"bytes\"", accepted]);
    bad("transport.homa.response=100", &["integer `100`", accepted]);
    bad("transport.homa.response={}", &[accepted]);
    bad("transport.homa.response={bytes=100,each=2}", &[accepted]);
    bad("transport.homa.response={byte=100}", &["unknown field `byte`", "`bytes`"]);
    bad(
        "transport.homa.response={bytes=-3}",
        &["integer `-3`", "from 0 to 4294967295", "transport.homa.response.bytes"],
    );
    impossible("transport.homa.response={bytes=0}", &["transport.homa.response.bytes = 0", "1 to 1000000"]);
    impossible("transport.homa.response={bytes=1000001}", &["transport.homa.response.bytes = 1000001", "1 to 1000000"]);
}

#[test]
fn cutoffs_come_from_one_of_three_places() {
    let accepted = "\"sysctl\", { published = \"w4\" } or { homa-prio = { interval = \"1s\" } }";
    bad("transport.homa.cutoffs=w4", &["\"w4\"", accepted]);
    bad("transport.homa.cutoffs=published", &["\"published\"", accepted]);
    bad("transport.homa.cutoffs=[1, 2]", &[accepted]);
    bad("transport.homa.cutoffs={published=\"w4\",homa-prio={}}", &[accepted]);
    bad("transport.homa.cutoffs.publishd=w4", &["unknown field `publishd`", "`published` or `homa-prio`"]);
    bad("transport.homa.cutoffs.homa-prio.intervl=1s", &["unknown field `intervl`", "`interval`"]);
    bad("transport.homa.cutoffs.homa-prio.interval=1", &["integer `1`", "a time, such as \"150ms\""]);
    impossible("transport.homa.cutoffs.homa-prio.interval=0s", &["cutoffs.homa-prio.interval is 0", "longer"]);
    impossible(
        "transport.homa.cutoffs.published=w9",
        &["transport.homa.cutoffs.published = \"w9\"", "\"w1\", \"w2\", \"w3\", \"w4\", \"w5\""],
    );
}

#[test]
fn messages_longer_than_homa_carries_are_refused_with_sizes_that_fit() {
    for workload in ["w4", "w5"] {
        let hint = format!("such as \"{workload}-kernel\"");
        let set = format!("workload.sizes={workload}");
        impossible(&set, &["workload.sizes", &format!("{workload} has messages of"), "at most 1000000", &hint]);
    }
    impossible("workload.sizes=1000001", &["workload.sizes", "1000001 bytes", "at most 1000000", "give other sizes"]);
    bad("workload.sizes=w4-kernl", &["`w4-kernl`", "w4-kernel"]);
    let sandbox = Sandbox::new();
    sandbox.write("long.csv", "t_ns,src,dst,size\n600000.0,0,1,1000001\n");
    sandbox.write("homa.toml", &HOMA.replace("payload_load = 0.5", "trace = \"long.csv\""));
    let message = stderr(&sandbox.run(&["run", "--no-png", "homa.toml"]));
    assert!(message.contains("1000001 bytes") && message.contains("at most 1000000"), "{message}");
}

#[test]
fn a_least_size_is_an_amount_of_data_that_homa_carries() {
    bad("workload.least_size=12", &["integer `12`", "such as \"64KB\" or \"1500B\""]);
    bad("workload.least_size=\"12\"", &["`12`", "\"1500B\""]);
    impossible("workload.least_size=0B", &["workload.least_size", "0B", "1B to 1000000B"]);
    impossible("workload.least_size=2MB", &["workload.least_size", "2MB", "1B to 1000000B"]);
}

#[test]
fn clients_and_servers_are_as_many_as_there_are_hosts_and_never_one_alone() {
    for key in ["clients", "servers"] {
        let accepted = "accepted are 1 to 10";
        let name = format!("workload.{key}");
        impossible(&format!("{name}=0"), &[&name, &format!("0 {key}"), accepted]);
        impossible(&format!("{name}=11"), &[&name, &format!("11 {key}"), accepted]);
        bad(&format!("{name}=-1"), &["integer `-1`", "a whole number from 0"]);
        bad(&format!("{name}=1.5"), &["`1.5`", "a whole number from 0"]);
    }
    impossible("workload.servers=1", &["workload.servers", "host 9", "at least 2 servers, or at most 9 clients"]);
}

#[test]
fn threads_and_limits_go_together() {
    impossible("workload.threads=0", &["workload.threads", "0 is not possible", "1 to 1024"]);
    impossible("workload.threads=1025", &["workload.threads", "1025 is not possible", "1 to 1024"]);
    impossible("workload.limit=0", &["workload.limit", "0 is not possible", "1 and more"]);
    refused(
        &["workload.threads=4", "workload.limit=3"],
        &["workload.limit", "3 is not possible", "workload.threads = 4", "4 and more"],
    );
}

#[test]
fn loss_is_a_probability_below_1() {
    for (value, told) in [("1.0", "1"), ("1", "1"), ("1.5", "1.5"), ("-0.1", "-0.1"), ("nan", "NaN"), ("inf", "inf")] {
        let parts = ["faults.loss", &format!(" {told} is not"), "0 up to, but not including, 1"];
        impossible(&format!("faults.loss={value}"), &parts);
    }
    bad("faults.loss=little", &["\"little\"", "a number"]);
    bad("faults.lost=0.1", &["unknown field `lost`", "`loss` or `deaths`"]);
}

#[test]
fn deaths_are_those_of_hosts_that_there_are() {
    impossible("faults.deaths=[{host=10,at=\"1ms\"}]", &["faults.deaths", "no host 10", "0 to 9"]);
    impossible("faults.deaths=[{host=1,at=\"1ms\"},{host=1,at=\"2ms\"}]", &["faults.deaths", "host 1 dies twice"]);
    bad("faults.deaths=[{host=-1,at=\"1ms\"}]", &["`-1`", "a whole number from 0", "faults.deaths.host"]);
    bad("faults.deaths=[{host=1}]", &["missing field `at`"]);
    bad("faults.deaths=[{host=1,at=5}]", &["integer `5`", "such as \"150ms\"", "faults.deaths.at"]);
    bad("faults.deaths=[{host=1,when=\"5ms\"}]", &["unknown field `when`", "`host` or `at`"]);
    bad("faults.deaths={host=1,at=\"5ms\"}", &["table, expected a list"]);
}

#[test]
fn the_mtu_leaves_room_for_data_and_frames_can_be_counted() {
    for mtu in ["10", "76"] {
        impossible(&format!("transport.homa.mtu={mtu}"), &["transport.homa.mtu", mtu, "at least 77"]);
    }
    impossible("transport.homa.mtu=65518", &["transport.homa.mtu = 65518", "at most 65517"]);
}

#[test]
fn the_largest_mtu_runs() {
    let sandbox = Sandbox::new();
    sandbox.write("homa.toml", HOMA);
    let set = ["--set", "transport.homa.mtu=65517", "--set", "workload.sizes=200000", "--set", "measure.window=200us"];
    let output = sandbox.run(&[&["run", "--no-png", "homa.toml"], &set[..]].concat());
    assert!(output.status.success(), "{}", stderr(&output));
}

#[test]
fn a_receive_region_holds_two_of_the_longest_messages() {
    impossible("transport.homa.receive_bpages=1", &["transport.homa.receive_bpages = 1", "32 to 65536"]);
    impossible("transport.homa.receive_bpages=65537", &["transport.homa.receive_bpages = 65537", "32 to 65536"]);
}

#[test]
fn sysctls_are_those_of_the_kernel_within_their_ranges() {
    bad("transport.homa.sysctl.max_overcomit=3", &["unknown field `max_overcomit`", "`max_overcommit`"]);
    bad("transport.homa.sysctl.cutoff_version=3", &["unknown field `cutoff_version`"]);
    bad("transport.homa.sysctl.max_overcommit=9", &["max_overcommit = 9", "from 1 to 8"]);
    bad("transport.homa.sysctl.num_priorities=0", &["num_priorities = 0", "from 1 to 8"]);
    bad("transport.homa.sysctl.link_mbps=0", &["link_mbps = 0", "from 1 to 2147483647"]);
    bad("transport.homa.sysctl.window=4294967295", &["window = 4294967295", "from 0 to 2147483647"]);
    bad("transport.homa.sysctl.unsched_bytes=-1", &["`-1`", "a whole number from 0", "sysctl.unsched_bytes"]);
    bad("transport.homa.sysctl.unsched_cutoffs=[1,2,3]", &["invalid length 3", "an array of length 8"]);
    bad("transport.homa.sysctl=3", &["integer `3`", "a table of sysctls"]);
}

#[test]
fn denominators_that_do_not_fit_are_refused_with_those_that_do() {
    impossible(
        "measure.denominator=sigcomm18",
        &[
            "measure.denominator",
            "\"sigcomm18\"",
            "request and response is measured",
            "\"cluster-2023\" or \"cluster-2025\"",
        ],
    );
    refused(
        &["measure.denominator=cluster-2023", "transport.homa.completes=request"],
        &["measure.denominator", "\"cluster-2023\"", "one way is measured", "\"simulated\""],
    );
}

#[test]
fn a_load_beyond_the_wire_is_refused() {
    impossible(
        "workload.payload_load=0.95",
        &["workload.payload_load", "wire load of 1.0", "headers included", "give less"],
    );
    bad("workload.load=1.0", &["can't carry it", "less than 1"]);
}

#[test]
fn faults_need_a_transport_that_copes() {
    refused(
        &["transport.kind=sigcomm18", "faults.loss=0.1"],
        &["faults", "sigcomm18 does not retransmit", "transport.kind = \"homa\""],
    );
}

#[test]
fn in_the_file_itself_a_bad_value_is_shown_with_its_line() {
    let sandbox = Sandbox::new();
    for (from, to, parts) in [
        ("kind = \"homa\"", "kind = \"tcp\"", ["line 5", "unknown value `tcp`"]),
        ("seeds = [1]", "seeds = [1]\n[[variant]]\nname = \"x\"\nset = \"y\"", ["line 17", "expected a list"]),
        ("payload_load = 0.5", "payload_load = 0.5\nclients = \"all\"", ["line 9", "a whole number from 0"]),
    ] {
        sandbox.write("homa.toml", &HOMA.replace(from, to));
        let output = sandbox.run(&["run", "--no-png", "homa.toml"]);
        let message = stderr(&output);
        assert_eq!(output.status.code(), Some(2), "{message}");
        for part in ["homa.toml"].iter().chain(&parts) {
            assert!(message.contains(part), "`{part}` is missing in:\n{message}");
        }
    }
}
