//! The buffer pool of one socket: where incoming messages lie in the application's region (spec 4.3).

use alloc::vec;
use alloc::vec::Vec;
use homa_units::{Duration, Time};
use thiserror::Error;

#[cfg(test)]
mod tests;

/// `HOMA_BPAGE_SHIFT`: the logarithm of [`HOMA_BPAGE_SIZE`] to base 2.
pub const HOMA_BPAGE_SHIFT: u32 = 16;
/// Bytes of a bpage, the unit of the region.
pub const HOMA_BPAGE_SIZE: u32 = 1 << HOMA_BPAGE_SHIFT;
/// The most bpages a message lies in.
pub const HOMA_MAX_BPAGES: usize = 16;

const PAGE_ALIGNMENT: u64 = 4096;
const LEAST_SHARED_BYTES: u64 = 2_000_000;
const MOST_BYTES: u64 = 1 << 32;

/// Why a region isn't accepted as a socket's receive buffers (spec 4.3.1; Linux: EINVAL).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum RegionError {
    /// The region doesn't begin at a page.
    #[error("the receive buffers start at {start:#x}, which is not a multiple of 4096")]
    Unaligned {
        /// Where it begins.
        start: u64,
    },
    /// The region can't hold one bpage per core and two messages of the greatest length.
    #[error("receive buffers of {length} bytes are too small: {cores} cores need at least {least} bytes")]
    TooShort {
        /// Its bytes.
        length: u64,
        /// How many cores share it.
        cores: usize,
        /// The fewest bytes accepted for this many cores.
        least: u64,
    },
    /// Offsets in the region have 32 bits.
    #[error("receive buffers of {length} bytes are too large: at most 4294967296 are possible")]
    TooLong {
        /// Its bytes.
        length: u64,
    },
}

/// The application gave back a buffer that it doesn't have (spec 4.3.5; Linux: EINVAL).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("buffer number {index} that was given back, at offset {offset}, is not in use by the application")]
pub struct BadBpage {
    /// Its place among the buffers given back; those before it stay returned.
    pub index: usize,
    /// Its offset in the region, in bytes.
    pub offset: u32,
}

/// Where a message lies: byte `o` of it is at `as_slice()[o / 65536] + o % 65536` in the region (spec 4.3.4).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct BpageOffsets {
    offsets: [u32; HOMA_MAX_BPAGES],
    count: usize,
}

impl BpageOffsets {
    /// The offsets in the region, in bytes; all but the last are multiples of [`HOMA_BPAGE_SIZE`].
    #[must_use]
    #[inline]
    pub fn as_slice(&self) -> &[u32] {
        &self.offsets[..self.count]
    }

    pub(crate) fn one(offset: u32) -> Self {
        let mut bpages = Self::default();
        bpages.push(offset);
        bpages
    }

    fn push(&mut self, offset: u32) {
        self.offsets[self.count] = offset;
        self.count += 1;
    }
}

/// How many bpages a message of `length` bytes needs if it can't share one.
pub(crate) const fn bpages_needed(length: u32) -> u32 {
    length.div_ceil(HOMA_BPAGE_SIZE)
}

/// One bpage. It can be taken if `refs` is 0, or if only its owner holds it and the lease is over.
#[derive(Debug, Clone, Copy)]
struct Page {
    expiration: Time,
    /// Messages in it, and one for the owner.
    refs: u32,
    /// The core that puts the ends of messages into it.
    owner: Option<CoreIndex>,
}

/// A core as its pages name it: one more than its number, so that a page without owner takes no more space.
type CoreIndex = core::num::NonZeroU32;

fn name_of(core: usize) -> CoreIndex {
    u32::try_from(core + 1).ok().and_then(CoreIndex::new).expect("fewer than 2^32 - 1 cores")
}

impl Page {
    const UNTOUCHED: Self = Self { expiration: Time::ZERO, refs: 0, owner: None };

    fn is_available(&self, now: Time) -> bool {
        self.refs == 0 || self.refs == 1 && self.owner.is_some() && self.expiration <= now
    }
}

#[derive(Debug, Clone, Copy, Default)]
struct Core {
    /// The page for the ends of messages; only if this core owns that page.
    page_hint: usize,
    /// Bytes of that page given out.
    allocated: u32,
    /// Where the search for pages goes on.
    next_candidate: usize,
}

