//! Cases 9 to 13: identifiers, ports, and packets for RPCs and sockets that do not exist (spec part 13).

use crate::conformance::node::{CLIENT_PORT, FULL, Inbound, Node, SERVER_PORT, bytes, config, peer};
use homa_protocol::wire::Family;
use homa_protocol::{
    Ack, AckEntry, Cutoffs, Destination, Errno, Event, Grant, Header, Packet, PacketType, Port, Received, Resend,
    ResendRange, RpcId, SocketId,
};
use homa_units::Priority;

/// A packet of every type that reaches a socket.
fn one_of_each(header: Header) -> [Packet; 8] {
    let priority = Priority::HIGHEST;
    let entry = AckEntry { client_id: RpcId::new(2), server_port: SERVER_PORT };
    [
        Inbound { peer: 1, header, length: 100, unscheduled: 100 }.piece(0, 100),
        Packet::Grant(Grant { header, offset: 50_000, priority }),
        Packet::Resend(Resend { header, range: ResendRange::AllSent { offset: 0 }, priority }),
        Packet::RpcUnknown(header),
        Packet::Busy(header),
        Packet::Cutoffs(Cutoffs { header, unsched_cutoffs: [100; 8], cutoff_version: 3 }),
        Packet::NeedAck(header),
        Packet::Ack(Ack::new(header, &[entry])),
    ]
}

/// Lets a packet arrive from peer 1 that must be answered by an ICMP error and change nothing.
fn assert_unreachable(node: &mut Node, packet: Packet) {
    let placed = node.receive(1, packet);
    let (packet_type, quoted) = (packet.packet_type(), *packet.header());
    assert_eq!(placed, None, "{packet_type:?}");
    assert_eq!(node.events(), [Event::PortUnreachable { to: peer(1), quoted }], "{packet_type:?}");
    assert_eq!(node.packets(), [], "{packet_type:?}");
    assert_eq!(node.endpoint.metrics().peer_allocs, 0, "{packet_type:?} makes no peer known");
    assert_eq!(node.endpoint.poll_timeout(), None, "{packet_type:?} leaves nothing to time");
}

fn server_rpcs(node: &Node, socket: SocketId) -> Vec<(u64, u32, u16)> {
    node.endpoint.rpc_infos(socket).map(|info| (info.id.get(), info.peer.get(), info.port.get())).collect()
}

fn take(node: &mut Node, socket: SocketId) -> Received {
    node.endpoint.recv(node.now, socket, None, &[]).expect("a request is ready")
}

fn reply(node: &mut Node, socket: SocketId, to: &Received) {
    let destination = Destination { peer: to.peer, port: to.port, family: Family::V4 };
    node.endpoint.send_reply(node.now, socket, destination, to.rpc, bytes(10)).expect("the request is in service");
}

#[test]
fn case_09_identifiers_are_even_at_the_client_and_odd_at_the_server() {
    let (mut client, first) = Node::client(config());
    let second = client.endpoint.open_socket(Family::V4).expect("ports are free");
    let ids = [client.request(first, 100), client.request(second, 100)];
    assert_eq!(ids.map(RpcId::get), [2, 4], "the sockets of a node share the counter");

    let (mut server, socket) = Node::server(config());
    for (request, sender_id) in client.data().into_iter().zip([2, 4]) {
        assert_eq!(request.header.sender_id.get(), sender_id);
        server.receive(1, Packet::Data(request));
    }
    let requests = [take(&mut server, socket), take(&mut server, socket)];
    assert_eq!(requests.map(|request| request.rpc.get()), [3, 5]);
    for request in &requests {
        reply(&mut server, socket, request);
    }
    let sender_ids: Vec<u64> = server.data().iter().map(|data| data.header.sender_id.get()).collect();
    assert_eq!(sender_ids, [3, 5]);
}

#[test]
fn case_10_default_ports_count_up_from_32768() {
    let mut node = Node::new(config());
    for port in [32_768, 32_769] {
        let socket = node.endpoint.open_socket(Family::V4).expect("ports are free");
        assert_eq!(node.endpoint.port(socket), Port::new(port));
        assert!(!node.endpoint.is_server(socket));
    }
}

#[test]
fn case_10_bind_replaces_the_default_port() {
    let (mut node, socket) = Node::client(config());
    node.endpoint.bind(socket, Family::V4, Port::new(500)).expect("the port is free");
    assert_eq!(node.endpoint.port(socket), Port::new(500));
    let to = |dport| Header { sport: CLIENT_PORT, dport, sender_id: RpcId::new(2) };
    let request = |dport| Inbound { peer: 1, header: to(dport), length: 100, unscheduled: 100 }.piece(0, 100);
    assert_unreachable(&mut node, request(CLIENT_PORT));
    assert!(node.receive(1, request(Port::new(500))).is_some(), "a bound socket is a server");
    let next = node.endpoint.open_socket(Family::V4).expect("ports are free");
    assert_eq!(node.endpoint.port(next), Port::new(32_769), "the counter goes on");
}

