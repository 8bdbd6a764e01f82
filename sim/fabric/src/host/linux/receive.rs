//! From the NIC to GRO: receive queues, interrupts, polls (NAPI).

use super::core::Soft;
use super::parameters::Limit;
use super::softirq::List;
use super::stack::{PacketKind, Stack, Stamped};
use super::stages::Stage;
use super::timers::Timer;
use super::{Core, LinuxHost};
use crate::packet::Packet;
use homa_units::{Duration, Time};
use std::collections::VecDeque;

/// A receive queue of the NIC.
#[derive(Debug)]
pub(super) struct ReceiveQueue<H> {
    ring: VecDeque<Packet<Stamped<H>>>,
    /// An interrupt or a poll is under way.
    is_scheduled: bool,
    last_interrupt: Option<Time>,
    /// The core that polls it; none if any idle one does.
    core: Option<u32>,
    /// Packets since the ring was refilled.
    since_refill: u32,
}

impl<H> ReceiveQueue<H> {
    pub(super) const fn new(core: Option<u32>) -> Self {
        Self { ring: VecDeque::new(), is_scheduled: false, last_interrupt: None, core, since_refill: 0 }
    }
}

/// A poll of a receive queue.
#[derive(Debug)]
pub(super) struct Poll<H> {
    queue: u32,
    began: Time,
    /// Packets taken so far.
    polled: u32,
    /// The packet that is being worked on.
    packet: Option<Packet<Stamped<H>>>,
    step: PollStep,
    /// What GRO has gathered.
    list: Vec<Packet<Stamped<H>>>,
    /// Lists of which other cores are told at the end.
    full: Vec<Vec<Packet<Stamped<H>>>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum PollStep {
    Begin,
    Packet,
    /// The packet is handled in the poll itself.
    Bypass,
    /// The queue is empty, or the budget is spent.
    End,
    Over,
}

impl<S: Stack> LinuxHost<S> {
    /// A packet reaches the NIC.
    pub(super) fn packet_arrives(&mut self, mut packet: Packet<Stamped<S::Header>>) {
        packet.header.stages.spend(Stage::Network, self.now);
        let queue = self.receive_queue(&packet);
        let entry = &mut self.queues[queue as usize];
        entry.ring.push_back(packet);
        if !entry.is_scheduled {
            self.schedule_interrupt(queue);
        }
    }

    /// The NIC spreads packets by their pair of hosts: Homa is neither TCP nor UDP, so it sees no
    /// ports.
    fn receive_queue(&mut self, packet: &Packet<Stamped<S::Header>>) -> u32 {
        match self.model.parameters.queues {
            Limit::Number(count) => self.model.hash(packet.source.0, packet.destination.0) % count,
            Limit::Unlimited => {
                let free = self.queues.iter().position(|queue| !queue.is_scheduled);
                free.unwrap_or_else(|| {
                    let core = match self.model.parameters.cores {
                        Limit::Number(cores) => Some(self.queues.len() as u32 % cores),
                        Limit::Unlimited => None,
                    };
                    self.queues.push(ReceiveQueue::new(core));
                    self.queues.len() - 1
                }) as u32
            }
        }
    }

    fn schedule_interrupt(&mut self, queue: u32) {
        let entry = &mut self.queues[queue as usize];
        entry.is_scheduled = true;
        let spaced = entry.last_interrupt.map_or(self.now, |last| last + self.model.parameters.irq_spacing);
        let wakes = entry.core.map_or(Duration::ZERO, |core| self.exit_latency(core));
        let at = spaced.max(self.now + wakes);
        if at == self.now {
            self.interrupt(queue);
        } else {
            self.timers.set(Timer::Interrupt(queue), at);
        }
    }

