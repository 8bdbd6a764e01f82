//! Incoming messages and the buffers that they need (spec 4.1 to 4.3).

use super::Endpoint;
use crate::errno::Errno;
use crate::gaps::Added;
use crate::output::Placement;
use crate::pool::bpages_needed;
use crate::rpc::Key;
use crate::wire::Version;
use crate::{BpageOffsets, Data, ResendRange, SocketId};
use homa_units::Duration;

impl Endpoint {
    /// Begins the response of a client RPC with its first packet. `None`: it can't be taken.
    pub(super) fn begin_response(&mut self, key: Key, data: &Data) -> Option<()> {
        self.metrics.responses_received += 1;
        let error = if data.message_length > crate::MAX_MESSAGE_LENGTH {
            Errno::EINVAL
        } else if self.sockets[self.rpcs[key].socket.index()].pool.is_none() {
            // It hasn't begun, but its bytes are missing.
            self.rpcs[key].msgin.assembly.reset(data.message_length);
            Errno::ENOMEM
        } else if data.message_length == 0 && !self.config.quirks.zero_length_accepted {
            Errno::EINVAL
        } else {
            self.begin_incoming(key, data);
            self.metrics.client_responses_started += 1;
            self.metrics.client_response_bytes_started += u64::from(data.message_length);
            return Some(());
        };
        if !self.config.quirks.unbuffered_response_hangs {
            self.abort_rpc(key, error);
        }
        None
    }

    /// Prepares for the message whose first packet this is (spec 4.1). The socket has a region.
    pub(super) fn begin_incoming(&mut self, key: Key, data: &Data) {
        let length = data.message_length;
        let incoming = match i32::try_from(data.incoming) {
            Ok(incoming) => incoming,
            // Signed in Linux (D15 of spec part 14).
            Err(_) if self.config.quirks.signed_incoming => data.incoming as i32,
            Err(_) => i32::MAX,
        };
        let everything_comes = incoming >= length as i32 || self.config.version == Version::Stripped;
        let msgin = &mut self.rpcs[key].msgin;
        msgin.started = true;
        msgin.assembly.reset(length);
        msgin.birth = self.now;
        msgin.granted = if everything_comes { length as i32 } else { incoming };
        msgin.grantable = !everything_comes;
        self.metrics.count_message(length);
        if !self.rpcs[key].is_client() {
            self.metrics.requests_received += 1;
        }
        self.allocate_buffers(key);
    }

    /// Finds room for a message in its socket's region, or lets it wait for room (spec 4.3.4).
    fn allocate_buffers(&mut self, key: Key) {
        let length = self.rpcs[key].msgin.assembly.length();
        let id = self.rpcs[key].socket;
        let lease = Duration::from_us(u64::from(self.config.sysctls.bpage_lease_usecs));
        let pool = self.sockets[id.index()].pool.as_mut().expect("messages are taken only with a region");
        let reuses = pool.bpage_reuses;
        let mut bpages = BpageOffsets::default();
        let found = pool.allocate(self.now, self.core, lease, length, &mut bpages);
        self.metrics.bpage_reuses += pool.bpage_reuses - reuses;
        if found {
            self.rpcs.set_bpages(key, &bpages);
            return;
        }
        self.metrics.buffer_alloc_failures += 1;
        let waiting = &mut self.sockets[id.index()].stalled;
        let place = waiting.partition_point(|other| self.rpcs[*other].msgin.assembly.length() <= length);
        waiting.insert(place, key);
        self.rpcs[key].stalled = true;
    }

    /// Gives room to messages that wait for it, and asks their senders to begin (spec 4.3.6).
    pub(crate) fn check_stalled(&mut self, id: SocketId) {
        loop {
            let socket = &mut self.sockets[id.index()];
            let (Some(pool), Some(&first)) = (&socket.pool, socket.stalled.first()) else { return };
            if pool.free_bpages() < bpages_needed(self.rpcs[first].msgin.assembly.length()) {
                return;
            }
            socket.stalled.remove(0);
            self.rpcs[first].stalled = false;
            self.allocate_buffers(first);
            assert!(self.rpcs[first].has_buffers(), "a message fits where there are as many free bpages as it needs");
            if self.config.version == Version::Linux {
                let priority = self.config.sysctls.high_level();
                self.send_resend(first, ResendRange::AllSent { offset: 0 }, priority);
            }
        }
    }

    /// Enters payload into a message (spec 4.2), and tells a reader.
    pub(super) fn add_payload(&mut self, key: Key, offset: u32, length: u32, retransmit: bool) -> Option<Placement> {
        let msgin = &mut self.rpcs[key].msgin;
        match msgin.assembly.add(offset, length) {
            Added::Kept { new_gap } => {
                self.metrics.gaps_created += u64::from(new_gap);
                self.metrics.resent_packets_used += u64::from(retransmit);
            }
            Added::Discarded(_) => {
                self.metrics.resent_discards += u64::from(retransmit);
                self.metrics.packet_discards += u64::from(!retransmit);
                return None;
            }
        }
        let (bpages, socket) = (self.rpcs.bpages(key), self.rpcs[key].socket);
        self.rpcs[key].msgin.uncopied = true;
        if !core::mem::replace(&mut self.rpcs[key].msgin.packets_ready, true) {
            self.hand_off(key);
        }
        let is_complete = self.rpcs[key].is_complete();
        self.count_received_bytes(key, length, is_complete);
        if is_complete {
            self.message_complete(key);
        }
        Some(Placement { socket, bpages, start: offset, end: offset + length })
    }
}
