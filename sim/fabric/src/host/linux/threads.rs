//! Threads: senders that spin, receivers that poll and sleep, and which of them has a core. What
//! they do there is in `threads/program.rs`.

mod program;

use super::LinuxHost;
use super::parameters::Limit;
use super::sending::Unit;
use super::stack::{IncomingId, Ready, Stack, Taken};
use super::stages::Stages;
use super::timers::Timer;
use super::usage::Purpose;
use crate::packet::{Message, MessageRef};
use homa_units::{Duration, Time};
use std::collections::VecDeque;

/// What a thread is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    /// Sends the requests of a client socket.
    Sender,
    /// Waits for messages of a socket.
    Receiver,
    /// Hands deferred units to the NIC.
    Pacer,
}

/// Where a thread is in its program.
#[derive(Debug)]
enum Phase<J> {
    Waiting,
    Sending(OutgoingCall),
    /// The rest of a message is copied after the call has sent what it may.
    Copying,
    Thinking,
    Receiving(Work<J>),
    Application(Work<J>),
    Replying(Work<J>),
}

/// A message that a thread deals with, and where its time went.
#[derive(Debug, Clone, Copy)]
pub(super) struct Work<J> {
    pub(super) taken: Taken<J>,
    pub(super) stages: Option<Stages>,
}

#[derive(Debug, Clone, Copy)]
struct OutgoingCall {
    reference: MessageRef,
    message: Message,
    began: Time,
}

/// Whether a thread that waits has the core's attention.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Wait {
    /// It isn't waiting.
    No,
    /// It looks for messages again and again.
    Polling,
    Sleeping,
    /// It has been given a message, and is about to notice or to wake up.
    Called {
        was_asleep: bool,
    },
}

/// A thread.
#[derive(Debug)]
pub(super) struct Thread<S: Stack> {
    pub(super) role: Role,
    socket: u32,
    pub(super) core: u32,
    phase: Phase<S::Job>,
    wait: Wait,
    /// What is left of a piece of work that softirq has suspended.
    pub(super) rest: Option<Duration>,
    /// It has just been switched to.
    is_switched_to: bool,
    /// A message that it was given.
    given: Option<Ready>,
    /// Requests of a sender that are due.
    requests: VecDeque<(MessageRef, Message)>,
    /// What its call has left to hand to the NIC.
    pub(super) units: VecDeque<Unit<S>>,
    /// The unit that it hands over at the moment.
    unit: Option<Unit<S>>,
    /// The message of its call, and the bytes of it that have not been copied.
    call: Option<(u32, u32)>,
}

impl<S: Stack> Thread<S> {
    pub(super) const fn new(role: Role, socket: u32, core: u32, polls: bool) -> Self {
        let wait = match role {
            Role::Receiver if !polls => Wait::Sleeping,
            Role::Pacer => Wait::Sleeping,
            Role::Receiver | Role::Sender => Wait::Polling,
        };
        Self {
            role,
            socket,
            core,
            phase: Phase::Waiting,
            wait,
            rest: None,
            is_switched_to: false,
            given: None,
            requests: VecDeque::new(),
            units: VecDeque::new(),
            unit: None,
            call: None,
        }
    }

    /// It works, and does not just wait.
    pub(super) fn is_working(&self) -> bool {
        self.wait == Wait::No
    }

    /// It works, or would if it had a core.
    fn has_something_to_do(&self) -> bool {
        self.is_working() || !self.requests.is_empty()
    }

    fn is_asleep(&self) -> bool {
        self.wait == Wait::Sleeping
    }
}

/// What threads of a socket share.
#[derive(Debug)]
pub(super) struct Socket {
    /// Threads that wait; the last one that began to wait is called first.
    waiting: Vec<u32>,
    /// Messages for which there was no thread.
    ready: VecDeque<Ready>,
    /// Messages that are ready and that no thread has taken, and where their time went.
    stages: Vec<(IncomingId, Stages)>,
    /// Until when its lock is held.
    locked_until: Time,
    threads: Limit,
}

impl Socket {
    pub(super) const fn new(threads: Limit) -> Self {
        Self { waiting: Vec::new(), ready: VecDeque::new(), stages: Vec::new(), locked_until: Time::ZERO, threads }
    }

