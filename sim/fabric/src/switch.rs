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
use homa_units::Time;
pub(crate) use port::{Dequeued, Due, Port};

/// The order in which a port serves the packets that wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum QueueDiscipline {
    /// Eight strict priorities, each first-come first-served, without preemption.
    #[default]
    StrictPriority,
}

/// One switch. Its ports are those of the links that leave it: they lie in one table with the ports
/// of hosts, by the number of the link.
pub(crate) struct Switch {
    balancer: Balancer,
    buffer: Buffer,
}

impl Switch {
    pub(crate) const fn new(balancer: Balancer) -> Self {
        Self { balancer, buffer: Buffer::Unlimited }
    }

    /// Which of so many equally short ways the next packet takes.
    #[inline]
    pub(crate) fn choose(&mut self, load_balancing: LoadBalancing, count: u32) -> u32 {
        self.balancer.choose(load_balancing, count)
    }

    /// What [`Self::choose`] will say, unless another packet comes before.
    #[inline]
    pub(crate) fn peek(&self, load_balancing: LoadBalancing, count: u32) -> u32 {
        self.balancer.peek(load_balancing, count)
    }

    /// A packet goes to a port of the switch. A packet that is dropped is not taken from the arena.
    // Inlined by force: the compiler finds it too long, and writes what it gives to memory.
    #[inline(always)]
    pub(crate) fn enqueue<H: Copy>(
        &mut self,
        port: &mut Port,
        arena: &mut Arena<H>,
        now: Time,
        id: PacketId,
    ) -> (Verdict, Due) {
        port.catch_up(arena, now);
        let verdict = self.buffer.admit(|| (port.waiting_bytes(), arena.get(id).frame_bytes));
        match verdict {
            Verdict::Taken => {}
            Verdict::Marked => {
                let packet = arena.get_mut(id);
                packet.marks = packet.marks.with_congestion();
            }
            Verdict::Trimmed(frame_bytes) => {
                let packet = arena.get_mut(id);
                packet.marks = packet.marks.with_trimming();
                packet.frame_bytes = packet.frame_bytes.min(frame_bytes);
            }
            Verdict::Dropped => return (verdict, Due::Nothing),
        }
        (verdict, port.enqueue(arena, now, id))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::framing::Framing;
    use crate::host::HostModel;
    use crate::packet::{Marks, Packet};
    use homa_engine::Streams;
    use homa_topologies::{HostId, preset};
    use homa_units::Priority;

    /// A packet of 1,000 bytes that came to a switch with such a buffer; none if it was dropped.
    fn enqueued(buffer: Buffer) -> (Verdict, Option<Packet<()>>) {
        let topology = preset("sigcomm18-16").unwrap().build("sigcomm18-16").unwrap();
        let host_model = HostModel::FixedDelays(topology.software);
        let mut port = Port::new(&topology.links[20], Framing::ETHERNET, &host_model);
        let mut switch = Switch { buffer, ..Switch::new(Balancer::new(Streams::new(1).stream("spraying", 0))) };
        let mut arena = Arena::new();
        let (priority, marks) = (Priority::HIGHEST, Marks::ecn_capable());
        let (source, destination) = (HostId(0), HostId(1));
        let packet = Packet { header: (), source, destination, frame_bytes: 1_000, priority, marks };
        let id = arena.insert(packet);
        let (verdict, due) = switch.enqueue(&mut port, &mut arena, Time::ZERO, id);
        let is_sent = matches!(due, Due::Arrival(_));
        assert_eq!(is_sent, verdict != Verdict::Dropped, "an idle port sends what it takes");
        (verdict, is_sent.then(|| *arena.get(id)))
    }

    #[test]
    fn a_verdict_is_seen_on_the_packet_that_goes_on() {
        let (verdict, packet) = enqueued(Buffer::Unlimited);
        assert_eq!((verdict, packet.unwrap().marks), (Verdict::Taken, Marks::ecn_capable()));
        let (_, packet) = enqueued(Buffer::Always(Verdict::Marked));
        assert!(packet.unwrap().marks.is_congested() && !packet.unwrap().marks.is_trimmed());
        let (_, packet) = enqueued(Buffer::Always(Verdict::Trimmed(64)));
        assert!(packet.unwrap().marks.is_trimmed());
        assert_eq!(packet.unwrap().frame_bytes, 64);
        assert_eq!(enqueued(Buffer::Always(Verdict::Dropped)), (Verdict::Dropped, None));
    }
}
