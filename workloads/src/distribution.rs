//! Message sizes.

use crate::shipped::{self, UnknownSizes};
use crate::size_csv::{self, CsvError, Interpolation, Point};
use crate::uniform::{self, GRAINS_F64};
use crate::{interpolated, key_value};
use homa_units::Bytes;
use rand::Rng;

/// How likely messages of which size are.
#[derive(Debug, Clone)]
pub struct SizeDistribution {
    name: String,
    shape: Shape,
    listed_mean: Option<f64>,
    load_factor: Option<f64>,
}

#[derive(Debug, Clone)]
enum Shape {
    /// Only the sizes of the points occur.
    Steps {
        points: Vec<Point>,
        /// For each point, how many of the 2^53 equally likely draws give its size or a smaller one: its cumulative
        /// probability times 2^53, rounded down. A draw d stands for u = (d + 1) / 2^53, so that d < threshold just
        /// when u <= cumulative probability, without any rounding.
        thresholds: Vec<u64>,
    },
    /// Every size between the points occurs.
    Linear { points: Vec<Point> },
    /// The analytic form of W1; the points hold its exact cumulative probability at some sizes.
    KeyValue { points: Vec<Point> },
}

impl SizeDistribution {
    /// The shipped distribution called `name`.
    ///
    /// # Errors
    /// If there is none; the message lists all names.
    pub fn shipped(name: &str) -> Result<Self, UnknownSizes> {
        let entry = shipped::find(name)?;
        let mut sizes = Self::from_csv(entry.csv, name).expect("shipped tables are well-formed");
        if entry.analytic {
            let Shape::Steps { points, .. } = sizes.shape else { unreachable!("shipped tables are steps") };
            sizes.shape = Shape::KeyValue { points };
        }
        sizes.listed_mean = entry.listed_mean;
        sizes.load_factor = entry.load_factor;
        Ok(sizes)
    }

    /// All messages have the size `size`.
    ///
    /// # Panics
    /// If `size` is zero: there are no empty messages.
    #[must_use]
    pub fn fixed(size: Bytes) -> Self {
        assert!(size > Bytes::ZERO, "a message has at least one byte");
        let point = Point { size: size.get(), cumulative: 1.0 };
        Self::new(format!("fixed-{size}"), Shape::steps(vec![point]))
    }

    /// The distribution that `text` describes, to be called `name`.
    ///
    /// The header is `size_bytes,cum_prob`; each line below it has a size in bytes and the probability that a message
    /// is not larger. Both columns increase strictly and the last probability is exactly 1. The first line of the text
    /// may choose what happens between the points: `# interpolate = "steps"` (only listed sizes occur, the default) or
    /// `# interpolate = "linear"` (the sizes between two points occur evenly, and the first point keeps its own
    /// probability at its size). Other lines that begin with `#`, and empty lines, are skipped.
    ///
    /// # Errors
    /// If the text is anything else; the message has the line and the value.
    pub fn from_csv(text: &str, name: &str) -> Result<Self, CsvError> {
        let (interpolation, points) = size_csv::parse(text, name)?;
        let shape = match interpolation {
            Interpolation::Steps => Shape::steps(points),
            Interpolation::Linear => Shape::Linear { points },
        };
        Ok(Self::new(name.to_owned(), shape))
    }

    const fn new(name: String, shape: Shape) -> Self {
        Self { name, shape, listed_mean: None, load_factor: None }
    }

    /// What the distribution is called.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Draws a size, from one `u64` of `rng`.
    pub fn sample(&self, rng: &mut impl Rng) -> Bytes {
        let grain = uniform::draw(rng);
        Bytes::new(match &self.shape {
            Shape::Steps { points, thresholds } => {
                points[thresholds.partition_point(|threshold| *threshold <= grain)].size
            }
            Shape::Linear { points } => interpolated::size_at(points, (grain + 1) as f64 / GRAINS_F64),
            Shape::KeyValue { .. } => key_value::size_of(grain),
        })
    }

    /// The mean of the sizes drawn, in bytes.
    #[must_use]
    pub fn mean(&self) -> f64 {
        match &self.shape {
            Shape::Steps { points, .. } => masses(points).map(|(size, mass)| size as f64 * mass).sum(),
            Shape::Linear { points } => interpolated::mean(points),
            Shape::KeyValue { points } => key_value::ranges(points).iter().map(|(size, mass)| size * mass).sum(),
        }
    }

