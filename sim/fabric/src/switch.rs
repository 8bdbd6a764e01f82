//! A switch: it chooses among paths, admits packets to its buffer, and serves them at its ports.

mod balancer;
mod buffer;
mod port;
mod strict_priority;

use crate::arena::{Arena, PacketId};
pub(crate) use balancer::Balancer;
pub use balancer::LoadBalancing;
pub(crate) use buffer::Buffer;
pub use buffer::Verdict;
use homa_topologies::LinkId;
use homa_units::Time;
pub(crate) use port::{Port, Schedule};

/// The order in which a port serves the packets that wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum QueueDiscipline {
    /// Eight strict priorities, each first-come first-served, without preemption.
    #[default]
    StrictPriority,
}

/// One switch. Its ports are those of the links that leave it: they lie in one table with the ports of hosts, by the number of the
/// link.
pub(crate) struct Switch {
    balancer: Balancer,
    buffer: Buffer,
}

impl Switch {
    pub(crate) const fn new(balancer: Balancer) -> Self {
        Self { balancer, buffer: Buffer::Unlimited }
    }

    /// Which of some equally short ways the next packet takes.
    #[inline]
    pub(crate) fn choose(&mut self, load_balancing: LoadBalancing, choices: &[LinkId]) -> LinkId {
        choices[self.balancer.choose(load_balancing, choices.len() as u32) as usize]
    }

    /// What [`Self::choose`] will say, unless another packet comes before.
    #[inline]
    pub(crate) fn peek(&self, load_balancing: LoadBalancing, choices: &[LinkId]) -> LinkId {
        choices[self.balancer.peek(load_balancing, choices.len() as u32) as usize]
    }

    /// A packet goes to a port of the switch. A packet that is dropped is not taken from the arena.
    #[inline]
    pub(crate) fn enqueue<H: Copy>(
        &mut self,
        port: &mut Port,
        arena: &mut Arena<H>,
        now: Time,
        id: PacketId,
    ) -> (Verdict, Schedule) {
        match self.buffer.admit(|| (port.waiting_bytes(), arena.get(id).frame_bytes)) {
            Verdict::Dropped => (Verdict::Dropped, Schedule::default()),
            verdict => (verdict, port.enqueue(arena, now, id)),
        }
    }
}
