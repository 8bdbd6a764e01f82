//! One host's end of the protocol.
//!
//! A message is cut into full packets. Of each message at most `window` packets are on their way
//! without an acknowledgement. A receiver acknowledges every packet at once, at the highest
//! priority; data has the lowest. Nothing is lost in the network, so nothing is sent twice.

use crate::model::{FixedWindow, Order};
use homasim::transport::{
    Counted, Counters, HostId, Marks, Message, MessageEnd, MessageRef, Packet, PacketClass, Priority, SrptQueue, Time,
    Transport,
};
use std::collections::{BTreeMap, VecDeque};

/// Most message bytes in a packet.
pub const DATA_MAX: u32 = 1_500 - IP_UDP_AND_OWN;
const IP_UDP_AND_OWN: u32 = 20 + 8 + 20;
const ETHERNET_HEADER_AND_CRC: u32 = 18;
const FRAME_MIN: u32 = 64;

/// Bytes of the Ethernet frame of a packet with `data` message bytes.
pub const fn frame_bytes(data: u32) -> u16 {
    let frame = data + IP_UDP_AND_OWN + ETHERNET_HEADER_AND_CRC;
    (if frame < FRAME_MIN { FRAME_MIN } else { frame }) as u16
}

/// What the protocol writes into a packet.
#[derive(Debug, Clone, Copy)]
pub enum Header {
    /// `data` bytes of a message of `size` bytes.
    Data { message: MessageRef, size: u32, data: u32 },
    /// One packet of a message has arrived.
    Ack { sequence: u32 },
}

/// A message with unsent bytes.
#[derive(Debug)]
struct Outgoing {
    reference: MessageRef,
    message: Message,
    unsent: u32,
    unacknowledged: u16,
}

/// One host's end.
#[derive(Debug)]
pub struct Host {
    parameters: FixedWindow,
    host: HostId,
    /// By sequence number. Slots are used again while late acknowledgements are on their way;
    /// sequence numbers are not.
    outgoing: BTreeMap<u32, Outgoing>,
    /// Those whose window is open.
    ready: SrptQueue,
    /// Bytes of incoming messages that have not arrived.
    missing: BTreeMap<MessageRef, u32>,
    acks: VecDeque<Packet<Header>>,
    completed: Option<MessageEnd>,
    windows_closed: u64,
}

impl Host {
    /// The end at `host`.
    pub fn new(parameters: FixedWindow, host: HostId) -> Self {
        Self {
            parameters,
            host,
            outgoing: BTreeMap::new(),
            ready: SrptQueue::default(),
            missing: BTreeMap::new(),
            acks: VecDeque::new(),
            completed: None,
            windows_closed: 0,
        }
    }

    /// Puts a message in its place among those that may send.
    fn rank(&mut self, sequence: u32) {
        let Outgoing { message, unsent, .. } = &self.outgoing[&sequence];
        let key = match self.parameters.order {
            Order::Srpt => *unsent,
            Order::Fifo => 0,
        };
        self.ready.set(sequence, key, message.created, sequence);
    }

    fn next_data(&mut self) -> Option<Packet<Header>> {
        let sequence = self.ready.first()?;
        let outgoing = self.outgoing.get_mut(&sequence).expect("a ready message has unsent bytes");
        let data = outgoing.unsent.min(DATA_MAX);
        let priority = Priority::LOWEST;
        outgoing.unsent -= data;
        outgoing.unacknowledged += 1;
        let (message, destination) = (outgoing.reference, outgoing.message.destination);
        let header = Header::Data { message, size: outgoing.message.size.get() as u32, data };
        if outgoing.unsent == 0 {
            self.ready.remove_first();
            self.outgoing.remove(&sequence);
        } else if outgoing.unacknowledged == self.parameters.window {
            self.ready.remove_first();
            self.windows_closed += 1;
        } else {
            self.rank(sequence);
        }
        Some(self.packet(header, destination, frame_bytes(data), priority))
    }

    const fn packet(
        &self,
        header: Header,
        destination: HostId,
        frame_bytes: u16,
        priority: Priority,
    ) -> Packet<Header> {
        Packet { header, source: self.host, destination, frame_bytes, priority, marks: Marks::NONE }
    }
}

impl Transport for Host {
    type Header = Header;

    fn submit(&mut self, _: Time, reference: MessageRef, message: &Message) {
        let unsent = u32::try_from(message.size.get()).expect("`Traits::message_bytes_max` is below 4 GB");
        self.outgoing.insert(message.sequence, Outgoing { reference, message: *message, unsent, unacknowledged: 0 });
        self.rank(message.sequence);
    }

