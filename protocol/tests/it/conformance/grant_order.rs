//! Cases 45 to 53: which messages are active, and at which level (spec part 13).

use crate::conformance::grants::{Granted, granted_after, grants, limits};
use crate::conformance::node::{FULL, Inbound, Node, SERVER_PORT, bytes, server_at};
use homa_protocol::wire::Family;
use homa_protocol::{AbortArgs, Config, HOMA_BPAGE_SIZE, Packet};
use homa_units::{Duration, Time};

/// Everything may be granted at once: an active message gets a GRANT of all its bytes with each packet, others none.
fn open() -> Config {
    limits(1_000_000_000, 1_000_000)
}

/// As [`open`], with this many slots.
fn open_slots(slots: u32) -> Config {
    let mut config = open();
    config.sysctls.max_overcommit = slots;
    config
}

/// Those of the messages that are active, in a node with the setting [`open`], with their levels.
///
/// BUSY tells nothing about a message, but like every packet it makes the receiver look at its grants.
fn active_levels(node: &mut Node, messages: &[Inbound]) -> Vec<(Inbound, u8)> {
    let mut active = Vec::new();
    node.sent();
    for message in messages {
        node.receive(message.peer, Packet::Busy(message.header));
        active.extend(grants(node).into_iter().map(|(_, _, level)| (*message, level)));
    }
    active
}

/// The lengths of those of the messages that are active.
fn active(node: &mut Node, messages: &[Inbound]) -> Vec<u32> {
    active_levels(node, messages).into_iter().map(|(message, _)| message.length).collect()
}

/// Requests of these lengths from one peer.
fn requests<const N: usize>(peer: u32, lengths: [u32; N]) -> [Inbound; N] {
    let mut id = 0;
    lengths.map(|length| {
        id += 2;
        Inbound::request(peer, 1_000 * u64::from(length) + id, length)
    })
}

fn begin(node: &mut Node, messages: &[Inbound]) {
    for message in messages {
        granted_after(node, message, 0);
    }
}

#[test]
fn case_45_peers_with_many_slots_lose_them_to_peers_with_few() {
    let (mut node, _) = Node::server(open());
    let mut all = requests(1, [100_000, 200_000, 300_000, 400_000, 500_000]).to_vec();
    all.extend(requests(2, [600_000, 700_000, 800_000]));
    begin(&mut node, &all);
    assert_eq!(active(&mut node, &all).len(), 8);

    let mut arrives = |peer, length| {
        let message = Inbound::request(peer, 2, length);
        all.push(message);
        begin(&mut node, &[message]);
        active(&mut node, &all)
    };
    let after_900k = [100_000, 200_000, 300_000, 400_000, 600_000, 700_000, 800_000, 900_000];
    assert_eq!(arrives(3, 900_000), after_900k, "it displaces the 500 kB of peer 1");
    assert_eq!(arrives(2, 950_000), after_900k, "it is queued");
    let after_50k = [100_000, 200_000, 300_000, 600_000, 700_000, 800_000, 900_000, 50_000];
    assert_eq!(arrives(1, 50_000), after_50k, "it displaces the 400 kB of peer 1");
}

#[test]
fn case_45_a_peer_displaces_its_own_message_rather_than_that_of_a_peer_with_as_many_slots() {
    let (mut node, _) = Node::server(open_slots(4));
    let (mut all, new) = (requests(1, [600_000, 700_000]).to_vec(), Inbound::request(2, 2, 150_000));
    all.extend(requests(2, [100_000, 200_000]));
    all.push(new);
    begin(&mut node, &all);
    assert_eq!(active(&mut node, &all), [600_000, 700_000, 100_000, 150_000]);
}

