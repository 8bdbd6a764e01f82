//! `timing.json`: how long a case took, and whatever else follows from how the simulator works.

use super::formats::{StoredError, read_json};
use super::summary::CaseSummary;
use homa_run::RunTiming;
use serde::{Deserialize, Serialize};
use std::path::Path;

/// How long a case took, added up over its runs: differs from machine to machine and time to time.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Timing {
    /// Seconds on the wall, as if its runs had gone one after the other.
    pub wall_s: f64,
    /// CPU seconds of its runs.
    pub cpu_s: f64,
    /// Events handled: how the simulator does it, which is no result.
    #[serde(default)]
    pub events: u64,
    /// Packets put on a link per CPU second.
    pub packet_hops_per_cpu_s: f64,
    /// Events per packet put on a link.
    pub events_per_packet_hop: f64,
    /// Simulated milliseconds per CPU second.
    pub simulated_ms_per_cpu_s: f64,
}

impl Timing {
    /// Reads how long the case in `folder` took; none if that is not there, as nothing else depends
    /// on it.
    ///
    /// # Errors
    /// If it is damaged.
    pub fn read(folder: &Path) -> Result<Option<Self>, StoredError> {
        let path = folder.join("timing.json");
        if path.is_file() { read_json(&path).map(Some) } else { Ok(None) }
    }

    pub(crate) fn new(summary: &CaseSummary, events: u64, runs: &[RunTiming], pooling_s: f64) -> Self {
        let hops = summary.packet_hops as f64;
        let wall_s = runs.iter().map(|run| run.wall_s).sum();
        let cpu_s = runs.iter().map(|run| run.cpu_s).sum::<f64>() + pooling_s;
        Self {
            wall_s,
            cpu_s,
            events,
            packet_hops_per_cpu_s: hops / cpu_s,
            events_per_packet_hop: events as f64 / hops.max(1.0),
            simulated_ms_per_cpu_s: summary.simulated_s * 1e3 / cpu_s,
        }
    }
}
