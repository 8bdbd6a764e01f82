//! What a host runs.

use crate::packet::{Message, MessageRef, Packet, PacketClass};
use homa_units::Time;

/// When a transport wants [`Transport::handle_timeout`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Timeout {
    /// The instant.
    pub at: Time,
    /// How many packets the transport had handed out when it armed this timer. It orders the timer against a pull of
    /// the NIC at the very same instant: what was armed first fires first.
    pub pulls: u32,
}

/// What became of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MessageEnd {
    /// Which one.
    pub message: MessageRef,
    /// Its [`Message::sequence`], from a transport that may report a message late or twice: such reports are ignored.
    /// Without, a message that is reported twice is an error of the transport.
    pub sequence: Option<u32>,
    /// The transport gave it up.
    pub failed: bool,
}

impl MessageEnd {
    /// A message that has arrived, from a transport that reports each once.
    #[must_use]
    pub const fn arrived(message: MessageRef) -> Self {
        Self { message, sequence: None, failed: false }
    }
}

/// One host's end of a transport protocol, without input or output of its own.
///
/// After each call that takes `now`, the caller drains [`Self::poll_completion`], calls [`Self::poll_transmit`] if the
/// NIC can take a packet and [`Self::has_packet`] says so, and reads [`Self::poll_timeout`] again. Asking for a packet
/// before the NIC can take it would spoil the transport's choice. Time never runs backwards.
pub trait Transport {
    /// The protocol's part of a packet.
    type Header: Copy + std::fmt::Debug;

    /// The application hands over a message.
    fn submit(&mut self, now: Time, reference: MessageRef, message: &Message);

    /// A packet has come in.
    fn handle_packet(&mut self, now: Time, packet: &Packet<Self::Header>);

    /// Fires the earliest timer if it is due; otherwise does nothing.
    fn handle_timeout(&mut self, now: Time);

    /// Whether [`Self::poll_transmit`] would give a packet.
    #[must_use]
    fn has_packet(&self) -> bool;

    /// The packet to send now, if there is any.
    #[must_use]
    fn poll_transmit(&mut self, now: Time) -> Option<Packet<Self::Header>>;

    /// A message of this or another host that has ended: by arriving completely, with whatever answer belongs to it, or
    /// because it was given up.
    #[must_use]
    fn poll_completion(&mut self) -> Option<MessageEnd>;

    /// When to call [`Self::handle_timeout`] next.
    #[must_use]
    fn poll_timeout(&self) -> Option<Timeout>;

    /// Whether the transport decides by itself when its packets leave: they then go to a NIC with a first-come
    /// first-served queue as soon as [`Self::has_packet`] says so. Otherwise the NIC pulls them.
    #[must_use]
    fn pushes(&self) -> bool {
        false
    }

    /// A NIC that is pushed has begun to send a packet, and will have sent it at `end`.
    fn handle_nic_completion(&mut self, end: Time, frame_bytes: u16) {
        let _ = (end, frame_bytes);
    }

    /// What a packet is for, in reports.
    #[must_use]
    fn class(header: &Self::Header) -> PacketClass;
}
