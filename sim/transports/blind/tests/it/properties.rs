//! Under random messages every byte is delivered: each message completes exactly once and the wire
//! carries what they cost, at one priority. A run again is the same to the picosecond.

use crate::common::{message, network, run};
use homa_blind::wire;
use homa_fabric::{LoadBalancing, Submission};
use homa_units::Priority;
use proptest::prelude::*;
use proptest::sample::select;

/// Sizes of one packet, of few, and long ones.
fn size() -> impl Strategy<Value = u64> {
    prop_oneof![4 => 1..=1_442_u64, 4 => 1_443..=20_000_u64, 1 => 20_001..=150_000_u64]
}

/// Messages among `hosts` hosts. The instants are few, so that many things happen at once.
fn messages(hosts: u32, most: usize) -> impl Strategy<Value = Vec<Submission>> {
    let at = prop_oneof![0..60_000_000_u64, (0..12_u64).prop_map(|step| step * 1_230_400)];
    let message = (at, 0..hosts, 1..hosts, size())
        .prop_map(move |(at_ps, source, step, size)| message(at_ps, source, (source + step) % hosts, size));
    prop::collection::vec(message, 1..most).prop_map(|mut messages| {
        messages.sort_by_key(|message| message.at);
        messages
    })
}

fn balancing() -> impl Strategy<Value = LoadBalancing> {
    select(vec![LoadBalancing::RandomSpraying, LoadBalancing::RoundRobin, LoadBalancing::First])
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_byte_is_delivered_once_and_a_run_again_is_the_same(
        name in select(vec!["sigcomm18-16", "sigcomm18"]),
        balancing in balancing(),
        seed: u64,
        messages in messages(16, 120),
    ) {
        let topology = network(name);
        let outcome = run(&topology, balancing, seed, &messages);
        let mut sent: Vec<_> = messages.iter().map(|sent| (sent.source, sent.at, sent.destination, sent.size)).collect();
        let completed = outcome.completions.iter();
        let mut completed: Vec<_> = completed
            .map(|(_, message)| (message.source, message.created, message.destination, message.size))
            .collect();
        sent.sort_unstable();
        completed.sort_unstable();
        prop_assert_eq!(completed, sent);
        let cost: u64 = messages.iter().map(|sent| wire::message_wire_bytes(sent.size).get()).sum();
        prop_assert_eq!(outcome.wire_bytes[Priority::LOWEST.index()], cost);
        prop_assert_eq!(outcome.wire_bytes.iter().sum::<u64>(), cost);
        prop_assert_eq!(run(&topology, balancing, seed, &messages), outcome);
    }
}
