//! The core and the application of one host.

use crate::node::{self, CutoffDaemon, NicFrames};
use crate::{Completes, Config, FAMILY, Header, SERVER_PORT};
use homa_fabric::{Message, MessageEnd, MessageRef, Packet};
use homa_protocol::driver::{Delivery, Driver};
use homa_protocol::{
    Destination, Endpoint, Event, Message as CoreMessage, PeerId, Received, RpcId, SendError, SocketId,
};
use homa_topologies::HostId;
use homa_units::{Duration, Time};
use std::collections::VecDeque;
use std::sync::Arc;

/// A message that waits for send memory.
#[derive(Debug, Clone, Copy)]
enum Blocked {
    Request { message_key: u64, to: HostId, length: u32 },
    Reply { to: Destination, rpc: RpcId, length: u32 },
}

/// One host's end: the core and the application on both sides.
#[derive(Debug)]
pub(crate) struct HostEnd {
    driver: Driver,
    config: Arc<Config>,
    host: HostId,
    client: SocketId,
    server: SocketId,
    now: Time,
    ended: VecDeque<MessageEnd>,
    /// Messages that wait for send memory.
    blocked: VecDeque<Blocked>,
    nic: NicFrames,
    prio: CutoffDaemon,
}

impl HostEnd {
    /// The end at `host`, whose timer ticks at `tick_phase` after each full millisecond.
    pub(crate) fn new(config: Arc<Config>, host: HostId, tick_phase: Duration) -> Self {
        let mut endpoint = node::endpoint(&config, tick_phase);
        let client = node::open_socket(&config, &mut endpoint, None);
        let server = node::open_socket(&config, &mut endpoint, Some(SERVER_PORT));
        let prio = CutoffDaemon::new(&config, tick_phase);
        Self {
            driver: Driver::new(endpoint),
            config,
            host,
            client,
            server,
            now: Time::ZERO,
            ended: VecDeque::new(),
            blocked: VecDeque::new(),
            nic: NicFrames::default(),
            prio,
        }
    }

    /// The core, for its metrics.
    pub(crate) const fn endpoint(&self) -> &Endpoint {
        self.driver.endpoint()
    }

    /// Tells the core what the NIC has sent up to now.
    #[inline]
    fn advance(&mut self, now: Time) {
        self.now = now;
        self.nic.advance(now, self.driver.endpoint_mut());
    }

    fn send_request(&mut self, message_key: u64, to: HostId, length: u32) {
        let message = CoreMessage { length, tag: message_key };
        let destination = Destination { peer: PeerId::new(to.0), port: SERVER_PORT, family: FAMILY };
        match self.driver.endpoint_mut().send_request(self.now, self.client, destination, message, message_key) {
            Ok(_) => {}
            Err(SendError::WouldBlock { .. }) => self.blocked.push_back(Blocked::Request { message_key, to, length }),
            Err(error) => panic!("a checked message from {} to {} was refused: {error}", self.host.0, to.0),
        }
    }

    fn send_reply(&mut self, to: Destination, rpc: RpcId, length: u32) {
        match self.driver.endpoint_mut().send_reply(self.now, self.server, to, rpc, CoreMessage { length, tag: 0 }) {
            Ok(()) => {}
            Err(SendError::WouldBlock { .. }) => self.blocked.push_back(Blocked::Reply { to, rpc, length }),
            Err(error) => panic!("a checked reply from {} was refused: {error}", self.host.0),
        }
    }

    /// Does what applications do when something has happened. `message_key` is that of the
    /// packet that made it happen, if any.
    #[inline]
    fn serve_deliveries(&mut self, message_key: Option<u64>) {
        while let Some(delivery) = self.driver.poll_delivery(self.now) {
            match delivery {
                Delivery::Message { socket, received } => self.receive(socket, &received, message_key),
                Delivery::Failed { failed, .. } => self.end(self.host, failed.cookie, true),
                Delivery::Event(Event::Writable { .. }) => {
                    for _ in 0..self.blocked.len() {
                        match self.blocked.pop_front().expect("there are as many") {
                            Blocked::Request { message_key, to, length } => self.send_request(message_key, to, length),
                            Blocked::Reply { to, rpc, length } => self.send_reply(to, rpc, length),
                        }
                    }
                }
                Delivery::Event(_) => {}
            }
        }
    }

    #[inline]
    fn receive(&mut self, socket: SocketId, received: &Received, message_key: Option<u64>) {
        self.driver.return_buffers(self.now, socket, received);
        let completes = self.config.parameters.completes;
        if socket == self.client {
            if completes == Completes::Response {
                self.end(self.host, received.cookie, false);
            }
            return;
        }
        if completes == Completes::Request {
            let key = message_key.expect("a request completes with one of its packets");
            self.end(HostId(received.peer.get()), key, false);
        }
        let length = self.config.parameters.response.bytes(received.length);
        let to = Destination { peer: received.peer, port: received.port, family: FAMILY };
        self.send_reply(to, received.rpc, length);
    }

    /// A server doesn't know that a client has given a request up, and a client not that a server
    /// has it: so a message may end twice.
    fn end(&mut self, source: HostId, message_key: u64, failed: bool) {
        let message = MessageRef::of_key(source, message_key);
        self.ended.push_back(MessageEnd { message, failed, may_repeat: true });
    }

    #[inline]
    pub(crate) fn submit(&mut self, now: Time, reference: MessageRef, message: &Message) {
        self.advance(now);
        let length = u32::try_from(message.size.get()).expect("sizes were checked");
        self.send_request(reference.key(), message.destination, length);
        self.serve_deliveries(None);
    }

    #[inline]
    pub(crate) fn handle_packet(&mut self, now: Time, packet: &Packet<Header>) {
        self.advance(now);
        self.driver.handle_packet(now, PeerId::new(packet.source.0), &packet.header.packet);
        self.serve_deliveries(Some(packet.header.message_key));
    }

    #[inline]
    pub(crate) fn handle_timeout(&mut self, now: Time) {
        self.advance(now);
        self.prio.run(now, self.driver.endpoint_mut());
        self.driver.handle_timeout(now);
        self.serve_deliveries(None);
    }

    #[inline]
    pub(crate) fn has_packet(&self) -> bool {
        self.driver.has_packet()
    }

    #[inline]
    pub(crate) fn poll_transmit(&mut self, now: Time) -> Option<Packet<Header>> {
        self.advance(now);
        let out = self.driver.poll_packet(now)?;
        Some(node::packet(&self.config, self.host, &out, out.tag))
    }

    #[inline]
    pub(crate) fn poll_completion(&mut self) -> Option<MessageEnd> {
        self.ended.pop_front()
    }

    #[inline]
    pub(crate) fn poll_timeout(&self) -> Option<Time> {
        let core = self.driver.poll_timeout();
        let at = if self.prio.is_none() && self.nic.is_empty() { core } else { self.earliest_timeout(core) };
        at.map(|at| at.max(self.now))
    }

    // Apart, as few experiments have any of it, and it is asked after each packet.
    #[inline(never)]
    fn earliest_timeout(&self, core: Option<Time>) -> Option<Time> {
        [core, self.prio.next(), self.nic.next(self.driver.endpoint())].into_iter().flatten().min()
    }

    pub(crate) fn handle_nic_completion(&mut self, end: Time, frame_bytes: u16) {
        self.nic.begun(&self.config, end, frame_bytes);
    }
}
