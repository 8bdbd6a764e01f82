//! `bind`, `poll`, options, `HOMAIOCINFO` and `HOMAIOCABORT` (spec 10.3 to 10.5).

use super::{SERVED, client, limited, serving, told};
use crate::conformance::node::{CLIENT_PORT, Inbound, Node, REGION, SERVER_PORT, bytes, config, peer, server_at};
use homa_protocol::wire::Family;
use homa_protocol::{
    AbortArgs, AbortError, BindError, Config, Errno, Event, Header, Port, Readiness, RecvError, RegionError, RpcFlags,
    RpcId,
};

#[test]
fn bind_tells_why_a_port_cannot_be_had() {
    let mut node = Node::new(config());
    let mut open = || node.endpoint.open_socket(Family::V4).expect("ports are free");
    let (socket, owner, shut) = (open(), open(), open());
    node.endpoint.bind(owner, Family::V4, Port::new(500)).expect("the port is free");
    node.endpoint.shutdown(node.now, shut);
    let family = BindError::WrongFamily { given: Family::V6, socket: Family::V4 };
    for (id, to, port, error, errno) in [
        (socket, Family::V6, 0, family, Errno::EAFNOSUPPORT),
        (socket, Family::V4, 32_768, BindError::DefaultPort { port: 32_768 }, Errno::EINVAL),
        (socket, Family::V4, 65_535, BindError::DefaultPort { port: 65_535 }, Errno::EINVAL),
        (socket, Family::V4, 500, BindError::InUse { port: 500 }, Errno::EADDRINUSE),
        (shut, Family::V4, 501, BindError::ShutDown, Errno::ESHUTDOWN),
    ] {
        assert_eq!(node.endpoint.bind(id, to, Port::new(port)), Err(error));
        assert_eq!(error.errno(), errno, "{error}");
        if id == socket {
            assert_eq!(told(&node, socket), Some(error.into()));
        }
    }
    assert_eq!((node.endpoint.port(socket), node.endpoint.is_server(socket)), (CLIENT_PORT, false));
    node.endpoint.bind(socket, Family::V4, Port::NONE).expect("port 0 changes nothing");
    assert_eq!((node.endpoint.port(socket), node.endpoint.is_server(socket)), (CLIENT_PORT, false));
    for _ in 0..2 {
        node.endpoint.bind(socket, Family::V4, Port::new(32_767)).expect("the port is free, or ours");
        assert_eq!((node.endpoint.port(socket), node.endpoint.is_server(socket)), (Port::new(32_767), true));
    }
    node.endpoint.shutdown(node.now, owner);
    node.endpoint.bind(socket, Family::V4, Port::new(500)).expect("shutdown makes the port free");
}

#[test]
fn poll_tells_of_send_memory_of_shutdown_and_of_shared_messages_alone() {
    let (mut node, socket) = limited();
    node.endpoint.bind(socket, Family::V4, SERVER_PORT).expect("the port is free");
    let idle = Readiness { readable: false, writable: true, shut_down: false };
    assert_eq!(node.endpoint.readiness(socket), idle);
    let to = server_at(2);
    let rpc = node.endpoint.send_private_request(node.now, socket, to, bytes(999), 0).expect("it is sent");
    let mut response = Inbound::response(2, rpc, 100);
    response.header.dport = SERVER_PORT;
    response.arrive(&mut node);
    assert_eq!(node.endpoint.readiness(socket), idle, "999 bytes are below the limit");
    node.request(socket, 1);
    assert_eq!(node.endpoint.readiness(socket), Readiness { writable: false, ..idle });
    node.receive(1, Inbound::request(1, 2, 3_000).piece(0, 1_424)).expect("the payload is new");
    assert_eq!(node.endpoint.readiness(socket), Readiness { readable: true, writable: false, shut_down: false });
    node.packets();
    node.endpoint.shutdown(node.now, socket);
    assert_eq!(node.endpoint.readiness(socket), Readiness { shut_down: true, ..idle });
}

