//! What a driver asks of an endpoint and tells it: its packets, its ticks, what it can't decode,
//! how it is set up.

use crate::conformance::node::{FULL, Inbound, Node, config, peer};
use homa_protocol::wire::{self, DecodeError, Family, Version};
use homa_protocol::{
    Config, ConfigError, Errno, ForeignPacket, OpenError, Packet, Port, Resend, ResendRange, SysctlError, Ticks, Timer,
    TransmitMode,
};
use homa_units::{Duration, Priority, Time};

#[test]
fn a_link_that_pulls_is_told_of_control_packets_messages_and_retransmissions() {
    let (mut node, socket) = Node::client(Config { transmit: TransmitMode::Pull, ..config() });
    assert!(!node.endpoint.has_outgoing());
    let rpc = node.request(socket, 2 * FULL);
    for _ in 0..2 {
        assert!(node.endpoint.has_outgoing(), "a unit of the message");
        assert_eq!(node.endpoint.poll_transmit(node.now).map(|unit| unit.packet_count()), Some(1));
    }
    assert!(!node.endpoint.has_outgoing());

    let header = Inbound::response(1, rpc, 100).header;
    let resend = Packet::Resend(Resend {
        header,
        range: ResendRange::Bytes { offset: 0, length: FULL },
        priority: Priority::HIGHEST,
    });
    node.receive(1, resend);
    assert!(node.endpoint.has_outgoing(), "the first packet again");
    assert_eq!(node.data().len(), 1);
    assert!(!node.endpoint.has_outgoing());

    node.receive(1, Packet::NeedAck(Inbound::response(1, homa_protocol::RpcId::new(50), 100).header));
    assert!(node.endpoint.has_outgoing(), "an ACK");
    let sent = node.sent();
    assert!(matches!(sent[..], [ack] if matches!(ack.packet, Packet::Ack(_)) && ack.segments().count() == 0));
    assert!(!node.endpoint.has_outgoing());
}

#[test]
fn what_linux_would_hand_to_the_nic_waits_to_be_fetched() {
    let (mut node, socket) = Node::client(config());
    node.request(socket, 100);
    assert!(node.endpoint.has_outgoing());
    assert_eq!(node.data().len(), 1);
    assert!(!node.endpoint.has_outgoing());
}

#[test]
fn packets_that_wait_for_the_nic_are_told_from_those_that_wait_for_time() {
    let qdisc = Config { transmit: TransmitMode::Qdisc, nic_completions: true, configured: true, ..config() };
    let (mut node, socket) = Node::client(qdisc);
    assert!(!node.endpoint.waits_for_nic(), "nothing is deferred");
    node.request(socket, 20_000);
    assert!(!node.endpoint.waits_for_nic(), "the estimate of the link's queue is in the way, and time passes");
    node.sent();
    let foreign = ForeignPacket { queue: 0, frame_bytes: 900, may_overtake: true, tag: 1 };
    for _ in 0..200 {
        node.endpoint.enqueue_foreign(node.now, foreign);
    }
    assert!(node.endpoint.waits_for_nic(), "180 kB are in the NIC, and 125 kB may be");
    node.endpoint.handle_nic_completion(node.now, 180_000);
    assert!(!node.endpoint.waits_for_nic());

    let (mut immediate, socket) = Node::client(config());
    immediate.request(socket, 20_000);
    assert!(!immediate.endpoint.waits_for_nic(), "only the qdisc defers");
}

#[test]
#[should_panic(expected = "a driver that enqueues foreign packets fetches them too")]
fn a_driver_that_does_not_fetch_its_foreign_packets_is_stopped() {
    let mut node = Node::new(config());
    let foreign = ForeignPacket { queue: 0, frame_bytes: 900, may_overtake: true, tag: 1 };
    node.endpoint.enqueue_foreign(node.now, foreign);
    let _ = node.endpoint.poll_transmit(node.now);
}

#[test]
fn a_driver_with_ticks_of_its_own_is_asked_for_none_and_times_rpcs_by_them() {
    let (mut node, socket) = Node::client(Config { ticks: Ticks::External, ..config() });
    node.request(socket, 100);
    node.packets();
    assert_eq!(node.endpoint.poll_timeout(), None);
    node.wait(Duration::from_ms(1_000));
    node.endpoint.handle_timeout(node.now);
    for tick in 1..=5 {
        assert_eq!(node.packets(), [], "tick {tick}");
        node.endpoint.handle_tick(node.now);
    }
    assert!(matches!(node.packets()[..], [Packet::Resend(_)]));
    assert_eq!(node.endpoint.poll_timeout(), None);
}

