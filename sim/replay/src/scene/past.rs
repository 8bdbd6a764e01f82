//! What a node must have known when the capture began, as far as its packets tell.

use super::{Scene, Setting, StreamKey};
use crate::scene::Happening;
use homa_protocol::{AckEntry, Packet, PeerId, Port, RpcId, Sysctls};
use homa_units::Priority;

/// The version of the cutoffs that a node has from the beginning (protocol spec 6.1); only a change makes another.
const FIRST_VERSION: u16 = 1;

/// An RPC from before the capture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct OldRpc {
    pub(crate) peer: PeerId,
    pub(crate) rpc: RpcId,
    pub(crate) sport: Port,
    pub(crate) dport: Port,
}

impl Scene<'_> {
    /// The cutoffs that the node asks others to use, at the start, and their version.
    pub(super) fn infer_own_cutoffs(&mut self, settings: &[&Setting]) {
        let changes = |setting: &&&Setting| matches!(setting.name, "num_priorities" | "unsched_cutoffs");
        let first_change = settings.iter().find(changes);
        if let Some(change) = first_change.filter(|change| change.shown.cutoff_version.is_some()) {
            let after = change.shown.cutoff_version.unwrap_or(1);
            self.sysctls.cutoff_version = after.saturating_sub(1).max(1);
            if change.name == "num_priorities"
                && let Some(cutoffs) = change.shown.unsched_cutoffs
            {
                self.sysctls.unsched_cutoffs = cutoffs;
            }
            return;
        }
        if first_change.is_some() {
            return;
        }
        // What it tells others in most of its CUTOFFS, so that one that says something else stands out.
        let mut told: Vec<(u16, [u32; 8], usize)> = Vec::new();
        for index in 0..self.outputs.len() {
            let Some(Packet::Cutoffs(cutoffs)) = self.packet(index) else { continue };
            match told.iter_mut().find(|(version, ..)| *version == cutoffs.cutoff_version) {
                Some((.., count)) => *count += 1,
                None => told.push((cutoffs.cutoff_version, cutoffs.unsched_cutoffs, 1)),
            }
        }
        let known = self.inputs.iter().filter_map(|input| match &input.what {
            Happening::Homa { packet: Packet::Data(data), .. } => Some(data.cutoff_version),
            _ => None,
        });
        let known = known.max().unwrap_or(0);
        if let Some((version, table, _)) = told.into_iter().max_by_key(|(version, _, count)| (*count, *version)) {
            if version > FIRST_VERSION {
                self.sysctls.cutoff_version = u32::from(version);
                self.sysctls.unsched_cutoffs = table;
            }
        } else if known > FIRST_VERSION {
            // Nobody was told otherwise, so what the others know is right.
            self.sysctls.cutoff_version = u32::from(known);
        }
    }

    /// What the node knows of the cutoffs of `peer` at the start: version and table; none if nothing.
    pub(crate) fn known_cutoffs(&self, peer: PeerId) -> Option<(u16, [u32; 8])> {
        let data = |index: usize| match self.packet(index) {
            Some(Packet::Data(data)) if self.outputs[index].key.peer == peer => Some((*data, self.frame(index))),
            _ => None,
        };
        let version = (0..self.outputs.len()).find_map(data)?.0.cutoff_version;
        if version == 0 {
            return None;
        }
        if version == FIRST_VERSION {
            return Some((version, Sysctls::default().unsched_cutoffs));
        }
        let told = self.frames.iter().find_map(|frame| match frame.homa() {
            Some(Packet::Cutoffs(cutoffs)) if frame.ip.source == self.peers[peer.index()] => Some(*cutoffs),
            _ => None,
        });
        if let Some(cutoffs) = told.filter(|cutoffs| cutoffs.cutoff_version == version) {
            return Some((version, cutoffs.unsched_cutoffs));
        }
        let seen: Vec<(u32, Priority)> = (0..self.outputs.len())
            .filter_map(data)
            .filter(|(data, _)| data.cutoff_version == version && !data.retransmit && data.offset < data.incoming)
            .map(|(data, frame)| (data.message_length, frame.ip.priority()))
            .collect();
        let mut table = [0; 8];
        for (length, level) in seen {
            table[level.index()] = table[level.index()].max(length);
        }
        Some((version, table))
    }

    /// Acks that wait for a packet to `peer` at the start, oldest first: those of RPCs from before the capture.
    pub(crate) fn pending_acks(&self, peer: PeerId) -> Vec<AckEntry> {
        let first_id = self.messages().filter(|(key, ..)| key.rpc.is_client()).map(|(key, ..)| key.rpc.get()).min();
        let is_old = |entry: &AckEntry| {
            let before = first_id.is_none_or(|first| entry.client_id.get() < first);
            before && entry.client_id.is_client() && !self.has_message(peer, entry.client_id)
        };
        let mut newest_first = Vec::new();
        let mut in_order = Vec::new();
        for (index, output) in self.outputs.iter().enumerate().filter(|(_, output)| output.key.peer == peer) {
            match self.packet(index) {
                Some(Packet::Data(data)) => {
                    let entry = data.ack.filter(is_old).filter(|entry| !newest_first.contains(entry));
                    newest_first.extend(entry);
                }
                Some(Packet::Ack(ack)) => {
                    for entry in ack.entries().filter(is_old) {
                        // The answer to a NEED_ACK names its own RPC once it was received.
                        let own = output.key.rpc == entry.client_id && newest_first.contains(&entry);
                        if !own && !in_order.contains(&entry) {
                            in_order.push(entry);
                        }
                    }
                }
                _ => {}
            }
        }
        in_order.retain(|entry| !newest_first.contains(entry));
        newest_first.reverse();
        in_order.extend(newest_first);
        in_order
    }

    /// RPCs that the node has at the start: it sends packets for them, and the capture has no request of theirs.
    pub(crate) fn old_rpcs(&self) -> Vec<OldRpc> {
        let mut old: Vec<OldRpc> = Vec::new();
        for index in 0..self.outputs.len() {
            let (Some(packet), key) = (self.packet(index), self.outputs[index].key) else { continue };
            let needs_rpc = match packet {
                Packet::NeedAck(_) | Packet::Resend(_) | Packet::Grant(_) | Packet::Busy(_) => true,
                Packet::Data(_) => !key.rpc.is_client(),
                _ => false,
            };
            let header = packet.header();
            let entry = OldRpc { peer: key.peer, rpc: key.rpc, sport: header.sport, dport: header.dport };
            let is_known = |other: &OldRpc| (other.peer, other.rpc) == (entry.peer, entry.rpc);
            if needs_rpc && !self.has_request(key) && !old.iter().any(is_known) {
                old.push(entry);
            }
        }
        old
    }

    /// Whether the capture has a packet of the request of an RPC.
    fn has_request(&self, key: StreamKey) -> bool {
        if key.rpc.is_client() {
            return self.has_message(key.peer, key.rpc);
        }
        self.frames.iter().any(|frame| {
            frame.ip.destination == self.node
                && matches!(frame.homa(), Some(Packet::Data(data)) if data.header.sender_id.other_side() == key.rpc)
        })
    }
}