/// Frees a slot while peers 1 and 2 have three slots each and 399 kB and 949 kB in their queues, and peer 4 has no slot
/// and 990 kB in its queue, or isn't there. What is granted in that call, and how much of it as needy.
fn refill(with_peer_4: bool) -> (Vec<Granted>, u64) {
    let (mut node, _) = Node::server(open_slots(3));
    let [leaving, also_3] = requests(3, [10_000, 20_000]).map(|message| Inbound { unscheduled: FULL, ..message });
    begin(&mut node, &requests(1, [100_000]));
    begin(&mut node, &requests(2, [200_000]));
    begin(&mut node, &[leaving]);
    if with_peer_4 {
        begin(&mut node, &requests(4, [990_000]));
    }
    // More slots: they are there for whoever comes first.
    node.endpoint.write_sysctl("max_overcommit", "8").expect("it can be written");
    begin(&mut node, &requests(1, [110_000, 120_000]));
    begin(&mut node, &requests(2, [210_000, 220_000]));
    begin(&mut node, &[also_3]);
    assert_eq!(node.endpoint.num_active(), 8);
    begin(&mut node, &requests(2, [949_000]));
    begin(&mut node, &requests(1, [399_000]));

    let needy = node.endpoint.metrics().needy_grants;
    let rest = leaving.piece(FULL, leaving.length);
    node.receive(leaving.peer, rest);
    assert_eq!(node.endpoint.num_active(), 8, "the slot is taken again");
    (grants(&mut node), node.endpoint.metrics().needy_grants - needy)
}

#[test]
fn case_46_a_free_slot_goes_to_a_peer_that_has_none_and_is_granted_at_once() {
    assert_eq!(refill(true), (vec![(4, 990_000, 0)], 1));
}

#[test]
fn case_46_among_peers_with_as_many_slots_the_shortest_message_gets_the_free_one() {
    assert_eq!(refill(false), (vec![(1, 399_000, 0)], 1));
}

#[test]
fn case_47_of_equally_long_messages_the_younger_loses_its_slot() {
    for shorter in [false, true] {
        let (mut node, _) = Node::server(open_slots(2));
        let [older, younger, new] = [1, 2, 3].map(|peer| Inbound::request(peer, 2, 500_000));
        let new = Inbound { length: new.length - u32::from(shorter), ..new };
        begin(&mut node, &[older, younger, new]);
        let peers = active_levels(&mut node, &[older, younger, new]).into_iter().map(|(message, _)| message.peer);
        let expected = if shorter { [1, 3] } else { [1, 2] };
        assert_eq!(peers.collect::<Vec<_>>(), expected, "shorter: {shorter}");
    }
}

#[test]
fn case_47_an_older_message_takes_the_slot_when_it_lacks_as_much() {
    let (mut node, _) = Node::server(open_slots(1));
    let (older, younger) = (Inbound::request(1, 2, 500_000 + FULL), Inbound::request(2, 2, 500_000));
    begin(&mut node, &[older, younger]);
    assert_eq!(active(&mut node, &[older, younger]), [younger.length]);
    granted_after(&mut node, &older, 1);
    assert_eq!(active(&mut node, &[older, younger]), [older.length]);
}

/// The levels of `count` active messages, best first.
fn levels(count: u32, node: &mut Node) -> Vec<u8> {
    let messages: Vec<_> = (0..count).map(|n| Inbound::request(n, 2, 500_000 + 1_000 * n)).collect();
    begin(node, &messages);
    active_levels(node, &messages).into_iter().map(|(_, level)| level).collect()
}

#[test]
fn case_48_the_lowest_levels_are_used_first() {
    let by_count = |count| levels(count, &mut Node::server(open()).0);
    assert_eq!(by_count(1), [0]);
    assert_eq!(by_count(2), [1, 0]);
    assert_eq!(by_count(4), [3, 2, 1, 0]);
    assert_eq!(by_count(8), [3, 2, 1, 0, 0, 0, 0, 0]);
}

