//! The queue pops in the total order of its keys, whatever the order of pushes and pops, and whoever looks ahead.

use homa_engine::{EventKey, EventQueue};
use homa_units::Time;
use proptest::prelude::*;
use std::collections::BTreeSet;

/// Instants that are equal, in one slot, in neighbouring slots, about as far away as the queue has lists for, and beyond.
fn at() -> impl Strategy<Value = u64> {
    prop_oneof![0u64..4, 0u64..20_000, 0u64..1 << 24, (1u64 << 22)..(1 << 22) + 20_000, any::<u64>()]
}

fn key() -> impl Strategy<Value = EventKey> {
    (at(), 0u8..3, 0u32..3, 0u32..3)
        .prop_map(|(at, class, component, counter)| EventKey::new(Time::from_ps(at), class, component, counter))
}

/// What happens to a queue.
#[derive(Debug, Clone)]
enum Step {
    Push(EventKey),
    Pop,
    PopBefore(u64),
    Look(u64),
    /// Keep the events of these classes.
    Retain(u8),
    /// Keep lists in this way from now on.
    LookAhead(bool),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![3 => key().prop_map(Step::Push), 2 => Just(Step::Pop), 1 => at().prop_map(Step::PopBefore), 1 => at().prop_map(Step::Look), 1 => (0u8..3).prop_map(Step::Retain), 1 => any::<bool>().prop_map(Step::LookAhead)]
}

/// Queues that cut time finely and coarsely, and keep lists in either way.
fn queue() -> impl Strategy<Value = EventQueue> {
    (0u64..1 << 36, any::<bool>()).prop_map(|(horizon, looks_ahead)| {
        let mut queue = EventQueue::new(homa_units::Duration::from_ps(horizon));
        queue.set_looks_ahead(looks_ahead);
        queue
    })
}

proptest! {
    #[test]
    fn pops_equal_those_of_a_sorted_set(mut queue in queue(), steps in prop::collection::vec(step(), 0..200)) {
        let mut set = BTreeSet::new();
        for step in steps {
            match step {
                Step::Push(key) => if set.insert(key) { queue.push(key) },
                Step::Pop => prop_assert_eq!(queue.pop(), set.pop_first()),
                Step::PopBefore(end) => {
                    let due = set.first().is_some_and(|first| first.at().as_ps() < end);
                    let expected = if due { set.pop_first() } else { None };
                    prop_assert_eq!(queue.pop_before(Time::from_ps(end)), expected);
                }
                Step::Retain(class) => {
                    queue.retain(|event| event.class() <= class);
                    set.retain(|event| event.class() <= class);
                }
                Step::LookAhead(looks_ahead) => queue.set_looks_ahead(looks_ahead),
                Step::Look(end) => {
                    queue.look_for_events(Time::from_ps(end));
                    let due = set.first().is_some_and(|first| first.at().as_ps() < end);
                    prop_assert!(!due || !queue.next_events().is_empty());
                    prop_assert!(queue.next_events().iter().rev().eq(set.iter().take(queue.next_events().len())));
                    for _ in 0..2 {
                        let preview = queue.preview();
                        prop_assert!(preview.is_none_or(|event| set.contains(&event)));
                    }
                }
            }
            prop_assert_eq!(queue.len(), set.len());
            let (earliest, first) = (queue.earliest(), set.first().map(|first| first.at()));
            prop_assert_eq!(earliest.is_some(), first.is_some());
            // A slot is at most a 4,096th of the horizon long, rounded up to a power of two.
            let too_early = earliest.zip(first).map(|(earliest, first)| first.since(earliest).as_ps());
            prop_assert!(too_early.is_none_or(|ps| ps < 1 << 25), "{:?} instead of {:?}", earliest, first);
        }
        while let Some(first) = set.pop_first() {
            prop_assert_eq!(queue.pop(), Some(first));
        }
        prop_assert!(queue.is_empty());
    }

    #[test]
    fn a_key_gives_back_its_parts(at: u64, class in 0u8..16, component in 0u32..1 << 28, counter: u32) {
        let key = EventKey::new(Time::from_ps(at), class, component, counter);
        prop_assert_eq!((key.at().as_ps(), key.class(), key.component(), key.counter()), (at, class, component, counter));
    }
}

#[test]
fn class_outranks_component_and_time_outranks_class() {
    let at = |ps, class, component| EventKey::new(Time::from_ps(ps), class, component, 0);
    assert!(at(1, 3, 9) < at(2, 0, 0));
    assert!(at(2, 0, 9) < at(2, 1, 0));
}
