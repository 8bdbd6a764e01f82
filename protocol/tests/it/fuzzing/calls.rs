//! A sequence of calls on one endpoint, read from bytes: applications, peers and clocks that do anything the types allow.

use homa_protocol::wire::{self, Family, IcmpError, IcmpKind, QuotedPorts, Version};
use homa_protocol::{
    AbortArgs, Ack, AckEntry, Config, Cutoffs, Data, Destination, Endpoint, Errno, Event, ForeignPacket, Grant, Header,
    Message, OffsetForm, Outgoing, Packet, PeerId, Port, Quirks, RecvmsgArgs, Replicated, Resend, ResendRange, Route,
    RpcId, SendmsgArgs, SocketId, Sysctls, TransmitMode,
};
use homa_units::{Duration, Priority, Time};

/// No more calls than this, so that one input doesn't take long.
const MAX_CALLS: usize = 400;
const PEERS: u32 = 4;

/// Bytes as choices; zeros after the end.
struct Input<'a>(&'a [u8]);

impl Input<'_> {
    fn byte(&mut self) -> u8 {
        let (first, rest) = self.0.split_first().unwrap_or((&0, &[]));
        self.0 = rest;
        *first
    }

    fn below(&mut self, end: usize) -> usize {
        usize::from(self.byte()) % end
    }

    fn flag(&mut self) -> bool {
        self.byte() & 1 == 1
    }

    fn word(&mut self) -> u32 {
        u32::from_le_bytes([self.byte(), self.byte(), self.byte(), self.byte()])
    }

    /// A length or offset: at a border of something, small, or anything.
    fn length(&mut self) -> u32 {
        const BORDERS: [u32; 12] =
            [0, 1, 1_424, 2_848, 39_872, 40_000, 40_001, 65_536, 150_000, 1_000_000, 1_000_001, u32::MAX];
        match self.byte() % 4 {
            0 => BORDERS[self.below(BORDERS.len())],
            1 => u32::from(self.byte()) * 1_424,
            2 => u32::from(self.byte()) << 4 | u32::from(self.byte()),
            _ => self.word(),
        }
    }
}

/// The endpoint and what its user knows.
struct World<'a> {
    input: Input<'a>,
    endpoint: Endpoint,
    now: Time,
    sockets: Vec<SocketId>,
    /// Identifiers that have occurred.
    ids: Vec<u64>,
    /// Buffers of received messages.
    buffers: Vec<u32>,
}

/// Runs the calls that `bytes` describe. Panics if the endpoint does, or if its books don't balance.
pub(crate) fn calls(bytes: &[u8]) {
    let mut input = Input(bytes);
    let config = any_config(&mut input);
    let endpoint = Endpoint::new(config).expect("the configuration is within its limits");
    let (sockets, ids, buffers) = (Vec::new(), vec![2, 3], Vec::new());
    let mut world = World { input, endpoint, now: Time::ZERO, sockets, ids, buffers };
    world.open_socket();
    for _ in 0..MAX_CALLS {
        if world.input.0.is_empty() {
            break;
        }
        world.step();
        world.endpoint.check_invariants();
    }
    world.finish();
}

fn any_config(input: &mut Input<'_>) -> Config {
    let modes = [TransmitMode::Pull, TransmitMode::Immediate, TransmitMode::OldPacer, TransmitMode::Qdisc];
    let mut quirks = if input.flag() { Quirks::linux() } else { Quirks::fixed() };
    for _ in 0..input.below(4) {
        let row = &Quirks::ROWS[input.below(Quirks::ROWS.len())];
        quirks.set(row.name, input.flag()).expect("the name is from the list");
    }
    Config {
        transmit: modes[input.below(modes.len())],
        quirks,
        version: if input.byte() < 230 { Version::Linux } else { Version::Stripped },
        cores: 1 + u16::from(input.byte() % 3),
        configured: input.flag(),
        nic_completions: input.flag(),
        gro: input.byte() < 230,
        ..Config::default()
    }
}

