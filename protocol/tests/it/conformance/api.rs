//! Cases 70 to 76: ICMP errors and the calls of an application (spec part 13).

use super::node::{CLIENT_PORT, Inbound, Node, REGION, SERVER_PORT, bytes, config, peer, server_at};
use homa_protocol::wire::{Family, IcmpError, IcmpKind, QuotedPorts};
use homa_protocol::{
    AbortArgs, Destination, Errno, Event, FailedRpc, InfoError, Port, RecvError, RpcFlags, RpcId, RpcInfo, SendError,
    SendmsgArgs, SocketId,
};
use std::net::{IpAddr, Ipv4Addr};

/// Where the answers to requests of peer 1 go.
fn client() -> Destination {
    Destination { port: CLIENT_PORT, ..server_at(1) }
}

/// The number of the error, if there is one.
fn errno<T>(result: Result<T, SendError>) -> Option<Errno> {
    result.err().map(|error| error.errno())
}

fn recv_errno(node: &mut Node, socket: SocketId, rpc: Option<RpcId>) -> Option<Errno> {
    node.endpoint.recv(node.now, socket, rpc, &[]).err().map(|error| error.errno())
}

/// A server, its socket and a request of `length` bytes from peer 1 that its application has received.
fn serving(length: u32) -> (Node, SocketId, Inbound) {
    let (mut node, socket) = Node::server(config());
    let request = Inbound::request(1, 2, length);
    request.arrive(&mut node);
    node.endpoint.recv(node.now, socket, None, &[]).expect("the request is complete");
    node.packets();
    node.events();
    (node, socket, request)
}

/// A node with RPCs of both kinds, over two sockets, with two peers and two ports of one of them.
struct Talk {
    node: Node,
    sockets: [SocketId; 2],
    to_99: RpcId,
    to_100: RpcId,
    to_peer_2: RpcId,
    from_second_socket: RpcId,
    /// Peer 1's client is on port 99 as well.
    served: RpcId,
}

fn talk() -> Talk {
    let (mut node, socket) = Node::server(config());
    let second = node.endpoint.open_socket(Family::V4).expect("ports are free");
    node.endpoint.set_receive_region(second, 0, REGION).expect("the region is large enough");
    let mut send = |from, to| node.endpoint.send_request(node.now, from, to, bytes(100), 0).expect("it is sent");
    let to_99 = send(socket, server_at(1));
    let to_100 = send(socket, Destination { port: Port::new(100), ..server_at(1) });
    let to_peer_2 = send(socket, server_at(2));
    let from_second_socket = send(second, server_at(1));
    let mut request = Inbound::request(1, 50, 5_000);
    request.header.sport = SERVER_PORT;
    node.receive(1, request.piece(0, 1_424)).expect("the request is taken");
    node.packets();
    node.events();
    let served = request.header.sender_id.other_side();
    Talk { node, sockets: [socket, second], to_99, to_100, to_peer_2, from_second_socket, served }
}

impl Talk {
    /// Peer 1 can't be reached: the RPCs that failed, and whether the served one is still there.
    fn unreachable(&mut self, kind: IcmpKind) -> (Vec<(RpcId, Errno)>, bool) {
        let ports = Some(QuotedPorts { sport: CLIENT_PORT, dport: SERVER_PORT });
        let error = IcmpError { kind, destination: IpAddr::V4(Ipv4Addr::LOCALHOST), ports };
        self.node.endpoint.handle_icmp(self.node.now, peer(1), &error);
        assert_eq!(self.node.packets(), [], "nobody is told");
        let events = self.node.events().into_iter();
        let failed = events.filter_map(|event| match event {
            Event::RpcFailed { rpc, error, .. } => Some((rpc, error)),
            _ => None,
        });
        (failed.collect(), self.node.info(self.sockets[0], self.served).is_some())
    }
}

#[test]
fn case_70_port_unreachable_ends_the_rpcs_with_that_peer_and_port_alone() {
    let mut talk = talk();
    let failed = vec![(talk.to_99, Errno::ENOTCONN), (talk.from_second_socket, Errno::ENOTCONN)];
    assert_eq!(talk.unreachable(IcmpKind::PortUnreachable), (failed, false));
    for rpc in [talk.to_100, talk.to_peer_2] {
        assert!(talk.node.info(talk.sockets[0], rpc).is_some());
    }
    for (socket, rpc) in [(talk.sockets[0], talk.to_99), (talk.sockets[1], talk.from_second_socket)] {
        assert_eq!(recv_errno(&mut talk.node, socket, None), Some(Errno::ENOTCONN));
        assert_eq!(talk.node.info(socket, rpc), None);
    }
}