    /// The interrupt of a receive queue: its core is to poll it.
    pub(super) fn interrupt(&mut self, queue: u32) {
        self.counts.interrupts += 1;
        self.queues[queue as usize].last_interrupt = Some(self.now);
        let core = self.queues[queue as usize].core;
        let core = core.or_else(|| self.idle_core()).expect("without a limit on cores there is an idle one");
        let poll = Poll {
            queue,
            began: self.now,
            polled: 0,
            packet: None,
            step: PollStep::Begin,
            list: self.spare_lists.pop().unwrap_or_default(),
            full: Vec::new(),
        };
        self.enqueue_soft(core, Soft::Poll(poll));
    }

    fn poll(&mut self, core: u32) -> &mut Poll<S::Header> {
        let Some(Soft::Poll(poll)) = &mut self.cores[core as usize].soft else { unreachable!("the core polls") };
        poll
    }

    /// The next step of a poll, and what it takes.
    pub(super) fn next_of_poll(&mut self, core: u32) -> Option<Duration> {
        let now = self.now;
        let parameters = &self.model.parameters;
        let Core { soft: Some(Soft::Poll(poll)), .. } = &mut self.cores[core as usize] else {
            unreachable!("the core polls")
        };
        let base = match poll.step {
            PollStep::Over => return None,
            PollStep::Bypass => return Some(parameters.t_homa),
            PollStep::End => return Some(parameters.t_napi_end),
            PollStep::Begin => {
                poll.began = now;
                parameters.t_irq + parameters.t_napi_first
            }
            PollStep::Packet => parameters.t_napi,
        };
        let queue = &mut self.queues[poll.queue as usize];
        let within_budget = match parameters.napi_budget {
            Limit::Unlimited => true,
            Limit::Number(budget) => poll.polled < budget,
        };
        let Some(mut packet) = within_budget.then(|| queue.ring.pop_front()).flatten() else {
            poll.step = PollStep::End;
            return self.end_of_poll(core);
        };
        let began = poll.began.max(packet.header.stages.at());
        packet.header.stages.spend(Stage::Interrupt, began);
        poll.packet = Some(packet);
        poll.polled += 1;
        poll.step = PollStep::Packet;
        queue.since_refill += 1;
        let mut base = base;
        if parameters.refill_packets == Limit::Number(queue.since_refill) {
            queue.since_refill = 0;
            base += parameters.t_refill;
        }
        Some(base)
    }

    /// The queue is empty or the budget is spent: what GRO has gathered is passed on.
    fn end_of_poll(&mut self, core: u32) -> Option<Duration> {
        let poll = self.poll(core);
        let last = std::mem::take(&mut poll.list);
        let mut lists = std::mem::take(&mut poll.full);
        lists.push(last);
        for list in lists {
            self.pass_on(core, list);
        }
        Some(self.model.parameters.t_napi_end)
    }

    /// A step of a poll has ended.
    pub(super) fn poll_step_done(&mut self, core: u32) {
        let step = self.poll(core).step;
        match step {
            PollStep::Packet => self.packet_polled(core),
            PollStep::Bypass => self.bypass(core),
            PollStep::End => self.poll_ends(core),
            PollStep::Begin | PollStep::Over => unreachable!("a poll begins with a packet and ends once"),
        }
    }

    /// NAPI has taken a packet: GRO gathers it, or it is handled at once.
    fn packet_polled(&mut self, core: u32) {
        let packet = *self.poll(core).packet.as_ref().expect("a packet was taken");
        if self.bypasses(core, &packet) {
            self.poll(core).step = PollStep::Bypass;
            return;
        }
        let (max_gro, at_end) = (self.model.parameters.max_gro as usize, self.model.parameters.ipi_at_poll_end);
        let spare = self.spare_lists.pop().unwrap_or_default();
        let poll = self.poll(core);
        poll.packet = None;
        poll.list.push(packet);
        if poll.list.len() < max_gro {
            return self.spare_lists.push(spare);
        }
        let list = std::mem::replace(&mut poll.list, spare);
        if at_end {
            poll.full.push(list);
        } else {
            self.pass_on(core, list);
        }
    }

