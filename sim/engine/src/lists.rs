//! Events on one list for each slot of time.

use crate::key::EventKey;
use crate::occupancy::Occupancy;
use homa_units::{Duration, Time};
use prefetch_index::prefetch_index;

/// How many lists there are. It is a constant, so that the number of a slot modulo it needs no
/// check.
pub(crate) const LISTS: u64 = Occupancy::SIZE as u64;
/// The time within a slot has 32 bits.
const SLOT_BITS_MAX: u32 = 32;
/// The end of a list.
const NONE: u32 = u32::MAX;

/// Events of as many consecutive slots as there are lists, on a list for each slot.
///
/// Which slots these are is known to the caller. It gives their numbers since time zero.
#[derive(Debug)]
pub(crate) struct Lists {
    /// A slot is 2 to this power picoseconds long.
    slot_bits: u32,
    /// The bits of a time that say when it is within its slot.
    within: u32,
    /// The first unused node; those behind it are linked.
    free: u32,
    /// The first event of each list, by slot number modulo the number of lists.
    heads: Box<[u32; LISTS as usize]>,
    /// Which lists have events.
    occupied: Occupancy,
    nodes: Vec<Node>,
}

/// An event on a list, or an unused place: four of them in a cache line.
#[derive(Debug, Clone, Copy)]
struct Node {
    /// All of its key but the time.
    low: u64,
    /// When it happens, in picoseconds since its slot began.
    into_slot_ps: u32,
    next: u32,
}

impl Node {
    /// The event, whose slot is `slot`.
    #[inline]
    const fn event(&self, slot: u64, slot_bits: u32) -> EventKey {
        EventKey::from_parts(Time::from_ps((slot << slot_bits) + self.into_slot_ps as u64), self.low)
    }

    /// Whether it comes before another one of its slot.
    #[inline]
    fn is_before(&self, other: &Self) -> bool {
        // As one number, which is compared without a branch.
        let key = |node: &Self| u128::from(node.into_slot_ps) << 64 | u128::from(node.low);
        key(self) < key(other)
    }
}

/// A place on a list, and the slot of that.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Place {
    slot: u64,
    node: u32,
}

impl Lists {
    /// Lists of slots that last as long as `horizon` together, or somewhat longer.
    pub(crate) fn new(horizon: Duration) -> Self {
        let slot_ps = (horizon.as_ps() / LISTS).clamp(2, 1 << SLOT_BITS_MAX).next_power_of_two();
        Self {
            slot_bits: slot_ps.trailing_zeros(),
            within: (slot_ps - 1) as u32,
            free: NONE,
            heads: Box::new([NONE; LISTS as usize]),
            occupied: Occupancy::new(),
            nodes: Vec::new(),
        }
    }

    #[inline]
    pub(crate) const fn slot_of(&self, event: EventKey) -> u64 {
        event.at().as_ps() >> self.slot_bits
    }

    /// When a slot begins.
    #[inline]
    pub(crate) const fn begin_of(&self, slot: u64) -> Time {
        Time::from_ps(slot << self.slot_bits)
    }

    /// The first slot from `first` on that has events.
    // As a function of its own it would take 1 % more instructions for W5.
    #[inline(always)]
    pub(crate) const fn next_slot(&self, first: u64) -> Option<u64> {
        match self.occupied.next_from(list_of(first)) {
            Some(list) => Some(first + ((list as u64).wrapping_sub(first) & (LISTS - 1))),
            None => None,
        }
    }

    /// Enters an event: in its place if the slot's events are to be sorted, else as the first.
    #[inline]
    pub(crate) fn push(&mut self, slot: u64, event: EventKey, sorted: bool) {
        let list = list_of(slot);
        let place = self.free;
        let head = &mut self.heads[list];
        match self.nodes.get_mut(place as usize) {
            Some(node) if *head == NONE => {
                self.free = node.next;
                // Field by field: a node made elsewhere would be copied before it is there.
                node.low = event.low();
                node.into_slot_ps = event.at().as_ps() as u32 & self.within;
                node.next = NONE;
                *head = place;
                self.occupied.insert(list);
            }
            _ => self.push_among_others(list, event, sorted),
        }
    }

