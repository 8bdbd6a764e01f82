//! What goes on in a socket (`HOMAIOCINFO`, spec 10.5, 10.6).

use super::{ApiError, ERROR_MSG_SIZE, InfoError};
use crate::endpoint::Endpoint;
use crate::rpc::Key;
use crate::wire::Family;
use crate::{AddressBook, PeerId, Port, RpcId, SocketId};
use core::fmt::Write;
use core::net::{IpAddr, SocketAddr};

/// `struct homa_info`, without the fields that describe the caller's memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HomaInfo {
    /// Bytes of the receive region that are free; 0 without a region.
    pub bpool_avail_bytes: u64,
    /// The socket's port.
    pub port: Port,
    /// All live RPCs of the socket, whether or not there was room to tell about them.
    pub num_rpcs: u32,
    /// How many RPCs were told about.
    pub filled: usize,
    /// The last call on the socket that failed; its `Display` is the text of `error_msg`. Later successes leave it.
    pub error: Option<ApiError>,
}

impl HomaInfo {
    /// `error_msg`: the text of [`error`](Self::error), ended by at least one NUL; only NULs if there is none.
    #[must_use]
    pub fn error_msg(&self) -> [u8; ERROR_MSG_SIZE] {
        let mut text = Text { bytes: [0; ERROR_MSG_SIZE], length: 0 };
        if let Some(error) = &self.error {
            write!(text, "{error}").expect("a text that is cut is no failure");
        }
        text.bytes
    }
}

/// What is written goes into the array as far as it has room beside the final NUL.
struct Text {
    bytes: [u8; ERROR_MSG_SIZE],
    length: usize,
}

impl Write for Text {
    fn write_str(&mut self, text: &str) -> core::fmt::Result {
        let room = ERROR_MSG_SIZE - 1 - self.length;
        let taken = (0..=room.min(text.len())).rev().find(|end| text.is_char_boundary(*end)).unwrap_or(0);
        self.bytes[self.length..self.length + taken].copy_from_slice(&text.as_bytes()[..taken]);
        self.length += taken;
        Ok(())
    }
}

/// The flags of [`RpcInfo`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct RpcFlags(u16);

impl RpcFlags {
    /// `HOMA_RPC_BUF_STALL`: the incoming message waits for buffers.
    pub const BUF_STALL: u16 = 1;
    /// `HOMA_RPC_PRIVATE`: only a reader that names the RPC gets the response.
    pub const PRIVATE: u16 = 2;
    /// `HOMA_RPC_RX_READY`: the RPC waits for a reader, and nothing of its message is missing or to be copied. As copying
    /// takes no time here, that is an RPC that has failed.
    pub const RX_READY: u16 = 4;
    /// `HOMA_RPC_RX_COPY`: payload has arrived that no reader has looked at.
    pub const RX_COPY: u16 = 8;

    /// All flags, as in the header.
    #[must_use]
    pub const fn bits(self) -> u16 {
        self.0
    }

    /// Whether this flag is set.
    #[must_use]
    pub const fn contains(self, flag: u16) -> bool {
        self.0 & flag != 0
    }
}

/// `struct homa_rpc_info`. Lengths, offsets and counts of bytes are bytes; of a message that doesn't exist they are 0, and
/// its length −1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RpcInfo {
    /// The RPC; odd if this node is its server.
    pub id: RpcId,
    /// The other node.
    pub peer: PeerId,
    /// The family of the socket, which is that of the address that tells of the peer.
    pub family: Family,
    /// The port of its socket.
    pub port: Port,
    /// The request's cookie; 0 for server RPCs.
    pub completion_cookie: u64,
    /// Length of the outgoing message.
    pub tx_length: i32,
    /// How far the outgoing message was handed out.
    pub tx_sent: u32,
    /// How far it may be sent.
    pub tx_granted: u32,
    /// Level of its scheduled packets (not in v16).
    pub tx_prio: u32,
    /// Length of the incoming message.
    pub rx_length: i32,
    /// Bytes of it that haven't arrived.
    pub rx_remaining: u32,
    /// Gaps in it, below the highest byte received.
    pub rx_gaps: u32,
    /// Bytes in those gaps.
    pub rx_gap_bytes: u32,
    /// How far its sender was allowed to send.
    pub rx_granted: u32,
    /// State of the incoming message.
    pub flags: RpcFlags,
}

