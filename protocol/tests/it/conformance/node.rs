//! One endpoint, to which a test plays the rest of the world.

use homa_protocol::wire::Family;
use homa_protocol::{
    AckEntry, Config, Data, Destination, Endpoint, Event, Grant, Header, Message, OffsetForm, Packet, PeerId,
    Placement, Port, Replicated, RpcId, RpcInfo, SocketId, Transmit, TransmitMode,
};
use homa_units::{Duration, Priority, Time};

/// Payload bytes of a full packet: MTU 1500, IPv4.
pub(crate) const FULL: u32 = 1424;
/// The port that tests' servers listen on.
pub(crate) const SERVER_PORT: Port = Port::new(99);
/// The first port that a client socket gets.
pub(crate) const CLIENT_PORT: Port = Port::new(32_768);
/// A receive region that is large enough for everything: 1000 bpages.
pub(crate) const REGION: u64 = 65_536_000;

/// The setting of the conformance cases: defaults, no FIFO grants, no throttling.
pub(crate) fn config() -> Config {
    let mut config = Config { transmit: TransmitMode::Immediate, ..Config::default() };
    config.sysctls.grant_fifo_fraction = 0;
    config
}

/// The peer with this number.
pub(crate) fn peer(number: u32) -> PeerId {
    PeerId::new(number)
}

/// The destination port 99 of this peer.
pub(crate) fn server_at(number: u32) -> Destination {
    Destination { peer: peer(number), port: SERVER_PORT, family: Family::V4 }
}

/// A message of this length.
pub(crate) fn bytes(length: u32) -> Message {
    Message { length, tag: u64::from(length) }
}

/// An endpoint and its clock.
pub(crate) struct Node {
    pub(crate) endpoint: Endpoint,
    pub(crate) now: Time,
}

impl Node {
    pub(crate) fn new(config: Config) -> Self {
        Self { endpoint: Endpoint::new(config).expect("a test's configuration is valid"), now: Time::ZERO }
    }

    /// A node and its client socket with a receive region.
    pub(crate) fn client(config: Config) -> (Self, SocketId) {
        let mut node = Self::new(config);
        let socket = node.endpoint.open_socket(Family::V4).expect("ports are free");
        node.endpoint.set_receive_region(socket, 0, REGION).expect("the region is large enough");
        (node, socket)
    }

    /// A node and its server socket on port 99 with a receive region.
    pub(crate) fn server(config: Config) -> (Self, SocketId) {
        let (mut node, socket) = Self::client(config);
        node.endpoint.bind(socket, Family::V4, SERVER_PORT).expect("the port is free");
        (node, socket)
    }

    pub(crate) fn wait(&mut self, span: Duration) {
        self.now += span;
    }

    /// Sends a request of `length` bytes to port 99 of peer 1.
    pub(crate) fn request(&mut self, socket: SocketId, length: u32) -> RpcId {
        self.endpoint.send_request(self.now, socket, server_at(1), bytes(length), 0).expect("the request is sent")
    }

    /// Lets a packet arrive from this peer, alone.
    pub(crate) fn receive(&mut self, from: u32, packet: Packet) -> Option<Placement> {
        self.endpoint.handle_packet(self.now, peer(from), &packet)
    }

    /// Runs the next tick of the protocol timer.
    pub(crate) fn tick(&mut self) {
        self.now = self.endpoint.poll_timeout().expect("the timer runs while there are RPCs").max(self.now);
        self.endpoint.handle_timeout(self.now);
    }

    /// Everything that the endpoint wants to send now.
    pub(crate) fn sent(&mut self) -> Vec<Transmit> {
        std::iter::from_fn(|| self.endpoint.poll_transmit(self.now)).collect()
    }

    /// As [`Self::sent`], the packets alone.
    pub(crate) fn packets(&mut self) -> Vec<Packet> {
        self.sent().into_iter().map(|transmit| transmit.packet).collect()
    }

