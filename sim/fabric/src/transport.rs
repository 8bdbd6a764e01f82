//! What a host runs.

use crate::packet::{MessageRef, Packet, PacketClass};
use homa_topologies::HostId;
use homa_units::{Bytes, Time};

/// When a transport wants [`Transport::handle_timeout`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Timeout {
    /// The instant.
    pub at: Time,
    /// How many packets the transport had handed out when it armed this timer. It orders the timer against a pull of
    /// the NIC at the very same instant: what was armed first fires first.
    pub pulls: u32,
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
    fn submit(&mut self, now: Time, message: MessageRef, destination: HostId, size: Bytes);

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

    /// A message that has arrived completely at this host and was not reported before.
    #[must_use]
    fn poll_completion(&mut self) -> Option<MessageRef>;

    /// When to call [`Self::handle_timeout`] next.
    #[must_use]
    fn poll_timeout(&self) -> Option<Timeout>;

    /// What a packet is for, in reports.
    #[must_use]
    fn class(header: &Self::Header) -> PacketClass;
}
