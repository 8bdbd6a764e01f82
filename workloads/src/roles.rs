//! Which hosts send, and which receive.

use crate::uniform;
use rand::Rng;
use thiserror::Error;

/// Who sends and who answers: hosts `0..clients` send, the last `servers` hosts receive. Where the two overlap, a host
/// is both (a "shared node" of the cluster benchmarks); it never sends to itself.
///
/// A client sends to every server other than itself equally often.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Roles {
    hosts: u32,
    clients: u32,
    servers: u32,
}

/// Hosts can't be given such roles.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum BadRoles {
    /// There is nobody to send to.
    #[error("{hosts} host(s) can't exchange messages; that takes at least 2")]
    TooFewHosts {
        /// How many hosts were given.
        hosts: u32,
    },
    /// There are no clients, or more than hosts.
    #[error("{clients} clients among {hosts} hosts are not possible; accepted are 1 to {hosts}")]
    Clients {
        /// How many clients were given.
        clients: u32,
        /// How many hosts there are.
        hosts: u32,
    },
    /// There are no servers, or more than hosts.
    #[error("{servers} servers among {hosts} hosts are not possible; accepted are 1 to {hosts}")]
    Servers {
        /// How many servers were given.
        servers: u32,
        /// How many hosts there are.
        hosts: u32,
    },
    /// The only server is a client too, and never sends to itself.
    #[error(
        "host {client} would be the only server and a client, with nobody to send to; accepted are at least 2 servers, \
             or at most {client} clients"
    )]
    NobodyToSendTo {
        /// Index of that host.
        client: u32,
    },
}

impl Roles {
    /// The first `clients` of `hosts` hosts send, and the last `servers` of them receive.
    ///
    /// # Errors
    /// If there are fewer than two hosts, there are no clients or servers or more of them than hosts, or a client would
    /// have nobody to send to because the only server is itself.
    pub fn new(hosts: u32, clients: u32, servers: u32) -> Result<Self, BadRoles> {
        if hosts < 2 {
            return Err(BadRoles::TooFewHosts { hosts });
        }
        if !(1..=hosts).contains(&clients) {
            return Err(BadRoles::Clients { clients, hosts });
        }
        if !(1..=hosts).contains(&servers) {
            return Err(BadRoles::Servers { servers, hosts });
        }
        if servers == 1 && clients == hosts {
            return Err(BadRoles::NobodyToSendTo { client: hosts - 1 });
        }
        Ok(Self { hosts, clients, servers })
    }

    /// Each of `hosts` hosts sends to all others.
    ///
    /// # Errors
    /// If there are fewer than two hosts.
    pub fn all(hosts: u32) -> Result<Self, BadRoles> {
        Self::new(hosts, hosts, hosts)
    }

    /// How many hosts there are, those without a role included.
    #[must_use]
    pub const fn hosts(self) -> u32 {
        self.hosts
    }

    /// How many hosts send.
    #[must_use]
    pub const fn clients(self) -> u32 {
        self.clients
    }

    /// How many hosts receive.
    #[must_use]
    pub const fn servers(self) -> u32 {
        self.servers
    }

    /// Whether the host with the index `host` sends.
    #[must_use]
    pub const fn is_client(self, host: u32) -> bool {
        host < self.clients
    }

    /// Whether the host with the index `host` receives.
    #[must_use]
    #[inline]
    pub const fn is_server(self, host: u32) -> bool {
        self.first_server() <= host && host < self.hosts
    }

    /// How much the busiest direction of any host's link carries, in expectation, if every client sends one message per
    /// unit of time: bytes per unit of time, with `request` bytes in a message and `response` bytes in the answer to it
    /// on average.
    ///
    /// A client's requests go up its link and the answers come down; at a server it is the reverse, and a host that is
    /// both has the sums. With everybody both, that is `request + response`, exactly. With `m` clients apart from `n`
    /// servers it is the larger of `request` and `response`, times `m / n` if there are more clients than servers.
    #[must_use]
    pub fn busiest_link(self, request: f64, response: f64) -> f64 {
        let shared = self.clients.saturating_sub(self.first_server());
        let only_clients = self.clients - shared;
        // Messages that arrive per unit of time at a server, from clients that are not servers and `others` that are.
        let arriving = |others: u32| {
            let from_clients = f64::from(only_clients) / f64::from(self.servers);
            let from_shared = if others == 0 { 0.0 } else { f64::from(others) / f64::from(self.servers - 1) };
            from_clients + from_shared
        };
        let mut busiest = 0.0f64;
        if only_clients > 0 {
            busiest = busiest.max(request).max(response);
        }
        if self.servers > shared {
            let messages = arriving(shared);
            busiest = busiest.max(request * messages).max(response * messages);
        }
        if shared > 0 {
            let messages = arriving(shared - 1);
            busiest = busiest.max(request + response * messages).max(request * messages + response);
        }
        busiest
    }

    /// Draws a server other than `client`, all of them equally likely, from usually one `u32` of `rng`.
    pub(crate) fn draw_server(self, client: u32, rng: &mut impl Rng) -> u32 {
        let first = self.first_server();
        if !self.is_server(client) {
            return first + uniform::below(self.servers, rng);
        }
        // The others are numbered without a hole for the client.
        let other = first + uniform::below(self.servers - 1, rng);
        if other < client { other } else { other + 1 }
    }

    /// Index of the first host that receives.
    const fn first_server(self) -> u32 {
        self.hosts - self.servers
    }
}
