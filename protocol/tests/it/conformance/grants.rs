//! Cases 38 to 44: what one or several messages are granted (spec part 13).

use crate::conformance::node::{FULL, Inbound, Node, config};
use homa_protocol::{Config, Packet, Transmit};
use homa_units::Duration;

/// A GRANT: to which peer, up to which offset, at which level.
pub(crate) type Granted = (u32, u32, u8);

/// Everything that the node grants now.
pub(crate) fn grants(node: &mut Node) -> Vec<Granted> {
    let grant = |transmit: Transmit| match transmit.packet {
        Packet::Grant(grant) => Some((transmit.to.get(), grant.offset, grant.priority.get())),
        _ => None,
    };
    node.sent().into_iter().filter_map(grant).collect()
}

/// What the node grants after this packet of the message, which comes 1 µs after what came before.
pub(crate) fn granted_after(node: &mut Node, message: &Inbound, index: usize) -> Vec<Granted> {
    node.wait(Duration::from_us(1));
    node.receive(message.peer, message.packets()[index]);
    let granted = grants(node);
    node.endpoint.check_invariants();
    granted
}

/// The setting with another limit on incoming bytes, and the same window however many messages are active.
pub(crate) fn limits(max_incoming: u32, window: u32) -> Config {
    let mut config = config();
    config.sysctls.max_incoming = max_incoming;
    config.sysctls.window = window;
    config
}

/// Lets the message arrive from this packet on until there is a GRANT: how much had arrived then, and the GRANTs.
fn next_grants(node: &mut Node, message: &Inbound, from: usize) -> (u32, Vec<Granted>) {
    (from..message.cuts().len())
        .map(|index| (message.cuts()[index].1, granted_after(node, message, index)))
        .find(|(_, granted)| !granted.is_empty())
        .expect("the message is granted more")
}

#[test]
fn case_38_the_first_grant_opens_the_window() {
    let (mut node, _) = Node::server(config());
    let message = Inbound::request(1, 2, 1_000_000);
    assert_eq!(granted_after(&mut node, &message, 0), [(1, 201_424, 0)]);
    assert_eq!(node.endpoint.total_incoming(), 200_000);
    assert_eq!(node.endpoint.num_active(), 1);
}

#[test]
fn case_38_a_fifo_grant_comes_on_top_and_delays_the_next_one() {
    let mut config = config();
    config.sysctls.grant_fifo_fraction = 50;
    let (mut node, _) = Node::server(config);
    let message = Inbound::request(1, 2, 1_000_000);
    assert_eq!(granted_after(&mut node, &message, 0), [(1, 201_424, 0), (1, 251_424, 6)]);
    assert_eq!(node.endpoint.total_incoming(), 250_000);
    assert_eq!(node.endpoint.metrics().fifo_grant_bytes, 50_000);
    assert_eq!(next_grants(&mut node, &message, 1), (52_816, vec![(1, 252_816, 0)]));
}

#[test]
fn case_39_short_messages_are_invisible() {
    let (mut node, _) = Node::server(config());
    let messages: Vec<_> = (0..10).map(|n| Inbound::request(n, 2, 40_000)).collect();
    for index in 0..messages[0].cuts().len() {
        for message in &messages {
            assert_eq!(granted_after(&mut node, message, index), []);
            assert_eq!(node.endpoint.total_incoming(), 0);
            assert_eq!(node.endpoint.num_active(), 0);
        }
    }
    assert_eq!(node.endpoint.metrics().server_requests_done, 10);
}

#[test]
fn case_40_a_completely_granted_message_is_granted_again_with_each_packet() {
    let (mut node, _) = Node::server(config());
    let message = Inbound::request(1, 2, 60_000);
    assert_eq!(message.cuts().len(), 44);
    let granted: Vec<_> = (0..44).flat_map(|index| granted_after(&mut node, &message, index)).collect();
    assert_eq!(granted, [(1, 60_000, 0); 43]);
    assert_eq!(node.endpoint.metrics().redundant_grants, 42, "all but the first");
    assert_eq!((node.endpoint.total_incoming(), node.endpoint.num_active()), (0, 0));
}

