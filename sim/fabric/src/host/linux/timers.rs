//! What a host waits for: at most one instant for each purpose and component.

use homa_units::Time;
use priority_queue::PriorityQueue;
use rustc_hash::FxHasher;
use std::cmp::Reverse;
use std::hash::BuildHasherDefault;

/// A purpose and its component. What is due at one instant happens in this order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Timer {
    /// The whole host stops.
    Smi,
    /// A core stops.
    Gap,
    /// A core has done a piece of work.
    Work(u32),
    /// A list of packets reaches another core.
    List(u32),
    /// A receive queue interrupts its core.
    Interrupt(u32),
    /// A thread has polled for long enough, or runs after a wake-up.
    Thread(u32),
    /// A spinning thread gives its core to another.
    Slice(u32),
}

/// The timers of a host.
#[derive(Debug, Default)]
pub(super) struct Timers {
    queue: PriorityQueue<Timer, Reverse<(Time, Timer)>, BuildHasherDefault<FxHasher>>,
}

impl Timers {
    /// Sets a timer, again if it was set.
    pub(super) fn set(&mut self, timer: Timer, at: Time) {
        self.queue.push(timer, Reverse((at, timer)));
    }

    /// Sets a timer that isn't set.
    pub(super) fn set_if_unset(&mut self, timer: Timer, at: Time) {
        if self.queue.get(&timer).is_none() {
            self.set(timer, at);
        }
    }

    /// When the earliest is due.
    pub(super) fn earliest(&self) -> Option<Time> {
        self.queue.peek().map(|(_, Reverse((at, _)))| *at)
    }

    /// Takes the earliest, if it is due.
    pub(super) fn pop_due(&mut self, now: Time) -> Option<Timer> {
        if self.earliest()? > now {
            return None;
        }
        self.queue.pop().map(|(timer, _)| timer)
    }
}
