//! Nothing is lost, made up or sent astray: every packet arrives once at its destination, every
//! message completes once, and each tier carries exactly what the hosts sent through it.

use crate::common::{self, Net, Notes, Sent, carried, network, shipped};
use homa_fabric::{Advanced, LoadBalancing};
use homa_topologies::{HostId, Topology};
use homa_units::{Priority, Time};
use proptest::prelude::*;
use proptest::sample::select;

fn messages(hosts: u32, most: usize) -> impl Strategy<Value = Vec<Sent>> {
    let packets = prop::collection::vec((64..=1_518_u16, 0..8_u8), 1..6);
    // The time is short for that many messages, so that queues build up.
    let message = (0..20_000_000_u64, 0..hosts, 1..hosts, packets).prop_map(move |(at_ps, source, step, packets)| {
        Sent { at_ps, source, destination: (source + step) % hosts, packets }
    });
    prop::collection::vec(message, 1..most)
}

fn balancing() -> impl Strategy<Value = LoadBalancing> {
    select(vec![LoadBalancing::RandomSpraying, LoadBalancing::RoundRobin, LoadBalancing::First])
}

/// Frames and frame bytes of some messages.
fn frames<'a>(messages: impl Iterator<Item = &'a Sent>) -> (u64, u64) {
    messages.fold((0, 0), |(frames, bytes), sent| (frames + sent.packets.len() as u64, bytes + sent.bytes()))
}

fn every_packet_arrives_once(messages: &[Sent], notes: &Notes) {
    let of = |seen: &common::Seen| (seen.packet.source, seen.packet.header.message, seen.packet.header.packet);
    let mut arrived: Vec<_> = notes.arrived.iter().map(of).collect();
    let mut pulled: Vec<_> = notes.pulled.iter().map(of).collect();
    arrived.sort_unstable();
    pulled.sort_unstable();
    assert_eq!(arrived, pulled);
    arrived.dedup();
    assert_eq!(arrived.len() as u64, frames(messages.iter()).0);
}

fn every_message_completes_once(net: &Net, messages: &[Sent]) {
    let log = net.observer();
    assert_eq!((log.created.len(), log.completed.len()), (messages.len(), messages.len()));
    let mut created = log.created.clone();
    let mut completed: Vec<_> = log.completed.iter().map(|(_, message)| *message).collect();
    created.sort_unstable_by_key(|message| (message.source, message.sequence));
    completed.sort_unstable_by_key(|message| (message.source, message.sequence));
    assert_eq!(completed, created);
    assert!(log.completed.is_sorted_by_key(|(at, _)| *at));
    assert!(log.completed.iter().all(|(at, message)| *at > message.created));
}

fn each_tier_carries_what_passes_it(net: &mut Net, topology: &Topology, messages: &[Sent]) {
    let between = |sent: &&Sent| !topology.same_rack(HostId(sent.source), HostId(sent.destination));
    let (all, far) = (frames(messages.iter()), frames(messages.iter().filter(between)));
    let tiers = carried(net);
    assert_eq!(tiers["host-tor"], all);
    assert_eq!(tiers["tor-spine"], far);
    assert_eq!(tiers["spine-tor"], far);
    assert_eq!(tiers["tor-host"], all);
    assert_eq!(net.statistics().packet_hops, 2 * all.0 + 2 * far.0);
}

fn each_level_receives_what_was_sent_on_it(net: &mut Net, messages: &[Sent]) {
    let mut expected = [0; Priority::LEVELS];
    for (frame, priority) in messages.iter().flat_map(|sent| &sent.packets) {
        expected[usize::from(*priority)] += u64::from(*frame) + 20;
    }
    let received = net.statistics().received_wire_bytes;
    assert_eq!(received[0], expected);
    assert!(received[1..].iter().all(|class| *class == [0; Priority::LEVELS]));
}

fn is_conserved(name: &str, balancing: LoadBalancing, seed: u64, messages: &[Sent]) {
    let topology = shipped(name);
    let (mut net, notes) = network(&topology, balancing, seed, messages);
    assert_eq!(net.run_until(Time::MAX), Advanced::Idle);
    assert_eq!((net.unfinished().count(), net.packets_in_network()), (0, 0));
    every_packet_arrives_once(messages, &notes.borrow());
    every_message_completes_once(&net, messages);
    each_tier_carries_what_passes_it(&mut net, &topology, messages);
    each_level_receives_what_was_sent_on_it(&mut net, messages);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn sixteen_hosts_lose_nothing(balancing in balancing(), seed: u64, messages in messages(16, 80)) {
        is_conserved("sigcomm18-16", balancing, seed, &messages);
    }

    #[test]
    fn hosts_under_several_spines_lose_nothing(balancing in balancing(), seed: u64, messages in messages(144, 200)) {
        is_conserved("sigcomm18", balancing, seed, &messages);
    }

    /// All messages to few hosts, so that the ports to them hold many packets of all priorities.
    #[test]
    fn crowded_ports_lose_nothing(seed: u64, mut messages in messages(144, 200)) {
        for sent in &mut messages {
            sent.destination = if sent.source < 2 { 2 } else { sent.destination % 2 };
        }
        is_conserved("sigcomm18", LoadBalancing::RandomSpraying, seed, &messages);
    }
}

#[test]
fn unfinished_messages_and_their_packets_are_told_while_they_are_under_way() {
    let messages = [common::sent(0, 0, 15, &[(1_000, 3); 4]), common::sent(0, 1, 2, &[(64, 7)])];
    let (mut net, _) = network(&shipped("sigcomm18-16"), LoadBalancing::First, 1, &messages);
    // The short message has arrived by then; of the long one the NIC has taken three packets and
    // none has arrived.
    assert_eq!(net.run_until(Time::from_ps(1_900_000)), Advanced::Reached);
    let unfinished: Vec<_> = net.unfinished().map(|message| (message.source.0, message.size.get())).collect();
    assert_eq!(unfinished, [(0, 4_000)]);
    assert_eq!(net.packets_in_network(), 3);
    net.stop_traffic();
    assert_eq!(net.run_until(Time::MAX), Advanced::Idle);
    assert_eq!((net.unfinished().count(), net.packets_in_network()), (0, 0));
}
