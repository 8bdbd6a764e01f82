//! Where packets lie while they are in the network.
//!
//! A packet is written once, when a host sends it, and read once, when it arrives at another; ports
//! and links pass on its number. Places are used again, the last one freed first, so that few of
//! them stay in the cache.

use crate::packet::Packet;
use homa_units::Time;
use prefetch_index::prefetch_index;

/// Names a packet in the network.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct PacketId(u32);

/// In place of an arrival: the place is free. No packet arrives at the end of time.
const FREE: Time = Time::MAX;

/// No packet.
const NONE: u32 = u32::MAX;

/// All packets in the network. Inserting, finding and removing take constant time; memory is that
/// of the most packets at a time.
#[derive(Debug)]
pub(crate) struct Arena<H> {
    places: Vec<Place<H>>,
    /// The place freed last; further ones follow by `next`.
    free: u32,
    taken: usize,
}

#[derive(Debug)]
struct Place<H> {
    packet: Packet<H>,
    /// When it will be at the other end of its link, if it is on one.
    arrival: Time,
    /// The next packet of the same queue, or the next free place.
    next: u32,
}

impl<H: Copy> Arena<H> {
    pub(crate) const fn new() -> Self {
        Self { places: Vec::new(), free: NONE, taken: 0 }
    }

    /// How many packets there are.
    pub(crate) const fn len(&self) -> usize {
        self.taken
    }

    /// The most there were at a time: places are added only while all are taken.
    pub(crate) const fn len_max(&self) -> usize {
        self.places.len()
    }

    #[inline]
    pub(crate) fn insert(&mut self, packet: Packet<H>) -> PacketId {
        self.taken += 1;
        let place = Place { packet, arrival: Time::ZERO, next: NONE };
        if self.free == NONE {
            let id = u32::try_from(self.places.len()).ok().filter(|id| *id != NONE);
            self.places.push(place);
            return PacketId(id.expect("fewer than 2^32 packets"));
        }
        let id = self.free;
        self.free = self.places[id as usize].next;
        self.places[id as usize] = place;
        PacketId(id)
    }

    #[inline]
    pub(crate) fn remove(&mut self, id: PacketId) -> Packet<H> {
        self.taken -= 1;
        let place = &mut self.places[id.0 as usize];
        assert!(place.arrival != FREE, "a packet leaves the network once");
        place.arrival = FREE;
        place.next = self.free;
        self.free = id.0;
        place.packet
    }

    #[inline]
    pub(crate) fn get(&self, id: PacketId) -> &Packet<H> {
        &self.places[id.0 as usize].packet
    }

    #[inline]
    pub(crate) fn get_mut(&mut self, id: PacketId) -> &mut Packet<H> {
        &mut self.places[id.0 as usize].packet
    }

    /// Brings a packet into the cache.
    #[inline]
    pub(crate) fn prefetch(&self, id: PacketId) {
        prefetch_index(&self.places, id.0 as usize);
    }

    /// The packet behind this one in its queue.
    #[inline]
    pub(crate) fn behind(&self, id: PacketId) -> Option<PacketId> {
        let next = self.places[id.0 as usize].next;
        (next != NONE).then_some(PacketId(next))
    }

    #[inline]
    pub(crate) fn arrival(&self, id: PacketId) -> Time {
        self.places[id.0 as usize].arrival
    }

    #[inline]
    pub(crate) fn set_arrival(&mut self, id: PacketId, at: Time) {
        self.places[id.0 as usize].arrival = at;
    }
}

/// A first-come first-served queue of packets, linked through their places in the arena: 8 bytes,
/// constant time, no memory of its own. A packet is in one queue at a time.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Fifo {
    first: u32,
    last: u32,
}

impl Fifo {
    pub(crate) const EMPTY: Self = Self { first: NONE, last: NONE };

    #[inline]
    pub(crate) const fn is_empty(self) -> bool {
        self.first == NONE
    }

    #[inline]
    pub(crate) fn front(self) -> Option<PacketId> {
        (self.first != NONE).then_some(PacketId(self.first))
    }

    #[inline]
    pub(crate) fn back(self) -> Option<PacketId> {
        (self.first != NONE).then_some(PacketId(self.last))
    }

    #[inline]
    pub(crate) fn push_back<H: Copy>(&mut self, arena: &mut Arena<H>, PacketId(id): PacketId) {
        arena.places[id as usize].next = NONE;
        if self.first == NONE {
            self.first = id;
        } else {
            arena.places[self.last as usize].next = id;
        }
        self.last = id;
    }

    #[inline]
    pub(crate) fn pop_front<H: Copy>(&mut self, arena: &Arena<H>) -> Option<PacketId> {
        let first = self.front()?;
        self.first = arena.places[first.0 as usize].next;
        Some(first)
    }

    /// Takes the first packet, and gives it with the bytes of its frame.
    #[inline]
    pub(crate) fn take_first<H: Copy>(&mut self, arena: &Arena<H>) -> Option<(PacketId, u16)> {
        let place = arena.places.get(self.first as usize)?;
        let id = PacketId(self.first);
        self.first = place.next;
        Some((id, place.packet.frame_bytes))
    }

    /// The first packet of a link arrives; gives it and the arrival of the next one.
    #[inline]
    pub(crate) fn arrive<H: Copy>(&mut self, arena: &Arena<H>, now: Time) -> (PacketId, Option<Time>) {
        // What is behind no packet is outside of the arena: one check for both.
        let id = PacketId(self.first);
        let place = arena.places.get(self.first as usize).expect("an arrival is scheduled for a packet in flight");
        assert!(place.arrival == now, "a packet arrives when it was said to");
        self.first = place.next;
        (id, arena.places.get(self.first as usize).map(|next| next.arrival))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::packet::Marks;
    use homa_topologies::HostId;
    use homa_units::Priority;

    fn packet(header: u8) -> Packet<u8> {
        let (source, destination) = (HostId(0), HostId(1));
        Packet { header, source, destination, frame_bytes: 64, priority: Priority::HIGHEST, marks: Marks::NONE }
    }

    #[test]
    fn places_are_used_again_and_the_most_that_were_taken_is_known() {
        let mut arena = Arena::new();
        let (first, second) = (arena.insert(packet(1)), arena.insert(packet(2)));
        assert_eq!(arena.remove(first).header, 1);
        assert_eq!(arena.insert(packet(3)), first);
        assert_eq!((arena.remove(second).header, arena.remove(first).header), (2, 3));
        assert_eq!((arena.len(), arena.len_max()), (0, 2));
    }

    #[test]
    #[should_panic(expected = "a packet leaves the network once")]
    fn a_place_that_is_freed_twice_is_a_fault() {
        let mut arena = Arena::new();
        let (first, _) = (arena.insert(packet(1)), arena.insert(packet(2)));
        arena.remove(first);
        arena.remove(first);
    }
}
