//! What a message costs on the wire in the SIGCOMM 2018 simulation of Homa.

use homa_units::Bytes;

/// Ethernet header, checksum, preamble and gap, in bytes.
const ETHERNET: u64 = 38;
const MIN_PAYLOAD: u64 = 46;
const IP_UDP: u64 = 28;

fn frame(homa_header: u64, data: u64) -> u64 {
    (IP_UDP + homa_header + data).max(MIN_PAYLOAD) + ETHERNET
}

/// Wire bytes of packets of at most `full` bytes of data each.
fn packets(homa_header: u64, data: u64, full: u64) -> u64 {
    let rest = data % full;
    let last = if rest > 0 { frame(homa_header, rest) } else { 0 };
    data / full * frame(homa_header, full) + last
}

/// Unscheduled packets of 1442 B up to 9328 B, then scheduled ones of 1456 B with a grant each.
pub(crate) fn homa_wire_bytes(size: Bytes) -> Bytes {
    let unscheduled = size.get().min(9328);
    let scheduled = size.get() - unscheduled;
    let grants = scheduled.div_ceil(1456) * frame(16, 0);
    Bytes::new(packets(30, unscheduled, 1442) + packets(16, scheduled, 1456) + grants)
}
