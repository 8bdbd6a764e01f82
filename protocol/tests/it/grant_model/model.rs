//! Spec part 5, transcribed literally and without regard to speed.

use homa_protocol::{Quirks, Sysctls};

pub(crate) const PEERS: usize = 4;
pub(crate) const PIECES: i64 = 24;

/// An incoming message and what the receiver knows of it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Message {
    pub(crate) peer: usize,
    pub(crate) length: i64,
    pub(crate) unscheduled: i64,
    pub(crate) known: bool,
    pub(crate) arrived: Vec<i64>,
    pub(crate) remaining: i64,
    pub(crate) granted: i64,
    pub(crate) rec_incoming: i64,
    pub(crate) birth: u64,
    pub(crate) grantable: bool,
    pub(crate) managed: bool,
}

impl Message {
    pub(crate) fn piece(&self, index: i64) -> (i64, i64) {
        (index * self.length / PIECES, (index + 1) * self.length / PIECES)
    }

    fn received(&self) -> i64 {
        self.length - self.remaining
    }
}

/// The receiver's state of spec 5.1. Slots hold a message and what it lacked when it entered.
pub(crate) struct Model {
    pub(crate) sysctls: Sysctls,
    pub(crate) quirks: Quirks,
    pub(crate) now: u64,
    pub(crate) messages: Vec<Message>,
    pub(crate) slots: [Option<(usize, i64)>; 8],
    pub(crate) needy: [bool; 8],
    pub(crate) cur_window: i64,
    pub(crate) interval: u64,
    pub(crate) peers: Vec<usize>,
    pub(crate) queues: [Vec<usize>; PEERS],
    pub(crate) oldest: Option<usize>,
    pub(crate) fifo_grant_time: u64,
    pub(crate) total_incoming: i64,
    pub(crate) sent: Vec<(usize, i64, i64)>,
}

impl Model {
    pub(crate) fn num_active(&self) -> i64 {
        self.slots.iter().flatten().count() as i64
    }

    pub(crate) fn update_window(&mut self) {
        let (fixed, max_incoming) = (i64::from(self.sysctls.window), i64::from(self.sysctls.max_incoming));
        self.cur_window = if fixed == 0 { max_incoming / (self.num_active() + 1) } else { fixed };
    }

    pub(crate) fn update_interval(&mut self) {
        let mbps = u64::from(self.sysctls.link_mbps) * u64::from(self.sysctls.grant_fifo_fraction) / 1000;
        let increment = u64::from(self.sysctls.fifo_grant_increment);
        self.interval =
            if mbps > 0 && increment > 0 { 1_000_000_000 / mbps * increment * 8 / 1_000_000 } else { 1_000_000_000 };
    }

    fn slot_of(&self, m: usize) -> Option<usize> {
        self.slots.iter().position(|slot| slot.is_some_and(|(other, _)| other == m))
    }

    fn active_rpcs(&self, peer: usize) -> usize {
        self.slots.iter().flatten().filter(|(m, _)| self.messages[*m].peer == peer).count()
    }

    fn active_remaining(&self, slot: usize) -> i64 {
        let (m, entered_with) = self.slots[slot].expect("an occupied slot");
        if self.quirks.stale_remaining { entered_with } else { self.messages[m].remaining }
    }

    fn outranks(&self, a: usize, b: usize) -> bool {
        let (a, b) = (&self.messages[a], &self.messages[b]);
        a.remaining < b.remaining || a.remaining == b.remaining && a.birth < b.birth
    }

    /// 5.4.
    pub(crate) fn check(&mut self, r: usize) {
        if !self.messages[r].grantable {
            return;
        }
        if self.messages[r].remaining == 0 {
            self.unmanage(r);
        } else {
            if !self.messages[r].managed {
                self.manage(r);
            }
            self.update_incoming(r);
            if self.slot_of(r).is_some() {
                self.try_grant(r, true);
            }
        }
        self.serve_needy();
    }

    fn update_incoming(&mut self, r: usize) {
        let message = &mut self.messages[r];
        let incoming = (message.granted - message.received()).max(0);
        let change = incoming - message.rec_incoming;
        if change != 0 {
            self.total_incoming += change;
            message.rec_incoming = incoming;
            if self.slot_of(r).is_none() {
                self.try_promote(r);
            }
        }
    }

