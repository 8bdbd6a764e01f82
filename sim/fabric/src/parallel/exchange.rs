//! The barrier at which the threads of a run wait, and the mailboxes in which they leave packets
//! for each other.

use super::deferred::Crossing;
use homa_units::Time;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Lets a thread go on when all have come.
///
/// Threads spin and don't sleep: a window takes about ten microseconds, which is less than waking a
/// thread does.
#[derive(Debug)]
struct Barrier {
    threads: usize,
    arrived: AtomicUsize,
    /// How often all have met.
    rounds: AtomicUsize,
    /// A thread has panicked and will not come.
    broken: AtomicBool,
}

/// The panic of a thread that waits for one that has panicked. It prints nothing, as the other one
/// has.
#[derive(Debug)]
pub(super) struct AnotherPanicked;

/// How often a waiting thread spins before it yields its core: about 50 us. Yielded sooner, the
/// core goes to whatever else wants it, for milliseconds.
const SPINS: u32 = 2_000;

impl Barrier {
    fn wait(&self) {
        let rounds = self.rounds.load(Ordering::Acquire);
        if self.arrived.fetch_add(1, Ordering::AcqRel) + 1 == self.threads {
            self.arrived.store(0, Ordering::Relaxed);
            self.rounds.store(rounds.wrapping_add(1), Ordering::Release);
            return;
        }
        let mut spins = 0;
        while self.rounds.load(Ordering::Acquire) == rounds {
            if self.broken.load(Ordering::Relaxed) {
                std::panic::resume_unwind(Box::new(AnotherPanicked));
            }
            if spins < SPINS {
                spins += 1;
                std::hint::spin_loop();
            } else {
                std::thread::yield_now();
            }
        }
    }
}

/// The status of one partition at a barrier. A cache line of its own.
#[derive(Debug, Default)]
#[repr(align(64))]
struct StatusCell {
    /// When its next event is due, unless others send packets; the end of time if there is none.
    earliest_ps: AtomicU64,
    /// Deferred events that have not been merged.
    deferred: AtomicUsize,
    /// The most packets of the window (see [`super::deferred::PacketCounts`]).
    packets_max: AtomicI64,
}

/// The status of one partition, or of all together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Status {
    pub(super) earliest: Time,
    pub(super) deferred: usize,
    /// No fewer than there were in the network at any instant of the window.
    pub(super) packets_max: i64,
}

/// Barrier, mailboxes and status of all partitions. There are two sides, used by turns: no thread
/// is more than one window ahead.
#[derive(Debug)]
pub(super) struct Exchange<H> {
    barrier: Barrier,
    status: [Vec<StatusCell>; 2],
    /// By sender and receiver.
    mailbox: [Vec<Mutex<Vec<Crossing<H>>>>; 2],
}

/// Held by a thread: if it panics, the others stop waiting.
pub(super) struct PanicGuard<'a>(&'a Barrier);

impl Drop for PanicGuard<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.broken.store(true, Ordering::Relaxed);
        }
    }
}

impl<H> Exchange<H> {
    pub(super) fn new(partitions: usize) -> Self {
        let barrier = Barrier {
            threads: partitions,
            arrived: AtomicUsize::new(0),
            rounds: AtomicUsize::new(0),
            broken: AtomicBool::new(false),
        };
        let status = || (0..partitions).map(|_| StatusCell::default()).collect();
        let mailbox = || (0..partitions * partitions).map(|_| Mutex::default()).collect();
        Self { barrier, status: [status(), status()], mailbox: [mailbox(), mailbox()] }
    }

    /// Waits until all have come.
    pub(super) fn wait(&self) {
        self.barrier.wait();
    }

    /// To be held by each thread while it works.
    pub(super) const fn panic_guard(&self) -> PanicGuard<'_> {
        PanicGuard(&self.barrier)
    }

    /// Posts the status of a partition for the next barrier.
    pub(super) fn post_status(
        &self,
        side: usize,
        partition: usize,
        Status { earliest, deferred, packets_max }: Status,
    ) {
        let cell = &self.status[side][partition];
        cell.earliest_ps.store(earliest.as_ps(), Ordering::Relaxed);
        cell.deferred.store(deferred, Ordering::Relaxed);
        cell.packets_max.store(packets_max, Ordering::Relaxed);
    }

    /// The status of all partitions together.
    pub(super) fn status(&self, side: usize) -> Status {
        let nothing = Status { earliest: Time::MAX, deferred: 0, packets_max: 0 };
        self.status[side].iter().fold(nothing, |all, cell| Status {
            earliest: all.earliest.min(Time::from_ps(cell.earliest_ps.load(Ordering::Relaxed))),
            deferred: all.deferred + cell.deferred.load(Ordering::Relaxed),
            packets_max: all.packets_max + cell.packets_max.load(Ordering::Relaxed),
        })
    }

    /// The mailbox for packets from one partition to another.
    pub(super) fn mailbox(&self, side: usize, from: usize, to: usize) -> MutexGuard<'_, Vec<Crossing<H>>> {
        let partitions = self.status[side].len();
        // A thread that panics while it holds this ends the run anyway.
        self.mailbox[side][from * partitions + to].lock().unwrap_or_else(PoisonError::into_inner)
    }
}
