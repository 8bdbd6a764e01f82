//! Cases 54 to 60: RESEND, BUSY, RPC_UNKNOWN and NEED_ACK (spec part 13).

use crate::conformance::node::{Inbound, Node, SERVER_PORT, bytes, config, peer, server_at};
use homa_protocol::{
    Ack, AckEntry, Cutoffs, Data, Destination, Header, OffsetForm, Packet, Received, Resend, ResendRange, RpcId,
    SocketId, Transmit,
};
use homa_units::Priority;

const ALL_SENT: ResendRange = ResendRange::AllSent { offset: 0 };

fn range(offset: u32, length: u32) -> ResendRange {
    ResendRange::Bytes { offset, length }
}

/// The RESEND that the other side of this message's RPC sends.
fn resend(message: &Inbound, range: ResendRange, level: u8) -> Packet {
    Packet::Resend(Resend { header: message.header, range, priority: Priority::new(level) })
}

/// The DATA packets sent now, and their levels. Nothing else may be sent.
fn sent_data(node: &mut Node) -> Vec<(Data, u8)> {
    let data = |transmit: Transmit| match transmit.packet {
        Packet::Data(data) => (data, transmit.priority.get()),
        other => panic!("not DATA: {other:?}"),
    };
    node.sent().into_iter().map(data).collect()
}

/// A client that has sent what it may of a request of `length` bytes, and the answer that its peer could give.
fn sender(length: u32) -> (Node, SocketId, RpcId, Inbound) {
    let (mut node, socket) = Node::client(config());
    let id = node.request(socket, length);
    node.sent();
    (node, socket, id, Inbound::response(1, id, 20_000))
}

/// What the application at the server gets.
fn take(node: &mut Node, socket: SocketId) -> Received {
    node.endpoint.recv(node.now, socket, None, &[]).expect("a message is complete")
}

fn reply(node: &mut Node, socket: SocketId, request: &Received, length: u32) {
    let to = Destination { port: request.port, ..server_at(request.peer.get()) };
    node.endpoint.send_reply(node.now, socket, to, request.rpc, bytes(length)).expect("the reply is sent");
}

#[test]
fn case_54_a_server_that_has_not_replied_is_busy() {
    let (mut node, socket) = Node::server(config());
    let request = Inbound::request(1, 2, 2_000);
    let busy = Packet::Busy(request.header.answer());
    let [first, second] = request.packets()[..] else { panic!("two packets") };
    let answer = |node: &mut Node| {
        node.receive(1, resend(&request, ALL_SENT, 7));
        node.packets()
    };
    node.receive(1, first);
    assert_eq!(answer(&mut node), [busy], "INCOMING");
    node.receive(1, second);
    assert_eq!(answer(&mut node), [busy], "INCOMING, complete");
    take(&mut node, socket);
    assert_eq!(answer(&mut node), [busy], "IN_SERVICE");
    assert_eq!(busy.header().sender_id, RpcId::new(3));
}

#[test]
fn case_54_a_server_that_does_not_know_the_rpc_says_so() {
    let (mut node, _) = Node::server(config());
    let request = Inbound::request(1, 2, 2_000);
    node.receive(1, resend(&request, ALL_SENT, 7));
    let header = Header { sport: SERVER_PORT, dport: request.header.sport, sender_id: RpcId::new(3) };
    assert_eq!(node.packets(), [Packet::RpcUnknown(header)]);
}

/// The packets that a RESEND brings of a 20000-byte message, from byte to byte, which have this value of `incoming`.
fn resent(range: ResendRange, level: u8, incoming: u32) -> Vec<(u32, u32)> {
    let (mut node, _, _, answer) = sender(20_000);
    node.receive(1, resend(&answer, range, level));
    let sent = sent_data(&mut node);
    for (data, sent_level) in &sent {
        assert_eq!((data.retransmit, data.incoming, *sent_level), (true, incoming, level));
        assert_eq!(data.form, OffsetForm::Both, "retransmissions tell their offset twice");
        assert_eq!(data.message_length, 20_000);
    }
    assert_eq!(node.endpoint.metrics().resent_packets, sent.len() as u64);
    sent.iter().map(|(data, _)| (data.offset, data.offset + data.length)).collect()
}

