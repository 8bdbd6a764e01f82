//! A key that can have no effect in any case is refused, and says why.

use crate::tiny;
use homa_lab::{Override, cases, parse_experiment};
use std::path::Path;

/// Names of the cases, or the error.
fn resolve(more: &str, set: &[&str]) -> Result<Vec<String>, String> {
    let cases = tiny::resolve(more, set)?;
    Ok(cases.into_iter().map(|case| case.name).collect())
}

#[test]
fn parameters_of_a_transport_that_no_case_has_are_refused_wherever_they_stand() {
    let refused = |more: &str, set: &[&str], key: &str| {
        let error = resolve(more, set).unwrap_err();
        let expected = format!("{key} has no effect, as no case has transport.kind = \"homa\"");
        assert!(error.contains(&expected), "{error}");
    };
    refused("[transport.homa]\nmtu = 9000\n", &[], "transport.homa.mtu");
    refused("[sweep]\ntransport.homa.sysctl.max_overcommit = [1, 8]\n", &[], "transport.homa.sysctl");
    refused("[[variant]]\nname = \"a\"\nset = [\"transport.homa.quirks=fixed\"]\n", &[], "transport.homa.quirks");
    refused("", &["transport.homa.mtu=9000"], "transport.homa.mtu");
    let blind = resolve("[transport.sigcomm18]\novercommitment = 1\n", &[]);
    assert_eq!(blind.unwrap(), ["w3-kernel-0.5"]);
}

#[test]
fn parameters_of_a_transport_that_some_case_has_are_accepted() {
    let both = "[sweep]\ntransport.kind = [\"sigcomm18\", \"homa\"]\n[transport.homa]\nmtu = 9000\n";
    assert_eq!(resolve(both, &[]).unwrap().len(), 2);
    let variants = "[[variant]]\nname = \"linux\"\nset = [\"transport.kind=homa\"]\n[[variant]]\nname = \"paper\"\n\
                    set = [\"transport.sigcomm18.overcommitment=1\"]\n[transport.homa]\nmtu = 9000\n";
    assert_eq!(resolve(variants, &[]).unwrap().len(), 2);
    // The transport of the file is replaced for one command: its table may stay.
    let table = "[transport.sigcomm18]\novercommitment = 1\n";
    assert_eq!(resolve(table, &["transport.kind=homa"]).unwrap(), ["w3-kernel-0.5"]);
}

#[test]
fn the_resolved_experiment_of_a_case_has_the_parameters_of_its_transport_alone_and_runs_again() {
    let both = "[sweep]\ntransport.kind = [\"sigcomm18\", \"homa\"]\n[transport.homa]\nmtu = 9000\n";
    for case in tiny::resolve(both, &[]).unwrap() {
        let text = case.resolved.to_toml();
        assert_eq!(text.contains("mtu = 9000"), case.kind().name() == "homa", "{text}");
        let again = parse_experiment(Path::new("again.toml"), &text, &[]).unwrap();
        assert_eq!(cases(Path::new("again.toml"), &again).unwrap()[0].name, case.name);
    }
}

#[test]
fn a_value_of_another_kind_is_refused_in_plain_words() {
    for (set, part) in [
        ("workload=3", "expected a table"),
        ("workload.clients=-4", "expected a whole number from 0 to 4294967295"),
        ("transport.sigcomm18.overcommitment=1e11", "expected a whole number from 0 to 255"),
    ] {
        let error = resolve("", &[set]).unwrap_err();
        assert!(error.contains(part) && !error.contains("struct"), "{error}");
    }
    for malformed in ["workload.load=[0.5", "workload.sizes=[\"w3\", 2", "topology.preset=\"sigcomm18", "host={send"] {
        let error = malformed.parse::<Override>().unwrap_err().to_string();
        assert!(error.contains("is not complete") && error.contains(malformed), "{error}");
    }
}

#[test]
fn an_illegal_value_is_refused_whether_or_not_it_has_an_effect() {
    let error = resolve("", &["transport.homa.mtu=abc"]).unwrap_err();
    assert!(error.contains("transport.homa"), "{error}");
}
