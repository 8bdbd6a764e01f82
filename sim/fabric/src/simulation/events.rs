//! What happens at each event.

use super::notes::Notes;
use super::{Simulation, class};
use crate::host::HostTimer;
use crate::packet::{Message, MessageRef, Packet};
use crate::port::Schedule;
use crate::traffic::{Submission, Traffic};
use crate::transport::{MessageEnd, Transport};
use homa_engine::EventKey;
use homa_topologies::{HostId, LinkId, Node, SwitchId};
use homa_units::{Priority, Time};
use rand::Rng;

#[expect(private_bounds, reason = "which kinds of notes there are is this crate's own business")]
impl<T: Transport, S: Traffic, O: Notes<T::Header>> Simulation<T, S, O> {
    pub(super) fn host_timer(&mut self, host: u32, timer: HostTimer) {
        let entry = &mut self.hosts[host as usize];
        if entry.dead {
            return;
        }
        match timer {
            HostTimer::Pull(_) => {
                entry.pull_armed = false;
                if entry.transport.has_packet() {
                    self.pull(host);
                }
            }
            HostTimer::Timeout(pulls) => {
                let fired = |(at, armed_after): (Time, u32)| at == self.now && armed_after & (u32::MAX >> 1) == pulls;
                if entry.timeout_armed.is_some_and(fired) {
                    entry.timeout_armed = None;
                }
                entry.transport.handle_timeout(self.now);
                self.after_transport_call(host);
            }
        }
    }

    pub(super) fn fetch(&mut self, port: u32) {
        if port >= self.pushing_hosts {
            let schedule = self.ports[port as usize].fetch(&mut self.arena, self.now);
            self.apply(port, schedule);
        } else if !self.hosts[port as usize].dead {
            let schedule = self.ports[port as usize].fetch(&mut self.arena, self.now);
            self.apply(port, schedule);
            self.frame_begun(port);
            self.after_transport_call(port);
        }
    }

    pub(super) fn arrival(&mut self, link: u32) {
        let (id, next) = O::arrive(self, link);
        if let Some(at) = next {
            self.queue.push(EventKey::new(at, class::ARRIVAL, link, 0));
        }
        match self.ports[link as usize].to {
            Node::Switch(switch) => {
                let LinkId(out) = self.route(switch, self.arena.get(id).destination);
                let schedule = self.ports[out as usize].offer(&mut self.arena, self.now, id);
                self.apply(out, schedule);
            }
            Node::Host(HostId(host)) => {
                let packet = self.arena.remove(id);
                O::packets_changed(self);
                if self.is_lost(host) {
                    self.lost_packets += 1;
                    return;
                }
                let class = T::class(&packet.header);
                self.received_wire_bytes[class][packet.priority.index()] += packet.wire_bytes().get();
                self.hosts[host as usize].transport.handle_packet(self.now, &packet);
                self.after_transport_call(host);
            }
        }
    }

    pub(super) fn submission(&mut self, generator: u32) {
        let state = &mut self.generators[generator as usize];
        let Submission { source, destination, size, .. } = state.pending.expect("it was scheduled");
        if self.hosts[source.0 as usize].dead {
            self.next_submission(generator);
            return;
        }
        state.waits = state.under_way >= state.limit;
        if state.waits {
            return;
        }
        state.under_way += 1;
        assert!(
            source != destination && size.get() > 0,
            "a message has at least one byte and another host as destination"
        );
        let host = &mut self.hosts[source.0 as usize];
        let message = Message { created: self.now, source, destination, sequence: host.messages, generator, size };
        host.messages += 1;
        let slot = u32::try_from(self.messages[source.0 as usize].insert(message)).expect("fewer than 2^32 messages");
        let reference = MessageRef { source, slot, sequence: message.sequence };
        self.observer.created(reference, &message);
        host.transport.submit(self.now, reference, &message);
        self.after_transport_call(source.0);
        self.next_submission(generator);
    }

    fn next_submission(&mut self, generator: u32) {
        let state = &mut self.generators[generator as usize];
        let before = state.pending.take().map_or(Time::ZERO, |submission| submission.at);
        state.pending = self.traffic.next(generator);
        assert!(
            state.pending.is_none_or(|submission| submission.at >= before),
            "a generator gives its messages in order of time"
        );
        self.schedule_submission(generator);
    }

    /// A generator that had to wait is late, and catches up.
    pub(super) fn schedule_submission(&mut self, generator: u32) {
        if let Some(submission) = &self.generators[generator as usize].pending {
            let at = submission.at.max(self.now);
            self.queue.push(EventKey::new(at, class::SUBMISSION, generator, 0));
        }
    }

    fn is_lost(&mut self, host: u32) -> bool {
        let threshold = self.faults.loss_threshold;
        self.hosts[host as usize].dead || (threshold > 0 && self.loss[host as usize].next_u64() < threshold)
    }

    /// From now on the host does nothing, and nobody waits for what it has begun.
    pub(super) fn death(&mut self, host: u32) {
        self.hosts[host as usize].dead = true;
        self.ports[host as usize].discard_waiting(&mut self.arena, self.now);
        O::packets_changed(self);
        O::died(self, host);
    }

