//! What a model may choose: a tap sees each packet at each port, framing is that of the link, hosts
//! that share state wake each other, events of one instant come in the order asked for, packets can
//! be handed over in batches and carry marks.

use crate::common::{bare_switch, frame_ps};
use homa_engine::Streams;
use homa_fabric::{
    EventOrder, FabricConfig, Framing, LoadBalancing, Marks, Message, MessageEnd, MessageRef, Observer, Packet,
    PortEvent, Simulation, Submission, Tap, Tapped, Traffic, Transport, Verdict,
};
use homa_topologies::{HostId, LinkId, Topology};
use homa_units::{Bytes, Priority, Time};
use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::rc::Rc;

const FRAME: u16 = 1_000;
const BY_COMPONENT: u8 = 0;
const BY_KIND_AND_CREATION: u8 = 1;
const BY_CREATION: u8 = 2;

/// Sends each message as one frame, with events of one instant in the order `ORDER`.
#[derive(Default)]
struct OneFrame<const ORDER: u8> {
    ready: VecDeque<Packet<MessageRef>>,
    arrived: VecDeque<MessageRef>,
    /// Who may send, where only one host may at a time; and who has to be woken.
    token: Option<(HostId, Rc<Token>)>,
}

/// Lets one host send at a time: the state that hosts share.
#[derive(Default)]
struct Token {
    taken: Cell<bool>,
    waiting: RefCell<VecDeque<HostId>>,
}

impl<const ORDER: u8> Transport for OneFrame<ORDER> {
    type Header = MessageRef;
    const ORDER: EventOrder = match ORDER {
        BY_COMPONENT => EventOrder::ByComponent,
        BY_KIND_AND_CREATION => EventOrder::ByKindAndCreation,
        _ => EventOrder::ByCreation,
    };

    fn submit(&mut self, _: Time, header: MessageRef, &Message { source, destination, .. }: &Message) {
        let (priority, marks) = (Priority::HIGHEST, Marks::ecn_capable());
        self.ready.push_back(Packet { header, source, destination, frame_bytes: FRAME, priority, marks });
        if let Some((host, token)) = &self.token {
            token.waiting.borrow_mut().push_back(*host);
        }
    }

    fn handle_packet(&mut self, _: Time, packet: &Packet<MessageRef>) {
        self.arrived.push_back(packet.header);
        if let Some((_, token)) = &self.token {
            token.taken.set(false);
        }
    }

    fn handle_timeout(&mut self, _: Time) {}

    fn has_packet(&self) -> bool {
        let may_send =
            |(host, token): &(HostId, Rc<Token>)| !token.taken.get() && token.waiting.borrow().front() == Some(host);
        !self.ready.is_empty() && self.token.as_ref().is_none_or(may_send)
    }

    fn poll_transmit(&mut self, _: Time) -> Option<Packet<MessageRef>> {
        if let Some((_, token)) = &self.token {
            token.taken.set(true);
            token.waiting.borrow_mut().pop_front();
        }
        self.ready.pop_front()
    }

    fn poll_completion(&mut self) -> Option<MessageEnd> {
        self.arrived.pop_front().map(MessageEnd::arrived)
    }

    fn poll_timeout(&self) -> Option<Time> {
        None
    }

    fn poll_wake(&mut self) -> Option<HostId> {
        let (host, token) = self.token.as_ref()?;
        let next = token.waiting.borrow().front().copied();
        next.filter(|next| !token.taken.get() && next != host)
    }

    fn class(_: &MessageRef) -> usize {
        2
    }
}

struct Script(std::vec::IntoIter<Submission>);

impl Traffic for Script {
    fn generators(&self) -> u32 {
        1
    }

    fn next(&mut self, _: u32) -> Option<Submission> {
        self.0.next()
    }
}

/// When each message has arrived, and from whom.
#[derive(Debug, Default)]
struct Arrivals(Vec<(u64, u32)>);

impl Observer for Arrivals {
    fn created(&mut self, _: &Message) {}

    fn completed(&mut self, at: Time, message: &Message) {
        self.0.push((at.as_ps(), message.source.0));
    }
}

fn script(messages: &[(u64, u32, u32)]) -> Script {
    let submission = |(at_ps, source, destination): &(u64, u32, u32)| {
        let (source, destination) = (HostId(*source), HostId(*destination));
        Submission { at: Time::from_ps(*at_ps), source, destination, size: Bytes::new(1) }
    };
    Script(messages.iter().map(submission).collect::<Vec<_>>().into_iter())
}

fn config() -> FabricConfig {
    FabricConfig::new(LoadBalancing::First, Streams::new(1))
}

fn arrivals<const ORDER: u8>(
    topology: &Topology,
    config: FabricConfig,
    messages: &[(u64, u32, u32)],
    host: impl FnMut(HostId) -> OneFrame<ORDER>,
) -> Vec<(u64, u32)> {
    let mut simulation = Simulation::new(topology, config, host, script(messages), Arrivals::default());
    simulation.run_until(Time::MAX);
    simulation.into_observer().0
}

/// Notes what it sees: when, link, what.
#[derive(Default)]
struct Seen(Vec<(u64, u32, PortEvent)>);

