//! What follows from the sysctls. All of it supposes that [`Sysctls::validate`] would succeed.

use super::Sysctls;
use crate::MAX_MESSAGE_LENGTH;
use homa_units::{Duration, Priority};

/// The cutoff above all messages (spec 6.1); lengths are signed in Linux.
pub(crate) const NO_CUTOFF: u32 = i32::MAX as u32;

impl Sysctls {
    /// The bit of `flags` that lets everything pass the old pacer, `HOMA_FLAG_DONT_THROTTLE` (spec 7.2).
    pub const DONT_THROTTLE: u32 = 2;

    /// Recomputes what depends on `num_priorities` and `unsched_cutoffs` (spec 6.1): the cutoffs of level 0 and of
    /// unused levels, `max_sched_prio`, and the version.
    ///
    /// [`write`](Self::write) and serde do it themselves; who sets one of the two fields has to do it. It is not done
    /// at start, which is why entry 0 of the default is 0.
    pub fn prios_changed(&mut self) {
        self.num_priorities = self.num_priorities.min(Priority::LEVELS as u32);
        self.unsched_cutoffs[0] = NO_CUTOFF;
        self.max_sched_prio = 0;
        for level in (1..Priority::LEVELS).rev() {
            if level >= self.num_priorities as usize {
                self.unsched_cutoffs[level] = 0;
            } else if self.unsched_cutoffs[level] as i32 >= MAX_MESSAGE_LENGTH as i32 {
                self.max_sched_prio = level as u32 - 1;
                break;
            }
        }
        self.cutoff_version = u32::from((self.cutoff_version as u16).wrapping_add(1));
    }

    /// Sets the cutoffs as a write to `unsched_cutoffs` does; its [`Recompute`](super::Recompute) would have `base` and
    /// `cutoffs`.
    pub fn set_cutoffs(&mut self, cutoffs: [u32; 8]) {
        self.unsched_cutoffs = cutoffs;
        self.prios_changed();
    }

    /// Entry n: how many bytes an active RPC is granted beyond what has arrived while n RPCs are active (spec 5.1).
    #[must_use]
    pub fn windows(&self) -> [u32; 9] {
        core::array::from_fn(
            |active| if self.window == 0 { self.max_incoming / (active as u32 + 1) } else { self.window },
        )
    }

    /// The time between FIFO grants (spec 5.7); one second if there are none.
    #[must_use]
    pub fn fifo_grant_interval(&self) -> Duration {
        let fifo_mbps = u64::from(self.link_mbps) * u64::from(self.grant_fifo_fraction) / 1_000;
        if fifo_mbps == 0 || self.fifo_grant_increment == 0 {
            return Duration::from_ms(1_000);
        }
        let ns_per_megabit = 1_000_000_000 / fifo_mbps;
        Duration::from_ns(ns_per_megabit * u64::from(self.fifo_grant_increment) * 8 / 1_000_000)
    }

    /// How many nanoseconds the old pacer estimates for 10^6 bytes: one per cent more than they take (spec 7.2).
    #[must_use]
    pub fn old_pacer_ns_per_1e6_bytes(&self) -> u64 {
        101 * 8_000 * 1_000_000 / (u64::from(self.link_mbps) * 100)
    }

    /// How far ahead of the clock the estimated end of the NIC's work may be before packets wait (spec 7.2, 7.4.1).
    #[must_use]
    pub fn max_nic_est_backlog(&self) -> Duration {
        Duration::from_us(u64::from(self.max_nic_est_backlog_usecs))
    }

    /// The level of FIFO grants and of RESENDs to a message that got its buffers late (spec 5.7, 4.3.6).
    #[must_use]
    pub fn high_level(&self) -> Priority {
        Priority::new(self.num_priorities.saturating_sub(2) as u8)
    }

    /// The level of control packets and of retransmissions that the timer asks for (spec 2.7, 4.4).
    #[must_use]
    pub fn control_level(&self) -> Priority {
        Priority::new(self.num_priorities as u8 - 1)
    }

    /// The level of the unscheduled packets of a message of `length` bytes to a peer with these cutoffs (spec 6.3).
    ///
    /// A peer whose cutoffs aren't known has only entry 6 set. With fewer than seven levels no entry fits then; the
    /// kernel reads outside its table (quirk Q8), and this takes [`high_level`](Self::high_level).
    #[must_use]
    pub fn unscheduled_level(&self, cutoffs: &[u32; 8], length: u32) -> Priority {
        let fitting = (0..self.num_priorities as usize).rev().find(|level| cutoffs[*level] >= length);
        fitting.map_or_else(|| self.high_level(), |level| Priority::new(level as u8))
    }

    /// The level that a GRANT asks for (spec 6.2), where `rank` active RPCs beat this one, of `num_active`.
    #[must_use]
    pub fn grant_level(&self, rank: usize, num_active: usize) -> Priority {
        let levels = self.max_sched_prio as usize + 1;
        Priority::new(levels.min(num_active).saturating_sub(rank + 1) as u8)
    }
}
