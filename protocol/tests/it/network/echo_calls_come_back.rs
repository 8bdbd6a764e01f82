//! On a network without faults every request comes back once, executed once, in every transmit mode.

use crate::network::net::{Call, Faults, Net, Outcome};
use homa_protocol::{Config, TransmitMode};
use homa_units::{Duration, Time};

fn calls() -> Vec<Call> {
    let lengths =
        [(100, 100), (1, 1), (1424, 1425), (40_000, 40_001), (500_000, 60_000), (3, 1_000_000), (1_000_000, 5)];
    let call = |(index, &(request, response)): (usize, &(u32, u32))| Call {
        from: index % 3,
        to: (index + 1) % 3,
        request,
        response,
        at: Time::ZERO + Duration::from_us(index as u64),
    };
    lengths.iter().enumerate().map(call).collect()
}

fn comes_back(transmit: TransmitMode) {
    let config = |_| Config { transmit, configured: true, ..Config::default() };
    let mut net = Net::new(3, 1, Faults::NONE, config);
    net.run(calls(), Time::ZERO + Duration::from_ms(100));
    for (index, call) in calls().iter().enumerate() {
        assert_eq!(net.outcomes[index], [Outcome::Response(call.response)], "call {index}");
        assert_eq!(net.executions[index], 1, "call {index}");
    }
}

#[test]
fn when_the_link_pulls() {
    comes_back(TransmitMode::Pull);
}

#[test]
fn when_units_leave_at_once() {
    comes_back(TransmitMode::Immediate);
}

#[test]
fn behind_the_old_pacer() {
    comes_back(TransmitMode::OldPacer);
}

#[test]
fn behind_homa_qdisc() {
    comes_back(TransmitMode::Qdisc);
}