#[test]
fn case_70_protocol_and_host_unreachable_end_all_rpcs_with_the_peer() {
    for (kind, error) in
        [(IcmpKind::ProtocolUnreachable, Errno::EPROTONOSUPPORT), (IcmpKind::HostUnreachable, Errno::EHOSTUNREACH)]
    {
        let mut talk = talk();
        let failed = [talk.to_99, talk.to_100, talk.from_second_socket].map(|rpc| (rpc, error)).to_vec();
        assert_eq!(talk.unreachable(kind), (failed, false));
        assert!(talk.node.info(talk.sockets[0], talk.to_peer_2).is_some());
    }
}

#[test]
fn case_71_a_message_of_no_byte_or_of_1000001_bytes_is_refused() {
    let (mut node, socket) = Node::client(config());
    for length in [0, 1_000_001] {
        let sent = node.endpoint.send_request(node.now, socket, server_at(1), bytes(length), 0);
        assert_eq!(errno(sent), Some(Errno::EINVAL));
    }
    assert_eq!(node.packets(), []);
    assert_eq!(node.endpoint.rpc_infos(socket).count(), 0);
    for length in [1, 1_000_000] {
        node.request(socket, length);
    }
}

#[test]
fn case_71_a_reply_to_an_unknown_rpc_succeeds_and_sends_nothing() {
    let (mut node, socket) = Node::server(config());
    for rpc in [3, 4] {
        let sent = node.endpoint.send_reply(node.now, socket, client(), RpcId::new(rpc), bytes(100));
        sent.expect("there is nothing to do");
        assert_eq!(node.packets(), []);
        assert_eq!(node.events(), [Event::Released { tag: 100 }]);
    }
}

#[test]
fn case_71_a_second_reply_is_refused_and_the_first_continues() {
    let (mut node, socket, request) = serving(100);
    node.endpoint.send_reply(node.now, socket, client(), RpcId::new(3), bytes(60_000)).expect("it is in service");
    assert_eq!(node.data().len(), 29);
    let again = node.endpoint.send_reply(node.now, socket, client(), RpcId::new(3), bytes(500));
    assert_eq!(errno(again), Some(Errno::EINVAL));
    assert_eq!(node.data(), []);
    node.receive(1, request.grant(60_000, 0));
    assert_eq!(node.data().iter().map(|data| data.length).sum::<u32>(), 20_000);
}

#[test]
fn case_71_a_cookie_with_a_reply_and_a_reserved_field_are_refused() {
    let (mut node, socket, _) = serving(100);
    for args in [
        SendmsgArgs { id: 3, completion_cookie: 7, ..SendmsgArgs::default() },
        SendmsgArgs { id: 3, reserved: 1, ..SendmsgArgs::default() },
        SendmsgArgs { reserved: 1, ..SendmsgArgs::default() },
    ] {
        let sent = node.endpoint.sendmsg(node.now, socket, client(), &mut { args }, bytes(100));
        assert_eq!(errno(sent), Some(Errno::EINVAL), "{args:?}");
    }
    assert_eq!(node.packets(), []);
    node.endpoint.send_reply(node.now, socket, client(), RpcId::new(3), bytes(100)).expect("it is in service still");
}

#[test]
fn case_72_receiving_needs_a_region_and_by_id_a_private_rpc() {
    let mut node = Node::new(config());
    let socket = node.endpoint.open_socket(Family::V4).expect("ports are free");
    assert_eq!(recv_errno(&mut node, socket, None), Some(Errno::EINVAL));
    node.endpoint.set_receive_region(socket, 0, REGION).expect("the region is large enough");
    assert_eq!(recv_errno(&mut node, socket, None), Some(Errno::EAGAIN));
    let shared = node.request(socket, 100);
    assert_eq!(recv_errno(&mut node, socket, Some(shared)), Some(Errno::EINVAL));
}

