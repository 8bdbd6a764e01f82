//! `homa_qdisc`: pacing and sender-side SRPT below IP, for Homa and other traffic of one NIC (spec 7.4).
//!
//! Linux also runs its pacer when packets arrive, in case the pacer's thread is late, and yields after five packets. A
//! driver that polls at [`Qdisc::wake_time`] and after NIC completions needs neither.

mod lists;

use crate::MAX_MESSAGE_LENGTH;
use crate::wire::ETH_FRAME_OVERHEAD_BYTES;
use alloc::vec::Vec;
use core::cmp::Reverse;
use core::hash::BuildHasherDefault;
use hashbrown::HashMap;
use homa_units::{Duration, Time};
use lists::{List, Lists};
use priority_queue::PriorityQueue;
use rustc_hash::FxHasher;

#[cfg(test)]
mod tests;

/// What the link carries besides the bytes that Linux counts (spec 2.9).
const FRAME_OVERHEAD: u64 = ETH_FRAME_OVERHEAD_BYTES as u64;
/// `tx_left` of an RPC that was never deferred: the longest message.
const NEVER_DEFERRED: u32 = MAX_MESSAGE_LENGTH;

type Hasher = BuildHasherDefault<FxHasher>;

/// What the qdisc can be told. Values outside the ranges of 7.4.1 count as the nearest one inside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct QdiscParams {
    /// Speed of the NIC in 10⁶ bit/s: the device's, or sysctl `link_mbps`; at least 1.
    pub(crate) link_mbps: u32,
    /// How far ahead of the link packets may be handed to the NIC (sysctl `max_nic_est_backlog_usecs`).
    pub(crate) backlog: Duration,
    /// How many microseconds' worth of bytes the NIC may hold (sysctl `max_nic_queue_usecs`). `None` is for NICs that
    /// always run at line rate: the driver then needn't report what the NIC accepts and completes.
    pub(crate) max_nic_queue_usecs: Option<u32>,
    /// Thousandths of the deferred bytes that are sent oldest first (sysctl `pacer_fifo_fraction`); 0 to 1000.
    pub(crate) fifo_fraction: u32,
    /// Messages, and other packets, shorter than this many bytes are not deferred (sysctl `defer_min_bytes`).
    pub(crate) defer_min_bytes: u32,
    /// Homa's per cent of the bytes while other packets are deferred as well (sysctl `homa_share`); 0 to 100.
    pub(crate) homa_share: u32,
    /// The pace in per cent of the NIC's speed (sysctl `max_link_usage`); 5 to 100.
    pub(crate) max_link_usage: u32,
    /// Whether the account of oldest-first bytes is kept with products of 32 bits (quirk `fifo_weight_wraps`).
    pub(crate) weight_wraps: bool,
}

/// [`QdiscParams`] in the form in which they are used.
#[derive(Debug, Clone)]
struct Settings {
    /// C of 7.4.1.
    ns_per_mebibyte: u64,
    backlog: Duration,
    max_nic_queue_bytes: Option<u64>,
    /// w of 7.4.1: SRPT bytes for 1024 FIFO bytes; `None` if nothing is sent oldest first.
    fifo_weight: Option<i64>,
    defer_min_bytes: u32,
    homa_share: i64,
    /// Quirk `fifo_weight_wraps`.
    weight_wraps: bool,
}

impl Settings {
    fn new(params: &QdiscParams) -> Self {
        let mbps = u64::from(params.link_mbps.max(1));
        let usage = u64::from(params.max_link_usage.clamp(5, 100));
        let fraction = i64::from(params.fifo_fraction.min(1000));
        Self {
            ns_per_mebibyte: ((8 * 1_000_000) << 20) / (10 * usage * mbps),
            backlog: params.backlog,
            max_nic_queue_bytes: params.max_nic_queue_usecs.map(|usecs| u64::from(usecs) * mbps / 8),
            fifo_weight: (fraction > 0).then(|| ((1000 - fraction) << 10) / fraction),
            defer_min_bytes: params.defer_min_bytes,
            homa_share: params.homa_share.min(100).into(),
            weight_wraps: params.weight_wraps,
        }
    }

    /// How many bytes go shortest first for a packet of this length that went oldest first.
    fn weighted(&self, packet_len: u32, weight: i64) -> i64 {
        if self.weight_wraps {
            return i64::from(packet_len.wrapping_mul(weight as u32) >> 10);
        }
        (i64::from(packet_len) * weight) >> 10
    }

