//! What a host has around the core, whether its work takes time or not.

use crate::{CRC, Config, CutoffSource, FAMILY, Header, TICK_PERIOD, Wire, frame_bytes};
use homa_fabric::{Marks, Packet};
use homa_protocol::driver::OutPacket;
use homa_protocol::wire::{self, Version};
use homa_protocol::{Endpoint, HOMA_BPAGE_SIZE, Port, Prio, SocketId, Ticks, TransmitMode};
use homa_topologies::HostId;
use homa_units::{Duration, Time};
use std::collections::VecDeque;

/// The core of a host whose timer ticks at `tick_phase` after each full millisecond.
pub(crate) fn endpoint(config: &Config, tick_phase: Duration) -> Endpoint {
    let mut core = config.core.clone();
    core.ticks = Ticks::Grid { period: TICK_PERIOD, phase: tick_phase };
    Endpoint::new(core).expect("the configuration was checked")
}

/// Opens a socket with a receive region: that of a client, or that of a server at a port.
pub(crate) fn open_socket(config: &Config, endpoint: &mut Endpoint, port: Option<Port>) -> SocketId {
    let region = u64::from(config.parameters.receive_bpages) * u64::from(HOMA_BPAGE_SIZE);
    let socket = endpoint.open_socket(FAMILY).expect("a new endpoint has free ports");
    endpoint.set_receive_region(socket, 0, region).expect("the configuration was checked");
    if let Some(port) = port {
        endpoint.bind(socket, FAMILY, port).expect("the port is free");
    }
    socket
}

/// A packet of the core as the network carries it. `message_key` names the request that its data
/// belongs to.
#[inline]
pub(crate) fn packet(config: &Config, host: HostId, out: &OutPacket, message_key: u64) -> Packet<Header> {
    let packet = match config.parameters.wire {
        Wire::Typed => out.packet,
        Wire::Encode => through_the_wire(&out.packet),
    };
    let homa_bytes = wire::homa_bytes(&packet) as u32;
    Packet {
        header: Header { packet, message_key },
        source: host,
        destination: HostId(out.to.get()),
        frame_bytes: u16::try_from(frame_bytes(homa_bytes)).expect("a frame is shorter than 65536 bytes"),
        priority: out.priority,
        marks: Marks::NONE,
    }
}

/// Encodes and decodes a packet.
fn through_the_wire(packet: &homa_protocol::Packet) -> homa_protocol::Packet {
    // Payload counts in a packet's length; its bytes don't matter.
    let mut bytes = vec![0; wire::homa_bytes(packet)];
    wire::encode_header(packet, Version::Linux, &mut bytes).expect("the buffer is large enough");
    wire::decode(&bytes, Version::Linux).expect("what was encoded can be decoded")
}

/// Frames that the NIC has begun to send and that the core has not been told of: when each ends,
/// and its length. Only the queueing discipline wants to know.
#[derive(Debug, Default)]
pub(crate) struct NicFrames(VecDeque<(Time, u32)>);

impl NicFrames {
    pub(crate) fn begun(&mut self, config: &Config, end: Time, frame_bytes: u16) {
        if config.parameters.transmit == TransmitMode::Qdisc && config.parameters.nic_completions {
            self.0.push_back((end, u32::from(frame_bytes) - CRC));
        }
    }

    /// Tells the core what the NIC has sent up to now.
    #[inline]
    pub(crate) fn advance(&mut self, now: Time, endpoint: &mut Endpoint) {
        while let Some(&(end, bytes)) = self.0.front().filter(|(end, _)| *end <= now) {
            self.0.pop_front();
            endpoint.handle_nic_completion(end, u64::from(bytes));
        }
    }

    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// When the core wants to be told, if nothing else makes it go on.
    pub(crate) fn next(&self, endpoint: &Endpoint) -> Option<Time> {
        self.0.front().map(|(at, _)| *at).filter(|_| endpoint.waits_for_nic())
    }
}

/// What computes cutoffs from traffic, as `homa_prio` does, and when it will next; nothing where
/// cutoffs are given.
// Boxed, as few experiments have it and it is half of a host.
#[derive(Debug)]
pub(crate) struct CutoffDaemon(Option<(Box<Prio>, Time)>);

impl CutoffDaemon {
    pub(crate) fn new(config: &Config, phase: Duration) -> Self {
        Self(match &config.parameters.cutoffs {
            CutoffSource::HomaPrio(options) => {
                Some((Box::new(Prio::new(*options)), Time::ZERO + options.interval + phase))
            }
            CutoffSource::Sysctl | CutoffSource::Published(_) => None,
        })
    }

    #[inline]
    pub(crate) const fn is_none(&self) -> bool {
        self.0.is_none()
    }

    pub(crate) fn next(&self) -> Option<Time> {
        self.0.as_ref().map(|(_, at)| *at)
    }

    /// Sets the cutoffs of the core if it is time.
    #[inline]
    pub(crate) fn run(&mut self, now: Time, endpoint: &mut Endpoint) {
        let Some((prio, at)) = &mut self.0 else { return };
        if *at > now {
            return;
        }
        *at += prio.interval();
        let config = endpoint.config();
        let quirk = config.quirks.size_4096_uncounted;
        let (levels, unscheduled) = (config.sysctls.num_priorities, config.sysctls.unsched_bytes);
        if let Some(cutoffs) = prio.update(endpoint.metrics(), quirk, levels, unscheduled) {
            endpoint.set_cutoffs(cutoffs);
        }
    }
}
