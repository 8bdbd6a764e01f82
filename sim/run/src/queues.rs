//! Queues over time, looked at in equidistant instants of the window.

use homa_analysis::LogarithmicCounts;
use homa_topologies::{Tier, TierId};
use serde::{Deserialize, Serialize};

/// How often the queues of a small network are looked at in the window.
const SAMPLES: u64 = 1_000;
/// How often those of a large one are: each look passes over every port.
const SAMPLES_LARGE: u64 = 100;
/// More ports make a network large.
const PORTS_SMALL: usize = 2_000;

/// How often queues are looked at: a multiple of 100.
pub(crate) const fn samples(ports: usize) -> u64 {
    if ports <= PORTS_SMALL { SAMPLES } else { SAMPLES_LARGE }
}

/// Waiting bytes of one tier's ports.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct QueueSeries {
    /// The name of the tier.
    pub tier: String,
    /// Which one, while the run goes on.
    #[serde(skip)]
    id: TierId,
    /// Number of its ports.
    pub ports: u64,
    /// By instant: the sum over all ports and the largest.
    pub instants: Vec<(u64, u64)>,
    /// Of every port at every instant.
    pub distribution: LogarithmicCounts,
}

/// The series of all tiers that a network has.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Queues(pub Vec<QueueSeries>);

impl Queues {
    /// Looks at all ports, which come in the same order each time.
    pub(crate) fn look(&mut self, ports: impl Iterator<Item = (TierId, u64)>, tiers: &[Tier]) {
        let is_first = self.0.is_empty();
        let number = self.0.first().map_or(0, |series| series.instants.len());
        for (id, bytes) in ports {
            let place = self.0.iter().position(|series| series.id == id).unwrap_or_else(|| {
                self.0.push(QueueSeries {
                    tier: tiers[id.index()].name.to_owned(),
                    id,
                    ports: 0,
                    instants: Vec::new(),
                    distribution: LogarithmicCounts::default(),
                });
                self.0.len() - 1
            });
            let series = &mut self.0[place];
            series.ports += u64::from(is_first);
            if series.instants.len() == number {
                series.instants.push((0, 0));
            }
            let (sum, max) = &mut series.instants[number];
            *sum += bytes;
            *max = (*max).max(bytes);
            series.distribution.record(bytes as f64);
        }
    }
}
