//! `[host]` says what the hosts' software costs, in place of the topology, for runs and best possible times alike.

use homa_lab::{Case, Denominator, IdealTimes, Override, cases, parse_experiment};
use homa_topologies::HostId;
use homa_units::Bytes;
use std::path::Path;
use std::sync::Arc;

const EXPERIMENT: &str = r#"
[topology]
preset = "sigcomm18-16"
[transport]
kind = "sigcomm18"
[workload]
sizes = "w3"
load = 0.5
[measure]
warmup = "100us"
window = "1ms"
drain = "4ms"
[run]
seeds = [1]
"#;

fn case(set: &[&str]) -> Case {
    let overrides: Vec<Override> = set.iter().map(|text| text.parse().unwrap()).collect();
    let path = Path::new("host.toml");
    let experiment = parse_experiment(path, EXPERIMENT, &overrides).unwrap();
    cases(path, &experiment).unwrap().remove(0)
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
        let error = parse_experiment(Path::new("host.toml"), EXPERIMENT, &[set.parse().unwrap()]).unwrap_err();
        assert!(error.to_string().contains(part), "{error}");
    }
}
