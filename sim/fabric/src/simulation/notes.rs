//! Who is told what happens: an observer, or a part of a network that several threads simulate.

use super::Simulation;
use crate::arena::PacketId;
use crate::packet::{Message, MessageRef};
use crate::traffic::{Observer, Traffic};
use crate::transport::{MessageEnd, Transport};
use homa_engine::EventKey;
use homa_topologies::HostId;
use homa_units::Time;

/// What differs between a network that is simulated as a whole and one that is a part of another.
///
/// An [`Observer`] is told of messages at once. A [`Part`](crate::parts::Part) cannot know what happened elsewhere up to this
/// instant, so it keeps notes; and some of its links lead to other parts.
pub(crate) trait Notes<H: Copy>: Sized {
    /// A message was created.
    fn created(&mut self, reference: MessageRef, message: &Message);

    /// A message has ended at `host`.
    fn ended<T: Transport<Header = H>, S: Traffic>(network: &mut Simulation<T, S, Self>, host: u32, end: MessageEnd);

    /// A host has died, with messages under way.
    fn died<T: Transport<Header = H>, S: Traffic>(network: &mut Simulation<T, S, Self>, host: u32);

    /// An event is about to happen.
    #[inline]
    fn begin(&mut self, event: EventKey) {
        let _ = event;
    }

    /// The event has scheduled a timer of the same instant, which may be one that would have come before it.
    #[inline]
    fn begin_anew(&mut self) {}

    /// There is a packet more or less in the network.
    #[inline]
    fn packets_changed<T: Transport<Header = H>, S: Traffic>(network: &mut Simulation<T, S, Self>) {
        let _ = network;
    }

    /// How much of the network's links is simulated here: 1 over this.
    fn parts(&self) -> usize {
        1
    }

    /// If `link` leads to other parts: sends the packet that was just put on it on its way, and gives true.
    #[inline]
    fn depart<T: Transport<Header = H>, S: Traffic>(network: &mut Simulation<T, S, Self>, link: u32) -> bool {
        let _ = (network, link);
        false
    }

    /// The packet that arrives over `link` now, and the arrival of the next one.
    #[inline]
    fn arrive<T: Transport<Header = H>, S: Traffic>(
        network: &mut Simulation<T, S, Self>,
        link: u32,
    ) -> (PacketId, Option<Time>) {
        network.ports[link as usize].arrive(&network.arena, network.now)
    }

    /// The packet that arrives next over `link`.
    #[inline]
    fn next_to_arrive<T: Transport<Header = H>, S: Traffic>(
        network: &Simulation<T, S, Self>,
        link: u32,
    ) -> Option<PacketId> {
        network.ports[link as usize].next_to_arrive()
    }
}

impl<H: Copy, O: Observer> Notes<H> for O {
    #[inline]
    fn created(&mut self, _: MessageRef, message: &Message) {
        Observer::created(self, message);
    }

    #[inline]
    fn ended<T: Transport<Header = H>, S: Traffic>(network: &mut Simulation<T, S, Self>, host: u32, end: MessageEnd) {
        let is_dead = network.hosts[end.message.source.0 as usize].dead;
        if let Some(message) = network.take_ended(host, end, is_dead) {
            tell_of_end(&mut network.observer, network.now, &message, end.failed);
        }
    }

    fn died<T: Transport<Header = H>, S: Traffic>(network: &mut Simulation<T, S, Self>, host: u32) {
        for message in network.take_abandoned(HostId(host)) {
            network.observer.abandoned(network.now, &message);
        }
    }
}

/// Tells an observer that a message has ended.
#[inline]
pub(crate) fn tell_of_end(observer: &mut impl Observer, at: Time, message: &Message, failed: bool) {
    if failed {
        observer.failed(at, message);
    } else {
        observer.completed(at, message);
    }
}
