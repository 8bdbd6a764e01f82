//! Two results beside each other: of ours, of a cluster, of another simulator, of a publication, of
//! a trace.

mod compare;
mod definition;
mod error;
mod group;
mod numbers;
mod operand;
mod overlay;
mod published;
mod quantity;
mod result;
mod rows;
mod rtts;
mod side;
mod table;
mod trace;

pub use compare::{ComparisonOptions, compare_results};
pub use definition::Stated;
pub use error::ComparisonError;
pub use operand::{Operand, OperandError};
pub use overlay::{OverlayError, write_comparison_figure, write_overlay};
pub use published::{
    ComparedPercentile, Pair, ReferenceComparison, ReferenceError, ReferencePoint, compare_with_reference,
    reference_curve,
};
pub use result::{ComparedSide, ComparedSizes, ComparedValue, Comparison, Grouping, Intervals, Quantity, Tolerance};
pub use trace::{TraceComparison, TraceComparisonError, compare_with_trace};
