//! What the vectors corrected in the reading of the kernel (spec part 14), where no other test shows it.

use super::node::{CLIENT_PORT, FULL, Inbound, Node, SERVER_PORT, bytes, config, peer, server_at};
use homa_protocol::wire::{Family, Version};
use homa_protocol::{
    Ack, AckEntry, Config, Data, Destination, Event, ForeignPacket, Header, Packet, PeerId, Port, RecvError,
    RecvmsgArgs, RpcFlags, RpcId, TransmitMode,
};
use homa_units::{Duration, Time};

#[test]
fn d3_the_stripped_version_gives_up_a_complete_request_that_nobody_takes() {
    for (version, lives) in [(Version::Linux, true), (Version::Stripped, false)] {
        let (mut node, socket) = Node::server(Config { version, ..config() });
        Inbound::request(1, 10, 100).arrive(&mut node);
        for _ in 0..101 {
            let Some(at) = node.endpoint.poll_timeout() else { break };
            node.now = at;
            node.endpoint.handle_timeout(at);
        }
        assert_eq!(node.info(socket, RpcId::new(11)).is_some(), lives, "{version:?}");
    }
}

#[test]
fn d4_after_a_response_of_illegal_length_need_ack_is_answered_by_ack() {
    for (length, answer) in [(0, true), (1_000_001, true), (1_000, false)] {
        let (mut node, socket) = Node::client(config());
        let rpc = node.request(socket, 100);
        let response = Inbound { unscheduled: length, ..Inbound::response(1, rpc, length) };
        node.receive(1, response.piece(0, 100.min(length)));
        node.packets();
        node.receive(1, Packet::NeedAck(response.header));
        let is_ack = matches!(node.packets()[..], [Packet::Ack(_)]);
        assert_eq!(is_ack, answer, "{length}");
    }
}

#[test]
fn d4_after_a_response_that_found_no_region_need_ack_is_answered_by_resend() {
    let mut node = Node::new(config());
    let socket = node.endpoint.open_socket(Family::V4).expect("ports are free");
    let rpc = node.request(socket, 100);
    let response = Inbound::response(1, rpc, 3_000);
    node.receive(1, response.piece(0, FULL));
    node.packets();
    node.receive(1, Packet::NeedAck(response.header));
    assert!(matches!(node.packets()[..], [Packet::Resend(_)]));
    let info = node.info(socket, rpc).expect("the RPC hangs");
    assert_eq!((info.rx_length, info.rx_remaining, info.flags.bits()), (-1, 0, 0));
}

#[test]
fn d4_a_private_response_of_length_0_is_received() {
    let (mut node, socket) = Node::client(config());
    let rpc = node.endpoint.send_private_request(node.now, socket, server_at(1), bytes(100), 5).expect("it is sent");
    node.receive(1, Packet::Data(Data { message_length: 0, ..Inbound::response(1, rpc, 100).data(0, 0) }));
    let received = node.endpoint.recv(node.now, socket, Some(rpc), &[]).expect("nothing is missing");
    assert_eq!((received.length, received.cookie, received.bpages.as_slice()), (0, 5, &[][..]));
}

#[test]
fn d5_packets_of_an_ipv6_socket_to_a_mapped_peer_are_ipv4_packets() {
    for is_v4 in [false, true] {
        let mut node = Node::new(config());
        let socket = node.endpoint.open_socket(Family::V6).expect("ports are free");
        if is_v4 {
            node.endpoint.set_v4_peer(peer(1));
        }
        let to = Destination { peer: peer(1), port: SERVER_PORT, family: Family::V6 };
        node.endpoint.send_request(node.now, socket, to, bytes(2_000), 0).expect("it is sent");
        let frames: Vec<_> = node.sent().iter().map(|out| (out.family, out.frame_bytes(Version::Linux))).collect();
        // The payload is that of the socket's family: 1404 bytes and 596.
        let (family, ip) = if is_v4 { (Family::V4, 20) } else { (Family::V6, 40) };
        assert_eq!(frames, [(family, 14 + ip + 56 + 1_404), (family, 14 + ip + 56 + 596)]);
    }
}

