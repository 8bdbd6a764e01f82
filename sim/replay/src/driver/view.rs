//! What the search looks at in a state.

use super::{Inferred, State};
use crate::scene::{Happening, Scene};
use homa_protocol::{Packet, Port, RpcId};
use homa_units::Priority;
use rustc_hash::FxHasher;
use std::hash::{Hash, Hasher};

impl State {
    /// How far it is: packets explained, messages begun, packets processed, ticks.
    pub(crate) fn progress(&self) -> (usize, usize, usize, u32) {
        let started = self.started.iter().filter(|started| **started).count();
        (self.explained, started, self.next_input, self.counters[Inferred::Ticks as usize])
    }

    /// The version of the node's own cutoffs, as packets carry it.
    pub(crate) fn cutoff_version(&self) -> u16 {
        self.endpoint.config().sysctls.cutoff_version as u16
    }

    /// Whether the process with a port can have ended: a client does at the end of its calls; a server if the log shows
    /// that it began again, or lacks what it must have logged.
    pub(crate) fn may_close(&self, scene: &Scene<'_>, port: Port) -> bool {
        let Some(socket) = self.socket_of(port) else { return false };
        let closed = self.sockets.iter().filter(|socket| socket.is_server && !socket.is_open).count();
        !self.sockets[socket].is_server || closed < scene.server_ends
    }

    /// The level of FIFO grants.
    pub(crate) fn high_level(&self) -> Priority {
        self.endpoint.config().sysctls.high_level()
    }

    /// The outputs of a stream that aren't explained.
    pub(crate) fn open_of<'a>(&self, scene: &'a Scene<'_>, stream: usize) -> &'a [usize] {
        &scene.streams[stream][self.cursors[stream]..]
    }

    /// Up to where the RPC would be granted if the next packet were processed alone; none if it wouldn't be.
    pub(crate) fn probe_grant(&self, scene: &Scene<'_>, rpc: RpcId) -> Option<u32> {
        let Happening::Homa { peer, packet } = &scene.inputs.get(self.next_input)?.what else { return None };
        let mut endpoint = self.endpoint.clone();
        endpoint.set_fifo_grant_due(false);
        let _ = endpoint.handle_packet(self.clock, *peer, &self.to_core(packet));
        let owed = std::iter::from_fn(|| endpoint.poll_owed(self.clock));
        owed.into_iter().find_map(|transmit| match transmit.packet {
            Packet::Grant(grant) if grant.header.sender_id == rpc => Some(grant.offset),
            _ => None,
        })
    }

    /// A number that is the same for states from which the same can follow.
    pub(crate) fn fingerprint(&self) -> u64 {
        let mut hasher = FxHasher::default();
        self.endpoint.fingerprint().hash(&mut hasher);
        (self.next_input, &self.cursors, self.next_id, self.differences.len()).hash(&mut hasher);
        self.clocks.rounded().hash(&mut hasher);
        const STEP_NS: i64 = 200_000;
        (self.last_tick.earliest / STEP_NS, self.last_tick.latest / STEP_NS).hash(&mut hasher);
        for socket in &self.sockets {
            (socket.port.get(), socket.is_open, socket.owned.as_slice().len()).hash(&mut hasher);
        }
        for progress in &self.processes {
            (progress.next, progress.socket, progress.aborts).hash(&mut hasher);
        }
        hasher.finish()
    }
}
