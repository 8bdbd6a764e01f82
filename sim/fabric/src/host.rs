//! A host: a NIC, the model of its software, a transport.

pub mod linux;
mod model;
mod nic;

use crate::event::HostTimer;
use crate::transport::Transport;
use homa_units::Time;
pub use model::HostModel;
pub(crate) use nic::Nic;

/// One host. What each packet needs is in its first cache line, which large networks prefetch. What
/// its software costs is said by the [`HostModel`], which all hosts share as long as it has no
/// state.
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

impl<T: Transport> Host<T> {
    pub(crate) const fn new(transport: T) -> Self {
        Self { nic: Nic::new(), timeout_armed: None, messages: 0, failed: false, transport }
    }

    /// The timeout that has to be scheduled now, if any.
    #[inline]
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
