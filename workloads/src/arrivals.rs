//! When messages arrive, and between which hosts.

use crate::gaps::Schedule;
use crate::{Gaps, Roles, SizeDistribution};
use homa_units::{Bytes, Time};
use rand::Rng;
use std::sync::Arc;
use thiserror::Error;

/// A message that a host is asked to send.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Arrival {
    /// When it is handed to the sender's transport.
    pub at: Time,
    /// Index of the sending host.
    pub source: u32,
    /// Index of the receiving host.
    pub destination: u32,
    /// How many bytes of payload it has.
    pub size: Bytes,
}

/// The random numbers of one host's traffic. Apart from one another they keep gaps, sizes and destinations
/// independent: another size distribution leaves the times as they are.
#[derive(Debug, Clone)]
pub struct StreamRngs<R> {
    /// For the gaps between messages.
    pub gap: R,
    /// For their sizes.
    pub size: R,
    /// For their destinations.
    pub destination: R,
}

/// A stream of messages can't be built.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum BadStream {
    /// The sender is not one of the hosts.
    #[error("host {source_host} can't send among {hosts} hosts; indices are 0 to {}", .hosts - 1)]
    UnknownSource {
        /// The given index.
        source_host: u32,
        /// How many hosts there are.
        hosts: u32,
    },
    /// The sender is a host that doesn't send.
    #[error("host {source_host} is not a client and can't send; clients are the hosts 0 to {}", .clients - 1)]
    NotAClient {
        /// The given index.
        source_host: u32,
        /// How many clients there are.
        clients: u32,
    },
}

/// The endless traffic of one client to the servers, each of them other than itself equally likely. It doesn't depend
/// on what the network does: the instants are those of the schedule even if messages can't leave in time.
#[derive(Debug, Clone)]
pub struct MessageStream<R> {
    source: u32,
    roles: Roles,
    sizes: Arc<SizeDistribution>,
    schedule: Schedule,
    rngs: StreamRngs<R>,
}

impl<R: Rng> MessageStream<R> {
    /// Traffic of the client `source`.
    ///
    /// With exponential gaps, the first message comes one gap after time 0. With constant ones it comes after a
    /// uniformly random part of a gap, and message k follows it after k mean gaps, rounded to the nearest picosecond.
    ///
    /// # Errors
    /// If `source` is not one of the clients.
    pub fn new(
        source: u32,
        roles: Roles,
        sizes: Arc<SizeDistribution>,
        gaps: Gaps,
        rngs: StreamRngs<R>,
    ) -> Result<Self, BadStream> {
        if source >= roles.hosts() {
            return Err(BadStream::UnknownSource { source_host: source, hosts: roles.hosts() });
        }
        if !roles.is_client(source) {
            return Err(BadStream::NotAClient { source_host: source, clients: roles.clients() });
        }
        Ok(Self { source, roles, sizes, schedule: Schedule::new(gaps), rngs })
    }

    /// The next message, later than or at the same time as the one before.
    ///
    /// # Panics
    /// If the simulated time would pass 213 days.
    pub fn next_arrival(&mut self) -> Arrival {
        let at = self.schedule.next(&mut self.rngs.gap);
        let size = self.sizes.sample(&mut self.rngs.size);
        let destination = self.roles.draw_server(self.source, &mut self.rngs.destination);
        Arrival { at, source: self.source, destination, size }
    }
}
