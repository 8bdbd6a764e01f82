//! Bins of message sizes.

use homa_units::Bytes;

const PUBLISHED: &str = include_str!("../data/size-bins.csv");

/// Bins of message sizes, by their inclusive upper edges; one more bin takes all that is larger.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SizeBins {
    /// Ascending, in bytes.
    edges: Vec<u64>,
}

impl SizeBins {
    /// The bins of the published SIGCOMM'18 simulation results for a workload, if it has any.
    #[must_use]
    pub fn published(workload: &str) -> Option<Self> {
        let mut reader = csv::ReaderBuilder::new().comment(Some(b'#')).from_reader(PUBLISHED.as_bytes());
        let rows = reader.deserialize().map(|row| row.expect("the shipped table is well-formed"));
        let edges: Vec<u64> = rows.filter(|(name, _): &(String, u64)| name == workload).map(|(_, edge)| edge).collect();
        (!edges.is_empty()).then(|| Self::with_edges(edges))
    }

    /// Bins that hold at least one percent of messages each; `probabilities` are ascending sizes with their shares.
    #[must_use]
    pub fn about_one_percent(probabilities: &[(Bytes, f64)]) -> Self {
        const SHARE: f64 = 0.01;
        let mut edges = Vec::new();
        let mut in_bin = 0.0;
        for (position, (size, probability)) in probabilities.iter().enumerate() {
            // A frequent size gets a bin of its own.
            if in_bin > 0.0 && *probability >= SHARE && position > 0 {
                edges.push(probabilities[position - 1].0.get());
                in_bin = 0.0;
            }
            in_bin += probability;
            if in_bin >= SHARE {
                edges.push(size.get());
                in_bin = 0.0;
            }
        }
        Self::with_edges(edges)
    }

    /// Bins with these upper edges.
    ///
    /// # Panics
    /// If they don't ascend.
    #[must_use]
    pub fn with_edges(edges: Vec<u64>) -> Self {
        assert!(edges.windows(2).all(|pair| pair[0] < pair[1]), "edges of bins ascend");
        Self { edges }
    }

    /// The number of the bin that `size` falls in.
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

    /// Upper edge of a bin in bytes; none for the open one.
    #[must_use]
    pub fn upper_edge(&self, bin: usize) -> Option<u64> {
        self.edges.get(bin).copied()
    }
}
