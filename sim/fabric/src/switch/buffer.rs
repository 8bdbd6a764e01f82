//! The memory of a switch, and who may have of it.

/// What becomes of a packet that comes to a port.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It is taken as it is.
    Taken,
    /// It is taken, with a note that the switch is congested.
    Marked,
    /// It is taken without its payload, as a frame of so many bytes.
    Trimmed(u16),
    /// It is dropped.
    Dropped,
}

/// How much a switch can hold. There is one kind so far, which takes all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Buffer {
    Unlimited,
    #[cfg(test)]
    Always(Verdict),
}

impl Buffer {
    /// What becomes of a packet that comes to a port. The last argument gives the bytes that wait
    /// there and those of its frame: a kind of buffer that doesn't look at them costs nothing.
    #[inline]
    pub(crate) fn admit(&self, _waiting_and_frame_bytes: impl FnOnce() -> (u64, u16)) -> Verdict {
        match self {
            Self::Unlimited => Verdict::Taken,
            #[cfg(test)]
            Self::Always(verdict) => *verdict,
        }
    }
}
