//! Quirks Q21 to Q37: hazards that the kernel shares with whoever follows it, and corrections with switches (spec part 14).

use super::both;
use crate::conformance::node::{CLIENT_PORT, FULL, Inbound, Node, SERVER_PORT, bytes, config, peer, server_at};
use homa_protocol::wire::{Family, IcmpError, IcmpKind, QuotedPorts};
use homa_protocol::{
    AbortArgs, Data, Destination, Errno, Event, Packet, Port, Resend, ResendRange, RpcId, SysctlError, TransmitMode,
};
use homa_units::{Duration, Priority};

/// How many GRANTs a live sender gets beside dead ones, until all of its message has come.
fn grants_beside_dead(config: homa_protocol::Config, dead: u32) -> (u32, usize) {
    let (mut node, _) = Node::server(config);
    for sender in 1..=dead {
        node.receive(sender, Inbound::request(sender, 2, 1_000_000).piece(0, FULL));
        node.wait(Duration::from_us(1));
    }
    for _ in 0..8 {
        node.tick();
    }
    node.packets();
    let live = Inbound::request(9, 2, 400_000);
    let (mut granted, mut count) = (40_000, 0);
    for (start, end) in live.cuts() {
        if start >= granted {
            break;
        }
        node.receive(9, live.piece(start, end));
        for packet in node.packets() {
            if let Packet::Grant(grant) = packet {
                count += 1;
                granted = granted.max(grant.offset);
            }
        }
    }
    (granted, count)
}

#[test]
fn q21_dead_senders_stop_all_grants_of_a_live_one() {
    for fifo in [0, 50] {
        for (mut config, completes) in both("dead_senders_stop_grants", false, true) {
            config.sysctls.grant_fifo_fraction = fifo;
            let (granted, _) = grants_beside_dead(config, 3);
            assert_eq!(granted == 400_000, completes, "{fifo}: {granted}");
        }
    }
}

#[test]
fn q21_who_was_set_aside_is_granted_again_with_its_next_packet() {
    let mut config = config();
    config.quirks.dead_senders_stop_grants = false;
    let (mut node, socket) = Node::server(config);
    let slow = Inbound::request(1, 2, 300_000);
    node.receive(1, slow.piece(0, FULL));
    assert_eq!(node.grants(), [(FULL + 200_000, 0)]);
    for _ in 0..6 {
        node.tick();
    }
    node.packets();
    assert_eq!((node.endpoint.total_incoming(), node.endpoint.num_active()), (0, 0));
    node.endpoint.check_invariants();
    node.receive(1, slow.piece(FULL, 2 * FULL));
    assert_eq!(node.grants(), [(2 * FULL + 200_000, 0)]);
    assert_eq!((node.endpoint.total_incoming(), node.endpoint.num_active()), (200_000, 1));
    node.endpoint.check_invariants();
    assert!(node.info(socket, RpcId::new(3)).is_some());
}

#[test]
fn q22_a_message_that_waits_for_buffers_never_times_out() {
    for (config, rpcs) in both("stalled_messages_wait_for_ever", 2, 1) {
        let mut node = Node::new(config);
        let socket = node.endpoint.open_socket(Family::V4).expect("ports are free");
        node.endpoint.bind(socket, Family::V4, SERVER_PORT).expect("the port is free");
        node.endpoint.set_receive_region(socket, 0, 2_097_152).expect("the region is large enough");
        Inbound::request(1, 2, 1_000_000).arrive(&mut node);
        node.endpoint.recv(node.now, socket, None, &[]).expect("it is complete");
        Inbound::request(1, 4, 1_000_000).arrive(&mut node);
        node.endpoint.recv(node.now, socket, None, &[]).expect("it is complete");
        node.receive(1, Inbound::request(1, 6, 1_000_000).piece(0, FULL));
        node.packets();
        for _ in 0..150 {
            node.tick();
            assert_eq!(node.packets(), [], "nobody is asked for what can't be taken");
        }
        // Two requests are in service.
        assert_eq!(node.endpoint.rpc_infos(socket).count(), rpcs + 1);
    }
}

