//! The applications' calls: what the log lists, at instants that the packets show.

use super::{Conflict, Effect, Inferred, State};
use crate::difference::{Difference, Kind};
use crate::log::Call;
use crate::scene::{Class, Scene, StreamKey};
use homa_protocol::{AbortArgs, Destination, Message, Packet, PeerId, Port, RecvError, RpcId, SocketId};
use homa_units::Time;
use std::rc::Rc;

/// Longer than any message may be.
const REFUSED_LENGTH: u32 = homa_protocol::MAX_MESSAGE_LENGTH + 1;
const BPAGE_BYTES: u64 = homa_protocol::HOMA_BPAGE_SIZE as u64;

impl State {
    /// Hands the next unit of the message of a stream to the NIC.
    pub(crate) fn hand_out(&mut self, scene: &Scene<'_>, stream: usize) -> Result<Effect, Conflict> {
        let output = self.next_of(scene, stream).ok_or(Conflict::NotPossible)?;
        let key = scene.outputs[output].key;
        let now = self.advance(scene.outputs[output].sent_ns);
        self.until_ns = self.now_ns + scene.bounds.processing_ns();
        let sport = scene.packet(output).ok_or(Conflict::NotPossible)?.header().sport;
        let socket = self.socket_of(sport).ok_or(Conflict::NotPossible)?;
        self.send_unit(scene, self.sockets[socket].id, key, now)
    }

    /// Hands the next unit of the message of a stream to the NIC now, although its packet left
    /// later.
    pub(crate) fn hand_out_early(&mut self, scene: &Scene<'_>, stream: usize) -> Result<Effect, Conflict> {
        let output = self.next_of(scene, stream).ok_or(Conflict::NotPossible)?;
        let key = scene.outputs[output].key;
        let sport = scene.packet(output).ok_or(Conflict::NotPossible)?.header().sport;
        let socket = self.socket_of(sport).ok_or(Conflict::NotPossible)?;
        let (id, now) = (self.sockets[socket].id, self.advance(self.now_ns));
        self.until_ns = self.now_ns + scene.bounds.processing_ns();
        self.count(Inferred::LateHandOuts, 1);
        self.send_unit(scene, id, key, now)
    }

    fn send_unit(&mut self, scene: &Scene<'_>, id: SocketId, key: StreamKey, now: Time) -> Result<Effect, Conflict> {
        let unit = self.endpoint.poll_transmit_of(now, id, key.rpc, key.peer).ok_or(Conflict::NotPossible)?;
        let mut effect = Effect::default();
        for out in unit.packets() {
            effect.sent += 1;
            self.explain(scene, &out)?;
        }
        Ok(effect)
    }

    /// Before an RPC ends well, what may be sent of its message is sent: if it wasn't recorded, it
    /// is extra.
    pub(super) fn send_rest(&mut self, scene: &Scene<'_>, peer: PeerId, rpc: RpcId) -> Result<(), Conflict> {
        let Some(stream) = scene.stream(peer, rpc).filter(|stream| self.started[*stream]) else { return Ok(()) };
        let Some(packet) = scene.first_of_message(stream).and_then(|first| scene.packet(first)) else { return Ok(()) };
        let Some(socket) = self.socket_of(packet.header().sport) else { return Ok(()) };
        let id = self.sockets[socket].id;
        if self.endpoint.can_transmit(id, rpc, peer) {
            let now = self.advance(self.now_ns);
            self.until_ns = self.now_ns + scene.bounds.processing_ns();
            self.send_unit(scene, id, StreamKey { peer, rpc, icmp: false }, now)?;
        }
        Ok(())
    }

    /// Units that the core could still send, of messages of which the recording shows no more
    /// although the node had time for them.
    pub(crate) fn left_over(&mut self, scene: &Scene<'_>) -> Result<(), Conflict> {
        for (key, stream, first) in scene.messages() {
            if !self.started[stream] {
                continue;
            }
            let Some(packet) = scene.packet(first) else { continue };
            let Some(socket) = self.socket_of(packet.header().sport) else { continue };
            let id = self.sockets[socket].id;
            let last = scene.outputs.iter().rev().find(|output| output.class == Class::New);
            let busy_until = last.map_or(0, |output| output.sent_ns) + scene.bounds.processing_ns();
            if busy_until >= scene.end_ns {
                continue;
            }
            self.until_ns = self.now_ns;
            while self.endpoint.can_transmit(id, key.rpc, key.peer) {
                let now = self.advance(self.now_ns);
                self.accept = Some(Kind::Extra);
                self.send_unit(scene, id, key, now)?;
            }
        }
        Ok(())
    }

