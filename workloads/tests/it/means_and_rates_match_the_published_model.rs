//! Proves that means, wire bytes and message rates are those of the SIGCOMM 2018 simulation.

use crate::common::homa_wire_bytes;
use homa_units::{BitRate, Bytes};
use homa_workloads::{LoadArithmetic, LoadSpec, MessageCost, Roles, SizeDistribution, client_rate};

/// Name; mean drawn; wire bytes per message; messages per second and host, payload load and real load at 0.8.
const PUBLISHED: [(&str, f64, f64, f64, f64, f64); 9] = [
    ("w1", 185.09, 283.43, 3_551_351.0, 0.526, 0.805),
    ("w2", 440.79, 553.58, 1_805_846.0, 0.637, 0.800),
    ("w3", 2927.35, 3298.50, 303_004.0, 0.710, 0.800),
    ("w4", 127_796.6, 142_292.4, 7027.0, 0.718, 0.800),
    ("w5", 2_515_863.0, 2_802_410.0, 357.0, 0.718, 0.800),
    ("fabricated-heavy-head", 1263.08, 1430.29, 699_084.0, 0.706, 0.800),
    ("fabricated-heavy-middle", 2567.29, 2877.97, 347_448.0, 0.714, 0.800),
    ("fb-webserver", 62_874.27, 69_908.5, 14_298.0, 0.719, 0.800),
    ("fb-cachefollower", 692_975.6, 771_834.5, 1296.0, 0.718, 0.800),
];

/// The simulation's traffic: everybody sends one-way messages to everybody, at rates by its own rule.
fn one_way(sizes: &SizeDistribution, load: LoadSpec, gbps: u64, wire_bytes: impl Fn(Bytes) -> Bytes) -> LoadArithmetic {
    let roles = Roles::all(144).unwrap();
    let payload = |size| MessageCost { request: size, response: Bytes::ZERO };
    let wire = |size| payload(wire_bytes(size));
    client_rate(sizes, load, BitRate::from_gbps(gbps), roles, payload, wire, true).unwrap()
}

fn at(name: &str, load: LoadSpec) -> LoadArithmetic {
    one_way(&SizeDistribution::shipped(name).unwrap(), load, 10, homa_wire_bytes)
}

fn assert_near(name: &str, found: f64, expected: f64, tolerance: f64) {
    assert!((found - expected).abs() <= tolerance, "{name}: {found} is not {expected} +- {tolerance}");
}

#[test]
fn every_row_of_the_published_table_is_reproduced() {
    for (name, mean, wire, rate, payload_load, wire_load) in PUBLISHED {
        let found = at(name, LoadSpec::Wire(0.8));
        // Tolerances are one unit of the last published digit.
        assert_near(name, found.mean_payload_bytes, mean, if mean < 1e5 { 0.01 } else { 0.5 });
        assert_near(name, found.mean_wire_bytes, wire, (wire * 2e-6).max(0.021));
        assert_near(name, found.messages_per_second, rate, 0.5);
        assert_near(name, found.payload_load, payload_load, 0.000_501);
        assert_near(name, found.wire_load, wire_load, 0.000_501);
        assert_near(name, found.mean_gap.as_ps() * found.messages_per_second, 1e12, 1.0);
    }
}

#[test]
fn a_payload_load_is_met_exactly_by_the_mean_drawn() {
    for (name, ..) in PUBLISHED {
        assert_near(name, at(name, LoadSpec::Payload(0.4)).payload_load, 0.4, 1e-12);
    }
}

#[test]
fn a_wire_load_without_a_listed_factor_is_met_exactly() {
    let found = at("w4-kernel", LoadSpec::Wire(0.7));
    assert_near("w4-kernel", found.wire_load, 0.7, 1e-12);
    assert!(found.payload_load < 0.7);
}

#[test]
fn a_fixed_size_has_the_rate_of_its_wire_bytes() {
    let sizes = SizeDistribution::fixed(Bytes::new(100));
    let found = one_way(&sizes, LoadSpec::Wire(0.5), 8, |_| Bytes::new(200));
    assert_near("fixed", found.messages_per_second, 2_500_000.0, 1e-6);
    assert_near("fixed", found.payload_load, 0.25, 1e-12);
}

#[test]
fn listed_means_are_those_of_the_original_size_files() {
    let listed = |name| SizeDistribution::shipped(name).unwrap().listed_mean();
    assert_near("w1", listed("w1"), 185.0, 0.0);
    assert_near("w5", listed("w5"), 2_515_857.4, 1e-6);
    assert_near("w1-sampled", listed("w1-sampled"), 187.511, 0.001);
}

#[test]
fn probabilities_sum_to_one_in_ascending_order() {
    for (name, _) in homa_workloads::shipped_names() {
        let points = SizeDistribution::shipped(name).unwrap().probabilities();
        assert_near(name, points.iter().map(|(_, mass)| mass).sum(), 1.0, 1e-12);
        assert!(points.windows(2).all(|pair| pair[0].0 < pair[1].0), "{name}");
    }
}
