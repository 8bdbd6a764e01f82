//! What ports and hosts have counted, as numbers about the whole network.

use super::Simulation;
use crate::statistics::{FabricStatistics, TierStatistics};
use crate::traffic::{Observer, Traffic};
use crate::transport::Transport;
use homa_topologies::Tier;

impl<T: Transport, S: Traffic, O: Observer> Simulation<T, S, O> {
    /// What the network counted up to now.
    pub fn statistics(&mut self) -> FabricStatistics {
        let tiers = Tier::ALL.into_iter().filter_map(|tier| self.tier_statistics(tier)).collect();
        FabricStatistics {
            tiers,
            received_wire_bytes: self.received_wire_bytes,
            packet_hops: self.ports.iter().map(|port| port.counters.frames).sum(),
            packets_in_network_max: self.arena.len_max() as u64,
            lost_packets: self.lost_packets,
            events: self.events,
        }
    }

    /// Bytes of the frames that wait in each port now, with the port's tier; the ports come in the same order each time.
    pub fn waiting_bytes(&self) -> impl Iterator<Item = (Tier, u64)> {
        self.ports.iter().map(|port| (port.tier, port.waiting_bytes()))
    }

    fn tier_statistics(&mut self, tier: Tier) -> Option<TierStatistics> {
        let now = self.now;
        let (mut integral, mut max, mut busy_ps, mut ports) = (0, 0, 0, 0);
        let (mut frames, mut frame_bytes) = (0, 0);
        for port in self.ports.iter_mut().filter(|port| port.tier == tier) {
            let (port_integral, port_max) = port.queue_statistics(now);
            integral += port_integral;
            max = max.max(port_max);
            let on_wire = port.counters.frame_bytes + crate::PREAMBLE.get() * port.counters.frames;
            busy_ps += u128::from(port.serialization(on_wire).as_ps());
            frames += port.counters.frames;
            frame_bytes += port.counters.frame_bytes;
            ports += 1;
        }
        let share = |part: u128, of: u64| if of == 0 { 0.0 } else { part as f64 / of as f64 / f64::from(ports) };
        (ports > 0).then(|| TierStatistics {
            tier,
            ports,
            queue_mean_bytes: share(integral, now.since(self.measured_since).as_ps()),
            queue_max_bytes: max,
            utilisation: share(busy_ps, now.as_ps()),
            frames,
            frame_bytes,
        })
    }
}