#[test]
fn q23_packets_that_bring_nothing_keep_an_rpc_alive() {
    for (config, lives) in both("useless_packets_end_silence", true, false) {
        let (mut node, socket) = Node::server(config);
        let request = Inbound::request(1, 2, 20_000);
        for (start, end) in request.cuts().into_iter().filter(|cut| cut.0 != FULL) {
            node.receive(1, request.piece(start, end));
        }
        // One byte in the middle of the gap makes whole segments useless.
        node.receive(1, request.piece(2_000, 2_001));
        for _ in 0..300 {
            if node.endpoint.poll_timeout().is_none() {
                break;
            }
            node.tick();
            if node.packets().iter().any(|packet| matches!(packet, Packet::Resend(_))) {
                node.receive(1, request.piece(FULL, 2 * FULL));
            }
        }
        assert_eq!(node.info(socket, RpcId::new(3)).is_some(), lives);
    }
}

#[test]
fn q24_a_client_takes_a_response_from_another_host() {
    for (config, bytes_missing) in both("responses_from_anywhere", 0, -1) {
        let (mut node, socket) = Node::client(config);
        let rpc = node.request(socket, 100);
        node.receive(2, Inbound::response(2, rpc, 100).piece(0, 100));
        let info = node.info(socket, rpc).expect("nobody has taken it");
        assert_eq!(if info.rx_length < 0 { -1 } else { info.rx_remaining as i32 }, bytes_missing);
        assert_eq!(node.endpoint.recv(node.now, socket, None, &[]).is_ok(), bytes_missing == 0);
    }
}

#[test]
fn q25_each_resend_queues_packets() {
    let modes = [TransmitMode::Immediate, TransmitMode::OldPacer, TransmitMode::Qdisc];
    for transmit in modes {
        for (mut config, most) in both("endless_retransmissions", usize::MAX, 44) {
            config.transmit = transmit;
            let (mut node, socket) = Node::client(config);
            let rpc = node.request(socket, 20_000);
            node.wait(Duration::from_us(100));
            node.endpoint.handle_timeout(node.now);
            node.packets();
            let header = Inbound::response(1, rpc, 100).header;
            let range = ResendRange::AllSent { offset: 0 };
            for _ in 0..100 {
                node.receive(1, Packet::Resend(Resend { header, range, priority: Priority::HIGHEST }));
            }
            let mut queued = node.data().len();
            for _ in 0..100_000 {
                let Some(at) = node.endpoint.poll_timeout() else { break };
                if at > node.now + Duration::from_us(500) {
                    break;
                }
                node.now = node.now.max(at);
                node.endpoint.handle_timeout(node.now);
                queued += node.data().len();
            }
            let expected = if most == usize::MAX { queued >= 1_500 } else { queued <= most };
            assert!(expected, "{transmit:?}: {queued}");
        }
    }
}

#[test]
fn q26_each_gap_is_asked_for_at_once() {
    for (config, resends) in both("resend_for_each_gap", 500, 64) {
        let (mut node, _) = Node::server(config);
        let request = Inbound::request(1, 2, 1_001);
        for byte in (0..1_001).step_by(2) {
            node.receive(1, request.piece(byte, byte + 1));
        }
        for _ in 0..5 {
            node.packets();
            node.tick();
        }
        assert_eq!(node.packets().len(), resends);
    }
}

#[test]
fn q27_identifiers_begin_at_2_in_every_boot() {
    for (config, begins_at_2) in both("ids_begin_at_2", true, false) {
        let first = |boot| {
            let (mut node, socket) = Node::client(homa_protocol::Config { boot, ..config.clone() });
            let ids = [node.request(socket, 100), node.request(socket, 100)];
            assert_eq!(ids[1].get(), ids[0].get() + 2);
            assert!(ids[0].is_client());
            ids[0].get()
        };
        assert_eq!((first(0) == 2, first(1) == 2), (begins_at_2, begins_at_2));
        assert_eq!(first(7), first(7), "it is the boot that decides");
        assert_eq!(first(7) == first(8), begins_at_2);
    }
}

#[test]
fn q28_a_write_to_window_waits_for_the_next_change_of_the_active_set() {
    for (config, offset) in both("late_window", FULL + 200_000, FULL + 60_000) {
        let (mut node, _) = Node::server(config);
        let request = Inbound { unscheduled: FULL, ..Inbound::request(1, 2, 500_000) };
        node.receive(1, request.piece(0, FULL));
        assert_eq!(node.grants(), [(FULL + 200_000, 0)]);
        node.endpoint.write_sysctl("window", "60000").expect("that is a number of bytes");
        let next = Inbound { unscheduled: FULL, ..Inbound::request(1, 4, 600_000) };
        node.receive(1, request.piece(FULL, 2 * FULL));
        let expected: &[_] = if offset > 100_000 { &[(2 * FULL + 200_000, 0)] } else { &[] };
        assert_eq!(node.grants(), expected);
        // The next message changes the number of active ones, and has the new window with and without.
        node.receive(1, next.piece(0, FULL));
        assert_eq!(node.grants(), [(FULL + 60_000, 0)]);
    }
}

