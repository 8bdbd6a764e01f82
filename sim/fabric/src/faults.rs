//! What goes wrong in a network.

use homa_topologies::HostId;
use homa_units::Time;

/// A number that is no probability of loss.
#[derive(Debug, Clone, Copy, PartialEq, thiserror::Error)]
#[error("{0} is not a probability of loss; accepted are 0 up to, but not including, 1")]
pub struct BadProbability(pub f64);

/// Faults of a run. Default: none.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Faults {
    /// A packet is lost at its destination if 64 random bits are below this number.
    pub(crate) loss_threshold: u64,
    /// Hosts that fail, and when: from then on a host creates no messages, and neither sends nor
    /// takes packets. What is on the wire by then still arrives.
    pub host_failures: Vec<(HostId, Time)>,
}

impl Faults {
    /// No faults.
    pub const NONE: Self = Self { loss_threshold: 0, host_failures: Vec::new() };

    /// Each packet is lost with this probability, independent of all others, on its last link.
    ///
    /// # Errors
    /// If it isn't in 0..1.
    pub fn with_loss(mut self, probability: f64) -> Result<Self, BadProbability> {
        const TWO_TO_64: f64 = 18_446_744_073_709_551_616.0;
        if !(0.0..1.0).contains(&probability) {
            return Err(BadProbability(probability));
        }
        self.loss_threshold = (probability * TWO_TO_64) as u64;
        Ok(self)
    }

    /// Whether nothing ever goes wrong.
    #[must_use]
    pub fn is_none(&self) -> bool {
        *self == Self::default()
    }
}
