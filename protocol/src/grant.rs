//! Who may send: the receiver's grants (spec part 5).
//!
//! [`Grants`] holds the node-wide state: the active set with its windows, the queues of RPCs that wait for a slot, the
//! needy slots and the FIFO grants. It decides; the endpoint turns each [`Decision`] into a GRANT packet.

mod fifo;
mod queues;

use crate::metrics::Metrics;
use crate::peer::Peers;
use crate::rpc::{Key, Rpcs};
use crate::{PeerId, Quirks, Sysctls};
use alloc::vec::Vec;
use homa_units::{Duration, Priority, Time};

/// Slots of the active set: the cap of `max_overcommit`.
const SLOTS: usize = 8;

/// An RPC to be granted up to `offset`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Decision {
    pub(crate) rpc: Key,
    pub(crate) offset: u32,
    pub(crate) priority: Priority,
}

#[derive(Debug, Clone, Copy)]
struct Slot {
    rpc: Key,
    peer: PeerId,
    birth: Time,
    /// `bytes_remaining` when the RPC entered (quirk Q1: what Linux goes on comparing with).
    entered_with: u32,
}

/// What the decisions depend on besides the node-wide state.
pub(crate) struct Context<'a> {
    pub(crate) now: Time,
    pub(crate) rpcs: &'a mut Rpcs,
    pub(crate) peers: &'a mut Peers,
    pub(crate) sysctls: &'a Sysctls,
    pub(crate) quirks: &'a Quirks,
    pub(crate) metrics: &'a mut Metrics,
    pub(crate) decisions: &'a mut Vec<Decision>,
}

/// The receiver's node-wide state.
#[derive(Debug, Clone)]
pub(crate) struct Grants {
    slots: [Option<Slot>; SLOTS],
    num_active: usize,
    /// Slots whose RPC wanted a grant and didn't get all of it; bit i for slot i.
    needy: u8,
    /// Peers with queued RPCs, ordered by their first RPC.
    grantable_peers: Vec<PeerId>,
    total_incoming: u64,
    managed: usize,
    oldest: Option<Key>,
    fifo_grant_time: Time,
    windows: [u32; SLOTS + 1],
    /// The window of active RPCs: of `windows`, as they were when `num_active` last changed.
    cur_window: u32,
    fifo_interval: Duration,
}

impl Grants {
    pub(crate) fn new(sysctls: &Sysctls) -> Self {
        Self {
            slots: [None; SLOTS],
            num_active: 0,
            needy: 0,
            grantable_peers: Vec::new(),
            total_incoming: 0,
            managed: 0,
            oldest: None,
            fifo_grant_time: Time::ZERO,
            windows: sysctls.windows(),
            cur_window: sysctls.windows()[0],
            fifo_interval: sysctls.fifo_grant_interval(),
        }
    }

    /// Recomputes what depends on sysctls of the group "grant".
    pub(crate) fn reconfigure(&mut self, sysctls: &Sysctls) {
        self.windows = sysctls.windows();
        self.reconfigure_fifo(sysctls);
    }

    /// Recomputes the interval of FIFO grants alone.
    pub(crate) fn reconfigure_fifo(&mut self, sysctls: &Sysctls) {
        self.fifo_interval = sysctls.fifo_grant_interval();
    }

    /// Replaces what the clock says about the next FIFO grant.
    pub(crate) fn set_fifo_due(&mut self, due: bool) {
        self.fifo_grant_time = if due { Time::ZERO } else { Time::from_ps(u64::MAX) };
    }

    /// Hashes everything but instants.
    pub(crate) fn fingerprint(&self, hasher: &mut impl core::hash::Hasher) {
        use core::hash::Hash;
        for slot in self.slots.iter().flatten() {
            (slot.rpc, slot.entered_with).hash(hasher);
        }
        for peer in &self.grantable_peers {
            peer.index().hash(hasher);
        }
        (self.needy, self.total_incoming, self.oldest).hash(hasher);
    }

    /// Σ `rec_incoming` over grantable RPCs: bytes granted and not received.
    pub(crate) fn total_incoming(&self) -> u64 {
        self.total_incoming
    }

    /// Occupied slots.
    pub(crate) fn num_active(&self) -> usize {
        self.num_active
    }

    /// RPCs in slots and queues.
    pub(crate) fn managed(&self) -> usize {
        self.managed
    }