/// The receive buffers of one socket.
#[derive(Debug, Clone)]
pub(crate) struct Pool {
    start: u64,
    page_count: usize,
    /// The pages up to the last that was ever looked at: as low ones are used first, most pools need few.
    pages: Vec<Page>,
    cores: Vec<Core>,
    /// Always the number of pages with `refs` 0.
    free_bpages: usize,
    /// How often a core began its page anew because no message was left in it.
    pub(crate) bpage_reuses: u64,
    /// How often a message got no space.
    pub(crate) buffer_alloc_failures: u64,
}

impl Pool {
    /// A pool in the `length` bytes at `start`, of which only whole bpages are used, for packets that arrive on `cores`
    /// cores.
    ///
    /// # Errors
    /// If `start` is not a multiple of 4096, or `length` not between `cores * 65536 + 2_000_000` and 2³², inclusive.
    pub(crate) fn new(start: u64, length: u64, cores: usize) -> Result<Self, RegionError> {
        if !start.is_multiple_of(PAGE_ALIGNMENT) {
            return Err(RegionError::Unaligned { start });
        }
        let least = (cores as u64).saturating_mul(HOMA_BPAGE_SIZE.into()).saturating_add(LEAST_SHARED_BYTES);
        if length < least {
            return Err(RegionError::TooShort { length, cores, least });
        }
        if length > MOST_BYTES {
            return Err(RegionError::TooLong { length });
        }
        let free_bpages = (length / u64::from(HOMA_BPAGE_SIZE)) as usize;
        Ok(Self {
            start,
            page_count: free_bpages,
            pages: Vec::new(),
            cores: vec![Core::default(); cores],
            free_bpages,
            bpage_reuses: 0,
            buffer_alloc_failures: 0,
        })
    }

    /// Where the region begins, as the application gave it.
    pub(crate) const fn start(&self) -> u64 {
        self.start
    }

    /// Bytes of the region that are used: whole bpages.
    pub(crate) fn length(&self) -> u64 {
        bytes(self.page_count)
    }

    /// How many bpages neither hold a message nor belong to a core.
    pub(crate) fn free_bpages(&self) -> u32 {
        self.free_bpages as u32
    }

    /// Bytes that messages could get: the free bpages and what is left of the cores' pages (spec 4.3.7).
    pub(crate) fn available_bytes(&self) -> u64 {
        let left = self.cores.iter().enumerate().map(|(index, core)| {
            match self.pages.get(core.page_hint).filter(|page| page.owner == Some(name_of(index))) {
                Some(page) if page.refs > 1 => u64::from(HOMA_BPAGE_SIZE - core.allocated),
                Some(_) => u64::from(HOMA_BPAGE_SIZE),
                None => 0,
            }
        });
        bytes(self.free_bpages) + left.sum::<u64>()
    }

    /// Finds space for a message of `length` bytes whose first packet arrives on `core`; tells whether there is any.
    ///
    /// `lease` (sysctl `bpage_lease_usecs`) is how long the core may keep the page it puts the end of the message into
    /// after the last use. Without space, `offsets` is empty.
    ///
    /// # Panics
    /// If the pool has no such core, or the message doesn't fit into [`HOMA_MAX_BPAGES`] bpages.
    pub(crate) fn allocate(
        &mut self,
        now: Time,
        core: usize,
        lease: Duration,
        length: u32,
        offsets: &mut BpageOffsets,
    ) -> bool {
        assert!(core < self.cores.len(), "core {core} of {}", self.cores.len());
        assert!(bpages_needed(length) as usize <= HOMA_MAX_BPAGES, "a message of {length} bytes has no place");
        *offsets = BpageOffsets::default();
        let full = (length / HOMA_BPAGE_SIZE) as usize;
        let done = self.take(now, core, full, None, |page| offsets.push(offset(page)))
            && self.allocate_partial(now, core, lease, length % HOMA_BPAGE_SIZE, offsets);
        if !done {
            self.give_back(offsets.as_slice()).expect("the pages were just taken");
            *offsets = BpageOffsets::default();
            self.buffer_alloc_failures += 1;
        }
        done
    }

