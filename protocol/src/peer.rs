//! What an endpoint knows about other nodes (spec part 9).

use crate::errno::Errno;
use crate::sysctl::NO_CUTOFF;
use crate::{Ack, AckEntry, PeerId, Port, RpcId};
use alloc::boxed::Box;
use alloc::vec::Vec;
use homa_units::Time;

/// How packets reach a peer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Route {
    /// By a path with this MTU, in bytes.
    Mtu(u32),
    /// Not at all: sending fails with this error.
    Unreachable(Errno),
}

/// Acks that wait for a packet to travel in (spec 3.8).
#[derive(Debug, Clone)]
pub(crate) struct AckList {
    entries: [AckEntry; Ack::MAX_ENTRIES],
    len: usize,
}

impl AckList {
    const EMPTY: Self =
        Self { entries: [AckEntry { client_id: RpcId::new(0), server_port: Port::NONE }; Ack::MAX_ENTRIES], len: 0 };

    pub(crate) fn is_full(&self) -> bool {
        self.len == Ack::MAX_ENTRIES
    }

    pub(crate) fn push(&mut self, entry: AckEntry) {
        self.entries[self.len] = entry;
        self.len += 1;
    }

    /// Takes the last entry.
    pub(crate) fn pop(&mut self) -> Option<AckEntry> {
        self.len = self.len.checked_sub(1)?;
        Some(self.entries[self.len])
    }

    /// Takes all entries, in their order.
    pub(crate) fn take(&mut self) -> ([AckEntry; Ack::MAX_ENTRIES], usize) {
        (self.entries, core::mem::take(&mut self.len))
    }
}

/// One other node.
#[derive(Debug, Clone)]
pub(crate) struct Peer {
    pub(crate) acks: AckList,
    pub(crate) unsched_cutoffs: [u32; 8],
    /// 0 before the first CUTOFFS.
    pub(crate) cutoff_version: u16,
    /// The interval of `Config::cutoffs_interval` in which CUTOFFS were last sent.
    pub(crate) cutoffs_sent_in: Option<u64>,
    /// How many slots of the active set hold RPCs of this peer.
    pub(crate) active_rpcs: u32,
    /// Its grantable RPCs that aren't active, best first.
    pub(crate) grantable_rpcs: Vec<u32>,
    pub(crate) last_access: Time,
    /// Its RPCs that haven't ended.
    pub(crate) live_rpcs: u32,
}

impl Peer {
    fn new(now: Time) -> Self {
        let mut peer = Self {
            acks: AckList::EMPTY,
            unsched_cutoffs: [0; 8],
            cutoff_version: 0,
            cutoffs_sent_in: None,
            active_rpcs: 0,
            grantable_rpcs: Vec::new(),
            last_access: now,
            live_rpcs: 0,
        };
        peer.forget();
        peer
    }

    /// What garbage collection does to it.
    fn forget(&mut self) {
        self.acks = AckList::EMPTY;
        self.unsched_cutoffs = [0; 8];
        // Before its first CUTOFFS everything goes to it on level 6.
        self.unsched_cutoffs[6] = NO_CUTOFF;
        self.cutoff_version = 0;
        self.cutoffs_sent_in = None;
    }

    pub(crate) fn set_cutoffs(&mut self, cutoffs: [u32; 8], version: u16) {
        // Lengths are signed in Linux: an entry beyond 2^31 is below every message.
        self.unsched_cutoffs = cutoffs.map(|cutoff| if cutoff > NO_CUTOFF { 0 } else { cutoff });
        self.unsched_cutoffs[0] = NO_CUTOFF;
        self.cutoff_version = version;
    }
}

/// How many consecutive numbers are in a group.
const GROUP: usize = 32;
type Group = [Option<Box<Peer>>; GROUP];
const CREATED: &str = "a peer is created before it is used";

/// All peers, by number.
#[derive(Debug, Clone, Default)]
pub(crate) struct Peers {
    /// In groups of consecutive numbers, so that in a large network a host that is never talked to costs a fraction of a
    /// byte: each host has such a table of all others.
    groups: Vec<Option<Box<Group>>>,
    /// Numbers below this may be known.
    len: usize,
    routes: Vec<Option<Route>>,
    /// Whose addresses are IPv4, as far as the driver has said.
    v4: Vec<bool>,
    count: usize,
    gc_next: usize,
}

