//! Several endpoints with a network between them that delays, loses, duplicates and reorders packets.
//!
//! Every packet goes through the wire format. Each node runs an echo server on port 99, and a client whose requests the
//! test gives; payload is copied as a driver would, and checked byte by byte where a message is received.

use homa_protocol::wire::{self, Family, Version};
use homa_protocol::{
    Config, Destination, Endpoint, Errno, Event, Message, Packet, PeerId, Port, RecvError, RpcId, SocketId, Transmit,
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
    endpoint: Endpoint,
    client: SocketId,
    /// Receive regions of client and server.
    regions: BTreeMap<SocketId, Vec<u8>>,
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
    calls: Vec<Call>,
    next_call: usize,
    /// Tag of an outgoing message to its length.
    outgoing: BTreeMap<u64, (u32, u32)>,
    open: BTreeMap<(usize, RpcId), usize>,
    /// Of each call, everything that came back for it: more than one is an error of the protocol.
    pub(crate) outcomes: Vec<Vec<Outcome>>,
    /// How often each call's request reached its server's application.
    pub(crate) executions: Vec<u32>,
    /// Everything the network saw: who sent what to whom.
    pub(crate) log: Vec<(Time, usize, PeerId, Packet)>,
    pub(crate) now: Time,
}

/// Bytes of each socket's receive region: close to the least, so that messages have to wait for space.
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
            calls: Vec::new(),
            next_call: 0,
            outgoing: BTreeMap::new(),
            open: BTreeMap::new(),
            outcomes: Vec::new(),
            executions: Vec::new(),
            log: Vec::new(),
            now: Time::ZERO,
        }
    }

    /// Runs these calls until every one has come back, and every RPC has ended. Panics if `limit` passes before.
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
            assert_eq!((host.endpoint.total_incoming(), host.endpoint.num_active()), (0, 0));
            for socket in host.regions.keys() {
                let info = host.endpoint.info(*socket, &mut []).expect("the socket is open");
                assert_eq!((info.num_rpcs, info.bpool_avail_bytes), (0, REGION));
            }
        }
    }

    /// Runs until the network is silent; `false` if it is.
    fn step(&mut self, limit: Time) -> bool {
        let next_call = self.calls.get(self.next_call).map(|call| call.at);
        let next_packet = self.in_flight.first_key_value().map(|(key, _)| key.0);
        let timeouts = self.hosts.iter().filter_map(|host| host.endpoint.poll_timeout());
        let links = self.hosts.iter().filter(|host| host.link_free > self.now).map(|host| host.link_free);
        let next = timeouts.chain(links).chain(next_call).chain(next_packet).min();
        let Some(next) = next else { return false };
        let undone = self.outcomes.iter().filter(|outcomes| outcomes.is_empty()).count();
        assert!(next <= limit, "at {limit} {undone} calls have not come back, and timers go on");
        self.now = self.now.max(next);
        if next_packet.is_some_and(|at| at <= self.now) {
            let (_, (from, to, frame)) = self.in_flight.pop_first().expect("it was just looked at");
            self.deliver(from, to, &frame);
        } else if next_call.is_some_and(|at| at <= self.now) {
            self.start_call();
        }
        for host in 0..self.hosts.len() {
            let now = self.now;
            if self.hosts[host].endpoint.poll_timeout().is_some_and(|at| at <= now) {
                self.hosts[host].endpoint.handle_timeout(now);
            }
            self.serve_events(host);
            self.fill_link(host);
            self.hosts[host].endpoint.check_invariants();
        }
        true
    }

    fn start_call(&mut self) {
        let index = self.next_call;
        self.next_call += 1;
        let call = self.calls[index];
        let tag = index as u64 * 2;
        self.outgoing.insert(tag, (index as u32, call.request));
        let host = &mut self.hosts[call.from];
        let to = Destination { peer: PeerId::new(call.to as u32), port: SERVER_PORT, family: Family::V4 };
        let message = Message { length: call.request, tag };
        let id = host.endpoint.send_request(self.now, host.client, to, message, index as u64);
        self.open.insert((call.from, id.expect("the request is sent")), index);
    }

    fn deliver(&mut self, from: usize, to: usize, frame: &[u8]) {
        let packet = wire::decode(frame, Version::Linux).expect("what an endpoint sends can be decoded");
        let host = &mut self.hosts[to];
        let placement = host.endpoint.handle_packet(self.now, PeerId::new(from as u32), &packet);
        if let Some(placement) = placement {
            let region = host.regions.get_mut(&placement.socket).expect("each socket has a region");
            for piece in placement.pieces() {
                let payload = &frame[wire::DATA_HEADER_BYTES..][piece.payload];
                region[piece.region].copy_from_slice(payload);
            }
        }
    }

    fn serve_events(&mut self, index: usize) {
        while let Some(event) = self.hosts[index].endpoint.poll_event() {
            match event {
                Event::MessageComplete { socket, .. } | Event::RpcFailed { socket, .. } => self.receive(index, socket),
                Event::Released { tag } => assert!(self.outgoing.contains_key(&tag), "only what was sent is released"),
                _ => {}
            }
        }
    }

    fn receive(&mut self, index: usize, socket: SocketId) {
        let now = self.now;
        match self.hosts[index].endpoint.recv(now, socket, None, &[]) {
            Ok(received) => {
                let region = &self.hosts[index].regions[&socket];
                let (offsets, bpage) = (received.bpages.as_slice(), homa_protocol::HOMA_BPAGE_SIZE as usize);
                let byte = |at: usize| region[offsets[at / bpage] as usize + at % bpage];
                let call = if received.rpc.is_client() { received.cookie as usize } else { self.call_of(index, &byte) };
                let tag = call as u64 * 2 + u64::from(received.rpc.is_client());
                for at in 0..received.length as usize {
                    assert_eq!(
                        byte(at),
                        pattern(tag, at as u32),
                        "byte {at} of a message of {} bytes",
                        received.length
                    );
                }
                let host = &mut self.hosts[index];
                host.endpoint.return_buffers(now, socket, offsets).expect("the buffers were just received");
                if received.rpc.is_client() {
                    assert_eq!(self.open.remove(&(index, received.rpc)), Some(call));
                    self.outcomes[call].push(Outcome::Response(received.length));
                } else {
                    self.executions[call] += 1;
                    let same = |info: &homa_protocol::RpcInfo| {
                        (info.id, info.peer, info.port) == (received.rpc, received.peer, received.port)
                    };
                    let alive = host.endpoint.rpc_infos(socket).filter(same).count();
                    assert_eq!(alive, 1, "a request is executed again only after its RPC ended");
                    let reply = self.calls[call].response;
                    self.outgoing.insert(tag + 1, (call as u32, reply));
                    let to = Destination { peer: received.peer, port: received.port, family: Family::V4 };
                    let message = Message { length: reply, tag: tag + 1 };
                    host.endpoint.send_reply(now, socket, to, received.rpc, message).expect("the reply is sent");
                }
            }
            Err(RecvError::Failed(failed)) => {
                let call = failed.cookie as usize;
                assert_eq!(self.open.remove(&(index, failed.rpc)), Some(call));
                self.outcomes[call].push(Outcome::Failed(failed.error));
            }
            Err(RecvError::Again) => {}
            Err(error) => panic!("receiving failed: {error}"),
        }
    }

    /// Which call a request belongs to: its first bytes repeat the call's number.
    fn call_of(&self, server: usize, byte: &dyn Fn(usize) -> u8) -> usize {
        let matches = |call: usize| {
            (0..4.min(self.calls[call].request)).all(|at| byte(at as usize) == pattern(call as u64 * 2, at))
        };
        (0..self.next_call)
            .find(|call| self.calls[*call].to == server && matches(*call))
            .expect("a request's first bytes name its call")
    }

    /// Puts packets on the link while it is free.
    fn fill_link(&mut self, index: usize) {
        while self.hosts[index].link_free <= self.now {
            let Some(transmit) = self.hosts[index].endpoint.poll_transmit(self.now) else { return };
            self.log.push((self.now, index, transmit.to, transmit.packet));
            let frame_bytes = transmit.frame_bytes(Version::Linux);
            let busy = u64::from(frame_bytes + wire::ETH_FRAME_OVERHEAD_BYTES * transmit.packet_count()) * PS_PER_BYTE;
            self.hosts[index].link_free = self.now.max(self.hosts[index].link_free) + Duration::from_ps(busy);
            for frame in frames(&transmit) {
                self.put_on_wire(index, transmit.to, frame);
            }
        }
    }

    fn put_on_wire(&mut self, from: usize, to: PeerId, frame: Vec<u8>) {
        let copies = 1 + u32::from(self.rng.random_range(0..100) < self.faults.duplication);
        for _ in 0..copies {
            if self.rng.random_range(0..100) < self.faults.loss {
                continue;
            }
            let jitter = self.rng.random_range(0..=self.faults.jitter.as_ps());
            let at = self.hosts[from].link_free + DELAY + Duration::from_ps(jitter);
            self.sent_packets += 1;
            self.in_flight.insert((at, self.sent_packets), (from, to.index(), frame.clone()));
        }
    }
}