#[test]
fn options_set_the_region_once_and_switch_the_server_on_and_off() {
    let mut node = Node::new(Config { cores: 4, ..config() });
    let socket = node.endpoint.open_socket(Family::V4).expect("ports are free");
    assert_eq!(node.endpoint.receive_region(socket), None);
    let least = 4 * 65_536 + 2_000_000;
    for (start, length) in [(4_095, REGION), (0, least - 1), (0, (1 << 32) + 1)] {
        let error = node.endpoint.set_receive_region(socket, start, length).expect_err("the rules are broken");
        assert!(matches!(error, RegionError::Unusable(_)), "{error}");
        assert_eq!(error.errno(), Errno::EINVAL);
        assert_eq!(told(&node, socket), Some(error.into()));
    }
    node.endpoint.set_receive_region(socket, 8_192, least).expect("that is enough");
    assert_eq!(node.endpoint.receive_region(socket), Some((8_192, least / 65_536 * 65_536)));
    let before = told(&node, socket);
    assert_eq!(node.endpoint.set_receive_region(socket, 0, REGION), Err(RegionError::AlreadySet));
    assert_eq!(told(&node, socket), before, "there is no text for it");
    assert_eq!(RegionError::AlreadySet.errno(), Errno::EINVAL);

    let request = |id| {
        let request = Inbound::request(1, id, 100);
        Inbound { header: Header { dport: CLIENT_PORT, ..request.header }, ..request }.piece(0, 100)
    };
    for server in [true, false] {
        node.endpoint.set_server(socket, server);
        assert_eq!(node.endpoint.is_server(socket), server);
        assert_eq!(node.receive(1, request(2 + 2 * u64::from(server))).is_some(), server);
    }
}

#[test]
fn info_tells_about_as_many_rpcs_as_there_is_room_for_and_counts_all() {
    let (mut node, socket) = Node::server(config());
    let ids = [node.request(socket, 100), node.request(socket, 200), node.request(socket, 300)];
    let blank = node.info(socket, ids[0]).expect("the RPC lives");
    for (room, filled) in [(0, 0), (2, 2), (3, 3), (5, 3)] {
        let mut rpcs = vec![blank; room];
        let info = node.endpoint.info(socket, &mut rpcs).expect("the socket is open");
        assert_eq!((info.num_rpcs, info.filled, info.port, info.error), (3, filled, SERVER_PORT, None));
        let told: Vec<_> = rpcs[..filled].iter().map(|rpc| rpc.id).collect();
        assert_eq!(told, ids[..filled], "oldest first");
    }
}

#[test]
fn info_tells_how_much_of_the_region_is_free() {
    let mut node = Node::new(config());
    let socket = node.endpoint.open_socket(Family::V4).expect("ports are free");
    let free = |node: &Node| node.endpoint.info(socket, &mut []).expect("the socket is open").bpool_avail_bytes;
    assert_eq!(free(&node), 0, "there is no region");
    node.endpoint.set_receive_region(socket, 0, REGION + 65_535).expect("the region is large enough");
    assert_eq!(free(&node), REGION, "only whole bpages are used");
    let rpc = node.request(socket, 100);
    Inbound::response(1, rpc, 100_000).arrive(&mut node);
    // A whole bpage and 34464 bytes of a second, which later messages share.
    assert_eq!(free(&node), REGION - 65_536 - 34_464);
}

#[test]
fn info_tells_the_state_of_incoming_messages_by_flags() {
    let mut config = config();
    config.quirks.private_flag_hidden = false;
    let mut node = Node::new(config);
    let socket = node.endpoint.open_socket(Family::V4).expect("ports are free");
    node.endpoint.set_receive_region(socket, 0, 32 * 65_536).expect("the region is large enough");
    let flags = |node: &Node, rpc| node.info(socket, rpc).expect("the RPC lives").flags.bits();
    let private =
        node.endpoint.send_private_request(node.now, socket, server_at(1), bytes(100), 9).expect("it is sent");
    assert_eq!(flags(&node, private), RpcFlags::PRIVATE);
    let message = |rpc| Inbound::response(1, rpc, 1_000_000);
    node.receive(1, message(private).piece(0, 1_424)).expect("16 of 32 bpages");
    assert_eq!(flags(&node, private), RpcFlags::PRIVATE | RpcFlags::RX_COPY);
    let (second, third) = (node.request(socket, 100), node.request(socket, 100));
    node.receive(1, message(second).piece(0, 1_424)).expect("16 of 32 bpages");
    assert_eq!(flags(&node, second), RpcFlags::RX_COPY);
    assert_eq!(node.receive(1, message(third).piece(0, 1_424)), None);
    assert_eq!(flags(&node, third), RpcFlags::BUF_STALL);
    // A reader looks and finds the message incomplete.
    assert_eq!(node.endpoint.recv(node.now, socket, None, &[]), Err(RecvError::Again));
    assert_eq!(flags(&node, second), 0);
    let infos: Vec<_> = node.endpoint.rpc_infos(socket).map(|info| (info.id, info.completion_cookie)).collect();
    assert_eq!(infos, [(private, 9), (second, 0), (third, 0)]);
}

