//! A generic discrete-event core: it knows time, order, randomness and digests, and no packet.
//!
//! * [`EventQueue`] pops events in a **total order that does not depend on the history of scheduling**: by time, then
//!   event class, then component, then a counter the component gives. Exact ties are structural in a network
//!   (back-to-back full frames), so a global sequence number would make the order depend on which event happened to
//!   be scheduled first, and would not survive lazily scheduled or fused events.
//! * [`Streams`] hands out named random streams, so that a new consumer of randomness moves no other.
//! * [`TrajectoryDigest`] condenses what happened into one number that is equal exactly when the trajectory is.
//!
//! ```
//! use homa_engine::{EventKey, EventQueue};
//! use homa_units::Time;
//!
//! let mut queue = EventQueue::default();
//! queue.push(EventKey::new(Time::from_ps(5), 2, 7, 0));
//! queue.push(EventKey::new(Time::from_ps(5), 1, 9, 0));
//! assert_eq!(queue.pop().map(|event| event.component()), Some(9));
//! assert_eq!(queue.pop().map(|event| event.component()), Some(7));
//! assert_eq!(queue.pop(), None);
//! ```

mod digest;
mod key;
mod lists;
mod occupancy;
mod queue;
mod streams;

pub use digest::TrajectoryDigest;
pub use key::EventKey;
pub use queue::EventQueue;
pub use streams::Streams;
