//! The sending part: which packet goes next.

use crate::{Config, Header, wire};
use homa_fabric::{Marks, Message, Packet};
use homa_protocol::SrptQueue;
use homa_topologies::HostId;
use homa_units::{Priority, Time};
use std::sync::Arc;

/// A packet that a receiver has permitted.
#[derive(Debug, Clone, Copy)]
struct Granted {
    offset: u32,
    data: u16,
    level: Priority,
}

/// A message with unsent bytes.
#[derive(Debug)]
struct Outbound {
    created: Time,
    /// Its number among the host's messages: with the slot, which depends on when others have
    /// ended, ties would depend on that too.
    sequence: u32,
    destination: HostId,
    size: u32,
    /// Message bytes still to be sent without asking.
    unscheduled_left: u32,
    /// All unsent message bytes, granted or not: the SRPT key.
    bytes_left: u32,
    /// Granted packets not yet sent, highest offset first.
    granted: Vec<Granted>,
}

/// The sending part of one host: shortest remaining message first, by unsent bytes.
#[derive(Debug)]
pub struct Sender {
    config: Arc<Config>,
    host: HostId,
    /// By message slot; entries of finished messages are used again.
    messages: Vec<Outbound>,
    ready: SrptQueue,
    /// Messages with unsent bytes, and the most there were at a time.
    unsent: usize,
    unsent_max: usize,
}

impl Sender {
    /// The sending part at `host`.
    #[must_use]
    pub fn new(config: Arc<Config>, host: HostId) -> Self {
        Self { config, host, messages: Vec::new(), ready: SrptQueue::default(), unsent: 0, unsent_max: 0 }
    }

    /// The most messages that had unsent bytes at a time.
    #[must_use]
    pub const fn unsent_max(&self) -> usize {
        self.unsent_max
    }

    /// Takes over a message.
    #[inline]
    pub fn submit(&mut self, slot: u32, submitted: &Message) {
        let Message { created, sequence, destination, .. } = *submitted;
        let size = u32::try_from(submitted.size.get()).expect("messages are shorter than 4 GB");
        let index = slot as usize;
        while self.messages.len() <= index {
            self.messages.push(Outbound {
                created: Time::ZERO,
                sequence,
                destination,
                size: 0,
                unscheduled_left: 0,
                bytes_left: 0,
                granted: Vec::new(),
            });
        }
        let message = &mut self.messages[index];
        assert!(message.bytes_left == 0 && message.granted.is_empty(), "a slot is used again when its message is sent");
        message.created = created;
        message.sequence = sequence;
        message.destination = destination;
        message.size = size;
        message.unscheduled_left = size.min(self.config.unscheduled_limit());
        message.bytes_left = size;
        self.ready.enter(slot, size, created, sequence);
        self.unsent += 1;
        self.unsent_max = self.unsent_max.max(self.unsent);
    }

    /// Takes over a grant.
    #[inline]
    pub fn grant(&mut self, slot: u32, offset: u32, data: u16, level: Priority) {
        let message = &mut self.messages[slot as usize];
        let idle = message.unscheduled_left == 0 && message.granted.is_empty();
        // Grants may overtake each other; the lowest offset goes first all the same.
        let position = message.granted.partition_point(|granted| granted.offset > offset);
        message.granted.insert(position, Granted { offset, data, level });
        if idle {
            self.ready.enter(slot, message.bytes_left, message.created, message.sequence);
        }
    }

    /// Whether a packet could go now.
    #[must_use]
    #[inline]
    pub fn has_packet(&self) -> bool {
        !self.ready.is_empty()
    }

    /// The packet that goes next: of the message with the fewest unsent bytes, the one with the
    /// lowest offset.
    #[inline]
    pub fn next_packet(&mut self) -> Option<Packet<Header>> {
        let slot = self.ready.first()?;
        let message = &mut self.messages[slot as usize];
        let (data, level, frame_bytes, scheduled) = if message.unscheduled_left > 0 {
            let data = message.unscheduled_left.min(wire::UNSCHEDULED_DATA_MAX);
            message.unscheduled_left -= data;
            (data, self.config.unscheduled_level(message.bytes_left), wire::unscheduled_frame(data), false)
        } else {
            let granted = message.granted.pop().expect("a ready message has a packet");
            let data = u32::from(granted.data);
            (data, granted.level, wire::scheduled_frame(data), true)
        };
        message.bytes_left -= data;
        if message.unscheduled_left > 0 || !message.granted.is_empty() {
            self.ready.set(slot, message.bytes_left, message.created, message.sequence);
        } else {
            self.ready.remove_first();
            self.unsent -= usize::from(message.bytes_left == 0);
        }
        let header = Header::Data {
            created: message.created,
            slot,
            sequence: message.sequence,
            size: message.size,
            data: data as u16,
            scheduled,
        };
        let (source, destination) = (self.host, message.destination);
        Some(Packet { header, source, destination, frame_bytes, priority: level, marks: Marks::NONE })
    }
}