#[test]
fn case_10_only_server_ports_can_be_bound() {
    let (mut node, socket) = Node::client(config());
    for port in [40_000, 32_768, 65_535] {
        let error = node.endpoint.bind(socket, Family::V4, Port::new(port)).expect_err("default ports can't be bound");
        assert_eq!(error.errno(), Errno::EINVAL, "port {port}");
    }
    node.endpoint.bind(socket, Family::V4, Port::NONE).expect("port 0 changes nothing");
    assert_eq!(node.endpoint.port(socket), CLIENT_PORT);
    assert!(!node.endpoint.is_server(socket));
    node.endpoint.bind(socket, Family::V4, Port::new(32_767)).expect("the last server port");
}

#[test]
fn case_11_the_same_identifier_from_two_addresses_is_two_rpcs() {
    let (mut node, socket) = Node::server(config());
    for from in [1, 2, 1] {
        Inbound::request(from, 2, 100).arrive(&mut node);
    }
    assert_eq!(server_rpcs(&node, socket), [(3, 1, 32_768), (3, 2, 32_768)]);
    for _ in 0..2 {
        let request = take(&mut node, socket);
        reply(&mut node, socket, &request);
    }
    let to: Vec<u32> = node.sent().iter().map(|transmit| transmit.to.get()).collect();
    assert_eq!(to, [1, 2], "each client gets its own response");
}

#[test]
fn case_11_the_same_identifier_from_two_ports_of_an_address_is_two_rpcs() {
    let (mut node, socket) = Node::server(config());
    let first = Inbound::request(1, 2, 2 * FULL);
    let second = Inbound { header: Header { sport: Port::new(32_769), ..first.header }, ..first };
    for part in [first.piece(0, FULL), second.piece(0, FULL), second.piece(FULL, 2 * FULL)] {
        assert!(node.receive(1, part).is_some());
    }
    assert_eq!(server_rpcs(&node, socket), [(3, 1, 32_768), (3, 1, 32_769)]);
    assert_eq!(take(&mut node, socket).port, Port::new(32_769), "the packets of the two aren't mixed");
    assert!(node.receive(1, first.piece(FULL, 2 * FULL)).is_some());
    assert_eq!(take(&mut node, socket).port, CLIENT_PORT);
}

#[test]
fn case_11_other_packets_than_data_find_the_rpc_whatever_their_port() {
    let (mut node, _) = Node::server(config());
    let request = Inbound::request(1, 2, 100);
    request.arrive(&mut node);
    let header = Header { sport: Port::new(32_769), ..request.header };
    let range = ResendRange::AllSent { offset: 0 };
    node.receive(1, Packet::Resend(Resend { header, range, priority: Priority::HIGHEST }));
    let types: Vec<PacketType> = node.packets().iter().map(Packet::packet_type).collect();
    assert_eq!(types, [PacketType::Busy], "an unknown RPC would be answered by RPC_UNKNOWN");
}

#[test]
fn case_12_a_server_does_not_answer_grant_busy_or_rpc_unknown_for_an_unknown_rpc() {
    let (mut node, socket) = Node::server(config());
    let header = Inbound::request(1, 10, 100).header;
    for packet in one_of_each(header) {
        if let Packet::Grant(_) | Packet::Busy(_) | Packet::RpcUnknown(_) = packet {
            assert_eq!(node.receive(1, packet), None);
            assert_eq!((node.packets(), node.events()), (vec![], vec![]), "{packet:?}");
        }
    }
    assert_eq!(server_rpcs(&node, socket), []);
    assert_eq!(node.endpoint.metrics().unknown_rpcs, 2, "GRANTs to a server aren't counted");
}

#[test]
fn case_12_a_client_does_not_answer_data_for_an_unknown_rpc() {
    let (mut node, socket) = Node::client(config());
    let placed = node.receive(1, Inbound::response(1, RpcId::new(10), 100).piece(0, 100));
    assert_eq!(placed, None);
    assert_eq!((node.packets(), node.events()), (vec![], vec![]));
    assert_eq!(server_rpcs(&node, socket), []);
    assert_eq!(node.endpoint.metrics().unknown_rpcs, 1);
}

#[test]
fn case_13_every_packet_to_an_unused_port_is_answered_by_port_unreachable() {
    let (mut node, socket) = Node::server(config());
    let unused = Port::new(98);
    let request = Inbound::request(1, 2, 100).header;
    let response = Inbound::response(1, RpcId::new(2), 100).header;
    for header in [request, response] {
        for packet in one_of_each(Header { dport: unused, ..header }) {
            assert_unreachable(&mut node, packet);
        }
    }
    assert_eq!(server_rpcs(&node, socket), []);
}

#[test]
fn case_13_packets_of_clients_to_a_socket_that_is_not_a_server_are_answered_by_port_unreachable() {
    let (mut node, socket) = Node::client(config());
    for packet in one_of_each(Header { dport: CLIENT_PORT, ..Inbound::request(1, 2, 100).header }) {
        assert_unreachable(&mut node, packet);
    }
    assert_eq!(server_rpcs(&node, socket), []);

    let id = node.request(socket, 100);
    assert!(node.receive(1, Inbound::response(1, id, 100).piece(0, 100)).is_some(), "responses are accepted");
}
