//! What completion times of `homa` are divided by: the cluster's formulas, which count each byte once, or an idle run, which
//! takes the closed form of the transport's page; what does not fit what is measured is refused.

use crate::homa::support::{ECHO, Lab, of_trace, trace};
use homa_lab::{Case, Denominator, IdealTimes};
use homa_topologies::HostId;
use homa_units::Bytes;
use std::sync::Arc;

const SIZES: [u64; 9] = [1, 100, 1_424, 1_425, 20_000, 40_000, 40_001, 60_000, 1_000_000];

fn ideal_ps(case: &Case, denominator: Denominator, size: u64) -> u64 {
    let mut ideal = IdealTimes::new(denominator, Arc::clone(&case.topology), case.transport.clone());
    ideal.ideal_ps(HostId(0), HostId(case.topology.hosts - 1), Bytes::new(size))
}

#[test]
fn the_clusters_formulas_are_a_fixed_time_and_the_bytes_at_the_rate_of_the_hosts_link() {
    for (preset, byte_ps) in [("linux-cluster-10", 320), ("sigcomm18", 800)] {
        let case = Lab::new(ECHO).case(&[&format!("topology.preset={preset}")]);
        for size in SIZES {
            assert_eq!(ideal_ps(&case, Denominator::Cluster2023, size), 15_000_000 + size * byte_ps, "{size} B");
            assert_eq!(ideal_ps(&case, Denominator::Cluster2025, size), 25_000_000 + size * byte_ps, "{size} B");
        }
    }
}

#[test]
fn the_denominator_asked_for_is_what_latencies_are_divided_by() {
    let lab = Lab::new(&ECHO.replace("2ms", "500us"));
    for (name, known_as, fixed_ps) in [
        ("cluster-2023", "cluster-2023", 15e6),
        ("cluster-2025", "cluster-2025", 25e6),
        ("cluster-2021", "simulated", 0.0),
    ] {
        let (summary, records) = lab.run(&[&format!("measure.denominator={name}")]);
        assert_eq!(summary.denominator, known_as);
        for record in &records {
            let (latency, slowdown) = (record.latency.unwrap().as_ps() as f64, record.slowdown.unwrap());
            if known_as == "simulated" {
                assert!(slowdown >= 1.0, "{record:?}");
            } else {
                assert_eq!(slowdown, latency / (fixed_ps + 320.0 * record.message.size.get() as f64), "{record:?}");
            }
        }
    }
}

#[test]
fn the_default_is_the_papers_formula_for_sigcomm18_and_an_idle_run_for_homa() {
    let lab = Lab::new(ECHO);
    assert_eq!(lab.case(&[]).denominator(), Denominator::Simulated);
    assert_eq!(lab.case(&["transport.homa.completes=request"]).denominator(), Denominator::Simulated);
    assert_eq!(lab.case(&["transport.kind=sigcomm18"]).denominator(), Denominator::Sigcomm18);
}

#[test]
fn a_denominator_of_another_kind_of_message_is_refused() {
    let lab = Lab::new(ECHO);
    let with = |transport: &str, name: &str| {
        let denominator = format!("measure.denominator={name}");
        lab.try_cases(&[transport, &denominator]).map(|cases| cases[0].denominator().name())
    };
    let one_way = ["transport.homa.completes=request", "transport.kind=sigcomm18"];
    for name in ["cluster-2023", "cluster-2025"] {
        for transport in one_way {
            let set = [transport, &format!("measure.denominator={name}")];
            let parts = ["measure.denominator", name, "one way is measured", "\"simulated\", \"sigcomm18\""];
            lab.refused(&set, &parts);
        }
        assert_eq!(with("transport.homa.completes=response", name), Ok(name));
    }
    for name in ["sigcomm18", "sigcomm18-mended"] {
        let set = ["transport.homa.completes=response", &format!("measure.denominator={name}")];
        let parts =
            ["measure.denominator", name, "request and response is measured", "\"simulated\", \"cluster-2023\""];
        lab.refused(&set, &parts);
        for transport in one_way {
            assert_eq!(with(transport, name), Ok(name));
        }
    }
    for transport in [one_way[0], one_way[1], "transport.homa.completes=response"] {
        assert_eq!(with(transport, "simulated"), Ok("simulated"));
    }
}

/// The closed form of the transport's page for two links of one rate: frames of 94 bytes and the data, of which the first
/// crosses the first link before the second is busy with all of them.
struct ClosedForm {
    byte_ps: u64,
    fixed_ps: u64,
}

impl ClosedForm {
    fn frames(bytes: u64) -> Vec<u64> {
        let full = std::iter::repeat_n(1_518, (bytes / 1_424) as usize);
        let rest = Some(bytes % 1_424).filter(|rest| *rest > 0);
        full.chain(rest.map(|rest| 94 + rest)).collect()
    }

    fn burst(&self, frames: &[u64]) -> u64 {
        let all: u64 = frames.iter().map(|frame| frame + 20).sum();
        (frames[0] + 8 + all - 12) * self.byte_ps + self.fixed_ps
    }

    fn one_way(&self, size: u64) -> u64 {
        let (unscheduled, scheduled) = (Self::frames(size.min(40_000)), Self::frames(size.saturating_sub(40_000)));
        let whole = self.burst(&[unscheduled, scheduled.clone()].concat());
        if scheduled.is_empty() {
            return whole;
        }
        let grant = self.burst(&[1_518]) + self.burst(&[71]);
        whole.max(grant + self.burst(&scheduled))
    }
}

/// 3515.36 ns of software on each side, 300 ns in the switch, 20 ns on each link.
const CLUSTER: ClosedForm = ClosedForm { byte_ps: 320, fixed_ps: 2 * 3_515_360 + 300_000 + 2 * 20_000 };

#[test]
fn the_simulated_time_is_the_closed_form_of_hosts_that_know_each_others_cutoffs() {
    let lab = Lab::new(ECHO);
    let (echo, one_way, request) = (
        lab.case(&[]),
        lab.case(&["transport.homa.response=one-way"]),
        lab.case(&["transport.homa.completes=request"]),
    );
    for size in SIZES {
        let there = CLUSTER.one_way(size);
        assert_eq!(ideal_ps(&echo, Denominator::Simulated, size), 2 * there, "{size} B");
        assert_eq!(ideal_ps(&one_way, Denominator::Simulated, size), there + CLUSTER.one_way(100), "{size} B");
        assert_eq!(ideal_ps(&request, Denominator::Simulated, size), there, "{size} B");
    }
}

#[test]
fn at_first_contact_a_lone_rpc_is_slower_than_the_simulated_time_and_then_exactly_as_fast() {
    let lab = Lab::new(&of_trace("lone.csv").replace("2ms", "1s"));
    let messages = [1, 1].into_iter().chain(SIZES.map(|size| size as u32));
    let rows: Vec<_> = (0..).zip(messages).map(|(turn, size)| (turn * 10_000_000, 0, 9, size)).collect();
    lab.write("lone.csv", &trace(&rows));
    let (_, records) = lab.run(&[]);
    assert_eq!(records.len(), SIZES.len() + 2);
    assert!(records[0].slowdown.unwrap() > 1.0);
    for record in &records[1..] {
        assert_eq!(record.slowdown, Some(1.0), "{record:?}");
        assert_eq!(record.latency.unwrap().as_ps(), 2 * CLUSTER.one_way(record.message.size.get()), "{record:?}");
    }
}
