//! What an event is.

use homa_units::Time;

/// What and when: an event is nothing but its key, and the keys of one run are totally ordered.
///
/// The order is (time, class, component, counter). `class` ranks kinds of events of one instant,
/// `component` is the dense number of the thing it happens to, and `counter` orders events of one
/// class at one component.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EventKey(u128);

const COMPONENT_BITS: u32 = 28;
const COUNTER_BITS: u32 = 32;

impl EventKey {
    /// The key of an event of `class` (0 comes first, below 16) at `component` (below 2^28).
    ///
    /// # Panics
    /// If class or component are out of range.
    #[must_use]
    #[inline]
    pub fn new(at: Time, class: u8, component: u32, counter: u32) -> Self {
        assert!(class < 16 && component < 1 << COMPONENT_BITS, "class below 16, component below 2^28");
        let low = u64::from(class) << (COMPONENT_BITS + COUNTER_BITS)
            | u64::from(component) << COUNTER_BITS
            | u64::from(counter);
        Self(u128::from(at.as_ps()) << 64 | u128::from(low))
    }

    /// The key of an event at `at`, whose order among those of the instant is that of `low`: for
    /// orders other than that of [`Self::new`], whose parts then don't mean what they are called.
    #[must_use]
    #[inline]
    pub const fn from_parts(at: Time, low: u64) -> Self {
        Self((at.as_ps() as u128) << 64 | low as u128)
    }

    /// All but the time: see [`Self::from_parts`].
    #[must_use]
    #[inline]
    pub const fn low(self) -> u64 {
        self.0 as u64
    }

    /// When it happens.
    #[must_use]
    #[inline]
    pub const fn at(self) -> Time {
        Time::from_ps((self.0 >> 64) as u64)
    }

    /// Its class.
    #[must_use]
    #[inline]
    pub fn class(self) -> u8 {
        (self.0 as u64 >> (COMPONENT_BITS + COUNTER_BITS)) as u8
    }

    /// The component it happens to.
    #[must_use]
    #[inline]
    pub fn component(self) -> u32 {
        (self.0 as u64 >> COUNTER_BITS) as u32 & ((1 << COMPONENT_BITS) - 1)
    }

    /// The counter given by the component.
    #[must_use]
    #[inline]
    pub fn counter(self) -> u32 {
        self.0 as u32
    }
}

impl std::fmt::Debug for EventKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}/{}/{}", self.at(), self.class(), self.component(), self.counter())
    }
}
