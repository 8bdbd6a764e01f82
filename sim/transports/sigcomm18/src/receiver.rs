//! The receiving part: who is granted what, when, at which level.
//!
//! A sender is listed exactly when a message of its has bytes not yet granted. Each arrival from a
//! sender, and each firing of its grant timer, lets that sender try for one grant; nothing else
//! does, except that the sender that moves up into the granted ones is tried at once.

use crate::ranking::{Key, Ranking};
use crate::{Config, Header, wire};
use homa_fabric::{Marks, MessageRef, Packet};
use homa_run::ReceiverUsage;
use homa_topologies::HostId;
use homa_units::{Duration, Priority, Time};
use rustc_hash::FxHashMap;
use slab::Slab;
use std::collections::VecDeque;
use std::sync::Arc;

/// A message of which something, not everything, has arrived.
#[derive(Debug)]
struct Inbound {
    created: Time,
    source: HostId,
    slot: u32,
    sequence: u32,
    size: u32,
    /// Message bytes that have not arrived.
    missing: u32,
    /// Message bytes not yet granted.
    ungranted: u32,
    /// Wire bytes announced or granted that have not arrived.
    in_flight: u64,
    /// When its first packet arrived.
    announced: Time,
}

impl Inbound {
    #[inline]
    const fn key(&self) -> Key {
        let Self { ungranted, size, created, source, sequence, .. } = *self;
        Key { ungranted, size, created, source, sequence }
    }
}

/// A sender with messages that have bytes not yet granted.
#[derive(Debug)]
struct KnownSender {
    host: HostId,
    /// Its messages with bytes not yet granted, best first.
    messages: Vec<usize>,
    /// The key it is listed under.
    listed: Option<Key>,
    /// Level of its last grant.
    last_level: Option<Priority>,
    /// Slot it was last taken out of.
    last_slot: u32,
    /// Whether its grant timer runs.
    timer: bool,
}

/// The receiving part of one host.
#[derive(Debug)]
pub struct Receiver {
    config: Arc<Config>,
    host: HostId,
    /// What a byte takes of the host's link. The grants of one sender are paced at that rate while
    /// its timer runs.
    byte: Duration,
    inbound: Slab<Inbound>,
    /// Messages of several packets, by source host and number there.
    inbound_of: FxHashMap<(HostId, u32), usize>,
    senders: Slab<KnownSender>,
    sender_of: FxHashMap<HostId, u32>,
    /// What is remembered of other senders: the slots they were last taken out of, where those
    /// matter.
    last_slots: FxHashMap<HostId, u8>,
    /// Empty lists of messages, to be used again.
    spare: Vec<Vec<usize>>,
    ranking: Ranking,
    /// Pending grant timers with their senders, in the order in which they were armed.
    timers: Vec<(Time, u32)>,
    usage: ReceiverUsage,
    /// The most messages of which something, not everything, had arrived.
    inbound_max: usize,
}

/// One event at the receiver: what an attempt needs to know of it.
struct Event<'a> {
    now: Time,
    grants: &'a mut VecDeque<Packet<Header>>,
}

impl Receiver {
    /// The receiving part at `host`.
    #[must_use]
    pub fn new(config: Arc<Config>, host: HostId) -> Self {
        let ranking = Ranking::new(config.scheduled_levels, config.overcommitment);
        let byte = config.link_rate.byte_time().expect("topologies have exact rates");
        Self {
            config,
            host,
            byte,
            inbound: Slab::new(),
            inbound_of: FxHashMap::default(),
            senders: Slab::new(),
            sender_of: FxHashMap::default(),
            last_slots: FxHashMap::default(),
            spare: Vec::new(),
            ranking,
            timers: Vec::new(),
            usage: ReceiverUsage::default(),
            inbound_max: 0,
        }
    }

    /// How well the host's downlink was used up to now.
    #[must_use]
    pub const fn usage(&self) -> &ReceiverUsage {
        &self.usage
    }

    /// The most messages that had arrived in part at a time.
    #[must_use]
    pub const fn inbound_max(&self) -> usize {
        self.inbound_max
    }

    /// A grant has arrived at this host: it uses the downlink as well.
    #[inline]
    pub fn received_grant(&mut self) {
        self.usage.received_grant(self.byte * u64::from(wire::on_wire(wire::GRANT_FRAME)));
    }

    /// The earliest grant timer.
    #[must_use]
    #[inline]
    pub fn next_timeout(&self) -> Option<Time> {
        self.timers.iter().map(|(at, _)| *at).min()
    }

