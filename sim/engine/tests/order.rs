//! The queue pops in the total order of its keys, whatever the order of pushes and pops.

use homa_engine::{EventKey, EventQueue};
use homa_units::Time;
use proptest::prelude::*;
use std::collections::BTreeSet;

fn key() -> impl Strategy<Value = EventKey> {
    (0u64..4, 0u8..3, 0u32..3, 0u32..3)
        .prop_map(|(at, class, component, counter)| EventKey::new(Time::from_ps(at), class, component, counter))
}

proptest! {
    #[test]
    fn pops_equal_those_of_a_sorted_set(steps in prop::collection::vec(prop::option::of(key()), 0..60)) {
        let (mut queue, mut set) = (EventQueue::default(), BTreeSet::new());
        for step in steps {
            match step {
                Some(key) => if set.insert(key) { queue.push(key) },
                None => prop_assert_eq!(queue.pop(), set.pop_first()),
            }
            prop_assert_eq!(queue.len(), set.len());
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