    /// How far an active RPC is granted beyond what has arrived.
    fn window(&self, ctx: &Context<'_>) -> u32 {
        if ctx.quirks.late_window { self.cur_window } else { self.windows[self.num_active] }
    }

    /// Sets how many slots are occupied. The kernel's window follows the sysctls only now (N1 of spec part 14).
    fn set_num_active(&mut self, num_active: usize) {
        self.num_active = num_active;
        self.cur_window = self.windows[num_active];
    }

    /// The grant procedure of spec 5.4, run after each batch of packets of an RPC.
    pub(crate) fn check(&mut self, ctx: &mut Context<'_>, rpc: Key) {
        assert!(ctx.rpcs[rpc].msgin.grantable, "others don't take part (spec 5.2)");
        ctx.metrics.grant_check_calls += 1;
        if ctx.rpcs[rpc].bytes_remaining() == 0 {
            self.unmanage(ctx, rpc);
        } else if ctx.rpcs[rpc].msgin.managed || ctx.rpcs[rpc].has_buffers() {
            if !ctx.rpcs[rpc].msgin.managed {
                self.manage(ctx, rpc);
            }
            self.update_incoming(ctx, rpc);
            if ctx.rpcs[rpc].msgin.slot.is_some() {
                self.try_grant(ctx, rpc, true);
            }
        }
        self.serve_needy(ctx);
    }

    /// Takes an RPC that ends out of everything (spec 5.6); it may have been grantable or not.
    pub(crate) fn end(&mut self, ctx: &mut Context<'_>, rpc: Key) {
        if !ctx.rpcs[rpc].msgin.grantable {
            return;
        }
        self.unmanage(ctx, rpc);
        if !ctx.quirks.needy_unserved_at_end {
            self.serve_needy(ctx);
        }
    }

    /// Without quirk `dead_senders_stop_grants`: takes an RPC out that nothing has come of for long. With its next packet
    /// it enters anew.
    pub(crate) fn set_aside(&mut self, ctx: &mut Context<'_>, rpc: Key) {
        self.unmanage(ctx, rpc);
        ctx.rpcs[rpc].msgin.grantable = true;
        self.serve_needy(ctx);
    }

    fn update_incoming(&mut self, ctx: &mut Context<'_>, key: Key) {
        let rpc = &mut ctx.rpcs[key];
        let incoming = rpc.msgin.granted.saturating_sub_unsigned(rpc.received()).max(0).unsigned_abs();
        let before = core::mem::replace(&mut rpc.msgin.rec_incoming, incoming);
        if incoming == before {
            return;
        }
        self.total_incoming = self.total_incoming + u64::from(incoming) - u64::from(before);
        self.note_peak(ctx);
        if ctx.rpcs[key].msgin.slot.is_none() {
            self.try_promote(ctx, key);
        }
    }

    fn note_peak(&self, ctx: &mut Context<'_>) {
        ctx.metrics.peak_total_incoming = ctx.metrics.peak_total_incoming.max(self.total_incoming);
    }

    /// Grants the active RPC `key` what its window and the headroom allow (spec 5.4.1).
    fn try_grant(&mut self, ctx: &mut Context<'_>, key: Key, check_needy: bool) {
        let rpc = &ctx.rpcs[key];
        let slot = usize::from(rpc.msgin.slot.expect("only active RPCs get ordinary grants"));
        let lags = ctx.quirks.grants_lag_behind;
        let before = if lags { rpc.msgin.granted } else { rpc.msgin.granted.max(rpc.received() as i32) };
        let granted = i64::from(before);
        let window_end = i64::from(rpc.received()) + i64::from(self.window(ctx));
        if window_end <= granted {
            return;
        }
        // A message has fewer bytes than 2^31, and what was granted may be negative by as many.
        let wanted = (window_end.min(rpc.msgin.assembly.length().into()) - granted).unsigned_abs() as u32;
        if wanted == 0 && !ctx.quirks.redundant_grants {
            return;
        }
        let headroom = u64::from(ctx.sysctls.max_incoming).saturating_sub(self.total_incoming);
        if headroom == 0 || (check_needy && self.needy != 0) {
            self.needy |= 1 << slot;
            return;
        }
        let delta = u32::try_from(headroom).map_or(wanted, |headroom| wanted.min(headroom));
        let rpc = &mut ctx.rpcs[key];
        rpc.msgin.granted = before.saturating_add_unsigned(delta);
        rpc.msgin.rec_incoming += delta;
        // Only a message that was granted less than nothing can still be below 0.
        let offset = rpc.msgin.granted as u32;
        self.total_incoming += u64::from(delta);
        self.note_peak(ctx);
        ctx.metrics.redundant_grants += u64::from(delta == 0);
        let priority = ctx.sysctls.grant_level(self.rank(ctx, key), self.num_active);
        ctx.decisions.push(Decision { rpc: key, offset, priority });
        self.check_fifo(ctx);
        if delta < wanted {
            // A FIFO grant may have displaced the RPC from its slot.
            if let Some(slot) = ctx.rpcs[key].msgin.slot {
                self.needy |= 1 << slot;
            }
        }
    }

