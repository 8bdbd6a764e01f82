//! The parameters of the model.

use crate::cutoffs::{self, CutoffRule};
use crate::wire;
use homa_units::{BitRate, Bytes, Priority};
use serde::{Deserialize, Serialize};
use thiserror::Error;

/// What a user may set; whatever is left out takes the original's value or is derived from the size
/// distribution.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Parameters {
    /// Number of priority levels in use, 1 to 8. With one, scheduled and unscheduled packets share
    /// it. Default 8.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub priority_levels: Option<u8>,
    /// Levels for scheduled packets (`adaptiveSchedPrioLevels`); the others are for unscheduled
    /// ones. Default: the original's choice for the workload, in every network (W1 1, W2 3, W3 4,
    /// W4 and W5 7), else derived from the share of unscheduled bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scheduled_levels: Option<u8>,
    /// How many senders a receiver keeps granted (`numSendersToKeepGranted`), at most
    /// `scheduled_levels`. Default: equal to `scheduled_levels`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub overcommitment: Option<u8>,
    /// Largest remaining size for each unscheduled level but the last, in bytes, ascending.
    /// Default: computed so that each level carries the same number of bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cutoffs: Option<Vec<u32>>,
    /// A message is granted while fewer wire bytes of it are in flight (`rttBytes`). Default: what
    /// a host's link carries in the idle round trip to the farthest host, in whole 1000 B; that is
    /// the original's 10000 B in its network.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rtt_bytes: Option<Bytes>,
    /// Message bytes that are sent without asking. Default: as many as fill `rtt_bytes` by default;
    /// in the original's network 9328 B.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unscheduled_bytes: Option<Bytes>,
    /// Scheduled packets with fewer wire bytes than this to the end of their message go on the
    /// level of an unscheduled packet (`boostTailBytesPrio`). Default: as `rtt_bytes` by default; 0
    /// B switches it off.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub boost_tail_bytes: Option<Bytes>,
    /// Bytes of a message that count for the cutoffs (`cbfCapMsgSize`). Default: as `rtt_bytes` by
    /// default.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cutoff_cap_bytes: Option<Bytes>,
}

/// Parameters that don't go together.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("transport.sigcomm18.{key} = {value} is not possible; accepted is {accepted}")]
pub struct ConfigError {
    /// The key.
    pub key: &'static str,
    /// The value given.
    pub value: String,
    /// What is accepted.
    pub accepted: String,
}

/// What defaults depend on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Network {
    /// Rate of the hosts' links.
    pub link_rate: BitRate,
    /// What such a link carries in an idle round trip.
    pub round_trip_bytes: Bytes,
}

impl Network {
    /// That of the original.
    pub const ORIGINAL: Self = Self { link_rate: BitRate::from_gbps(10), round_trip_bytes: Bytes::new(10_000) };
}

/// All parameters, complete and checked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Config {
    /// Number of priority levels in use.
    pub priority_levels: u8,
    /// Levels for scheduled packets.
    pub scheduled_levels: u8,
    /// Senders kept granted.
    pub overcommitment: u8,
    /// Largest remaining size for each unscheduled level but the last, ascending, in bytes.
    pub cutoffs: Vec<u32>,
    /// In-flight limit of a message, in wire bytes.
    pub rtt_bytes: Bytes,
    /// Message bytes sent without asking.
    pub unscheduled_bytes: Bytes,
    /// Tail of a message on unscheduled levels, in wire bytes.
    pub boost_tail_bytes: Bytes,
    /// Cap of what counts for the cutoffs, in wire bytes.
    pub cutoff_cap_bytes: Bytes,
    /// Rate of the hosts' links, at which the grants of a sender are paced.
    #[serde(skip)]
    pub link_rate: BitRate,
}

