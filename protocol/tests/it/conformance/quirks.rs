//! Each quirk of the kernel, switched on and off (spec appendix A).

mod hazards;

use crate::conformance::node::{CLIENT_PORT, FULL, Inbound, Node, SERVER_PORT, bytes, config, peer, server_at};
use homa_protocol::wire::{Family, IcmpError, IcmpKind};
use homa_protocol::{Config, Data, Errno, Event, Header, Packet, Quirks, RpcFlags, RpcId, TransmitMode};
use homa_units::Duration;

/// The setting of the conformance cases, with one quirk as in the kernel or not.
fn with(quirk: &str, on: bool) -> Config {
    let mut config = config();
    config.quirks.set(quirk, on).expect("the quirk exists");
    config
}

/// Both settings, with what is expected of each.
fn both<T>(quirk: &str, in_linux: T, otherwise: T) -> [(Config, T); 2] {
    [(with(quirk, true), in_linux), (with(quirk, false), otherwise)]
}

fn request_header(id: u64) -> Header {
    Header { sport: CLIENT_PORT, dport: SERVER_PORT, sender_id: RpcId::new(id) }
}

#[test]
fn q1_an_almost_complete_message_can_be_displaced() {
    for (mut config, a_is_displaced) in both("stale_remaining", true, false) {
        config.sysctls.max_overcommit = 2;
        let (mut node, _) = Node::server(config);
        let a = Inbound::request(1, 10, 600_000);
        for (start, end) in a.cuts().into_iter().filter(|cut| cut.1 <= 599_000) {
            node.receive(1, a.piece(start, end));
            if start == 0 {
                node.receive(2, Inbound::request(2, 12, 500_000).piece(0, FULL));
            }
        }
        node.receive(3, Inbound::request(3, 14, 400_000).piece(0, FULL));
        node.grants();
        // An active message gets a grant for the next packet, a queued one doesn't.
        node.receive(2, Inbound::request(2, 12, 500_000).piece(FULL, 2 * FULL));
        assert_eq!(node.grants().len(), usize::from(a_is_displaced));
    }
}

#[test]
fn q2_a_completely_granted_message_is_granted_again() {
    for (config, grants) in both("redundant_grants", 43, 1) {
        let (mut node, _) = Node::server(config);
        Inbound::request(1, 10, 60_000).arrive(&mut node);
        assert_eq!(node.grants(), vec![(60_000, 0); grants]);
        assert_eq!(node.endpoint.metrics().redundant_grants, grants as u64 - 1);
    }
}

#[test]
fn q3_ages_are_confused_when_the_clock_has_passed_31_bits_of_ns() {
    for (mut config, level) in both("truncated_birth", 0, 1) {
        config.sysctls.window = 60_000;
        let (mut node, _) = Node::server(config);
        node.wait(Duration::from_ms(3_000));
        let older = Inbound::request(1, 10, 500_000);
        node.receive(1, older.piece(0, FULL));
        node.wait(Duration::from_us(1));
        node.receive(2, Inbound::request(2, 12, 500_000 - FULL).piece(0, FULL));
        node.grants();
        // Now both miss the same number of bytes, and the older one ranks first.
        node.receive(1, older.piece(FULL, 2 * FULL));
        assert_eq!(node.grants(), [(2 * FULL + 60_000, level)]);
    }
}

#[test]
fn q4_nobody_serves_the_message_that_takes_the_place_of_one_that_ended() {
    for (mut config, grants) in both("needy_unserved_at_end", vec![], vec![(201_424, 0)]) {
        config.sysctls.max_overcommit = 1;
        let (mut node, _) = Node::server(config);
        node.receive(1, Inbound::request(1, 10, 500_000).piece(0, FULL));
        node.receive(2, Inbound::request(2, 12, 600_000).piece(0, FULL));
        node.grants();
        node.receive(1, Packet::RpcUnknown(request_header(10)));
        assert_eq!(node.grants(), grants);
        assert_eq!(node.endpoint.num_active(), 1);
    }
}

