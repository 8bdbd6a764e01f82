//! A timed run of three competing messages whose every grant and completion is known from the
//! original simulator.

use crate::common::{Completions, Script, message, network, w3};
use homa_engine::Streams;
use homa_fabric::{FabricConfig, LoadBalancing, Message, MessageEnd, MessageRef, Packet, Simulation, Transport};
use homa_sigcomm18::{Header, Sigcomm18};
use homa_units::Time;
use std::cell::RefCell;
use std::rc::Rc;

/// When a grant was made, to whom, for how many bytes, at which level (the original's numbering: 0
/// is the highest).
type Grant = (u64, char, u16, u8);

/// A host that notes the grants its transport makes at the instant it makes them.
struct Noting {
    inner: Sigcomm18,
    grants: Rc<RefCell<Vec<Grant>>>,
    noted: usize,
}

impl Noting {
    /// Grants appear in the transport's queue during an event and are read off its debug view only
    /// here, in a test.
    fn note(&mut self, now: Time) {
        let queued: Vec<_> = self.inner.queued_grants().copied().collect();
        for packet in queued.iter().skip(self.noted) {
            let Header::Grant { data, level, .. } = packet.header else { unreachable!() };
            let name = match packet.destination.0 {
                16 => 'A',
                32 => 'B',
                _ => 'C',
            };
            self.grants.borrow_mut().push((now.as_ps() / 100, name, data, 7 - level.get()));
        }
        self.noted = queued.len();
    }
}

impl Transport for Noting {
    type Header = Header;
    fn submit(&mut self, now: Time, reference: MessageRef, message: &Message) {
        self.inner.submit(now, reference, message);
    }
    fn handle_packet(&mut self, now: Time, packet: &Packet<Header>) {
        self.inner.handle_packet(now, packet);
        self.note(now);
    }
    fn handle_timeout(&mut self, now: Time) {
        self.inner.handle_timeout(now);
        self.note(now);
    }
    fn has_packet(&self) -> bool {
        self.inner.has_packet()
    }
    fn poll_transmit(&mut self, now: Time) -> Option<Packet<Header>> {
        let packet = self.inner.poll_transmit(now);
        self.noted = self.inner.queued_grants().count();
        packet
    }
    fn poll_completion(&mut self) -> Option<MessageEnd> {
        self.inner.poll_completion()
    }
    fn poll_timeout(&self) -> Option<Time> {
        self.inner.poll_timeout()
    }
    fn class(header: &Header) -> usize {
        Sigcomm18::class(header)
    }
}

const EXPECTED: [Grant; 21] = [
    (53020, 'A', 1456, 7),
    (65324, 'A', 1456, 7),
    (77628, 'B', 1456, 2),
    (89932, 'A', 1456, 7),
    (102236, 'C', 1456, 2),
    (114540, 'B', 1456, 2),
    (126844, 'A', 1456, 7),
    (139148, 'C', 1216, 1),
    (145324, 'B', 1456, 1),
    (176108, 'B', 304, 0),
    (263404, 'A', 1456, 7),
    (300316, 'A', 1456, 7),
    (306492, 'A', 1456, 7),
    (355708, 'A', 1456, 7),
    (368012, 'A', 1456, 3),
    (380316, 'A', 1456, 3),
    (392620, 'A', 1456, 2),
    (404924, 'A', 1456, 2),
    (417228, 'A', 1456, 2),
    (429532, 'A', 1456, 1),
    (441836, 'A', 288, 0),
];

#[test]
fn every_grant_and_completion_equals_the_original() {
    for seed in 0..8 {
        let topology = network("sigcomm18");
        let grants = Rc::new(RefCell::new(Vec::new()));
        let script =
            vec![message(0, 16, 0, 30_000), message(2_000_000, 32, 0, 14_000), message(4_000_000, 1, 0, 12_000)];
        let fabric = FabricConfig::new(LoadBalancing::RandomSpraying, Streams::new(seed));
        let transport = |host| Noting { inner: Sigcomm18::new(w3(), host), grants: Rc::clone(&grants), noted: 0 };
        let traffic = Script::new(script);
        let mut simulation = Simulation::new(&topology, fabric, transport, traffic, Completions::default());
        simulation.run_until(Time::MAX);
        assert_eq!(*grants.borrow(), EXPECTED, "spray history {seed}");
        let ends: Vec<_> = simulation.observer().0.iter().map(|(at, message)| (message.source.0, at.as_ps())).collect();
        assert_eq!(ends, [(1, 31_879_600), (32, 34_340_400), (16, 51_862_000)], "spray history {seed}");
    }
}