#[test]
fn q29_an_incoming_beyond_2_to_the_31_makes_a_message_grantable() {
    for (config, grants) in both("signed_incoming", vec![(100_000, 0)], vec![]) {
        let (mut node, socket) = Node::server(config);
        let request = Inbound { unscheduled: u32::MAX, ..Inbound::request(1, 10, 100_000) };
        node.receive(1, request.piece(0, FULL));
        let is_signed = !grants.is_empty();
        assert_eq!(node.grants(), grants);
        assert_eq!(node.endpoint.total_incoming(), if is_signed { 100_001 } else { 0 });
        assert_eq!(node.info(socket, RpcId::new(11)).map(|info| info.rx_granted), Some(100_000));
        node.endpoint.check_invariants();
    }
}

#[test]
fn q30_a_port_unreachable_that_quotes_port_0_fails_all_rpcs_with_the_peer() {
    for (config, failed) in both("port_0_fails_all", 2, 0) {
        let (mut node, socket) = Node::client(config);
        node.request(socket, 100);
        node.request(socket, 100);
        let ports = Some(QuotedPorts { sport: CLIENT_PORT, dport: Port::NONE });
        let destination = core::net::Ipv4Addr::LOCALHOST.into();
        node.endpoint.handle_icmp(
            node.now,
            peer(1),
            &IcmpError { kind: IcmpKind::PortUnreachable, destination, ports },
        );
        let is_failure = |event: &&Event| matches!(event, Event::RpcFailed { error: Errno::ENOTCONN, .. });
        assert_eq!(node.events().iter().filter(is_failure).count(), failed);
    }
}

#[test]
fn q31_the_account_of_oldest_first_bytes_wraps_for_long_units() {
    for (mut config, wraps) in both("fifo_weight_wraps", true, false) {
        config.transmit = TransmitMode::Qdisc;
        config.configured = true;
        config.sysctls.pacer_fifo_fraction = 15;
        config.sysctls.max_gso_size = 65_536;
        config.sysctls.unsched_bytes = 1_000_000;
        let (mut node, socket) = Node::client(config);
        let older = node.request(socket, 1_000_000);
        node.request(socket, 800_000);
        node.sent();
        let mut from_oldest = 0;
        for _ in 0..13 {
            node.now = node.endpoint.poll_timeout().expect("packets are deferred").max(node.now);
            node.endpoint.handle_timeout(node.now);
            from_oldest += node.data().iter().filter(|data| data.header.sender_id == older).count();
        }
        // The first choice is by age. For its 68,130 bytes 4,473,825 should go shortest first, and 279,521 do.
        assert_eq!(from_oldest > 1, wraps, "{from_oldest}");
    }
}

#[test]
fn q32_an_abort_takes_error_numbers_that_linux_does_not_have() {
    for (config, error) in both("any_abort_error", Some(Errno::new(100_000)), None) {
        let (mut node, socket) = Node::client(config);
        node.request(socket, 100);
        let args = AbortArgs { error: 100_000, ..AbortArgs::default() };
        assert_eq!(node.endpoint.abort(node.now, socket, &args).is_ok(), error.is_some());
        let received = node.endpoint.recv(node.now, socket, None, &[]).expect_err("there is no response");
        assert_eq!(received.errno(), error.unwrap_or(Errno::EAGAIN));
    }
}

#[test]
fn q33_sysctls_take_any_number() {
    for (config, takes) in both("unchecked_sysctls", true, false) {
        let mut node = Node::new(config);
        let mut write = |name: &str, value: &str| node.endpoint.write_sysctl(name, value);
        for (name, value) in [("window", "-1"), ("resend_interval", "0x0"), ("max_dead_buffs", "5"), ("window", "3 4")]
        {
            assert_eq!(write(name, value).is_ok(), takes, "{name} = {value}");
        }
        for value in ["2147483648", "12x", "", "-", "0x"] {
            assert!(matches!(
                write("window", value),
                Err(SysctlError::Malformed { .. } | SysctlError::OutOfRange { .. })
            ));
        }
        assert!(matches!(write("max_sched_prio", "2"), Err(SysctlError::ReadOnly { .. })));
    }
}

