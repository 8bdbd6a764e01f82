//! What ports and hosts have counted, as numbers about the whole network.

use super::Simulation;
use crate::framing::Framing;
use crate::statistics::{FabricStatistics, TierStatistics};
use crate::switch::Port;
use crate::transport::Transport;
use homa_topologies::{TierId, Topology};
use homa_units::Time;

impl<T: Transport, S, O> Simulation<T, S, O> {
    /// What the network counted up to now.
    #[must_use]
    pub fn statistics(&self) -> FabricStatistics {
        FabricStatistics {
            tiers: self.tiers.statistics(|| self.ports.iter(), self.now, self.measured_since),
            received_wire_bytes: self.received_wire_bytes,
            packet_hops: self.ports.iter().map(|port| port.counters.frames).sum(),
            packets_in_network_max: self.arena.len_max() as u64,
            lost_packets: self.lost_packets,
            events: self.events,
        }
    }

    /// Bytes of the frames that wait in each port now, with the port's tier; the ports come in the
    /// same order each time.
    pub fn waiting_bytes(&self) -> impl Iterator<Item = (TierId, u64)> {
        self.ports.iter().map(|port| (port.tier, port.waiting_bytes()))
    }
}

/// What is needed to count by tier.
#[derive(Debug, Clone)]
pub(crate) struct Tiers {
    names: Vec<&'static str>,
    framing: Framing,
}

impl Tiers {
    pub(crate) fn new(topology: &Topology, framing: Framing) -> Self {
        Self { names: topology.tiers.iter().map(|tier| tier.name).collect(), framing }
    }

    /// Statistics of the tiers that have ports, at `now`; those of queues since `measured_since`.
    pub(crate) fn statistics<'a, P: Iterator<Item = &'a Port>>(
        &self,
        ports: impl Fn() -> P,
        now: Time,
        measured_since: Time,
    ) -> Vec<TierStatistics> {
        let of_tier = |(number, name): (u8, &&str)| {
            let (mut integral, mut max, mut busy_ps, mut count) = (0, 0, 0, 0);
            let (mut frames, mut frame_bytes) = (0, 0);
            for port in ports().filter(|port| port.tier == TierId(number)) {
                let (port_integral, port_max) = port.queue_statistics(now);
                integral += port_integral;
                max = max.max(port_max);
                let on_wire = port.counters.frame_bytes + u64::from(self.framing.preamble) * port.counters.frames;
                busy_ps += u128::from(port.serialization(on_wire).as_ps());
                frames += port.counters.frames;
                frame_bytes += port.counters.frame_bytes;
                count += 1;
            }
            let share = |part: u128, of: u64| if of == 0 { 0.0 } else { part as f64 / of as f64 / f64::from(count) };
            (count > 0).then(|| TierStatistics {
                tier: (*name).to_owned(),
                ports: count,
                queue_mean_bytes: share(integral, now.since(measured_since).as_ps()),
                queue_max_bytes: max,
                utilisation: share(busy_ps, now.as_ps()),
                frames,
                frame_bytes,
            })
        };
        (0..).zip(&self.names).filter_map(of_tier).collect()
    }
}
