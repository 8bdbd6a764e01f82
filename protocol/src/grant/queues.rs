//! Slots and queues: which grantable RPCs are active (spec 5.3, 5.5, 5.6).

use super::{Context, Grants, Slot, remaining_in};
use crate::PeerId;
use crate::rpc::{Key, Rpcs};

/// Whether `a` goes before `b`: fewer bytes to come, then older (spec 5.3).
fn outranks(rpcs: &Rpcs, a: Key, b: Key) -> bool {
    let (a, b) = (&rpcs[a], &rpcs[b]);
    (a.bytes_remaining(), a.msgin.birth) < (b.bytes_remaining(), b.msgin.birth)
}

impl Grants {
    /// Enters a new grantable RPC (spec 5.5).
    pub(super) fn manage(&mut self, ctx: &mut Context<'_>, rpc: Key) {
        match self.find_victim(ctx, rpc) {
            Some(slot) => self.enter(ctx, slot, rpc),
            None => self.queue(ctx, rpc),
        }
        ctx.rpcs[rpc].msgin.managed = true;
        self.managed += 1;
        ctx.metrics.max_grantable_rpcs = ctx.metrics.max_grantable_rpcs.max(self.managed as u64);
    }

    /// The slot that `rpc` would take: an empty one, or that of the RPC with the weakest claim if `rpc`'s is stronger.
    fn find_victim(&self, ctx: &Context<'_>, rpc: Key) -> Option<usize> {
        let usable = usize::try_from(ctx.sysctls.max_overcommit).map_or(self.slots.len(), |n| n.min(self.slots.len()));
        if let Some(empty) = self.slots[..usable].iter().position(Option::is_none) {
            return Some(empty);
        }
        let new = &ctx.rpcs[rpc];
        let claim = |slot: &Slot| {
            let same_peer = u32::from(slot.peer == new.peer);
            (ctx.peers.get(slot.peer).active_rpcs + same_peer, remaining_in(ctx, slot), slot.birth)
        };
        let (index, (peer_rpcs, remaining, birth)) = self.slots[..usable]
            .iter()
            .enumerate()
            .map(|(i, slot)| (i, claim(slot.as_ref().expect("all are occupied"))))
            .max_by_key(|(index, claim)| (*claim, *index))?;
        let with_new = ctx.peers.known(new.peer).map_or(0, |peer| peer.active_rpcs) + 1;
        let loses = peer_rpcs > with_new || (remaining, birth) > (new.bytes_remaining(), new.msgin.birth);
        loses.then_some(index)
    }

    /// Puts `rpc` into a slot; who is there goes to its queue.
    fn enter(&mut self, ctx: &mut Context<'_>, index: usize, rpc: Key) {
        if let Some(old) = self.slots[index] {
            self.vacate(ctx, index);
            self.queue(ctx, old.rpc);
        }
        let new = &mut ctx.rpcs[rpc];
        new.msgin.slot = Some(u8::try_from(index).expect("there are eight slots"));
        self.slots[index] =
            Some(Slot { rpc, peer: new.peer, birth: new.msgin.birth, entered_with: new.bytes_remaining() });
        ctx.peers.get_mut(new.peer).active_rpcs += 1;
        self.set_num_active(self.num_active + 1);
    }

    fn vacate(&mut self, ctx: &mut Context<'_>, index: usize) {
        let slot = self.slots[index].take().expect("only an occupied slot is vacated");
        ctx.rpcs[slot.rpc].msgin.slot = None;
        ctx.peers.get_mut(slot.peer).active_rpcs -= 1;
        self.set_num_active(self.num_active - 1);
        self.needy &= !(1 << index);
    }

    fn queue(&mut self, ctx: &mut Context<'_>, rpc: Key) {
        let peer = ctx.rpcs[rpc].peer;
        let queue = &mut ctx.peers.get_mut(peer).grantable_rpcs;
        let place = queue.iter().position(|other| outranks(ctx.rpcs, rpc, *other)).unwrap_or(queue.len());
        queue.insert(place, rpc);
        self.adjust_peer(ctx, peer);
    }

