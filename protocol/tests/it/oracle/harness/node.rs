//! The node that a sequence runs on: one endpoint, its clock and its application.

use super::fields::{Fields, whole};
use super::packets::{self, Arrival, family, number_of, peer};
use homa_protocol::wire::{self, Family, IpHeader, Version};
use homa_protocol::{
    AbortArgs, Config, Destination, Endpoint, Errno, Event, FailedRpc, ForeignPacket, HOMA_MAX_BPAGES, Header, Message,
    Outgoing, Packet, PeerId, Port, Received, RecvError, RecvmsgArgs, RpcId, RpcInfo, SendmsgArgs, SocketId, Ticks,
    TransmitMode,
};
use homa_units::{Duration, Priority, Time};
use serde_json::{Map, Value, json};

const PS_PER_NS: u64 = 1_000;
/// `poll`: readable.
const EPOLLIN: i32 = 0x001 | 0x040;
const EPOLLOUT: i32 = 0x004 | 0x100;
/// A socket that was shut down is readable in another way.
const EPOLLIN_SHUT_DOWN: i32 = 0x001;

/// A reader that sleeps.
#[derive(Debug, Clone, Copy)]
struct Sleeper {
    socket: usize,
    rpc: Option<RpcId>,
}

/// One node, as the module's harness has it.
pub(super) struct Node {
    endpoint: Endpoint,
    now: Time,
    step: Duration,
    sockets: Vec<SocketId>,
    sleepers: Vec<Sleeper>,
    has_qdisc: bool,
}

/// What an operation gives, in the form of the vectors.
pub(super) type Results = Map<String, Value>;

fn returned(results: &mut Results, result: Result<(), Errno>) {
    results.insert("ret".to_owned(), json!(result.map_or_else(|errno| -i32_of(errno), |()| 0)));
}

fn i32_of(errno: Errno) -> i32 {
    errno.get()
}

impl Node {
    /// The node of an `init` operation.
    pub(super) fn new(init: Fields<'_>) -> Result<Self, String> {
        let has_qdisc = init.whole("qdisc")? > 0;
        let mut config = Config {
            transmit: if has_qdisc { TransmitMode::Qdisc } else { TransmitMode::OldPacer },
            ticks: Ticks::External,
            version: if init.flag("stripped")? { Version::Stripped } else { Version::Linux },
            mtu: init.number("mtu")?,
            device_gso_max_size: init.number("gso")?,
            cores: init.number("cores")?,
            nic_completions: init.flag("nic")?,
            reaps_at_once: init.flag("reap")?,
            ..Config::default()
        };
        config.sysctls.max_gso_size = init.number("max_gso")?;
        let mut endpoint = Endpoint::new(config).map_err(|error| error.to_string())?;
        endpoint.set_core(init.number("cpu")?);
        let nanoseconds = |key| init.number::<u64>(key).map(Duration::from_ns);
        let now = Time::ZERO + nanoseconds("now")?;
        Ok(Self { endpoint, now, step: nanoseconds("step_ns")?, sockets: Vec::new(), sleepers: Vec::new(), has_qdisc })
    }

    /// Does one operation, and says what came of it.
    pub(super) fn perform(&mut self, op: Fields<'_>) -> Result<Results, String> {
        let kind = op.text("k")?;
        let mut results = Results::new();
        if kind == "init" {
            results.insert("ret".to_owned(), json!(0));
        } else {
            self.pass_time(self.step);
            self.dispatch(kind, op, &mut results)?;
        }
        self.settle(&mut results);
        let mut set = |key: &str, value: u64| results.insert(key.to_owned(), json!(value));
        set("ti", self.endpoint.total_incoming());
        set("na", self.endpoint.num_active() as u64);
        set("now", self.now.as_ps() / PS_PER_NS);
        Ok(results)
    }

