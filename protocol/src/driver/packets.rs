//! A transmit unit as the packets that leave.

use crate::wire::{self, Family, Version};
use crate::{Packet, PeerId, SocketId, Transmit};
use homa_units::Priority;

/// One packet for the link.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OutPacket {
    /// Where to.
    pub to: PeerId,
    /// The level that the packet travels on: see [`Transmit::priority`].
    pub priority: Priority,
    /// Of DATA: the application's name for the message whose bytes `packet.offset ..` are the
    /// payload.
    pub tag: u64,
    /// The socket that sends.
    pub socket: SocketId,
    /// The family of the sending socket, which decides about the IP header.
    pub family: Family,
    /// Whether to send it as TCP (spec 2.6).
    pub hijack: bool,
    /// What to send.
    pub packet: Packet,
}

impl OutPacket {
    #[inline]
    pub(super) const fn of(transmit: &Transmit, packet: Packet) -> Self {
        let Transmit { to, priority, tag, socket, family, hijack, .. } = *transmit;
        Self { to, priority, tag, socket, family, hijack, packet }
    }

    /// Bytes of the frame, without CRC, preamble and gap: see [`Transmit::frame_bytes`].
    #[must_use]
    pub fn frame_bytes(&self, version: Version) -> u32 {
        let header = wire::header_bytes(self.packet.packet_type(), version) as u32;
        let payload = if let Packet::Data(data) = self.packet { data.length } else { 0 };
        wire::frame_bytes(header + payload, self.family)
    }
}

impl Transmit {
    /// The packets that leave: those of a DATA unit, or the packet as it is.
    pub fn packets(&self) -> impl Iterator<Item = OutPacket> + use<> {
        let transmit = *self;
        let control = (!matches!(transmit.packet, Packet::Data(_))).then_some(transmit.packet);
        control.into_iter().chain(self.segments().map(Packet::Data)).map(move |packet| OutPacket::of(&transmit, packet))
    }
}

/// A DATA unit of several packets that leaves packet by packet.
#[derive(Debug, Clone, Copy)]
pub(super) struct Unit {
    transmit: Transmit,
    /// Packets that have left.
    sent: u32,
}

impl Unit {
    pub(super) const fn new(transmit: Transmit) -> Self {
        Self { transmit, sent: 0 }
    }

    pub(super) const fn tag(&self) -> u64 {
        self.transmit.tag
    }

    /// The next packet, and whether it is the last.
    pub(super) fn next(&mut self) -> (OutPacket, bool) {
        let Transmit { packet: Packet::Data(data), segment_bytes, hijack, .. } = self.transmit else {
            unreachable!("only DATA is cut");
        };
        let segment = wire::segment(&data, segment_bytes, hijack, self.sent);
        self.sent += 1;
        let is_last = segment.offset + segment.length == data.offset + data.length;
        (OutPacket::of(&self.transmit, Packet::Data(segment)), is_last)
    }
}