#[test]
fn q5_the_fifo_interval_does_not_follow_the_speed_of_the_link() {
    for (mut config, fifo_bytes) in both("stale_fifo_interval", 50_000, 100_000) {
        config.sysctls.grant_fifo_fraction = 50;
        config.sysctls.window = 60_000;
        let (mut node, _) = Node::server(config);
        node.endpoint.write_sysctl("link_mbps", "100000").expect("the value is accepted");
        let message = Inbound::request(1, 10, 1_000_000);
        node.receive(1, message.piece(0, FULL));
        node.wait(Duration::from_us(100));
        // Packets up to where the window permits an ordinary grant, which a FIFO grant can follow.
        for (start, end) in message.cuts().into_iter().skip(1).filter(|cut| cut.1 < 60_000) {
            node.receive(1, message.piece(start, end));
        }
        assert_eq!(node.endpoint.metrics().fifo_grant_bytes, fifo_bytes);
    }
}

#[test]
fn q6_the_level_of_a_fifo_grant_holds_for_bytes_granted_before() {
    for (mut config, first_level) in both("fifo_level_sticks", 6, 2) {
        config.transmit = TransmitMode::Pull;
        let (mut node, socket) = Node::client(config);
        let rpc = node.request(socket, 1_000_000);
        node.sent();
        let response = Inbound::response(1, rpc, 1);
        node.receive(1, response.grant(100_000, 2));
        node.receive(1, response.grant(150_000, 6));
        let levels: Vec<_> = node.sent().iter().map(|unit| unit.priority.get()).collect();
        // 43 units begin below 100,000, and 35 from there on.
        assert_eq!(levels, [vec![first_level; 43], vec![6; 35]].concat());
    }
}

#[test]
fn q7_a_response_without_a_region_hangs() {
    for (config, error) in both("unbuffered_response_hangs", None, Some(Errno::ENOMEM)) {
        let mut node = Node::new(config);
        let socket = node.endpoint.open_socket(Family::V4).expect("ports are free");
        let rpc = node.request(socket, 100);
        node.receive(1, Inbound::response(1, rpc, 100).piece(0, 100));
        let failed = Event::RpcFailed { socket, rpc, error: error.unwrap_or(Errno::ENOMEM), private: false };
        assert_eq!(node.events().contains(&failed), error.is_some());
        for _ in 0..200 {
            node.tick();
        }
        assert!(node.info(socket, rpc).is_some(), "the application hasn't taken it");
    }
}

#[test]
fn q9_the_old_pacer_is_idle_until_a_base_sysctl_is_written() {
    for (mut config, at_once) in both("pacer_idle_until_configured", 15, 11) {
        config.transmit = TransmitMode::OldPacer;
        let (mut node, socket) = Node::client(config);
        node.request(socket, 20_000);
        assert_eq!(node.sent().len(), at_once);
        node.endpoint.write_sysctl("link_mbps", "25000").expect("the value is accepted");
        node.wait(Duration::from_ms(1));
        node.endpoint.handle_timeout(node.now);
        node.sent();
        node.wait(Duration::from_ms(1));
        node.request(socket, 20_000);
        assert_eq!(node.sent().len(), 11, "now it works in both");
    }
}

#[test]
fn q10_a_timed_out_rpc_times_out_again_at_every_tick() {
    for (config, timeouts) in both("repeated_timeouts", 6, 1) {
        let (mut node, socket) = Node::client(config);
        node.request(socket, 100);
        for _ in 0..105 {
            node.tick();
        }
        assert_eq!(node.endpoint.metrics().rpc_timeouts, timeouts);
    }
}

#[test]
fn q11_the_private_flag_is_not_shown() {
    for (config, shown) in both("private_flag_hidden", false, true) {
        let (mut node, socket) = Node::client(config);
        let rpc =
            node.endpoint.send_private_request(node.now, socket, server_at(1), bytes(100), 0).expect("it is sent");
        let info = node.info(socket, rpc).expect("the RPC is open");
        assert_eq!(info.flags.contains(RpcFlags::PRIVATE), shown);
    }
}

#[test]
fn q14_a_packet_that_is_too_long_for_a_link_aborts_all_rpcs() {
    for (config, error) in both("fragmentation_needed_aborts", Some(Errno::EHOSTUNREACH), None) {
        let (mut node, socket) = Node::client(config);
        let rpc = node.request(socket, 100);
        let destination = core::net::Ipv4Addr::LOCALHOST.into();
        let kind = IcmpKind::FragmentationNeeded { mtu: 1_000 };
        node.endpoint.handle_icmp(node.now, peer(1), &IcmpError { kind, destination, ports: None });
        let failed = Event::RpcFailed { socket, rpc, error: Errno::EHOSTUNREACH, private: false };
        assert_eq!(node.events().contains(&failed), error.is_some());
        node.sent();
        node.request(socket, 2_000);
        let lengths: Vec<_> = node.data().iter().map(|data| data.length).collect();
        assert_eq!(lengths[0], if error.is_some() { 1_424 } else { 924 }, "the MTU of the next message");
    }
}

