//! What a driver, a hostile peer or an unusual order of calls must not bring about.

use crate::conformance::node::{FULL, Inbound, Node, bytes, config, peer, server_at};
use homa_protocol::wire::{Family, IcmpError, IcmpKind};
use homa_protocol::{Ack, Config, Event, Packet, Quirks, Resend, ResendRange, Route, RpcId, TransmitMode};
use homa_units::{Duration, Priority};

fn fixed() -> Config {
    Config { quirks: Quirks::fixed(), ..config() }
}

/// A tick that is due when another RPC begins or ends is still run.
#[test]
fn a_due_tick_is_not_lost_when_rpcs_begin_at_its_instant() {
    let (mut node, socket) = Node::client(config());
    node.request(socket, 100);
    for _ in 0..100 {
        node.wait(Duration::from_ms(1));
        node.request(socket, 100);
        node.endpoint.handle_timeout(node.now);
    }
    // The first, and the one that began at the instant of the first tick, just before it.
    assert_eq!(node.endpoint.metrics().rpc_timeouts, 2);
}

/// Space that comes back while no reader ever finds nothing reaches messages that wait for it.
#[test]
fn a_stalled_message_is_woken_when_an_rpc_ends() {
    let (mut node, socket) = Node::server(config());
    for id in 0..1_000 {
        node.receive(1, Inbound::request(1, 2 * id + 2, 65_536).piece(0, FULL));
    }
    let waiting = Inbound::request(1, 4_000, 65_536);
    node.receive(1, waiting.piece(0, FULL));
    node.packets();
    Inbound::request(1, 2, 65_536).arrive(&mut node);
    let received = node.endpoint.recv(node.now, socket, None, &[]).expect("one is complete");
    let offsets = received.bpages;
    Inbound::request(1, 4, 65_536).arrive(&mut node);
    node.endpoint.recv(node.now, socket, None, offsets.as_slice()).expect("another one is complete");
    node.packets();
    node.receive(1, Packet::Ack(Ack::new(Inbound::request(1, 2, 1).header, &[])));
    let range = ResendRange::AllSent { offset: 0 };
    let woken = Packet::Resend(Resend { header: waiting.header.answer(), range, priority: Priority::new(6) });
    assert!(node.packets().contains(&woken));
}

#[test]
fn a_shutdown_with_stalled_messages_sends_nothing() {
    let (mut node, socket) = Node::server(config());
    for id in 0..1_005 {
        node.receive(1, Inbound::request(1, 2 * id + 2, 65_536).piece(0, FULL));
    }
    node.packets();
    node.endpoint.shutdown(node.now, socket);
    assert_eq!(node.packets(), []);
}

#[test]
fn a_response_that_cannot_be_taken_is_not_asked_for_again_without_quirk_q7() {
    let mut node = Node::new(fixed());
    let socket = node.endpoint.open_socket(Family::V4).expect("ports are free");
    let rpc = node.request(socket, 100);
    let response = Inbound::response(1, rpc, 100);
    node.receive(1, response.piece(0, 100));
    node.packets();
    node.receive(1, Packet::NeedAck(response.header));
    assert_eq!(node.packets(), []);
}

/// Without quirk Q18: a request that was never executed is none that was finished, and memory ends.
#[test]
fn only_requests_that_were_answered_are_remembered_and_not_for_ever() {
    let mut config = config();
    config.quirks.no_memory_of_finished_rpcs = false;
    let (mut node, socket) = Node::server(config);
    let unfinished = Inbound::request(1, 10, 20_000);
    node.receive(1, unfinished.piece(0, FULL));
    for _ in 0..101 {
        if node.endpoint.poll_timeout().is_some() {
            node.tick();
        }
    }
    assert_eq!(node.endpoint.rpc_infos(socket).count(), 0, "it timed out");
    unfinished.arrive(&mut node);
    let request = node.endpoint.recv(node.now, socket, None, &[]).expect("it was accepted");
    let to = homa_protocol::Destination { port: request.port, ..server_at(1) };
    node.endpoint.send_reply(node.now, socket, to, request.rpc, bytes(1)).expect("the reply is sent");
    node.receive(1, Inbound::request(1, 12, 10).piece_with_ack(0, 10, 10));
    let known = |node: &Node| node.info(socket, RpcId::new(11)).is_some();
    node.receive(1, unfinished.piece(0, FULL));
    assert!(!known(&node), "it was answered a moment ago");
    node.wait(Duration::from_ms(201));
    node.receive(1, unfinished.piece(0, FULL));
    assert!(known(&node), "the client may have started anew");
}

