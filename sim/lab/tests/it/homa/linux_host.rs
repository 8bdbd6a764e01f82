//! `[host] kind = "linux"`: hosts whose work takes time on cores.

use crate::homa::support::{ECHO, Lab, metric, of_trace, run, trace};
use homa_lab::{CaseSummary, Denominator, IdealTimes, MessageRecord};
use homa_topologies::HostId;
use homa_units::{Bytes, Duration};
use std::sync::Arc;

const LINUX: &str = "host.kind=linux";

/// Two cores for a thread each of a client and a server, one for the pacer, one for packets.
const FOUR_CORES: [&str; 9] = [
    LINUX,
    "host.linux.cores=8",
    "host.linux.queues=1",
    "host.linux.queue_map=[7]",
    "host.linux.port_receivers=1",
    "host.linux.port_threads=1",
    "host.linux.copy_in=200ps",
    "host.linux.copy_out=300ps",
    "transport.homa.transmit=immediate",
];

/// What each stage of an idle echo takes, in nanoseconds, and how often an echo meets it.
const STAGES: [(&str, u64, u64); 10] = [
    ("t_send", 1_600, 1),
    ("t_reply", 1_450, 1),
    ("t_recv", 790, 2),
    ("t_app", 300, 1),
    ("t_irq", 530, 2),
    ("t_napi_first", 600, 2),
    ("t_same_core", 470, 2),
    ("t_ip", 320, 2),
    ("t_homa", 350, 2),
    ("t_notice", 90, 2),
];

fn stages() -> Vec<String> {
    STAGES.iter().map(|(name, ns, _)| format!("host.linux.{name}={ns}ns")).collect()
}

/// An echo without a host, in an idle network whose fixed delays are those of the topology.
const ECHO_PS: u64 = 15_000_000;

/// Messages of a trace, one long after the other, on hosts with these keys.
fn echoes(sizes: &[u32], set: &[&str]) -> (CaseSummary, Vec<MessageRecord>) {
    let lab = Lab::new(&of_trace("echoes.csv"));
    // The first one is an introduction.
    let rows: Vec<_> =
        [100].iter().chain(sizes).zip(0..).map(|(size, at)| (1_000 + at * 150_000, 3, 8, *size)).collect();
    lab.write("echoes.csv", &trace(&rows));
    let (summary, mut records) = run(&lab.case(set));
    records.remove(0);
    (summary, records)
}

fn latency_ps(record: &MessageRecord) -> u64 {
    record.latency.expect("it has ended").as_ps()
}

#[test]
fn a_host_that_costs_nothing_and_has_no_limits_gives_the_digest_of_fixed_delays() {
    let lab = Lab::new(ECHO);
    let sets: [&[&str]; 9] = [
        &["transport.homa.transmit=pull"],
        &["transport.homa.transmit=immediate"],
        &["transport.homa.transmit=old-pacer", "transport.homa.quirks={ pacer_idle_until_configured = false }"],
        &["transport.homa.transmit=qdisc"],
        &["transport.homa.transmit=qdisc", "transport.homa.wire=encode", "workload.threads=3"],
        &["transport.homa.completes=request"],
        &["transport.homa.response=one-way", "faults.loss=0.01"],
        &["transport.homa.quirks=fixed", "faults.loss=0.01", "transport.homa.transmit=immediate"],
        &[
            "transport.homa.cutoffs={ homa-prio = { interval = \"100us\", min_messages = 2 } }",
            "workload.sizes=w4-kernel",
        ],
    ];
    for set in sets {
        let short = ["measure.window=500us", "measure.drain=20ms"];
        let (fixed, _) = lab.run(&[set, &short].concat());
        let (linux, _) = lab.run(&[set, &short, &[LINUX]].concat());
        assert_eq!(linux.digest, fixed.digest, "{set:?}");
        assert!(metric(&linux, "host_softirq_calls") > 0, "the host model was at work");
    }
}

#[test]
fn an_idle_echo_takes_the_sum_of_its_stages_to_the_picosecond() {
    let stages = stages();
    let set: Vec<_> = FOUR_CORES.into_iter().chain(stages.iter().map(String::as_str)).collect();
    let (_, records) = echoes(&[100, 1_000], &set);
    let software: u64 = STAGES.iter().map(|(_, ns, times)| ns * 1_000 * times).sum();
    // Request and response are copied in and out once each.
    let copies = |bytes: u64| 2 * bytes * (200 + 300);
    assert_eq!(latency_ps(&records[0]), ECHO_PS + software + copies(100));
    let (_, fixed) = echoes(&[1_000], &[]);
    assert_eq!(latency_ps(&records[1]), latency_ps(&fixed[0]) + software + copies(1_000));
}

