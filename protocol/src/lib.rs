//! A sans-IO core of the [Homa] transport protocol as Linux implements it, and its wire format.
//!
//! The crate knows no clock, socket, thread or random number. An [`Endpoint`] is all of Homa on one node: applications call
//! it, packets and times go in, packets and events come out. The driver around it can be a simulator or a program with
//! a raw socket; `examples/udp_echo.rs` is a whole driver in 200 lines. "Spec" in these pages is the behaviour
//! specification of the kernel module `HomaModule` at commit 9edb958 (July 2026) that the crate follows, by its section numbers.
//!
//! [Homa]: https://homa-transport.atlassian.net/wiki/spaces/HOMA/overview
//!
//! # The contract
//!
//! ```text
//!             app calls                            packets in                time
//!  send_request / send_reply / recv / shutdown     handle_packet(now, ..)    handle_timeout(now)
//!                          \                          |                       /
//!                           ------------------- Endpoint --------------------
//!                          /                          |                       \
//!  poll_event(): message complete, RPC failed ..   poll_transmit(now)        poll_timeout() -> Option<Time>
//! ```
//!
//! 1. After every call that takes `now`, drain [`poll_event`](Endpoint::poll_event), then read
//!    [`poll_timeout`](Endpoint::poll_timeout) again.
//! 2. Pull [`poll_transmit`](Endpoint::poll_transmit) whenever the link can take a packet, and only then: a driver that
//!    empties it into a long queue destroys the order by remaining bytes. (In the three modes in which Linux's own pacing is
//!    at work, packets come out when Linux would hand them to the NIC; those belong into the NIC's queue at once.)
//! 3. Call [`handle_timeout`](Endpoint::handle_timeout) at that time. Calls too early or too often do nothing.
//! 4. Time never runs backwards; the endpoint panics if it does. Equal times are fine.
//! 5. The endpoint owns no bytes of messages. A DATA packet to send says which bytes of which message it carries
//!    ([`Transmit::tag`]); the message must stay available until [`Event::Released`], because it may be asked for again. The
//!    payload of a packet that arrives goes where [`Endpoint::handle_packet`] says ([`Placement`]).
//! 6. Peers are numbers ([`PeerId`]) that the driver gives to addresses, small and dense; an [`AddressBook`] does that.
//!
//! Only broken promises of the driver (a socket that was never opened, time that runs backwards) panic. Packets and what an
//! application passes never do. There is no allocation per packet once tables and queues have grown to what the traffic
//! needs.
//!
//! ```
//! use homa_protocol::wire::Family;
//! use homa_protocol::{Config, Destination, Endpoint, Event, Message, PeerId, Port};
//! use homa_units::Time;
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let now = Time::ZERO;
//! let (mut client, mut server) = (Endpoint::new(Config::default())?, Endpoint::new(Config::default())?);
//! let (to_server, from) = (PeerId::new(1), PeerId::new(0));
//!
//! let listener = server.open_socket(Family::V4)?;
//! server.bind(listener, Family::V4, Port::new(99))?;
//! server.set_receive_region(listener, 0, 64 << 20)?;
//!
//! let socket = client.open_socket(Family::V4)?;
//! let to = Destination { peer: to_server, port: Port::new(99), family: Family::V4 };
//! let rpc = client.send_request(now, socket, to, Message { length: 500, tag: 7 }, 0)?;
//!
//! while let Some(transmit) = client.poll_transmit(now) {
//!     server.handle_packet(now, from, &transmit.packet);
//! }
//! let complete = core::iter::from_fn(|| server.poll_event()).find(|event| matches!(event, Event::MessageComplete { .. }));
//! assert!(complete.is_some());
//! let request = server.recv(now, listener, None, &[])?;
//! assert_eq!((request.rpc, request.length), (rpc.other_side(), 500));
//! # Ok(())
//! # }
//! ```
//!
//! # Where what is
//!
//! | To know | look at |
//! |---|---|
//! | the loop around an endpoint | [`driver`] |
//! | packets and bytes | [`Packet`], [`wire`] |
//! | what a deadline is for | [`Timer`] |
//! | parameters (`net.homa.*`) | [`Sysctls`], [`Endpoint::write_sysctl`]; everything else: [`Config`] |
//! | who decides when a packet leaves | [`TransmitMode`] |
//! | in what the kernel errs, and how to switch it off | [`Quirks`] |
//! | counters | [`Metrics`] |
//! | cutoffs computed from traffic, as `homa_prio` does | [`Prio`] |
//!
//! # `homa.h`, item by item
//!
//! The user-visible interface is that of `homa.h` in version 16 of the patches for Linux, and the three items that only
//! the kernel module has.
//!
//! | `homa.h` | here |
//! |---|---|
//! | `IPPROTO_HOMA` | [`IPPROTO_HOMA`] |
//! | `HOMA_MAX_MESSAGE_LENGTH` | [`MAX_MESSAGE_LENGTH`] |
//! | `HOMA_BPAGE_SIZE`, `HOMA_BPAGE_SHIFT` | [`HOMA_BPAGE_SIZE`], its logarithm |
//! | `HOMA_MAX_BPAGES` | [`HOMA_MAX_BPAGES`] |
//! | `HOMA_MIN_DEFAULT_PORT` | [`Port::MIN_DEFAULT`] |
//! | `socket` | [`Endpoint::open_socket`] |
//! | `bind` | [`Endpoint::bind`] |
//! | `sendmsg`, `struct homa_sendmsg_args` | [`Endpoint::sendmsg`], [`SendmsgArgs`]; typed: [`Endpoint::send_request`], [`Endpoint::send_private_request`], [`Endpoint::send_reply`] |
//! | `HOMA_SENDMSG_PRIVATE`, `HOMA_SENDMSG_VALID_FLAGS` | [`SENDMSG_PRIVATE`], [`SENDMSG_VALID_FLAGS`] |
//! | `recvmsg`, `struct homa_recvmsg_args` | [`Endpoint::recvmsg`], [`RecvmsgArgs`]; typed: [`Endpoint::recv`]; blocking: [`Endpoint::wait`] |
//! | `SO_HOMA_RCVBUF`, `struct homa_rcvbuf_args` | [`Endpoint::set_receive_region`], [`Endpoint::receive_region`] |
//! | `SO_HOMA_SERVER` | [`Endpoint::set_server`], [`Endpoint::is_server`] |
//! | `HOMAIOCINFO`, `struct homa_info`, `struct homa_rpc_info` | [`Endpoint::info`], [`HomaInfo`], [`RpcInfo`] |
//! | `HOMA_RPC_BUF_STALL`, `_PRIVATE`, `_RX_READY`, `_RX_COPY` | [`RpcFlags`] |
//! | `error_msg`, `HOMA_ERROR_MSG_SIZE` | [`HomaInfo::error`], whose `Display` is the text; it isn't cut |
//! | `HOMAIOCABORT`, `struct homa_abort_args` (module only) | [`Endpoint::abort`], [`AbortArgs`] |
//! | `HOMAIOCFREEZE` (module only) | nothing: it freezes a debugging trace |
//! | `HOMA_FLAG_DONT_THROTTLE` | [`Sysctls::DONT_THROTTLE`], in the sysctl `flags` |
//! | `poll`, `epoll`, `select` | [`Endpoint::readiness`], [`Event::Readable`], [`Event::Writable`] |
//! | `shutdown`, `close` | [`Endpoint::shutdown`] |
//! | `errno` | the `errno()` of each error, an [`Errno`] |
//!
//! Some errors of the system calls can't occur with types, so they have no variant: no destination, memory that can't be
//! read or written (`EFAULT`; a driver that meets it while it copies calls [`Endpoint::payload_lost`]), addresses and
//! option values of the wrong size (`EINVAL`), unknown options (`ENOPROTOOPT`), signals (`EINTR`), no memory (`ENOMEM`).
//!
//! # What is left out
//!
//! What a kernel has and a protocol has not: placement of work on cores, polling, reuse of packet memory, reaping in small
//! steps (an RPC that ends is freed at once, or when its last queued packet was fetched), network namespaces, the debugging
//! packet FREEZE (it is counted and ignored). ICMP errors are answered in full: the driver limits their rate.
#![no_std]

