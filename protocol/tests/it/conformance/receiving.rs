//! Cases 3 and 23 to 30: how packets become messages, whatever their order (spec part 13).

use crate::conformance::node::{FULL, Inbound, Node, config};
use homa_protocol::{Data, OffsetForm, Packet, RecvError, Resend, ResendRange, RpcInfo, SocketId};
use homa_units::Priority;

/// A client whose request to peer 1 is to be answered by `length` bytes.
struct Waiting {
    node: Node,
    socket: SocketId,
    response: Inbound,
}

impl Waiting {
    fn new(length: u32) -> Self {
        let (mut node, socket) = Node::client(config());
        let id = node.request(socket, 100);
        node.packets();
        Self { node, socket, response: Inbound::response(1, id, length) }
    }

    /// The state that cases 25 to 27 begin with.
    fn with_a_gap() -> Self {
        let mut waiting = Self::new(20_000);
        assert!(waiting.gets(0, 1_000) && waiting.gets(5_000, 6_000));
        assert_eq!(waiting.missing(), [(1_000, 5_000), (6_000, 20_000)]);
        waiting
    }

    /// Lets these bytes arrive; tells whether they are wanted.
    fn gets(&mut self, start: u32, end: u32) -> bool {
        self.node.receive(1, self.response.piece(start, end)).is_some()
    }

    fn info(&self) -> RpcInfo {
        self.node.info(self.socket, self.response.header.sender_id.other_side()).expect("the RPC lives")
    }

    /// What the client asks for if the server wants to know: each gap, then everything from the end of what has come.
    fn missing(&mut self) -> Vec<(u32, u32)> {
        self.node.packets();
        self.node.receive(1, Packet::NeedAck(self.response.header));
        let range = |packet| match packet {
            Packet::Resend(Resend { range: ResendRange::Bytes { offset, length }, .. }) => (offset, offset + length),
            other => panic!("not a RESEND of bytes: {other:?}"),
        };
        self.node.packets().into_iter().map(range).collect()
    }

    /// The packet changes nothing.
    fn assert_discards(mut self, start: u32, end: u32) {
        let before = (self.missing(), self.info());
        let discarded = self.node.endpoint.metrics().packet_discards;
        assert!(!self.gets(start, end), "{start}..{end} is not wanted");
        assert_eq!((self.missing(), self.info()), before, "{start}..{end} changes nothing");
        assert_eq!(self.node.endpoint.metrics().packet_discards, discarded + 1, "{start}..{end} is counted");
    }
}

#[test]
fn case_03_payload_is_stored_where_the_segment_header_or_else_the_sequence_says() {
    for form in [OffsetForm::Sequence, OffsetForm::Segment { unit_offset: 9_999 }, OffsetForm::Both] {
        let mut waiting = Waiting::new(20_000);
        let data = Data { form, ..waiting.response.data(2_848, 2_848 + FULL) };
        let placement = waiting.node.receive(1, Packet::Data(data)).expect("the payload is wanted");
        let pieces: Vec<_> = placement.pieces().map(|piece| (piece.payload, piece.region)).collect();
        assert_eq!(pieces, [(0..1_424, 2_848..4_272)], "{form:?}");
        assert_eq!(waiting.missing(), [(0, 2_848), (4_272, 20_000)], "{form:?}");
    }
}

#[test]
fn case_23_packets_in_order_leave_no_gaps() {
    let mut waiting = Waiting::new(20_000);
    assert!(waiting.gets(0, 1_424) && waiting.gets(1_424, 2_848));
    assert_eq!(waiting.info().rx_gaps, 0);
    assert_eq!(waiting.missing(), [(2_848, 20_000)]);
}

#[test]
fn case_24_a_missing_packet_is_a_gap_until_it_comes() {
    let mut waiting = Waiting::new(20_000);
    assert!(waiting.gets(0, 1_424) && waiting.gets(2_848, 4_272));
    assert_eq!((waiting.info().rx_gaps, waiting.info().rx_gap_bytes), (1, 1_424));
    assert_eq!(waiting.missing(), [(1_424, 2_848), (4_272, 20_000)]);
    assert_eq!(waiting.node.endpoint.metrics().gaps_created, 1);

    assert!(waiting.gets(1_424, 2_848));
    assert_eq!((waiting.info().rx_gaps, waiting.info().rx_gap_bytes), (0, 0));
    assert_eq!(waiting.missing(), [(4_272, 20_000)]);
}

