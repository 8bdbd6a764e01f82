//! The core as the recorded node: its state, the applications on it, and what of the recording it
//! has explained.

mod calls;
mod clocks;
mod start;
mod view;

use crate::compare::{self, Sent};
use crate::difference::{Difference, Kind};
use crate::scene::{Class, Happening, Input, Scene, StreamKey};
use homa_protocol::driver::OutPacket;
use homa_protocol::{BpageOffsets, Endpoint, Event, Grant, Header, Packet, PeerId, Port, SocketId};
use homa_units::Time;
use std::rc::Rc;

pub(crate) use clocks::{Clocks, Due, LastTick};

/// What the core's clock shows at the first frame. Less than 2³¹ ns in all captures, so that quirk
/// Q3, which depends on how long the machine was up, doesn't show.
const BASE_NS: u64 = 1_000_000;
const PS_PER_NS: u64 = 1000;

/// Why an action can't be what happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Conflict {
    /// The core sends something that wasn't recorded at this place.
    Unrecorded,
    /// The action isn't possible now.
    NotPossible,
}

/// What is inferred while a replay runs, and counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Inferred {
    Ticks,
    Batches,
    LateHandOuts,
    Receives,
    Shutdowns,
    Reopened,
    Aborts,
    SkippedIds,
    Unseen,
}

/// The names of [`Inferred`], in its order.
pub(crate) const INFERRED: [&str; 9] = [
    "instants of timer ticks",
    "packets processed together",
    "units handed to the NIC before a packet was processed, and seen after its time",
    "responses received whose call the log doesn't list",
    "sockets closed",
    "sockets opened again",
    "RPCs aborted by HOMAIOCABORT",
    "ids used up by refused requests",
    "packets that the core sends when the capture ends",
];

/// A socket of the node.
#[derive(Debug, Clone)]
pub(crate) struct Socket {
    /// The port in the recording.
    port: Port,
    id: SocketId,
    is_server: bool,
    is_open: bool,
    /// Buffers of the last message, which go back with the next `recvmsg`.
    owned: BpageOffsets,
}

/// How far one client process is.
#[derive(Debug, Clone, Default)]
struct Progress {
    /// The next of its calls.
    next: usize,
    socket: Option<usize>,
    aborts: u32,
}

/// A node in the middle of a replay.
#[derive(Debug, Clone)]
pub(crate) struct State {
    endpoint: Endpoint,
    clock: Time,
    /// When what is done now must be on the wire at the latest.
    until_ns: u64,
    clocks: Clocks,
    pub(crate) now_ns: u64,
    pub(crate) next_input: usize,
    /// How many packets of each stream are explained.
    cursors: Vec<usize>,
    pub(crate) explained: usize,
    /// The first output that isn't explained.
    pub(crate) next_output: usize,
    sockets: Vec<Socket>,
    processes: Vec<Progress>,
    /// Whether the message of a stream has been given to the core.
    started: Vec<bool>,
    next_id: Option<u64>,
    pub(crate) last_tick: LastTick,
    /// The next disagreement of this kind is accepted and noted.
    pub(crate) accept: Option<Kind>,
    pub(crate) differences: Rc<Vec<Difference>>,
    pub(crate) counters: [u32; INFERRED.len()],
    pub(crate) longest_processing_ns: u64,
}

/// What one action did.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Effect {
    /// Packets that it sent.
    pub(crate) sent: u32,
    /// GRANTs among them.
    pub(crate) grants: u32,
    /// When the first of them left.
    pub(crate) first_ns: Option<u64>,
    /// When the first of the GRANTs left.
    pub(crate) granted_ns: Option<u64>,
    /// When CUTOFFS left.
    pub(crate) cutoffs_ns: Option<u64>,
}

