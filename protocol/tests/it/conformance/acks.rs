//! Cases 61 to 63: how server RPCs are acknowledged (spec part 13).

use crate::conformance::node::{CLIENT_PORT, Inbound, Node, REGION, SERVER_PORT, bytes, config, peer, server_at};
use homa_protocol::wire::{self, Family, Version};
use homa_protocol::{Ack, AckEntry, Destination, Event, Header, Packet, Port, RecvError, RpcId, SocketId};

/// An ack for the RPC with the client's identifier `id` on port 99.
fn ack(id: u64) -> AckEntry {
    AckEntry { client_id: RpcId::new(id), server_port: SERVER_PORT }
}

/// The identifiers of the socket's RPCs, oldest first.
fn rpcs(node: &Node, socket: SocketId) -> Vec<u64> {
    node.endpoint.rpc_infos(socket).map(|info| info.id.get()).collect()
}

/// How far a server got with a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    Incoming,
    InService,
    Outgoing,
}

const STAGES: [Stage; 3] = [Stage::Incoming, Stage::InService, Stage::Outgoing];

/// A request of two packets that the server has got so far with.
fn request_at(node: &mut Node, socket: SocketId, stage: Stage) -> Inbound {
    let request = Inbound::request(1, 10, 2_000);
    node.receive(1, request.packets()[0]);
    if stage == Stage::Incoming {
        return request;
    }
    node.receive(1, request.packets()[1]);
    node.endpoint.recv(node.now, socket, None, &[]).expect("the request is complete");
    if stage == Stage::Outgoing {
        let to = Destination { port: CLIENT_PORT, ..server_at(1) };
        node.endpoint.send_reply(node.now, socket, to, RpcId::new(11), bytes(100_000)).expect("it is sent");
    }
    node.sent();
    node.events();
    request
}

#[test]
fn case_61_the_sixth_ack_brings_all_out() {
    let (mut node, socket) = Node::client(config());
    let ids: Vec<_> = (0..6).map(|_| node.request(socket, 100)).collect();
    node.sent();
    let mut sent = Vec::new();
    for id in &ids {
        Inbound::response(1, *id, 100).arrive(&mut node);
        node.endpoint.recv(node.now, socket, None, &[]).expect("the response is complete");
        sent.push(node.packets());
    }
    assert!(sent[..5].iter().all(Vec::is_empty), "{sent:?}");
    let header = Header { sport: CLIENT_PORT, dport: SERVER_PORT, sender_id: ids[5] };
    let entries: Vec<_> = ids[..5].iter().map(|id| ack(id.get())).collect();
    assert_eq!(sent[5], [Packet::Ack(Ack::new(header, &entries))]);
    assert_eq!(node.endpoint.metrics().ack_overflows, 1);

    // The list is empty: neither a request nor an ACK has anything to carry.
    node.request(socket, 100);
    assert_eq!(node.data().iter().map(|data| data.ack).collect::<Vec<_>>(), [None]);
    node.receive(1, Packet::NeedAck(header.answer()));
    assert_eq!(node.packets(), [Packet::Ack(Ack::new(header, &[]))]);
}

#[test]
fn case_62_an_ack_ends_the_rpc_in_whatever_state() {
    for stage in STAGES {
        let (mut node, socket) = Node::server(config());
        request_at(&mut node, socket, stage);
        // The same identifier, of another client.
        node.receive(2, Inbound::request(2, 10, 2_000).packets()[0]);
        assert_eq!(rpcs(&node, socket), [11, 11]);
        node.receive(1, Inbound::request(1, 20, 2_000).piece_with_ack(0, 1_424, 10));
        let left: Vec<_> = node.endpoint.rpc_infos(socket).map(|info| (info.id.get(), info.peer)).collect();
        assert_eq!(left, [(11, peer(2)), (21, peer(1))], "{stage:?}");
        node.endpoint.check_invariants();
    }
}

