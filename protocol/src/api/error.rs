//! Errors of the application interface: each tells what was wrong, and the number that Linux returns for it.

use super::FailedRpc;
use crate::errno::Errno;
use crate::output::RouteError;
use crate::pool;
use crate::pool::BadBpage;
use crate::wire::Family;
use crate::{MAX_MESSAGE_LENGTH, RpcId};
use thiserror::Error;

/// Why no socket could be opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum OpenError {
    /// All 32768 default ports are in use: `EADDRNOTAVAIL`.
    #[error("all automatic ports (32768 to 65535) are in use")]
    PortsExhausted,
}

/// Why a socket didn't get a port.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum BindError {
    /// `EAFNOSUPPORT`.
    #[error("the address is {given:?} and the socket {socket:?}")]
    WrongFamily {
        /// The family of the address.
        given: Family,
        /// The family of the socket.
        socket: Family,
    },
    /// Ports from 32768 on are assigned automatically: `EINVAL`.
    #[error("port {port} is one of those assigned automatically; a server's port is in 1..=32767")]
    DefaultPort {
        /// The port asked for.
        port: u16,
    },
    /// `ESHUTDOWN`.
    #[error("the socket was shut down")]
    ShutDown,
    /// Another socket has the port: `EADDRINUSE`.
    #[error("port {port} belongs to another socket")]
    InUse {
        /// The port asked for.
        port: u16,
    },
}

/// Why a receive region wasn't accepted (`SO_HOMA_RCVBUF`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum RegionError {
    /// The region doesn't keep the rules: `EINVAL`.
    #[error(transparent)]
    Unusable(#[from] pool::RegionError),
    /// A region can be set once: `EINVAL`.
    #[error("the socket has a receive region already, and it can't be changed")]
    AlreadySet,
}

/// Why a message wasn't sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum SendError {
    /// Bits in `flags` that mean nothing: `EINVAL`.
    #[error("flags are {flags:#x}; only bit 0 (HOMA_SENDMSG_PRIVATE) has a meaning")]
    UnknownFlags {
        /// What was given.
        flags: u32,
    },
    /// `EINVAL`.
    #[error("the reserved field is {reserved}; it must be 0")]
    ReservedNotZero {
        /// What was given.
        reserved: u32,
    },
    /// The socket's unfreed messages have reached `wmem_max`: `EAGAIN`. [`Event::Writable`](crate::Event::Writable) tells
    /// when to try again.
    #[error("the socket's outgoing messages take {used} bytes of {limit}")]
    WouldBlock {
        /// Bytes of messages that aren't freed yet.
        used: u64,
        /// The limit.
        limit: u64,
    },
    /// `ESHUTDOWN`.
    #[error("the socket was shut down")]
    ShutDown,
    /// `EAFNOSUPPORT`.
    #[error("the destination is {given:?} and the socket {socket:?}")]
    WrongFamily {
        /// The family of the destination.
        given: Family,
        /// The family of the socket.
        socket: Family,
    },
    /// No packet can reach the peer: the routing error, or `EINVAL` for an MTU without room for data.
    #[error(transparent)]
    Route(#[from] RouteError),
    /// `EINVAL`.
    #[error("a message of {length} bytes is not possible; a message has 1 to {MAX_MESSAGE_LENGTH}")]
    Length {
        /// The length given.
        length: u32,
    },
    /// Only requests have a cookie: `EINVAL`.
    #[error("a reply has the completion cookie {cookie}; it must be 0")]
    CookieWithReply {
        /// What was given.
        cookie: u64,
    },
    /// The request hasn't been received, or was replied to already: `EINVAL`.
    #[error("RPC {rpc} is not waiting for a reply of this application")]
    NotInService {
        /// The RPC.
        rpc: RpcId,
    },
}

/// Why no message was received.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum RecvError {
    /// `EINVAL`.
    #[error("{count} bpages are given back; at most 16 are possible")]
    TooManyBpages {
        /// What was given.
        count: u32,
    },
    /// `EINVAL`.
    #[error("the reserved field is {reserved}; it must be 0")]
    ReservedNotZero {
        /// What was given.
        reserved: u32,
    },
    /// `EINVAL`.
    #[error("the socket has no receive region; set one before receiving")]
    NoRegion,
    /// A buffer given back isn't the application's: `EINVAL`. Those before it were taken.
    #[error(transparent)]
    BadBpage(#[from] BadBpage),
    /// The socket has no such client RPC: `EINVAL`.
    #[error("the socket has no client RPC {rpc}")]
    UnknownRpc {
        /// The RPC asked for.
        rpc: RpcId,
    },
    /// Only a private RPC can be asked for: `EINVAL`.
    #[error("RPC {rpc} is not private: its response isn't received by identifier")]
    NotPrivate {
        /// The RPC asked for.
        rpc: RpcId,
    },
    /// `EINVAL`.
    #[error("somebody else waits for private RPC {rpc}")]
    AlreadyWaiting {
        /// The RPC asked for.
        rpc: RpcId,
    },
    /// Nothing is complete yet: `EAGAIN`.
    #[error("nothing is ready to be received")]
    Again,
    /// `ESHUTDOWN`.
    #[error("the socket was shut down")]
    ShutDown,
    /// An RPC is received, but it failed: its error.
    #[error("RPC {} failed: {}", .0.rpc, .0.error)]
    Failed(FailedRpc),
}

