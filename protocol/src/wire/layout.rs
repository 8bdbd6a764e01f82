//! Where the fields are, and reading and writing of big-endian numbers.

/// Offsets in the header that all packets share (spec 2.2).
pub(super) mod common {
    pub(in crate::wire) const SPORT: usize = 0;
    pub(in crate::wire) const DPORT: usize = 2;
    pub(in crate::wire) const SEQUENCE: usize = 4;
    pub(in crate::wire) const TYPE: usize = 11;
    pub(in crate::wire) const DOFF: usize = 12;
    pub(in crate::wire) const FLAGS: usize = 13;
    pub(in crate::wire) const CHECKSUM: usize = 16;
    pub(in crate::wire) const URGENT: usize = 18;
    pub(in crate::wire) const SENDER_ID: usize = 20;
}

/// Offsets in a DATA packet (spec 2.3).
pub(super) mod data {
    pub(in crate::wire) const MESSAGE_LENGTH: usize = 28;
    pub(in crate::wire) const INCOMING: usize = 32;
    pub(in crate::wire) const ACK: usize = 36;
    pub(in crate::wire) const CUTOFF_VERSION: usize = 46;
    pub(in crate::wire) const RETRANSMIT: usize = 48;
    pub(in crate::wire) const SEG_OFFSET: usize = 52;
}

/// Offsets in the control packets (spec 2.3).
pub(super) mod control {
    pub(in crate::wire) const GRANT_OFFSET: usize = 28;
    pub(in crate::wire) const GRANT_PRIORITY: usize = 32;
    pub(in crate::wire) const RESEND_OFFSET: usize = 28;
    pub(in crate::wire) const RESEND_LENGTH: usize = 32;
    pub(in crate::wire) const RESEND_PRIORITY: usize = 36;
    pub(in crate::wire) const CUTOFFS: usize = 28;
    pub(in crate::wire) const CUTOFF_VERSION: usize = 60;
    pub(in crate::wire) const NUM_ACKS: usize = 28;
    pub(in crate::wire) const ACKS: usize = 30;
    /// Bytes of one entry of an ACK.
    pub(in crate::wire) const ACK_ENTRY_BYTES: usize = 10;
}

/// Byte 12 of a one-segment DATA packet: 14 words.
pub(super) const DOFF_WHOLE: u8 = 14 << 4;
/// Byte 12 of a segment of a native unit: 13 words.
pub(super) const DOFF_REPLICATED: u8 = 13 << 4;
/// Byte 12 of a control packet: 5 words.
pub(super) const DOFF_CONTROL: u8 = 5 << 4;
/// TCP's SYN and RST together, which no TCP packet has: the first half of the mark of a hijacked packet (spec 2.6).
pub(super) const MARK_FLAGS: u8 = 6;
/// The urgent pointer of every packet: the second half of the mark.
pub(super) const MARK_URGENT: u16 = 0xB97D;
/// The wire's −1: a segment header without offset, and a RESEND without length.
pub(super) const MINUS_ONE: u32 = u32::MAX;

/// The two bytes at `at`, which must be inside `bytes`.
pub(super) fn u16_at(bytes: &[u8], at: usize) -> u16 {
    u16::from_be_bytes([bytes[at], bytes[at + 1]])
}

/// The four bytes at `at`, which must be inside `bytes`.
pub(super) fn u32_at(bytes: &[u8], at: usize) -> u32 {
    u32::from_be_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]])
}

/// The eight bytes at `at`, which must be inside `bytes`.
pub(super) fn u64_at(bytes: &[u8], at: usize) -> u64 {
    u64::from(u32_at(bytes, at)) << 32 | u64::from(u32_at(bytes, at + 4))
}

/// The `N` bytes at `at`, which must be inside `bytes`.
pub(super) fn array_at<const N: usize>(bytes: &[u8], at: usize) -> [u8; N] {
    let mut array = [0; N];
    array.copy_from_slice(&bytes[at..at + N]);
    array
}

/// Writes `field` at `at`; it must fit.
pub(super) fn put<const N: usize>(bytes: &mut [u8], at: usize, field: [u8; N]) {
    bytes[at..at + N].copy_from_slice(&field);
}
