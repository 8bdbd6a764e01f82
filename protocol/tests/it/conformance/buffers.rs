//! Cases 31 to 37: where messages lie in the receive region, and what happens without space (spec part 13).

use crate::conformance::node::{Inbound, Node, REGION, bytes, config, server_at};
use homa_protocol::wire::Family;
use homa_protocol::{
    Config, Data, Destination, Errno, HOMA_BPAGE_SIZE as PAGE, Packet, Port, RecvError, RecvmsgArgs, Resend,
    ResendRange, RpcFlags, SocketId,
};

/// The smallest region for one core: 31 bpages.
const SMALL_REGION: u64 = 2_065_536;

/// A server, and the number of the next request to it.
struct Server {
    node: Node,
    socket: SocketId,
    next_id: u64,
}

impl Server {
    fn new(region: u64) -> Self {
        let mut node = Node::new(config());
        let socket = node.endpoint.open_socket(Family::V4).expect("ports are free");
        node.endpoint.bind(socket, Family::V4, Port::new(99)).expect("the port is free");
        node.endpoint.set_receive_region(socket, 0, region).expect("the region is large enough");
        Self { node, socket, next_id: 2 }
    }

    /// 31 bpages, each with a message that the application holds.
    fn full() -> Self {
        let mut server = Self::new(SMALL_REGION);
        for page in 0..31 {
            assert_eq!(server.message(PAGE), [page * PAGE]);
        }
        assert_eq!(server.available(), 0);
        server.forget();
        server
    }

    /// 31 bpages: two free, one with 60000 bytes in it, the others full.
    fn almost_full() -> Self {
        let mut server = Self::new(SMALL_REGION);
        for page in 0..28 {
            assert_eq!(server.message(PAGE), [page * PAGE]);
        }
        assert_eq!(server.message(60_000), [28 * PAGE]);
        assert_eq!(server.available(), u64::from(2 * PAGE + 5_536));
        server.forget();
        server
    }

    /// Leaves out what it has sent and told so far.
    fn forget(&mut self) {
        self.node.packets();
        self.node.events();
    }

    /// A request from `peer`, of which nothing has arrived.
    fn next(&mut self, peer: u32, length: u32) -> Inbound {
        self.next_id += 2;
        Inbound::request(peer, self.next_id, length)
    }

    /// Lets the application receive a new message of this length; tells where it lies.
    fn message(&mut self, length: u32) -> Vec<u32> {
        self.next(1, length).arrive(&mut self.node);
        let received = self.node.endpoint.recv(self.node.now, self.socket, None, &[]).expect("a message is ready");
        assert_eq!(received.length, length);
        received.bpages.as_slice().to_vec()
    }

    /// Lets the application give these buffers back while nothing is to be received.
    fn give_back(&mut self, offsets: &[u32]) {
        let result = self.node.endpoint.recv(self.node.now, self.socket, None, offsets);
        assert_eq!(result, Err(RecvError::Again));
    }

    /// As `give_back`, for buffers that the application doesn't have.
    fn give_back_wrongly(&mut self, offsets: &[u32]) {
        let mut args = RecvmsgArgs { num_bpages: offsets.len() as u32, ..RecvmsgArgs::default() };
        args.bpage_offsets[..offsets.len()].copy_from_slice(offsets);
        let result = self.node.endpoint.recvmsg(self.node.now, self.socket, &mut args);
        assert_eq!(result.map_err(|error| error.errno()), Err(Errno::EINVAL), "{offsets:?}");
        assert_eq!(args.num_bpages, 0, "{offsets:?}");
    }

    fn available(&self) -> u64 {
        self.node.endpoint.info(self.socket, &mut []).expect("the socket is open").bpool_avail_bytes
    }

    fn reuses(&self) -> u64 {
        self.node.endpoint.metrics().bpage_reuses
    }

    fn is_stalled(&self, message: &Inbound) -> bool {
        let rpc = message.header.sender_id.other_side();
        self.node.info(self.socket, rpc).expect("the RPC lives").flags.contains(RpcFlags::BUF_STALL)
    }

    /// Whom it asks to send everything again, and nothing else, and at which level.
    fn woken(&mut self) -> Vec<(u32, u8)> {
        let level = |packet| match packet {
            Packet::Resend(Resend { range: ResendRange::AllSent { offset: 0 }, priority, .. }) => priority.get(),
            other => panic!("not a RESEND of everything: {other:?}"),
        };
        self.node.sent().into_iter().map(|transmit| (transmit.to.get(), level(transmit.packet))).collect()
    }
}

