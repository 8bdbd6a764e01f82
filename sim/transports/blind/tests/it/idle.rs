//! In an idle network a message takes exactly the closed form, to the picosecond; and as long as
//! with `sigcomm18`, where that schedules nothing.

use crate::common::{message, network, run};
use homa_blind::wire;
use homa_fabric::LoadBalancing;
use homa_topologies::{HostId, Topology};
use homa_units::Bytes;
use std::collections::BTreeSet;

const GAP: u64 = 12;

/// The closed form of the idle completion time in picoseconds, for packets that all take the same
/// path, between hosts with equal links: all fixed delays, the first packet on each link but the
/// last, and all packets on the last. A packet has arrived when its frame has, before the gap.
fn closed_form_ps(topology: &Topology, destination: u32, size: u64) -> u64 {
    let path = topology.path(HostId(0), HostId(destination));
    let links: Vec<_> = path.iter().map(|link| topology.link(*link)).collect();
    let byte_ps: Vec<_> = links.iter().map(|link| link.rate.byte_time().unwrap().as_ps()).collect();
    let (last, others) = byte_ps.split_last().unwrap();
    let fixed: u64 = links.iter().map(|link| link.delay.as_ps()).sum();
    let software = topology.software.send.as_ps() + topology.software.receive.as_ps();
    let total = wire::message_wire_bytes(Bytes::new(size)).get();
    let first = wire::message_wire_bytes(Bytes::new(size.min(u64::from(wire::DATA_MAX)))).get();
    fixed + software + others.iter().sum::<u64>() * (first - GAP) + last * (total - GAP)
}

fn sizes() -> BTreeSet<u64> {
    let around = [1, 433, 1_442, 2_884, 8_652, 9_328, 20_000, 100_000, 1_000_000];
    around.into_iter().flat_map(|size| [size - 1, size, size + 1, size + 7]).filter(|size| *size > 0).collect()
}

#[test]
fn a_lone_message_takes_the_closed_form_to_the_picosecond() {
    for (name, destinations) in [
        ("sigcomm18", &[1, 143][..]),
        ("sigcomm18-16", &[1, 15]),
        ("leaf-spine-1000", &[1, 999]),
        ("linux-cluster", &[39]),
    ] {
        let topology = network(name);
        for destination in destinations {
            for size in sizes() {
                let outcome = run(&topology, LoadBalancing::First, 1, &[message(777, 0, *destination, size)]);
                let [(at, message)] = outcome.completions[..] else { panic!("one message was sent") };
                let expected = closed_form_ps(&topology, *destination, size);
                assert_eq!(at.since(message.created).as_ps(), expected, "{size} B to {destination} in {name}");
            }
        }
    }
}

#[test]
fn the_worked_values_of_sigcomm18_come_out_where_that_schedules_nothing() {
    let topology = network("sigcomm18");
    assert_eq!(closed_form_ps(&topology, 143, 5_000), 8_378_800);
    assert_eq!(closed_form_ps(&topology, 1, 5_000), 7_268_400);
    assert_eq!(closed_form_ps(&topology, 143, 9_328), 12_071_600);
}

#[test]
fn packets_have_the_framing_of_unscheduled_ones_of_sigcomm18() {
    use homa_sigcomm18::wire as unscheduled;
    assert_eq!(wire::DATA_MAX, unscheduled::UNSCHEDULED_DATA_MAX);
    for data in 1..=wire::DATA_MAX {
        assert_eq!(wire::frame_bytes(data), unscheduled::unscheduled_frame(data));
    }
    for size in sizes() {
        let total = wire::message_wire_bytes(Bytes::new(size)).get();
        assert_eq!(total, unscheduled::unscheduled_wire_bytes(size as u32), "{size} B");
    }
}
