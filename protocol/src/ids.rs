//! Names of nodes, sockets, ports and RPCs.

use core::fmt;

/// The identifier of an RPC, as one of its two sides knows it (spec 1.1).
///
/// Clients use even identifiers, servers the client's identifier with the lowest bit flipped, so an identifier tells
/// which side of the RPC its holder is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RpcId(u64);

impl RpcId {
    /// The identifier with this number.
    #[must_use]
    pub const fn new(id: u64) -> Self {
        Self(id)
    }

    /// The number.
    #[must_use]
    pub const fn get(self) -> u64 {
        self.0
    }

    /// The other side's identifier of the same RPC.
    #[must_use]
    pub const fn other_side(self) -> Self {
        Self(self.0 ^ 1)
    }

    /// Whether the holder of this identifier is the client of the RPC.
    #[must_use]
    pub const fn is_client(self) -> bool {
        self.0 & 1 == 0
    }
}

impl fmt::Display for RpcId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A Homa port: 1..=32767 are assigned by bind, 32768..=65535 automatically; 0 means "no port" (spec 1.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Port(u16);

impl Port {
    /// No port: what a FREEZE packet is sent to.
    pub const NONE: Self = Self(0);
    /// `HOMA_MIN_DEFAULT_PORT`: the first of the ports that sockets get automatically.
    pub const MIN_DEFAULT: Self = Self(0x8000);

    /// The port with this number.
    #[must_use]
    pub const fn new(port: u16) -> Self {
        Self(port)
    }

    /// The number.
    #[must_use]
    pub const fn get(self) -> u16 {
        self.0
    }
}

impl fmt::Display for Port {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A node of the network, named by a small number that the driver gives to its address.
///
/// The core keeps a table indexed by this number, so numbers should be dense: a simulator uses the number of the host, a
/// live driver an [`AddressBook`](crate::AddressBook).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PeerId(u32);

impl PeerId {
    /// The peer with this number.
    #[must_use]
    pub const fn new(index: u32) -> Self {
        Self(index)
    }

    /// The number.
    #[must_use]
    pub const fn get(self) -> u32 {
        self.0
    }

    /// The number as an index.
    #[must_use]
    pub const fn index(self) -> usize {
        self.0 as usize
    }
}

impl fmt::Display for PeerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// One socket of an endpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SocketId(pub(crate) u32);

impl SocketId {
    pub(crate) const fn index(self) -> usize {
        self.0 as usize
    }
}
