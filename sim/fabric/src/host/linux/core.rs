//! Cores: what runs on them, in which order, and for how long.
//!
//! A core does softirq work first, one item after the other, and then what its thread does. Work
//! comes in pieces: at the end of a piece it has its effect, and the next piece begins. Softirq
//! work suspends the piece of a thread, which goes on afterwards.

use super::LinuxHost;
use super::idle;
use super::receive::Poll;
use super::sending::Unit;
use super::service::stretched;
use super::softirq::List;
use super::stack::{Ready, Stack};
use super::timers::Timer;
use super::usage::{Purpose, Usage};
use homa_units::{Duration, Time};
use std::collections::VecDeque;

/// An item of softirq work.
#[derive(Debug)]
pub(super) enum Soft<H> {
    /// NAPI polls a receive queue.
    Poll(Poll<H>),
    /// IP and Homa handle a list of packets.
    List(List<H>),
    /// Packets that have been sent are freed: so many.
    Free(u32),
}

/// What softirq does at the moment.
#[derive(Debug)]
pub(super) enum Doing<S: Stack> {
    Nothing,
    /// The next step of its item.
    Step,
    /// Giving a message to this thread, or to nobody in particular.
    HandOff(Option<u32>, Ready),
    /// Handing a unit to the NIC.
    Unit(Unit<S>),
}

/// One core, as the kernel sees it: a hyperthread.
#[derive(Debug)]
pub(super) struct Core<S: Stack> {
    /// Softirq work that waits, first come first served.
    pub(super) waiting: VecDeque<Soft<S::Header>>,
    pub(super) soft: Option<Soft<S::Header>>,
    pub(super) doing: Doing<S>,
    /// What the item in progress has left to send and to hand off.
    pub(super) units: VecDeque<Unit<S>>,
    pub(super) ready: VecDeque<Ready>,
    /// Lists on their way here from other cores, and when each arrives.
    pub(super) coming: VecDeque<(Time, List<S::Header>)>,
    /// The thread that has the core.
    pub(super) thread: Option<u32>,
    /// Threads that want it.
    pub(super) run_queue: VecDeque<u32>,
    /// Threads that poll when nobody else wants it.
    pub(super) pollers: VecDeque<u32>,
    /// When the piece of work in progress ends.
    pub(super) ends: Time,
    pub(super) idle_since: Time,
    /// Threads that wake up, and will run on it.
    pub(super) expected: u32,
    /// When it last did softirq work, polled a queue, and worked for an application.
    pub(super) last_soft: Option<Time>,
    pub(super) last_poll: Option<Time>,
    pub(super) last_app: Option<Time>,
    pub(super) stopped_until: Time,
    /// The slice of its thread ended while the thread worked: it gives way when it waits.
    pub(super) is_slice_over: bool,
    pub(super) usage: Usage,
    /// Without a limit on cores: a thread has it for itself.
    pub(super) is_owned: bool,
}

impl<S: Stack> Core<S> {
    pub(super) fn new(now: Time) -> Self {
        Self {
            waiting: VecDeque::new(),
            soft: None,
            doing: Doing::Nothing,
            units: VecDeque::new(),
            ready: VecDeque::new(),
            coming: VecDeque::new(),
            thread: None,
            run_queue: VecDeque::new(),
            pollers: VecDeque::new(),
            ends: now,
            idle_since: now,
            expected: 0,
            last_soft: None,
            last_poll: None,
            last_app: None,
            stopped_until: now,
            is_slice_over: false,
            usage: Usage::new(now),
            is_owned: false,
        }
    }

    /// Nothing runs on it, and nothing waits for it.
    pub(super) fn is_idle(&self) -> bool {
        self.soft.is_none() && self.thread.is_none()
    }
}

impl<S: Stack> LinuxHost<S> {
    /// Adds an item of softirq work to a core.
    pub(super) fn enqueue_soft(&mut self, core: u32, item: Soft<S::Header>) {
        self.cores[core as usize].waiting.push_back(item);
        self.begin_soft(core);
    }

    /// Softirq takes the core, if it has not got it.
    pub(super) fn begin_soft(&mut self, core: u32) {
        if self.cores[core as usize].soft.is_some() {
            return;
        }
        if let Some(thread) = self.cores[core as usize].thread {
            let rest = self.cores[core as usize].ends;
            let thread = &mut self.threads[thread as usize];
            if thread.is_working() && thread.rest.is_none() {
                thread.rest = Some(rest.saturating_since(self.now));
            }
        } else {
            self.leaves_idle();
        }
        self.run_soft(core);
    }

    /// Goes on with softirq work until a piece takes time, or nothing is left.
    fn run_soft(&mut self, core: u32) {
        loop {
            if self.cores[core as usize].soft.is_none() {
                let Some(item) = self.cores[core as usize].waiting.pop_front() else {
                    return self.end_soft(core);
                };
                self.cores[core as usize].soft = Some(item);
            }
            let Some((base, purpose)) = self.next_soft(core) else {
                self.cores[core as usize].soft = None;
                continue;
            };
            if self.starts_piece(core, base, purpose) {
                return;
            }
            self.soft_piece_done(core);
        }
    }

    /// A piece of softirq work of a core has ended.
    fn soft_piece_done(&mut self, core: u32) {
        match std::mem::replace(&mut self.cores[core as usize].doing, Doing::Nothing) {
            Doing::Nothing => unreachable!("softirq did something"),
            Doing::Step => self.soft_step_done(core),
            Doing::HandOff(thread, ready) => self.deliver(thread, ready),
            Doing::Unit(unit) => self.release(core, &unit),
        }
    }

