//! When packets leave: the transmit procedure and the four transmit modes (spec part 7).

use super::{Endpoint, homa_bytes};
use crate::config::{Offsets, TransmitMode};
use crate::output::{ForeignPacket, Outgoing, Transmit};
use crate::qdisc::{HomaUnit, Verdict};
use crate::rpc::Key;
use crate::wire::{self, Family, Version};
use crate::{Data, Header, OffsetForm, Packet, PeerId, Replicated, SocketId, Sysctls};
use homa_units::{Priority, Time};

/// Pull mode: among how many retransmissions a repeated request is looked for.
const RECENT_RETRANSMISSIONS: usize = 16;

/// A packet that only has to be fetched, and the RPC that must not be freed before.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Queued {
    outgoing: Outgoing,
    rpc: Option<Key>,
}

/// A part of a message to transmit again, one packet at a time.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Retransmission {
    pub(crate) rpc: Key,
    /// Start of the next segment.
    pub(crate) next: u32,
    pub(crate) end: u32,
    pub(crate) priority: Priority,
}

impl Endpoint {
    /// The header of a packet of this RPC.
    pub(crate) fn header(&self, key: Key) -> Header {
        let rpc = &self.rpcs[key];
        Header { sport: self.sockets[rpc.socket.index()].port, dport: rpc.dport, sender_id: rpc.id }
    }

    /// Sends a packet other than DATA, on the top level.
    pub(crate) fn send_control(&mut self, socket: SocketId, to: PeerId, packet: Packet) {
        let level = self.config.sysctls.control_level();
        let transmit = self.address(socket, to, packet, level, 0, 0);
        if self.config.transmit == TransmitMode::Qdisc {
            let frame_bytes = transmit.frame_bytes(self.config.version);
            self.offer_to_qdisc(None, &transmit, frame_bytes);
        } else {
            self.out.push_back(Queued { outgoing: Outgoing::Homa(transmit), rpc: None });
        }
    }

    /// Completes a packet by what its socket and its level say, and counts it.
    fn address(
        &mut self,
        socket: SocketId,
        to: PeerId,
        packet: Packet,
        level: Priority,
        tag: u64,
        segment_bytes: u32,
    ) -> Transmit {
        let (mut family, hijack) = (self.sockets[socket.index()].family, self.sockets[socket.index()].hijack);
        if family == Family::V6 && self.peers.is_v4(to) {
            family = Family::V4;
        }
        self.metrics.packets_sent[packet.packet_type().index()] += 1;
        self.metrics.priority_packets[level.index()] += 1;
        self.metrics.priority_bytes[level.index()] += homa_bytes(&packet);
        let priority = match self.config.version {
            Version::Linux => Priority::new(self.config.sysctls.priority_map[level.index()]),
            Version::Stripped => Priority::LOWEST,
        };
        Transmit { to, priority, packet, tag, socket, segment_bytes, family, hijack }
    }

    /// The transmit procedure for one RPC (spec 7.1).
    pub(crate) fn transmit(&mut self, key: Key, forced: bool) {
        let mut forced = forced;
        while self.rpcs[key].can_transmit() {
            if self.config.transmit == TransmitMode::Pull {
                let rpc = &self.rpcs[key];
                self.srpt.set(key, rpc.bytes_left(), rpc.out.init_time, key);
                return;
            }
            if self.config.transmit == TransmitMode::OldPacer && !self.pacer_lets_pass(key, forced) {
                let rpc = &self.rpcs[key];
                self.metrics.throttle_list_adds += u64::from(!self.pacer.is_throttled(key));
                let rpcs = &self.rpcs;
                self.pacer.throttle(key, rpc.bytes_left(), rpc.out.init_time, |other| rpcs[other].bytes_left());
                return;
            }
            let unit = self.next_unit(key);
            if forced {
                let bytes = u64::from(unit.frame_bytes(self.config.version));
                self.metrics.pacer_homa_packets += 1;
                self.metrics.pacer_homa_bytes += bytes;
                self.metrics.pacer_fifo_bytes += if self.pacer.chose_oldest() { bytes } else { 0 };
            }
            self.hand_out(key, unit);
            forced = false;
        }
    }

    fn pacer_lets_pass(&mut self, key: Key, forced: bool) -> bool {
        let rpc = &self.rpcs[key];
        if rpc.bytes_left() <= self.config.sysctls.defer_min_bytes {
            return true;
        }
        let unit = self.unit_at(key, rpc.out.next_xmit_offset);
        let bytes = self.pacer_bytes(key, unit.end - unit.start);
        self.pacer.nic_check(self.now, bytes, forced, self.config.sysctls.flags & Sysctls::DONT_THROTTLE != 0)
    }