impl World<'_> {
    fn step(&mut self) {
        match self.input.byte() % 24 {
            0 => self.open_socket(),
            1 => self.configure_socket(),
            2..=4 => self.send(),
            5..=7 => self.receive(),
            8..=12 => self.packet(),
            13 => self.batch(),
            14 | 15 => self.pass_time(),
            16..=18 => self.fetch(),
            19 => self.abort(),
            20 => self.icmp(),
            21 => self.write_sysctl(),
            22 => self.foreign(),
            _ => self.rare(),
        }
    }

    fn socket(&mut self) -> SocketId {
        self.sockets[self.input.below(self.sockets.len())]
    }

    fn peer(&mut self) -> PeerId {
        PeerId::new(u32::from(self.input.byte()) % PEERS)
    }

    fn port(&mut self) -> Port {
        match self.input.byte() % 4 {
            0 => Port::new(99),
            1 => Port::new(u16::from(self.input.byte())),
            _ => {
                let socket = self.socket();
                self.endpoint.port(socket)
            }
        }
    }

    fn id(&mut self) -> u64 {
        let known = self.ids[self.input.below(self.ids.len())];
        match self.input.byte() % 8 {
            0 => known ^ 1,
            1 => u64::from(self.input.byte()),
            _ => known,
        }
    }

    fn open_socket(&mut self) {
        if self.sockets.len() < 6 {
            let family = if self.input.byte() < 200 { Family::V4 } else { Family::V6 };
            self.sockets.push(self.endpoint.open_socket(family).expect("there are ports for six"));
        }
    }

    fn configure_socket(&mut self) {
        let socket = self.socket();
        match self.input.byte() % 3 {
            0 => {
                let (port, family) = (self.port(), if self.input.byte() < 230 { Family::V4 } else { Family::V6 });
                let _ = self.endpoint.bind(socket, family, port);
            }
            1 => self.endpoint.set_server(socket, self.input.byte() > 50),
            _ => {
                let lengths = [2_200_000, 2_300_000, 3_000_000, 65_536_000, 1 << 32, 1 << 33, 0];
                let length = lengths[self.input.below(lengths.len())];
                let start = if self.input.byte() < 240 { 4_096 } else { 7 };
                let _ = self.endpoint.set_receive_region(socket, start, length);
            }
        }
    }

    fn send(&mut self) {
        let (socket, peer, port) = (self.socket(), self.peer(), self.port());
        let family = if self.input.byte() < 250 { Family::V4 } else { Family::V6 };
        let mut args = SendmsgArgs::default();
        if self.input.flag() {
            args.id = self.id();
        } else {
            args.completion_cookie = u64::from(self.input.byte());
        }
        args.flags = u32::from(self.input.byte() < 40) * u32::from(1 + self.input.byte() / 250);
        let message = Message { length: self.input.length(), tag: 1 };
        let to = Destination { peer, port, family };
        if self.endpoint.sendmsg(self.now, socket, to, &mut args, message).is_ok() {
            self.learn(args.id);
        }
    }

    fn learn(&mut self, id: u64) {
        self.ids.push(id);
        if self.ids.len() > 64 {
            self.ids.remove(0);
        }
    }

    fn receive(&mut self) {
        let socket = self.socket();
        let mut args = RecvmsgArgs::default();
        if self.input.byte() < 60 {
            args.id = self.id();
        }
        let returned = self.input.below(4);
        for place in &mut args.bpage_offsets[..returned] {
            *place = self.buffers.pop().unwrap_or_else(|| self.input.length());
        }
        args.num_bpages = if self.input.byte() < 250 { returned as u32 } else { 17 };
        args.reserved = u32::from(self.input.byte() > 250);
        if let Ok(received) = self.endpoint.recvmsg(self.now, socket, &mut args) {
            self.buffers.extend_from_slice(received.bpages.as_slice());
            self.learn(received.rpc.get());
        }
    }

    fn any_packet(&mut self) -> Packet {
        let (sport, dport, id) = (self.port(), self.port(), self.id());
        let header = Header { sport, dport, sender_id: RpcId::new(id ^ u64::from(self.input.byte() < 200)) };
        let priority = Priority::new(self.input.byte() % 8);
        match self.input.byte() % 16 {
            0..=7 => Packet::Data(self.any_data(header)),
            8 => Packet::Grant(Grant { header, offset: self.input.length(), priority }),
            9 => {
                let (offset, length) = (self.input.length(), self.input.length());
                Packet::Resend(Resend { header, range: ResendRange::Bytes { offset, length }, priority })
            }
            10 => {
                let range = ResendRange::AllSent { offset: self.input.length() };
                Packet::Resend(Resend { header, range, priority })
            }
            11 => Packet::RpcUnknown(header),
            12 => Packet::Busy(header),
            13 => {
                let unsched_cutoffs = core::array::from_fn(|_| self.input.length());
                Packet::Cutoffs(Cutoffs { header, unsched_cutoffs, cutoff_version: u16::from(self.input.byte()) })
            }
            14 => Packet::NeedAck(header),
            _ => {
                let count = self.input.below(6);
                let entries: Vec<_> = (0..count).map(|_| self.ack()).collect();
                Packet::Ack(Ack::new(header, &entries))
            }
        }
    }

    fn ack(&mut self) -> AckEntry {
        AckEntry { client_id: RpcId::new(self.id()), server_port: self.port() }
    }

    fn any_data(&mut self, header: Header) -> Data {
        let message_length = self.input.length();
        let form = match self.input.byte() % 3 {
            0 => OffsetForm::Sequence,
            1 => OffsetForm::Both,
            _ => OffsetForm::Segment { unit_offset: 0 },
        };
        let offset = if self.input.byte() < 120 { 0 } else { self.input.length() };
        Data {
            header,
            message_length,
            incoming: self.input.length(),
            ack: (self.input.byte() < 30).then(|| self.ack()),
            cutoff_version: u16::from(self.input.byte()),
            retransmit: self.input.byte() < 30,
            offset,
            length: if self.input.byte() < 200 { 1_424.min(message_length) } else { self.input.length() },
            form,
            replicated: Replicated::Whole,
        }
    }

    fn packet(&mut self) {
        let (from, packet) = (self.peer(), self.any_packet());
        self.learn(packet.header().sender_id.other_side().get());
        let placement = self.endpoint.handle_packet(self.now, from, &packet);
        for piece in placement.iter().flat_map(|placement| placement.pieces()).take(20) {
            assert_eq!(piece.payload.len(), piece.region.len(), "a piece is as long in the region as in the packet");
        }
    }

    fn batch(&mut self) {
        let packets: Vec<_> = (0..self.input.below(8)).map(|_| (self.peer(), self.any_packet())).collect();
        self.endpoint.handle_batch(self.now, &packets, |index, _| {
            assert!(matches!(packets[index].1, Packet::Data(_)), "only DATA has a payload");
        });
    }

    fn pass_time(&mut self) {
        match self.input.byte() % 4 {
            0 => self.now += Duration::from_ns(u64::from(self.input.word())),
            1 => self.endpoint.handle_tick(self.now),
            _ => {
                for _ in 0..=self.input.below(110) {
                    let Some(at) = self.endpoint.poll_timeout() else { break };
                    self.now = self.now.max(at);
                    self.endpoint.handle_timeout(self.now);
                    while self.endpoint.poll_outgoing(self.now).is_some() {}
                }
            }
        }
    }

    /// Takes packets out; some come back as if from a peer, with a mistake or without.
    fn fetch(&mut self) {
        let reflect = self.input.flag();
        for _ in 0..self.input.byte() {
            let Some(outgoing) = self.endpoint.poll_outgoing(self.now) else { break };
            let Outgoing::Homa(transmit) = outgoing else { continue };
            let frame_bytes = transmit.frame_bytes(self.endpoint.config().version);
            self.endpoint.handle_nic_completion(self.now, u64::from(frame_bytes));
            if reflect {
                let mut bytes = [0; wire::MAX_HEADER_BYTES];
                let version = self.endpoint.config().version;
                wire::encode_header(&transmit.packet, version, &mut bytes).expect("what is sent can be encoded");
                self.endpoint.handle_packet(self.now, transmit.to, &transmit.packet);
            }
        }
        while let Some(event) = self.endpoint.poll_event() {
            if let Event::MessageComplete { rpc, .. } = event {
                self.learn(rpc.get());
            }
        }
    }

    fn abort(&mut self) {
        let (socket, id) = (self.socket(), if self.input.flag() { self.id() } else { 0 });
        let args = AbortArgs { id, error: u32::from(self.input.byte()) * 25, ..AbortArgs::default() };
        let _ = self.endpoint.abort(self.now, socket, &args);
    }

    fn icmp(&mut self) {
        let kinds = [
            IcmpKind::PortUnreachable,
            IcmpKind::ProtocolUnreachable,
            IcmpKind::HostUnreachable,
            IcmpKind::FragmentationNeeded { mtu: u16::from(self.input.byte()) * 10 },
        ];
        let kind = kinds[self.input.below(kinds.len())];
        let ports = self.input.flag().then(|| QuotedPorts { sport: self.port(), dport: self.port() });
        let destination = core::net::Ipv4Addr::LOCALHOST.into();
        let peer = self.peer();
        self.endpoint.handle_icmp(self.now, peer, &IcmpError { kind, destination, ports });
    }

    fn write_sysctl(&mut self) {
        let info = &Sysctls::TABLE[self.input.below(Sysctls::TABLE.len())];
        let count = self.endpoint.read_sysctl(info.name).expect("the name is from the list").split('\t').count();
        let values: Vec<_> = (0..count).map(|_| self.input.length().to_string()).collect();
        let _ = self.endpoint.write_sysctl(info.name, &values.join(" "));
    }

    fn foreign(&mut self) {
        let packet = ForeignPacket {
            queue: u16::from(self.input.byte() % 4),
            frame_bytes: u32::from(self.input.byte()) * 6 + 60,
            may_overtake: self.input.flag(),
            tag: 0,
        };
        self.endpoint.enqueue_foreign(self.now, packet);
    }

    fn rare(&mut self) {
        let (socket, id) = (self.socket(), self.id());
        let rpc = self.input.flag().then(|| RpcId::new(id));
        match self.input.byte() % 10 {
            0 => self.endpoint.shutdown(self.now, socket),
            1 => {
                let _ = self.endpoint.wait(socket, rpc);
            }
            2 => {
                self.endpoint.cancel_wait(socket, rpc);
            }
            3 => {
                let buffers: Vec<_> = self.buffers.drain(..).collect();
                let _ = self.endpoint.return_buffers(self.now, socket, &buffers);
            }
            4 => {
                let peer = self.peer();
                self.endpoint.payload_lost(self.now, socket, peer, RpcId::new(id));
            }
            5 => {
                let mtus = [0, 76, 77, 100, 1_500, 9_000, u32::MAX];
                let mtu = mtus[self.input.below(mtus.len())];
                let route =
                    if self.input.byte() < 250 { Route::Mtu(mtu) } else { Route::Unreachable(Errno::ENETUNREACH) };
                let peer = self.peer();
                self.endpoint.set_route(peer, route);
            }
            6 => {
                let cutoffs = core::array::from_fn(|_| self.input.length());
                self.endpoint.set_cutoffs(cutoffs);
            }
            7 => {
                let core = u16::from(self.input.byte()) % self.endpoint.config().cores;
                self.endpoint.set_core(core);
            }
            8 => {
                let _ = (self.endpoint.info(socket, &mut []), self.endpoint.rpc_infos(socket).count());
            }
            _ => {
                if let Ok(packet) = wire::decode(self.input.0, self.endpoint.config().version) {
                    self.endpoint.handle_packet(self.now, PeerId::new(0), &packet);
                }
            }
        }
    }

    /// After everything is shut down nothing is left.
    fn finish(&mut self) {
        for socket in self.sockets.clone() {
            self.endpoint.shutdown(self.now, socket);
        }
        while self.endpoint.poll_outgoing(self.now).is_some() {}
        self.endpoint.check_invariants();
        assert_eq!((self.endpoint.total_incoming(), self.endpoint.num_active()), (0, 0));
    }
}
