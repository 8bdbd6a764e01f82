//! Cases 14 to 22: how messages are cut, which levels their packets use, what a GRANT permits (spec part 13).

use crate::conformance::node::{FULL, Inbound, Node, SERVER_PORT, config, peer};
use homa_protocol::{
    AckEntry, Cutoffs, Data, Header, Packet, PacketType, Resend, ResendRange, RpcId, SocketId, Transmit,
};
use homa_units::{Duration, Priority};

const DEFAULT_CUTOFFS: [u32; 8] = [0, 0, 0, 0, 1_000_000, 15_000, 2_800, 200];
const LENGTHS: [u32; 7] = [200, 201, 2_800, 2_801, 15_000, 15_001, 1_000_000];

fn header_from_server(id: RpcId) -> Header {
    Inbound::response(1, id, 1).header
}

/// Lets peer 1 grant this node's request `id`.
fn grant(node: &mut Node, id: RpcId, offset: u32, level: u8) {
    node.receive(1, Inbound::response(1, id, 1).grant(offset, level));
}

/// Tells the node the cutoffs of peer 1.
fn cutoffs(node: &mut Node, unsched_cutoffs: [u32; 8], cutoff_version: u16) {
    let header = header_from_server(RpcId::new(0));
    node.receive(1, Packet::Cutoffs(Cutoffs { header, unsched_cutoffs, cutoff_version }));
}

/// The level that all packets of new requests of these lengths have, without any grant.
fn levels(node: &mut Node, socket: SocketId, lengths: &[u32]) -> Vec<u8> {
    let mut levels = Vec::new();
    for &length in lengths {
        node.request(socket, length);
        let mut packets: Vec<u8> = node.sent().iter().map(|transmit| transmit.priority.get()).collect();
        packets.dedup();
        assert_eq!(packets.len(), 1, "the unscheduled packets of {length} bytes have one level");
        levels.extend(packets);
    }
    levels
}

/// The level of a control packet.
fn control_level(node: &mut Node) -> u8 {
    node.receive(1, Packet::NeedAck(header_from_server(RpcId::new(1_000))));
    let sent = node.sent();
    assert_eq!(sent.len(), 1);
    assert_eq!(sent[0].packet.packet_type(), PacketType::Ack);
    sent[0].priority.get()
}

/// A client with `num_priorities` levels that knows the default cutoffs of peer 1.
fn with_levels(num_priorities: &str) -> (Node, SocketId) {
    let (mut node, socket) = Node::client(config());
    node.endpoint.write_sysctl("num_priorities", num_priorities).expect("possible");
    cutoffs(&mut node, DEFAULT_CUTOFFS, 1);
    (node, socket)
}

/// Offset and level of DATA packets.
fn offsets(sent: &[Transmit]) -> Vec<(u32, u8)> {
    let data = |transmit: &Transmit| match transmit.packet {
        Packet::Data(data) => Some((data.offset, transmit.priority.get())),
        _ => None,
    };
    sent.iter().filter_map(data).collect()
}

#[test]
fn case_14_units_end_exactly_at_the_unscheduled_limit() {
    let (mut node, socket) = Node::client(config());
    let id = node.request(socket, 60_000);
    let mut data = node.data();
    assert_eq!(data.len(), 29);
    grant(&mut node, id, 60_000, 2);
    data.extend(node.data());

    assert_eq!(data.len(), 44);
    let lengths: Vec<u32> = data.iter().map(|data| data.length).collect();
    assert_eq!(lengths, [&[FULL; 28][..], &[128], &[FULL; 14], &[64]].concat());
    assert_eq!((data[28].offset, data[29].offset), (39_872, 40_000));
    let mut end = 0;
    for unit in &data {
        assert_eq!((unit.offset, unit.incoming, unit.message_length), (end, 40_000, 60_000));
        end += unit.length;
    }
}

