//! Several endpoints with a network between them that delays, loses, duplicates and reorders
//! packets.
//!
//! Every packet goes through the wire format. Each node runs an echo server on port 99, and a
//! client whose requests the test gives; messages are checked byte by byte where they are received.

use homa_protocol::driver::{DatagramDriver, Delivery};
use homa_protocol::wire::{self, Family, Version};
use homa_protocol::{
    Config, Data, Destination, Endpoint, Errno, OffsetForm, Packet, PeerId, Port, Received, RpcId, SocketId,
};
use homa_units::{Duration, Time};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::collections::BTreeMap;

/// The port that every node's server listens on.
pub(crate) const SERVER_PORT: Port = Port::new(99);

/// What the network does to packets; probabilities in percent.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Faults {
    pub(crate) loss: u32,
    pub(crate) duplication: u32,
    /// The longest extra delay of a packet: more than the time between packets reorders them.
    pub(crate) jitter: Duration,
}

impl Faults {
    pub(crate) const NONE: Self = Self { loss: 0, duplication: 0, jitter: Duration::ZERO };
}

/// What became of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// The response, of this many bytes, arrived intact.
    Response(u32),
    /// The RPC failed.
    Failed(Errno),
}

/// A request of a test: from, to, bytes of request and response, when.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Call {
    pub(crate) from: usize,
    pub(crate) to: usize,
    pub(crate) request: u32,
    pub(crate) response: u32,
    pub(crate) at: Time,
}

struct Host {
    driver: DatagramDriver,
    client: SocketId,
    server: SocketId,
    /// When the link can take the next packet.
    link_free: Time,
}

/// The endpoints, the packets in flight, and what the test observes.
pub(crate) struct Net {
    hosts: Vec<Host>,
    faults: Faults,
    rng: ChaCha8Rng,
    in_flight: BTreeMap<(Time, u64), (usize, usize, Vec<u8>)>,
    sent_packets: u64,
    /// The datagram that is sent now.
    datagram: Vec<u8>,
    calls: Vec<Call>,
    next_call: usize,
    open: BTreeMap<(usize, RpcId), usize>,
    /// Of each call, everything that came back for it: more than one is an error of the protocol.
    pub(crate) outcomes: Vec<Vec<Outcome>>,
    /// How often each call's request reached its server's application.
    pub(crate) executions: Vec<u32>,
    /// Everything the network saw: who sent what to whom. Of a unit its first packet.
    pub(crate) log: Vec<(Time, usize, PeerId, Packet)>,
    pub(crate) now: Time,
}

/// Bytes of each socket's receive region: close to the least, so that messages have to wait for
/// space.
const REGION: u64 = 65_536 * 32;
/// How long a frame takes on the link: 10 Gbps.
const PS_PER_BYTE: u64 = 800;
const DELAY: Duration = Duration::from_us(2);

impl Net {
    pub(crate) fn new(count: usize, seed: u64, faults: Faults, config: impl Fn(usize) -> Config) -> Self {
        let hosts = (0..count).map(|host| Host::new(config(host))).collect();
        Self {
            hosts,
            faults,
            rng: ChaCha8Rng::seed_from_u64(seed),
            in_flight: BTreeMap::new(),
            sent_packets: 0,
            datagram: Vec::new(),
            calls: Vec::new(),
            next_call: 0,
            open: BTreeMap::new(),
            outcomes: Vec::new(),
            executions: Vec::new(),
            log: Vec::new(),
            now: Time::ZERO,
        }
    }

    /// Runs these calls until every one has come back, and every RPC has ended. Panics if `limit`
    /// passes before.
    pub(crate) fn run(&mut self, mut calls: Vec<Call>, limit: Time) {
        calls.sort_by_key(|call| call.at);
        self.outcomes = vec![Vec::new(); calls.len()];
        self.executions = vec![0; calls.len()];
        self.calls = calls;
        while self.step(limit) {}
        self.check_that_nothing_is_left();
    }

