//! A table of parameters, as an experiment file would hold it, is loaded and checked; every refusal
//! names key and value.

use homa_linux::{Completes, CutoffSource, Parameters, Response, Wire};
use homa_protocol::{Quirks, TransmitMode};

fn load(text: &str) -> Parameters {
    toml::from_str(text).expect("the table is well-formed")
}

fn refused(text: &str) -> String {
    load(text).complete().expect_err("the values can't be used").to_string()
}

#[test]
fn every_kind_of_value_is_loaded() {
    let parameters = load(
        r#"
        transmit = "qdisc"
        response = { bytes = 300 }
        completes = "request"
        wire = "encode"
        cutoffs = { published = "w4" }
        mtu = 3000
        [quirks]
        base = "fixed"
        redundant_grants = true
        [sysctl]
        unsched_bytes = 60000
        max_incoming = 480000
        "#,
    );
    let expected = Parameters {
        transmit: TransmitMode::Qdisc,
        quirks: Quirks { redundant_grants: true, ..Quirks::fixed() },
        response: Response::Bytes(300),
        completes: Completes::Request,
        wire: Wire::Encode,
        cutoffs: CutoffSource::Published("w4".to_owned()),
        mtu: 3_000,
        sysctl: homa_protocol::Sysctls { unsched_bytes: 60_000, max_incoming: 480_000, ..Default::default() },
        ..Parameters::default()
    };
    assert_eq!(parameters, expected);
    parameters.complete().expect("the values can be used");
}

#[test]
fn an_empty_table_means_the_kernels_defaults() {
    assert_eq!(load(""), Parameters::default());
    assert_eq!(load("").quirks, Quirks::linux());
}

#[test]
fn a_value_that_cannot_be_used_is_refused_by_name() {
    for (text, parts) in [
        ("response = { bytes = 0 }", ["response.bytes = 0", "1 to 1000000"]),
        ("response = { bytes = 1000001 }", ["response.bytes = 1000001", "1 to 1000000"]),
        ("receive_bpages = 31", ["receive_bpages = 31", "32 to 65536"]),
        ("mtu = 76", ["mtu: an MTU of 76", "at least 77"]),
        ("cutoffs = { published = \"w9\" }", ["\"w9\" is unknown", "\"w1\", \"w2\""]),
        ("cutoffs = { homa-prio = { interval = \"0s\" } }", ["homa-prio.interval is 0", "longer"]),
    ] {
        let message = refused(text);
        assert!(parts.iter().all(|part| message.contains(part)), "{text}: {message}");
    }
}

#[test]
fn unknown_keys_and_sysctls_out_of_range_are_refused_where_they_stand() {
    for (text, parts) in [
        ("transmitt = \"pull\"", ["unknown field `transmitt`", "line 1"]),
        ("[sysctl]\nmax_overcomit = 8", ["max_overcomit", "line 2"]),
        ("[sysctl]\nmax_overcommit = 9", ["max_overcommit = 9", "1 to 8"]),
        ("[quirks]\nredundant = true", ["redundant", "line 2"]),
    ] {
        let message = toml::from_str::<Parameters>(text).expect_err("the table can't be loaded").to_string();
        assert!(parts.iter().all(|part| message.contains(part)), "{text}: {message}");
    }
}