#[test]
fn case_15_forty_thousand_bytes_need_no_grant() {
    let (mut client, socket) = Node::client(config());
    let (mut server, _) = Node::server(config());
    client.request(socket, 40_000);
    let data = client.data();
    let lengths: Vec<u32> = data.iter().map(|data| data.length).collect();
    assert_eq!(lengths, [&[FULL; 28][..], &[128]].concat());
    for unit in data {
        assert_eq!(unit.incoming, 40_000);
        server.receive(1, Packet::Data(Data { cutoff_version: 1, ..unit }));
    }
    assert_eq!(server.packets(), []);
}

#[test]
fn case_15_the_last_of_40001_bytes_waits_for_a_grant() {
    let (mut client, socket) = Node::client(config());
    let (mut server, _) = Node::server(config());
    client.request(socket, 40_001);
    let data = client.data();
    assert_eq!(data.iter().map(|data| data.length).sum::<u32>(), 40_000);
    server.receive(1, Packet::Data(Data { cutoff_version: 1, ..data[0] }));
    let answer = server.packets();
    assert!(matches!(answer[..], [Packet::Grant(grant)] if grant.offset == 40_001), "{answer:?}");

    client.receive(1, answer[0]);
    let last: Vec<(u32, u32)> = client.data().iter().map(|data| (data.offset, data.length)).collect();
    assert_eq!(last, [(40_000, 1)]);
}

#[test]
fn case_16_the_peers_cutoffs_decide_about_the_unscheduled_level() {
    let (mut node, socket) = Node::client(config());
    cutoffs(&mut node, DEFAULT_CUTOFFS, 9);
    assert_eq!(levels(&mut node, socket, &LENGTHS), [7, 6, 6, 5, 5, 4, 4]);
    node.request(socket, 200);
    assert_eq!(node.data()[0].cutoff_version, 9);
}

#[test]
fn case_17_without_cutoffs_everything_goes_at_level_6() {
    let (mut node, socket) = Node::client(config());
    assert_eq!(levels(&mut node, socket, &LENGTHS), [6; 7]);
    node.request(socket, 200);
    assert_eq!(node.data()[0].cutoff_version, 0);
}

#[test]
fn case_18_a_peer_can_ask_for_one_unscheduled_level() {
    let (mut node, socket) = Node::client(config());
    cutoffs(&mut node, [0, 0, 0, 1_000_000, 0, 0, 0, 0], 2);
    assert_eq!(levels(&mut node, socket, &LENGTHS), [3; 7]);
}

#[test]
fn case_18_with_four_levels_the_default_cutoffs_leave_level_0() {
    let (mut node, socket) = with_levels("4");
    assert_eq!(levels(&mut node, socket, &LENGTHS), [0; 7]);
    assert_eq!(control_level(&mut node), 3);
}

#[test]
fn case_18_with_one_level_everything_goes_at_level_0() {
    let (mut node, socket) = with_levels("1");
    assert_eq!(levels(&mut node, socket, &LENGTHS), [0; 7]);
    assert_eq!(control_level(&mut node), 0);
}

#[test]
fn case_19_fewer_levels_change_the_cutoffs_and_their_version() {
    const NEW: [u32; 8] = [i32::MAX as u32, 0, 0, 0, 0, 0, 0, 0];
    let (mut node, _) = Node::server(config());
    let sysctls = &node.endpoint.config().sysctls;
    assert_eq!((sysctls.unsched_cutoffs, sysctls.max_sched_prio, sysctls.cutoff_version), (DEFAULT_CUTOFFS, 3, 1));
    node.endpoint.write_sysctl("num_priorities", "4").expect("possible");
    let sysctls = &node.endpoint.config().sysctls;
    assert_eq!((sysctls.unsched_cutoffs, sysctls.max_sched_prio, sysctls.cutoff_version), (NEW, 0, 2));

    // A peer that still has version 1 hears of it.
    let request = Inbound::request(1, 2, 100);
    request.arrive(&mut node);
    let header = request.header.answer();
    assert_eq!(node.packets(), [Packet::Cutoffs(Cutoffs { header, unsched_cutoffs: NEW, cutoff_version: 2 })]);
}

