//! In what the core and a recording disagree.

use crate::compare::FieldDifference;
use serde::Serialize;

/// In what way core and recording disagree.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// Recorded, and not sent by the core.
    Missing,
    /// Sent by the core, and not recorded.
    Extra,
    /// Sent by both, with other fields.
    Differing,
}

/// One disagreement.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// In what way.
    pub kind: Kind,
    /// Which of the packets that the node sent, from 0; none for one that the core sends alone.
    #[serde(skip)]
    pub(crate) output: Option<usize>,
    /// When, in µs since the first frame.
    pub time_us: u64,
    /// The RPC, as the node knows it.
    pub rpc: u64,
    /// The recorded packet; empty if there is none.
    pub recorded: String,
    /// The core's packet; empty if there is none.
    pub core: String,
    /// The fields in which they differ.
    pub fields: Vec<FieldDifference>,
}