    /// When every RPC has ended, all grants are taken back, and all buffers are free.
    fn check_that_nothing_is_left(&self) {
        assert!(self.open.is_empty(), "every call came back");
        for host in &self.hosts {
            let endpoint = host.driver.endpoint();
            assert_eq!((endpoint.total_incoming(), endpoint.num_active()), (0, 0));
            for socket in [host.client, host.server] {
                let info = endpoint.info(socket, &mut []).expect("the socket is open");
                assert_eq!((info.num_rpcs, info.bpool_avail_bytes), (0, REGION));
            }
        }
    }

    /// Runs until the network is silent; `false` if it is.
    fn step(&mut self, limit: Time) -> bool {
        let next_call = self.calls.get(self.next_call).map(|call| call.at);
        let next_packet = self.in_flight.first_key_value().map(|(key, _)| key.0);
        let timeouts = self.hosts.iter().filter_map(|host| host.driver.poll_timeout());
        let links = self.hosts.iter().filter(|host| host.link_free > self.now).map(|host| host.link_free);
        let next = timeouts.chain(links).chain(next_call).chain(next_packet).min();
        let Some(next) = next else { return false };
        let undone = self.outcomes.iter().filter(|outcomes| outcomes.is_empty()).count();
        assert!(next <= limit, "at {limit} {undone} calls have not come back, and timers go on");
        self.now = self.now.max(next);
        if next_packet.is_some_and(|at| at <= self.now) {
            let (_, (from, to, frame)) = self.in_flight.pop_first().expect("it was just looked at");
            let handled = self.hosts[to].driver.handle_datagram(self.now, PeerId::new(from as u32), &frame);
            handled.expect("what an endpoint sends can be decoded");
        } else if next_call.is_some_and(|at| at <= self.now) {
            self.start_call();
        }
        for host in 0..self.hosts.len() {
            self.hosts[host].driver.handle_timeout(self.now);
            self.serve(host);
            self.fill_link(host);
            self.hosts[host].driver.endpoint().check_invariants();
        }
        true
    }

    fn start_call(&mut self) {
        let index = self.next_call;
        self.next_call += 1;
        let call = self.calls[index];
        let host = &mut self.hosts[call.from];
        let to = Destination { peer: PeerId::new(call.to as u32), port: SERVER_PORT, family: Family::V4 };
        let request = message(request_tag(index), call.request);
        let id = host.driver.send_request(self.now, host.client, to, request, index as u64);
        self.open.insert((call.from, id.expect("the request is sent")), index);
    }

    fn serve(&mut self, index: usize) {
        while let Some(delivery) = self.hosts[index].driver.poll_delivery(self.now) {
            match delivery {
                Delivery::Message { socket, received } => self.receive(index, socket, &received),
                Delivery::Failed { failed, .. } => {
                    let call = failed.cookie as usize;
                    assert_eq!(self.open.remove(&(index, failed.rpc)), Some(call));
                    self.outcomes[call].push(Outcome::Failed(failed.error));
                }
                Delivery::Event(_) => {}
            }
        }
    }

    fn receive(&mut self, index: usize, socket: SocketId, received: &Received) {
        let host = &mut self.hosts[index];
        let bytes = host.driver.take_message(self.now, socket, received);
        if received.rpc.is_client() {
            let call = received.cookie as usize;
            assert_bytes(&bytes, request_tag(call) + 1);
            assert_eq!(self.open.remove(&(index, received.rpc)), Some(call));
            self.outcomes[call].push(Outcome::Response(received.length));
            return;
        }
        let same = |info: &homa_protocol::RpcInfo| {
            (info.id, info.peer, info.port) == (received.rpc, received.peer, received.port)
        };
        let alive = host.driver.endpoint().rpc_infos(socket).filter(same).count();
        assert_eq!(alive, 1, "a request is executed again only after its RPC ended");
        let call = self.call_of(index, &bytes);
        assert_bytes(&bytes, request_tag(call));
        self.executions[call] += 1;
        let response = message(request_tag(call) + 1, self.calls[call].response);
        let to = Destination { peer: received.peer, port: received.port, family: Family::V4 };
        let sent = self.hosts[index].driver.send_reply(self.now, socket, to, received.rpc, response);
        sent.expect("the reply is sent");
    }

