//! Every error of the calls of an application, with its number (spec part 10). Here: `sendmsg`.

mod recvmsg;
mod sockets;

use super::node::{CLIENT_PORT, Inbound, Node, bytes, config, peer, server_at};
use homa_protocol::wire::Family;
use homa_protocol::{
    AbortArgs, ApiError, Destination, Errno, Event, Packet, Port, Resend, ResendRange, Route, RouteError, RpcId,
    SENDMSG_PRIVATE, SendError, SendmsgArgs, SocketId,
};
use homa_units::Priority;

/// Where the answers to requests of peer 1 go.
fn client() -> Destination {
    Destination { port: CLIENT_PORT, ..server_at(1) }
}

/// The server's side of peer 1's request 2.
const SERVED: RpcId = RpcId::new(3);

/// The failure that `HOMAIOCINFO` tells about.
fn told(node: &Node, socket: SocketId) -> Option<ApiError> {
    node.endpoint.info(socket, &mut []).expect("the socket is open").error
}

fn sendmsg(
    node: &mut Node,
    socket: SocketId,
    to: Destination,
    args: &mut SendmsgArgs,
    length: u32,
) -> Option<SendError> {
    node.endpoint.sendmsg(node.now, socket, to, args, bytes(length)).err()
}

/// `sendmsg` fails so, with `args` as they were, nothing sent, and the failure told.
fn send_fails(node: &mut Node, socket: SocketId, to: Destination, args: SendmsgArgs, error: SendError, errno: Errno) {
    let before = node.endpoint.rpc_infos(socket).count();
    let mut given = args;
    assert_eq!(sendmsg(node, socket, to, &mut given, 100), Some(error));
    assert_eq!(error.errno(), errno, "{error}");
    assert_eq!(given, args, "{error}");
    assert_eq!(node.packets(), [], "{error}");
    assert_eq!(node.endpoint.rpc_infos(socket).count(), before, "{error}");
    assert_eq!(told(node, socket), Some(error.into()));
}

/// A server whose application has received request 2 of peer 1.
fn serving() -> (Node, SocketId, Inbound) {
    let (mut node, socket) = Node::server(config());
    let request = Inbound::request(1, 2, 100);
    request.arrive(&mut node);
    node.endpoint.recv(node.now, socket, None, &[]).expect("the request is complete");
    node.events();
    (node, socket, request)
}

#[test]
fn sendmsg_rows_4_and_6_check_arguments_before_anything_else() {
    let (mut node, socket) = Node::client(config());
    let default = SendmsgArgs::default();
    let v6 = Destination { family: Family::V6, ..server_at(1) };
    let flags = SendError::UnknownFlags { flags: 3 };
    send_fails(&mut node, socket, v6, SendmsgArgs { flags: 3, reserved: 1, ..default }, flags, Errno::EINVAL);
    let reserved = SendError::ReservedNotZero { reserved: 1 };
    send_fails(&mut node, socket, v6, SendmsgArgs { reserved: 1, ..default }, reserved, Errno::EINVAL);
    let family = SendError::WrongFamily { given: Family::V6, socket: Family::V4 };
    send_fails(&mut node, socket, v6, default, family, Errno::EAFNOSUPPORT);
    let reply = SendmsgArgs { id: 3, completion_cookie: 1, ..default };
    send_fails(&mut node, socket, v6, reply, family, Errno::EAFNOSUPPORT);
}

/// A client whose sockets may send 1000 bytes.
fn limited() -> (Node, SocketId) {
    let mut config = config();
    config.sysctls.wmem_max = 1_000;
    Node::client(config)
}

#[test]
fn sendmsg_row_5_waits_for_memory_that_ending_rpcs_give_back() {
    let (mut node, socket) = limited();
    node.endpoint.write_sysctl("wmem_max", "1").expect("that is a number of bytes");
    let abort = |node: &mut Node, rpc: RpcId| {
        let args = AbortArgs { id: rpc.get(), ..AbortArgs::default() };
        node.endpoint.abort(node.now, socket, &args).expect("the socket has the RPC");
    };
    let (first, second) = (node.request(socket, 999), node.request(socket, 600));
    node.packets();
    assert!(!node.endpoint.readiness(socket).writable);
    let mut args = SendmsgArgs::default();
    let full = SendError::WouldBlock { used: 1_599, limit: 1_000 };
    assert_eq!(sendmsg(&mut node, socket, Destination { family: Family::V6, ..client() }, &mut args, 0), Some(full));
    assert_eq!((full.errno(), args.id), (Errno::EAGAIN, 0));
    assert_eq!(told(&node, socket), None, "waiting for memory is no failure to tell about");
    assert_eq!(node.packets(), []);

    assert_eq!(node.events(), []);
    abort(&mut node, second);
    assert_eq!(node.events(), [Event::Released { tag: 600 }, Event::Writable { socket }]);
    assert!(node.endpoint.readiness(socket).writable);
    abort(&mut node, first);
    assert_eq!(node.events(), [Event::Released { tag: 999 }], "it was writable before");
}