    /// A data packet has arrived; gives the message if it is complete now. Grants go to the end of
    /// `grants`.
    ///
    /// # Panics
    /// If the packet is a grant.
    #[inline]
    pub fn data(
        &mut self,
        now: Time,
        packet: &Packet<Header>,
        grants: &mut VecDeque<Packet<Header>>,
    ) -> Option<MessageRef> {
        self.ranking.reset_if_empty();
        // With nobody listed no sender has anything to grant, so there is none to look up.
        let mut sender = if self.ranking.is_empty() { None } else { self.sender_of.get(&packet.source).copied() };
        if let Some(sender) = sender {
            self.take_out_if_listed(sender);
        }
        let completed = self.count(now, packet, &mut sender);
        self.usage.sample_outstanding();
        if let Some(sender) = sender
            && let Some(key) = self.first_key(sender)
        {
            self.try_in_turn(sender, key, &mut Event { now, grants });
        }
        let crowded = self.ranking.len() > usize::from(self.config.overcommitment);
        self.usage.received_data(now, self.byte * packet.wire_bytes().get(), crowded);
        completed
    }

    /// Fires the earliest grant timer if it is due.
    #[inline]
    pub fn timeout(&mut self, now: Time, grants: &mut VecDeque<Packet<Header>>) {
        // Of timers that are equal, the first in the list was armed first, and min_by_key gives the
        // first minimum.
        let Some((at, sender)) = self.timers.iter().min_by_key(|(at, _)| *at).copied() else { return };
        if at > now {
            return;
        }
        self.cancel_timer(sender);
        self.take_out_if_listed(sender);
        let key = self.first_key(sender).expect("a sender with a grant timer has something to grant");
        self.try_in_turn(sender, key, &mut Event { now, grants });
        self.usage.timer(now, self.ranking.len() > usize::from(self.config.overcommitment));
    }

    /// Takes the packet off its message. `sender` is filled in if the packet announces bytes that
    /// must be granted.
    #[inline]
    fn count(&mut self, now: Time, packet: &Packet<Header>, sender: &mut Option<u32>) -> Option<MessageRef> {
        let Header::Data { created, slot, sequence, size, data, .. } = packet.header else {
            panic!("not a data packet")
        };
        let message = MessageRef { source: packet.source, slot, sequence };
        if u32::from(data) == size {
            return Some(message);
        }
        let index = match self.inbound_of.get(&(message.source, message.sequence)) {
            Some(index) => *index,
            None => self.announce(now, message, created, size, sender),
        };
        let inbound = &mut self.inbound[index];
        inbound.in_flight -= packet.wire_bytes().get();
        self.usage.outstanding -= packet.wire_bytes().get();
        inbound.missing -= u32::from(data);
        if inbound.missing > 0 {
            return None;
        }
        assert!(
            inbound.ungranted == 0 && inbound.in_flight == 0,
            "a complete message has nothing to grant or in flight"
        );
        self.inbound.remove(index);
        self.inbound_of.remove(&(message.source, message.sequence));
        Some(message)
    }

    /// Enters a message at its first packet.
    #[inline]
    fn announce(
        &mut self,
        now: Time,
        message: MessageRef,
        created: Time,
        size: u32,
        sender: &mut Option<u32>,
    ) -> usize {
        let unscheduled = size.min(self.config.unscheduled_limit());
        self.usage.outstanding += wire::unscheduled_wire_bytes(unscheduled);
        let index = self.inbound.insert(Inbound {
            created,
            source: message.source,
            slot: message.slot,
            sequence: message.sequence,
            size,
            missing: size,
            ungranted: size - unscheduled,
            in_flight: wire::unscheduled_wire_bytes(unscheduled),
            announced: now,
        });
        self.inbound_of.insert((message.source, message.sequence), index);
        self.inbound_max = self.inbound_max.max(self.inbound.len());
        if size > unscheduled {
            let known = sender.unwrap_or_else(|| self.know(message.source));
            let key = self.inbound[index].key();
            let Self { inbound, senders, .. } = self;
            let messages = &mut senders[known as usize].messages;
            let position = messages.partition_point(|other| inbound[*other].key() < key);
            messages.insert(position, index);
            *sender = Some(known);
        }
        index
    }

    #[inline]
    fn know(&mut self, host: HostId) -> u32 {
        *self.sender_of.entry(host).or_insert_with(|| {
            let last_slot = self.last_slots.remove(&host).map_or(Ranking::NO_SLOT, u32::from);
            let messages = self.spare.pop().unwrap_or_default();
            let sender = KnownSender { host, messages, listed: None, last_level: None, last_slot, timer: false };
            self.senders.insert(sender) as u32
        })
    }

