//! A host: a NIC, the model of its software, a transport.

mod model;
mod nic;

use crate::transport::Transport;
use homa_units::Time;
pub use model::HostModel;
pub(crate) use nic::Nic;

/// One host. What each packet needs is in its first cache line, which large networks prefetch. What its software costs is said by
/// the [`HostModel`], which all hosts share as long as it has no state.
#[derive(Debug)]
#[repr(C, align(64))]
pub(crate) struct Host<T> {
    pub(crate) nic: Nic,
    /// The earliest scheduled timeout, and after how many pulls it was scheduled.
    pub(crate) timeout_armed: Option<(Time, u32)>,
    /// Messages created so far.
    pub(crate) messages: u32,
    /// The host has failed: it neither sends nor takes anything any more.
    pub(crate) failed: bool,
    pub(crate) transport: T,
}

/// A host timer as the counter of its event: pulls and timeouts of one host at one instant fire in the order in which
/// they were armed. (The number of pulls wraps after 2^31, which one instant doesn't see.)
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum HostTimer {
    /// The NIC can take a packet; armed with the `n`-th pull.
    Pull(u32),
    /// The transport's timeout, armed after the `n`-th pull.
    Timeout(u32),
}

impl HostTimer {
    pub(crate) const fn counter(self) -> u32 {
        match self {
            Self::Pull(pulls) => pulls << 1,
            Self::Timeout(pulls) => pulls << 1 | 1,
        }
    }

    pub(crate) const fn from_counter(counter: u32) -> Self {
        if counter & 1 == 0 { Self::Pull(counter >> 1) } else { Self::Timeout(counter >> 1) }
    }
}

impl<T: Transport> Host<T> {
    pub(crate) const fn new(transport: T) -> Self {
        Self { nic: Nic::new(), timeout_armed: None, messages: 0, failed: false, transport }
    }

    /// The timeout that has to be scheduled now, if any.
    pub(crate) fn timeout_to_arm(&mut self) -> Option<(Time, HostTimer)> {
        let wanted = self.transport.poll_timeout()?;
        if self.timeout_armed.is_some_and(|(armed, _)| armed <= wanted) {
            return None;
        }
        let pulls = self.nic.pulls();
        self.timeout_armed = Some((wanted, pulls));
        Some((wanted, HostTimer::Timeout(pulls)))
    }
}