    /// Keeps where the time of a message went until a thread takes it.
    pub(super) fn remember_stages(&mut self, id: IncomingId, stages: Stages) {
        self.stages.push((id, stages));
    }

    pub(super) const fn threads(&self) -> Limit {
        self.threads
    }
}

impl<S: Stack> LinuxHost<S> {
    /// Makes a thread; it has its core if that is free.
    pub(super) fn add_thread(&mut self, role: Role, socket: u32, core: Option<u32>) -> u32 {
        let number = self.threads.len() as u32;
        let polls = self.model.parameters.poll_time.is_none();
        let core = core.unwrap_or_else(|| {
            let core = self.idle_core().expect("without a limit on cores there is an idle one");
            self.cores[core as usize].is_owned = true;
            core
        });
        let thread = Thread::new(role, socket, core, polls);
        let is_asleep = thread.is_asleep();
        self.threads.push(thread);
        if role == Role::Receiver {
            self.sockets[socket as usize].waiting.push(number);
        }
        if is_asleep {
            return number;
        }
        if self.cores[core as usize].thread.is_none() {
            self.take_core(core, number);
        } else if role == Role::Sender {
            self.cores[core as usize].run_queue.push_back(number);
        } else {
            self.cores[core as usize].pollers.push_back(number);
        }
        number
    }

    /// Chooses a thread for a message, and says what the hand-off takes of softirq.
    pub(super) fn hand_off(&mut self, ready: Ready) -> (Option<u32>, Duration) {
        let socket = ready.socket;
        let lock = self.lock(socket);
        let entry = &mut self.sockets[socket as usize];
        let Some(thread) = entry.waiting.pop() else {
            if entry.threads == Limit::Unlimited {
                let thread = self.add_thread(Role::Receiver, socket, None);
                self.sockets[socket as usize].waiting.pop();
                return (Some(thread), lock);
            }
            self.counts.requests_queued += 1;
            return (None, lock);
        };
        let was_asleep = self.threads[thread as usize].is_asleep();
        if was_asleep {
            self.counts.wait_block += 1;
        } else {
            self.counts.wait_fast += 1;
        }
        let wake = if was_asleep { self.model.parameters.t_wake } else { Duration::ZERO };
        (Some(thread), lock + wake)
    }

    /// How long somebody who wants the lock of a socket waits for it and holds it.
    fn lock(&mut self, socket: u32) -> Duration {
        let held = self.model.parameters.t_lock;
        if held == Duration::ZERO {
            return held;
        }
        let entry = &mut self.sockets[socket as usize];
        let free = entry.locked_until.max(self.now);
        entry.locked_until = free + held;
        entry.locked_until.since(self.now)
    }

    /// Gives a message to a thread that waited, or to the next one that asks.
    pub(super) fn deliver(&mut self, thread: Option<u32>, ready: Ready) {
        let Some(thread) = thread else {
            // A thread may have begun to wait meanwhile.
            let socket = &mut self.sockets[ready.socket as usize];
            match socket.waiting.pop() {
                Some(thread) => return self.call(thread, ready),
                None => return socket.ready.push_back(ready),
            }
        };
        self.call(thread, ready);
    }

    fn call(&mut self, number: u32, ready: Ready) {
        let was_asleep = self.threads[number as usize].is_asleep();
        let mut after = self.model.parameters.t_notice;
        if was_asleep {
            let core = self.core_to_wake_on(self.threads[number as usize].core);
            self.threads[number as usize].core = core;
            self.cores[core as usize].expected += 1;
            after = self.model.parameters.l_wake + self.exit_latency(core);
        }
        let thread = &mut self.threads[number as usize];
        thread.given = Some(ready);
        thread.wait = Wait::Called { was_asleep };
        // Also where it takes no time: whoever calls has something to finish first.
        self.timers.set(Timer::Thread(number), self.now + after);
    }