impl RpcInfo {
    /// `peer`: address and port of the other side in the family of the socket, so that IPv4 addresses are mapped for an
    /// IPv6 socket. `None` if the peer has no number from `book`, or an IPv6 address for an IPv4 socket.
    #[must_use]
    pub fn peer_address(&self, book: &AddressBook) -> Option<SocketAddr> {
        let address = match (self.family, book.address(self.peer)?) {
            (Family::V6, IpAddr::V4(address)) => address.to_ipv6_mapped().into(),
            (family, address) if Family::of(address) == family => address,
            _ => return None,
        };
        Some(SocketAddr::new(address, self.port.get()))
    }
}

impl Endpoint {
    /// Tells about a socket, and about as many of its RPCs, oldest first, as `rpcs` has room for.
    ///
    /// # Errors
    /// The socket is shut down.
    pub fn info(&self, socket: SocketId, rpcs: &mut [RpcInfo]) -> Result<HomaInfo, InfoError> {
        let socket = &self.sockets[socket.index()];
        if socket.is_shut_down {
            return Err(InfoError::ShutDown);
        }
        let mut filled = 0;
        for (place, key) in rpcs.iter_mut().zip(self.rpcs_of(socket)) {
            *place = self.rpc_info(key);
            filled += 1;
        }
        Ok(HomaInfo {
            bpool_avail_bytes: socket.pool.as_ref().map_or(0, crate::pool::Pool::available_bytes),
            port: socket.port,
            num_rpcs: socket.num_rpcs,
            filled,
            error: socket.last_error,
        })
    }

    /// Tells about all live RPCs of a socket, oldest first.
    pub fn rpc_infos(&self, socket: SocketId) -> impl Iterator<Item = RpcInfo> + '_ {
        self.rpcs_of(&self.sockets[socket.index()]).map(|key| self.rpc_info(key))
    }

    fn rpc_info(&self, key: Key) -> RpcInfo {
        let rpc = &self.rpcs[key];
        let signed = |length: u32| i32::try_from(length).expect("messages have at most a million bytes");
        let (out, msgin) = (&rpc.out, &rpc.msgin);
        RpcInfo {
            id: rpc.id,
            peer: rpc.peer,
            family: self.sockets[rpc.socket.index()].family,
            port: rpc.dport,
            completion_cookie: rpc.cookie,
            tx_length: out.length.map_or(-1, signed),
            tx_sent: out.next_xmit_offset,
            tx_granted: out.granted,
            tx_prio: u32::from(out.sched_priority.get()),
            rx_length: if msgin.started { signed(msgin.assembly.length()) } else { -1 },
            rx_remaining: if msgin.started { msgin.assembly.bytes_remaining() } else { 0 },
            rx_gaps: u32::try_from(msgin.assembly.gaps().len()).expect("fewer gaps than bytes"),
            rx_gap_bytes: msgin.assembly.gap_bytes(),
            rx_granted: msgin.granted as u32,
            flags: self.rpc_flags(key),
        }
    }

    fn rpc_flags(&self, key: Key) -> RpcFlags {
        let rpc = &self.rpcs[key];
        let mut flags = 0;
        if rpc.stalled {
            flags |= RpcFlags::BUF_STALL;
        }
        if rpc.private && !self.config.quirks.private_flag_hidden {
            flags |= RpcFlags::PRIVATE;
        }
        if rpc.msgin.uncopied {
            flags |= RpcFlags::RX_COPY;
        } else if rpc.ready && rpc.bytes_remaining() == 0 {
            flags |= RpcFlags::RX_READY;
        }
        RpcFlags(flags)
    }
}
