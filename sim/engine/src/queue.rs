//! The event queue.

use crate::key::EventKey;
use crate::lists::{LISTS, Lists, Place};
use dary_heap::QuaternaryHeap;
use homa_units::{Duration, Time};
use std::cmp::Reverse;

/// Pending events, earliest first in the total order of [`EventKey`].
///
/// Time is cut into slots. The events of the slots up to the horizon lie on one list for each slot,
/// those beyond it are in a heap. A heap of all would compare each event with a dozen others on its
/// way in and out. There are two ways to keep a list:
///
/// * *In order.* A slot of a small network has an event or two. So each is put into its place, and
///   the first event of the first list is popped.
/// * *Looking ahead.* A slot of a large network has a hundred events. They are sorted all at once
///   when the slot is *opened*, and the caller can see what comes next ([`Self::next_events`]).
///
/// How time is cut and lists are kept decides how fast the queue is, never the order.
///
/// Guarantee: events are popped in the order of their keys; one pushed for the past is popped next.
/// Cost: a push is constant within the horizon, but for the walk to its place on the list, and
/// logarithmic beyond it; a pop is constant but for the sorting of a slot's events. Memory is that
/// of the most events that were pending at a time.
#[derive(Debug)]
pub struct EventQueue {
    /// Events before the first slot: those of the open one, and any pushed for the past. Latest
    /// first, so that the earliest is popped.
    open: Vec<EventKey>,
    /// Events of this slot and later ones are on lists or in the heap.
    first_slot: u64,
    /// Whether slots are opened.
    looks_ahead: bool,
    /// The slot of the first event in `far`; [`NO_SLOT`] if that is empty.
    far_slot: u64,
    /// Slots before this one need not be opened: it is `far_slot`, or zero if the queue looks
    /// ahead.
    opened_from: u64,
    lists: Lists,
    /// Events beyond the horizon when they were pushed.
    far: QuaternaryHeap<Reverse<EventKey>>,
    /// Of the slot that is probably opened next, the first event that [`Self::preview`] has not
    /// given.
    preview: Place,
}

/// No slot: later than all.
const NO_SLOT: u64 = u64::MAX;

impl Default for EventQueue {
    /// A queue for a small network of today's rates.
    fn default() -> Self {
        Self::new(Duration::from_us(4))
    }
}

impl EventQueue {
    /// A queue that is fast if most events are due within `horizon`, and a 4,096th of it has few.
    #[must_use]
    pub fn new(horizon: Duration) -> Self {
        Self {
            open: Vec::new(),
            first_slot: 0,
            looks_ahead: false,
            far_slot: NO_SLOT,
            opened_from: NO_SLOT,
            lists: Lists::new(horizon),
            far: QuaternaryHeap::new(),
            preview: Place::END,
        }
    }

    /// Whether the caller looks ahead: if so, the queue is fast if a slot has many events.
    pub fn set_looks_ahead(&mut self, looks_ahead: bool) {
        let events = self.take_everything();
        self.looks_ahead = looks_ahead;
        self.set_far_slot(NO_SLOT);
        events.into_iter().for_each(|event| self.push(event));
    }

    /// Schedules `event`.
    #[inline]
    pub fn push(&mut self, event: EventKey) {
        let slot = self.lists.slot_of(event);
        // One comparison for both ends: a slot before the first wraps around.
        if slot.wrapping_sub(self.first_slot) < LISTS {
            self.lists.push(slot, event, !self.looks_ahead);
        } else {
            self.push_elsewhere(slot, event);
        }
    }

    /// An event that belongs on no list: it is beyond the horizon, or in a slot that is open or
    /// past.
    // Apart, as few are.
    #[inline(never)]
    fn push_elsewhere(&mut self, slot: u64, event: EventKey) {
        if slot > self.first_slot {
            self.set_far_slot(self.far_slot.min(slot));
            self.far.push(Reverse(event));
        } else {
            let place = self.open.partition_point(|other| *other > event);
            self.open.insert(place, event);
        }
    }

    /// Takes the earliest event out.
    #[inline]
    pub fn pop(&mut self) -> Option<EventKey> {
        // No event happens at the end of time but for those that this finds.
        self.pop_before(Time::MAX).or_else(|| {
            self.open_next(None);
            self.open.pop()
        })
    }

