//! What a host runs.

use crate::event::EventOrder;
use crate::packet::{Message, MessageRef, Packet};
use homa_topologies::HostId;
use homa_units::Time;

/// How many classes of packets reports can tell apart (see [`Transport::class`]).
pub const PACKET_CLASSES: usize = 3;

/// What became of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MessageEnd {
    /// Which one.
    pub message: MessageRef,
    /// The transport gave it up.
    pub failed: bool,
    /// The message may have ended before: such a report is then ignored. Without, a message that is
    /// reported twice is an error of the transport.
    pub may_repeat: bool,
}

impl MessageEnd {
    /// A message that has arrived, from a transport that reports each once.
    #[must_use]
    #[inline]
    pub const fn arrived(message: MessageRef) -> Self {
        Self { message, failed: false, may_repeat: false }
    }
}

/// One host's end of a transport protocol, without input or output of its own.
///
/// # Contract
/// What the caller promises:
///
/// 1. After each [`Self::submit`], [`Self::handle_packet`] and [`Self::handle_timeout`] it drains
///    [`Self::poll_completion`], reads [`Self::poll_timeout`] again, and drains
///    [`Self::poll_wake`]. It does not do so after [`Self::poll_transmit`]: a timer that starts
///    with a packet must have been given before.
/// 2. A NIC that pulls asks for a packet when it can send it, and not before: the choice is made
///    late, with all that is known by then. It asks only if [`Self::has_packet`] says yes, and
///    again when the packet's wire time is over.
/// 3. [`Self::handle_timeout`] is called at the time that [`Self::poll_timeout`] gave. It may be
///    called too early or too often, and does nothing then.
/// 4. Time never runs backwards. Equal times are fine.
/// 5. A message has at least one byte, and never its own host as destination. Its [`MessageRef`]
///    has a slot, which is used again after its end, and a sequence number, which is not: a late
///    packet is told from one of the slot's next message by that number.
/// 6. Packets can overtake each other where paths differ. They are lost only in experiments with
///    faults, which need a transport that says that it recovers.
///
/// What the transport promises:
///
/// 7. It reports each message as ended once, from the host that knows it: its destination, or its
///    source where an answer belongs to it. The network carries no bytes, and so cannot check that
///    all of them have arrived.
/// 8. If [`Self::has_packet`] says yes, [`Self::poll_transmit`] gives a packet at the same instant.
/// 9. The same calls give the same answers. A transport reads no clock, iterates over no hash map,
///    and has random numbers from the run's streams alone. Hosts share nothing that changes, or
///    the model says that the run has one thread.
pub trait Transport {
    /// The protocol's part of a packet.
    type Header: Copy + std::fmt::Debug;

    /// In what order events of one instant happen.
    const ORDER: EventOrder = EventOrder::ByComponent;

    /// The application hands over a message.
    fn submit(&mut self, now: Time, reference: MessageRef, message: &Message);

    /// A packet has come in.
    fn handle_packet(&mut self, now: Time, packet: &Packet<Self::Header>);

    /// Several packets have come in at once, as from a NIC that gathers them.
    fn handle_packets(&mut self, now: Time, packets: &[Packet<Self::Header>]) {
        packets.iter().for_each(|packet| self.handle_packet(now, packet));
    }

    /// Fires the earliest timer if it is due; otherwise does nothing.
    fn handle_timeout(&mut self, now: Time);

    /// Whether [`Self::poll_transmit`] would give a packet.
    #[must_use]
    fn has_packet(&self) -> bool;

    /// The packet to send now, if there is any.
    #[must_use]
    fn poll_transmit(&mut self, now: Time) -> Option<Packet<Self::Header>>;

    /// A message of this or another host that has ended: by arriving completely, with whatever
    /// answer belongs to it, or because it was given up.
    #[must_use]
    fn poll_completion(&mut self) -> Option<MessageEnd>;

    /// A host that a call of this one may have given something to send, where hosts share state.
    /// The caller drains it after each call, as it does [`Self::poll_completion`], and then treats
    /// that host as after a call. Such a run has one thread.
    #[must_use]
    #[inline]
    fn poll_wake(&mut self) -> Option<HostId> {
        None
    }

    /// When to call [`Self::handle_timeout`] next.
    #[must_use]
    fn poll_timeout(&self) -> Option<Time>;

    /// Whether the transport decides by itself when its packets leave: they then go to a NIC with a
    /// first-come first-served queue as soon as [`Self::has_packet`] says so. Otherwise the NIC
    /// pulls them.
    #[must_use]
    fn pushes(&self) -> bool {
        false
    }

    /// A NIC that is pushed has begun to send a packet, and will have sent it at `end`.
    fn handle_nic_completion(&mut self, end: Time, frame_bytes: u16) {
        let _ = (end, frame_bytes);
    }

    /// The class of a packet in reports, below [`PACKET_CLASSES`]. What the classes mean is the
    /// transport's business.
    #[must_use]
    fn class(header: &Self::Header) -> usize;
}
