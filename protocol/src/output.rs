//! What an endpoint hands to its driver: packets, places for payload, events.

use crate::errno::Errno;
use crate::pool::{BpageOffsets, HOMA_BPAGE_SIZE as BPAGE_SIZE};
use crate::wire::{self, Family, GeometryError, Version};
use crate::{Data, FailedRpc, Header, Packet, PeerId, RpcId, SocketId};
use core::ops::Range;
use homa_units::Priority;

/// A packet to send.
///
/// A DATA packet is a whole transmit unit: if [`segment_bytes`](Self::segment_bytes) is less than
/// its length, it goes out as the several packets of [`packets`](Self::packets).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Transmit {
    /// Where to.
    pub to: PeerId,
    /// The level that the packet travels on, after `priority_map`: the upper three bits of TOS or
    /// traffic class.
    pub priority: Priority,
    /// What to send.
    pub packet: Packet,
    /// Of DATA: the application's name for the message whose bytes `packet.offset ..` are the
    /// payload.
    pub tag: u64,
    /// The socket that sends.
    pub socket: SocketId,
    /// The most bytes of payload that one packet carries.
    pub segment_bytes: u32,
    /// The family of the IP header: that of the sending socket, or IPv4 to a peer of [`Endpoint::set_v4_peer`].
    ///
    /// [`Endpoint::set_v4_peer`]: crate::Endpoint::set_v4_peer
    pub family: Family,
    /// Whether to send it as TCP (spec 2.6).
    pub hijack: bool,
}

impl Transmit {
    /// The packets that a DATA unit becomes; none for other packets.
    pub fn segments(&self) -> impl Iterator<Item = Data> + use<> {
        let data = if let Packet::Data(data) = self.packet { Some(data) } else { None };
        let (segment_bytes, hijack) = (self.segment_bytes, self.hijack);
        data.into_iter().flat_map(move |data| wire::segments(&data, segment_bytes, hijack))
    }

    /// How many packets it becomes.
    #[must_use]
    pub fn packet_count(&self) -> u32 {
        match self.packet {
            Packet::Data(data) => data.length.div_ceil(self.segment_bytes),
            _ => 1,
        }
    }

    /// Bytes of the frame, or frames, without CRC, preamble and gap: what `homa_qdisc` counts, and
    /// what [`handle_nic_completion`](crate::Endpoint::handle_nic_completion) wants back.
    #[must_use]
    pub fn frame_bytes(&self, version: Version) -> u32 {
        match self.packet {
            Packet::Data(data) => wire::qdisc_bytes(data.length, self.packet_count(), self.family),
            _ => wire::frame_bytes(wire::header_bytes(self.packet.packet_type(), version) as u32, self.family),
        }
    }
}

/// A packet of another protocol that shares the NIC with Homa (spec 7.4).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ForeignPacket {
    /// The NIC's queue that it goes to.
    pub queue: u16,
    /// Bytes of its frame without CRC, preamble and gap.
    pub frame_bytes: u32,
    /// Whether it may go before deferred packets of its queue, as a pure TCP ACK or another
    /// connection's packet may.
    pub may_overtake: bool,
    /// The driver's name for it.
    pub tag: u64,
}

/// What goes to the link next, where Homa shares it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outgoing {
    /// A packet of this endpoint.
    Homa(Transmit),
    /// A packet that the driver gave to [`enqueue_foreign`](crate::Endpoint::enqueue_foreign).
    Foreign(ForeignPacket),
}

/// Where the payload of a packet belongs in the receive region of its socket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Placement {
    /// Whose region.
    pub socket: SocketId,
    pub(crate) bpages: BpageOffsets,
    pub(crate) start: u32,
    pub(crate) end: u32,
}

/// A piece of a payload that is contiguous in the receive region.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Piece {
    /// Which bytes of the packet's payload.
    pub payload: Range<usize>,
    /// Where they go, as an offset in the region.
    pub region: Range<usize>,
}

impl Placement {
    /// The pieces, in order: one, or more where the payload crosses the end of a bpage.
    pub fn pieces(&self) -> impl Iterator<Item = Piece> + use<> {
        let Self { bpages, start, end, .. } = *self;
        let mut at = start;
        core::iter::from_fn(move || {
            if at == end {
                return None;
            }
            let piece_end = end.min((at / BPAGE_SIZE + 1) * BPAGE_SIZE);
            let region = bpages.as_slice()[(at / BPAGE_SIZE) as usize] as usize + (at % BPAGE_SIZE) as usize;
            let payload = (at - start) as usize..(piece_end - start) as usize;
            let piece = Piece { region: region..region + payload.len(), payload };
            at = piece_end;
            Some(piece)
        })
    }
}

/// Something that the driver or the application may want to know, from
/// [`poll_event`](crate::Endpoint::poll_event).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Event {
    /// The socket became readable, or one more message has something for a reader: `EPOLLIN`. A
    /// [`recv`](crate::Endpoint::recv) may still find nothing complete (spec 10.4).
    Readable {
        /// Which socket.
        socket: SocketId,
    },
    /// The socket has send memory again: `EPOLLOUT`.
    Writable {
        /// Which socket.
        socket: SocketId,
    },
    /// A message has arrived completely; once per message.
    MessageComplete {
        /// The socket that can receive it.
        socket: SocketId,
        /// The other side.
        peer: PeerId,
        /// The RPC: a request if its identifier is a server's, a response otherwise.
        rpc: RpcId,
        /// Whether only a reader that names the RPC gets it.
        private: bool,
    },
    /// A client RPC failed. A reader gets the error as it would get the response.
    RpcFailed {
        /// The socket that sent the request.
        socket: SocketId,
        /// The RPC.
        rpc: RpcId,
        /// Why.
        error: Errno,
        /// Whether only a reader that names the RPC gets the error.
        private: bool,
    },
    /// A blocked reader (see [`wait`](crate::Endpoint::wait)) should call
    /// [`recv`](crate::Endpoint::recv) again.
    Wake {
        /// The reader's socket.
        socket: SocketId,
        /// What the reader waited for: any message, or this RPC.
        waiting_for: Option<RpcId>,
        /// What ended the wait otherwise than by a message: the socket was shut down.
        error: Option<Errno>,
    },
    /// The private RPC that a blocked reader waited for has ended without a result. The reader returns `EINVAL`, with
    /// what it says about the RPC (N3 of spec part 14).
    WaitFailed {
        /// The reader's socket.
        socket: SocketId,
        /// The RPC.
        failed: FailedRpc,
    },
    /// Nobody will ask for the bytes of an outgoing message again: the driver may free them.
    Released {
        /// The application's name for them.
        tag: u64,
    },
    /// The packet just handled reached no socket that takes it: answer with ICMP port unreachable
    /// that quotes it (spec 3.12). The driver should limit the rate, as Linux does.
    PortUnreachable {
        /// Who sent the packet.
        to: PeerId,
        /// Its header.
        quoted: Header,
    },
}

/// Why no message can be sent to a peer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RouteError {
    /// The driver's routing says so.
    #[error("no route to the peer: {0}")]
    Unreachable(Errno),
    /// Headers fill the whole packet.
    #[error(transparent)]
    Mtu(#[from] GeometryError),
}
