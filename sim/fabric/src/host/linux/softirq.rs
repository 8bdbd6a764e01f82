//! Softirq: IP and Homa handle lists of packets, on a core that a policy chooses.

use super::core::Soft;
use super::parameters::{GrantsPer, SoftirqCore};
use super::receive::plain;
use super::stack::{IncomingId, PacketKind, Stack, Stamped};
use super::stages::{Stage, Stages};
use super::{Core, LinuxHost};
use crate::packet::Packet;
use homa_units::{Duration, Time};

/// How many cores after the polling one are looked at for one that is not busy.
const CANDIDATES: u32 = 4;
/// How many cores belong to a polling core with the policy "gen3".
const GEN3_CORES: u32 = 3;

/// A list of packets that softirq handles at once.
#[derive(Debug)]
pub(super) struct List<H> {
    packets: Vec<Packet<Stamped<H>>>,
    /// Handled so far, by position.
    handled: Vec<bool>,
    step: ListStep,
    /// On the core that has polled them.
    is_local: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum ListStep {
    /// IP.
    Begin,
    Choose,
    /// A control packet, or a message of one packet.
    Short(usize),
    /// The packets of the message of this one.
    Long(usize),
    /// Decisions about grants for the whole list.
    Grants,
    Over,
}

impl<H> List<H> {
    pub(super) fn new(packets: Vec<Packet<Stamped<H>>>, is_local: bool) -> Self {
        let handled = vec![false; packets.len()];
        Self { packets, handled, step: ListStep::Begin, is_local }
    }
}

impl<S: Stack> LinuxHost<S> {
    /// The core that handles a list which was polled on `core`.
    pub(super) fn softirq_core(&mut self, core: u32) -> u32 {
        let count = self.cores.len() as u32;
        let candidates = |number: u32| (1..=number.min(count - 1)).map(move |step| (core + step) % count);
        let busy = self.model.parameters.gen2_busy;
        let is_recent = |last: Option<Time>| last.is_some_and(|last| self.now.since(last) < busy);
        let entry = |core: u32| &self.cores[core as usize];
        match self.model.parameters.softirq_core {
            SoftirqCore::Same => core,
            SoftirqCore::IdleOf4 => {
                let oldest = candidates(CANDIDATES).min_by_key(|core| {
                    let entry = entry(*core);
                    (entry.soft.is_some(), entry.last_soft.max(entry.last_poll))
                });
                oldest.unwrap_or(core)
            }
            SoftirqCore::Gen2 => {
                let quiet = |core: &u32| {
                    let entry = entry(*core);
                    entry.soft.is_none() && entry.coming.is_empty() && !is_recent(entry.last_poll)
                };
                candidates(CANDIDATES).find(quiet).unwrap_or_else(|| {
                    let turn = self.next_core % CANDIDATES.min(count - 1).max(1);
                    self.next_core = self.next_core.wrapping_add(1);
                    (core + 1 + turn) % count
                })
            }
            SoftirqCore::Gen3 => {
                let quiet = |core: &u32| !is_recent(entry(*core).last_app);
                candidates(GEN3_CORES).find(quiet).or_else(|| candidates(1).next()).unwrap_or(core)
            }
        }
    }