#[test]
fn sendmsg_row_5_counts_a_message_until_its_last_packet_was_fetched() {
    let (mut node, socket) = limited();
    node.request(socket, 2_000);
    node.endpoint.abort(node.now, socket, &AbortArgs::default()).expect("all can always be aborted");
    assert_eq!(node.endpoint.rpc_infos(socket).count(), 0);
    let full = SendError::WouldBlock { used: 2_000, limit: 1_000 };
    assert_eq!(sendmsg(&mut node, socket, client(), &mut SendmsgArgs::default(), 1), Some(full));
    for expected in [vec![], vec![Event::Released { tag: 2_000 }, Event::Writable { socket }]] {
        assert!(node.endpoint.poll_transmit(node.now).is_some());
        assert_eq!(node.events(), expected);
    }
    node.request(socket, 1);
}

#[test]
fn sendmsg_rows_5_and_8_tell_that_the_socket_was_shut_down() {
    let (mut node, socket) = limited();
    node.request(socket, 2_000);
    node.endpoint.shutdown(node.now, socket);
    let mut send = |error| {
        let mut args = SendmsgArgs::default();
        assert_eq!(sendmsg(&mut node, socket, server_at(1), &mut args, 1), Some(error));
        assert_eq!(args.id, 0);
        node.packets().len()
    };
    assert_eq!(send(SendError::ShutDown), 2, "the memory was used up until these were fetched");
    assert_eq!(send(SendError::ShutDown), 0);
    assert_eq!(SendError::ShutDown.errno(), Errno::ESHUTDOWN);
}

#[test]
fn sendmsg_row_8_hands_the_routing_error_on_and_needs_no_receive_region() {
    let mut node = Node::new(config());
    let socket = node.endpoint.open_socket(Family::V4).expect("ports are free");
    for errno in [Errno::ENETUNREACH, Errno::EHOSTUNREACH] {
        node.endpoint.set_route(peer(1), Route::Unreachable(errno));
        let error = SendError::Route(RouteError::Unreachable(errno));
        send_fails(&mut node, socket, server_at(1), SendmsgArgs::default(), error, errno);
    }
    node.endpoint.set_route(peer(1), Route::Mtu(1_500));
    node.request(socket, 100);
    assert_eq!(node.data().len(), 1);
}

#[test]
fn sendmsg_row_9_refuses_messages_that_no_packets_can_carry() {
    let (mut node, socket) = Node::client(config());
    for length in [0, 1_000_001] {
        let mut args = SendmsgArgs { completion_cookie: 4, flags: SENDMSG_PRIVATE, ..SendmsgArgs::default() };
        let error = SendError::Length { length };
        assert_eq!(sendmsg(&mut node, socket, server_at(1), &mut args, length), Some(error));
        assert_eq!((error.errno(), args.id), (Errno::EINVAL, 0));
        assert_eq!(told(&node, socket), Some(error.into()));
    }
    // IPv4 and Homa's headers take 76 bytes.
    node.endpoint.set_route(peer(1), Route::Mtu(76));
    let mut args = SendmsgArgs::default();
    let error = sendmsg(&mut node, socket, server_at(1), &mut args, 100).expect("no payload fits");
    assert!(matches!(error, SendError::Route(RouteError::Mtu(_))));
    assert_eq!((error.errno(), args.id), (Errno::EINVAL, 0));
    assert_eq!((node.packets(), node.endpoint.rpc_infos(socket).count()), (vec![], 0));
    node.endpoint.set_route(peer(1), Route::Mtu(77));
    node.request(socket, 3);
    assert_eq!(node.data().iter().map(|data| data.length).collect::<Vec<_>>(), [1, 1, 1]);
}

