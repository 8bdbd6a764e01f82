//! What depends on instants that the capture doesn't fix: the driver chooses, and these clocks say whether a choice is
//! possible for some instant within the bounds.

use super::Conflict;
use crate::Bounds;
use homa_protocol::PeerId;

/// What the core is told about time when it processes packets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Due {
    /// The next FIFO grant is due (protocol spec 5.7).
    pub(crate) fifo: bool,
    /// CUTOFFS may be sent: none were in this jiffy (protocol spec 6.4).
    pub(crate) cutoffs: bool,
}

/// When things happened that must not happen again too soon, as the earliest and the latest possible instant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Clocks {
    /// The last look for a FIFO grant. Before the capture there may have been one at any time.
    fifo: (i64, i64),
    /// The last CUTOFFS to each peer. Shortly before the capture there were none: it begins when all is quiet.
    cutoffs: Vec<(i64, i64)>,
}

/// Long before the capture.
const LONG_AGO: i64 = i64::MIN / 4;

impl Clocks {
    pub(super) fn new(peers: usize) -> Self {
        Self { fifo: (LONG_AGO, 0), cutoffs: vec![(LONG_AGO, LONG_AGO); peers] }
    }

    /// A grant was decided between `from` and `to`, and a FIFO grant was due then or not.
    pub(super) fn check_fifo(&mut self, due: bool, from: u64, to: u64, interval: u64) -> Result<(), Conflict> {
        let (from, to, interval) = (from as i64, to as i64, interval as i64);
        let (earliest, latest) = self.fifo;
        if due {
            if to < earliest + interval {
                return Err(Conflict::NotPossible);
            }
            self.fifo = (from.max(earliest + interval), to);
        } else {
            if from >= latest + interval {
                return Err(Conflict::NotPossible);
            }
            self.fifo.0 = earliest.max(from - interval);
        }
        Ok(())
    }

    /// DATA with another version of the cutoffs was processed at `now`, and CUTOFFS were sent at `sent` or held back.
    pub(super) fn check_cutoffs(
        &mut self,
        peer: PeerId,
        due: bool,
        now: u64,
        sent: Option<u64>,
        jiffy: u64,
    ) -> Result<(), Conflict> {
        let last = &mut self.cutoffs[peer.index()];
        if due {
            if let Some(sent) = sent {
                if sent as i64 <= last.1 {
                    return Err(Conflict::NotPossible);
                }
                *last = (now as i64, sent as i64);
            }
        } else if now as i64 >= last.1 + jiffy as i64 {
            return Err(Conflict::NotPossible);
        }
        Ok(())
    }

    /// Roughly where the clocks are, for recognising a state.
    pub(crate) fn rounded(&self) -> [i64; 2] {
        const STEP_NS: i64 = 50_000;
        [self.fifo.0 / STEP_NS, self.fifo.1 / STEP_NS]
    }
}

/// When the timer last ticked: between two instants, and most likely when.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct LastTick {
    pub(crate) earliest: i64,
    pub(crate) latest: i64,
    pub(crate) likely: i64,
    /// The time between two that is likely.
    pub(crate) usual: i64,
}

impl LastTick {
    /// Some time before the capture.
    pub(super) fn before(bounds: &Bounds, usual_ns: u64) -> Self {
        Self { earliest: -(bounds.longest_tick_ns() as i64), latest: 0, likely: 0, usual: usual_ns as i64 }
    }

    /// The one after it, if it can be between `from` and `to`.
    pub(super) fn next(self, bounds: &Bounds, from: u64, to: u64) -> Option<Self> {
        let earliest = (from as i64).max(self.earliest + bounds.shortest_tick_ns() as i64);
        let latest = (to as i64).min(self.latest + bounds.longest_tick_ns() as i64);
        let likely = (self.likely + self.usual).clamp(earliest, latest.max(earliest));
        (earliest <= latest).then_some(Self { earliest, latest, likely, ..self })
    }

    /// The same tick, now that a packet shows when it was.
    pub(super) fn seen_at(self, ns: u64) -> Self {
        let at = ns as i64;
        Self { earliest: at, latest: at, likely: at, ..self }
    }

    /// Whether one more must be before `ns`.
    pub(crate) fn is_overdue(self, bounds: &Bounds, ns: u64) -> bool {
        ns as i64 > self.latest + bounds.longest_tick_ns() as i64
    }

    /// Whether one more may be before `ns`.
    pub(crate) fn may_follow(self, bounds: &Bounds, from: u64, ns: u64) -> bool {
        self.next(bounds, from, ns).is_some()
    }

    /// Whether one more is likely before `ns`.
    pub(crate) fn is_likely(self, ns: u64) -> bool {
        ns as i64 >= self.likely + self.usual
    }
}
