//! A driver for the core: two endpoints that talk Homa over UDP on the loopback interface.
//!
//! `cargo run -p homa-protocol --example udp_echo` makes ten echo calls of different lengths and prints how long each took.
//! UDP stands in for IP here: a datagram holds one Homa packet, without an IP header. A driver on raw sockets does the same
//! with [`wire::encode_ip`] and [`wire::decode_ip`], and maps addresses to peers with an `AddressBook`.
#![expect(clippy::disallowed_methods, reason = "a real driver looks at a real clock")]

use homa_protocol::wire::{self, Family, Version};
use homa_protocol::{
    Config, Destination, Endpoint, Event, Message, Offsets, Packet, PeerId, Port, RecvError, SocketId, Transmit,
};
use homa_units::Time;
use std::collections::HashMap;
use std::io::{Error, ErrorKind, Result};
use std::net::{SocketAddr, UdpSocket};
use std::time::{Duration, Instant};

const SERVER_PORT: Port = Port::new(99);
/// Bytes of the receive region: 64 bpages.
const REGION: usize = 64 * homa_protocol::HOMA_BPAGE_SIZE as usize;
const CLIENT: usize = 0;
const SERVER: usize = 1;

/// One node: the endpoint, its network, and the memory that the endpoint only talks about.
struct Node {
    endpoint: Endpoint,
    socket: SocketId,
    udp: UdpSocket,
    /// Addresses of all nodes, by the number of the peer.
    addresses: [SocketAddr; 2],
    region: Vec<u8>,
    /// Bytes of outgoing messages until nobody needs them any more, by tag.
    messages: HashMap<u64, Vec<u8>>,
    next_tag: u64,
    start: Instant,
}

/// A message that was received.
struct Incoming {
    rpc: homa_protocol::RpcId,
    from: Destination,
    bytes: Vec<u8>,
}

impl Node {
    fn new(udp: UdpSocket, addresses: [SocketAddr; 2]) -> Self {
        // Datagrams that bypass a kernel's GRO need the true offset in every packet.
        let mut config = Config { offsets: Offsets::Both, ..Config::default() };
        // What is in flight has to fit into the socket's buffer, or packets are lost and come a few ms later.
        config.sysctls.max_incoming = 60_000;
        config.sysctls.grant_fifo_fraction = 0;
        let mut endpoint = Endpoint::new(config).expect("the defaults are valid");
        let socket = endpoint.open_socket(Family::V4).expect("a new endpoint has free ports");
        endpoint.set_receive_region(socket, 0, REGION as u64).expect("64 bpages are enough");
        let (region, messages) = (vec![0; REGION], HashMap::new());
        Self { endpoint, socket, udp, addresses, region, messages, next_tag: 0, start: Instant::now() }
    }

    fn now(&self) -> Time {
        let ns = u64::try_from(self.start.elapsed().as_nanos()).expect("less than 213 days");
        Time::ZERO + homa_units::Duration::from_ns(ns)
    }

    fn message(&mut self, bytes: Vec<u8>) -> Message {
        self.next_tag += 1;
        let message = Message { length: bytes.len() as u32, tag: self.next_tag };
        self.messages.insert(message.tag, bytes);
        message
    }

    /// Sends what may be sent, then waits for a packet or a timeout, and handles it.
    fn turn(&mut self) -> Result<()> {
        let now = self.now();
        while let Some(transmit) = self.endpoint.poll_transmit(now) {
            self.send(&transmit)?;
        }
        let deadline = self.endpoint.poll_timeout().map_or(1_000_000_000, |at| at.as_ps().saturating_sub(now.as_ps()));
        // 0 would mean to wait for ever.
        self.udp.set_read_timeout(Some(Duration::from_nanos(deadline.div_ceil(1_000).max(1))))?;
        let mut bytes = [0; 2_048];
        match self.udp.recv_from(&mut bytes) {
            Ok((length, from)) => self.receive(from, &bytes[..length]),
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {}
            Err(error) => return Err(error),
        }
        self.endpoint.handle_timeout(self.now());
        Ok(())
    }

    fn send(&self, transmit: &Transmit) -> Result<()> {
        let to = self.addresses[transmit.to.index()];
        if !matches!(transmit.packet, Packet::Data(_)) {
            return self.send_packet(to, &transmit.packet, &[]);
        }
        let message = &self.messages[&transmit.tag];
        for data in transmit.segments() {
            let payload = &message[data.offset as usize..][..data.length as usize];
            self.send_packet(to, &Packet::Data(data), payload)?;
        }
        Ok(())
    }

