//! Strict priorities: the queue discipline of a port.

use crate::arena::{Arena, Fifo, PacketId};
use homa_units::{Priority, Time};
use prefetch_index::prefetch_index;

/// Packets that wait at a port, by priority. The highest goes first, and within a priority the
/// first that came.
///
/// Which priorities have packets is a bit mask that its port keeps for it, in the cache line that
/// each packet needs: `occupied` of each call. Enqueue and dequeue take constant time.
#[derive(Debug)]
#[repr(C)]
pub(crate) struct StrictPriority {
    waiting: [Fifo; Priority::LEVELS],
    length: Length,
}

/// How many bytes wait, now and on average.
#[derive(Debug, Default)]
struct Length {
    /// Integral of `bytes` over time up to `changed`, in byte picoseconds.
    integral: u128,
    bytes: u64,
    changed: Time,
}

impl StrictPriority {
    pub(crate) fn new() -> Self {
        Self { waiting: [Fifo::EMPTY; Priority::LEVELS], length: Length::default() }
    }

    /// A packet has to wait.
    #[inline]
    pub(crate) fn enqueue<H: Copy>(
        &mut self,
        occupied: &mut u8,
        arena: &mut Arena<H>,
        now: Time,
        id: PacketId,
        priority: Priority,
    ) {
        self.length.add(now, u64::from(arena.get(id).frame_bytes));
        *occupied |= 1 << priority.get();
        self.waiting[priority.index()].push_back(arena, id);
    }

    /// Takes the next packet.
    ///
    /// # Panics
    /// If none waits.
    #[inline]
    pub(crate) fn dequeue<H: Copy>(&mut self, occupied: &mut u8, arena: &Arena<H>, now: Time) -> PacketId {
        let priority = 7 - occupied.leading_zeros() as usize;
        let queue = &mut self.waiting[priority];
        let (id, frame_bytes) = queue.take_first(arena).expect("an occupied priority has a packet");
        if queue.is_empty() {
            *occupied &= !(1 << priority);
        }
        self.length.remove(now, u64::from(frame_bytes));
        id
    }

    /// The packet that is dequeued next, if one waits.
    #[inline]
    pub(crate) fn next(&self, occupied: u8) -> Option<PacketId> {
        self.waiting.get(7_usize.wrapping_sub(occupied.leading_zeros() as usize))?.front()
    }

    /// Brings it into the cache.
    #[inline]
    pub(crate) fn prefetch(&self) {
        prefetch_index(self.waiting.as_slice(), 0);
        prefetch_index(std::slice::from_ref(&self.length), 0);
    }

    /// Bytes of the waiting frames.
    #[inline]
    pub(crate) const fn bytes(&self) -> u64 {
        self.length.bytes
    }

    /// Forgets all packets.
    pub(crate) fn discard<H: Copy>(&mut self, occupied: &mut u8, arena: &mut Arena<H>, now: Time) {
        self.length.remove(now, self.length.bytes);
        *occupied = 0;
        for queue in &mut self.waiting {
            while let Some(id) = queue.pop_front(arena) {
                arena.remove(id);
            }
        }
    }

    /// Begins the average anew.
    pub(crate) fn restart_average(&mut self, now: Time) {
        self.length.change(now);
        self.length.integral = 0;
    }

    /// The integral of waiting bytes over time since the restart, in byte picoseconds.
    pub(crate) fn integral(&self, now: Time) -> u128 {
        self.length.integral_up_to(now)
    }
}

impl Length {
    #[inline]
    fn add(&mut self, now: Time, bytes: u64) {
        self.change(now);
        self.bytes += bytes;
    }

    #[inline]
    fn remove(&mut self, now: Time, bytes: u64) {
        self.change(now);
        self.bytes -= bytes;
    }

    #[inline]
    fn integral_up_to(&self, now: Time) -> u128 {
        self.integral + u128::from(self.bytes) * u128::from(now.since(self.changed).as_ps())
    }

    /// The length is about to change.
    #[inline]
    fn change(&mut self, now: Time) {
        self.integral = self.integral_up_to(now);
        self.changed = now;
    }
}