impl Peers {
    /// Takes note that the peer is in use; it is created if it wasn't known, and true says so.
    #[inline]
    pub(crate) fn touch(&mut self, id: PeerId, now: Time) -> bool {
        match self.place(id.index()) {
            Some(Some(peer)) => {
                peer.last_access = now;
                false
            }
            _ => self.create(id, now),
        }
    }

    // Apart, as it saves and restores what those need not that are known, which nearly all are.
    #[cold]
    #[inline(never)]
    fn create(&mut self, id: PeerId, now: Time) -> bool {
        let (group, place) = (id.index() / GROUP, id.index() % GROUP);
        if self.groups.len() <= group {
            self.groups.resize_with(group + 1, || None);
        }
        self.groups[group].get_or_insert_default()[place] = Some(Box::new(Peer::new(now)));
        self.len = self.len.max(id.index() + 1);
        self.count += 1;
        true
    }

    /// A peer that was touched before.
    pub(crate) fn get(&self, id: PeerId) -> &Peer {
        self.known(id).expect(CREATED)
    }

    #[inline]
    pub(crate) fn get_mut(&mut self, id: PeerId) -> &mut Peer {
        self.place(id.index()).and_then(Option::as_deref_mut).expect(CREATED)
    }

    pub(crate) fn known(&self, id: PeerId) -> Option<&Peer> {
        self.groups.get(id.index() / GROUP)?.as_ref()?[id.index() % GROUP].as_deref()
    }

    #[inline]
    fn place(&mut self, index: usize) -> Option<&mut Option<Box<Peer>>> {
        Some(&mut self.groups.get_mut(index / GROUP)?.as_mut()?[index % GROUP])
    }

    /// All known peers, by number.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Peer> {
        self.groups.iter().flatten().flat_map(|group| group.iter().flatten()).map(|peer| &**peer)
    }

    pub(crate) fn count(&self) -> usize {
        self.count
    }

    pub(crate) fn set_route(&mut self, id: PeerId, route: Route) {
        if self.routes.len() <= id.index() {
            self.routes.resize(id.index() + 1, None);
        }
        self.routes[id.index()] = Some(route);
    }

    pub(crate) fn set_v4(&mut self, id: PeerId) {
        if self.v4.len() <= id.index() {
            self.v4.resize(id.index() + 1, false);
        }
        self.v4[id.index()] = true;
    }

    pub(crate) fn is_v4(&self, id: PeerId) -> bool {
        self.v4.get(id.index()).copied().unwrap_or(false)
    }

    pub(crate) fn route(&self, id: PeerId) -> Option<Route> {
        self.routes.get(id.index()).copied().flatten()
    }

    /// Looks at the next ten peers and drops up to five that nobody used for long (spec 9.4).
    ///
    /// A dropped peer loses its acks and its cutoffs, and if it has no RPCs its place. Linux walks its hash table; here
    /// the order is that of the numbers.
    pub(crate) fn collect(&mut self, now: Time, limits: GcLimits) {
        const EXAMINED: usize = 10;
        const DROPPED: usize = 5;
        if self.count < limits.threshold {
            return;
        }
        let mut found: Vec<(Time, usize)> = Vec::new();
        let mut examined = 0;
        for _ in 0..self.len {
            let index = self.gc_next;
            self.gc_next = (index + 1) % self.len;
            let Some(last_access) = self.place(index).and_then(|peer| Some(peer.as_ref()?.last_access)) else {
                continue;
            };
            let idle = now.saturating_since(last_access);
            if idle >= limits.idle_max || (idle >= limits.idle_min && self.count > limits.net_max) {
                found.push((last_access, index));
            }
            examined += 1;
            if examined == EXAMINED {
                break;
            }
        }
        found.sort_unstable();
        for (_, index) in found.into_iter().take(DROPPED) {
            let place = self.place(index).expect("only known peers were examined");
            match place {
                Some(peer) if peer.live_rpcs > 0 => peer.forget(),
                _ => {
                    *place = None;
                    self.count -= 1;
                }
            }
        }
    }
}

/// When peers are dropped: `peer_gc_threshold`, `peer_idle_secs_min`, `peer_idle_secs_max`, `peer_net_max`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct GcLimits {
    pub(crate) threshold: usize,
    pub(crate) idle_min: homa_units::Duration,
    pub(crate) idle_max: homa_units::Duration,
    pub(crate) net_max: usize,
}