#[test]
fn case_72_a_private_response_is_only_for_who_names_it() {
    let (mut node, socket) = Node::client(config());
    let rpc = node.endpoint.send_private_request(node.now, socket, server_at(1), bytes(100), 8).expect("it is sent");
    assert_eq!(recv_errno(&mut node, socket, Some(rpc)), Some(Errno::EAGAIN));
    Inbound::response(1, rpc, 3_000).arrive(&mut node);
    assert!(!node.endpoint.readiness(socket).readable);
    let complete = Event::MessageComplete { socket, peer: peer(1), rpc, private: true };
    assert_eq!(node.events(), [complete], "and nothing is readable");
    assert_eq!(recv_errno(&mut node, socket, None), Some(Errno::EAGAIN));
    let received = node.endpoint.recv(node.now, socket, Some(rpc), &[]).expect("the response is complete");
    assert_eq!((received.rpc, received.cookie, received.length), (rpc, 8, 3_000));
    assert_eq!(recv_errno(&mut node, socket, Some(rpc)), Some(Errno::EINVAL));
}

#[test]
fn case_72_a_failed_rpc_is_received_once_with_its_cookie_and_address() {
    let mut talk = talk();
    let to = server_at(3);
    let (node, socket) = (&mut talk.node, talk.sockets[0]);
    let rpc = node.endpoint.send_request(node.now, socket, to, bytes(100), 77).expect("it is sent");
    let error =
        IcmpError { kind: IcmpKind::HostUnreachable, destination: IpAddr::V4(Ipv4Addr::LOCALHOST), ports: None };
    node.endpoint.handle_icmp(node.now, peer(3), &error);
    let failed = FailedRpc { rpc, cookie: 77, peer: to.peer, port: to.port, error: Errno::EHOSTUNREACH };
    assert_eq!(node.endpoint.recv(node.now, socket, None, &[]), Err(RecvError::Failed(failed)));
    assert_eq!(recv_errno(node, socket, None), Some(Errno::EAGAIN));
    assert_eq!(node.info(socket, rpc), None);
}

#[test]
fn case_73_each_packet_makes_the_socket_readable_until_a_reader_has_looked() {
    let (mut node, socket) = Node::server(config());
    let request = Inbound::request(1, 2, 20_000);
    let packets = request.packets();
    assert_eq!(packets.len(), 15);
    for packet in &packets[..14] {
        assert!(!node.endpoint.readiness(socket).readable);
        node.receive(1, *packet);
        assert!(node.endpoint.readiness(socket).readable);
        assert_eq!(node.events(), [Event::Readable { socket }]);
        assert_eq!(recv_errno(&mut node, socket, None), Some(Errno::EAGAIN));
    }
    node.receive(1, packets[14]);
    let complete = Event::MessageComplete { socket, peer: peer(1), rpc: RpcId::new(3), private: false };
    assert_eq!(node.events(), [Event::Readable { socket }, complete]);
    let received = node.endpoint.recv(node.now, socket, None, &[]).expect("the request is complete");
    assert_eq!(received.length, 20_000);
    assert!(!node.endpoint.readiness(socket).readable);
}

#[test]
fn case_73_packets_that_no_reader_looks_between_make_the_socket_readable_once() {
    let (mut node, socket) = Node::server(config());
    Inbound::request(1, 2, 20_000).arrive(&mut node);
    let readable = node.events().into_iter().filter(|event| matches!(event, Event::Readable { .. }));
    assert_eq!(readable.count(), 1);
    assert_eq!(node.endpoint.recv(node.now, socket, None, &[]).map(|received| received.length), Ok(20_000));
    assert_eq!(recv_errno(&mut node, socket, None), Some(Errno::EAGAIN));
}

#[test]
fn case_74_shutdown_wakes_readers_and_leaves_nothing_that_peers_could_reach() {
    let Talk { mut node, sockets: [socket, second], served, .. } = talk();
    assert_eq!(recv_errno(&mut node, socket, None), Some(Errno::EAGAIN));
    node.endpoint.wait(socket, None).expect("the socket is open");
    node.endpoint.shutdown(node.now, socket);
    let woken = Event::Wake { socket, waiting_for: None, error: Some(Errno::ESHUTDOWN) };
    let events = node.events();
    assert_eq!(events.iter().filter(|event| matches!(event, Event::Wake { .. })).collect::<Vec<_>>(), [&woken]);
    let released = events.iter().filter(|event| **event == Event::Released { tag: 100 });
    assert_eq!(released.count(), 3, "its three requests are gone");
    assert_eq!(node.packets(), [], "nobody is told");
    assert_eq!(recv_errno(&mut node, socket, None), Some(Errno::ESHUTDOWN));

    let next = Inbound::request(1, served.other_side().get(), 5_000).piece(1_424, 2_848);
    assert_eq!(node.receive(1, next), None);
    assert_eq!(node.events(), [Event::PortUnreachable { to: peer(1), quoted: *next.header() }]);
    assert_eq!(node.endpoint.info(socket, &mut []), Err(InfoError::ShutDown));
    assert_eq!(InfoError::ShutDown.errno(), Errno::ESHUTDOWN);

    node.endpoint.shutdown(node.now, socket);
    assert_eq!(node.events(), [], "doing it again changes nothing");
    assert_eq!(node.endpoint.rpc_infos(second).count(), 1, "other sockets go on");
}