#[test]
fn case_48_with_seven_scheduled_levels() {
    let by_count = |count| {
        let (mut node, _) = Node::server(open());
        node.endpoint.set_cutoffs([0, 0, 0, 0, 0, 0, 0, 1_000_000]);
        levels(count, &mut node)
    };
    assert_eq!(by_count(7), [6, 5, 4, 3, 2, 1, 0]);
    assert_eq!(by_count(4), [3, 2, 1, 0]);
}

#[test]
fn case_49_an_active_message_is_judged_by_what_it_lacked_when_it_entered() {
    let (mut node, _) = Node::server(open_slots(2));
    let [a, b, c] = [(1, 600_000), (2, 500_000), (3, 400_000)].map(|(peer, length)| Inbound::request(peer, 2, length));
    begin(&mut node, &[a, b]);
    node.receive(1, a.piece(FULL, 599_000));
    assert_eq!(active(&mut node, &[a, b]), [600_000, 500_000]);
    begin(&mut node, &[c]);
    assert_eq!(active(&mut node, &[a, b, c]), [500_000, 400_000], "A is displaced, of which 1000 bytes are missing");
    node.receive(1, a.piece(599_000, 599_500));
    assert_eq!(active(&mut node, &[a, b, c]), [600_000, 400_000], "A displaces B");
}

/// A window of 100,000 bytes, and FIFO grants as by default: an RPC with 200,000 bytes under way gets none.
fn fifo(max_incoming: u32) -> Config {
    let mut config = limits(max_incoming, 100_000);
    config.sysctls.grant_fifo_fraction = 50;
    config
}

/// Lets the packet arrive at this instant.
fn granted_at(node: &mut Node, ns: u64, message: &Inbound, index: usize) -> Vec<Granted> {
    node.now = Time::ZERO + Duration::from_ns(ns);
    node.receive(message.peer, message.packets()[index]);
    grants(node)
}

#[test]
fn case_50_the_oldest_message_that_uses_its_grants_gets_the_fifo_grant() {
    let fifo_grant = |under_way: u32| {
        let (mut node, _) = Node::server(fifo(1_000_000));
        let oldest = Inbound { unscheduled: FULL + under_way, ..Inbound::request(1, 2, 1_000_000) };
        assert_eq!(granted_at(&mut node, 0, &oldest, 0), [], "its window is closed");
        let granted = granted_at(&mut node, 1, &Inbound::request(2, 2, 900_000), 0);
        assert_eq!((granted.len(), granted[0]), (2, (2, 101_424, 1)));
        granted[1]
    };
    assert_eq!(fifo_grant(200_000), (2, 151_424, 6), "at the limit the next oldest is chosen");
    assert_eq!(fifo_grant(199_999), (1, 251_423, 6), "below it the oldest");
}

#[test]
fn case_50_the_oldest_message_is_left_when_it_stops_using_its_grants() {
    let (mut node, _) = Node::server(fifo(1_000_000));
    let (first, second) = (Inbound::request(1, 2, 1_000_000), Inbound::request(2, 2, 900_000));
    assert_eq!(granted_at(&mut node, 0, &first, 0), [(1, 101_424, 0), (1, 151_424, 6)]);
    assert_eq!(granted_at(&mut node, 320_000, &second, 0), [(2, 101_424, 1), (1, 201_424, 6)]);
    assert_eq!(granted_at(&mut node, 640_000, &second, 1), [(2, 102_848, 1), (2, 152_848, 6)]);
}

#[test]
fn case_50_fifo_grants_are_320_us_apart() {
    let (mut node, _) = Node::server(fifo(1_000_000));
    let (first, second) = (Inbound::request(1, 2, 1_000_000), Inbound::request(2, 2, 900_000));
    assert_eq!(granted_at(&mut node, 5, &first, 0), [(1, 101_424, 0), (1, 151_424, 6)]);
    assert_eq!(granted_at(&mut node, 320_004, &second, 0), [(2, 101_424, 1)]);
    assert_eq!(granted_at(&mut node, 330_000, &second, 1), [(2, 102_848, 1), (1, 201_424, 6)], "late");
    assert_eq!(granted_at(&mut node, 649_999, &second, 2), [(2, 104_272, 1)], "the distance counts, not a grid");
    assert_eq!(granted_at(&mut node, 650_000, &second, 3), [(2, 105_696, 1), (2, 155_696, 6)]);
}

