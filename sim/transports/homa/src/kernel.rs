//! The core and the application of one host whose work takes time: what a
//! [`LinuxHost`](homa_fabric::linux::LinuxHost) runs.

use crate::node::{self, CutoffDaemon, NicFrames};
use crate::{Completes, Config, FAMILY, Header, SERVER_PORT};
use homa_fabric::linux::{IncomingId, Outgoing, PacketKind, Ready, Stack, Taken, UnitKind};
use homa_fabric::{MessageEnd, MessageRef, Packet};
use homa_protocol::{
    Destination, Endpoint, Event, Message as CoreMessage, Packet as HomaPacket, PeerId, Port, Received, RecvError,
    RpcId, SendError, SocketId, Transmit, TransmitMode,
};
use homa_topologies::HostId;
use homa_units::{Duration, Time};
use std::collections::VecDeque;
use std::sync::Arc;

/// A message that waits for send memory.
#[derive(Debug, Clone, Copy)]
enum Blocked {
    Request { socket: SocketId, to: Destination, message: CoreMessage, key: u64 },
    Reply { socket: SocketId, to: Destination, rpc: RpcId, message: CoreMessage },
}

/// A transmit unit. The key is kept with it, as its message may have ended when it is sent.
#[derive(Debug)]
pub(crate) struct Unit {
    transmit: Transmit,
    /// [`MessageRef::key`] of the message; 0 if it is no request.
    message_key: u64,
}

/// What is remembered of a message that a thread deals with.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Job {
    /// It was received.
    Received {
        socket: SocketId,
        received: Received,
        /// The message of the simulation that the packet which completed it belonged to.
        key: u64,
    },
    /// The client's request with this cookie failed.
    Failed { cookie: u64 },
}

/// The core and the application on both sides, without any time of their own.
#[derive(Debug)]
pub(crate) struct Kernel {
    endpoint: Endpoint,
    config: Arc<Config>,
    host: HostId,
    /// Sockets of clients, then those of servers.
    sockets: Vec<SocketId>,
    clients: usize,
    now: Time,
    /// [`MessageRef::key`] of the message that the packet just handled belongs to.
    message_key: u64,
    /// Requests that are ready and that no thread has taken, with their [`MessageRef::key`].
    completing: VecDeque<(PeerId, RpcId, u64)>,
    ready: VecDeque<Ready>,
    ended: VecDeque<MessageEnd>,
    released: VecDeque<u32>,
    blocked: VecDeque<Blocked>,
    /// [`MessageRef::key`] of each outgoing request, by the number of the outgoing message.
    keys: Vec<u64>,
    nic: NicFrames,
    prio: CutoffDaemon,
}

impl Kernel {
    /// The kernel of `host`, whose timer ticks at `tick_phase` after each full millisecond, with so
    /// many sockets of clients and of servers.
    pub(crate) fn new(config: Arc<Config>, host: HostId, tick_phase: Duration, clients: u32, servers: u32) -> Self {
        let mut endpoint = node::endpoint(&config, tick_phase);
        let open = |number: u32| {
            let port = number.checked_sub(clients).map(server_port);
            node::open_socket(&config, &mut endpoint, port)
        };
        let sockets = (0..clients + servers).map(open).collect();
        let prio = CutoffDaemon::new(&config, tick_phase);
        Self {
            endpoint,
            config,
            host,
            sockets,
            clients: clients as usize,
            now: Time::ZERO,
            message_key: 0,
            completing: VecDeque::new(),
            ready: VecDeque::new(),
            ended: VecDeque::new(),
            released: VecDeque::new(),
            blocked: VecDeque::new(),
            keys: Vec::new(),
            nic: NicFrames::default(),
            prio,
        }
    }

