//! Packets that arrive together (spec 3.5).

use super::Endpoint;
use crate::output::Placement;
use crate::{Packet, PeerId};
use homa_units::Time;

/// Packets of messages shorter than this are handled before those of longer ones.
const SHORT_MESSAGE: u32 = 1400;

impl Endpoint {
    /// Takes packets that arrived together, as Linux takes those that its GRO bundled: control packets and short messages
    /// first, then the packets of each longer message as one batch, after which its grants are looked at once.
    ///
    /// `place` is called for each payload that is wanted, with the index of its packet.
    pub fn handle_batch(&mut self, now: Time, packets: &[(PeerId, Packet)], mut place: impl FnMut(usize, Placement)) {
        self.advance(now);
        let mut done = core::mem::take(&mut self.batch_done);
        done.clear();
        done.resize(packets.len(), false);
        for (index, (from, packet)) in packets.iter().enumerate() {
            if matches!(packet, Packet::Data(data) if data.message_length >= SHORT_MESSAGE) {
                continue;
            }
            done[index] = true;
            let handled = self.dispatch(*from, packet);
            self.finish_batch(handled.rpc);
            if let Some(placement) = handled.placement {
                place(index, placement);
            }
        }
        for first in 0..packets.len() {
            if done[first] {
                continue;
            }
            let (mut rpc, mut refused) = (None, false);
            let of_group = |index: usize| {
                let (group, other) = (&packets[first], &packets[index]);
                (group.0, group.1.header()) == (other.0, other.1.header())
            };
            for index in first..packets.len() {
                if done[index] || !of_group(index) {
                    continue;
                }
                done[index] = true;
                if refused {
                    continue;
                }
                let handled = self.dispatch(packets[index].0, &packets[index].1);
                if handled.refused {
                    // One ICMP error answers the whole group.
                    refused = true;
                    continue;
                }
                rpc = handled.rpc.or(rpc);
                if let Some(placement) = handled.placement {
                    place(index, placement);
                }
            }
            self.finish_batch(rpc);
        }
        self.batch_done = done;
        self.run_pacer();
    }

    /// Takes one packet of several that arrived together. What [`handle_batch`](Self::handle_batch)
    /// does at once is left to a driver whose packets take time one by one: it calls this for each,
    /// and [`end_list`](Self::end_list) where Linux looks at grants.
    pub fn handle_packet_of_list(&mut self, now: Time, from: PeerId, packet: &Packet) -> Option<Placement> {
        self.advance(now);
        let handled = self.dispatch(from, packet);
        if let Some(rpc) = handled.rpc
            && !self.undecided.contains(&rpc)
        {
            self.undecided.push(rpc);
        }
        handled.placement
    }

    /// Looks at the grants of the messages of the packets since the last call: see
    /// [`handle_packet_of_list`](Self::handle_packet_of_list).
    pub fn end_list(&mut self, now: Time) {
        self.advance(now);
        let mut undecided = core::mem::take(&mut self.undecided);
        undecided.drain(..).for_each(|rpc| self.finish_batch(Some(rpc)));
        self.undecided = undecided;
        self.run_pacer();
    }
}