#[test]
fn a_failure_is_one_event_however_often_it_is_found() {
    let (mut node, socket) = Node::client(config());
    node.request(socket, 100);
    for _ in 0..150 {
        node.tick();
    }
    let failures = node.events().into_iter().filter(|event| matches!(event, Event::RpcFailed { .. })).count();
    assert_eq!((failures, node.endpoint.metrics().rpc_timeouts), (1, 51));
}

#[test]
fn negative_offsets_in_a_resend_ask_for_nothing_new() {
    let (mut node, socket) = Node::client(config());
    let rpc = node.request(socket, 500_000);
    node.sent();
    let header = Inbound::response(1, rpc, 1).header;
    let ask = |node: &mut Node, offset, length| {
        let range = ResendRange::Bytes { offset, length };
        node.receive(1, Packet::Resend(Resend { header, range, priority: Priority::new(7) }));
        node.data()
    };
    assert_eq!(ask(&mut node, 0, 1 << 31), []);
    assert_eq!(ask(&mut node, 1 << 31, 10), []);
    assert_eq!(node.info(socket, rpc).map(|info| info.tx_granted), Some(40_000));
}

/// Without quirk Q14 anybody could make packets as small as a datagram's headers.
#[test]
fn an_icmp_message_makes_the_mtu_smaller_but_not_useless() {
    for (mtu, data_bytes) in [(60, 1_424), (575, 1_424), (576, 500), (9_000, 1_424)] {
        let (mut node, socket) = Node::client(fixed());
        let destination = core::net::Ipv4Addr::LOCALHOST.into();
        let kind = IcmpKind::FragmentationNeeded { mtu };
        node.endpoint.handle_icmp(node.now, peer(1), &IcmpError { kind, destination, ports: None });
        node.request(socket, 2_000);
        assert_eq!(node.data()[0].length, data_bytes, "MTU {mtu}");
    }
}

#[test]
fn a_request_from_a_peer_without_a_route_creates_nothing() {
    let (mut node, socket) = Node::server(config());
    node.endpoint.set_route(peer(1), Route::Unreachable(homa_protocol::Errno::ENETUNREACH));
    Inbound::request(1, 10, 100).arrive(&mut node);
    assert_eq!(node.endpoint.rpc_infos(socket).count(), 0);
    assert_eq!(node.endpoint.metrics().server_cant_create_rpcs, 1);
}

/// When the link pulls, requests that repeat what still waits to be sent again add nothing.
#[test]
fn a_range_that_waits_to_be_sent_again_is_not_queued_twice() {
    let (mut node, socket) = Node::client(Config { transmit: TransmitMode::Pull, ..config() });
    let rpc = node.request(socket, 20_000);
    node.sent();
    let header = Inbound::response(1, rpc, 1).header;
    for _ in 0..100 {
        let range = ResendRange::AllSent { offset: 0 };
        node.receive(1, Packet::Resend(Resend { header, range, priority: Priority::new(7) }));
    }
    assert_eq!(node.data().len(), 15);
}

#[test]
fn the_old_pacer_counts_what_it_sent_because_it_was_the_oldest() {
    let mut config = Config { transmit: TransmitMode::OldPacer, configured: true, ..config() };
    config.sysctls.pacer_fifo_fraction = 1_000;
    let (mut node, socket) = Node::client(config);
    node.request(socket, 20_000);
    while node.endpoint.poll_timeout().is_some_and(|at| at < node.now + Duration::from_us(100)) {
        node.now = node.endpoint.poll_timeout().expect("it was just there").max(node.now);
        node.endpoint.handle_timeout(node.now);
        node.sent();
    }
    let metrics = node.endpoint.metrics();
    assert!(metrics.pacer_fifo_bytes > 0 && metrics.pacer_fifo_bytes == metrics.pacer_homa_bytes);
}
