//! A step of a curve of slowdown by size.

/// The messages of one size bin.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Step {
    /// Share of all messages that are smaller, and that share with this bin, 0 to 1.
    pub share: (f64, f64),
    /// Upper edge of the bin in bytes.
    pub size_max: u64,
    /// Median slowdown, infinite if it is that of an unfinished message.
    pub p50: f64,
    /// 99th percentile of slowdown, infinite if it is that of an unfinished message.
    pub p99: f64,
    /// 95 % confidence interval of `p99`, if known.
    pub p99_band: Option<(f64, f64)>,
}