    /// 5.4.1.
    fn try_grant(&mut self, r: usize, check_needy: bool) {
        let slot = self.slot_of(r).expect("an active message");
        let message = &self.messages[r];
        let mut delta = message.received() + self.cur_window - message.granted;
        if delta <= 0 {
            return;
        }
        delta = delta.min(message.length - message.granted);
        if delta == 0 && !self.quirks.redundant_grants {
            return;
        }
        let headroom = i64::from(self.sysctls.max_incoming) - self.total_incoming;
        if headroom <= 0 || check_needy && self.needy.contains(&true) {
            self.needy[slot] = true;
            return;
        }
        let partial = delta > headroom;
        delta = delta.min(headroom);
        self.messages[r].granted += delta;
        self.messages[r].rec_incoming += delta;
        self.total_incoming += delta;
        self.sent.push((r, self.messages[r].granted, self.level(r)));
        self.check_fifo();
        if let (true, Some(slot)) = (partial, self.slot_of(r)) {
            self.needy[slot] = true;
        }
    }

    fn level(&self, r: usize) -> i64 {
        let (remaining, birth) = (self.messages[r].remaining, self.messages[r].birth);
        let birth = if self.quirks.truncated_birth { i64::from(birth as i32) as u64 } else { birth };
        let mut rank = 0;
        for (slot, held) in self.slots.iter().enumerate() {
            let Some((other, _)) = *held else { continue };
            let lacks = self.active_remaining(slot);
            let older = self.messages[other].birth < birth;
            rank += i64::from(other != r && (lacks < remaining || lacks == remaining && older));
        }
        let max_sched_prio = i64::from(self.sysctls.max_sched_prio);
        let extra = max_sched_prio + 1 - self.num_active();
        (max_sched_prio - rank - extra.max(0)).max(0)
    }

    /// 5.4.2.
    fn serve_needy(&mut self) {
        while self.total_incoming < i64::from(self.sysctls.max_incoming) {
            let needy = (0..8).filter(|slot| self.needy[*slot]);
            let birth = |slot: usize| self.messages[self.slots[slot].expect("a needy slot is occupied").0].birth;
            let Some(slot) = needy.min_by_key(|slot| (self.active_remaining(*slot), birth(*slot))) else { return };
            self.needy[slot] = false;
            self.try_grant(self.slots[slot].expect("a needy slot is occupied").0, false);
        }
    }

    /// 5.5.
    fn manage(&mut self, r: usize) {
        match self.find_victim(r) {
            Some(slot) => self.enter(slot, r),
            None => self.enqueue(r),
        }
        self.messages[r].managed = true;
    }

    fn find_victim(&self, r: usize) -> Option<usize> {
        let slots = 0..self.sysctls.max_overcommit as usize;
        if let Some(empty) = slots.clone().find(|slot| self.slots[*slot].is_none()) {
            return Some(empty);
        }
        let new = &self.messages[r];
        let claim = |slot: usize| {
            let old = &self.messages[self.slots[slot].expect("no slot is empty").0];
            let rpcs = self.active_rpcs(old.peer) + usize::from(old.peer == new.peer);
            (rpcs, self.active_remaining(slot), old.birth)
        };
        let mut loser = 0;
        for slot in slots {
            if claim(slot) >= claim(loser) {
                loser = slot;
            }
        }
        let (rpcs, remaining, birth) = claim(loser);
        let loses = rpcs > self.active_rpcs(new.peer) + 1
            || remaining > new.remaining
            || remaining == new.remaining && birth > new.birth;
        loses.then_some(loser)
    }

    fn enter(&mut self, slot: usize, r: usize) {
        if let Some((old, _)) = self.slots[slot].take() {
            self.needy[slot] = false;
            self.enqueue(old);
        }
        self.slots[slot] = Some((r, self.messages[r].remaining));
        self.update_window();
    }

    fn enqueue(&mut self, r: usize) {
        let peer = self.messages[r].peer;
        let place = self.queues[peer].iter().position(|other| self.outranks(r, *other));
        self.queues[peer].insert(place.unwrap_or(self.queues[peer].len()), r);
        self.reposition(peer);
    }

    fn dequeue(&mut self, r: usize) {
        let peer = self.messages[r].peer;
        let was_first = self.queues[peer][0] == r;
        self.queues[peer].retain(|other| *other != r);
        if was_first {
            self.reposition(peer);
        }
    }