#[test]
fn the_next_deadline_is_that_of_the_earliest_timer() {
    for (transmit, paces) in [
        (TransmitMode::Pull, false),
        (TransmitMode::Immediate, false),
        (TransmitMode::OldPacer, true),
        (TransmitMode::Qdisc, true),
    ] {
        let (mut node, socket) = Node::client(Config { transmit, configured: true, ..config() });
        assert_eq!(Timer::ALL.map(|timer| node.endpoint.deadline(timer)), [None; 2], "nothing is to be timed");
        node.request(socket, 40_000);
        let [tick, pacer] = Timer::ALL.map(|timer| node.endpoint.deadline(timer));
        assert!(tick.is_some() && pacer.is_some() == paces, "{transmit:?}: {tick:?}, {pacer:?}");
        assert!(pacer.is_none() || pacer < tick, "the pacer waits for microseconds");
        assert_eq!(node.endpoint.poll_timeout(), pacer.or(tick));
    }
}

#[test]
fn what_is_no_packet_is_counted_as_the_kernel_counts_it() {
    let mut node = Node::new(config());
    let mut count = |error: DecodeError| {
        node.endpoint.count_malformed(&error);
        let metrics = node.endpoint.metrics();
        (metrics.short_packets, metrics.unknown_packet_types)
    };
    assert_eq!(count(wire::decode(&[0; 10], Version::Linux).expect_err("it is too short")), (1, 0));
    assert_eq!(count(DecodeError::UnknownType { code: 0x09 }), (2, 0), "no type at all");
    assert_eq!(count(DecodeError::UnknownType { code: 0x18 }), (2, 1), "a type that the stripped version lacks");
    assert_eq!(count(DecodeError::IpVersion { version: 5 }), (2, 1), "it doesn't reach Homa");
}

#[test]
fn a_configuration_that_the_protocol_cannot_work_with_is_refused() {
    let refused = |config: Config| homa_protocol::Endpoint::new(config).expect_err("it can't work");
    assert_eq!(refused(Config { cores: 0, ..config() }), ConfigError::NoCores);
    let interval = refused(Config { cutoffs_interval: Duration::from_ps(0), ..config() });
    assert_eq!(interval, ConfigError::EmptyInterval { key: "cutoffs_interval" });
    let ticks = Ticks::Grid { period: Duration::from_ps(0), phase: Duration::from_ms(1) };
    let period = refused(Config { ticks, ..config() });
    assert_eq!(period.to_string(), "`ticks.period` is 0; it must be longer");
    let mut bad = config();
    bad.sysctls.link_mbps = 0;
    assert!(matches!(refused(bad), ConfigError::Sysctl(SysctlError::OutOfRange { .. })));
}

#[test]
fn when_all_automatic_ports_are_taken_a_socket_gets_the_first_that_is_given_back() {
    let mut node = Node::new(config());
    let sockets: Vec<_> = (0..32_768).map(|_| node.endpoint.open_socket(Family::V4).expect("ports are free")).collect();
    assert_eq!(node.endpoint.open_socket(Family::V4), Err(OpenError::PortsExhausted));
    assert_eq!(OpenError::PortsExhausted.errno(), Errno::EADDRNOTAVAIL);
    node.endpoint.shutdown(Time::ZERO, sockets[10_000]);
    let socket = node.endpoint.open_socket(Family::V4).expect("a port is free");
    assert_eq!(node.endpoint.port(socket), Port::new(42_768));
    assert_eq!(node.endpoint.open_socket(Family::V4), Err(OpenError::PortsExhausted));
}

#[test]
fn peers_and_errors_are_printed_as_people_know_them() {
    assert_eq!(peer(17).to_string(), "17");
    for (errno, name) in [
        (Errno::EINTR, "EINTR"),
        (Errno::EAGAIN, "EAGAIN"),
        (Errno::ENOMEM, "ENOMEM"),
        (Errno::EFAULT, "EFAULT"),
        (Errno::EINVAL, "EINVAL"),
        (Errno::ENOPROTOOPT, "ENOPROTOOPT"),
        (Errno::EPROTONOSUPPORT, "EPROTONOSUPPORT"),
        (Errno::EAFNOSUPPORT, "EAFNOSUPPORT"),
        (Errno::EADDRINUSE, "EADDRINUSE"),
        (Errno::EADDRNOTAVAIL, "EADDRNOTAVAIL"),
        (Errno::ENETUNREACH, "ENETUNREACH"),
        (Errno::ENOTCONN, "ENOTCONN"),
        (Errno::ESHUTDOWN, "ESHUTDOWN"),
        (Errno::ETIMEDOUT, "ETIMEDOUT"),
        (Errno::EHOSTUNREACH, "EHOSTUNREACH"),
        (Errno::ECANCELED, "ECANCELED"),
    ] {
        assert_eq!((errno.name(), errno.to_string()), (Some(name), name.to_owned()));
        // What the platform calls the same number.
        let system = std::io::Error::from_raw_os_error(errno.get()).to_string();
        assert!(!system.starts_with("Unknown error"), "{name}: {system}");
    }
    assert_eq!((Errno::new(999).name(), Errno::new(999).to_string()), (None, "errno 999".to_owned()));
}
