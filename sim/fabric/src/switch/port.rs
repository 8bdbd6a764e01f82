//! An output port and the link it feeds.

use super::strict_priority::StrictPriority;
use crate::arena::{Arena, Fifo, PacketId};
use crate::framing::Framing;
use crate::host::HostModel;
use homa_topologies::{Link, Node, TierId};
use homa_units::{Duration, Priority, Time};

/// What the caller has to schedule after a packet has come to a port.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Due {
    Nothing,
    /// The port wants [`Port::dequeue`] at this instant.
    Dequeue(Time),
    /// The link was empty; its first packet arrives at this instant.
    Arrival(Time),
}

/// What the caller has to schedule after a dequeue: as in [`Due`], but both may be due.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Dequeued {
    pub(crate) dequeue: Option<Time>,
    pub(crate) arrival: Option<Time>,
}

/// An output port with eight strict priorities, and the packets in flight on its link.
///
/// Nothing is scheduled for a port without waiting packets: that its frame has ended is seen when
/// the next one comes. Nor is anything for one with waiting packets, as long as nobody has to know
/// at once which of them is on the link: the port [catches up](Self::catch_up) on what was due when
/// the next packet comes, and when one arrives at the other end. The packet that is dequeued when a
/// frame ends can't be there before that frame, and dequeues precede all else that happens at an
/// instant: so what comes out is the same. Who must see each dequeue when it happens asks for
/// [events](Self::set_dequeue_events).
///
/// In large networks nearly every port that a packet comes to has to be fetched from memory. So a
/// packet that finds the port idle, as most do, and one that arrives over the link touch the first
/// cache line alone; one that waits touches the other two as well.
#[derive(Debug)]
#[repr(C, align(64))]
pub(crate) struct Port {
    /// End of the frame being sent: when the next packet is dequeued.
    frame_end: Time,
    delay: Duration,
    pub(crate) to: Node,
    in_flight: Fifo,
    pub(crate) counters: Counters,
    /// The time of a byte in picoseconds.
    byte_ps: u32,
    /// Bit `p` is set if priority `p` has waiting packets.
    occupied: u8,
    pub(crate) tier: TierId,
    /// See [`Framing`].
    preamble: u8,
    gap: u8,
    queues: StrictPriority,
    /// Whether each dequeue is an event, instead of being caught up on.
    has_dequeue_events: bool,
}

// A line for what each packet needs, one for the queues, one for their length.
const _: () = assert!(size_of::<Port>() == 3 * 64 && std::mem::offset_of!(Port, queues) == 64);

/// What a port counts for each packet.
#[derive(Debug, Default)]
#[repr(C)]
pub(crate) struct Counters {
    pub(crate) frames: u64,
    pub(crate) frame_bytes: u64,
    waiting_bytes_max: u64,
}

impl Port {
    pub(crate) fn new(link: &Link, framing: Framing, host_model: &HostModel) -> Self {
        let received = match link.to {
            // No decision is made between the arrival at a NIC and that at its transport, so one
            // delay serves for both.
            Node::Host(_) => host_model.receive_delay(),
            Node::Switch(_) => Duration::ZERO,
        };
        let byte = link.rate.byte_time().expect("topologies have exact rates");
        Self {
            frame_end: Time::ZERO,
            delay: link.delay + received,
            to: link.to,
            in_flight: Fifo::EMPTY,
            counters: Counters::default(),
            byte_ps: u32::try_from(byte.as_ps()).expect("a byte takes less than four milliseconds"),
            occupied: 0,
            tier: link.tier,
            preamble: framing.preamble,
            gap: framing.gap,
            queues: StrictPriority::new(),
            has_dequeue_events: false,
        }
    }

    /// Asks for an event at each dequeue.
    pub(crate) const fn set_dequeue_events(&mut self) {
        self.has_dequeue_events = true;
    }