    /// Messages that the log says were sent, and of which nothing was recorded.
    pub(crate) fn never_sent(&mut self, scene: &Scene<'_>) {
        let sent = |id: u64| scene.messages().any(|(key, ..)| key.rpc.get() == id);
        let mut missed: Vec<(u64, u32)> = Vec::new();
        for process in &scene.processes {
            for call in &process.calls {
                if let Call::Send { id, length } = call {
                    missed.push((*id, *length));
                }
            }
        }
        missed.extend(scene.sent_replies.iter().copied());
        missed.retain(|(id, _)| !sent(*id));
        for (id, length) in missed {
            Rc::make_mut(&mut self.differences).push(Difference {
                kind: Kind::Extra,
                output: None,
                time_us: scene.end_ns / 1000,
                rpc: id,
                recorded: String::new(),
                core: format!("DATA of a message of {length} bytes, which by the log was sent"),
                fields: Vec::new(),
            });
        }
    }

    /// Whether the message of this stream has been given to the core.
    pub(crate) fn is_started(&self, stream: usize) -> bool {
        self.started[stream]
    }

    /// Makes the call that sends the message of a stream, and the calls of its process before it.
    pub(crate) fn start_message(&mut self, scene: &Scene<'_>, stream: usize) -> Result<Effect, Conflict> {
        let output = scene.first_of_message(stream).ok_or(Conflict::NotPossible)?;
        let key = scene.outputs[output].key;
        self.advance(scene.outputs[output].sent_ns);
        self.until_ns = self.now_ns + scene.bounds.processing_ns();
        if !key.rpc.is_client() {
            return self.reply(scene, stream);
        }
        let sent = |call: &Call| matches!(call, Call::Send { id, .. } if *id == key.rpc.get());
        let found = scene.processes.iter().enumerate().find_map(|(process, listed)| {
            let first = self.processes[process].next;
            listed.calls[first.min(listed.calls.len())..].iter().position(sent).map(|place| (process, first + place))
        });
        let Some((process, place)) = found else {
            // The log lists all requests, unless a process made calls of its own kind.
            let unlisted = Self::has_unlisted_calls(scene);
            return if unlisted { self.request(scene, stream, None) } else { Err(Conflict::NotPossible) };
        };
        let mut effect = Effect::default();
        while self.processes[process].next <= place {
            effect.sent += self.next_call(scene, process)?.sent;
        }
        Ok(effect)
    }

    /// Makes the next call of a process, if it isn't the end.
    fn next_call(&mut self, scene: &Scene<'_>, process: usize) -> Result<Effect, Conflict> {
        let call = scene.processes[process].calls.get(self.processes[process].next).ok_or(Conflict::NotPossible)?;
        let effect = match *call {
            Call::Receive { id } => self.receive(scene, process, RpcId::new(id))?,
            Call::RefusedSend { length } => self.refused(scene, process, length),
            Call::Send { id, .. } => {
                let rpc = RpcId::new(id);
                match scene.messages().find(|(key, ..)| key.rpc == rpc) {
                    Some((_, stream, _)) => self.request(scene, stream, Some(process))?,
                    // Not one packet of it left before the capture ended.
                    None => Effect::default(),
                }
            }
            Call::Done => {
                if scene.processes[process].done_ns.is_some_and(|done| self.now_ns < done) {
                    return Err(Conflict::NotPossible);
                }
                self.close_process(process);
                Effect::default()
            }
        };
        self.processes[process].next += 1;
        Ok(effect)
    }

    /// Whether a process still has to receive this response.
    pub(crate) fn will_receive(&self, scene: &Scene<'_>, process: usize, rpc: RpcId) -> bool {
        let calls = scene.processes[process].calls.iter().skip(self.processes[process].next);
        calls.into_iter().any(|call| *call == Call::Receive { id: rpc.get() })
    }

