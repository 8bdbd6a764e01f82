//! What a node must have known when the capture began, as far as its packets tell.

use super::{Scene, Setting, StreamKey};
use crate::scene::Happening;
use homa_protocol::{AckEntry, Packet, PeerId, Port, RpcId, Sysctls};
use homa_units::Priority;
use std::collections::BTreeSet;

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
        match told.into_iter().max_by_key(|(version, _, count)| (*count, *version)) {
            Some((version, table, _)) if version > FIRST_VERSION && !self.is_belied(version) => {
                self.sysctls.cutoff_version = u32::from(version);
                self.sysctls.unsched_cutoffs = table;
            }
            // Nobody was told otherwise, so what the others know is right.
            _ if known > FIRST_VERSION => self.sysctls.cutoff_version = u32::from(known),
            _ => {}
        }
    }

    /// Whether a peer learns a version in the capture that the node tells nobody: then this one isn't the node's.
    fn is_belied(&self, version: u16) -> bool {
        (0..self.peers.len()).any(|peer| {
            let versions = self.inputs.iter().filter_map(|input| match &input.what {
                Happening::Homa { peer: from, packet: Packet::Data(data) } if from.index() == peer => {
                    Some(data.cutoff_version)
                }
                _ => None,
            });
            let versions: Vec<u16> = versions.collect();
            versions.windows(2).any(|pair| pair[0] != pair[1] && pair[1] != version && pair[1] > pair[0])
        })
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
        let told = self.frames.iter().filter_map(|frame| match frame.homa() {
            Some(Packet::Cutoffs(cutoffs)) if frame.ip.source == self.peers[peer.index()] => Some(*cutoffs),
            _ => None,
        });
        let told: Vec<_> = told.collect();
        if let Some(cutoffs) = told.iter().find(|cutoffs| cutoffs.cutoff_version == version) {
            return Some((version, cutoffs.unsched_cutoffs));
        }
        // Versions only grow, so nobody can know one that the peer didn't have later.
        if told.iter().any(|cutoffs| cutoffs.cutoff_version < version) {
            return None;
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
            let to_server = entry.server_port != Port::NONE && entry.server_port < Port::MIN_DEFAULT;
            before && to_server && entry.client_id.is_client() && !self.has_message(peer, entry.client_id)
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
        let to_us = self.frames.iter().filter(|frame| frame.ip.destination == self.node);
        let requests: BTreeSet<u64> = to_us
            .filter_map(|frame| match frame.homa() {
                Some(Packet::Data(data)) => Some(data.header.sender_id.other_side().get()),
                _ => None,
            })
            .collect();
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
            let has_request = if key.rpc.is_client() {
                self.has_message(key.peer, key.rpc)
            } else {
                requests.contains(&key.rpc.get())
            };
            if needs_rpc && !has_request && !old.iter().any(is_known) && self.is_before_the_capture(key) {
                old.push(entry);
            }
        }
        old
    }

    /// Whether the RPC of this id is older than all whose requests the capture has.
    fn is_before_the_capture(&self, key: StreamKey) -> bool {
        let client = if key.rpc.is_client() { self.node } else { self.peers[key.peer.index()] };
        let requests =
            self.frames.iter().filter(|frame| frame.ip.source == client).filter_map(|frame| match frame.homa() {
                Some(Packet::Data(data)) if data.header.sender_id.is_client() => Some(data.header.sender_id.get()),
                _ => None,
            });
        let id = if key.rpc.is_client() { key.rpc } else { key.rpc.other_side() };
        requests.min().is_none_or(|first| id.get() < first)
    }
}
