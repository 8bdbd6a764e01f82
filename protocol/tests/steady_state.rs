//! In a steady state an endpoint allocates nothing, for no packet and for no message, short or long, in any transmit mode.
//!
//! Two endpoints exchange echo RPCs. After a warm-up the same traffic must not allocate once, which the counting
//! allocator of this test program would see.

mod pair;

use homa_protocol::{Config, TransmitMode};
use pair::Pair;

fn allocates_nothing(transmit: TransmitMode) {
    let config = Config { transmit, configured: true, ..Config::default() };
    for length in [100, 20_000, 500_000] {
        let mut pair = Pair::new(&config);
        // Several times, because most RPCs are alive when calls begin while the server waits for acks of those before.
        for _ in 0..3 {
            pair.echo(400, length);
        }
        let before = pair.packets();
        let used = allocation_counter::measure(|| pair.echo(400, length));
        let packets = pair.packets() - before;
        assert!(packets >= 800, "the traffic was real");
        assert_eq!(used.count_total, 0, "allocations for {packets} packets of messages of {length} bytes");
    }
}

#[test]
fn nothing_is_allocated_when_the_link_pulls() {
    allocates_nothing(TransmitMode::Pull);
}

#[test]
fn nothing_is_allocated_when_units_leave_at_once() {
    allocates_nothing(TransmitMode::Immediate);
}

#[test]
fn nothing_is_allocated_behind_the_old_pacer() {
    allocates_nothing(TransmitMode::OldPacer);
}

#[test]
fn nothing_is_allocated_behind_homa_qdisc() {
    allocates_nothing(TransmitMode::Qdisc);
}
