//! The parameters of [`Homa`](crate::Homa), as an experiment gives them.

use homa_protocol::wire::{Geometry, GeometryError, Version};
use homa_protocol::{
    Config as CoreConfig, ConfigError as CoreError, MAX_MESSAGE_LENGTH, PUBLISHED_CUTOFFS, PrioOptions, Quirks,
    Sysctls, TransmitMode,
};
use homa_units::Bytes;
use serde::de::{self, Deserializer, MapAccess, Unexpected, Visitor};
use serde::{Deserialize, Serialize};
use std::fmt;
use thiserror::Error;

/// What a server's application answers, at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Response {
    /// As many bytes as the request has, as in the cluster benchmark.
    #[default]
    Echo,
    /// 100 bytes: the cluster benchmark's `--one-way`.
    OneWay,
    /// This many bytes.
    Bytes(u32),
}

impl Response {
    /// Bytes of the response to a request of `request` bytes.
    #[must_use]
    pub const fn bytes(self, request: u32) -> u32 {
        match self {
            Self::Echo => request,
            Self::OneWay => 100,
            Self::Bytes(bytes) => bytes,
        }
    }
}

/// When a message counts as complete.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Completes {
    /// When the client's application has the response: a round trip, as in the cluster benchmark.
    #[default]
    Response,
    /// When the server's application has the request: one way, as in the paper's simulations.
    Request,
}

/// Whether packets are turned into bytes and back on their way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Wire {
    /// They stay what they are.
    #[default]
    Typed,
    /// Every packet goes through the wire format: the results are the same, and the wire format is
    /// tried.
    Encode,
}

/// Where the cutoffs of the unscheduled levels come from.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum CutoffSource {
    /// The sysctl `unsched_cutoffs`, the same on all hosts.
    #[default]
    Sysctl,
    /// Those that published cluster runs used for this workload, `"w1"` to `"w5"` (spec 6.5).
    Published(String),
    /// Each host computes its own from what it receives, as `homa_prio` does (spec 6.5).
    HomaPrio(PrioOptions),
}

impl<'de> Deserialize<'de> for Response {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ResponseVisitor)
    }
}

/// Written by hand, as are the others: a derived one doesn't say what is accepted.
struct ResponseVisitor;

impl<'de> Visitor<'de> for ResponseVisitor {
    type Value = Response;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("\"echo\", \"one-way\" or a number of bytes such as { bytes = 100 }")
    }

    fn visit_str<E: de::Error>(self, name: &str) -> Result<Response, E> {
        match name {
            "echo" => Ok(Response::Echo),
            "one-way" => Ok(Response::OneWay),
            _ => Err(E::invalid_value(Unexpected::Str(name), &self)),
        }
    }

    fn visit_map<A: MapAccess<'de>>(self, mut table: A) -> Result<Response, A::Error> {
        first_key(&mut table, &self, &["bytes"])?;
        let response = Response::Bytes(table.next_value()?);
        end_of_table(&mut table, &self).map(|()| response)
    }
}

impl<'de> Deserialize<'de> for CutoffSource {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(CutoffVisitor)
    }
}

struct CutoffVisitor;

impl<'de> Visitor<'de> for CutoffVisitor {
    type Value = CutoffSource;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("\"sysctl\", { published = \"w4\" } or { homa-prio = { interval = \"1s\" } }")
    }

    fn visit_str<E: de::Error>(self, name: &str) -> Result<CutoffSource, E> {
        match name {
            "sysctl" => Ok(CutoffSource::Sysctl),
            _ => Err(E::invalid_value(Unexpected::Str(name), &self)),
        }
    }

    fn visit_map<A: MapAccess<'de>>(self, mut table: A) -> Result<CutoffSource, A::Error> {
        let source = match first_key(&mut table, &self, &["published", "homa-prio"])? {
            "published" => CutoffSource::Published(table.next_value()?),
            _ => CutoffSource::HomaPrio(table.next_value()?),
        };
        end_of_table(&mut table, &self).map(|()| source)
    }
}

/// The first key of a table, one of `known`.
fn first_key<'de, A: MapAccess<'de>>(
    table: &mut A,
    expected: &impl de::Expected,
    known: &'static [&'static str],
) -> Result<&'static str, A::Error> {
    let key: String = table.next_key()?.ok_or_else(|| de::Error::invalid_length(0, expected))?;
    let found = known.iter().find(|name| **name == key);
    found.copied().ok_or_else(|| de::Error::unknown_field(&key, known))
}

