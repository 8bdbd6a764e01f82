//! What the endpoint waits for, and what it does at each tick of the protocol timer (spec part 8).

use super::Endpoint;
use crate::config::TransmitMode;
use crate::errno::Errno;
use crate::peer::GcLimits;
use crate::rpc::{Key, State};
use crate::wire::Version;
use crate::{Packet, ResendRange};
use homa_units::{Duration, Time};

const PS_PER_S: u64 = 1_000_000_000_000;

/// What an endpoint waits for: [`Endpoint::poll_timeout`] is the earliest deadline of all timers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Timer {
    /// When to run the protocol timer: it asks for packets that are missing, and ends RPCs that are
    /// silent for too long (spec part 8). Runs while there are RPCs, unless the driver ticks
    /// ([`Ticks::External`](crate::Ticks::External)).
    Tick,
    /// When to let Linux's pacing send the next packet. Runs while packets are held back until some
    /// time: by the pacer inside the transport in [`TransmitMode::OldPacer`] (spec 7.3), by
    /// `homa_qdisc` below IP in [`TransmitMode::Qdisc`] (spec 7.4.4).
    Pacer,
}

impl Timer {
    /// All timers.
    pub const ALL: [Self; 2] = [Self::Tick, Self::Pacer];
}

/// What a tick finds out about an RPC.
enum Verdict {
    /// It isn't our turn to wait: the silence starts anew.
    NotSilent,
    /// The other side owes us something.
    Silent,
}

impl Endpoint {
    /// When [`handle_timeout`](Self::handle_timeout) wants to be called; `None` if nothing is to be
    /// timed.
    ///
    /// The instant may be in the past. It can change with every call that takes `now`.
    #[must_use]
    #[inline]
    pub fn poll_timeout(&self) -> Option<Time> {
        // Asked after each packet: one timer needs no list of all.
        match self.deadline(Timer::Pacer) {
            None => self.next_tick,
            Some(pacer) => Some(self.next_tick.map_or(pacer, |tick| tick.min(pacer))),
        }
    }

    /// The deadline of one timer; `None` if it doesn't run.
    #[must_use]
    #[inline]
    pub fn deadline(&self, timer: Timer) -> Option<Time> {
        match (timer, self.config.transmit) {
            (Timer::Tick, _) => self.next_tick,
            (Timer::Pacer, TransmitMode::OldPacer) => self.pacer.wake_time(),
            (Timer::Pacer, TransmitMode::Qdisc) => self.qdisc.wake_time(),
            (Timer::Pacer, TransmitMode::Pull | TransmitMode::Immediate) => None,
        }
    }

    pub(super) fn tick(&mut self) {
        self.timer_ticks += 1;
        self.next_tick = None;
        for socket in 0..self.sockets.len() {
            if self.sockets[socket].is_shut_down {
                continue;
            }
            let mut next = self.sockets[socket].oldest;
            while let Some(key) = next {
                // The RPC may end now.
                next = self.rpcs[key].younger;
                self.time_rpc(key);
            }
        }
        let sysctls = &self.config.sysctls;
        let seconds = |secs: u32| Duration::from_ps(u64::from(secs).saturating_mul(PS_PER_S));
        let limits = GcLimits {
            threshold: sysctls.peer_gc_threshold as usize,
            idle_min: seconds(sysctls.peer_idle_secs_min),
            idle_max: seconds(sysctls.peer_idle_secs_max),
            net_max: sysctls.peer_net_max as usize,
        };
        self.peers.collect(self.now, limits);
        self.schedule_tick();
    }

