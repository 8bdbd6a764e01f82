//! What a scenario's measurements are, and how people and scripts read them.

use super::sample::Raw;
use homa_lab::{RunRecord, RunTiming};
use serde::Serialize;

/// The measurements of a scenario. Medians are over its runs, which all simulate the same.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Measured {
    scenario: &'static str,
    hosts: u32,
    runs: usize,
    /// Of one run.
    simulated_ms: f64,
    packet_hops: u64,
    events: u64,
    /// Median; CPU time is that of the run's thread.
    packet_hops_per_cpu_s: f64,
    packet_hops_per_cpu_s_min: f64,
    packet_hops_per_cpu_s_max: f64,
    simulated_ms_per_cpu_s: f64,
    events_per_packet_hop: f64,
    instructions_per_packet_hop: Option<f64>,
    instructions_tool: Option<String>,
    messages_in_flight_mean: f64,
    /// Memory of the idle network, where the system tells it.
    bytes_per_host: Option<f64>,
    /// Memory that load adds to it, where the system tells it.
    bytes_per_message_in_flight: Option<f64>,
    rustc: &'static str,
    optimised: bool,
}

/// Instructions per packet-hop, and the tool that counted them.
pub(crate) type Instructions = Option<(f64, String)>;

impl Measured {
    /// # Panics
    /// If there are no runs.
    pub(crate) fn new(
        scenario: &'static str,
        runs: &[(RunRecord, RunTiming)],
        raw: &Raw,
        instructions: Instructions,
    ) -> Self {
        let of_one = runs[0].0.statistics();
        let simulated_ms = runs[0].0.simulated().as_secs_f64() * 1e3;
        let mut cpu_s: Vec<f64> = runs.iter().map(|(_, timing)| timing.cpu_s).collect();
        cpu_s.sort_by(f64::total_cmp);
        let hops = of_one.packet_hops as f64;
        let (instructions_per_packet_hop, instructions_tool) = instructions.unzip();
        Self {
            scenario,
            hosts: raw.hosts,
            runs: runs.len(),
            simulated_ms,
            packet_hops: of_one.packet_hops,
            events: of_one.events,
            packet_hops_per_cpu_s: hops / median(&cpu_s),
            packet_hops_per_cpu_s_min: hops / cpu_s[cpu_s.len() - 1],
            packet_hops_per_cpu_s_max: hops / cpu_s[0],
            simulated_ms_per_cpu_s: simulated_ms / median(&cpu_s),
            events_per_packet_hop: of_one.events as f64 / hops,
            instructions_per_packet_hop,
            instructions_tool,
            messages_in_flight_mean: raw.messages_in_flight_mean,
            bytes_per_host: raw.bytes_per_host(),
            bytes_per_message_in_flight: raw.bytes_per_message_in_flight(),
            rustc: super::RUSTC,
            optimised: super::OPTIMISED,
        }
    }

    /// A line of the table under [`HEAD`].
    pub(crate) fn line(&self) -> String {
        let number = |value: Option<f64>| value.map_or_else(|| "-".to_owned(), |value| format!("{value:.0}"));
        let million = |hops: f64| format!("{:.2}", hops / 1e6);
        format!(
            "{:<20} {:>6} {:>9} {:>12} {:>8.2} {:>10.3} {:>10} {:>10} {:>10.0} {:>12}",
            self.scenario,
            self.hosts,
            million(self.packet_hops_per_cpu_s),
            format!("{} - {}", million(self.packet_hops_per_cpu_s_min), million(self.packet_hops_per_cpu_s_max)),
            self.simulated_ms_per_cpu_s,
            self.events_per_packet_hop,
            number(self.instructions_per_packet_hop),
            number(self.bytes_per_host),
            self.messages_in_flight_mean,
            number(self.bytes_per_message_in_flight),
        )
    }
}

/// The table's head.
pub(crate) const HEAD: &str = "\
                             Mhops/s    range over simulated  events per  instr. per   bytes per  messages    bytes per
scenario              hosts  (median)         runs     ms/s packet-hop packet-hop       host  in flight      message";

/// Of values in order, of which there is at least one.
pub(super) fn median(sorted: &[f64]) -> f64 {
    let middle = sorted.len() / 2;
    if sorted.len() % 2 == 1 { sorted[middle] } else { f64::midpoint(sorted[middle - 1], sorted[middle]) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_of_an_even_number_of_values_is_between_the_middle_two() {
        assert_eq!(median(&[1.0, 2.0, 9.0]).to_bits(), 2_f64.to_bits());
        assert_eq!(median(&[1.0, 2.0, 3.0, 9.0]).to_bits(), 2.5_f64.to_bits());
    }
}
