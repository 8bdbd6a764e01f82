//! The state of RPCs (spec 3.1, 3.2) and the table that holds them.

use crate::errno::Errno;
use crate::gaps::Assembly;
use crate::pool::BpageOffsets;
use crate::wire::Geometry;
use crate::{Ack, AckEntry, PeerId, Port, RpcId, SocketId};
use alloc::collections::VecDeque;
use alloc::vec::Vec;
use hashbrown::HashMap;
use homa_units::{Priority, Time};
use rustc_hash::FxBuildHasher;

/// Index of an RPC in the table.
pub(crate) type Key = u32;

/// How far an RPC is (spec 3.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum State {
    /// The outgoing message is being sent, or sent and nothing has come back.
    Outgoing,
    /// A packet of the incoming message has been seen, and the application hasn't taken the message.
    Incoming,
    /// The application has the request and hasn't replied.
    InService,
    /// Ended: not findable any more.
    Dead,
}

/// The message that this node sends.
#[derive(Debug, Clone)]
pub(crate) struct Outgoing {
    /// `None`: there is none yet.
    pub(crate) length: Option<u32>,
    pub(crate) unscheduled: u32,
    /// May transmit `[0, granted)`.
    pub(crate) granted: u32,
    /// Start of the first unit not handed out yet.
    pub(crate) next_xmit_offset: u32,
    /// Level for scheduled units, from the last GRANT.
    pub(crate) sched_priority: Priority,
    /// Some of them have been granted before, at a level of their own: see [`Rpcs::scheduled_level`].
    levels_differ: bool,
    pub(crate) init_time: Time,
    /// How the message is cut; set with `length`.
    pub(crate) geometry: Option<Geometry>,
    /// The ack that travels in the first unit; for further ones see [`Rpcs::ack`].
    first_ack: Option<AckEntry>,
    /// How many acks travel in the first units, one each.
    pub(crate) ack_count: u8,
    /// The application's name for the bytes.
    pub(crate) tag: u64,
    /// Packets of this RPC handed out by the protocol that the driver hasn't fetched yet.
    pub(crate) queued: u32,
    /// Pull mode: ranges of it that wait to be transmitted again.
    pub(crate) wanted: u32,
}

/// The message that this node receives.
#[derive(Debug, Clone)]
pub(crate) struct Incoming {
    /// Whether its first packet has been seen and accepted.
    pub(crate) started: bool,
    pub(crate) assembly: Assembly,
    /// How many buffers it has in the receive region; none while it waits for space, and after the application took it.
    bpage_count: u8,
    /// Where the first one is; for further ones see [`Rpcs::bpages`].
    first_bpage: u32,
    /// Its sender may send up to here. Signed as in Linux: a sender can announce a negative number.
    pub(crate) granted: i32,
    /// Part of the node's `total_incoming` due to this RPC.
    pub(crate) rec_incoming: u32,
    pub(crate) birth: Time,
    /// Longer than what its sender announced to send by itself, and not completely received (spec 5.2).
    pub(crate) grantable: bool,
    /// In a slot of the active set or in its peer's queue.
    pub(crate) managed: bool,
    pub(crate) slot: Option<u8>,
    /// A reader was told, and has not looked since.
    pub(crate) packets_ready: bool,
    /// Payload has come in that no reader has looked at.
    pub(crate) uncopied: bool,
}

/// One RPC.
#[derive(Debug, Clone)]
pub(crate) struct Rpc {
    /// How often the place in the table has been used.
    pub(crate) generation: u32,
    pub(crate) id: RpcId,
    pub(crate) socket: SocketId,
    pub(crate) peer: PeerId,
    pub(crate) dport: Port,
    pub(crate) state: State,
    pub(crate) private: bool,
    pub(crate) cookie: u64,
    pub(crate) error: Option<Errno>,
    pub(crate) silent_ticks: u32,
    /// Tick at which the response was first seen to be sent completely; 0 = not yet.
    pub(crate) done_timer_ticks: u64,
    /// NEED_ACKs sent so far. Only without quirk Q17.
    pub(crate) need_acks: u32,
    pub(crate) out: Outgoing,
    pub(crate) msgin: Incoming,
    /// On the socket's list of RPCs ready for a reader.
    pub(crate) ready: bool,
    /// On the socket's list of messages without buffers.
    pub(crate) stalled: bool,
    /// Neighbours on the socket's list of RPCs, oldest first.
    pub(crate) older: Option<Key>,
    pub(crate) younger: Option<Key>,
    /// The next older RPC of the same name: on a server one of another client port, on a client any.
    same_name: Option<Key>,
}

