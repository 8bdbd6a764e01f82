//! The queue of messages gives the one with the least key, however long it is and in whatever order they come.

use homa_protocol::SrptQueue;
use homa_units::Time;
use proptest::prelude::*;
use std::collections::BTreeMap;

#[derive(Debug, Clone)]
enum Step {
    Set {
        slot: u32,
        remaining_bytes: u32,
        created: u64,
    },
    /// The first one has sent so many bytes.
    Send(u32),
    RemoveFirst,
    Remove(u32),
}

/// Queues that become some hundred messages long, and short ones with many changes.
fn steps() -> impl Strategy<Value = Vec<Step>> {
    (1..400_u32).prop_flat_map(|slots| {
        let set = (0..slots, 0..50_u32, 0..4_u64).prop_map(|(slot, remaining_bytes, created)| Step::Set {
            slot,
            remaining_bytes,
            created,
        });
        let sent = (0..20_u32).prop_map(Step::Send);
        let remove = (0..slots).prop_map(Step::Remove);
        prop::collection::vec(prop_oneof![5 => set, 2 => sent, 2 => Just(Step::RemoveFirst), 1 => remove], 0..900)
    })
}

proptest! {
    #[test]
    fn the_first_is_the_one_with_the_fewest_bytes_then_the_oldest(steps in steps()) {
        let (mut queue, mut model) = (SrptQueue::default(), BTreeMap::new());
        let first = |model: &BTreeMap<u32, (u32, u64)>| model.iter().map(|(slot, key)| (*key, *slot)).min();
        for step in steps {
            match step {
                Step::Set { slot, remaining_bytes, created } => {
                    if model.insert(slot, (remaining_bytes, created)).is_some() {
                        queue.set(slot, remaining_bytes, Time::from_ps(created), slot);
                    } else {
                        queue.enter(slot, remaining_bytes, Time::from_ps(created), slot);
                    }
                }
                Step::Send(bytes) => if let Some(((left, created), slot)) = first(&model) {
                    let left = left.saturating_sub(bytes);
                    queue.set(slot, left, Time::from_ps(created), slot);
                    model.insert(slot, (left, created));
                },
                Step::RemoveFirst => {
                    queue.remove_first();
                    if let Some((_, slot)) = first(&model) {
                        model.remove(&slot);
                    }
                }
                Step::Remove(slot) => {
                    queue.remove(slot);
                    model.remove(&slot);
                }
            }
            prop_assert_eq!(queue.first(), first(&model).map(|(_, slot)| slot));
            prop_assert_eq!(queue.is_empty(), model.is_empty());
        }
    }
}
