//! How RPCs begin and end, and how the application hears of it (spec 3.2, 3.10, 3.11, 4.5).

use super::Endpoint;
use crate::config::TransmitMode;
use crate::errno::Errno;
use crate::output::Event;
use crate::pool::BpageOffsets;
use crate::rpc::{Key, Name, State};
use crate::{FailedRpc, PeerId, RpcId, SocketId};
use homa_units::Time;

/// Without quirk Q18: how many finished server RPCs a socket remembers.
const FINISHED_REMEMBERED: usize = 1024;
/// Without quirk Q18: for how many times `timeout_ticks` of a millisecond. No client repeats its request for longer, and
/// one that has started anew may use its identifiers again.
const TIMEOUTS_REMEMBERED: u64 = 2;
/// So many entries of RPCs that have ended may be on a list of ready RPCs besides as many as there are live ones.
const STALE_READY_ENTRIES: usize = 16;

const PS_PER_MS: u64 = 1_000_000_000;

impl Endpoint {
    pub(crate) fn new_rpc(&mut self, name: Name) -> Key {
        let key = self.rpcs.insert(name, self.now);
        let socket = &mut self.sockets[name.socket.index()];
        let older = socket.youngest.replace(key);
        socket.num_rpcs += 1;
        match older {
            Some(older) => self.rpcs[older].younger = Some(key),
            None => socket.oldest = Some(key),
        }
        self.rpcs[key].older = older;
        self.peer(name.peer).live_rpcs += 1;
        self.schedule_tick();
        key
    }

    fn unlink(&mut self, key: Key) {
        let (older, younger) = (self.rpcs[key].older, self.rpcs[key].younger);
        let socket = &mut self.sockets[self.rpcs[key].socket.index()];
        socket.num_rpcs -= 1;
        match older {
            Some(older) => self.rpcs[older].younger = younger,
            None => socket.oldest = younger,
        }
        match younger {
            Some(younger) => self.rpcs[younger].older = older,
            None => socket.youngest = older,
        }
    }

    /// Ends an RPC (spec 3.10): it is gone for everybody but the packets of it that wait to be fetched.
    pub(crate) fn end_rpc(&mut self, key: Key) {
        self.count_given_up(key);
        self.with_grants(|grants, context| grants.end(context, key));
        self.pacer.remove(key);
        self.srpt.remove(key);
        if self.rpcs[key].out.wanted > 0 {
            self.retransmissions.retain(|wanted| wanted.rpc != key);
        }
        if self.config.transmit == TransmitMode::Qdisc && self.config.reaps_at_once {
            self.qdisc.flush(key);
        }
        self.unlink(key);
        let rpc = &self.rpcs[key];
        let (id, id_socket, peer) = (rpc.id, rpc.socket, rpc.peer);
        let socket = &mut self.sockets[id_socket.index()];
        if rpc.ready {
            socket.ready_count -= 1;
        }
        let clean_up = socket.ready.len() > 2 * socket.ready_count + STALE_READY_ENTRIES;
        if rpc.stalled {
            socket.stalled.retain(|other| *other != key);
        }
        if !id.is_client() && rpc.state == State::Outgoing && !self.config.quirks.no_memory_of_finished_rpcs {
            if socket.finished.len() == FINISHED_REMEMBERED {
                socket.finished.pop_front();
            }
            socket.finished.push_back((id, peer, self.now));
        }
        if let Some(waiting) = socket.private_waits.iter().position(|waiting| *waiting == id) {
            socket.private_waits.swap_remove(waiting);
            // Ending an RPC stores this error for whoever waits for it (spec 10.2).
            let (cookie, port) = (rpc.cookie, rpc.dport);
            let failed = FailedRpc { rpc: id, cookie, peer, port, error: Errno::EINVAL };
            self.event(Event::WaitFailed { socket: id_socket, failed });
        }
        self.peers.get_mut(peer).live_rpcs -= 1;
        self.rpcs.hide(key);
        if clean_up {
            let rpcs = &self.rpcs;
            self.sockets[id_socket.index()].ready.retain(|(key, generation)| rpcs.is_current(*key, *generation));
        }
        self.schedule_tick();
        self.reap_if_dead(key);
    }

    /// Frees an RPC that has ended and of which no packet waits to be fetched.
    pub(crate) fn reap_if_dead(&mut self, key: Key) {
        let rpc = &mut self.rpcs[key];
        if rpc.state != State::Dead || rpc.out.queued > 0 {
            return;
        }
        if self.config.transmit == TransmitMode::Qdisc && !self.config.reaps_at_once {
            if self.qdisc.deferred_tx_left(key).is_some() {
                return;
            }
            self.qdisc.flush(key);
        }
        let rpc = &self.rpcs[key];
        let (id, tag, length) = (rpc.socket, rpc.out.tag, rpc.out.length);
        let bpages = self.rpcs.take_bpages(key);
        self.rpcs.free(key);
        let socket = &mut self.sockets[id.index()];
        if let Some(length) = length {
            let was_writable = socket.is_writable();
            socket.wmem -= u64::from(length);
            let is_writable = socket.is_writable();
            self.event(Event::Released { tag });
            if is_writable && !was_writable {
                self.event(Event::Writable { socket: id });
            }
        }
        if !bpages.as_slice().is_empty() {
            let pool = self.sockets[id.index()].pool.as_mut().expect("buffers come from a region");
            // An application that returns a bpage more often than it got it can have returned this one.
            let _ = pool.give_back(bpages.as_slice());
        }
        // Here the kernel's reaper has run, which looks for messages without buffers.
        self.check_stalled(id);
    }

