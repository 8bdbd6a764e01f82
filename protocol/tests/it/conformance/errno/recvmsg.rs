//! `recvmsg`, readers that block, and the failures that readers get (spec 10.2).

use super::{SERVED, serving, told};
use crate::conformance::node::{CLIENT_PORT, Inbound, Node, REGION, SERVER_PORT, bytes, config, peer, server_at};
use homa_protocol::wire::Family;
use homa_protocol::{
    AbortArgs, Ack, AckEntry, Errno, Event, FailedRpc, HOMA_BPAGE_SIZE, Packet, RecvError, RecvmsgArgs, RpcId, SocketId,
};

/// `recvmsg` fails so; what it leaves in its arguments.
fn recv_fails(node: &mut Node, socket: SocketId, args: RecvmsgArgs, error: RecvError, errno: Errno) -> RecvmsgArgs {
    let mut args = args;
    assert_eq!(node.endpoint.recvmsg(node.now, socket, &mut args), Err(error));
    assert_eq!(error.errno(), errno, "{error}");
    args
}

/// Arguments of `recvmsg` for any shared message that give these buffers back.
fn returning(offsets: &[u32]) -> RecvmsgArgs {
    let mut args = RecvmsgArgs { num_bpages: offsets.len() as u32, ..RecvmsgArgs::default() };
    args.bpage_offsets[..offsets.len()].copy_from_slice(offsets);
    args
}

#[test]
fn recvmsg_row_3_checks_arguments_before_anything_else() {
    let mut node = Node::new(config());
    let socket = node.endpoint.open_socket(Family::V4).expect("ports are free");
    let many = RecvmsgArgs { num_bpages: 17, reserved: 1, ..RecvmsgArgs::default() };
    recv_fails(&mut node, socket, many, RecvError::TooManyBpages { count: 17 }, Errno::EINVAL);
    let error = RecvError::ReservedNotZero { reserved: 1 };
    recv_fails(&mut node, socket, RecvmsgArgs { num_bpages: 0, ..many }, error, Errno::EINVAL);
    assert_eq!(told(&node, socket), Some(error.into()));
}

#[test]
fn recvmsg_row_4_needs_a_region_and_buffers_that_are_the_applications() {
    let mut node = Node::new(config());
    let socket = node.endpoint.open_socket(Family::V4).expect("ports are free");
    let args = recv_fails(&mut node, socket, returning(&[0]), RecvError::NoRegion, Errno::EINVAL);
    assert_eq!(args.num_bpages, 0);
    assert_eq!(told(&node, socket), Some(RecvError::NoRegion.into()));

    node.endpoint.set_receive_region(socket, 0, REGION).expect("the region is large enough");
    let rpc = node.request(socket, 100);
    Inbound::response(1, rpc, 131_072).arrive(&mut node);
    let received = node.endpoint.recv(node.now, socket, None, &[]).expect("the response is complete");
    let [first, second] = received.bpages.as_slice() else { panic!("two bpages hold 131072 bytes") };
    let given = returning(&[*first, REGION as u32, *second]);
    let before = node.endpoint.info(socket, &mut []).expect("the socket is open").bpool_avail_bytes;
    let mut args = given;
    let error = node.endpoint.recvmsg(node.now, socket, &mut args).expect_err("the second isn't in the region");
    assert!(matches!(error, RecvError::BadBpage(bad) if (bad.index, bad.offset) == (1, REGION as u32)));
    assert_eq!((error.errno(), args.num_bpages, args.id), (Errno::EINVAL, 0, 0));
    assert_eq!(told(&node, socket), Some(error.into()));
    let after = node.endpoint.info(socket, &mut []).expect("the socket is open").bpool_avail_bytes;
    assert_eq!(after - before, u64::from(HOMA_BPAGE_SIZE), "the first is back, the third isn't");
}

