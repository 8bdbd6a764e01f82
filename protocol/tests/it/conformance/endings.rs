//! What is left of RPCs and of peers that end, and who is found by a name that several have.

use crate::conformance::node::{CLIENT_PORT, FULL, Inbound, Node, bytes, config, peer, server_at};
use homa_protocol::wire::{IcmpError, IcmpKind, QuotedPorts};
use homa_protocol::{
    AbortArgs, Config, Destination, HOMA_BPAGE_SIZE, Header, Packet, Port, Quirks, Resend, ResendRange, Route,
    RpcFlags, RpcId, SocketId,
};
use homa_units::{Duration, Priority};

fn is_stalled(node: &Node, socket: SocketId, rpc: RpcId) -> bool {
    node.info(socket, rpc).expect("the RPC lives").flags.contains(RpcFlags::BUF_STALL)
}

fn unreachable(kind: IcmpKind, ports: Option<QuotedPorts>) -> IcmpError {
    IcmpError { kind, destination: core::net::Ipv4Addr::LOCALHOST.into(), ports }
}

/// A client with 1000 bpages in use by responses of one bpage each, and two responses that wait for one.
fn stalled() -> (Node, SocketId, RpcId, RpcId) {
    let (mut node, socket) = Node::client(config());
    let rpcs: Vec<_> = (0..1_002).map(|_| node.request(socket, 100)).collect();
    for rpc in &rpcs {
        node.receive(1, Inbound::response(1, *rpc, HOMA_BPAGE_SIZE).piece(0, FULL));
    }
    node.sent();
    let (first, second) = (rpcs[1_000], rpcs[1_001]);
    assert!(is_stalled(&node, socket, first) && is_stalled(&node, socket, second));
    (node, socket, first, second)
}

fn resends(node: &mut Node) -> Vec<Header> {
    let packets = node.packets().into_iter();
    packets.filter_map(|p| if let Packet::Resend(Resend { header, .. }) = p { Some(header) } else { None }).collect()
}

#[test]
fn a_response_that_is_given_up_while_it_waits_for_buffers_leaves_them_to_the_next() {
    let (mut node, socket, first, second) = stalled();
    let abort = |node: &mut Node, rpc: RpcId| {
        let args = AbortArgs { id: rpc.get(), ..AbortArgs::default() };
        node.endpoint.abort(node.now, socket, &args).expect("the socket has the RPC");
    };
    abort(&mut node, first);
    assert_eq!(resends(&mut node), [], "it had no buffers");
    assert!(is_stalled(&node, socket, second));
    abort(&mut node, RpcId::new(2));
    assert_eq!(resends(&mut node), [Inbound::response(1, second, 1).header.answer()]);
    assert!(!is_stalled(&node, socket, second));
}

#[test]
fn responses_that_wait_for_buffers_get_none_of_those_that_are_given_up_with_them() {
    let (mut node, socket, ..) = stalled();
    node.endpoint.abort(node.now, socket, &AbortArgs::default()).expect("all can always be aborted");
    assert_eq!(node.endpoint.rpc_infos(socket).count(), 0);
    assert_eq!(resends(&mut node), []);
    let free = node.endpoint.info(socket, &mut []).expect("the socket is open").bpool_avail_bytes;
    assert_eq!(free, 1_000 * u64::from(HOMA_BPAGE_SIZE));
}

/// Clients on one node number their requests together, but nothing stops a second one on the same address.
#[test]
fn of_several_requests_with_one_identifier_each_is_found_by_its_port_and_ends_alone() {
    let (mut node, socket) = Node::server(config());
    let request = |port: u16| {
        let request = Inbound::request(1, 10, 3_000);
        Inbound { header: Header { sport: Port::new(port), ..request.header }, ..request }
    };
    let ports = [40_000, 40_001, 40_002, 40_003];
    for port in ports {
        node.receive(1, request(port).piece(0, FULL)).expect("the payload is new");
    }
    let live = |node: &Node| node.endpoint.rpc_infos(socket).map(|info| info.port.get()).collect::<Vec<_>>();
    assert_eq!(live(&node), ports);
    // The oldest, the newest, and one that is neither first nor last.
    for (port, left) in [(40_000, vec![40_001, 40_002, 40_003]), (40_003, vec![40_001, 40_002])] {
        let quoted = QuotedPorts { sport: server_at(1).port, dport: Port::new(port) };
        node.endpoint.handle_icmp(node.now, peer(1), &unreachable(IcmpKind::PortUnreachable, Some(quoted)));
        assert_eq!(live(&node), left);
        node.endpoint.check_invariants();
    }
    for port in [40_001, 40_002] {
        node.receive(1, request(port).piece(FULL, 3_000)).expect("its RPC lives");
    }
    assert_eq!(node.endpoint.rpc_infos(socket).map(|info| info.rx_remaining).collect::<Vec<_>>(), [0, 0]);
}

