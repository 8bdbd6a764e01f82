//! The state in which a node begins: what the capture doesn't show because it happened before.

use super::{Clocks, INFERRED, LastTick, Progress, State};
use crate::scene::{Scene, past};
use crate::{Options, ReplayError};
use homa_protocol::{
    Config, Cutoffs, Data, Endpoint, Header, Message, OffsetForm, Packet, PeerId, Port, Replicated, RpcId, Ticks,
    TransmitMode,
};
use homa_units::Time;
use std::collections::BTreeMap;
use std::path::Path;
use std::rc::Rc;

/// Bpages of a region whose size nobody says: what the recorded applications ask for by default.
pub(super) const DEFAULT_BPAGES: u64 = 200;

/// What is assumed about the start, and counted.
pub(crate) const START_COUNTERS: [&str; 5] = [
    "peers whose cutoffs are known at the start",
    "acks that wait at the start",
    "RPCs that exist at the start",
    "the first id",
    "own cutoffs of another version than the first at the start",
];

/// How long after the clock's zero the node's past happens.
const PAST: Time = Time::from_ps(1);

impl State {
    /// The node before the first frame, whose timer is assumed to tick every `usual_tick_ns`, and how often something had to be assumed.
    ///
    /// # Errors
    /// A sysctl of the log can't be set as it says.
    pub(crate) fn start(
        scene: &Scene<'_>,
        options: &Options,
        log: &Path,
        usual_tick_ns: u64,
    ) -> Result<(Self, BTreeMap<&'static str, u32>), ReplayError> {
        let config = Config {
            sysctls: scene.sysctls.clone(),
            quirks: options.quirks,
            transmit: TransmitMode::Pull,
            ticks: Ticks::External,
            mtu: scene.mtu,
            ..Config::default()
        };
        let sysctl = |cause| ReplayError::Sysctl { path: log.to_owned(), line: 2, cause };
        let mut endpoint = Endpoint::new(config).map_err(|error| match error {
            homa_protocol::ConfigError::Sysctl(cause) => sysctl(cause),
            other => unreachable!("only sysctls of the configuration come from outside: {other}"),
        })?;
        for (name, value) in &scene.writes {
            endpoint.write_sysctl(name, value).map_err(sysctl)?;
        }
        if scene.hijack() {
            endpoint.write_sysctl("hijack_tcp", "1").map_err(sysctl)?;
        }
        for input in &scene.inputs {
            if let crate::scene::Happening::Write { name, value } = &input.what {
                // Tried on a copy, so that it can't fail in the middle of the replay.
                endpoint.clone().write_sysctl(name, value).map_err(sysctl)?;
            }
        }
        let mut state = Self {
            endpoint,
            clock: PAST,
            until_ns: 0,
            clocks: Clocks::new(scene.peers.len()),
            now_ns: 0,
            next_input: 0,
            cursors: vec![0; scene.streams.len()],
            explained: 0,
            next_output: 0,
            sockets: Vec::new(),
            processes: vec![Progress::default(); scene.processes.len()],
            started: vec![false; scene.streams.len()],
            next_id: None,
            last_tick: LastTick::before(scene.bounds, usual_tick_ns),
            accept: None,
            differences: Rc::new(Vec::new()),
            counters: [0; INFERRED.len()],
            longest_processing_ns: 0,
        };
        let mut assumed = BTreeMap::new();
        state.open_at_start(scene);
        let mut assume = |which: usize, count: usize| {
            if count > 0 {
                *assumed.entry(START_COUNTERS[which]).or_default() += count as u32;
            }
        };
        assume(0, state.learn_cutoffs(scene));
        assume(2, state.begin_old_rpcs(scene));
        assume(1, state.wait_with_acks(scene));
        let ids = scene.messages().filter(|(key, ..)| key.rpc.is_client()).count();
        assume(3, ids.min(1));
        assume(4, usize::from(scene.sysctls.cutoff_version != 1));
        Ok((state, assumed))
    }