    /// Takes the earliest event out if it happens before `end`.
    #[inline]
    pub fn pop_before(&mut self, end: Time) -> Option<EventKey> {
        self.pop_listed_before(end).or_else(|| self.pop_opened_before(end))
    }

    /// As [`Self::pop_before`], and none if that takes some effort. It is for loops in which
    /// nothing is to slow down what nearly all events need.
    #[inline(always)]
    pub fn pop_listed_before(&mut self, end: Time) -> Option<EventKey> {
        if !self.open.is_empty() {
            return None;
        }
        let slot = self.lists.next_slot(self.first_slot).filter(|slot| *slot < self.opened_from)?;
        let event = self.lists.take_first_before(slot, end)?;
        self.first_slot = slot;
        Some(event)
    }

    // Apart, so that the way of most events is short.
    #[inline(never)]
    fn pop_opened_before(&mut self, end: Time) -> Option<EventKey> {
        if self.open.is_empty() {
            self.open_next(Some(end));
        }
        let earliest = *self.open.last()?;
        if earliest.at() < end { self.open.pop() } else { None }
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
            let following = self.lists.next_slot(self.first_slot);
            self.preview = following.map_or(Place::END, |slot| self.lists.first_place(slot));
        }
    }

    /// After [`Self::look_for_events`], one that will probably be among [`Self::next_events`] when
    /// those have run out, in no order, and another one with each call. Their places on the list
    /// are in the cache then: fetching these one by one takes longer than sorting the slot.
    #[inline]
    pub fn preview(&mut self) -> Option<EventKey> {
        self.lists.step(&mut self.preview)
    }

    /// No event happens before this; none if none is pending. It is at most the length of a slot
    /// too early.
    #[must_use]
    #[inline]
    pub fn earliest(&self) -> Option<Time> {
        match self.open.last() {
            Some(event) => Some(event.at()),
            None => {
                let slot = self.lists.next_slot(self.first_slot).unwrap_or(NO_SLOT).min(self.far_slot);
                (slot != NO_SLOT).then(|| self.lists.begin_of(slot))
            }
        }
    }

    /// Takes out all events of which `keep` says no. As it passes over everything, it is for rare
    /// occasions.
    pub fn retain(&mut self, keep: impl Fn(EventKey) -> bool) {
        let events = self.take_everything();
        events.into_iter().filter(|event| keep(*event)).for_each(|event| self.push(event));
    }

    /// How many events are pending. They are counted, which takes its time.
    #[must_use]
    pub fn len(&self) -> usize {
        self.open.len() + self.lists.iter(self.first_slot).count() + self.far.len()
    }

    /// Whether nothing is pending.
    #[must_use]
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.open.is_empty() && self.lists.next_slot(self.first_slot).is_none() && self.far.is_empty()
    }

    const fn set_far_slot(&mut self, slot: u64) {
        self.far_slot = slot;
        self.opened_from = if self.looks_ahead { 0 } else { slot };
    }

    fn take_everything(&mut self) -> Vec<EventKey> {
        let mut events: Vec<_> = self.lists.iter(self.first_slot).collect();
        self.lists.clear();
        self.preview = Place::END;
        events.append(&mut self.open);
        events.extend(self.far.drain().map(|Reverse(event)| event));
        self.set_far_slot(NO_SLOT);
        events
    }

    /// Opens the next slot that has events, unless it begins at `end` or later.
    #[inline]
    fn open_next(&mut self, end: Option<Time>) {
        let listed_slot = self.lists.next_slot(self.first_slot).unwrap_or(NO_SLOT);
        let slot = listed_slot.min(self.far_slot);
        if slot == NO_SLOT || end.is_some_and(|end| self.lists.begin_of(slot) >= end) {
            return;
        }
        self.first_slot = slot + 1;
        self.preview = Place::END;
        if listed_slot == slot {
            self.lists.take_all(slot, &mut self.open);
        }
        if self.far_slot == slot {
            self.take_far(slot);
        }
        self.open.sort_unstable_by(|first, second| second.cmp(first));
    }

    fn take_far(&mut self, slot: u64) {
        self.set_far_slot(NO_SLOT);
        while let Some(Reverse(event)) = self.far.peek() {
            let of_event = self.lists.slot_of(*event);
            if of_event > slot {
                self.set_far_slot(of_event);
                return;
            }
            self.open.push(*event);
            self.far.pop();
        }
    }
}