#[test]
fn case_31_short_messages_are_packed_byte_to_byte_and_long_ones_begin_a_page() {
    let mut server = Server::new(REGION);
    let offsets = [server.message(100), server.message(100), server.message(300)];
    assert_eq!(offsets, [[0], [100], [200]]);
    assert_eq!(server.message(150_000), [65_536, 131_072, 500]);
}

#[test]
fn case_31_payload_that_crosses_pages_is_stored_in_pieces() {
    let mut server = Server::new(REGION);
    server.message(500);
    let message = server.next(1, 150_000);
    let placement = server.node.receive(1, message.piece(131_000, 131_100)).expect("the payload is wanted");
    let pieces: Vec<_> = placement.pieces().map(|piece| (piece.payload, piece.region)).collect();
    assert_eq!(pieces, [(0..72, 196_536..196_608), (72..100, 500..528)]);
}

#[test]
fn case_32_messages_of_whole_pages_have_no_partial_page() {
    let mut server = Server::new(REGION);
    assert_eq!(server.message(65_536), [0]);
    assert_eq!(server.available(), REGION - 65_536);
    assert_eq!(server.message(131_072), [65_536, 131_072]);
    assert_eq!(server.available(), REGION - 3 * 65_536);
    assert_eq!(server.message(100), [3 * 65_536], "no page was begun");
}

#[test]
fn case_33_a_message_that_does_not_fit_in_the_used_current_page_gets_a_new_one() {
    let mut server = Server::new(REGION);
    let first = server.message(60_000);
    assert_eq!(server.message(10_000), [65_536]);
    assert_eq!(server.reuses(), 0);
    assert_eq!(server.available(), REGION - 2 * 65_536 + 55_536, "the old page is nobody's current page");
    server.give_back(&first);
    assert_eq!(server.available(), REGION - 10_000, "without an owner the old page is free");
}

#[test]
fn case_33_a_current_page_without_users_is_begun_anew() {
    let mut server = Server::new(REGION);
    let first = server.message(60_000);
    server.give_back(&first);
    assert_eq!(server.message(10_000), [0]);
    assert_eq!(server.reuses(), 1);
    assert_eq!(server.available(), REGION - 10_000);
}

#[test]
fn case_34_a_region_has_room_for_the_cores_and_two_megabytes_and_is_set_once() {
    const MOST: u64 = 1 << 32;
    let set = |start, length| {
        let mut node = Node::new(Config { cores: 4, ..config() });
        let socket = node.endpoint.open_socket(Family::V4).expect("ports are free");
        let result = node.endpoint.set_receive_region(socket, start, length).map_err(|error| error.errno());
        (node, socket, result)
    };
    for (start, length) in [(0, 2_262_144), (4_096, 2_262_144), (0, MOST)] {
        let (mut node, socket, result) = set(start, length);
        assert_eq!(result, Ok(()), "{length} bytes at {start}");
        let used = Some((start, length / 65_536 * 65_536));
        assert_eq!(node.endpoint.receive_region(socket), used);
        let again = node.endpoint.set_receive_region(socket, 8_192, REGION).map_err(|error| error.errno());
        assert_eq!(again, Err(Errno::EINVAL));
        assert_eq!(node.endpoint.receive_region(socket), used, "the first region stays");
    }
    for (start, length) in [(0, 2_262_143), (1, REGION), (2_048, REGION), (4_095, REGION), (0, MOST + 1)] {
        let (node, socket, result) = set(start, length);
        assert_eq!(result, Err(Errno::EINVAL), "{length} bytes at {start}");
        assert_eq!(node.endpoint.receive_region(socket), None);
    }
}

#[test]
fn case_35_a_buffer_is_given_back_once() {
    let mut server = Server::new(REGION);
    let (whole, partial) = (server.message(65_536)[0], server.message(100)[0]);
    server.give_back_wrongly(&[whole, whole]);
    assert_eq!(server.available(), REGION - 100, "the first of the two is taken");
    server.give_back_wrongly(&[partial, partial]);
    assert_eq!(server.available(), REGION);
}

#[test]
fn case_35_buffers_before_one_outside_the_region_are_taken_and_those_after_are_not() {
    let mut server = Server::new(SMALL_REGION);
    let (first, second) = (server.message(65_536)[0], server.message(65_536)[0]);
    server.give_back_wrongly(&[first, 31 * 65_536, second]);
    assert_eq!(server.available(), 30 * 65_536);
    server.give_back(&[second + 65_535]);
    assert_eq!(server.available(), 31 * 65_536, "only the page of an offset matters");
}

