//! What happens at each event.

use super::Simulation;
use super::sink::EventSink;
use crate::arena::PacketId;
use crate::event::{Event, EventClass, EventOrder, HostTimer};
use crate::packet::{Message, MessageRef, Packet};
use crate::switch::{Dequeued, Due, Verdict};
use crate::tap::PortEvent;
use crate::traffic::{Submission, Traffic};
use crate::transport::{MessageEnd, Transport};
use homa_engine::EventKey;
use homa_topologies::{HostId, LinkId, Node, SwitchId};
use homa_units::{Priority, Time};
use rand::Rng;

#[expect(private_bounds, reason = "which sinks of events there are is this crate's own business")]
impl<T: Transport, S: Traffic, O: EventSink<T::Header>> Simulation<T, S, O> {
    pub(super) fn host_timer(&mut self, host: u32, timer: HostTimer) {
        let entry = &mut self.hosts[host as usize];
        if entry.failed {
            return;
        }
        match timer {
            HostTimer::Pull(_) => {
                entry.nic.fires();
                if entry.transport.has_packet() {
                    self.pull(host);
                }
            }
            HostTimer::Timeout(pulls) => {
                let is_latest =
                    |armed_after: u32| T::ORDER != EventOrder::ByComponent || armed_after & (u32::MAX >> 1) == pulls;
                let fired = |(at, armed_after): (Time, u32)| at == self.now && is_latest(armed_after);
                if entry.timeout_armed.is_some_and(fired) {
                    entry.timeout_armed = None;
                }
                entry.transport.handle_timeout(self.now);
                self.after_transport_call(host);
            }
        }
    }

    pub(super) fn dequeue(&mut self, port: u32) {
        let is_of_host = port < self.pushing_hosts;
        if is_of_host && self.hosts[port as usize].failed {
            return;
        }
        let entry = &mut self.ports[port as usize];
        // One thread has no such event.
        self.events -= u64::from(self.observer.is_crossing(entry.tier) && !is_of_host);
        let Dequeued { dequeue, arrival } = entry.dequeue(&mut self.arena, self.now);
        self.tap_sent(port);
        self.apply(port, dequeue.map_or(Due::Nothing, Due::Dequeue));
        self.apply(port, arrival.map_or(Due::Nothing, Due::Arrival));
        if is_of_host {
            self.frame_begun(port);
            self.after_transport_call(port);
        }
    }

    /// The packet in front arrives over `link`; `event` says so.
    #[inline(always)]
    pub(super) fn arrival(&mut self, link: u32, event: EventKey) {
        let Self { ports, arena, scheduler, observer, now, .. } = self;
        let port = &mut ports[link as usize];
        let to = port.to;
        let (id, next) = observer.arrive(link, port, arena, *now);
        if let Some(at) = next {
            scheduler.schedule_again(T::ORDER, at, event);
        }
        self.tap(link, PortEvent::Arrived, id);
        match to {
            Node::Switch(switch) => {
                let LinkId(out) = self.route(switch, self.arena.get(id).destination);
                let port = &mut self.ports[out as usize];
                let frames = port.counters.frames;
                let switch = &mut self.switches[switch.0 as usize];
                let (verdict, due) = switch.enqueue(port, &mut self.arena, self.now, id);
                let is_sent = port.counters.frames > frames;
                self.tap(out, PortEvent::Enqueued(verdict), id);
                match verdict {
                    Verdict::Taken | Verdict::Marked | Verdict::Trimmed(_) => {
                        if is_sent {
                            self.tap(out, PortEvent::Sent, id);
                        }
                        self.apply(out, due);
                    }
                    Verdict::Dropped => {
                        self.arena.remove(id);
                        O::packets_changed(self);
                        self.lost_packets += 1;
                    }
                }
            }
            Node::Host(HostId(host)) => {
                let packet = self.arena.remove(id);
                O::packets_changed(self);
                if self.is_lost(host) {
                    self.lost_packets += 1;
                    return;
                }
                let class = T::class(&packet.header);
                self.received_wire_bytes[class][packet.priority.index()] +=
                    self.framing.wire_bytes(packet.frame_bytes).get();
                self.hosts[host as usize].transport.handle_packet(self.now, &packet);
                self.after_transport_call(host);
            }
        }
    }