    /// The core, for its metrics.
    pub(crate) const fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }

    /// Tells the core what the NIC has sent up to now.
    fn advance(&mut self, now: Time) {
        self.now = now;
        self.nic.advance(now, &mut self.endpoint);
    }

    /// Hears what the core has to tell.
    fn hear(&mut self) {
        while let Some(event) = self.endpoint.poll_event() {
            match event {
                Event::MessageComplete { socket, peer, rpc, .. } => self.is_ready(socket, peer, rpc),
                // Where a failed request went doesn't matter: nothing has arrived of it.
                Event::RpcFailed { socket, rpc, .. } => self.is_ready(socket, PeerId::new(self.host.0), rpc),
                Event::Writable { .. } => self.send_blocked(),
                Event::Released { tag } => self.released.push_back(tag as u32),
                Event::Readable { .. }
                | Event::Wake { .. }
                | Event::WaitFailed { .. }
                | Event::PortUnreachable { .. } => {}
            }
        }
    }

    fn is_ready(&mut self, socket: SocketId, peer: PeerId, rpc: RpcId) {
        let socket = self.sockets.iter().position(|other| *other == socket).expect("a socket of this host") as u32;
        if socket as usize >= self.clients && self.config.parameters.completes == Completes::Request {
            self.completing.push_back((peer, rpc, self.message_key));
        }
        self.ready.push_back(Ready { socket, id: incoming_id(peer, rpc) });
    }

    /// The message of the simulation that a request which has been received is, where that is to
    /// be reported.
    fn completing_key(&mut self, peer: PeerId, rpc: RpcId) -> u64 {
        let place = self.completing.iter().position(|(other, id, _)| (*other, *id) == (peer, rpc));
        place.and_then(|place| self.completing.remove(place)).map_or(0, |(_, _, key)| key)
    }

    fn send_request(&mut self, socket: SocketId, to: Destination, message: CoreMessage, key: u64) {
        match self.endpoint.send_request(self.now, socket, to, message, key) {
            Ok(_) => {}
            Err(SendError::WouldBlock { .. }) => {
                self.blocked.push_back(Blocked::Request { socket, to, message, key });
            }
            Err(error) => panic!("a checked message from {} was refused: {error}", self.host.0),
        }
    }

    fn send_reply(&mut self, socket: SocketId, to: Destination, rpc: RpcId, message: CoreMessage) {
        match self.endpoint.send_reply(self.now, socket, to, rpc, message) {
            Ok(()) => {}
            Err(SendError::WouldBlock { .. }) => self.blocked.push_back(Blocked::Reply { socket, to, rpc, message }),
            Err(error) => panic!("a checked reply from {} was refused: {error}", self.host.0),
        }
    }

    fn send_blocked(&mut self) {
        for _ in 0..self.blocked.len() {
            match self.blocked.pop_front().expect("there are as many") {
                Blocked::Request { socket, to, message, key } => self.send_request(socket, to, message, key),
                Blocked::Reply { socket, to, rpc, message } => self.send_reply(socket, to, rpc, message),
            }
        }
    }

    fn remember_key(&mut self, outgoing: u32, key: u64) {
        let place = outgoing as usize;
        if self.keys.len() <= place {
            self.keys.resize(place + 1, 0);
        }
        self.keys[place] = key;
    }

    fn end(&mut self, source: HostId, message_key: u64, failed: bool) {
        let message = MessageRef::of_key(source, message_key);
        self.ended.push_back(MessageEnd { message, failed, may_repeat: true });
    }
}

/// What a message is called outside: its sender and the local identifier of its RPC.
fn incoming_id(peer: PeerId, rpc: RpcId) -> IncomingId {
    IncomingId { peer: peer.get(), number: rpc.get() }
}

fn server_port(number: u32) -> Port {
    Port::new(SERVER_PORT.get() + number as u16)
}

impl Stack for Kernel {
    type Header = Header;
    type Unit = Unit;
    type Job = Job;

    fn kind(&self, packet: &Packet<Header>) -> PacketKind {
        match &packet.header.packet {
            HomaPacket::Data(data) if data.length == data.message_length => PacketKind::Short,
            HomaPacket::Data(data) => {
                PacketKind::Long(incoming_id(PeerId::new(packet.source.0), data.header.sender_id.other_side()))
            }
            HomaPacket::Grant(_) => PacketKind::Grant,
            _ => PacketKind::Control,
        }
    }

    fn handle_packet(&mut self, now: Time, packet: &Packet<Header>) {
        self.advance(now);
        self.message_key = packet.header.message_key;
        self.endpoint.handle_packet_of_list(now, PeerId::new(packet.source.0), &packet.header.packet);
        self.hear();
    }

    fn decide_grants(&mut self, now: Time) {
        self.advance(now);
        self.endpoint.end_list(now);
        self.hear();
    }

    fn poll_ready(&mut self) -> Option<Ready> {
        self.ready.pop_front()
    }

