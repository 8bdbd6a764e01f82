//! The driver gives the packets of units one at a time, receives messages, and keeps their bytes as
//! long as somebody may ask for them.

use homa_protocol::driver::{DatagramDriver, Delivery, Driver, OutPacket};
use homa_protocol::wire::{Family, Version};
use homa_protocol::{
    Config, Data, Destination, Endpoint, Errno, Event, Header, Message, OffsetForm, Packet, PeerId, Port, Received,
    SendError, SocketId,
};
use homa_units::{Duration, Time};

const NOW: Time = Time::ZERO;
const PORT: Port = Port::new(99);
const SERVER: Destination = Destination { peer: PeerId::new(1), port: PORT, family: Family::V4 };
const REGION: usize = 64 * homa_protocol::HOMA_BPAGE_SIZE as usize;

/// Units of up to six packets.
fn config() -> Config {
    let mut config = Config::default();
    config.sysctls.max_gso_size = 10_000;
    config
}

fn endpoint() -> (Endpoint, SocketId) {
    let mut endpoint = Endpoint::new(config()).expect("the configuration is valid");
    let socket = endpoint.open_socket(Family::V4).expect("ports are free");
    (endpoint, socket)
}

/// A driver with a receive region.
fn driver() -> (Driver, SocketId) {
    let (mut endpoint, socket) = endpoint();
    endpoint.set_receive_region(socket, 0, REGION as u64).expect("the region is large enough");
    (Driver::new(endpoint), socket)
}

fn datagram_driver() -> (DatagramDriver, SocketId) {
    let (endpoint, socket) = endpoint();
    let mut driver = DatagramDriver::new(endpoint);
    driver.set_receive_region(socket, vec![0; REGION]).expect("the region is large enough");
    (driver, socket)
}

fn server() -> (DatagramDriver, SocketId) {
    let (mut driver, socket) = datagram_driver();
    driver.endpoint_mut().bind(socket, Family::V4, PORT).expect("the port is free");
    (driver, socket)
}

fn packets(driver: &mut Driver) -> Vec<OutPacket> {
    std::iter::from_fn(|| driver.poll_packet(NOW)).collect()
}

fn deliveries(driver: &mut Driver) -> Vec<Delivery> {
    std::iter::from_fn(|| driver.poll_delivery(NOW)).collect()
}

fn bytes(length: u32) -> Vec<u8> {
    (0..length).map(|at| (at % 251) as u8).collect()
}

#[test]
fn a_unit_that_was_half_sent_goes_on_where_it_stopped() {
    let (mut driver, socket) = driver();
    let request = Message { length: 5_000, tag: 7 };
    let rpc = driver.endpoint_mut().send_request(NOW, socket, SERVER, request, 0).expect("the request is sent");
    let unit = driver.endpoint().clone().poll_transmit(NOW).expect("a unit");
    let first = driver.poll_packet(NOW).expect("its first packet");

    // The ACK would go before DATA, but the rest of the unit is on its way.
    let header = Header { sport: PORT, dport: driver.endpoint().port(socket), sender_id: rpc.other_side() };
    let unknown = homa_protocol::RpcId::new(51);
    driver.handle_packet(NOW, SERVER.peer, &Packet::NeedAck(Header { sender_id: unknown, ..header }));
    let rest = packets(&mut driver);
    assert_eq!(rest.len(), 4);
    assert!(matches!(rest[3].packet, Packet::Ack(_)));

    let of_unit: Vec<OutPacket> = [first].into_iter().chain(rest[..3].iter().copied()).collect();
    assert_eq!(of_unit, unit.packets().collect::<Vec<_>>());
    for (index, out) in of_unit.iter().enumerate() {
        let Packet::Data(Data { offset, length, form, .. }) = out.packet else { panic!("DATA") };
        let start = 1_424 * index as u32;
        assert_eq!((offset, length), (start, 1_424.min(5_000 - start)));
        assert_eq!((form, out.tag), (OffsetForm::Segment { unit_offset: 0 }, 7));
    }
}

#[test]
fn there_is_a_packet_until_the_last_of_the_unit_has_left() {
    let (mut driver, socket) = driver();
    assert!(!driver.has_packet());
    let request = Message { length: 2_000, tag: 0 };
    driver.endpoint_mut().send_request(NOW, socket, SERVER, request, 0).expect("the request is sent");
    for _ in 0..2 {
        assert!(driver.has_packet());
        assert!(driver.poll_packet(NOW).is_some());
    }
    assert!(!driver.has_packet());
    assert_eq!(driver.poll_packet(NOW), None);
}

