//! What a host waits for: at most one instant for each purpose and component.

use homa_units::Time;
use rustc_hash::FxHashMap;
use std::cmp::Reverse;
use std::collections::BinaryHeap;

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

/// The timers of a host. A timer that is set again leaves an entry in the heap that counts no more,
/// and goes when it comes to the top: most are set again later, and before they are due.
#[derive(Debug, Default)]
pub(super) struct Timers {
    heap: BinaryHeap<Reverse<(Time, Timer)>>,
    /// When each timer that is set is due.
    due: FxHashMap<Timer, Time>,
}

impl Timers {
    /// Sets a timer, again if it was set.
    pub(super) fn set(&mut self, timer: Timer, at: Time) {
        if self.due.insert(timer, at) != Some(at) {
            self.heap.push(Reverse((at, timer)));
            self.forget_old();
        }
    }

    /// Sets a timer that isn't set.
    pub(super) fn set_if_unset(&mut self, timer: Timer, at: Time) {
        if !self.due.contains_key(&timer) {
            self.set(timer, at);
        }
    }

    /// When the earliest is due.
    pub(super) fn earliest(&self) -> Option<Time> {
        self.heap.peek().map(|Reverse((at, _))| *at)
    }

    /// Takes the earliest, if it is due.
    pub(super) fn pop_due(&mut self, now: Time) -> Option<Timer> {
        if self.earliest()? > now {
            return None;
        }
        let Reverse((_, timer)) = self.heap.pop()?;
        self.due.remove(&timer);
        self.forget_old();
        Some(timer)
    }

    /// Lets the top of the heap be a timer that is set.
    fn forget_old(&mut self) {
        while let Some(Reverse((at, timer))) = self.heap.peek()
            && self.due.get(timer) != Some(at)
        {
            self.heap.pop();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_timer_that_is_set_again_fires_once_and_at_its_last_instant() {
        let at = Time::from_ps;
        let mut timers = Timers::default();
        timers.set(Timer::Work(1), at(10));
        timers.set(Timer::Thread(2), at(20));
        timers.set(Timer::Work(1), at(30));
        timers.set_if_unset(Timer::Work(1), at(5));
        timers.set(Timer::Gap, at(30));
        assert_eq!(timers.earliest(), Some(at(20)));
        assert_eq!(timers.pop_due(at(19)), None);
        assert_eq!(timers.pop_due(at(20)), Some(Timer::Thread(2)));
        // Those of one instant come in the order of their purposes.
        assert_eq!([timers.pop_due(at(30)), timers.pop_due(at(30))], [Some(Timer::Gap), Some(Timer::Work(1))]);
        assert_eq!((timers.pop_due(at(99)), timers.earliest()), (None, None));
        // Set to where it was before, it counts once more.
        timers.set(Timer::Gap, at(40));
        timers.set(Timer::Gap, at(50));
        timers.set(Timer::Gap, at(40));
        assert_eq!(timers.pop_due(at(40)), Some(Timer::Gap));
        assert_eq!(timers.pop_due(at(99)), None);
    }
}
