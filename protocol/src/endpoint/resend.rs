//! Recovery: asking for what is missing, and answering such requests (spec 3.6.4, 3.6.5, 4.4).

use super::Endpoint;
use crate::rpc::{Key, State};
use crate::wire::Version;
use crate::{Packet, Resend, ResendRange};
use homa_units::Priority;

/// Without quirk `resend_for_each_gap`: for so many gaps of a message RESENDs are sent at a time.
const GAPS_AT_A_TIME: usize = 64;

/// Offsets are signed 32-bit numbers in Linux; one below 0 is as good as 0.
const fn not_negative(offset: u32) -> u32 {
    if offset > i32::MAX as u32 { 0 } else { offset }
}

impl Endpoint {
    /// Asks for everything that should have arrived and hasn't (spec 4.4).
    pub(super) fn request_resends(&mut self, key: Key) {
        let priority = self.config.sysctls.control_level();
        if !self.rpcs[key].msgin.started {
            self.send_resend(key, ResendRange::AllSent { offset: 0 }, priority);
            return;
        }
        let most = if self.config.quirks.resend_for_each_gap { usize::MAX } else { GAPS_AT_A_TIME };
        for index in 0..self.rpcs[key].msgin.assembly.gaps().len().min(most) {
            let gap = &self.rpcs[key].msgin.assembly.gaps()[index];
            let range = ResendRange::Bytes { offset: gap.start, length: gap.end - gap.start };
            self.send_resend(key, range, priority);
        }
        let msgin = &self.rpcs[key].msgin;
        let (granted, recv_end) = (msgin.granted.max(0).unsigned_abs(), msgin.assembly.recv_end());
        if granted > recv_end {
            let range = ResendRange::Bytes { offset: recv_end, length: granted - recv_end };
            self.send_resend(key, range, priority);
        }
    }

    pub(super) fn send_resend(&mut self, key: Key, range: ResendRange, priority: Priority) {
        let resend = Resend { header: self.header(key), range, priority };
        self.send_control(self.rpcs[key].socket, self.rpcs[key].peer, Packet::Resend(resend));
    }

    /// Answers a RESEND for a known RPC (spec 3.6.4 from step 2).
    pub(super) fn resend_packet(&mut self, key: Key, resend: &Resend) {
        let sent = self.tx_end(key);
        let rpc = &self.rpcs[key];
        if !rpc.is_client() && rpc.state != State::Outgoing {
            self.send_busy(key);
            return;
        }
        let length = rpc.out.length.expect("a client, and a server in OUTGOING, has an outgoing message");
        let (offset, end) = match resend.range {
            ResendRange::AllSent { offset } => (not_negative(offset), sent),
            ResendRange::Bytes { offset, length } => (not_negative(offset), not_negative(offset.wrapping_add(length))),
        };
        self.retransmit(key, offset, end.min(sent), resend.priority);
        let out = &mut self.rpcs[key].out;
        if end > out.granted && self.config.version == Version::Linux {
            out.granted = end.min(length);
            self.transmit(key, false);
        }
        if offset >= sent {
            self.send_busy(key);
        }
    }

    fn send_busy(&mut self, key: Key) {
        let header = self.header(key);
        self.send_control(self.rpcs[key].socket, self.rpcs[key].peer, Packet::Busy(header));
    }

    /// Spec 3.6.5.
    pub(super) fn rpc_unknown_packet(&mut self, key: Key) {
        let rpc = &self.rpcs[key];
        if !rpc.is_client() {
            self.metrics.server_rpcs_unknown += 1;
            self.end_rpc(key);
        } else if rpc.state == State::Outgoing {
            let priority = self.unscheduled_level(key);
            self.retransmit(key, 0, self.tx_end(key), priority);
        }
    }
}
