//! The kinds of events, and their order at one instant.

use homa_engine::{EventKey, EventQueue};
use homa_units::{Duration, Time};

/// In what order events of one instant happen.
///
/// It is a constant of a transport ([`Transport::ORDER`](crate::Transport::ORDER)), so that the
/// default costs nothing. The others are those of other simulators, for models that must agree with
/// them to the picosecond. They need one thread, as what was created first depends on the whole
/// network.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum EventOrder {
    /// By kind, then by the number of the component (port, host, generator). Timers and pulls of
    /// one host go in the order in which they were set.
    #[default]
    ByComponent,
    /// By kind, then in the order in which events were created.
    ByKindAndCreation,
    /// In the order in which events were created.
    ByCreation,
}

/// What happens at an event, by rank at one instant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub(crate) enum EventClass {
    /// A port's frame has ended, and packets wait.
    Dequeue,
    /// A NIC can pull a packet, or a transport's timeout is due.
    HostTimer,
    /// A packet is at the other end of a link.
    Arrival,
    /// A message is created.
    Submission,
    /// A host fails.
    HostFailure,
}

impl EventClass {
    #[cfg(test)]
    const ALL: [Self; 5] = [Self::Dequeue, Self::HostTimer, Self::Arrival, Self::Submission, Self::HostFailure];

    /// # Panics
    /// If there is no such class: an event of it would be lost.
    #[inline]
    fn of(rank: u8) -> Self {
        match rank {
            0 => Self::Dequeue,
            1 => Self::HostTimer,
            2 => Self::Arrival,
            3 => Self::Submission,
            4 => Self::HostFailure,
            _ => panic!("there is no event of class {rank}"),
        }
    }
}

/// A host timer as the counter of its event: pulls and timeouts of one host at one instant fire in
/// the order in which they were armed. (The number of pulls wraps after 2^31, which one instant
/// doesn't see.)
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum HostTimer {
    /// The NIC can take a packet; armed with the `n`-th pull.
    Pull(u32),
    /// The transport's timeout, armed after the `n`-th pull.
    Timeout(u32),
}

impl HostTimer {
    pub(crate) const fn counter(self) -> u32 {
        match self {
            Self::Pull(pulls) => pulls << 1,
            Self::Timeout(pulls) => pulls << 1 | 1,
        }
    }

    pub(crate) const fn from_counter(counter: u32) -> Self {
        if counter & 1 == 0 { Self::Pull(counter >> 1) } else { Self::Timeout(counter >> 1) }
    }
}

/// An event, decoded from its key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Event {
    pub(crate) class: EventClass,
    /// The number of the port, host or generator.
    pub(crate) component: u32,
    /// [`HostTimer::counter`] of a host's timer.
    pub(crate) counter: u32,
}

impl Event {
    #[inline]
    pub(crate) const fn new(class: EventClass, component: u32) -> Self {
        Self { class, component, counter: 0 }
    }

    #[inline]
    pub(crate) const fn timer(host: u32, timer: HostTimer) -> Self {
        Self { class: EventClass::HostTimer, component: host, counter: timer.counter() }
    }
}

// With an order by creation, the lower 64 bits of a key are class (3 bits), number of the creation
// (36), component (24), and the lowest bit of the counter, which tells a timeout from a pull; or
// the number of the creation comes first.
const CLASS_BITS: u32 = 3;
const CREATION_BITS: u32 = 36;
const COMPONENT_BITS: u32 = 24;

impl EventOrder {
    /// The key of an event, which is the `created`-th.
    #[inline]
    pub(crate) fn key(self, at: Time, event: Event, created: u64) -> EventKey {
        let Event { class, component, counter } = event;
        let rank = class as u64;
        let front = match self {
            Self::ByComponent => return EventKey::new(at, class as u8, component, counter),
            Self::ByKindAndCreation => rank << CREATION_BITS | created,
            Self::ByCreation => created << CLASS_BITS | rank,
        };
        assert!(
            created < 1 << CREATION_BITS && component < 1 << COMPONENT_BITS,
            "events and components can be numbered"
        );
        let low = front << (COMPONENT_BITS + 1) | u64::from(component) << 1 | u64::from(counter & 1);
        EventKey::from_parts(at, low)
    }