#[test]
fn case_20_a_unit_that_starts_below_the_grant_is_sent_whole() {
    let (mut node, socket) = Node::client(config());
    let id = node.request(socket, 1_000_000);
    assert_eq!(node.data().last().map(|data| data.offset + data.length), Some(40_000));
    let info = node.info(socket, id).expect("live");
    assert_eq!((info.tx_granted, info.tx_sent), (40_000, 40_000));

    grant(&mut node, id, 41_425, 2);
    assert_eq!(offsets(&node.sent()), [(40_000, 2), (41_424, 2)]);
    let info = node.info(socket, id).expect("live");
    assert_eq!((info.tx_granted, info.tx_sent), (41_425, 42_848));
}

#[test]
fn case_20_a_grant_of_nothing_new_changes_the_level_alone() {
    let (mut node, socket) = Node::client(config());
    let id = node.request(socket, 1_000_000);
    grant(&mut node, id, 41_425, 2);
    node.sent();

    grant(&mut node, id, 41_000, 1);
    assert_eq!(node.sent(), []);
    assert_eq!(node.info(socket, id).expect("live").tx_granted, 41_425);
    // The RESEND stands for a lost GRANT: it extends what is granted and names no level for first transmissions.
    let range = ResendRange::Bytes { offset: 42_848, length: FULL };
    let resend = Resend { header: header_from_server(id), range, priority: Priority::HIGHEST };
    node.receive(1, Packet::Resend(resend));
    assert_eq!(offsets(&node.sent()), [(42_848, 1)]);
}

#[test]
fn case_20_a_grant_beyond_the_end_grants_the_whole_message() {
    let (mut node, socket) = Node::client(config());
    let id = node.request(socket, 1_000_000);
    grant(&mut node, id, 2_000_000, 0);
    let info = node.info(socket, id).expect("live");
    assert_eq!((info.tx_granted, info.tx_sent), (1_000_000, 1_000_000));
    assert_eq!(node.data().last().map(|data| data.offset + data.length), Some(1_000_000));
}

#[test]
fn case_21_a_grant_after_the_response_began_only_ends_the_silence() {
    let (mut node, socket) = Node::client(config());
    let id = node.request(socket, 100_000);
    let response = Inbound::response(1, id, 2 * FULL);
    node.receive(1, response.piece(0, FULL));
    node.sent();
    for _ in 0..4 {
        node.tick();
    }

    node.receive(1, response.grant(100_000, 2));
    assert_eq!(node.sent(), []);
    assert_eq!(node.info(socket, id).expect("live").tx_granted, 40_000);
    for tick in 1..=4 {
        node.tick();
        assert_eq!(node.packets(), [], "{tick} ticks of silence");
    }
    node.tick();
    let range = ResendRange::Bytes { offset: FULL, length: FULL };
    let resend = Resend { header: response.header.answer(), range, priority: Priority::HIGHEST };
    assert_eq!(node.packets(), [Packet::Resend(resend)]);
}

#[test]
fn case_22_acks_travel_in_the_first_units_the_newest_first() {
    let (mut node, socket) = Node::client(config());
    let ids = [node.request(socket, 100), node.request(socket, 100)];
    for id in ids {
        Inbound::response(1, id, 100).arrive(&mut node);
        let received = node.endpoint.recv(node.now, socket, None, &[]).expect("a response is ready");
        assert_eq!((received.rpc, received.peer), (id, peer(1)));
    }
    node.sent();
    node.wait(Duration::from_us(1));

    node.request(socket, 3_000);
    let acks: Vec<Option<AckEntry>> = node.data().iter().map(|data| data.ack).collect();
    let ack = |client_id| Some(AckEntry { client_id, server_port: SERVER_PORT });
    assert_eq!(acks, [ack(ids[1]), ack(ids[0]), None]);
    node.request(socket, 100);
    assert_eq!(node.data()[0].ack, None, "an ack that was taken is off the list");
}
