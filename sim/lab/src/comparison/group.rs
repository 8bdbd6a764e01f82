//! A row of one side.

/// The messages of neighbouring sizes on one side.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Group {
    /// The smallest size, if known.
    pub(super) size_min: Option<u64>,
    pub(super) size_max: u64,
    pub(super) count: Option<u64>,
    /// How many of them did not finish, if known.
    pub(super) unfinished: Option<u64>,
    /// Share of all messages up to this group's end, if known.
    pub(super) share: Option<f64>,
    /// Infinite if it is that of an unfinished message.
    pub(super) p50: f64,
    pub(super) p99: f64,
    /// Its 95 % confidence interval, if known.
    pub(super) p99_band: Option<(f64, f64)>,
}