    fn send_packet(&self, to: SocketAddr, packet: &Packet, payload: &[u8]) -> Result<()> {
        let mut bytes = vec![0; wire::MAX_HEADER_BYTES];
        let header = wire::encode_header(packet, Version::Linux, &mut bytes).map_err(Error::other)?;
        bytes.truncate(header);
        bytes.extend_from_slice(payload);
        self.udp.send_to(&bytes, to).map(|_| ())
    }

    fn receive(&mut self, from: SocketAddr, bytes: &[u8]) {
        let Some(peer) = self.addresses.iter().position(|address| *address == from) else { return };
        let packet = match wire::decode(bytes, Version::Linux) {
            Ok(packet) => packet,
            Err(error) => return self.endpoint.count_malformed(&error),
        };
        let now = self.now();
        if let Some(placement) = self.endpoint.handle_packet(now, PeerId::new(peer as u32), &packet) {
            for piece in placement.pieces() {
                self.region[piece.region].copy_from_slice(&bytes[wire::DATA_HEADER_BYTES..][piece.payload]);
            }
        }
    }

    /// Handles events until a message is complete; `None` if there are no more events.
    fn next_message(&mut self) -> Result<Option<Incoming>> {
        while let Some(event) = self.endpoint.poll_event() {
            match event {
                Event::Released { tag } => {
                    self.messages.remove(&tag);
                }
                Event::MessageComplete { .. } | Event::RpcFailed { .. } => {
                    match self.endpoint.recv(self.now(), self.socket, None, &[]) {
                        Ok(received) => return Ok(Some(self.copy_out(&received))),
                        Err(RecvError::Again) => {}
                        Err(error) => return Err(Error::other(error)),
                    }
                }
                _ => {}
            }
        }
        Ok(None)
    }

    /// Takes the bytes of a message out of the region and gives its buffers back.
    fn copy_out(&mut self, received: &homa_protocol::Received) -> Incoming {
        let mut bytes = Vec::with_capacity(received.length as usize);
        for offset in received.bpages.as_slice() {
            let length = (received.length as usize - bytes.len()).min(homa_protocol::HOMA_BPAGE_SIZE as usize);
            bytes.extend_from_slice(&self.region[*offset as usize..][..length]);
        }
        let now = self.now();
        let offsets = received.bpages.as_slice();
        self.endpoint.return_buffers(now, self.socket, offsets).expect("the buffers were just received");
        let from = Destination { peer: received.peer, port: received.port, family: Family::V4 };
        Incoming { rpc: received.rpc, from, bytes }
    }
}

fn serve(mut node: Node) -> Result<()> {
    node.endpoint.bind(node.socket, Family::V4, SERVER_PORT).map_err(Error::other)?;
    loop {
        while let Some(Incoming { rpc, from, bytes }) = node.next_message()? {
            let reply = node.message(bytes);
            let now = node.now();
            node.endpoint.send_reply(now, node.socket, from, rpc, reply).map_err(Error::other)?;
        }
        node.turn()?;
    }
}

fn main() -> Result<()> {
    let sockets = [UdpSocket::bind("127.0.0.1:0")?, UdpSocket::bind("127.0.0.1:0")?];
    let addresses = [sockets[CLIENT].local_addr()?, sockets[SERVER].local_addr()?];
    let [client, server] = sockets;
    std::thread::spawn(move || serve(Node::new(server, addresses)));
    let mut node = Node::new(client, addresses);
    let to = Destination { peer: PeerId::new(SERVER as u32), port: SERVER_PORT, family: Family::V4 };
    for length in [1, 100, 1_424, 1_425, 10_000, 40_000, 40_001, 100_000, 500_000, 1_000_000] {
        let bytes: Vec<u8> = (0..length).map(|at| (at % 251) as u8).collect();
        let request = node.message(bytes.clone());
        let begin = node.now();
        node.endpoint.send_request(begin, node.socket, to, request, 0).map_err(Error::other)?;
        let response = loop {
            if let Some(response) = node.next_message()? {
                break response;
            }
            node.turn()?;
        };
        assert!(response.bytes == bytes, "the echo of {length} bytes differs");
        println!("{length:>8} bytes there and back in {}", node.now().since(begin));
    }
    Ok(())
}