#[test]
fn case_36_without_space_payload_is_dropped_and_nothing_is_sent() {
    let mut server = Server::almost_full();
    let message = server.next(2, 150_000);
    for (start, end) in [(0, 1_000), (1_000, 2_000)] {
        // Version 0 would make any other message's DATA be answered by CUTOFFS.
        let data = Data { cutoff_version: 0, ..message.data(start, end) };
        assert_eq!(server.node.receive(2, Packet::Data(data)), None);
    }
    assert!(server.is_stalled(&message));
    let metrics = server.node.endpoint.metrics();
    assert_eq!((metrics.buffer_alloc_failures, metrics.dropped_data_no_bufs), (1, 2_000));
    assert_eq!(server.available(), 2 * 65_536, "it holds none of the pages that were free");
    assert_eq!((server.node.packets(), server.node.events()), (vec![], vec![]));
    assert_eq!((server.node.endpoint.num_active(), server.node.endpoint.total_incoming()), (0, 0));
    for _ in 0..300 {
        server.node.tick();
    }
    assert_eq!((server.node.packets(), server.node.events()), (vec![], vec![]));
    assert!(server.is_stalled(&message), "it waits however long it takes");
}

#[test]
fn case_36_acks_in_dropped_data_are_processed() {
    let mut server = Server::almost_full();
    let answered = server.next(2, 100);
    answered.arrive(&mut server.node);
    let (endpoint, now, socket) = (&mut server.node.endpoint, server.node.now, server.socket);
    let request = endpoint.recv(now, socket, None, &[]).expect("a request is ready");
    let client = Destination { port: request.port, ..server_at(2) };
    endpoint.send_reply(now, socket, client, request.rpc, bytes(100)).expect("the request is in service");
    assert!(server.node.info(socket, request.rpc).is_some());

    let message = server.next(2, 150_000);
    let packet = message.piece_with_ack(0, 1_000, answered.header.sender_id.get());
    assert_eq!(server.node.receive(2, packet), None);
    assert!(server.is_stalled(&message));
    assert_eq!(server.node.info(socket, request.rpc), None);
}

#[test]
fn case_36_a_message_without_space_begins_when_there_is_some() {
    let mut server = Server::almost_full();
    let message = server.next(2, 150_000);
    server.node.receive(2, message.piece(0, 1_000));
    server.give_back(&[]);
    assert_eq!(server.woken(), [], "two pages are too few");

    server.give_back(&[7 * PAGE]);
    assert_eq!(server.woken(), [(2, 6)]);
    assert!(!server.is_stalled(&message));
    for packet in message.packets() {
        assert!(server.node.receive(2, packet).is_some(), "the payload is wanted now");
    }
    let received = server.node.endpoint.recv(server.node.now, server.socket, None, &[]).expect("it is complete");
    assert_eq!((received.length, received.bpages.as_slice().len()), (150_000, 3));
}

#[test]
fn case_36_returned_buffers_wake_nobody_while_another_message_is_ready() {
    let mut server = Server::almost_full();
    let message = server.next(2, 150_000);
    server.node.receive(2, message.piece(0, 1_000));
    server.next(1, 100).arrive(&mut server.node);
    let returned = [0, PAGE, 2 * PAGE];
    server.node.endpoint.recv(server.node.now, server.socket, None, &returned).expect("the short message is ready");
    assert_eq!(server.woken(), [], "the kernel's reaper has not run");
    server.give_back(&[]);
    assert_eq!(server.woken(), [(2, 6)]);
}

#[test]
fn case_37_the_shortest_message_gets_space_first() {
    let mut server = Server::full();
    let messages = [server.next(2, 300_000), server.next(3, 100_000)];
    for message in &messages {
        assert_eq!(server.node.receive(message.peer, message.piece(0, 1_000)), None);
    }
    for (page, woken) in [&[][..], &[(3, 6)], &[], &[], &[], &[], &[(2, 6)]].into_iter().enumerate() {
        server.give_back(&[page as u32 * PAGE]);
        assert_eq!(server.woken(), woken, "after {} pages", page + 1);
    }
    assert!(!messages.iter().any(|message| server.is_stalled(message)));
}

#[test]
fn case_37_messages_of_equal_length_get_space_in_the_order_of_their_arrival() {
    let mut server = Server::full();
    for peer in [4, 2, 3] {
        let message = server.next(peer, 65_536);
        assert_eq!(server.node.receive(peer, message.piece(0, 1_000)), None);
    }
    let woken: Vec<_> = (0..3)
        .flat_map(|page| {
            server.give_back(&[page * PAGE]);
            server.woken()
        })
        .collect();
    assert_eq!(woken, [(4, 6), (2, 6), (3, 6)]);
}