#[test]
fn case_41_a_second_message_narrows_the_window_of_the_first() {
    let (mut node, _) = Node::server(config());
    let (a, b) = (Inbound::request(1, 2, 500_000), Inbound::request(2, 2, 400_000));
    assert_eq!(granted_after(&mut node, &a, 0), [(1, 201_424, 0)]);
    assert_eq!(granted_after(&mut node, &b, 0), [(2, 134_757, 1)]);
    assert_eq!(node.endpoint.total_incoming(), 333_333);
    assert_eq!(granted_after(&mut node, &a, 1), []);
    assert_eq!(granted_after(&mut node, &b, 1), [(2, 136_181, 1)]);
}

#[test]
fn case_42_of_many_messages_the_first_use_up_the_headroom() {
    let (mut node, _) = Node::server(config());
    let messages: Vec<_> = (1..=9).map(|n| Inbound::request(n, 2, 499_000 + 1_000 * n)).collect();
    let granted: Vec<_> = messages.iter().map(|message| granted_after(&mut node, message, 0)).collect();
    assert_eq!(granted[..3], [[(1, 201_424, 0)], [(2, 134_757, 0)], [(3, 68_091, 0)]]);
    assert!(granted[3..].iter().all(Vec::is_empty), "{granted:?}");
    assert_eq!(node.endpoint.total_incoming(), 631_456);
    assert_eq!(node.endpoint.num_active(), 8, "the ninth is queued");

    // With enough headroom any packet serves the needy: all active ones but three. A duplicate changes nothing else.
    node.endpoint.write_sysctl("max_incoming", "4000000").expect("it can be written");
    let served = granted_after(&mut node, &messages[8], 0);
    // The window stays what it was when the eighth message became active.
    let window = 400_000 / 9;
    let expected: Vec<_> = (4..=8).map(|n| (n, FULL + window, 0)).collect();
    assert_eq!(served, expected);
}

#[test]
fn case_43_who_got_only_a_part_is_served_before_others() {
    let (mut node, _) = Node::server(limits(100_000, 60_000));
    let (a, b) = (Inbound::request(1, 2, 100_000), Inbound::request(2, 2, 90_000));
    assert_eq!(granted_after(&mut node, &a, 0), [(1, 61_424, 0)]);
    assert_eq!(granted_after(&mut node, &b, 0), [(2, 41_424, 1)], "only the headroom");
    assert_eq!(granted_after(&mut node, &a, 1), [(2, 42_848, 1)], "B was needy before A");
    assert_eq!(granted_after(&mut node, &b, 1), [(2, 44_272, 1)]);
    assert_eq!(node.endpoint.total_incoming(), 100_000);

    // Both still are needy: with more headroom a packet of B serves both.
    node.endpoint.write_sysctl("max_incoming", "1000000").expect("it can be written");
    assert_eq!(granted_after(&mut node, &b, 2), [(2, 64_272, 1), (1, 62_848, 0)]);
}

#[test]
fn case_44_the_needy_are_served_by_remaining_bytes_and_then_age() {
    let (mut node, _) = Node::server(limits(10_000, 5_000));
    // Its unscheduled bytes take all headroom, and its window stays closed.
    let filler = Inbound { unscheduled: 11_424, ..Inbound::request(1, 2, 1_000_000) };
    let lacking = |peer, bytes| Inbound { unscheduled: FULL, ..Inbound::request(peer, 2, FULL + bytes) };
    let (largest, older, newer) = (lacking(2, 5_000), lacking(4, 4_000), lacking(5, 4_000));
    // The older message has a later slot than the newer one, which gets the slot that this one leaves.
    let leaving = lacking(3, 1);
    for message in [filler, largest, leaving, older] {
        assert_eq!(granted_after(&mut node, &message, 0), []);
    }
    assert_eq!(granted_after(&mut node, &leaving, 1), []);
    assert_eq!(granted_after(&mut node, &newer, 0), []);
    assert_eq!((node.endpoint.total_incoming(), node.endpoint.num_active()), (10_000, 4));

    node.endpoint.write_sysctl("max_incoming", "100000").expect("it can be written");
    let before = node.endpoint.metrics().needy_grants;
    assert_eq!(granted_after(&mut node, &filler, 1), [(4, 5_424, 3), (5, 5_424, 2), (2, 6_424, 1)]);
    assert_eq!(node.endpoint.metrics().needy_grants - before, 3);
}
