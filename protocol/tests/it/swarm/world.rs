//! A world: its hosts, their applications, and the packets between them.

use super::scene::{Call, Scene, TROUBLE_US, at};
use homa_protocol::driver::{DatagramDriver, Delivery};
use homa_protocol::wire::{self, Family, Version};
use homa_protocol::{
    Ack, AckEntry, Cutoffs, Data, Destination, Endpoint, Grant, Header, OffsetForm, Packet, PeerId, Port, Received,
    Replicated, Resend, ResendRange, RpcId, SocketId,
};
use homa_units::{Duration, Priority, Time};
use rand::{Rng, RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher};

const SERVER_PORT: Port = Port::new(99);
const BPAGE: u64 = 65_536;
/// How long after the network has healed everything has to be over: recovery, time-outs and the server's patience with
/// clients that don't ack add up to less than four times `timeout_ticks`.
const PEACE_MS: u64 = 1_500;
const PS_PER_BYTE: u64 = 800;

struct Host {
    driver: DatagramDriver,
    client: SocketId,
    server: SocketId,
    link_free: Time,
    next_look: Time,
    has_news: bool,
    /// Which start of the host this is.
    life: u32,
    is_up: bool,
}

/// What became of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    NotMade,
    Open {
        rpc: RpcId,
        life: u32,
    },
    Answered,
    Failed,
    /// Its client has crashed.
    Lost,
}

pub(crate) struct World<'a> {
    scene: &'a Scene,
    hosts: Vec<Host>,
    fates: Vec<Fate>,
    in_flight: BTreeMap<(Time, u64), (usize, usize, Vec<u8>)>,
    sent: u64,
    rogue_left: u32,
    next_rogue: Time,
    datagram: Vec<u8>,
    rng: ChaCha8Rng,
    hasher: DefaultHasher,
    now: Time,
}

impl Host {
    fn new(scene: &Scene, host: usize, life: u32, now: Time) -> Self {
        let plan = &scene.hosts[host];
        let mut config = plan.config.clone();
        config.boot = config.boot.wrapping_add(u64::from(life) << 32);
        let mut driver = DatagramDriver::new(Endpoint::new(config).expect("a scene's configuration is valid"));
        let mut open = || {
            let socket = driver.endpoint_mut().open_socket(Family::V4).expect("ports are free");
            let region = vec![0; (plan.region_bpages * BPAGE) as usize];
            driver.set_receive_region(socket, region).expect("the region is large enough");
            socket
        };
        let (client, server) = (open(), open());
        driver.endpoint_mut().bind(server, Family::V4, SERVER_PORT).expect("the port is free");
        Self { driver, client, server, link_free: now, next_look: now, has_news: false, life, is_up: true }
    }
}

/// The bytes of a message: its tag, the length of the response that is wanted, and a pattern.
fn message(tag: u64, response: u32, length: u32) -> Vec<u8> {
    let head = tag.to_le_bytes().into_iter().chain(response.to_le_bytes());
    head.chain((0..).map(|at: u32| (at % 251) as u8 ^ tag as u8)).take(length as usize).collect()
}

const RESPONSE: u64 = 1 << 63;

impl<'a> World<'a> {
    pub(crate) fn new(scene: &'a Scene) -> Self {
        Self {
            hosts: (0..scene.hosts.len()).map(|host| Host::new(scene, host, 0, Time::ZERO)).collect(),
            fates: vec![Fate::NotMade; scene.calls.len()],
            in_flight: BTreeMap::new(),
            sent: 0,
            rogue_left: scene.rogue_packets,
            next_rogue: Time::ZERO,
            datagram: Vec::new(),
            rng: ChaCha8Rng::seed_from_u64(scene.seed ^ 0x5ee5),
            hasher: DefaultHasher::new(),
            now: Time::ZERO,
            scene,
        }
    }

    /// A number that is the same for worlds in which the same has happened.
    pub(crate) fn fingerprint(&self) -> u64 {
        self.hasher.finish()
    }

