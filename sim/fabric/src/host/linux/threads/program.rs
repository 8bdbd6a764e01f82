//! What threads do: system calls, copies, the application.

use super::{OutgoingCall, Phase, Role, Wait, Work};
use crate::host::linux::core::Core;
use crate::host::linux::stack::{Outgoing, Stack, UnitKind};
use crate::host::linux::stages::{Stage, Stages};
use crate::host::linux::usage::Purpose;
use crate::host::linux::{LinuxHost, OutgoingMessage};
use crate::packet::{Message, MessageRef};
use homa_units::Duration;

impl<S: Stack> LinuxHost<S> {
    pub(super) fn purpose(&self, number: u32) -> Purpose {
        let thread = &self.threads[number as usize];
        match (&thread.phase, thread.role) {
            (_, Role::Pacer) => Purpose::Pacer,
            (Phase::Sending(_) | Phase::Copying, Role::Sender) => Purpose::Send,
            (Phase::Replying(_) | Phase::Copying, Role::Receiver) => Purpose::Reply,
            (Phase::Receiving(_), _) => Purpose::Receive,
            (Phase::Application(_) | Phase::Thinking, _) => Purpose::Application,
            (Phase::Waiting, Role::Sender) => Purpose::Spin,
            (Phase::Waiting | Phase::Sending(_), Role::Receiver) | (Phase::Replying(_), Role::Sender) => Purpose::Poll,
        }
    }

    /// What a thread does next, and what it takes; none if it has nothing to do.
    pub(super) fn next_of_thread(&mut self, number: u32) -> Option<Duration> {
        let thread = &mut self.threads[number as usize];
        if let Some(unit) = thread.units.pop_front() {
            let copy = self.copy_of_unit(number, &unit.unit);
            let base = self.unit_cost(&unit.unit) + copy;
            self.threads[number as usize].unit = Some(unit);
            return Some(base);
        }
        match &thread.phase {
            Phase::Waiting => self.begins(number),
            Phase::Copying => {
                let left = thread.call.map_or(0, |(_, left)| left);
                Some(self.model.parameters.copy_in * u64::from(left))
            }
            Phase::Thinking => Some(self.model.parameters.t_think),
            Phase::Application(_) => Some(self.model.parameters.t_app),
            Phase::Replying(work) => {
                let bytes = work.taken.reply.expect("only requests are answered");
                Some(self.model.parameters.t_reply + self.first_copy(bytes))
            }
            Phase::Sending(_) | Phase::Receiving(_) => unreachable!("a call ends before the next piece"),
        }
    }

    /// A thread that waits looks for something to do.
    fn begins(&mut self, number: u32) -> Option<Duration> {
        let now = self.now;
        let thread = &mut self.threads[number as usize];
        match thread.role {
            Role::Pacer => None,
            Role::Sender => {
                let (reference, message) = thread.requests.pop_front()?;
                thread.phase = Phase::Sending(OutgoingCall { reference, message, began: now });
                Some(self.model.parameters.t_send + self.first_copy(message.size.get() as u32))
            }
            Role::Receiver => {
                let socket = thread.socket;
                // It has been called, and has not noticed yet.
                if let Wait::Called { .. } = thread.wait {
                    return None;
                }
                let given = thread.given.take();
                let works = thread.wait == Wait::No;
                given.or_else(|| works.then(|| self.sockets[socket as usize].ready.pop_front()).flatten())?;
                let taken = self.stack.take(now, socket)?;
                let known = &mut self.sockets[socket as usize].stages;
                let place = known.iter().position(|(id, _)| *id == taken.id);
                let stages = place.map(|place| {
                    let (_, mut stages) = known.swap_remove(place);
                    stages.spend(Stage::Wakeup, now);
                    stages
                });
                let copy = self.model.parameters.copy_out * u64::from(taken.bytes);
                let base = self.lock(socket) + self.model.parameters.t_recv + copy;
                self.threads[number as usize].phase = Phase::Receiving(Work { taken, stages });
                Some(base)
            }
        }
    }

    /// Copying before the first unit of a message leaves.
    fn first_copy(&self, bytes: u32) -> Duration {
        let first = if self.model.parameters.pipelined { bytes.min(self.model.unit_bytes) } else { bytes };
        self.model.parameters.copy_in * u64::from(first)
    }

    /// Copying a further unit of a message before it leaves.
    fn copy_of_unit(&mut self, number: u32, unit: &S::Unit) -> Duration {
        let UnitKind::Data { outgoing, bytes } = self.stack.unit_kind(unit) else {
            return Duration::ZERO;
        };
        let Some((called, left)) = &mut self.threads[number as usize].call else { return Duration::ZERO };
        if *called != outgoing {
            return Duration::ZERO;
        }
        let copied = bytes.min(*left);
        *left -= copied;
        self.model.parameters.copy_in * u64::from(copied)
    }

