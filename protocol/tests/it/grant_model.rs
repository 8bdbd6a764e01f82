//! The GRANTs that an endpoint sends are those of a second, literal transcription of spec part 5.

mod model;

use self::model::{Message, Model, PEERS, PIECES};
use homa_protocol::driver::Driver;
use homa_protocol::wire::Family;
use homa_protocol::{
    Ack, Config, Data, Endpoint, Header, OffsetForm, Packet, PeerId, Port, Quirks, Replicated, RpcId, Sysctls,
    TransmitMode,
};
use homa_units::Time;
use proptest::collection::vec;
use proptest::prelude::*;

const MESSAGES: usize = 16;
const PORT: Port = Port::new(99);

#[derive(Debug, Clone)]
enum Step {
    /// DATA packets: message, and piece or the first one missing. Together, or one by one.
    Data(Vec<(usize, Option<i64>)>, bool),
    Busy(usize),
    End(usize),
    Write(&'static str, &'static str),
    Wait(u64),
}

const WRITES: &[(&str, &[&str])] = &[
    ("max_incoming", &["0", "1", "50000", "100000", "400000", "1000000"]),
    ("window", &["0", "0", "1000", "60000", "2000000"]),
    ("max_overcommit", &["1", "2", "3", "8"]),
    ("grant_fifo_fraction", &["0", "1", "50", "500"]),
    ("fifo_grant_increment", &["0", "1000", "50000", "2000000"]),
    ("link_mbps", &["100", "25000", "100000"]),
    ("num_priorities", &["1", "2", "4", "8"]),
    ("unsched_cutoffs", &["0 0 0 0 0 0 0 1000000", "0 0 0 1000000 900000 500 400 300"]),
];

fn step() -> impl Strategy<Value = Step> {
    let message = 0..MESSAGES;
    let piece = prop_oneof![3 => Just(None), 1 => (0..PIECES).prop_map(Some)];
    let data = vec((message.clone(), piece), 1..12);
    let write = (0..WRITES.len(), any::<prop::sample::Index>())
        .prop_map(|(row, value)| Step::Write(WRITES[row].0, WRITES[row].1[value.index(WRITES[row].1.len())]));
    prop_oneof![
        12 => (data, any::<bool>()).prop_map(|(packets, together)| Step::Data(packets, together)),
        1 => message.clone().prop_map(Step::Busy),
        1 => message.prop_map(Step::End),
        1 => write,
        6 => (0..200_u64).prop_map(Step::Wait),
    ]
}

fn messages() -> impl Strategy<Value = Vec<Message>> {
    let length = prop_oneof![Just(100_000), Just(60_000), Just(500_000), 1_400..=1_000_000_i64];
    let unscheduled = prop_oneof![4 => Just(40_000), 1 => 0..200_000_i64];
    let message = (0..PEERS, length, unscheduled).prop_map(|(peer, length, unscheduled)| Message {
        peer,
        length,
        unscheduled,
        ..Message::default()
    });
    vec(message, MESSAGES)
}

fn quirks() -> impl Strategy<Value = Quirks> {
    any::<[bool; 5]>().prop_map(
        |[stale_remaining, redundant_grants, truncated_birth, needy_unserved_at_end, stale_fifo_interval]| Quirks {
            stale_remaining,
            redundant_grants,
            truncated_birth,
            needy_unserved_at_end,
            stale_fifo_interval,
            ..Quirks::linux()
        },
    )
}

fn header(m: usize) -> Header {
    Header { sport: Port::new(32_768), dport: PORT, sender_id: RpcId::new(2 * m as u64 + 2) }
}