#[test]
fn case_55_a_resend_brings_every_packet_that_it_touches() {
    assert_eq!(resent(range(1_424, 1_424), 7, 2_848), [(1_424, 2_848)]);
    assert_eq!(resent(range(1_423, 2), 2, 1_425), [(0, 1_424), (1_424, 2_848)]);
}

#[test]
fn case_55_a_resend_of_everything_brings_everything_that_was_sent() {
    let packets = resent(ALL_SENT, 7, 20_000);
    assert_eq!(packets.len(), 15);
    assert_eq!(packets, Inbound::request(1, 2, 20_000).cuts());
}

#[test]
fn case_56_a_resend_of_what_was_not_granted_is_the_grant() {
    let (mut node, socket, id, answer) = sender(1_000_000);
    node.receive(1, answer.grant(40_000, 2));
    node.receive(1, resend(&answer, range(40_000, 60_000), 7));
    let info = node.info(socket, id).expect("the RPC lives");
    assert_eq!((info.tx_granted, info.tx_sent), (100_000, 99_808 + 1_424));

    let mut sent = node.sent();
    let busy = sent.pop().expect("something is sent");
    assert_eq!((busy.packet, busy.priority), (Packet::Busy(answer.header.answer()), Priority::new(7)));
    assert_eq!(sent.len(), 43);
    for (index, transmit) in sent.into_iter().enumerate() {
        let Packet::Data(data) = transmit.packet else { panic!("not DATA: {transmit:?}") };
        assert_eq!(data.offset as usize, 40_000 + 1_424 * index);
        assert_eq!((data.retransmit, data.incoming), (false, 40_000));
        assert_eq!(transmit.priority, Priority::new(2), "the level of the last GRANT");
    }
}

/// Sends a RESEND for 39872..50000 of a 60000-byte request of which 40000 bytes were granted, and checks the answer.
fn answers_a_mixed_resend(node: &mut Node, socket: SocketId, id: RpcId, answer: &Inbound) {
    node.receive(1, resend(answer, range(39_872, 10_128), 7));
    let sent = sent_data(node);
    let marks = |(data, level): &(Data, u8)| (data.offset, data.length, data.retransmit, data.incoming, *level);
    let mut expected = vec![(39_872, 128, true, 40_000, 7)];
    expected.extend((0..8).map(|n| (40_000 + 1_424 * n, 1_424, false, 40_000, 0)));
    assert_eq!(sent.iter().map(marks).collect::<Vec<_>>(), expected);
    assert_eq!(sent[8].0.offset, 49_968);
    assert_eq!(node.info(socket, id).expect("the RPC lives").tx_granted, 50_000);
}

#[test]
fn case_57_a_resend_can_ask_for_old_and_new_data() {
    let (mut node, socket, id, answer) = sender(60_000);
    answers_a_mixed_resend(&mut node, socket, id, &answer);
}

#[test]
fn case_58_a_client_that_has_part_of_the_response_still_sends_its_request_again() {
    let (mut node, socket, id, answer) = sender(60_000);
    let placement = node.receive(1, answer.packets()[0]);
    assert!(placement.is_some(), "the RPC is INCOMING now");
    answers_a_mixed_resend(&mut node, socket, id, &answer);
}

/// A client that knows its peer's default cutoffs, else as [`sender`].
fn sender_with_cutoffs(length: u32) -> (Node, SocketId, RpcId, Inbound) {
    let (mut node, socket, id, answer) = sender(length);
    let unsched_cutoffs = [0, 0, 0, 0, 1_000_000, 15_000, 2_800, 200];
    node.receive(1, Packet::Cutoffs(Cutoffs { header: answer.header, unsched_cutoffs, cutoff_version: 1 }));
    (node, socket, id, answer)
}