    /// How many other active RPCs come before `key`.
    fn rank(&self, ctx: &Context<'_>, key: Key) -> usize {
        let rpc = &ctx.rpcs[key];
        let (remaining, birth) = (rpc.bytes_remaining(), rpc.msgin.birth);
        let older = |slot: &Slot| {
            if ctx.quirks.truncated_birth { slot_is_older_truncated(slot.birth, birth) } else { slot.birth < birth }
        };
        self.slots
            .iter()
            .flatten()
            .filter(|slot| slot.rpc != key)
            .filter(|slot| {
                let other = remaining_in(ctx, slot);
                other < remaining || (other == remaining && older(slot))
            })
            .count()
    }

    /// Gives what headroom there is to RPCs that wanted more before (spec 5.4.2).
    fn serve_needy(&mut self, ctx: &mut Context<'_>) {
        while self.needy != 0 && self.total_incoming < u64::from(ctx.sysctls.max_incoming) {
            let (index, slot) = self
                .slots
                .iter()
                .enumerate()
                .filter(|(index, _)| self.needy & (1 << index) != 0)
                .map(|(index, slot)| (index, slot.expect("a needy slot holds an RPC")))
                .min_by_key(|(_, slot)| (remaining_in(ctx, slot), slot.birth))
                .expect("some slot is needy");
            self.needy &= !(1 << index);
            ctx.metrics.needy_grants += 1;
            self.try_grant(ctx, slot.rpc, false);
        }
    }

    /// Panics if the books don't balance.
    pub(crate) fn audit(&self, rpcs: &Rpcs, peers: &Peers, all: impl Iterator<Item = Key>) {
        let mut total = 0;
        let mut managed = 0;
        for key in all {
            let msgin = &rpcs[key].msgin;
            assert!(msgin.grantable || msgin.rec_incoming == 0, "only grantable RPCs count as incoming");
            total += u64::from(msgin.rec_incoming);
            managed += usize::from(msgin.managed);
            if let Some(slot) = msgin.slot {
                assert!(msgin.managed, "an active RPC is managed");
                assert_eq!(self.slots[usize::from(slot)].map(|slot| slot.rpc), Some(key), "slots and RPCs agree");
            }
        }
        assert_eq!(total, self.total_incoming, "total_incoming is the sum over RPCs");
        assert_eq!(managed, self.managed, "managed RPCs are counted");
        let active = self.slots.iter().flatten().count();
        assert_eq!(active, self.num_active, "occupied slots are counted");
        let queued: usize = self.grantable_peers.iter().map(|peer| peers.get(*peer).grantable_rpcs.len()).sum();
        assert_eq!(active + queued, managed, "a managed RPC is in a slot or in a queue");
        for (index, slot) in self.slots.iter().enumerate() {
            assert!(slot.is_some() || self.needy & (1 << index) == 0, "an empty slot isn't needy");
        }
    }
}

/// What counts as remaining for the RPC in a slot.
fn remaining_in(ctx: &Context<'_>, slot: &Slot) -> u32 {
    if ctx.quirks.stale_remaining { slot.entered_with } else { ctx.rpcs[slot.rpc].bytes_remaining() }
}

/// Quirk Q3: Linux holds the birth of the RPC that is ranked in a 32-bit signed number of ns.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the truncation is the quirk")]
fn slot_is_older_truncated(other: Time, ranked: Time) -> bool {
    const PS_PER_NS: u64 = 1000;
    let truncated = i64::from((ranked.as_ps() / PS_PER_NS) as i32) as u64;
    other.as_ps() / PS_PER_NS < truncated
}
