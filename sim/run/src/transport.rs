//! The transports, as cases configure and report them.

use homa_fabric::Transport;
use homa_protocol::{Metrics, QuirkRow, Quirks};
use homa_transports::homa::{self, Completes, CutoffSource, Homa};
use homa_transports::sigcomm18::{self, ReceiverUsage, Sigcomm18, wire};
use homa_units::Bytes;
use homa_workloads::MessageCost;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// The transports.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TransportKind {
    /// Homa as the SIGCOMM'18 simulator models it.
    Sigcomm18,
    /// Homa as Linux runs it.
    Homa,
}

impl TransportKind {
    /// The name used in every file.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Sigcomm18 => "sigcomm18",
            Self::Homa => "homa",
        }
    }
}

/// A transport with its parameters, complete.
#[derive(Debug, Clone)]
pub enum TransportConfig {
    /// Homa as the SIGCOMM'18 simulator models it.
    Sigcomm18(Arc<sigcomm18::Config>),
    /// Homa as Linux runs it.
    Homa(Arc<homa::Config>),
}

/// A transport's parameters in a summary.
#[derive(Debug, Clone, Serialize)]
#[serde(untagged)]
pub enum TransportParameters {
    /// Those of `sigcomm18`, complete.
    Sigcomm18(sigcomm18::Config),
    /// Those of `homa`.
    Homa(Box<homa::Parameters>),
}

impl TransportConfig {
    /// Which transport.
    #[must_use]
    pub const fn kind(&self) -> TransportKind {
        match self {
            Self::Sigcomm18(_) => TransportKind::Sigcomm18,
            Self::Homa(_) => TransportKind::Homa,
        }
    }

    /// Whether a message is complete when the answer to it has arrived, not when it has.
    #[must_use]
    pub fn measures_round_trips(&self) -> bool {
        match self {
            Self::Sigcomm18(_) => false,
            Self::Homa(config) => config.parameters.completes == Completes::Response,
        }
    }

    /// Whether it recovers what is lost, and gives up what can't be recovered.
    #[must_use]
    pub const fn copes_with_faults(&self) -> bool {
        matches!(self, Self::Homa(_))
    }

    /// The longest message it can carry, in bytes.
    #[must_use]
    pub const fn message_bytes_max(&self) -> u64 {
        match self {
            Self::Sigcomm18(_) => u32::MAX as u64,
            Self::Homa(_) => homa_protocol::MAX_MESSAGE_LENGTH as u64,
        }
    }

    /// Payload bytes of a message and of its answer.
    #[must_use]
    pub fn payload(&self, size: Bytes) -> MessageCost {
        let response = match self {
            Self::Sigcomm18(_) => Bytes::ZERO,
            Self::Homa(config) => config.response_bytes(size),
        };
        MessageCost { request: size, response }
    }

    /// Wire bytes of a message and of its answer.
    #[must_use]
    pub fn wire(&self, size: Bytes) -> MessageCost {
        match self {
            Self::Sigcomm18(config) => MessageCost { request: config.message_wire_bytes(size), response: Bytes::ZERO },
            Self::Homa(config) => {
                let wire_bytes = |size: Bytes| Bytes::new(config.message_wire_bytes(size.get() as u32));
                MessageCost { request: wire_bytes(size), response: wire_bytes(config.response_bytes(size)) }
            }
        }
    }

    /// Whether the wire bytes of a message are also those of its grants.
    #[must_use]
    pub const fn wire_load_has_grants(&self) -> bool {
        matches!(self, Self::Sigcomm18(_))
    }

    /// Whether a wire load follows the rule of the SIGCOMM'18 simulator, which knows its own transport's headers.
    #[must_use]
    pub const fn follows_listed_load(&self) -> bool {
        matches!(self, Self::Sigcomm18(_))
    }

    /// How many data packets and grants a message takes, about, and how many the answer to it.
    #[must_use]
    pub fn message_packets(&self, size: Bytes) -> [(u64, u64); 2] {
        match self {
            Self::Sigcomm18(config) => [config.message_packets(size), (0, 0)],
            Self::Homa(config) => {
                [size, config.response_bytes(size)].map(|size| config.message_packets(size.get() as u32))
            }
        }
    }

    /// Bytes of the frames of a full data packet and of a grant.
    #[must_use]
    pub fn frame_bytes(&self) -> (u16, u16) {
        match self {
            Self::Sigcomm18(_) => (wire::unscheduled_frame(wire::UNSCHEDULED_DATA_MAX), wire::GRANT_FRAME),
            Self::Homa(config) => (config.full_frame_bytes(), config.grant_frame_bytes()),
        }
    }