#[test]
fn q15_messages_of_4096_bytes_are_not_listed() {
    for (config, listed) in both("size_4096_uncounted", 0, 4_096) {
        let quirk = config.quirks.size_4096_uncounted;
        let (mut node, _) = Node::server(config);
        Inbound::request(1, 10, 4_096).arrive(&mut node);
        let sum: u64 = node.endpoint.metrics().size_bytes(quirk).map(|(_, bytes)| bytes).sum();
        assert_eq!(sum, listed);
    }
}

#[test]
fn q16_offsets_of_minus_one_are_not_understood_without_gro() {
    for (mut config, received) in both("offset_needs_gro", 0, FULL) {
        config.gro = false;
        let (mut node, socket) = Node::server(config);
        node.receive(1, Inbound::request(1, 10, 20_000).piece(0, FULL));
        let info = node.info(socket, RpcId::new(11)).expect("the RPC exists");
        assert_eq!(20_000 - info.rx_remaining, received);
    }
}

/// A server that has replied to a short request of peer 1.
fn replied(config: Config) -> Node {
    let (mut node, socket) = Node::server(config);
    node.receive(1, Inbound::request(1, 10, 100).piece(0, 100));
    let request = node.endpoint.recv(node.now, socket, None, &[]).expect("the request is complete");
    let to = homa_protocol::Destination { port: request.port, ..server_at(1) };
    node.endpoint.send_reply(node.now, socket, to, request.rpc, bytes(100)).expect("the reply is sent");
    node.sent();
    node
}

#[test]
fn q17_need_acks_never_end() {
    let all_ticks: Vec<u64> = (3..=200).collect();
    for (config, ticks) in both("endless_need_acks", all_ticks, vec![3, 5, 9, 17, 33, 65]) {
        let mut node = replied(config);
        let mut need_acks = Vec::new();
        for tick in 1..=200 {
            if node.endpoint.poll_timeout().is_some() {
                node.tick();
            }
            let packets = node.packets();
            need_acks.extend(packets.iter().filter(|packet| matches!(packet, Packet::NeedAck(_))).map(|_| tick));
        }
        assert_eq!(need_acks, ticks);
    }
}

#[test]
fn q18_finished_requests_are_not_remembered() {
    for (config, created) in both("no_memory_of_finished_rpcs", 1, 0) {
        let mut node = replied(config);
        let acknowledged = Inbound::request(1, 12, 100).piece_with_ack(0, 100, 10);
        node.receive(1, acknowledged);
        let before = node.endpoint.metrics().requests_received;
        node.receive(1, Inbound::request(1, 10, 100).piece(0, 100));
        assert_eq!(node.endpoint.metrics().requests_received - before, created);
    }
}

#[test]
fn q19_a_need_ack_for_an_incomplete_response_is_answered_by_resends() {
    for (config, resends) in both("need_ack_resends", 1, 0) {
        let (mut node, socket) = Node::client(config);
        let rpc = node.request(socket, 100);
        node.sent();
        node.receive(1, Packet::NeedAck(Inbound::response(1, rpc, 100).header));
        let packets = node.packets();
        assert_eq!(packets.len(), resends);
        assert!(packets.iter().all(|packet| matches!(packet, Packet::Resend(_))));
    }
}

#[test]
fn q20_a_message_of_no_bytes_stays_for_ever() {
    for (config, rpcs) in both("zero_length_accepted", 1, 0) {
        let (mut node, socket) = Node::server(config);
        let empty = Data { message_length: 0, incoming: 0, ..Inbound::request(1, 10, 100).data(0, 0) };
        node.receive(1, Packet::Data(empty));
        for _ in 0..rpcs * 200 {
            node.tick();
        }
        assert_eq!(node.endpoint.rpc_infos(socket).count(), rpcs);
    }
}

/// Every row of the appendix that can be switched has a test here.
#[test]
fn every_quirk_has_a_test() {
    let source = concat!(include_str!("quirks.rs"), include_str!("quirks/hazards.rs"));
    for row in Quirks::ROWS {
        assert!(source.contains(&format!("fn q{}_", row.number)) && source.contains(&format!("\"{}\"", row.name)));
    }
}
