//! Two endpoints that exchange echo calls over a link that loses nothing: traffic for measurements.

use homa_protocol::driver::{Delivery, Driver};
use homa_protocol::wire::Family;
use homa_protocol::{Config, Destination, Endpoint, Message, PeerId, Port, SocketId};
use homa_units::{Duration, Time};

const SERVER_PORT: Port = Port::new(99);
/// How many RPCs are open at a time.
const OPEN: usize = 8;

/// The endpoints: host 0 is the client, host 1 the server.
pub(crate) struct Pair {
    hosts: [Driver; 2],
    sockets: [SocketId; 2],
    now: Time,
    completed: usize,
}

impl Pair {
    pub(crate) fn new(config: &Config) -> Self {
        let mut hosts = [0, 1].map(|_| Driver::new(Endpoint::new(config.clone()).expect("a valid configuration")));
        let sockets = [0, 1].map(|host: usize| {
            let endpoint = hosts[host].endpoint_mut();
            let socket = endpoint.open_socket(Family::V4).expect("ports are free");
            endpoint.set_receive_region(socket, 0, 65_536 * 400).expect("the region is large enough");
            socket
        });
        hosts[1].endpoint_mut().bind(sockets[1], Family::V4, SERVER_PORT).expect("the port is free");
        Self { hosts, sockets, now: Time::ZERO, completed: 0 }
    }

    /// Packets, or units of several, that both have sent.
    pub(crate) fn packets(&self) -> u64 {
        self.hosts.iter().map(|host| host.endpoint().metrics().packets_sent.iter().sum::<u64>()).sum()
    }

    /// Makes `count` echo calls with messages of this length.
    pub(crate) fn echo(&mut self, count: usize, length: u32) {
        let target = self.completed + count;
        for _ in 0..OPEN {
            self.call(length);
        }
        while self.completed < target {
            self.turn(length, target);
        }
    }

    fn call(&mut self, length: u32) {
        let to = Destination { peer: PeerId::new(1), port: SERVER_PORT, family: Family::V4 };
        let message = Message { length, tag: 0 };
        let client = self.hosts[0].endpoint_mut();
        client.send_request(self.now, self.sockets[0], to, message, 0).expect("the request is sent");
    }

    /// Each host sends one packet, which arrives at once; a turn takes as long as a packet at 10
    /// Gbps.
    fn turn(&mut self, length: u32, target: usize) {
        self.now += Duration::from_ns(1_231);
        for from in 0..2 {
            self.hosts[from].handle_timeout(self.now);
            if let Some(out) = self.hosts[from].poll_packet(self.now) {
                let sender = PeerId::new(from as u32);
                self.hosts[1 - from].handle_packet(self.now, sender, &out.packet);
            }
            self.serve(from, length, target);
        }
    }

    fn serve(&mut self, host: usize, length: u32, target: usize) {
        while let Some(delivery) = self.hosts[host].poll_delivery(self.now) {
            let Delivery::Message { socket, received } = delivery else { continue };
            self.hosts[host].return_buffers(self.now, socket, &received);
            if received.rpc.is_client() {
                self.completed += 1;
                if self.completed + OPEN <= target {
                    self.call(length);
                }
            } else {
                let to = Destination { peer: received.peer, port: received.port, family: Family::V4 };
                let message = Message { length: received.length, tag: 0 };
                let server = self.hosts[host].endpoint_mut();
                server.send_reply(self.now, socket, to, received.rpc, message).expect("the reply is sent");
            }
        }
    }
}
