//! What the Linux cluster's benchmark writes: round-trip times of a node, and the digests made of
//! them.
//!
//! The layouts are those of HomaModule's `util/cperf.py`. A *round-trip time* is that of a request
//! and its answer; both have the length that stands beside it. Malformed lines are errors, never
//! skipped.

mod baseline;
mod digest;
pub(crate) mod pool;
mod report;
mod rtts;

pub use baseline::Baseline;
pub use digest::{CdfPoint, ClusterDigest, LengthRow, SHORT_BELOW_BYTES, ShortRtts};
pub use pool::{BaselineError, RttPool};
pub use report::{cdf_lines, read_cdf, read_report, report_lines};
pub use rtts::{RttsHeader, read_rtts};