/// Without quirk Q18.
#[test]
fn of_finished_requests_the_last_1024_are_remembered() {
    let mut config = config();
    config.quirks.no_memory_of_finished_rpcs = false;
    let (mut node, socket) = Node::server(config);
    let request = |index: u64| Inbound::request(1, 2 * index + 2, 100);
    for index in 0..1_025 {
        request(index).arrive(&mut node);
        let rpc = node.endpoint.recv(node.now, socket, None, &[]).expect("the request is complete").rpc;
        let to = Destination { port: CLIENT_PORT, ..server_at(1) };
        node.endpoint.send_reply(node.now, socket, to, rpc, bytes(10)).expect("the RPC is in service");
        node.packets();
        node.receive(1, Packet::Ack(homa_protocol::Ack::new(request(index).header, &[])));
    }
    assert_eq!(node.endpoint.rpc_infos(socket).count(), 0);
    for (index, known) in [(1_024, true), (1, true), (0, false)] {
        request(index).arrive(&mut node);
        let executed_again = node.endpoint.rpc_infos(socket).count() > 0;
        assert_eq!(executed_again, !known, "request {index}");
    }
}

/// Without quirk Q14.
#[test]
fn a_small_mtu_on_the_way_to_a_peer_that_cannot_be_reached_is_no_route_to_it() {
    let (mut node, socket) = Node::client(Config { quirks: Quirks::fixed(), ..config() });
    node.endpoint.set_route(peer(1), Route::Unreachable(homa_protocol::Errno::ENETUNREACH));
    let error = unreachable(IcmpKind::FragmentationNeeded { mtu: 1_000 }, None);
    node.endpoint.handle_icmp(node.now, peer(1), &error);
    let sent = node.endpoint.send_request(node.now, socket, server_at(1), bytes(100), 0);
    assert_eq!(sent.expect_err("there is no route").errno(), homa_protocol::Errno::ENETUNREACH);
}

/// Without quirk Q6 each byte keeps the level that it was granted at, which sent ones have used.
#[test]
fn bytes_are_sent_at_the_level_of_their_own_grant() {
    let mut config = config();
    config.quirks.fifo_level_sticks = false;
    let (mut node, socket) = Node::client(config);
    let rpc = node.request(socket, 100_000);
    let response = Inbound::response(1, rpc, 100);
    node.sent();
    for (offset, level) in [(50_000, 2), (60_000, 3), (70_000, 1)] {
        node.receive(1, response.grant(offset, level));
        let sent = node.sent();
        assert!(!sent.is_empty() && sent.iter().all(|unit| unit.priority == Priority::new(level)), "{sent:?}");
    }
}

/// Those of 21 peers that are forgotten, of 22, when `ticks` ticks come after nobody has used them for this long.
fn forgotten(idle_secs: u64, net_max: u32, ticks: u32) -> Vec<u32> {
    let mut config = config();
    config.sysctls.peer_gc_threshold = 1;
    config.sysctls.peer_net_max = net_max;
    let (mut node, _) = Node::server(config);
    // A request that isn't complete keeps the timer running.
    node.receive(22, Inbound::request(22, 2, 5_000).piece(0, FULL)).expect("the payload is new");
    // A RESEND for an RPC that doesn't exist makes its sender known, and nothing else.
    let ask = |node: &mut Node, from| {
        let known = node.endpoint.metrics().peer_allocs;
        let header = Inbound::request(from, 2, 100).header;
        let range = ResendRange::AllSent { offset: 0 };
        node.receive(from, Packet::Resend(Resend { header, range, priority: Priority::HIGHEST }));
        node.endpoint.metrics().peer_allocs > known
    };
    assert!((1..=21).all(|from| ask(&mut node, from)));
    node.wait(Duration::from_ms(1_000 * idle_secs));
    for _ in 0..ticks {
        node.tick();
    }
    (1..=21).filter(|from| ask(&mut node, *from)).collect()
}

#[test]
fn idle_peers_are_forgotten_five_at_a_tick_and_earlier_if_they_are_many() {
    let first: Vec<_> = (1..=5).collect();
    assert_eq!(forgotten(5, 10, 1), [0_u32; 0], "none was idle for long");
    assert_eq!(forgotten(20, 10_000, 1), [0_u32; 0], "there is room for them");
    assert_eq!(forgotten(20, 22, 1), [0_u32; 0], "there are as many as there may be");
    assert_eq!(forgotten(20, 21, 1), first, "there are too many");
    assert_eq!(forgotten(121, 10_000, 1), first, "they were idle for too long");
    let looked_at_next: Vec<_> = (1..=5).chain(11..=15).collect();
    assert_eq!(forgotten(121, 10_000, 2), looked_at_next, "ten are looked at in each tick");
}

/// Peers that are known for nothing but a question about an unknown RPC are collected too.
#[test]
fn the_timer_runs_for_peers_alone_when_they_are_many() {
    let mut config = config();
    config.sysctls.peer_gc_threshold = 3;
    let (mut node, _) = Node::server(config);
    let mut timeouts = Vec::new();
    for peer in 1..=3 {
        let range = ResendRange::AllSent { offset: 0 };
        let header = Inbound::request(peer, 10, 1).header;
        node.receive(peer, Packet::Resend(Resend { header, range, priority: Priority::new(7) }));
        timeouts.push(node.endpoint.poll_timeout().is_some());
    }
    assert_eq!(timeouts, [false, false, true]);
    for _ in 0..121_001 {
        if node.endpoint.poll_timeout().is_some() {
            node.tick();
        }
    }
    assert_eq!(node.endpoint.poll_timeout(), None, "they are forgotten after two minutes");
}
