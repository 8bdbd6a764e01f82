//! What drivers need that choose themselves what leaves next, and what was before they began.

use homa_protocol::wire::Family;
use homa_protocol::{
    AckEntry, Config, Destination, Endpoint, Header, Message, Packet, PeerId, Port, RpcId, SocketId, Ticks,
    TransmitMode,
};
use homa_units::Time;

const NOW: Time = Time::ZERO;
const SERVER: PeerId = PeerId::new(0);

fn client(transmit: TransmitMode) -> (Endpoint, SocketId) {
    let config = Config { transmit, ticks: Ticks::External, ..Config::default() };
    let mut endpoint = Endpoint::new(config).expect("a configuration");
    let socket = endpoint.open_socket(Family::V4).expect("a socket");
    endpoint.set_receive_region(socket, 0, 64 << 20).expect("a region");
    (endpoint, socket)
}

fn request(endpoint: &mut Endpoint, socket: SocketId, length: u32) -> RpcId {
    let to = Destination { peer: SERVER, port: Port::new(99), family: Family::V4 };
    endpoint.send_request(NOW, socket, to, Message { length, tag: 0 }, 0).expect("a request")
}

#[test]
fn the_driver_chooses_the_message_whose_unit_leaves() {
    let (mut endpoint, socket) = client(TransmitMode::Pull);
    let (long, short) = (request(&mut endpoint, socket, 30_000), request(&mut endpoint, socket, 100));
    let unit = endpoint.poll_transmit_of(NOW, socket, long, SERVER).expect("a unit");
    assert_eq!(unit.packet.header().sender_id, long);
    let unit = endpoint.poll_transmit_of(NOW, socket, short, SERVER).expect("a unit");
    assert_eq!(unit.packet.header().sender_id, short);
    assert!(!endpoint.can_transmit(socket, short, SERVER) && endpoint.can_transmit(socket, long, SERVER));
    assert!(endpoint.poll_transmit_of(NOW, socket, short, SERVER).is_none());
    let rest = std::iter::from_fn(|| endpoint.poll_transmit(NOW)).count();
    assert_eq!(rest, 21, "a chosen unit isn't sent again");
}

#[test]
fn other_modes_leave_no_choice() {
    let (mut endpoint, socket) = client(TransmitMode::Immediate);
    let rpc = request(&mut endpoint, socket, 100);
    assert!(endpoint.poll_transmit_of(NOW, socket, rpc, SERVER).is_none());
    assert!(endpoint.poll_owed(NOW).is_some());
}

#[test]
fn what_is_owed_is_everything_but_first_transmissions() {
    let (mut endpoint, socket) = client(TransmitMode::Pull);
    let rpc = request(&mut endpoint, socket, 100);
    assert!(endpoint.poll_owed(NOW).is_none());
    let header = Header { sport: Port::new(99), dport: endpoint.port(socket), sender_id: rpc.other_side() };
    let _ = endpoint.handle_packet(NOW, SERVER, &Packet::NeedAck(header));
    let owed = endpoint.poll_owed(NOW).expect("a RESEND");
    assert!(matches!(owed.packet, Packet::Resend(_)));
    assert!(endpoint.poll_owed(NOW).is_none());
}

#[test]
fn acks_from_before_travel_in_the_next_packet() {
    let (mut endpoint, socket) = client(TransmitMode::Pull);
    let entry = |id| AckEntry { client_id: RpcId::new(id), server_port: Port::new(99) };
    for id in [10, 12, 14, 16, 18] {
        assert!(endpoint.add_pending_ack(SERVER, entry(id)));
    }
    assert!(!endpoint.add_pending_ack(SERVER, entry(20)), "five wait already");
    let rpc = request(&mut endpoint, socket, 100);
    let unit = endpoint.poll_transmit_of(NOW, socket, rpc, SERVER).expect("a unit");
    assert!(matches!(unit.packet, Packet::Data(data) if data.ack == Some(entry(18))));
}

#[test]
fn alike_endpoints_have_one_fingerprint() {
    let (mut first, socket) = client(TransmitMode::Pull);
    let mut second = first.clone();
    let rpc = request(&mut first, socket, 30_000);
    assert_ne!(first.fingerprint(), second.fingerprint());
    assert_eq!(request(&mut second, socket, 30_000), rpc);
    assert_eq!(first.fingerprint(), second.fingerprint());
    let _ = first.poll_transmit_of(NOW, socket, rpc, SERVER);
    assert_ne!(first.fingerprint(), second.fingerprint());
    let _ = second.poll_transmit_of(Time::from_ps(5), socket, rpc, SERVER);
    assert_eq!(first.fingerprint(), second.fingerprint(), "when it happened doesn't matter");
}
