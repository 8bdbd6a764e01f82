//! The best possible times that slowdown is relative to: lone messages have exactly the slowdowns that the model lists for
//! the paper's formula, and 1 relative to a simulated idle run.

use homa_lab::{Control, Denominator, IdealTimes, Override, cases, load_experiment, run_case};
use homa_topologies::HostId;
use homa_units::Bytes;
use std::collections::BTreeMap;
use std::sync::atomic::AtomicBool;

const EXPERIMENT: &str = r#"
[topology]
preset = "sigcomm18"
[transport]
kind = "sigcomm18"
[workload]
sizes = "w3"
trace = "lone.csv"
[measure]
warmup = "0ps"
window = "1s"
drain = "0ps"
messages = true
[run]
seeds = [1]
"#;

const SIZES: [u64; 9] = [1, 58, 269, 366, 512, 1_365, 5_000, 20_000, 1_000_000];

/// Slowdown of lone messages by (size, whether inside a rack), a message every 2 ms.
fn slowdowns(denominator: &str) -> BTreeMap<(u64, bool), f64> {
    let folder = tempfile::tempdir().unwrap();
    let destinations = [(1, true), (143, false)];
    let pairs: Vec<_> = SIZES.into_iter().flat_map(|size| destinations.map(|(host, _)| (size, host))).collect();
    let rows =
        pairs.iter().enumerate().map(|(number, (size, host))| format!("{}.0,0,{host},{size}\n", number * 2_000_000));
    std::fs::write(folder.path().join("lone.csv"), format!("t_ns,src,dst,size\n{}", rows.collect::<String>())).unwrap();
    let path = folder.path().join("lone.toml");
    std::fs::write(&path, EXPERIMENT).unwrap();
    let set: Override = format!("measure.denominator={denominator}").parse().unwrap();
    let case = cases(&path, &load_experiment(&path, &[set]).unwrap()).unwrap().remove(0);
    let control = Control { interrupted: &AtomicBool::new(false), progress: &|_, _| {}, threads: 1 };
    let messages = run_case(&case, &control).unwrap().messages;
    assert_eq!(messages.len(), pairs.len());
    let entry = |record: &homa_lab::MessageRecord| {
        ((record.message.size.get(), record.message.destination.0 == 1), record.slowdown.unwrap())
    };
    messages.iter().map(entry).collect()
}

#[test]
#[expect(clippy::approx_constant, reason = "a slowdown of 1.0471 is not pi / 3")]
fn the_papers_formula_gives_the_listed_slowdowns() {
    let slowdowns = slowdowns("sigcomm18");
    let listed = [
        (58, 1.0144, 1.164),
        (269, 1.0123, 1.137),
        (512, 1.0106, 1.115),
        (1_365, 1.0070, 1.074),
        (5_000, 1.0087, 1.0471),
        (20_000, 1.0144, 1.0285),
        (1_000_000, 1.0111, 1.0114),
    ];
    for (size, between, within) in listed {
        assert!((slowdowns[&(size, false)] - between).abs() < 0.0001, "{size}: {}", slowdowns[&(size, false)]);
        assert!((slowdowns[&(size, true)] - within).abs() < 0.0005, "{size}: {}", slowdowns[&(size, true)]);
    }
}

#[test]
fn the_mended_formula_differs_inside_a_rack_only() {
    let (paper, mended) = (slowdowns("sigcomm18"), slowdowns("sigcomm18-mended"));
    for size in SIZES {
        assert_eq!(paper[&(size, false)], mended[&(size, false)]);
        assert!(mended[&(size, true)] < paper[&(size, true)] && mended[&(size, true)] >= 1.0);
    }
}

#[test]
fn a_lone_message_has_slowdown_one_relative_to_an_idle_run() {
    for (key, slowdown) in slowdowns("simulated") {
        assert_eq!(slowdown, 1.0, "{key:?}");
    }
}

/// A slow link in the middle carries all bytes one after the other, as the host's does elsewhere.
#[test]
fn the_formula_takes_the_slowest_link_of_the_path() {
    let slow_uplinks = "[leaf-spine]\nracks = 2\nhosts_per_rack = 2\nspines = 1\nhost_rate = \"40Gbps\"\n\
                        uplink_rate = \"10Gbps\"\n[leaf-spine.delays]\nsoftware_send = \"500ns\"\n\
                        software_receive = \"500ns\"\nnic = \"500ns\"\nswitch = \"250ns\"\nlink = \"0ps\"\n";
    let topology =
        std::sync::Arc::new(homa_topologies::TopologySpec::parse(slow_uplinks).unwrap().build("slow").unwrap());
    let transport = crate::tiny::resolve("", &[]).unwrap().remove(0).transport;
    let mut ideal = IdealTimes::new(Denominator::Sigcomm18Mended, topology, transport);
    let mut ps = |destination, size| ideal.ideal_ps(HostId(0), HostId(destination), Bytes::new(size));
    let full = 1_538 * 1_000_u64;
    // Between racks 100 full frames leave the uplink one after the other; the first one passes the
    // other links before.
    let fixed = 500_000 * 3 + 250_000 * 3;
    assert_eq!(ps(2, 147_200), full * 800 / 10 + fixed + 1_538 * (200 + 800 + 200));
    assert_eq!(ps(1, 147_200), full * 200 / 10 + 500_000 * 3 + 250_000 + 1_538 * 200);
}
