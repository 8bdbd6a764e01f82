//! From an experiment file to results on disk.
//!
//! An *experiment* is a TOML file ([`Experiment`]); it resolves into *cases* ([`Case`]), one for each combination of
//! listed values; a case has one *run* for each seed, and its runs are pooled into one [`CaseSummary`].
//!
//! Only this crate and the command line touch files, threads and clocks. Numbers that depend on them ([`Timing`]) are
//! kept apart from those that are a function of the experiment alone.

mod archive;
mod case;
mod check;
mod comparison;
mod denominator;
mod estimate;
mod experiment;
mod figures;
mod head;
mod manifest;
mod measurement;
mod network;
mod number;
mod overrides;
mod plan;
mod record;
mod reference;
mod report;
mod resolve;
mod run;
mod series;
mod session;
mod simulate;
mod source;
mod store;
mod stored;
mod summary;
mod sweep;
mod trace;
mod trace_comparison;
mod trace_sizes;
mod transport;
mod warnings;

pub use archive::Archive;
pub use case::{Arrivals, Case, CaseError};
pub use check::{
    Baseline, BaselineCase, BaselineDecile, BaselineError, BaselineOverall, BaselineShort, CaseIdentity, CaseVerdict,
    CheckSection, Estimate, MatchError, Outcome, Percent, Standing, Verdict, VerdictRow, judge, matching,
};
pub use comparison::{
    ComparedSide, ComparedSizes, ComparedValue, Comparison, ComparisonError, ComparisonOptions, Grouping, Intervals,
    Operand, OperandError, Stated, Tolerance, compare_results, paired_samples, write_comparison_figure,
};
pub use denominator::{Denominator, IdealTimes};
pub use estimate::{PathEstimate, Work, control_load, paths, work};
pub use experiment::{
    Background, Death, Experiment, FaultSection, FigureKind, FigureSection, Gaps, Measure, Messages, Run, Sizes, Times,
    TopologySection, TransportKind, TransportSection, Variant, WorkloadSection,
};
pub use figures::{Drawn, FigureError, write_figures};
pub use head::{Head, head_entries};
pub use manifest::{MANIFEST, MadeBy, Manifest, ManifestCase, ManifestError};
pub use measurement::MessageRecord;
pub use number::{Load, OneOrMany};
pub use overrides::{BadOverride, ExperimentError, Override, VariantError, load_experiment, parse_experiment};
pub use plan::{PlanError, PlannedCase, PlannedRun, SOURCES, Selection, UsedFile, plan, plan_experiment};
pub use record::{RunRecord, RunTiming};
pub use reference::{
    ComparedPercentile, Pair, ReferenceComparison, ReferenceError, ReferencePoint, compare_with_reference,
    reference_curve,
};
pub use report::{REPORT, ReportError, write_report};
pub use resolve::cases;
pub use run::{Control, Pooled, RunError, pool_runs, run_case};
pub use session::{CaseOutcome, Follow, Session, Tally, carry_out};
pub use simulate::{division, run_seed};
pub use store::{OverlayError, StoreError, WrittenCase, check_writable, write_case, write_overlay};
pub use stored::{StoredBin, StoredError, StoredSummary};
pub use summary::{
    CaseSummary, LevelRow, Overall, OverallConfidence, Peaks, ReceiverSummary, ShortMessages, TierRow, Timing,
};
pub use sweep::SweepError;
pub use trace::{TraceFileError, read_trace};
pub use trace_comparison::{TraceComparison, TraceComparisonError, compare_with_trace};
pub use transport::{TransportConfig, TransportParameters};