    /// A thread that wakes up goes to its core if that is idle, else to an idle one, if possible to
    /// one whose other hyperthread is idle as well. A core that a thread is about to run on is not
    /// idle.
    fn core_to_wake_on(&self, own: u32) -> u32 {
        let is_free = |core: u32| self.cores[core as usize].is_idle() && self.cores[core as usize].expected == 0;
        let is_idle = |core: u32| is_free(core) && !self.cores[core as usize].is_owned;
        if is_free(own) {
            return own;
        }
        let mut idle = (0..self.cores.len() as u32).filter(|core| is_idle(*core));
        let has_idle_sibling = |core: &u32| self.sibling(*core).is_none_or(is_idle);
        idle.clone().find(has_idle_sibling).or_else(|| idle.next()).unwrap_or(own)
    }

    /// The timer of a thread: it has noticed a message or wakes up, or has polled for long enough.
    pub(super) fn thread_timer(&mut self, number: u32) {
        match self.threads[number as usize].wait {
            Wait::Called { was_asleep } => {
                self.threads[number as usize].wait = Wait::No;
                let core = self.threads[number as usize].core;
                self.cores[core as usize].expected -= u32::from(was_asleep);
                self.want_core(number, was_asleep);
            }
            Wait::Polling => self.falls_asleep(number),
            Wait::No | Wait::Sleeping => unreachable!("a thread that waits has a timer"),
        }
    }

    fn falls_asleep(&mut self, number: u32) {
        self.threads[number as usize].wait = Wait::Sleeping;
        let core = self.threads[number as usize].core;
        let entry = &mut self.cores[core as usize];
        entry.pollers.retain(|poller| *poller != number);
        if entry.thread == Some(number) {
            entry.thread = None;
            if entry.soft.is_none() {
                self.core_is_free(core);
            }
        }
    }

    /// A thread has something to do.
    fn want_core(&mut self, number: u32, was_asleep: bool) {
        let core = self.threads[number as usize].core;
        let entry = &mut self.cores[core as usize];
        entry.pollers.retain(|poller| *poller != number);
        let Some(current) = entry.thread else {
            return self.take_core(core, number);
        };
        if current == number {
            if entry.soft.is_none() {
                self.run_thread(core);
            }
            return;
        }
        let other = &self.threads[current as usize];
        let gives_way = !other.is_working() && (was_asleep || other.role != Role::Sender);
        if gives_way {
            self.put_aside(core, current);
            return self.switch_to(core, number);
        }
        self.cores[core as usize].run_queue.push_back(number);
        self.asks_for_slice(core);
    }

    /// A thread wants a core on which another one spins or works.
    fn asks_for_slice(&mut self, core: u32) {
        self.timers.set_if_unset(Timer::Slice(core), self.now + self.model.parameters.slice);
    }

    /// A sender that another thread keeps off its core has a request: a thread that polls gives way
    /// at once, others after their slice.
    pub(super) fn sender_wants_core(&mut self, core: u32) {
        let Some(current) = self.cores[core as usize].thread else { return };
        let other = &self.threads[current as usize];
        let polls = other.role == Role::Receiver && !other.is_working();
        if !polls || self.cores[core as usize].soft.is_some() {
            return self.asks_for_slice(core);
        }
        let next = self.next_of_run_queue(core).expect("the sender is on it");
        self.put_aside(core, current);
        self.switch_to(core, next);
    }

    /// Takes a thread off the run queue of a core: the first that has something to do, or else the
    /// first that spins.
    fn next_of_run_queue(&mut self, core: u32) -> Option<u32> {
        let run_queue = &self.cores[core as usize].run_queue;
        let place = run_queue.iter().position(|thread| self.threads[*thread as usize].has_something_to_do());
        self.cores[core as usize].run_queue.remove(place.unwrap_or(0))
    }

    /// Whether a thread on the run queue of a core has something to do.
    fn is_wanted(&self, core: u32) -> bool {
        let run_queue = &self.cores[core as usize].run_queue;
        run_queue.iter().any(|thread| self.threads[*thread as usize].has_something_to_do())
    }

    /// The thread that has a core, and only waits, leaves it to another one.
    fn put_aside(&mut self, core: u32, current: u32) {
        let entry = &mut self.cores[core as usize];
        entry.thread = None;
        match self.threads[current as usize].role {
            Role::Sender => entry.run_queue.push_back(current),
            Role::Receiver | Role::Pacer => entry.pollers.push_back(current),
        }
    }