#[test]
fn d6_cutoffs_go_to_the_peer_of_the_rpc() {
    let (mut node, socket) = Node::client(config());
    let rpc = node.request(socket, 100);
    node.packets();
    let response = Inbound::response(2, rpc, 3_000).data(0, FULL);
    node.receive(2, Packet::Data(Data { cutoff_version: 0, ..response }));
    let to: Vec<PeerId> = node.sent().iter().map(|out| out.to).collect();
    assert_eq!(to, [peer(1)]);
}

#[test]
fn d9_a_failed_rpc_that_waits_for_its_reader_is_ready() {
    let (mut node, socket) = Node::client(config());
    let rpc = node.request(socket, 100);
    let flags = |node: &Node| node.info(socket, rpc).map(|info| info.flags.bits());
    assert_eq!(flags(&node), Some(0));
    let args = homa_protocol::AbortArgs { error: 125, ..Default::default() };
    node.endpoint.abort(node.now, socket, &args).expect("it can be");
    assert_eq!(flags(&node), Some(RpcFlags::RX_READY));
    node.endpoint.recv(node.now, socket, None, &[]).expect_err("it has failed");
    assert_eq!(flags(&node), None);
}

#[test]
fn d11_a_recvmsg_that_fails_clears_the_cookie() {
    let (mut node, socket) = Node::client(config());
    for (id, num_bpages, reserved) in [(0, 0, 0), (88, 0, 0), (0, 17, 0), (0, 0, 1)] {
        let mut args = RecvmsgArgs { id, num_bpages, reserved, completion_cookie: 7, ..RecvmsgArgs::default() };
        node.endpoint.recvmsg(node.now, socket, &mut args).expect_err("there is nothing");
        assert_eq!(args.completion_cookie, 0, "{id} {num_bpages} {reserved}");
    }
}

#[test]
fn d12_a_base_sysctl_restarts_the_account_between_shortest_and_oldest() {
    let choices = |write: bool| {
        let mut config = Config { transmit: TransmitMode::Qdisc, configured: true, ..config() };
        config.sysctls.unsched_bytes = 1_000_000;
        let (mut node, socket) = Node::client(config);
        let older = node.request(socket, 900_000);
        node.request(socket, 400_000);
        node.sent();
        let mut oldest = Vec::new();
        for choice in 0..4 {
            if write && choice == 2 {
                node.endpoint.write_sysctl("verbose", "1").expect("that is a base sysctl");
            }
            node.now = node.endpoint.poll_timeout().expect("packets are deferred").max(node.now);
            node.endpoint.handle_timeout(node.now);
            oldest.extend(node.data().iter().map(|data| data.header.sender_id == older));
        }
        oldest
    };
    assert_eq!(choices(false), [true, false, false, false]);
    assert_eq!(choices(true), [true, false, true, false]);
}

