//! FIFO grants: a share of the link for the oldest message, however long it is (spec 5.7).

use super::{Context, Decision, Grants};
use crate::rpc::{Key, Rpcs};

impl Grants {
    /// Gives the oldest message an extra grant, if one is due.
    pub(super) fn check_fifo(&mut self, ctx: &mut Context<'_>) {
        if ctx.now < self.fifo_grant_time {
            return;
        }
        self.fifo_grant_time = ctx.now + self.fifo_interval;
        let increment = ctx.sysctls.fifo_grant_increment;
        if ctx.sysctls.grant_fifo_fraction == 0 || increment == 0 {
            return;
        }
        let limit = u64::from(self.window(ctx)) + 2 * u64::from(increment);
        self.oldest =
            self.oldest.filter(|oldest| deserves(ctx.rpcs, *oldest, limit)).or_else(|| self.find_oldest(ctx, limit));
        let Some(oldest) = self.oldest else { return };
        let rpc = &mut ctx.rpcs[oldest];
        let length = rpc.msgin.assembly.length() as i32;
        let granted = rpc.msgin.granted.saturating_add_unsigned(increment).min(length);
        ctx.metrics.fifo_grant_bytes += u64::from(granted.abs_diff(rpc.msgin.granted));
        rpc.msgin.granted = granted;
        self.update_incoming(ctx, oldest);
        let priority = ctx.sysctls.high_level();
        ctx.decisions.push(Decision { rpc: oldest, offset: granted as u32, priority });
    }

    /// The oldest managed RPC that can use a grant; queued ones first among equally old.
    fn find_oldest(&self, ctx: &Context<'_>, limit: u64) -> Option<Key> {
        let queued = self.grantable_peers.iter().flat_map(|peer| ctx.peers.get(*peer).grantable_rpcs.iter().copied());
        let active = self.slots.iter().flatten().map(|slot| slot.rpc);
        queued.chain(active).filter(|rpc| deserves(ctx.rpcs, *rpc, limit)).min_by_key(|rpc| ctx.rpcs[*rpc].msgin.birth)
    }
}

/// It has ungranted bytes, and isn't sitting on grants that it doesn't use.
fn deserves(rpcs: &Rpcs, rpc: Key, limit: u64) -> bool {
    let rpc = &rpcs[rpc];
    u64::from(rpc.msgin.rec_incoming) < limit && rpc.msgin.granted < rpc.msgin.assembly.length() as i32
}
