//! Golden digests of `homa`: the trajectory of a run is the same on every machine, in debug and release, for any number of
//! threads and whether or not packets go through the wire format, and has not changed. A change that moves results changes
//! them on purpose, and the change log says so.

use homa_lab::{CaseSummary, Control, Override, cases, load_experiment, run_case};
use std::collections::BTreeSet;
use std::sync::atomic::AtomicBool;

const SHORT: &str = r#"
[topology]
preset = "linux-cluster-10"
[transport]
kind = "homa"
[transport.homa]
quirks = { pacer_idle_until_configured = false }
[workload]
sizes = "w4-kernel"
payload_load = 0.6
[measure]
warmup = "300us"
window = "1ms"
drain = "20ms"
background = "stop"
[run]
seeds = [1]
"#;

/// The network, sizes, load and times of the paper's transport, on which the Linux core has to do otherwise.
const PAPER: [&str; 3] =
    ["topology.preset=sigcomm18-16", "transport.homa.sysctl.link_mbps=10000", "workload.sizes=w3-kernel"];

fn summary(jobs: usize, overrides: &[&str]) -> CaseSummary {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("short.toml");
    std::fs::write(&path, SHORT).unwrap();
    let overrides: Vec<Override> = overrides.iter().map(|text| text.parse().unwrap()).collect();
    let case = cases(&path, &load_experiment(&path, &overrides).unwrap()).unwrap().remove(0);
    let interrupted = AtomicBool::new(false);
    let control = Control { interrupted: &interrupted, progress: &|_, _| {}, threads: 1 };
    let pool = rayon::ThreadPoolBuilder::new().num_threads(jobs).build().unwrap();
    pool.install(|| run_case(&case, &control)).unwrap().summary
}

/// Hosts wait for a dead one only as long as a run goes on.
const DEATH: [&str; 3] = [
    "faults.deaths=[{ host = 3, at = \"700us\" }]",
    "transport.homa.sysctl.resend_ticks=2",
    "transport.homa.sysctl.timeout_ticks=8",
];

const GOLDEN: [(&[&str], &str); 17] = [
    (&[], "5b533b690978d55c"),
    (&["run.seeds=[2]"], "f42e7794ccea507c"),
    (&["workload.sizes=w3-kernel"], "6db0aacb0b1319ef"),
    (&PAPER, "d3fc1a198f3627f8"),
    (&["transport.homa.transmit=immediate"], "2bbde04ce957f0c6"),
    (&["transport.homa.transmit=old-pacer"], "98a83807fc2e35cd"),
    (&["transport.homa.transmit=qdisc"], "e3283b376202ddc0"),
    (&["transport.homa.quirks=fixed"], "22130b0cf31834a9"),
    (&["transport.homa.completes=request"], "e80a59291d40d782"),
    (&["transport.homa.response=one-way"], "87a6f569f8087773"),
    (&["faults.loss=0.01"], "0ece98f00c5e7bce"),
    (&DEATH, "10e9888d4e8a34eb"),
    (&["workload.threads=3", "workload.limit=7", "workload.gaps=constant"], "63c3dca1c957c8b9"),
    (&["workload.clients=7", "workload.servers=5"], "26c2cd11a018c29e"),
    (&["transport.homa.mtu=3000", "transport.homa.sysctl.max_gso_size=10000"], "fea3103d3a55c642"),
    (&["transport.homa.cutoffs.published=w4", "workload.sizes=w5-kernel"], "bbb21580a8a10133"),
    (&["transport.homa.cutoffs={ homa-prio = { interval = \"100us\", min_messages = 2 } }"], "2e9469469f7afe3e"),
];

#[test]
fn the_golden_digests_are_unchanged() {
    let digests: Vec<_> = GOLDEN.iter().map(|(set, _)| (*set, summary(2, set).digest)).collect();
    let golden = GOLDEN.map(|(set, digest)| (set, digest.to_owned()));
    assert_eq!(digests, golden);
    for (position, (set, digest)) in GOLDEN.iter().enumerate() {
        assert!(GOLDEN[..position].iter().all(|(_, other)| other != digest), "{set:?} changes nothing");
    }
}

#[test]
fn packets_that_go_through_the_wire_format_are_the_same() {
    let mut kinds = BTreeSet::new();
    for (set, digest) in GOLDEN {
        let set = [set, &["transport.homa.wire=encode"]].concat();
        let summary = summary(2, &set);
        assert_eq!(summary.digest, digest, "{set:?}");
        let names = summary.metrics.unwrap().into_keys();
        kinds.extend(names.filter_map(|name| name.strip_prefix("packets_rcvd_").map(str::to_owned)));
    }
    let kinds: Vec<_> = kinds.iter().map(String::as_str).collect();
    assert_eq!(kinds, ["ACK", "BUSY", "CUTOFFS", "DATA", "GRANT", "NEED_ACK", "RESEND", "RPC_UNKNOWN"]);
}

#[test]
fn the_number_of_threads_does_not_matter() {
    let set = ["run.seeds=[1, 2, 3]", "faults.loss=0.001"];
    let json = |jobs| serde_json::to_string(&summary(jobs, &set)).unwrap();
    assert_eq!(json(1), json(2));
}