/// Why there is no information about a socket.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum InfoError {
    /// `ESHUTDOWN`.
    #[error("the socket was shut down")]
    ShutDown,
}

/// Why nothing was aborted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum AbortError {
    /// `EINVAL`.
    #[error("the pad fields must be 0")]
    PadNotZero,
    /// `EINVAL`.
    #[error("the socket has no client RPC {rpc}")]
    UnknownRpc {
        /// The RPC named.
        rpc: RpcId,
    },
    /// Error numbers are below 2^31, and without quirk `any_abort_error` below 4096, as Linux's are: `EINVAL`.
    #[error("{error} is not an error number; they are in 0..={most}")]
    NotAnErrno {
        /// What was given.
        error: u32,
        /// The largest one accepted.
        most: i32,
    },
}

/// The last failure of a call on a socket: its `Display` is what `HOMAIOCINFO` returns as `error_msg`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum ApiError {
    /// Of [`bind`](crate::Endpoint::bind).
    #[error(transparent)]
    Bind(#[from] BindError),
    /// Of [`set_receive_region`](crate::Endpoint::set_receive_region).
    #[error(transparent)]
    Region(#[from] RegionError),
    /// Of a send.
    #[error(transparent)]
    Send(#[from] SendError),
    /// Of a receive.
    #[error(transparent)]
    Recv(#[from] RecvError),
    /// Of [`abort`](crate::Endpoint::abort).
    #[error(transparent)]
    Abort(#[from] AbortError),
}

impl OpenError {
    /// The number that Linux returns.
    #[must_use]
    pub const fn errno(&self) -> Errno {
        match self {
            Self::PortsExhausted => Errno::EADDRNOTAVAIL,
        }
    }
}

impl BindError {
    /// The number that Linux returns.
    #[must_use]
    pub const fn errno(&self) -> Errno {
        match self {
            Self::WrongFamily { .. } => Errno::EAFNOSUPPORT,
            Self::DefaultPort { .. } => Errno::EINVAL,
            Self::ShutDown => Errno::ESHUTDOWN,
            Self::InUse { .. } => Errno::EADDRINUSE,
        }
    }
}

impl RegionError {
    /// The number that Linux returns.
    #[must_use]
    pub const fn errno(&self) -> Errno {
        match self {
            Self::Unusable(_) | Self::AlreadySet => Errno::EINVAL,
        }
    }
}

impl RouteError {
    /// The number that Linux returns.
    #[must_use]
    pub const fn errno(&self) -> Errno {
        match self {
            Self::Unreachable(errno) => *errno,
            Self::Mtu(_) => Errno::EINVAL,
        }
    }
}

impl SendError {
    /// The number that Linux returns.
    #[must_use]
    pub const fn errno(&self) -> Errno {
        match self {
            Self::UnknownFlags { .. }
            | Self::ReservedNotZero { .. }
            | Self::Length { .. }
            | Self::CookieWithReply { .. }
            | Self::NotInService { .. } => Errno::EINVAL,
            Self::WouldBlock { .. } => Errno::EAGAIN,
            Self::ShutDown => Errno::ESHUTDOWN,
            Self::WrongFamily { .. } => Errno::EAFNOSUPPORT,
            Self::Route(error) => error.errno(),
        }
    }
}

impl RecvError {
    /// The number that Linux returns.
    #[must_use]
    pub const fn errno(&self) -> Errno {
        match self {
            Self::TooManyBpages { .. }
            | Self::ReservedNotZero { .. }
            | Self::NoRegion
            | Self::BadBpage(_)
            | Self::UnknownRpc { .. }
            | Self::NotPrivate { .. }
            | Self::AlreadyWaiting { .. } => Errno::EINVAL,
            Self::Again => Errno::EAGAIN,
            Self::ShutDown => Errno::ESHUTDOWN,
            Self::Failed(failed) => failed.error,
        }
    }
}

impl InfoError {
    /// The number that Linux returns.
    #[must_use]
    pub const fn errno(&self) -> Errno {
        match self {
            Self::ShutDown => Errno::ESHUTDOWN,
        }
    }
}

impl AbortError {
    /// The number that Linux returns.
    #[must_use]
    pub const fn errno(&self) -> Errno {
        match self {
            Self::PadNotZero | Self::UnknownRpc { .. } | Self::NotAnErrno { .. } => Errno::EINVAL,
        }
    }
}
