//! What ports and hosts have counted, as numbers about the whole network.

use super::Simulation;
use crate::port::Port;
use crate::statistics::{FabricStatistics, TierStatistics};
use crate::transport::Transport;
use homa_topologies::Tier;
use homa_units::Time;

impl<T: Transport, S, O> Simulation<T, S, O> {
    /// What the network counted up to now.
    #[must_use]
    pub fn statistics(&self) -> FabricStatistics {
        FabricStatistics {
            tiers: tier_statistics(|| self.ports.iter(), self.now, self.measured_since),
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
}

/// Statistics of the tiers that have ports, at `now`; those of queues since `measured_since`.
pub(crate) fn tier_statistics<'a, P: Iterator<Item = &'a Port>>(
    ports: impl Fn() -> P,
    now: Time,
    measured_since: Time,
) -> Vec<TierStatistics> {
    let of_tier = |tier: Tier| {
        let (mut integral, mut max, mut busy_ps, mut count) = (0, 0, 0, 0);
        let (mut frames, mut frame_bytes) = (0, 0);
        for port in ports().filter(|port| port.tier == tier) {
            let (port_integral, port_max) = port.queue_statistics(now);
            integral += port_integral;
            max = max.max(port_max);
            let on_wire = port.counters.frame_bytes + crate::PREAMBLE.get() * port.counters.frames;
            busy_ps += u128::from(port.serialization(on_wire).as_ps());
            frames += port.counters.frames;
            frame_bytes += port.counters.frame_bytes;
            count += 1;
        }
        let share = |part: u128, of: u64| if of == 0 { 0.0 } else { part as f64 / of as f64 / f64::from(count) };
        (count > 0).then(|| TierStatistics {
            tier,
            ports: count,
            queue_mean_bytes: share(integral, now.since(measured_since).as_ps()),
            queue_max_bytes: max,
            utilisation: share(busy_ps, now.as_ps()),
            frames,
            frame_bytes,
        })
    };
    Tier::ALL.into_iter().filter_map(of_tier).collect()
}