    /// Without quirk Q18: whether the request was executed and answered before, so that this is a late duplicate.
    pub(super) fn is_finished(&self, socket: SocketId, id: RpcId, peer: PeerId) -> bool {
        if self.config.quirks.no_memory_of_finished_rpcs {
            return false;
        }
        let ms = u64::from(self.config.sysctls.timeout_ticks).saturating_mul(TIMEOUTS_REMEMBERED);
        let span_ps = ms.saturating_mul(PS_PER_MS);
        let recent = |at: Time| self.now.since(at).as_ps() < span_ps;
        let mut finished = self.sockets[socket.index()].finished.iter().rev().take_while(|(_, _, at)| recent(*at));
        finished.any(|(finished, of, _)| (*finished, *of) == (id, peer))
    }

    /// Gives an RPC up (spec 3.11): a server's disappears, a client's is handed to a reader with the error.
    pub(crate) fn abort_rpc(&mut self, key: Key, error: Errno) {
        if !self.rpcs[key].is_client() {
            self.metrics.server_rpc_discards += 1;
            self.end_rpc(key);
            return;
        }
        let rpc = &mut self.rpcs[key];
        // As in the kernel a later error replaces one that nobody has taken yet; only the first is an event.
        if rpc.error.replace(error).is_none() {
            let event = Event::RpcFailed { socket: rpc.socket, rpc: rpc.id, error, private: rpc.private };
            self.event(event);
        }
        self.hand_off(key);
    }

    /// Tells a reader that there is something to look at (spec 4.5).
    pub(super) fn hand_off(&mut self, key: Key) {
        let rpc = &mut self.rpcs[key];
        let (id, socket) = (rpc.id, rpc.socket);
        if rpc.private {
            let waits = &mut self.sockets[socket.index()].private_waits;
            if let Some(waiting) = waits.iter().position(|waiting| *waiting == id) {
                waits.swap_remove(waiting);
                self.wake(socket, Some(id), None);
            }
            return;
        }
        if rpc.ready {
            return;
        }
        let generation = rpc.generation;
        let owner = &mut self.sockets[socket.index()];
        if owner.shared_waits > 0 {
            // The reader has it, and nobody else hears of it.
            owner.shared_waits -= 1;
            owner.handed.push_back((key, generation));
            self.wake(socket, None, None);
            return;
        }
        rpc.ready = true;
        owner.ready.push_back((key, generation));
        owner.ready_count += 1;
        self.event(Event::Readable { socket });
    }

    /// Lets a reader that blocks look again.
    pub(crate) fn wake(&mut self, socket: SocketId, waiting_for: Option<RpcId>, error: Option<Errno>) {
        self.sockets[socket.index()].returning += 1;
        self.event(Event::Wake { socket, waiting_for, error });
    }

    pub(super) fn message_complete(&mut self, key: Key) {
        let rpc = &self.rpcs[key];
        if rpc.error.is_none() {
            let event =
                Event::MessageComplete { socket: rpc.socket, peer: rpc.peer, rpc: rpc.id, private: rpc.private };
            self.event(event);
        }
    }

    /// Counts bytes of an outgoing message that were handed out, or never will be.
    #[inline]
    pub(super) fn count_sent(&mut self, key: Key, bytes: u32, is_last: bool) {
        let metrics = &mut self.metrics;
        let (all_bytes, messages) = match self.rpcs[key].is_client() {
            true => (&mut metrics.client_request_bytes_done, &mut metrics.client_requests_done),
            false => (&mut metrics.server_response_bytes_done, &mut metrics.server_responses_done),
        };
        *all_bytes += u64::from(bytes);
        *messages += u64::from(is_last);
    }

    /// Counts bytes of an incoming message that have arrived, or never will.
    #[inline]
    pub(super) fn count_received_bytes(&mut self, key: Key, bytes: u32, is_last: bool) {
        let metrics = &mut self.metrics;
        let (all_bytes, messages) = match self.rpcs[key].is_client() {
            true => (&mut metrics.client_response_bytes_done, &mut metrics.client_responses_done),
            false => (&mut metrics.server_request_bytes_done, &mut metrics.server_requests_done),
        };
        *all_bytes += u64::from(bytes);
        *messages += u64::from(is_last);
    }

    /// Counts what an ending RPC will never transmit or receive.
    fn count_given_up(&mut self, key: Key) {
        let left = self.rpcs[key].bytes_left();
        if left > 0 {
            self.count_sent(key, left, true);
        }
        let missing = self.rpcs[key].bytes_remaining();
        if missing > 0 {
            self.count_received_bytes(key, missing, true);
        }
    }

    /// Takes the buffers of a complete message for the application.
    pub(crate) fn take_buffers(&mut self, key: Key) -> BpageOffsets {
        self.rpcs.take_bpages(key)
    }
}
