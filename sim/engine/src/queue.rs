//! The event queue and its total order.

use dary_heap::QuaternaryHeap;
use homa_units::Time;
use std::cmp::Reverse;

/// What and when: an event is nothing but its key, and the keys of one run are totally ordered.
///
/// The order is (time, class, component, counter). `class` ranks kinds of events of one instant, `component` is the
/// dense number of the thing it happens to, and `counter` orders events of one class at one component.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EventKey(u128);

const COMPONENT_BITS: u32 = 28;
const COUNTER_BITS: u32 = 32;

impl EventKey {
    /// The key of an event of `class` (0 comes first, below 16) at `component` (below 2^28).
    ///
    /// # Panics
    /// If class or component are out of range.
    #[must_use]
    #[inline]
    pub fn new(at: Time, class: u8, component: u32, counter: u32) -> Self {
        assert!(class < 16 && component < 1 << COMPONENT_BITS, "class below 16, component below 2^28");
        let low = u64::from(class) << (COMPONENT_BITS + COUNTER_BITS)
            | u64::from(component) << COUNTER_BITS
            | u64::from(counter);
        Self(u128::from(at.as_ps()) << 64 | u128::from(low))
    }

    /// When it happens.
    #[must_use]
    #[inline]
    pub fn at(self) -> Time {
        Time::from_ps((self.0 >> 64) as u64)
    }

    /// Its class.
    #[must_use]
    #[inline]
    pub fn class(self) -> u8 {
        (self.0 as u64 >> (COMPONENT_BITS + COUNTER_BITS)) as u8
    }

    /// The component it happens to.
    #[must_use]
    #[inline]
    pub fn component(self) -> u32 {
        (self.0 as u64 >> COUNTER_BITS) as u32 & ((1 << COMPONENT_BITS) - 1)
    }

    /// The counter given by the component.
    #[must_use]
    #[inline]
    pub fn counter(self) -> u32 {
        self.0 as u32
    }
}

impl std::fmt::Debug for EventKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}/{}/{}", self.at(), self.class(), self.component(), self.counter())
    }
}

/// Pending events, earliest first in the total order of [`EventKey`]. O(log n) for push and pop.
///
/// A popped event leaves a hole at the root that the next push fills: most events schedule exactly one successor, and
/// one sift-down is cheaper than a removal and an insertion.
#[derive(Debug, Default)]
pub struct EventQueue {
    heap: QuaternaryHeap<Reverse<EventKey>>,
    hole: bool,
}

impl EventQueue {
    /// Schedules `event`.
    #[inline]
    pub fn push(&mut self, event: EventKey) {
        if self.hole {
            self.hole = false;
            *self.heap.peek_mut().expect("a hole is an element") = Reverse(event);
        } else {
            self.heap.push(Reverse(event));
        }
    }

    /// Takes the earliest event out.
    #[inline]
    pub fn pop(&mut self) -> Option<EventKey> {
        self.close_hole();
        let earliest = self.heap.peek()?.0;
        self.hole = true;
        Some(earliest)
    }

    /// Takes the earliest event out if it happens before `end`.
    #[inline]
    pub fn pop_before(&mut self, end: Time) -> Option<EventKey> {
        self.close_hole();
        let earliest = self.heap.peek()?.0;
        if earliest.at() >= end {
            return None;
        }
        self.hole = true;
        Some(earliest)
    }

    /// How many events are pending.
    #[must_use]
    pub fn len(&self) -> usize {
        self.heap.len() - usize::from(self.hole)
    }

    /// Whether nothing is pending.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn close_hole(&mut self) {
        if self.hole {
            self.hole = false;
            self.heap.pop();
        }
    }
}
