//! Homa as Linux runs it: the core of `homa-protocol` on a simulated host.
//!
//! Each host has one client socket and one server socket on port 99. A message of the simulation is
//! the request of an RPC; the server's application answers at once. The core decides everything;
//! this module carries packets between it and the fabric, whose payload nobody needs.
//!
//! On hosts with fixed delays each packet is handled alone, as soon as it arrives. On a
//! [`LinuxHost`](homa_fabric::linux::LinuxHost) work takes time on cores, and packets come in lists.
//! Left out: TCP beside Homa.
//!
//! # Idle network
//!
//! What a message takes when nothing else is sent, in pull mode at the default sysctls and an MTU
//! of 1500. It is cut into packets of 1424 bytes, and anew at the end of the 40,000 unscheduled
//! bytes; a packet with d bytes is a frame of 94 + d and takes 20 bytes more of a link. On a path
//! of links l = 1 … L with byte times bₗ and fixed delays dₗ (those of the software included:
//! sending in d₁, receiving in d_L), a burst of frames f₁ … fₙ that the NIC pulls without pause has
//! arrived after
//!
//! ```text
//! burst(f₁ … fₙ) = Σ_{l<L} ((f₁ + 8) bₗ + dₗ)  +  (Σᵢ (fᵢ + 20) − 12) b_L  +  d_L
//! ```
//!
//! if b_L = b₁ is the slowest and f₁ the longest, as they are here: the first frame crosses the
//! links before the last, whose port is busy from then on. A message takes, with u for its
//! unscheduled packets and s for the others,
//!
//! ```text
//! one way = burst(u s)                                       up to 40,000 bytes
//! one way = max(burst(u s), grant + burst(s))                above
//! grant   = burst(first packet) + burst(71) of the way back
//! ```
//!
//! The maximum is its first term if the first GRANT is back before the NIC has sent the unscheduled
//! bytes, which are 43,306 bytes of the link: grant ≤ 43,306 b₁, that is 34.6 µs at 10 Gbps and
//! 13.9 µs at 25. Later grants come in time if a round trip is also shorter than what the window of
//! 200,000 bytes takes of the link. An RPC takes the sum of its two messages once both sides have
//! each other's cutoffs; at first contact a frame of 100 bytes, CUTOFFS, goes before the response.
//!
//! The other modes differ from this only in when packets come to the NIC's queue. Messages of one
//! packet, and all in the mode "immediate", take just as long. A pacer is up to 5 µs ahead of a
//! link that it estimates to take 1245 ns for a full packet at 10 Gbps (old pacer) or 1242 ns
//! (qdisc), where it takes 1230.4 ns: after some 340 or 430 packets the queue is empty, and the
//! rest of the message goes at the pace of the estimate. At 25 Gbps no message is long enough to
//! show it.

mod config;
mod host_end;
mod kernel;
mod model;
mod node;
mod notes;

pub use config::{Completes, Config, ConfigError, CutoffSource, Parameters, Response, Wire};

use homa_fabric::{FRAME_GAP, Message, MessageEnd, MessageRef, PREAMBLE, Packet, Transport};
use homa_protocol::wire::{self, Family};
use homa_protocol::{Endpoint, Port, TransmitMode};
use homa_run::PacketClass;
use homa_topologies::HostId;
use homa_units::{Duration, Time};
use host_end::HostEnd;
use std::sync::Arc;

/// All hosts speak IPv4.
const FAMILY: Family = Family::V4;
const SERVER_PORT: Port = Port::new(99);
/// The end of each Ethernet frame, which the core doesn't count.
const CRC: u32 = 4;
/// Time between two ticks of a host's timer.
const TICK_PERIOD: Duration = Duration::from_ms(1);

/// The header of a packet, and to which message of the simulation DATA of a request belongs. Only
/// the simulation knows the latter; the core sees the packet alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Header {
    /// What Homa sends.
    pub packet: homa_protocol::Packet,
    /// [`MessageRef::key`] of the message.
    message_key: u64,
}

/// Bytes of the Ethernet frame of a DATA packet with `data` bytes of payload.
#[inline]
const fn data_frame_bytes(data: u32) -> u32 {
    frame_bytes(wire::DATA_HEADER_BYTES as u32 + data)
}