fn run(mut model: Model, steps: &[Step]) -> Result<(), TestCaseError> {
    let config = Config {
        sysctls: model.sysctls.clone(),
        quirks: model.quirks,
        transmit: TransmitMode::Immediate,
        ..Config::default()
    };
    let mut endpoint = Endpoint::new(config).expect("the configuration is valid");
    let socket = endpoint.open_socket(Family::V4).expect("ports are free");
    endpoint.set_receive_region(socket, 0, 65_536_000).expect("the region is large enough");
    endpoint.bind(socket, Family::V4, PORT).expect("the port is free");
    let mut driver = Driver::new(endpoint);
    model.update_window();
    model.update_interval();
    for (number, step) in steps.iter().enumerate() {
        let now = Time::from_ps(model.now * 1000);
        let peer = |model: &Model, m: usize| PeerId::new(model.messages[m].peer as u32);
        match step {
            Step::Wait(us) => model.now += us * 1000,
            Step::Write(name, value) => {
                driver.endpoint_mut().write_sysctl(name, value).expect("the test writes what is accepted");
                model.write(name, value);
            }
            Step::Busy(m) => {
                driver.handle_packet(now, peer(&model, *m), &Packet::Busy(header(*m)));
                if model.messages[*m].known {
                    model.check(*m);
                }
            }
            Step::End(m) => {
                driver.handle_packet(now, peer(&model, *m), &Packet::Ack(Ack::new(header(*m), &[])));
                model.end(*m);
            }
            Step::Data(pieces, together) => {
                let mut packets = Vec::new();
                let mut order = Vec::new();
                let mut taken = vec![Vec::new(); MESSAGES];
                for (m, piece) in pieces {
                    let message = &model.messages[*m];
                    let there = |p: &i64| message.known && message.arrived.contains(p) || taken[*m].contains(p);
                    let piece = piece.unwrap_or_else(|| (0..PIECES).find(|p| !there(p)).unwrap_or(0));
                    taken[*m].push(piece);
                    let (start, end) = message.piece(piece);
                    let incoming = message.unscheduled + 500 * piece;
                    packets.push((peer(&model, *m), Packet::Data(data(*m, message.length, start, end, incoming))));
                    order.push((*m, piece, incoming));
                }
                if *together {
                    driver.endpoint_mut().handle_batch(now, &packets, |_, _| ());
                    while let Some((first, ..)) = order.first().copied() {
                        for (m, piece, incoming) in order.extract_if(.., |(m, ..)| *m == first) {
                            model.arrive(m, piece, incoming);
                        }
                        model.check(first);
                    }
                } else {
                    for ((from, packet), (m, piece, incoming)) in packets.iter().zip(order) {
                        driver.handle_packet(now, *from, packet);
                        model.arrive(m, piece, incoming);
                        model.check(m);
                    }
                }
            }
        }
        let mut granted = Vec::new();
        while let Some(out) = driver.poll_packet(now) {
            if let Packet::Grant(grant) = out.packet {
                let m = (grant.header.sender_id.other_side().get() / 2 - 1) as usize;
                prop_assert_eq!(out.to, peer(&model, m));
                granted.push((m, i64::from(grant.offset), i64::from(grant.priority.get())));
            }
        }
        prop_assert_eq!(granted, std::mem::take(&mut model.sent), "step {}: {:?}", number, step);
        let endpoint = driver.endpoint();
        prop_assert_eq!(endpoint.total_incoming(), model.total_incoming as u64, "step {}: {:?}", number, step);
        prop_assert_eq!(endpoint.num_active(), model.num_active() as usize, "step {}: {:?}", number, step);
    }
    driver.endpoint().check_invariants();
    Ok(())
}

fn data(m: usize, length: i64, start: i64, end: i64, incoming: i64) -> Data {
    Data {
        header: header(m),
        message_length: length as u32,
        incoming: incoming as u32,
        ack: None,
        cutoff_version: 1,
        retransmit: false,
        offset: start as u32,
        length: (end - start) as u32,
        form: OffsetForm::Sequence,
        replicated: Replicated::Whole,
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn grants_are_those_of_the_specification(
        messages in messages(),
        quirks in quirks(),
        start in prop_oneof![Just(0_u64), Just(2_147_480_000), Just(4_294_960_000)],
        steps in vec(step(), 1..80),
    ) {
        let model = Model {
            sysctls: Sysctls::default(),
            quirks,
            now: start,
            messages,
            slots: [None; 8],
            needy: [false; 8],
            cur_window: 0,
            interval: 0,
            peers: Vec::new(),
            queues: Default::default(),
            oldest: None,
            fifo_grant_time: 0,
            total_incoming: 0,
            sent: Vec::new(),
        };
        run(model, &steps)?;
    }
}