impl Parameters {
    /// Completes the parameters for a network and a workload.
    ///
    /// `listed_levels` is the original's number of scheduled levels for the workload if it has one;
    /// `sizes` are the points (size, cumulative probability) of the message size distribution as
    /// the original's estimator sees them.
    ///
    /// # Errors
    /// If a parameter is out of range or two don't go together.
    pub fn complete(
        &self,
        network: Network,
        listed_levels: Option<u8>,
        sizes: &[(Bytes, f64)],
    ) -> Result<Config, ConfigError> {
        let error = |key, value: String, accepted: String| Err(ConfigError { key, value, accepted });
        let levels = self.priority_levels.unwrap_or(Priority::LEVELS as u8);
        if !(1..=Priority::LEVELS as u8).contains(&levels) {
            return error("priority_levels", levels.to_string(), "1 to 8".into());
        }
        // A single level is shared; of several at least one is for unscheduled packets.
        let scheduled_max = (levels - 1).max(1);
        let bytes = |given: Option<Bytes>| given.unwrap_or(network.round_trip_bytes);
        let unscheduled_bytes =
            self.unscheduled_bytes.unwrap_or_else(|| wire::unscheduled_payload(network.round_trip_bytes));
        if unscheduled_bytes == Bytes::ZERO || unscheduled_bytes > Bytes::new(1_000_000_000) {
            return error("unscheduled_bytes", format!("\"{unscheduled_bytes}\""), "\"1B\" to \"1GB\"".into());
        }
        let rtt_bytes = bytes(self.rtt_bytes);
        if rtt_bytes == Bytes::ZERO {
            return error("rtt_bytes", "\"0B\"".into(), "at least \"1B\": with less, nothing is ever granted".into());
        }
        let rule = CutoffRule {
            unscheduled_bytes,
            cap_bytes: bytes(self.cutoff_cap_bytes),
            boost_bytes: bytes(self.boost_tail_bytes),
        };
        let derived = || if levels == 1 { 1 } else { cutoffs::derived_scheduled_levels(sizes, &rule, levels) };
        let scheduled =
            self.scheduled_levels.or(listed_levels.map(|listed| listed.min(scheduled_max))).unwrap_or_else(derived);
        if !(1..=scheduled_max).contains(&scheduled) {
            let accepted = if scheduled_max == 1 { "1".to_owned() } else { format!("1 to {scheduled_max}") };
            return error(
                "scheduled_levels",
                scheduled.to_string(),
                format!("{accepted} with {levels} priority levels"),
            );
        }
        let overcommitment = self.overcommitment.unwrap_or(scheduled);
        if !(1..=scheduled).contains(&overcommitment) {
            let more = if scheduled < scheduled_max {
                "set scheduled_levels as well for more"
            } else {
                "more need more levels"
            };
            let accepted = format!("1 to scheduled_levels, which is {scheduled} here; {more}");
            return error("overcommitment", overcommitment.to_string(), accepted);
        }
        let unscheduled = usize::from((levels - scheduled).max(1));
        let cutoffs = match &self.cutoffs {
            None => cutoffs::equal_byte_cutoffs(sizes, &rule, unscheduled),
            Some(given) if given.len() == unscheduled - 1 && given.is_sorted() => given.clone(),
            Some(given) => {
                let accepted = format!(
                    "{} sizes in bytes, ascending: one for each unscheduled level but the last",
                    unscheduled - 1
                );
                return error("cutoffs", format!("{given:?}"), accepted);
            }
        };
        Ok(Config {
            priority_levels: levels,
            scheduled_levels: scheduled,
            overcommitment,
            cutoffs,
            rtt_bytes,
            unscheduled_bytes,
            boost_tail_bytes: rule.boost_bytes,
            cutoff_cap_bytes: rule.cap_bytes,
            link_rate: network.link_rate,
        })
    }
}

impl Config {
    /// The level of an unscheduled packet of a message with `remaining` bytes left before it.
    #[must_use]
    #[inline]
    pub fn unscheduled_level(&self, remaining: u32) -> Priority {
        let below = self.cutoffs.iter().take_while(|cutoff| remaining > **cutoff).count();
        Priority::new(self.priority_levels - 1 - below as u8)
    }

    /// The level of a grant made to the sender in `slot` for a message with `remaining` bytes not
    /// yet granted.
    #[must_use]
    pub fn grant_level(&self, slot: u32, remaining: u32) -> Priority {
        let by_slot = Priority::new((u32::from(self.scheduled_levels) - 1).saturating_sub(slot) as u8);
        if wire::scheduled_wire_bytes(remaining) < self.boost_tail_bytes.get() {
            return by_slot.max(self.unscheduled_level(remaining));
        }
        by_slot
    }

    /// The level of grants themselves.
    #[must_use]
    pub const fn control_level(&self) -> Priority {
        Priority::new(self.priority_levels - 1)
    }

    /// Wire bytes that a message costs, headers and grants included.
    #[must_use]
    pub fn message_wire_bytes(&self, size: Bytes) -> Bytes {
        wire::message_wire_bytes(size, self.unscheduled_limit())
    }

    /// How many data packets and how many grants a message takes.
    #[must_use]
    pub fn message_packets(&self, size: Bytes) -> (u64, u64) {
        let unscheduled = size.min(self.unscheduled_bytes);
        let scheduled = (size - unscheduled).get().div_ceil(u64::from(wire::SCHEDULED_DATA_MAX));
        (unscheduled.get().div_ceil(u64::from(wire::UNSCHEDULED_DATA_MAX)) + scheduled, scheduled)
    }

    /// Message bytes sent without asking.
    #[must_use]
    #[inline]
    pub fn unscheduled_limit(&self) -> u32 {
        self.unscheduled_bytes.get() as u32
    }
}
