//! What a partition does that a whole network doesn't: it sends packets to other partitions, and
//! defers events of messages.

use super::partition::Partitioning;
use crate::arena::{Arena, Fifo, PacketId};
use crate::event::{Event, EventClass};
use crate::packet::{Message, MessageRef, Packet};
use crate::simulation::Simulation;
use crate::simulation::sink::EventSink;
use crate::switch::Port;
use crate::traffic::Traffic;
use crate::transport::{MessageEnd, Transport};
use homa_engine::EventKey;
use homa_topologies::{HostId, TierId};
use homa_units::Time;
use std::sync::Arc;

/// A packet on its way to another partition.
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

/// What happened to a message, to be told later.
#[derive(Debug, Clone, Copy)]
pub(super) enum Deferred {
    Created(MessageRef),
    /// It has ended at this host.
    Ended(u32, MessageEnd),
    /// A host has failed, with messages in flight.
    HostFailed(HostId),
}

/// The events that one partition defers, and the packets that cross.
///
/// Each deferred event has a key by which those of all partitions can be merged into the order of
/// one thread. One thread always takes the earliest pending event. So it takes the events of two
/// partitions as if it merged two queues by their smaller head, which is the order of the *largest
/// key so far* in each. That is nearly always the key of the event itself. An event has a smaller
/// key if another event of the same instant has scheduled it. Only timers do that, and they fire
/// right afterwards.
#[derive(Debug)]
pub(crate) struct PartitionSink<H> {
    number: u32,
    partitioning: Arc<Partitioning>,
    /// As in the partitioning: asked for at each packet-hop.
    crossing: TierId,
    /// By link on which packets cross: the packets in flight to this partition.
    arriving: Vec<Fifo>,
    /// The mailboxes: by partition, packets that go there.
    pub(super) leaving: Vec<Vec<Crossing<H>>>,
    /// No packet may arrive elsewhere before this.
    until: Time,
    event: EventKey,
    /// The last event that scheduled one of the same instant with a smaller key.
    floor: EventKey,
    pub(super) deferred: Vec<(EventKey, Deferred)>,
    pub(super) packets: PacketCounts,
}

/// How many packets were in the network: those that entered it in this partition less those that
/// left it here, so the number of one partition alone means nothing, and can be negative.
#[derive(Debug, Default)]
pub(super) struct PacketCounts {
    /// Packets that have gone to other partitions less those that have come from there.
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

impl<H: Copy> PartitionSink<H> {
    pub(super) fn new(number: u32, partitioning: &Arc<Partitioning>) -> Self {
        Self {
            number,
            partitioning: Arc::clone(partitioning),
            crossing: partitioning.crossing,
            arriving: vec![Fifo::EMPTY; partitioning.partition_of_link.len()],
            leaving: (0..partitioning.partitions()).map(|_| Vec::new()).collect(),
            until: Time::ZERO,
            event: EventKey::new(Time::ZERO, 0, 0, 0),
            floor: EventKey::new(Time::ZERO, 0, 0, 0),
            deferred: Vec::new(),
            packets: PacketCounts::default(),
        }
    }

    fn key(&self) -> EventKey {
        self.event.max(self.floor)
    }

    fn note(&mut self, event: Deferred) {
        self.deferred.push((self.key(), event));
    }
}

impl<T: Transport, S: Traffic> Simulation<T, S, PartitionSink<T::Header>> {
    /// Lets everything happen that happens before `end`, up to which the other partitions don't
    /// matter.
    pub(super) fn run_window(&mut self, end: Time) {
        self.observer.until = end;
        self.observer.packets.begin_window();
        self.advance(end);
    }

    /// Takes over packets that have come from another partition.
    pub(super) fn take_in(&mut self, packets: impl Iterator<Item = Crossing<T::Header>>) {
        for Crossing { link, arrival, packet } in packets {
            let id = self.arena.insert(packet);
            self.arena.set_arrival(id, arrival);
            self.observer.packets.gone -= 1;
            self.put_on_link(link, id);
        }
    }

    /// A packet is on its way over `link` to this partition.
    fn put_on_link(&mut self, link: u32, id: PacketId) {
        if self.observer.arriving[link as usize].is_empty() {
            self.scheduler.schedule(T::ORDER, self.arena.arrival(id), Event::new(EventClass::Arrival, link));
        }
        self.observer.arriving[link as usize].push_back(&mut self.arena, id);
    }

    /// Sends the packet that was just put on `link` on its way.
    // Not inlined, as it would make all the callers long for what one packet-hop of four needs.
    #[inline(never)]
    fn send_across(&mut self, link: u32) {
        let id = self.ports[link as usize].take_last_sent(&self.arena);
        let destination = self.arena.get(id).destination;
        let PartitionSink { number, partitioning, leaving, packets, until, .. } = &mut self.observer;
        let partition = partitioning.partition_of_host[destination.0 as usize];
        if partition == *number {
            self.put_on_link(link, id);
            return;
        }
        let arrival = self.arena.arrival(id);
        assert!(arrival >= *until, "no packet is faster than the shortest frame");
        packets.gone += 1;
        leaving[partition as usize].push(Crossing { link, arrival, packet: self.arena.remove(id) });
    }

    #[inline]
    fn crosses(&self, link: u32) -> bool {
        self.ports[link as usize].tier == self.observer.crossing
    }
}

impl<H: Copy + std::fmt::Debug> EventSink<H> for PartitionSink<H> {
    fn created(&mut self, reference: MessageRef, _: &Message) {
        self.note(Deferred::Created(reference));
    }

    fn ended<T: Transport<Header = H>, S: Traffic>(network: &mut Simulation<T, S, Self>, host: u32, end: MessageEnd) {
        network.observer.note(Deferred::Ended(host, end));
    }

    fn host_failed<T: Transport<Header = H>, S: Traffic>(network: &mut Simulation<T, S, Self>, host: u32) {
        network.observer.note(Deferred::HostFailed(HostId(host)));
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

    fn partitions(&self) -> usize {
        self.leaving.len()
    }

    fn is_crossing(&self, tier: TierId) -> bool {
        tier == self.crossing
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
    fn arrive(&mut self, link: u32, port: &mut Port, arena: &mut Arena<H>, now: Time) -> (PacketId, Option<Time>) {
        if port.tier == self.crossing {
            self.arriving[link as usize].arrive(arena, now)
        } else {
            port.arrive(arena, now)
        }
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
