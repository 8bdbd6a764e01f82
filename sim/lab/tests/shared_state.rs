//! A transport whose hosts share state, with an event order and a framing of its own, as an author
//! would bring it: it runs on one thread, which is said before, with the same result whatever is
//! asked for. A program of its own, as transports are added to the whole process.

use homa_fabric::{EventOrder, Framing, Indivisible, Marks, Message, MessageEnd, MessageRef, Packet, Transport};
use homa_lab::{Case, Control, RunRecord, cases, division, parse_experiment, run_seed};
use homa_run::{Context, Counted, MessageCosts, Model, Parameters, Ran, Run, Traits, TransportKind};
use homa_topologies::HostId;
use homa_units::{Bytes, Priority, Time};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeSet, VecDeque};
use std::path::Path;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex};

const FRAME: u16 = 1_000;

/// Of all hosts that have something to send, the one whose message is shortest may: one packet at a
/// time in the whole network.
#[derive(Debug, Default)]
struct Oracle {
    /// By remaining packets, then by host and number.
    waiting: BTreeSet<(u64, HostId, u32)>,
    in_flight: bool,
}

struct Host {
    host: HostId,
    oracle: Arc<Mutex<Oracle>>,
    /// Messages with packets left, and where they go.
    messages: Vec<(MessageRef, HostId, u64)>,
    ended: VecDeque<MessageEnd>,
}

impl Host {
    /// The message that may send now, if it is one of this host's.
    fn chosen(&self) -> Option<usize> {
        let oracle = self.oracle.lock().unwrap();
        let (_, host, sequence) = *oracle.waiting.first().filter(|_| !oracle.in_flight)?;
        let is_it = |(message, ..): &(MessageRef, HostId, u64)| host == self.host && message.sequence == sequence;
        self.messages.iter().position(is_it)
    }
}

/// The message, and how many packets of it are left behind this one.
type Header = (MessageRef, u64);

impl Transport for Host {
    type Header = Header;
    const ORDER: EventOrder = EventOrder::ByCreation;

    fn submit(&mut self, _: Time, reference: MessageRef, message: &Message) {
        let packets = message.size.get().div_ceil(u64::from(FRAME));
        self.messages.push((reference, message.destination, packets));
        self.oracle.lock().unwrap().waiting.insert((packets, self.host, reference.sequence));
    }

    fn handle_packet(&mut self, _: Time, packet: &Packet<Header>) {
        self.oracle.lock().unwrap().in_flight = false;
        let (message, left) = packet.header;
        self.ended.extend((left == 0).then(|| MessageEnd::arrived(message)));
    }

    fn handle_timeout(&mut self, _: Time) {}

    fn has_packet(&self) -> bool {
        self.chosen().is_some()
    }

    fn poll_transmit(&mut self, _: Time) -> Option<Packet<Header>> {
        let place = self.chosen()?;
        let (message, destination, left) = &mut self.messages[place];
        let mut oracle = self.oracle.lock().unwrap();
        oracle.waiting.remove(&(*left, self.host, message.sequence));
        oracle.in_flight = true;
        *left -= 1;
        let (header, destination) = ((*message, *left), *destination);
        if *left > 0 {
            oracle.waiting.insert((*left, self.host, message.sequence));
        } else {
            self.messages.remove(place);
        }
        let (priority, marks) = (Priority::HIGHEST, Marks::NONE);
        Some(Packet { header, source: self.host, destination, frame_bytes: FRAME, priority, marks })
    }

    fn poll_completion(&mut self) -> Option<MessageEnd> {
        self.ended.pop_front()
    }

    fn poll_timeout(&self) -> Option<Time> {
        None
    }

    fn poll_wake(&mut self) -> Option<HostId> {
        let oracle = self.oracle.lock().unwrap();
        let (_, host, _) = oracle.waiting.first().filter(|_| !oracle.in_flight)?;
        Some(*host).filter(|host| *host != self.host)
    }

    fn class(_: &Header) -> usize {
        0
    }
}

impl Counted for Host {}

#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct OracleParameters {}

impl Parameters for OracleParameters {
    const NAME: &'static str = "oracle";
    const SUMMARY: &'static str = "one packet at a time, of the shortest message";
    const SOURCES: &'static str = include_str!("shared_state.rs");

    fn complete(self, _: &Context<'_>) -> Result<Arc<dyn Model>, Box<dyn std::error::Error + Send + Sync>> {
        Ok(Arc::new(self))
    }
}

impl Model for OracleParameters {
    fn traits(&self) -> Traits {
        Traits {
            framing: Framing { preamble: 0, gap: 0, frame_min: 1 },
            indivisible: Some("its hosts share what they know"),
            ..Traits::ONE_WAY
        }
    }

    fn cost(&self, size: Bytes) -> MessageCosts {
        let data_packets = size.get().div_ceil(u64::from(FRAME));
        MessageCosts { wire: Bytes::new(data_packets * u64::from(FRAME)), data_packets, control_packets: 0 }
    }

    fn parameters(&self) -> &dyn erased_serde::Serialize {
        self
    }

    fn run(&self, run: Run<'_>) -> Ran {
        run.hosts_sharing(
            || Arc::new(Mutex::new(Oracle::default())),
            |oracle, host| Host { host, oracle: Arc::clone(oracle), messages: Vec::new(), ended: VecDeque::new() },
        )
    }
}

const EXPERIMENT: &str = r#"
[topology]
preset = "sigcomm18-16"
[transport]
kind = "oracle"
[workload]
sizes = 2500
payload_load = 0.01
[measure]
warmup = "100us"
window = "2ms"
drain = "4ms"
[run]
seeds = [1]
"#;

fn case() -> Case {
    let path = Path::new("oracle.toml");
    cases(path, &parse_experiment(path, EXPERIMENT, &[]).unwrap()).unwrap().remove(0)
}

fn run(case: &Case, threads: u32) -> RunRecord {
    let control = Control { interrupted: &AtomicBool::new(false), progress: &|_, _| {}, threads };
    run_seed(case, 0, 1, &control).unwrap().0
}

#[test]
fn hosts_that_share_state_run_on_one_thread_and_say_so() {
    homa_transports::add(vec![TransportKind::of::<OracleParameters>()]);
    let case = case();
    let reason = division(&case, 2).unwrap_err();
    assert_eq!(reason, Indivisible::Transport("its hosts share what they know"));
    assert_eq!(reason.to_string(), "its hosts share what they know");
    let (one, two) = (run(&case, 1), run(&case, 2));
    assert!(one.counts.completed > 100, "{:?}", one.counts);
    assert_eq!(one.digest, two.digest);
    // Three packets over two or four links, one after the other, and 500 ns of software at each end
    // of each.
    let fastest_us = one.latencies[0].distribution()[0].value;
    assert!(fastest_us >= 3.0 * (2.0 * 0.8 + 1.0), "{fastest_us}");
}
