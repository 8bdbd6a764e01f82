//! Where the threads of a run meet, and what they leave for each other.

use super::part::Crossing;
use homa_units::Time;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Lets a thread go on when all have come.
///
/// They wait without sleeping, as the time between two meetings is some ten microseconds, in which the system can hardly wake
/// anybody up.
#[derive(Debug)]
struct Barrier {
    threads: usize,
    arrived: AtomicUsize,
    /// How often all have met.
    meetings: AtomicUsize,
    /// A thread has panicked and will not come.
    broken: AtomicBool,
}

/// The panic of a thread that waits for one that has panicked: it says nothing, as the other one has.
#[derive(Debug)]
pub(super) struct AnotherPanicked;

/// So often a waiting thread looks again before it offers its core to others: some 50 microseconds. Offered sooner, the core goes to
/// whatever else wants it, for milliseconds.
const SPINS: u32 = 2_000;

impl Barrier {
    fn meet(&self) {
        let meetings = self.meetings.load(Ordering::Acquire);
        if self.arrived.fetch_add(1, Ordering::AcqRel) + 1 == self.threads {
            self.arrived.store(0, Ordering::Relaxed);
            self.meetings.store(meetings.wrapping_add(1), Ordering::Release);
            return;
        }
        let mut spins = 0;
        while self.meetings.load(Ordering::Acquire) == meetings {
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

/// What a part says of itself at a meeting. A cache line of its own.
#[derive(Debug, Default)]
#[repr(align(64))]
struct Notice {
    /// Before this, nothing happens in the part unless other parts send something; the end of time if nothing ever does.
    earliest_ps: AtomicU64,
    /// Notes that have not been settled.
    happenings: AtomicUsize,
    /// The most packets of the window (see [`super::part::PacketCounts`]).
    packets_max: AtomicI64,
}

/// What all parts say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Notices {
    pub(super) earliest: Time,
    pub(super) happenings: usize,
    /// No fewer than there were in the network at any instant of the window.
    pub(super) packets_max: i64,
}

/// A meeting place. What is left there lies on one of two sides, by turns: nobody can be further ahead than that.
#[derive(Debug)]
pub(super) struct Meeting<H> {
    barrier: Barrier,
    notices: [Vec<Notice>; 2],
    /// By sender and receiver.
    mail: [Vec<Mutex<Vec<Crossing<H>>>>; 2],
}

/// As long as a thread has it, its panic ends the waiting of the others.
pub(super) struct Presence<'a>(&'a Barrier);

impl Drop for Presence<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.broken.store(true, Ordering::Relaxed);
        }
    }
}

impl<H> Meeting<H> {
    pub(super) fn new(parts: usize) -> Self {
        let barrier = Barrier {
            threads: parts,
            arrived: AtomicUsize::new(0),
            meetings: AtomicUsize::new(0),
            broken: AtomicBool::new(false),
        };
        let notices = || (0..parts).map(|_| Notice::default()).collect();
        let mail = || (0..parts * parts).map(|_| Mutex::default()).collect();
        Self { barrier, notices: [notices(), notices()], mail: [mail(), mail()] }
    }

    /// Waits until all have come.
    pub(super) fn meet(&self) {
        self.barrier.meet();
    }

    /// To be held by each thread.
    pub(super) const fn presence(&self) -> Presence<'_> {
        Presence(&self.barrier)
    }

    /// Says something for the next meeting.
    pub(super) fn notify(&self, side: usize, part: usize, Notices { earliest, happenings, packets_max }: Notices) {
        let notice = &self.notices[side][part];
        notice.earliest_ps.store(earliest.as_ps(), Ordering::Relaxed);
        notice.happenings.store(happenings, Ordering::Relaxed);
        notice.packets_max.store(packets_max, Ordering::Relaxed);
    }

    /// What all have said.
    pub(super) fn notices(&self, side: usize) -> Notices {
        let nothing = Notices { earliest: Time::MAX, happenings: 0, packets_max: 0 };
        self.notices[side].iter().fold(nothing, |all, notice| Notices {
            earliest: all.earliest.min(Time::from_ps(notice.earliest_ps.load(Ordering::Relaxed))),
            happenings: all.happenings + notice.happenings.load(Ordering::Relaxed),
            packets_max: all.packets_max + notice.packets_max.load(Ordering::Relaxed),
        })
    }

    /// The packets that go from one part to another.
    pub(super) fn mail(&self, side: usize, from: usize, to: usize) -> MutexGuard<'_, Vec<Crossing<H>>> {
        let parts = self.notices[side].len();
        // A thread that panics while it holds this ends the run anyway.
        self.mail[side][from * parts + to].lock().unwrap_or_else(PoisonError::into_inner)
    }
}