#[test]
fn case_51_without_headroom_there_is_no_fifo_grant() {
    let message = Inbound::request(1, 2, 1_000_000);
    let (mut node, _) = Node::server(fifo(38_576));
    assert_eq!(granted_after(&mut node, &message, 0), []);
    assert_eq!(node.endpoint.total_incoming(), 38_576);
}

#[test]
fn case_51_with_one_byte_of_headroom_the_fifo_grant_is_whole() {
    let message = Inbound::request(1, 2, 1_000_000);
    let (mut node, _) = Node::server(fifo(38_577));
    assert_eq!(granted_after(&mut node, &message, 0), [(1, 40_001, 0), (1, 90_001, 6)]);
    assert_eq!(node.endpoint.total_incoming(), 38_577 + 50_000);
}

#[test]
fn case_52_the_successor_of_an_aborted_message_is_granted_with_the_next_packet() {
    let mut config = limits(400_000, 38_576);
    config.sysctls.max_overcommit = 1;
    let (mut node, socket) = Node::client(config);
    let responses = [(1, 500_000), (2, 600_000), (3, 700_000)].map(|(peer, length)| {
        let id = node.endpoint.send_request(node.now, socket, server_at(peer), bytes(100), 0).expect("it is sent");
        (id, Inbound::response(peer, id, length))
    });
    let [(aborted, first), (_, second), (_, third)] = responses;
    let second = Inbound { unscheduled: 10_000, ..second };
    node.sent();
    begin(&mut node, &[first, second, third]);
    assert_eq!((node.endpoint.total_incoming(), node.endpoint.num_active()), (38_576 + 8_576 + 38_576, 1));

    let abort = AbortArgs { id: aborted.get(), ..AbortArgs::default() };
    node.endpoint.abort(node.now, socket, &abort).expect("the RPC is known");
    assert_eq!((node.endpoint.total_incoming(), node.endpoint.num_active()), (8_576 + 38_576, 1));
    assert_eq!(grants(&mut node), []);
    assert_eq!(granted_after(&mut node, &third, 1), [(2, 40_000, 0)]);
}

#[test]
fn case_53_a_message_without_buffers_is_not_managed_but_the_needy_are_served() {
    let mut node = Node::new(limits(38_576, 100_000));
    let socket = node.endpoint.open_socket(Family::V4).expect("ports are free");
    // Each of the first two messages takes 15 bpages and part of another.
    node.endpoint.set_receive_region(socket, 0, 32 * u64::from(HOMA_BPAGE_SIZE)).expect("the region is large enough");
    node.endpoint.bind(socket, Family::V4, SERVER_PORT).expect("the port is free");
    let needy = Inbound::request(1, 2, 1_000_000);
    let stuffing = Inbound { unscheduled: 1_000_000, ..Inbound::request(2, 2, 1_000_000) };
    let unbuffered = Inbound::request(3, 2, 1_000_000);
    begin(&mut node, &[needy, stuffing]);
    assert_eq!((node.endpoint.total_incoming(), node.endpoint.num_active()), (38_576, 1));

    node.endpoint.write_sysctl("max_incoming", "400000").expect("it can be written");
    assert_eq!(granted_after(&mut node, &unbuffered, 0), [(1, 101_424, 0)]);
    assert_eq!(node.endpoint.metrics().buffer_alloc_failures, 1);
    assert_eq!((node.endpoint.total_incoming(), node.endpoint.num_active()), (100_000, 1));
}
