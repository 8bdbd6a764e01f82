//! In an idle network with pulling NICs each message takes the closed form of the module's page, to
//! the picosecond: one way and as an RPC, within a rack, between racks, on one switch, with and
//! without a pause for the first grant.

use crate::model::{CUTOFFS, Path, frames, packets};
use crate::support::{Fate, message, parameters, shipped, simulation, switch_25g};
use homa_fabric::{Advanced, Faults, Message};
use homa_linux::{Completes, Parameters, Response};
use homa_protocol::TransmitMode;
use homa_topologies::Topology;
use homa_units::{Duration, Time};
use std::collections::BTreeSet;

/// Sizes around the borders of packets, unscheduled bytes, grants and bpages, and between.
pub(crate) fn sizes() -> Vec<u32> {
    let around = [1, 100, 1_424, 2_848, 39_872, 40_000, 41_424, 65_536, 131_072, 201_424, 251_424, 524_288, 1_000_000];
    let near = around.into_iter().flat_map(|size: u32| [size.saturating_sub(1), size, size + 1]);
    // Anything between, by the multiplier of a linear congruential generator.
    let any = (1..=25_u64).flat_map(|step| {
        let drawn = step.wrapping_mul(6_364_136_223_846_793_005) >> 20;
        [drawn % 3_000 + 1, drawn % 60_000 + 1, drawn % 1_000_000 + 1].map(|size| size as u32)
    });
    let all: BTreeSet<_> = near.chain(any).filter(|size| (1..=1_000_000).contains(size)).collect();
    all.into_iter().collect()
}

/// What messages take from host 0 to others, one after another: destination, size, picoseconds.
/// With each destination one RPC comes before, so that both sides know each other's cutoffs.
pub(crate) fn latencies(topology: &Topology, parameters: &Parameters, to: &[u32]) -> Vec<(u32, u32, u64)> {
    let cases = to.iter().flat_map(|to| [1].into_iter().chain(sizes()).map(|size| (*to, size)));
    let script = (1..).zip(cases).map(|(turn, (to, size))| message(turn * 20_000_000_777, 0, to, size)).collect();
    let mut net = simulation(topology, parameters, Faults::default(), vec![script]);
    assert_eq!(net.run_until(Time::MAX), Advanced::Idle);
    let log = net.into_observer();
    assert_eq!(log.count(Fate::Completed), log.created);
    let of = |(at, _, message): &(Time, Fate, Message)| {
        let size = u32::try_from(message.size.get()).unwrap();
        (message.destination.0, size, at.since(message.created).as_ps())
    };
    let all: Vec<_> = log.ends.iter().map(of).collect();
    all.chunks(all.len() / to.len()).flat_map(|chunk| &chunk[1..]).copied().collect()
}

/// Compares all sizes with the closed form; gives the number of pairs of size and path.
fn takes_the_closed_form(topology: &Topology, to: &[u32], pause: bool) -> usize {
    let mut pairs = 0;
    for completes in [Completes::Request, Completes::Response] {
        for response in [Response::Echo, Response::OneWay] {
            let parameters = Parameters { completes, response, ..parameters(TransmitMode::Pull, 25) };
            for (to, size, took) in latencies(topology, &parameters, to) {
                let (there, back) = (Path::new(topology, 0, to), Path::new(topology, to, 0));
                assert_eq!(there.first_grant(&back) > there.unscheduled(), pause, "the case is what it is meant to be");
                let request = there.pulled(&back, size);
                let expected = match completes {
                    Completes::Request => request,
                    Completes::Response => request + back.pulled(&there, response.bytes(size)),
                };
                assert_eq!(took, expected, "{size} B to {to} of {}, {completes:?}, {response:?}", topology.name);
                pairs += 1;
            }
        }
    }
    pairs / 4
}

#[test]
fn a_message_takes_the_closed_form_within_and_between_racks() {
    let pairs = takes_the_closed_form(&shipped("sigcomm18"), &[1, 143], false)
        + takes_the_closed_form(&shipped("sigcomm18-16"), &[1, 15], false);
    assert!(pairs >= 200, "{pairs} pairs");
}

#[test]
fn a_message_takes_the_closed_form_on_one_switch() {
    takes_the_closed_form(&switch_25g(2, Duration::ZERO), &[1], false);
}

/// A round trip takes 15 µs, and the unscheduled bytes 13.9 µs.
#[test]
fn a_sender_that_runs_out_of_unscheduled_bytes_goes_on_at_the_first_grant() {
    takes_the_closed_form(&switch_25g(2, Duration::from_ns(2_600)), &[1], true);
}

#[test]
fn at_first_contact_the_response_waits_for_the_packet_of_cutoffs() {
    let topology = shipped("sigcomm18");
    for to in [1, 143] {
        for size in [1, 100, 1_424] {
            let script = vec![message(777, 0, to, size)];
            let mut net = simulation(&topology, &parameters(TransmitMode::Pull, 10), Faults::default(), vec![script]);
            net.run_until(Time::MAX);
            let (there, back) = (Path::new(&topology, 0, to), Path::new(&topology, to, 0));
            let answer = [vec![CUTOFFS], frames(&packets(size))].concat();
            let expected = there.pulled(&back, size) + back.released(&answer, &[0, 0]);
            assert_eq!(net.observer().ends[0].0.as_ps(), 777 + expected, "{size} B to {to}");
        }
    }
}
