//! What a user is told before and after a run of what its network has to carry, and of what has no
//! effect.

use crate::common::{Sandbox, TINY, stderr, stdout};
use serde_json::Value;

const NARROW: &str = r#"
[leaf-spine]
racks = 2
hosts_per_rack = 4
spines = 1
host_rate = "10Gbps"
uplink_rate = "10Gbps"
[leaf-spine.delays]
software_send = "500ns"
software_receive = "500ns"
nic = "500ns"
switch = "250ns"
link = "0ps"
"#;

fn sandbox() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.write("net.toml", NARROW);
    sandbox.write("tiny.toml", &TINY.replace("preset = \"sigcomm18-16\"", "file = \"net.toml\""));
    sandbox
}

#[test]
fn an_overloaded_network_is_an_error_of_every_command_unless_it_is_accepted() {
    let sandbox = sandbox();
    for command in
        [&["run", "tiny.toml", "--no-png", "--out", "out"][..], &["plan", "tiny.toml"], &["describe", "tiny.toml"]]
    {
        let refused = sandbox.run(command);
        let message = stderr(&refused);
        assert_eq!(refused.status.code(), Some(2), "{message}");
        for part in ["w3-0.6: the network is overloaded", "tor-spine", "a load of", "fits", "--allow-overload"] {
            assert!(message.contains(part), "`{part}` is missing in:\n{message}");
        }
        let accepted = sandbox.run(&[command, &["--allow-overload"]].concat());
        assert!(accepted.status.success(), "{}", stderr(&accepted));
    }
    // What is repeated from a manifest was accepted before.
    let again = sandbox.run(&["run", "out/manifest.toml", "--no-png", "--out", "again", "--quiet"]);
    assert!(again.status.success(), "{}", stderr(&again));
    assert!(stderr(&again).contains("warning: w3-0.6: overloaded: "), "{}", stderr(&again));
    assert!(stderr(&again).contains("note: w3-0.6: the network is overloaded"), "{}", stderr(&again));
}

#[test]
fn plan_and_describe_tell_the_utilisation_of_every_tier() {
    let sandbox = sandbox();
    let load = ["--set", "workload.load=0.3"];
    for command in ["describe", "plan"] {
        let text = stdout(&sandbox.run(&[&[command, "tiny.toml"], &load[..]].concat()));
        for tier in ["host-tor 0.30", "tor-spine 0.68", "spine-tor 0.68", "tor-host 0.30"] {
            assert!(text.contains(tier), "`{tier}` is missing in:\n{text}");
        }
    }
    let json = stdout(&sandbox.run(&[&["plan", "tiny.toml", "--json"], &load[..]].concat()));
    let line: Value = serde_json::from_str(json.lines().next().unwrap()).unwrap();
    assert_eq!(line["busiest_tier"], "tor-spine");
    assert!((line["utilisation"]["tor-spine"].as_f64().unwrap() - 0.68).abs() < 0.02, "{line}");
}

#[test]
fn notes_are_in_the_summary_and_the_report_and_are_told_quietly() {
    let sandbox = sandbox();
    let set = ["--set", "workload.load=0.3", "--set", "transport.sigcomm18.rtt_bytes=5KB"];
    let output =
        sandbox.run(&[&["run", "tiny.toml", "--no-png", "--out", "out", "--quiet", "--report"], &set[..]].concat());
    assert!(output.status.success(), "{}", stderr(&output));
    let note = "transport.sigcomm18.rtt_bytes = \"5KB\" is less than fills an idle round trip";
    assert!(stderr(&output).contains(&format!("note: w3-0.3: {note}")), "{}", stderr(&output));
    let read = |name: &str| std::fs::read_to_string(sandbox.path(name)).unwrap();
    let summary: Value = serde_json::from_str(&read("out/w3-0.3/summary.json")).unwrap();
    assert!(summary["notes"][0].as_str().unwrap().starts_with(note), "{summary}");
    assert!(read("out/report.html").contains("is less than fills an idle round trip"));
}

#[test]
fn cases_that_differ_in_settings_and_not_in_a_packet_are_told() {
    let sandbox = Sandbox::new();
    let sweep = "[sweep]\nmeasure.denominator = [\"sigcomm18\", \"simulated\"]\n";
    sandbox.write("tiny.toml", &format!("{TINY}{sweep}"));
    let output = sandbox.run(&["run", "tiny.toml", "--no-png", "--out", "out"]);
    let message = stderr(&output);
    let told = "note: the cases w3-0.6-denominator-sigcomm18 and w3-0.6-denominator-simulated have the same digest: no \
                packet differs, although measure.denominator is \"sigcomm18\" in w3-0.6-denominator-sigcomm18";
    assert!(message.contains(told), "{message}");
    sandbox.write("other.toml", &TINY.replace("load = 0.6", "load = [0.3, 0.6]"));
    let output = sandbox.run(&["run", "other.toml", "--no-png", "--out", "other"]);
    assert!(!stderr(&output).contains("same digest"), "{}", stderr(&output));
}
