//! The version submitted to Linux: no grants, no cutoffs, no levels, no limit on unscheduled bytes (spec 12a).

use crate::conformance::node::{FULL, Inbound, Node, config};
use homa_protocol::wire::Version;
use homa_protocol::{Config, HOMA_BPAGE_SIZE, OffsetForm, Packet, Resend, ResendRange, RpcFlags, RpcId};
use homa_units::Priority;

fn stripped() -> Config {
    Config { version: Version::Stripped, ..config() }
}

#[test]
fn a_message_is_sent_completely_at_once_on_the_lowest_level_with_true_offsets() {
    let (mut node, socket) = Node::client(stripped());
    node.request(socket, 1_000_000);
    let sent = node.sent();
    assert_eq!(sent.len(), 703);
    for (index, unit) in sent.iter().enumerate() {
        let Packet::Data(data) = unit.packet else { panic!("only data is sent: {:?}", unit.packet) };
        assert_eq!((unit.priority, data.form), (Priority::LOWEST, OffsetForm::Both));
        assert_eq!(data.offset, index as u32 * FULL, "no cut at 40000");
    }
}

#[test]
fn nothing_is_granted_and_no_cutoffs_are_sent() {
    let (mut node, _) = Node::server(stripped());
    let mut request = Inbound::request(1, 10, 500_000);
    request.unscheduled = request.length;
    for packet in request.packets() {
        let Packet::Data(data) = packet else { unreachable!("a message is data") };
        node.receive(1, Packet::Data(homa_protocol::Data { cutoff_version: 0, ..data }));
    }
    assert_eq!(node.packets(), []);
    assert_eq!(node.endpoint.total_incoming(), 0);
}

#[test]
fn a_resend_asks_for_everything_up_to_the_end_of_the_message() {
    let (mut node, _) = Node::server(stripped());
    node.receive(1, Inbound::request(1, 10, 100_000).piece(0, FULL));
    for _ in 0..5 {
        node.tick();
    }
    let packets = node.packets();
    let range = ResendRange::Bytes { offset: FULL, length: 100_000 - FULL };
    assert!(matches!(packets[..], [Packet::Resend(Resend { range: asked, .. })] if asked == range), "{packets:?}");
}

#[test]
fn grants_and_cutoffs_are_dropped_as_unknown() {
    let (mut node, socket) = Node::client(stripped());
    let rpc = node.request(socket, 100);
    node.sent();
    node.receive(1, Inbound::response(1, rpc, 100).grant(100_000, 3));
    assert_eq!(node.endpoint.metrics().unknown_packet_types, 1);
    assert_eq!(node.endpoint.metrics().packets_rcvd.iter().sum::<u64>(), 0);
}

#[test]
fn a_message_that_gets_its_buffers_late_is_not_asked_for_at_once() {
    let (mut node, socket) = Node::server(stripped());
    let waiting = Inbound::request(1, 4_000, HOMA_BPAGE_SIZE);
    for id in 0..1_000 {
        node.receive(1, Inbound::request(1, 2 * id + 2, HOMA_BPAGE_SIZE).piece(0, FULL));
    }
    node.receive(1, waiting.piece(0, FULL));
    let stalls =
        |node: &Node| node.info(socket, RpcId::new(4_001)).expect("it lives").flags.contains(RpcFlags::BUF_STALL);
    assert!(stalls(&node));
    Inbound::request(1, 2, HOMA_BPAGE_SIZE).arrive(&mut node);
    let received = node.endpoint.recv(node.now, socket, None, &[]).expect("one is complete");
    node.endpoint.return_buffers(node.now, socket, received.bpages.as_slice()).expect("they are the application's");
    assert!(node.endpoint.recv(node.now, socket, None, &[]).is_err(), "nothing else is complete");
    assert!(!stalls(&node));
    assert_eq!(node.packets(), []);
}