    /// A core without a thread gets one.
    fn take_core(&mut self, core: u32, number: u32) {
        if self.cores[core as usize].is_idle() {
            self.leaves_idle();
        }
        self.cores[core as usize].thread = Some(number);
        if self.cores[core as usize].soft.is_none() {
            self.run_thread(core);
        }
    }

    /// Nobody has a core: a thread that wants it takes it, or one that polls.
    pub(super) fn core_is_free(&mut self, core: u32) {
        let next = self.next_of_run_queue(core);
        let next = next.or_else(|| self.cores[core as usize].pollers.pop_front());
        match next {
            Some(next) => self.switch_to(core, next),
            None => self.becomes_idle(core),
        }
    }

    /// A core that its thread has left gets another: at once, or when softirq gives it back.
    fn switch_to(&mut self, core: u32, next: u32) {
        self.cores[core as usize].is_slice_over = false;
        self.cores[core as usize].thread = Some(next);
        self.threads[next as usize].is_switched_to = true;
        if self.cores[core as usize].soft.is_none() {
            self.run_thread(core);
        }
    }

    /// The slice of a thread is over: if it spins, it gives way to one that has something to do; if
    /// it works, as soon as it waits.
    pub(super) fn slice_ends(&mut self, core: u32) {
        let entry = &self.cores[core as usize];
        let Some(current) = entry.thread else { return };
        if !self.is_wanted(core) {
            return;
        }
        if entry.soft.is_some() || self.threads[current as usize].is_working() {
            self.cores[core as usize].is_slice_over = true;
            return;
        }
        let next = self.next_of_run_queue(core).expect("it isn't empty");
        self.put_aside(core, current);
        self.switch_to(core, next);
    }

    /// The thread that has a core goes on until a piece of work takes time, or nothing is left.
    pub(super) fn run_thread(&mut self, core: u32) {
        let number = self.cores[core as usize].thread.expect("a thread has the core");
        if let Some(rest) = self.threads[number as usize].rest.take() {
            let purpose = self.purpose(number);
            return self.lasts(core, rest, purpose);
        }
        loop {
            let Some(base) = self.next_of_thread(number) else { return self.thread_waits(core, number) };
            self.threads[number as usize].wait = Wait::No;
            let switch = std::mem::take(&mut self.threads[number as usize].is_switched_to);
            let base = if switch { base + self.model.parameters.t_switch } else { base };
            let purpose = self.purpose(number);
            if self.starts_piece(core, base, purpose) {
                return;
            }
            self.thread_piece_done(core, number);
        }
    }

    /// A thread has nothing to do.
    fn thread_waits(&mut self, core: u32, number: u32) {
        let thread = &mut self.threads[number as usize];
        let began = thread.is_working();
        if began {
            thread.wait = Wait::Polling;
        }
        let (role, socket) = (thread.role, thread.socket);
        match role {
            Role::Pacer => {
                thread.wait = Wait::Sleeping;
                self.cores[core as usize].thread = None;
                return self.core_is_free(core);
            }
            Role::Receiver if began => {
                self.sockets[socket as usize].waiting.push(number);
                if let Some(poll_time) = self.model.parameters.poll_time {
                    self.timers.set(Timer::Thread(number), self.now + poll_time);
                }
            }
            Role::Receiver | Role::Sender => {}
        }
        let purpose = if role == Role::Sender { Purpose::Spin } else { Purpose::Poll };
        let entry = &mut self.cores[core as usize];
        entry.usage.turn(self.now, purpose);
        let is_wanted = self.is_wanted(core);
        // One that polls lets everybody else go first; one that spins has its slice.
        let gives_way = match role {
            Role::Sender => {
                is_wanted && (self.cores[core as usize].is_slice_over || self.model.parameters.slice == Duration::ZERO)
            }
            Role::Receiver | Role::Pacer => !self.cores[core as usize].run_queue.is_empty(),
        };
        if gives_way {
            let next = self.next_of_run_queue(core).expect("it isn't empty");
            self.put_aside(core, number);
            return self.switch_to(core, next);
        }
        if is_wanted {
            self.asks_for_slice(core);
        }
    }
}