    /// How long the link is busy with a packet, in whole nanoseconds as in Linux.
    fn link_time(&self, packet_len: u32) -> Duration {
        let ns = (u128::from(self.ns_per_mebibyte) * u128::from(u64::from(packet_len) + FRAME_OVERHEAD)) >> 20;
        Duration::from_ns(u64::try_from(ns).expect("at most nine days, at 2³² bytes and 50 kbit/s"))
    }
}

/// A packet of Homa's that arrives.
#[derive(Debug, Clone, Copy)]
pub(crate) struct HomaUnit {
    /// Its RPC.
    pub(crate) key: u32,
    /// When the RPC's outgoing message was created.
    pub(crate) init_time: Time,
    /// Whether it is DATA; for all others the three fields of the message mean nothing.
    pub(crate) is_data: bool,
    /// Bytes of the whole message.
    pub(crate) message_length: u32,
    /// Where its payload begins in the message.
    pub(crate) unit_offset: u32,
    /// Bytes of payload.
    pub(crate) unit_bytes: u32,
    /// Its length as Linux counts it for the qdisc (spec 2.9), in bytes.
    pub(crate) packet_len: u32,
}

/// What becomes of an arriving packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// The caller hands it to the NIC now.
    Pass,
    /// The qdisc keeps it until [`Qdisc::poll`] gives it back.
    Deferred,
}

/// What the qdisc has done so far; bytes are packet lengths as Linux counts them (spec 11.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct QdiscCounters {
    /// Homa packets sent by the pacer.
    pub(crate) pacer_homa_packets: u64,
    /// Their bytes.
    pub(crate) pacer_homa_bytes: u64,
    /// Those of their bytes that were sent oldest first.
    pub(crate) pacer_fifo_bytes: u64,
    /// Other packets sent by the pacer.
    pub(crate) pacer_tcp_packets: u64,
    /// Their bytes.
    pub(crate) pacer_tcp_bytes: u64,
    /// Other packets that arrived.
    pub(crate) qdisc_tcp_packets: u64,
}

/// A deferred packet.
#[derive(Debug, Clone, Copy)]
struct Deferred<P> {
    packet: P,
    packet_len: u32,
    /// How many bytes its message has after it; 0 for other traffic.
    left_after: u32,
}

/// What is known of an RPC from its first deferred unit until it is flushed.
#[derive(Debug, Clone, Copy)]
struct Rpc {
    units: List,
    /// How many units are deferred.
    unit_count: u32,
    /// Bytes of the message not yet sent, as far as units were deferred; never grows, even if old units are sent again.
    tx_left: u32,
    init_time: Time,
}

/// The packets of one NIC that wait for the link. `P` is what the caller knows a packet by.
#[derive(Debug, Clone)]
pub(crate) struct Qdisc<P> {
    settings: Settings,
    link_idle_time: Time,
    total_nic_queue: u64,
    srpt_bytes: i64,
    homa_credit: i64,
    lists: Lists<Deferred<P>>,
    rpcs: HashMap<u32, Rpc, Hasher>,
    /// RPCs with deferred units in the order of 7.4.3, the key last because the order has to be total.
    order: PriorityQueue<u32, Reverse<(u32, Time, u32)>, Hasher>,
    /// The same RPCs, oldest first.
    oldest: PriorityQueue<u32, Reverse<(Time, u32)>, Hasher>,
    /// Deferred packets of other traffic, by queue.
    queues: Vec<List>,
    other_deferred: usize,
    /// Queues with deferred packets in the order in which they came to have some, whatever their numbers.
    turns: Vec<u16>,
    /// Whose turn is next, as a place in `turns`. Queues that are added later come after the last, not behind this one.
    next_turn: usize,
    pub(crate) counters: QdiscCounters,
}

impl<P: Copy> Qdisc<P> {
    /// A qdisc with nothing deferred, for a NIC that is idle.
    pub(crate) fn new(params: &QdiscParams) -> Self {
        Self {
            settings: Settings::new(params),
            link_idle_time: Time::ZERO,
            total_nic_queue: 0,
            srpt_bytes: 0,
            homa_credit: 0,
            lists: Lists::new(),
            rpcs: HashMap::default(),
            order: PriorityQueue::default(),
            oldest: PriorityQueue::default(),
            queues: Vec::new(),
            other_deferred: 0,
            turns: Vec::new(),
            next_turn: 0,
            counters: QdiscCounters::default(),
        }
    }

