//! What round-trip times are divided by: three generations of the cluster's definition of slowdown.

use super::pool::{BaselineError, RttPool};
use std::collections::BTreeMap;

/// The best round-trip time by length. Numbers of different generations must never meet in one
/// comparison.
#[derive(Debug, Clone, PartialEq)]
pub enum Baseline {
    /// Until December 2023 (`cluster-2021`): the median of a measured unloaded run, by length in
    /// bytes, in microseconds.
    Measured(BTreeMap<u64, f64>),
    /// Since then (`cluster-2023`, `cluster-2025`): a fixed time, and the length at the rate of the
    /// link.
    Formula {
        /// In microseconds.
        base_us: f64,
        /// The host's link.
        link_mbps: u64,
    },
}

impl Baseline {
    /// The definition of 2021: medians of an unloaded run, by exact length.
    #[must_use]
    pub fn cluster_2021(unloaded: &RttPool) -> Self {
        Self::Measured(unloaded.medians_us())
    }

    /// The definition from December 2023 on: 15 us and the length at `link_mbps`.
    #[must_use]
    pub const fn cluster_2023(link_mbps: u64) -> Self {
        Self::Formula { base_us: 15.0, link_mbps }
    }

    /// The definition since November 2025, by type of node: 15 us for xl170, 25 us for others.
    #[must_use]
    pub fn cluster_2025(node_type: &str, link_mbps: u64) -> Self {
        let base_us = if node_type == "xl170" { 15.0 } else { 25.0 };
        Self::Formula { base_us, link_mbps }
    }

    /// The best round-trip time in microseconds of a message of `length` bytes. Of a measured
    /// baseline that lacks the length, the one of the next shorter: the benchmark goes through
    /// lengths in ascending order and keeps the last value it found.
    ///
    /// # Errors
    /// If a measured baseline has nothing as short.
    pub fn best_us(&self, length: u64) -> Result<f64, BaselineError> {
        match self {
            Self::Measured(medians) => {
                medians.range(..=length).next_back().map(|(_, us)| *us).ok_or(BaselineError::Unknown { length })
            }
            Self::Formula { base_us, link_mbps } => Ok(base_us + 8.0 * length as f64 / *link_mbps as f64),
        }
    }
}
