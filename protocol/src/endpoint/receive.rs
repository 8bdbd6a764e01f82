//! Arriving packets: dispatch and the handlers of each type (spec 3.5, 3.6).

use super::Endpoint;
use crate::output::{Event, Placement};
use crate::peer::Route;
use crate::rpc::{Key, Name, State};
use crate::wire::Version;
use crate::{Ack, AckEntry, Cutoffs, Data, Grant, Header, OffsetForm, Packet, PeerId, RpcId, SocketId};

/// The offset that a packet with −1 seems to have where nothing resolves it (quirk Q16).
const UNRESOLVED_OFFSET: u32 = u32::MAX;

/// What became of one packet.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Handled {
    /// The RPC whose grants have to be looked at.
    pub(crate) rpc: Option<(Key, u32)>,
    pub(crate) placement: Option<Placement>,
    /// No socket takes it.
    pub(crate) refused: bool,
}

impl Endpoint {
    /// Takes a packet that arrived from `from`, as a batch of its own.
    ///
    /// If its payload is wanted, the result says where it belongs in the receive region. For several packets that arrive
    /// together see [`handle_batch`](Self::handle_batch).
    #[inline]
    pub fn handle_packet(&mut self, now: homa_units::Time, from: PeerId, packet: &Packet) -> Option<Placement> {
        self.advance(now);
        let handled = self.dispatch(from, packet);
        self.finish_batch(handled.rpc);
        self.run_pacer();
        handled.placement
    }

    /// Runs what follows the packets of one RPC: its grants.
    pub(super) fn finish_batch(&mut self, rpc: Option<(Key, u32)>) {
        let Some((key, generation)) = rpc else { return };
        if self.rpcs.is_current(key, generation) && self.rpcs[key].msgin.grantable {
            self.with_grants(|grants, context| grants.check(context, key));
        }
    }

    pub(super) fn dispatch(&mut self, from: PeerId, packet: &Packet) -> Handled {
        // The stripped version finds out only behind the socket that it doesn't know the type (N6 of spec part 14).
        let is_known = self.config.version.has(packet.packet_type());
        if let Packet::Freeze(_) = packet {
            // The kernel doesn't count them.
            self.metrics.unknown_packet_types += u64::from(!is_known);
            return Handled::default();
        }
        let header = packet.header();
        let id = header.sender_id.other_side();
        let open = self.ports.get(&header.dport).copied();
        let Some(socket) = open.filter(|socket| id.is_client() || self.sockets[socket.index()].is_server) else {
            self.event(Event::PortUnreachable { to: from, quoted: *header });
            return Handled { refused: true, ..Handled::default() };
        };
        if !is_known {
            self.metrics.unknown_packet_types += 1;
            return Handled::default();
        }
        let found = match packet {
            _ if id.is_client() => {
                let anywhere = self.config.quirks.responses_from_anywhere;
                self.rpcs.client(socket, id).filter(|key| anywhere || self.rpcs[*key].peer == from)
            }
            Packet::Data(data) => match self.find_or_create_server_rpc(socket, id, from, data) {
                Some(key) => Some(key),
                None => {
                    self.metrics.server_cant_create_rpcs += 1;
                    return Handled::default();
                }
            },
            _ => self.rpcs.server(socket, id, from),
        };
        let Some(key) = found else {
            self.handle_without_rpc(socket, from, packet);
            return Handled::default();
        };
        self.count_received(packet);
        let mut silence = 0;
        if matches!(packet, Packet::Data(_) | Packet::Grant(_) | Packet::Busy(_)) {
            silence = core::mem::take(&mut self.rpcs[key].silent_ticks);
        }
        let generation = self.rpcs[key].generation;
        let placement = self.handle_for_rpc(key, socket, from, packet);
        if !self.config.quirks.useless_packets_end_silence && matches!(packet, Packet::Data(_)) && placement.is_none() {
            self.stay_silent(key, generation, silence);
        }
        Handled { rpc: Some((key, generation)), placement, refused: false }
    }

    /// Without quirk `useless_packets_end_silence`: a DATA packet has brought nothing. A server that replies is glad of
    /// any sign of life.
    #[cold]
    fn stay_silent(&mut self, key: Key, generation: u32, silence: u32) {
        if self.rpcs.is_current(key, generation) && self.rpcs[key].state == State::Incoming {
            self.rpcs[key].silent_ticks = silence;
        }
    }

