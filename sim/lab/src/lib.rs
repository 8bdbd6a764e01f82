//! From cases to results on disk.
//!
//! An *experiment* is a TOML file ([`Experiment`]); it resolves into *cases* ([`Case`]), one for each combination of
//! listed values; a case has one *run* for each seed, and its runs are pooled into one [`CaseSummary`].
//!
//! `homa-experiment` makes the cases and `homa-run` simulates one run; this crate plans, keeps and reports runs. Numbers that
//! depend on files, threads and clocks ([`Timing`]) are
//! kept apart from those that are a function of the experiment alone.

mod archive;
mod check;
mod comparison;
mod figures;
mod manifest;
mod plan;
mod reference;
mod report;
mod run;
mod series;
mod session;
mod store;
mod stored;
mod summary;
mod trace_comparison;
mod warnings;

pub use archive::Archive;
pub use check::{
    Baseline, BaselineCase, BaselineDecile, BaselineError, BaselineOverall, BaselineShort, CaseIdentity, CaseVerdict,
    Estimate, MatchError, Outcome, Standing, Verdict, VerdictRow, judge, matching,
};
pub use comparison::{
    ComparedSide, ComparedSizes, ComparedValue, Comparison, ComparisonError, ComparisonOptions, Grouping, Intervals,
    Operand, OperandError, Stated, Tolerance, compare_results, paired_samples, write_comparison_figure,
};
pub use figures::{Draw, Drawn, FigureError, write_figures};
pub use homa_experiment::{
    Background, BadOverride, Case, CaseError, CheckSection, Death, Experiment, ExperimentError, FaultSection,
    FigureKind, FigureSection, Gaps, Head, Load, Measure, Messages, OneOrMany, Override, PathEstimate, Percent, Run,
    Sizes, SweepError, Times, TopologySection, TraceFileError, TransportSection, Variant, VariantError, Work,
    WorkloadSection, cases, control_load, head_entries, load_experiment, parse_experiment, paths, read_trace, work,
};
pub use homa_run::{
    Arrivals, Control, Denominator, IdealTimes, MessageRecord, RunRecord, RunTiming, TransportConfig, TransportKind,
};
pub use manifest::{MANIFEST, MadeBy, Manifest, ManifestCase, ManifestError};
pub use plan::{PlanError, PlannedCase, PlannedRun, Selection, UsedFile, plan, plan_experiment};
pub use reference::{
    ComparedPercentile, Pair, ReferenceComparison, ReferenceError, ReferencePoint, compare_with_reference,
    reference_curve,
};
pub use report::{REPORT, ReportError, write_report};
pub use run::{Pooled, RunError, division, pool_runs, run_case, run_seed};
pub use session::{CaseOutcome, Follow, Session, Tally, carry_out};
pub use store::{OverlayError, StoreError, WrittenCase, check_writable, write_case, write_overlay};
pub use stored::{StoredBin, StoredError, StoredSummary};
pub use summary::{
    CaseSummary, LevelRow, Overall, OverallConfidence, Peaks, ReceiverSummary, ShortMessages, TierRow, Timing,
};
pub use trace_comparison::{TraceComparison, TraceComparisonError, compare_with_trace};
