//! What packets cost in the core: time and allocations per echo call, by length of the message.
//!
//! `cargo bench -p homa-protocol`. Two endpoints exchange echo calls; the items per second are packets that one handed to
//! the other, so that an item is one packet sent *and* received. A steady state allocates nothing.

#[path = "../tests/pair/mod.rs"]
mod pair;

use divan::counter::ItemsCount;
use divan::{AllocProfiler, Bencher};
use homa_protocol::{Config, TransmitMode};
use pair::Pair;

#[global_allocator]
static ALLOCATIONS: AllocProfiler = AllocProfiler::system();

/// Calls per sample.
const CALLS: usize = 400;

fn main() {
    divan::main();
}

fn measure(bencher: Bencher<'_, '_>, transmit: TransmitMode, length: u32) {
    let mut pair = Pair::new(&Config { transmit, configured: true, ..Config::default() });
    for _ in 0..3 {
        pair.echo(CALLS, length);
    }
    let before = pair.packets();
    pair.echo(CALLS, length);
    let packets = pair.packets() - before;
    bencher.counter(ItemsCount::new(packets)).bench_local(|| pair.echo(CALLS, length));
}

#[divan::bench(args = [100, 20_000, 500_000])]
fn echo_when_the_link_pulls(bencher: Bencher<'_, '_>, length: u32) {
    measure(bencher, TransmitMode::Pull, length);
}

#[divan::bench(args = [100, 20_000, 500_000])]
fn echo_behind_the_old_pacer(bencher: Bencher<'_, '_>, length: u32) {
    measure(bencher, TransmitMode::OldPacer, length);
}

#[divan::bench(args = [100, 20_000, 500_000])]
fn echo_behind_homa_qdisc(bencher: Bencher<'_, '_>, length: u32) {
    measure(bencher, TransmitMode::Qdisc, length);
}