    fn dispatch(&mut self, kind: &str, op: Fields<'_>, results: &mut Results) -> Result<(), String> {
        match kind {
            "sock" => self.open_socket(op, results)?,
            "bind" => self.bind(op, results)?,
            "rcvbuf" => {
                let (start, length) = (op.number("start")?, op.number("len")?);
                let set = self.endpoint.set_receive_region(self.socket(op)?, start, length);
                returned(results, set.map_err(|error| error.errno()));
            }
            "server" => {
                self.endpoint.set_server(self.socket(op)?, op.flag("on")?);
                returned(results, Ok(()));
            }
            "send" | "reply" => self.send(op, results)?,
            "recv" => self.receive(op, results)?,
            "rx" => {
                self.arrive(op)?;
                returned(results, Ok(()));
            }
            "adv" => {
                self.pass_time(Duration::from_ns(op.number("ns")?));
                returned(results, Ok(()));
            }
            "tick" => {
                self.endpoint.handle_tick(self.now);
                returned(results, Ok(()));
            }
            "icmp" => {
                self.icmp(op)?;
                returned(results, Ok(()));
            }
            "abort" => self.abort(op, results)?,
            "shutdown" => {
                self.endpoint.shutdown(self.now, self.socket(op)?);
                returned(results, Ok(()));
            }
            "poll" => self.poll(op, results)?,
            "info" => self.info(op, results)?,
            "metrics" => self.metrics(results),
            "sysctl" => self.sysctl(op, results)?,
            "cpu" => {
                self.endpoint.set_core(op.number("n")?);
                returned(results, Ok(()));
            }
            "foreign" => self.foreign(op, results)?,
            "nicdone" => {
                self.endpoint.handle_nic_completion(self.now, op.number("n")?);
                returned(results, Ok(()));
            }
            other => return Err(format!("`k` is {other}, which is no operation")),
        }
        Ok(())
    }

    fn place(&self, op: Fields<'_>) -> Result<usize, String> {
        let place: usize = op.number("s")?;
        if place < self.sockets.len() { Ok(place) } else { Err(format!("`s` is {place}; there is no such socket")) }
    }

    fn socket(&self, op: Fields<'_>) -> Result<SocketId, String> {
        self.place(op).map(|place| self.sockets[place])
    }

    fn open_socket(&mut self, op: Fields<'_>, results: &mut Results) -> Result<(), String> {
        let opened = self.endpoint.open_socket(family(op.whole("f")?)?);
        if let Ok(socket) = opened {
            results.insert("s".to_owned(), json!(self.sockets.len()));
            results.insert("port".to_owned(), json!(self.endpoint.port(socket).get()));
            self.sockets.push(socket);
        }
        returned(results, opened.map(|_| ()).map_err(|error| error.errno()));
        Ok(())
    }

    fn bind(&mut self, op: Fields<'_>, results: &mut Results) -> Result<(), String> {
        let socket = self.socket(op)?;
        let bound = self.endpoint.bind(socket, family(op.whole("f")?)?, Port::new(op.number("port")?));
        returned(results, bound.map_err(|error| error.errno()));
        results.insert("port".to_owned(), json!(self.endpoint.port(socket).get()));
        Ok(())
    }

    fn send(&mut self, op: Fields<'_>, results: &mut Results) -> Result<(), String> {
        let socket = self.socket(op)?;
        let host_family = family(op.whole("f")?)?;
        let address_family = if op.has("sf") { family(op.whole("sf")?)? } else { host_family };
        let id = if op.has("id") { op.long("id")? } else { 0 };
        let mut args = SendmsgArgs {
            id,
            completion_cookie: op.long("cookie")?,
            flags: op.word("flags")? | u32::from(op.has("priv") && op.flag("priv")?),
            reserved: op.word("reserved")?,
        };
        let peer = peer(op.number("peer")?, host_family);
        if host_family == Family::V4 {
            self.endpoint.set_v4_peer(peer);
        }
        let to = Destination { peer, port: Port::new(op.number("port")?), family: address_family };
        let message = Message { length: op.word("len")?, tag: 0 };
        let sent = self.endpoint.sendmsg(self.now, socket, to, &mut args, message);
        if sent.is_ok() && id == 0 {
            results.insert("id".to_owned(), json!(args.id));
        }
        returned(results, sent.map_err(|error| error.errno()));
        Ok(())
    }