#[test]
fn case_75_an_abort_without_an_error_makes_the_rpc_vanish() {
    let (mut node, socket) = Node::client(config());
    let rpc = node.endpoint.send_private_request(node.now, socket, server_at(1), bytes(100), 0).expect("it is sent");
    node.packets();
    let args = AbortArgs { id: rpc.get(), ..AbortArgs::default() };
    node.endpoint.abort(node.now, socket, &args).expect("the socket has the RPC");
    assert_eq!(node.events(), [Event::Released { tag: 100 }], "no failure is told");
    assert_eq!(node.packets(), []);
    assert_eq!(recv_errno(&mut node, socket, Some(rpc)), Some(Errno::EINVAL));
}

#[test]
fn case_75_an_abort_with_an_error_hands_it_to_the_reader() {
    let (mut node, socket) = Node::client(config());
    let rpc = node.request(socket, 100);
    let args = AbortArgs { id: rpc.get(), error: Errno::ECANCELED.get().unsigned_abs(), ..AbortArgs::default() };
    node.endpoint.abort(node.now, socket, &args).expect("the socket has the RPC");
    let failed = Event::RpcFailed { socket, rpc, error: Errno::ECANCELED, private: false };
    assert_eq!(node.events(), [failed, Event::Readable { socket }]);
    assert_eq!(recv_errno(&mut node, socket, None), Some(Errno::ECANCELED));
}

#[test]
fn case_75_an_abort_of_all_leaves_server_rpcs_and_other_sockets_alone() {
    let Talk { mut node, sockets: [socket, second], served, from_second_socket, .. } = talk();
    node.endpoint.abort(node.now, socket, &AbortArgs::default()).expect("all can always be aborted");
    let ids = |socket| node.endpoint.rpc_infos(socket).map(|info| info.id).collect::<Vec<_>>();
    assert_eq!(ids(socket), [served]);
    assert_eq!(ids(second), [from_second_socket]);
}

#[test]
fn case_76_info_tells_of_a_request_that_waits_for_a_grant() {
    let (mut node, socket) = Node::client(config());
    let to = server_at(1);
    let id = node.endpoint.send_request(node.now, socket, to, bytes(200_000), 55).expect("it is sent");
    let waiting = RpcInfo {
        id,
        peer: to.peer,
        family: Family::V4,
        port: to.port,
        completion_cookie: 55,
        tx_length: 200_000,
        tx_sent: 40_000,
        tx_granted: 40_000,
        tx_prio: 0,
        rx_length: -1,
        rx_remaining: 0,
        rx_gaps: 0,
        rx_gap_bytes: 0,
        rx_granted: 0,
        flags: RpcFlags::default(),
    };
    assert_eq!(node.info(socket, id), Some(waiting));
    node.receive(1, Inbound::response(1, id, 100).grant(100_000, 3));
    let info = node.info(socket, id).expect("the RPC lives");
    assert_eq!((info.tx_sent, info.tx_granted, info.tx_prio), (101_232, 100_000, 3), "43 whole units from 40000");
}

#[test]
fn case_76_info_tells_what_is_missing_of_a_response() {
    let (mut node, socket) = Node::client(config());
    let rpc = node.request(socket, 100);
    let response = Inbound::response(1, rpc, 20_000);
    for (start, end) in response.cuts() {
        if !(1_424..4_272).contains(&start) {
            node.receive(1, response.piece(start, end)).expect("the payload is new");
        }
    }
    let info = node.info(socket, rpc).expect("the RPC lives");
    assert_eq!((info.tx_length, info.tx_sent, info.tx_granted), (100, 100, 100));
    assert_eq!((info.rx_length, info.rx_remaining, info.rx_granted), (20_000, 2_848, 20_000));
    assert_eq!((info.rx_gaps, info.rx_gap_bytes), (1, 2_848));
    assert_eq!(info.flags.bits(), RpcFlags::RX_COPY);
}