    /// Enters an event on a list that has others, or where there is no unused node.
    // Apart, as in small networks most events find their list empty.
    #[inline(never)]
    fn push_among_others(&mut self, list: usize, event: EventKey, sorted: bool) {
        let mut node = Node { low: event.low(), into_slot_ps: event.at().as_ps() as u32 & self.within, next: NONE };
        let (mut before, mut next) = (NONE, self.heads[list]);
        while sorted && let Some(other) = self.nodes.get(next as usize).filter(|other| other.is_before(&node)) {
            before = next;
            next = other.next;
        }
        node.next = next;
        let mut place = self.free;
        if let Some(unused) = self.nodes.get_mut(place as usize) {
            self.free = unused.next;
            *unused = node;
        } else {
            place = self.add(node);
        }
        match self.nodes.get_mut(before as usize) {
            Some(before) => before.next = place,
            None => self.heads[list] = place,
        }
        self.occupied.insert(list);
    }

    /// A new place for an event: rare, as most use a place again.
    #[cold]
    fn add(&mut self, node: Node) -> u32 {
        let place = u32::try_from(self.nodes.len()).ok().filter(|place| *place != NONE);
        self.nodes.push(node);
        place.expect("fewer than 2^32 events")
    }

    /// Takes out the first event of a slot that has some, if it happens before `end`.
    #[inline]
    pub(crate) fn take_first_before(&mut self, slot: u64, end: Time) -> Option<EventKey> {
        let head = &mut self.heads[list_of(slot)];
        let place = *head;
        let node = &mut self.nodes[place as usize];
        let event = node.event(slot, self.slot_bits);
        if event.at() >= end {
            return None;
        }
        *head = node.next;
        if node.next == NONE {
            self.occupied.remove(list_of(slot));
        }
        node.next = self.free;
        self.free = place;
        Some(event)
    }

    /// Takes out the events of a slot that has some.
    #[inline]
    pub(crate) fn take_all(&mut self, slot: u64, events: &mut Vec<EventKey>) {
        let list = list_of(slot);
        let first = std::mem::replace(&mut self.heads[list], NONE);
        self.occupied.remove(list);
        let mut place = first;
        loop {
            let node = &mut self.nodes[place as usize];
            events.push(node.event(slot, self.slot_bits));
            if node.next == NONE {
                // The whole list goes before the unused nodes as it is.
                node.next = std::mem::replace(&mut self.free, first);
                return;
            }
            place = node.next;
        }
    }

    /// The first event of a slot that has some, and where the next one is.
    #[inline]
    pub(crate) const fn first_place(&self, slot: u64) -> Place {
        Place { slot, node: self.heads[list_of(slot)] }
    }

    /// The event at a place, which then is that of the next one; none at the end of the list. What
    /// comes next is brought into the cache.
    #[inline]
    pub(crate) fn step(&self, place: &mut Place) -> Option<EventKey> {
        let node = self.nodes.get(place.node as usize)?;
        prefetch_index(&self.nodes, node.next as usize);
        place.node = node.next;
        Some(node.event(place.slot, self.slot_bits))
    }

    /// All events, the earliest slot first; none of them is before `first`.
    pub(crate) fn iter(&self, first: u64) -> impl Iterator<Item = EventKey> {
        (first..=first.saturating_add(LISTS - 1)).flat_map(move |slot| {
            let mut place = self.first_place(slot);
            std::iter::from_fn(move || self.step(&mut place))
        })
    }

    /// Takes out all events.
    pub(crate) fn clear(&mut self) {
        self.heads.fill(NONE);
        self.occupied = Occupancy::new();
        self.nodes.clear();
        self.free = NONE;
    }
}

impl Place {
    /// The end of any list.
    pub(crate) const END: Self = Self { slot: 0, node: NONE };
}

#[inline]
const fn list_of(slot: u64) -> usize {
    (slot & (LISTS - 1)) as usize
}
