//! The experiment file as written.

mod check;
mod figure;
mod transport;

pub use check::{CheckSection, Percent};
pub use figure::{FigureKind, FigureSection, Messages};
pub use transport::TransportSection;

use crate::head::Head;
use crate::number::{Load, OneOrMany};
use crate::replacement::Override;
use homa_fabric::linux;
use homa_run::{Denominator, Document};
use homa_units::{Bytes, Duration};
use homa_workloads::{GapKind, SizeDistribution};
use serde::de::{self, Deserializer, Visitor};
use serde::{Deserialize, Serialize, Serializer};
use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;

/// An experiment file: one question, one or many cases.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Experiment {
    /// The network.
    pub topology: TopologySection,
    /// What the hosts run.
    pub transport: TransportSection,
    /// What the hosts' software costs.
    #[serde(default, skip_serializing_if = "is_default")]
    pub host: HostSection,
    /// Who sends what when.
    pub workload: WorkloadSection,
    /// What is measured.
    pub measure: Measure,
    /// What goes wrong in the network.
    #[serde(default, skip_serializing_if = "is_default")]
    pub faults: FaultSection,
    /// Which runs.
    pub run: Run,
    /// What is changed to give further cases; without any, the experiment as it is.
    #[serde(default, rename = "variant", skip_serializing_if = "Vec::is_empty")]
    pub variants: Vec<Variant>,
    /// `[sweep]`: keys with lists of values, whose combinations give further cases.
    #[serde(default, skip_serializing_if = "toml::Table::is_empty")]
    pub sweep: toml::Table,
    /// `[[figure]]`: what is drawn of the results; without any, one figure of each kind.
    #[serde(default, rename = "figure", skip_serializing_if = "Vec::is_empty")]
    pub figures: Vec<FigureSection>,
    /// `[check]`: what `homasim check` takes for a regression.
    #[serde(default, skip_serializing_if = "is_default")]
    pub check: CheckSection,
    /// The tables that it was read from, with keys replaced; none if it was not read from a file.
    #[serde(skip)]
    pub written: Option<toml::Table>,
    /// What was replaced; it wins over variants.
    #[serde(skip)]
    pub overrides: Vec<Override>,
    /// What the comments at the begin of its file say.
    #[serde(skip)]
    pub head: Head,
}

impl Experiment {
    /// The text of a file that says the same, comments excepted.
    ///
    /// # Panics
    /// Never: all its values can be written.
    #[must_use]
    pub fn to_toml(&self) -> String {
        toml::to_string(self).expect("an experiment is a table")
    }
}

impl Experiment {
    /// Reads an experiment, and checks what only its transports can read.
    pub(crate) fn read(document: Document<'_>) -> Result<Self, toml::de::Error> {
        let experiment = match document {
            Document::Text(text) => toml::from_str(text)?,
            Document::Tables(tables) => Self::deserialize(tables.clone())?,
        };
        homa_transports::all().try_for_each(|kind| kind.check(document))?;
        Ok(experiment)
    }
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

/// `[topology]`: a preset or a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TopologySection {
    /// Name of a shipped network.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub preset: Option<String>,
    /// Path of a topology file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file: Option<PathBuf>,
}

/// `[host]`: what the hosts' software costs.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct HostSection {
    /// The model.
    pub kind: HostKind,
    /// From the transport to the NIC. Default: `delays.software_send` of the topology.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub send_delay: Option<Duration>,
    /// From the NIC to the transport. Default: `delays.software_receive` of the topology.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub receive_delay: Option<Duration>,
    /// With `kind = "linux"`: what its work costs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub linux: Option<linux::Parameters>,
}

/// The models of hosts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum HostKind {
    /// Each packet takes the same time, however many there are.
    #[default]
    FixedDelays,
    /// A Linux host: cores, interrupts, softirq, threads. For transports that run in its kernel.
    Linux,
}

/// Message sizes: a shipped distribution, a CSV file or a fixed number of bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Sizes {
    /// The name of a shipped distribution.
    Shipped(String),
    /// The path of a CSV file.
    File(PathBuf),
    /// Every message has this size.
    Fixed(Bytes),
}

impl Sizes {
    /// The name in outputs and in `measure.per_sizes`.
    #[must_use]
    pub fn label(&self) -> String {
        match self {
            Self::File(path) => path.file_name().unwrap_or_default().to_string_lossy().into_owned(),
            Self::Shipped(_) | Self::Fixed(_) => self.to_string(),
        }
    }
}

impl fmt::Display for Sizes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Shipped(name) => f.write_str(name),
            Self::File(path) => write!(f, "{}", path.display()),
            Self::Fixed(bytes) => write!(f, "{}", bytes.get()),
        }
    }
}

impl Serialize for Sizes {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Fixed(bytes) => serializer.serialize_u64(bytes.get()),
            Self::Shipped(_) | Self::File(_) => serializer.collect_str(self),
        }
    }
}

impl<'de> Deserialize<'de> for Sizes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(SizesVisitor)
    }
}

struct SizesVisitor;

/// The longest message that any part of the program has to cope with.
const MESSAGE_BYTES_MAX: u64 = u32::MAX as u64;