    fn receive(&mut self, op: Fields<'_>, results: &mut Results) -> Result<(), String> {
        let socket = self.place(op)?;
        let given = if op.has("bp") { op.list("bp")? } else { &[] };
        let mut args = RecvmsgArgs {
            id: op.long("id")?,
            completion_cookie: op.long("cookie")?,
            num_bpages: if op.has("nb") { op.number("nb")? } else { given.len() as u32 },
            reserved: op.word("reserved")?,
            bpage_offsets: [0; HOMA_MAX_BPAGES],
        };
        for (place, value) in args.bpage_offsets.iter_mut().zip(given) {
            *place =
                whole(value).and_then(|number| u32::try_from(number).ok()).ok_or_else(|| format!("`bp`: {value}"))?;
        }
        let rpc = (args.id != 0).then(|| RpcId::new(args.id));
        if !op.flag("block")? {
            let received = self.endpoint.recvmsg(self.now, self.sockets[socket], &mut args);
            self.tell_received(&args, received, results);
            return Ok(());
        }
        results.insert("blocked".to_owned(), json!(1));
        match self.endpoint.recvmsg_or_wait(self.now, self.sockets[socket], &mut args).transpose() {
            None => self.sleepers.push(Sleeper { socket, rpc }),
            Some(received) => self.woke(socket, &args, received, results),
        }
        Ok(())
    }

    /// What a reader that blocked returns.
    fn woke(&self, socket: usize, args: &RecvmsgArgs, received: Result<Received, RecvError>, results: &mut Results) {
        let mut woke = Results::new();
        woke.insert("s".to_owned(), json!(socket));
        self.tell_received(args, received, &mut woke);
        results.insert("woke".to_owned(), Value::Object(woke));
    }

    fn tell_received(&self, args: &RecvmsgArgs, received: Result<Received, RecvError>, results: &mut Results) {
        let mut set = |key: &str, value: Value| results.insert(key.to_owned(), value);
        let from = match &received {
            Ok(received) => {
                set("ret", json!(received.length));
                if args.num_bpages > 0 {
                    set("bp", json!(received.bpages.as_slice()));
                }
                Some((received.peer, received.port))
            }
            Err(error) => {
                set("ret", json!(-i32_of(error.errno())));
                if let RecvError::Failed(FailedRpc { peer, port, .. }) = error { Some((*peer, *port)) } else { None }
            }
        };
        set("id", json!(args.id));
        set("cookie", json!(args.completion_cookie));
        set("nb", json!(args.num_bpages));
        if let Some((peer, port)) = from {
            let (number, family) = number_of(peer);
            set("peer", json!(number));
            set("pf", json!(family));
            set("port", json!(port.get()));
        }
    }

    fn arrive(&mut self, op: Fields<'_>) -> Result<(), String> {
        let version = self.endpoint.config().version;
        let mut batch = Vec::new();
        for value in op.list("p")? {
            match packets::arrival(Fields::of(value, "a packet")?, version)? {
                Arrival::Packet(from, packet) => {
                    if number_of(from).1 == 4 {
                        self.endpoint.set_v4_peer(from);
                    }
                    batch.push((from, packet));
                }
                Arrival::Bytes(bytes) => match wire::decode(&bytes, version) {
                    Ok(packet) => return Err(format!("bytes that should be no packet are {packet}")),
                    Err(error) => self.endpoint.count_malformed(&error),
                },
            }
        }
        self.endpoint.handle_batch(self.now, &batch, |_, _| {});
        Ok(())
    }

    /// Lets time pass, in which the pacers send when they may.
    fn pass_time(&mut self, span: Duration) {
        let end = self.now + span;
        while let Some(at) = self.endpoint.poll_timeout() {
            // The module's clock counts whole nanoseconds.
            let at = Time::from_ps(at.as_ps().next_multiple_of(PS_PER_NS)).max(self.now);
            if at > end {
                break;
            }
            self.now = at;
            self.endpoint.handle_timeout(at);
        }
        self.now = end;
    }

