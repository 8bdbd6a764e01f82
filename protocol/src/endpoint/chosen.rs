//! For drivers that know better than the core what happens next, or what happened before they began: a replay of recorded
//! packets is one.

use super::Endpoint;
use crate::config::TransmitMode;
use crate::output::{Outgoing, Transmit};
use crate::rpc::Key;
use crate::{AckEntry, PeerId, RpcId, SocketId};
use core::hash::{Hash, Hasher};
use homa_units::Time;
use rustc_hash::FxHasher;

impl Endpoint {
    /// The next packet that the protocol owes: everything but first transmissions of messages in mode
    /// [`TransmitMode::Pull`], where [`poll_transmit_of`](Self::poll_transmit_of) gives those.
    ///
    /// # Panics
    /// If a packet given to [`enqueue_foreign`](Self::enqueue_foreign) is next.
    #[must_use]
    pub fn poll_owed(&mut self, now: Time) -> Option<Transmit> {
        if self.out.is_empty() && self.retransmissions.is_empty() {
            return None;
        }
        match self.poll_outgoing(now)? {
            Outgoing::Homa(transmit) => Some(transmit),
            Outgoing::Foreign(_) => panic!("a driver that enqueues foreign packets fetches them too"),
        }
    }

    /// In mode [`TransmitMode::Pull`]: the next unit of the outgoing message of one RPC, instead of the message that
    /// [`poll_transmit`](Self::poll_transmit) would choose; `None` if it may not send now, and in the other modes.
    ///
    /// `peer` is the other side; only a server's RPC needs it to be named.
    #[must_use]
    pub fn poll_transmit_of(&mut self, now: Time, socket: SocketId, rpc: RpcId, peer: PeerId) -> Option<Transmit> {
        self.advance(now);
        if self.config.transmit != TransmitMode::Pull {
            return None;
        }
        let key = self.known(socket, rpc, peer).filter(|key| self.rpcs[*key].can_transmit())?;
        let unit = self.next_unit(key);
        if self.rpcs[key].can_transmit() {
            let rpc = &self.rpcs[key];
            self.srpt.set(key, rpc.bytes_left(), rpc.out.init_time, key);
        } else {
            self.srpt.remove(key);
        }
        Some(unit)
    }

    /// Whether the outgoing message of an RPC has a unit that may leave now.
    #[must_use]
    pub fn can_transmit(&self, socket: SocketId, rpc: RpcId, peer: PeerId) -> bool {
        self.known(socket, rpc, peer).is_some_and(|key| self.rpcs[key].can_transmit())
    }

    fn known(&self, socket: SocketId, rpc: RpcId, peer: PeerId) -> Option<Key> {
        if rpc.is_client() { self.rpcs.client(socket, rpc) } else { self.rpcs.server(socket, rpc, peer) }
    }

    /// Adds an ack that waits for a packet to `peer`, as if the response of that RPC had just been received: part of the
    /// state at the start of a driver that takes over from another.
    ///
    /// `false`, and no effect, if five are waiting already.
    pub fn add_pending_ack(&mut self, peer: PeerId, entry: AckEntry) -> bool {
        let acks = &mut self.peer(peer).acks;
        let has_room = !acks.is_full();
        if has_room {
            acks.push(entry);
        }
        has_room
    }

    /// Says whether a FIFO grant (spec 5.7) is due when next a grant is sent, instead of the clock.
    pub fn set_fifo_grant_due(&mut self, due: bool) {
        self.grants.set_fifo_due(due);
    }

    /// Says whether CUTOFFS may be sent to `peer`, instead of the clock (spec 6.4): whether none were sent in the interval
    /// of [`Config::cutoffs_interval`](crate::Config::cutoffs_interval) in which `now` is.
    pub fn set_cutoffs_due(&mut self, peer: PeerId, now: Time, due: bool) {
        let interval = now.as_ps() / self.config.cutoffs_interval.as_ps();
        self.peer(peer).cutoffs_sent_in = if due { None } else { Some(interval) };
    }

    /// A number that is the same for endpoints that behave alike from now on, apart from how long ago things happened.
    ///
    /// A search over courses of events recognises by it that it has been here before.
    #[must_use]
    pub fn fingerprint(&self) -> u64 {
        let mut hasher = FxHasher::default();
        for socket in &self.sockets {
            (socket.is_shut_down, socket.num_rpcs, socket.stalled.len()).hash(&mut hasher);
            for key in self.rpcs_of(socket) {
                self.hash_rpc(key, &mut hasher);
            }
        }
        for peer in self.peers.iter() {
            (peer.cutoff_version, peer.unsched_cutoffs, peer.active_rpcs).hash(&mut hasher);
            let (entries, count) = peer.acks.clone().take();
            for entry in &entries[..count] {
                (entry.client_id.get(), entry.server_port.get()).hash(&mut hasher);
            }
            peer.grantable_rpcs.hash(&mut hasher);
        }
        self.grants.fingerprint(&mut hasher);
        (self.next_id, self.config.sysctls.cutoff_version).hash(&mut hasher);
        hasher.finish()
    }

    fn hash_rpc(&self, key: Key, hasher: &mut FxHasher) {
        let rpc = &self.rpcs[key];
        (rpc.id.get(), rpc.state as u8, rpc.error.is_some(), rpc.silent_ticks).hash(hasher);
        let waited = if rpc.done_timer_ticks == 0 { 0 } else { 1 + self.timer_ticks - rpc.done_timer_ticks };
        waited.hash(hasher);
        let out = &rpc.out;
        (out.length, out.granted, out.next_xmit_offset, out.sched_priority.get()).hash(hasher);
        for unit in 0..usize::from(out.ack_count) {
            self.rpcs.ack(key, unit).map(|entry| entry.client_id.get()).hash(hasher);
        }
        let msgin = &rpc.msgin;
        (msgin.started, msgin.granted, msgin.rec_incoming, rpc.has_buffers()).hash(hasher);
        if msgin.started {
            (msgin.assembly.bytes_remaining(), msgin.assembly.recv_end()).hash(hasher);
            for gap in msgin.assembly.gaps() {
                (gap.start, gap.end).hash(hasher);
            }
        }
    }
}