#[test]
fn d18_one_icmp_error_answers_the_packets_of_a_long_message_that_arrive_together() {
    let mut node = Node::new(config());
    let long = |id, offset| {
        let header = Header { sport: CLIENT_PORT, dport: Port::new(77), sender_id: RpcId::new(id) };
        (peer(1), Packet::Data(Data { header, ..Inbound::request(1, id, 10_000).data(offset, offset + FULL) }))
    };
    let short = |id| {
        let (from, Packet::Data(data)) = long(id, 0) else { unreachable!("it is DATA") };
        (from, Packet::Data(Data { message_length: 100, length: 100, ..data }))
    };
    let packets = [long(10, 0), long(10, FULL), long(12, 0), long(10, 2 * FULL), short(14), short(14)];
    node.endpoint.handle_batch(node.now, &packets, |_, _| panic!("nobody takes them"));
    let quoted: Vec<_> = node
        .events()
        .iter()
        .map(|event| match event {
            Event::PortUnreachable { quoted, .. } => quoted.sender_id.get(),
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(quoted, [14, 14, 10, 12], "short messages are answered one by one, and first");
}

#[test]
fn d19_what_the_qdisc_has_deferred_of_an_ended_rpc_leaves_before_a_late_reaper_comes() {
    for (reaps_at_once, left) in [(true, 0), (false, 40_000 - 11 * FULL)] {
        let config = Config { transmit: TransmitMode::Qdisc, configured: true, reaps_at_once, ..config() };
        let (mut node, socket) = Node::server(config);
        Inbound::request(1, 10, 100).arrive(&mut node);
        let rpc = node.endpoint.recv(node.now, socket, None, &[]).expect("it is complete").rpc;
        let to = Destination { peer: peer(1), port: CLIENT_PORT, family: Family::V4 };
        node.endpoint.send_reply(node.now, socket, to, rpc, bytes(40_000)).expect("it is sent");
        assert_eq!(node.data().len(), 11);
        node.receive(1, Packet::RpcUnknown(Inbound::request(1, 10, 100).header));
        node.events();
        let mut bytes_left = 0;
        while let Some(at) = node.endpoint.deadline(homa_protocol::Timer::Pacer) {
            node.now = at.max(node.now);
            node.endpoint.handle_timeout(node.now);
            bytes_left += node.data().iter().map(|data| data.length).sum::<u32>();
        }
        assert_eq!(bytes_left, left);
        let released = node.events().iter().filter(|event| matches!(event, Event::Released { .. })).count();
        assert_eq!(released, usize::from(!reaps_at_once), "the message is kept as long as its packets leave");
    }
}

#[test]
fn n2_a_reader_of_a_private_rpc_leaves_messages_alone_that_wait_for_buffers() {
    let mut node = Node::new(config());
    let socket = node.endpoint.open_socket(Family::V4).expect("ports are free");
    node.endpoint.bind(socket, Family::V4, SERVER_PORT).expect("the port is free");
    node.endpoint.set_receive_region(socket, 0, 2_097_152).expect("the region is large enough");
    let private = node.endpoint.send_private_request(node.now, socket, server_at(3), bytes(9), 0).expect("it is sent");
    let mut buffers = Vec::new();
    for id in [2, 4] {
        Inbound::request(1, id, 1_000_000).arrive(&mut node);
        buffers = node.endpoint.recv(node.now, socket, None, &[]).expect("it is complete").bpages.as_slice().to_vec();
    }
    node.receive(1, Inbound::request(1, 6, 1_000_000).piece(0, FULL));
    node.packets();
    let mut read = |rpc, returned: &[u32]| {
        assert_eq!(node.endpoint.recv(node.now, socket, rpc, returned), Err(RecvError::Again));
        node.packets().len()
    };
    assert_eq!(read(Some(private), &buffers), 0);
    assert_eq!(read(None, &[]), 1, "a RESEND for the message that has buffers now");
}

#[test]
fn n4_a_request_whose_first_packet_is_discarded_makes_the_socket_readable() {
    let (mut node, socket) = Node::server(config());
    let request = Inbound::request(1, 10, 1_000);
    node.receive(1, Packet::Data(Data { length: 1_200, ..request.data(0, 1_000) }));
    assert_eq!(node.events(), [Event::Readable { socket }]);
    let info = node.info(socket, RpcId::new(11)).expect("the RPC was created");
    assert_eq!((info.rx_remaining, info.flags.bits()), (1_000, 0), "nothing is to be copied");
    assert_eq!(node.endpoint.recv(node.now, socket, None, &[]), Err(RecvError::Again));
}

#[test]
fn n6_the_stripped_version_answers_types_that_it_does_not_know_if_the_port_is_closed() {
    let mut node = Node::new(Config { version: Version::Stripped, ..config() });
    let header = Inbound::request(1, 10, 100).header;
    let grant = Inbound::request(1, 10, 100).grant(100, 0);
    node.receive(1, grant);
    node.receive(1, Packet::Freeze(header));
    assert_eq!(node.events(), [Event::PortUnreachable { to: peer(1), quoted: header }]);
    let (mut node, _) = Node::server(Config { version: Version::Stripped, ..config() });
    node.receive(1, grant);
    assert_eq!((node.events(), node.endpoint.metrics().unknown_packet_types), (vec![], 1));
}

#[test]
fn s1_who_takes_one_of_several_messages_tells_that_others_are_ready() {
    let (mut node, socket) = Node::server(config());
    for id in [10, 12, 14] {
        Inbound::request(1, id, 100).arrive(&mut node);
    }
    node.events();
    let mut signals = || {
        node.endpoint.recv(node.now, socket, None, &[]).expect("it is complete");
        node.events()
    };
    let readable = vec![Event::Readable { socket }];
    assert_eq!([signals(), signals(), signals()], [readable.clone(), readable, vec![]]);
}

#[test]
fn s1_a_message_for_a_sleeping_reader_makes_nobody_else_look() {
    let (mut node, socket) = Node::server(config());
    let mut args = RecvmsgArgs::default();
    assert_eq!(node.endpoint.recvmsg_or_wait(node.now, socket, &mut args), Ok(None));
    assert_eq!(node.endpoint.info(socket, &mut []).map(|info| info.error), Ok(None), "sleeping is no failure");
    Inbound::request(1, 10, 100).arrive(&mut node);
    assert!(!node.endpoint.readiness(socket).readable);
    let wake = Event::Wake { socket, waiting_for: None, error: None };
    let complete = Event::MessageComplete { socket, peer: peer(1), rpc: RpcId::new(11), private: false };
    assert_eq!(node.events(), [wake, complete]);
    let received = node.endpoint.recvmsg_or_wait(node.now, socket, &mut args).expect("it is complete");
    assert_eq!(received.map(|received| received.length), Some(100));
    assert_eq!(node.endpoint.metrics().recv_calls, 1, "the call went on");
}

#[test]
fn m1_bytes_done_grow_with_each_packet_and_unit() {
    let (mut node, socket) = Node::server(config());
    let request = Inbound::request(1, 10, 3_000);
    node.receive(1, request.piece(0, FULL));
    let metrics = node.endpoint.metrics();
    assert_eq!((metrics.server_request_bytes_done, metrics.server_requests_done), (u64::from(FULL), 0));
    node.receive(1, request.piece(FULL, 3_000 - 1));
    let acks = [AckEntry { client_id: RpcId::new(10), server_port: SERVER_PORT }];
    node.receive(1, Packet::Ack(Ack::new(Inbound::request(1, 88, 1).header, &acks)));
    let metrics = node.endpoint.metrics();
    assert_eq!((metrics.server_request_bytes_done, metrics.server_requests_done), (3_000, 1), "given up");
    node.request(socket, 60_000);
    let metrics = node.endpoint.metrics();
    assert_eq!((metrics.client_request_bytes_done, metrics.client_requests_done), (40_000, 0));
    node.receive(1, Packet::Freeze(request.header));
    let freeze = homa_protocol::PacketType::Freeze.index();
    assert_eq!(node.endpoint.metrics().packets_rcvd[freeze], 0);
}

#[test]
fn m2_next_id_reads_back_0_and_counts_again() {
    let (mut node, socket) = Node::client(config());
    for expected in [500, 500] {
        node.endpoint.write_sysctl("next_id", "500").expect("that is a number");
        assert_eq!(node.endpoint.read_sysctl("next_id"), Ok("0".to_owned()));
        assert_eq!(node.request(socket, 100).get(), expected);
    }
    assert_eq!(node.request(socket, 100).get(), 502);
}

#[test]
fn d2_short_foreign_packets_take_their_time_on_the_link() {
    let config = Config { transmit: TransmitMode::Qdisc, configured: true, ..config() };
    let (mut node, socket) = Node::client(config);
    node.now = Time::ZERO + Duration::from_us(1);
    for tag in 0..20 {
        let packet = ForeignPacket { queue: 0, frame_bytes: 900, may_overtake: false, tag };
        node.endpoint.enqueue_foreign(node.now, packet);
    }
    while node.endpoint.poll_outgoing(node.now).is_some() {}
    node.request(socket, 20_000);
    assert_eq!(node.data(), [], "20 times 298 ns are more than 5 us");
}
