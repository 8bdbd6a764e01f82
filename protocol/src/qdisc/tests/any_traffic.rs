//! Under any traffic: nothing is lost, doubled or overtaken by its own kind, the link is never promised too much, only
//! short and control packets bypass, and each choice is the one the rules name.

use super::*;
use proptest::prelude::*;
use std::collections::{BTreeMap, VecDeque};
use std::vec;

#[derive(Debug, Clone)]
enum Step {
    /// The next unit of the RPC's message.
    Data {
        key: u32,
    },
    /// An earlier unit once more.
    Again {
        key: u32,
        back: u32,
    },
    Control {
        packet_len: u32,
    },
    Short {
        bytes: u32,
    },
    Other {
        queue: u16,
        packet_len: u32,
        may_overtake: bool,
    },
    Wait {
        ns: u64,
    },
    Poll,
    Flush {
        key: u32,
    },
    Complete {
        bytes: u64,
    },
    Reconfigure(QdiscParams),
}

fn any_params() -> impl Strategy<Value = QdiscParams> {
    let fifo_fraction = prop_oneof![Just(0), Just(50), 1..=1_000_u32];
    let max_nic_queue_usecs = prop_oneof![Just(None), Just(Some(40)), Just(Some(3))];
    (fifo_fraction, max_nic_queue_usecs, 0..=100_u32, 0..9_u64).prop_map(|(fraction, queue, homa_share, us)| {
        QdiscParams {
            fifo_fraction: fraction,
            max_nic_queue_usecs: queue,
            homa_share,
            backlog: Duration::from_us(us),
            ..params()
        }
    })
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        12 => (0..5_u32).prop_map(|key| Step::Data { key }),
        2 => (0..5_u32, 0..4_u32).prop_map(|(key, back)| Step::Again { key, back }),
        1 => (62..115_u32).prop_map(|packet_len| Step::Control { packet_len }),
        1 => (1..1_000_u32).prop_map(|bytes| Step::Short { bytes }),
        4 => (0..3_u16, 40..9_100_u32, any::<bool>())
            .prop_map(|(queue, packet_len, may_overtake)| Step::Other { queue, packet_len, may_overtake }),
        4 => (0..3_000_u64).prop_map(|ns| Step::Wait { ns }),
        6 => Just(Step::Poll),
        1 => (0..5_u32).prop_map(|key| Step::Flush { key }),
        2 => (0..9_000_u64).prop_map(|bytes| Step::Complete { bytes }),
        1 => any_params().prop_map(Step::Reconfigure),
    ]
}

/// A deferred packet as the model keeps it: number, length, and bytes of the message left after it.
type Waiting = (u32, u32, u32);

#[derive(Debug, Default)]
struct Rpc {
    init_time: Time,
    next: u32,
    tx_left: Option<u32>,
    waiting: VecDeque<Waiting>,
}

/// The rules, written down once more with a search instead of an order, and what is expected to come out.
struct Model {
    params: QdiscParams,
    qdisc: Qdisc<Name>,
    now: Time,
    numbers: u32,
    rpcs: BTreeMap<u32, Rpc>,
    queues: BTreeMap<u32, VecDeque<Waiting>>,
}

const LENGTHS: [u32; 5] = [1_000, 9_000, 40_001, 250_000, 1_000_000];
/// Other traffic is named by its queue plus this.
const OTHER: u32 = 1_000;

impl Model {
    fn new(params: QdiscParams) -> Self {
        Self {
            params,
            qdisc: Qdisc::new(&params),
            now: Time::ZERO,
            numbers: 0,
            rpcs: BTreeMap::new(),
            queues: BTreeMap::new(),
        }
    }

    fn nothing_waits(&self) -> bool {
        self.rpcs.values().all(|rpc| rpc.waiting.is_empty()) && self.queues.values().all(VecDeque::is_empty)
    }

    fn nic_has_room(&self) -> bool {
        self.params.max_nic_queue_usecs.is_none_or(|us| self.qdisc.total_nic_queue <= u64::from(us) * 25_000 / 8)
    }

    fn may_pass(&self) -> bool {
        self.nothing_waits() && self.nic_has_room() && self.qdisc.link_idle_time <= self.now + self.params.backlog
    }

    fn number(&mut self) -> u32 {
        self.numbers += 1;
        self.numbers
    }

    /// A packet that was within the limits went to the NIC.
    fn sent(&mut self, packet_len: u32) {
        let most = self.params.backlog + self.qdisc.settings.link_time(packet_len);
        assert!(self.qdisc.link_idle_time.saturating_since(self.now) <= most);
        self.qdisc.nic_accept(packet_len);
    }

    fn data(&mut self, key: u32, back: u32) {
        let number = self.number();
        let length = LENGTHS[key as usize];
        let expected = self.may_pass();
        let now = self.now;
        let rpc = self.rpcs.entry(key).or_insert_with(|| Rpc { init_time: now, ..Rpc::default() });
        let offset = if back == 0 { rpc.next } else { rpc.next.saturating_sub(back * 1_424) };
        if offset >= length {
            return;
        }
        let unit = data(key, rpc.init_time, length, offset);
        rpc.next = rpc.next.max(offset + unit.unit_bytes);
        let verdict = self.qdisc.enqueue_homa(now, &unit, (key, number));
        assert_eq!(verdict == Verdict::Pass, expected);
        if expected {
            return self.sent(unit.packet_len);
        }
        if rpc.waiting.is_empty() {
            rpc.tx_left = Some(rpc.tx_left.unwrap_or(1_000_000).min(length - offset));
        }
        rpc.waiting.push_back((number, unit.packet_len, length - offset - unit.unit_bytes));
    }