    /// What a summary has of it.
    #[must_use]
    pub fn parameters(&self) -> TransportParameters {
        match self {
            Self::Sigcomm18(config) => TransportParameters::Sigcomm18(sigcomm18::Config::clone(config)),
            Self::Homa(config) => TransportParameters::Homa(Box::new(config.parameters.clone())),
        }
    }

    /// What a user should see before a run: labels and texts, the most important first.
    #[must_use]
    pub fn description(&self) -> Vec<(&'static str, String)> {
        match self {
            Self::Sigcomm18(config) => describe_sigcomm18(config),
            Self::Homa(config) => describe_homa(&config.parameters),
        }
    }
}

fn describe_sigcomm18(config: &sigcomm18::Config) -> Vec<(&'static str, String)> {
    let cutoffs = config.cutoffs.iter().map(u32::to_string).chain(["any".to_owned()]).collect::<Vec<_>>();
    vec![
        (
            "levels",
            format!(
                "{} unscheduled (remaining sizes up to {}), {} scheduled; {} senders kept granted",
                config.priority_levels - config.scheduled_levels,
                cutoffs.join(", "),
                config.scheduled_levels,
                config.overcommitment
            ),
        ),
        (
            "bytes",
            format!("{} unscheduled, then grants while under {} in flight", config.unscheduled_bytes, config.rtt_bytes),
        ),
    ]
}

/// The name that serde writes for a value without fields.
fn name_of(value: &impl Serialize) -> String {
    serde_json::to_string(value).expect("plain values can be written").replace('"', "")
}

fn describe_homa(parameters: &homa::Parameters) -> Vec<(&'static str, String)> {
    let sysctl = &parameters.sysctl;
    let window = match sysctl.window {
        0 => format!("a window by max_incoming = {}", sysctl.max_incoming),
        bytes => format!("a window of {bytes}"),
    };
    let cutoffs = match &parameters.cutoffs {
        CutoffSource::Sysctl => format!("{:?}", sysctl.unsched_cutoffs),
        CutoffSource::Published(name) => format!("published for {name}"),
        CutoffSource::HomaPrio(options) => {
            format!("{:?} at first, then computed every {} as by homa_prio", sysctl.unsched_cutoffs, options.interval)
        }
    };
    vec![
        (
            "rpcs",
            format!(
                "response {}, complete with the {}; transmit {}, quirks {}",
                name_of(&parameters.response),
                name_of(&parameters.completes),
                name_of(&parameters.transmit),
                describe_quirks(parameters.quirks),
            ),
        ),
        (
            "bytes",
            format!(
                "{} unscheduled, {window}, {} messages granted at a time, {} levels, MTU {}",
                sysctl.unsched_bytes, sysctl.max_overcommit, sysctl.num_priorities, parameters.mtu
            ),
        ),
        ("cutoffs", cutoffs),
    ]
}

impl TransportConfig {
    /// Whether the kernel's metrics miss messages of 4096 bytes.
    #[must_use]
    pub fn quirk_q15(&self) -> bool {
        matches!(self, Self::Homa(config) if config.parameters.quirks.size_4096_uncounted)
    }
}

/// "linux", "fixed", or what differs from Linux.
fn describe_quirks(quirks: Quirks) -> String {
    if quirks == Quirks::linux() {
        return "linux".to_owned();
    }
    if quirks == Quirks::fixed() {
        return "fixed".to_owned();
    }
    let linux = Quirks::linux();
    let differs = |row: &&QuirkRow| quirks.get(row.name) != linux.get(row.name);
    let names: Vec<_> = Quirks::ROWS.iter().filter(differs).map(|row| row.name).collect();
    format!("linux but for {}", names.join(", "))
}

/// What a host's transport has counted when a run ends.
#[derive(Debug, Clone)]
pub(crate) enum HostCounts {
    /// How its link was used.
    Receiver(ReceiverUsage),
    /// The kernel's metrics; none of a host that was idle.
    Metrics(Option<Box<Metrics>>),
}

/// A transport that the laboratory can report.
pub(crate) trait Counted: Transport {
    fn counts(&self) -> HostCounts;

    /// The most records of messages (or RPCs) that the host had at a time.
    fn records_max(&self) -> usize;
}

impl Counted for Sigcomm18 {
    fn counts(&self) -> HostCounts {
        HostCounts::Receiver(self.receiver_usage().clone())
    }

    fn records_max(&self) -> usize {
        self.records_max()
    }
}

impl Counted for Homa {
    fn counts(&self) -> HostCounts {
        HostCounts::Metrics(self.endpoint().map(|endpoint| Box::new(endpoint.metrics().clone())))
    }

    fn records_max(&self) -> usize {
        self.endpoint().map_or(0, |endpoint| endpoint.rpcs_max())
    }
}
