//! Cases 77 to 81, through an endpoint: the old pacer and homa_qdisc (spec part 13).

use super::node::{FULL, Inbound, Node, bytes, config, server_at};
use homa_protocol::{Config, ForeignPacket, Outgoing, Packet, RpcId, SocketId, TransmitMode};
use homa_units::Time;

/// Bytes of a full DATA frame.
const FRAME: u32 = 1_514;

fn ns(ns: u64) -> Time {
    Time::from_ps(1_000 * ns)
}

/// A picosecond after that: the old pacer's backlog has to be below its limit, not at it.
fn after(ns: u64) -> Time {
    Time::from_ps(1_000 * ns + 1)
}

fn paced(transmit: TransmitMode) -> Config {
    Config { transmit, configured: true, ..config() }
}

/// A packet that came out: an RPC's DATA of so many bytes, or another protocol's with its tag.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sent {
    Data(RpcId, u32),
    Control,
    Foreign(u64),
}

/// What comes out now.
fn out(node: &mut Node) -> Vec<Sent> {
    let packets = std::iter::from_fn(|| node.endpoint.poll_outgoing(node.now));
    let sent = packets.map(|outgoing| match outgoing {
        Outgoing::Foreign(packet) => Sent::Foreign(packet.tag),
        Outgoing::Homa(transmit) => match transmit.packet {
            Packet::Data(data) => Sent::Data(data.header.sender_id, data.length),
            _ => Sent::Control,
        },
    });
    sent.collect()
}

/// Runs the pacer up to the first tick of the timer, at 1 ms: what comes out meanwhile, and when.
fn paced_out(node: &mut Node) -> Vec<(Time, Sent)> {
    let mut sent = Vec::new();
    while let Some(next) = node.endpoint.poll_timeout().filter(|next| *next < ns(1_000_000)) {
        node.now = next.max(node.now);
        node.endpoint.handle_timeout(node.now);
        sent.extend(out(node).into_iter().map(|packet| (node.now, packet)));
    }
    sent
}

/// As [`paced_out`], without the times.
fn order(node: &mut Node) -> Vec<Sent> {
    paced_out(node).into_iter().map(|(_, sent)| sent).collect()
}

/// A client whose link was just promised 11 full frames, so that the next has to wait.
fn busy(config: Config) -> (Node, SocketId) {
    let (mut node, socket) = Node::client(config);
    node.request(socket, 11 * FULL);
    assert_eq!(out(&mut node).len(), 11);
    (node, socket)
}

fn foreign(node: &mut Node, frame_bytes: u32, tag: u64) {
    let packet = ForeignPacket { queue: 0, frame_bytes, may_overtake: false, tag };
    node.endpoint.enqueue_foreign(node.now, packet);
}

#[test]
fn case_77_11_units_leave_at_once_and_then_one_every_498_ns() {
    let mut config = paced(TransmitMode::OldPacer);
    config.configured = false;
    let (mut node, socket) = Node::client(config);
    node.endpoint.write_sysctl("link_mbps", "25000").expect("that is a speed");
    let rpc = node.request(socket, 20_000);
    assert_eq!(out(&mut node), [Sent::Data(rpc, FULL); 11]);
    assert_eq!(node.endpoint.poll_timeout(), Some(after(5_478 - 5_000)));
    let sent = paced_out(&mut node);
    let full = [478, 478 + 498, 478 + 2 * 498].map(|at| (after(at), Sent::Data(rpc, FULL)));
    let tail = (after(478 + 2 * 498), Sent::Data(rpc, 64));
    assert_eq!(sent, [&full[..], &[tail]].concat());

    // The link is taken to be idle after 14 units of 498 ns. The tail doesn't count.
    node.request(socket, 20_000);
    assert_eq!(out(&mut node), []);
    assert_eq!(node.endpoint.poll_timeout(), Some(after(14 * 498 - 5_000)));
    let metrics = node.endpoint.metrics();
    assert_eq!((metrics.throttle_list_adds, metrics.pacer_homa_packets), (2, 3));
}

