//! Who is told what happens: an observer, or a partition that several threads simulate.

use super::Simulation;
use crate::arena::{Arena, PacketId};
use crate::packet::{Message, MessageRef, Packet};
use crate::switch::Port;
use crate::tap::{PortEvent, Tap, Tapped};
use crate::traffic::{Observer, Traffic};
use crate::transport::{MessageEnd, Transport};
use homa_engine::EventKey;
use homa_topologies::{HostId, LinkId, TierId};
use homa_units::Time;

/// What differs between a network that is simulated as a whole and one of several partitions.
///
/// An [`Observer`] is told of messages at once. A partition doesn't know what happened elsewhere up
/// to this instant, so it [defers](crate::parallel::deferred::PartitionSink) that; and some of its
/// links lead to other partitions.
pub(crate) trait EventSink<H: Copy>: Sized {
    /// Whether packets at ports are looked at.
    const HAS_TAP: bool = false;

    /// Something happens to a packet at a port.
    #[inline]
    fn tap(&mut self, at: Time, link: LinkId, event: PortEvent, packet: &Packet<H>) {
        let _ = (at, link, event, packet);
    }

    /// A message was created.
    fn created(&mut self, reference: MessageRef, message: &Message);

    /// A message has ended at `host`.
    fn ended<T: Transport<Header = H>, S: Traffic>(network: &mut Simulation<T, S, Self>, host: u32, end: MessageEnd);

    /// A host has failed, with messages in flight.
    fn host_failed<T: Transport<Header = H>, S: Traffic>(network: &mut Simulation<T, S, Self>, host: u32);

    /// An event is about to happen.
    #[inline]
    fn begin(&mut self, event: EventKey) {
        let _ = event;
    }

    /// The event has scheduled a timer of the same instant, which may be one that would have come
    /// before it.
    #[inline]
    fn begin_anew(&mut self) {}

    /// There is a packet more or less in the network.
    #[inline]
    fn packets_changed<T: Transport<Header = H>, S: Traffic>(network: &mut Simulation<T, S, Self>) {
        let _ = network;
    }

    /// How many partitions the network has.
    fn partitions(&self) -> usize {
        1
    }

    /// If `link` leads to other partitions: sends the packet that was just put on it on its way,
    /// and gives true.
    #[inline]
    fn depart<T: Transport<Header = H>, S: Traffic>(network: &mut Simulation<T, S, Self>, link: u32) -> bool {
        let _ = (network, link);
        false
    }

    /// Whether links of this tier may lead to other partitions.
    fn is_crossing(&self, tier: TierId) -> bool {
        let _ = tier;
        false
    }

    /// The packet that arrives over `link` of `port` now, and the arrival of the next one.
    #[inline]
    fn arrive(&mut self, link: u32, port: &mut Port, arena: &mut Arena<H>, now: Time) -> (PacketId, Option<Time>) {
        let _ = link;
        port.arrive(arena, now)
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

/// What [`EventSink`] is for an observer that is told at once; `$observer` gives it from `$sink`.
macro_rules! tell_at_once {
    ($sink:ident => $observer:expr) => {
        #[inline]
        fn created(&mut self, _: MessageRef, message: &Message) {
            let $sink = self;
            Observer::created($observer, message);
        }

        #[inline]
        fn ended<T: Transport<Header = H>, S: Traffic>(
            network: &mut Simulation<T, S, Self>,
            host: u32,
            end: MessageEnd,
        ) {
            let source_failed = network.hosts[end.message.source.0 as usize].failed;
            if let Some(message) = network.take_ended(host, end, source_failed) {
                let $sink = &mut network.observer;
                tell_of_end($observer, network.now, &message, end.failed);
            }
        }

        fn host_failed<T: Transport<Header = H>, S: Traffic>(network: &mut Simulation<T, S, Self>, host: u32) {
            for message in network.take_abandoned(HostId(host)) {
                let $sink = &mut network.observer;
                Observer::abandoned($observer, network.now, &message);
            }
        }
    };
}

impl<H: Copy, O: Observer> EventSink<H> for O {
    tell_at_once!(observer => observer);
}

impl<H: Copy, O: Observer, P: Tap<H>> EventSink<H> for Tapped<O, P> {
    const HAS_TAP: bool = true;

    #[inline]
    fn tap(&mut self, at: Time, link: LinkId, event: PortEvent, packet: &Packet<H>) {
        self.tap.packet(at, link, event, packet);
    }

    tell_at_once!(tapped => &mut tapped.observer);
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