impl Visitor<'_> for SizesVisitor {
    type Value = Sizes;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the name of a size distribution, the path of a CSV file or a number of bytes")
    }

    fn visit_i64<E: de::Error>(self, value: i64) -> Result<Sizes, E> {
        match u64::try_from(value) {
            Ok(bytes) if (1..=MESSAGE_BYTES_MAX).contains(&bytes) => Ok(Sizes::Fixed(Bytes::new(bytes))),
            _ => Err(E::custom(format!(
                "a message of {value} bytes is not possible; accepted are 1 to {MESSAGE_BYTES_MAX}"
            ))),
        }
    }

    fn visit_str<E: de::Error>(self, value: &str) -> Result<Sizes, E> {
        if value.ends_with(".csv") {
            return Ok(Sizes::File(PathBuf::from(value)));
        }
        match SizeDistribution::shipped(value) {
            Ok(_) => Ok(Sizes::Shipped(value.to_owned())),
            Err(unknown) => Err(E::custom(format!("{unknown}; also the path of a .csv file or a number of bytes"))),
        }
    }
}

/// `[workload]`: who sends what when.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WorkloadSection {
    /// Message sizes. With a trace: the distribution that levels, cutoffs and size bins are made
    /// for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sizes: Option<OneOrMany<Sizes>>,
    /// Share of the host links' wire capacity, headers included; with `sigcomm18` also grants,
    /// which with `homa` come on top.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub load: Option<OneOrMany<Load>>,
    /// Share of the host links' capacity that message bytes alone take.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub payload_load: Option<OneOrMany<Load>>,
    /// Path of a CSV file, plain or gzip, with the columns `t_ns`, `src`, `dst`, `size`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trace: Option<PathBuf>,
    /// With a trace: the wire load of Poisson traffic that begins when the trace ends. Default: no
    /// traffic then.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub then_load: Option<OneOrMany<Load>>,
    /// So many hosts send: the first. Default: all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub clients: Option<u32>,
    /// So many hosts are sent to: the last, so that hosts are both if the numbers together exceed
    /// that of the hosts. Default: all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub servers: Option<u32>,
    /// Each client has this many independent senders, which share its load. Default 1.
    #[serde(default = "one", skip_serializing_if = "is_one")]
    pub threads: u32,
    /// At most this many messages of a client are under way, shared out among its threads; the next
    /// one waits, and its time counts from when it is sent. Default: no limit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limit: Option<u32>,
    /// What the times between a sender's messages are.
    #[serde(default, skip_serializing_if = "is_default")]
    pub gaps: Gaps,
    /// Shorter messages that are drawn are made as long as this; the load is that of the sizes
    /// drawn. Default 1 B.
    #[serde(default = "one_byte", skip_serializing_if = "is_one_byte")]
    pub least_size: Bytes,
}

const fn one() -> u32 {
    1
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
const fn is_one(number: &u32) -> bool {
    *number == 1
}

const fn one_byte() -> Bytes {
    Bytes::new(1)
}

fn is_one_byte(bytes: &Bytes) -> bool {
    *bytes == one_byte()
}

/// The times between the messages of a sender.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Gaps {
    /// Exponentially distributed: Poisson arrivals.
    #[default]
    Exponential,
    /// All equal, after a random first one.
    Constant,
}

impl From<Gaps> for GapKind {
    fn from(gaps: Gaps) -> Self {
        match gaps {
            Gaps::Exponential => Self::Exponential,
            Gaps::Constant => Self::Constant,
        }
    }
}

/// What generators do after the window.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Background {
    /// Go on, so that the window's last messages meet the same competition as the others.
    #[default]
    Continue,
    /// Stop.
    Stop,
}

/// `[measure]`: when and what.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Measure {
    /// From the begin of the run to that of the window.
    pub warmup: Duration,
    /// Messages created in it are measured.
    pub window: Duration,
    /// At most this long after the window the run goes on until they have finished.
    pub drain: Duration,
    /// What generators do after the window.
    #[serde(default)]
    pub background: Background,
    /// Whether to write a line for each measured message.
    #[serde(default)]
    pub messages: bool,
    /// What a completion time is divided by to give a slowdown. Default: `sigcomm18` for the
    /// transport of that name, `simulated` for others.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub denominator: Option<Denominator>,
    /// Up to this many measured messages of a run quantiles are exact; above it they come from bins
    /// of 0.1 % width, or wider ones as far as a bound on memory demands it.
    #[serde(default = "exact_samples_default")]
    pub exact_samples: u64,
    /// Other times for some of the listed `workload.sizes`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub per_sizes: BTreeMap<String, Times>,
}

const fn exact_samples_default() -> u64 {
    4_000_000
}

/// Times that replace those of `[measure]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Times {
    /// Replaces `measure.warmup`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub warmup: Option<Duration>,
    /// Replaces `measure.window`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub window: Option<Duration>,
    /// Replaces `measure.drain`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub drain: Option<Duration>,
}

/// `[run]`: which runs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Run {
    /// One run each; together one case.
    pub seeds: Vec<u64>,
}

/// `[faults]`: what goes wrong in the network. Default: nothing.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct FaultSection {
    /// The probability that a packet is lost on its last link, from 0 up to, but not including, 1.
    pub loss: f64,
    /// Hosts that die.
    pub deaths: Vec<Death>,
}

/// A host that dies: from then on it neither sends nor takes packets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Death {
    /// Which, counted from 0.
    pub host: u32,
    /// When, counted from the begin of the run.
    pub at: Duration,
}

/// `[[variant]]`: the experiment with some keys replaced, whose cases have its name at their end.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Variant {
    /// Its name.
    pub name: String,
    /// What is replaced, written as after `--set`: `["transport.homa.quirks=fixed"]`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub set: Vec<String>,
}