#[test]
fn case_25_a_packet_at_the_edge_of_a_gap_makes_it_smaller_and_one_inside_splits_it() {
    let mut waiting = Waiting::with_a_gap();
    assert!(waiting.gets(1_000, 2_000));
    assert_eq!(waiting.missing(), [(2_000, 5_000), (6_000, 20_000)]);
    assert!(waiting.gets(4_000, 5_000));
    assert_eq!(waiting.missing(), [(2_000, 4_000), (6_000, 20_000)]);
    assert!(waiting.gets(2_500, 3_000));
    assert_eq!(waiting.missing(), [(2_000, 2_500), (3_000, 4_000), (6_000, 20_000)]);
    let info = waiting.info();
    assert_eq!((info.rx_gaps, info.rx_gap_bytes, info.rx_remaining), (2, 1_500, 15_500));
}

#[test]
fn case_26_packets_that_overlap_what_has_come_are_discarded_whole() {
    for (start, end) in [(500, 1_500), (900, 1_100), (4_500, 5_500), (4_500, 6_500), (900, 5_100), (0, 1_000)] {
        Waiting::with_a_gap().assert_discards(start, end);
    }
}

#[test]
fn case_27_a_packet_that_straddles_the_end_of_what_has_come_is_discarded_whole() {
    Waiting::with_a_gap().assert_discards(5_500, 7_000);
}

#[test]
fn case_28_packets_beyond_the_end_are_discarded() {
    Waiting::with_a_gap().assert_discards(20_000, 20_001);
    Waiting::with_a_gap().assert_discards(19_000, 20_001);
    let mut waiting = Waiting::with_a_gap();
    assert!(waiting.gets(19_000, 20_000));
    assert_eq!(waiting.missing(), [(1_000, 5_000), (6_000, 19_000)]);
}

#[test]
fn case_29_a_duplicate_ends_the_silence() {
    for retransmit in [false, true] {
        let mut waiting = Waiting::new(20_000);
        waiting.gets(0, FULL);
        for _ in 0..4 {
            waiting.node.tick();
        }
        let duplicate = Data { retransmit, ..waiting.response.data(0, FULL) };
        assert_eq!(waiting.node.receive(1, Packet::Data(duplicate)), None);
        for tick in 1..=4 {
            waiting.node.tick();
            assert_eq!(waiting.node.packets(), [], "{tick} ticks of silence");
        }
        waiting.node.tick();
        let range = ResendRange::Bytes { offset: FULL, length: 20_000 - FULL };
        let header = waiting.response.header.answer();
        let resend = Resend { header, range, priority: Priority::HIGHEST };
        assert_eq!(waiting.node.packets(), [Packet::Resend(resend)]);
        let metrics = waiting.node.endpoint.metrics();
        assert_eq!(metrics.packet_discards, u64::from(!retransmit));
        assert_eq!(metrics.resent_discards, u64::from(retransmit));
    }
}

#[test]
fn case_30_a_response_of_an_illegal_length_leaves_the_client_waiting_for_ever() {
    for length in [1_000_001, u32::MAX] {
        let mut waiting = Waiting::new(length);
        assert!(!waiting.gets(0, FULL));
        let node = &mut waiting.node;
        assert_eq!(node.endpoint.metrics().dropped_data_no_bufs, 0, "such a packet is not short of buffers");

        node.receive(1, Packet::RpcUnknown(waiting.response.header));
        assert_eq!(node.packets(), [], "a client in OUTGOING would transmit its request again");
        for _ in 0..300 {
            node.tick();
        }
        assert_eq!((node.packets(), node.events()), (vec![], vec![]), "it never asks and never fails");
        assert_eq!(node.endpoint.recv(node.now, waiting.socket, None, &[]), Err(RecvError::Again));

        // What comes later finds no buffers.
        let legal = Inbound { length: FULL, unscheduled: FULL, ..waiting.response };
        assert_eq!(node.receive(1, legal.piece(0, FULL)), None);
        assert_eq!(node.endpoint.metrics().dropped_data_no_bufs, u64::from(FULL));
        assert_eq!(node.events(), []);
        assert_eq!(waiting.info().rx_length, -1);
    }
}

#[test]
fn case_30_a_request_of_an_illegal_length_creates_nothing() {
    for length in [1_000_001, u32::MAX] {
        let (mut node, socket) = Node::server(config());
        assert_eq!(node.receive(1, Inbound::request(1, 2, length).piece(0, FULL)), None);
        assert_eq!((node.packets(), node.events()), (vec![], vec![]));
        assert_eq!(node.endpoint.rpc_infos(socket).count(), 0);
        assert_eq!(node.endpoint.metrics().server_cant_create_rpcs, 1);
    }
    let (mut node, _) = Node::server(config());
    assert!(node.receive(1, Inbound::request(1, 2, 1_000_000).piece(0, FULL)).is_some(), "the longest message");
}
