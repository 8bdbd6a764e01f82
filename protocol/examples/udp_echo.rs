//! Two endpoints that talk Homa over UDP on the loopback interface.
//!
//! `cargo run -p homa-protocol --example udp_echo` makes ten echo calls of different lengths and
//! prints how long each took. UDP stands in for IP here: a datagram holds one Homa packet, without
//! an IP header. A driver on raw sockets does the same with `wire::encode_ip` and
//! `wire::decode_ip`, and maps addresses to peers with an `AddressBook`.
#![expect(clippy::disallowed_methods, reason = "a real driver looks at a real clock")]

use homa_protocol::driver::{DatagramDriver, Delivery};
use homa_protocol::wire::Family;
use homa_protocol::{Config, Destination, Endpoint, Offsets, PeerId, Port, RpcId, SocketId};
use homa_units::Time;
use std::io::{Error, ErrorKind, Result};
use std::net::{SocketAddr, UdpSocket};
use std::time::{Duration, Instant};

const SERVER_PORT: Port = Port::new(99);
/// Bytes of the receive region: 64 bpages.
const REGION: usize = 64 * homa_protocol::HOMA_BPAGE_SIZE as usize;
const CLIENT: usize = 0;
const SERVER: usize = 1;

/// One node: the driver and its network.
struct Node {
    driver: DatagramDriver,
    socket: SocketId,
    udp: UdpSocket,
    /// Addresses of all nodes, by the number of the peer.
    addresses: [SocketAddr; 2],
    start: Instant,
}

/// A message that was received.
struct Incoming {
    rpc: RpcId,
    from: Destination,
    bytes: Vec<u8>,
}

impl Node {
    fn new(udp: UdpSocket, addresses: [SocketAddr; 2]) -> Self {
        // Datagrams that bypass a kernel's GRO need the true offset in every packet.
        let mut config = Config { offsets: Offsets::Both, ..Config::default() };
        // What is in flight has to fit into the socket's buffer, or packets are lost and come a few
        // ms later.
        config.sysctls.max_incoming = 60_000;
        config.sysctls.grant_fifo_fraction = 0;
        let mut driver = DatagramDriver::new(Endpoint::new(config).expect("the defaults are valid"));
        let socket = driver.endpoint_mut().open_socket(Family::V4).expect("a new endpoint has free ports");
        driver.set_receive_region(socket, vec![0; REGION]).expect("64 bpages are enough");
        Self { driver, socket, udp, addresses, start: Instant::now() }
    }

    fn now(&self) -> Time {
        let ns = u64::try_from(self.start.elapsed().as_nanos()).expect("less than 213 days");
        Time::ZERO + homa_units::Duration::from_ns(ns)
    }

    /// One turn of the run loop: sends what may be sent, then waits for a datagram or a deadline,
    /// and handles it.
    fn turn(&mut self) -> Result<()> {
        let now = self.now();
        let mut datagram = Vec::new();
        while let Some(out) = self.driver.poll_datagram(now, &mut datagram) {
            self.udp.send_to(&datagram, self.addresses[out.to.index()])?;
        }
        let wait_ps = self.driver.poll_timeout().map_or(1_000_000_000, |at| at.as_ps().saturating_sub(now.as_ps()));
        // 0 would mean to wait for ever.
        self.udp.set_read_timeout(Some(Duration::from_nanos(wait_ps.div_ceil(1_000).max(1))))?;
        let mut bytes = [0; 2_048];
        match self.udp.recv_from(&mut bytes) {
            Ok((length, from)) => {
                if let Some(peer) = self.addresses.iter().position(|address| *address == from) {
                    // What is no packet was counted.
                    let _ = self.driver.handle_datagram(self.now(), PeerId::new(peer as u32), &bytes[..length]);
                }
            }
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {}
            Err(error) => return Err(error),
        }
        self.driver.handle_timeout(self.now());
        Ok(())
    }

    /// The next message that has arrived completely.
    fn next_message(&mut self) -> Result<Option<Incoming>> {
        let now = self.now();
        while let Some(delivery) = self.driver.poll_delivery(now) {
            match delivery {
                Delivery::Message { socket, received } => {
                    let bytes = self.driver.take_message(now, socket, &received);
                    let from = Destination { peer: received.peer, port: received.port, family: Family::V4 };
                    return Ok(Some(Incoming { rpc: received.rpc, from, bytes }));
                }
                Delivery::Failed { failed, .. } => return Err(Error::other(failed.error.to_string())),
                Delivery::Event(_) => {}
            }
        }
        Ok(None)
    }
}

fn serve(mut node: Node) -> Result<()> {
    node.driver.endpoint_mut().bind(node.socket, Family::V4, SERVER_PORT).map_err(Error::other)?;
    loop {
        while let Some(Incoming { rpc, from, bytes }) = node.next_message()? {
            node.driver.send_reply(node.now(), node.socket, from, rpc, bytes).map_err(Error::other)?;
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
        let begin = node.now();
        node.driver.send_request(begin, node.socket, to, bytes.clone(), 0).map_err(Error::other)?;
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
