//! A sender chooses the message with the fewest unsent bytes, in it the lowest offset; a receiver
//! grants a sender only the message with the fewest bytes left to grant; grants precede data.

use crate::common;
use homa_fabric::{Marks, Message, MessageRef, Packet, Transport};
use homa_sigcomm18::receiver::Receiver;
use homa_sigcomm18::sender::Sender;
use homa_sigcomm18::{Header, Sigcomm18, wire};
use homa_topologies::HostId;
use homa_units::{Bytes, Priority, Time};
use std::collections::VecDeque;

const HERE: HostId = HostId(0);
const THERE: HostId = HostId(1);

/// A message of this host; `sequence` counts them.
fn message(at_ps: u64, sequence: u32, bytes: u64) -> Message {
    let (created, size) = (Time::from_ps(at_ps), Bytes::new(bytes));
    Message { created, source: HERE, destination: THERE, sequence, generator: 0, size }
}

/// A sender with messages of the given sizes in slots 0, 1, .., created one nanosecond apart.
fn sender(sizes: &[u64]) -> Sender {
    let mut sender = Sender::new(common::w3(), HERE);
    for (slot, size) in (0..).zip(sizes) {
        sender.submit(slot, &message(u64::from(slot) * 1_000, slot, *size));
    }
    sender
}

/// Slot and message bytes of each packet until nothing could go.
fn sent(sender: &mut Sender) -> Vec<(u32, u16)> {
    std::iter::from_fn(|| sender.next_packet())
        .map(|packet| match packet.header {
            Header::Data { slot, data, .. } => (slot, data),
            Header::Grant { .. } => panic!("a sender sends data"),
        })
        .collect()
}

#[test]
fn the_message_with_the_fewest_unsent_bytes_goes_first() {
    assert_eq!(sent(&mut sender(&[1_400, 200, 900])), [(1, 200), (2, 900), (0, 1_400)]);
}

#[test]
fn the_older_message_goes_first_of_equals() {
    assert_eq!(sent(&mut sender(&[300, 300, 300])), [(0, 300), (1, 300), (2, 300)]);
    let mut sender = Sender::new(common::w3(), HERE);
    for (slot, at) in [(0, 2_000), (1, 1_000)] {
        sender.submit(slot, &message(at, slot, 300));
    }
    assert_eq!(sent(&mut sender), [(1, 300), (0, 300)]);
}

/// In which slot a message lies depends on which ones have ended before.
#[test]
fn of_equals_of_one_instant_the_one_that_was_created_first_goes_first() {
    let mut sender = Sender::new(common::w3(), HERE);
    for (slot, sequence) in [(1, 7), (0, 8), (2, 6)] {
        sender.submit(slot, &message(1_000, sequence, 300));
    }
    assert_eq!(sent(&mut sender), [(2, 300), (1, 300), (0, 300)]);
}

#[test]
fn a_message_moves_up_with_each_packet_it_has_sent() {
    let mut sender = sender(&[3_000]);
    assert!(sender.next_packet().is_some());
    // 1558 bytes of the first are left: fewer than 1600, though it was longer at first.
    sender.submit(1, &message(5_000, 1, 1_600));
    assert_eq!(sent(&mut sender), [(0, 1_442), (0, 116), (1, 1_442), (1, 158)]);
}

#[test]
fn bytes_without_a_grant_count_as_unsent_but_hold_nobody_up() {
    let mut sender = sender(&[9_500, 9_400]);
    assert_eq!(sent(&mut sender).len(), 14);
    // 172 bytes of the first and 72 of the second wait for grants.
    sender.grant(0, 9_328, 172, Priority::new(7));
    sender.grant(1, 9_328, 72, Priority::new(7));
    assert_eq!(sent(&mut sender), [(1, 72), (0, 172)]);
}

#[test]
fn the_lowest_offset_goes_first_even_if_a_later_grant_overtakes() {
    let mut sender = sender(&[15_000]);
    sent(&mut sender);
    for (offset, level) in [(9_328 + 2 * 1_456, 2), (9_328, 3), (9_328 + 1_456, 1)] {
        sender.grant(0, offset, 1_456, Priority::new(level));
    }
    // The level comes with the grant, so it tells the grants apart.
    let levels: Vec<_> = std::iter::from_fn(|| sender.next_packet()).map(|packet| packet.priority.get()).collect();
    assert_eq!(levels, [3, 1, 2]);
}

fn data(slot: u32, size: u32) -> Packet<Header> {
    let header = Header::Data { created: Time::ZERO, slot, sequence: slot, size, data: 1_442, scheduled: false };
    let frame_bytes = wire::unscheduled_frame(1_442);
    Packet { header, source: THERE, destination: HERE, frame_bytes, priority: Priority::new(4), marks: Marks::NONE }
}

/// Slot, offset and level of the grants that arrivals of the given messages cause, first to last.
fn granted(arrivals: &[(u32, u32)]) -> Vec<(u32, u32, u8)> {
    let (mut receiver, mut grants) = (Receiver::new(common::w3(), HERE), VecDeque::new());
    for (number, (slot, size)) in (1..).zip(arrivals) {
        let completed = receiver.data(Time::from_ps(number * 1_230_400), &data(*slot, *size), &mut grants);
        assert_eq!(completed, None::<MessageRef>);
    }
    let of = |packet: Packet<Header>| match packet.header {
        Header::Grant { slot, offset, level, .. } => (slot, offset, level.get()),
        Header::Data { .. } => panic!("a receiver makes grants"),
    };
    grants.into_iter().map(of).collect()
}

#[test]
fn a_sender_is_granted_only_its_message_with_the_fewest_bytes_to_grant() {
    let (short, long) = ((0, 40_000), (1, 60_000));
    // The arrival of the long one finds the short one fully in flight: nothing is granted, least of
    // all the long one.
    assert_eq!(granted(&[short, long]), [(0, 9_328, 0)]);
    // Each arrival of the short one frees room for one grant to it.
    assert_eq!(granted(&[short, long, short]), [(0, 9_328, 0), (0, 9_328 + 1_456, 0)]);
    // The other way round, the short one takes over when it is announced.
    assert_eq!(granted(&[long, short, long, short]), [(1, 9_328, 0), (0, 9_328, 0), (0, 9_328 + 1_456, 0)]);
}

#[test]
fn a_message_of_only_unscheduled_packets_is_granted_nothing() {
    assert_eq!(granted(&[(0, 9_328)]), []);
    assert_eq!(granted(&[(0, 9_329)]), [(0, 9_328, 7)]);
}

#[test]
fn grants_precede_data() {
    let mut host = Sigcomm18::new(common::w3(), HERE);
    host.submit(Time::ZERO, MessageRef { source: HERE, slot: 0, sequence: 0 }, &message(0, 0, 1));
    host.handle_packet(Time::ZERO, &data(0, 20_000));
    let first = host.poll_transmit(Time::ZERO).unwrap();
    assert!(matches!(first.header, Header::Grant { .. }));
    // On the highest level, whatever the message's.
    assert_eq!(first.priority, Priority::new(7));
    assert!(matches!(host.poll_transmit(Time::ZERO).unwrap().header, Header::Data { .. }));
    assert!(host.poll_transmit(Time::ZERO).is_none() && !host.has_packet());
}