    /// The next step of a list, and what it takes.
    pub(super) fn next_of_list(&mut self, core: u32) -> Option<Duration> {
        let parameters = &self.model.parameters;
        let Core { soft: Some(Soft::List(list)), .. } = &mut self.cores[core as usize] else {
            unreachable!("the core handles a list")
        };
        match list.step {
            ListStep::Begin => {
                for packet in &mut list.packets {
                    packet.header.stages.spend(Stage::Handoff, self.now);
                }
                self.counts.softirq_calls += 1;
                self.counts.gro_packets += list.packets.len() as u64;
                let begin = if list.is_local { parameters.t_same_core } else { Duration::ZERO };
                return Some(begin + parameters.t_ip);
            }
            ListStep::Choose => {}
            ListStep::Short(_) | ListStep::Long(_) | ListStep::Grants => unreachable!("a step ends before the next"),
            ListStep::Over => return None,
        }
        // Control packets and short messages first, then the packets of each longer message.
        let is_long = |packet: &Packet<Stamped<S::Header>>| long_id(&self.stack, packet).is_some();
        let open = |list: &List<S::Header>, long: bool| {
            (0..list.packets.len()).find(|at| !list.handled[*at] && is_long(&list.packets[*at]) == long)
        };
        if let Some(at) = open(list, false) {
            list.step = ListStep::Short(at);
            return Some(parameters.t_homa);
        }
        if let Some(first) = open(list, true) {
            list.step = ListStep::Long(first);
            let id = long_id(&self.stack, &list.packets[first]);
            let of_group = |at: &usize| !list.handled[*at] && long_id(&self.stack, &list.packets[*at]) == id;
            let packets = (first..list.packets.len()).filter(of_group).count();
            return Some(parameters.t_homa_long * packets as u64);
        }
        list.step = ListStep::Grants;
        Some(Duration::ZERO)
    }

    /// A step of a list has ended.
    pub(super) fn list_step_done(&mut self, core: u32) {
        let Some(Soft::List(mut list)) = self.cores[core as usize].soft.take() else {
            unreachable!("the core handles a list")
        };
        let step = std::mem::replace(&mut list.step, ListStep::Choose);
        let per_message = self.model.parameters.grants_per == GrantsPer::Message;
        match step {
            ListStep::Begin => {}
            ListStep::Choose | ListStep::Over => unreachable!("no work"),
            ListStep::Short(at) => {
                list.handled[at] = true;
                self.handle_after_softirq(core, &mut list.packets[at]);
                if per_message {
                    self.decide_grants(core);
                }
            }
            ListStep::Long(first) => {
                let id = long_id(&self.stack, &list.packets[first]);
                for at in first..list.packets.len() {
                    if !list.handled[at] && long_id(&self.stack, &list.packets[at]) == id {
                        list.handled[at] = true;
                        self.handle_after_softirq(core, &mut list.packets[at]);
                    }
                }
                if per_message {
                    self.decide_grants(core);
                }
            }
            ListStep::Grants => {
                list.step = ListStep::Over;
                if !per_message {
                    self.decide_grants(core);
                }
                let mut packets = std::mem::take(&mut list.packets);
                packets.clear();
                self.spare_lists.push(packets);
            }
        }
        self.cores[core as usize].soft = Some(Soft::List(list));
    }

    fn handle_after_softirq(&mut self, core: u32, packet: &mut Packet<Stamped<S::Header>>) {
        packet.header.stages.spend(Stage::Softirq, self.now);
        self.handle(core, packet);
    }

    /// The protocol handles a packet. What it wants to send and to hand off is left with the core.
    pub(super) fn handle(&mut self, core: u32, packet: &Packet<Stamped<S::Header>>) {
        self.stack.handle_packet(self.now, &plain(packet));
        self.take_outputs(core, Some(packet.header.stages));
    }

    /// The protocol decides about grants.
    pub(super) fn decide_grants(&mut self, core: u32) {
        self.stack.decide_grants(self.now);
        self.take_outputs(core, None);
    }

    /// What the protocol wants to send and to hand off becomes work of a core's softirq. `stages`
    /// are those of the packet that has made messages ready.
    fn take_outputs(&mut self, core: u32, stages: Option<Stages>) {
        while let Some(ready) = self.stack.poll_ready() {
            if let Some(stages) = stages {
                // At once: a thread that was called for another message may take this one.
                self.sockets[ready.socket as usize].remember_stages(ready.id, stages);
            }
            self.cores[core as usize].ready.push_back(ready);
        }
        if self.pushes {
            while let Some(unit) = self.poll_unit(false) {
                self.cores[core as usize].units.push_back(unit);
            }
        }
        self.collect();
    }
}

/// The message of a packet, if it has several.
fn long_id<S: Stack>(stack: &S, packet: &Packet<Stamped<S::Header>>) -> Option<IncomingId> {
    match stack.kind(&plain(packet)) {
        PacketKind::Long(id) => Some(id),
        PacketKind::Short | PacketKind::Grant | PacketKind::Control => None,
    }
}
