//! Which bytes of one incoming message have arrived (spec 4.1, 4.2).

use alloc::vec::Vec;
use core::ops::Range;

#[cfg(test)]
mod tests;

/// What became of a packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Added {
    /// Its bytes are new and belong to the message now.
    Kept {
        /// Whether there is one gap more than before: the packet left bytes out, or split a gap in two.
        new_gap: bool,
    },
    /// It changed nothing.
    Discarded(Reason),
}

/// Why a packet was discarded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reason {
    /// Not all of it lies inside the message.
    BeyondEnd,
    /// Part of it is new, but a packet is used whole or not at all.
    PartlyNew,
    /// Nothing of it is new.
    Duplicate,
}

/// The receive state of one message: a count of missing bytes and the missing ranges below the highest byte received.
#[derive(Debug, Clone, Default)]
pub(crate) struct Assembly {
    length: u32,
    bytes_remaining: u32,
    recv_end: u32,
    /// Ordered, not empty, without overlap, all below `recv_end`.
    gaps: Vec<Range<u32>>,
}

impl Assembly {
    /// Begins a message of `length` bytes; room for gaps is kept from the message before.
    pub(crate) fn reset(&mut self, length: u32) {
        self.length = length;
        self.bytes_remaining = length;
        self.recv_end = 0;
        self.gaps.clear();
    }

    /// Bytes of the whole message.
    pub(crate) const fn length(&self) -> u32 {
        self.length
    }

    /// Bytes not yet received, wherever they are.
    pub(crate) const fn bytes_remaining(&self) -> u32 {
        self.bytes_remaining
    }

    /// Bytes received: a count, not an offset (spec 3.1).
    pub(crate) const fn received(&self) -> u32 {
        self.length - self.bytes_remaining
    }

    /// End of the highest byte received.
    pub(crate) const fn recv_end(&self) -> u32 {
        self.recv_end
    }

    /// The missing ranges below [`Self::recv_end`], in order.
    pub(crate) fn gaps(&self) -> &[Range<u32>] {
        &self.gaps
    }

    /// Bytes in all gaps.
    pub(crate) const fn gap_bytes(&self) -> u32 {
        self.recv_end - self.received()
    }

    /// Enters the `len` bytes at `offset`, or refuses all of them.
    ///
    /// Any offset is allowed: one that Linux's GRO would have resolved (quirk Q16) is beyond the end of every message.
    pub(crate) fn add(&mut self, offset: u32, len: u32) -> Added {
        if offset >= self.length || len > self.length - offset {
            return Added::Discarded(Reason::BeyondEnd);
        }
        let end = offset + len;
        let added = if offset >= self.recv_end { self.extend(offset, end) } else { self.fill(offset, end) };
        if matches!(added, Added::Kept { .. }) {
            self.bytes_remaining -= len;
        }
        added
    }

    fn extend(&mut self, start: u32, end: u32) -> Added {
        let new_gap = start > self.recv_end;
        if new_gap {
            self.gaps.push(self.recv_end..start);
        }
        self.recv_end = end;
        Added::Kept { new_gap }
    }

    fn fill(&mut self, start: u32, end: u32) -> Added {
        // Gaps that end at or before `start` never match, and if the next begins at or after `end`, so do the rest.
        let index = self.gaps.partition_point(|gap| gap.end <= start);
        let reason = if end > self.recv_end { Reason::PartlyNew } else { Reason::Duplicate };
        let Some(gap) = self.gaps.get_mut(index).filter(|gap| gap.start < end) else {
            return Added::Discarded(reason);
        };
        if start < gap.start || end > gap.end {
            return Added::Discarded(Reason::PartlyNew);
        }
        if start == gap.start {
            gap.start = end;
            if gap.start == gap.end {
                self.gaps.remove(index);
            }
            return Added::Kept { new_gap: false };
        }
        let rest = end..gap.end;
        gap.end = start;
        let new_gap = !rest.is_empty();
        if new_gap {
            self.gaps.insert(index + 1, rest);
        }
        Added::Kept { new_gap }
    }
}
