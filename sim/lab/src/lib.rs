//! From cases to results on disk.
//!
//! An *experiment* is a TOML file ([`Experiment`]); it resolves into *cases* ([`Case`]), one for
//! each combination of listed values; a case has one *run* for each seed, and its runs are pooled
//! into one [`CaseSummary`].
//!
//! `homa-experiment` makes the cases and `homa-run` simulates one run; this crate plans, keeps and
//! reports runs. Numbers that depend on files, threads and clocks ([`Timing`]) are kept apart from
//! those that are a function of the experiment alone.

mod check;
mod comparison;
mod contents;
mod disk;
mod figures;
mod plan;
mod report;
mod results;
mod session;

pub use check::{
    Baseline, BaselineBest, BaselineCase, BaselineDecile, BaselineError, BaselineOverall, BaselineShort, BestTimesNow,
    CaseIdentity, CaseVerdict, CheckedCase, DifferentBest, Estimate, MatchError, Outcome, Standing, Verdict,
    VerdictRow, judge, matching,
};
pub use comparison::{
    ComparedPercentile, ComparedSide, ComparedSizes, ComparedValue, Comparison, ComparisonError, ComparisonOptions,
    Grouping, Intervals, Operand, OperandError, OverlayError, Pair, Quantity, ReferenceComparison, ReferenceError,
    ReferencePoint, Stated, Tolerance, TraceComparison, TraceComparisonError, compare_results, compare_with_reference,
    compare_with_trace, reference_curve, write_comparison_figure, write_overlay,
};
pub use contents::{CaseState, Contents, ContentsError, StoredCase};
pub use disk::{StoreError, check_writable};
pub use figures::{Drawn, FigureError, write_figures};
pub use homa_experiment::{
    Background, BadOverride, Case, CaseError, CheckSection, Death, Experiment, ExperimentError, FaultSection,
    FigureKind, FigureSection, Gaps, Head, Load, Measure, Messages, OneOrMany, Override, PathEstimate, Percent, Run,
    Sizes, SweepError, TierUtilisation, Times, TopologySection, TraceFileError, TransportSection, Utilisation, Variant,
    VariantError, Work, WorkloadSection, busiest, cases, control_load, head_entries, load_experiment, parse_experiment,
    paths, read_trace, work,
};
pub use homa_run::{
    Arrivals, Control, Denominator, IdealTimes, MessageRecord, RunRecord, RunTiming, TransportConfig, TransportKind,
};
pub use plan::{
    MANIFEST, MadeBy, Manifest, ManifestCase, ManifestError, PlanError, PlannedCase, PlannedRun, Selection, UsedFile,
    plan, plan_experiment,
};
pub use report::{REPORT, ReportError, write_report};
pub use results::{
    Archive, CaseSummary, Draw, Overall, OverallConfidence, Peaks, Pooled, PriorityRow, ReceiverSummary, RunError,
    SamplesError, ShortMessages, StoredError, TierRow, Timing, Unlike, WrittenCase, paired_samples, pool_runs,
    write_case,
};
pub use session::{CaseOutcome, Claim, ClaimError, Follow, Session, Tally, carry_out, division, run_case, run_seed};
