//! How a message is cut into packets, and what each packet takes of a link: as `sigcomm18`'s
//! unscheduled ones.

use homa_fabric::{FRAME_GAP, PREAMBLE};
use homa_units::Bytes;

/// Most message bytes in a packet.
pub const DATA_MAX: u32 = PAYLOAD_MAX - HEADERS;

/// Of Ethernet. Its least payload is less than the headers.
const PAYLOAD_MAX: u32 = 1_500;
/// Of IP, UDP and the transport itself.
const HEADERS: u32 = 20 + 8 + 30;
/// Ethernet's header and CRC.
const ETHERNET: u32 = 18;

/// Bytes of the Ethernet frame of a packet with `data` message bytes.
#[must_use]
#[inline]
pub const fn frame_bytes(data: u32) -> u16 {
    let payload = data + HEADERS;
    assert!(payload <= PAYLOAD_MAX, "a packet fits into a frame");
    (payload + ETHERNET) as u16
}

/// Packets of a message.
#[must_use]
pub const fn packets(size: Bytes) -> u64 {
    size.get().div_ceil(DATA_MAX as u64)
}

/// All that a message takes of a link: frames, preambles and gaps.
#[must_use]
pub const fn message_wire_bytes(size: Bytes) -> Bytes {
    let (full, rest) = (size.get() / DATA_MAX as u64, (size.get() % DATA_MAX as u64) as u32);
    let last = if rest > 0 { on_wire(rest) } else { 0 };
    Bytes::new(full * on_wire(DATA_MAX) + last)
}

const fn on_wire(data: u32) -> u64 {
    frame_bytes(data) as u64 + PREAMBLE.get() + FRAME_GAP.get()
}