    pub(super) fn submission(&mut self, generator: u32) {
        let state = &mut self.generators[generator as usize];
        let Submission { at, source, destination, size } = state.pending.expect("it was scheduled");
        if self.hosts[source.0 as usize].failed {
            self.next_submission(generator, at);
            return;
        }
        state.is_blocked = state.outstanding >= state.max_outstanding;
        if state.is_blocked {
            return;
        }
        state.outstanding += 1;
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
        self.next_submission(generator, at);
    }

    /// Schedules the next message of a generator, whose last one was due at `before`.
    pub(super) fn next_submission(&mut self, generator: u32, before: Time) {
        let pending = self.traffic.next(generator);
        self.generators[generator as usize].pending = pending;
        if let Some(Submission { at, .. }) = pending {
            assert!(at >= before, "a generator gives its messages in order of time");
            // A generator that had to wait is late, and catches up.
            let at = at.max(self.now);
            self.scheduler.schedule(T::ORDER, at, Event::new(EventClass::Submission, generator));
        }
    }

    fn is_lost(&mut self, host: u32) -> bool {
        let threshold = self.faults.loss_threshold;
        self.hosts[host as usize].failed || (threshold > 0 && self.loss[host as usize].next_u64() < threshold)
    }

    /// From now on the host does nothing, and nobody waits for what it has begun.
    pub(super) fn host_failure(&mut self, host: u32) {
        self.hosts[host as usize].failed = true;
        self.ports[host as usize].discard_waiting(&mut self.arena, self.now);
        O::packets_changed(self);
        O::host_failed(self, host);
    }

    /// Takes all messages of a host that has failed off the list of those in flight, in the order
    /// in which they were created.
    pub(crate) fn take_abandoned(&mut self, host: HostId) -> Vec<Message> {
        let mut messages: Vec<_> = core::mem::take(&mut self.messages[host.0 as usize]).drain().collect();
        messages.sort_unstable_by_key(|message| message.sequence);
        messages.iter().for_each(|message| self.has_ended(message));
        messages
    }

    /// A message is no longer outstanding.
    #[inline]
    fn has_ended(&mut self, message: &Message) {
        let generator = &mut self.generators[message.generator as usize];
        generator.outstanding -= 1;
        if core::mem::take(&mut generator.is_blocked) {
            self.scheduler.schedule(T::ORDER, self.now, Event::new(EventClass::Submission, message.generator));
        }
    }