impl Rpc {
    pub(crate) fn is_client(&self) -> bool {
        self.id.is_client()
    }

    /// Bytes of the incoming message not received yet.
    pub(crate) fn bytes_remaining(&self) -> u32 {
        self.msgin.assembly.bytes_remaining()
    }

    /// Bytes of the incoming message received so far.
    pub(crate) fn received(&self) -> u32 {
        self.msgin.assembly.received()
    }

    pub(crate) fn has_buffers(&self) -> bool {
        self.msgin.bpage_count > 0
    }

    /// The whole incoming message is here.
    pub(crate) fn is_complete(&self) -> bool {
        self.msgin.started && self.has_buffers() && self.bytes_remaining() == 0
    }

    /// Bytes of the outgoing message not handed out yet.
    pub(crate) fn bytes_left(&self) -> u32 {
        self.out.length.map_or(0, |length| length - self.out.next_xmit_offset)
    }

    /// A unit could be handed out now.
    pub(crate) fn can_transmit(&self) -> bool {
        self.bytes_left() > 0 && self.out.next_xmit_offset < self.out.granted
    }
}

/// What few RPCs need. It lies apart, since thousands of finished RPCs wait for their acks in a busy node: the fewer cache
/// lines one has, the more of them are at hand.
#[derive(Debug, Clone, Default)]
struct Rare {
    /// Acks after the first.
    acks: [Option<AckEntry>; Ack::MAX_ENTRIES],
    /// Buffers of a message that has several.
    bpages: BpageOffsets,
    /// Level of scheduled bytes up to an offset, for those granted before the last GRANT. Only without quirk Q6.
    earlier_levels: VecDeque<(u32, Priority)>,
}

/// Without quirk Q6: how many ranges of granted bytes with levels of their own are told apart.
const EARLIER_LEVELS: usize = 64;

/// What names a new RPC.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Name {
    pub(crate) socket: SocketId,
    pub(crate) id: RpcId,
    pub(crate) peer: PeerId,
    pub(crate) dport: Port,
}

/// All RPCs of an endpoint.
///
/// Places are used again together with the memory of the RPC before, so that a steady load allocates nothing.
#[derive(Debug, Clone, Default)]
pub(crate) struct Rpcs {
    places: Vec<Rpc>,
    /// What few RPCs have, by place.
    rare: Vec<Rare>,
    free: Vec<Key>,
    clients: HashMap<RpcId, Key, FxBuildHasher>,
    servers: HashMap<(SocketId, RpcId, PeerId), Key, FxBuildHasher>,
    live: usize,
}

impl core::ops::Index<Key> for Rpcs {
    type Output = Rpc;
    fn index(&self, key: Key) -> &Rpc {
        &self.places[key as usize]
    }
}

impl core::ops::IndexMut<Key> for Rpcs {
    fn index_mut(&mut self, key: Key) -> &mut Rpc {
        &mut self.places[key as usize]
    }
}

impl Rpcs {
    /// The most RPCs there were at a time.
    pub(crate) fn places(&self) -> usize {
        self.places.len()
    }

    /// RPCs that haven't ended.
    pub(crate) fn live(&self) -> usize {
        self.live
    }

    /// Whether `key` still is the RPC that it was when its generation was `generation`.
    pub(crate) fn is_current(&self, key: Key, generation: u32) -> bool {
        let rpc = &self[key];
        rpc.generation == generation && rpc.state != State::Dead
    }

    /// Whether the node has a client RPC with this identifier.
    pub(crate) fn has_client(&self, id: RpcId) -> bool {
        self.clients.contains_key(&id)
    }