    /// Runs the world to its end. Panics if it doesn't come to one, or if anything else is not as it should be.
    pub(crate) fn run(&mut self) {
        let end = at(TROUBLE_US) + Duration::from_ms(PEACE_MS);
        while let Some(next) = self.next_instant().filter(|next| *next <= end) {
            self.now = self.now.max(next);
            self.crash_and_return();
            self.make_calls();
            self.deliver();
            self.go_rogue();
            for host in 0..self.hosts.len() {
                if self.hosts[host].is_up {
                    self.hosts[host].driver.handle_timeout(self.now);
                    self.look(host);
                    self.fill_link(host);
                }
            }
        }
        self.check_the_end();
    }

    fn next_instant(&self) -> Option<Time> {
        let scene = self.scene;
        let up = || self.hosts.iter().filter(|host| host.is_up);
        let timeouts = up().filter_map(|host| host.driver.poll_timeout());
        let links = up().filter(|host| host.link_free > self.now).map(|host| host.link_free);
        let looks = up().filter(|host| host.has_news).map(|host| host.next_look);
        let calls = self.fates.iter().zip(&scene.calls).filter(|(fate, _)| **fate == Fate::NotMade);
        let calls = calls.map(|(_, call)| at(call.at_us)).next();
        let crashes = scene.crashes.iter().flat_map(|crash| [at(crash.at_us), at(crash.back_us)]);
        let crashes = crashes.filter(|time| *time > self.now);
        let packets = self.in_flight.keys().next().map(|key| key.0);
        let rogue = (self.rogue_left > 0).then_some(self.next_rogue);
        timeouts.chain(links).chain(looks).chain(calls).chain(crashes).chain(packets).chain(rogue).min()
    }

    fn crash_and_return(&mut self) {
        for crash in &self.scene.crashes {
            let (down, back) = (at(crash.at_us), at(crash.back_us));
            let is_down = down <= self.now && self.now < back;
            let host = &mut self.hosts[crash.host];
            if is_down && host.is_up {
                host.is_up = false;
                let life = host.life;
                for (fate, call) in self.fates.iter_mut().zip(&self.scene.calls) {
                    if call.from == crash.host && matches!(fate, Fate::Open { life: open, .. } if *open == life) {
                        *fate = Fate::Lost;
                    }
                }
            }
        }
        for index in 0..self.hosts.len() {
            let is_down = self
                .scene
                .crashes
                .iter()
                .any(|crash| crash.host == index && at(crash.at_us) <= self.now && self.now < at(crash.back_us));
            if !self.hosts[index].is_up && !is_down {
                self.hosts[index] = Host::new(self.scene, index, self.hosts[index].life + 1, self.now);
            }
        }
    }

    fn make_calls(&mut self) {
        for index in 0..self.scene.calls.len() {
            let call = self.scene.calls[index];
            if self.fates[index] != Fate::NotMade || at(call.at_us) > self.now {
                continue;
            }
            let host = &mut self.hosts[call.from];
            if !host.is_up {
                self.fates[index] = Fate::Lost;
                continue;
            }
            let to = Destination { peer: PeerId::new(call.to as u32), port: SERVER_PORT, family: Family::V4 };
            let bytes = message(index as u64, call.response, call.request);
            let sent = host.driver.send_request(self.now, host.client, to, bytes, index as u64);
            self.fates[index] = Fate::Open { rpc: sent.expect("the request is sent"), life: host.life };
        }
    }

    fn deliver(&mut self) {
        while let Some(entry) = self.in_flight.first_entry().filter(|entry| entry.key().0 <= self.now) {
            let (from, to, bytes) = entry.remove();
            (self.now.as_ps(), from, to, bytes.len()).hash(&mut self.hasher);
            let host = &mut self.hosts[to];
            if host.is_up {
                // Damaged packets may be none.
                let _ = host.driver.handle_datagram(self.now, PeerId::new(from as u32), &bytes);
                host.driver.endpoint().check_invariants();
            }
        }
    }

    /// Lets the application look at what has happened, if it does now.
    fn look(&mut self, index: usize) {
        let host = &mut self.hosts[index];
        host.has_news = true;
        if self.now < host.next_look {
            return;
        }
        while let Some(delivery) = self.hosts[index].driver.poll_delivery(self.now) {
            match delivery {
                Delivery::Message { socket, received } => self.receive(index, socket, &received),
                Delivery::Failed { failed, .. } => self.end(index, failed.cookie, failed.rpc, Fate::Failed),
                Delivery::Event(_) => {}
            }
        }
        let host = &mut self.hosts[index];
        host.has_news = false;
        host.next_look = self.now + Duration::from_us(self.scene.hosts[index].looks_every_us);
    }