impl State {
    /// Moves the clock to `ns` after the first frame, or a little on if it is there already.
    fn advance(&mut self, ns: u64) -> Time {
        self.now_ns = self.now_ns.max(ns);
        let at = Time::from_ps((BASE_NS + self.now_ns) * PS_PER_NS);
        self.clock = at.max(Time::from_ps(self.clock.as_ps() + 1));
        self.clock
    }

    /// Processes the next `count` inputs together, when the last of them was delivered or as soon
    /// after it as possible.
    pub(crate) fn deliver(&mut self, scene: &Scene<'_>, count: usize, due: Due) -> Result<Effect, Conflict> {
        let inputs = &scene.inputs[self.next_input..self.next_input + count];
        if let [Input { at_ns, what: Happening::Homa { peer, packet: Packet::Grant(grant) } }] = inputs {
            self.advance(*at_ns);
            self.hand_out_before_grant(scene, *peer, grant);
        }
        self.send_before_the_end(scene, inputs)?;
        let (first, last) = (&inputs[0], &inputs[count - 1]);
        let now = self.advance(last.at_ns);
        let latest = first.at_ns + scene.bounds.processing_ns();
        // After a disagreement was accepted the clock may be ahead.
        if self.now_ns > latest && (count > 1 || self.differences.is_empty()) {
            return Err(Conflict::NotPossible);
        }
        self.until_ns = latest.max(self.now_ns);
        self.longest_processing_ns = self.longest_processing_ns.max(self.now_ns - first.at_ns);
        self.next_input += count;
        if count > 1 {
            self.count(Inferred::Batches, count as u32);
        }
        let asking = self.peers_with_other_cutoffs(inputs);
        for peer in &asking {
            self.endpoint.set_cutoffs_due(*peer, now, due.cutoffs);
        }
        self.endpoint.set_fifo_grant_due(due.fifo);
        self.process(now, inputs);
        let effect = self.collect(scene)?;
        self.endpoint.set_fifo_grant_due(false);
        if effect.grants > 0 {
            let sent_ns = effect.granted_ns.unwrap_or(scene.end_ns);
            let interval = self.endpoint.config().sysctls.fifo_grant_interval().as_ps() / PS_PER_NS;
            self.clocks.check_fifo(due.fifo, self.now_ns, sent_ns, interval)?;
        }
        for peer in asking {
            let sent_ns = effect.cutoffs_ns.filter(|_| due.cutoffs);
            self.clocks.check_cutoffs(peer, due.cutoffs, self.now_ns, sent_ns, scene.bounds.jiffy_ns())?;
        }
        Ok(effect)
    }

    /// Units that left the NIC on another level than a GRANT says, after it arrived, were handed to
    /// the NIC before.
    fn hand_out_before_grant(&mut self, scene: &Scene<'_>, peer: PeerId, grant: &Grant) {
        let Some(stream) = scene.stream(peer, grant.header.sender_id.other_side()) else { return };
        let latest = self.now_ns + scene.bounds.processing_ns();
        loop {
            let other_level = |output: &usize| {
                let recorded = &scene.outputs[*output];
                let is_other = scene.frame(*output).ip.priority() != grant.priority;
                recorded.class == Class::New && recorded.sent_ns <= latest && is_other
            };
            if self.next_of(scene, stream).filter(other_level).is_none() || !self.is_started(stream) {
                return;
            }
            let mut tried = self.clone();
            if tried.accept.is_some() || tried.hand_out_early(scene, stream).is_err() {
                return;
            }
            *self = tried;
        }
    }

