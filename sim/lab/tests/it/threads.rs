//! On several threads a run gives the record that it gives on one, to the last byte: samples,
//! digests, queues, what the network and the transports counted, and the most that was in flight at
//! a time.

use homa_lab::{Case, Control, Override, RunRecord, cases, division, load_experiment, run_seed};
use std::sync::atomic::AtomicBool;
use std::sync::{Mutex, PoisonError};
use tempfile::TempDir;

/// Nine racks of sixteen hosts, and four spines.
const PAPER: &str = r#"
[topology]
preset = "sigcomm18"
[transport]
kind = "sigcomm18"
[workload]
sizes = "w3"
load = 0.8
[measure]
warmup = "50us"
window = "100us"
drain = "400us"
messages = true
[run]
seeds = [1]
"#;

/// Four racks of four hosts, RPCs.
const LINUX: &str = r#"
[topology]
preset = "sigcomm18-16"
[transport]
kind = "homa"
[transport.homa.sysctl]
link_mbps = 10000
resend_ticks = 2
timeout_ticks = 8
[workload]
sizes = "w3-kernel"
payload_load = 0.5
[measure]
warmup = "200us"
window = "800us"
drain = "20ms"
background = "stop"
messages = true
[run]
seeds = [1]
"#;

/// Four pods of four hosts.
const FAT_TREE: &str = r#"
[fat-tree]
k = 4
host_rate = "10Gbps"
uplink_rate = "10Gbps"
[fat-tree.delays]
software_send = "500ns"
software_receive = "500ns"
nic = "500ns"
switch = "250ns"
link = "0ps"
"#;

struct Lab(TempDir);

impl Lab {
    fn new() -> Self {
        let lab = Self(tempfile::tempdir().unwrap());
        std::fs::write(lab.0.path().join("fat-tree.toml"), FAT_TREE).unwrap();
        lab
    }

    fn case(&self, experiment: &str, set: &[&str]) -> Case {
        let path = self.0.path().join("threads.toml");
        std::fs::write(&path, experiment).unwrap();
        let set: Vec<Override> = set.iter().map(|text| text.parse().unwrap()).collect();
        cases(&path, &load_experiment(&path, &set).unwrap()).unwrap().remove(0)
    }
}

fn record(case: &Case, threads: u32) -> RunRecord {
    let control = Control { interrupted: &AtomicBool::new(false), progress: &|_, _| {}, threads };
    run_seed(case, 0, case.run().seeds[0], &control).unwrap().0
}

/// Threads of a run wait for each other without sleeping, so several tests at a time would be
/// slower than one after the other.
static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

/// Demands the same record on any of these numbers of threads as on one.
fn same_record_on(threads: &[u32], case: &Case, what: &str) {
    let _turn = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    let one = serde_json::to_string(&record(case, 1)).unwrap();
    assert!(one.contains("\"latency\""), "{what}: nothing was measured");
    for threads in threads {
        let parts = division(case, *threads).unwrap().map(|partitioning| partitioning.partitions());
        assert_eq!(parts, Some(*threads), "{what}");
        let several = serde_json::to_string(&record(case, *threads)).unwrap();
        assert!(several == one, "{what}: {threads} threads give another record");
    }
}

fn same_on(threads: &[u32], experiment: &str, sets: &[&[&str]]) {
    let lab = Lab::new();
    for set in sets {
        same_record_on(threads, &lab.case(experiment, set), &format!("{set:?}"));
    }
}

/// An experiment with this trace alone as traffic.
fn traced(lab: &Lab, experiment: &str, rows: impl Iterator<Item = String>, set: &[&str]) -> Case {
    std::fs::write(lab.0.path().join("trace.csv"), format!("t_ns,src,dst,size\n{}", rows.collect::<String>())).unwrap();
    let experiment = experiment.replace("payload_load = 0.5", "").replace("load = 0.8", "");
    let experiment = experiment.replace("background = \"stop\"", "");
    lab.case(&experiment, &[&["workload.trace=trace.csv"], set].concat())
}

#[test]
fn sigcomm18_gives_the_same_record_under_each_workload() {
    let sets: [&[&str]; 5] = [
        &["workload.sizes=w1", "measure.warmup=20us", "measure.window=30us"],
        &[],
        &["workload.sizes=w4"],
        &["workload.sizes=w5", "measure.window=300us"],
        &["workload.sizes=5000", "measure.exact_samples=0"],
    ];
    same_on(&[2], PAPER, &sets);
}

#[test]
fn any_number_of_threads_gives_the_same_record() {
    same_on(&[2, 3, 4, 9], PAPER, &[&[]]);
}

#[test]
fn racks_with_one_spine_and_pods_of_a_fat_tree_can_be_divided() {
    same_on(&[2], PAPER, &[&["topology.preset=sigcomm18-16"], &["topology={ file = \"fat-tree.toml\" }"]]);
    same_on(&[2, 4], LINUX, &[&["topology={ file = \"fat-tree.toml\" }"]]);
}

