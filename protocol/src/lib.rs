//! A sans-IO core of the [Homa] transport protocol as Linux implements it, and its wire format.
//!
//! The crate knows no clock, socket, thread or random number. An [`Endpoint`] is all of Homa on one
//! node: packets, calls and times go in, packets and events come out. The driver around it can be a
//! simulator or a program with a raw socket: [`driver`] has the loop of both, and
//! `examples/udp_echo.rs` is a whole program over UDP. "Spec" in these pages is the behaviour
//! specification of the kernel module `HomaModule` at commit 9edb958 (July 2026) that the crate
//! follows, by its section numbers.
//!
//! [Homa]: https://homa-transport.atlassian.net/wiki/spaces/HOMA/overview
//!
//! # The run loop
//!
//! ```text
//!  calls of the application                     packets in                time
//!  send_request, send_reply, recv, shutdown     handle_packet(now, ..)    handle_timeout(now)
//!                          \                       |                      /
//!                           ------------------ Endpoint ------------------
//!                          /                       |                      \
//!  poll_event()                                 poll_transmit(now)        poll_timeout()
//!  message complete, RPC failed ..              packets out               when to call again
//! ```
//!
//! **The drain rule:** each call that takes `now` may leave events, packets and a new deadline.
//! Before the driver waits, it polls all events, then what packets may leave, and reads the
//! deadline again.
//!
//! 1. Wait for a packet, a call of the application, the deadline, or the link.
//! 2. Make one call, with the time that it is now: [`handle_packet`](Endpoint::handle_packet),
//!    [`handle_timeout`](Endpoint::handle_timeout), or what the application calls.
//! 3. Poll events until there are none ([`poll_event`](Endpoint::poll_event), or
//!    [`poll_delivery`](driver::Driver::poll_delivery), which receives messages as well). The
//!    application may answer each with calls.
//! 4. Poll packets while the link can take one, and only then
//!    ([`poll_transmit`](Endpoint::poll_transmit), or [`poll_packet`](driver::Driver::poll_packet),
//!    which cuts transmit units).
//! 5. Sending can release messages: go back to 3 if the application waits for [`Event::Writable`].
//! 6. Read [`poll_timeout`](Endpoint::poll_timeout), and go on with 1.
//!
//! Beside the loop, the contract is:
//!
//! * **The link pulls.** A driver that empties `poll_transmit` into a long queue destroys the order
//!   by remaining bytes. (In the three [modes](TransmitMode) in which Linux's own pacing is at
//!   work, packets come out when Linux would hand them to the NIC; those belong into the NIC's
//!   queue at once.)
//! * **Time** never runs backwards; the endpoint panics if it does. Equal times are fine. A
//!   `handle_timeout` too early or too often does nothing, one too late makes recovery late.
//! * **The endpoint has no bytes of messages.** A DATA packet to send says which bytes of which
//!   message it carries ([`Transmit::tag`]). The message must stay available until
//!   [`Event::Released`], because it may be asked for again. The payload of a packet that arrives
//!   goes where [`Endpoint::handle_packet`] says ([`Placement`]). A
//!   [`DatagramDriver`](driver::DatagramDriver) keeps and copies the bytes.
//! * **Peers are numbers** ([`PeerId`]) that the driver gives to addresses, small and dense; an
//!   [`AddressBook`] does that.
//! * **Panics** are for broken promises of the driver alone, such as a socket that was never opened
//!   or time that runs backwards. Packets and what an application passes never panic.
//! * **Allocation**: none per packet, once tables and queues have grown to what the traffic needs.
//!
//! A whole loop: two nodes, whose network is a queue, exchange a request and its response.
//!
//! ```
//! use homa_protocol::driver::{DatagramDriver, Delivery};
//! use homa_protocol::wire::Family;
//! use homa_protocol::{Config, Destination, Endpoint, HOMA_BPAGE_SIZE, PeerId, Port};
//! use homa_units::{Duration, Time};
//! use std::collections::VecDeque;
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let (port, family) = (Port::new(99), Family::V4);
//! let new = || Endpoint::new(Config::default()).map(DatagramDriver::new);
//! let mut nodes = [new()?, new()?];
//! let mut sockets = Vec::new();
//! for node in &mut nodes {
//!     let socket = node.endpoint_mut().open_socket(family)?;
//!     node.set_receive_region(socket, vec![0; 64 * HOMA_BPAGE_SIZE as usize])?;
//!     sockets.push(socket);
//! }
//! nodes[1].endpoint_mut().bind(sockets[1], family, port)?;
//!
//! let mut now = Time::ZERO;
//! let to = Destination { peer: PeerId::new(1), port, family };
//! nodes[0].send_request(now, sockets[0], to, b"ping".to_vec(), 0)?;
//!
//! let mut link = VecDeque::new();
//! let mut datagram = Vec::new();
//! let response = 'run: loop {
//!     for (index, node) in nodes.iter_mut().enumerate() {
//!         // 3. Events: the server replies, the client has what it wants.
//!         while let Some(delivery) = node.poll_delivery(now) {
//!             let Delivery::Message { socket, received } = delivery else { continue };
//!             let bytes = node.take_message(now, socket, &received);
//!             if received.rpc.is_client() {
//!                 break 'run bytes;
//!             }
//!             let from = Destination { peer: received.peer, port: received.port, family };
//!             node.send_reply(now, socket, from, received.rpc, [&bytes[..], b" pong"].concat())?;
//!         }
//!         // 4. Packets. This link can always take one.
//!         while let Some(out) = node.poll_datagram(now, &mut datagram) {
//!             println!("{now} {index} to {}: {}", out.to, out.packet);
//!             link.push_back((PeerId::new(index as u32), out.to, datagram.clone()));
//!         }
//!     }
//!     // 6. and 1. The next packet arrives after 5 us. Without one, the earliest deadline is next.
//!     if let Some((from, to, datagram)) = link.pop_front() {
//!         now += Duration::from_us(5);
//!         nodes[to.index()].handle_datagram(now, from, &datagram)?; // 2.
//!     } else {
//!         now = nodes.iter().filter_map(|node| node.poll_timeout()).min().ok_or("nothing will happen")?;
//!     }
//!     nodes.iter_mut().for_each(|node| node.handle_timeout(now)); // 2.
//! };
//! assert_eq!(response, b"ping pong");
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
//! The user-visible interface is that of `homa.h` in version 16 of the patches for Linux, and the
//! three items that only the kernel module has.
//!
//! | `homa.h` | here |
//! |---|---|
//! | `IPPROTO_HOMA` | [`IPPROTO_HOMA`] |
//! | `HOMA_MAX_MESSAGE_LENGTH` | [`MAX_MESSAGE_LENGTH`] |
//! | `HOMA_BPAGE_SIZE`, `HOMA_BPAGE_SHIFT` | [`HOMA_BPAGE_SIZE`], [`HOMA_BPAGE_SHIFT`] |
//! | `HOMA_MAX_BPAGES` | [`HOMA_MAX_BPAGES`] |
//! | `HOMA_MIN_DEFAULT_PORT` | [`Port::MIN_DEFAULT`] |
//! | `socket` | [`Endpoint::open_socket`] |
//! | `bind` | [`Endpoint::bind`] |
//! | `sendmsg`, `struct homa_sendmsg_args` | [`Endpoint::sendmsg`], [`SendmsgArgs`]; typed: [`Endpoint::send_request`], [`Endpoint::send_private_request`], [`Endpoint::send_reply`] |
//! | `HOMA_SENDMSG_PRIVATE`, `HOMA_SENDMSG_VALID_FLAGS` | [`SENDMSG_PRIVATE`], [`SENDMSG_VALID_FLAGS`] |
//! | `recvmsg`, `struct homa_recvmsg_args` | [`Endpoint::recvmsg`], [`RecvmsgArgs`]; typed: [`Endpoint::recv`]; blocking: [`Endpoint::recvmsg_or_wait`], [`Endpoint::wait`] |
//! | `SO_HOMA_RCVBUF`, `struct homa_rcvbuf_args` | [`SO_HOMA_RCVBUF`], [`RcvbufArgs`], [`Endpoint::set_rcvbuf`], [`Endpoint::rcvbuf`]; typed: [`Endpoint::set_receive_region`], [`Endpoint::receive_region`] |
//! | `SO_HOMA_SERVER` | [`SO_HOMA_SERVER`], [`Endpoint::set_server`], [`Endpoint::is_server`] |
//! | `HOMAIOCINFO`, `struct homa_info`, `struct homa_rpc_info` | [`HOMAIOCINFO`] and [`HOMAIOCINFO_V16`], [`Endpoint::info`], [`HomaInfo`], [`RpcInfo`] |
//! | `peer` in `struct homa_rpc_info` | [`RpcInfo::peer_address`] |
//! | `HOMA_RPC_BUF_STALL`, `_PRIVATE`, `_RX_READY`, `_RX_COPY` | [`RpcFlags`] |
//! | `error_msg`, `HOMA_ERROR_MSG_SIZE` | [`HomaInfo::error_msg`], [`ERROR_MSG_SIZE`]; typed: [`HomaInfo::error`] |
//! | `HOMAIOCABORT`, `struct homa_abort_args` (module only) | [`HOMAIOCABORT`], [`Endpoint::abort`], [`AbortArgs`] |
//! | `HOMAIOCFREEZE` (module only) | [`HOMAIOCFREEZE`]; it freezes a debugging trace, which there is none of |
//! | `HOMA_FLAG_DONT_THROTTLE` | [`Sysctls::DONT_THROTTLE`], in the sysctl `flags` |
//! | `poll`, `epoll`, `select` | [`Endpoint::readiness`], [`Event::Readable`], [`Event::Writable`] |
//! | `shutdown`, `close` | [`Endpoint::shutdown`] |
//! | `errno` | the `errno()` of each error, an [`Errno`] |
//!
//! Some errors of the system calls can't occur with types, so they have no variant: no destination,
//! memory that can't be read or written (`EFAULT`; a driver that meets it while it copies calls
//! [`Endpoint::payload_lost`]), addresses and option values of the wrong size (`EINVAL`), unknown
//! options (`ENOPROTOOPT`), signals (`EINTR`), no memory (`ENOMEM`).
//!
//! # What is left out
//!
//! What a kernel has and a protocol has not: placement of work on cores, polling, reuse of packet
//! memory, reaping in small steps (an RPC that ends is freed at once, or when its last queued
//! packet was fetched; see [`Config::reaps_at_once`]), network namespaces, the debugging packet
//! FREEZE (it is ignored). ICMP errors are answered in full: the driver limits their rate.
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
    AbortArgs, AbortError, ApiError, BindError, Destination, ERROR_MSG_SIZE, FailedRpc, HOMAIOCABORT, HOMAIOCFREEZE,
    HOMAIOCINFO, HOMAIOCINFO_V16, HomaInfo, InfoError, Message, OpenError, RcvbufArgs, Readiness, Received, RecvError,
    RecvmsgArgs, RegionError, RpcFlags, RpcInfo, SENDMSG_PRIVATE, SENDMSG_VALID_FLAGS, SO_HOMA_RCVBUF, SO_HOMA_SERVER,
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
pub use pool::{
    BadBpage, BpageOffsets, HOMA_BPAGE_SHIFT, HOMA_BPAGE_SIZE, HOMA_MAX_BPAGES, RegionError as UnusableRegion,
};
pub use prio::{PUBLISHED_CUTOFFS, Prio, PrioOptions};
pub use quirks::{QuirkRow, Quirks, UnknownQuirk};
pub use srpt::SrptQueue;
pub use sysctl::{Recompute, SysctlError, SysctlGroup, SysctlInfo, Sysctls};

/// `IPPROTO_HOMA`: Homa's IP protocol number.
pub const IPPROTO_HOMA: u8 = wire::IP_PROTOCOL;
/// `HOMA_MAX_MESSAGE_LENGTH`: the longest message, in bytes.
pub const MAX_MESSAGE_LENGTH: u32 = 1_000_000;
