//! How a message is cut into packets, and what each packet takes of a link.
//!
//! Source: `HomaPkt.h`, `HomaPkt.cc`: Ethernet header 14 and CRC 4, at least 46 bytes of Ethernet
//! payload, preamble 8, gap 12, IP 20, UDP 8, at most 1500 bytes of Ethernet payload; a header of
//! 30 bytes for unscheduled packets and one of 16 bytes for scheduled ones and grants.

use homa_fabric::{FRAME_GAP, PREAMBLE};
use homa_units::Bytes;

/// Most message bytes in an unscheduled packet.
pub const UNSCHEDULED_DATA_MAX: u32 = PAYLOAD_MAX - IP_AND_UDP - UNSCHEDULED_HEADER;
/// Most message bytes in a scheduled packet.
pub const SCHEDULED_DATA_MAX: u32 = PAYLOAD_MAX - IP_AND_UDP - SCHEDULED_HEADER;

const PAYLOAD_MAX: u32 = 1500;
const PAYLOAD_MIN: u32 = 46;
const IP_AND_UDP: u32 = 28;
const UNSCHEDULED_HEADER: u32 = 30;
const SCHEDULED_HEADER: u32 = 16;
const ETHERNET: u32 = 18;
const PREAMBLE_AND_GAP: u32 = (PREAMBLE.get() + FRAME_GAP.get()) as u32;

/// Bytes of the Ethernet frame of an unscheduled packet with `data` message bytes.
#[must_use]
#[inline]
pub const fn unscheduled_frame(data: u32) -> u16 {
    frame(data + UNSCHEDULED_HEADER)
}

/// Bytes of the Ethernet frame of a scheduled packet with `data` message bytes.
#[must_use]
#[inline]
pub const fn scheduled_frame(data: u32) -> u16 {
    frame(data + SCHEDULED_HEADER)
}

/// Bytes of the Ethernet frame of a grant.
pub const GRANT_FRAME: u16 = frame(SCHEDULED_HEADER);

#[inline]
const fn frame(udp_payload: u32) -> u16 {
    let payload = udp_payload + IP_AND_UDP;
    let padded = if payload < PAYLOAD_MIN { PAYLOAD_MIN } else { payload };
    assert!(padded <= PAYLOAD_MAX, "a packet fits into a frame");
    (padded + ETHERNET) as u16
}

/// What a frame takes of a link: with preamble and gap.
#[must_use]
#[inline]
pub const fn on_wire(frame_bytes: u16) -> u32 {
    frame_bytes as u32 + PREAMBLE_AND_GAP
}

/// Wire bytes of `data` message bytes sent as unscheduled packets.
#[must_use]
pub const fn unscheduled_wire_bytes(data: u32) -> u64 {
    wire_bytes(data, UNSCHEDULED_DATA_MAX, UNSCHEDULED_HEADER)
}

/// The most message bytes that take no more than so many wire bytes as unscheduled packets; at
/// least one.
#[must_use]
pub fn unscheduled_payload(wire_bytes: Bytes) -> Bytes {
    let full = u64::from(on_wire(frame(UNSCHEDULED_DATA_MAX + UNSCHEDULED_HEADER)));
    let (packets, rest) = (wire_bytes.get() / full, wire_bytes.get() % full);
    let last = rest.saturating_sub(full - u64::from(UNSCHEDULED_DATA_MAX));
    Bytes::new((packets * u64::from(UNSCHEDULED_DATA_MAX) + last).max(1))
}

/// Wire bytes of `data` message bytes sent as scheduled packets.
#[must_use]
pub const fn scheduled_wire_bytes(data: u32) -> u64 {
    wire_bytes(data, SCHEDULED_DATA_MAX, SCHEDULED_HEADER)
}

const fn wire_bytes(data: u32, data_max: u32, header: u32) -> u64 {
    let full = (data / data_max) as u64 * on_wire(frame(data_max + header)) as u64;
    match data % data_max {
        0 => full,
        rest => full + on_wire(frame(rest + header)) as u64,
    }
}

/// All that a message of `size` bytes, of which `unscheduled` bytes are sent without asking, takes
/// of links, its grants included.
#[must_use]
pub fn message_wire_bytes(size: Bytes, unscheduled_limit: u32) -> Bytes {
    let size = u32::try_from(size.get()).expect("messages are shorter than 4 GB");
    let unscheduled = size.min(unscheduled_limit);
    let scheduled = size - unscheduled;
    let grants = u64::from(scheduled.div_ceil(SCHEDULED_DATA_MAX)) * u64::from(on_wire(GRANT_FRAME));
    Bytes::new(unscheduled_wire_bytes(unscheduled) + scheduled_wire_bytes(scheduled) + grants)
}