    fn take(&mut self, now: Time, socket: u32) -> Option<Taken<Job>> {
        self.advance(now);
        let id = self.sockets[socket as usize];
        let taken = match self.endpoint.recv(now, id, None, &[]) {
            Ok(received) => {
                let key = self.completing_key(received.peer, received.rpc);
                let is_request = socket as usize >= self.clients;
                let reply = is_request.then(|| self.config.parameters.response.bytes(received.length));
                let job = Job::Received { socket: id, received, key };
                Some(Taken { id: incoming_id(received.peer, received.rpc), bytes: received.length, reply, job })
            }
            Err(RecvError::Failed(failed)) => {
                let job = Job::Failed { cookie: failed.cookie };
                Some(Taken { id: incoming_id(PeerId::new(self.host.0), failed.rpc), bytes: 0, reply: None, job })
            }
            Err(_) => None,
        };
        self.hear();
        taken
    }

    fn finish(&mut self, now: Time, job: Job) {
        self.advance(now);
        match job {
            Job::Failed { cookie } => self.end(self.host, cookie, true),
            Job::Received { socket, received, key } => {
                let returned = self.endpoint.return_buffers(now, socket, received.bpages.as_slice());
                returned.expect("the buffers of a message are given back once");
                let completes = self.config.parameters.completes;
                if received.rpc.is_client() {
                    if completes == Completes::Response {
                        self.end(self.host, received.cookie, false);
                    }
                } else if completes == Completes::Request {
                    self.end(HostId(received.peer.get()), key, false);
                }
            }
        }
        self.hear();
    }

    fn reply(&mut self, now: Time, job: Job, outgoing: u32) {
        let Job::Received { socket, received, .. } = job else { unreachable!("only requests are answered") };
        self.advance(now);
        self.remember_key(outgoing, 0);
        let length = self.config.parameters.response.bytes(received.length);
        let to = Destination { peer: received.peer, port: received.port, family: FAMILY };
        self.send_reply(socket, to, received.rpc, CoreMessage { length, tag: u64::from(outgoing) });
        self.hear();
    }

    fn send(&mut self, now: Time, socket: u32, server: u32, message: &Outgoing) {
        self.advance(now);
        let Outgoing { reference, message, number } = message;
        self.remember_key(*number, reference.key());
        let length = u32::try_from(message.size.get()).expect("sizes were checked");
        let to = Destination { peer: PeerId::new(message.destination.0), port: server_port(server), family: FAMILY };
        let core_message = CoreMessage { length, tag: u64::from(*number) };
        self.send_request(self.sockets[socket as usize], to, core_message, reference.key());
        self.hear();
    }

    fn poll_unit(&mut self, now: Time) -> Option<Unit> {
        self.advance(now);
        let transmit = self.endpoint.poll_transmit(now)?;
        let message_key = self.keys.get(transmit.tag as usize).copied().unwrap_or(0);
        Some(Unit { transmit, message_key })
    }

    fn has_unit(&self) -> bool {
        self.endpoint.has_outgoing()
    }

    fn unit_kind(&self, unit: &Unit) -> UnitKind {
        match &unit.transmit.packet {
            HomaPacket::Data(data) => UnitKind::Data { outgoing: unit.transmit.tag as u32, bytes: data.length },
            HomaPacket::Grant(_) => UnitKind::Grant,
            _ => UnitKind::Control,
        }
    }

    fn cut(&self, unit: &Unit, packets: &mut Vec<Packet<Header>>) {
        let Unit { transmit, message_key } = unit;
        packets.extend(transmit.packets().map(|out| node::packet(&self.config, self.host, &out, *message_key)));
    }

    fn poll_released(&mut self) -> Option<u32> {
        self.released.pop_front()
    }

    fn poll_completion(&mut self) -> Option<MessageEnd> {
        self.ended.pop_front()
    }

    fn handle_timeout(&mut self, now: Time) {
        self.advance(now);
        self.prio.run(now, &mut self.endpoint);
        self.message_key = 0;
        self.endpoint.handle_timeout(now);
        self.hear();
    }

    fn poll_timeout(&self) -> Option<Time> {
        let core = self.endpoint.poll_timeout();
        [core, self.prio.next(), self.nic.next(&self.endpoint)].into_iter().flatten().min().map(|at| at.max(self.now))
    }

    fn pushes(&self) -> bool {
        self.config.parameters.transmit != TransmitMode::Pull
    }

    fn handle_nic_completion(&mut self, end: Time, frame_bytes: u16) {
        self.nic.begun(&self.config, end, frame_bytes);
    }

    fn class(header: &Header) -> usize {
        <crate::Homa as homa_fabric::Transport>::class(header)
    }
}