impl Tap<MessageRef> for Seen {
    fn packet(&mut self, at: Time, LinkId(link): LinkId, event: PortEvent, packet: &Packet<MessageRef>) {
        assert_eq!((packet.frame_bytes, packet.marks), (FRAME, Marks::ecn_capable()));
        self.0.push((at.as_ps(), link, event));
    }
}

#[test]
fn a_tap_sees_each_packet_come_to_each_port_leave_it_and_arrive() {
    let topology = bare_switch(3);
    let messages = [(0, 0, 2), (0, 1, 2)];
    let observer = Tapped { observer: Arrivals::default(), tap: Seen::default() };
    let host = |_| OneFrame::<BY_COMPONENT>::default();
    let mut simulation = Simulation::new(&topology, config(), host, script(&messages), observer);
    simulation.run_until(Time::MAX);
    let Tapped { observer, tap } = simulation.into_observer();
    // Links 0 to 2 leave the hosts; link 5 leads to host 2.
    let taken = PortEvent::Enqueued(Verdict::Taken);
    let (sent, arrived) = (PortEvent::Sent, PortEvent::Arrived);
    let (first, gap) = (frame_ps(FRAME), 12 * 800);
    let second_end = 3 * first + gap;
    let expected = [
        (0, 0, sent),
        (0, 1, sent),
        (first, 0, arrived),
        (first, 5, taken),
        (first, 5, sent),
        (first, 1, arrived),
        (first, 5, taken),
        (2 * first, 5, sent),
        (2 * first, 5, arrived),
        (second_end, 5, arrived),
    ];
    assert_eq!(tap.0, expected);
    assert_eq!(observer.0, [(2 * first, 0), (second_end, 1)]);
    assert_eq!(arrivals(&topology, config(), &messages, host), observer.0, "a tap changes nothing");
}

#[test]
fn a_frame_takes_what_the_framing_says() {
    let framing = Framing { preamble: 0, gap: 0, frame_min: 1 };
    let bare = FabricConfig { framing, ..config() };
    let host = |_| OneFrame::<BY_COMPONENT>::default();
    let messages = [(0, 0, 1), (0, 0, 1)];
    let byte = 800;
    assert_eq!(arrivals(&bare_switch(2), bare, &messages, host), [(2_000 * byte, 0), (3_000 * byte, 0)]);
    let ethernet = arrivals(&bare_switch(2), config(), &messages, host);
    assert_eq!(ethernet, [(2 * 1_008 * byte, 0), ((2 * 1_008 + 1_020) * byte, 0)]);
}

#[test]
fn a_host_that_shares_state_is_woken_when_it_may_send() {
    let token = Rc::new(Token::default());
    let host = |host| OneFrame::<BY_COMPONENT> { token: Some((host, Rc::clone(&token))), ..OneFrame::default() };
    let messages = [(0, 0, 3), (10, 1, 3), (20, 2, 3), (30, 0, 1)];
    let arrivals = arrivals(&bare_switch(4), config(), &messages, host);
    // One at a time: each begins when the one before has arrived.
    let each = 2 * frame_ps(FRAME);
    assert_eq!(arrivals, [(each, 0), (2 * each, 1), (3 * each, 2), (4 * each, 0)]);
}

#[test]
fn packets_of_one_instant_come_in_the_order_of_their_numbers_or_of_their_creation() {
    // Host 1 creates its message before host 0 does, at the same instant.
    let messages = [(0, 1, 2), (0, 0, 2)];
    let first = |order: Vec<(u64, u32)>| order[0].1;
    let topology = bare_switch(3);
    assert_eq!(first(arrivals(&topology, config(), &messages, |_| OneFrame::<BY_COMPONENT>::default())), 0);
    assert_eq!(first(arrivals(&topology, config(), &messages, |_| OneFrame::<BY_KIND_AND_CREATION>::default())), 1);
    assert_eq!(first(arrivals(&topology, config(), &messages, |_| OneFrame::<BY_CREATION>::default())), 1);
}

#[test]
fn a_batch_of_packets_is_as_good_as_one_after_the_other() {
    let packet = |sequence| {
        let header = MessageRef { source: HostId(0), slot: 0, sequence };
        let (priority, marks) = (Priority::HIGHEST, Marks::NONE);
        Packet { header, source: HostId(0), destination: HostId(1), frame_bytes: FRAME, priority, marks }
    };
    let mut host = OneFrame::<BY_COMPONENT>::default();
    host.handle_packets(Time::ZERO, &[packet(0), packet(1)]);
    let ended = std::iter::from_fn(|| host.poll_completion()).map(|end| end.message.sequence);
    assert_eq!(ended.collect::<Vec<_>>(), [0, 1]);
}

#[test]
fn marks_are_told_apart() {
    let marks = Marks::ecn_capable();
    assert!(marks.is_ecn_capable() && !marks.is_congested() && !marks.is_trimmed());
    let both = marks.with_congestion().with_trimming();
    assert!(both.is_ecn_capable() && both.is_congested() && both.is_trimmed());
    assert!(!Marks::NONE.is_ecn_capable() && Marks::NONE.with_trimming().is_trimmed());
}

#[test]
fn a_message_is_found_again_by_its_key() {
    let message = MessageRef { source: HostId(7), slot: u32::MAX, sequence: 3 };
    assert_eq!(MessageRef::of_key(HostId(7), message.key()), message);
}