    /// What softirq does next, and what it takes; none at the end of its item. What the item has
    /// handed off and sent comes first.
    fn next_soft(&mut self, core: u32) -> Option<(Duration, Purpose)> {
        let entry = &mut self.cores[core as usize];
        if let Some(ready) = entry.ready.pop_front() {
            let (thread, base) = self.hand_off(ready);
            self.cores[core as usize].doing = Doing::HandOff(thread, ready);
            return Some((base, Purpose::Softirq));
        }
        if let Some(unit) = entry.units.pop_front() {
            let base = self.unit_cost(&unit.unit);
            self.cores[core as usize].doing = Doing::Unit(unit);
            return Some((base, Purpose::Softirq));
        }
        entry.doing = Doing::Step;
        match entry.soft {
            Some(Soft::Poll(_)) => Some((self.next_of_poll(core)?, Purpose::Napi)),
            Some(Soft::List(_)) => Some((self.next_of_list(core)?, Purpose::Softirq)),
            Some(Soft::Free(packets)) => self.next_of_free(core, packets),
            None => unreachable!("softirq has an item"),
        }
    }

    /// Packets that have been sent are freed in one piece.
    fn next_of_free(&mut self, core: u32, packets: u32) -> Option<(Duration, Purpose)> {
        if packets == 0 {
            return None;
        }
        self.cores[core as usize].soft = Some(Soft::Free(0));
        Some((self.model.parameters.t_tx_done * u64::from(packets), Purpose::TxDone))
    }

    fn soft_step_done(&mut self, core: u32) {
        match self.cores[core as usize].soft {
            Some(Soft::Poll(_)) => self.poll_step_done(core),
            Some(Soft::List(_)) => self.list_step_done(core),
            Some(Soft::Free(_)) => {}
            None => unreachable!("softirq has an item"),
        }
    }

    /// Softirq gives the core back.
    fn end_soft(&mut self, core: u32) {
        let entry = &mut self.cores[core as usize];
        entry.last_soft = Some(self.now);
        if entry.thread.is_some() {
            self.run_thread(core);
        } else {
            self.core_is_free(core);
        }
    }

    /// Begins a piece of work. False if it takes no time, and so has ended.
    pub(super) fn starts_piece(&mut self, core: u32, base: Duration, purpose: Purpose) -> bool {
        if base == Duration::ZERO {
            return false;
        }
        let length = self.service(core, base);
        self.lasts(core, length, purpose);
        true
    }

    /// A piece of work goes on for a time.
    pub(super) fn lasts(&mut self, core: u32, length: Duration, purpose: Purpose) {
        let entry = &mut self.cores[core as usize];
        entry.usage.turn(self.now, purpose);
        entry.ends = self.now.max(entry.stopped_until) + length;
        self.timers.set(Timer::Work(core), entry.ends);
    }

    /// A piece of work of a core has ended.
    pub(super) fn piece_done(&mut self, core: u32) {
        if self.cores[core as usize].soft.is_some() {
            self.soft_piece_done(core);
            self.run_soft(core);
        } else {
            let thread = self.cores[core as usize].thread.expect("softirq or a thread works");
            self.thread_piece_done(core, thread);
            self.run_thread(core);
        }
    }

    /// How long work of a base length takes on a core now.
    fn service(&mut self, core: u32, base: Duration) -> Duration {
        let parameters = &self.model.parameters;
        let mut factor = self.model.variation.draw(&mut self.streams.service);
        if parameters.ht > 0.0 && self.sibling(core).is_some_and(|core| !self.cores[core as usize].is_idle()) {
            factor *= 1.0 + parameters.ht;
        }
        if parameters.contention > 0.0 {
            let share = f64::from(self.cores_in_use) / self.cores.len() as f64;
            factor *= 1.0 + parameters.contention * share;
        }
        stretched(base, factor)
    }

    /// The other hyperthread of a core.
    pub(super) fn sibling(&self, core: u32) -> Option<u32> {
        let count = self.cores.len() as u32;
        self.model.parameters.siblings.then(|| (core + count / 2) % count)
    }

    /// A core that was idle gets work.
    pub(super) const fn leaves_idle(&mut self) {
        self.cores_in_use += 1;
    }

    /// Nothing runs on a core any more.
    pub(super) fn becomes_idle(&mut self, core: u32) {
        self.cores_in_use -= 1;
        let entry = &mut self.cores[core as usize];
        entry.idle_since = self.now;
        entry.usage.turn(self.now, Purpose::Idle);
    }

    /// What a core needs to wake up now: nothing if it isn't idle.
    pub(super) fn exit_latency(&self, core: u32) -> Duration {
        let entry = &self.cores[core as usize];
        if !entry.is_idle() {
            return Duration::ZERO;
        }
        idle::exit_latency(&self.model.parameters.c_states, self.now.since(entry.idle_since))
    }

    /// A core on which nothing runs: the first, or without a limit a new one.
    pub(super) fn idle_core(&mut self) -> Option<u32> {
        let found = self.cores.iter().position(|core| core.is_idle() && !core.is_owned);
        if found.is_none() && self.model.parameters.cores == super::Limit::Unlimited {
            self.cores.push(Core::new(self.now));
            return Some(self.cores.len() as u32 - 1);
        }
        found.map(|core| core as u32)
    }
}