/// A table that ought to have one key has no second one.
fn end_of_table<'de, A: MapAccess<'de>>(table: &mut A, expected: &impl de::Expected) -> Result<(), A::Error> {
    match table.next_key::<String>()? {
        None => Ok(()),
        Some(_) => Err(de::Error::invalid_length(2, expected)),
    }
}

/// `[transport.homa]`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Parameters {
    /// Who decides when a packet leaves: `"pull"`, or `"immediate"`, `"old-pacer"`, `"qdisc"` in
    /// front of a NIC queue. With quirk Q9 the old pacer holds nothing back, as in a module whose
    /// base sysctls nobody has written.
    pub transmit: TransmitMode,
    /// `"linux"`, `"fixed"`, or a table of single quirks.
    pub quirks: Quirks,
    /// What servers answer.
    pub response: Response,
    /// What is measured.
    pub completes: Completes,
    /// Whether packets go through the wire format.
    pub wire: Wire,
    /// Where the cutoffs come from.
    pub cutoffs: CutoffSource,
    /// MTU of all routes.
    pub mtu: u32,
    /// The largest unit that the NIC can split, in bytes.
    pub device_gso_max_size: u32,
    /// Whether the NIC's queue tells `homa_qdisc` what it has sent.
    pub nic_completions: bool,
    /// Bpages in the receive region of each socket.
    pub receive_bpages: u32,
    /// The module's parameters, by name.
    pub sysctl: Sysctls,
}

impl Default for Parameters {
    fn default() -> Self {
        Self {
            transmit: TransmitMode::Pull,
            quirks: Quirks::linux(),
            response: Response::default(),
            completes: Completes::default(),
            wire: Wire::default(),
            cutoffs: CutoffSource::default(),
            mtu: 1500,
            device_gso_max_size: 65_536,
            nic_completions: true,
            receive_bpages: 1_000,
            sysctl: Sysctls::default(),
        }
    }
}