    fn time_rpc(&mut self, key: Key) {
        if self.rpcs[key].state == State::InService {
            self.rpcs[key].silent_ticks = 0;
            return;
        }
        self.rpcs[key].silent_ticks = self.rpcs[key].silent_ticks.saturating_add(1);
        let sent = self.tx_end(key);
        if !self.ask_for_ack(key, sent) {
            return;
        }
        if let Verdict::NotSilent = self.judge(key, sent) {
            self.rpcs[key].silent_ticks = 0;
            return;
        }
        let rpc = &self.rpcs[key];
        let sysctls = &self.config.sysctls;
        if rpc.silent_ticks < sysctls.resend_ticks {
            return;
        }
        if rpc.msgin.managed && !self.config.quirks.dead_senders_stop_grants {
            self.with_grants(|grants, context| grants.set_aside(context, key));
        }
        let rpc = &self.rpcs[key];
        let sysctls = &self.config.sysctls;
        if rpc.silent_ticks >= sysctls.timeout_ticks {
            if rpc.error.is_none() || self.config.quirks.repeated_timeouts {
                self.metrics.rpc_timeouts += 1;
                self.abort_rpc(key, Errno::ETIMEDOUT);
            }
            return;
        }
        // What waits for buffers can't be taken yet.
        if !rpc.stalled && (rpc.silent_ticks - sysctls.resend_ticks).is_multiple_of(sysctls.resend_interval) {
            if rpc.is_client() || rpc.state == State::Incoming {
                self.request_resends(key);
            } else {
                // Any packet of the request tells that the client is there, and an RPC_UNKNOWN that it isn't.
                let range = ResendRange::Bytes { offset: 0, length: 1 };
                self.send_resend(key, range, self.config.sysctls.control_level());
            }
        }
    }

    /// Rules 4 and 5.
    fn judge(&self, key: Key, sent: u32) -> Verdict {
        let rpc = &self.rpcs[key];
        let not_silent = match (rpc.state, rpc.is_client()) {
            (State::Incoming, _) => {
                let for_ever = self.config.quirks.stalled_messages_wait_for_ever;
                // The stripped version has no grants, and gives up even a complete request that nobody takes.
                let has_all_granted =
                    self.config.version == Version::Linux && rpc.received() as i32 >= rpc.msgin.granted;
                // What has got its buffers late is granted with its next packet, which may never come.
                let is_overlooked = !for_ever && rpc.msgin.grantable && !rpc.msgin.managed;
                let waits = !rpc.has_buffers() && (for_ever || !rpc.stalled);
                waits || has_all_granted && !is_overlooked
            }
            (_, false) => {
                let waits_for_grant = sent >= rpc.out.granted && Some(sent) != rpc.out.length;
                self.config.quirks.unsent_responses_wait_for_ever || !waits_for_grant
            }
            (_, true) => sent < rpc.out.granted,
        };
        if not_silent { Verdict::NotSilent } else { Verdict::Silent }
    }

    /// Rule 3: asks the client of a response that was sent completely whether it has arrived.
    /// `false`: the RPC has ended.
    fn ask_for_ack(&mut self, key: Key, sent: u32) -> bool {
        let rpc = &mut self.rpcs[key];
        if rpc.is_client() || rpc.state != State::Outgoing || rpc.out.length != Some(sent) {
            return true;
        }
        if rpc.done_timer_ticks == 0 {
            rpc.done_timer_ticks = self.timer_ticks;
            return true;
        }
        let waited = self.timer_ticks - rpc.done_timer_ticks;
        let first = u64::from(self.config.sysctls.request_ack_ticks);
        let due = if self.config.quirks.endless_need_acks {
            waited >= first
        } else {
            if waited >= u64::from(self.config.sysctls.timeout_ticks) {
                self.abort_rpc(key, Errno::ETIMEDOUT);
                return false;
            }
            // After the first, each after twice the time of the one before.
            waited == first.max(1).saturating_mul(1 << rpc.need_acks.min(32))
        };
        if due {
            rpc.need_acks += 1;
            let header = self.header(key);
            self.send_control(self.rpcs[key].socket, self.rpcs[key].peer, Packet::NeedAck(header));
        }
        true
    }
}