#[test]
fn recvmsg_row_5_knows_the_client_rpcs_of_its_socket_alone() {
    let (mut node, socket, _) = serving();
    let other = node.endpoint.open_socket(Family::V4).expect("ports are free");
    let elsewhere =
        node.endpoint.send_private_request(node.now, other, server_at(1), bytes(100), 0).expect("it is sent");
    for rpc in [RpcId::new(88), SERVED, elsewhere] {
        let args = RecvmsgArgs { id: rpc.get(), ..RecvmsgArgs::default() };
        let error = RecvError::UnknownRpc { rpc };
        assert_eq!(recv_fails(&mut node, socket, args, error, Errno::EINVAL).id, rpc.get());
        assert_eq!(told(&node, socket), Some(error.into()));
    }
}

#[test]
fn recvmsg_row_6_refuses_shared_rpcs_and_second_readers_and_returns_id_0() {
    let (mut node, socket) = Node::client(config());
    let shared = node.request(socket, 100);
    let private =
        node.endpoint.send_private_request(node.now, socket, server_at(1), bytes(100), 0).expect("it is sent");
    node.endpoint.wait(socket, Some(private)).expect("nobody else waits");
    let args = |rpc: RpcId| RecvmsgArgs { id: rpc.get(), ..RecvmsgArgs::default() };
    let error = RecvError::NotPrivate { rpc: shared };
    assert_eq!(recv_fails(&mut node, socket, args(shared), error, Errno::EINVAL).id, 0);
    assert_eq!(told(&node, socket), Some(error.into()));
    assert_eq!(node.endpoint.wait(socket, Some(shared)), Err(error));
    // D10: a second reader may look, and only can't wait.
    assert_eq!(recv_fails(&mut node, socket, args(private), RecvError::Again, Errno::EAGAIN).id, 0);
    let mut waiting = args(private);
    let error = RecvError::AlreadyWaiting { rpc: private };
    assert_eq!(node.endpoint.recvmsg_or_wait(node.now, socket, &mut waiting), Err(error));
    assert_eq!((waiting.id, told(&node, socket)), (0, Some(error.into())));
    assert_eq!(node.endpoint.wait(socket, Some(private)), Err(error));
    Inbound::response(1, private, 100).arrive(&mut node);
    assert_eq!(node.endpoint.recv(node.now, socket, Some(private), &[]).map(|received| received.length), Ok(100));
    let private =
        node.endpoint.send_private_request(node.now, socket, server_at(1), bytes(100), 0).expect("it is sent");
    assert!(node.info(socket, private).is_some());
    assert_eq!(node.endpoint.rpc_infos(socket).count(), 2);
}

#[test]
fn recvmsg_row_7_finds_nothing_ready_and_returns_id_0() {
    let (mut node, socket) = Node::client(config());
    let rpc = node.endpoint.send_private_request(node.now, socket, server_at(1), bytes(100), 0).expect("it is sent");
    for id in [0, rpc.get()] {
        node.endpoint.bind(socket, Family::V6, SERVER_PORT).expect_err("the socket is for IPv4");
        let args = RecvmsgArgs { id, ..RecvmsgArgs::default() };
        let after = recv_fails(&mut node, socket, args, RecvError::Again, Errno::EAGAIN);
        assert_eq!(after, RecvmsgArgs::default());
        assert_eq!(told(&node, socket), Some(RecvError::Again.into()));
    }
    assert!(node.info(socket, rpc).is_some());
}

#[test]
fn recvmsg_row_9_tells_shared_readers_alone_that_the_socket_was_shut_down() {
    let (mut node, socket) = Node::client(config());
    let rpc = node.endpoint.send_private_request(node.now, socket, server_at(1), bytes(100), 0).expect("it is sent");
    node.packets();
    node.endpoint.wait(socket, Some(rpc)).expect("nobody else waits");
    for _ in 0..2 {
        node.endpoint.wait(socket, None).expect("the socket is open");
    }
    node.endpoint.shutdown(node.now, socket);
    let is_wake = |event: &Event| matches!(event, Event::Wake { .. } | Event::WaitFailed { .. });
    let wakes: Vec<_> = node.events().into_iter().filter(is_wake).collect();
    let shared = Event::Wake { socket, waiting_for: None, error: Some(Errno::ESHUTDOWN) };
    // N3: what the reader of the private RPC returns names the RPC, and where it went.
    let failed = FailedRpc { rpc, cookie: 0, peer: peer(1), port: SERVER_PORT, error: Errno::EINVAL };
    assert_eq!(wakes, [Event::WaitFailed { socket, failed }, shared, shared]);

    recv_fails(&mut node, socket, RecvmsgArgs::default(), RecvError::ShutDown, Errno::ESHUTDOWN);
    let args = RecvmsgArgs { id: rpc.get(), ..RecvmsgArgs::default() };
    recv_fails(&mut node, socket, args, RecvError::UnknownRpc { rpc }, Errno::EINVAL);
    assert_eq!(node.endpoint.wait(socket, None), Err(RecvError::ShutDown));
    assert_eq!(node.endpoint.wait(socket, Some(rpc)), Err(RecvError::UnknownRpc { rpc }));
}