    fn count_received(&mut self, packet: &Packet) {
        self.metrics.packets_rcvd[packet.packet_type().index()] += 1;
    }

    fn handle_without_rpc(&mut self, socket: SocketId, from: PeerId, packet: &Packet) {
        let answer = packet.header().answer();
        match packet {
            Packet::Cutoffs(cutoffs) => self.cutoffs_packet(from, cutoffs),
            Packet::NeedAck(_) => self.send_acks(socket, from, answer),
            Packet::Ack(ack) => self.ack_entries(socket, from, ack),
            Packet::Resend(_) => {
                self.peer(from);
                self.send_control(socket, from, Packet::RpcUnknown(answer));
            }
            Packet::Grant(_) if !answer.sender_id.is_client() => return,
            _ => {
                self.metrics.unknown_rpcs += 1;
                return;
            }
        }
        self.count_received(packet);
    }

    fn handle_for_rpc(&mut self, key: Key, socket: SocketId, from: PeerId, packet: &Packet) -> Option<Placement> {
        match packet {
            Packet::Data(data) => return self.data_packet(key, from, data),
            Packet::Grant(grant) => self.grant_packet(key, grant),
            Packet::Resend(resend) => self.resend_packet(key, resend),
            Packet::RpcUnknown(_) => self.rpc_unknown_packet(key),
            Packet::Busy(_) => {}
            Packet::Cutoffs(cutoffs) => self.cutoffs_packet(from, cutoffs),
            Packet::NeedAck(header) => self.need_ack_packet(key, socket, from, header),
            Packet::Ack(ack) => {
                self.end_rpc(key);
                self.ack_entries(socket, from, ack);
            }
            Packet::Freeze(_) => unreachable!("FREEZE is consumed before any lookup"),
        }
        None
    }

    /// Spec 3.6.1.
    fn find_or_create_server_rpc(&mut self, socket: SocketId, id: RpcId, from: PeerId, data: &Data) -> Option<Key> {
        if let Some(key) = self.rpcs.server_of_port(socket, id, from, data.header.sport) {
            return Some(key);
        }
        let acceptable = data.message_length <= crate::MAX_MESSAGE_LENGTH
            && (data.message_length > 0 || self.config.quirks.zero_length_accepted)
            && self.sockets[socket.index()].pool.is_some()
            && !matches!(self.peers.route(from), Some(Route::Unreachable(_)));
        if !acceptable || self.is_finished(socket, id, from) {
            // The kernel makes the peer first, whatever becomes of the message.
            self.peer(from);
            return None;
        }
        let key = self.new_rpc(Name { socket, id, peer: from, dport: data.header.sport });
        self.begin_incoming(key, data);
        self.metrics.server_requests_started += 1;
        self.metrics.server_request_bytes_started += u64::from(data.message_length);
        if data.offset == 0 && self.rpcs[key].has_buffers() {
            // A reader hears of it here, even if the payload is then discarded.
            self.rpcs[key].msgin.packets_ready = true;
            self.hand_off(key);
        }
        Some(key)
    }

    /// Spec 3.6.2.
    fn data_packet(&mut self, key: Key, from: PeerId, data: &Data) -> Option<Placement> {
        let placement = self.data_payload(key, data);
        if let Some(ack) = data.ack {
            self.process_ack(self.rpcs[key].socket, from, ack);
        }
        placement
    }

    fn data_payload(&mut self, key: Key, data: &Data) -> Option<Placement> {
        let rpc = &mut self.rpcs[key];
        match (rpc.is_client(), rpc.state) {
            (true, State::Outgoing) => {
                rpc.state = State::Incoming;
                self.begin_response(key, data)?;
            }
            (true, State::Incoming) | (false, State::Incoming) => {}
            _ => return None,
        }
        if !self.rpcs[key].has_buffers() {
            self.metrics.dropped_data_no_bufs += u64::from(data.length);
            return None;
        }
        if u32::from(data.cutoff_version) != self.config.sysctls.cutoff_version {
            self.maybe_send_cutoffs(key);
        }
        let unresolved = self.config.quirks.offset_needs_gro && !self.config.gro && data.form == OffsetForm::Sequence;
        let offset = if unresolved { UNRESOLVED_OFFSET } else { data.offset };
        self.add_payload(key, offset, data.length, data.retransmit)
    }

