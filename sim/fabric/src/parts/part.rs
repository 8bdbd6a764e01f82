//! What a part of a network does that a whole one doesn't: it sends packets to other parts, and keeps notes.

use super::partition::Partition;
use crate::arena::{Fifo, PacketId};
use crate::packet::{Message, MessageRef, Packet};
use crate::simulation::notes::Notes;
use crate::simulation::{Simulation, class};
use crate::traffic::Traffic;
use crate::transport::{MessageEnd, Transport};
use homa_engine::EventKey;
use homa_topologies::{HostId, Tier};
use homa_units::Time;
use std::sync::Arc;

/// A packet on its way to another part.
#[derive(Debug, Clone, Copy)]
pub(super) struct Crossing<H> {
    link: u32,
    arrival: Time,
    packet: Packet<H>,
}

impl<H> Crossing<H> {
    /// When it will be there.
    pub(super) const fn arrival(&self) -> Time {
        self.arrival
    }
}

/// What happened to a message.
#[derive(Debug, Clone, Copy)]
pub(super) enum Happening {
    Created(MessageRef),
    /// It has ended at this host.
    Ended(u32, MessageEnd),
    /// A host has died, with messages under way.
    Died(HostId),
}

/// The notes of one part.
///
/// Each is filed under a key by which the notes of all parts can be put into the order in which one thread would have come to
/// them. That thread always takes the first of the pending events; so it takes those of two parts in the order in which the
/// smaller head of two queues is taken. That is the order of the *largest key so far* in each part. Nearly always that is the
/// key of the event itself; a smaller one has an event that was scheduled by another one of the same instant, which can only be a
/// timer, and it happens right after that.
#[derive(Debug)]
pub(crate) struct Part<H> {
    number: u32,
    partition: Arc<Partition>,
    /// As in the partition: asked for at each packet-hop.
    crossing: Tier,
    /// By link on which packets cross: those that have come from other hosts of this part, or from other parts.
    arriving: Vec<Fifo>,
    /// By part: packets that go there.
    pub(super) leaving: Vec<Vec<Crossing<H>>>,
    /// No packet may arrive elsewhere before this.
    until: Time,
    event: EventKey,
    /// The last event after which another one of the same instant came that would have been before it.
    floor: EventKey,
    pub(super) happenings: Vec<(EventKey, Happening)>,
    pub(super) packets: PacketCounts,
}

/// How many packets were in the network: those that entered it in this part less those that left it here, so the number of
/// one part alone means nothing, and can be negative.
#[derive(Debug, Default)]
pub(super) struct PacketCounts {
    /// Packets that have gone to other parts less those that have come from there.
    gone: i64,
    pub(super) now: i64,
    /// When the window began.
    pub(super) at_begin: i64,
    /// The most since then.
    pub(super) max: i64,
    /// Each change since then, with the number after it.
    pub(super) changes: Vec<(EventKey, i64)>,
}

impl PacketCounts {
    fn begin_window(&mut self) {
        self.at_begin = self.now;
        self.max = self.now;
        self.changes.clear();
    }
}

impl<H: Copy> Part<H> {
    pub(super) fn new(number: u32, partition: &Arc<Partition>) -> Self {
        Self {
            number,
            partition: Arc::clone(partition),
            crossing: partition.crossing,
            arriving: vec![Fifo::EMPTY; partition.part_of_link.len()],
            leaving: (0..partition.parts()).map(|_| Vec::new()).collect(),
            until: Time::ZERO,
            event: EventKey::new(Time::ZERO, 0, 0, 0),
            floor: EventKey::new(Time::ZERO, 0, 0, 0),
            happenings: Vec::new(),
            packets: PacketCounts::default(),
        }
    }

    fn key(&self) -> EventKey {
        self.event.max(self.floor)
    }

    fn note(&mut self, happening: Happening) {
        self.happenings.push((self.key(), happening));
    }
}

impl<T: Transport, S: Traffic> Simulation<T, S, Part<T::Header>> {
    /// Lets everything happen that happens before `end`, up to which the other parts don't matter.
    pub(super) fn run_window(&mut self, end: Time) {
        self.observer.until = end;
        self.observer.packets.begin_window();
        self.advance(end);
    }

