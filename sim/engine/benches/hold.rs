//! What an event costs in the queue, by how many are pending: the hold model.
//!
//! `cargo bench -p homa-engine`. The earliest event is popped and one is pushed some time after it, over and over, so that
//! the number of pending events stays. Times are those of a datacenter: most events are due within 2 us, one in 500 is a
//! timer of 1 ms. An item is a pop and a push.

use divan::counter::ItemsCount;
use divan::{Bencher, black_box};
use homa_engine::{EventKey, EventQueue, Streams};
use homa_units::{Duration, Time};
use rand::Rng;

/// Pops and pushes per sample.
const HOLDS: usize = 10_000;
/// Drawn in advance, so that drawing is not measured; a prime number, so that no pattern arises.
const INCREMENTS: usize = 65_537;
const TIMERS_ONE_IN: u64 = 500;

fn main() {
    divan::main();
}

fn increments() -> Vec<Duration> {
    let mut generator = Streams::new(1).stream("hold", 0);
    let mut draw = || match generator.next_u64() % TIMERS_ONE_IN {
        0 => Duration::from_ms(1),
        _ => Duration::from_ps(100_000 + generator.next_u64() % 1_900_000),
    };
    (0..INCREMENTS).map(|_| draw()).collect()
}

#[divan::bench(args = [700, 20_000, 200_000])]
fn hold(bencher: Bencher<'_, '_>, pending: u32) {
    let increments = increments();
    let mut next = increments.iter().cycle();
    let mut increment = || *next.next().expect("a cycle has no end");
    let mut queue = EventQueue::default();
    let mut generator = Streams::new(1).stream("begin", 0);
    for component in 0..pending {
        // In the long run two of three pending events are timers, somewhere on their way.
        let span_ps = if component % 3 == 0 { 1_000_000 } else { 1_000_000_000 };
        queue.push(EventKey::new(Time::from_ps(generator.next_u64() % span_ps), 2, component, 0));
    }
    let mut hold = || {
        for _ in 0..HOLDS {
            let event = queue.pop().expect("the number of pending events stays");
            queue.push(EventKey::new(event.at() + increment(), event.class(), event.component(), 0));
        }
        black_box(queue.is_empty())
    };
    // Until the queue's memory has its size.
    for _ in 0..2 + 2 * pending as usize / HOLDS {
        hold();
    }
    bencher.counter(ItemsCount::new(HOLDS)).bench_local(hold);
}
