//! The experiment file as written.

use crate::denominator::Denominator;
use crate::number::{Load, OneOrMany};
use homa_transports::sigcomm18::Parameters;
use homa_units::{Bytes, Duration};
use homa_workloads::SizeDistribution;
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
    /// Who sends what when.
    pub workload: WorkloadSection,
    /// What is measured.
    pub measure: Measure,
    /// Which runs.
    pub run: Run,
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

/// The transports.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TransportKind {
    /// Homa as the SIGCOMM'18 simulator models it.
    Sigcomm18,
}

impl TransportKind {
    /// The name used in every file.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Sigcomm18 => "sigcomm18",
        }
    }
}

/// `[transport]`: which, and a table of parameters for each.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TransportSection {
    /// Which.
    pub kind: TransportKind,
    /// Parameters of `sigcomm18`.
    #[serde(default)]
    pub sigcomm18: Parameters,
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
    /// Message sizes. With a trace: the distribution that levels, cutoffs and size bins are made for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sizes: Option<OneOrMany<Sizes>>,
    /// Share of the host links' wire capacity, headers and control packets included.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub load: Option<OneOrMany<Load>>,
    /// Share of the host links' capacity that message bytes alone take.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub payload_load: Option<OneOrMany<Load>>,
    /// Path of a CSV file, plain or gzip, with the columns `t_ns`, `src`, `dst`, `size`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trace: Option<PathBuf>,
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
    /// What a completion time is divided by to give a slowdown.
    #[serde(default)]
    pub denominator: Denominator,
    /// Up to this many measured messages of a run quantiles are exact; above it they come from bins of 0.1 % width.
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