    /// Which call a request belongs to: its first bytes repeat the call's number.
    fn call_of(&self, server: usize, bytes: &[u8]) -> usize {
        let first = &bytes[..bytes.len().min(4)];
        let matches = |call: &usize| {
            let request = self.calls[*call].request.min(4);
            self.calls[*call].to == server && message(request_tag(*call), request) == first
        };
        (0..self.next_call).find(matches).expect("a request's first bytes name its call")
    }

    /// Puts packets on the link while it is free.
    fn fill_link(&mut self, index: usize) {
        while self.hosts[index].link_free <= self.now {
            let host = &mut self.hosts[index];
            let Some(out) = host.driver.poll_datagram(self.now, &mut self.datagram) else { return };
            let busy = u64::from(out.frame_bytes(Version::Linux) + wire::ETH_FRAME_OVERHEAD_BYTES) * PS_PER_BYTE;
            host.link_free = self.now + Duration::from_ps(busy);
            if begins_unit(&out.packet) {
                self.log.push((self.now, index, out.to, out.packet));
            }
            self.put_on_wire(index, out.to);
        }
    }

    fn put_on_wire(&mut self, from: usize, to: PeerId) {
        let copies = 1 + u32::from(self.rng.random_range(0..100) < self.faults.duplication);
        for _ in 0..copies {
            if self.rng.random_range(0..100) < self.faults.loss {
                continue;
            }
            let jitter = self.rng.random_range(0..=self.faults.jitter.as_ps());
            let at = self.hosts[from].link_free + DELAY + Duration::from_ps(jitter);
            self.sent_packets += 1;
            self.in_flight.insert((at, self.sent_packets), (from, to.index(), self.datagram.clone()));
        }
    }
}

impl Host {
    fn new(config: Config) -> Self {
        let mut driver = DatagramDriver::new(Endpoint::new(config).expect("a test's configuration is valid"));
        let mut open = || {
            let socket = driver.endpoint_mut().open_socket(Family::V4).expect("ports are free");
            driver.set_receive_region(socket, vec![0; REGION as usize]).expect("the region is large enough");
            socket
        };
        let (client, server) = (open(), open());
        driver.endpoint_mut().bind(server, Family::V4, SERVER_PORT).expect("the port is free");
        Self { driver, client, server, link_free: Time::ZERO }
    }
}

/// The tag of a call's request; that of the response follows.
const fn request_tag(call: usize) -> u64 {
    call as u64 * 2
}

/// Byte `at` of the message with this tag; the first four bytes are the tag itself.
fn pattern(tag: u64, at: u32) -> u8 {
    match at {
        0..4 => (tag >> (8 * at)) as u8,
        _ => (tag as u8).wrapping_mul(31).wrapping_add((at % 251) as u8),
    }
}

fn message(tag: u64, length: u32) -> Vec<u8> {
    (0..length).map(|at| pattern(tag, at)).collect()
}

/// Panics unless the bytes are those of the message with this tag.
fn assert_bytes(bytes: &[u8], tag: u64) {
    let wrong = bytes.iter().zip(0..).position(|(byte, at)| *byte != pattern(tag, at));
    assert_eq!(wrong, None, "the first wrong byte of a message of {} bytes", bytes.len());
}

/// Whether a packet is the first of its unit.
fn begins_unit(packet: &Packet) -> bool {
    match packet {
        Packet::Data(Data { form: OffsetForm::Segment { unit_offset }, offset, .. }) => unit_offset == offset,
        _ => true,
    }
}