#[test]
fn the_frames_of_the_packets_are_as_long_as_that_of_the_unit() {
    let (mut driver, socket) = driver();
    let request = Message { length: 5_000, tag: 0 };
    driver.endpoint_mut().send_request(NOW, socket, SERVER, request, 0).expect("the request is sent");
    let unit = driver.endpoint().clone().poll_transmit(NOW).expect("a unit");
    let frames: u32 = packets(&mut driver).iter().map(|out| out.frame_bytes(Version::Linux)).sum();
    assert_eq!(frames, unit.frame_bytes(Version::Linux));
}

/// Lets everything that `from` sends arrive at `to`; what was sent.
fn carry(from: &mut DatagramDriver, to: &mut DatagramDriver, sender: u32) -> Vec<Packet> {
    let mut datagram = Vec::new();
    let mut sent = Vec::new();
    while let Some(out) = from.poll_datagram(NOW, &mut datagram) {
        let handled = to.handle_datagram(NOW, PeerId::new(sender), &datagram).expect("it is a packet");
        assert_eq!((handled.packet_type(), handled.header()), (out.packet.packet_type(), out.packet.header()));
        sent.push(handled);
    }
    sent
}

/// The message that is delivered next, and its bytes.
fn next_message(driver: &mut DatagramDriver) -> Option<(SocketId, Received, Vec<u8>)> {
    while let Some(delivery) = driver.poll_delivery(NOW) {
        if let Delivery::Message { socket, received } = delivery {
            return Some((socket, received, driver.take_message(NOW, socket, &received)));
        }
    }
    None
}

#[test]
fn bytes_come_out_of_the_other_side_and_are_kept_no_longer_than_needed() {
    let (mut client, socket) = datagram_driver();
    let (mut server, _) = server();
    for (request, response) in [(bytes(150_000), bytes(70_000)), (bytes(1), bytes(200_000))] {
        let rpc = client.send_request(NOW, socket, SERVER, request.clone(), 0).expect("the request is sent");
        assert_eq!(client.messages_kept(), 1);
        while !carry(&mut client, &mut server, 0).is_empty() || !carry(&mut server, &mut client, 1).is_empty() {}
        let (at, received, arrived) = next_message(&mut server).expect("the request has arrived");
        assert!(received.rpc == rpc.other_side() && arrived == request);
        let from = Destination { peer: received.peer, port: received.port, family: Family::V4 };
        server.send_reply(NOW, at, from, received.rpc, response.clone()).expect("the reply is sent");
        while !carry(&mut server, &mut client, 1).is_empty() || !carry(&mut client, &mut server, 0).is_empty() {}
        let (_, received, arrived) = next_message(&mut client).expect("the response has arrived");
        assert!(received.rpc == rpc && arrived == response);
        assert!(next_message(&mut client).is_none() && next_message(&mut server).is_none());
        assert_eq!(client.messages_kept(), 0, "the RPC has ended");
        assert_eq!(server.messages_kept(), 1, "only the next request brings the ack of the response");
    }
}

#[test]
fn a_message_that_is_released_in_the_middle_of_a_unit_is_kept_until_the_unit_has_left() {
    let (mut client, socket) = datagram_driver();
    client.send_request(NOW, socket, SERVER, bytes(5_000), 0).expect("the request is sent");
    let mut datagram = Vec::new();
    assert!(client.poll_datagram(NOW, &mut datagram).is_some());
    client.endpoint_mut().shutdown(NOW, socket);
    let told: Vec<Delivery> = std::iter::from_fn(|| client.poll_delivery(NOW)).collect();
    assert!(matches!(told[..], [Delivery::Event(Event::Released { .. })]), "{told:?}");
    let mut payload = datagram.split_off(homa_protocol::wire::DATA_HEADER_BYTES);
    while client.poll_datagram(NOW, &mut datagram).is_some() {
        assert!(client.messages_kept() == 1 || payload.len() + datagram.len() > 5_000);
        payload.extend(&datagram[homa_protocol::wire::DATA_HEADER_BYTES..]);
    }
    assert!(payload == bytes(5_000));
    assert_eq!(client.messages_kept(), 0);
}

