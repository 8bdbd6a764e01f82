//! What happens does not depend on how a run is called: in one go, in slices, stopped and
//! continued, or again.

use crate::common::{self, Log, Net, Notes, Sent, network, shipped};
use homa_fabric::{Advanced, FabricStatistics, LoadBalancing};
use homa_units::Time;
use proptest::prelude::*;
use std::cell::RefCell;
use std::rc::Rc;

/// All that can be seen of a finished run.
type Result = (Log, Notes, FabricStatistics, Time);

fn result((net, notes): (Net, Rc<RefCell<Notes>>)) -> Result {
    let notes = notes.borrow().clone();
    (net.observer().clone(), notes, net.statistics(), net.now())
}

fn start(seed: u64, messages: &[Sent]) -> (Net, Rc<RefCell<Notes>>) {
    network(&shipped("sigcomm18"), LoadBalancing::RandomSpraying, seed, messages)
}

fn in_one_go(seed: u64, messages: &[Sent]) -> Result {
    let mut run = start(seed, messages);
    assert_eq!(run.0.run_until(Time::MAX), Advanced::Idle);
    result(run)
}

/// Messages between few hosts of two racks, many at the same instants.
fn messages() -> impl Strategy<Value = Vec<Sent>> {
    let packets = prop::collection::vec((64..=1_518_u16, 0..8_u8), 1..5);
    let message = (0..8_u64, 0..6_u32, 1..6_u32, packets).prop_map(|(at, source, step, packets)| {
        let host = |number: u32| number % 3 + number / 3 * 40;
        Sent { at_ps: at * 700_000, source: host(source), destination: host((source + step) % 6), packets }
    });
    prop::collection::vec(message, 1..40)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_run_again_is_the_same(seed: u64, messages in messages()) {
        prop_assert_eq!(in_one_go(seed, &messages), in_one_go(seed, &messages));
    }

    #[test]
    fn slices_of_any_length_give_the_same_run(seed: u64, messages in messages(), mut ends in prop::collection::vec(0..30_000_000_u64, 0..40)) {
        ends.sort_unstable();
        let mut run = start(seed, &messages);
        for end in ends {
            let end = Time::from_ps(end);
            let outcome = run.0.run_until(end);
            prop_assert!(outcome == Advanced::Idle || run.0.now() == end);
        }
        run.0.run_until(Time::MAX);
        prop_assert_eq!(result(run), in_one_go(seed, &messages));
    }

    /// The ends of the slices are the very instants at which something happens.
    #[test]
    fn slices_that_end_at_events_give_the_same_run(seed: u64, messages in messages()) {
        let whole = in_one_go(seed, &messages);
        let mut run = start(seed, &messages);
        for seen in &whole.1.arrived {
            run.0.run_until(Time::from_ps(seen.at_ps));
        }
        run.0.run_until(Time::MAX);
        prop_assert_eq!(result(run), whole);
    }
}

#[test]
fn what_happens_at_the_end_of_a_slice_belongs_to_the_next_one() {
    let messages = [common::sent(1_000_000, 0, 1, &[(64, 0)])];
    let (mut net, _) = start(1, &messages);
    assert_eq!(net.run_until(Time::from_ps(1_000_000)), Advanced::Reached);
    assert!(net.observer().created.is_empty());
    net.run_until(Time::from_ps(1_000_001));
    assert_eq!(net.observer().created.len(), 1);
}

#[test]
fn another_seed_sprays_otherwise() {
    let messages = [common::sent(0, 0, 143, &[(1_518, 0), (64, 0)])];
    let second = |seed| in_one_go(seed, &messages).1.arrivals()[0].0;
    assert!((1..40).any(|seed| second(seed) != second(0)));
}

#[test]
fn stopped_generators_create_nothing_more() {
    let messages = [common::sent(0, 0, 1, &[(64, 0)]), common::sent(900_000, 0, 1, &[(64, 0)])];
    let (mut net, _) = start(1, &messages);
    net.run_until(Time::from_ps(500_000));
    net.stop_traffic();
    assert_eq!(net.run_until(Time::MAX), Advanced::Idle);
    assert_eq!((net.observer().created.len(), net.observer().completed.len()), (1, 1));
}