extern crate alloc;

mod address_book;
mod api;
mod config;
pub mod driver;
mod endpoint;
mod errno;
mod gaps;
mod grant;
mod ids;
mod metrics;
mod output;
mod pacer;
mod packet;
mod peer;
mod pool;
mod prio;
mod qdisc;
mod quirks;
mod rpc;
mod socket;
mod srpt;
mod sysctl;
pub mod wire;

pub use address_book::AddressBook;
pub use api::{
    AbortArgs, AbortError, ApiError, BindError, Destination, FailedRpc, HomaInfo, InfoError, Message, OpenError,
    Readiness, Received, RecvError, RecvmsgArgs, RegionError, RpcFlags, RpcInfo, SENDMSG_PRIVATE, SENDMSG_VALID_FLAGS,
    SendError, SendmsgArgs,
};
pub use config::{Config, ConfigError, Offsets, Ticks, TransmitMode};
pub use endpoint::{Endpoint, Timer};
pub use errno::Errno;
pub use ids::{PeerId, Port, RpcId, SocketId};
pub use metrics::Metrics;
pub use output::{Event, ForeignPacket, Outgoing, Piece, Placement, RouteError, Transmit};
pub use packet::{
    Ack, AckEntry, Cutoffs, Data, Grant, Header, OffsetForm, Packet, PacketType, Replicated, Resend, ResendRange,
};
pub use peer::Route;
pub use pool::{BadBpage, BpageOffsets, HOMA_BPAGE_SIZE, HOMA_MAX_BPAGES, RegionError as UnusableRegion};
pub use prio::{PUBLISHED_CUTOFFS, Prio, PrioOptions};
pub use quirks::{QuirkRow, Quirks, UnknownQuirk};
pub use srpt::SrptQueue;
pub use sysctl::{Recompute, SysctlError, SysctlGroup, SysctlInfo, Sysctls};

/// `IPPROTO_HOMA`: Homa's IP protocol number.
pub const IPPROTO_HOMA: u8 = wire::IP_PROTOCOL;
/// `HOMA_MAX_MESSAGE_LENGTH`: the longest message, in bytes.
pub const MAX_MESSAGE_LENGTH: u32 = 1_000_000;