    /// A response that is acknowledged was sent completely before.
    fn send_before_the_end(&mut self, scene: &Scene<'_>, inputs: &[Input]) -> Result<(), Conflict> {
        for input in inputs {
            let Happening::Homa { peer, packet } = &input.what else { continue };
            let header = packet.header().sender_id;
            match packet {
                Packet::Ack(ack) => {
                    for rpc in ack.entries().map(|entry| entry.client_id).chain([header]) {
                        self.send_rest(scene, *peer, rpc.other_side())?;
                    }
                }
                Packet::Data(data) => {
                    if let Some(entry) = data.ack {
                        self.send_rest(scene, *peer, entry.client_id.other_side())?;
                    }
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// Peers that show in these packets that they don't know our cutoffs.
    fn peers_with_other_cutoffs(&self, inputs: &[Input]) -> Vec<PeerId> {
        let own = self.endpoint.config().sysctls.cutoff_version as u16;
        let mut peers = Vec::new();
        for input in inputs {
            if let Happening::Homa { peer, packet: Packet::Data(data) } = &input.what
                && data.cutoff_version != own
                && !peers.contains(peer)
            {
                peers.push(*peer);
            }
        }
        peers
    }

    fn process(&mut self, now: Time, inputs: &[Input]) {
        let mut batch = Vec::with_capacity(inputs.len());
        for input in inputs {
            match &input.what {
                Happening::Homa { peer, packet } => batch.push((*peer, self.to_core(packet))),
                Happening::Icmp { peer, error } => self.endpoint.handle_icmp(now, *peer, error),
                Happening::Write { name, value } => {
                    // The log was checked when it was read.
                    let _ = self.endpoint.write_sysctl(name, value);
                }
            }
        }
        match batch.as_slice() {
            [] => {}
            [(peer, packet)] => {
                let _ = self.endpoint.handle_packet(now, *peer, packet);
            }
            batch => self.endpoint.handle_batch(now, batch, |_, _| {}),
        }
    }

    /// Runs the timer before `ns`, or, to explain a packet that left then, just before.
    pub(crate) fn tick(&mut self, scene: &Scene<'_>, ns: u64, explains: bool) -> Result<Effect, Conflict> {
        let from = if explains { self.now_ns.max(ns) } else { self.now_ns };
        self.last_tick = self.last_tick.next(scene.bounds, from, ns).ok_or(Conflict::NotPossible)?;
        let now = self.advance(self.last_tick.earliest.max(0) as u64);
        self.until_ns = ns.min(self.last_tick.latest.max(0) as u64) + scene.bounds.tick_slack_ns();
        self.endpoint.handle_tick(now);
        self.count(Inferred::Ticks, 1);
        let effect = self.collect(scene)?;
        // The times between ticks are judged by the first packets that they cause.
        if let Some(first_ns) = effect.first_ns {
            self.last_tick = self.last_tick.seen_at(first_ns);
        }
        Ok(effect)
    }

    pub(crate) fn count(&mut self, what: Inferred, by: u32) {
        self.counters[what as usize] += by;
    }

    /// The packet with the ports that the core's sockets have.
    fn to_core(&self, packet: &Packet) -> Packet {
        with_header(packet, |header| {
            let open = self.sockets.iter().find(|socket| socket.port == header.dport && socket.is_open);
            header.dport = open.map_or(Port::NONE, |socket| self.endpoint.port(socket.id));
        })
    }

    /// Takes what the core produced: its packets against the recording, its events to the
    /// applications.
    fn collect(&mut self, scene: &Scene<'_>) -> Result<Effect, Conflict> {
        let mut effect = Effect::default();
        loop {
            let mut is_readable = Vec::new();
            while let Some(event) = self.endpoint.poll_event() {
                match event {
                    Event::MessageComplete { socket, rpc, .. } if !rpc.is_client() => is_readable.push(socket),
                    Event::PortUnreachable { to, quoted } => effect.sent += self.port_unreachable(scene, to, &quoted),
                    _ => {}
                }
            }
            for out in self.owed() {
                effect.sent += 1;
                let sent_ns = self.explain(scene, &out)?;
                effect.first_ns = effect.first_ns.or(sent_ns);
                match out.packet {
                    Packet::Grant(_) => {
                        effect.grants += 1;
                        effect.granted_ns = effect.granted_ns.or(sent_ns);
                    }
                    Packet::Cutoffs(_) => effect.cutoffs_ns = sent_ns,
                    _ => {}
                }
            }
            if is_readable.is_empty() {
                return Ok(effect);
            }
            for socket in is_readable {
                self.server_receives(socket);
            }
        }
    }

    /// What the core has to send, in the order in which Linux sends it: what a RESEND asks for
    /// leaves before the BUSY that may follow (protocol spec 3.6.4), while the core lets its driver
    /// fetch control packets first.
    fn owed(&mut self) -> Vec<OutPacket> {
        let owed = std::iter::from_fn(|| self.endpoint.poll_owed(self.clock));
        let mut owed: Vec<OutPacket> = owed.flat_map(|transmit| transmit.packets()).collect();
        owed.sort_by_key(|out| !matches!(out.packet, Packet::Data(_)));
        owed
    }

    /// A packet reached no socket: explains the recorded ICMP, if there is one. Linux limits their
    /// rate, so there need not be.
    fn port_unreachable(&mut self, scene: &Scene<'_>, to: PeerId, quoted: &Header) -> u32 {
        let key = StreamKey { peer: to, rpc: quoted.sender_id.other_side(), icmp: true };
        let Some(&stream) = scene.stream_of.get(&key) else { return 0 };
        let Some(output) = self.next_of(scene, stream) else { return 0 };
        if !(self.now_ns..=self.until_ns).contains(&scene.outputs[output].sent_ns) {
            return 0;
        }
        self.step_over(scene, stream);
        1
    }

    /// The first output of a stream that isn't explained.
    pub(crate) fn next_of(&self, scene: &Scene<'_>, stream: usize) -> Option<usize> {
        scene.streams[stream].get(self.cursors[stream]).copied()
    }

    pub(crate) fn is_explained(&self, scene: &Scene<'_>, output: usize) -> bool {
        let output = &scene.outputs[output];
        self.cursors[output.stream] > output.place
    }

    fn step_over(&mut self, scene: &Scene<'_>, stream: usize) {
        self.cursors[stream] += 1;
        self.explained += 1;
        while self.next_output < scene.outputs.len() && self.is_explained(scene, self.next_output) {
            self.next_output += 1;
        }
    }

    /// Finds a packet of the core in the recording; returns when it left, if it was recorded.
    fn explain(&mut self, scene: &Scene<'_>, out: &OutPacket) -> Result<Option<u64>, Conflict> {
        let socket = self.sockets.iter().find(|socket| socket.id == out.socket);
        let packet = with_header(&out.packet, |header| {
            header.sport = socket.map_or(header.sport, |socket| socket.port);
        });
        let sent = Sent { packet, priority: out.priority, family: out.family, hijack: out.hijack };
        let key = StreamKey { peer: out.to, rpc: packet.header().sender_id, icmp: false };
        let stream = scene.stream_of.get(&key).copied();
        if matches!(packet, Packet::Busy(_)) {
            self.hand_out_before_busy(scene, stream, out)?;
        }
        let next = stream.and_then(|stream| self.next_of(scene, stream));
        let in_time = next.filter(|next| (self.now_ns..=self.until_ns).contains(&scene.outputs[*next].sent_ns));
        if let (Some(stream), Some(next)) = (stream, in_time)
            && compare::is_same(scene.frame(next), &sent)
        {
            let sent_ns = scene.outputs[next].sent_ns;
            self.longest_processing_ns = self.longest_processing_ns.max(sent_ns - self.now_ns);
            self.step_over(scene, stream);
            return Ok(Some(sent_ns));
        }
        if next.is_none() && self.until_ns >= scene.end_ns + scene.bounds.tail_ns() {
            self.count(Inferred::Unseen, 1);
            return Ok(None);
        }
        self.disagree(scene, key, in_time, &sent)?;
        Ok(None)
    }

    /// A RESEND can also be a lost grant: what it grants leaves before the BUSY, as far as the NIC
    /// has room.
    fn hand_out_before_busy(
        &mut self,
        scene: &Scene<'_>,
        stream: Option<usize>,
        busy: &OutPacket,
    ) -> Result<(), Conflict> {
        let Some(stream) = stream else { return Ok(()) };
        let rpc = busy.packet.header().sender_id;
        loop {
            let is_new = |output: usize| {
                let output = &scene.outputs[output];
                output.class == Class::New && output.sent_ns <= self.until_ns
            };
            if !self.next_of(scene, stream).is_some_and(is_new) {
                return Ok(());
            }
            let now = self.advance(self.now_ns);
            let Some(unit) = self.endpoint.poll_transmit_of(now, busy.socket, rpc, busy.to) else { return Ok(()) };
            for out in unit.packets() {
                self.explain(scene, &out)?;
            }
        }
    }

    fn disagree(
        &mut self,
        scene: &Scene<'_>,
        key: StreamKey,
        recorded: Option<usize>,
        sent: &Sent,
    ) -> Result<(), Conflict> {
        let core = compare::describe(&sent.packet, sent.priority);
        let mut difference = Difference {
            kind: Kind::Extra,
            output: None,
            time_us: self.now_ns / 1000,
            rpc: key.rpc.get(),
            recorded: String::new(),
            core,
            fields: Vec::new(),
        };
        match (self.accept, recorded) {
            (Some(Kind::Extra), _) => {}
            (Some(Kind::Differing), Some(output)) => {
                let frame = scene.frame(output);
                if compare::distance(frame, sent).is_none() {
                    return Err(Conflict::Unrecorded);
                }
                difference.kind = Kind::Differing;
                difference.output = Some(output);
                difference.time_us = frame.sent_ns / 1000;
                difference.recorded = compare::describe_frame(frame);
                difference.fields = compare::differences(frame, sent);
                self.step_over(scene, scene.outputs[output].stream);
            }
            _ => return Err(Conflict::Unrecorded),
        }
        self.accept = None;
        Rc::make_mut(&mut self.differences).push(difference);
        Ok(())
    }

    /// Notes that all is explained, but whatever happened until the end of the capture, the core
    /// would send more.
    pub(crate) fn cannot_end(&mut self, scene: &Scene<'_>) {
        Rc::make_mut(&mut self.differences).push(Difference {
            kind: Kind::Extra,
            output: None,
            time_us: scene.end_ns / 1000,
            rpc: 0,
            recorded: String::new(),
            core: "a packet before the capture ends, whatever else happened".to_owned(),
            fields: Vec::new(),
        });
    }

    /// Gives the next recorded packet up.
    pub(crate) fn give_up(&mut self, scene: &Scene<'_>) {
        let output = &scene.outputs[self.next_output];
        let frame = scene.frame(self.next_output);
        let difference = Difference {
            kind: Kind::Missing,
            output: Some(self.next_output),
            time_us: output.sent_ns / 1000,
            rpc: output.key.rpc.get(),
            recorded: compare::describe_frame(frame),
            core: String::new(),
            fields: Vec::new(),
        };
        Rc::make_mut(&mut self.differences).push(difference);
        self.advance(output.sent_ns);
        self.step_over(scene, output.stream);
    }
}

/// The packet with another header.
fn with_header(packet: &Packet, change: impl FnOnce(&mut Header)) -> Packet {
    let mut packet = *packet;
    match &mut packet {
        Packet::Data(data) => change(&mut data.header),
        Packet::Grant(grant) => change(&mut grant.header),
        Packet::Resend(resend) => change(&mut resend.header),
        Packet::Cutoffs(cutoffs) => change(&mut cutoffs.header),
        Packet::Ack(ack) => change(&mut ack.header),
        Packet::RpcUnknown(header) | Packet::Busy(header) | Packet::Freeze(header) | Packet::NeedAck(header) => {
            change(header);
        }
    }
    packet
}