    /// Takes over packets that have come from another part.
    pub(super) fn take_in(&mut self, packets: impl Iterator<Item = Crossing<T::Header>>) {
        for Crossing { link, arrival, packet } in packets {
            let id = self.arena.insert(packet);
            self.arena.set_arrival(id, arrival);
            self.observer.packets.gone -= 1;
            self.put_on(link, id);
        }
    }

    /// A packet is on its way over `link` to this part.
    fn put_on(&mut self, link: u32, id: PacketId) {
        let arriving = &mut self.observer.arriving[link as usize];
        if arriving.is_empty() {
            self.queue.push(EventKey::new(self.arena.arrival(id), class::ARRIVAL, link, 0));
        }
        arriving.push_back(&mut self.arena, id);
    }

    /// Sends the packet that was just put on `link` on its way.
    // Not inlined, as it would make all the callers long for what one packet-hop of four needs.
    #[inline(never)]
    fn send_across(&mut self, link: u32) {
        let id = self.ports[link as usize].take_last_sent(&self.arena);
        let destination = self.arena.get(id).destination;
        let Part { number, partition, leaving, packets, until, .. } = &mut self.observer;
        let part = partition.part_of_host[destination.0 as usize];
        if part == *number {
            self.put_on(link, id);
            return;
        }
        let arrival = self.arena.arrival(id);
        assert!(arrival >= *until, "no packet is faster than the shortest frame");
        packets.gone += 1;
        leaving[part as usize].push(Crossing { link, arrival, packet: self.arena.remove(id) });
    }

    #[inline]
    fn crosses(&self, link: u32) -> bool {
        self.ports[link as usize].tier == self.observer.crossing
    }
}

impl<H: Copy + std::fmt::Debug> Notes<H> for Part<H> {
    fn created(&mut self, reference: MessageRef, _: &Message) {
        self.note(Happening::Created(reference));
    }

    fn ended<T: Transport<Header = H>, S: Traffic>(network: &mut Simulation<T, S, Self>, host: u32, end: MessageEnd) {
        network.observer.note(Happening::Ended(host, end));
    }

    fn died<T: Transport<Header = H>, S: Traffic>(network: &mut Simulation<T, S, Self>, host: u32) {
        network.observer.note(Happening::Died(HostId(host)));
    }

    #[inline]
    fn begin(&mut self, event: EventKey) {
        self.event = event;
    }

    fn begin_anew(&mut self) {
        self.floor = self.key();
    }

    #[inline]
    fn packets_changed<T: Transport<Header = H>, S: Traffic>(network: &mut Simulation<T, S, Self>) {
        let in_arena = network.arena.len() as i64;
        let key = network.observer.key();
        let packets = &mut network.observer.packets;
        packets.now = in_arena + packets.gone;
        packets.max = packets.max.max(packets.now);
        packets.changes.push((key, packets.now));
    }

    fn parts(&self) -> usize {
        self.leaving.len()
    }

    #[inline]
    fn depart<T: Transport<Header = H>, S: Traffic>(network: &mut Simulation<T, S, Self>, link: u32) -> bool {
        let crosses = network.crosses(link);
        if crosses {
            network.send_across(link);
        }
        crosses
    }

    #[inline]
    fn arrive<T: Transport<Header = H>, S: Traffic>(
        network: &mut Simulation<T, S, Self>,
        link: u32,
    ) -> (PacketId, Option<Time>) {
        let Simulation { arena, ports, observer, now, .. } = network;
        let port = &mut ports[link as usize];
        let packets =
            if port.tier == observer.crossing { &mut observer.arriving[link as usize] } else { port.in_flight_mut() };
        packets.arrive(arena, *now)
    }

    #[inline]
    fn next_to_arrive<T: Transport<Header = H>, S: Traffic>(
        network: &Simulation<T, S, Self>,
        link: u32,
    ) -> Option<PacketId> {
        if network.crosses(link) {
            network.observer.arriving[link as usize].front()
        } else {
            network.ports[link as usize].next_to_arrive()
        }
    }
}