    fn end(&mut self, host: usize, cookie: u64, rpc: RpcId, fate: Fate) {
        let index = cookie as usize;
        let expected = Fate::Open { rpc, life: self.hosts[host].life };
        assert_eq!(self.fates[index], expected, "call {index} ends once, by the host that made it");
        assert_eq!(self.scene.calls[index].from, host);
        self.fates[index] = fate;
    }

    fn receive(&mut self, index: usize, socket: SocketId, received: &Received) {
        let bytes = self.hosts[index].driver.take_message(self.now, socket, received);
        if received.rpc.is_client() {
            let Call { response, .. } = self.scene.calls[received.cookie as usize];
            let expected = message(received.cookie | RESPONSE, 0, response);
            assert!(bytes == expected, "the response to call {} is another one's", received.cookie);
            self.end(index, received.cookie, received.rpc, Fate::Answered);
            return;
        }
        let word = |range: std::ops::Range<usize>| bytes.get(range).and_then(|bytes| bytes.try_into().ok());
        let tag = word(0..8).map_or(0, u64::from_le_bytes);
        let length = bytes.get(8..12).and_then(|bytes| bytes.try_into().ok()).map_or(1, u32::from_le_bytes);
        let is_rogue = received.peer.index() >= self.hosts.len();
        let response = if is_rogue { vec![0; 100] } else { message(tag | RESPONSE, 0, length.clamp(1, 1_000_000)) };
        let host = &mut self.hosts[index];
        let to = Destination { peer: received.peer, port: received.port, family: Family::V4 };
        host.driver.send_reply(self.now, socket, to, received.rpc, response).expect("the reply is sent");
    }

    fn fill_link(&mut self, index: usize) {
        while self.hosts[index].link_free <= self.now {
            let host = &mut self.hosts[index];
            let Some(out) = host.driver.poll_datagram(self.now, &mut self.datagram) else { return };
            let busy = u64::from(out.frame_bytes(Version::Linux) + wire::ETH_FRAME_OVERHEAD_BYTES) * PS_PER_BYTE;
            host.link_free = self.now + Duration::from_ps(busy);
            let departure = host.link_free;
            if out.to.index() < self.hosts.len() {
                let bytes = std::mem::take(&mut self.datagram);
                self.put_on_wire(index, out.to.index(), departure, &bytes);
                self.datagram = bytes;
            }
        }
    }

    fn put_on_wire(&mut self, from: usize, to: usize, departure: Time, bytes: &[u8]) {
        let link = self.scene.links[from][to];
        let is_healed = self.now >= at(TROUBLE_US);
        let is_cut = self.scene.partitions.iter().any(|partition| {
            let now = at(partition.start_us) <= self.now && self.now < at(partition.end_us);
            now && partition.from >> from & 1 == 1 && partition.to >> to & 1 == 1
        });
        let mut happens = |percent: u32| !is_healed && self.rng.random_range(0..100) < percent;
        let (is_lost, is_damaged) = (happens(link.loss) || is_cut, happens(link.damage));
        let copies = 1 + u64::from(happens(link.duplication));
        if is_lost {
            return;
        }
        for _ in 0..copies {
            let jitter = if is_healed { 0 } else { self.rng.random_range(0..=link.jitter_us) };
            let mut bytes = bytes.to_vec();
            let mut from = from;
            if is_damaged {
                // The address is damaged as well: nobody else could tell the packet from a true one.
                from = self.hosts.len();
                let place = self.rng.random_range(0..bytes.len().min(wire::MAX_HEADER_BYTES));
                bytes[place] ^= 1 << self.rng.random_range(0..8);
            }
            self.sent += 1;
            let arrival = departure + Duration::from_us(link.delay_us + jitter);
            self.in_flight.insert((arrival, self.sent), (from, to, bytes));
        }
    }

