//! Under random messages every message completes exactly once, none is faster than an idle network
//! allows, and a run again is the same to the picosecond.

use crate::common::{self, Completions, Net, network, simulation};
use homa_fabric::{Advanced, FabricStatistics, LoadBalancing, Submission};
use homa_sigcomm18::{Config, Network, Parameters, wire};
use homa_topologies::{HostId, Topology};
use homa_units::{Bytes, Time};
use proptest::prelude::*;
use proptest::sample::select;
use std::sync::Arc;

/// Least time in picoseconds that a message with 9328 unscheduled bytes takes from its creation to
/// its completion.
///
/// It is the time in an idle network: whatever else is there, the receiver's link carries all
/// packets of the message after the first of them has reached it.
fn least_ps(size: u64, same_rack: bool) -> u64 {
    let short = u32::try_from(size).unwrap();
    let unscheduled = short.min(9_328);
    let wire = wire::unscheduled_wire_bytes(unscheduled) + wire::scheduled_wire_bytes(short - unscheduled);
    match (size, same_rack) {
        (..=1_442, true) => 1_730_800 + 1_600 * wire,
        (_, true) => 2_961_200 + 800 * wire,
        (..=1_442, false) => 2_226_000 + 2_000 * wire,
        // On different uplinks, the short second packet can be first at the receiver's link.
        (..=1_858, false) => 5_302_000 + (2_000 * (size - 1_346)).saturating_sub(615_200),
        (_, false) => 4_071_600 + 800 * wire,
    }
}

/// Sizes of one packet, of few, around the end of the unscheduled bytes, and long ones.
fn size() -> impl Strategy<Value = u64> {
    prop_oneof![
        4 => 1..=1_442_u64,
        2 => 1_443..=1_858_u64,
        3 => 1_859..=9_328_u64,
        3 => 9_329..=20_000_u64,
        1 => 20_001..=150_000_u64,
    ]
}

/// Messages among `hosts` hosts. The instants are few, so that many things happen at once.
fn messages(hosts: u32, most: usize) -> impl Strategy<Value = Vec<Submission>> {
    let at = prop_oneof![0..60_000_000_u64, (0..12_u64).prop_map(|step| step * 1_230_400)];
    let message = (at, 0..hosts, 1..hosts, size())
        .prop_map(move |(at_ps, source, step, size)| common::message(at_ps, source, (source + step) % hosts, size));
    prop::collection::vec(message, 1..most).prop_map(|mut messages| {
        messages.sort_by_key(|message| message.at);
        messages
    })
}

/// Settings of all workloads, and all numbers of senders kept granted.
fn any_config() -> impl Strategy<Value = Arc<Config>> {
    let levels: Vec<(u8, &[u32])> = vec![
        (1, &[11, 125, 273, 468, 764, 1275]),
        (2, &[634, 1503, 2076, 3045, 5043]),
        (3, &[269, 366, 512, 1463]),
        (4, &[433, 2339, 6756]),
        (6, &[3892]),
        (7, &[]),
    ];
    (select(levels), any::<prop::sample::Index>()).prop_map(|((scheduled, cutoffs), overcommitment)| {
        let parameters = Parameters {
            scheduled_levels: Some(scheduled),
            overcommitment: Some(1 + overcommitment.index(usize::from(scheduled)) as u8),
            cutoffs: Some(cutoffs.to_vec()),
            ..Parameters::default()
        };
        Arc::new(parameters.complete(Network::ORIGINAL, None, &[]).unwrap())
    })
}

fn balancing() -> impl Strategy<Value = LoadBalancing> {
    select(vec![LoadBalancing::RandomSpraying, LoadBalancing::RoundRobin, LoadBalancing::First])
}

/// Runs to the end and makes sure that nothing is left anywhere.
fn finish(net: &mut Net) -> FabricStatistics {
    assert_eq!(net.run_until(Time::MAX), Advanced::Idle);
    assert_eq!((net.unfinished().count(), net.packets_in_network()), (0, 0));
    assert!(net.transports().all(|transport| transport.queued_grants().next().is_none()));
    net.statistics()
}

