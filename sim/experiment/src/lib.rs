//! From an experiment file to cases.
//!
//! An *experiment* is a TOML file ([`Experiment`]); it resolves into *cases* ([`Case`]), one for
//! each combination of listed values, with every default filled in and every value checked; a case
//! has one run for each seed, and [`Case::spec`] is what a run of it is a function of.

mod case;
mod estimate;
mod experiment;
mod head;
mod name;
mod number;
mod overrides;
mod replacement;
mod resolve;
mod sweep;
mod trace;
mod trace_sizes;
mod utilisation;

pub use case::{Case, CaseError};
pub use estimate::{PathEstimate, Work, control_load, paths, work};
pub use experiment::{
    Background, CheckSection, Death, Experiment, FaultSection, FigureKind, FigureSection, Gaps, HostKind, HostSection,
    Measure, Messages, Percent, Run, Sizes, Times, TopologySection, TransportSection, Variant, WorkloadSection,
};
pub use head::{Head, head_entries};
pub use name::is_safe;
pub use number::{Load, OneOrMany};
pub use overrides::{ExperimentError, VariantError, load_experiment, parse_experiment};
pub use replacement::{BadOverride, Override};
pub use resolve::cases;
pub use sweep::SweepError;
pub use trace::{TraceFileError, read_trace};
pub use utilisation::{Demand, TierUtilisation, Utilisation, busiest};

/// A fingerprint of the code and data that runs of all transports depend on: other sources, other
/// keys.
pub const SOURCES: &str = env!("HOMASIM_SOURCES");
