//! Why two results can't be compared.

use crate::results::{SamplesError, StoredError, Unlike};
use homa_analysis::ImportError;
use homa_analysis::cluster::BaselineError;
use homa_experiment::{CaseError, ExperimentError};
use thiserror::Error;

/// Why two results can't be compared.
#[derive(Debug, Error)]
pub enum ComparisonError {
    /// A file can't be used.
    #[error(transparent)]
    Import(#[from] ImportError),
    /// A result can't be read.
    #[error(transparent)]
    Stored(#[from] StoredError),
    /// A result's experiment can't be read.
    #[error(transparent)]
    Experiment(#[from] ExperimentError),
    /// A result's experiment can't be resolved.
    #[error(transparent)]
    Case(#[from] CaseError),
    /// A file doesn't say what its slowdown is relative to, nor does the user.
    #[error(
        "{file} doesn't say what its slowdown is relative to; say it with --denominator NAME: of round-trip times (.rtts, .data) \
         cluster-2021, cluster-2023 or cluster-2025, of others a name as in measure.denominator, for example sigcomm18"
    )]
    Unstated {
        /// The file.
        file: String,
    },
    /// There is no such denominator.
    #[error("--denominator {name}: unknown; accepted are {accepted}")]
    Denominator {
        /// As given.
        name: String,
        /// The known ones.
        accepted: String,
    },
    /// Something must be known for a denominator.
    #[error("{file}: slowdown relative to {definition} needs {option}")]
    Option {
        /// The file.
        file: String,
        /// The denominator.
        definition: String,
        /// What is missing, and an example.
        option: &'static str,
    },
    /// One-way times can't divide round-trip times.
    #[error(
        "{file} has round-trip times, and \"{name}\" is the best time of a message one way; give --denominator cluster-2021, \
         cluster-2023 or cluster-2025"
    )]
    NotOfRoundTrips {
        /// The file.
        file: String,
        /// The denominator.
        name: &'static str,
    },
    /// Round-trip times can't be divided.
    #[error("{file}: {cause}")]
    Baseline {
        /// The file.
        file: String,
        /// Why.
        cause: BaselineError,
    },
    /// A report was made with another denominator than stated.
    #[error(
        "{file}: its slowdown of {length} B is {theirs}, which would be {ours:.2} relative to {definition}: it was made with another \
         denominator, link rate or node type; give those of the report with --denominator, --link-mbps, --node-type"
    )]
    OtherReport {
        /// The file.
        file: String,
        /// Of the line that differs.
        length: u64,
        /// As the file has it.
        theirs: f64,
        /// As it would be.
        ours: f64,
        /// The denominator stated.
        definition: String,
    },
    /// Files of several experiments.
    #[error("{} is of {}, {} of {}: give files of one experiment", files[0], names[0], files[1], names[1])]
    Experiments {
        /// The files.
        files: [String; 2],
        /// Their experiments.
        names: [String; 2],
    },
    /// The two define slowdown differently.
    #[error(
        "the numbers don't compare: slowdown of A ({a}) is relative to {a_is}, that of B ({b}) to {b_is}; {advice}"
    )]
    Definitions {
        /// The first side.
        a: String,
        /// Its denominator.
        a_is: String,
        /// The second side.
        b: String,
        /// Its denominator.
        b_is: String,
        /// What to do.
        advice: String,
    },
    /// The two have other traffic or networks.
    #[error(
        "{a} and {b} are not alike: {}; run one of them again with the other's, or give --unlike to compare them all the same",
        unlike.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
    )]
    Unlike {
        /// The first side.
        a: String,
        /// The second side.
        b: String,
        /// In what.
        unlike: Vec<Unlike>,
    },
    /// Their best times differ, and there are no latencies to compare instead.
    #[error("slowdowns of {a} and {b} don't compare: {different}; latencies would, but {missing}")]
    NoLatencies {
        /// The first side.
        a: String,
        /// The second side.
        b: String,
        /// A message whose best times differ.
        different: String,
        /// Why there are no latencies, and what to do.
        missing: String,
    },
    /// Pairs were demanded.
    #[error("no comparison in pairs: {0}")]
    NotPaired(String),
    /// Nothing is in both.
    #[error(
        "A and B have no group of sizes in common; where a side is a case, run it with --set measure.messages=true, so that its \
         messages can be grouped like the other's"
    )]
    NoCommonSizes,
    /// A published reference has its own kind of comparison.
    #[error(
        "{name} is a published reference: it compares with the folder of a case, whose workload and load say which curve"
    )]
    Reference {
        /// The reference.
        name: String,
    },
}

impl From<SamplesError> for ComparisonError {
    fn from(error: SamplesError) -> Self {
        match error {
            SamplesError::Import(cause) => Self::Import(cause),
            SamplesError::Experiment(cause) => Self::Experiment(cause),
            SamplesError::Case(cause) => Self::Case(cause),
        }
    }
}