    /// Dequeues what was due up to now, unless that has events of its own. It goes before anything
    /// that happens to the port, and before looking at it.
    #[inline]
    pub(crate) fn catch_up<H: Copy>(&mut self, arena: &mut Arena<H>, now: Time) {
        if self.occupied != 0 && self.frame_end <= now {
            self.dequeue_up_to(arena, now);
        }
    }

    // Apart, as most packets come to a port that has nothing to catch up on.
    #[inline(never)]
    fn dequeue_up_to<H: Copy>(&mut self, arena: &mut Arena<H>, now: Time) {
        while self.occupied != 0 && self.frame_end <= now && !self.has_dequeue_events {
            let arrival = self.send_next(arena);
            assert!(arrival.is_none(), "the frame before is still on the link");
        }
    }

    /// A packet comes to the port, which has been caught up.
    #[inline(always)]
    pub(crate) fn enqueue<H: Copy>(&mut self, arena: &mut Arena<H>, now: Time, id: PacketId) -> Due {
        let priority = arena.get(id).priority;
        self.enqueue_at(arena, now, id, priority)
    }

    /// As [`Self::enqueue`], with the priority at which this port serves the packet: a single
    /// priority is a queue without priorities.
    // Inlined by force, and what packets do that have to wait apart: together they save and restore
    // registers for each packet that finds the port idle, which costs 8 instructions for each
    // packet-hop.
    #[inline(always)]
    pub(crate) fn enqueue_at<H: Copy>(
        &mut self,
        arena: &mut Arena<H>,
        now: Time,
        id: PacketId,
        priority: Priority,
    ) -> Due {
        if self.is_busy(now) {
            return self.wait(arena, now, id, priority).map_or(Due::Nothing, Due::Dequeue);
        }
        self.counters.pass(u64::from(arena.get(id).frame_bytes));
        let start = now.max(self.frame_end + self.gap());
        self.transmit(arena, start, id).map_or(Due::Nothing, Due::Arrival)
    }

    /// A packet has to wait; gives the instant of the dequeue if that has to be scheduled.
    #[inline(never)]
    fn wait<H: Copy>(&mut self, arena: &mut Arena<H>, now: Time, id: PacketId, priority: Priority) -> Option<Time> {
        let is_due = self.has_dequeue_events && self.occupied == 0;
        self.queues.enqueue(&mut self.occupied, arena, now, id, priority);
        self.counters.pass(self.queues.bytes());
        is_due.then_some(self.frame_end)
    }

    /// The frame has ended: takes the next packet.
    pub(crate) fn dequeue<H: Copy>(&mut self, arena: &mut Arena<H>, now: Time) -> Dequeued {
        assert!(now == self.frame_end && self.occupied != 0, "a dequeue is due at the end of a frame if packets wait");
        let arrival = self.send_next(arena);
        let is_due = self.has_dequeue_events && self.occupied != 0;
        Dequeued { dequeue: is_due.then_some(self.frame_end), arrival }
    }

    /// Puts the next packet on the link at the end of the frame; gives its arrival if it is the
    /// only one there.
    #[inline(always)]
    fn send_next<H: Copy>(&mut self, arena: &mut Arena<H>) -> Option<Time> {
        let now = self.frame_end;
        let id = self.queues.dequeue(&mut self.occupied, arena, now);
        self.transmit(arena, now + self.gap(), id)
    }

    /// Puts a packet on the link; gives its arrival if it is the only one there.
    #[inline]
    pub(crate) fn transmit<H: Copy>(&mut self, arena: &mut Arena<H>, start: Time, id: PacketId) -> Option<Time> {
        let bytes = u64::from(arena.get(id).frame_bytes);
        self.counters.frames += 1;
        self.counters.frame_bytes += bytes;
        self.frame_end = start + self.byte() * (bytes + u64::from(self.preamble));
        let arrival = self.frame_end + self.delay;
        arena.set_arrival(id, arrival);
        let alone = self.in_flight.is_empty();
        self.in_flight.push_back(arena, id);
        alone.then_some(arrival)
    }

