//! Bringing into the cache what the next events will need.
//!
//! In a network of thousands of hosts nearly each event is at a port, a packet and a second port that are in no cache any
//! more, and the processor would wait for one after the other. The events of the next slot of time are known, though. So,
//! when a slot is opened, memory is asked for what all of them need, in rounds: what a round asks for says where the
//! next one finds the rest, and within a round memory works on all requests at a time.
//!
//! Nothing depends on it but the time it takes: a wrong guess costs one needless request.

use super::notes::Notes;
use super::{Simulation, class};
use crate::traffic::Traffic;
use crate::transport::Transport;
use homa_engine::EventKey;
use homa_topologies::{HostId, LinkId, Node, SwitchId};
use homa_units::Time;
use prefetch_index::prefetch_index;

/// Networks with fewer links stay in the second-level cache by themselves, and would only pay for looking ahead.
pub(super) const LOOK_AHEAD_LINKS: usize = 4_096;

impl<T: Transport, S, O> Simulation<T, S, O> {
    /// Whether what the next events need is brought into the cache: by default only in large networks. It changes how long
    /// a run takes and nothing else.
    pub const fn set_look_ahead(&mut self, looks_ahead: bool) {
        self.looks_ahead = looks_ahead;
    }
}

#[expect(private_bounds, reason = "which kinds of notes there are is this crate's own business")]
impl<T: Transport, S: Traffic, O: Notes<T::Header>> Simulation<T, S, O> {
    /// Called before each event.
    #[inline]
    pub(super) fn look_ahead(&mut self, end: Time) {
        if self.queue.next_events().is_empty() {
            self.queue.look_for_events(end);
            self.prefetch_slot();
        }
        // Two for each event that happens, so that mostly all are known when a slot with more events than this one follows.
        for _ in 0..2 {
            let Some(event) = self.queue.preview() else { break };
            self.prefetch_component(event);
        }
    }

    fn prefetch_slot(&mut self) {
        let events = self.queue.next_events();
        events.iter().for_each(|event| self.prefetch_packet(*event));
        self.next_ports.clear();
        for event in events {
            if event.class() == class::ARRIVAL {
                let next = self.prefetch_next_hop(event.component());
                self.next_ports.extend(next);
            }
        }
        self.next_ports.iter().for_each(|port| self.prefetch_queue(*port));
    }

    #[inline]
    fn prefetch_component(&self, event: EventKey) {
        let component = event.component() as usize;
        match event.class() {
            class::ARRIVAL => prefetch_index(&self.ports, component),
            class::FETCH => {
                prefetch_index(&self.ports, component);
                // An address alone: nothing of the port is read yet.
                self.ports[component].prefetch_waiting();
            }
            class::HOST_TIMER => self.prefetch_host(component),
            _ => (),
        }
    }

    /// What a host needs for whatever happens at it, and its own port, where what it sends will go.
    #[inline]
    fn prefetch_host(&self, host: usize) {
        prefetch_index(&self.hosts, host);
        prefetch_index(&self.ports, host);
    }

    #[inline]
    fn prefetch_packet(&self, event: EventKey) {
        let port = match event.class() {
            class::ARRIVAL | class::FETCH => &self.ports[event.component() as usize],
            _ => return,
        };
        if event.class() == class::ARRIVAL {
            O::next_to_arrive(self, event.component()).into_iter().for_each(|id| self.arena.prefetch(id));
        } else {
            port.next_to_fetch().into_iter().for_each(|id| self.arena.prefetch(id));
            port.last_in_flight().into_iter().for_each(|id| self.arena.prefetch(id));
        }
    }

    /// Where the packet that arrives over `link` goes next, given if that is a port, and the packet behind it on the link.
    #[inline]
    fn prefetch_next_hop(&self, link: u32) -> Option<u32> {
        let port = &self.ports[link as usize];
        let id = O::next_to_arrive(self, link)?;
        self.arena.behind(id).into_iter().for_each(|behind| self.arena.prefetch(behind));
        match port.to {
            Node::Switch(switch) => {
                let LinkId(next) = self.likely_route(switch, self.arena.get(id).destination);
                prefetch_index(&self.ports, next as usize);
                Some(next)
            }
            Node::Host(HostId(host)) => {
                self.prefetch_host(host as usize);
                None
            }
        }
    }

    /// What a packet finds at the port that it goes to.
    #[inline]
    fn prefetch_queue(&self, port: u32) {
        let port = &self.ports[port as usize];
        port.last_in_flight().into_iter().for_each(|id| self.arena.prefetch(id));
        if port.is_busy(self.now) {
            port.prefetch_waiting();
        }
    }

    /// What [`Self::route`] will say, unless another packet comes to the switch before.
    #[inline]
    fn likely_route(&self, switch: SwitchId, destination: HostId) -> LinkId {
        let choices = self.routes.choices(switch, destination);
        if let [only] = choices {
            return *only;
        }
        let choice = self.balancers[switch.0 as usize].peek(self.load_balancing, choices.len() as u32);
        choices[choice as usize]
    }
}
