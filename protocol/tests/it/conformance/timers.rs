//! Cases 64 to 69: silence, retransmission, timeouts and requests for acks (spec part 13).

use super::node::{CLIENT_PORT, Inbound, Node, bytes, config, peer, server_at};
use homa_protocol::wire::{IcmpError, IcmpKind, QuotedPorts};
use homa_protocol::{
    Ack, Config, Destination, Errno, Event, Header, Packet, RecvError, Resend, ResendRange, RpcId, SocketId,
    TransmitMode,
};
use homa_units::{Priority, Time};
use std::net::{IpAddr, Ipv4Addr};

const PS_PER_TICK: u64 = 1_000_000_000;

/// Runs the timer, and the pacer, up to tick `last`: what is sent meanwhile, each with the number of ticks until then.
fn until_tick(node: &mut Node, last: u64) -> Vec<(u64, Packet)> {
    let end = Time::from_ps(last * PS_PER_TICK);
    let mut sent = Vec::new();
    while node.endpoint.poll_timeout().is_some_and(|next| next <= end) {
        node.tick();
        let tick = node.now.as_ps() / PS_PER_TICK;
        sent.extend(node.packets().into_iter().map(|packet| (tick, packet)));
    }
    sent
}

/// The header of this node's packets about a message that comes in.
fn own_header(message: Inbound) -> Header {
    message.header.answer()
}

fn resend(header: Header, offset: u32, length: u32) -> Packet {
    Packet::Resend(Resend { header, range: ResendRange::Bytes { offset, length }, priority: Priority::new(7) })
}

fn resend_all(header: Header) -> Packet {
    Packet::Resend(Resend { header, range: ResendRange::AllSent { offset: 0 }, priority: Priority::new(7) })
}

/// The packet at `first`, and every 5 ticks after it up to `last`.
fn every_five_ticks(first: u64, last: u64, packet: Packet) -> Vec<(u64, Packet)> {
    (first..=last).step_by(5).map(|tick| (tick, packet)).collect()
}

/// A client, its socket and its request of `length` bytes, whose first packets are on their way.
fn requested(config: Config, length: u32) -> (Node, SocketId, Inbound) {
    let (mut node, socket) = Node::client(config);
    let rpc = node.request(socket, length);
    node.packets();
    (node, socket, Inbound::response(1, rpc, 20_000))
}

#[test]
fn case_64_a_silent_server_gets_19_resends_and_then_the_rpc_times_out() {
    let (mut node, socket, response) = requested(config(), 1_000);
    let expected = every_five_ticks(5, 95, resend_all(own_header(response)));
    assert_eq!(expected.len(), 19);
    assert_eq!(until_tick(&mut node, 99), expected);
    assert_eq!(node.events(), []);
    assert_eq!(until_tick(&mut node, 100), []);
    let rpc = own_header(response).sender_id;
    let failed = Event::RpcFailed { socket, rpc, error: Errno::ETIMEDOUT, private: false };
    assert_eq!(node.events(), [failed, Event::Readable { socket }]);
    let received = node.endpoint.recv(node.now, socket, None, &[]);
    assert!(matches!(received, Err(RecvError::Failed(f)) if f.rpc == rpc && f.error == Errno::ETIMEDOUT));
    assert_eq!(node.endpoint.metrics().rpc_timeouts, 1);
}

#[test]
fn case_64_busy_at_tick_97_starts_the_sequence_again() {
    let (mut node, _, response) = requested(config(), 1_000);
    assert_eq!(until_tick(&mut node, 97).len(), 19);
    node.receive(1, Packet::Busy(response.header));
    assert_eq!(until_tick(&mut node, 196), every_five_ticks(102, 192, resend_all(own_header(response))));
    assert_eq!(node.events(), []);
    assert_eq!(until_tick(&mut node, 197), []);
    assert!(matches!(node.events()[..], [Event::RpcFailed { error: Errno::ETIMEDOUT, .. }, Event::Readable { .. }]));
}

/// A client whose response of 60,000 bytes is granted up to 20,000 and has two gaps below 10,000.
fn with_two_gaps() -> (Node, SocketId, Inbound) {
    let mut config = config();
    config.sysctls.max_incoming = 0;
    let (mut node, socket, response) = requested(config, 1_000);
    let response = Inbound { length: 60_000, unscheduled: 20_000, ..response };
    for (start, end) in [(0, 1_424), (2_848, 5_696), (7_120, 10_000)] {
        node.receive(1, response.piece(start, end)).expect("the payload is new");
    }
    assert_eq!(node.packets(), []);
    (node, socket, response)
}