#[test]
fn case_59_a_client_that_is_unknown_sends_its_request_again() {
    let (mut node, socket, id, answer) = sender_with_cutoffs(60_000);
    let before = node.info(socket, id).expect("the RPC lives");
    node.receive(1, Packet::RpcUnknown(answer.header));
    let sent = sent_data(&mut node);
    let cuts: Vec<_> = sent.iter().map(|(data, _)| (data.offset, data.offset + data.length)).collect();
    assert_eq!((cuts.len(), cuts.last()), (29, Some(&(39_872, 40_000))));
    assert_eq!(cuts, Inbound::request(1, 2, 60_000).cuts()[..29]);
    for (data, level) in &sent {
        assert_eq!((data.retransmit, data.incoming, *level), (true, 40_000, 4));
        assert_eq!(data.header.sender_id, id);
    }
    assert_eq!(node.info(socket, id), Some(before));
    assert_eq!((before.tx_granted, before.tx_sent), (40_000, 40_000));
    // Only in OUTGOING a GRANT is obeyed.
    node.receive(1, answer.grant(60_000, 0));
    assert_eq!(node.data().len(), 15);
}

#[test]
fn case_59_a_client_that_has_part_of_the_response_ignores_that_it_is_unknown() {
    let (mut node, socket, id, answer) = sender_with_cutoffs(60_000);
    node.receive(1, answer.packets()[0]);
    let before = node.info(socket, id);
    node.receive(1, Packet::RpcUnknown(answer.header));
    assert_eq!(node.packets(), []);
    assert_eq!(node.info(socket, id), before);
}

#[test]
fn case_59_a_server_forgets_an_rpc_that_the_client_does_not_know() {
    for has_replied in [false, true] {
        let (mut node, socket) = Node::server(config());
        let request = Inbound::request(1, 2, 2_000);
        request.arrive(&mut node);
        if has_replied {
            let received = take(&mut node, socket);
            reply(&mut node, socket, &received, 100_000);
        }
        node.sent();
        assert_eq!(node.endpoint.rpc_infos(socket).count(), 1);
        node.receive(1, Packet::RpcUnknown(request.header));
        assert_eq!(node.packets(), []);
        assert_eq!(node.endpoint.rpc_infos(socket).count(), 0);
        assert_eq!(node.endpoint.metrics().server_rpcs_unknown, 1);
        node.endpoint.check_invariants();
    }
}

#[test]
fn case_60_a_client_without_response_asks_for_all_of_it() {
    let (mut node, _, _, answer) = sender(100);
    node.receive(1, Packet::NeedAck(answer.header));
    let header = answer.header.answer();
    assert_eq!(node.packets(), [Packet::Resend(Resend { header, range: ALL_SENT, priority: Priority::new(7) })]);
}

#[test]
fn case_60_a_client_with_half_a_response_asks_for_the_rest() {
    let (mut node, _, _, answer) = sender(100);
    for index in [0, 2] {
        node.receive(1, answer.packets()[index]);
    }
    node.receive(1, Packet::NeedAck(answer.header));
    let header = answer.header.answer();
    let expected = [range(1_424, 1_424), range(4_272, 20_000 - 4_272)];
    let expected = expected.map(|range| Packet::Resend(Resend { header, range, priority: Priority::new(7) }));
    assert_eq!(node.packets(), expected);
}

#[test]
fn case_60_a_client_acknowledges_a_response_that_waits_to_be_taken() {
    let (mut node, _, _, answer) = sender(100);
    answer.arrive(&mut node);
    node.receive(1, Packet::NeedAck(answer.header));
    assert_eq!(node.packets(), [Packet::Ack(Ack::new(answer.header.answer(), &[]))]);
}

#[test]
fn case_60_a_client_that_does_not_know_the_rpc_acknowledges_it_and_up_to_five_others() {
    let (mut node, socket) = Node::client(config());
    let ids: Vec<_> = (0..5).map(|_| node.request(socket, 100)).collect();
    node.sent();
    for id in &ids {
        Inbound::response(1, *id, 100).arrive(&mut node);
        take(&mut node, socket);
    }
    let need_ack = Inbound::response(1, ids[4], 100).header;
    let acks: Vec<_> = ids.iter().map(|id| AckEntry { client_id: *id, server_port: SERVER_PORT }).collect();
    for expected in [&acks[..], &[]] {
        node.receive(1, Packet::NeedAck(need_ack));
        let to_peer: Vec<_> = node.sent().into_iter().map(|transmit| (transmit.to, transmit.packet)).collect();
        assert_eq!(to_peer, [(peer(1), Packet::Ack(Ack::new(need_ack.answer(), expected)))]);
    }
}