    /// Spec 6.4.
    ///
    /// They go to the RPC's peer, whoever sent the packet (D6 of spec part 14).
    fn maybe_send_cutoffs(&mut self, key: Key) {
        if self.config.version == Version::Stripped {
            return;
        }
        let interval = self.now.as_ps() / self.config.cutoffs_interval.as_ps();
        let to = self.rpcs[key].peer;
        let peer = self.peer(to);
        if peer.cutoffs_sent_in.replace(interval) == Some(interval) {
            return;
        }
        let sysctls = &self.config.sysctls;
        // The version is a counter of 16 bits, as on the wire.
        let (unsched_cutoffs, cutoff_version) = (sysctls.unsched_cutoffs, sysctls.cutoff_version as u16);
        let header = self.header(key);
        self.send_control(
            self.rpcs[key].socket,
            to,
            Packet::Cutoffs(Cutoffs { header, unsched_cutoffs, cutoff_version }),
        );
    }

    /// Spec 3.6.3.
    fn grant_packet(&mut self, key: Key, grant: &Grant) {
        let keep_levels = !self.config.quirks.fifo_level_sticks;
        let rpc = &mut self.rpcs[key];
        if rpc.state != State::Outgoing {
            return;
        }
        let length = rpc.out.length.expect("an RPC in OUTGOING has an outgoing message");
        let before = rpc.out.granted;
        // Offsets are signed in Linux: one beyond 2^31 is below everything.
        if i32::try_from(grant.offset).is_ok() && grant.offset > before {
            rpc.out.granted = grant.offset.min(length);
        }
        let grants_more = rpc.out.granted > before;
        if keep_levels && grants_more && before > rpc.out.unscheduled && rpc.out.next_xmit_offset < before {
            self.rpcs.keep_level_up_to(key, before);
        }
        if grants_more || !keep_levels {
            self.rpcs[key].out.sched_priority = grant.priority;
        }
        self.transmit(key, false);
    }

    /// Spec 3.6.7.
    fn cutoffs_packet(&mut self, from: PeerId, cutoffs: &Cutoffs) {
        self.peer(from).set_cutoffs(cutoffs.unsched_cutoffs, cutoffs.cutoff_version);
    }

    /// Spec 3.6.8.
    fn need_ack_packet(&mut self, key: Key, socket: SocketId, from: PeerId, header: &Header) {
        let rpc = &self.rpcs[key];
        // A message of illegal length was never begun, so nothing of it is missing.
        let complete = rpc.state == State::Incoming && rpc.bytes_remaining() == 0;
        if complete {
            self.send_acks(socket, from, header.answer());
            return;
        }
        // Without quirk Q7 a response that can't be taken has failed, and isn't asked for again.
        let refused = !self.config.quirks.unbuffered_response_hangs && rpc.error.is_some() && !rpc.msgin.started;
        if self.config.quirks.need_ack_resends && !refused {
            self.request_resends(key);
        }
    }

    /// Answers a NEED_ACK, together with what else is to be acknowledged to the peer.
    fn send_acks(&mut self, socket: SocketId, to: PeerId, header: Header) {
        let (entries, count) = self.peer(to).acks.take();
        self.send_control(socket, to, Packet::Ack(Ack::new(header, &entries[..count])));
    }

    fn ack_entries(&mut self, socket: SocketId, from: PeerId, ack: &Ack) {
        for entry in ack.entries() {
            self.process_ack(socket, from, entry);
        }
    }

    /// Ends the server RPC that the client at `from` is done with (spec 3.8.3).
    fn process_ack(&mut self, receiver: SocketId, from: PeerId, ack: AckEntry) {
        let socket = if self.sockets[receiver.index()].port == ack.server_port {
            receiver
        } else {
            let Some(&socket) = self.ports.get(&ack.server_port) else { return };
            socket
        };
        let id = ack.client_id.other_side();
        if id.is_client() {
            return;
        }
        if let Some(key) = self.rpcs.server(socket, id, from) {
            self.end_rpc(key);
        }
    }
}