#[test]
fn a_refused_message_is_not_kept() {
    let (mut client, socket) = datagram_driver();
    for length in [0, 1_000_001] {
        let refused = client.send_request(NOW, socket, SERVER, bytes(length), 0);
        assert_eq!(refused, Err(SendError::Length { length }));
    }
    let gone = homa_protocol::RpcId::new(3);
    assert_eq!(client.send_reply(NOW, socket, SERVER, gone, bytes(10)), Ok(()), "nobody waits for it");
    assert_eq!(client.messages_kept(), 1);
    assert!(matches!(client.poll_delivery(NOW), Some(Delivery::Event(Event::Released { .. }))));
    assert_eq!(client.messages_kept(), 0);
}

#[test]
fn a_datagram_that_is_no_packet_is_counted() {
    let (mut client, _) = datagram_driver();
    assert!(client.handle_datagram(NOW, SERVER.peer, &[0; 10]).is_err());
    assert_eq!(client.endpoint().metrics().short_packets, 1);
}

#[test]
fn a_failed_rpc_is_delivered_once() {
    let (mut driver, socket) = driver();
    let request = Message { length: 100, tag: 0 };
    let rpc = driver.endpoint_mut().send_request(NOW, socket, SERVER, request, 17).expect("the request is sent");
    let mut failed = Vec::new();
    while let Some(at) = driver.poll_timeout() {
        driver.handle_timeout(at);
        while driver.poll_packet(at).is_some() {}
        while let Some(delivery) = driver.poll_delivery(at) {
            if let Delivery::Failed { failed: rpc, .. } = delivery {
                failed.push((rpc.rpc, rpc.cookie, rpc.error));
            }
        }
        assert!(at < NOW + Duration::from_ms(1_000), "the timer runs while there are RPCs");
    }
    assert_eq!(failed, [(rpc, 17, Errno::ETIMEDOUT)]);
}

/// The response of one packet to this request.
fn response(driver: &Driver, socket: SocketId, rpc: homa_protocol::RpcId) -> Packet {
    Packet::Data(Data {
        header: Header { sport: PORT, dport: driver.endpoint().port(socket), sender_id: rpc.other_side() },
        message_length: 10,
        incoming: 10,
        ack: None,
        cutoff_version: 1,
        retransmit: false,
        offset: 0,
        length: 10,
        form: OffsetForm::Both,
        replicated: homa_protocol::Replicated::Whole,
    })
}

#[test]
fn all_complete_messages_are_delivered_and_private_ones_are_left_to_who_names_them() {
    let (mut driver, socket) = driver();
    let request = Message { length: 100, tag: 0 };
    let endpoint = driver.endpoint_mut();
    let private = endpoint.send_private_request(NOW, socket, SERVER, request, 0).expect("the request is sent");
    let shared = [0; 2].map(|_| endpoint.send_request(NOW, socket, SERVER, request, 0).expect("the request is sent"));
    while driver.poll_packet(NOW).is_some() {}
    for rpc in [private, shared[0], shared[1]] {
        let packet = response(&driver, socket, rpc);
        driver.handle_packet(NOW, SERVER.peer, &packet);
    }
    let delivered = deliveries(&mut driver);
    let received = |delivery: &Delivery| match delivery {
        Delivery::Message { received, .. } => Some(received.rpc),
        _ => None,
    };
    assert_eq!(delivered.iter().filter_map(received).collect::<Vec<_>>(), shared);
    let told = |delivery: &&Delivery| matches!(delivery, Delivery::Event(Event::MessageComplete { rpc, private: true, .. }) if *rpc == private);
    assert_eq!(delivered.iter().filter(told).count(), 1);
    let received = driver.endpoint_mut().recv(NOW, socket, Some(private), &[]).expect("it is complete");
    driver.return_buffers(NOW, socket, &received);
}

#[test]
fn a_socket_that_was_shut_down_delivers_nothing() {
    let (mut driver, socket) = driver();
    let request = Message { length: 100, tag: 0 };
    let rpc = driver.endpoint_mut().send_request(NOW, socket, SERVER, request, 0).expect("the request is sent");
    while driver.poll_packet(NOW).is_some() {}
    let packet = response(&driver, socket, rpc);
    driver.handle_packet(NOW, SERVER.peer, &packet);
    driver.endpoint_mut().shutdown(NOW, socket);
    let delivered = deliveries(&mut driver);
    assert!(delivered.iter().all(|delivery| matches!(delivery, Delivery::Event(_))), "{delivered:?}");
}
