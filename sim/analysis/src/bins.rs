//! Bins of message sizes.

use homa_units::Bytes;
use serde::{Deserialize, Serialize};

const PUBLISHED: &str = include_str!("../data/size-bins.csv");

/// Bins of message sizes, by their inclusive upper edges; one more bin takes all that is larger.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SizeBins {
    /// Ascending, in bytes.
    edges: Vec<u64>,
}

impl SizeBins {
    /// The bins of the published SIGCOMM'18 simulation results for a workload (`"w1"` to `"w5"` or
    /// `"fabricated-heavy-middle"`), if it has any; source: `msgSizeRanges` in HomaSimulation's configuration.
    #[must_use]
    pub fn published(workload: &str) -> Option<Self> {
        let mut reader = csv::ReaderBuilder::new().comment(Some(b'#')).from_reader(PUBLISHED.as_bytes());
        let rows = reader.deserialize().map(|row| row.expect("the shipped table is well-formed"));
        let of_workload = rows.filter(|(name, _): &(String, u64)| name == workload);
        let edges: Vec<Bytes> = of_workload.map(|(_, edge)| Bytes::new(edge)).collect();
        (!edges.is_empty()).then(|| Self::with_edges(&edges))
    }

    /// Bins that hold at least one percent of messages each, filled from the smallest size up; `probabilities` are
    /// ascending sizes with their shares, 0 to 1.
    ///
    /// A size that is that frequent by itself gets a bin of its own, so sizes below it may be left in a smaller bin.
    /// The largest sizes, if they are less than one percent, fall in the open bin.
    ///
    /// # Panics
    /// If the sizes don't ascend.
    #[must_use]
    pub fn about_one_percent(probabilities: &[(Bytes, f64)]) -> Self {
        // Ten times 0.001 sums to a little less than 0.01.
        const SHARE: f64 = 0.01 - 1e-12;
        let mut edges = Vec::new();
        let mut in_bin = 0.0;
        let mut previous = Bytes::ZERO;
        for (size, probability) in probabilities {
            if in_bin > 0.0 && *probability >= SHARE {
                edges.push(previous);
                in_bin = 0.0;
            }
            in_bin += probability;
            if in_bin >= SHARE {
                edges.push(*size);
                in_bin = 0.0;
            }
            previous = *size;
        }
        Self::with_edges(&edges)
    }

    /// Bins with these inclusive upper edges, and an open one above.
    ///
    /// # Panics
    /// If they don't ascend.
    #[must_use]
    pub fn with_edges(edges: &[Bytes]) -> Self {
        assert!(edges.windows(2).all(|pair| pair[0] < pair[1]), "edges of bins ascend");
        Self { edges: edges.iter().map(|edge| edge.get()).collect() }
    }

    /// The number of the bin that `size` falls in, from 0.
    #[must_use]
    #[inline]
    pub fn index_of(&self, size: Bytes) -> usize {
        self.edges.partition_point(|edge| *edge < size.get())
    }

    /// How many bins there are, the open one included.
    #[must_use]
    pub const fn count(&self) -> usize {
        self.edges.len() + 1
    }

    /// The inclusive upper edges, ascending; the open bin has none.
    pub fn edges(&self) -> impl ExactSizeIterator<Item = Bytes> + '_ {
        self.edges.iter().map(|edge| Bytes::new(*edge))
    }

    /// Inclusive upper edge of a bin; none for the open one.
    #[must_use]
    pub fn upper_edge(&self, bin: usize) -> Option<Bytes> {
        self.edges.get(bin).map(|edge| Bytes::new(*edge))
    }
}