    fn pacer_bytes(&self, key: Key, data_bytes: u32) -> u32 {
        let rpc = &self.rpcs[key];
        let geometry = rpc.out.geometry.expect("a message has a geometry");
        let family = self.sockets[rpc.socket.index()].family;
        wire::pacer_bytes(data_bytes, geometry.segment_count(data_bytes), family)
    }

    pub(crate) fn unit_at(&self, key: Key, offset: u32) -> core::ops::Range<u32> {
        let out = &self.rpcs[key].out;
        let geometry = out.geometry.expect("a message has a geometry");
        geometry.unit_at(offset, out.length.expect("only messages are cut into units"), out.unscheduled)
    }

    /// Takes the next unit of the outgoing message.
    pub(super) fn next_unit(&mut self, key: Key) -> Transmit {
        let unit = self.unit_at(key, self.rpcs[key].out.next_xmit_offset);
        let level = self.unit_level(key);
        let rpc = &mut self.rpcs[key];
        rpc.out.next_xmit_offset = unit.end;
        let incoming = rpc.out.unscheduled;
        let geometry = rpc.out.geometry.expect("a message has a geometry");
        let one_packet = unit.end - unit.start <= geometry.max_seg_data();
        let socket = &self.sockets[rpc.socket.index()];
        let form = match (self.config.offsets, self.config.version) {
            (Offsets::Linux, Version::Linux) => OffsetForm::Sequence,
            _ => OffsetForm::Both,
        };
        let replicated = if one_packet || socket.hijack { Replicated::Whole } else { Replicated::AllButSegmentHeader };
        let data = self.data(key, unit, incoming, false, form, replicated);
        self.count_sent(key, data.length, self.rpcs[key].bytes_left() == 0);
        let rpc = &self.rpcs[key];
        self.address(rpc.socket, rpc.peer, Packet::Data(data), level, rpc.out.tag, geometry.max_seg_data())
    }

    /// A DATA packet of these bytes, or a unit of several.
    pub(crate) fn data(
        &self,
        key: Key,
        bytes: core::ops::Range<u32>,
        incoming: u32,
        retransmit: bool,
        form: OffsetForm,
        replicated: Replicated,
    ) -> Data {
        let rpc = &self.rpcs[key];
        Data {
            header: self.header(key),
            message_length: rpc.out.length.expect("only messages are transmitted"),
            incoming,
            ack: self.ack_of_unit(key, bytes.start),
            cutoff_version: self.peers.known(rpc.peer).map_or(0, |peer| peer.cutoff_version),
            retransmit,
            offset: bytes.start,
            length: bytes.end - bytes.start,
            form,
            replicated,
        }
    }

    /// The ack that travels in the unit to which the byte at `offset` belongs.
    fn ack_of_unit(&self, key: Key, offset: u32) -> Option<crate::AckEntry> {
        let out = &self.rpcs[key].out;
        // Acks fill the first units; most messages have none.
        if out.ack_count == 0 {
            return None;
        }
        let unit_bytes = out.geometry.expect("a message has a geometry").max_gso_data();
        let index = if offset < out.unscheduled {
            offset / unit_bytes
        } else {
            out.unscheduled.div_ceil(unit_bytes) + (offset - out.unscheduled) / unit_bytes
        };
        self.rpcs.ack(key, index as usize)
    }

    /// The level of the next unit (spec 7.1 step 3).
    fn unit_level(&mut self, key: Key) -> Priority {
        let out = &self.rpcs[key].out;
        if out.next_xmit_offset >= out.unscheduled {
            return self.rpcs.scheduled_level(key);
        }
        self.unscheduled_level(key)
    }

    /// The level of a message's unscheduled bytes (spec 6.3).
    pub(crate) fn unscheduled_level(&mut self, key: Key) -> Priority {
        let (peer, length) = (self.rpcs[key].peer, self.rpcs[key].out.length.unwrap_or(0));
        let cutoffs = self.peer(peer).unsched_cutoffs;
        self.config.sysctls.unscheduled_level(&cutoffs, length)
    }

    /// Gives a DATA unit to what is below the transport.
    fn hand_out(&mut self, key: Key, unit: Transmit) {
        if self.config.transmit == TransmitMode::Qdisc {
            let frame_bytes = unit.frame_bytes(self.config.version);
            self.offer_to_qdisc(Some(key), &unit, frame_bytes);
        } else {
            self.push_out(Queued { outgoing: Outgoing::Homa(unit), rpc: Some(key) });
        }
    }

