//! A driver that has the bytes of messages.

use super::memory::{ReceiveRegions, SendBuffers};
use super::{Delivery, Driver, OutPacket};
use crate::wire::{self, DecodeError};
use crate::{Destination, Endpoint, Event, Packet, PeerId, Received, RegionError, RpcId, SendError, SocketId};
use alloc::vec::Vec;
use homa_units::Time;

/// A [`Driver`] that keeps the bytes of messages and turns packets into datagrams and back.
///
/// A datagram is a Homa header and its payload, without an IP header and with the checksum 0. That
/// is what UDP can carry in place of IP; [`wire::encode_ip`] and [`wire::fill_checksum`] add what
/// raw sockets need. Where datagrams bypass a kernel's GRO, set
/// [`Config::offsets`](crate::Config::offsets) to [`Offsets::Both`](crate::Offsets::Both).
///
/// `B` is what outgoing messages are kept in: `Vec<u8>`, `Arc<[u8]>`, `&'static [u8]` and the like.
/// Messages are sent through this driver, not through its endpoint.
#[derive(Debug, Clone)]
pub struct DatagramDriver<B = Vec<u8>> {
    driver: Driver,
    messages: SendBuffers<B>,
    regions: ReceiveRegions,
    /// A message that nobody will ask for again, but of which a unit has left in part.
    released: Option<u64>,
}

impl<B: AsRef<[u8]>> DatagramDriver<B> {
    /// A driver around this endpoint, which must not have sent anything.
    #[must_use]
    pub const fn new(endpoint: Endpoint) -> Self {
        let regions = ReceiveRegions::new();
        Self { driver: Driver::new(endpoint), messages: SendBuffers::new(), regions, released: None }
    }

    /// The endpoint.
    #[must_use]
    pub const fn endpoint(&self) -> &Endpoint {
        self.driver.endpoint()
    }

    /// The endpoint, for calls that neither send messages nor set receive regions.
    pub const fn endpoint_mut(&mut self) -> &mut Endpoint {
        self.driver.endpoint_mut()
    }

    /// Gives the socket the memory that its incoming messages are placed in.
    ///
    /// # Errors
    /// See [`Endpoint::set_receive_region`].
    pub fn set_receive_region(&mut self, socket: SocketId, region: Vec<u8>) -> Result<(), RegionError> {
        self.driver.endpoint.set_receive_region(socket, 0, region.len() as u64)?;
        self.regions.insert(socket, region);
        Ok(())
    }

    /// Sends a request: see [`Endpoint::send_request`].
    ///
    /// # Errors
    /// See [`SendError`]; the bytes are dropped then. [`Endpoint::readiness`] tells whether the
    /// socket can send.
    pub fn send_request(
        &mut self,
        now: Time,
        socket: SocketId,
        to: Destination,
        bytes: B,
        cookie: u64,
    ) -> Result<RpcId, SendError> {
        let message = self.messages.keep(bytes);
        let sent = self.driver.endpoint.send_request(now, socket, to, message, cookie);
        sent.inspect_err(|_| self.messages.release(message.tag))
    }

    /// Replies to a request: see [`Endpoint::send_reply`].
    ///
    /// # Errors
    /// See [`SendError`]; the bytes are dropped then.
    pub fn send_reply(
        &mut self,
        now: Time,
        socket: SocketId,
        to: Destination,
        rpc: RpcId,
        bytes: B,
    ) -> Result<(), SendError> {
        let message = self.messages.keep(bytes);
        let sent = self.driver.endpoint.send_reply(now, socket, to, rpc, message);
        sent.inspect_err(|_| self.messages.release(message.tag))
    }

    /// Takes a datagram that arrived from `from`, and says which packet it was.
    ///
    /// # Errors
    /// It is no packet of Homa's. It was counted and had no other effect.
    pub fn handle_datagram(&mut self, now: Time, from: PeerId, datagram: &[u8]) -> Result<Packet, DecodeError> {
        let endpoint = &mut self.driver.endpoint;
        let packet =
            wire::decode(datagram, endpoint.config().version).inspect_err(|error| endpoint.count_malformed(error))?;
        if let Some(placement) = endpoint.handle_packet(now, from, &packet) {
            self.regions.write(&placement, &datagram[wire::DATA_HEADER_BYTES..]);
        }
        Ok(packet)
    }

    /// Does what is due at `now`: see [`Endpoint::handle_timeout`].
    pub fn handle_timeout(&mut self, now: Time) {
        self.driver.handle_timeout(now);
    }

    /// When [`handle_timeout`](Self::handle_timeout) wants to be called: see
    /// [`Endpoint::poll_timeout`].
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Time> {
        self.driver.poll_timeout()
    }

    /// What the application hears of next, until `None`: see [`Driver::poll_delivery`].
    ///
    /// # Panics
    /// If a message was sent through the endpoint, whose tags this driver doesn't know.
    #[must_use]
    pub fn poll_delivery(&mut self, now: Time) -> Option<Delivery> {
        let delivery = self.driver.poll_delivery(now)?;
        if let Delivery::Event(Event::Released { tag }) = delivery {
            if self.driver.half_sent() == Some(tag) {
                self.released = Some(tag);
            } else {
                self.messages.release(tag);
            }
        }
        Some(delivery)
    }

    /// Copies a message out of its socket's receive region, and gives its buffers back.
    ///
    /// # Panics
    /// If its buffers were given back before.
    #[must_use]
    pub fn take_message(&mut self, now: Time, socket: SocketId, received: &Received) -> Vec<u8> {
        let bytes = self.regions.read(socket, received);
        self.driver.return_buffers(now, socket, received);
        bytes
    }

    /// Writes the next packet for the link into `datagram`, in place of what it holds: see
    /// [`Driver::poll_packet`].
    ///
    /// # Panics
    /// If a message was sent through the endpoint.
    #[must_use]
    pub fn poll_datagram(&mut self, now: Time, datagram: &mut Vec<u8>) -> Option<OutPacket> {
        let out = self.driver.poll_packet(now)?;
        let version = self.driver.endpoint.config().version;
        datagram.clear();
        datagram.resize(wire::header_bytes(out.packet.packet_type(), version), 0);
        wire::encode_header(&out.packet, version, datagram).expect("what an endpoint sends can be encoded");
        if let Packet::Data(data) = &out.packet {
            datagram.extend_from_slice(self.messages.payload(out.tag, data));
        }
        if self.driver.half_sent().is_none()
            && let Some(tag) = self.released.take()
        {
            self.messages.release(tag);
        }
        Some(out)
    }

    /// Messages whose bytes are kept, as their packets may be asked for again.
    #[must_use]
    pub fn messages_kept(&self) -> usize {
        self.messages.len()
    }
}