    /// Takes a message that has ended off the list of those in flight; none if that was reported
    /// late. `source_failed` is whether its source has failed.
    #[inline]
    pub(crate) fn take_ended(&mut self, host: u32, end: MessageEnd, source_failed: bool) -> Option<Message> {
        let MessageEnd { message: MessageRef { source, slot, sequence }, may_repeat, .. } = end;
        let messages = &mut self.messages[source.0 as usize];
        let is_there = messages.get(slot as usize).is_some_and(|message| message.sequence == sequence);
        if source_failed || (may_repeat && !is_there) {
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
    // What few calls need is apart, so that the rest has little to save and restore.
    #[inline]
    fn after_transport_call(&mut self, host: u32) {
        if let Some(end) = self.hosts[host as usize].transport.poll_completion() {
            self.messages_ended(host, end);
        }
        if host < self.pushing_hosts {
            self.push(host);
        }
        let entry = &mut self.hosts[host as usize];
        if let Some((at, timer)) = entry.timeout_to_arm() {
            self.arm_timeout(host, at, timer);
        }
        let entry = &mut self.hosts[host as usize];
        if !entry.nic.is_armed() && entry.transport.has_packet() {
            if entry.nic.is_idle(self.now) {
                self.pull(host);
            } else {
                self.arm_pull(host);
            }
        }
        self.wake_others(host);
    }

    /// A message has ended at a host, and perhaps further ones.
    #[inline(never)]
    fn messages_ended(&mut self, host: u32, first: MessageEnd) {
        let mut next = Some(first);
        while let Some(end) = next {
            O::ended(self, host, end);
            next = self.hosts[host as usize].transport.poll_completion();
        }
    }

    #[inline(never)]
    fn arm_timeout(&mut self, host: u32, at: Time, timer: HostTimer) {
        if at == self.now {
            self.observer.begin_anew();
        }
        self.scheduler.schedule(T::ORDER, at, Event::timer(host, timer));
    }

    /// Hosts that share state with this one may have something to send now.
    #[inline]
    fn wake_others(&mut self, host: u32) {
        while let Some(HostId(other)) = self.hosts[host as usize].transport.poll_wake() {
            assert!(self.observer.partitions() == 1, "hosts that wake each other are simulated on one thread");
            if !self.hosts[other as usize].failed {
                self.after_transport_call(other);
            }
        }
    }

    /// Puts everything that a transport has into the queue of the host's NIC.
    #[inline(never)]
    fn push(&mut self, host: u32) {
        while self.hosts[host as usize].transport.has_packet() {
            let packet = self.hosts[host as usize].transport.poll_transmit(self.now);
            let id = self.arena.insert(packet.expect("the transport said it has a packet"));
            O::packets_changed(self);
            let port = &mut self.ports[host as usize];
            let frames = port.counters.frames;
            let due = port.enqueue_at(&mut self.arena, self.now, id, Priority::HIGHEST);
            let begun = port.counters.frames > frames;
            self.tap(host, PortEvent::Enqueued(Verdict::Taken), id);
            if begun {
                self.tap(host, PortEvent::Sent, id);
            }
            self.apply(host, due);
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
        let wire_bytes = self.framing.wire_bytes(packet.frame_bytes);
        entry.nic.pulled(self.now, port.serialization(wire_bytes.get()));
        port.counters.pass(u64::from(packet.frame_bytes));
        let id = self.arena.insert(packet);
        let arrival = port.transmit(&mut self.arena, self.now + self.host_model.send_delay(), id);
        let more = entry.transport.has_packet();
        O::packets_changed(self);
        self.tap(host, PortEvent::Sent, id);
        self.apply(host, arrival.map_or(Due::Nothing, Due::Arrival));
        if more {
            self.arm_pull(host);
        }
    }

    fn arm_pull(&mut self, host: u32) {
        let (at, timer) = self.hosts[host as usize].nic.arm();
        self.scheduler.schedule(T::ORDER, at, Event::timer(host, timer));
    }

    #[inline(always)]
    fn route(&mut self, switch: SwitchId, destination: HostId) -> LinkId {
        let Self { routes, switches, load_balancing, .. } = self;
        routes.link(switch, destination, |count| switches[switch.0 as usize].choose(*load_balancing, count))
    }

    /// Shows a packet at a port to a tap, if there is one.
    #[inline]
    fn tap(&mut self, port: u32, event: PortEvent, id: PacketId) {
        if O::HAS_TAP {
            self.observer.tap(self.now, LinkId(port), event, self.arena.get(id));
        }
    }

    /// Shows the packet that a port has just put on its link to a tap, if there is one.
    #[inline]
    fn tap_sent(&mut self, port: u32) {
        if O::HAS_TAP
            && let Some(id) = self.ports[port as usize].last_in_flight()
        {
            self.tap(port, PortEvent::Sent, id);
        }
    }

    // Forced: the compiler finds it too long where packets may cross to other partitions, which
    // costs 16 instructions for each packet-hop.
    #[inline(always)]
    fn apply(&mut self, port: u32, due: Due) {
        match due {
            Due::Nothing => {}
            Due::Dequeue(at) => self.scheduler.schedule(T::ORDER, at, Event::new(EventClass::Dequeue, port)),
            Due::Arrival(at) => {
                if !O::depart(self, port) {
                    self.scheduler.schedule(T::ORDER, at, Event::new(EventClass::Arrival, port));
                }
            }
        }
    }
}