    fn push_out(&mut self, queued: Queued) {
        if let Some(rpc) = queued.rpc {
            self.rpcs[rpc].out.queued += 1;
        }
        self.out.push_back(queued);
    }

    fn offer_to_qdisc(&mut self, rpc: Option<Key>, transmit: &Transmit, frame_bytes: u32) {
        let queued = Queued { outgoing: Outgoing::Homa(*transmit), rpc };
        let unit = match (&transmit.packet, rpc) {
            (Packet::Data(data), Some(key)) => HomaUnit {
                key,
                init_time: self.rpcs[key].out.init_time,
                is_data: true,
                message_length: data.message_length,
                unit_offset: data.offset,
                unit_bytes: data.length,
                packet_len: frame_bytes,
            },
            _ => HomaUnit {
                key: 0,
                init_time: self.now,
                is_data: false,
                message_length: 0,
                unit_offset: 0,
                unit_bytes: 0,
                packet_len: frame_bytes,
            },
        };
        if self.qdisc.enqueue_homa(self.now, &unit, queued) == Verdict::Pass {
            self.qdisc.nic_accept(frame_bytes);
            self.push_out(queued);
        }
    }

    /// Hands a packet of another protocol to the queueing discipline that Homa shares with it (spec 7.4).
    ///
    /// It comes out of [`poll_outgoing`](Self::poll_outgoing); in transmit modes other than
    /// [`TransmitMode::Qdisc`] in the order of arrival.
    pub fn enqueue_foreign(&mut self, now: Time, packet: ForeignPacket) {
        self.advance(now);
        let queued = Queued { outgoing: Outgoing::Foreign(packet), rpc: None };
        let ForeignPacket { queue, frame_bytes, may_overtake, .. } = packet;
        let passes = self.config.transmit != TransmitMode::Qdisc
            || self.qdisc.enqueue_other(now, queue, frame_bytes, may_overtake, queued) == Verdict::Pass;
        if passes {
            self.qdisc.nic_accept(frame_bytes);
            self.push_out(queued);
        }
        self.run_pacer();
    }

    /// Lets the pacer send what it may (spec 7.3, 7.4.4).
    #[inline]
    pub(crate) fn run_pacer(&mut self) {
        // In pull mode nothing is paced; each packet asks.
        if matches!(self.config.transmit, TransmitMode::OldPacer | TransmitMode::Qdisc) {
            self.run_some_pacer();
        }
    }

    #[inline(never)]
    fn run_some_pacer(&mut self) {
        match self.config.transmit {
            TransmitMode::Pull | TransmitMode::Immediate => {}
            TransmitMode::OldPacer => {
                while let Some(key) = self.pacer.select(self.now) {
                    self.transmit(key, true);
                    if !self.rpcs[key].can_transmit() {
                        self.pacer.remove(key);
                    }
                }
            }
            TransmitMode::Qdisc => {
                while let Some(queued) = self.qdisc.poll(self.now) {
                    let frame_bytes = match &queued.outgoing {
                        Outgoing::Homa(transmit) => transmit.frame_bytes(self.config.version),
                        Outgoing::Foreign(packet) => packet.frame_bytes,
                    };
                    self.qdisc.nic_accept(frame_bytes);
                    self.push_out(queued);
                }
                self.qdisc.count(&mut self.metrics);
            }
        }
    }

    /// Offset up to which the outgoing message has really left (spec 3.1).
    pub(crate) fn tx_end(&self, key: Key) -> u32 {
        let out = &self.rpcs[key].out;
        let length = out.length.unwrap_or(0);
        match self.config.transmit {
            TransmitMode::Qdisc => self.qdisc.deferred_tx_left(key).map_or(out.next_xmit_offset, |left| length - left),
            _ => out.next_xmit_offset,
        }
    }

    /// As [`poll_transmit`](Self::poll_transmit), where packets of other protocols share the NIC.
    #[must_use]
    pub fn poll_outgoing(&mut self, now: Time) -> Option<Outgoing> {
        self.advance(now);
        if let Some(queued) = self.out.pop_front() {
            if let Some(key) = queued.rpc {
                self.rpcs[key].out.queued -= 1;
                self.reap_if_dead(key);
            }
            return Some(queued.outgoing);
        }
        if self.config.transmit != TransmitMode::Pull {
            return None;
        }
        if let Some(packet) = self.next_retransmission() {
            return Some(Outgoing::Homa(packet));
        }
        let key = self.srpt.first()?;
        let unit = self.next_unit(key);
        if self.rpcs[key].can_transmit() {
            let rpc = &self.rpcs[key];
            self.srpt.set(key, rpc.bytes_left(), rpc.out.init_time, key);
        } else {
            self.srpt.remove_first();
        }
        Some(Outgoing::Homa(unit))
    }