#[test]
fn recvmsg_row_10_hands_out_a_failure_with_identifier_cookie_and_no_bpages() {
    let (mut node, socket) = Node::client(config());
    let to = server_at(1);
    let rpc = node.endpoint.send_request(node.now, socket, to, bytes(100), 31).expect("it is sent");
    Inbound::response(1, rpc, 3_000).arrive(&mut node);
    node.packets();
    let abort = AbortArgs { id: rpc.get(), error: Errno::ECANCELED.get().unsigned_abs(), ..AbortArgs::default() };
    node.endpoint.abort(node.now, socket, &abort).expect("the socket has the RPC");
    let failed = FailedRpc { rpc, cookie: 31, peer: to.peer, port: to.port, error: Errno::ECANCELED };
    let args = recv_fails(&mut node, socket, RecvmsgArgs::default(), RecvError::Failed(failed), Errno::ECANCELED);
    assert_eq!((args.id, args.completion_cookie, args.num_bpages), (rpc.get(), 31, 0));
    assert_eq!(told(&node, socket), Some(RecvError::Failed(failed).into()));
    assert_eq!(node.info(socket, rpc), None);

    // A failed RPC is not acknowledged, and its buffers are free again.
    node.receive(1, Packet::NeedAck(Inbound::response(1, rpc, 1).header));
    assert!(matches!(node.packets()[..], [Packet::Ack(ack)] if ack.entries().count() == 0));
    assert_eq!(node.endpoint.info(socket, &mut []).expect("the socket is open").bpool_avail_bytes, REGION);
}

#[test]
fn recvmsg_tells_of_a_response_its_cookie_and_of_a_request_none() {
    let (mut node, socket) = Node::server(config());
    let rpc = node.endpoint.send_request(node.now, socket, server_at(2), bytes(100), 31).expect("it is sent");
    let mut response = Inbound::response(2, rpc, 100_000);
    response.header.dport = SERVER_PORT;
    response.arrive(&mut node);
    Inbound::request(1, 2, 200).arrive(&mut node);
    let mut args = RecvmsgArgs::default();
    let received = node.endpoint.recvmsg(node.now, socket, &mut args).expect("the response was ready first");
    assert_eq!((received.length, received.peer, received.port), (100_000, peer(2), SERVER_PORT));
    assert_eq!((args.id, args.completion_cookie, args.num_bpages), (rpc.get(), 31, 2));
    assert_eq!(args.bpage_offsets[..2], *received.bpages.as_slice());
    args.id = 0;
    let received = node.endpoint.recvmsg(node.now, socket, &mut args).expect("the request was ready second");
    assert_eq!((received.length, received.peer, received.port), (200, peer(1), CLIENT_PORT));
    assert_eq!((args.id, args.completion_cookie, args.num_bpages), (SERVED.get(), 0, 1));
    let infos: Vec<_> = node.endpoint.rpc_infos(socket).map(|info| info.id).collect();
    assert_eq!(infos, [SERVED], "the client RPC has ended");
    node.packets();
    node.receive(2, Packet::NeedAck(response.header));
    let entry = AckEntry { client_id: rpc, server_port: SERVER_PORT };
    assert_eq!(node.packets(), [Packet::Ack(Ack::new(response.header.answer(), &[entry]))]);
}