    /// Of what the endpoint wants to send now: each GRANT's offset and level. Everything else is lost.
    pub(crate) fn grants(&mut self) -> Vec<(u32, u8)> {
        let packets = self.packets().into_iter();
        packets
            .filter_map(|p| if let Packet::Grant(g) = p { Some((g.offset, g.priority.get())) } else { None })
            .collect()
    }

    /// Of what the endpoint wants to send now: the DATA units. Everything else is lost.
    pub(crate) fn data(&mut self) -> Vec<Data> {
        let packets = self.packets().into_iter();
        packets.filter_map(|p| if let Packet::Data(data) = p { Some(data) } else { None }).collect()
    }

    pub(crate) fn events(&mut self) -> Vec<Event> {
        std::iter::from_fn(|| self.endpoint.poll_event()).collect()
    }

    /// What the endpoint says about the RPC with this identifier, in whatever socket.
    pub(crate) fn info(&self, socket: SocketId, rpc: RpcId) -> Option<RpcInfo> {
        self.endpoint.rpc_infos(socket).find(|info| info.id == rpc)
    }
}

/// A message that comes in, packet by packet, from a peer that the test plays.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Inbound {
    pub(crate) peer: u32,
    pub(crate) header: Header,
    pub(crate) length: u32,
    /// The sender's unscheduled limit.
    pub(crate) unscheduled: u32,
}

impl Inbound {
    /// A request from port 32768 of `peer` to port 99, under the client's identifier `id`.
    pub(crate) fn request(peer: u32, id: u64, length: u32) -> Self {
        let header = Header { sport: CLIENT_PORT, dport: SERVER_PORT, sender_id: RpcId::new(id) };
        Self { peer, header, length, unscheduled: length.min(40_000) }
    }

    /// The response of `length` bytes to the request `id` of this node's first client socket.
    pub(crate) fn response(peer: u32, id: RpcId, length: u32) -> Self {
        let header = Header { sport: SERVER_PORT, dport: CLIENT_PORT, sender_id: id.other_side() };
        Self { peer, header, length, unscheduled: length.min(40_000) }
    }

    /// The packet with the bytes `start..end`.
    pub(crate) fn piece(&self, start: u32, end: u32) -> Packet {
        Packet::Data(self.data(start, end))
    }

    pub(crate) fn data(&self, start: u32, end: u32) -> Data {
        Data {
            header: self.header,
            message_length: self.length,
            incoming: self.unscheduled,
            ack: None,
            cutoff_version: 1,
            retransmit: false,
            offset: start,
            length: end - start,
            form: OffsetForm::Sequence,
            replicated: Replicated::Whole,
        }
    }

    /// The packet with these bytes, and an ack for the sender's RPC `id` on port 99.
    pub(crate) fn piece_with_ack(&self, start: u32, end: u32, id: u64) -> Packet {
        let ack = Some(AckEntry { client_id: RpcId::new(id), server_port: SERVER_PORT });
        Packet::Data(Data { ack, ..self.data(start, end) })
    }

    /// The bytes of each packet, as Linux cuts the message.
    pub(crate) fn cuts(&self) -> Vec<(u32, u32)> {
        let mut cuts = Vec::new();
        let mut at = 0;
        while at < self.length {
            let limit = if at < self.unscheduled { self.unscheduled } else { self.length };
            let end = (at + FULL).min(limit);
            cuts.push((at, end));
            at = end;
        }
        cuts
    }

    /// All packets, in order.
    pub(crate) fn packets(&self) -> Vec<Packet> {
        self.cuts().into_iter().map(|(start, end)| self.piece(start, end)).collect()
    }

    /// A GRANT that answers this node's own message of the same RPC.
    pub(crate) fn grant(&self, offset: u32, level: u8) -> Packet {
        Packet::Grant(Grant { header: self.header, offset, priority: Priority::new(level) })
    }

    /// Lets the whole message arrive at `node`.
    pub(crate) fn arrive(&self, node: &mut Node) {
        for packet in self.packets() {
            node.receive(self.peer, packet);
        }
    }
}