#[test]
fn q34_next_id_can_give_two_requests_one_identifier() {
    for (config, ids) in both("ids_may_repeat", [100, 100], [100, 102]) {
        let (mut node, socket) = Node::client(config);
        let sent = [0, 1].map(|_| {
            node.endpoint.write_sysctl("next_id", "100").expect("that is a number");
            node.request(socket, 100).get()
        });
        assert_eq!(sent, ids);
        // The newest is found first; both come to an end.
        let second = RpcId::new(ids[1]);
        node.receive(1, Inbound::response(1, second, 50).piece(0, 50));
        assert_eq!(node.endpoint.recv(node.now, socket, None, &[]).map(|received| received.rpc), Ok(second));
        node.receive(1, Inbound::response(1, RpcId::new(ids[0]), 60).piece(0, 60));
        assert_eq!(node.endpoint.recv(node.now, socket, None, &[]).map(|received| received.length), Ok(60));
        node.endpoint.check_invariants();
        let to = server_at(1);
        node.endpoint.send_request(node.now, socket, to, bytes(1), 0).expect("the endpoint works on");
    }
}

#[test]
fn q35_a_grant_that_lags_behind_long_units_stops_the_message() {
    for (mut config, offset) in both("grants_lag_behind", 2_500, 10_424) {
        config.sysctls.max_incoming = 1_000;
        let (mut node, _) = Node::server(config);
        let request = Inbound { unscheduled: 1_000, ..Inbound::request(1, 2, 300_000) };
        node.receive(1, request.piece(0, 1_000));
        assert_eq!(node.grants(), [(1_500, 0)]);
        // The unit that begins below the grant has 8,924 bytes.
        node.receive(1, request.piece(1_000, 9_924));
        assert_eq!(node.grants(), [(offset, 0)]);
        node.endpoint.check_invariants();
        // With the quirk nobody ever says anything again: the receiver has more than it granted.
        let asked = (0..200).any(|_| {
            node.tick();
            !node.packets().is_empty()
        });
        assert_eq!(asked, offset > 9_924);
    }
}

#[test]
fn q36_a_message_of_which_nothing_is_unscheduled_never_begins() {
    for (mut config, first) in both("nothing_unscheduled_never_begins", None, Some(1)) {
        config.sysctls.unsched_bytes = 0;
        let (mut node, socket) = Node::client(config);
        node.request(socket, 50_000);
        assert_eq!(node.data().first().map(|data| data.incoming), first);
    }
}

#[test]
fn q37_a_response_that_waits_for_grants_keeps_its_rpc_for_ever() {
    for (config, waits) in both("unsent_responses_wait_for_ever", true, false) {
        for client_lives in [true, false] {
            let (mut node, socket) = Node::server(config.clone());
            let request = Inbound::request(1, 10, 100);
            request.arrive(&mut node);
            let rpc = node.endpoint.recv(node.now, socket, None, &[]).expect("it is complete").rpc;
            let to = Destination { peer: peer(1), port: CLIENT_PORT, family: Family::V4 };
            node.endpoint.send_reply(node.now, socket, to, rpc, bytes(100_000)).expect("it is sent");
            node.packets();
            for _ in 0..300 {
                if node.endpoint.poll_timeout().is_none() {
                    break;
                }
                node.tick();
                let asked = node.packets().iter().any(|packet| matches!(packet, Packet::Resend(_)));
                assert!(!asked || !waits, "the kernel asks for nothing");
                if asked && client_lives {
                    node.receive(1, Packet::Data(Data { retransmit: true, ..request.data(0, 100) }));
                }
            }
            assert_eq!(node.info(socket, rpc).is_some(), waits || client_lives);
        }
    }
}

#[test]
fn a_data_packet_from_elsewhere_is_counted_as_unknown_without_the_quirk() {
    for (config, unknown) in both("responses_from_anywhere", 0, 1) {
        let (mut node, socket) = Node::client(config);
        let rpc = node.request(socket, 100);
        let data = Inbound::response(2, rpc, 100).data(0, 100);
        node.receive(2, Packet::Data(Data { retransmit: true, ..data }));
        assert_eq!(node.endpoint.metrics().unknown_rpcs, unknown);
    }
}
