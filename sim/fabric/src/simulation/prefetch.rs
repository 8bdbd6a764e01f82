//! Prefetching what the next events will need.
//!
//! In a network of thousands of hosts nearly each event needs a port, a packet and a second port
//! that are in no cache. The processor would wait for one after the other. But the events of the
//! next time slot are known. So, when a slot is opened, memory is asked for what all its events
//! need, in rounds. What one round fetches says where the next round finds the rest. Within a round
//! memory works on all requests at once.
//!
//! It changes how long a run takes and nothing else: a wrong guess costs one needless request.

use super::Simulation;
use super::sink::EventSink;
use crate::event::{Event, EventClass};
use crate::traffic::Traffic;
use crate::transport::Transport;
use homa_engine::EventKey;
use homa_topologies::{HostId, LinkId, Node, SwitchId};
use homa_units::Time;
use prefetch_index::prefetch_index;

/// Networks with fewer links stay in the second-level cache by themselves, and would only pay for
/// prefetching.
pub(super) const PREFETCH_LINKS: usize = 4_096;

impl<T: Transport, S, O> Simulation<T, S, O> {
    /// Whether what the next events need is brought into the cache: by default only in large
    /// networks. It changes how long a run takes and nothing else.
    pub fn set_prefetch(&mut self, prefetches: bool) {
        self.prefetches = prefetches;
        self.scheduler.queue.set_looks_ahead(prefetches);
    }
}

#[expect(private_bounds, reason = "which sinks of events there are is this crate's own business")]
impl<T: Transport, S: Traffic, O: EventSink<T::Header>> Simulation<T, S, O> {
    /// Called before each event.
    #[inline]
    pub(super) fn prefetch(&mut self, end: Time) {
        if self.scheduler.queue.next_events().is_empty() {
            self.scheduler.queue.look_for_events(end);
            self.prefetch_slot();
        }
        // Two for each event that happens, so that mostly all are known when a slot with more
        // events than this one follows.
        for _ in 0..2 {
            let Some(event) = self.scheduler.queue.preview() else { break };
            self.prefetch_component(event);
        }
    }

    fn prefetch_slot(&mut self) {
        let events = self.scheduler.queue.next_events();
        events.iter().for_each(|event| self.prefetch_packet(*event));
        self.next_ports.clear();
        for event in events {
            let Event { class, component, .. } = T::ORDER.event(*event);
            if class == EventClass::Arrival {
                let next = self.prefetch_next_hop(component);
                self.next_ports.extend(next);
            }
        }
        self.next_ports.iter().for_each(|port| self.prefetch_queue(*port));
    }

    #[inline]
    fn prefetch_component(&self, event: EventKey) {
        let Event { class, component, .. } = T::ORDER.event(event);
        let component = component as usize;
        match class {
            EventClass::Arrival => prefetch_index(&self.ports, component),
            EventClass::Dequeue => {
                prefetch_index(&self.ports, component);
                // An address alone: nothing of the port is read yet.
                self.ports[component].prefetch_waiting();
            }
            EventClass::HostTimer => self.prefetch_host(component),
            EventClass::Submission | EventClass::HostFailure => (),
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
        let Event { class, component, .. } = T::ORDER.event(event);
        let port = match class {
            EventClass::Arrival | EventClass::Dequeue => &self.ports[component as usize],
            EventClass::HostTimer | EventClass::Submission | EventClass::HostFailure => return,
        };
        if class == EventClass::Arrival {
            O::next_to_arrive(self, component).into_iter().for_each(|id| self.arena.prefetch(id));
            if port.has_waiting() {
                port.prefetch_waiting();
            }
        } else {
            port.next_to_dequeue().into_iter().for_each(|id| self.arena.prefetch(id));
            port.last_in_flight().into_iter().for_each(|id| self.arena.prefetch(id));
        }
    }

    /// Where the packet that arrives over `link` goes next, given if that is a port, and the packet
    /// behind it on the link.
    #[inline]
    fn prefetch_next_hop(&self, link: u32) -> Option<u32> {
        let port = &self.ports[link as usize];
        let id = O::next_to_arrive(self, link)?;
        self.arena.behind(id).into_iter().for_each(|behind| self.arena.prefetch(behind));
        if port.has_waiting() {
            // It will catch up.
            port.next_to_dequeue().into_iter().for_each(|id| self.arena.prefetch(id));
        }
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
        let switch_of = |count| self.switches[switch.0 as usize].peek(self.load_balancing, count);
        self.routes.link(switch, destination, switch_of)
    }
}