#[test]
fn case_65_each_gap_and_the_granted_tail_are_asked_for() {
    let (mut node, _, response) = with_two_gaps();
    assert_eq!(until_tick(&mut node, 4), []);
    let header = own_header(response);
    let expected = [(1_424, 1_424), (5_696, 1_424), (10_000, 10_000)];
    let expected = expected.map(|(offset, length)| (5, resend(header, offset, length)));
    assert_eq!(until_tick(&mut node, 5), expected);
}

#[test]
fn case_65_two_rpcs_of_a_peer_ask_each_for_its_own() {
    let (mut node, socket, first) = with_two_gaps();
    let second = node.request(socket, 1_000);
    node.packets();
    let sent = until_tick(&mut node, 5);
    assert_eq!(sent.len(), 4);
    assert!(sent[..3].iter().all(|(tick, packet)| *tick == 5 && *packet.header() == own_header(first)));
    let header = Header { sender_id: second, ..own_header(first) };
    assert_eq!(sent[3], (5, resend_all(header)));
}

#[test]
fn case_66_who_has_everything_that_it_granted_is_not_silent() {
    let mut config = config();
    config.sysctls.max_incoming = 0;
    config.sysctls.window = 200_000;
    let (mut node, socket) = Node::server(config);
    let request = Inbound { unscheduled: 1_424, ..Inbound::request(1, 2, 100_000) };
    node.receive(1, request.piece(0, 1_424)).expect("the payload is new");
    assert_eq!(until_tick(&mut node, 250), []);
    assert_eq!(node.events(), [Event::Readable { socket }]);
    assert!(node.info(socket, RpcId::new(3)).is_some());

    // A RESEND leaves the count of silent ticks alone and makes the server grant, so that it waits from now on: that
    // it asks at the fifth tick shows that the count was 0.
    node.endpoint.write_sysctl("max_incoming", "400000").expect("that is a number of bytes");
    node.receive(1, resend_all(request.header));
    assert_eq!(node.grants(), [(100_000, 0)]);
    let expected = resend(own_header(request), 1_424, 98_576);
    assert_eq!(until_tick(&mut node, 255), [(255, expected)]);
}

#[test]
fn case_66_a_client_that_waits_for_grants_asks_every_5_ticks_as_long_as_the_server_is_busy() {
    let (mut node, socket, response) = requested(config(), 100_000);
    assert_eq!(node.info(socket, own_header(response).sender_id).map(|info| info.tx_sent), Some(40_000));
    for round in 1..=60 {
        let expected = (5 * round, resend_all(own_header(response)));
        assert_eq!(until_tick(&mut node, 5 * round), [expected]);
        node.receive(1, Packet::Busy(response.header));
    }
    assert_eq!(node.events(), []);
}

/// A link on which 20,000 bytes take longer than a timeout.
fn slow(transmit: TransmitMode) -> Config {
    let mut config = Config { transmit, configured: true, ..config() };
    config.sysctls.link_mbps = 1;
    config
}

#[test]
fn case_67_data_that_a_pacer_holds_back_keeps_the_client_from_being_silent() {
    for mode in [TransmitMode::OldPacer, TransmitMode::Qdisc] {
        let (mut node, socket) = Node::client(slow(mode));
        node.request(socket, 20_000);
        let mut sent: Vec<_> = node.packets().into_iter().map(|packet| (0, packet)).collect();
        sent.extend(until_tick(&mut node, 190));
        let resend = sent.iter().position(|(_, packet)| matches!(packet, Packet::Resend(_))).expect("it asks at last");
        let before = &sent[..resend];
        assert_eq!(before.len(), 15);
        assert!(before.iter().all(|(_, packet)| matches!(packet, Packet::Data(data) if !data.retransmit)));
        let last_data = before[14].0;
        assert!(last_data > 150, "{mode:?}: {last_data}");
        assert_eq!(sent[resend].0, last_data + 5, "{mode:?}");
        assert_eq!(node.events(), []);
    }
}