#[test]
fn case_77_a_message_of_1000_bytes_never_waits() {
    let (mut node, socket) = busy(paced(TransmitMode::OldPacer));
    let short = node.request(socket, 1_000);
    assert_eq!(out(&mut node), [Sent::Data(short, 1_000)]);
    let longer = node.request(socket, 1_001);
    assert_eq!(out(&mut node), []);
    assert_eq!(paced_out(&mut node), [(after(478), Sent::Data(longer, 1_001))]);
}

#[test]
fn case_77_without_a_base_sysctl_written_nothing_waits() {
    let mut config = paced(TransmitMode::OldPacer);
    config.configured = false;
    let (mut node, socket) = Node::client(config);
    node.request(socket, 40_000);
    assert_eq!(out(&mut node).len(), 29);
}

#[test]
fn case_78_fewest_bytes_left_go_first_and_every_20th_choice_is_the_oldest() {
    let (mut node, socket) = busy(paced(TransmitMode::OldPacer));
    let mut send = |at, length| {
        node.now = ns(at);
        node.request(socket, length)
    };
    let (long, first, later) = (send(1, 50_000), send(2, 20_000), send(3, 20_000));
    assert_eq!(out(&mut node), []);
    // One unit for each choice; the tail of 64 bytes goes with the unit before it.
    let message = |rpc| [&[Sent::Data(rpc, FULL); 14][..], &[Sent::Data(rpc, 64)]].concat();
    let later = message(later);
    let oldest = Sent::Data(long, FULL);
    let rest = [&[oldest; 27][..], &[Sent::Data(long, 128)]].concat();
    let expected = [&message(first)[..], &later[..5], &[oldest], &later[5..], &rest].concat();
    assert_eq!(order(&mut node), expected, "the long message stops at the 40000 bytes that it was granted");
}

#[test]
fn case_79_a_mebibyte_takes_338933_ns() {
    let (mut node, socket) = Node::client(paced(TransmitMode::Qdisc));
    foreign(&mut node, (1 << 20) - 24, 1);
    assert_eq!(out(&mut node), [Sent::Foreign(1)]);
    let rpc = node.request(socket, FULL);
    assert_eq!(paced_out(&mut node), [(ns(338_933 - 5_000), Sent::Data(rpc, FULL))]);
}

#[test]
fn case_79_11_frames_pass_and_the_rest_waits_with_its_short_tail() {
    let (mut node, socket) = Node::client(paced(TransmitMode::Qdisc));
    let rpc = node.request(socket, 20_000);
    assert_eq!(out(&mut node), [Sent::Data(rpc, FULL); 11]);
    let start = 11 * 497 - 5_000;
    let full = [0, 1, 2].map(|unit| (ns(start + unit * 497), Sent::Data(rpc, FULL)));
    let tail = (ns(start + 3 * 497), Sent::Data(rpc, 64));
    assert_eq!(paced_out(&mut node), [&full[..], &[tail]].concat());
    let metrics = node.endpoint.metrics();
    assert_eq!((metrics.pacer_homa_packets, metrics.pacer_homa_bytes), (4, u64::from(3 * FRAME + 64 + 90)));
}

#[test]
fn case_79_a_message_of_999_bytes_and_a_grant_pass_what_is_deferred_and_take_their_time() {
    let (mut node, socket) = Node::server(paced(TransmitMode::Qdisc));
    let deferred = node.request(socket, 20_000);
    assert_eq!(out(&mut node).len(), 11);
    let short = node.request(socket, 999);
    node.receive(2, Inbound::request(2, 50, 100_000).piece(0, FULL)).expect("the payload is new");
    assert_eq!(out(&mut node), [Sent::Data(short, 999), Sent::Control]);
    let waits = node.request(socket, 1_000);
    assert_eq!(out(&mut node), []);
    // 1113 bytes of the message and 91 of the GRANT.
    let next = node.endpoint.poll_timeout().expect("packets are deferred");
    assert_eq!(next, ns(11 * 497 + 359 + 29 - 5_000));
    // The oldest is the first choice; after it the one with the fewest bytes.
    let sent = order(&mut node);
    assert_eq!(sent[..3], [Sent::Data(deferred, FULL), Sent::Data(waits, 1_000), Sent::Data(deferred, FULL)]);
}