impl Host {
    fn new(config: Config) -> Self {
        let mut endpoint = Endpoint::new(config).expect("a test's configuration is valid");
        let client = endpoint.open_socket(Family::V4).expect("ports are free");
        let server = endpoint.open_socket(Family::V4).expect("ports are free");
        endpoint.bind(server, Family::V4, SERVER_PORT).expect("the port is free");
        let mut regions = BTreeMap::new();
        for socket in [client, server] {
            endpoint.set_receive_region(socket, 0, REGION).expect("the region is large enough");
            regions.insert(socket, vec![0; REGION as usize]);
        }
        Self { endpoint, client, regions, link_free: Time::ZERO }
    }
}

/// Byte `at` of the message with this tag; the first four bytes are the tag itself.
fn pattern(tag: u64, at: u32) -> u8 {
    match at {
        0..4 => (tag >> (8 * at)) as u8,
        _ => (tag as u8).wrapping_mul(31).wrapping_add((at % 251) as u8),
    }
}

/// The packets of a unit as bytes, with the payload that the message has there.
fn frames(transmit: &Transmit) -> Vec<Vec<u8>> {
    let encode = |packet: &Packet, payload: std::ops::Range<u32>| {
        let mut frame = vec![0; wire::MAX_HEADER_BYTES];
        let header = wire::encode_header(packet, Version::Linux, &mut frame).expect("the buffer is large enough");
        frame.truncate(header);
        frame.extend(payload.map(|at| pattern(transmit.tag, at)));
        frame
    };
    match transmit.packet {
        Packet::Data(_) => {
            let segments = transmit.segments();
            segments.map(|data| encode(&Packet::Data(data), data.offset..data.offset + data.length)).collect()
        }
        packet => vec![encode(&packet, 0..0)],
    }
}
