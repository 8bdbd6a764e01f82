//! In an idle network a message takes exactly the model's closed form, to the picosecond:
//! one-packet and many-packet messages, unscheduled and scheduled, inside a rack and between racks,
//! at every unscheduled level.

use crate::common::{config, message, network, run, w3};
use homa_fabric::LoadBalancing;
use homa_sigcomm18::wire;
use std::collections::BTreeSet;

/// Packets and wire bytes of a message with 9328 unscheduled bytes.
fn packets_and_wire_bytes(size: u64) -> (u64, u64) {
    let size = u32::try_from(size).unwrap();
    let unscheduled = size.min(9_328);
    let scheduled = size - unscheduled;
    let packets = unscheduled.div_ceil(wire::UNSCHEDULED_DATA_MAX) + scheduled.div_ceil(wire::SCHEDULED_DATA_MAX);
    (u64::from(packets), wire::unscheduled_wire_bytes(unscheduled) + wire::scheduled_wire_bytes(scheduled))
}

/// The closed form of the idle completion time in picoseconds, for packets that all take the same
/// path.
fn closed_form_ps(size: u64, same_rack: bool) -> u64 {
    match (packets_and_wire_bytes(size), same_rack) {
        ((1, wire), false) => 2_226_000 + 2_000 * wire,
        ((1, wire), true) => 1_730_800 + 1_600 * wire,
        ((_, wire), true) => 2_961_200 + 800 * wire,
        ((_, wire), false) => 4_071_600 + 800 * wire,
    }
}

fn sizes() -> BTreeSet<u64> {
    let around = [1, 17, 18, 433, 1_442, 2_339, 2_884, 6_756, 8_652, 9_328, 9_328 + 1_456, 20_000, 100_000, 1_000_000];
    let near = around.into_iter().flat_map(|size| [size - 1, size, size + 1, size + 7]);
    near.chain((1..80).map(|step| step * 151)).filter(|size| *size > 0).collect()
}

#[test]
fn a_lone_message_takes_the_closed_form_to_the_picosecond() {
    let mut cases = 0;
    for (name, far) in [("sigcomm18-16", 15), ("sigcomm18", 143)] {
        let topology = network(name);
        for config in [w3(), config(7, &[]), config(1, &[11, 125, 273, 468, 764, 1275])] {
            for size in sizes() {
                for (destination, same_rack) in [(far, false), (1, true)] {
                    let completions =
                        run(&topology, &config, LoadBalancing::First, 1, vec![message(777, 0, destination, size)]);
                    let (at, message) = completions[0];
                    let expected = closed_form_ps(size, same_rack);
                    assert_eq!(at.since(message.created).as_ps(), expected, "{size} B, same rack: {same_rack}");
                    cases += 1;
                }
            }
        }
    }
    assert!(cases >= 200, "{cases} cases");
}

#[test]
fn the_worked_values_of_the_model_come_out() {
    let topology = network("sigcomm18");
    for (size, cross_ns, same_ns) in [
        (5_000, 8378.8, 7268.4),
        (9_328, 12071.6, 10961.2),
        (20_000, 21134.0, 20023.6),
        (1_000_000, 849_282.8, 848_172.4),
    ] {
        for (destination, expected_ns) in [(143, cross_ns), (1, same_ns)] {
            for seed in 0..3 {
                let completions =
                    run(&topology, &w3(), LoadBalancing::RandomSpraying, seed, vec![message(0, 0, destination, size)]);
                assert_eq!(
                    completions[0].0.as_ps(),
                    (expected_ns * 1e3_f64).round() as u64,
                    "{size} B to {destination}"
                );
            }
        }
    }
}

/// The one place where spraying shows in an idle network: a short second packet on another uplink
/// goes first.
#[test]
fn a_short_second_packet_on_another_uplink_overtakes_the_first() {
    let topology = network("sigcomm18");
    for size in (1_443..=1_858_u64).step_by(5) {
        let second_wire = size - 1_346;
        let overtaken = 5_302_000 + (2_000 * second_wire).saturating_sub(615_200);
        let mut seen = BTreeSet::new();
        for seed in 0..24 {
            let completions =
                run(&topology, &w3(), LoadBalancing::RandomSpraying, seed, vec![message(0, 0, 143, size)]);
            seen.insert(completions[0].0.as_ps());
        }
        assert_eq!(seen, BTreeSet::from([overtaken, closed_form_ps(size, false)]), "{size} B");
        let in_turn = run(&topology, &w3(), LoadBalancing::RoundRobin, 0, vec![message(0, 0, 143, size)]);
        assert_eq!(in_turn[0].0.as_ps(), overtaken);
    }
}