    /// Lets the host that keeps to no rule send its next packet.
    fn go_rogue(&mut self) {
        if self.rogue_left == 0 || self.now < self.next_rogue {
            return;
        }
        self.rogue_left -= 1;
        self.next_rogue = self.now + Duration::from_us(TROUBLE_US / u64::from(self.scene.rogue_packets));
        let version = self.scene.hosts[0].config.version;
        let to = self.rng.random_range(0..self.hosts.len());
        let packet = self.rogue_packet(to);
        let mut bytes = vec![0; wire::MAX_HEADER_BYTES];
        let Ok(length) = wire::encode_header(&packet, version, &mut bytes) else { return };
        let payload = if let Packet::Data(data) = packet { data.length as usize } else { 0 };
        bytes.resize(length + payload, 7);
        self.put_on_wire(self.hosts.len(), to, self.now, &bytes);
    }

    fn rogue_packet(&mut self, to: usize) -> Packet {
        let open =
            self.fates.iter().filter_map(|fate| if let Fate::Open { rpc, .. } = fate { Some(*rpc) } else { None });
        let open: Vec<_> = open.collect();
        let rng = &mut self.rng;
        let known = open.get(rng.random_range(0..=open.len())).map_or(1_000, |rpc| rpc.get());
        let id = known ^ u64::from(rng.random_range(0..2_u32)) ^ (2 * rng.random_range(0..3_u64));
        let ports = [SERVER_PORT, Port::MIN_DEFAULT, self.hosts[to].driver.endpoint().port(self.hosts[to].client)];
        let port = |rng: &mut ChaCha8Rng| ports[rng.random_range(0..ports.len())];
        let header = Header { sport: port(rng), dport: port(rng), sender_id: RpcId::new(id) };
        let number = |rng: &mut ChaCha8Rng| match rng.random_range(0..4) {
            0 => rng.next_u32(),
            1 => rng.random_range(0..2_000),
            _ => rng.random_range(0..=1_000_000),
        };
        let priority = Priority::new(rng.random_range(0..8));
        match rng.random_range(0..12) {
            0 => Packet::Grant(Grant { header, offset: number(rng), priority }),
            1 => {
                let range = ResendRange::Bytes { offset: number(rng), length: number(rng) & 0xf_ffff };
                Packet::Resend(Resend { header, range, priority })
            }
            2 => Packet::Resend(Resend { header, range: ResendRange::AllSent { offset: 0 }, priority }),
            3 => Packet::RpcUnknown(header),
            4 => Packet::Busy(header),
            5 => Packet::NeedAck(header),
            6 => Packet::Cutoffs(Cutoffs { header, unsched_cutoffs: [number(rng); 8], cutoff_version: 9 }),
            7 => {
                let entry = AckEntry { client_id: RpcId::new(known), server_port: SERVER_PORT };
                Packet::Ack(Ack::new(header, &[entry; 3]))
            }
            _ => Packet::Data(Data {
                header,
                message_length: number(rng),
                incoming: number(rng),
                ack: None,
                cutoff_version: 0,
                retransmit: rng.random(),
                offset: if rng.random() { 0 } else { number(rng) },
                length: rng.random_range(0..1_424),
                form: OffsetForm::Both,
                replicated: Replicated::Whole,
            }),
        }
    }

    fn check_the_end(&self) {
        for (index, fate) in self.fates.iter().enumerate() {
            let is_over = matches!(fate, Fate::Answered | Fate::Failed | Fate::Lost);
            assert!(is_over, "call {index} is {fate:?} {PEACE_MS} ms after the network has healed");
        }
        for (index, host) in self.hosts.iter().enumerate() {
            let endpoint = host.driver.endpoint();
            endpoint.check_invariants();
            assert_eq!((endpoint.total_incoming(), endpoint.num_active()), (0, 0), "grants of host {index}");
            for socket in [host.client, host.server] {
                let info = endpoint.info(socket, &mut []).expect("the socket is open");
                let rpcs: Vec<_> = endpoint.rpc_infos(socket).collect();
                assert_eq!(info.num_rpcs, 0, "RPCs of host {index}: {rpcs:?}");
                let all = self.scene.hosts[index].region_bpages * BPAGE;
                assert_eq!(info.bpool_avail_bytes, all, "bytes of buffers of host {index}");
            }
            assert_eq!(host.driver.messages_kept(), 0, "messages that host {index} keeps");
        }
    }
}