/// What `homasim describe` says of a host.
#[test]
fn the_stages_of_an_idle_echo_follow_from_the_parameters() {
    let stages = stages();
    let sleeps =
        ["host.linux.poll_time=50us", "host.linux.t_wake=650ns", "host.linux.l_wake=2us", "host.linux.t_lock=200ns"];
    let deep = ["host.linux.c_states=[{ idle = \"2us\", exit = \"1us\" }, { idle = \"20us\", exit = \"6us\" }]"];
    for more in [&[][..], &sleeps, &[&sleeps[..], &deep].concat(), &["host.linux.short_bypass=true"]] {
        let set: Vec<_> = FOUR_CORES.iter().copied().chain(stages.iter().map(String::as_str)).collect();
        let lab = Lab::new(ECHO);
        let case = lab.case(&[&set[..], more].concat());
        let hosts: u64 = case.transport.linux().unwrap().idle_echo(100).iter().map(|(_, spent)| spent.as_ps()).sum();
        let mut ideal = IdealTimes::new(Denominator::Simulated, Arc::clone(&case.topology), case.transport.clone());
        assert_eq!(ideal.ideal_ps(HostId(3), HostId(8), Bytes::new(100)), ECHO_PS + hosts, "{more:?}");
    }
}

#[test]
fn a_thread_that_sleeps_takes_the_wake_up_longer_and_a_core_the_exit_from_its_c_state() {
    let idle = latency_ps(&echoes(&[100], &[&FOUR_CORES[..], &["host.linux.poll_time=1ms"]].concat()).1[0]);
    // Both threads sleep, as messages are 150 us apart.
    let wake = ["host.linux.poll_time=50us", "host.linux.t_wake=650ns", "host.linux.l_wake=2us"];
    let (summary, records) = echoes(&[100], &[&FOUR_CORES[..], &wake].concat());
    assert_eq!(latency_ps(&records[0]), idle + 2 * (650_000 + 2_000_000));
    assert_eq!((metric(&summary, "host_wait_block"), metric(&summary, "host_wait_fast")), (4, 0));
    // Four times a core was idle: two that are interrupted, two of threads that wake up.
    let exit = "host.linux.c_states=[{ idle = \"20us\", exit = \"6us\" }]";
    let (_, records) = echoes(&[100], &[&FOUR_CORES[..], &wake, &[exit]].concat());
    assert_eq!(latency_ps(&records[0]), idle + 2 * (650_000 + 2_000_000) + 4 * 6_000_000);
}

/// Sums of whole nanoseconds are at most one too small for each stage.
#[test]
fn the_stages_of_messages_add_up_to_their_latencies() {
    let stages = stages();
    let more = [
        "host.linux.t_xmit=1us",
        "host.linux.t_grant=1300ns",
        "host.linux.t_homa_long=150ns",
        "host.linux.t_napi=350ns",
    ];
    let more =
        [&more[..], &["host.linux.max_gro=20", "host.linux.softirq_core=idle-of-4", "host.linux.l_ipi=2us"]].concat();
    for transmit in ["pull", "immediate", "qdisc"] {
        let transmit = format!("transport.homa.transmit={transmit}");
        let set: Vec<_> =
            FOUR_CORES[..8].iter().copied().chain(stages.iter().map(String::as_str)).chain(more.clone()).collect();
        let (summary, records) = echoes(&[1, 100, 1_424, 1_425, 10_000, 50_000], &[&set[..], &[&transmit]].concat());
        let lab_first = metric(&summary, "host_messages");
        assert_eq!(lab_first, 7);
        let directions = ["host_request_", "host_response_"];
        let metrics = summary.metrics.as_ref().unwrap();
        let of_stages = |(name, _): &(&String, &u64)| {
            directions.iter().any(|direction| name.starts_with(direction)) && name.ends_with("_ns")
        };
        let sum: u64 = metrics.iter().filter(of_stages).map(|(_, ns)| ns).sum();
        let latencies: u64 = records.iter().map(latency_ps).sum();
        let (_, alone) = echoes(&[], &[&set[..], &[&transmit]].concat());
        assert!(alone.is_empty());
        // The introduction is a message like the others, and was taken off the list.
        let introduction = sum * 1_000 - latencies;
        assert!((15_000_000..60_000_000).contains(&introduction), "{transmit}: {introduction} ps");
    }
}

