//! Network priority levels.

/// One of up to eight switch priority levels; **7 is served first**, 0 last, as in Homa's Linux implementation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Priority(u8);

impl Priority {
    /// How many levels there are.
    pub const LEVELS: usize = 8;
    /// The level that is served first.
    pub const HIGHEST: Self = Self(7);
    /// The level that is served last.
    pub const LOWEST: Self = Self(0);

    /// The level `level`.
    ///
    /// # Panics
    /// If `level` is over 7.
    #[must_use]
    #[inline]
    pub const fn new(level: u8) -> Self {
        assert!(level < 8, "a priority level is in 0..=7");
        Self(level)
    }

    /// The level as a number, 7 = served first.
    #[must_use]
    #[inline]
    pub const fn get(self) -> u8 {
        self.0
    }

    /// The level as an index into an array of [`Self::LEVELS`].
    #[must_use]
    #[inline]
    pub const fn index(self) -> usize {
        self.0 as usize
    }
}

impl core::fmt::Display for Priority {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "P{}", self.0)
    }
}
