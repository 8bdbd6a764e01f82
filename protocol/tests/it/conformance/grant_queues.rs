//! How messages that wait for a slot overtake each other, and what FIFO grants do to slots (spec 5.3 to 5.7).

use crate::conformance::grants::{grants, limits};
use crate::conformance::node::{FULL, Inbound, Node};
use homa_protocol::{Config, Packet, SocketId};
use homa_units::Duration;

/// One slot, and so much headroom and window that who is active shows by its GRANTs.
fn one_slot() -> Config {
    let mut config = limits(1_000_000_000, 1_000_000);
    config.sysctls.max_overcommit = 1;
    config
}

/// Lets the first packet of each message arrive, 1 µs apart.
fn begin(node: &mut Node, messages: &[Inbound]) {
    for message in messages {
        node.wait(Duration::from_us(1));
        node.receive(message.peer, message.piece(0, FULL));
    }
    node.sent();
}

/// The lengths of the messages that take the only slot after `active`, as each of them becomes complete in it. Their
/// identifiers have to differ.
fn order_of_slots((mut node, socket): (Node, SocketId), active: Inbound, waiting: &[Inbound]) -> Vec<u32> {
    let mut waiting = waiting.to_vec();
    let mut order = Vec::new();
    let mut next = active;
    loop {
        let rpc = node.info(socket, next.header.sender_id.other_side()).expect("a message that isn't complete lives");
        node.receive(next.peer, next.piece(next.length - rpc.rx_remaining, next.length));
        node.endpoint.check_invariants();
        node.sent();
        let active = waiting.iter().position(|message| {
            // BUSY makes the receiver look at the grants of a message and changes nothing else.
            node.receive(message.peer, Packet::Busy(message.header));
            !grants(&mut node).is_empty()
        });
        let Some(active) = active else { return order };
        next = waiting.remove(active);
        order.push(next.length);
    }
}

#[test]
fn a_message_that_lacks_less_than_anothers_head_overtakes_it_among_peers() {
    let (mut node, socket) = Node::server(one_slot());
    let active = Inbound::request(1, 2, 100_000);
    let [second, third, fourth] = [(2, 500_000), (3, 600_000), (4, 700_000)]
        .map(|(peer, length)| Inbound::request(peer, 2 * u64::from(peer), length));
    begin(&mut node, &[active, second, third, fourth]);
    // 300 kB are missing of the longest then, and 498 kB of the next.
    node.receive(fourth.peer, fourth.piece(FULL, 400_000));
    node.endpoint.check_invariants();
    assert_eq!(node.endpoint.num_active(), 1);
    assert_eq!(order_of_slots((node, socket), active, &[second, third, fourth]), [700_000, 500_000, 600_000]);
}

#[test]
fn a_message_overtakes_another_of_its_peer() {
    let (mut node, socket) = Node::server(one_slot());
    let active = Inbound::request(1, 2, 100_000);
    let [shorter, longer] = [(4, 500_000), (6, 600_000)].map(|(id, length)| Inbound::request(2, id, length));
    begin(&mut node, &[active, shorter, longer]);
    node.receive(longer.peer, longer.piece(FULL, 200_000));
    node.endpoint.check_invariants();
    assert_eq!(order_of_slots((node, socket), active, &[shorter, longer]), [600_000, 500_000]);
}

#[test]
fn a_peer_whose_best_message_completes_in_the_queue_falls_behind_other_peers() {
    let (mut node, socket) = Node::server(one_slot());
    let active = Inbound::request(1, 2, 100_000);
    let (best, last) = (Inbound::request(2, 20, 300_000), Inbound::request(2, 4, 800_000));
    let [second, third] =
        [(3, 500_000), (4, 600_000)].map(|(peer, length)| Inbound::request(peer, 2 * u64::from(peer), length));
    begin(&mut node, &[active, best, last, second, third]);
    // Complete although it waits for a slot: its sender didn't wait for GRANTs, and its end came in one piece.
    node.receive(best.peer, best.piece(FULL, best.length));
    node.endpoint.check_invariants();
    assert_eq!(node.endpoint.num_active(), 1, "who is active stays so");
    assert_eq!(order_of_slots((node, socket), active, &[second, third, last]), [500_000, 600_000, 800_000]);
}

/// A message that doesn't hold itself to its GRANTs can lack less than the active one without having taken its slot:
/// the FIFO grant then finds that out.
#[test]
fn a_message_that_a_fifo_grant_displaces_is_not_needy() {
    let mut config = limits(8_000, 10_000);
    config.sysctls.max_overcommit = 1;
    config.sysctls.grant_fifo_fraction = 50;
    let (mut node, _) = Node::server(config);
    let oldest = Inbound { unscheduled: 40_000, ..Inbound::request(2, 4, 440_000) };
    let active = Inbound { unscheduled: 12_000, ..Inbound::request(1, 2, 399_000) };
    for packet in [oldest.piece(0, FULL), active.piece(0, FULL), oldest.piece(FULL, 40_000)] {
        node.wait(Duration::from_us(1));
        let from = if packet.header() == &oldest.header { 2 } else { 1 };
        node.receive(from, packet);
    }
    node.receive(2, oldest.piece(40_000, 45_000));
    assert_eq!((grants(&mut node), node.endpoint.num_active()), (vec![], 1));

    node.receive(1, active.piece(FULL, 5_000));
    node.endpoint.check_invariants();
    assert_eq!(grants(&mut node), [(1, 13_000, 0), (2, 90_000, 6)], "1 kB of headroom, and the FIFO grant");
    // The slot is not the active one's any more, and who has it now wanted nothing.
    node.endpoint.write_sysctl("max_incoming", "1000000").expect("it can be written");
    node.receive(1, Packet::Busy(active.header));
    assert_eq!((grants(&mut node), node.endpoint.metrics().needy_grants), (vec![], 0));
}

#[test]
fn fifo_grants_of_no_bytes_are_not_sent() {
    let mut config = limits(1_000_000, 100_000);
    config.sysctls.grant_fifo_fraction = 50;
    config.sysctls.fifo_grant_increment = 0;
    let (mut node, _) = Node::server(config);
    let message = Inbound::request(1, 2, 1_000_000);
    node.receive(1, message.piece(0, FULL));
    assert_eq!(grants(&mut node), [(1, 101_424, 0)]);
}
