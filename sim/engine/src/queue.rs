//! The event queue and its total order.

use crate::occupancy::Occupancy;
use dary_heap::QuaternaryHeap;
use homa_units::{Duration, Time};
use prefetch_index::prefetch_index;
use std::cmp::Reverse;

/// What and when: an event is nothing but its key, and the keys of one run are totally ordered.
///
/// The order is (time, class, component, counter). `class` ranks kinds of events of one instant,
/// `component` is the dense number of the thing it happens to, and `counter` orders events of one
/// class at one component.
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

    /// The key of an event at `at`, whose order among those of the instant is that of `low`: for
    /// orders other than that of [`Self::new`], whose parts then don't mean what they are called.
    #[must_use]
    #[inline]
    pub fn from_parts(at: Time, low: u64) -> Self {
        Self(u128::from(at.as_ps()) << 64 | u128::from(low))
    }

    /// All but the time: see [`Self::from_parts`].
    #[must_use]
    #[inline]
    pub const fn low(self) -> u64 {
        self.0 as u64
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

/// Pending events, earliest first in the total order of [`EventKey`].
///
/// Time is cut into slots. The events of the slot that is *open* are sorted; those of the following
/// slots, up to the horizon, lie unsorted in one list for each slot; those beyond it are in a heap.
/// When the open slot has run empty, the next one that has events is opened, from its list, the
/// heap or both. So most events are put on a list, read once and sorted among about ten others,
/// with few hard-to-predict branches; a heap of all would compare each event with a dozen others on
/// its way in and out.
///
/// How time is cut decides how fast the queue is, never the order.
///
/// Guarantee: events are popped in the order of their keys; one pushed for the past is popped next.
/// Cost: a push is constant within the horizon and logarithmic beyond it; a pop is constant but for
/// the sorting of a slot's events, about ten. Memory is that of the most events that were pending
/// at a time.
#[derive(Debug)]
pub struct EventQueue {
    /// Events of the open slot, and any pushed for an earlier one; latest first, so that the
    /// earliest is popped.
    open: Vec<EventKey>,
    /// Number of the open slot since time zero.
    open_slot: u64,
    /// A slot is 2 to this power picoseconds long.
    slot_bits: u32,
    /// The first event on the list of each slot, by slot number modulo the number of lists, a power
    /// of two.
    heads: Vec<u32>,
    /// Which lists have events.
    occupied: Occupancy,
    /// The events on lists.
    nodes: Vec<Listed>,
    /// The first unused node.
    free: u32,
    /// Events on lists.
    listed: usize,
    /// Of the slot that is probably opened next, the first event that [`Self::preview`] has not
    /// given.
    preview: u32,
    /// Events beyond the horizon when they were pushed.
    far: QuaternaryHeap<Reverse<EventKey>>,
}

/// An event on a list, or an unused place.
#[derive(Debug, Clone, Copy)]
struct Listed {
    event: EventKey,
    next: u32,
}

/// The end of a list.
const NONE: u32 = u32::MAX;
const LISTS_MIN: usize = 64;
/// The heads of so many lists are 32 KB, which stay in the cache. With a list for each pending
/// event, those of 8,192 hosts would take half a megabyte, each slot had one event, and none was
/// known early enough to look ahead.
const LISTS_MAX: usize = 1 << 13;

impl Default for EventQueue {
    /// A queue for a small network of today's rates.
    fn default() -> Self {
        Self::new(1_024, Duration::from_us(8))
    }
}

impl EventQueue {
    /// A queue that is fast if there are about `pending` events at a time, most of them due within
    /// `horizon`.
    #[must_use]
    #[inline]
    pub fn new(pending: usize, horizon: Duration) -> Self {
        let lists = pending.next_power_of_two().clamp(LISTS_MIN, LISTS_MAX);
        let slot_ps = (horizon.as_ps() / lists as u64).max(1).next_power_of_two();
        Self {
            open: Vec::new(),
            open_slot: 0,
            slot_bits: slot_ps.trailing_zeros(),
            heads: vec![NONE; lists],
            occupied: Occupancy::new(lists),
            nodes: Vec::new(),
            free: NONE,
            listed: 0,
            preview: NONE,
            far: QuaternaryHeap::new(),
        }
    }

    /// Schedules `event`.
    #[inline]
    pub fn push(&mut self, event: EventKey) {
        let slot = self.slot_of(event);
        if slot <= self.open_slot {
            let place = self.open.partition_point(|other| *other > event);
            self.open.insert(place, event);
        } else if slot - self.open_slot < self.heads.len() as u64 {
            self.push_listed(slot, event);
        } else {
            self.far.push(Reverse(event));
        }
    }

    /// Takes the earliest event out.
    #[inline]
    pub fn pop(&mut self) -> Option<EventKey> {
        if self.open.is_empty() {
            self.open_next(None);
        }
        self.open.pop()
    }

    /// Takes the earliest event out if it happens before `end`.
    #[inline]
    pub fn pop_before(&mut self, end: Time) -> Option<EventKey> {
        if self.open.is_empty() {
            self.open_next(Some(end));
        }
        let earliest = *self.open.last()?;
        if earliest.at() >= end {
            return None;
        }
        self.open.pop()
    }

    /// Events that come next, latest first: as many as are known without effort, and none if that
    /// takes some.
    #[must_use]
    #[inline]
    pub fn next_events(&self) -> &[EventKey] {
        &self.open
    }

    /// Takes care that [`Self::next_events`] gives some, if any happen before `end`; what comes
    /// after them is previewed.
    #[inline]
    pub fn look_for_events(&mut self, end: Time) {
        if self.open.is_empty() {
            self.open_next(Some(end));
            let following = self.occupied.next_after(self.list_of(self.open_slot));
            self.preview = following.map_or(NONE, |list| self.heads[list]);
        }
    }

    /// After [`Self::look_for_events`], one that will probably be among [`Self::next_events`] when
    /// those have run out, in no order, and another one with each call. Their places on the list
    /// are in the cache then: fetching these one by one takes longer than sorting the slot.
    #[inline]
    pub fn preview(&mut self) -> Option<EventKey> {
        let Listed { event, next } = *self.nodes.get(self.preview as usize)?;
        prefetch_index(&self.nodes, next as usize);
        self.preview = next;
        Some(event)
    }

    /// No event happens before this; none if none is pending. It is at most the length of a slot
    /// too early.
    #[must_use]
    #[inline]
    pub fn earliest(&self) -> Option<Time> {
        match self.open.last() {
            Some(event) => Some(event.at()),
            None => {
                let (listed, far) = self.next_slots();
                let slot = [listed, far].into_iter().flatten().min()?;
                Some(Time::from_ps(slot << self.slot_bits))
            }
        }
    }

    /// Takes out all events of which `keep` says no. As it passes over everything, it is for rare
    /// occasions.
    pub fn retain(&mut self, keep: impl Fn(EventKey) -> bool) {
        let mut events: Vec<EventKey> = self.open.drain(..).collect();
        for head in &mut self.heads {
            let mut place = std::mem::replace(head, NONE);
            while let Some(Listed { event, next }) = self.nodes.get(place as usize) {
                events.push(*event);
                place = *next;
            }
        }
        events.extend(self.far.drain().map(|Reverse(event)| event));
        self.occupied = Occupancy::new(self.heads.len());
        self.nodes.clear();
        (self.free, self.preview, self.listed) = (NONE, NONE, 0);
        events.into_iter().filter(|event| keep(*event)).for_each(|event| self.push(event));
    }

    /// How many events are pending.
    #[must_use]
    #[inline]
    pub fn len(&self) -> usize {
        self.open.len() + self.listed + self.far.len()
    }

    /// Whether nothing is pending.
    #[must_use]
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    #[inline]
    fn slot_of(&self, event: EventKey) -> u64 {
        event.at().as_ps() >> self.slot_bits
    }

    #[inline]
    fn list_of(&self, slot: u64) -> usize {
        slot as usize & (self.heads.len() - 1)
    }

    #[inline]
    fn push_listed(&mut self, slot: u64, event: EventKey) {
        let list = self.list_of(slot);
        let node = Listed { event, next: self.heads[list] };
        let place = self.free;
        if place == NONE {
            self.heads[list] = u32::try_from(self.nodes.len()).expect("fewer than 2^32 events");
            self.nodes.push(node);
        } else {
            self.free = self.nodes[place as usize].next;
            self.nodes[place as usize] = node;
            self.heads[list] = place;
        }
        self.occupied.insert(list);
        self.listed += 1;
    }

    /// The first slots after the open one of which events are on a list, and of which events are in
    /// the heap.
    #[inline(always)]
    fn next_slots(&self) -> (Option<u64>, Option<u64>) {
        let first_far = self.far.peek().map(|Reverse(event)| self.slot_of(*event));
        let first_listed = (self.listed > 0).then(|| {
            let open_list = self.list_of(self.open_slot);
            let list = self.occupied.next_after(open_list).expect("an event is on a list");
            self.open_slot + (list.wrapping_sub(open_list) & (self.heads.len() - 1)) as u64
        });
        (first_listed, first_far)
    }

    /// Opens the next slot that has events, unless it begins at `end` or later.
    #[inline]
    fn open_next(&mut self, end: Option<Time>) {
        let (first_listed, first_far) = self.next_slots();
        let Some(slot) = [first_far, first_listed].into_iter().flatten().min() else { return };
        if end.is_some_and(|end| slot << self.slot_bits >= end.as_ps()) {
            return;
        }
        self.open_slot = slot;
        self.preview = NONE;
        if first_listed == Some(slot) {
            self.take_list(self.list_of(slot));
        }
        if first_far == Some(slot) {
            while let Some(Reverse(event)) = self.far.peek().filter(|event| self.slot_of(event.0) == slot) {
                self.open.push(*event);
                self.far.pop();
            }
        }
        self.open.sort_unstable_by(|first, second| second.cmp(first));
    }

    #[inline]
    fn take_list(&mut self, list: usize) {
        let mut place = std::mem::replace(&mut self.heads[list], NONE);
        self.occupied.remove(list);
        while place != NONE {
            let node = &mut self.nodes[place as usize];
            self.open.push(node.event);
            self.listed -= 1;
            let next = std::mem::replace(&mut node.next, self.free);
            self.free = place;
            place = next;
        }
    }
}