    /// Writes what it has done into the endpoint's counters.
    pub(crate) const fn count(&self, metrics: &mut crate::Metrics) {
        let counters = &self.counters;
        metrics.pacer_homa_packets = counters.pacer_homa_packets;
        metrics.pacer_homa_bytes = counters.pacer_homa_bytes;
        metrics.pacer_fifo_bytes = counters.pacer_fifo_bytes;
        metrics.pacer_tcp_packets = counters.pacer_tcp_packets;
        metrics.pacer_tcp_bytes = counters.pacer_tcp_bytes;
        metrics.qdisc_tcp_packets = counters.qdisc_tcp_packets;
    }

    /// Applies new parameters to everything from now on; the balance between shortest and oldest begins anew.
    pub(crate) fn reconfigure(&mut self, params: &QdiscParams) {
        self.settings = Settings::new(params);
        self.srpt_bytes = 0;
    }

    /// A packet of Homa's arrives (spec 7.4.2).
    ///
    /// # Panics
    /// If the payload isn't inside the message.
    pub(crate) fn enqueue_homa(&mut self, now: Time, unit: &HomaUnit, packet: P) -> Verdict {
        if !unit.is_data || unit.message_length < self.settings.defer_min_bytes {
            self.count_on_link(now, unit.packet_len);
            return Verdict::Pass;
        }
        if self.passes(now, unit.packet_len) {
            return Verdict::Pass;
        }
        let left_after = unit.message_length.checked_sub(unit.unit_offset).and_then(|l| l.checked_sub(unit.unit_bytes));
        let left_after = left_after.expect("the payload is inside the message");
        let new = Rpc { units: List::default(), unit_count: 0, tx_left: NEVER_DEFERRED, init_time: unit.init_time };
        let rpc = self.rpcs.entry(unit.key).or_insert(new);
        if rpc.units.is_empty() {
            rpc.tx_left = rpc.tx_left.min(unit.message_length - unit.unit_offset);
            self.order.push(unit.key, Reverse((rpc.tx_left, rpc.init_time, unit.key)));
            self.oldest.push(unit.key, Reverse((rpc.init_time, unit.key)));
        }
        self.lists.push(&mut rpc.units, Deferred { packet, packet_len: unit.packet_len, left_after });
        rpc.unit_count += 1;
        Verdict::Deferred
    }

    /// A packet of other traffic arrives for the NIC's queue `queue` (spec 7.4.2).
    ///
    /// `may_overtake`: no deferred packet of the queue has to stay before it.
    pub(crate) fn enqueue_other(
        &mut self,
        now: Time,
        queue: u16,
        packet_len: u32,
        may_overtake: bool,
        packet: P,
    ) -> Verdict {
        self.counters.qdisc_tcp_packets += 1;
        let index = usize::from(queue);
        let in_order = may_overtake || self.queues.get(index).is_none_or(List::is_empty);
        if packet_len < self.settings.defer_min_bytes && in_order {
            self.count_on_link(now, packet_len);
            return Verdict::Pass;
        }
        if self.passes(now, packet_len) {
            return Verdict::Pass;
        }
        if self.queues.len() <= index {
            self.queues.resize(index + 1, List::default());
        }
        if self.queues[index].is_empty() {
            self.turns.push(queue);
        }
        self.lists.push(&mut self.queues[index], Deferred { packet, packet_len, left_after: 0 });
        self.other_deferred += 1;
        Verdict::Deferred
    }

    /// The next packet for the NIC; `None` if none is deferred or the link or the NIC isn't ready for one (spec 7.4.4).
    pub(crate) fn poll(&mut self, now: Time) -> Option<P> {
        if !self.has_deferred() || self.link_idle_time > now + self.settings.backlog || self.nic_is_full() {
            return None;
        }
        if self.other_deferred == 0 {
            self.homa_credit = 1;
        } else if self.order.is_empty() {
            self.homa_credit = 0;
        }
        let sent = if self.homa_credit > 0 {
            let sent = self.take_homa();
            self.homa_credit -= i64::from(sent.packet_len) * (100 - self.settings.homa_share);
            sent
        } else {
            let sent = self.take_other();
            self.homa_credit += i64::from(sent.packet_len) * self.settings.homa_share;
            sent
        };
        self.count_on_link(now, sent.packet_len);
        Some(sent.packet)
    }

    /// When the link is ready for the next deferred packet; `None` if there is none or only the NIC can make it ready.
    ///
    /// That instant may be in the past. Ask again after [`Self::nic_complete`].
    pub(crate) fn wake_time(&self) -> Option<Time> {
        let at = self.link_idle_time.as_ps().saturating_sub(self.settings.backlog.as_ps());
        (self.has_deferred() && !self.nic_is_full()).then(|| Time::from_ps(at))
    }

