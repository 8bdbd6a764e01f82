//! The send and receive loop around an [`Endpoint`], without I/O.
//!
//! A [`Driver`] gives packets one at a time, where the endpoint gives transmit units of several,
//! and keeps the drain rule of the [run loop](crate#the-run-loop) for the application. It has no
//! bytes of messages: a simulator needs none. A [`DatagramDriver`] keeps them too, and turns
//! packets into datagrams and back.
//!
//! | verb | [`Driver`] | [`DatagramDriver`] |
//! |---|---|---|
//! | a packet has arrived | [`handle_packet`](Driver::handle_packet) | [`handle_datagram`](DatagramDriver::handle_datagram) |
//! | a deadline has come | [`handle_timeout`](Driver::handle_timeout) | [`handle_timeout`](DatagramDriver::handle_timeout) |
//! | what the application hears of | [`poll_delivery`](Driver::poll_delivery) | [`poll_delivery`](DatagramDriver::poll_delivery) |
//! | the link can take a packet | [`poll_packet`](Driver::poll_packet) | [`poll_datagram`](DatagramDriver::poll_datagram) |
//! | when to call again | [`poll_timeout`](Driver::poll_timeout) | [`poll_timeout`](DatagramDriver::poll_timeout) |
//!
//! All other calls go to the endpoint, by `endpoint_mut()`. Left out: packets of other protocols
//! that share the NIC ([`Endpoint::poll_outgoing`]) and packets that arrive together
//! ([`Endpoint::handle_batch`]); a driver that needs them calls the endpoint itself.

mod datagram;
mod memory;
mod packets;

pub use datagram::DatagramDriver;
pub use packets::OutPacket;

use crate::{Endpoint, Event, FailedRpc, Packet, PeerId, Placement, Received, RecvError, SocketId};
use homa_units::Time;
use packets::Unit;

/// What an application hears of, from [`Driver::poll_delivery`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Delivery {
    /// A message was received. Its buffers belong to the application until it gives them back.
    Message {
        /// The socket that received it.
        socket: SocketId,
        /// The message: a request to reply to, or the response that ends an RPC.
        received: Received,
    },
    /// A client RPC has failed and has ended.
    Failed {
        /// The socket that sent the request.
        socket: SocketId,
        /// The RPC, and why it failed.
        failed: FailedRpc,
    },
    /// Another event, and those of private RPCs, whose response the application receives by naming
    /// the RPC.
    Event(Event),
}

/// An [`Endpoint`] whose packets come one at a time, and which receives messages for its
/// application.
#[derive(Debug, Clone)]
pub struct Driver {
    endpoint: Endpoint,
    /// The unit of several packets of which some have left.
    unit: Option<Unit>,
    /// The socket that is being read until it has nothing more.
    reading: Option<SocketId>,
}

impl Driver {
    /// A driver around this endpoint.
    #[must_use]
    pub const fn new(endpoint: Endpoint) -> Self {
        Self { endpoint, unit: None, reading: None }
    }

    /// The endpoint.
    #[must_use]
    #[inline]
    pub const fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }

    /// The endpoint, for the application's calls. Its packets and events are polled from the
    /// driver.
    #[inline]
    pub const fn endpoint_mut(&mut self) -> &mut Endpoint {
        &mut self.endpoint
    }

    /// Takes a packet that arrived: see [`Endpoint::handle_packet`].
    #[inline]
    pub fn handle_packet(&mut self, now: Time, from: PeerId, packet: &Packet) -> Option<Placement> {
        self.endpoint.handle_packet(now, from, packet)
    }

    /// Does what is due at `now`: see [`Endpoint::handle_timeout`].
    #[inline]
    pub fn handle_timeout(&mut self, now: Time) {
        self.endpoint.handle_timeout(now);
    }

    /// When [`handle_timeout`](Self::handle_timeout) wants to be called: see
    /// [`Endpoint::poll_timeout`].
    #[must_use]
    #[inline]
    pub fn poll_timeout(&self) -> Option<Time> {
        self.endpoint.poll_timeout()
    }

    /// What the application hears of next, until `None`.
    ///
    /// A complete message and a failed RPC are received here, and everything that the socket has
    /// besides. A socket that was shut down, or has no receive region, delivers nothing.
    #[must_use]
    #[inline]
    pub fn poll_delivery(&mut self, now: Time) -> Option<Delivery> {
        loop {
            if let Some(socket) = self.reading
                && let Some(delivery) = self.receive(now, socket)
            {
                return Some(delivery);
            }
            match self.endpoint.poll_event()? {
                Event::MessageComplete { socket, private: false, .. }
                | Event::RpcFailed { socket, private: false, .. } => self.reading = Some(socket),
                event => return Some(Delivery::Event(event)),
            }
        }
    }

    #[inline]
    fn receive(&mut self, now: Time, socket: SocketId) -> Option<Delivery> {
        match self.endpoint.recv(now, socket, None, &[]) {
            Ok(received) => Some(Delivery::Message { socket, received }),
            Err(RecvError::Failed(failed)) => Some(Delivery::Failed { socket, failed }),
            Err(_) => {
                self.reading = None;
                None
            }
        }
    }

    /// Gives the buffers of a message back: see [`Endpoint::return_buffers`].
    ///
    /// # Panics
    /// If they were given back before.
    #[inline]
    pub fn return_buffers(&mut self, now: Time, socket: SocketId, received: &Received) {
        let returned = self.endpoint.return_buffers(now, socket, received.bpages.as_slice());
        returned.expect("the buffers of a message are given back once");
    }

    /// Whether [`poll_packet`](Self::poll_packet) would give a packet now.
    #[must_use]
    #[inline]
    pub fn has_packet(&self) -> bool {
        self.unit.is_some() || self.endpoint.has_outgoing()
    }

    /// The next packet for the link; `None`, and no effect, if there is none that may go now.
    ///
    /// Call it when the link can take a packet, and only then. The packets of a unit come one after
    /// the other, without others between them, as a NIC that cuts the unit sends them.
    #[must_use]
    #[inline]
    pub fn poll_packet(&mut self, now: Time) -> Option<OutPacket> {
        if self.unit.is_some() {
            return self.next_of_unit();
        }
        let transmit = self.endpoint.poll_transmit(now)?;
        match transmit.packet {
            Packet::Data(data) if data.length > transmit.segment_bytes => {
                self.unit = Some(Unit::new(transmit));
                self.next_of_unit()
            }
            packet => Some(OutPacket::of(&transmit, packet)),
        }
    }

    fn next_of_unit(&mut self) -> Option<OutPacket> {
        let (packet, is_last) = self.unit.as_mut()?.next();
        if is_last {
            self.unit = None;
        }
        Some(packet)
    }

    /// The message of which a unit has left in part: its [`Transmit::tag`](crate::Transmit::tag).
    fn half_sent(&self) -> Option<u64> {
        self.unit.as_ref().map(Unit::tag)
    }
}
