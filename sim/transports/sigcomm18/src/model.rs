//! The model as experiments and results know it.

use crate::{Config, Network, Parameters, Sigcomm18, wire};
use homa_fabric::Framing;
use homa_run::{Context, Denominator, FrameBytes, MessageCosts, Model, Ran, Run, Traits};
use homa_units::Bytes;
use std::error::Error;
use std::sync::Arc;

/// The original's number of scheduled levels, where it has a setting.
fn listed_scheduled_levels(sizes: &str) -> Option<u8> {
    Some(match sizes {
        "w1" => 1,
        "fabricated-heavy-head" => 2,
        "w2" => 3,
        "w3" | "fabricated-heavy-middle" => 4,
        "fb-webserver" => 6,
        "w4" | "w5" | "fb-cachefollower" => 7,
        _ => return None,
    })
}

/// A full packet and a grant.
const FRAMES: FrameBytes =
    FrameBytes { data: wire::unscheduled_frame(wire::UNSCHEDULED_DATA_MAX), control: wire::GRANT_FRAME };

impl homa_run::Parameters for Parameters {
    const NAME: &'static str = "sigcomm18";
    const SUMMARY: &'static str =
        "Homa as the simulator behind the SIGCOMM'18 paper models it: one-way messages, no loss";
    const SOURCES: &'static str = env!("HOMASIM_SOURCES");
    const COUNTS_RECEIVERS: bool = true;

    fn complete(self, context: &Context<'_>) -> Result<Arc<dyn Model>, Box<dyn Error + Send + Sync>> {
        let round_trip_bytes = context.round_trip_bytes(FRAMES, Framing::ETHERNET);
        let network = Network { link_rate: context.host_rate, round_trip_bytes };
        // Not by the round trip: what hosts' software takes must not change the messages.
        let has_original_rate = network.link_rate == Network::ORIGINAL.link_rate;
        let config = Self::complete(&self, network, listed_scheduled_levels(context.workload), context.sizes)?;
        Ok(Arc::new(Complete { config: Arc::new(config), given: self, has_original_rate }))
    }
}

/// The parameters, complete; shared by all hosts.
#[derive(Debug)]
struct Complete {
    config: Arc<Config>,
    /// As the user set them.
    given: Parameters,
    /// The hosts' links have the rate of the original's.
    has_original_rate: bool,
}

impl Model for Complete {
    fn traits(&self) -> Traits {
        Traits {
            cost_has_grants: true,
            // The listed factors have the original's headers and grants in them.
            follows_listed_load: self.has_original_rate,
            denominator: Denominator::Sigcomm18,
            frames: FRAMES,
            packet_hops_per_cpu_s: 7e6,
            ..Traits::ONE_WAY
        }
    }

    fn cost(&self, size: Bytes) -> MessageCosts {
        let (data_packets, control_packets) = self.config.message_packets(size);
        MessageCosts { wire: self.config.message_wire_bytes(size), data_packets, control_packets }
    }

    fn parameters(&self) -> &dyn erased_serde::Serialize {
        &*self.config
    }

    fn description(&self) -> Vec<(&'static str, String)> {
        let config = &*self.config;
        let cutoffs = config.cutoffs.iter().map(u32::to_string).chain(["any".to_owned()]).collect::<Vec<_>>();
        let levels = if config.priority_levels == 1 {
            "one for all packets".to_owned()
        } else {
            format!(
                "{} unscheduled (remaining sizes up to {}), {} scheduled",
                config.priority_levels - config.scheduled_levels,
                cutoffs.join(", "),
                config.scheduled_levels,
            )
        };
        vec![
            ("levels", format!("{levels}; {} senders kept granted", config.overcommitment)),
            (
                "bytes",
                format!(
                    "{} unscheduled, then grants while under {} in flight",
                    config.unscheduled_bytes, config.rtt_bytes
                ),
            ),
        ]
    }

    fn notes(&self, context: &Context<'_>) -> Vec<String> {
        let round_trip_bytes = context.round_trip_bytes(FRAMES, Framing::ETHERNET);
        let note = |key: &str, bytes: Bytes, cost: &str| {
            format!(
                "transport.sigcomm18.{key} = \"{bytes}\" is less than fills an idle round trip ({round_trip_bytes} on the wire): \
                 {cost}"
            )
        };
        let mut notes = Vec::new();
        if self.config.rtt_bytes < round_trip_bytes {
            let times = round_trip_bytes.get() as f64 / self.config.rtt_bytes.get() as f64;
            let cost =
                format!("a long message takes up to {times:.2} times as long as it could, also in an idle network");
            notes.push(note("rtt_bytes", self.config.rtt_bytes, &cost));
        }
        let unscheduled_bytes = wire::unscheduled_payload(round_trip_bytes);
        if self.config.unscheduled_bytes < unscheduled_bytes {
            let cost = "a longer message waits for its first grant, also in an idle network";
            notes.push(note("unscheduled_bytes", self.config.unscheduled_bytes, cost));
        }
        notes
    }

    fn without_effect(&self) -> Vec<(&'static str, &'static str)> {
        let mut idle = Vec::new();
        let unscheduled_levels = self.config.priority_levels - self.config.scheduled_levels;
        if self.given.cutoffs.is_some() {
            idle.push(("cutoff_cap_bytes", "transport.sigcomm18.cutoffs gives the cutoffs, so that none are computed"));
        } else if unscheduled_levels <= 1 {
            idle.push(("cutoff_cap_bytes", "a single level for unscheduled packets has no cutoffs"));
        }
        if self.config.priority_levels == 1 {
            idle.push(("boost_tail_bytes", "transport.sigcomm18.priority_levels = 1 leaves a single level"));
        }
        idle
    }

    fn run(&self, run: Run<'_>) -> Ran {
        run.hosts(|host| Sigcomm18::new(Arc::clone(&self.config), host))
    }
}