    /// Puts the last `partial` bytes of a message behind those of others in the core's page, or into a new one.
    fn allocate_partial(
        &mut self,
        now: Time,
        core: usize,
        lease: Duration,
        partial: u32,
        offsets: &mut BpageOffsets,
    ) -> bool {
        if partial == 0 {
            return true;
        }
        let expiration = now + lease;
        if self.core_page_has_room(core, partial) {
            let page = &mut self.pages[self.cores[core].page_hint];
            page.expiration = expiration;
            page.refs += 1;
        } else {
            let mut taken = 0;
            if !self.take(now, core, 1, Some(expiration), |page| taken = page) {
                return false;
            }
            self.cores[core].page_hint = taken;
            self.cores[core].allocated = 0;
        }
        let core = &mut self.cores[core];
        offsets.push(offset(core.page_hint) + core.allocated);
        core.allocated += partial;
        true
    }

    /// Whether the core owns a page with room for `partial` bytes; one without room it gives up, unless it is unused.
    fn core_page_has_room(&mut self, index: usize, partial: u32) -> bool {
        let core = &mut self.cores[index];
        let owned = |page: &&mut Page| page.owner == Some(name_of(index));
        let Some(page) = self.pages.get_mut(core.page_hint).filter(owned) else { return false };
        if core.allocated + partial <= HOMA_BPAGE_SIZE {
            return true;
        }
        if page.refs == 1 {
            core.allocated = 0;
            self.bpage_reuses += 1;
            return true;
        }
        page.owner = None;
        page.refs -= 1;
        false
    }

    /// Takes `count` pages and tells `taken` of each; false and no change if there are too few (spec 4.3.3).
    ///
    /// With `owned_until`, the pages belong to the core until then.
    fn take(
        &mut self,
        now: Time,
        core: usize,
        count: usize,
        owned_until: Option<Time>,
        mut taken: impl FnMut(usize),
    ) -> bool {
        if self.free_bpages < count {
            return false;
        }
        self.free_bpages -= count;
        let mut limit = self.scan_limit();
        let (mut left, mut wrapped) = (count, false);
        while left > 0 {
            let candidate = self.cores[core].next_candidate;
            if candidate >= limit {
                // A whole pass always finds the rest: below the limit are at least as many pages as are in use with it.
                assert!(!wrapped, "{left} of {count} bpages that were counted as free are not there");
                wrapped = true;
                self.cores[core].next_candidate = 0;
                limit = self.scan_limit();
                continue;
            }
            self.cores[core].next_candidate = candidate + 1;
            if candidate >= self.pages.len() {
                self.pages.resize(candidate + 1, Page::UNTOUCHED);
            }
            let page = &mut self.pages[candidate];
            if !page.is_available(now) {
                continue;
            }
            // A stolen page was not counted as free, so one of those that were is still there.
            self.free_bpages += usize::from(page.owner.is_some());
            *page = match owned_until {
                Some(expiration) => Page { refs: 2, owner: Some(name_of(core)), expiration },
                None => Page { refs: 1, owner: None, expiration: page.expiration },
            };
            left -= 1;
            taken(candidate);
        }
        true
    }

    /// Where the search for pages begins again at 0: not far above what is in use, so that low pages are used first.
    fn scan_limit(&self) -> usize {
        let used = self.page_count - self.free_bpages;
        (used + (used / 4).max(4)).min(self.page_count)
    }

    /// Takes back the buffers at these offsets, of which only the bpage matters (spec 4.3.5).
    ///
    /// # Errors
    /// At the first that is outside the region or that no message is in; those before it stay returned.
    pub(crate) fn give_back(&mut self, offsets: &[u32]) -> Result<(), BadBpage> {
        for (index, &offset) in offsets.iter().enumerate() {
            let page = self.pages.get_mut((offset / HOMA_BPAGE_SIZE) as usize);
            let Some(page) = page.filter(|page| page.refs > u32::from(page.owner.is_some())) else {
                return Err(BadBpage { index, offset });
            };
            page.refs -= 1;
            self.free_bpages += usize::from(page.refs == 0);
        }
        Ok(())
    }
}

/// Where a page begins in the region; the greatest region has 65536 pages.
const fn offset(page: usize) -> u32 {
    page as u32 * HOMA_BPAGE_SIZE
}

const fn bytes(pages: usize) -> u64 {
    pages as u64 * HOMA_BPAGE_SIZE as u64
}