/// Bytes of an Ethernet frame; the shortest packet needs no padding, as 28 bytes make a frame of
/// 66.
#[inline]
const fn frame_bytes(homa_bytes: u32) -> u32 {
    wire::frame_bytes(homa_bytes, FAMILY) + CRC
}

#[inline]
const fn wire_bytes(frame_bytes: u32) -> u64 {
    frame_bytes as u64 + PREAMBLE.get() + FRAME_GAP.get()
}

/// One host's end: the core and the application on both sides.
///
/// They take several kilobytes, so a host has none until its first message or packet: in a large
/// network many hosts are idle for long. What an endpoint does doesn't depend on when it was made.
#[derive(Debug)]
pub struct Homa {
    config: Arc<Config>,
    host: HostId,
    tick_phase: Duration,
    host_end: Option<Box<HostEnd>>,
}

impl Homa {
    /// The end at `host`, whose timer ticks at `tick_phase` after each full millisecond.
    ///
    /// # Panics
    /// If the phase is not below a millisecond.
    #[must_use]
    pub fn new(config: Arc<Config>, host: HostId, tick_phase: Duration) -> Self {
        assert!(tick_phase < TICK_PERIOD, "a phase is shorter than the period");
        let mut homa = Self { config, host, tick_phase, host_end: None };
        if let CutoffSource::HomaPrio(_) = homa.config.parameters.cutoffs {
            // It wants to be called regularly from the begin.
            homa.host_end();
        }
        homa
    }

    /// The core, for its metrics; none if the host has not been in use.
    #[must_use]
    pub fn endpoint(&self) -> Option<&Endpoint> {
        self.host_end.as_ref().map(|host_end| host_end.endpoint())
    }

    #[inline]
    fn host_end(&mut self) -> &mut HostEnd {
        let Self { config, host, tick_phase, host_end } = self;
        host_end.get_or_insert_with(|| Self::begin(config, *host, *tick_phase))
    }

    /// Apart, as it needs several kilobytes of stack, which would be looked after on the way of
    /// each packet.
    #[cold]
    #[inline(never)]
    fn begin(config: &Arc<Config>, host: HostId, tick_phase: Duration) -> Box<HostEnd> {
        Box::new(HostEnd::new(Arc::clone(config), host, tick_phase))
    }
}

impl Transport for Homa {
    type Header = Header;

    #[inline]
    fn submit(&mut self, now: Time, reference: MessageRef, message: &Message) {
        self.host_end().submit(now, reference, message);
    }

    #[inline]
    fn handle_packet(&mut self, now: Time, packet: &Packet<Header>) {
        self.host_end().handle_packet(now, packet);
    }

    #[inline]
    fn handle_timeout(&mut self, now: Time) {
        self.host_end().handle_timeout(now);
    }

    #[inline]
    fn has_packet(&self) -> bool {
        self.host_end.as_ref().is_some_and(|host_end| host_end.has_packet())
    }

    #[inline]
    fn poll_transmit(&mut self, now: Time) -> Option<Packet<Header>> {
        self.host_end.as_mut()?.poll_transmit(now)
    }

    #[inline]
    fn poll_completion(&mut self) -> Option<MessageEnd> {
        self.host_end.as_mut()?.poll_completion()
    }

    #[inline]
    fn poll_timeout(&self) -> Option<Time> {
        self.host_end.as_ref()?.poll_timeout()
    }

    fn pushes(&self) -> bool {
        self.config.parameters.transmit != TransmitMode::Pull
    }

    fn handle_nic_completion(&mut self, end: Time, frame_bytes: u16) {
        self.host_end().handle_nic_completion(end, frame_bytes);
    }

    #[inline]
    fn class(header: &Header) -> usize {
        let class = match &header.packet {
            // In a retransmission `incoming` is the end of what was asked for, and that is
            // permission.
            homa_protocol::Packet::Data(data) if data.offset < data.incoming && !data.retransmit => {
                PacketClass::Unscheduled
            }
            homa_protocol::Packet::Data(_) => PacketClass::Scheduled,
            _ => PacketClass::Control,
        };
        class as usize
    }
}