    /// The packet that is dequeued next, if one waits.
    #[inline]
    pub(crate) fn next_to_dequeue(&self) -> Option<PacketId> {
        self.queues.next(self.occupied)
    }

    /// The packet put on the link last, if it is still there.
    #[inline]
    pub(crate) fn last_in_flight(&self) -> Option<PacketId> {
        self.in_flight.back()
    }

    /// Whether packets wait.
    #[inline]
    pub(crate) const fn has_waiting(&self) -> bool {
        self.occupied != 0
    }

    /// Whether a packet that comes now would have to wait.
    #[inline]
    pub(crate) fn is_busy(&self, now: Time) -> bool {
        self.occupied != 0 || now < self.frame_end
    }

    /// Brings what is needed if packets wait into the cache.
    #[inline]
    pub(crate) fn prefetch_waiting(&self) {
        self.queues.prefetch();
    }

    /// The packet that arrives next, if one is in flight.
    #[inline]
    pub(crate) fn next_to_arrive(&self) -> Option<PacketId> {
        self.in_flight.front()
    }

    /// The first packet in flight arrives; gives it and the arrival of the next one.
    #[inline]
    pub(crate) fn arrive<H: Copy>(&mut self, arena: &mut Arena<H>, now: Time) -> (PacketId, Option<Time>) {
        self.catch_up(arena, now);
        self.in_flight.arrive(arena, now)
    }

    /// Takes the packet that was put on the link last off it, where each is taken off at once.
    #[inline]
    pub(crate) fn take_last_sent<H: Copy>(&mut self, arena: &Arena<H>) -> PacketId {
        let id = self.in_flight.pop_front(arena).expect("a packet was sent");
        assert!(self.in_flight.is_empty(), "packets are taken off the link one by one");
        id
    }

    /// Adds a delay between the port and the other end of its link.
    pub(crate) fn delay_by(&mut self, more: Duration) {
        self.delay += more;
    }

    /// The frame that was put on the link last: when it has left the port, and its length.
    #[inline]
    pub(crate) fn last_frame<H: Copy>(&self, arena: &Arena<H>) -> (Time, u16) {
        let id = self.in_flight.back().expect("asked right after a frame was put on the link");
        (self.frame_end, arena.get(id).frame_bytes)
    }

    /// The time that `bytes` take on the link.
    #[inline]
    pub(crate) fn serialization(&self, bytes: u64) -> Duration {
        self.byte() * bytes
    }

    /// Bytes of the waiting frames.
    #[inline]
    pub(crate) const fn waiting_bytes(&self) -> u64 {
        self.queues.bytes()
    }

    /// Forgets all waiting packets.
    pub(crate) fn discard_waiting<H: Copy>(&mut self, arena: &mut Arena<H>, now: Time) {
        self.queues.discard(&mut self.occupied, arena, now);
    }

    /// Forgets mean and maximum of the queue up to now.
    pub(crate) fn restart_queue_statistics(&mut self, now: Time) {
        self.queues.restart_average(now);
        self.counters.waiting_bytes_max = 0;
    }

    /// The integral of waiting bytes since the restart (byte picoseconds) and the maximum (bytes).
    pub(crate) fn queue_statistics(&self, now: Time) -> (u128, u64) {
        (self.queues.integral(now), self.counters.waiting_bytes_max)
    }

    #[inline]
    fn byte(&self) -> Duration {
        Duration::from_ps(u64::from(self.byte_ps))
    }

    #[inline]
    fn gap(&self) -> Duration {
        self.byte() * u64::from(self.gap)
    }
}

impl Counters {
    /// So many bytes wait; also if a packet is served at once, which is in the queue for no time.
    #[inline]
    pub(crate) fn pass(&mut self, bytes: u64) {
        self.waiting_bytes_max = self.waiting_bytes_max.max(bytes);
    }
}