    /// The response that a process receives next.
    pub(crate) fn next_receive(&self, scene: &Scene<'_>, process: usize) -> Option<RpcId> {
        match scene.processes[process].calls.get(self.processes[process].next) {
            Some(Call::Receive { id }) => Some(RpcId::new(*id)),
            _ => None,
        }
    }

    /// The process receives its next response, or begins to wait for it.
    pub(crate) fn receive_next(&mut self, scene: &Scene<'_>, process: usize, ns: u64) -> Result<Effect, Conflict> {
        self.advance(ns);
        self.until_ns = self.now_ns + scene.bounds.processing_ns();
        self.next_call(scene, process)
    }

    /// The process calls `recvmsg` for a response that isn't complete: it gives its buffers back,
    /// and looks for messages that wait for buffers.
    pub(crate) fn begin_receive(&mut self, scene: &Scene<'_>, process: usize, ns: u64) -> Result<Effect, Conflict> {
        let rpc = self.next_receive(scene, process).ok_or(Conflict::NotPossible)?;
        let socket = self.processes[process].socket.ok_or(Conflict::NotPossible)?;
        let now = self.advance(ns);
        self.until_ns = self.now_ns + scene.bounds.processing_ns();
        let returned = core::mem::take(&mut self.sockets[socket].owned);
        match self.endpoint.recv(now, self.sockets[socket].id, Some(rpc), returned.as_slice()) {
            Err(RecvError::Again) => self.collect(scene),
            _ => Err(Conflict::NotPossible),
        }
    }

    fn receive(&mut self, scene: &Scene<'_>, process: usize, rpc: RpcId) -> Result<Effect, Conflict> {
        let socket = self.processes[process].socket.ok_or(Conflict::NotPossible)?;
        self.receive_on(scene, socket, rpc)
    }

    fn receive_on(&mut self, scene: &Scene<'_>, socket: usize, rpc: RpcId) -> Result<Effect, Conflict> {
        let now = self.advance(self.now_ns);
        let is_complete = self.endpoint.clone().recv(now, self.sockets[socket].id, Some(rpc), &[]).is_ok();
        if is_complete && let Some((key, ..)) = scene.messages().find(|(key, ..)| key.rpc == rpc) {
            self.send_rest(scene, key.peer, rpc)?;
        }
        let now = self.advance(self.now_ns);
        let returned = core::mem::take(&mut self.sockets[socket].owned);
        match self.endpoint.recv(now, self.sockets[socket].id, Some(rpc), returned.as_slice()) {
            Ok(received) => self.sockets[socket].owned = received.bpages,
            Err(RecvError::Failed(_)) => {}
            Err(_) => return Err(Conflict::NotPossible),
        }
        self.collect(scene)
    }

    /// A response is received of which the log doesn't tell.
    pub(crate) fn receive_unlisted(&mut self, scene: &Scene<'_>, rpc: RpcId, ns: u64) -> Result<Effect, Conflict> {
        self.advance(ns);
        self.until_ns = self.now_ns + scene.bounds.processing_ns();
        self.count(Inferred::Receives, 1);
        for socket in 0..self.sockets.len() {
            let mut tried = self.clone();
            if let Ok(effect) = tried.receive_on(scene, socket, rpc) {
                *self = tried;
                return Ok(effect);
            }
        }
        Err(Conflict::NotPossible)
    }

    /// Whether calls were made that the log doesn't list.
    pub(crate) fn has_unlisted_calls(scene: &Scene<'_>) -> bool {
        scene.processes.is_empty() || scene.processes.iter().any(|process| process.unlisted_calls)
    }

    /// An RPC is aborted, as the log says that one was.
    pub(crate) fn abort(&mut self, scene: &Scene<'_>, rpc: RpcId, ns: u64) -> Result<Effect, Conflict> {
        let now = self.advance(ns);
        let mut processes = scene.processes.iter().zip(&self.processes).enumerate();
        let process = processes.find(|(_, (listed, progress))| progress.aborts < listed.aborts);
        let process = process.map(|(process, _)| process).ok_or(Conflict::NotPossible)?;
        for socket in 0..self.sockets.len() {
            let id = self.sockets[socket].id;
            // The error would only tell the application; it takes it at once, which ends the RPC as
            // well.
            let args = AbortArgs { id: rpc.get(), ..AbortArgs::default() };
            if self.endpoint.abort(now, id, &args).is_ok() {
                self.processes[process].aborts += 1;
                self.count(Inferred::Aborts, 1);
                return self.collect(scene);
            }
        }
        Err(Conflict::NotPossible)
    }