    /// The next packet of what was asked for again.
    fn next_retransmission(&mut self) -> Option<Transmit> {
        let Retransmission { rpc, next, end, priority } = *self.retransmissions.front()?;
        let segment = self.segment_around(rpc, next);
        if segment.end < end {
            self.retransmissions.front_mut().expect("it was just looked at").next = segment.end;
        } else {
            self.retransmissions.pop_front();
            self.rpcs[rpc].out.wanted -= 1;
        }
        Some(self.retransmitted(rpc, segment, end, priority))
    }

    /// The segment of the outgoing message that contains the byte at `offset`.
    fn segment_around(&self, key: Key, offset: u32) -> core::ops::Range<u32> {
        let out = &self.rpcs[key].out;
        let geometry = out.geometry.expect("a message has a geometry");
        let unit_start = self.unit_start(key, offset);
        let unit = self.unit_at(key, unit_start);
        let start = unit_start + (offset - unit_start) / geometry.max_seg_data() * geometry.max_seg_data();
        start..unit.end.min(start.saturating_add(geometry.max_seg_data()))
    }

    fn retransmitted(&mut self, key: Key, segment: core::ops::Range<u32>, end: u32, level: Priority) -> Transmit {
        let rpc = &self.rpcs[key];
        let geometry = rpc.out.geometry.expect("a message has a geometry");
        let hijack = self.sockets[rpc.socket.index()].hijack;
        // The header is a copy of the unit's, so it tells whether the unit has several segments.
        let unit = self.unit_at(key, self.unit_start(key, segment.start));
        let whole = hijack || unit.end - unit.start <= geometry.max_seg_data();
        let replicated = if whole { Replicated::Whole } else { Replicated::AllButSegmentHeader };
        let data = self.data(key, segment, end, true, OffsetForm::Both, replicated);
        self.metrics.resent_packets += 1;
        let rpc = &self.rpcs[key];
        self.address(rpc.socket, rpc.peer, Packet::Data(data), level, rpc.out.tag, geometry.max_seg_data())
    }

    fn unit_start(&self, key: Key, offset: u32) -> u32 {
        let out = &self.rpcs[key].out;
        let unit_bytes = out.geometry.expect("a message has a geometry").max_gso_data();
        let base = if offset < out.unscheduled { 0 } else { out.unscheduled };
        base + (offset - base) / unit_bytes * unit_bytes
    }

    /// Without quirk `endless_retransmissions`: whether as many packets of the message wait as it has.
    fn waits_enough(&self, key: Key) -> bool {
        if self.config.quirks.endless_retransmissions {
            return false;
        }
        let out = &self.rpcs[key].out;
        let geometry = out.geometry.expect("a message has a geometry");
        let waiting = out.queued + out.wanted + self.qdisc.deferred_units(key);
        waiting >= geometry.segment_count(out.length.unwrap_or(0))
    }

    /// Transmits the segments of `[start, end)` again (spec 3.7).
    pub(crate) fn retransmit(&mut self, key: Key, start: u32, end: u32, priority: Priority) {
        if end <= start || self.waits_enough(key) {
            return;
        }
        if self.config.transmit == TransmitMode::Pull {
            let covers = |wanted: &Retransmission| wanted.rpc == key && wanted.next <= start && end <= wanted.end;
            // Repeated requests, while the first waits, would put the same packets before all new data again and again.
            // A look at the last few finds them; a longer one could be made to cost more than the packets.
            let mut recent = self.retransmissions.iter().rev().take(RECENT_RETRANSMISSIONS);
            if self.rpcs[key].out.wanted == 0 || !recent.any(covers) {
                self.rpcs[key].out.wanted += 1;
                self.retransmissions.push_back(Retransmission { rpc: key, next: start, end, priority });
            }
            return;
        }
        let mut at = start;
        while at < end {
            let segment = self.segment_around(key, at);
            at = segment.end;
            if self.config.transmit == TransmitMode::OldPacer {
                let bytes = self.pacer_bytes(key, segment.end - segment.start);
                self.pacer.nic_check(self.now, bytes, true, false);
            }
            let packet = self.retransmitted(key, segment, end, priority);
            self.hand_out(key, packet);
        }
    }
}