    /// Whether any packet is deferred.
    pub(crate) fn has_deferred(&self) -> bool {
        !self.order.is_empty() || self.other_deferred > 0
    }

    /// The NIC got a packet of `packet_len` bytes.
    pub(crate) fn nic_accept(&mut self, packet_len: u32) {
        self.total_nic_queue += u64::from(packet_len);
    }

    /// The NIC has transmitted packets of `bytes` bytes. More than it got is as much as it got.
    pub(crate) const fn nic_complete(&mut self, bytes: u64) {
        self.total_nic_queue = self.total_nic_queue.saturating_sub(bytes);
    }

    /// Bytes of the RPC's message that have not really left; `None` if no unit of it is deferred (spec 3.1, tx_end).
    pub(crate) fn deferred_tx_left(&self, key: u32) -> Option<u32> {
        self.rpcs.get(&key).filter(|rpc| !rpc.units.is_empty()).map(|rpc| rpc.tx_left)
    }

    /// How many units of the RPC are deferred.
    pub(crate) fn deferred_units(&self, key: u32) -> u32 {
        self.rpcs.get(&key).map_or(0, |rpc| rpc.unit_count)
    }

    /// Discards what is deferred of a dead RPC, and all knowledge of it; tells how many units those were.
    ///
    /// Every RPC has to be flushed at its end, even if nothing of it is deferred, because its key can come again.
    pub(crate) fn flush(&mut self, key: u32) -> usize {
        let Some(mut rpc) = self.rpcs.remove(&key) else { return 0 };
        self.order.remove(&key);
        self.oldest.remove(&key);
        core::iter::from_fn(|| self.lists.pop(&mut rpc.units)).count()
    }

    fn nic_is_full(&self) -> bool {
        self.settings.max_nic_queue_bytes.is_some_and(|most| self.total_nic_queue > most)
    }

    /// Whether a packet goes to the NIC at once because nothing is in its way; if so its time is counted.
    fn passes(&mut self, now: Time, packet_len: u32) -> bool {
        let passes = !self.nic_is_full() && !self.has_deferred() && self.link_idle_time <= now + self.settings.backlog;
        if passes {
            self.count_on_link(now, packet_len);
        }
        passes
    }

    fn count_on_link(&mut self, now: Time, packet_len: u32) {
        // Absurdly long packets of other traffic on the slowest link stop at the end of time.
        let idle = now.max(self.link_idle_time).as_ps();
        self.link_idle_time = Time::from_ps(idle.saturating_add(self.settings.link_time(packet_len).as_ps()));
    }

    fn take_homa(&mut self) -> Deferred<P> {
        let fifo_weight = self.settings.fifo_weight.filter(|_| self.srpt_bytes <= 0);
        let key = match fifo_weight {
            Some(_) => self.oldest.peek().map(|(key, _)| *key),
            None => self.order.peek().map(|(key, _)| *key),
        };
        let key = key.expect("an RPC has deferred units");
        let rpc = self.rpcs.get_mut(&key).expect("an RPC in the order is known");
        let sent = self.lists.pop(&mut rpc.units).expect("an RPC in the order has deferred units");
        rpc.unit_count -= 1;
        rpc.tx_left = rpc.tx_left.min(sent.left_after);
        if rpc.units.is_empty() {
            self.order.remove(&key);
            self.oldest.remove(&key);
        } else {
            self.order.change_priority(&key, Reverse((rpc.tx_left, rpc.init_time, key)));
        }
        let bytes = i64::from(sent.packet_len);
        match fifo_weight {
            Some(weight) => {
                self.srpt_bytes += self.settings.weighted(sent.packet_len, weight);
                self.counters.pacer_fifo_bytes += u64::from(sent.packet_len);
            }
            None => self.srpt_bytes -= bytes,
        }
        self.counters.pacer_homa_packets += 1;
        self.counters.pacer_homa_bytes += u64::from(sent.packet_len);
        sent
    }

    fn take_other(&mut self) -> Deferred<P> {
        let turn = self.next_turn;
        let list = &mut self.queues[usize::from(self.turns[turn])];
        let sent = self.lists.pop(list).expect("a queue that has a turn has deferred packets");
        if list.is_empty() {
            self.turns.remove(turn);
        } else {
            self.next_turn += 1;
        }
        if self.next_turn >= self.turns.len() {
            self.next_turn = 0;
        }
        self.other_deferred -= 1;
        self.counters.pacer_tcp_packets += 1;
        self.counters.pacer_tcp_bytes += u64::from(sent.packet_len);
        sent
    }
}