#[test]
fn info_of_a_server_rpc_has_no_cookie_and_no_outgoing_message_before_the_reply() {
    let (mut node, socket, _) = serving();
    let info = node.info(socket, SERVED).expect("the RPC lives");
    assert_eq!((info.peer, info.port, info.completion_cookie), (peer(1), CLIENT_PORT, 0));
    assert_eq!((info.tx_length, info.tx_sent, info.tx_granted, info.tx_prio), (-1, 0, 0, 0));
    assert_eq!((info.rx_length, info.rx_remaining, info.rx_granted, info.flags.bits()), (100, 0, 100, 0));
    node.endpoint.send_reply(node.now, socket, client(), SERVED, bytes(50_000)).expect("the RPC is in service");
    let info = node.info(socket, SERVED).expect("the RPC lives");
    assert_eq!((info.tx_length, info.tx_sent, info.tx_granted), (50_000, 40_000, 40_000));
}

#[test]
fn abort_refuses_what_it_cannot_take_and_ends_nothing() {
    let (mut node, socket, _) = serving();
    let other = node.endpoint.open_socket(Family::V4).expect("ports are free");
    let rpc = node.request(socket, 100);
    let elsewhere = node.request(other, 100);
    let all = AbortArgs { id: 0, error: 125, ..AbortArgs::default() };
    let unknown = |id| (AbortArgs { id, ..all }, AbortError::UnknownRpc { rpc: RpcId::new(id) });
    for (args, error) in [
        (AbortArgs { pad: 1, ..all }, AbortError::PadNotZero),
        (AbortArgs { pad2: [1, 0], ..all }, AbortError::PadNotZero),
        (AbortArgs { pad2: [0, 1], ..all }, AbortError::PadNotZero),
        (AbortArgs { error: 1 << 31, ..all }, AbortError::NotAnErrno { error: 1 << 31, most: i32::MAX }),
        unknown(88),
        unknown(SERVED.get()),
        unknown(elsewhere.get()),
    ] {
        assert_eq!(node.endpoint.abort(node.now, socket, &args), Err(error));
        assert_eq!(error.errno(), Errno::EINVAL);
        assert_eq!(told(&node, socket), Some(error.into()));
    }
    let ids: Vec<_> = node.endpoint.rpc_infos(socket).map(|info| info.id).collect();
    assert_eq!((ids, node.events()), (vec![SERVED, rpc], vec![]));
    node.endpoint.abort(node.now, socket, &AbortArgs { error: 100_000, ..all }).expect("it is a number");
    let failed = Event::RpcFailed { socket, rpc, error: Errno::new(100_000), private: false };
    assert_eq!(node.events(), [failed, Event::Readable { socket }]);
}

#[test]
fn without_the_quirk_abort_takes_linuxs_error_numbers_alone() {
    let mut config = config();
    config.quirks.any_abort_error = false;
    let (mut node, socket) = Node::client(config);
    node.request(socket, 100);
    let mut abort = |error| node.endpoint.abort(node.now, socket, &AbortArgs { error, ..AbortArgs::default() });
    assert_eq!(abort(4_096), Err(AbortError::NotAnErrno { error: 4_096, most: 4_095 }));
    assert_eq!(abort(4_095), Ok(()));
}