#[test]
fn homa_gives_the_same_record_whatever_completes_an_rpc_and_decides_when_packets_leave() {
    let sets: [&[&str]; 8] = [
        &[],
        &["transport.homa.completes=request"],
        &["transport.homa.response=one-way"],
        &["transport.homa.transmit=immediate"],
        &["transport.homa.transmit=old-pacer"],
        &["transport.homa.transmit=qdisc"],
        &["workload.sizes=w5-kernel", "workload.threads=3"],
        &["transport.homa.cutoffs={ homa-prio = { interval = \"100us\", min_messages = 2 } }"],
    ];
    same_on(&[2], LINUX, &sets);
}

/// Work takes time that varies, on cores that threads share.
#[test]
fn linux_hosts_whose_work_takes_time_give_the_same_record() {
    let host = [
        "host.kind=linux",
        "host.linux.cores=6",
        "host.linux.siblings=true",
        "host.linux.queues=4",
        "host.linux.client_ports=2",
        "host.linux.port_receivers=2",
        "host.linux.server_ports=2",
        "host.linux.port_threads=2",
        "host.linux.t_send=1us",
        "host.linux.t_reply=1us",
        "host.linux.t_recv=700ns",
        "host.linux.t_napi_first=600ns",
        "host.linux.t_homa=300ns",
        "host.linux.t_xmit=500ns",
        "host.linux.t_tx_done=100ns",
        "host.linux.max_gro=10",
        "host.linux.softirq_core=gen2",
        "host.linux.l_ipi=1us",
        "host.linux.t_wake=600ns",
        "host.linux.l_wake=2us",
        "host.linux.poll_time=20us",
        "host.linux.slice=50us",
        "host.linux.ht=0.5",
        "host.linux.contention=0.2",
        "host.linux.cv=0.35",
        "host.linux.gap_rate=1000.0",
        "host.linux.gap_length=16us",
        "workload.threads=2",
        "workload.payload_load=0.1",
    ];
    let sets: [&[&str]; 3] = [
        &["transport.homa.transmit=pull"],
        &["transport.homa.transmit=old-pacer", "faults.loss=0.01"],
        &["transport.homa.transmit=qdisc"],
    ];
    sets.iter().for_each(|set| same_on(&[2], LINUX, &[&[&host[..], set].concat()]));
}

#[test]
fn losses_and_deaths_are_the_same() {
    let deaths =
        "faults.deaths=[{ host = 3, at = \"700us\" }, { host = 9, at = \"700us\" }, { host = 0, at = \"0ps\" }]";
    let sets: [&[&str]; 4] = [
        &["faults.loss=0.01"],
        &[deaths],
        &[deaths, "transport.homa.completes=request", "faults.loss=0.02"],
        &[deaths, "transport.homa.transmit=immediate"],
    ];
    same_on(&[2], LINUX, &sets);
}

/// Messages of one host and one instant, of the same size, to the same and to other racks.
#[test]
fn a_trace_with_many_messages_at_one_instant_gives_the_same_record() {
    let row = |row: u32| {
        let (source, to) = (row % 16, row / 16 % 15);
        let destination = if to >= source { to + 1 } else { to };
        let size = [3_000, 40_000, 700][(row / 240) as usize % 3];
        format!("{}.0,{source},{destination},{size}\n", row / 60 * 4_000)
    };
    let (small, fat_tree) = ("topology.preset=sigcomm18-16", "topology={ file = \"fat-tree.toml\" }");
    for (experiment, topology) in [(PAPER, small), (PAPER, fat_tree), (LINUX, small)] {
        let lab = Lab::new();
        let case = traced(&lab, experiment, (0..3_000).map(row), &[topology, "measure.warmup=0ps"]);
        same_record_on(&[2], &case, topology);
    }
}

/// When no more messages are sent, some that would have followed are due in each part.
#[test]
fn a_trace_that_is_cut_off_by_the_end_of_the_window_gives_the_same_record() {
    let row = |row: u32| format!("{}.0,{},{},20000\n", row * 700, row * 5 % 16, (row * 5 + 3) % 16);
    let set = ["topology.preset=sigcomm18-16", "measure.drain=3ms"];
    for experiment in [PAPER, LINUX] {
        let lab = Lab::new();
        same_record_on(&[2], &traced(&lab, experiment, (0..2_000).map(row), &set), "cut off");
    }
}

#[test]
fn a_network_of_one_switch_and_limited_traffic_are_simulated_on_one_thread() {
    let lab = Lab::new();
    let refused = |set: &[&str]| division(&lab.case(LINUX, set), 2).unwrap_err().to_string();
    assert_eq!(refused(&["topology.preset=linux-cluster-10"]), "all hosts are at one switch");
    assert!(refused(&["workload.limit=3"]).contains("number of outstanding messages is bounded"));
    let limited = lab.case(LINUX, &["workload.limit=3"]);
    assert_eq!(record(&limited, 2).digest(), record(&limited, 1).digest());
}