    fn unqueue(&mut self, ctx: &mut Context<'_>, rpc: Key) {
        let peer = ctx.rpcs[rpc].peer;
        let queue = &mut ctx.peers.get_mut(peer).grantable_rpcs;
        let place = queue.iter().position(|other| *other == rpc).expect("a managed RPC without a slot is queued");
        queue.remove(place);
        // Another first RPC may belong elsewhere among the peers; with the same one the peer stays.
        if place == 0 {
            self.adjust_peer(ctx, peer);
        }
    }

    /// Moves a peer to where its first RPC belongs among the peers.
    fn adjust_peer(&mut self, ctx: &Context<'_>, peer: PeerId) {
        let listed = self.grantable_peers.iter().position(|other| *other == peer);
        let Some(&head) = ctx.peers.get(peer).grantable_rpcs.first() else {
            self.grantable_peers.remove(listed.expect("a peer whose last RPC has left its queue is listed"));
            return;
        };
        let head_of = |other: PeerId| ctx.peers.get(other).grantable_rpcs[0];
        let peers = &mut self.grantable_peers;
        let Some(mut place) = listed else {
            let place = peers.iter().position(|other| outranks(ctx.rpcs, head, head_of(*other)));
            peers.insert(place.unwrap_or(peers.len()), peer);
            return;
        };
        while place > 0 && outranks(ctx.rpcs, head, head_of(peers[place - 1])) {
            peers.swap(place - 1, place);
            place -= 1;
        }
        while place + 1 < peers.len() && outranks(ctx.rpcs, head_of(peers[place + 1]), head) {
            peers.swap(place, place + 1);
            place += 1;
        }
    }

    /// Lets a queued RPC, whose remaining bytes may have shrunk, move up (spec 5.6).
    pub(super) fn try_promote(&mut self, ctx: &mut Context<'_>, rpc: Key) {
        let peer = ctx.rpcs[rpc].peer;
        let queue = &mut ctx.peers.get_mut(peer).grantable_rpcs;
        let mut place = queue.iter().position(|other| *other == rpc).expect("a managed RPC without a slot is queued");
        while place > 0 && outranks(ctx.rpcs, rpc, queue[place - 1]) {
            queue.swap(place - 1, place);
            place -= 1;
        }
        if place > 0 {
            return;
        }
        if let Some(slot) = self.find_victim(ctx, rpc) {
            self.unqueue(ctx, rpc);
            self.enter(ctx, slot, rpc);
        } else {
            self.adjust_peer(ctx, peer);
        }
    }

    /// Takes an RPC out that is complete or ends; its slot goes to a queued RPC (spec 5.6).
    pub(super) fn unmanage(&mut self, ctx: &mut Context<'_>, rpc: Key) {
        let msgin = &mut ctx.rpcs[rpc].msgin;
        msgin.grantable = false;
        self.total_incoming -= u64::from(core::mem::take(&mut msgin.rec_incoming));
        if self.oldest == Some(rpc) {
            self.oldest = None;
        }
        if !core::mem::take(&mut msgin.managed) {
            return;
        }
        self.managed -= 1;
        match msgin.slot {
            Some(slot) => {
                self.vacate(ctx, usize::from(slot));
                self.refill(ctx, usize::from(slot));
            }
            None => self.unqueue(ctx, rpc),
        }
    }

    /// Gives an empty slot to the first RPC of the peer that has the fewest slots.
    fn refill(&mut self, ctx: &mut Context<'_>, slot: usize) {
        let fewest = self.grantable_peers.iter().min_by_key(|peer| ctx.peers.get(**peer).active_rpcs);
        let Some(&peer) = fewest else { return };
        let rpc = ctx.peers.get(peer).grantable_rpcs[0];
        self.unqueue(ctx, rpc);
        self.enter(ctx, slot, rpc);
        self.needy |= 1 << slot;
    }
}