    fn bypasses(&self, core: u32, packet: &Packet<Stamped<S::Header>>) -> bool {
        let parameters = &self.model.parameters;
        if !(parameters.short_bypass || parameters.grant_bypass) {
            return false;
        }
        let busy = |last: Time| self.now.since(last) < parameters.gro_busy;
        if self.cores[core as usize].last_poll.is_some_and(busy) {
            return false;
        }
        match self.stack.kind(&plain(packet)) {
            PacketKind::Short => parameters.short_bypass,
            PacketKind::Grant => parameters.grant_bypass,
            PacketKind::Control | PacketKind::Long(_) => false,
        }
    }

    /// A packet is handled in the poll itself.
    fn bypass(&mut self, core: u32) {
        let poll = self.poll(core);
        poll.step = PollStep::Packet;
        let mut packet = poll.packet.take().expect("a packet was taken");
        packet.header.stages.spend(Stage::Napi, self.now);
        let is_grant = self.stack.kind(&plain(&packet)) == PacketKind::Grant;
        self.counts.gro_grant_bypasses += u64::from(is_grant);
        self.counts.gro_data_bypasses += u64::from(!is_grant);
        self.handle(core, &packet);
        self.decide_grants(core);
    }

    /// A poll is over. The queue interrupts again if packets have come meanwhile, and is polled
    /// further if the budget was spent.
    fn poll_ends(&mut self, core: u32) {
        let poll = self.poll(core);
        poll.step = PollStep::Over;
        let (queue, polled) = (poll.queue, poll.polled);
        self.counts.polls += 1;
        self.counts.polled_packets += u64::from(polled);
        self.cores[core as usize].last_poll = Some(self.now);
        let entry = &mut self.queues[queue as usize];
        entry.is_scheduled = false;
        if entry.ring.is_empty() {
            return;
        }
        if Limit::Number(polled) != self.model.parameters.napi_budget {
            return self.schedule_interrupt(queue);
        }
        entry.is_scheduled = true;
        let poll = Poll {
            queue,
            began: self.now,
            polled: 0,
            packet: None,
            step: PollStep::Packet,
            list: Vec::new(),
            full: Vec::new(),
        };
        self.cores[core as usize].waiting.push_back(Soft::Poll(poll));
    }

    /// GRO passes a list on: alone it stays on the core, else the policy chooses.
    fn pass_on(&mut self, core: u32, mut packets: Vec<Packet<Stamped<S::Header>>>) {
        if packets.is_empty() {
            return self.spare_lists.push(packets);
        }
        for packet in &mut packets {
            packet.header.stages.spend(Stage::Napi, self.now);
        }
        let target = if packets.len() == 1 { core } else { self.softirq_core(core) };
        let list = List::new(packets, target == core);
        if target == core {
            self.cores[core as usize].waiting.push_front(Soft::List(list));
            return;
        }
        self.counts.handoffs_to_other_core += 1;
        let arrives = self.now + self.model.parameters.l_ipi + self.exit_latency(target);
        let coming = &mut self.cores[target as usize].coming;
        // A list doesn't overtake another.
        let arrives = coming.back().map_or(arrives, |(before, _)| arrives.max(*before));
        coming.push_back((arrives, list));
        if coming.len() == 1 {
            self.timers.set(Timer::List(target), arrives);
        }
    }

    /// A list of packets reaches a core.
    pub(super) fn list_arrives(&mut self, core: u32) {
        let (_, list) = self.cores[core as usize].coming.pop_front().expect("a list is on its way");
        if let Some((next, _)) = self.cores[core as usize].coming.front() {
            self.timers.set(Timer::List(core), *next);
        }
        self.enqueue_soft(core, Soft::List(list));
    }
}

/// The packet as the protocol knows it.
pub(super) fn plain<H: Copy>(packet: &Packet<Stamped<H>>) -> Packet<H> {
    let Packet { header, source, destination, frame_bytes, priority, marks } = *packet;
    Packet { header: header.header, source, destination, frame_bytes, priority, marks }
}
