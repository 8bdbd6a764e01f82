//! How many bytes a packet is taken to occupy: estimates of transmission time depend on it (spec 2.9).

use super::{DATA_HEADER_BYTES, Family};

/// Ethernet header: two addresses and a type.
pub const ETH_HEADER_BYTES: u32 = 14;
/// `HOMA_ETH_FRAME_OVERHEAD`: preamble and start delimiter, CRC, gap between frames.
pub const ETH_FRAME_OVERHEAD_BYTES: u32 = 24;
/// `HOMA_ETH_OVERHEAD`: an Ethernet header and what is around the frame. Linux counts 18 bytes for the header, 4 more
/// than an untagged frame has.
pub const ETH_OVERHEAD_BYTES: u32 = 18 + ETH_FRAME_OVERHEAD_BYTES;

/// What the old pacer counts for a unit of `data_bytes` of payload in `segments` packets (spec 2.9).
///
/// For a retransmitted segment it counts the same as for a unit of one.
#[must_use]
pub const fn pacer_bytes(data_bytes: u32, segments: u32, family: Family) -> u32 {
    data_bytes + segments * (DATA_HEADER_BYTES as u32 + family.ip_header_bytes() + ETH_OVERHEAD_BYTES)
}

/// Length of the Ethernet frame around a packet of `homa_bytes`, without preamble, CRC and gap.
#[must_use]
pub const fn frame_bytes(homa_bytes: u32, family: Family) -> u32 {
    ETH_HEADER_BYTES + family.ip_header_bytes() + homa_bytes
}

/// The qdisc packet length of a unit of `data_bytes` of payload in `segments` packets (spec 2.9): what `homa_qdisc`
/// adds [`ETH_FRAME_OVERHEAD_BYTES`] to, once per unit.
///
/// Linux takes the length of the unit as one frame and adds, for each segment after the first, the headers that
/// segmentation will repeat: MAC and IP header and as many transport bytes as the packet's `doff` says. A native unit
/// is `14 + ip + 52 + Σ (4 + data)` bytes long and each further segment repeats `14 + ip + 52`; a hijacked one is
/// `14 + ip + 56 + Σ data` and repeats `14 + ip + 56`. Both come to the sum of the frames on the wire, which this is.
#[must_use]
pub const fn qdisc_bytes(data_bytes: u32, segments: u32, family: Family) -> u32 {
    data_bytes + segments * frame_bytes(DATA_HEADER_BYTES as u32, family)
}
