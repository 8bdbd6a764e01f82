//! What a frame takes of a link besides its own bytes.

use homa_units::Bytes;

/// Bytes around a frame on a link, and the shortest frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Framing {
    /// Sent before each frame.
    pub preamble: u8,
    /// Kept free after each frame.
    pub gap: u8,
    /// The shortest frame. It bounds from below how long a packet takes to cross a link.
    pub frame_min: u16,
}

impl Framing {
    /// Ethernet: preamble with start-of-frame delimiter, inter-frame gap, 64 bytes.
    pub const ETHERNET: Self = Self { preamble: 8, gap: 12, frame_min: 64 };

    /// What a frame takes of a link.
    #[must_use]
    #[inline]
    pub const fn wire_bytes(self, frame_bytes: u16) -> Bytes {
        Bytes::new(frame_bytes as u64 + self.preamble as u64 + self.gap as u64)
    }
}

impl Default for Framing {
    fn default() -> Self {
        Self::ETHERNET
    }
}