    /// The client RPC `id` of `socket`.
    pub(crate) fn client(&self, socket: SocketId, id: RpcId) -> Option<Key> {
        let mut key = self.clients.get(&id).copied()?;
        // Only a write to the sysctl `next_id` makes several RPCs have one identifier; the newest is found.
        while self[key].socket != socket {
            key = self[key].same_name?;
        }
        Some(key)
    }

    /// The server RPC `id` of the client at `peer`, whatever its port: the newest, if there are several.
    pub(crate) fn server(&self, socket: SocketId, id: RpcId, peer: PeerId) -> Option<Key> {
        self.servers.get(&(socket, id, peer)).copied()
    }

    /// The server RPC `id` of the client at `peer` with this port.
    pub(crate) fn server_of_port(&self, socket: SocketId, id: RpcId, peer: PeerId, port: Port) -> Option<Key> {
        let mut key = self.server(socket, id, peer)?;
        while self[key].dport != port {
            key = self[key].same_name?;
        }
        Some(key)
    }

    /// Enters a new RPC.
    pub(crate) fn insert(&mut self, name: Name, now: Time) -> Key {
        let key = self.free.pop().unwrap_or_else(|| {
            let key = Key::try_from(self.places.len()).expect("fewer than 2^32 RPCs at a time");
            self.places.push(Rpc::unused());
            self.rare.push(Rare::default());
            key
        });
        let chained = match name.id.is_client() {
            true => self.clients.insert(name.id, key),
            false => self.servers.insert((name.socket, name.id, name.peer), key),
        };
        self.live += 1;
        let rpc = &mut self[key];
        rpc.reset(name, now);
        rpc.same_name = chained;
        key
    }

    /// Makes the RPC unfindable; its place stays taken until [`Self::free`].
    pub(crate) fn hide(&mut self, key: Key) {
        let rpc = &mut self[key];
        rpc.state = State::Dead;
        let (socket, id, peer, next) = (rpc.socket, rpc.id, rpc.peer, rpc.same_name.take());
        self.live -= 1;
        let name = (socket, id, peer);
        let first = if id.is_client() { self.clients[&id] } else { self.servers[&name] };
        if first != key {
            let mut before = first;
            while self[before].same_name != Some(key) {
                before = self[before].same_name.expect("an RPC is on the list of those with its name");
            }
            self[before].same_name = next;
            return;
        }
        match (id.is_client(), next) {
            (true, Some(next)) => drop(self.clients.insert(id, next)),
            (true, None) => drop(self.clients.remove(&id)),
            (false, Some(next)) => drop(self.servers.insert(name, next)),
            (false, None) => drop(self.servers.remove(&name)),
        }
    }

    /// The ack that travels in a unit of the outgoing message.
    pub(crate) fn ack(&self, key: Key, unit: usize) -> Option<AckEntry> {
        let out = &self[key].out;
        match unit {
            _ if unit >= usize::from(out.ack_count) => None,
            0 => out.first_ack,
            _ => self.rare[key as usize].acks[unit],
        }
    }

    /// Lets an ack travel in the next unit that has none.
    pub(crate) fn add_ack(&mut self, key: Key, ack: AckEntry) {
        let out = &mut self.places[key as usize].out;
        match out.ack_count {
            0 => out.first_ack = Some(ack),
            unit => self.rare[key as usize].acks[usize::from(unit)] = Some(ack),
        }
        out.ack_count += 1;
    }

    /// The buffers of the incoming message.
    pub(crate) fn bpages(&self, key: Key) -> BpageOffsets {
        let msgin = &self[key].msgin;
        match msgin.bpage_count {
            0 => BpageOffsets::default(),
            1 => BpageOffsets::one(msgin.first_bpage),
            _ => self.rare[key as usize].bpages,
        }
    }

