//! A sender chooses the message with the fewest unsent bytes; of equals the older one, and of those
//! of one instant the one that was created first.

use homa_blind::Blind;
use homa_fabric::{Message, MessageRef, Transport};
use homa_topologies::HostId;
use homa_units::{Bytes, Priority, Time};

const HERE: HostId = HostId(0);

fn submit(host: &mut Blind, at_ps: u64, slot: u32, sequence: u32, size: u64) {
    let (created, size) = (Time::from_ps(at_ps), Bytes::new(size));
    let message = Message { created, source: HERE, destination: HostId(1), sequence, generator: 0, size };
    host.submit(created, MessageRef { source: HERE, slot, sequence }, &message);
}

/// Slot and message bytes of each packet until nothing could go.
fn sent(host: &mut Blind) -> Vec<(u32, u16)> {
    let packets = std::iter::from_fn(|| host.has_packet().then(|| host.poll_transmit(Time::ZERO)).flatten());
    let of = |packet: homa_fabric::Packet<homa_blind::Header>| {
        assert_eq!(packet.priority, Priority::LOWEST);
        (packet.header.slot, packet.header.data)
    };
    packets.map(of).collect()
}

#[test]
fn the_message_with_the_fewest_unsent_bytes_goes_first() {
    let mut host = Blind::new(HERE);
    for (slot, size) in [(0, 1_400), (1, 200), (2, 900)] {
        submit(&mut host, 1_000, slot, slot, size);
    }
    assert_eq!(sent(&mut host), [(1, 200), (2, 900), (0, 1_400)]);
}

#[test]
fn a_message_moves_up_with_each_packet_it_has_sent() {
    let mut host = Blind::new(HERE);
    submit(&mut host, 1_000, 0, 0, 3_000);
    assert!(host.poll_transmit(Time::ZERO).is_some());
    // 1558 bytes of the first are left: fewer than 1600, though it was longer at first.
    submit(&mut host, 5_000, 1, 1, 1_600);
    assert_eq!(sent(&mut host), [(0, 1_442), (0, 116), (1, 1_442), (1, 158)]);
}

#[test]
fn of_equals_the_older_one_goes_first_and_then_the_one_created_first() {
    let mut host = Blind::new(HERE);
    for (at_ps, slot, sequence) in [(1_000, 2, 0), (2_000, 1, 1), (2_000, 0, 2)] {
        submit(&mut host, at_ps, slot, sequence, 300);
    }
    assert_eq!(sent(&mut host), [(2, 300), (1, 300), (0, 300)]);
}