    /// Drops a sender that has nothing to be granted any more. Without, each host would in time
    /// know all others.
    #[inline]
    fn forget(&mut self, sender: u32) {
        let KnownSender { host, messages, listed, last_slot, timer, .. } = self.senders.remove(sender as usize);
        assert!(messages.is_empty() && listed.is_none() && !timer, "only a sender without messages is dropped");
        self.spare.push(messages);
        self.sender_of.remove(&host);
        if self.ranking.remembers(last_slot) {
            self.last_slots.insert(host, last_slot as u8);
        }
    }

    /// Lets a sender that is not listed try for a grant if it ranks among the granted ones, and
    /// lists it.
    #[inline]
    fn try_in_turn(&mut self, sender: u32, key: Key, event: &mut Event<'_>) {
        let place = self.ranking.place(&key, self.senders[sender as usize].last_slot);
        if place.rank >= usize::from(self.config.overcommitment) {
            self.insert(sender, key);
            return;
        }
        self.attempt(sender, place.slot, event);
        self.settle(sender, place.slot, event);
    }

    /// Makes a grant to `sender`, which is not listed and would hold `slot`, unless timer or
    /// in-flight limit forbid it.
    #[inline]
    fn attempt(&mut self, sender: u32, slot: u32, event: &mut Event<'_>) {
        let known = &self.senders[sender as usize];
        let index = known.messages[0];
        let level = self.config.grant_level(slot, self.inbound[index].ungranted);
        if known.timer {
            if known.last_level.is_some_and(|last| last >= level) {
                return;
            }
            self.cancel_timer(sender);
        }
        if self.inbound[index].in_flight >= self.config.rtt_bytes.get() {
            return;
        }
        let message = &mut self.inbound[index];
        let data = message.ungranted.min(wire::SCHEDULED_DATA_MAX);
        let offset = message.size - message.ungranted;
        let wire_bytes = wire::on_wire(wire::scheduled_frame(data));
        event.grants.push_back(Packet {
            header: Header::Grant { slot: message.slot, offset, data: data as u16, level },
            source: self.host,
            destination: message.source,
            frame_bytes: wire::GRANT_FRAME,
            priority: self.config.control_level(),
            marks: Marks::NONE,
        });
        if message.ungranted == message.size - self.config.unscheduled_limit() {
            self.usage.first_grant(event.now.since(message.announced));
        }
        message.ungranted -= data;
        message.in_flight += u64::from(wire_bytes);
        self.usage.outstanding += u64::from(wire_bytes);
        let done = message.ungranted == 0;
        let known = &mut self.senders[sender as usize];
        known.last_level = Some(level);
        if done {
            known.messages.remove(0);
        }
        if let Some(next) = known.messages.first()
            && self.inbound[*next].in_flight < self.config.rtt_bytes.get()
        {
            self.arm_timer(sender, wire_bytes, event);
        }
    }

    /// Lists a sender again after an attempt made at `slot`; if that lets another one move up,
    /// tries that one, and so on until one stays.
    #[inline]
    fn settle(&mut self, mut sender: u32, mut slot: u32, event: &mut Event<'_>) {
        let overcommitment = usize::from(self.config.overcommitment);
        loop {
            if let Some(key) = self.first_key(sender) {
                let place = self.insert(sender, key);
                if place.slot == slot || place.rank < overcommitment {
                    return;
                }
            } else {
                self.forget(sender);
            }
            if self.ranking.len() < overcommitment {
                return;
            }
            let (_, next) = self.ranking.at(overcommitment - 1);
            slot = self.take_out_if_listed(next).expect("a ranked sender is listed");
            self.attempt(next, slot, event);
            sender = next;
        }
    }

    #[inline]
    fn first_key(&self, sender: u32) -> Option<Key> {
        self.senders[sender as usize].messages.first().map(|index| self.inbound[*index].key())
    }

    #[inline]
    fn take_out_if_listed(&mut self, sender: u32) -> Option<u32> {
        let known = &mut self.senders[sender as usize];
        let slot = self.ranking.take_out(&known.listed.take()?);
        known.last_slot = slot;
        Some(slot)
    }

    #[inline]
    fn insert(&mut self, sender: u32, key: Key) -> crate::ranking::Place {
        let known = &mut self.senders[sender as usize];
        known.listed = Some(key);
        self.ranking.insert(key, sender, known.last_slot)
    }

    #[inline]
    fn arm_timer(&mut self, sender: u32, wire_bytes: u32, event: &Event<'_>) {
        let pause = self.byte * u64::from(wire_bytes);
        self.senders[sender as usize].timer = true;
        self.timers.push((event.now + pause, sender));
    }

    #[inline]
    fn cancel_timer(&mut self, sender: u32) {
        self.senders[sender as usize].timer = false;
        self.timers.retain(|(_, armed)| *armed != sender);
    }
}