    fn request(&mut self, scene: &Scene<'_>, stream: usize, process: Option<usize>) -> Result<Effect, Conflict> {
        let output = scene.first_of_message(stream).ok_or(Conflict::NotPossible)?;
        let key = scene.outputs[output].key;
        let header = *scene.packet(output).ok_or(Conflict::NotPossible)?.header();
        let socket = match self.socket_of(header.sport) {
            Some(socket) => socket,
            None => self.open_client(scene, header.sport, process),
        };
        if let Some(process) = process {
            self.processes[process].socket = Some(socket);
        }
        let id = key.rpc.get();
        match self.next_id {
            Some(next) if next == id => {}
            Some(next) if next > id || !Self::has_unlisted_calls(scene) => return Err(Conflict::NotPossible),
            known => {
                self.count(Inferred::SkippedIds, u32::from(known.is_some()));
                let _ = self.endpoint.write_sysctl("next_id", &id.to_string());
            }
        }
        self.next_id = Some(id + 2);
        let listed = process.and_then(|process| {
            scene.processes[process].calls.iter().find_map(|call| match call {
                Call::Send { id: sent, length } if *sent == id => Some(*length),
                _ => None,
            })
        });
        let message = Message { length: listed.unwrap_or_else(|| length_of(scene, output)), tag: id };
        let to = Destination { peer: key.peer, port: header.dport, family: scene.family };
        let (now, on) = (self.clock, self.sockets[socket].id);
        // Private, so that the log can say in which order responses are received; on the wire that
        // is the same.
        let rpc = self.endpoint.send_private_request(now, on, to, message, 0).map_err(|_| Conflict::NotPossible)?;
        if rpc != key.rpc {
            return Err(Conflict::NotPossible);
        }
        self.started[stream] = true;
        self.collect(scene)
    }

    /// A request that `sendmsg` refuses uses up an id.
    fn refused(&mut self, scene: &Scene<'_>, process: usize, length: u32) -> Effect {
        let Some(socket) = self.processes[process].socket else { return Effect::default() };
        let to = Destination { peer: PeerId::new(0), port: Port::new(1), family: scene.family };
        let length = if (1..=homa_protocol::MAX_MESSAGE_LENGTH).contains(&length) { REFUSED_LENGTH } else { length };
        let (now, on) = (self.clock, self.sockets[socket].id);
        let refused = self.endpoint.send_private_request(now, on, to, Message { length, tag: 0 }, 0);
        assert!(refused.is_err(), "messages of this length are refused");
        self.next_id = self.next_id.map(|id| id + 2);
        Effect::default()
    }

    fn reply(&mut self, scene: &Scene<'_>, stream: usize) -> Result<Effect, Conflict> {
        let output = scene.first_of_message(stream).ok_or(Conflict::NotPossible)?;
        let key = scene.outputs[output].key;
        let header = *scene.packet(output).ok_or(Conflict::NotPossible)?.header();
        let socket = self.socket_of(header.sport).ok_or(Conflict::NotPossible)?;
        let listed = scene.reply_lengths.get(&key.rpc.get()).copied();
        let length = listed.unwrap_or_else(|| length_of(scene, output));
        let to = Destination { peer: key.peer, port: header.dport, family: scene.family };
        let (now, on) = (self.clock, self.sockets[socket].id);
        let message = Message { length, tag: key.rpc.get() };
        self.endpoint.send_reply(now, on, to, key.rpc, message).map_err(|_| Conflict::NotPossible)?;
        self.started[stream] = true;
        self.collect(scene)
    }

    /// The open socket with this port in the recording.
    pub(super) fn socket_of(&self, port: Port) -> Option<usize> {
        self.sockets.iter().position(|socket| socket.port == port && socket.is_open)
    }

    /// Opens the socket of a client process.
    pub(super) fn open_client(&mut self, scene: &Scene<'_>, port: Port, process: Option<usize>) -> usize {
        let without = scene.processes.iter().any(|process| process.without_region.contains(&port.get()));
        let bpages = process.map_or(super::start::DEFAULT_BPAGES, |process| scene.bpages[process]);
        self.open(scene, port, false, if without { 0 } else { bpages })
    }