    /// Sockets of servers, and those of clients whose RPCs began before the capture.
    fn open_at_start(&mut self, scene: &Scene<'_>) {
        for port in &scene.server_ports {
            self.open(scene, *port, true, DEFAULT_BPAGES);
        }
        for index in 0..scene.outputs.len() {
            let Some(packet) = scene.packet(index) else { continue };
            let key = scene.outputs[index].key;
            let has_request = scene.has_message(key.peer, key.rpc);
            let port = packet.header().sport;
            if key.rpc.is_client() && !has_request && self.socket_of(port).is_none() {
                self.open_client(scene, port, None);
            }
        }
        // Packets that reach a client before it sends need its socket too.
        if self.sockets.is_empty()
            && let Some(packet) = (0..scene.outputs.len()).find_map(|index| scene.packet(index))
        {
            let port = packet.header().sport;
            let sent = |call: &crate::log::Call| matches!(call, crate::log::Call::Send { id, .. } if *id == packet.header().sender_id.get());
            let process = scene.processes.iter().position(|process| process.calls.iter().any(sent));
            self.open_client(scene, port, process);
        }
    }

    /// Tells the core what peers told before; returns how many did.
    fn learn_cutoffs(&mut self, scene: &Scene<'_>) -> usize {
        let Some(socket) = self.sockets.first() else { return 0 };
        let dport = self.endpoint.port(socket.id);
        let mut count = 0;
        for peer in peers(scene) {
            let Some((cutoff_version, unsched_cutoffs)) = scene.known_cutoffs(peer) else { continue };
            // Of a client's RPC, so that any socket takes it.
            let header = Header { sport: Port::new(1), dport, sender_id: RpcId::new(1) };
            let packet = Packet::Cutoffs(Cutoffs { header, unsched_cutoffs, cutoff_version });
            let _ = self.endpoint.handle_packet(PAST, peer, &packet);
            count += 1;
        }
        count
    }

    /// Lets acks of earlier RPCs wait for packets; returns how many.
    fn wait_with_acks(&mut self, scene: &Scene<'_>) -> usize {
        let mut count = 0;
        for peer in peers(scene) {
            for entry in scene.pending_acks(peer) {
                count += usize::from(self.endpoint.add_pending_ack(peer, entry));
            }
        }
        count
    }

    /// Brings RPCs of before the capture into being; returns how many. They have messages of one byte, of which nothing
    /// in the capture depends.
    fn begin_old_rpcs(&mut self, scene: &Scene<'_>) -> usize {
        let old = scene.old_rpcs();
        for past::OldRpc { peer, rpc, sport, dport } in old.iter().copied() {
            let Some(socket) = self.socket_of(sport) else { continue };
            let (id, own_port) = (self.sockets[socket].id, self.endpoint.port(self.sockets[socket].id));
            let to = homa_protocol::Destination { peer, port: dport, family: scene.family };
            let message = Message { length: 1, tag: rpc.get() };
            if rpc.is_client() {
                let _ = self.endpoint.write_sysctl("next_id", &rpc.get().to_string());
                let _ = self.endpoint.send_private_request(PAST, id, to, message, 0);
            } else {
                let header = Header { sport: dport, dport: own_port, sender_id: rpc.other_side() };
                let _ = self.endpoint.handle_packet(PAST, peer, &Packet::Data(self.one_byte(header)));
                let _ = self.endpoint.recv(PAST, id, None, &[]);
                if !scene.has_message(peer, rpc) {
                    let _ = self.endpoint.send_reply(PAST, id, to, rpc, message);
                }
            }
            while self.endpoint.poll_event().is_some() {}
            while self.endpoint.poll_owed(PAST).is_some() {}
            while self.endpoint.poll_transmit_of(PAST, id, rpc, peer).is_some() {}
        }
        old.len()
    }

    /// A whole message of one byte, from a peer that knows our cutoffs.
    fn one_byte(&self, header: Header) -> Data {
        Data {
            header,
            message_length: 1,
            incoming: 1,
            ack: None,
            cutoff_version: self.endpoint.config().sysctls.cutoff_version as u16,
            retransmit: false,
            offset: 0,
            length: 1,
            form: OffsetForm::Both,
            replicated: Replicated::Whole,
        }
    }
}

fn peers(scene: &Scene<'_>) -> impl Iterator<Item = PeerId> + use<> {
    (0..scene.peers.len() as u32).map(PeerId::new)
}
