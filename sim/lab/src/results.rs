//! What runs gave: each file of results by one type, which both writes and reads it.
//!
//! A run is kept ([`Archive`]). The runs of a case are pooled ([`pool_runs`]) into its summary and
//! tables, and these are its folder ([`write_case`]). All that decides what is in that folder is
//! here, or in the crates that a run is made by: the sources of this module are in the keys of
//! cases.

mod archive;
mod best_times;
mod case_folder;
mod caution;
mod figures;
mod formats;
mod likeness;
mod messages;
mod overview;
mod pool;
mod samples;
mod summarise;
mod summary;
mod tables;
mod timing;
mod warnings;

pub use archive::Archive;
pub(crate) use best_times::{BestTimes, DifferentBest, best_time_keys};
pub use case_folder::{WrittenCase, write_case};
pub use figures::Draw;
pub(crate) use figures::title_case;
pub use formats::StoredError;
pub(crate) use formats::{finite, read_csv};
pub use likeness::Unlike;
pub(crate) use likeness::unlike;
pub(crate) use messages::MessageLine;
pub(crate) use overview::write_overview;
pub use pool::{Pooled, RunError, pool_runs};
pub(crate) use samples::{EXACT_LIMIT, Samples, record, stored_case};
pub use samples::{SamplesError, paired_samples};
pub use summary::{
    CaseSummary, Overall, OverallConfidence, Peaks, PriorityRow, ReceiverSummary, ShortMessages, TierRow,
};
pub(crate) use tables::{LatencyRow, QueueCdfRow, SeriesRow};
pub use timing::Timing;
