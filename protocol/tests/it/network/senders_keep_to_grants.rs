//! A sender never transmits a unit that begins beyond what it may send: its unscheduled bytes, the GRANTs and the RESENDs
//! that its receiver has sent. As a unit is sent whole, it sends at most one unit more than that.

use crate::network::calls_end_once::{HOSTS, any_call, any_faults, any_mode};
use crate::network::net::{Call, Faults, Net};
use homa_protocol::{Config, Packet, ResendRange};
use homa_units::{Duration, Time};
use proptest::prelude::*;
use std::collections::BTreeMap;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn no_unit_begins_beyond_what_was_permitted(
        calls in prop::collection::vec(any_call(), 1..16),
        faults in any_faults(),
        transmit in any_mode(),
        max_gso_size in prop::sample::select(vec![0u32, 10_000]),
        seed in any::<u64>(),
    ) {
        let config = |_| {
            let mut config = Config { transmit, configured: true, ..Config::default() };
            config.sysctls.max_gso_size = max_gso_size;
            config
        };
        let mut net = Net::new(HOSTS, seed, faults, config);
        net.run(calls, Time::ZERO + Duration::from_ms(60_000));
        scheduled_units(&net);
    }
}

/// The property above looks at scheduled units too: there are some.
#[test]
fn long_messages_have_scheduled_units() {
    let call = Call { from: 0, to: 1, request: 1_000_000, response: 300_000, at: Time::ZERO };
    let mut net = Net::new(2, 1, Faults::NONE, |_| Config::default());
    net.run(vec![call], Time::ZERO + Duration::from_ms(60_000));
    // 960,000 and 260,000 bytes beyond the unscheduled ones, in units of 1424.
    assert_eq!(scheduled_units(&net), 675 + 183);
}

/// Checks every unit against what was permitted before, and counts the scheduled ones.
fn scheduled_units(net: &Net) -> u32 {
    // By sender, receiver and the sender's identifier.
    let mut permitted = BTreeMap::new();
    let mut scheduled = 0;
    for (at, from, to, packet) in &net.log {
        let (header, to) = (packet.header(), to.index());
        let as_receiver = (to, *from, header.sender_id.other_side());
        match packet {
            Packet::Data(data) if !data.retransmit => {
                let limit = permitted.entry((*from, to, header.sender_id)).or_insert(data.incoming);
                assert!(data.offset < *limit, "at {at}: {data:?} with permission for {limit}");
                scheduled += u32::from(data.offset >= data.incoming);
            }
            Packet::Grant(grant) => raise(&mut permitted, as_receiver, grant.offset),
            Packet::Resend(resend) => {
                if let ResendRange::Bytes { offset, length } = resend.range {
                    raise(&mut permitted, as_receiver, offset + length);
                }
            }
            _ => {}
        }
    }
    scheduled
}

type Message = (usize, usize, homa_protocol::RpcId);

fn raise(permitted: &mut BTreeMap<Message, u32>, message: Message, offset: u32) {
    let limit = permitted.entry(message).or_insert(offset);
    *limit = offset.max(*limit);
}
