//! Everything about an endpoint that isn't a sysctl: what it runs on, how its packets leave, which quirks it has.

use crate::wire::Version;
use crate::{Quirks, SysctlError, Sysctls};
use homa_units::Duration;
use serde::{Deserialize, Serialize};

/// Who decides when a packet leaves, and with that how well the sender keeps to shortest-remaining-first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TransmitMode {
    /// The driver asks whenever its link can take a packet, and gets control packets first, then retransmissions, then
    /// a unit of the message with the fewest bytes left. Not how Linux works, but what it approximates.
    #[default]
    Pull,
    /// Units come out in the order in which they were produced: Linux while its pacer throttles nothing.
    Immediate,
    /// Linux's pacer inside the transport (spec 7.2, 7.3).
    OldPacer,
    /// Linux's queueing discipline `homa` below IP (spec 7.4).
    Qdisc,
}

/// When the protocol timer ticks (spec part 8).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ticks {
    /// At `phase + k × period` for k = 1, 2, …, while there is anything to time. The endpoint asks for these instants by
    /// [`poll_timeout`](crate::Endpoint::poll_timeout).
    Grid {
        /// Time between ticks; Linux's is 1 ms plus the time of the run.
        period: Duration,
        /// Offset of the grid.
        phase: Duration,
    },
    /// Whenever the driver calls [`handle_tick`](crate::Endpoint::handle_tick).
    External,
}

impl Default for Ticks {
    fn default() -> Self {
        Self::Grid { period: Duration::from_ms(1), phase: Duration::from_ps(0) }
    }
}

/// How first transmissions say where they belong (spec 2.4, 2.11).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Offsets {
    /// As Linux: −1 in the segment header of one-segment units.
    #[default]
    Linux,
    /// The true offset in both fields, which a Linux receiver understands even where its packets don't pass GRO.
    Both,
}

/// Configuration of an [`Endpoint`](crate::Endpoint).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// The module's parameters. Default: as Linux.
    pub sysctls: Sysctls,
    /// In what the endpoint follows the kernel's mistakes. Default: in everything.
    pub quirks: Quirks,
    /// Who decides when a packet leaves. Default: the driver's link.
    pub transmit: TransmitMode,
    /// When the protocol timer ticks. Default: every millisecond.
    pub ticks: Ticks,
    /// How first transmissions give their offset. Default: as Linux.
    pub offsets: Offsets,
    /// Full protocol, or the stripped one that was submitted to Linux (spec 12a). Default: full.
    pub version: Version,
    /// MTU of routes that [`set_route`](crate::Endpoint::set_route) says nothing about, in bytes. Default: 1500.
    pub mtu: u32,
    /// The largest unit that the network device can split, in bytes. Default: 65536.
    pub device_gso_max_size: u32,
    /// Cores that allocate receive buffers, each with a page of its own for short messages. Default: 1.
    pub cores: u16,
    /// A peer gets CUTOFFS at most once in each interval of this grid: Linux's jiffy. Default: 4 ms.
    pub cutoffs_interval: Duration,
    /// Whether arriving packets pass GRO, without which quirk Q16 discards those with the offset −1. Default: true.
    pub gro: bool,
    /// Whether the driver reports by [`handle_nic_completion`](crate::Endpoint::handle_nic_completion) what its NIC has
    /// sent. Without, the qdisc's limit on bytes in the NIC is off (spec 7.4.4). Default: false.
    pub nic_completions: bool,
    /// A number that is another one after each start of the node, such as the time in nanoseconds. Only without quirk
    /// `ids_begin_at_2`, where client identifiers begin at a number drawn from it. Default: 0.
    pub boot: u64,
    /// Whether RPCs that end are reaped at once. Linux's reaper may come late: what its qdisc has deferred of an RPC that
    /// has ended still leaves then (D19 of spec part 14), and its buffers come back after that. Default: true.
    pub reaps_at_once: bool,
    /// Whether a sysctl of the group "base" was ever written, without which quirk Q9 keeps the old pacer idle.
    /// Default: false.
    pub configured: bool,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            sysctls: Sysctls::default(),
            quirks: Quirks::linux(),
            transmit: TransmitMode::default(),
            ticks: Ticks::default(),
            offsets: Offsets::default(),
            version: Version::Linux,
            mtu: 1500,
            device_gso_max_size: 65_536,
            cores: 1,
            cutoffs_interval: Duration::from_ms(4),
            gro: true,
            nic_completions: false,
            boot: 0,
            reaps_at_once: true,
            configured: false,
        }
    }
}

/// Why a configuration can't be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    /// A sysctl has a value that the protocol can't work with.
    #[error(transparent)]
    Sysctl(#[from] SysctlError),
    /// No core to allocate buffers.
    #[error("`cores` is 0; at least one core allocates receive buffers")]
    NoCores,
    /// An interval is empty.
    #[error("`{key}` is 0; it must be longer")]
    EmptyInterval {
        /// Which one.
        key: &'static str,
    },
}

impl Config {
    /// Checks every value.
    ///
    /// # Errors
    /// The first value that the protocol can't work with.
    pub fn validate(&self) -> Result<(), ConfigError> {
        self.sysctls.validate()?;
        if self.cores == 0 {
            return Err(ConfigError::NoCores);
        }
        if self.cutoffs_interval == Duration::from_ps(0) {
            return Err(ConfigError::EmptyInterval { key: "cutoffs_interval" });
        }
        match self.ticks {
            Ticks::Grid { period, .. } if period == Duration::from_ps(0) => {
                Err(ConfigError::EmptyInterval { key: "ticks.period" })
            }
            _ => Ok(()),
        }
    }
}
