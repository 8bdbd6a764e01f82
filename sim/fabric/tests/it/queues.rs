//! Mean and maximum of queues equal a case worked out by hand: bytes of waiting frames, without the
//! frame on the wire and without the one already fetched, over time, then over ports.

use crate::common::{Net, Sent, at_port, bare_switch, network};
use homa_fabric::{LoadBalancing, TierStatistics};
use homa_units::Time;

/// Three frames for one port, by the time they take with preamble: 560, 400 and 200 ns. In
/// nanoseconds:
///
/// | instant | what happens at the port | waiting bytes afterwards |
/// | --- | --- | --- |
/// | 800 | the first comes and is sent at once | 0 |
/// | 900 | the second comes | 492 |
/// | 1000 | the third comes | 492 + 242 = 734 |
/// | 1360 | end of the first, the second is fetched | 242 |
/// | 1369.6 | the second starts | 242 |
/// | 1769.6 | end of the second, the third is fetched | 0 |
/// | 1979.2 | end of the third, and of the run | 0 |
fn worked_case() -> [Sent; 3] {
    [at_port(800_000, 1, 0, 692, 3), at_port(900_000, 2, 0, 492, 3), at_port(1_000_000, 3, 0, 242, 3)]
}

const PORTS: u32 = 4;
const END_NS: f64 = 1_979.2;
const SECOND_WAITS: f64 = 492.0 * (1_360.0 - 900.0);
const THIRD_WAITS: f64 = 242.0 * (1_769.6 - 1_000.0);

fn start() -> Net {
    network(&bare_switch(PORTS), LoadBalancing::First, 1, &worked_case()).0
}

fn tier(net: &mut Net, wanted: &str) -> TierStatistics {
    net.statistics().tiers.into_iter().find(|tier| tier.tier == wanted).unwrap()
}

fn assert_mean(statistics: &TierStatistics, byte_ns: f64, ns: f64) {
    let expected = byte_ns / ns / f64::from(PORTS);
    let mean = statistics.queue_mean_bytes;
    assert!((mean - expected).abs() < 1e-9, "{mean} B is not {expected} B");
}

#[test]
fn the_mean_is_over_time_and_ports_and_the_maximum_over_both() {
    let mut net = start();
    net.run_until(Time::MAX);
    assert_eq!(net.now().as_ps(), 1_979_200);
    let down = tier(&mut net, "tor-host");
    assert_mean(&down, SECOND_WAITS + THIRD_WAITS, END_NS);
    assert_eq!((down.ports, down.queue_max_bytes, down.frames, down.frame_bytes), (4, 734, 3, 692 + 492 + 242));
}

#[test]
fn a_packet_that_is_served_at_once_counts_for_the_maximum_but_not_for_the_mean() {
    let mut net = start();
    net.run_until(Time::MAX);
    let up = tier(&mut net, "host-tor");
    assert_mean(&up, 0.0, END_NS);
    assert_eq!(up.queue_max_bytes, 692);
}

#[test]
fn statistics_taken_in_between_count_up_to_that_instant_and_change_nothing() {
    let mut net = start();
    net.run_until(Time::from_ps(950_000));
    let down = tier(&mut net, "tor-host");
    assert_mean(&down, 492.0 * 50.0, 950.0);
    // So far the frame that was served at once is the largest that was ever in the queue.
    assert_eq!(down.queue_max_bytes, 692);
    net.run_until(Time::from_ps(1_500_000));
    assert_mean(&tier(&mut net, "tor-host"), SECOND_WAITS + 242.0 * 500.0, 1_500.0);
    net.run_until(Time::MAX);
    assert_mean(&tier(&mut net, "tor-host"), SECOND_WAITS + THIRD_WAITS, END_NS);
}

#[test]
fn a_restart_counts_what_already_waits_from_then_on() {
    let mut net = start();
    net.run_until(Time::from_ps(950_000));
    net.restart_queue_statistics();
    net.run_until(Time::MAX);
    let down = tier(&mut net, "tor-host");
    assert_mean(&down, SECOND_WAITS - 492.0 * 50.0 + THIRD_WAITS, END_NS - 950.0);
    assert_eq!(down.queue_max_bytes, 734);
    // Frames and use are counted from the begin all the same.
    assert_eq!(down.frames, 3);
}

#[test]
fn after_a_restart_the_maximum_is_that_of_later_arrivals() {
    let mut net = start();
    net.run_until(Time::from_ps(1_200_000));
    net.restart_queue_statistics();
    net.run_until(Time::MAX);
    let down = tier(&mut net, "tor-host");
    assert_eq!(down.queue_max_bytes, 0);
    assert_mean(&down, 734.0 * 160.0 + 242.0 * 409.6, END_NS - 1_200.0);
}

#[test]
fn an_untouched_network_has_empty_queues_and_no_use() {
    let mut net = network(&bare_switch(PORTS), LoadBalancing::First, 1, &[]).0;
    net.run_until(Time::MAX);
    for tier in net.statistics().tiers {
        assert_eq!((tier.queue_mean_bytes, tier.queue_max_bytes, tier.utilisation, tier.frames), (0.0, 0, 0.0, 0));
    }
}