/// One core does all of softirq, each packet alone and in the same time: a queue with one server.
#[test]
fn packets_wait_for_a_core_as_in_an_m_d_1_queue() {
    let lab = Lab::new(ECHO);
    let base = [
        "topology.preset=linux-cluster",
        "workload.sizes=100",
        "workload.clients=39",
        "workload.servers=1",
        "transport.homa.completes=request",
        "transport.homa.response=one-way",
        "transport.homa.transmit=immediate",
        "measure.window=40ms",
        "measure.warmup=1ms",
        "run.seeds=[1, 2]",
        // Otherwise acknowledgements come in bursts after each tick, and add 6 ns to the mean wait.
        "transport.homa.sysctl.request_ack_ticks=1000",
    ];
    let host = [
        LINUX,
        "host.linux.queues=1",
        "host.linux.cores=9",
        "host.linux.queue_map=[8]",
        "host.linux.port_receivers=2",
        "host.linux.port_threads=4",
    ];
    // 500 ns for each packet, in polls of one packet.
    let work = [
        "host.linux.napi_budget=1",
        "host.linux.t_napi_first=200ns",
        "host.linux.t_napi=200ns",
        "host.linux.t_homa=300ns",
    ];
    for load in [0.3_f64, 0.6, 0.8] {
        // As a share of the server's link that makes 2 million packets times the load in a second.
        let payload = format!("workload.payload_load={}", load * 2e6 * 800.0 / 25e9);
        let (_, records) = lab.run(&[&base[..], &host, &work, &[&payload]].concat());
        let least = records.iter().map(latency_ps).min().unwrap();
        let mean = records.iter().map(latency_ps).sum::<u64>() / records.len() as u64;
        let waits = (mean - least) as f64 / 1_000.0;
        let expected = 500.0 * load / (2.0 * (1.0 - load));
        println!("{load}: {waits} expected {expected}");
        assert!((waits / expected - 1.0).abs() < 0.03, "load {load}: {waits} ns, expected {expected} ns");
    }
}

#[test]
fn keys_that_are_impossible_or_do_not_go_together_are_refused() {
    let lab = Lab::new(ECHO);
    lab.refused(&["host.linux.t_send=1us"], &["host.linux", "has no effect", "host.kind = \"linux\""]);
    for (set, parts) in [
        ("host.linux.cores=0", ["cores", "a number from 1 on or \"unlimited\""]),
        ("host.linux.cores=2000", ["host.linux.cores", "1 to 1023"]),
        ("host.linux.cores=20", ["host.linux.cores", "port_receivers"]),
        ("host.linux.siblings=true", ["host.linux.siblings", "set host.linux.cores"]),
        ("host.linux.ht=-1.0", ["host.linux.ht", "accepted are 0"]),
        ("host.linux.max_gro=0", ["host.linux.max_gro", "1 to 1024"]),
        ("host.linux.wire_and_nic=300ns", ["host.linux.wire_and_nic", "less than"]),
        ("host.linux.softirq_core=gen9", ["gen9", "idle-of-4"]),
        ("host.linux.t_sned=1us", ["t_sned", "t_send"]),
    ] {
        lab.refused(&[LINUX, set], &parts);
    }
    let paper = ["transport.kind=sigcomm18", "topology.preset=sigcomm18-16", LINUX];
    lab.refused(&paper, &["host.kind", "sigcomm18", "fixed-delays"]);
}

#[test]
fn wire_and_nic_replaces_the_delays_of_the_topology() {
    // A frame of 194 bytes takes 62,080 ps of each of two links; the switch and both links have
    // delays of 340 ns.
    let (_, records) = echoes(&[100], &[LINUX, "host.linux.wire_and_nic=2800ns"]);
    let software = 2 * 3_515_360;
    let fixed = ECHO_PS - 2 * software;
    let path = Duration::from_ps(2 * 62_080 + 340_000);
    assert_eq!(latency_ps(&records[0]), fixed + 2 * (2_800_000 - path.as_ps()));
}