#[test]
fn a_blocked_shared_reader_is_woken_by_each_message_and_a_private_one_by_its_own() {
    let (mut node, socket) = Node::server(config());
    let wakes = |node: &mut Node| {
        let woken = |event| match event {
            Event::Wake { waiting_for, error, .. } => Some((waiting_for, error)),
            _ => None,
        };
        node.events().into_iter().filter_map(woken).collect::<Vec<_>>()
    };
    let private =
        node.endpoint.send_private_request(node.now, socket, server_at(2), bytes(100), 0).expect("it is sent");
    node.endpoint.wait(socket, Some(private)).expect("nobody else waits");
    node.endpoint.wait(socket, None).expect("the socket is open");
    Inbound::request(1, 2, 100).arrive(&mut node);
    assert_eq!(wakes(&mut node), [(None, None)]);
    Inbound::request(1, 4, 100).arrive(&mut node);
    assert_eq!(wakes(&mut node), [], "the reader waits no more");
    let mut response = Inbound::response(2, private, 100);
    response.header.dport = SERVER_PORT;
    response.arrive(&mut node);
    assert_eq!(wakes(&mut node), [(Some(private), None)]);

    // Who comes when there is something already is woken at once.
    node.endpoint.wait(socket, None).expect("the socket is open");
    node.endpoint.wait(socket, Some(private)).expect("nobody else waits");
    assert_eq!(wakes(&mut node), [(None, None), (Some(private), None)]);
    for rpc in [None, None, Some(private)] {
        node.endpoint.recv(node.now, socket, rpc, &[]).expect("it is complete");
    }

    // Who has given up waiting isn't woken.
    assert!(!node.endpoint.cancel_wait(socket, Some(private)), "it was woken");
    let private =
        node.endpoint.send_private_request(node.now, socket, server_at(2), bytes(100), 0).expect("it is sent");
    for waiting_for in [None, Some(private)] {
        node.endpoint.wait(socket, waiting_for).expect("nobody else waits");
        assert!(node.endpoint.cancel_wait(socket, waiting_for));
        assert!(!node.endpoint.cancel_wait(socket, waiting_for));
    }
    Inbound::request(1, 6, 100).arrive(&mut node);
    node.endpoint.abort(node.now, socket, &AbortArgs::default()).expect("all can always be aborted");
    assert_eq!(wakes(&mut node), []);
}

#[test]
fn a_blocked_private_reader_gets_the_failure_or_learns_that_the_rpc_is_gone() {
    for error in [0, 125] {
        let (mut node, socket) = Node::client(config());
        let rpc =
            node.endpoint.send_private_request(node.now, socket, server_at(1), bytes(100), 6).expect("it is sent");
        node.packets();
        node.endpoint.wait(socket, Some(rpc)).expect("nobody else waits");
        node.endpoint.abort(node.now, socket, &AbortArgs { error, ..AbortArgs::default() }).expect("it can be");
        let failed = FailedRpc { rpc, cookie: 6, peer: peer(1), port: SERVER_PORT, error: Errno::EINVAL };
        let woken = match error {
            0 => Event::WaitFailed { socket, failed },
            _ => Event::Wake { socket, waiting_for: Some(rpc), error: None },
        };
        assert!(node.events().contains(&woken), "{error}");
        assert!(!node.endpoint.readiness(socket).readable);
        let received = node.endpoint.recv(node.now, socket, Some(rpc), &[]).expect_err("there is no response");
        assert_eq!(received.errno(), if error == 0 { Errno::EINVAL } else { Errno::ECANCELED });
        assert_eq!(node.info(socket, rpc), None);
    }
}

#[test]
fn a_complete_response_that_is_aborted_is_received_as_the_error() {
    let (mut node, socket) = Node::client(config());
    let rpc = node.request(socket, 100);
    Inbound::response(1, rpc, 100).arrive(&mut node);
    node.endpoint.abort(node.now, socket, &AbortArgs { error: 125, ..AbortArgs::default() }).expect("it can be");
    let received = node.endpoint.recv(node.now, socket, None, &[]);
    assert_eq!(received.map_err(|error| error.errno()), Err(Errno::ECANCELED));
    assert_eq!(node.endpoint.recv(node.now, socket, None, &[]), Err(RecvError::Again));
}