#[test]
fn case_62_an_ack_finds_the_rpc_through_another_socket() {
    let (mut node, server) = Node::server(config());
    let client = node.endpoint.open_socket(Family::V4).expect("ports are free");
    node.endpoint.set_receive_region(client, 0, REGION).expect("the region is large enough");
    request_at(&mut node, server, Stage::Outgoing);
    let id = node.request(client, 100);
    let mut response = Inbound::response(1, id, 100);
    response.header.dport = node.endpoint.port(client);
    node.receive(1, response.piece_with_ack(0, 100, 10));
    assert_eq!(rpcs(&node, server), [0_u64; 0]);
    assert_eq!(rpcs(&node, client), [id.get()]);
}

#[test]
fn case_62_an_ack_for_something_unknown_is_ignored() {
    let (mut node, socket) = Node::server(config());
    let request = request_at(&mut node, socket, Stage::Outgoing);
    let other_port = AckEntry { server_port: Port::new(98), ..ack(10) };
    // The header names no RPC either.
    let header = Header { sender_id: RpcId::new(30), ..request.header };
    node.receive(1, Packet::Ack(Ack::new(header, &[other_port, ack(12), ack(11)])));
    assert_eq!(rpcs(&node, socket), [11]);
    assert_eq!((node.packets(), node.events()), (vec![], vec![]));
}

#[test]
fn case_62_of_nine_acks_five_are_processed() {
    let (mut node, socket) = Node::server(config());
    for n in 0..10 {
        node.receive(1, Inbound::request(1, 2 * n + 10, 2_000).packets()[0]);
    }
    assert_eq!(rpcs(&node, socket).len(), 10);
    let header = Header { sport: CLIENT_PORT, dport: SERVER_PORT, sender_id: RpcId::new(28) };
    let packet = Packet::Ack(Ack::new(header, &[10, 12, 14, 16, 18].map(ack)));
    let mut bytes = [0; wire::ACK_BYTES];
    wire::encode_header(&packet, Version::Linux, &mut bytes).expect("it has room");
    bytes[28..30].copy_from_slice(&[0, 9]);
    let packet = wire::decode(&bytes, Version::Linux).expect("the count is no error");
    node.receive(1, packet);
    assert_eq!(rpcs(&node, socket), [21, 23, 25, 27], "five, and the one in the header");
}

#[test]
fn case_63_a_duplicate_request_is_dropped_except_for_its_ack() {
    for stage in [Stage::InService, Stage::Outgoing] {
        let (mut node, socket) = Node::server(config());
        let request = request_at(&mut node, socket, stage);
        node.receive(1, Inbound::request(1, 20, 2_000).packets()[0]);
        node.events();
        let before = node.info(socket, RpcId::new(11));
        assert_eq!(rpcs(&node, socket), [11, 21]);

        assert_eq!(node.receive(1, request.packets()[0]), None);
        assert_eq!(node.receive(1, request.piece_with_ack(1_424, 2_000, 20)), None);
        assert_eq!(rpcs(&node, socket), [11], "the ack is processed");
        assert_eq!(node.info(socket, RpcId::new(11)), before);
        assert_eq!((node.packets(), node.events()), (vec![], vec![]), "{stage:?}");
        assert_eq!(node.endpoint.recv(node.now, socket, None, &[]), Err(RecvError::Again));
    }
}

#[test]
fn case_63_a_request_that_comes_again_after_its_end_is_executed_again() {
    let (mut node, socket) = Node::server(config());
    let request = request_at(&mut node, socket, Stage::Outgoing);
    node.receive(1, Packet::Ack(Ack::new(request.header, &[])));
    assert_eq!(rpcs(&node, socket), [0_u64; 0]);
    request.arrive(&mut node);
    let rpc = RpcId::new(11);
    assert!(node.events().contains(&Event::MessageComplete { socket, peer: peer(1), rpc, private: false }));
    let received = node.endpoint.recv(node.now, socket, None, &[]).expect("the request is here again");
    assert_eq!((received.rpc, received.length), (rpc, 2_000));
}