    /// The mean in bytes from which HomaSimulation computes rates: the first line of its size file, which differs a
    /// little from the mean drawn. Equal to [`Self::mean`] for distributions that it doesn't have.
    #[must_use]
    pub fn listed_mean(&self) -> f64 {
        self.listed_mean.unwrap_or_else(|| self.mean())
    }

    /// The share of payload in all bytes on the wire that HomaSimulation's configuration states for this distribution
    /// (the constant of `loadFactor` in its omnetppHomaTransportConfig.ini), if it does.
    #[must_use]
    pub const fn load_factor(&self) -> Option<f64> {
        self.load_factor
    }

    /// Sizes in ascending order with the probability of each, for computing expectations.
    ///
    /// Step distributions list exactly their sizes. Linear ones list every size if the sizes span at most 10,000
    /// bytes, else about 10,000 sizes in the middle of slices of equal probability. `w1` lists every size up to about
    /// a kilobyte and above it, about one percent apart, the mean of the sizes in between.
    #[must_use]
    pub fn probabilities(&self) -> Vec<(Bytes, f64)> {
        let in_bytes = |(size, mass): (u64, f64)| (Bytes::new(size), mass);
        match &self.shape {
            Shape::Steps { points, .. } => masses(points).map(in_bytes).collect(),
            Shape::Linear { points } => interpolated::probabilities(points).into_iter().map(in_bytes).collect(),
            Shape::KeyValue { points } => {
                let ranges = key_value::ranges(points).into_iter();
                ranges.map(|(size, mass)| (Bytes::new(libm::round(size) as u64), mass)).collect()
            }
        }
    }

    /// The smallest size that is drawn.
    #[must_use]
    pub fn smallest(&self) -> Bytes {
        Bytes::new(self.shape.points()[0].size)
    }

    /// The largest size that can be drawn.
    #[must_use]
    pub fn largest(&self) -> Bytes {
        match &self.shape {
            Shape::Steps { points, .. } | Shape::Linear { points } => Bytes::new(points[points.len() - 1].size),
            Shape::KeyValue { .. } => Bytes::new(key_value::largest()),
        }
    }

    /// The smallest size that at least the share `p` of the messages doesn't exceed; `p` is in [0, 1], values outside
    /// are taken for the nearer end.
    #[must_use]
    pub fn quantile(&self, p: f64) -> Bytes {
        if p >= 1.0 {
            return self.largest();
        }
        Bytes::new(match &self.shape {
            Shape::Steps { points, .. } => points[points.partition_point(|point| point.cumulative < p)].size,
            Shape::Linear { points } => interpolated::size_at(points, p),
            Shape::KeyValue { .. } => key_value::size_at(p),
        })
    }

    /// Sizes with cumulative probabilities as HomaSimulation's priority resolver reads them: the points of the table,
    /// and for `w1` the 15 points of the head with 999 evenly spaced points of the tail, of which those of equal size
    /// are one and the last has probability 1.
    #[must_use]
    pub fn estimator_points(&self) -> Vec<(Bytes, f64)> {
        let in_bytes = |points: &[Point]| points.iter().map(|p| (Bytes::new(p.size), p.cumulative)).collect();
        match &self.shape {
            Shape::Steps { points, .. } | Shape::Linear { points } => in_bytes(points),
            Shape::KeyValue { .. } => in_bytes(&key_value::estimator_points()),
        }
    }
}

impl Shape {
    fn steps(points: Vec<Point>) -> Self {
        // A product with a power of two is exact, so the threshold is exact as well.
        let thresholds = points.iter().map(|point| (point.cumulative * GRAINS_F64) as u64).collect();
        Self::Steps { points, thresholds }
    }

    fn points(&self) -> &[Point] {
        match self {
            Self::Steps { points, .. } | Self::Linear { points } | Self::KeyValue { points } => points,
        }
    }
}

/// Each size with its own probability.
fn masses(points: &[Point]) -> impl Iterator<Item = (u64, f64)> {
    let mut before = 0.0;
    points.iter().map(move |point| {
        let mass = point.cumulative - before;
        before = point.cumulative;
        (point.size, mass)
    })
}
