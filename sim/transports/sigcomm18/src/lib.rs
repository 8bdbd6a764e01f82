//! Homa as the simulator behind the SIGCOMM'18 paper models it (PlatformLab/HomaSimulation,
//! `HomaTransport.cc`).
//!
//! One-way messages; receiver-driven grants of one packet each; overcommitment counted in senders;
//! scheduled levels filled from the lowest; the last bytes of a message on unscheduled levels; no
//! loss, no retransmission, no timeouts but those that pace grants. It is not the protocol that
//! Linux runs.
//!
//! * [`Config`] holds the parameters, [`cutoffs`] computes the unscheduled levels from a size
//!   distribution.
//! * [`wire`] says how a message is cut into packets and what each takes of a link.
//! * [`Sigcomm18`] is one host's end: a [`sender`] and a [`receiver`] part that share one clock to
//!   the NIC.
//!
//! Left out, as it changes nothing but the first 100 microseconds of a run: the address resolution
//! that the original simulates.

mod config;
pub mod cutoffs;
mod model;
mod ranking;
pub mod receiver;
pub mod sender;
pub mod wire;

pub use config::{Config, ConfigError, Network, Parameters};

use homa_fabric::{Message, MessageEnd, MessageRef, Packet, Transport};
use homa_run::{Counted, Counters, PacketClass, ReceiverUsage};
use homa_topologies::HostId;
use homa_units::{Priority, Time};
use receiver::Receiver;
use sender::Sender;
use std::collections::VecDeque;
use std::sync::Arc;

/// The header of a packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Header {
    /// Message data: the original's REQUEST, UNSCHED_DATA and SCHED_DATA.
    Data {
        /// When the message was created.
        created: Time,
        /// The message's slot at the packet's source.
        slot: u32,
        /// The message's number among those of the packet's source.
        sequence: u32,
        /// Length of the message in bytes.
        size: u32,
        /// Message bytes in this packet.
        data: u16,
        /// Whether it was sent by a grant.
        scheduled: bool,
    },
    /// Permission to send one packet.
    Grant {
        /// The message's slot at the packet's destination.
        slot: u32,
        /// First message byte of the packet that may be sent.
        offset: u32,
        /// Its number of message bytes.
        data: u16,
        /// Its level.
        level: Priority,
    },
}

/// One host's end of the protocol.
#[derive(Debug)]
pub struct Sigcomm18 {
    sender: Sender,
    receiver: Receiver,
    grants: VecDeque<Packet<Header>>,
    completed: Option<MessageRef>,
}

impl Sigcomm18 {
    /// The end at `host`.
    #[must_use]
    pub fn new(config: Arc<Config>, host: HostId) -> Self {
        Self {
            sender: Sender::new(Arc::clone(&config), host),
            receiver: Receiver::new(config, host),
            grants: VecDeque::new(),
            completed: None,
        }
    }

    /// How well the host's downlink was used up to now.
    #[must_use]
    pub const fn receiver_usage(&self) -> &ReceiverUsage {
        self.receiver.usage()
    }

    /// The grants that were made and wait for the NIC, in the order in which they will go.
    pub fn queued_grants(&self) -> impl Iterator<Item = &Packet<Header>> {
        self.grants.iter()
    }
}

impl Transport for Sigcomm18 {
    type Header = Header;

    #[inline]
    fn submit(&mut self, _: Time, reference: MessageRef, message: &Message) {
        self.sender.submit(reference.slot, message);
    }

    #[inline]
    fn handle_packet(&mut self, now: Time, packet: &Packet<Header>) {
        match packet.header {
            Header::Grant { slot, offset, data, level } => {
                self.receiver.received_grant();
                self.sender.grant(slot, offset, data, level);
            }
            Header::Data { .. } => {
                assert!(self.completed.is_none(), "completions are polled after each packet");
                self.completed = self.receiver.data(now, packet, &mut self.grants);
            }
        }
    }

    #[inline]
    fn handle_timeout(&mut self, now: Time) {
        self.receiver.timeout(now, &mut self.grants);
    }

    #[inline]
    fn has_packet(&self) -> bool {
        !self.grants.is_empty() || self.sender.has_packet()
    }

    #[inline]
    fn poll_transmit(&mut self, _now: Time) -> Option<Packet<Header>> {
        // Grants precede all data; those of one instant keep the order in which they were made.
        self.grants.pop_front().or_else(|| self.sender.next_packet())
    }

    #[inline]
    fn poll_completion(&mut self) -> Option<MessageEnd> {
        self.completed.take().map(MessageEnd::arrived)
    }

    #[inline]
    fn poll_timeout(&self) -> Option<Time> {
        self.receiver.next_timeout()
    }

    #[inline]
    fn class(header: &Header) -> usize {
        let class = match header {
            Header::Data { scheduled: false, .. } => PacketClass::Unscheduled,
            Header::Data { scheduled: true, .. } => PacketClass::Scheduled,
            Header::Grant { .. } => PacketClass::Control,
        };
        class as usize
    }
}

impl Counted for Sigcomm18 {
    fn count(&self, counters: &mut Counters) {
        counters.receiver(self.receiver_usage());
    }

    /// The most outgoing messages with unsent bytes, and the most that had arrived in part.
    fn records_max(&self) -> usize {
        self.sender.unsent_max() + self.receiver.inbound_max()
    }
}
