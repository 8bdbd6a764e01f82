//! Linux hosts with random costs and limits, from no core to spare to unlimited ones: every message
//! ends, whoever waits for whom.

use crate::homa::support::{ECHO, Lab, metric};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// Costs, and the most that each takes here, in nanoseconds.
const COSTS: [(&str, u32); 22] = [
    ("t_send", 2_000),
    ("t_reply", 2_000),
    ("t_recv", 1_000),
    ("t_app", 500),
    ("t_think", 700),
    ("t_xmit", 1_000),
    ("t_irq", 600),
    ("t_napi_first", 700),
    ("t_napi", 400),
    ("t_napi_end", 300),
    ("irq_spacing", 5_000),
    ("gro_busy", 5_000),
    ("l_ipi", 2_000),
    ("t_same_core", 500),
    ("t_ip", 300),
    ("t_homa", 400),
    ("t_homa_long", 150),
    ("t_grant", 1_300),
    ("t_wake", 700),
    ("l_wake", 2_500),
    ("t_switch", 1_500),
    ("t_lock", 500),
];

fn one_of<'a>(random: &mut ChaCha8Rng, values: &[&'a str]) -> &'a str {
    values[random.random_range(0..values.len())]
}

/// The keys of a random host.
fn random_host(random: &mut ChaCha8Rng) -> Vec<String> {
    let mut keys = vec!["host.kind=linux".to_owned()];
    let mut set = |name: &str, value: String| keys.push(format!("host.linux.{name}={value}"));
    let cores = one_of(random, &["unlimited", "1", "2", "3", "6", "20"]);
    set("cores", cores.to_owned());
    if cores != "unlimited" {
        set("port_receivers", random.random_range(1..4).to_string());
        set("port_threads", random.random_range(1..4).to_string());
        set("contention", one_of(random, &["0.0", "0.25"]).to_owned());
        set("gap_rate", one_of(random, &["0.0", "5000.0"]).to_owned());
        set("gap_length", "16us".to_owned());
        set("t_tx_done", format!("{}ns", random.random_range(0..300)));
        set("tx_group", random.random_range(1..9).to_string());
    }
    for (name, most_ns) in COSTS {
        let ns = if random.random_bool(0.5) { 0 } else { random.random_range(1..most_ns) };
        set(name, format!("{ns}ns"));
    }
    for (name, values) in [
        ("queues", &["unlimited", "1", "3", "20"][..]),
        ("client_ports", &["1", "2", "3"]),
        ("server_ports", &["1", "2", "3"]),
        ("pipelined", &["true", "false"]),
        ("napi_budget", &["unlimited", "1", "4", "64"]),
        ("max_gro", &["1", "2", "10", "100"]),
        ("short_bypass", &["true", "false"]),
        ("grant_bypass", &["true", "false"]),
        ("softirq_core", &["same", "idle-of-4", "gen2", "gen3"]),
        ("ipi_at_poll_end", &["true", "false"]),
        ("grants_per", &["message", "list"]),
        ("slice", &["0ps", "50us", "3ms"]),
        ("cv", &["0.0", "0.35"]),
        ("poll_time", &["0ps", "1us", "50us", "1ms"]),
        ("c_states", &["[]", "[{ idle = \"2us\", exit = \"1us\" }, { idle = \"20us\", exit = \"6us\" }]"]),
    ] {
        set(name, one_of(random, values).to_owned());
    }
    keys
}

#[test]
fn every_message_ends_on_random_hosts() {
    let lab = Lab::new(ECHO);
    for seed in 0..40 {
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        let mut keys = random_host(&mut random);
        let mut set = |name: &str, values: &[&str]| keys.push(format!("{name}={}", one_of(&mut random, values)));
        set("workload.payload_load", &["0.01", "0.05", "0.2"]);
        set("workload.threads", &["1", "2", "3"]);
        set("workload.sizes", &["w2-kernel", "w3-kernel"]);
        set("transport.homa.transmit", &["pull", "immediate", "old-pacer", "qdisc"]);
        set("transport.homa.quirks", &["linux", "fixed"]);
        set("faults.loss", &["0.0", "0.005"]);
        keys.push("measure.window=200us".to_owned());
        let keys: Vec<_> = keys.iter().map(String::as_str).collect();
        let (summary, records) = lab.run(&keys);
        assert!(!records.is_empty(), "seed {seed}: nothing was measured");
        assert_eq!(records.iter().filter(|record| record.latency.is_none()).count(), 0, "seed {seed}: {keys:?}");
        assert!(metric(&summary, "host_messages") >= records.len() as u64, "seed {seed}: each has its stages");
    }
}