    /// Gives buffers to the incoming message.
    pub(crate) fn set_bpages(&mut self, key: Key, bpages: &BpageOffsets) {
        let msgin = &mut self.places[key as usize].msgin;
        let offsets = bpages.as_slice();
        msgin.bpage_count = offsets.len() as u8;
        msgin.first_bpage = offsets.first().copied().unwrap_or(0);
        if offsets.len() > 1 {
            self.rare[key as usize].bpages = *bpages;
        }
    }

    /// Takes the buffers of the incoming message away.
    pub(crate) fn take_bpages(&mut self, key: Key) -> BpageOffsets {
        let bpages = self.bpages(key);
        self[key].msgin.bpage_count = 0;
        bpages
    }

    /// The level of the next unit of the outgoing message, whose unscheduled bytes have been handed out.
    pub(crate) fn scheduled_level(&mut self, key: Key) -> Priority {
        let out = &mut self.places[key as usize].out;
        if !out.levels_differ {
            return out.sched_priority;
        }
        let earlier = &mut self.rare[key as usize].earlier_levels;
        while earlier.front().is_some_and(|(end, _)| *end <= out.next_xmit_offset) {
            earlier.pop_front();
        }
        out.levels_differ = !earlier.is_empty();
        earlier.front().map_or(out.sched_priority, |(_, level)| *level)
    }

    /// Keeps the present level for the scheduled bytes up to `end`, whatever GRANTs come later.
    pub(crate) fn keep_level_up_to(&mut self, key: Key, end: u32) {
        let out = &mut self.places[key as usize].out;
        let earlier = &mut self.rare[key as usize].earlier_levels;
        if !core::mem::replace(&mut out.levels_differ, true) {
            earlier.clear();
        }
        let full = earlier.len() >= EARLIER_LEVELS;
        // Grants of the same level are one range, and no receiver makes the list grow without end.
        match earlier.back_mut() {
            Some(last) if last.1 == out.sched_priority || full => *last = (end, out.sched_priority),
            _ => earlier.push_back((end, out.sched_priority)),
        }
    }

    /// Gives the place of an RPC that is hidden back.
    pub(crate) fn free(&mut self, key: Key) {
        let rpc = &mut self[key];
        assert!(rpc.state == State::Dead && rpc.out.queued == 0, "only what nobody refers to is freed");
        rpc.generation = rpc.generation.wrapping_add(1);
        self.free.push(key);
    }
}

impl Rpc {
    fn unused() -> Self {
        Self {
            generation: 0,
            id: RpcId::new(0),
            socket: SocketId(0),
            peer: PeerId::new(0),
            dport: Port::NONE,
            state: State::Dead,
            private: false,
            cookie: 0,
            error: None,
            silent_ticks: 0,
            done_timer_ticks: 0,
            need_acks: 0,
            out: Outgoing {
                length: None,
                unscheduled: 0,
                granted: 0,
                next_xmit_offset: 0,
                sched_priority: Priority::LOWEST,
                levels_differ: false,
                init_time: Time::ZERO,
                geometry: None,
                first_ack: None,
                ack_count: 0,
                tag: 0,
                queued: 0,
                wanted: 0,
            },
            msgin: Incoming {
                started: false,
                assembly: Assembly::default(),
                bpage_count: 0,
                first_bpage: 0,
                granted: 0,
                rec_incoming: 0,
                birth: Time::ZERO,
                grantable: false,
                managed: false,
                slot: None,
                packets_ready: false,
                uncopied: false,
            },
            ready: false,
            stalled: false,
            older: None,
            younger: None,
            same_name: None,
        }
    }

    fn reset(&mut self, name: Name, now: Time) {
        // What keeps its memory from RPC to RPC is taken over, everything else starts anew.
        let fresh = Self::unused();
        let mut assembly = core::mem::take(&mut self.msgin.assembly);
        assembly.reset(0);
        *self = Self {
            generation: self.generation,
            id: name.id,
            socket: name.socket,
            peer: name.peer,
            dport: name.dport,
            state: if name.id.is_client() { State::Outgoing } else { State::Incoming },
            out: Outgoing { init_time: now, ..fresh.out },
            msgin: Incoming { assembly, birth: now, ..fresh.msgin },
            ..fresh
        };
    }
}
