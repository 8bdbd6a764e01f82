//! Looking at packets on their way.

use crate::packet::Packet;
use crate::switch::Verdict;
use homa_topologies::LinkId;
use homa_units::Time;

/// What a packet does at the port of a link.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PortEvent {
    /// It comes to the port of a switch, or to that of a NIC that is pushed.
    Enqueued(Verdict),
    /// It is next to go on the link: at once, or after the gap behind the frame before.
    Sent,
    /// Its last bit is at the other end of the link, whatever fixed delays there are included.
    Arrived,
}

/// Sees each packet at each port. A simulation without a tap has no code for it.
pub trait Tap<H> {
    /// Something happens to a packet at the port of `link`.
    fn packet(&mut self, at: Time, link: LinkId, event: PortEvent, packet: &Packet<H>);
}

/// An observer with a tap beside it, for a network that is simulated on one thread.
#[derive(Debug, Clone, Default)]
pub struct Tapped<O, P> {
    /// Is told of messages.
    pub observer: O,
    /// Is told of packets.
    pub tap: P,
}
