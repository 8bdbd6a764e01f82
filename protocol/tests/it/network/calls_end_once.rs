//! Whatever the network does short of total silence, every call ends exactly once, with its response or an error that says
//! why, and nothing is left behind: no grant, no buffer, no RPC. The bytes of every message are compared.

use crate::network::net::{Call, Faults, Net, Outcome};
use homa_protocol::{Config, Errno, Quirks, TransmitMode};
use homa_units::{Duration, Time};
use proptest::prelude::*;

pub(crate) const HOSTS: usize = 3;

/// Lengths at and around the borders: of packets, of the unscheduled bytes, of a bpage.
pub(crate) fn any_length() -> impl Strategy<Value = u32> {
    prop_oneof![
        4 => 1..3_000u32,
        1 => prop::sample::select(vec![1, 1_424, 1_425, 39_999, 40_000, 40_001, 65_536, 65_537]),
        2 => 3_000..200_000u32,
        1 => 200_000..=1_000_000u32,
    ]
}

pub(crate) fn any_call() -> impl Strategy<Value = Call> {
    (0..HOSTS, 1..HOSTS, any_length(), any_length(), 0..2_000u64).prop_map(|(from, hop, request, response, at)| Call {
        from,
        to: (from + hop) % HOSTS,
        request,
        response,
        at: Time::ZERO + Duration::from_us(at),
    })
}

pub(crate) fn any_faults() -> impl Strategy<Value = Faults> {
    let jitter = prop_oneof![Just(0u64), 1..20u64, 1..20_000u64];
    (prop_oneof![Just(0u32), 1..40u32], prop_oneof![Just(0u32), 1..30u32], jitter)
        .prop_map(|(loss, duplication, us)| Faults { loss, duplication, jitter: Duration::from_us(us) })
}

pub(crate) fn any_mode() -> impl Strategy<Value = TransmitMode> {
    prop::sample::select(vec![TransmitMode::Pull, TransmitMode::Immediate, TransmitMode::OldPacer, TransmitMode::Qdisc])
}

fn limit() -> Time {
    Time::ZERO + Duration::from_ms(60_000)
}

/// Total silence lasts for 100 ticks; what is lost less often comes through.
fn ended_well(outcome: &Outcome, call: &Call) -> bool {
    *outcome == Outcome::Response(call.response) || *outcome == Outcome::Failed(Errno::ETIMEDOUT)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(120))]

    #[test]
    fn every_call_ends_exactly_once(
        mut calls in prop::collection::vec(any_call(), 1..24),
        faults in any_faults(),
        transmit in any_mode(),
        fixed in any::<bool>(),
        max_gso_size in prop::sample::select(vec![0u32, 10_000]),
        seed in any::<u64>(),
    ) {
        let quirks = if fixed { Quirks::fixed() } else { Quirks::linux() };
        let config = |_| {
            let mut config = Config { transmit, quirks, configured: true, ..Config::default() };
            config.sysctls.max_gso_size = max_gso_size;
            config
        };
        let mut net = Net::new(HOSTS, seed, faults, config);
        net.run(calls.clone(), limit());
        calls.sort_by_key(|call| call.at);
        for (index, call) in calls.iter().enumerate() {
            prop_assert_eq!(net.outcomes[index].len(), 1, "call {} came back {:?}", index, &net.outcomes[index]);
            prop_assert!(ended_well(&net.outcomes[index][0], call), "{:?} of {:?}", &net.outcomes[index], call);
            if matches!(net.outcomes[index][0], Outcome::Response(_)) {
                prop_assert!(net.executions[index] >= 1, "a response comes from an execution");
            }
        }
    }

    /// With its memory of finished RPCs (quirk Q18 off) a server executes nothing twice, however late duplicates come.
    #[test]
    fn a_server_with_a_memory_executes_each_request_at_most_once(
        calls in prop::collection::vec(any_call(), 1..16),
        jitter_us in 1_000..20_000u64,
        duplication in 20..60u32,
        seed in any::<u64>(),
    ) {
        let config = |_| {
            let quirks = Quirks { no_memory_of_finished_rpcs: false, ..Quirks::linux() };
            Config { transmit: TransmitMode::Immediate, quirks, ..Config::default() }
        };
        let faults = Faults { loss: 5, duplication, jitter: Duration::from_us(jitter_us) };
        let mut net = Net::new(HOSTS, seed, faults, config);
        net.run(calls, limit());
        prop_assert!(net.executions.iter().all(|executions| *executions <= 1), "{:?}", &net.executions);
    }

    #[test]
    fn a_run_is_a_function_of_its_seed(
        calls in prop::collection::vec(any_call(), 1..8),
        faults in any_faults(),
        transmit in any_mode(),
        seed in any::<u64>(),
    ) {
        let run = || {
            let config = |_| Config { transmit, configured: true, ..Config::default() };
            let mut net = Net::new(HOSTS, seed, faults, config);
            net.run(calls.clone(), limit());
            (net.now, net.log)
        };
        prop_assert!(run() == run());
    }
}

/// Without a memory late duplicates are executed again: what the property above protects from does happen (quirk Q18).
#[test]
fn without_a_memory_a_late_duplicate_is_executed_again() {
    let faults = Faults { loss: 0, duplication: 50, jitter: Duration::from_ms(10) };
    let call = |n| Call { from: 0, to: 1, request: 100, response: 100, at: Time::ZERO + Duration::from_us(n) };
    let mut net = Net::new(2, 7, faults, |_| Config { transmit: TransmitMode::Immediate, ..Config::default() });
    net.run((0..50).map(call).collect(), limit());
    assert!(net.executions.iter().any(|executions| *executions > 1), "{:?}", net.executions);
}

/// A silent peer is no loss pattern that recovery could cure: the call fails after 100 ticks.
#[test]
fn total_silence_ends_in_a_timeout() {
    let faults = Faults { loss: 100, duplication: 0, jitter: Duration::ZERO };
    let call = Call { from: 0, to: 1, request: 100, response: 100, at: Time::ZERO };
    let mut net = Net::new(2, 1, faults, |_| Config::default());
    net.run(vec![call], limit());
    assert_eq!(net.outcomes[0], [Outcome::Failed(Errno::ETIMEDOUT)]);
    assert_eq!(net.now, Time::ZERO + Duration::from_ms(100));
}
