//! Stops: for a while nothing goes on, on one core or on all.

use super::timers::Timer;
use super::{LinuxHost, Stack};
use homa_units::{Duration, Time};
use rand::Rng;

impl<S: Stack> LinuxHost<S> {
    /// Sets the first stops.
    pub(super) fn begin_stops(&mut self) {
        let (rate, period) = (self.model.parameters.gap_rate, self.model.parameters.smi_period);
        if rate > 0.0 {
            self.next_gap();
        }
        if let Some(period) = period {
            // The phase of a host is its own.
            let phase = (u128::from(self.streams.stops.next_u64()) * u128::from(period.as_ps())) >> 64;
            self.timers.set(Timer::Smi, Time::from_ps(phase as u64));
        }
    }

    /// Stops of single cores come at random, independently of each other.
    fn next_gap(&mut self) {
        let uniform = (self.streams.stops.next_u64() >> 11) as f64 / (1_u64 << 53) as f64;
        let seconds = -libm::log(1.0 - uniform) / self.model.parameters.gap_rate;
        let gap = Duration::from_ps(libm::round(seconds * 1e12) as u64);
        self.timers.set(Timer::Gap, self.now + gap);
    }

    pub(super) fn gap(&mut self) {
        let cores = self.cores.len() as u64;
        let core = ((u128::from(self.streams.stops.next_u64()) * u128::from(cores)) >> 64) as u32;
        self.stop(core, self.model.parameters.gap_length);
        self.next_gap();
    }

    pub(super) fn smi(&mut self) {
        for core in 0..self.cores.len() as u32 {
            self.stop(core, self.model.parameters.smi_length);
        }
        let period = self.model.parameters.smi_period.expect("only then is the timer set");
        self.timers.set(Timer::Smi, self.now + period);
    }

    /// What a core does takes so much longer, and what it begins meanwhile begins later.
    fn stop(&mut self, core: u32, length: Duration) {
        let works = self.works(core);
        let entry = &mut self.cores[core as usize];
        entry.stopped_until = entry.stopped_until.max(self.now) + length;
        if works {
            entry.ends += length;
            self.timers.set(Timer::Work(core), entry.ends);
        }
    }

    /// Whether a piece of work is in progress on a core.
    fn works(&self, core: u32) -> bool {
        let entry = &self.cores[core as usize];
        entry.soft.is_some() || entry.thread.is_some_and(|thread| self.threads[thread as usize].is_working())
    }
}
