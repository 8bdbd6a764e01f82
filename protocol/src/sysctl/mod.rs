//! The parameters of a node, named and valued as the kernel's sysctls `net.homa.*` (spec 10.7).

mod derived;
mod table;
mod text;

pub(crate) use derived::NO_CUTOFF;
pub use table::Sysctls;
pub(crate) use text::parse_ints;

use crate::errno::Errno;
use alloc::string::String;
use thiserror::Error;

/// Which of the kernel's tables a sysctl is in; what has to be recomputed after a write depends on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SysctlGroup {
    /// `homa_ctl_table`: everything else.
    Base,
    /// Grants (spec part 5).
    Grant,
    /// Pacing (spec part 7).
    Qdisc,
    /// Peers (spec 9.4).
    Peer,
}

/// What there is to know about one sysctl.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SysctlInfo {
    /// The name, which is that of the field in [`Sysctls`].
    pub name: &'static str,
    /// The kernel's table that it is in.
    pub group: SysctlGroup,
    /// The unit of the value.
    pub unit: &'static str,
    /// Whether it can be set. The others are statistics or derived from other sysctls.
    pub writable: bool,
    /// Whether this core acts on it. The others steer what only a kernel has: threads, cores, memory, logs.
    pub effective: bool,
    /// The smallest accepted value, of each entry if there are several.
    pub least: i64,
    /// The largest accepted value, of each entry if there are several.
    pub most: u64,
    /// Whether [`Sysctls::write`] stores `most` for a larger value, as the kernel does, instead of refusing it.
    pub capped: bool,
    /// What it means.
    pub meaning: &'static str,
}

/// What a write to a sysctl leaves for its writer to do.
///
/// All derived values are functions of the sysctls, so recomputing one too often does no harm.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Recompute {
    /// A base sysctl was written: recompute the time per byte of the old pacer (spec 7.2) and, where the speed of a
    /// link is not known otherwise, that of the queueing discipline (7.4.1). Without quirk Q5, the FIFO grant interval
    /// as well.
    pub base: bool,
    /// A grant sysctl was written: recompute the windows (5.1) and the FIFO grant interval (5.7).
    pub grant: bool,
    /// A pacing sysctl was written: recompute the values of 7.4.1 and restart the SRPT account (7.4.4).
    pub qdisc: bool,
    /// The cutoffs changed: the write has already run the recomputation of 6.1, and peers must learn the new version.
    pub cutoffs: bool,
    /// `next_id` was written: it is the identifier of the next client RPC (1.1).
    pub next_id: bool,
    /// The value was too large; what is stored is the largest possible one.
    pub capped: bool,
}

/// Why a sysctl can't be read or written.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum SysctlError {
    /// There is no such sysctl.
    #[error("there is no sysctl `{name}`; the nearest names are {nearest}")]
    Unknown {
        /// What was given.
        name: String,
        /// Names that look like it.
        nearest: String,
    },
    /// The sysctl shows something and can't be set.
    #[error("sysctl {name} = {value} is not possible: it can only be read")]
    ReadOnly {
        /// The sysctl.
        name: &'static str,
        /// The value given.
        value: String,
    },
    /// The value is not as many whole numbers as the sysctl has.
    #[error("sysctl {name} = {value} is not possible; accepted is {accepted}")]
    Malformed {
        /// The sysctl.
        name: &'static str,
        /// The value given.
        value: String,
        /// What is accepted.
        accepted: String,
    },
    /// A number is too small or too large.
    #[error("sysctl {name} = {value} is not possible; accepted is {accepted}")]
    OutOfRange {
        /// The sysctl.
        name: &'static str,
        /// The value given.
        value: String,
        /// What is accepted.
        accepted: String,
    },
}

impl SysctlError {
    /// The number that Linux returns.
    #[must_use]
    pub const fn errno(&self) -> Errno {
        match self {
            Self::Unknown { .. } => Errno::ENOENT,
            Self::ReadOnly { .. } => Errno::EACCES,
            Self::Malformed { .. } | Self::OutOfRange { .. } => Errno::EINVAL,
        }
    }
}