    fn handle_packet(&mut self, _: Time, packet: &Packet<Header>) {
        match packet.header {
            Header::Data { message, size, data } => {
                let ack = Header::Ack { sequence: message.sequence };
                self.acks.push_back(self.packet(ack, packet.source, frame_bytes(0), Priority::HIGHEST));
                let missing = self.missing.entry(message).or_insert(size);
                *missing -= data;
                if *missing == 0 {
                    self.missing.remove(&message);
                    self.completed = Some(MessageEnd::arrived(message));
                }
            }
            Header::Ack { sequence } => {
                // A message without unsent bytes waits for nothing.
                if let Some(outgoing) = self.outgoing.get_mut(&sequence) {
                    outgoing.unacknowledged -= 1;
                    self.rank(sequence);
                }
            }
        }
    }

    fn has_packet(&self) -> bool {
        !self.acks.is_empty() || !self.ready.is_empty()
    }

    fn poll_transmit(&mut self, _: Time) -> Option<Packet<Header>> {
        self.acks.pop_front().or_else(|| self.next_data())
    }

    fn poll_completion(&mut self) -> Option<MessageEnd> {
        self.completed.take()
    }

    fn handle_timeout(&mut self, _: Time) {}

    fn poll_timeout(&self) -> Option<Time> {
        None
    }

    fn class(header: &Header) -> usize {
        match header {
            Header::Data { .. } => PacketClass::Unscheduled as usize,
            Header::Ack { .. } => PacketClass::Control as usize,
        }
    }
}

impl Counted for Host {
    /// Appears as a metric in `summary.json`.
    fn count(&self, counters: &mut Counters) {
        counters.metrics([("windows_closed".to_owned(), self.windows_closed)]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use homasim::transport::Bytes;

    fn message(sequence: u32, size: u64) -> (MessageRef, Message) {
        let (source, destination) = (HostId(0), HostId(1));
        let reference = MessageRef { source, slot: sequence, sequence };
        let (created, size) = (Time::ZERO, Bytes::new(size));
        (reference, Message { created, source, destination, sequence, generator: 0, size })
    }

    fn sender(parameters: FixedWindow, sizes: &[u64]) -> Host {
        let mut host = Host::new(parameters, HostId(0));
        for (sequence, size) in (0..).zip(sizes) {
            let (reference, message) = message(sequence, *size);
            host.submit(Time::ZERO, reference, &message);
        }
        host
    }

    /// Sequence and message bytes of each packet that goes without an acknowledgement.
    fn sent(host: &mut Host) -> Vec<(u32, u32)> {
        std::iter::from_fn(|| host.poll_transmit(Time::ZERO))
            .map(|packet| match packet.header {
                Header::Data { message, data, .. } => (message.sequence, data),
                Header::Ack { .. } => panic!("a sender sends data"),
            })
            .collect()
    }

    #[test]
    fn a_message_stops_at_its_window_and_others_go_on() {
        let parameters = FixedWindow { window: 2, order: Order::Srpt };
        let long = 10 * u64::from(DATA_MAX);
        assert_eq!(sent(&mut sender(parameters, &[long, 100])), [(1, 100), (0, DATA_MAX), (0, DATA_MAX)]);
    }

    #[test]
    fn the_oldest_message_goes_first_in_fifo_order() {
        let parameters = FixedWindow { window: 2, order: Order::Fifo };
        assert_eq!(sent(&mut sender(parameters, &[200, 100])), [(0, 200), (1, 100)]);
    }

    #[test]
    fn each_packet_is_acknowledged_and_the_last_one_ends_the_message() {
        let size = 5 * u64::from(DATA_MAX) + 1;
        let (mut source, mut destination) =
            (sender(FixedWindow::default(), &[size]), sender(FixedWindow::default(), &[]));
        let mut ended = Vec::new();
        while let Some(packet) = source.poll_transmit(Time::ZERO) {
            assert!(ended.is_empty());
            destination.handle_packet(Time::ZERO, &packet);
            ended.extend(destination.poll_completion());
            let ack = destination.poll_transmit(Time::ZERO).expect("each packet is acknowledged");
            source.handle_packet(Time::ZERO, &ack);
        }
        assert_eq!(ended, [MessageEnd::arrived(message(0, size).0)]);
    }
}