    fn icmp(&mut self, op: Fields<'_>) -> Result<(), String> {
        let quoted_family = family(op.whole("f")?)?;
        let number: u8 = op.number("peer")?;
        let header = Header {
            sport: Port::new(op.number("sport")?),
            dport: Port::new(op.number("dport")?),
            sender_id: RpcId::new(0),
        };
        let (from, to) = match quoted_family {
            Family::V4 => ([10, 0, 0, 0].into(), [10, 0, 0, number].into()),
            Family::V6 => ([0xfd00, 0, 0, 0, 0, 0, 0, 0].into(), [0xfd00, 0, 0, 0, 0, 0, 0, u16::from(number)].into()),
        };
        let mut message = vec![0; 128];
        message[0] = op.number("type")?;
        message[1] = op.number("code")?;
        let ip = IpHeader::new(from, to, Priority::HIGHEST, false);
        wire::encode_ip(&ip, &Packet::Busy(header), &[], Version::Linux, &mut message[8..])
            .map_err(|error| error.to_string())?;
        if let Ok(error) = wire::decode_icmp(&message, quoted_family) {
            self.endpoint.handle_icmp(self.now, peer(u32::from(number), quoted_family), &error);
        }
        Ok(())
    }

    fn abort(&mut self, op: Fields<'_>, results: &mut Results) -> Result<(), String> {
        let args = AbortArgs {
            id: op.long("id")?,
            error: op.word("error")?,
            pad: op.word("pad")?,
            pad2: [op.long("pad2")?, 0],
        };
        let aborted = self.endpoint.abort(self.now, self.socket(op)?, &args);
        returned(results, aborted.map_err(|error| error.errno()));
        Ok(())
    }

    fn poll(&self, op: Fields<'_>, results: &mut Results) -> Result<(), String> {
        let readiness = self.endpoint.readiness(self.socket(op)?);
        let bit = |is_set, bits| if is_set { bits } else { 0 };
        let events = bit(readiness.readable, EPOLLIN)
            | bit(readiness.writable, EPOLLOUT)
            | bit(readiness.shut_down, EPOLLIN_SHUT_DOWN);
        results.insert("ret".to_owned(), json!(events));
        Ok(())
    }

    fn info(&self, op: Fields<'_>, results: &mut Results) -> Result<(), String> {
        let socket = self.socket(op)?;
        let info = match self.endpoint.info(socket, &mut []) {
            Ok(info) => info,
            Err(error) => {
                returned(results, Err(error.errno()));
                return Ok(());
            }
        };
        returned(results, Ok(()));
        let mut set = |key: &str, value: Value| results.insert(key.to_owned(), value);
        set("avail", json!(info.bpool_avail_bytes));
        set("port", json!(info.port.get()));
        set("nr", json!(info.num_rpcs));
        set("err", json!(u8::from(info.error.is_some())));
        set("rpcs", self.endpoint.rpc_infos(socket).map(|rpc| rpc_info(&rpc)).collect());
        Ok(())
    }

    fn metrics(&self, results: &mut Results) {
        let mut counters = Map::new();
        for (name, value) in self.endpoint.metrics().iter(self.endpoint.config().quirks.size_4096_uncounted) {
            counters.insert(name.into_owned(), json!(value));
        }
        results.insert("ret".to_owned(), json!(0));
        results.insert("metrics".to_owned(), Value::Object(counters));
    }

    fn sysctl(&mut self, op: Fields<'_>, results: &mut Results) -> Result<(), String> {
        let name = op.text("name")?;
        if !op.has("value") {
            let read = self.endpoint.read_sysctl(name);
            if let Ok(value) = &read {
                // The harness separates the numbers by spaces, the kernel by tabs.
                results.insert("val".to_owned(), json!(value.replace('\t', " ")));
            }
            returned(results, read.map(|_| ()).map_err(|error| error.errno()));
            return Ok(());
        }
        let value = op.text("value").map(str::to_owned).or_else(|_| op.whole("value").map(|n| n.to_string()))?;
        returned(results, self.endpoint.write_sysctl(name, &value).map_err(|error| error.errno()));
        Ok(())
    }

    fn foreign(&mut self, op: Fields<'_>, results: &mut Results) -> Result<(), String> {
        let packet = ForeignPacket {
            queue: op.number("q")?,
            frame_bytes: op.number("n")?,
            may_overtake: op.flag("over")?,
            tag: op.long("tag")?,
        };
        self.endpoint.enqueue_foreign(self.now, packet);
        returned(results, Ok(()));
        Ok(())
    }