    /// A piece of a thread's work has ended.
    pub(in crate::host::linux) fn thread_piece_done(&mut self, core: u32, number: u32) {
        if let Some(unit) = self.threads[number as usize].unit.take() {
            return self.release(core, &unit);
        }
        let phase = std::mem::replace(&mut self.threads[number as usize].phase, Phase::Waiting);
        match phase {
            Phase::Waiting => {}
            Phase::Sending(call) => self.sends(core, number, call),
            Phase::Copying => self.call_ends(number),
            Phase::Thinking => {}
            Phase::Receiving(work) => self.received(number, work),
            Phase::Application(mut work) => {
                if let Some(stages) = &mut work.stages {
                    stages.spend(Stage::Application, self.now);
                }
                self.cores[core as usize].last_app = Some(self.now);
                if work.taken.reply.is_some() {
                    self.threads[number as usize].phase = Phase::Replying(work);
                }
            }
            Phase::Replying(work) => self.replies(core, number, work),
        }
    }

    /// The system call of a sender hands its message to the protocol.
    fn sends(&mut self, core: u32, number: u32, call: OutgoingCall) {
        let OutgoingCall { reference, message, began } = call;
        let socket = self.threads[number as usize].socket;
        let server = self.model.server_port(&mut self.streams.server_ports);
        let stages = Stages::begin(began);
        let outgoing = self.begins_call(number, message.size.get() as u32, stages);
        let request = Outgoing { reference, message, number: outgoing };
        self.stack.send(self.now, socket, server, &request);
        self.takes_units(core, number);
    }

    fn replies(&mut self, core: u32, number: u32, work: Work<S::Job>) {
        let Work { taken, stages } = work;
        let mut stages = stages.unwrap_or(Stages::begin(self.now));
        stages.turn();
        let bytes = taken.reply.expect("only requests are answered");
        let outgoing = self.begins_call(number, bytes, stages);
        self.stack.reply(self.now, taken.job, outgoing);
        self.takes_units(core, number);
    }

    fn begins_call(&mut self, number: u32, bytes: u32, stages: Stages) -> u32 {
        let outgoing = self.outgoing.insert(OutgoingMessage { stages, call_ended: None, is_released: false }) as u32;
        let copied = if self.model.parameters.pipelined { bytes.min(self.model.unit_bytes) } else { bytes };
        let thread = &mut self.threads[number as usize];
        thread.call = Some((outgoing, bytes - copied));
        thread.phase = Phase::Copying;
        outgoing
    }

    /// The first unit of a call leaves at once, the others one after the other.
    fn takes_units(&mut self, core: u32, number: u32) {
        if self.pushes
            && let Some(first) = self.poll_unit(true)
        {
            self.release(core, &first);
            while let Some(unit) = self.poll_unit(true) {
                self.threads[number as usize].units.push_back(unit);
            }
        }
        self.collect();
    }

    /// A call that sends returns to the application.
    fn call_ends(&mut self, number: u32) {
        let thread = &mut self.threads[number as usize];
        if let Some((outgoing, _)) = thread.call.take() {
            let message = &mut self.outgoing[outgoing as usize];
            message.call_ended = Some(self.now);
            if message.is_released {
                self.outgoing.remove(outgoing as usize);
            }
        }
        if thread.role == Role::Sender {
            thread.phase = Phase::Thinking;
        }
    }

    /// The system call that receives returns to the application.
    fn received(&mut self, number: u32, mut work: Work<S::Job>) {
        if let Some(stages) = &mut work.stages {
            stages.spend(Stage::Receive, self.now);
        }
        self.stack.finish(self.now, work.taken.job);
        self.ended(&work);
        self.threads[number as usize].phase = Phase::Application(work);
        // Receiving can make acknowledgements, and sending of messages that waited for memory.
        if self.pushes {
            while let Some(unit) = self.poll_unit(false) {
                self.threads[number as usize].units.push_back(unit);
            }
        }
        self.collect();
    }

    /// A message is due.
    pub(in crate::host::linux) fn request_is_due(&mut self, sender: u32, reference: MessageRef, message: &Message) {
        let thread = &mut self.threads[sender as usize];
        thread.requests.push_back((reference, *message));
        let core = thread.core;
        let is_waiting = !thread.is_working();
        let Core { thread: current, soft, .. } = &self.cores[core as usize];
        if *current != Some(sender) {
            self.sender_wants_core(core);
        } else if is_waiting && soft.is_none() {
            self.run_thread(core);
        }
    }

    /// Units that the protocol hands out by itself, such as those that its pacer has deferred.
    pub(in crate::host::linux) fn pacer_has_units(&mut self) {
        let pacer = self.pacer;
        let thread = &mut self.threads[pacer as usize];
        if thread.wait != Wait::Sleeping || thread.units.is_empty() {
            return;
        }
        thread.wait = Wait::No;
        self.want_core(pacer, true);
    }
}
