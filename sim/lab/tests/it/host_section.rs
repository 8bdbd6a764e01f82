//! `[host]` says what the hosts' software costs, in place of the topology, for runs and best
//! possible times alike.

use crate::tiny::resolve;
use homa_lab::{Case, Denominator, IdealTimes};
use homa_topologies::HostId;
use homa_units::Bytes;
use std::sync::Arc;

fn case(set: &[&str]) -> Case {
    resolve("", set).unwrap().remove(0)
}

fn best_ps(case: &Case, denominator: Denominator) -> u64 {
    let mut ideal = IdealTimes::new(denominator, Arc::clone(&case.topology), case.transport.clone());
    ideal.ideal_ps(HostId(0), HostId(1), Bytes::new(100))
}

#[test]
fn delays_of_the_section_replace_those_of_the_topology() {
    // The network has 500 ns each way.
    let (plain, slow) = (case(&[]), case(&["host.send_delay=700ns", "host.receive_delay=1us"]));
    for denominator in [Denominator::Simulated, Denominator::Sigcomm18] {
        assert_eq!(best_ps(&slow, denominator) - best_ps(&plain, denominator), 700_000, "{denominator:?}");
    }
    let half = case(&["host.kind=fixed-delays", "host.receive_delay=0ps"]);
    assert_eq!(best_ps(&plain, Denominator::Simulated) - best_ps(&half, Denominator::Simulated), 500_000);
}

#[test]
fn an_unknown_model_or_key_is_refused_with_what_is_accepted() {
    for (set, part) in [("host.kind=quick", "expected `fixed-delays`"), ("host.cores=4", "expected one of `kind`")] {
        let error = resolve("", &[set]).unwrap_err();
        assert!(error.contains(part), "{error}");
    }
}