    /// Runs the pacers, fetches all packets and events, and lets woken readers return.
    fn settle(&mut self, results: &mut Results) {
        self.endpoint.handle_timeout(self.now);
        let (mut sent, mut signals) = (Vec::new(), Vec::new());
        loop {
            let mut woken = Vec::new();
            while let Some(event) = self.endpoint.poll_event() {
                match event {
                    Event::Readable { socket } => signals.push(json!(self.place_of(socket))),
                    Event::PortUnreachable { to, quoted } => sent.push(unreachable(to, &quoted)),
                    Event::Wake { socket, waiting_for, .. } => woken.push((self.place_of(socket), waiting_for)),
                    Event::WaitFailed { socket, failed } => self.wait_failed(self.place_of(socket), failed, results),
                    _ => {}
                }
            }
            while let Some(outgoing) = self.endpoint.poll_outgoing(self.now) {
                sent.push(match outgoing {
                    Outgoing::Homa(out) => packets::departure(&out, self.endpoint.config().version, self.has_qdisc),
                    Outgoing::Foreign(ForeignPacket { queue, frame_bytes, tag, .. }) => {
                        json!({ "t": "TCP", "q": queue, "tag": tag, "len": frame_bytes })
                    }
                });
            }
            if woken.is_empty() {
                break;
            }
            for (socket, rpc) in woken {
                self.return_to(socket, rpc, results);
            }
        }
        if !sent.is_empty() {
            results.insert("tx".to_owned(), Value::Array(sent));
        }
        if !signals.is_empty() {
            results.insert("rdy".to_owned(), Value::Array(signals));
        }
    }

    fn place_of(&self, socket: SocketId) -> usize {
        self.sockets.iter().position(|known| *known == socket).expect("events are of sockets that were opened")
    }

    /// Lets a reader return whose RPC has ended.
    fn wait_failed(&mut self, socket: usize, failed: FailedRpc, results: &mut Results) {
        self.sleepers.retain(|sleeper| (sleeper.socket, sleeper.rpc) != (socket, Some(failed.rpc)));
        let args = RecvmsgArgs { id: failed.rpc.get(), completion_cookie: failed.cookie, ..RecvmsgArgs::default() };
        self.woke(socket, &args, Err(RecvError::Failed(failed)), results);
    }

    /// Lets a reader that slept look again.
    fn return_to(&mut self, socket: usize, rpc: Option<RpcId>, results: &mut Results) {
        let Some(place) = self.sleepers.iter().position(|sleeper| (sleeper.socket, sleeper.rpc) == (socket, rpc))
        else {
            return;
        };
        let mut args = RecvmsgArgs { id: rpc.map_or(0, RpcId::get), ..RecvmsgArgs::default() };
        let received = self.endpoint.recvmsg_or_wait(self.now, self.sockets[socket], &mut args);
        if let Some(received) = received.transpose() {
            self.sleepers.remove(place);
            self.woke(socket, &args, received, results);
        }
    }
}

/// The ICMP error that answers a packet.
fn unreachable(to: PeerId, quoted: &Header) -> Value {
    let (number, family) = number_of(to);
    let (icmp_type, code) = if family == 4 { (3, 3) } else { (1, 4) };
    json!({
        "t": "ICMP", "to": number, "f": family, "type": icmp_type, "code": code,
        "sport": quoted.sport.get(), "dport": quoted.dport.get(), "id": quoted.sender_id.get(),
    })
}

fn rpc_info(rpc: &RpcInfo) -> Value {
    json!({
        "id": rpc.id.get(), "peer": number_of(rpc.peer).0, "port": rpc.port.get(), "cookie": rpc.completion_cookie,
        "txl": rpc.tx_length, "txs": rpc.tx_sent, "txg": rpc.tx_granted, "txp": rpc.tx_prio,
        "rxl": rpc.rx_length, "rxr": rpc.rx_remaining, "gaps": rpc.rx_gaps, "gapb": rpc.rx_gap_bytes,
        "rxg": rpc.rx_granted, "fl": rpc.flags.bits(),
    })
}