#[test]
fn case_67_data_that_the_link_has_not_fetched_keeps_the_client_from_being_silent() {
    let (mut node, socket) = Node::client(Config { transmit: TransmitMode::Pull, ..config() });
    node.request(socket, 20_000);
    for _ in 0..250 {
        node.tick();
    }
    assert_eq!(node.events(), []);
    let packets = node.packets();
    assert_eq!(packets.len(), 15);
    assert!(packets.iter().all(|packet| matches!(packet, Packet::Data(_))));
    assert!(matches!(until_tick(&mut node, 255)[..], [(255, Packet::Resend(_))]));
}

/// A server that has answered a request of peer 1 with `length` bytes, between ticks 9 and 10.
fn answered(config: Config, length: u32) -> (Node, SocketId, Inbound) {
    let (mut node, socket) = Node::server(config);
    let request = Inbound::request(1, 2, 100);
    request.arrive(&mut node);
    node.endpoint.recv(node.now, socket, None, &[]).expect("the request is complete");
    assert_eq!(until_tick(&mut node, 9), []);
    let to = Destination { port: CLIENT_PORT, ..server_at(1) };
    node.endpoint.send_reply(node.now, socket, to, RpcId::new(3), bytes(length)).expect("the request is in service");
    (node, socket, request)
}

#[test]
fn case_68_need_ack_goes_out_at_each_tick_from_the_second_after_completion_was_noticed() {
    let (mut node, _, request) = answered(config(), 100);
    assert_eq!(node.data().len(), 1);
    let expected: Vec<_> = (12..=150).map(|tick| (tick, Packet::NeedAck(own_header(request)))).collect();
    assert_eq!(until_tick(&mut node, 150), expected);
}

#[test]
fn case_68_ack_piggybacked_ack_rpc_unknown_and_icmp_end_the_need_acks() {
    let header = Inbound::request(1, 2, 100).header;
    let ends = [
        Packet::Ack(Ack::new(header, &[])),
        Inbound::request(1, 4, 5_000).piece_with_ack(0, 1_424, 2),
        Packet::RpcUnknown(header),
    ];
    for end in ends.map(Some).into_iter().chain([None]) {
        let (mut node, socket, _) = answered(config(), 100);
        node.packets();
        assert_eq!(until_tick(&mut node, 14).len(), 3);
        match end {
            Some(packet) => _ = node.receive(1, packet),
            None => {
                let ports = Some(QuotedPorts { sport: header.dport, dport: header.sport });
                let destination = IpAddr::V4(Ipv4Addr::LOCALHOST);
                let error = IcmpError { kind: IcmpKind::PortUnreachable, destination, ports };
                node.endpoint.handle_icmp(node.now, peer(1), &error);
            }
        }
        assert_eq!(node.info(socket, RpcId::new(3)), None, "{end:?}");
        assert_eq!(until_tick(&mut node, 18), [], "{end:?}");
    }
}

#[test]
fn case_68_the_clock_of_need_ack_does_not_start_while_the_qdisc_holds_the_last_unit() {
    let (mut node, ..) = answered(slow(TransmitMode::Qdisc), 5_000);
    assert_eq!(node.data().len(), 1);
    let sent = until_tick(&mut node, 60);
    let need_ack = sent.iter().position(|(_, packet)| matches!(packet, Packet::NeedAck(_))).expect("it asks");
    assert_eq!(need_ack, 3, "after the three deferred units");
    assert!(sent[2].0 > 40, "{}", sent[2].0);
    assert_eq!(sent[3].0, sent[2].0 + 3);
}

#[test]
fn case_69_a_request_whose_client_is_gone_is_dropped_in_silence_at_tick_100() {
    let (mut node, socket) = Node::server(config());
    let request = Inbound::request(1, 2, 5_000);
    node.receive(1, request.piece(0, 1_424)).expect("the payload is new");
    node.receive(1, request.piece(2_848, 5_000)).expect("the payload is new");
    assert_eq!(node.events(), [Event::Readable { socket }]);
    let expected = every_five_ticks(5, 95, resend(own_header(request), 1_424, 1_424));
    assert_eq!(until_tick(&mut node, 99), expected);
    assert!(node.info(socket, RpcId::new(3)).is_some());
    assert_eq!(until_tick(&mut node, 100), []);
    assert_eq!(node.info(socket, RpcId::new(3)), None);
    assert_eq!(node.events(), []);
    assert!(!node.endpoint.readiness(socket).readable);
    assert_eq!(node.endpoint.poll_timeout(), None);
    let metrics = node.endpoint.metrics();
    assert_eq!((metrics.rpc_timeouts, metrics.server_rpc_discards), (1, 1));
}