    fn reposition(&mut self, peer: usize) {
        let Some(&head) = self.queues[peer].first() else {
            self.peers.retain(|other| *other != peer);
            return;
        };
        let beats = |a: usize, b: usize| self.outranks(self.queues[a][0], self.queues[b][0]);
        let Some(mut at) = self.peers.iter().position(|other| *other == peer) else {
            let place = self.peers.iter().position(|other| self.outranks(head, self.queues[*other][0]));
            self.peers.insert(place.unwrap_or(self.peers.len()), peer);
            return;
        };
        let mut peers = self.peers.clone();
        while at > 0 && beats(peer, peers[at - 1]) {
            peers.swap(at, at - 1);
            at -= 1;
        }
        while at + 1 < peers.len() && beats(peers[at + 1], peer) {
            peers.swap(at, at + 1);
            at += 1;
        }
        self.peers = peers;
    }

    /// 5.6.
    fn try_promote(&mut self, r: usize) {
        let peer = self.messages[r].peer;
        let mut at = self.queues[peer].iter().position(|other| *other == r).expect("it is queued");
        while at > 0 && self.outranks(r, self.queues[peer][at - 1]) {
            self.queues[peer].swap(at, at - 1);
            at -= 1;
        }
        if at > 0 {
            return;
        }
        match self.find_victim(r) {
            Some(slot) => {
                self.dequeue(r);
                self.enter(slot, r);
            }
            None => self.reposition(peer),
        }
    }

    fn unmanage(&mut self, r: usize) {
        self.messages[r].grantable = false;
        if std::mem::take(&mut self.messages[r].managed) {
            if let Some(slot) = self.slot_of(r) {
                self.slots[slot] = None;
                self.needy[slot] = false;
                self.update_window();
                self.refill(slot);
            } else {
                self.dequeue(r);
            }
        }
        self.oldest = self.oldest.filter(|oldest| *oldest != r);
        self.total_incoming -= std::mem::take(&mut self.messages[r].rec_incoming);
    }

    fn refill(&mut self, slot: usize) {
        let fewest = self.peers.iter().map(|peer| self.active_rpcs(*peer)).min();
        let Some(peer) = self.peers.iter().copied().find(|peer| Some(self.active_rpcs(*peer)) == fewest) else {
            return;
        };
        let first = self.queues[peer][0];
        self.dequeue(first);
        self.enter(slot, first);
        self.needy[slot] = true;
    }

    /// 5.7.
    fn check_fifo(&mut self) {
        if self.now < self.fifo_grant_time {
            return;
        }
        self.fifo_grant_time = self.now + self.interval;
        let increment = i64::from(self.sysctls.fifo_grant_increment);
        if self.sysctls.grant_fifo_fraction == 0 || increment == 0 {
            return;
        }
        let limit = self.cur_window + 2 * increment;
        let usable = |m: &usize| {
            let message = &self.messages[*m];
            message.rec_incoming < limit && message.granted < message.length
        };
        let queued = self.peers.iter().flat_map(|peer| self.queues[*peer].iter().copied());
        let managed = queued.chain(self.slots.iter().flatten().map(|(m, _)| *m));
        let found = managed.filter(usable).min_by_key(|m| self.messages[*m].birth);
        self.oldest = self.oldest.filter(usable).or(found);
        let Some(oldest) = self.oldest else { return };
        let message = &mut self.messages[oldest];
        message.granted = message.length.min(message.granted + increment);
        self.update_incoming(oldest);
        let level = (i64::from(self.sysctls.num_priorities) - 2).max(0);
        self.sent.push((oldest, self.messages[oldest].granted, level));
    }

    pub(crate) fn arrive(&mut self, m: usize, piece: i64, incoming: i64) {
        let now = self.now;
        let message = &mut self.messages[m];
        if !message.known {
            message.known = true;
            message.arrived.clear();
            message.remaining = message.length;
            message.birth = now;
            message.granted = incoming.min(message.length);
            message.grantable = incoming < message.length;
        }
        if !message.arrived.contains(&piece) {
            message.arrived.push(piece);
            let (start, end) = message.piece(piece);
            message.remaining -= end - start;
        }
    }

    /// The client gives up, or says that it is done.
    pub(crate) fn end(&mut self, m: usize) {
        if !std::mem::take(&mut self.messages[m].known) || !self.messages[m].grantable {
            return;
        }
        self.unmanage(m);
        if !self.quirks.needy_unserved_at_end {
            self.serve_needy();
        }
    }

    pub(crate) fn write(&mut self, name: &str, value: &str) {
        let changed = self.sysctls.write(name, value).expect("the test writes what is accepted");
        if changed.grant || changed.base && !self.quirks.stale_fifo_interval {
            self.update_interval();
        }
        // By the letter of 5.1 the window follows a write with the next change of the active set.
        if changed.grant && !self.quirks.late_window {
            self.update_window();
        }
    }
}
