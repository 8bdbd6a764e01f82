//! Proves that a load is met on the busiest direction of any host's link, answers included, and that this gives the
//! rates of the cluster benchmarks.

use crate::common::homa_wire_bytes;
use homa_units::{BitRate, Bytes};
use homa_workloads::{LoadArithmetic, LoadSpec, MessageCost, Roles, SizeDistribution, client_rate};
use proptest::prelude::*;

const GBPS: u64 = 25;
const LINK_BYTES_PER_SECOND: f64 = 25e9 / 8.0;

fn echo(size: Bytes) -> MessageCost {
    MessageCost { request: size, response: size }
}

fn one_way(size: Bytes) -> MessageCost {
    MessageCost { request: size, response: Bytes::ZERO }
}

/// What `load` means for messages of the shipped distribution `name`, by expectation.
fn rate(name: &str, load: LoadSpec, roles: Roles, cost: impl Fn(Bytes) -> MessageCost) -> LoadArithmetic {
    let sizes = SizeDistribution::shipped(name).unwrap();
    let wire = |size| {
        let MessageCost { request, response } = cost(size);
        let on_wire = |bytes| if bytes == Bytes::ZERO { bytes } else { homa_wire_bytes(bytes) };
        MessageCost { request: on_wire(request), response: on_wire(response) }
    };
    client_rate(&sizes, load, BitRate::from_gbps(GBPS), roles, &cost, wire, false).unwrap()
}

fn assert_near(found: f64, expected: f64) {
    assert!((found / expected - 1.0).abs() < 1e-12, "{found} is not {expected}");
}

/// Messages per second that fill `share` of a link's direction.
fn filling(share: f64, bytes: f64) -> f64 {
    share * LINK_BYTES_PER_SECOND / bytes
}

#[test]
fn a_shared_node_sends_half_of_its_payload_load_as_requests() {
    for name in ["w2-kernel", "w3-kernel", "w4-kernel", "w5-kernel", "w1"] {
        let found = rate(name, LoadSpec::Payload(0.8), Roles::all(10).unwrap(), echo);
        assert_near(found.messages_per_second, 0.5 * filling(0.8, found.mean_payload_bytes));
        assert_near(found.payload_load, 0.8);
        assert_near(found.mean_payload_bytes, SizeDistribution::shipped(name).unwrap().mean());
    }
}

#[test]
fn separate_clients_send_their_whole_payload_load_as_requests() {
    let found = rate("w4-kernel", LoadSpec::Payload(0.76), Roles::new(16, 8, 8).unwrap(), echo);
    assert_near(found.messages_per_second, filling(0.76, found.mean_payload_bytes));
    assert_near(found.payload_load, 0.76);
}

#[test]
fn with_fewer_servers_than_clients_the_rate_is_less_by_their_ratio() {
    for (clients, servers, factor) in [(6, 2, 2.0 / 6.0), (7, 1, 1.0 / 7.0), (4, 4, 1.0), (2, 6, 1.0)] {
        let found = rate("w3-kernel", LoadSpec::Payload(0.5), Roles::new(8, clients, servers).unwrap(), echo);
        assert_near(found.messages_per_second, factor * filling(0.5, found.mean_payload_bytes));
    }
}

#[test]
fn a_one_way_load_is_all_requests() {
    let shared = rate("w4-kernel", LoadSpec::Payload(0.8), Roles::all(10).unwrap(), one_way);
    assert_near(shared.messages_per_second, filling(0.8, shared.mean_payload_bytes));
    let few = rate("w4-kernel", LoadSpec::Payload(0.8), Roles::new(10, 8, 2).unwrap(), one_way);
    assert_near(few.messages_per_second, shared.messages_per_second / 4.0);
}

#[test]
fn a_short_answer_takes_its_share_of_a_shared_link() {
    let answered = |size| MessageCost { request: size, response: Bytes::new(100) };
    let found = rate("w2-kernel", LoadSpec::Payload(0.4), Roles::all(5).unwrap(), answered);
    assert_near(found.messages_per_second, filling(0.4, found.mean_payload_bytes + 100.0));
    let apart = rate("w2-kernel", LoadSpec::Payload(0.4), Roles::new(5, 2, 3).unwrap(), answered);
    assert_near(apart.messages_per_second, filling(0.4, apart.mean_payload_bytes));
}

#[test]
fn a_message_that_carries_more_than_its_size_counts_for_that() {
    // A benchmark whose shortest message is 12 B long.
    let padded = |size: Bytes| MessageCost { request: size.max(Bytes::new(12)), response: Bytes::ZERO };
    let sizes = SizeDistribution::from_csv("size_bytes,cum_prob\n8,0.5\n20,1\n", "short").unwrap();
    let roles = Roles::all(4).unwrap();
    let load = LoadSpec::Payload(0.5);
    let found = client_rate(&sizes, load, BitRate::from_gbps(GBPS), roles, padded, padded, false).unwrap();
    assert_near(found.messages_per_second, filling(0.5, 16.0));
    assert_near(found.mean_payload_bytes, 14.0);
}

#[test]
fn a_wire_load_counts_the_answers_headers_too() {
    let found = rate("w3-kernel", LoadSpec::Wire(0.6), Roles::all(10).unwrap(), echo);
    assert_near(found.wire_load, 0.6);
    assert_near(found.messages_per_second, filling(0.6, found.mean_wire_bytes));
    let apart = rate("w3-kernel", LoadSpec::Wire(0.6), Roles::new(10, 5, 5).unwrap(), echo);
    assert_near(apart.mean_wire_bytes, found.mean_wire_bytes);
    assert_near(apart.messages_per_second, 2.0 * found.messages_per_second);
}

#[test]
fn the_listed_rule_is_per_message_on_the_busiest_link() {
    let sizes = SizeDistribution::shipped("w1").unwrap();
    let at = |roles, listed| {
        let wire = |size| one_way(homa_wire_bytes(size));
        client_rate(&sizes, LoadSpec::Wire(0.8), BitRate::from_gbps(10), roles, one_way, wire, listed).unwrap()
    };
    let all = at(Roles::all(144).unwrap(), true);
    let few = at(Roles::new(144, 108, 36).unwrap(), true);
    assert_eq!(all.messages_per_second, 0.8 * sizes.load_factor().unwrap() * 1.25e9 / sizes.listed_mean());
    assert_near(few.messages_per_second, all.messages_per_second / 3.0);
    assert_near(few.wire_load, all.wire_load);
    assert!((all.wire_load - 0.805).abs() < 0.001);
    assert_near(at(Roles::all(144).unwrap(), false).wire_load, 0.8);
}

proptest! {
    #[test]
    fn a_load_is_met_on_the_busiest_link_whatever_the_roles(
        hosts in 2..40u32, clients in 1..40u32, servers in 1..40u32, share in 0.01..0.99, echoed: bool,
    ) {
        if let Ok(roles) = Roles::new(hosts, clients, servers) {
            let cost = if echoed { echo } else { one_way };
            let by_payload = rate("w2-kernel", LoadSpec::Payload(share), roles, cost);
            let by_wire = rate("w2-kernel", LoadSpec::Wire(share), roles, cost);
            assert_near(by_payload.payload_load, share);
            assert_near(by_wire.wire_load, share);
            assert_near(by_wire.mean_gap.as_ps() * by_wire.messages_per_second, 1e12);
            prop_assert!(by_wire.payload_load < share && share < by_payload.wire_load);
            let payload = if echoed { 2.0 } else { 1.0 } * by_wire.mean_payload_bytes;
            prop_assert!(by_wire.mean_wire_bytes > payload);
        }
    }
}