/// Why parameters can't be used.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ConfigError {
    /// A value that the core refuses.
    #[error("transport.homa: {0}")]
    Core(#[from] CoreError),
    /// No message fits.
    #[error("transport.homa.mtu: {0}")]
    Mtu(#[from] GeometryError),
    /// Frames would be longer than the simulation can count.
    #[error("transport.homa.mtu = {mtu} is not possible; accepted are at most {MTU_MAX}")]
    MtuTooLarge {
        /// The MTU given.
        mtu: u32,
    },
    /// A response that can't be.
    #[error("transport.homa.response.bytes = {bytes} is not possible; a message has 1 to {MAX_MESSAGE_LENGTH} bytes")]
    Response {
        /// The bytes given.
        bytes: u32,
    },
    /// No cutoffs were published under that name.
    #[error("transport.homa.cutoffs.published = \"{name}\" is unknown; published are {known}")]
    Cutoffs {
        /// The name given.
        name: String,
        /// Those there are.
        known: String,
    },
    /// The receive region is outside the limits.
    #[error("transport.homa.receive_bpages = {bpages} is not possible; accepted are {LEAST_BPAGES} to 65536")]
    Bpages {
        /// The number given.
        bpages: u32,
    },
    /// The interval of `homa_prio` is empty.
    #[error("transport.homa.cutoffs.homa-prio.interval is 0; it must be longer")]
    PrioInterval,
}

/// The lengths of frames, with Ethernet header and CRC, are numbers of 16 bits.
const MTU_MAX: u32 = u16::MAX as u32 - 18;
/// One core's page and two messages of the greatest length (spec 4.3.1).
const LEAST_BPAGES: u32 = 32;

/// Parameters, complete and checked.
#[derive(Debug, Clone)]
pub struct Config {
    /// The parameters as given.
    pub parameters: Parameters,
    /// The core's configuration; each host has its own ticks.
    pub(crate) core: CoreConfig,
    pub(crate) geometry: Geometry,
}

impl Parameters {
    /// Checks and completes the parameters.
    ///
    /// # Errors
    /// The first value that can't be used.
    pub fn complete(&self) -> Result<Config, ConfigError> {
        if let Response::Bytes(bytes) = self.response
            && !(1..=MAX_MESSAGE_LENGTH).contains(&bytes)
        {
            return Err(ConfigError::Response { bytes });
        }
        if self.mtu > MTU_MAX {
            return Err(ConfigError::MtuTooLarge { mtu: self.mtu });
        }
        if !(LEAST_BPAGES..=65_536).contains(&self.receive_bpages) {
            return Err(ConfigError::Bpages { bpages: self.receive_bpages });
        }
        let mut sysctls = self.sysctl.clone();
        match &self.cutoffs {
            CutoffSource::Sysctl => {}
            CutoffSource::Published(name) => sysctls.set_cutoffs(published(name)?),
            CutoffSource::HomaPrio(options) => {
                if options.interval.as_ps() == 0 {
                    return Err(ConfigError::PrioInterval);
                }
            }
        }
        let core = CoreConfig {
            sysctls,
            quirks: self.quirks,
            transmit: self.transmit,
            version: Version::Linux,
            mtu: self.mtu,
            device_gso_max_size: self.device_gso_max_size,
            nic_completions: self.nic_completions,
            ..CoreConfig::default()
        };
        core.validate()?;
        let geometry = Geometry::new(self.mtu, crate::FAMILY, 0, self.device_gso_max_size, false)?;
        Ok(Config { parameters: self.clone(), core, geometry })
    }
}

fn published(name: &str) -> Result<[u32; 8], ConfigError> {
    let found = PUBLISHED_CUTOFFS.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
    found.map(|(_, cutoffs)| *cutoffs).ok_or_else(|| ConfigError::Cutoffs {
        name: name.to_owned(),
        known: PUBLISHED_CUTOFFS.iter().map(|(known, _)| format!("\"{known}\"")).collect::<Vec<_>>().join(", "),
    })
}

impl Config {
    /// Wire bytes of the DATA packets of a message of `length` bytes: frames, preambles and gaps.
    ///
    /// Control packets are left out: how many there are depends on the traffic (a message beyond
    /// the unscheduled bytes needs about one GRANT a packet, 4.5 % of its bytes at an MTU of 1500).
    #[must_use]
    pub fn message_wire_bytes(&self, length: u32) -> u64 {
        let unscheduled = self.core.sysctls.unsched_bytes.min(length);
        [unscheduled, length - unscheduled].into_iter().map(|bytes| self.packets_wire_bytes(bytes)).sum()
    }

    pub(crate) fn packets_wire_bytes(&self, bytes: u32) -> u64 {
        let full = self.geometry.max_seg_data();
        let rest = bytes % full;
        let last = if rest == 0 { 0 } else { crate::wire_bytes(crate::data_frame_bytes(rest)) };
        u64::from(bytes / full) * crate::wire_bytes(crate::data_frame_bytes(full)) + last
    }

    /// Bytes of the response to a request of `request` bytes.
    #[must_use]
    pub fn response_bytes(&self, request: Bytes) -> Bytes {
        let request = u32::try_from(request.get()).unwrap_or(u32::MAX).min(MAX_MESSAGE_LENGTH);
        Bytes::new(u64::from(self.parameters.response.bytes(request)))
    }

    /// How many DATA packets a message of `length` bytes takes, and about how many GRANTs if it is
    /// alone: with quirk Q2 one for each packet but the last, else only those that extend the
    /// window.
    #[must_use]
    pub fn message_packets(&self, length: u32) -> (u64, u64) {
        let sysctls = &self.core.sysctls;
        let unscheduled = sysctls.unsched_bytes.min(length);
        let packets = |bytes: u32| u64::from(bytes.div_ceil(self.geometry.max_seg_data()));
        let data = packets(unscheduled) + packets(length - unscheduled);
        let window = if sysctls.window == 0 { sysctls.max_incoming / 2 } else { sysctls.window };
        let grants = match (length > unscheduled, self.core.quirks.redundant_grants) {
            (false, _) => 0,
            (true, true) => data - 1,
            (true, false) => (1 + packets(length.saturating_sub(window))).min(data - 1),
        };
        (data, grants)
    }

    /// Bytes of the frame of a full DATA packet.
    #[must_use]
    pub fn full_frame_bytes(&self) -> u16 {
        crate::data_frame_bytes(self.geometry.max_seg_data()).try_into().expect("an MTU is below 65536")
    }

    /// Bytes of the frame of a GRANT.
    #[must_use]
    pub const fn grant_frame_bytes(&self) -> u16 {
        crate::frame_bytes(homa_protocol::wire::GRANT_BYTES as u32) as u16
    }
}
