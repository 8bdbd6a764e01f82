//! Which packets were processed together: a GRANT tells how many bytes had been received when it was decided.

use super::{Action, Search};
use crate::driver::{Due, State};
use crate::scene::{Happening, Input};
use homa_protocol::{Data, Packet, PeerId, RpcId};

/// Packets of messages shorter than this are processed one by one (protocol spec 3.5).
const SHORT_MESSAGE: u32 = 1400;
/// How many GRANTs ahead are considered when batches are chosen.
const GRANTS_AHEAD: usize = 40;
/// How soon after an ordinary GRANT the FIFO grant that it triggered leaves.
const FIFO_GRANT_NS: u64 = 2_000_000;

impl Search<'_> {
    /// Ways to process what has been delivered up to `ns`, the likeliest first.
    pub(super) fn deliveries(&self, state: &State, ns: u64) -> Vec<Action> {
        let inputs = &self.scene.inputs[state.next_input..];
        let Some(first) = inputs.first().filter(|first| first.at_ns <= ns) else { return Vec::new() };
        let arrived = inputs.iter().take_while(|input| input.at_ns <= ns).take(self.scene.bounds.batch);
        let together = arrived.take_while(|input| matches!(input.what, Happening::Homa { .. })).count();
        let Some((peer, data)) = data_of(first).filter(|(_, data)| data.message_length >= SHORT_MESSAGE) else {
            return self.with_due(state, first, &[1]);
        };
        let rpc = data.header.sender_id.other_side();
        let counts = if data.incoming < data.message_length || data.offset >= data.incoming || data.retransmit {
            self.counts(state, &inputs[..together.max(1)], peer, rpc, data)
        } else {
            (1..=together.max(1)).collect()
        };
        self.with_due(state, first, &counts)
    }

    /// Each number of packets with each assumption about what is due.
    fn with_due(&self, state: &State, first: &Input, counts: &[usize]) -> Vec<Action> {
        let own = state.cutoff_version();
        let asks = data_of(first).is_some_and(|(_, data)| data.cutoff_version != own);
        let sends = asks && self.next_is(state, first, |packet| matches!(packet, Packet::Cutoffs(_)));
        let cutoffs: &[bool] = match (asks, sends) {
            (false, _) => &[false],
            (true, false) => &[false, true],
            (true, true) => &[true, false],
        };
        let fifo_first = self.fifo_follows(state);
        let mut actions = Vec::new();
        for fifo in [fifo_first, !fifo_first] {
            for count in counts {
                for cutoffs in cutoffs {
                    actions.push(Action::Deliver { count: *count, due: Due { fifo, cutoffs: *cutoffs } });
                }
            }
        }
        actions
    }

    /// Whether the next packet recorded of the RPC that an input belongs to is of some kind.
    fn next_is(&self, state: &State, input: &Input, is_it: impl Fn(&Packet) -> bool) -> bool {
        let Happening::Homa { peer, packet } = &input.what else { return false };
        let stream = self.scene.stream(*peer, packet.header().sender_id.other_side());
        let next = stream.and_then(|stream| state.next_of(self.scene, stream));
        next.and_then(|next| self.scene.packet(next)).is_some_and(is_it)
    }

    /// Whether a FIFO grant follows the next GRANT at once.
    fn fifo_follows(&self, state: &State) -> bool {
        let high = state.high_level();
        let outputs = (state.next_output..self.scene.outputs.len()).take(GRANTS_AHEAD);
        let open = outputs.filter(|output| !state.is_explained(self.scene, *output));
        let mut grants = open.filter_map(|output| match self.scene.packet(output) {
            Some(Packet::Grant(grant)) => Some((self.scene.outputs[output].sent_ns, grant.priority)),
            _ => None,
        });
        let (first, second) = (grants.next(), grants.next());
        match (first, second) {
            (Some((_, level)), _) if level == high => true,
            (Some((first, _)), Some((second, level))) => level == high && second <= first + FIFO_GRANT_NS,
            _ => false,
        }
    }

    /// Numbers of packets to process together, by how well the next GRANT to the RPC fits.
    fn counts(&self, state: &State, arrived: &[Input], peer: PeerId, rpc: RpcId, first: &Data) -> Vec<usize> {
        let mut counts: Vec<usize> = (1..=arrived.len()).collect();
        let grants = self.grants_ahead(state, peer, rpc);
        let length_of = |input: &Input| {
            data_of(input)
                .filter(|(from, data)| (*from, data.header) == (peer, first.header))
                .map(|(_, data)| data.length)
        };
        let Some((desired, _)) = grants.first().copied() else {
            // None follows, so the message is complete after this batch, or nothing is left to be granted.
            counts.reverse();
            return counts;
        };
        let alone = state.probe_grant(self.scene, rpc);
        let packets_of = |count: usize| arrived[..count].iter().filter(|input| length_of(input).is_some()).count();
        match alone {
            Some(offset) if desired != first.message_length || offset > desired => {
                let more = desired.saturating_sub(offset);
                let bytes_of = |count: usize| {
                    let lengths = arrived[..count].iter().filter_map(length_of);
                    lengths.sum::<u32>().saturating_sub(first.length)
                };
                counts.sort_by_key(|count| (bytes_of(*count).abs_diff(more), *count));
            }
            _ => {
                let most = self.most_together(state, peer, first, &grants).max(1);
                counts.sort_by_key(|count| {
                    let packets = packets_of(*count);
                    (packets > most, packets.abs_diff(most), *count)
                });
            }
        }
        counts
    }

    /// Offsets and times of the GRANTs that come next in the RPC.
    fn grants_ahead(&self, state: &State, peer: PeerId, rpc: RpcId) -> Vec<(u32, u64)> {
        let Some(stream) = self.scene.stream(peer, rpc) else { return Vec::new() };
        let outputs = state.open_of(self.scene, stream).iter().take(GRANTS_AHEAD);
        let grants = outputs.map_while(|output| match self.scene.packet(*output) {
            Some(Packet::Grant(grant)) => Some((grant.offset, self.scene.outputs[*output].sent_ns)),
            _ => None,
        });
        grants.collect()
    }

    /// How many packets of the message can be in the next batch, if each of the GRANTs ahead needs a batch of its own.
    fn most_together(&self, state: &State, peer: PeerId, first: &Data, grants: &[(u32, u64)]) -> usize {
        let inputs = &self.scene.inputs[state.next_input..];
        let last = grants.last().map_or(0, |(_, sent_ns)| *sent_ns);
        let mine =
            |input: &&Input| data_of(input).is_some_and(|(from, data)| from == peer && data.header == first.header);
        let at: Vec<u64> =
            inputs.iter().take_while(|input| input.at_ns <= last).filter(mine).map(|input| input.at_ns).collect();
        let arrived = |ns: u64| at.partition_point(|at| *at <= ns);
        let left = grants.iter().enumerate().map(|(later, (_, sent_ns))| arrived(*sent_ns).saturating_sub(later));
        left.min().unwrap_or(1)
    }
}

fn data_of(input: &Input) -> Option<(PeerId, &Data)> {
    match &input.what {
        Happening::Homa { peer, packet: Packet::Data(data) } => Some((*peer, data)),
        _ => None,
    }
}
