//! A transport that sends all it has at line rate: what is left of Homa without priorities and
//! grants.
//!
//! A host sends the message with the fewest unsent bytes first, each in full packets in their
//! order. All packets have one priority, nobody asks or answers, and what is lost is not sent
//! again. So it shows what the order of the sender gives alone, and is a lower bound: a protocol
//! should do better.
//!
//! Packets have the framing of `sigcomm18`'s unscheduled ones, so both take the same time in an
//! idle network where nothing is scheduled.

mod model;
pub mod wire;

pub use model::Parameters;

use homa_fabric::{Marks, Message, MessageEnd, MessageRef, Packet, Transport};
use homa_protocol::SrptQueue;
use homa_run::{Counted, PacketClass};
use homa_topologies::HostId;
use homa_units::{Priority, Time};
use rustc_hash::FxHashMap;

/// The header of a packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Header {
    /// The message's slot at the packet's source.
    pub slot: u32,
    /// The message's number among those of the packet's source.
    pub sequence: u32,
    /// Length of the message in bytes.
    pub size: u32,
    /// Message bytes in this packet.
    pub data: u16,
}

/// A message with unsent bytes.
#[derive(Debug, Clone, Copy)]
struct Outbound {
    created: Time,
    sequence: u32,
    destination: HostId,
    size: u32,
    unsent: u32,
}

/// One host's end.
#[derive(Debug)]
pub struct Blind {
    host: HostId,
    /// By message slot. A slot is used again when its message has arrived, and so has been sent.
    outbound: Vec<Outbound>,
    ready: SrptQueue,
    /// Bytes that have not arrived of messages of which something has.
    missing: FxHashMap<MessageRef, u32>,
    completed: Option<MessageRef>,
    /// Messages with unsent bytes, and the most that there were at a time.
    unsent: usize,
    unsent_max: usize,
    missing_max: usize,
}

impl Blind {
    /// The end at `host`.
    #[must_use]
    pub fn new(host: HostId) -> Self {
        Self {
            host,
            outbound: Vec::new(),
            ready: SrptQueue::default(),
            missing: FxHashMap::default(),
            completed: None,
            unsent: 0,
            unsent_max: 0,
            missing_max: 0,
        }
    }

    /// Takes a packet off its message; gives the message if it is complete now.
    #[inline]
    fn count(&mut self, source: HostId, header: &Header) -> Option<MessageRef> {
        let Header { slot, sequence, size, data } = *header;
        let (message, data) = (MessageRef { source, slot, sequence }, u32::from(data));
        if data == size {
            return Some(message);
        }
        let missing = self.missing.entry(message).or_insert(size);
        *missing = missing.checked_sub(data).expect("no more bytes arrive than a message has");
        if *missing == 0 {
            self.missing.remove(&message);
            return Some(message);
        }
        self.missing_max = self.missing_max.max(self.missing.len());
        None
    }
}

impl Transport for Blind {
    type Header = Header;

    #[inline]
    fn submit(&mut self, _: Time, reference: MessageRef, message: &Message) {
        let Message { created, sequence, destination, .. } = *message;
        let size = u32::try_from(message.size.get()).expect("messages are shorter than 4 GB");
        let (index, entry) = (reference.slot as usize, Outbound { created, sequence, destination, size, unsent: size });
        if index >= self.outbound.len() {
            self.outbound.resize(index + 1, Outbound { unsent: 0, ..entry });
        }
        assert!(self.outbound[index].unsent == 0, "a slot is used again when its message is sent");
        self.outbound[index] = entry;
        self.ready.enter(reference.slot, size, created, sequence);
        self.unsent += 1;
        self.unsent_max = self.unsent_max.max(self.unsent);
    }

    #[inline]
    fn handle_packet(&mut self, _: Time, packet: &Packet<Header>) {
        assert!(self.completed.is_none(), "completions are polled after each packet");
        self.completed = self.count(packet.source, &packet.header);
    }

    fn handle_timeout(&mut self, _: Time) {}

    #[inline]
    fn has_packet(&self) -> bool {
        !self.ready.is_empty()
    }

    #[inline]
    fn poll_transmit(&mut self, _: Time) -> Option<Packet<Header>> {
        let slot = self.ready.first()?;
        let message = &mut self.outbound[slot as usize];
        let Outbound { created, sequence, destination, size, .. } = *message;
        let data = message.unsent.min(wire::DATA_MAX);
        message.unsent -= data;
        if message.unsent > 0 {
            self.ready.set(slot, message.unsent, created, sequence);
        } else {
            self.ready.remove_first();
            self.unsent -= 1;
        }
        let header = Header { slot, sequence, size, data: data as u16 };
        let (frame_bytes, priority) = (wire::frame_bytes(data), Priority::LOWEST);
        Some(Packet { header, source: self.host, destination, frame_bytes, priority, marks: Marks::NONE })
    }

    #[inline]
    fn poll_completion(&mut self) -> Option<MessageEnd> {
        self.completed.take().map(MessageEnd::arrived)
    }

    #[inline]
    fn poll_timeout(&self) -> Option<Time> {
        None
    }

    #[inline]
    fn class(_: &Header) -> usize {
        PacketClass::Unscheduled as usize
    }
}

impl Counted for Blind {
    /// The most outgoing messages with unsent bytes, and the most that had arrived in part.
    fn records_max(&self) -> usize {
        self.unsent_max + self.missing_max
    }
}