fn each_completes_once(messages: &[Submission], Completions(completions): &Completions) {
    let mut sent: Vec<_> = messages.iter().map(|sent| (sent.source, sent.at, sent.destination, sent.size)).collect();
    let mut completed: Vec<_> = completions
        .iter()
        .map(|(_, message)| (message.source, message.created, message.destination, message.size))
        .collect();
    sent.sort_unstable();
    completed.sort_unstable();
    assert_eq!(completed, sent);
    let mut sequences: Vec<_> = completions.iter().map(|(_, message)| (message.source, message.sequence)).collect();
    sequences.sort_unstable();
    sequences.dedup();
    assert_eq!(sequences.len(), messages.len());
}

fn none_is_faster_than_possible(topology: &Topology, Completions(completions): &Completions) {
    for (at, message) in completions {
        let latency = at.since(message.created).as_ps();
        let least = least_ps(message.size.get(), topology.same_rack(message.source, message.destination));
        assert!(latency >= least, "{message:?} took {latency} ps, less than {least} ps");
    }
}

/// Every packet of every message has reached a transport, with one grant for each scheduled one.
fn the_wire_carried_what_the_messages_cost(messages: &[Submission], config: &Config, statistics: &FabricStatistics) {
    let expected: u64 = messages.iter().map(|sent| config.message_wire_bytes(sent.size).get()).sum();
    let received: u64 = statistics.received_wire_bytes.iter().flatten().sum();
    assert_eq!(received, expected);
}

fn holds(topology: &Topology, config: &Arc<Config>, balancing: LoadBalancing, seed: u64, messages: &[Submission]) {
    let start = || simulation(topology, config, balancing, seed, messages.to_vec());
    let (mut first, mut again) = (start(), start());
    let (statistics, statistics_again) = (finish(&mut first), finish(&mut again));
    each_completes_once(messages, first.observer());
    none_is_faster_than_possible(topology, first.observer());
    the_wire_carried_what_the_messages_cost(messages, config, &statistics);
    assert_eq!(first.observer().0, again.observer().0);
    assert_eq!(statistics, statistics_again);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn random_messages_complete_once_in_no_less_than_the_idle_time(
        config in any_config(), messages in messages(16, 120)
    ) {
        holds(&network("sigcomm18-16"), &config, LoadBalancing::First, 0, &messages);
    }

    #[test]
    fn so_they_do_when_few_hosts_receive_them_all(config in any_config(), mut messages in messages(16, 60)) {
        for message in &mut messages {
            message.destination = HostId(u32::from(message.source.0 == 0));
        }
        holds(&network("sigcomm18-16"), &config, LoadBalancing::First, 0, &messages);
    }

    #[test]
    fn so_they_do_when_packets_take_different_paths(
        config in any_config(), balancing in balancing(), seed: u64, messages in messages(144, 120)
    ) {
        holds(&network("sigcomm18"), &config, balancing, seed, &messages);
    }

    #[test]
    fn so_they_do_when_two_racks_spray_at_one_host(config in any_config(), seed: u64, mut messages in messages(32, 60)) {
        for message in &mut messages {
            message.destination = HostId(100);
        }
        holds(&network("sigcomm18"), &config, LoadBalancing::RandomSpraying, seed, &messages);
    }

    /// Nothing happens at an absolute time: in an idle network, later is the same.
    #[test]
    fn a_script_moved_in_time_takes_as_long(
        config in any_config(), messages in messages(16, 40), by_ps in 1..5_000_000_000_u64
    ) {
        let latencies = |by_ps: u64| {
            let moved = messages.iter().map(|sent| Submission { at: Time::from_ps(sent.at.as_ps() + by_ps), ..*sent });
            let mut net = simulation(&network("sigcomm18-16"), &config, LoadBalancing::First, 0, moved.collect());
            finish(&mut net);
            let of = |(at, message): &(Time, homa_fabric::Message)| (message.source, message.sequence, at.since(message.created));
            net.observer().0.iter().map(of).collect::<Vec<_>>()
        };
        prop_assert_eq!(latencies(0), latencies(by_ps));
    }
}

#[test]
fn messages_as_short_and_as_long_as_they_come_complete_together() {
    let config = common::w3();
    let messages: Vec<_> = [1, 2_000_000, 1, 1_442, 1_443, 9_328, 9_329, 500_000]
        .into_iter()
        .map(|size| Submission { size: Bytes::new(size), ..common::message(0, 5, 9, 1) })
        .collect();
    holds(&network("sigcomm18-16"), &config, LoadBalancing::First, 0, &messages);
}
