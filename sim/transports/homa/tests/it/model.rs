//! How long messages take in an idle network, written down without events.

use homa_protocol::TransmitMode;
use homa_topologies::{HostId, Topology};

/// Bytes that a sender need not be granted.
pub(crate) const UNSCHEDULED: u32 = 40_000;
/// Payload of a full packet at an MTU of 1500.
const FULL: u32 = 1_424;
/// Ethernet header, IPv4 header and CRC.
const AROUND: u64 = 14 + 20 + 4;
const PREAMBLE: u64 = 8;
const GAP: u64 = 12;
/// Frame of a GRANT.
const GRANT: u64 = AROUND + 33;
/// Frame of CUTOFFS.
pub(crate) const CUTOFFS: u64 = AROUND + 62;

/// The packets of a message: offset and payload of each.
pub(crate) fn packets(size: u32) -> Vec<(u32, u32)> {
    let mut packets = Vec::new();
    let mut at = 0;
    while at < size {
        let limit = if at < UNSCHEDULED { size.min(UNSCHEDULED) } else { size };
        packets.push((at, FULL.min(limit - at)));
        at += packets[packets.len() - 1].1;
    }
    packets
}

/// The frames of some packets.
pub(crate) fn frames(packets: &[(u32, u32)]) -> Vec<u64> {
    packets.iter().map(|(_, data)| AROUND + 56 + u64::from(*data)).collect()
}

fn wire(frames: &[u64]) -> u64 {
    frames.iter().map(|frame| frame + PREAMBLE + GAP).sum()
}

/// The way from one host to another; all times in picoseconds.
pub(crate) struct Path {
    software: u64,
    /// Time of a byte, and fixed delay behind the port, of each link.
    links: Vec<(u64, u64)>,
}

impl Path {
    pub(crate) fn new(topology: &Topology, from: u32, to: u32) -> Self {
        let links = topology.path(HostId(from), HostId(to)).into_iter().map(|id| {
            let link = topology.link(id);
            (link.rate.byte_time().unwrap().as_ps(), link.delay.as_ps())
        });
        let mut links: Vec<_> = links.collect();
        links.last_mut().unwrap().1 += topology.software.receive.as_ps();
        Self { software: topology.software.send.as_ps(), links }
    }

    /// Until the last of some frames that the sender hands out without pause has arrived, if no
    /// frame is longer than the first and no link slower than the first: the first frame crosses
    /// all links but the last, whose port is busy from then on.
    pub(crate) fn burst(&self, frames: &[u64]) -> u64 {
        let (last, before) = self.links.split_last().unwrap();
        let first = before.iter().map(|(byte, delay)| (frames[0] + PREAMBLE) * byte + delay).sum::<u64>();
        self.software + first + (wire(frames) - GAP) * last.0 + last.1
    }

    /// When the first GRANT is back at the sender.
    pub(crate) fn first_grant(&self, back: &Self) -> u64 {
        self.burst(&frames(&packets(FULL))) + back.burst(&[GRANT])
    }

    /// How long the sender is busy with the unscheduled bytes of a long message.
    pub(crate) fn unscheduled(&self) -> u64 {
        wire(&frames(&packets(UNSCHEDULED))) * self.links[0].0
    }

    /// Until a message has arrived whose sender's NIC pulls; `back` is the way of the grants.
    pub(crate) fn pulled(&self, back: &Self, size: u32) -> u64 {
        let packets = packets(size);
        let whole = self.burst(&frames(&packets));
        let scheduled = packets.partition_point(|(offset, _)| *offset < UNSCHEDULED);
        if scheduled == packets.len() {
            return whole;
        }
        whole.max(self.first_grant(back) + self.burst(&frames(&packets[scheduled..])))
    }

    /// Until the last frame has arrived if each is handed to the NIC's queue at its own time: store
    /// and forward, link by link, without any assumption about rates and lengths.
    pub(crate) fn released(&self, frames: &[u64], releases: &[u64]) -> u64 {
        let mut free = vec![0; self.links.len()];
        let mut arrived = 0;
        for (frame, release) in frames.iter().zip(releases) {
            arrived = release + self.software;
            for ((byte, delay), free) in self.links.iter().zip(&mut free) {
                let end = arrived.max(*free) + (frame + PREAMBLE) * byte;
                *free = end + GAP * byte;
                arrived = end + delay;
            }
        }
        arrived
    }

    /// Until a message has arrived whose packets leave as `mode` lets them, on an interface of
    /// `mbps`.
    pub(crate) fn paced(&self, back: &Self, size: u32, mode: TransmitMode, mbps: u64) -> u64 {
        let packets = packets(size);
        self.released(&frames(&packets), &releases(&packets, self.first_grant(back), mode, mbps))
    }
}

/// When each packet is handed to the NIC's queue, after the message was.
///
/// Each packet takes a little more time of the estimated link than of the real one. As long as the
/// estimate is no more than 5 µs ahead, packets pass; then each goes when the estimate has come
/// down to that again. The old pacer asks for less than 5 µs, hence the picosecond, and neither
/// holds nor counts the last 1000 bytes of a message.
fn releases(packets: &[(u32, u32)], granted: u64, mode: TransmitMode, mbps: u64) -> Vec<u64> {
    const BACKLOG: u64 = 5_000_000;
    let size = packets.iter().map(|(_, data)| data).sum::<u32>();
    let (mut idle, mut now) = (0, 0);
    let release = |(offset, data): &(u32, u32)| {
        if *offset >= UNSCHEDULED {
            now = granted.max(now);
        }
        let data = u64::from(*data);
        let (ns, late) = match mode {
            TransmitMode::Pull | TransmitMode::Immediate => return now,
            TransmitMode::OldPacer if size - offset <= 1_000 => return now,
            // 101 % of the link's time for payload, headers and 42 bytes.
            TransmitMode::OldPacer => ((data + 56 + 20 + 42) * (101 * 80_000_000 / mbps) / 1_000_000, 1),
            // The link's time at 99 % of its rate, in 2^-20 ns a byte, for the frame without CRC
            // and 24 bytes.
            TransmitMode::Qdisc => (((data + 56 + 20 + 14 + 24) * ((8_000_000 << 20) / (990 * mbps))) >> 20, 0),
        };
        if idle > now + BACKLOG {
            now = idle - BACKLOG + late;
        }
        idle = now.max(idle) + 1_000 * ns;
        now
    };
    packets.iter().map(release).collect()
}
