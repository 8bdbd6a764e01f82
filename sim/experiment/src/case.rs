//! Cases: an experiment resolved, with every default filled in and every value checked.

use crate::experiment::{Experiment, Measure, Run};
use crate::overrides::VariantError;
use crate::trace::TraceFileError;
use crate::utilisation::Demand;
use homa_analysis::SizeBins;
use homa_fabric::Faults;
use homa_run::{Arrivals, ClientSpec, Denominator, RunSpec, RunTimes, SampleSpec, TransportConfig, TransportKind};
use homa_topologies::{Topology, TopologyError, UnknownPreset};
use homa_units::{BitRate, Bytes, Time};
use homa_workloads::{BadLoad, CsvError, Roles};
use std::path::PathBuf;
use std::sync::Arc;
use thiserror::Error;

/// One resolved configuration with all its seeds.
#[derive(Debug, Clone)]
pub struct Case {
    /// The experiment file's name without its ending.
    pub experiment: String,
    /// Distinguishes the case within its experiment; usable as a file name.
    pub name: String,
    /// The experiment with this case's single values, as it is written again.
    pub resolved: Experiment,
    /// The network.
    pub topology: Arc<Topology>,
    /// Rate of the host links.
    pub host_rate: BitRate,
    /// The transport's parameters, complete.
    pub transport: TransportConfig,
    /// Which hosts send, and which are sent to.
    pub roles: Roles,
    /// What goes wrong.
    pub faults: Faults,
    /// Name of the size distribution in outputs.
    pub sizes: String,
    /// The load as given, and which kind it is.
    pub(crate) load: Option<(f64, &'static str)>,
    /// Where messages come from.
    pub arrivals: Arrivals,
    /// How a client sends them.
    pub client: ClientSpec,
    /// When its runs measure.
    pub(crate) times: RunTimes,
    /// What completion times are divided by.
    pub(crate) denominator: Denominator,
    /// The size bins of the results.
    pub bins: SizeBins,
    /// Messages up to this size are the short ones, whose latency is reported: the smallest size
    /// such that more than a tenth of the messages are at most as large.
    pub short_bytes: Bytes,
    /// What its messages ask of the network.
    pub demand: Demand,
    /// Things a user should know that are no errors.
    pub notes: Vec<String>,
}

/// Why an experiment has no cases that could run.
#[derive(Debug, Error)]
pub enum CaseError {
    /// A key has an impossible value, or is missing.
    #[error("{path}: {key}: {problem}")]
    Value {
        /// The experiment file.
        path: PathBuf,
        /// The key.
        key: &'static str,
        /// What is wrong and what is accepted.
        problem: String,
    },
    /// The preset is unknown.
    #[error("{path}: topology.preset: {cause}")]
    Preset {
        /// The experiment file.
        path: PathBuf,
        /// What is wrong and what is accepted.
        cause: UnknownPreset,
    },
    /// The topology is impossible.
    #[error("{path}: {cause}")]
    Topology {
        /// The topology file, or that of the experiment.
        path: PathBuf,
        /// What is wrong and what is accepted.
        cause: TopologyError,
    },
    /// The transport's parameters are impossible.
    #[error("{path}: {problem}")]
    Transport {
        /// The experiment file.
        path: PathBuf,
        /// What is wrong and what is accepted.
        problem: String,
    },
    /// A key can't have an effect in any case.
    #[error("{path}: {problem}")]
    NoEffect {
        /// The experiment file.
        path: PathBuf,
        /// Which key, and why.
        problem: String,
    },
    /// A variant can't be made.
    #[error("{path}: {cause}")]
    Variant {
        /// The experiment file.
        path: PathBuf,
        /// What is wrong and what is accepted.
        cause: VariantError,
    },
    /// A variant has no cases that could run.
    #[error("{cause} (in variant \"{variant}\")")]
    InVariant {
        /// Its name.
        variant: String,
        /// Why.
        cause: Box<Self>,
    },
    /// The size distribution file is malformed.
    #[error("{path}: {cause}")]
    Sizes {
        /// The size distribution file.
        path: PathBuf,
        /// What is wrong.
        cause: CsvError,
    },
    /// The load is impossible.
    #[error("{path}: workload.load: {cause}")]
    Load {
        /// The experiment file.
        path: PathBuf,
        /// What is wrong.
        cause: BadLoad,
    },
    /// The trace can't be used.
    #[error("{path}: workload.trace: {cause}")]
    Trace {
        /// The experiment file.
        path: PathBuf,
        /// What is wrong.
        cause: TraceFileError,
    },
    /// Another file named in the experiment can't be read.
    #[error("{path}: {key}: cannot read {file}: {cause}")]
    File {
        /// The experiment file.
        path: PathBuf,
        /// The key.
        key: &'static str,
        /// The file.
        file: PathBuf,
        /// Why.
        cause: std::io::Error,
    },
}

impl Case {
    /// When and what is measured.
    #[must_use]
    pub const fn measure(&self) -> &Measure {
        &self.resolved.measure
    }

    /// Which runs.
    #[must_use]
    pub const fn run(&self) -> &Run {
        &self.resolved.run
    }

    /// Which transport.
    #[must_use]
    pub const fn kind(&self) -> TransportKind {
        self.resolved.transport.kind
    }

    /// What completion times are divided by.
    #[must_use]
    pub const fn denominator(&self) -> Denominator {
        self.denominator
    }

    /// When its runs measure.
    #[must_use]
    pub const fn times(&self) -> RunTimes {
        self.times
    }

    /// The instants at which the window starts and ends and the run must end.
    #[must_use]
    pub fn window(&self) -> (Time, Time, Time) {
        self.times.window()
    }

    /// All that its runs are functions of, but for their seeds.
    #[must_use]
    pub fn spec(&self) -> RunSpec {
        RunSpec {
            topology: Arc::clone(&self.topology),
            transport: self.transport.clone(),
            arrivals: self.arrivals.clone(),
            roles: self.roles,
            client: self.client,
            faults: self.faults.clone(),
            times: self.times,
            samples: SampleSpec {
                denominator: self.denominator,
                bins: self.bins.clone(),
                short_bytes: self.short_bytes,
                exact_max: self.resolved.measure.exact_samples,
                messages: self.resolved.measure.messages,
            },
        }
    }

    /// The load as the experiment gives it, and which kind it is; none with a trace.
    #[must_use]
    pub const fn load(&self) -> Option<(f64, &'static str)> {
        self.load
    }
}