    /// Opens a socket that the recording knows by `port`.
    pub(super) fn open(&mut self, scene: &Scene<'_>, port: Port, is_server: bool, bpages: u64) -> usize {
        let (family, bpages) = (scene.family, scene.region(bpages));
        let id = self.endpoint.open_socket(family).expect("few sockets are open");
        if is_server {
            if port < Port::MIN_DEFAULT {
                self.endpoint.bind(id, family, port).expect("one open socket has a port");
            }
            self.endpoint.set_server(id, true);
        }
        if bpages > 0 {
            // Too small a region is refused, as in Linux, and the socket goes without.
            let _ = self.endpoint.set_receive_region(id, 0, bpages * BPAGE_BYTES);
        }
        self.sockets.push(super::Socket { port, id, is_server, is_open: true, owned: Default::default() });
        self.sockets.len() - 1
    }

    /// A server takes all requests that are complete.
    pub(super) fn server_receives(&mut self, id: SocketId) {
        let Some(socket) = self.sockets.iter().position(|socket| socket.id == id && socket.is_server) else { return };
        loop {
            let now = self.advance(self.now_ns);
            let returned = core::mem::take(&mut self.sockets[socket].owned);
            match self.endpoint.recv(now, id, None, returned.as_slice()) {
                Ok(received) => self.sockets[socket].owned = received.bpages,
                Err(_) => return,
            }
        }
    }

    fn close_process(&mut self, process: usize) {
        if let Some(socket) = self.processes[process].socket {
            self.close(socket);
        }
    }

    fn close(&mut self, socket: usize) {
        let now = self.advance(self.now_ns);
        let id = self.sockets[socket].id;
        self.endpoint.shutdown(now, id);
        self.sockets[socket].is_open = false;
        self.count(Inferred::Shutdowns, 1);
    }

    /// The socket with this port is closed: its process ends.
    pub(crate) fn close_port(&mut self, scene: &Scene<'_>, port: Port, ns: u64) -> Result<Effect, Conflict> {
        self.advance(ns);
        let socket = self.socket_of(port).ok_or(Conflict::NotPossible)?;
        let process = self.processes.iter().position(|progress| progress.socket == Some(socket));
        if let Some(process) = process.filter(|process| !scene.processes[*process].unlisted_calls) {
            // It makes its other calls first.
            while self.sockets[socket].is_open {
                self.next_call(scene, process)?;
            }
        } else {
            self.close(socket);
        }
        self.collect(scene)
    }

    /// A server is started again on a port that was closed.
    pub(crate) fn reopen(&mut self, scene: &Scene<'_>, port: Port, ns: u64) -> Result<Effect, Conflict> {
        self.advance(ns);
        let closed = self.sockets.iter().any(|socket| socket.port == port && socket.is_server && !socket.is_open);
        if !closed || self.socket_of(port).is_some() {
            return Err(Conflict::NotPossible);
        }
        self.open(scene, port, true, super::start::DEFAULT_BPAGES);
        self.count(Inferred::Reopened, 1);
        Ok(Effect::default())
    }

    /// Which of the node's ports an RPC uses, as far as its packets tell.
    pub(crate) fn port_of(scene: &Scene<'_>, key: StreamKey) -> Option<Port> {
        let of_rpc = |output: &&crate::scene::Output| output.key.rpc == key.rpc && output.key.peer == key.peer;
        let own = scene.outputs.iter().filter(of_rpc).find_map(|output| scene.frames[output.frame].homa());
        if let Some(packet) = own {
            return Some(packet.header().sport);
        }
        scene.inputs.iter().find_map(|input| match &input.what {
            crate::scene::Happening::Homa { peer, packet } => {
                let header = packet.header();
                (*peer == key.peer && header.sender_id.other_side() == key.rpc).then_some(header.dport)
            }
            _ => None,
        })
    }
}

/// How long a message is, as one of its packets says.
fn length_of(scene: &Scene<'_>, output: usize) -> u32 {
    match scene.packet(output) {
        Some(Packet::Data(data)) => data.message_length,
        _ => 0,
    }
}