    /// The event of a key.
    #[inline]
    pub(crate) fn event(self, key: EventKey) -> Event {
        let low = key.low();
        let front = low >> (COMPONENT_BITS + 1);
        let rank = match self {
            Self::ByComponent => {
                let class = EventClass::of(key.class());
                return Event { class, component: key.component(), counter: key.counter() };
            }
            Self::ByKindAndCreation => front >> CREATION_BITS,
            Self::ByCreation => front & ((1 << CLASS_BITS) - 1),
        };
        let component = (low >> 1) as u32 & ((1 << COMPONENT_BITS) - 1);
        Event { class: EventClass::of(rank as u8), component, counter: low as u32 & 1 }
    }
}

/// Most events are due within it: the time of a full frame at 10 Gbps and delays of microseconds.
const HORIZON: Duration = Duration::from_us(2);

/// The pending events.
#[derive(Debug)]
pub(crate) struct Scheduler {
    pub(crate) queue: EventQueue,
    /// Events that have been created: counted only if their order depends on it.
    created: u64,
}

impl Scheduler {
    pub(crate) fn new() -> Self {
        Self { queue: EventQueue::new(HORIZON), created: 0 }
    }

    /// Schedules an event.
    // Inlined by force, so that the event isn't put into memory to be read.
    #[inline(always)]
    pub(crate) fn schedule(&mut self, order: EventOrder, at: Time, event: Event) {
        if order != EventOrder::ByComponent {
            self.created += 1;
        }
        self.queue.push(order.key(at, event, self.created));
    }

    /// Schedules what has just happened once more.
    #[inline(always)]
    pub(crate) fn schedule_again(&mut self, order: EventOrder, at: Time, happened: EventKey) {
        match order {
            // The key is the same but for the time.
            EventOrder::ByComponent => self.queue.push(EventKey::from_parts(at, happened.low())),
            EventOrder::ByKindAndCreation | EventOrder::ByCreation => {
                self.schedule(order, at, order.event(happened));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ORDERS: [EventOrder; 3] = [EventOrder::ByComponent, EventOrder::ByKindAndCreation, EventOrder::ByCreation];

    #[test]
    fn an_event_comes_back_from_its_key_in_every_order() {
        for order in ORDERS {
            for class in EventClass::ALL {
                for (component, counter) in [(0, 0), (5, 1), ((1 << COMPONENT_BITS) - 1, 1)] {
                    let event = Event { class, component, counter };
                    let key = order.key(Time::from_ps(77), event, (1 << CREATION_BITS) - 1);
                    assert_eq!((order.event(key), key.at()), (event, Time::from_ps(77)));
                }
            }
        }
    }

    #[test]
    fn events_of_one_instant_are_ordered_by_component_by_kind_and_creation_or_by_creation() {
        let arrival = |component| Event::new(EventClass::Arrival, component);
        let dequeue = |component| Event::new(EventClass::Dequeue, component);
        // In the order of their creation.
        let events = [arrival(3), dequeue(2), arrival(1), dequeue(4)];
        let sorted = |order: EventOrder| {
            let keys = (0..).zip(events).map(|(created, event)| order.key(Time::ZERO, event, created));
            let mut keys: Vec<_> = keys.collect();
            keys.sort();
            keys.into_iter().map(|key| order.event(key)).collect::<Vec<_>>()
        };
        assert_eq!(sorted(EventOrder::ByComponent), [dequeue(2), dequeue(4), arrival(1), arrival(3)]);
        assert_eq!(sorted(EventOrder::ByKindAndCreation), [dequeue(2), dequeue(4), arrival(3), arrival(1)]);
        assert_eq!(sorted(EventOrder::ByCreation), events);
    }

    #[test]
    #[should_panic(expected = "there is no event of class 5")]
    fn an_event_of_an_unknown_class_is_a_fault() {
        let _ = EventOrder::ByComponent.event(EventKey::new(Time::ZERO, 5, 0, 0));
    }
}