#[test]
fn case_79_the_nic_holds_125000_bytes_and_the_packet_that_crosses_them() {
    let (mut node, socket) = Node::client(Config { nic_completions: true, ..paced(TransmitMode::Qdisc) });
    foreign(&mut node, 125_000, 1);
    node.now = ns(100_000);
    let crossing = node.request(socket, FULL);
    assert_eq!(out(&mut node), [Sent::Foreign(1), Sent::Data(crossing, FULL)]);
    node.now = ns(200_000);
    let waiting = node.request(socket, FULL);
    assert_eq!(paced_out(&mut node), [], "the link is idle, but the NIC is full");
    node.endpoint.handle_nic_completion(node.now, u64::from(FRAME - 1));
    assert_eq!(out(&mut node), []);
    node.endpoint.handle_nic_completion(node.now, 1);
    assert_eq!(out(&mut node), [Sent::Data(waiting, FULL)]);
}

#[test]
fn case_80_the_first_deferred_packet_and_every_20th_after_it_is_the_oldests() {
    let mut config = paced(TransmitMode::Qdisc);
    config.sysctls.unsched_bytes = 1_000_000;
    let (mut node, socket) = busy(config);
    let oldest = node.request(socket, 600 * FULL);
    node.now = ns(1);
    let shorter = node.request(socket, 70 * FULL);
    let sent = order(&mut node);
    let expected = (0..=60).map(|choice| Sent::Data(if choice % 20 == 0 { oldest } else { shorter }, FULL));
    assert!(sent[..61].iter().copied().eq(expected), "{:?}", &sent[..61]);
    assert_eq!(node.endpoint.metrics().pacer_homa_packets, 670);
}

/// What goes out of ten frames of Homa and ten of TCP, all deferred, after a first frame of Homa that was deferred
/// alone, which makes Homa's credit 1 before it is charged.
fn shared(homa_share: u32) -> String {
    let mut config = paced(TransmitMode::Qdisc);
    config.sysctls.homa_share = homa_share;
    let (mut node, socket) = busy(config);
    node.request(socket, 11 * FULL);
    node.tick();
    assert_eq!(out(&mut node).len(), 1);
    for tag in 0..10 {
        foreign(&mut node, FRAME, tag);
    }
    let sent = order(&mut node).into_iter();
    sent.map(|packet| if matches!(packet, Sent::Foreign(_)) { 'T' } else { 'H' }).collect()
}

#[test]
fn case_81_homa_and_tcp_alternate_at_equal_shares() {
    assert_eq!(shared(50), "TH".repeat(10));
    let (homa, tcp) = ("H".repeat(10), "T".repeat(10));
    assert_eq!(shared(100), format!("{homa}{tcp}"), "Homa only, while it has packets");
    assert_eq!(shared(0), format!("{tcp}{homa}"));
}

#[test]
fn case_81_tcp_keeps_its_order_and_its_packets_are_counted() {
    let (mut node, socket) = busy(paced(TransmitMode::Qdisc));
    let rpc = node.endpoint.send_request(node.now, socket, server_at(2), bytes(FULL), 0).expect("it is sent");
    for (frame_bytes, tag) in [(FRAME, 0), (66, 1), (FRAME, 2)] {
        foreign(&mut node, frame_bytes, tag);
    }
    assert_eq!(out(&mut node), []);
    let sent = order(&mut node);
    let tcp: Vec<_> = sent.iter().filter(|packet| **packet != Sent::Data(rpc, FULL)).collect();
    assert_eq!(tcp, [&Sent::Foreign(0), &Sent::Foreign(1), &Sent::Foreign(2)]);
    let metrics = node.endpoint.metrics();
    let counted = (metrics.qdisc_tcp_packets, metrics.pacer_tcp_packets, metrics.pacer_tcp_bytes);
    assert_eq!(counted, (3, 3, u64::from(2 * FRAME + 66)));
}