#[test]
fn sendmsg_row_10_writes_the_new_identifier_back_and_keeps_the_failure_before() {
    let (mut node, socket) = Node::client(config());
    let error = SendError::ReservedNotZero { reserved: 9 };
    let bad = SendmsgArgs { reserved: 9, ..SendmsgArgs::default() };
    send_fails(&mut node, socket, server_at(1), bad, error, Errno::EINVAL);
    for id in [2, 4] {
        let mut args = SendmsgArgs { completion_cookie: 4, ..SendmsgArgs::default() };
        assert_eq!(sendmsg(&mut node, socket, server_at(1), &mut args, 100), None);
        assert_eq!(args, SendmsgArgs { id, completion_cookie: 4, ..SendmsgArgs::default() });
    }
    assert_eq!(told(&node, socket), Some(error.into()), "successes leave it");
    assert_eq!(error.to_string(), "the reserved field is 9; it must be 0");
}

#[test]
fn reply_row_8_refuses_a_cookie_and_keeps_the_rpc() {
    let (mut node, socket, _) = serving();
    let args = SendmsgArgs { id: SERVED.get(), completion_cookie: 7, ..SendmsgArgs::default() };
    let error = SendError::CookieWithReply { cookie: 7 };
    send_fails(&mut node, socket, client(), args, error, Errno::EINVAL);
    let unknown = SendmsgArgs { id: 99, ..args };
    send_fails(&mut node, socket, client(), unknown, error, Errno::EINVAL);
    node.endpoint.send_reply(node.now, socket, client(), SERVED, bytes(100)).expect("the RPC is in service still");
}

#[test]
fn reply_row_9_compares_the_address_of_the_client_and_not_its_port() {
    let (mut node, socket, _) = serving();
    let elsewhere = Destination { peer: peer(2), ..client() };
    node.endpoint.send_reply(node.now, socket, elsewhere, SERVED, bytes(0)).expect("there is nothing to do");
    assert_eq!((node.packets(), node.events()), (vec![], vec![Event::Released { tag: 0 }]));
    assert_eq!(told(&node, socket), None);

    let other_port = Destination { port: Port::new(77), ..client() };
    node.endpoint.send_reply(node.now, socket, other_port, SERVED, bytes(100)).expect("the RPC is in service");
    let data = node.data();
    assert_eq!(data.iter().map(|data| data.header.dport).collect::<Vec<_>>(), [CLIENT_PORT]);
}

#[test]
fn reply_row_10_refuses_an_rpc_that_is_not_in_service_and_keeps_it() {
    let (mut node, socket) = Node::server(config());
    let request = Inbound::request(1, 2, 3_000);
    let error = SendError::NotInService { rpc: SERVED };
    let args = SendmsgArgs { id: SERVED.get(), ..SendmsgArgs::default() };
    node.receive(1, request.piece(0, 1_424)).expect("the payload is new");
    send_fails(&mut node, socket, client(), args, error, Errno::EINVAL);
    node.receive(1, request.piece(1_424, 3_000)).expect("the payload is new");
    send_fails(&mut node, socket, client(), args, error, Errno::EINVAL);
    node.endpoint.recv(node.now, socket, None, &[]).expect("the request is complete");
    node.endpoint.send_reply(node.now, socket, client(), SERVED, bytes(100)).expect("the RPC is in service");
    node.packets();
    send_fails(&mut node, socket, client(), args, error, Errno::EINVAL);
    assert_eq!(node.info(socket, SERVED).map(|info| info.tx_length), Some(100));
}

#[test]
fn reply_row_11_ends_the_rpc_when_the_message_is_impossible() {
    for (length, mtu) in [(0, 1_500), (1_000_001, 1_500), (100, 76)] {
        let (mut node, socket, request) = serving();
        node.endpoint.set_route(peer(1), Route::Mtu(mtu));
        let mut args = SendmsgArgs { id: SERVED.get(), ..SendmsgArgs::default() };
        let error = sendmsg(&mut node, socket, client(), &mut args, length).expect("the message is impossible");
        assert_eq!(error.errno(), Errno::EINVAL);
        assert_eq!(matches!(error, SendError::Length { .. }), mtu == 1_500, "{error}");
        assert_eq!(told(&node, socket), Some(error.into()));
        assert_eq!((node.info(socket, SERVED), args.id), (None, SERVED.get()));
        let range = ResendRange::AllSent { offset: 0 };
        node.receive(1, Packet::Resend(Resend { header: request.header, range, priority: Priority::HIGHEST }));
        assert_eq!(node.packets(), [Packet::RpcUnknown(request.header.answer())]);
    }
}

#[test]
fn replies_ignore_the_private_flag() {
    let (mut node, socket, _) = serving();
    let mut args = SendmsgArgs { id: SERVED.get(), flags: SENDMSG_PRIVATE, ..SendmsgArgs::default() };
    assert_eq!(sendmsg(&mut node, socket, client(), &mut args, 100), None);
    assert_eq!(node.data().len(), 1);
}