    fn bypass(&mut self, unit: &HomaUnit) {
        let idle = self.qdisc.link_idle_time.max(self.now);
        let number = self.number();
        assert_eq!(self.qdisc.enqueue_homa(self.now, unit, (99, number)), Verdict::Pass);
        let link_time = self.qdisc.settings.link_time(unit.packet_len);
        assert_eq!(self.qdisc.link_idle_time, idle + link_time);
        self.qdisc.nic_accept(unit.packet_len);
    }

    fn other(&mut self, queue: u16, packet_len: u32, may_overtake: bool) {
        let name = (OTHER + u32::from(queue), self.number());
        let may_pass = self.may_pass();
        let in_order = self.queues.get(&name.0).is_none_or(VecDeque::is_empty) || may_overtake;
        let short = packet_len < 1_000 && in_order;
        let verdict = self.qdisc.enqueue_other(self.now, queue, packet_len, may_overtake, name);
        assert_eq!(verdict == Verdict::Pass, may_pass || short);
        match verdict {
            Verdict::Pass if short => self.qdisc.nic_accept(packet_len),
            Verdict::Pass => self.sent(packet_len),
            Verdict::Deferred => self.queues.entry(name.0).or_default().push_back((name.1, packet_len, 0)),
        }
    }

    fn poll(&mut self) -> bool {
        let ready = self.nic_has_room() && self.qdisc.link_idle_time <= self.now + self.params.backlog;
        let by_age = self.qdisc.srpt_bytes <= 0 && self.params.fifo_fraction > 0;
        let Some((key, number)) = self.qdisc.poll(self.now) else {
            assert!(self.nothing_waits() || !ready, "it waits for nothing");
            return false;
        };
        assert!(ready);
        let (expected, packet_len, left) = if key >= OTHER {
            self.queues.get_mut(&key).and_then(VecDeque::pop_front).expect("the queue has one")
        } else {
            let waiting = self.rpcs.iter().filter(|(_, rpc)| !rpc.waiting.is_empty());
            let best =
                waiting.min_by_key(|&(&key, rpc)| (if by_age { 0 } else { rpc.tx_left.unwrap() }, rpc.init_time, key));
            assert_eq!(best.map(|(key, _)| *key), Some(key), "by age: {by_age}");
            self.rpcs.get_mut(&key).and_then(|rpc| rpc.waiting.pop_front()).expect("the RPC has one")
        };
        assert_eq!(number, expected, "the oldest of its kind");
        if let Some(tx_left) = self.rpcs.get_mut(&key).and_then(|rpc| rpc.tx_left.as_mut()) {
            *tx_left = left.min(*tx_left);
        }
        self.sent(packet_len);
        true
    }

    fn flush(&mut self, key: u32) {
        let waiting = self.rpcs.remove(&key).map_or(0, |rpc| rpc.waiting.len());
        assert_eq!(self.qdisc.flush(key), waiting);
    }

    fn step(&mut self, step: Step) {
        match step {
            Step::Data { key } => self.data(key, 0),
            Step::Again { key, back } => self.data(key, back + 1),
            Step::Control { packet_len } => self.bypass(&control(packet_len)),
            Step::Short { bytes } => self.bypass(&data(77, self.now, bytes, 0)),
            Step::Other { queue, packet_len, may_overtake } => self.other(queue, packet_len, may_overtake),
            Step::Wait { ns } => self.now += Duration::from_ns(ns),
            Step::Poll => drop(self.poll()),
            Step::Flush { key } => self.flush(key),
            Step::Complete { bytes } => self.qdisc.nic_complete(bytes),
            Step::Reconfigure(params) => {
                self.params = params;
                self.qdisc.reconfigure(&params);
            }
        }
        assert_eq!(self.qdisc.has_deferred(), !self.nothing_waits());
        for (&key, rpc) in &self.rpcs {
            assert_eq!(self.qdisc.deferred_tx_left(key), rpc.tx_left.filter(|_| !rpc.waiting.is_empty()));
        }
    }

    /// Sends the rest, at the wake times and as the NIC completes.
    fn drain(&mut self) {
        while !self.nothing_waits() {
            match self.qdisc.wake_time() {
                Some(at) => {
                    self.now = self.now.max(at);
                    assert!(self.poll(), "it is ready at its wake time");
                }
                None => self.qdisc.nic_complete(1_000),
            }
        }
        assert_eq!((self.qdisc.poll(self.now), self.qdisc.wake_time()), (None, None));
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 256, ..Default::default() })]

    #[test]
    fn the_rules_hold(params in any_params(), steps in prop::collection::vec(step(), 0..250)) {
        let mut model = Model::new(params);
        for step in steps {
            model.step(step);
        }
        model.drain();
    }

    /// Over a long time with both kinds waiting, Homa's part of the bytes is its share.
    #[test]
    fn homa_gets_its_share(homa_share in 1..100_u32, other_len in 1_000..9_100_u32) {
        let mut qdisc = busy(&QdiscParams { homa_share, ..super::params() });
        message(&mut qdisc, ns(0), 1, 1_000_000, 0);
        for number in 0..700 {
            qdisc.enqueue_other(ns(0), 0, other_len, false, (OTHER, number));
        }
        let mut bytes = vec![0_u64; 2];
        while qdisc.counters.pacer_homa_packets < 702 && qdisc.counters.pacer_tcp_packets < 699 {
            sends(&mut qdisc, 1);
            bytes = vec![qdisc.counters.pacer_homa_bytes, qdisc.counters.pacer_tcp_bytes];
        }
        let due = (bytes[0] + bytes[1]) * u64::from(homa_share) / 100;
        prop_assert!(bytes[0].abs_diff(due) <= u64::from(FULL.max(other_len)), "{:?}, {} due", bytes, due);
    }
}
