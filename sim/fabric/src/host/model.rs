//! What a host's software costs.

use homa_topologies::SoftwareDelay;
use homa_units::Duration;

/// A model of the time that a host's software takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HostModel {
    /// The same for each packet, however many there are: one delay from the transport to the NIC
    /// and one back.
    FixedDelays(SoftwareDelay),
}

impl HostModel {
    /// From the transport to the NIC.
    #[must_use]
    #[inline]
    pub const fn send_delay(&self) -> Duration {
        let Self::FixedDelays(delays) = self;
        delays.send
    }

    /// From the NIC to the transport.
    #[must_use]
    #[inline]
    pub const fn receive_delay(&self) -> Duration {
        let Self::FixedDelays(delays) = self;
        delays.receive
    }
}
