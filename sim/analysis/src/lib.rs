//! From records to numbers: slowdown of messages by size, exact quantiles, comparisons, tables.
//!
//! *Slowdown* is a message's completion time over the best possible one; who records it says what
//! that is. The crate knows no event, no file and no clock, and gives the same bytes for the same
//! records on every machine.
//!
//! * [`SlowdownRecorder`] takes the samples of one run, [`SlowdownSummary`] pools runs and answers
//!   questions.
//! * [`SizeBins`] cut message sizes into bins: the published ones, or about one percent of messages
//!   each.
//! * [`cluster`] reads what the Linux cluster's benchmark writes, [`read_messages`] files with a
//!   line for each message.
//! * [`paired`] compares two configurations that ran the same messages.
//! * [`slowdown_table`] is what people look at first; the crate `homa-figures` draws.

mod bins;
mod cell;
pub mod cluster;
mod confidence;
mod counted;
mod counts;
mod deciles;
mod import;
mod messages;
mod number;
pub mod paired;
mod quantile;
mod recorder;
mod rows;
mod sample;
mod sorted_map;
mod statistics;
mod summary;
mod table;

pub use bins::SizeBins;
pub use cell::LOGARITHMIC_WIDTH;
pub use counted::{SIZES_MAX, cells_limit};
pub use counts::{DistributionPoint, LogarithmicCounts, thinned};
pub use deciles::Confidence;
pub use import::ImportError;
pub use messages::{MessageRow, read_messages};
pub use quantile::{RankRule, nearest_rank, rank, weighted_nearest_rank};
pub use recorder::{Precision, SlowdownRecorder};
pub use rows::{BinRow, Decile, PercentileRow};
pub use sample::{BestTime, Sample};
pub use summary::{PERCENTILES, SlowdownSummary};
pub use table::{human_bytes, slowdown_table};