    /// Takes all messages of a host that has died off the list of those in flight, in the order in which they were created.
    pub(crate) fn take_abandoned(&mut self, host: HostId) -> Vec<Message> {
        let mut messages: Vec<_> = core::mem::take(&mut self.messages[host.0 as usize]).drain().collect();
        messages.sort_unstable_by_key(|message| message.sequence);
        messages.iter().for_each(|message| self.has_ended(message));
        messages
    }

    /// A message is under way no more.
    fn has_ended(&mut self, message: &Message) {
        let generator = &mut self.generators[message.generator as usize];
        generator.under_way -= 1;
        if core::mem::take(&mut generator.waits) {
            self.queue.push(EventKey::new(self.now, class::SUBMISSION, message.generator, 0));
        }
    }

    /// Takes a message that has ended off the list of those in flight; none if that was reported late. `is_dead` is whether
    /// its source has died.
    #[inline]
    pub(crate) fn take_ended(&mut self, host: u32, end: MessageEnd, is_dead: bool) -> Option<Message> {
        let MessageEnd { message: MessageRef { source, slot, sequence }, may_repeat, .. } = end;
        let messages = &mut self.messages[source.0 as usize];
        let is_there = messages.get(slot as usize).is_some_and(|message| message.sequence == sequence);
        if is_dead || (may_repeat && !is_there) {
            return None;
        }
        assert!(is_there, "a message ends once");
        let message = messages.remove(slot as usize);
        assert!(
            [message.destination, message.source].contains(&HostId(host)),
            "a message ends at its destination or, where there is an answer, at its source"
        );
        self.has_ended(&message);
        Some(message)
    }

    /// Does what a transport's contract asks for after each call.
    #[inline]
    fn after_transport_call(&mut self, host: u32) {
        while let Some(end) = self.hosts[host as usize].transport.poll_completion() {
            O::ended(self, host, end);
        }
        if host < self.pushing_hosts {
            self.push(host);
        }
        let entry = &mut self.hosts[host as usize];
        if let Some((at, timer)) = entry.timeout_to_arm() {
            if at == self.now {
                self.observer.begin_anew();
            }
            self.queue.push(EventKey::new(at, class::HOST_TIMER, host, timer.counter()));
        }
        if !entry.pull_armed && entry.transport.has_packet() {
            if self.now >= entry.next_pull {
                self.pull(host);
            } else {
                self.arm_pull(host);
            }
        }
    }

    /// Puts everything that a transport has into the queue of the host's NIC.
    fn push(&mut self, host: u32) {
        while self.hosts[host as usize].transport.has_packet() {
            let packet = self.hosts[host as usize].transport.poll_transmit(self.now);
            let id = self.arena.insert(packet.expect("the transport said it has a packet"));
            O::packets_changed(self);
            let port = &mut self.ports[host as usize];
            let frames = port.counters.frames;
            let schedule = port.offer_at(&mut self.arena, self.now, id, Priority::HIGHEST);
            let begun = port.counters.frames > frames;
            self.apply(host, schedule);
            if begun {
                self.frame_begun(host);
            }
        }
    }

    /// Tells a transport that pushes when the frame that its NIC has begun will have left.
    fn frame_begun(&mut self, host: u32) {
        let (end, frame_bytes) = self.ports[host as usize].last_frame(&self.arena);
        self.hosts[host as usize].transport.handle_nic_completion(end, frame_bytes);
    }

    /// Takes a packet from a transport that has one and puts it on the host's link.
    #[inline]
    fn pull(&mut self, host: u32) {
        let entry = &mut self.hosts[host as usize];
        let port = &mut self.ports[host as usize];
        let packet: Packet<_> = entry.transport.poll_transmit(self.now).expect("the transport said it has a packet");
        entry.pulls += 1;
        entry.next_pull = self.now + port.serialization(packet.wire_bytes().get());
        port.counters.pass(u64::from(packet.frame_bytes));
        let id = self.arena.insert(packet);
        let arrival = port.transmit(&mut self.arena, self.now + self.software.send, id);
        let more = entry.transport.has_packet();
        O::packets_changed(self);
        self.apply(host, Schedule { fetch: None, arrival });
        if more {
            self.arm_pull(host);
        }
    }

    fn arm_pull(&mut self, host: u32) {
        let entry = &mut self.hosts[host as usize];
        entry.pull_armed = true;
        let counter = HostTimer::Pull(entry.pulls).counter();
        self.queue.push(EventKey::new(entry.next_pull, class::HOST_TIMER, host, counter));
    }

    #[inline]
    fn route(&mut self, switch: SwitchId, destination: HostId) -> LinkId {
        let choices = self.routes.choices(switch, destination);
        if let [only] = choices {
            return *only;
        }
        let choice = self.balancers[switch.0 as usize].choose(self.load_balancing, choices.len() as u32);
        choices[choice as usize]
    }

    // By force, as it is too long for the compiler where packets may cross to other parts: 16 instructions for each packet-hop.
    #[inline(always)]
    fn apply(&mut self, port: u32, schedule: Schedule) {
        if let Some(at) = schedule.fetch {
            self.queue.push(EventKey::new(at, class::FETCH, port, 0));
        }
        if let Some(at) = schedule.arrival
            && !O::depart(self, port)
        {
            self.queue.push(EventKey::new(at, class::ARRIVAL, port, 0));
        }
    }
}
